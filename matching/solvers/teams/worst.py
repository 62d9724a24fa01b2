"""The worst tenth: the steps that one component contributes to the largest sum W of the m = ⌈n/10⌉ least team scores.

W = max over t of m·t - Σ_i max(0, t - s_i) (Ogryczak and Tamir 2003), attained where t is the m-th least score. So for
a given t a team counts its score plus WEIGHT times what it lacks of t, which is an ordinary aim.

A bound must hold for every t. Where the m-th least score of a plan lies between a and b, the teams below a are among
the m worst, and the others of these score at most b: W <= m·b + Σ_{s_i < a} (s_i - b). So a team counts s - b below a
and nothing above, and any prices bound that sum. What is lost grows with the square of the width: a dozen intervals,
narrow near the t of the plan, bound W within some hundredths of a per cent. From one interval to the next the price of
all persons moves with b, as the price of a second mentor for a half-empty team does.
"""

from dataclasses import dataclass, replace

import numpy as np

from matching.solvers.teams.aim import SCORE, Aim, score_and_worst
from matching.solvers.teams.alternate import alternate, near_choice, plan_columns, positions, seeds
from matching.solvers.teams.close import Deepening, deepen
from matching.solvers.teams.columns import (
    I8,
    Columns,
    Room,
    best_known,
    edges_of,
    joined,
    scored,
    unique,
)
from matching.solvers.teams.dual import FIRST_ROUNDS, tighten
from matching.solvers.teams.pricing import teams_above, upper_bound
from matching.solvers.teams.simplex import polish

WEIGHT = 60
"""Points of score that one point of the worst tenth is worth while both are searched for. Measured on eight components
of 152 × 304: W within 0.04 % of its bound and the score within 0.29 %; with 30, 0.08 and 0.15 %."""

PURE = 100_000
"""The same for the prices that bound W alone; a little of the score keeps searches and lists from ties."""

STEPS = 16
"""Steps of alternation."""

ROUNDS, PURE_ROUNDS = 4, 3
"""Rounds of the linear program for either kind of prices."""

SEARCHES = Deepening(slack=8_000, effort=0.3, most=2, goal=3e-4)
"""Searches near the prices of the linear program."""

STEEP = 8
"""Times the weight: slope of the aim that keeps most teams below the step out of the list; products stay below 2⁴⁰."""

MOST_TEAMS = 400_000
"""Teams that one list for the bounds may look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What no plan of a component can exceed, and a first plan.

    Attributes
    ----------
    members
        ``int64`` (mentees, seats): the plan of the integer levels, in any order of seats.
    alone
        ``int64`` (mentees,): no team of the mentee scores more.
    n_empty
        Seats that stay empty in every plan.
    n_partial, partial
        At least so many mentees have an empty seat, and no team with an empty seat scores more than ``partial``.
    score
        Most that Σ score can be, by the separable relaxation.
    """

    members: I8
    alone: I8
    n_empty: int
    n_partial: int
    partial: int
    score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """A plan of a component: ``int64`` (mentees, seats) in any order of seats, and ``int64`` (mentees,) scores."""

    members: I8
    score: I8


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A plan of a component for a threshold.

    Attributes
    ----------
    members
        ``int64`` (mentees, seats), in any order of seats.
    score
        ``int64`` (mentees,).
    price, pure_price
        ``int64`` (persons,): prices under the score and WEIGHT, and under the score and PURE; ``None`` where the teams
        are too many to be priced.
    """

    members: I8
    score: I8
    price: I8 | None
    pure_price: I8 | None


def reach(room: Room) -> Reach:
    """Return simple limits of the scores of a component, and a plan to start from."""
    face, n, k = room.face, room.n_mentees, room.n_seats
    order = np.lexsort((-face.hope, face.edge_mentee))
    rank = np.arange(len(order)) - face.first[face.edge_mentee[order]]
    top = np.zeros((n, k), dtype=np.int64)
    near = order[rank < k]
    top[face.edge_mentee[near], rank[rank < k]] = face.hope[near]
    total = np.maximum.accumulate(
        np.concatenate((np.zeros((n, 1), dtype=np.int64), top.cumsum(axis=1)), axis=1), axis=1
    )
    alone = total[np.arange(n), np.minimum(k, face.most_size)]
    n_empty = int((face.start < 0).sum())
    most_empty = int((k - face.least_size).max(initial=0))
    n_partial = max(-(-n_empty // most_empty) if n_empty else 0, int((face.most_size < k).sum()))
    can = face.least_size < k
    partial = int(total[can, np.minimum(k - 1, face.most_size[can])].max(initial=0))
    return Reach(
        members=face.start, alone=alone, n_empty=n_empty, n_partial=n_partial, partial=partial, score=face.hope_bound
    )


def lift(room: Room, members: I8 | None, threshold: int | None, seed: int) -> Lifted:
    """Return a plan and its scores after some steps of alternation for the score and a threshold, ``None`` for none."""
    asked = replace(room, aim=SCORE if threshold is None else score_and_worst(threshold, WEIGHT))
    start = room.face.start if members is None else members
    plan = scored(asked, np.arange(room.n_mentees), start)
    if len(room.face.edge_mentor):
        plan = _alternated(asked, plan, seed)[0]
    return Lifted(members=plan.members, score=plan.score)


def settle(room: Room, members: I8, threshold: int, seed: int) -> Settled:
    """Return the best plan for the score and WEIGHT times what is lacking of a threshold, and prices for bounds."""
    asked = replace(room, aim=score_and_worst(threshold, WEIGHT))
    plan = scored(asked, np.arange(room.n_mentees), members)
    if not len(room.face.edge_mentor):
        return Settled(members=plan.members, score=plan.score, price=room.face.price, pure_price=room.face.price)
    plan, pool = _alternated(asked, plan, seed)
    bound = tighten(asked, pool, room.face.price, int(plan.value.sum()), FIRST_ROUNDS)
    if bound is None:
        return Settled(members=plan.members, score=plan.score, price=None, pure_price=None)
    bound = polish(asked, plan, bound, rounds=ROUNDS)
    for found in deepen(asked, plan, bound, SEARCHES, seed=seed):
        plan = found.plan
    pure = replace(room, aim=score_and_worst(threshold, PURE))
    price = np.rint(bound.price * (PURE / WEIGHT)).astype(np.int64)
    again = replace(bound, value=1 << 60, price=price, pool=bound.pool.aimed(pure.aim))
    return Settled(
        members=plan.members,
        score=plan.score,
        price=bound.price,
        pure_price=polish(pure, plan.aimed(pure.aim), again, rounds=PURE_ROUNDS).price,
    )


def _alternated(room: Room, plan: Columns, seed: int) -> tuple[Columns, Columns]:
    first = edges_of(room, plan.members)
    choice = near_choice(room, room.face.price, first)
    steps, choice = alternate(
        room, choice, positions(choice, first), np.random.default_rng(seeds(room.component, seed)), STEPS
    )
    plan = plan_columns(room, choice, steps)
    return plan, unique(joined(plan, choice.columns), room.n_mentors)


def interval_bound(room: Room, members: I8, price: I8, interval: tuple[int, int], weight: int) -> int | None:
    """Return the most that the teams of a plan can count together, for plans whose own t lies in an interval.

    A team of score s counts s, and ``weight`` · (s - b) more if s is below a, where the interval is (a, b).

    Parameters
    ----------
    members
        ``int64`` (mentees, seats): a good plan.
    price
        ``int64`` (persons,): any prices.

    Returns
    -------
    int or None
        ``None`` where the teams are too many to be listed.
    """
    low, high = interval
    known = scored(room, np.arange(room.n_mentees), members)
    known = replace(known, value=_stepped(known.score, interval, weight))
    # The step is the greater of two concave aims below and above it; each lists what is better than all known teams.
    for slope, corner in ((STEEP * weight, low), (weight, high)) if len(room.face.edge_mentor) else ():
        pieces = ((1 + slope, -slope * corner), (1, 0))
        asked = replace(room, aim=Aim(full=pieces, partial=pieces))
        found = teams_above(asked, price, best_known(asked, known, price) + 1, most=MOST_TEAMS)
        if found is None:
            return None
        known = joined(known, replace(found, value=_stepped(found.score, interval, weight)))
    return upper_bound(room, price, best_known(room, known, price))


def retuned(room: Room, members: I8, price: I8, threshold: int, weight: int) -> I8:
    """Return prices for bounds at another threshold, starting from some; the same where they cannot be improved."""
    asked = replace(room, aim=score_and_worst(threshold, weight))
    plan = scored(asked, np.arange(room.n_mentees), members)
    if not len(room.face.edge_mentor):
        return price
    choice = near_choice(asked, price // weight, edges_of(room, members))
    pool = unique(joined(plan, choice.columns), room.n_mentors)
    bound = tighten(asked, pool, price, int(plan.value.sum()), FIRST_ROUNDS)
    return price if bound is None else polish(asked, plan, bound, rounds=ROUNDS).price


def _stepped(scores: I8, interval: tuple[int, int], weight: int) -> I8:
    low, high = interval
    stepped: I8 = scores + weight * np.where(scores >= low, 0, scores - high)
    return stepped
