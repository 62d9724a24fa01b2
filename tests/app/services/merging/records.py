"""Steps of the tests of merging."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.access import Viewer
from app.models import (
    Person,
    Pin,
)
from app.models.columns import Row
from app.models.vocabulary import (
    MenteeKind,
    ProgramKind,
)
from app.services.people.merging import MergePersonsDraft, merge_persons
from app.services.programs import ProgramDraft, create_pairing_program
from tests.app.services.world import START, World

REASON = "经乡镇核实为同一人"


def merge(session: Session, world: World, keep: Person, drop: Person, viewer: Viewer | None = None) -> Person:
    draft = MergePersonsDraft(keep_id=keep.id, drop_id=drop.id, reason=REASON)
    return merge_persons(session, viewer or world.officer, draft)


def add(session: Session, row: Row) -> None:
    session.add(row)
    session.flush()


def common(person: Person) -> dict[str, Any]:
    return {"county_id": person.county_id, "created_by": "test", "updated_by": "test"}


def pinned(world: World, session: Session, mentee_id: UUID, mentor_id: UUID) -> None:
    """Something that names both roles, so that neither can be taken away."""
    draft = ProgramDraft(
        division_id=world.places.county.id,
        kind=ProgramKind.TWO_PLUS_ONE,
        mentee_kind=MenteeKind.RESERVE_CANDIDATE,
        name="思南县2025年“2+1”结对帮带",
        year=2025,
        start_date=START,
        preset="TONGREN_2_PLUS_1",
    )
    program = create_pairing_program(session, world.officer, draft)
    add(
        session,
        Pin(
            program_id=program.id,
            mentee_id=mentee_id,
            mentor_id=mentor_id,
            slot_code="TOWNSHIP_MENTOR",
            reason="t",
            county_id=world.places.county.id,
            created_by="test",
            updated_by="test",
        ),
    )
