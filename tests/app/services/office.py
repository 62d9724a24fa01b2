"""A county officer at work, for tests of people and their roles."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import Session, func, select

from app.access import Viewer, pending_events
from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import (
    Appointment,
    AssignedCadre,
    AuditEvent,
    DevelopmentNeed,
    Mentee,
    Mentor,
    MentorPool,
    MentorSpecialty,
    Person,
    ReserveCandidate,
    ReservePool,
)
from app.models.vocabulary import (
    CandidateSource,
    MentorCategory,
    TargetPost,
)
from app.services import people
from tests.factories import Places, id_number, make_places

NUMBER = id_number(date(1985, 6, 12), 1)
PHONE = "13812341234"
TABLES = (
    Person,
    Appointment,
    Mentee,
    ReserveCandidate,
    AssignedCadre,
    ReservePool,
    Mentor,
    MentorPool,
    MentorSpecialty,
    DevelopmentNeed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A county officer at work."""

    session: Session
    viewer: Viewer
    cipher: PersonalDataCipher
    places: Places

    def person(self, **changes: object) -> Person:
        draft = people.PersonDraft(name="张三", division_id=self.places.guihua.id)
        return people.create_cadre(
            self.session,
            self.viewer,
            self.cipher,
            people.CadreDraft(person=replace(draft, **changes)),  # type: ignore[arg-type]
        )

    def candidate(self, person: Person, **changes: object) -> ReserveCandidate:
        draft = people.ReserveCandidateDraft(
            person_id=person.id,
            village_id=self.places.guihua.id,
            target_post=TargetPost.SECRETARY,
            source=CandidateSource.SURVEYED_LOCAL,
        )
        return people.create_reserve_candidate(self.session, self.viewer, replace(draft, **changes))  # type: ignore[arg-type]

    def mentor(self, person: Person, **changes: object) -> Mentor:
        draft = people.MentorDraft(
            person_id=person.id,
            category=MentorCategory.TOWNSHIP_OFFICER,
            pool_division_id=self.places.banqiao.id,
        )
        return people.create_mentor(self.session, self.viewer, replace(draft, **changes))  # type: ignore[arg-type]

    def counts(self) -> dict[str, int]:
        rows = {table.__name__: self.session.exec(select(func.count()).select_from(table)).one() for table in TABLES}
        return {**rows, "AuditEvent": len(self.recorded())}

    def events(self) -> list[tuple[str, str]]:
        return sorted((event.action, event.target) for event in self.recorded())

    def recorded(self) -> list[AuditEvent]:
        """What this transaction will append to the audit trail."""
        return pending_events(self.session)


def open_office(database: Database, cipher: PersonalDataCipher) -> Iterator[Office]:
    with database.write() as session:
        places = make_places(session)
        yield Office(session=session, viewer=places.officer(session), cipher=cipher, places=places)
