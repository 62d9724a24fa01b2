"""The plan of a repair: what is still valid stays, free seats are filled, and a budget may move some more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.errors import InvalidPolicyError
from matching.policy_options import FairnessMode
from matching.problem import Component, Hold, ProblemData
from matching.repair.held import Held
from matching.solution import LevelName, Solution
from matching.solvers import flow
from matching.solvers.repair.budget import change_cost, solve_within
from matching.solvers.repair.part import Part, part_of
from matching.solvers.repair.prices import seat_prices
from matching.solvers.teams import solve as teams
from matching.solvers.teams.face import pair_flags

I8 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A repaired plan.

    Attributes
    ----------
    kept
        Per component ``int64`` (mentees, seats): the links that stay when nobody else moves, -1 elsewhere.
    chosen
        Per component ``int64`` (mentees, seats): the plan.
    bounds
        Bounds of the levels that are not proved.
    n_moves
        Changed links beyond the forced ones.
    """

    kept: tuple[I8, ...]
    chosen: tuple[I8, ...]
    bounds: dict[LevelName, int]
    n_moves: int


def repaired(problem: ProblemData, held: Sequence[Held], *, max_changes: int | None, seed: int) -> Repaired:
    """Fill the free seats, with every link that is certain in its place, then use the budget.

    Raises
    ------
    InvalidPolicyError, SolverFailedError
        See ``solvers.flow``.
    """
    chosen, bounds = _fill_free_seats(problem, held, seed)
    kept = tuple(
        np.where((plan >= 0) & _at(component.arc_published, plan), plan, -1)
        for component, plan in zip(problem.components, chosen, strict=True)
    )
    if max_changes == 0:
        return Repaired(kept=kept, chosen=tuple(chosen), bounds=bounds, n_moves=0)
    found = solve_within(problem, chosen, budget=max_changes, seed=seed)
    return Repaired(kept=kept, chosen=found.chosen, bounds=found.bounds, n_moves=found.changes)


def budget_offers(problem: ProblemData, plan: Repaired) -> tuple[tuple[int, int], ...] | None:
    """Return what a budget would buy, from a plan that moves nobody, as ``(max_changes, further seats filled)``.

    One entry per number of changes at which another seat can be filled. ``None`` where a slot cap keeps this form from
    knowing.
    """
    prices: list[int] = []
    for component, chosen, kept in zip(problem.components, plan.chosen, plan.kept, strict=True):
        try:
            prices += seat_prices(component, problem, chosen, change_cost(component, kept))
        except InvalidPolicyError:
            return None
    spent = np.cumsum(sorted(prices)).tolist()
    return tuple((changes, seats) for seats, changes in enumerate(spent, start=1))


def _fill_free_seats(problem: ProblemData, held: Sequence[Held], seed: int) -> tuple[list[I8], dict[LevelName, int]]:
    """Solve the mentees with a free seat or a contending link; everybody else is certain."""
    parts = [
        (index, part_of(component, rows, own.fixed))
        for index, (component, own, rows) in enumerate(
            zip(problem.components, held, _open_rows(problem, held), strict=True)
        )
        if len(rows)
    ]
    inner = replace(problem, components=tuple(_holding(part, problem) for _, part in parts))
    plans: list[I8] = []
    bounds: dict[LevelName, int] = {}
    if problem.team_terms:
        solved, bounds = teams.solve_components(inner, seed=seed)
        plans += solved
    else:
        plans += [flow.solve_component(component, inner, seed=seed) for component in inner.components]
    chosen = [own.fixed.copy() for own in held]
    for (index, part), plan in zip(parts, plans, strict=True):
        chosen[index][part.rows] = part.whole(plan)
    values = Solution(chosen=tuple(plans)).objective(inner)
    totals = Solution(chosen=tuple(chosen)).objective(problem)
    # What is certain adds the same to every plan.
    return chosen, {name: totals[name] + bound - values[name] for name, bound in bounds.items()}


def _open_rows(problem: ProblemData, held: Sequence[Held]) -> list[I8]:
    """Return the mentees to solve per component: those with a free seat or a contending link.

    A slot cap looks at everybody of the component, and fairness at everybody of the programme; then those who keep
    their mentors are solved along, with no choice left to them.
    """
    is_open = [np.asarray((own.fixed < 0).any(axis=1), dtype=bool) for own in held]
    has_caps = any(cap is not None for cap in problem.slot_caps)
    is_fair = problem.fairness is not FairnessMode.NONE and any(own.any() for own in is_open)
    return [np.arange(len(own)) if is_fair or (has_caps and own.any()) else np.flatnonzero(own) for own in is_open]


def _holding(part: Part, problem: ProblemData) -> Component:
    """Return the part with its links of the published roster held right after the pins."""
    component = part.component
    is_held = component.arc_published
    if component.teams is not None:  # a link whose seat a pin gives to somebody else cannot be kept
        held = replace(component, hold=Hold(arc_cost=np.zeros(len(is_held), dtype=np.int64)))
        at = (component.arc_mentee, component.arc_seat, component.arc_mentor)
        is_held = pair_flags(held, problem).is_published[at]
    return replace(component, hold=Hold(arc_cost=-is_held.astype(np.int64)))


def _at(flags: npt.NDArray[np.bool_], plan: I8) -> npt.NDArray[np.bool_]:
    return flags[plan] if len(flags) else np.zeros(plan.shape, dtype=bool)
