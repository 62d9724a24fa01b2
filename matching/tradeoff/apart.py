"""The points of a curve, found in a process of their own: the caller's limits end it, and points found by then stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from matching.apart import Tell, work_apart
from matching.control import Control, Interrupted, Phase, StoppedBy
from matching.facts import Facts
from matching.policy import Policy
from matching.policy_options import Weights
from matching.problem import ProblemData
from matching.tradeoff.points import Link, PointMethod
from matching.tradeoff.run import explored_curve, links_of, weights_of
from matching.tradeoff.state import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One point of a curve and the plan behind it; see ``TradeOffPoint`` for the fields.

    Examples
    --------
    >>> from matching import PRESETS
    >>> from matching.generate import Shape, generate_facts
    >>> facts = generate_facts(7, Shape(n_mentees=8, n_mentors=20))
    >>> [point.method.value for point in curve(facts, PRESETS["TONGREN_2_PLUS_1"], n_points=2).points]
    ['NEAREST', 'MOST_EXPERIENCED']
    """

    method: PointMethod
    weights: Weights | None
    epsilon: int | None
    geography: int
    experience: int
    value: int
    bound: int
    gap: float
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveResult:
    """The points of a curve from the nearest to the most experienced.

    Attributes
    ----------
    points
        Those found until the end: of a curve that was cut, fewer than there would be, and perhaps none.
    stopped_by
        ``None`` when the curve was worked on to its end.
    """

    points: tuple[CurvePoint, ...]
    stopped_by: StoppedBy | None
    seconds: float


def curve(facts: Facts, policy: Policy, *, n_points: int, seed: int = 0, control: Control | None = None) -> CurveResult:
    """Return the points of ``trade_off``, without its presets and proofs; with a control that can end it, apart.

    Raises
    ------
    InvalidPolicyError, InvalidTradeOffError
        See ``trade_off``.
    SolverFailedError
        When the process died.
    """
    control = control or Control()
    control.begin()
    known: list[CurvePoint] = []

    def keep(points: Sequence[CurvePoint]) -> None:
        known[:] = points
        control.tell(Phase.TRADE_OFF, len(points), n_points, None, None)

    if not control.has_limit:
        known = _points(keep, facts, policy, n_points=n_points, seed=seed)
        return CurveResult(points=tuple(known), stopped_by=None, seconds=control.seconds)
    stopped_by = None
    try:
        known = work_apart(_points, facts, policy, control=control, on_news=keep, n_points=n_points, seed=seed)
    except Interrupted as end:
        stopped_by = end.by
    return CurveResult(points=tuple(known), stopped_by=stopped_by, seconds=control.seconds)


def _points(tell: Tell, facts: Facts, policy: Policy, *, n_points: int, seed: int) -> list[CurvePoint]:
    def show(free: Policy, problem: ProblemData, front: Sequence[Found]) -> None:
        tell([_point(free, problem, found) for found in front])

    free, problem, explored = explored_curve(facts, policy, n_points=n_points, seed=seed, on_front=show)
    return [_point(free, problem, found) for found in explored.front]


def _point(policy: Policy, problem: ProblemData, found: Found) -> CurvePoint:
    return CurvePoint(
        method=found.method,
        weights=weights_of(policy, found),
        epsilon=found.epsilon,
        geography=found.geography,
        experience=found.experience,
        value=found.value,
        bound=found.bound,
        gap=found.gap,
        links=links_of(problem, found.plan),
    )


def curve_to_json(result: CurveResult) -> dict[str, Any]:
    """Return a curve as plain JSON values; ``curve_from_json`` reads it back."""
    value: dict[str, Any] = _CURVE.dump_python(result, mode="json")
    return value


def curve_from_json(obj: Mapping[str, Any]) -> CurveResult:
    """Read a curve that ``curve_to_json`` wrote."""
    return _CURVE.validate_python(obj)


_CURVE = TypeAdapter(CurveResult)
