"""Max-min fairness: the largest t such that every team without an empty seat can score t (domain 4.4, level 5).

For a fixed t a plan counts what its full teams lack of t, and the question is whether a plan that attains the integer
levels lacks nothing. Alternation answers most yes-questions. Where it gets stuck, the mentees below t and those whose
mentors they would need are decided together: all their teams at or above t, within the loads, everybody else ignored.
If these few cannot all reach t, nobody can: that is a proof. Else the mentees who would lose a mentor join, until a
plan is found or the question has grown too large. Bisection over t needs few questions, because every plan found raises
t to its own least score. Components meet only in the scalar t: one that reaches the least t of those before it needs no
search of its own.
"""

from dataclasses import dataclass, replace

import numpy as np
from ortools.sat.python import cp_model

from matching.criteria import SCORE_UNIT
from matching.solvers.teams.aim import SCORE, below
from matching.solvers.teams.alternate import alternate, near_choice, plan_columns, positions
from matching.solvers.teams.close import solver_of, uses_by_person
from matching.solvers.teams.columns import B1, I8, Columns, Room, best_known, edges_of, is_full, joined, scored
from matching.solvers.teams.pricing import teams_above

HIGHEST = 200 * SCORE_UNIT
"""Above any team score: a plan without any full team holds every floor."""

STEPS = 24
"""Steps of alternation per question."""

MOST_COLUMNS = 40_000
"""Teams that one joint decision may look at."""

EFFORT = 1.0
"""Deterministic time of one joint decision."""

_NEVER = 1 << 50
"""Threshold that no team reaches: mentees who are not asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The best floor of a component.

    Attributes
    ----------
    value
        Every team of ``members`` without an empty seat scores at least this.
    bound
        No plan that attains the integer levels has a higher least score; HIGHEST where the ceiling was reached.
    members
        ``int64`` (mentees, seats): the plan, in any order of seats.
    """

    value: int
    bound: int
    members: I8


def highest_floor(room: Room, members: I8, ceiling: int, rng: np.random.Generator, *, seed: int) -> Floor:
    """Return the highest floor up to ``ceiling`` that a plan of the component can hold.

    Parameters
    ----------
    members
        ``int64`` (mentees, seats): any plan that attains the integer levels.
    ceiling
        Higher floors are of no use, because another component cannot hold them.
    """
    plan = scored(room, np.arange(room.n_mentees), members)
    value = min(ceiling, _least(plan))
    high = proved = min(ceiling, _highest_alone(room))
    ask = high
    while value < high:
        found = _plan_at(room, plan, ask, rng, seed=seed)
        if isinstance(found, Columns):
            plan, value = found, min(ceiling, _least(found))
        else:
            high = max(value, ask - 1)
            proved = high if found else proved
        ask = value + (high - value + 1) // 2
    bound = HIGHEST if value == ceiling else max(value, proved)
    return Floor(value=value, bound=bound, members=plan.members)


def _highest_alone(room: Room) -> int:
    """Return the least, over the mentees whose teams must be full, of the best full team that each could have alone."""
    asked, face = replace(room, aim=SCORE), room.face
    nothing = np.zeros(len(room.component.persons), dtype=np.int64)
    must = face.least_size == room.n_seats
    if not must.any():
        return HIGHEST
    own = np.full(room.n_mentees, _NEVER)
    own[must] = 0
    start = scored(asked, np.arange(room.n_mentees), face.start)
    own[must] = np.maximum(0, start.score[must])
    found = teams_above(asked, nothing, own)
    if found is None:
        return HIGHEST
    best = best_known(asked, joined(found, start), nothing)
    return int(best[must].min())


def _least(plan: Columns) -> int:
    return int(plan.score[is_full(plan.members)].min(initial=2**40))


def _plan_at(room: Room, plan: Columns, floor: int, rng: np.random.Generator, *, seed: int) -> Columns | bool:
    """Return a plan that holds the floor, ``True`` when none exists, ``False`` when the question stays open."""
    asked = replace(room, aim=below(floor))
    start = edges_of(room, plan.members)
    choice = near_choice(asked, room.face.price, start)
    steps, choice = alternate(asked, choice, positions(choice, start), rng, STEPS)
    now = plan_columns(asked, choice, steps)
    is_asked = np.asarray(now.value < 0, dtype=bool)
    while is_asked.any():
        answer = _together(asked, now, is_asked, seed=seed)
        if isinstance(answer, bool):
            return answer
        now, is_asked = answer
    return now


def _together(room: Room, now: Columns, is_asked: B1, *, seed: int) -> tuple[Columns, B1] | bool:
    """Decide the teams of some mentees together, with as few others disturbed as possible.

    Returns
    -------
    tuple or bool
        The plan, when nobody else is disturbed, or the same plan and more mentees to ask about; ``True`` when the
        mentees cannot all reach the floor, ``False`` when the question is too large.
    """
    face, persons = room.face, room.component.person_of_mentor
    nothing = np.zeros(len(room.component.persons), dtype=np.int64)
    wanted = teams_above(room, nothing, np.where(is_asked, 0, _NEVER), most=20 * MOST_COLUMNS)
    if wanted is None or len(wanted.value) > MOST_COLUMNS:
        return False
    rows = np.flatnonzero(is_asked)
    counts = np.bincount(wanted.mentee, minlength=room.n_mentees)[rows]
    if not counts.all():
        return True
    model = cp_model.CpModel()
    uses = [model.new_bool_var("") for _ in range(len(wanted.value))]
    order = np.argsort(wanted.mentee, kind="stable")
    for own in np.split(order, np.cumsum(counts)[:-1]):
        model.add_exactly_one([uses[index] for index in own.tolist()])
    others = now.members[~is_asked]
    kept = np.bincount(persons[others[others >= 0]], minlength=len(face.most_load))
    mine = now.members[is_asked]
    held = np.bincount(persons[mine[mine >= 0]], minlength=len(face.most_load))
    trouble = []
    for number, own_uses in enumerate(uses_by_person(room, wanted, uses)):
        most, least = int(face.most_load[number]), int(face.least_load[number])
        load = cp_model.LinearExpr.sum(own_uses)
        if own_uses and len(own_uses) > most:
            model.add_linear_constraint(load, 0, most)
        room_left = most - int(kept[number])
        if own_uses and room_left < min(most, len(own_uses)):
            excess = model.new_int_var(0, most, "")
            model.add(excess >= load - room_left)
            trouble.append(excess)
        missing = min(int(held[number]), least - int(kept[number]))
        if missing > 0:
            lack = model.new_int_var(0, missing, "")
            model.add(lack >= missing - load)
            trouble.append(lack)
    model.minimize(cp_model.LinearExpr.sum(trouble))
    solver = solver_of(seed, EFFORT)
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return True
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return False
    chosen = wanted.take(np.flatnonzero([solver.boolean_value(use) for use in uses]))
    members, values, scores = now.members.copy(), now.value.copy(), now.score.copy()
    members[chosen.mentee], values[chosen.mentee], scores[chosen.mentee] = chosen.members, chosen.value, chosen.score
    load = np.bincount(persons[members[members >= 0]], minlength=len(face.most_load))
    wrong = (load > face.most_load) | (load < face.least_load)
    if not wrong.any():
        renewed = Columns(mentee=now.mentee, members=members, score=scores, value=values)
        return renewed, np.asarray(values < 0, dtype=bool)
    # Whoever holds an overloaded mentor, or could take one who is left over, takes part in the next decision.
    is_held = wrong[persons[np.maximum(0, now.members)]] & (now.members >= 0)
    grown = is_asked | np.asarray(is_held.any(axis=1), dtype=bool)
    if (grown == is_asked).all():
        idle = np.flatnonzero(load < face.least_load)
        near = np.isin(face.edge_person, idle)
        grown = grown.copy()
        grown[np.unique(face.edge_mentee[near])] = True
        if (grown == is_asked).all():
            return False
    return now, grown
