"""Rows made of known values are the rows that the constructor makes."""

from datetime import date
from uuid import uuid4

from sqlmodel import select

from app.db import Database
from app.models import Appointment, Person, ReserveCandidate, VillageLink
from app.models.vocabulary import PersonStatus, PostKind, Sex
from tests.factories import make_places


def test_a_row_of_known_values_has_the_defaults_of_the_constructor() -> None:
    values = {"code": "520624-00001", "county_id": uuid4(), "division_id": uuid4(), "name": "张三"}
    made = Person.made(**values, created_by="a", updated_by="a")
    built = Person(**values, created_by="a", updated_by="a")
    fleeting = {"id", "created_at", "updated_at"}
    assert made.model_dump(exclude=fleeting) == built.model_dump(exclude=fleeting)
    assert (made.sex, made.status, made.version) == (Sex.UNKNOWN, PersonStatus.ACTIVE, 1)
    assert made.id != Person.made(**values, created_by="a", updated_by="a").id
    first, second = (ReserveCandidate.made(person_id=uuid4()) for _ in range(2))
    assert (first.tags, first.tags is second.tags) == ([], False)


def test_such_rows_are_inserted_changed_and_found(database: Database) -> None:
    with database.write() as session:
        places = make_places(session)
        by = {"county_id": places.county.id, "created_by": "a", "updated_by": "a"}
        person = Person.made(code="520624-00001", division_id=places.guihua.id, name="张三", **by)
        session.add(person)
        session.flush()
        session.add(
            Appointment.made(
                person_id=person.id, post=PostKind.VILLAGE_SECRETARY, title="书记", start_date=date(2012, 7, 1),
                is_grassroots=True, source="IMPORT", **by,
            )
        )  # fmt: skip
        session.add(
            VillageLink.made(
                person_id=person.id, village_id=places.guihua.id, role="TOWNSHIP_CADRE", start_date=date(2020, 1, 1),
                **by,
            )
        )  # fmt: skip
    with database.write() as session:
        stored = session.exec(select(Person)).one()
        assert (stored.name, stored.search_text is not None) == ("张三", True)
        stored.name = "李四"
    with database.read() as session:
        assert session.exec(select(Person)).one().name == "李四"
        assert session.exec(select(Appointment)).one().start_date == date(2012, 7, 1)
        assert session.exec(select(VillageLink)).one().end_date is None
