"""A plan as chosen arcs; it computes its own objective from the problem's arrays, without any solver."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from matching.policy_options import FairnessMode
from matching.problem import I8, Component, ProblemData
from matching.teams import team_scores, uses_release


class LevelName(StrEnum):
    """Levels of the objective, most important first (domain 4.4)."""

    PINS = "PINS"
    SEATS_FILLED = "SEATS_FILLED"
    MENTEES_SERVED = "MENTEES_SERVED"
    PRIORITY = "PRIORITY"
    OVERLOAD = "OVERLOAD"
    FALLBACKS = "FALLBACKS"
    CHANGES = "CHANGES"
    FAIRNESS = "FAIRNESS"
    SCORE = "SCORE"
    LOAD = "LOAD"


MINIMISED = frozenset({LevelName.OVERLOAD, LevelName.FALLBACKS, LevelName.CHANGES, LevelName.LOAD})
SCALE_BY_LEVEL = {LevelName.PRIORITY: 10_000, LevelName.FAIRNESS: 10_000, LevelName.SCORE: 10_000}
"""Units per natural unit; 1 where missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The arc chosen for every seat.

    Attributes
    ----------
    chosen
        Per component ``int64`` (mentees, seats): arc index, -1 for an empty seat.
    """

    chosen: tuple[I8, ...]

    def objective(self, problem: ProblemData) -> dict[LevelName, int]:
        """Return the value of every level, summed over the components.

        Overload and load count what the plan adds: a mentor's mentees of other programmes raise the price of the
        next one, but are no merit or fault of the plan. FAIRNESS is the least score of a fully staffed team, 0
        without any (MAXMIN), or the sum of the ⌈n/10⌉ smallest team scores of all mentees (WORST_TENTH). CHANGES and
        FAIRNESS are left out unless they are levels of the run.
        """
        has_fairness = problem.fairness is not FairnessMode.NONE
        left_out = {LevelName.CHANGES: not problem.counts_changes, LevelName.FAIRNESS: not has_fairness}
        counted = [name for name in LevelName if not left_out.get(name, False)]
        total = dict.fromkeys(counted, 0)
        for component, chosen in zip(problem.components, self.chosen, strict=True):
            for name, value in _levels(component, chosen, problem).items():
                total[name] += value
        if has_fairness:
            total[LevelName.FAIRNESS] = self._fairness(problem)
        return total

    def _fairness(self, problem: ProblemData) -> int:
        parts = zip(problem.components, self.chosen, strict=True)
        return fairness_of([team_values(component, chosen, problem) for component, chosen in parts], problem.fairness)


def team_values(component: Component, chosen: I8, problem: ProblemData) -> tuple[I8, npt.NDArray[np.bool_]]:
    """Return the score of every team of a component and whether it has no empty seat; nothing without team terms."""
    if component.teams is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    scores = team_scores(component.teams, problem.team_terms, np.arange(len(chosen)), members_of(component, chosen))
    return scores, np.asarray((chosen >= 0).all(axis=1), dtype=bool)


def fairness_of(parts: Sequence[tuple[I8, npt.NDArray[np.bool_]]], mode: FairnessMode) -> int:
    """Return the fairness level over all components, from the scores of their teams and which have no empty seat."""
    scores = np.concatenate([scores for scores, _ in parts]) if parts else np.zeros(0, dtype=np.int64)
    if mode is FairnessMode.MAXMIN:
        is_full = np.concatenate([own for _, own in parts]) if parts else np.zeros(0, dtype=bool)
        return int(scores[is_full].min()) if is_full.any() else 0
    return worst_sum(scores, n_worst(len(scores)))


def n_worst(n_mentees: int) -> int:
    """Return m = ⌈n/10⌉, the mentees whose scores WORST_TENTH adds up."""
    return -(-n_mentees // 10)


def worst_sum(scores: I8, m: int) -> int:
    """Return the sum of the ``m`` smallest scores.

    Examples
    --------
    >>> worst_sum(np.array([70, 30, 50]), 2)
    80
    """
    return int(np.sort(scores)[:m].sum())


def person_loads(component: Component, chosen: I8) -> npt.NDArray[np.int64]:
    """Return how many mentees of this run every person serves, ``int64`` (persons,)."""
    used = chosen[chosen >= 0]
    if not len(used):
        return np.zeros(len(component.persons), dtype=np.int64)
    persons = component.person_of_mentor[component.arc_mentor[used]]
    return np.bincount(persons, minlength=len(component.persons)).astype(np.int64)


def members_of(component: Component, chosen: I8) -> I8:
    """Return the mentor of every seat, ``int64`` (mentees, seats), -1 for an empty seat."""
    if not len(component.arc_mentor):
        return np.full(chosen.shape, -1, dtype=np.int64)
    members: I8 = np.where(chosen >= 0, component.arc_mentor[chosen], -1).astype(np.int64)
    return members


def _levels(component: Component, chosen: I8, problem: ProblemData) -> dict[LevelName, int]:
    used = chosen[chosen >= 0]
    filled = chosen >= 0
    load, before = person_loads(component, chosen), component.active_load
    target = problem.load_target
    values = {
        LevelName.PINS: int(component.arc_pinned[used].sum()),
        LevelName.SEATS_FILLED: len(used),
        LevelName.MENTEES_SERVED: int(filled.any(axis=1).sum()),
        LevelName.PRIORITY: int((filled.sum(axis=1) * component.priority).sum()),
        LevelName.OVERLOAD: int((np.maximum(0, before + load - target) - np.maximum(0, before - target)).sum()),
        LevelName.FALLBACKS: int(component.arc_tier[used].sum(dtype=np.int64) + component.arc_released[used].sum()),
    }
    if component.teams is not None:
        rows, members = np.arange(len(chosen)), members_of(component, chosen)
        values[LevelName.FALLBACKS] += int(uses_release(component.teams, rows, members).sum())
    if problem.counts_changes:
        kept = int(component.arc_published[used].sum())
        values[LevelName.CHANGES] = (len(used) - kept) + (component.n_published - kept)
    if component.teams is None:
        values[LevelName.SCORE] = int(component.arc_score[used].sum())
    else:
        values[LevelName.SCORE] = int(team_scores(component.teams, problem.team_terms, rows, members).sum())
    values[LevelName.LOAD] = int(((before + load) ** 2 - before**2).sum())
    return values
