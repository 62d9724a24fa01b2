"""A county with a mentor pool, candidates, and two versions of its roster, for the tests of the forms."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import col, select

from app.access import Viewer
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.models import MatchPlan, Mentor, Pairing, PairingMember, Person
from app.models.vocabulary import ExportForm, MemberEndReason, MentorCategory
from app.rosters.drafts import OF_DIVISION, ExportDraft
from app.services.pairings import EndPairingDraft, end_pairing
from tests.app.services.world import World, make_world, populate

FIRST_DAY = datetime(2025, 3, 15, 2, 30, tzinfo=UTC)
ENDED = datetime(2025, 5, 20, 2, 30, tzinfo=UTC)
SECOND_DAY = datetime(2025, 6, 10, 2, 30, tzinfo=UTC)
NOW = datetime(2025, 7, 1, 2, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormOffice:
    """What the forms are made of."""

    world: World
    program_id: UUID
    first: UUID
    second: UUID
    plan_id: UUID
    ended_mentor: UUID

    @property
    def database(self) -> Database:
        return self.world.database

    @property
    def officer(self) -> Viewer:
        return self.world.officer

    def draft(self, form: ExportForm, **changes: object) -> ExportDraft:
        """What a form is usually made of."""
        values: dict[str, object] = {"form": form, "purpose": "报县委组织部备案"}
        if form in OF_DIVISION:
            values["division_id"] = self.world.places.county.id
        else:
            values["roster_id"] = self.second
        return ExportDraft(**(values | changes))  # type: ignore[arg-type]


def open_form_office(database: Database, cipher: PersonalDataCipher) -> FormOffice:
    """Three pairs are published; one mentor is taken off, two candidates come, and the second version follows.

    The new candidates live in 青冈村, whose township has no mentor: their seats stay empty.
    """
    world = make_world(database, cipher)
    populate(world, n=3)
    program = world.program()
    first = world.publish(_plan_of(world, world.run(program)), now=FIRST_DAY)
    with database.read() as session:
        member = session.exec(
            select(PairingMember)
            .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
            .join(Mentor, col(Mentor.id) == col(PairingMember.mentor_id))
            .join(Person, col(Person.id) == col(Mentor.person_id))
            .where(Pairing.program_id == program.id, PairingMember.slot_code == "TOWNSHIP_MENTOR")
            .order_by(col(Person.code))
        ).first()
    assert member is not None
    ending = EndPairingDraft(
        pairing_id=member.pairing_id, member_id=member.id, reason=MemberEndReason.DISCIPLINE, note="被立案审查"
    )
    run_in_transaction(database, lambda s: end_pairing(s, world.officer, world.cipher, ending, now=ENDED))
    with database.write() as session:
        mentor = session.get_one(Mentor, member.mentor_id)
        mentor.capacity = 0
        session.add(mentor)
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
        for _ in range(2):
            world.candidate(session, world.places.qinggang.id)
    plan = _plan_of(world, world.run(program, seed=1))
    second = world.publish(plan, now=SECOND_DAY)
    return FormOffice(
        world=world,
        program_id=program.id,
        first=first,
        second=second,
        plan_id=plan.id,
        ended_mentor=member.mentor_id,
    )


def _plan_of(world: World, run_id: UUID) -> MatchPlan:
    with world.database.read() as session:
        return session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
