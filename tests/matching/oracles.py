"""Independent answers for small cases: enumeration of all plans, a maximum flow by scipy, reasons by hand."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from matching import Facts, LevelName, Mentor, Policy
from matching.problem import Component, ProblemData
from matching.restated import broken_rules
from matching.solution import MINIMISED, Solution
from matching.vocabulary import MentorState, ReasonCode

Link = tuple[str, str, str]


def signed(levels: dict[LevelName, int]) -> tuple[int, ...]:
    """Return the objective as a tuple that is better the larger it is."""
    return tuple(-value if name in MINIMISED else value for name, value in levels.items())


def levels_of(result: Any) -> dict[LevelName, int]:
    return {level.name: level.value for level in result.levels}


def all_plans(component: Component, slot_caps: tuple[int | None, ...]) -> Iterator[list[int]]:
    """Yield every feasible plan of a component as a list of arc indices."""
    k = component.n_seats
    choices: list[list[int]] = [[] for _ in range(len(component.mentees) * k)]
    for arc in range(len(component.arc_mentee)):
        choices[int(component.arc_mentee[arc]) * k + int(component.arc_seat[arc])].append(arc)
    person = component.person_of_mentor[component.arc_mentor] if len(component.arc_mentor) else np.zeros(0, dtype=int)

    load: Counter[int] = Counter()
    in_slot: Counter[tuple[int, int]] = Counter()

    def extend(seat: int, plan: list[int]) -> Iterator[list[int]]:
        if seat == len(choices):
            yield list(plan)
            return
        yield from extend(seat + 1, plan)
        team = {int(person[a]) for a in plan if component.arc_mentee[a] == seat // k}
        for arc in choices[seat]:
            who, cap = int(person[arc]), slot_caps[seat % k]
            if who in team or load[who] >= component.free_capacity[who]:
                continue
            if cap is not None and in_slot[(who, seat % k)] >= cap:
                continue
            load[who] += 1
            in_slot[(who, seat % k)] += 1
            plan.append(arc)
            yield from extend(seat + 1, plan)
            plan.pop()
            load[who] -= 1
            in_slot[(who, seat % k)] -= 1

    yield from extend(0, [])


def plan_levels(component: Component, plan: list[int], problem: ProblemData) -> dict[LevelName, int]:
    """Return the objective of one plan, counted in plain Python."""
    load: Counter[int] = Counter(int(component.person_of_mentor[component.arc_mentor[arc]]) for arc in plan)
    overload = quadratic = 0
    for person, served in load.items():
        before = int(component.active_load[person])
        for total in range(before + 1, before + served + 1):
            overload += total > problem.load_target
            quadratic += 2 * total - 1
    kept = sum(bool(component.arc_published[arc]) for arc in plan)
    levels = {
        LevelName.PINS: sum(bool(component.arc_pinned[arc]) for arc in plan),
        LevelName.SEATS_FILLED: len(plan),
        LevelName.MENTEES_SERVED: len({int(component.arc_mentee[arc]) for arc in plan}),
        LevelName.PRIORITY: sum(int(component.priority[component.arc_mentee[arc]]) for arc in plan),
        LevelName.OVERLOAD: overload,
        LevelName.FALLBACKS: sum(int(component.arc_tier[arc]) + bool(component.arc_released[arc]) for arc in plan),
    }
    if problem.counts_changes:
        levels[LevelName.CHANGES] = len(plan) + component.n_published - 2 * kept
    levels[LevelName.SCORE] = sum(int(component.arc_score[arc]) for arc in plan)
    levels[LevelName.LOAD] = quadratic
    return levels


def best_levels(problem: ProblemData) -> tuple[int, ...]:
    """Return the best objective over all plans, by enumeration, summed over the components."""
    best = [
        max(signed(plan_levels(component, plan, problem)) for plan in all_plans(component, problem.slot_caps))
        for component in problem.components
    ]
    return tuple(map(sum, zip(*best, strict=True))) if best else signed(Solution(chosen=()).objective(problem))


def serving(records: list[Mentor]) -> list[Mentor]:
    """Return the records that bind a person's capacity: the active ones, or all when none is."""
    return [record for record in records if record.state is MentorState.ACTIVE] or records


def most_seats(facts: Facts, policy: Policy, participants: set[str]) -> int:
    """Return the greatest number of seats that can be filled: a maximum flow built from the facts alone."""
    number: dict[Any, int] = {"source": 0, "sink": 1}
    capacity: dict[tuple[int, int], int] = {}

    def edge(a: Any, b: Any, units: int) -> None:
        key = (number.setdefault(a, len(number)), number.setdefault(b, len(number)))
        capacity[key] = units

    for mentee in facts.mentees:
        if mentee.id not in participants:
            continue
        for slot in policy.slot_codes:
            edge("source", (mentee.id, slot), 1)
            for mentor in facts.mentors:
                if not broken_rules(mentee, slot, mentor, facts, policy):
                    edge((mentee.id, slot), (mentee.id, "with", mentor.person_id), 1)
                    edge((mentee.id, "with", mentor.person_id), ("person", mentor.person_id), 1)
    for person in {mentor.person_id for mentor in facts.mentors}:
        records = [mentor for mentor in facts.mentors if mentor.person_id == person]
        limit = min(policy.load_cap if r.capacity is None else r.capacity for r in serving(records))
        edge(("person", person), "sink", max(0, limit - sum(r.active_load for r in records)))
    if not any(tail == 0 for tail, _ in capacity):
        return 0
    rows, columns = zip(*capacity, strict=True)
    matrix = csr_array((np.array(list(capacity.values()), dtype=np.int32), (rows, columns)), shape=(len(number),) * 2)
    return int(maximum_flow(matrix, 0, 1).flow_value)


def reasons_by_hand(facts: Facts, policy: Policy, plan: list[Link], mentee_id: str, slot: str) -> dict[str, Any]:
    """Return what the shortfall of one empty seat must say, from the facts and the plan alone."""
    mentee = next(m for m in facts.mentees if m.id == mentee_id)
    mentors = {m.id: m for m in facts.mentors}
    local: list[tuple[ReasonCode, ...]] = []
    alone: Counter[ReasonCode] = Counter()
    total: Counter[ReasonCode] = Counter()
    would_open = 0
    for mentor in facts.mentors:
        if mentor.pool_county != mentee.county:
            continue
        broken = broken_rules(mentee, slot, mentor, facts, policy)
        if broken == (ReasonCode.TOWNSHIP_RULE,):
            would_open += 1
        if ReasonCode.TOWNSHIP_RULE in broken:
            continue
        local.append(broken)
        if broken:
            reason = broken[0]
        else:
            records = [m for m in facts.mentors if m.person_id == mentor.person_id]
            limit = min(policy.load_cap if r.capacity is None else r.capacity for r in serving(records))
            free = max(0, limit - sum(r.active_load for r in records))
            served = {m for m, _, j in plan if mentors[j].person_id == mentor.person_id}
            assert len(served) >= free or mentee_id in served, "a mentor with free capacity was left out"
            pinned = {p.mentee_id for p in facts.pins if mentors[p.mentor_id].person_id == mentor.person_id}
            elsewhere = len(pinned - {mentee_id}) >= free > 0
            reason = ReasonCode.PINNED_ELSEWHERE if elsewhere else ReasonCode.ALL_AT_CAPACITY
        total[reason] += 1
        if len(broken) <= 1:
            alone[reason] += 1
    return {"total": total, "alone": set(alone), "would_open": would_open, "is_scope_empty": not local}
