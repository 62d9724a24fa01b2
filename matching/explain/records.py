"""What explanations are made of: frozen records with ids, codes and integers; sentences are the caller's."""

from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any

from pydantic.alias_generators import to_camel

from matching.criteria import Term
from matching.result import FilledSeat, TeamScore
from matching.rules import MenteeExclusion
from matching.shortfalls import Shortfall
from matching.solution import LevelName
from matching.vocabulary import ReasonCode


class Hindrance(StrEnum):
    """Why a pair that no hard rule blocks is still not available.

    NO_CAPACITY: the mentor has no capacity left for this run. PINS: no plan honours the pins and this pair.
    """

    NO_CAPACITY = "NO_CAPACITY"
    PINS = "PINS"


class Pricing(StrEnum):
    """Against what the alternatives of a county are priced.

    FREE: the plan is the best, and every link may move. HELD: it is the best among the plans that keep those links of
    the published roster which it keeps, so these count as pins. NONE: neither, or nothing prices this shape: no price.
    """

    FREE = "FREE"
    HELD = "HELD"
    NONE = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelPrice:
    """What an alternative costs on one level of the objective: positive is worse, negative better.

    Attributes
    ----------
    low, high
        Integers in units of ``1 / scale``: the best plan with the alternative is worse than the best plan by at least
        ``low`` and at most ``high``; equal where exact. ``None`` where nothing is proved.
    """

    name: LevelName
    low: int | None
    high: int | None
    scale: int

    @property
    def is_exact(self) -> bool:
        """Whether the price is one proved number."""
        return self.low is not None and self.low == self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One seat that changes hands: who leaves it and who gets it; ``None`` for an empty seat."""

    mentee_id: str
    slot: str
    leaves: str | None
    gets: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One term that speaks for a mentor.

    Attributes
    ----------
    points
        Contribution to the score, integer, in units of 10⁻⁴ points.
    lead
        By how much it exceeds the mean of all eligible, rounded down, in the same units.
    """

    term: Term
    points: int
    lead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A pairing that is not in the plan, with a real plan that has it.

    Attributes
    ----------
    seat
        The pairing with its contributions, as the plan would show it.
    team
        Score of the mentee's whole team in that plan, under team terms; ``None`` for separable policies.
    leaves
        Id of the mentor who gives up this seat; ``None`` for an empty seat.
    chain
        What else changes, in order of cause: whoever lost a mentor gets another one. Empty for a mentor with free
        capacity. This seat's own change and the chain together turn the plan into the plan of the alternative.
    prices
        Levels of the objective, most important first. Under team terms they end with the score, and where an integer
        level changes, with that level: later levels do not count then.
    change
        What that plan itself costs against the plan at hand, on every level but the pins: ``(level, difference)``,
        positive is worse.
    """

    seat: FilledSeat
    team: TeamScore | None
    leaves: str | None
    chain: tuple[Move, ...]
    prices: tuple[LevelPrice, ...]
    change: tuple[tuple[LevelName, int], ...]

    @property
    def decisive(self) -> LevelPrice | None:
        """The first level with a price that may differ from 0; ``None`` when the alternative costs nothing."""
        return next((price for price in self.prices if (price.low, price.high) != (0, 0)), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON with camelCase keys."""
        return _object(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatExplanation:
    """Why this mentor sits here, and what else could be.

    Attributes
    ----------
    seat, shortfall
        The pairing, or the reasons for an empty seat; exactly one of them is given.
    team
        Score of the whole team under team terms; ``None`` for separable policies.
    rank
        1 for the best score among the eligible mentors (ties share a rank), with the rest of the team as it is;
        ``None`` for an empty seat.
    n_eligible
        Mentors whom no hard rule keeps out of this seat; under team terms, beside the rest of the team.
    reasons
        The terms in which the mentor leads the eligible most, largest lead first.
    alternatives
        Cheapest first; only mentors from outside the team. Under team terms, priced with the seat's mentor leaving.
    n_undecided
        Candidates left out because a slot cap meets a person who could take two seats of one team.
    """

    mentee_id: str
    slot: str
    seat: FilledSeat | None
    shortfall: Shortfall | None
    team: TeamScore | None
    rank: int | None
    n_eligible: int
    reasons: tuple[Reason, ...]
    alternatives: tuple[Alternative, ...]
    n_undecided: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON with camelCase keys."""
        return _object(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRulesBroken:
    """The hard rules that keep a mentor out of one seat; none when the seat is open to the mentor."""

    slot: str
    reasons: tuple[ReasonCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """Why a mentee does not have a certain mentor.

    Attributes
    ----------
    exclusion
        Why the mentee takes no part in the run at all.
    paired_slot
        The seat in which the plan has the pair; every other field is empty then.
    rules
        Per seat asked, the hard rules broken.
    team_rules
        Rules on whole teams that the pair would break beside the mentors pinned to this mentee.
    hindrance
        What else makes the pair impossible.
    alternative
        The price of the pair, where it is possible. Neither this nor a hindrance, with a seat open to the mentor, means
        that the plan has no prices (``Pricing.NONE``).
    """

    mentee_id: str
    mentor_id: str
    exclusion: MenteeExclusion | None = None
    paired_slot: str | None = None
    rules: tuple[SeatRulesBroken, ...] = ()
    team_rules: tuple[ReasonCode, ...] = ()
    hindrance: Hindrance | None = None
    alternative: Alternative | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON with camelCase keys."""
        return _object(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedMentee:
    """One mentee of a mentor.

    Attributes
    ----------
    rank
        1 for the best score of this mentor among all mentees it could serve; ties share a rank.
    reasons
        The terms in which this mentee leads the other ones most, largest lead first.
    """

    seat: FilledSeat
    rank: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorExplanation:
    """Why a mentor serves these mentees, or none.

    Attributes
    ----------
    n_mentees
        Mentees of the mentor's pool that take part in the run.
    n_admissible
        Those of them with a seat that no hard rule closes to this mentor.
    blocked
        For the others ``(reason, mentees)``: every mentee counts once, for the first reason of its most open seat;
        most frequent first.
    hindrance
        Why the mentor cannot serve although no rule blocks.
    best
        For a mentor without any mentee, the cheapest pairing in which it would serve.
    """

    mentor_id: str
    served: tuple[ServedMentee, ...]
    n_mentees: int
    n_admissible: int
    blocked: tuple[tuple[ReasonCode, int], ...]
    hindrance: Hindrance | None = None
    best: Alternative | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON with camelCase keys."""
        return _object(self)


def _object(record: Any) -> dict[str, Any]:
    return {to_camel(field.name): json_of_record(getattr(record, field.name)) for field in fields(record)}


def json_of_record(record: Any) -> Any:
    """Return a record, or a tuple of them, as plain JSON with camelCase keys."""
    if is_dataclass(record) and not isinstance(record, type):
        return _object(record)
    if isinstance(record, tuple):
        return [json_of_record(item) for item in record]
    return str(record) if isinstance(record, StrEnum) else record
