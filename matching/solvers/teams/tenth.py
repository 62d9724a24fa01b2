"""The levels under WORST_TENTH over all components: which numbers cross between them, and the bounds of both levels.

W, the sum of the m = ⌈n/10⌉ least scores, is lifted by a fixed point: t is the m-th least score of the joined plan, every
component is searched for t on its own, and so on. Then one list of intervals of t bounds W, and the score among all
plans whose W is at least what was attained. Few teams are decided in one model, exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.solution import n_worst, worst_sum
from matching.solvers.teams.columns import I8
from matching.solvers.teams.joint import FEW_TEAMS, decide_together, few_teams
from matching.solvers.teams.steps import Run
from matching.solvers.teams.worst import PURE, WEIGHT, Reach, Settled, interval_bound, lift, reach, settle

LIFTS = 3
"""Rounds of the fixed point; measured: t within half a per cent after three."""

WIDTH, GROWTH = 800, 2
"""Width of the intervals next to the t of the plan, in units of 10⁻⁴ points, and how it grows from one to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenth:
    """A plan of all components with bounds of its two levels.

    Attributes
    ----------
    members
        Per component ``int64`` (mentees, seats), in any order of seats.
    worst_bound
        No plan that attains the integer levels has a larger W.
    score_bound
        None of those whose W is at least that of this plan has a larger Σ score.
    """

    members: list[I8]
    worst_bound: int
    score_bound: int


def worst_tenth(run: Run, n_mentees: Sequence[int], *, seed: int) -> Tenth:
    """Return a plan with a large W and then a large score."""
    everybody: list[tuple[int, tuple[()]]] = [(index, ()) for index in range(len(n_mentees))]
    m = n_worst(sum(n_mentees))
    if m == 0:
        return Tenth(members=run(_start, everybody), worst_bound=0, score_bound=0)
    reaches = run(reach, everybody)
    if sum(found.n_teams for found in reaches) <= FEW_TEAMS:
        exact = decide_together(run(few_teams, everybody), m, seed=seed)
        if exact is not None:
            return Tenth(members=exact.members, worst_bound=exact.worst_bound, score_bound=exact.score_bound)
    settled, threshold = _settled(run, len(n_mentees), m, seed)
    scores = np.concatenate([found.score for found in settled])
    attained = worst_sum(scores, m)
    edges = _edges(attained // m, int(np.sort(scores)[m - 1]), highest_threshold(reaches, m))
    asked = _Asked(run=run, settled=settled, threshold=threshold, m=m)
    trivial = worst_sum(np.concatenate([found.alone for found in reaches]), m)
    worst_bound, score_bound = attained, int(scores.sum())
    most_score = sum(found.score for found in reaches)
    for interval in zip(edges, edges[1:], strict=False):
        total = asked.total(interval, PURE)
        # Of a plan with W above the attained value, every other team scores at least its t, so at least W / m.
        least_score = n_least_score(attained, m, len(scores))
        bound = trivial if total is None else min(trivial, (total + PURE * m * interval[1] - least_score) // PURE)
        worst_bound = max(worst_bound, bound)
        if bound >= attained:
            total = asked.total(interval, WEIGHT)
            best = most_score if total is None else total + WEIGHT * (m * interval[1] - attained)
            score_bound = max(score_bound, min(most_score, best))
    return Tenth(members=[found.members for found in settled], worst_bound=worst_bound, score_bound=score_bound)
