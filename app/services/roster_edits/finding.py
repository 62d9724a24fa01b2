"""Who is meant by what a file says: by 编号, else by name and unit, else somebody has to choose."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.folding import folded
from app.services.roster_edits.book import Index, Known, squeezed
from app.services.roster_edits.records import Choice, PersonText, SeatState

MOST_CHOICES = 20
"""People that are offered for one cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The record that is meant; or nobody, or those of whom somebody has to choose (``state``)."""

    known: Known | None = None
    state: SeatState | None = None
    choices: tuple[Choice, ...] = ()


class Finder:
    """Finds people of one side of a roster; ``usual`` are the records that the roster has, for people with several."""

    def __init__(self, people: Mapping[UUID, Known], usual: Collection[UUID], chosen: Mapping[str, UUID | None]):
        self.people, self.usual, self.chosen = people, frozenset(usual), chosen
        self.index = Index.of(people.values())

    def find(self, text: PersonText, usual: UUID | None = None) -> Found:
        """Who is meant; ``usual`` is the record that had the place."""
        if text.cell in self.chosen:
            key = self.chosen[text.cell]
            if key is None:
                return Found()
            known = self.people.get(key)
            return Found(known=known) if known is not None else Found(state=SeatState.UNKNOWN)
        if text.is_nobody:
            return Found()
        name = "" if text.is_vacant or text.name is None else folded(text.name)
        named = self.index.by_name.get(name, ()) if name else ()
        if text.code:
            coded = self.index.by_code.get(folded(text.code), ())
            agreeing = coded if text.name is None else [known for known in coded if name in known.names]
            # A name without its 编号 changed, or a 编号 without its name: which of the two was meant?
            return self._one(agreeing, usual) or _unclear((*coded, *named))
        texts = {squeezed(each) for each in text.texts}
        fitting = [known for known in named if known.texts & texts]
        return self._one(fitting, usual) or _unclear(fitting or named)

    def _one(self, found: Sequence[Known], usual: UUID | None) -> Found | None:
        """The one record among those found: of one person's several that which had the place, or is in the roster."""
        if len({known.person_id for known in found}) != 1:
            return None
        for kept in ({usual}, self.usual, self.people):
            rest = [known for known in found if known.id in kept]
            if len(rest) == 1:
                return Found(known=rest[0])
        return None


def _unclear(found: Sequence[Known]) -> Found:
    choices = tuple(dict.fromkeys(known.choice for known in found))[:MOST_CHOICES]
    return Found(state=SeatState.AMBIGUOUS if choices else SeatState.UNKNOWN, choices=choices)
