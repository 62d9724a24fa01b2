"""What officers lay down before a run: pins, exclusions, preferences and released rules."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, code_prefix, get_in_county, record
from app.crypto import PersonalDataCipher
from app.errors import DuplicateError, InvalidInputError, NotFoundError, PinClashError
from app.models import (
    Division,
    Exclusion,
    KinshipDeclaration,
    Mentee,
    Mentor,
    PairingProgram,
    Person,
    Pin,
    Preference,
    RuleRelease,
)
from app.models.vocabulary import AuditAction, ExclusionReason
from app.services.people.records import encrypted_text
from app.services.programs import get_program, slots_of
from app.services.texts import optional_text, required_text

RELEASABLE_RULES = frozenset({"TOWNSHIP_RULE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PinDraft:
    """A pairing to be required, in one slot or (``slot_code`` ``None``) in any."""

    program_id: UUID
    mentee_id: UUID
    mentor_id: UUID
    reason: str
    slot_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionDraft:
    """A pair to be forbidden in every programme."""

    mentee_person_id: UUID
    mentor_person_id: UUID
    reason: ExclusionReason
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceDraft:
    """A wish: rank 1-3, or 0 for a veto, which needs a reason and a name that approved it."""

    from_person_id: UUID
    to_person_id: UUID
    rank: int
    reason: str | None = None
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReleaseDraft:
    """A hard rule to be released for one mentee of one programme."""

    program_id: UUID
    mentee_id: UUID
    reason: str
    rule: str = "TOWNSHIP_RULE"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPin:
    """A pin that nothing stored forbids."""

    program: PairingProgram
    mentee: Mentee
    mentor: Mentor
    mentee_code: str
    mentor_code: str


def add_pin(session: Session, viewer: Viewer, draft: PinDraft) -> Pin:
    """Require a pairing; clashes with the programme's other pins, with kinship and exclusions are refused by 编号."""
    viewer.require(Permission.RUN)
    reason = required_text(draft.reason, 200, "Give the reason of the pin.", "请填写锁定原因。", path=["reason"])
    checked = check_pin(session, viewer, draft)
    program, mentee, mentor = checked.program, checked.mentee, checked.mentor
    pin = Pin(
        program_id=program.id,
        county_id=mentee.county_id,
        mentee_id=mentee.id,
        mentor_id=mentor.id,
        slot_code=draft.slot_code,
        reason=reason,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(pin)
    session.flush()
    record(
        session,
        viewer,
        AuditAction.PIN_ADDED,
        f"Pin {pin.id}",
        county_id=pin.county_id,
        program=pin.program_id,
        mentee=checked.mentee_code,
        mentor=checked.mentor_code,
        slot=pin.slot_code,
    )
    return pin


def check_pin(session: Session, viewer: Viewer, draft: PinDraft) -> CheckedPin:
    """Refuse a pin that clashes with the programme's other pins, with kinship or exclusions, whatever its reason."""
    program = get_program(session, viewer, draft.program_id)
    mentee = _mentee_of(session, viewer, program, draft.mentee_id)
    mentor = get_in_county(session, viewer, Mentor, draft.mentor_id, path=["mentorId"])
    codes = [slot.code for slot in slots_of(session, program.id)]
    if draft.slot_code is not None and draft.slot_code not in codes:
        raise InvalidInputError(
            f"The programme has no slot {draft.slot_code!r}; its slots are {', '.join(codes)}.",
            f"项目没有帮带岗位 {draft.slot_code!r}；可用：{'、'.join(codes)}。",
            path=["slotCode"],
        )
    mentee_code, mentor_code = _code(session, mentee.person_id), _code(session, mentor.person_id)
    if mentee.county_id != mentor.county_id:
        raise PinClashError(
            f"Mentee {mentee_code} and mentor {mentor_code} belong to different counties; pairs never cross counties.",
            f"帮带对象 {mentee_code} 与导师 {mentor_code} 不在同一县，不得跨县结对。",
            path=["mentorId"],
        )
    if mentee.person_id == mentor.person_id:
        raise PinClashError(
            f"{mentee_code} cannot be mentor of the same person.",
            f"{mentee_code} 不能帮带本人。",
            path=["mentorId"],
        )
    _refuse_forbidden_pair(session, mentee.person_id, mentor.person_id, mentee_code, mentor_code)
    for pin in session.exec(select(Pin).where(Pin.program_id == program.id, Pin.mentee_id == mentee.id)):
        other = _code(session, session.get_one(Mentor, pin.mentor_id).person_id)
        if other == mentor_code:
            raise DuplicateError(
                f"Mentee {mentee_code} is pinned to mentor {mentor_code} already.",
                f"帮带对象 {mentee_code} 已锁定导师 {mentor_code}。",
                path=["mentorId"],
            )
        if len(codes) == 1 or (draft.slot_code is not None and pin.slot_code == draft.slot_code):
            raise PinClashError(
                f"The slot of mentee {mentee_code} is pinned to mentor {other}; remove that pin first.",
                f"帮带对象 {mentee_code} 的该帮带岗位已锁定导师 {other}，请先解除。",
                path=["slotCode"],
            )
    n_pins = len(session.exec(select(Pin.id).where(Pin.program_id == program.id, Pin.mentee_id == mentee.id)).all())
    if n_pins >= len(codes):
        raise PinClashError(
            f"All {len(codes)} slots of mentee {mentee_code} are pinned; remove a pin first.",
            f"帮带对象 {mentee_code} 的 {len(codes)} 个帮带岗位均已锁定，请先解除一个。",
            path=["menteeId"],
        )
    return CheckedPin(program=program, mentee=mentee, mentor=mentor, mentee_code=mentee_code, mentor_code=mentor_code)


def remove_pin(session: Session, viewer: Viewer, pin_id: UUID) -> UUID:
    """Take a pin back; the next run is free of it."""
    viewer.require(Permission.RUN)
    pin = get_in_county(session, viewer, Pin, pin_id, path=["id"])
    session.delete(pin)
    session.flush()
    record(
        session,
        viewer,
        AuditAction.PIN_REMOVED,
        f"Pin {pin_id}",
        county_id=pin.county_id,
        program=pin.program_id,
        mentee=_code(session, session.get_one(Mentee, pin.mentee_id).person_id),
        mentor=_code(session, session.get_one(Mentor, pin.mentor_id).person_id),
        slot=pin.slot_code,
    )
    return pin_id


def add_exclusion(session: Session, viewer: Viewer, cipher: PersonalDataCipher, draft: ExclusionDraft) -> Exclusion:
    """Forbid a pair in every programme."""
    viewer.require(Permission.RUN)
    mentee_person = get_in_county(session, viewer, Person, draft.mentee_person_id, path=["menteePersonId"])
    mentor_person = get_in_county(session, viewer, Person, draft.mentor_person_id, path=["mentorPersonId"])
    _two_persons(mentee_person.id, mentor_person.id)
    source = required_text(draft.source, 80, "Say where the exclusion comes from.", "请填写来源。", path=["source"])
    same = select(Exclusion).where(
        Exclusion.mentee_person_id == mentee_person.id, Exclusion.mentor_person_id == mentor_person.id
    )
    if session.exec(same).first() is not None:
        raise DuplicateError(
            f"{mentee_person.code} and {mentor_person.code} are excluded already.",
            f"{mentee_person.code} 与 {mentor_person.code} 已登记禁止结对。",
            path=["mentorPersonId"],
        )
    exclusion = Exclusion(
        county_id=mentee_person.county_id,
        mentee_person_id=mentee_person.id,
        mentor_person_id=mentor_person.id,
        reason=draft.reason,
        source_encrypted=cipher.encrypt(source),
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(exclusion)
    session.flush()
    # Who must not meet whom is a restricted fact: the trail names the row, which says it to those who may know.
    record(session, viewer, AuditAction.EXCLUSION_ADDED, f"Exclusion {exclusion.id}", county_id=exclusion.county_id)
    return exclusion


def remove_exclusion(session: Session, viewer: Viewer, exclusion_id: UUID) -> UUID:
    """Allow a pair again."""
    viewer.require(Permission.RUN)
    exclusion = get_in_county(session, viewer, Exclusion, exclusion_id, path=["id"])
    session.delete(exclusion)
    session.flush()
    record(session, viewer, AuditAction.EXCLUSION_REMOVED, f"Exclusion {exclusion_id}", county_id=exclusion.county_id)
    return exclusion_id


def add_preference(session: Session, viewer: Viewer, cipher: PersonalDataCipher, draft: PreferenceDraft) -> Preference:
    """Record a wish, or a veto with its approved reason; one wish per person about another."""
    viewer.require(Permission.EDIT_PEOPLE)
    from_person = get_in_county(session, viewer, Person, draft.from_person_id, path=["fromPersonId"])
    to_person = get_in_county(session, viewer, Person, draft.to_person_id, path=["toPersonId"])
    _two_persons(from_person.id, to_person.id)
    if not 0 <= draft.rank <= 3:
        raise InvalidInputError(
            f"Rank {draft.rank} is not 1, 2, 3 or 0 (veto).", "意愿顺序只能是 1、2、3 或 0（否决）。", path=["rank"]
        )
    reason = optional_text(draft.reason, 200, path=["reason"])
    approved_by = optional_text(draft.approved_by, 80, path=["approvedBy"])
    if draft.rank == 0 and reason is None:
        raise InvalidInputError("A veto needs a reason.", "否决须填写理由。", path=["reason"])
    if draft.rank == 0 and approved_by is None:
        raise InvalidInputError("A veto needs the name that approved it.", "否决须填写批准人。", path=["approvedBy"])
    same = select(Preference).where(
        Preference.from_person_id == from_person.id, Preference.to_person_id == to_person.id
    )
    if session.exec(same).first() is not None:
        raise DuplicateError(
            f"{from_person.code} has a wish about {to_person.code} already.",
            f"{from_person.code} 对 {to_person.code} 的意愿已登记。",
            path=["toPersonId"],
        )
    preference = Preference(
        county_id=from_person.county_id,
        from_person_id=from_person.id,
        to_person_id=to_person.id,
        rank=draft.rank,
        reason_encrypted=encrypted_text(cipher, reason),
        approved_by=approved_by,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(preference)
    session.flush()
    # A veto is as restricted as an exclusion is, so no wish is told here.
    record(session, viewer, AuditAction.PREFERENCE_ADDED, f"Preference {preference.id}", county_id=preference.county_id)
    return preference


def release_rule(session: Session, viewer: Viewer, draft: RuleReleaseDraft) -> RuleRelease:
    """Release a hard rule for one mentee, with a reason, before a run; runs never do so by themselves."""
    viewer.require(Permission.RUN)
    program = get_program(session, viewer, draft.program_id)
    mentee = _mentee_of(session, viewer, program, draft.mentee_id)
    if draft.rule not in RELEASABLE_RULES:
        raise InvalidInputError(
            f"Rule {draft.rule!r} cannot be released; only {', '.join(sorted(RELEASABLE_RULES))} can.",
            f"规则 {draft.rule!r} 不可放开；可放开：{'、'.join(sorted(RELEASABLE_RULES))}。",
            path=["rule"],
        )
    reason = required_text(draft.reason, 200, "Give the reason of the release.", "请填写放开原因。", path=["reason"])
    same = select(RuleRelease).where(
        RuleRelease.program_id == program.id, RuleRelease.mentee_id == mentee.id, RuleRelease.rule == draft.rule
    )
    if session.exec(same).first() is not None:
        raise DuplicateError(
            f"{draft.rule} is released for mentee {_code(session, mentee.person_id)} already.",
            f"帮带对象 {_code(session, mentee.person_id)} 的规则已放开。",
            path=["menteeId"],
        )
    release = RuleRelease(
        program_id=program.id,
        county_id=mentee.county_id,
        mentee_id=mentee.id,
        rule=draft.rule,
        reason=reason,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(release)
    session.flush()
    record(
        session,
        viewer,
        AuditAction.RULE_RELEASED,
        f"RuleRelease {release.id}",
        county_id=release.county_id,
        program=program.id,
        mentee=_code(session, mentee.person_id),
        rule=draft.rule,
    )
    return release


def _mentee_of(session: Session, viewer: Viewer, program: PairingProgram, mentee_id: UUID) -> Mentee:
    """The mentee, if it lies in the territory, in the programme's division and is of its kind."""
    mentee = get_in_county(session, viewer, Mentee, mentee_id, path=["menteeId"])
    county = session.get_one(Division, mentee.county_id)
    scope = session.get_one(Division, program.division_id)
    if mentee.kind is not program.mentee_kind or not county.code.startswith(code_prefix(scope)):
        raise NotFoundError(
            f"Programme {program.id} has no mentee {mentee_id}.",
            f"项目 {program.id} 没有帮带对象 {mentee_id}。",
            path=["menteeId"],
        )
    return mentee


def _refuse_forbidden_pair(
    session: Session, mentee_person: UUID, mentor_person: UUID, mentee_code: str, mentor_code: str
) -> None:
    pair = (mentee_person, mentor_person)
    kin = select(KinshipDeclaration.id).where(
        col(KinshipDeclaration.person_a_id).in_(pair), col(KinshipDeclaration.person_b_id).in_(pair)
    )
    excluded = select(Exclusion.id).where(
        Exclusion.mentee_person_id == mentee_person, Exclusion.mentor_person_id == mentor_person
    )
    veto = select(Preference.id).where(
        col(Preference.from_person_id).in_(pair), col(Preference.to_person_id).in_(pair), Preference.rank == 0
    )
    if any(session.exec(query).first() is not None for query in (kin, excluded, veto)):
        # One sentence for all three: kinship and complaints are restricted facts.
        raise PinClashError(
            f"Mentee {mentee_code} must not be paired with mentor {mentor_code} (avoidance); choose another mentor.",
            f"帮带对象 {mentee_code} 与导师 {mentor_code} 须回避（回避/组织原因），请另选导师。",
            path=["mentorId"],
        )


def _code(session: Session, person_id: UUID) -> str:
    return session.get_one(Person, person_id).code


def _two_persons(a: UUID, b: UUID) -> None:
    if a == b:
        raise InvalidInputError("Both sides are the same person.", "双方不能是同一人。", path=["toPersonId"])
