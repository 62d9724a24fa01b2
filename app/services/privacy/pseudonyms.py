"""A person who has left becomes a pseudonym: 编号 and what old counts need stay, what tells who it was goes.

Kept: 编号, sex, year of birth, education, degree, political status, kinds and periods of posts, pools and their
periods, pairings, plans and figures. Gone: name, ID number, phone, day of birth, origin, school, units and titles,
home, appraisals, needs, every fact of class A, what officers wrote about the person, the name wherever others wrote
it, the login, and rows of uploaded files. Published versions of rosters stay as they were archived, and so does the
audit trail: they are records of their own, under the archive schedule.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, delete, or_, select, update

from app.access import Permission, Viewer, get_in_county, record
from app.crypto import PersonalDataCipher
from app.errors import InvalidStateError
from app.labels import RESTRICTED_REASONS, label
from app.models import (
    AnnualAppraisal,
    Appointment,
    AssignedCadre,
    DevelopmentNeed,
    Exclusion,
    KinshipDeclaration,
    MatchPlan,
    Mentee,
    Mentor,
    Pairing,
    PairingMember,
    Person,
    PersonFlag,
    Pin,
    PlanAdjustment,
    PlanRepair,
    Preference,
    ReserveCandidate,
    RuleRelease,
    Shortfall,
    VillageLink,
)
from app.models.vocabulary import (
    AssignmentState,
    AuditAction,
    DatePrecision,
    MemberEndReason,
    MentorState,
    PairingMemberState,
    PairingState,
    PersonStatus,
)
from app.services.people.candidates import CANDIDATE_EXITS
from app.services.people.records import assign, lock_county, stamp
from app.services.privacy.accounts import close_access
from app.services.privacy.import_files import drop_import_files
from app.services.privacy.mentions import forget_mentions, programs_around

PSEUDONYM = "已匿名"
"""What stands where the name of a person was; which one it is tells 编号."""
GONE = "已清除"
"""What stands where a text was that every row must have."""
RESTRICTED_END_REASONS = (MemberEndReason.DISCIPLINE, MemberEndReason.HEALTH)
"""Ends of a mentor's service that tell something of class A."""
_EMPTIED = (
    "ethnicity_code", "native_place", "party_join_date", "party_join_precision", "is_education_full_time", "school",
    "major", "work_start_date", "work_start_precision", "id_number_encrypted", "id_number_hash", "id_number_masked",
    "phone_encrypted", "phone_hash", "phone_masked", "unit_and_post", "residence_division_id",
)  # fmt: skip


def pseudonymise_person(session: Session, viewer: Viewer, cipher: PersonalDataCipher, person_id: UUID) -> Person:
    """Make a person who takes part in nothing any more a pseudonym; there is no way back, and a second time
    changes nothing.

    Raises ``InvalidStateError`` for somebody who still serves, is mentored, or stands in a pool.
    """
    viewer.require(Permission.RUN)
    person = get_in_county(session, viewer, Person, person_id, path=("id",))
    lock_county(session, person.county_id)
    session.refresh(person, with_for_update=True)
    if person.status is PersonStatus.PSEUDONYMISED:
        return person
    mentees = list(session.exec(select(Mentee.id).where(Mentee.person_id == person.id)))
    mentors = list(session.exec(select(Mentor.id).where(Mentor.person_id == person.id)))
    _require_left(session, person, mentees, mentors)
    n_rows, name = drop_import_files(session, cipher, person), person.name
    _empty_person(person)
    stamp(person, viewer)
    _empty_records(session, person)
    close_access(session, viewer, person, PSEUDONYM)
    _drop_facts(session, person)
    _drop_remarks(session, mentees, mentors, cipher.encrypt(GONE))
    _drop_restricted_codes(session, person, mentees, mentors)
    session.flush()
    forget_mentions(session, cipher, person, name, PSEUDONYM)
    session.add(person)
    record(session, viewer, AuditAction.PERSON_PSEUDONYMISED, f"Person {person.code}", n_import_rows=n_rows)
    session.flush()
    return person


def _require_left(session: Session, person: Person, mentees: list[UUID], mentors: list[UUID]) -> None:
    """Refuse a person on whom something that goes on still rests."""
    serving = (
        select(PairingMember.id)
        .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        .where(
            PairingMember.state == PairingMemberState.ACTIVE,
            Pairing.state == PairingState.ACTIVE,
            or_(col(PairingMember.mentor_id).in_(mentors), col(Pairing.mentee_id).in_(mentees)),
        )
    )
    in_pool = select(ReserveCandidate.id).where(
        ReserveCandidate.person_id == person.id, col(ReserveCandidate.state).not_in(CANDIDATE_EXITS)
    )
    posted = select(AssignedCadre.id).where(
        AssignedCadre.person_id == person.id, AssignedCadre.state == AssignmentState.ACTIVE
    )
    mentoring = select(Mentor.id).where(
        Mentor.person_id == person.id, col(Mentor.state).not_in((MentorState.REMOVED, MentorState.RETIRED))
    )
    if any(session.exec(query.limit(1)).first() is not None for query in (serving, in_pool, posted, mentoring)):
        raise InvalidStateError(
            f"Person {person.code} still takes part: end the pairings, and take the person out of the pools first.",
            f"人员 {person.code} 仍在库或在帮带期内；请先结束结对并办理出库。",
            path=("id",),
        )


def _empty_person(person: Person) -> None:
    born = person.birth_date
    assign(person, dict.fromkeys(_EMPTIED))
    person.name = PSEUDONYM
    person.birth_date = None if born is None else date(born.year, 1, 1)
    person.birth_precision = None if born is None else DatePrecision.YEAR
    person.status = PersonStatus.PSEUDONYMISED


def _empty_records(session: Session, person: Person) -> None:
    """Units, titles, tags and reasons of the person's own records; kinds and periods stay."""
    for post in session.exec(select(Appointment).where(Appointment.person_id == person.id)):
        post.title, post.organisation = label(post.post), None
        session.add(post)
    for candidate in session.exec(select(ReserveCandidate).where(ReserveCandidate.person_id == person.id)):
        candidate.exit_reason_encrypted, candidate.tags = None, []
        session.add(candidate)
    for cadre in session.exec(select(AssignedCadre).where(AssignedCadre.person_id == person.id)):
        cadre.sending_unit = GONE
        session.add(cadre)


def _drop_facts(session: Session, person: Person) -> None:
    """Facts of class A, appraisals, needs, links and wishes: nothing of old years is counted from them."""
    for table, columns in (
        (PersonFlag, (PersonFlag.person_id,)),
        (AnnualAppraisal, (AnnualAppraisal.person_id,)),
        (DevelopmentNeed, (DevelopmentNeed.person_id,)),
        (VillageLink, (VillageLink.person_id,)),
        (KinshipDeclaration, (KinshipDeclaration.person_a_id, KinshipDeclaration.person_b_id)),
        (Exclusion, (Exclusion.mentee_person_id, Exclusion.mentor_person_id)),
        (Preference, (Preference.from_person_id, Preference.to_person_id)),
    ):
        session.exec(delete(table).where(or_(*(col(column) == person.id for column in columns))))


def _drop_remarks(session: Session, mentees: Iterable[UUID], mentors: Iterable[UUID], gone: str) -> None:
    """What officers wrote about the person in pairings and plans; the rows themselves stay, so that counts do."""
    mentee_ids, mentor_ids = list(mentees), list(mentors)
    pairings = select(Pairing.id).where(col(Pairing.mentee_id).in_(mentee_ids))
    session.exec(
        update(PairingMember)
        .where(or_(col(PairingMember.mentor_id).in_(mentor_ids), col(PairingMember.pairing_id).in_(pairings)))
        .values(note_encrypted=None)
    )
    session.exec(update(Shortfall).where(col(Shortfall.mentee_id).in_(mentee_ids)).values(note=None))
    session.exec(update(RuleRelease).where(col(RuleRelease.mentee_id).in_(mentee_ids)).values(reason=GONE))
    about = or_(col(Pin.mentee_id).in_(mentee_ids), col(Pin.mentor_id).in_(mentor_ids))
    session.exec(update(Pin).where(about).values(reason=GONE))
    adjusted = or_(
        col(PlanAdjustment.mentee_id).in_(mentee_ids),
        col(PlanAdjustment.other_mentee_id).in_(mentee_ids),
        col(PlanAdjustment.mentor_id).in_(mentor_ids),
        col(PlanAdjustment.other_mentor_id).in_(mentor_ids),
    )
    session.exec(update(PlanAdjustment).where(adjusted).values(reason_encrypted=gone))


def _drop_restricted_codes(session: Session, person: Person, mentees: list[UUID], mentors: list[UUID]) -> None:
    """Codes of class A that say why the person served no longer, or was not paired; the other codes are counted."""
    pairings = select(Pairing.id).where(col(Pairing.mentee_id).in_(mentees))
    session.exec(
        update(PairingMember)
        .where(
            or_(col(PairingMember.mentor_id).in_(mentors), col(PairingMember.pairing_id).in_(pairings)),
            col(PairingMember.end_reason).in_(RESTRICTED_END_REASONS),
        )
        .values(end_reason=None)
    )
    for gap in session.exec(select(Shortfall).where(col(Shortfall.mentee_id).in_(mentees))):
        kept = [reason for reason in gap.reasons if reason["code"] not in RESTRICTED_REASONS]
        if len(kept) < len(gap.reasons):
            gap.reasons = kept
            session.add(gap)
    about = {str(key) for key in (*mentees, *mentors)}
    programs = programs_around(session, person.county_id)
    plans = select(MatchPlan.id).where(col(MatchPlan.program_id).in_(programs))
    for repair in session.exec(select(PlanRepair).where(col(PlanRepair.plan_id).in_(plans))):
        ended = [_without_restricted(link, about) for link in repair.ended]
        if ended != repair.ended:
            repair.ended = ended
            session.add(repair)


def _without_restricted(link: dict[str, Any], about: set[str]) -> dict[str, Any]:
    """An ended link of a repair, without reasons of class A where it is one of these people's."""
    if about.isdisjoint((link["mentee_id"], link["mentor_id"])):
        return link
    return link | {"reasons": [code for code in link["reasons"] if code not in RESTRICTED_REASONS]}
