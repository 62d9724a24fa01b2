"""Who is who in an answer: 编号 for people of the viewer's territory, and one word for all others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Viewer, person_clause, territory_clause
from app.labels import Language
from app.models import Mentee, Mentor
from matching import Alternative

OUTSIDE = ("辖区外人员", "somebody outside the territory")
AT_ONCE = 5_000
"""Keys in one statement; SQLite takes at most 32,766."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What people are called, by internal id; ``visible`` are the mentees and mentors of the viewer's territory."""

    codes: Mapping[str, str]
    visible: frozenset[str]

    def of(self, item_id: str, language: Language) -> str:
        """The 编号 of a mentee or mentor, or the word for somebody outside the territory."""
        if item_id in self.visible:
            return self.codes[item_id]
        return OUTSIDE[0] if language is Language.ZH else OUTSIDE[1]


def visible_people(
    session: Session, viewer: Viewer, mentee_ids: Iterable[str], mentor_ids: Iterable[str]
) -> frozenset[str]:
    """Those of the mentees and mentors that lie in the viewer's territory."""
    inside_of = (
        (Mentee, mentee_ids, territory_clause(viewer, Mentee.county_id, Mentee.village_id)),
        (Mentor, mentor_ids, person_clause(viewer, Mentor.person_id)),
    )
    found: set[str] = set()
    for table, ids, is_inside in inside_of:
        keys = [UUID(item) for item in sorted(set(ids))]
        for start in range(0, len(keys), AT_ONCE):
            some = col(table.id).in_(keys[start : start + AT_ONCE])
            found.update(str(key) for key in session.exec(select(table.id).where(some, is_inside)))
    return frozenset(found)


def people_of(alternatives: Iterable[Alternative]) -> tuple[set[str], set[str]]:
    """The mentees and the mentors that alternatives and their chains tell of."""
    mentees: set[str] = set()
    mentors: set[str] = set()
    for each in alternatives:
        mentees.update((each.seat.mentee_id, *(move.mentee_id for move in each.chain)))
        moved = (each.seat.mentor_id, each.leaves, *(m for move in each.chain for m in (move.leaves, move.gets)))
        mentors.update(mentor for mentor in moved if mentor is not None)
    return mentees, mentors
