"""The errors of the matching library: all of them are refusals of bad input, raised before anything is solved."""

from dataclasses import dataclass
from enum import StrEnum


class MatchingError(Exception):
    """Base of every error that the matching library raises on purpose.

    The message says what is wrong, which item, and what to do, in English; it never contains personal data,
    only the codes and ids that the caller passed in.
    """

    def __reduce__(self) -> tuple[object, ...]:
        """Keep message and attributes on the way from a worker process."""
        return _restored, (type(self), self.args, self.__dict__)


class InvalidPolicyError(MatchingError):
    """A policy that cannot be used, with the path of the faulty item.

    Attributes
    ----------
    path
        Dotted path of the item, for example ``weights.geography``.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class InvalidFactsError(MatchingError):
    """Facts that contradict themselves: a duplicate id, an unknown reference, a negative capacity.

    Attributes
    ----------
    item
        The id (or pair of ids) at fault.
    """

    def __init__(self, item: str, message: str) -> None:
        super().__init__(f"{item}: {message}")
        self.item = item


class InvalidInstanceError(MatchingError):
    """An assignment instance that cannot be used, with the place of the fault.

    Attributes
    ----------
    item
        The array and index at fault, for example ``score[3,7]`` (0-based).
    """

    def __init__(self, item: str, message: str) -> None:
        super().__init__(f"{item}: {message}")
        self.item = item


class EmptyPoolError(MatchingError):
    """A run without any mentee, or without any mentor: there is nothing to match."""


class ConstraintKind(StrEnum):
    """Kinds of constraints that pins can clash with."""

    TEAM_SEATS = "TEAM_SEATS"
    DISTINCT_MENTORS = "DISTINCT_MENTORS"
    TOWNSHIP_RULE = "TOWNSHIP_RULE"
    VILLAGE_RULE = "VILLAGE_RULE"
    FREE_CAPACITY = "FREE_CAPACITY"
    SLOT_CAP = "SLOT_CAP"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PinConstraint:
    """One constraint of a conflict, by name.

    Attributes
    ----------
    kind
        TEAM_SEATS: the mentee's seats take one mentor each. DISTINCT_MENTORS: a person serves the mentee once.
        TOWNSHIP_RULE: minOneMentorSameTownship. VILLAGE_RULE: sameVillageMentor. FREE_CAPACITY: of the person.
        SLOT_CAP: of the person in the slot.
    mentee_id, person_id, slot
        Whom it binds, empty where it names none.
    limit
        The most that it allows: seats, mentors from elsewhere or of the village, mentees.
    """

    kind: ConstraintKind
    mentee_id: str = ""
    person_id: str = ""
    slot: str = ""
    limit: int


class PinConflictError(MatchingError):
    """Pins that cannot all hold, as a minimal conflict: without any one of its members the rest can hold.

    Attributes
    ----------
    pins
        Ids of the pins that clash, sorted.
    constraints
        The constraints they clash with, sorted.
    rules
        Codes of the hard rules that forbid a single pin, each of them by itself; empty for any other conflict.
    """

    def __init__(
        self,
        pins: tuple[str, ...],
        message: str,
        *,
        constraints: tuple[PinConstraint, ...] = (),
        rules: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.pins = pins
        self.constraints = constraints
        self.rules = rules


class UnknownItemError(MatchingError):
    """A question about a mentee, slot or mentor that the facts do not have.

    Attributes
    ----------
    item
        The id or code asked for.
    """

    def __init__(self, item: str, message: str) -> None:
        super().__init__(f"{item}: {message}")
        self.item = item


class PlanMismatchError(MatchingError):
    """A plan that does not belong to the facts and the policy it is explained with, or is not the best under them."""


class SolverFailedError(MatchingError):
    """The solver could not prove its answer: an overflow that was noticed, or a broken certificate.

    Never a property of the people: the message names the component and what to report.
    """


class InvalidTradeOffError(MatchingError):
    """A trade-off curve, or a request for one, that cannot be used.

    Attributes
    ----------
    item
        Dotted path of the fault, for example ``points.3.gap`` (0-based).
    """

    def __init__(self, item: str, message: str) -> None:
        super().__init__(f"{item}: {message}")
        self.item = item


class PlotsUnavailableError(MatchingError):
    """A figure that cannot be drawn here: matplotlib or a font is missing. The message says what to install."""


def _restored(kind: type[MatchingError], args: tuple[object, ...], attributes: dict[str, object]) -> MatchingError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error
