"""A small county with people who satisfy every rule, for tests of programmes, runs and publication."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from app.access import Viewer, viewer_for_division
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.models import (
    AnnualAppraisal,
    MatchPlan,
    Mentor,
    PairingProgram,
    Person,
    ReserveCandidate,
)
from app.models.vocabulary import (
    AppraisalGrade,
    CandidateSource,
    CandidateState,
    DatePrecision,
    MenteeKind,
    MentorCategory,
    PostKind,
    ProgramKind,
    ReviewLevel,
    Role,
    RunMode,
    TargetPost,
)
from app.services.people import (
    AppointmentDraft,
    AssignedCadreDraft,
    CadreDraft,
    MentorDraft,
    PartialDate,
    PersonDraft,
    ReserveCandidateDraft,
    create_assigned_cadre,
    create_cadre,
    create_mentor,
    create_reserve_candidate,
)
from app.services.plans import approve_match_plan, submit_match_plan
from app.services.programs import ProgramDraft, create_pairing_program
from app.services.publication import publish_match_plan
from app.services.runs import RunDraft, run_here, start_match_run
from tests.factories import Places, make_places
from tests.stock import furnish

START = date(2025, 3, 1)


@dataclass(slots=True)
class World:
    """One county in one database, its officer and its approver."""

    database: Database
    cipher: PersonalDataCipher
    places: Places
    officer: Viewer
    approver: Viewer
    _n: int = 0

    def person(self, session: Session, division_id: UUID, *posts: AppointmentDraft, name: str | None = None) -> Person:
        """A new person with a career and three good appraisals."""
        self._n += 1
        draft = PersonDraft(
            name=name or f"张{chr(0x4E00 + self._n)}",
            division_id=division_id,
            birth=PartialDate(value=date(1985, 5, 1), precision=DatePrecision.MONTH),
            unit_and_post="板桥镇党建办",
            phone=f"138{self._n:08d}",
        )
        person = create_cadre(session, self.officer, self.cipher, CadreDraft(person=draft, appointments=posts))
        for year in (2022, 2023, 2024):
            session.add(
                AnnualAppraisal(
                    person_id=person.id,
                    county_id=person.county_id,
                    year=year,
                    grade=AppraisalGrade.COMPETENT,
                    created_by="test",
                    updated_by="test",
                )
            )
        return person

    def candidate(self, session: Session, village_id: UUID, **changes: object) -> ReserveCandidate:
        """A reviewed candidate without grassroots years."""
        work = AppointmentDraft(post=PostKind.OTHER, title="务工", start_date=date(2015, 1, 1))
        values: dict[str, object] = {
            "person_id": self.person(session, village_id, work).id,
            "village_id": village_id,
            "target_post": TargetPost.SECRETARY,
            "source": CandidateSource.SURVEYED_LOCAL,
            "review_level": ReviewLevel.PREFECTURE_REVIEWED,
            "state": CandidateState.IN_POOL,
            "pool_date": date(2024, 12, 1),
        }
        return create_reserve_candidate(session, self.officer, ReserveCandidateDraft(**(values | changes)))  # type: ignore[arg-type]

    def assigned(self, session: Session, village_id: UUID) -> UUID:
        """An official sent to a village."""
        person = self.person(session, village_id)
        cadre = create_assigned_cadre(
            session,
            self.officer,
            AssignedCadreDraft(
                person_id=person.id, village_id=village_id, sending_unit="县农业农村局", assigned_from=date(2024, 5, 1)
            ),
        )
        return cadre.id

    def mentor(
        self,
        session: Session,
        place_id: UUID,
        category: MentorCategory,
        *,
        pool_id: UUID | None = None,
        years: int = 10,
        capacity: int | None = None,
        person_id: UUID | None = None,
    ) -> Mentor:
        """An active mentor with ``years`` of grassroots work at a place, in the pool of a township."""
        posts = {
            MentorCategory.TOWNSHIP_OFFICER: (PostKind.TOWNSHIP_OFFICER, "干部"),
            MentorCategory.VILLAGE_SECRETARY: (PostKind.VILLAGE_SECRETARY, "党支部书记"),
            MentorCategory.RETIRED_CADRE: (PostKind.TOWNSHIP_OFFICER, "干部"),
        }
        post, title = posts[category]
        if person_id is None:
            career = AppointmentDraft(
                post=post, title=title, division_id=place_id, start_date=date(START.year - years, START.month, 1)
            )
            person_id = self.person(session, place_id, career).id
        return create_mentor(
            session,
            self.officer,
            MentorDraft(
                person_id=person_id, category=category, pool_division_id=pool_id or place_id, capacity=capacity
            ),
        )

    def program(
        self, *, kind: ProgramKind = ProgramKind.TWO_PLUS_ONE, name: str = "思南县2025年“2+1”结对帮带"
    ) -> PairingProgram:
        """The county's programme of a kind."""
        one = kind is ProgramKind.ONE_TO_ONE
        draft = ProgramDraft(
            division_id=self.places.county.id,
            kind=kind,
            mentee_kind=MenteeKind.ASSIGNED_CADRE if one else MenteeKind.RESERVE_CANDIDATE,
            name=name,
            year=2025,
            start_date=START,
            preset="FUSHAN_ONE_TO_ONE" if one else "TONGREN_2_PLUS_1",
        )
        return run_in_transaction(self.database, lambda s: create_pairing_program(s, self.officer, draft))

    def run(self, program: PairingProgram, *, mode: RunMode = RunMode.FINAL, seed: int = 0) -> UUID:
        """Run the programme to its end in this process; the id of the run."""
        return self.work(RunDraft(program_id=program.id, mode=mode, seed=seed))

    def start(self, draft: RunDraft, viewer: Viewer | None = None) -> UUID:
        """Start a run that nobody works on; its id."""
        return start_match_run(self.database, viewer or self.officer, draft, enqueue=lambda _session, _run_id: None)

    def work(self, draft: RunDraft) -> UUID:
        """Start a run and work it to its end in this process; its id."""
        run_id = self.start(draft)
        run_here(self.database, run_id)
        return run_id

    def publish(self, plan: MatchPlan, *, now: datetime | None = None) -> UUID:
        """Submit, approve and publish a plan; the id of the roster."""
        run_in_transaction(self.database, lambda s: submit_match_plan(s, self.officer, plan.id))
        run_in_transaction(
            self.database, lambda s: approve_match_plan(s, self.approver, plan.id, "李批准", approve_shortfalls=True)
        )
        return run_in_transaction(self.database, lambda s: publish_match_plan(s, self.approver, plan.id, now=now)).id


PLACES = "the county without people"


def make_world(database: Database, cipher: PersonalDataCipher) -> World:
    """The county without people."""
    return World(database, cipher, *furnish(database, PLACES, _found))


def _found(database: Database) -> tuple[Places, Viewer, Viewer]:
    with database.write() as session:
        places = make_places(session)
        officer = viewer_for_division(session, subject="officer", role=Role.COUNTY_ADMIN, division=places.county)
        approver = viewer_for_division(session, subject="approver", role=Role.COUNTY_APPROVER, division=places.county)
    return places, officer, approver


def populate(world: World, *, n: int = 2) -> None:
    """``n`` candidates in 桂花村, ``n`` township officers, ``n`` village secretaries of 垌心村: all seats fit."""
    name = f"{n} candidates, under {world.cipher.keyed_hash('template', 'name of templates')}"
    world._n = furnish(world.database, name, lambda each: _settle(replace(world, database=each), n), base=PLACES)


def _settle(world: World, n: int) -> int:
    """Enter the people; how many there are."""
    with world.database.write() as session:
        for _ in range(n):
            world.candidate(session, world.places.guihua.id)
            world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
            world.mentor(
                session,
                world.places.dongxin.id,
                MentorCategory.VILLAGE_SECRETARY,
                pool_id=world.places.banqiao.id,
            )
    return world._n
