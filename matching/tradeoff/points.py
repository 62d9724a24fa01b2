"""The trade-off curve as data: points with their plans, what is proved between them, and the presets on it.

JSON both ways: ``TradeOff.to_json`` and ``TradeOff.from_json``.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter, ValidationError

from matching.errors import InvalidTradeOffError
from matching.metrics import Metrics
from matching.policy_options import FairnessMode, Weights
from matching.result import Level
from matching.tradeoff.envelope import Ceiling, Cut, Envelope

Link = tuple[str, str, str]
"""``(mentee_id, slot, mentor_id)``."""


class PointMethod(StrEnum):
    """How a point was found.

    NEAREST and MOST_EXPERIENCED are the ends: the best geography, then the best experience among those; and the
    reverse. WEIGHTS is the best plan for one exchange rate. EPSILON has the most experience among the plans that keep
    a least geography.
    """

    NEAREST = "NEAREST"
    WEIGHTS = "WEIGHTS"
    EPSILON = "EPSILON"
    MOST_EXPERIENCED = "MOST_EXPERIENCED"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOffPoint:
    """One point of the curve with the plan behind it. Criteria are in units of 10⁻⁴ points, summed over the seats.

    Attributes
    ----------
    weights
        The policy weights with this exchange rate between geography and experience, at the policy's own share of
        preference; ``None`` for a point found by epsilon constraint.
    epsilon
        The least geography that was asked for; ``None`` for the other methods.
    value, bound
        What the method maximised, and what no plan exceeds: of the ends their first criterion; of WEIGHTS the sum of
        both criteria under ``direction``; of EPSILON the experience.
    gap
        (bound - value) / max(|value|, 1 point); 0 means proved.
    direction
        Whole weights of geography and experience; ``(0, 0)`` for an epsilon constraint.
    geography_mean, experience_mean
        Means over the filled seats, 0 to 100.
    levels
        The levels before the score, proved, equal in all points.
    policy_score
        What the plan scores under the policy's own weights, in units of 10⁻⁴ points.
    links
        The plan.
    """

    method: PointMethod
    weights: Weights | None
    epsilon: int | None
    direction: tuple[int, int]
    geography: int
    experience: int
    geography_mean: float
    experience_mean: float
    value: int
    bound: int
    gap: float
    levels: tuple[Level, ...]
    policy_score: int
    links: tuple[Link, ...]
    metrics: Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What is proved between a point and the next one.

    Attributes
    ----------
    most_geography, most_experience
        Bounds of any undiscovered plan between the two: nearer than the second and more experienced than the first.
        They mean nothing where ``is_closed``.
    excess
        Such a plan lies at most this far above the straight line between the two points, measured in experience.
    is_closed
        There is no such plan.
    """

    most_geography: int
    most_experience: int
    excess: int
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetPoint:
    """Where the plan of ready weights lies: a solve of the whole policy score, with wishes and penalties.

    Attributes
    ----------
    name
        Of ``WEIGHT_PRESETS``; ``"POLICY"`` stands for the policy's own weights.
    missing_experience
        At least 0: no plan of at least the same geography has more experience than this one has and this much.
    missing_geography
        The same, the other way round.
    """

    name: str
    weights: Weights
    geography: int
    experience: int
    geography_mean: float
    experience_mean: float
    missing_geography: int
    missing_experience: int
    levels: tuple[Level, ...]
    links: tuple[Link, ...]
    metrics: Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessPoint:
    """The plan of the policy's own weights under one fairness mode.

    Attributes
    ----------
    fairness
        What the plan reaches on the fairness level of every mode, in units of 10⁻⁴ points.
    score
        Sum of all team scores, in units of 10⁻⁴ points.
    levels
        As solved, with the bounds of the fairness level and of the score given it.
    """

    mode: FairnessMode
    geography: int
    experience: int
    geography_mean: float
    experience_mean: float
    fairness: Mapping[FairnessMode, int]
    score: int
    levels: tuple[Level, ...]
    links: tuple[Link, ...]
    metrics: Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessAxis:
    """Plans under every fairness mode that the policy can be solved with.

    Attributes
    ----------
    refused
        ``(mode, reason)`` for the modes that the policy does not support.
    """

    points: tuple[FairnessPoint, ...]
    refused: tuple[tuple[FairnessMode, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOff:
    """A certified curve between geography and experience over the plans that attain every level before the score.

    Attributes
    ----------
    points
        From the nearest to the most experienced; none is as good as another in both criteria.
    regions
        Between each point and the next; one fewer than the points.
    cuts, ceilings
        Everything proved about all plans; ``envelope`` answers questions about it.
    n_filled, n_seats
        Filled seats of every plan, and seats per mentee.
    """

    points: tuple[TradeOffPoint, ...]
    regions: tuple[Region, ...]
    presets: tuple[PresetPoint, ...]
    fairness: FairnessAxis | None
    cuts: tuple[Cut, ...]
    ceilings: tuple[Ceiling, ...]
    n_filled: int
    n_seats: int
    problem_fingerprint: str
    policy_fingerprint: str
    seed: int

    @property
    def envelope(self) -> Envelope:
        """The upper envelope over the whole curve."""
        return Envelope(cuts=self.cuts, ceilings=self.ceilings)

    @property
    def is_complete(self) -> bool:
        """Whether no undiscovered plan is better than all points in some exchange, and all points are proved."""
        return all(region.is_closed for region in self.regions) and not any(point.gap for point in self.points)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; ``from_json`` reads them back to an equal curve."""
        found = _ADAPTER.dump_python(self, mode="json")
        assert isinstance(found, dict)
        return found

    @classmethod
    def from_json(cls, obj: Mapping[str, Any]) -> "TradeOff":
        """Read a curve that ``to_json`` wrote.

        Raises
        ------
        InvalidTradeOffError
            With the dotted path of the first value that does not fit, that is unknown, or that breaks the order.
        """
        try:
            found = _ADAPTER.validate_python(obj)
        except ValidationError as failure:
            fault = failure.errors(include_url=False, include_context=False, include_input=False)[0]
            raise InvalidTradeOffError(".".join(map(str, fault["loc"])) or "curve", fault["msg"]) from failure
        unlike = _first_difference(obj, found.to_json(), "")
        if unlike is not None:
            raise InvalidTradeOffError(unlike, "this is not what to_json writes; write the curve with to_json")
        for number, (one, other) in enumerate(itertools.pairwise(found.points)):
            if one.geography <= other.geography or one.experience >= other.experience:
                raise InvalidTradeOffError(
                    f"points.{number + 1}", "the points must lose geography and gain experience; write with to_json"
                )
        if len(found.regions) != max(0, len(found.points) - 1):
            raise InvalidTradeOffError("regions", "there must be one between each point and the next")
        return found


def _first_difference(given: object, written: object, path: str) -> str | None:
    """Return the path of the first value that differs from what would be written."""
    if isinstance(given, Mapping) and isinstance(written, Mapping):
        pairs = [(key, given.get(key), written.get(key)) for key in sorted({*given, *written}, key=str)]
    elif isinstance(given, list | tuple) and isinstance(written, list | tuple) and len(given) == len(written):
        pairs = [(index, one, other) for index, (one, other) in enumerate(zip(given, written, strict=True))]
    else:
        return None if given == written else path or "curve"
    for key, one, other in pairs:
        found = _first_difference(one, other, f"{path}.{key}".removeprefix("."))
        if found is not None:
            return found
    return None


_ADAPTER = TypeAdapter(TradeOff)
