"""The whole problem a second time: variables, hard rules and levels, without anything of the special solvers.

One Boolean per admissible arc (mentee, seat, mentor). Rows: one mentor per seat; a person once per team and within his
capacity and slot caps; the rules on teams; the change budget over all components. Every level of domain 4.4 is an
expression to make as large as possible, the minimised ones with a minus sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.errors import SolverFailedError
from matching.policy_options import FairnessMode
from matching.problem import I8, Component, ProblemData
from matching.solution import LevelName, n_worst
from matching.solvers.cpsat.model import Expression, Model, groups, total
from matching.solvers.cpsat.terms import TeamRoom, team_scores
from matching.stability import holding_links

B1 = npt.NDArray[np.bool_]

FINE = 100_000
"""Fine units per score unit where scores are rounded: so fine that one team in a thousand is told apart by name."""

COARSE = 10
"""Fine units per score unit where they are not: 10⁻⁵ points, small numbers that the relaxation bears well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The variables of one component.

    Attributes
    ----------
    component
        What they stand for.
    x
        ``int64`` (arcs,): variable of every arc.
    size
        ``int64`` (mentees, seats): variable "more than so many members".
    scores
        ``int64`` (mentees,): variable of every team's score; empty for separable policies.
    most
        ``int64`` (mentees,): upper limits of the scores.
    holds
        ``bool`` (arcs,): links of the roster that hold.
    """

    component: Component
    x: I8
    size: I8
    scores: I8
    most: I8
    holds: B1


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A model with the levels it can be asked for, most important first, each to be made as large as possible."""

    model: Model
    parts: tuple[Part, ...]
    levels: tuple[tuple[LevelName, Expression], ...]
    rounds: bool


def state(problem: ProblemData, components: Sequence[Component], *, rounds: bool) -> Statement:
    """Return the model of some components of a problem; fairness and the change budget span those that are given.

    Parameters
    ----------
    rounds
        Whether teams count as many whole score units as they truly do. Otherwise they count unrounded fine units,
        which the linear relaxation bears better: bounds are then too wide by half a score unit per team.

    Raises
    ------
    SolverFailedError
        For a team term without a statement.
    """
    model = Model()
    parts, levels = [], []
    unit = max(1, int(np.gcd.reduce([0, *(int(p) for component in components for p in component.priority)])))
    for component in components:
        part, own = _state_component(model, component, problem, rounds, unit)
        parts.append(part)
        levels.append(own)
    if problem.max_changes is not None:
        _bound_changes(model, parts, problem.max_changes)
    joint = {name: total([own[name] for own in levels]) for name in levels[0]}
    if problem.fairness is not FairnessMode.NONE:
        joint[LevelName.FAIRNESS] = _fairness(model, parts, problem, rounds)
    n_seats = sum(part.size.size for part in parts)
    of_every_seat = {  # how many variables add up to the seats filled
        LevelName.MENTEES_SERVED: n_seats,
        LevelName.PRIORITY: n_seats,
        LevelName.OVERLOAD: len(joint[LevelName.LOAD].variables),
        LevelName.CHANGES: sum(len(part.x) for part in parts),
        LevelName.LOAD: len(joint[LevelName.LOAD].variables),
    }
    ordered = tuple(
        (name, joint[name])
        for name in LevelName
        if name in joint and not _is_settled(joint[name], of_every_seat.get(name, -1))
    )
    return Statement(model=model, parts=tuple(parts), levels=ordered, rounds=rounds)


def _is_settled(level: Expression, count: int) -> bool:
    """Whether a level is constant, or a multiple of the seats filled because all of ``count`` variables count alike."""
    is_uniform = bool((level.coefficients == level.coefficients[:1]).all())
    return level.low == level.high or (is_uniform and len(level.variables) == count)


def _state_component(
    model: Model, component: Component, problem: ProblemData, rounds: bool, unit: int
) -> tuple[Part, dict[LevelName, Expression]]:
    n, k = len(component.mentees), component.n_seats
    mentee, seat = component.arc_mentee.astype(np.int64), component.arc_seat.astype(np.int64)
    person = component.person_of_mentor[component.arc_mentor] if len(mentee) else mentee
    x = model.bools(len(mentee))
    for own in groups(mentee * k + seat):
        model.sum_at_most(x[own], 1)
    free = component.free_capacity[person]
    shared = np.flatnonzero(free > 1)  # whoever serves once at most needs no row of his own per team
    for own in groups(mentee[shared] * max(1, len(component.persons)) + person[shared]):
        model.sum_at_most(x[shared[own]], 1)
    for own in groups(person):
        model.sum_at_most(x[own], int(free[own[0]]))
    for own in groups(person * k + seat):
        cap = problem.slot_caps[int(seat[own[0]])]
        if cap is not None and cap < free[own[0]]:
            model.sum_at_most(x[own], cap)

    size = model.bools(n * k).reshape(n, k)
    bounds = np.searchsorted(mentee, np.arange(n + 1))
    arcs = [np.arange(bounds[row], bounds[row + 1]) for row in range(n)]
    for row in range(n):
        model.row([*x[arcs[row]].tolist(), *size[row].tolist()], [1] * len(arcs[row]) + [-1] * k, low=0, high=0)
        for more, less in zip(size[row, 1:].tolist(), size[row, :-1].tolist(), strict=True):
            model.row([less, more], [1, -1], low=0)

    units, unit_load = _units(model, component, x, mentee, person)
    releases = _rules(model, component, x, arcs)
    scores = most = np.zeros(0, dtype=np.int64)
    if component.teams is not None:
        room = TeamRoom(
            model=model, component=component, arrays=component.teams, x=x, arcs=arcs, size=size,
            fine=FINE if rounds else COARSE,
            worth=np.zeros(len(x)), parts=[[] for _ in range(n)], error=np.zeros(n), least=np.zeros(n),
        )  # fmt: skip
        scores, most = team_scores(room, problem, rounds=rounds)
        if problem.forbids_weak:
            for variable in room.is_weak(problem.params_of("weak")).tolist():
                model.row([variable], [1], high=0)
    part = Part(component=component, x=x, size=size, scores=scores, most=most, holds=holding_links(component, problem))
    counted, worth = (x, component.arc_score) if component.teams is None else (scores, np.ones(n, dtype=np.int64))
    n_full, scale = n * k, 1 if rounds or component.teams is None else COARSE
    tiers = component.arc_tier.astype(np.int64) + component.arc_released
    levels = {
        LevelName.PINS: _sum(model, x, component.arc_pinned, most=component.n_pins),
        LevelName.SEATS_FILLED: _sum(model, x, np.ones(len(x)), most=n_full),
        LevelName.MENTEES_SERVED: _sum(model, size[:, 0], np.ones(n)),
        LevelName.PRIORITY: _sum(model, size.ravel(), np.repeat(component.priority // unit, k), unit=unit),
        LevelName.OVERLOAD: _sum(model, units, -(unit_load > problem.load_target).astype(np.int64)),
        LevelName.FALLBACKS: _sum(
            model,
            np.concatenate((x, releases)),
            -np.concatenate((tiers, np.ones(len(releases), dtype=np.int64))),
            least=-int(tiers.max(initial=0)) * n_full - len(releases),
        ),
        LevelName.SCORE: replace(_sum(model, counted, worth), fine=scale, slack=len(scores) * (scale // 2)),
        LevelName.LOAD: _sum(model, units, 1 - 2 * unit_load),
    }
    if problem.counts_changes:
        change = 2 * component.arc_published.astype(np.int64) - 1
        levels[LevelName.CHANGES] = _sum(model, x, change, least=-n_full, most=n_full, constant=-component.n_published)
    return part, levels


def _sum(
    model: Model,
    variables: I8,
    coefficients: npt.NDArray[np.generic],
    *,
    least: int | None = None,
    most: int | None = None,
    constant: int = 0,
    unit: int = 1,
) -> Expression:
    """Return Σ coefficients · variables + constant; its range is that of the domains unless a rule says more."""
    numbers = coefficients.astype(np.int64)
    used = numbers != 0
    variables, numbers = variables[used], numbers[used]
    low = np.array([model.low[variable] for variable in variables.tolist()], dtype=np.int64)
    high = np.array([model.high[variable] for variable in variables.tolist()], dtype=np.int64)
    below = int(np.minimum(numbers * low, numbers * high).sum())
    above = int(np.maximum(numbers * low, numbers * high).sum())
    return Expression(
        variables=variables,
        coefficients=numbers,
        constant=constant,
        low=constant + (below if least is None else max(least, below)),
        high=constant + (above if most is None else min(most, above)),
        unit=unit,
    )


def _units(model: Model, component: Component, x: I8, mentee: I8, person: I8) -> tuple[I8, I8]:
    """Return a variable per possible mentee of every person, used from the first on, and the load it brings him to."""
    variables, loads = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for own in groups(person):
        who = int(person[own[0]])
        count = min(int(component.free_capacity[who]), len(np.unique(mentee[own])))
        if count < 1:
            continue
        units = model.bools(count)
        numbers = [1] * len(own) + [-1] * count
        model.row(np.concatenate((x[own], units)), numbers, low=0, high=0)
        for first, second in zip(units[:-1].tolist(), units[1:].tolist(), strict=True):
            model.row([first, second], [1, -1], low=0)
        variables.append(units)
        loads.append(component.active_load[who] + np.arange(1, count + 1))
    return np.concatenate(variables), np.concatenate(loads)


def _rules(model: Model, component: Component, x: I8, arcs: Sequence[I8]) -> I8:
    """Write the rules on who may sit together; return the variables "the release of this mentee is used"."""
    arrays = component.teams
    if arrays is None:
        return np.zeros(0, dtype=np.int64)
    releases = []
    for row, own in enumerate(arcs):
        mentors = component.arc_mentor[own]
        away = x[own[arrays.is_away[row, mentors]]]
        limit = int(arrays.most_away[row])
        if not arrays.has_release[row]:
            if len(away) > limit:
                model.row(away, np.ones(len(away), dtype=np.int64), high=limit)
        elif len(away) > limit:
            (release,) = model.bools(1).tolist()
            model.row([*away.tolist(), release], [1] * len(away) + [-1], high=limit)
            releases.append(release)
        of_village = x[own[arrays.is_of_village[row, mentors]]]
        model.sum_at_most(of_village, int(arrays.most_of_village[row]))
    return np.array(releases, dtype=np.int64)


def _bound_changes(model: Model, parts: Sequence[Part], most: int) -> None:
    """Write Σ over links that hold of [missing] + [another in its seat] ≤ ``most`` (definition in ``stability``)."""
    variables: list[int] = []
    numbers: list[int] = []
    n_links = 0
    for part in parts:
        component = part.component
        key = component.arc_mentee.astype(np.int64) * component.n_seats + component.arc_seat
        others = np.isin(key, key[part.holds]) & ~part.holds
        n_links += int(part.holds.sum())
        variables += part.x[part.holds].tolist() + part.x[others].tolist()
        numbers += [-1] * int(part.holds.sum()) + [1] * int(others.sum())
    if n_links:
        model.row(variables, numbers, high=most - n_links)


def _fairness(model: Model, parts: Sequence[Part], problem: ProblemData, rounds: bool) -> Expression:
    """Return the fairness level over all teams.

    MAXMIN: a threshold that every full team reaches; without any full team it stands above every score. WORST_TENTH:
    m·t - Σ max(0, t - s), whose largest value over t is the sum of the m smallest scores.
    """
    scores = np.concatenate([part.scores for part in parts])
    if not len(scores):
        raise SolverFailedError("fairness needs teams, and this problem has none; build it with teamObjective TEAMS")
    full = np.concatenate([part.size[:, -1] for part in parts])
    fine = 1 if rounds else COARSE
    low = min(model.low[score] for score in scores.tolist())
    high = max(model.high[score] for score in scores.tolist()) + 1
    (level,) = model.integers(np.array([low]), np.array([high])).tolist()
    if problem.fairness is FairnessMode.MAXMIN:
        for score, whole in zip(scores.tolist(), full.tolist(), strict=True):
            slack = high - model.low[score]
            model.row([score, level, whole], [1, -1, -slack], low=-slack)
        one = np.array([level], dtype=np.int64)
        return Expression(
            variables=one, coefficients=np.ones_like(one), constant=0, low=low, high=high, fine=fine, slack=fine // 2
        )
    depth = np.full(len(scores), high - low, dtype=np.int64)
    depths = model.integers(np.zeros_like(depth), depth)
    for score, own in zip(scores.tolist(), depths.tolist(), strict=True):
        model.row([own, level, score], [1, -1, 1], low=0)
    m = n_worst(problem.n_mentees)
    return Expression(
        variables=np.append(depths, level),
        coefficients=np.append(np.full(len(depths), -1), m),
        constant=0,
        low=m * low,
        high=m * (high - 1),
        fine=fine,
        slack=m * (fine // 2),
    )
