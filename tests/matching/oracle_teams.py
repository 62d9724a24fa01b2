"""Exact answers for objectives over whole teams, without any solver: dynamic programming over loads of persons.

Teams are listed one by one in plain Python. Plans that lead to the same loads (per slot where slots have caps) and the
same excess of changes differ only in sums over teams, of which the lexicographically best is kept: every level of the
objective is exact for any number of seats, capacities, caps and rules. A fairness level that is a least score (MAXMIN,
and WORST_TENTH up to ten mentees) is found by asking for the highest floor that costs no earlier level.
"""

import itertools
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from matching.policy_options import FairnessMode
from matching.problem import Component, ProblemData
from matching.solution import MINIMISED, LevelName, Solution
from matching.stability import holding_links
from matching.teams import team_scores

VACUOUS = 10**9
"""Level of MAXMIN without any full team: above every score."""

ADDED = (
    LevelName.PINS,
    LevelName.SEATS_FILLED,
    LevelName.MENTEES_SERVED,
    LevelName.PRIORITY,
    LevelName.FALLBACKS,
    LevelName.CHANGES,
    LevelName.SCORE,
)
"""Levels that are sums over teams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One team of one mentee: who is used (per slot), the excess of changes, the levels, and score if it counts."""

    used: tuple[tuple[int, int], ...]
    excess: int
    levels: tuple[int, ...]
    is_full: bool


def signed_levels(problem: ProblemData, levels: dict[LevelName, int], *, has_full: bool) -> dict[LevelName, int]:
    """Return levels so that more is better, with the vacuous MAXMIN level above all scores."""
    found = {name: -value if name in MINIMISED else value for name, value in levels.items()}
    if problem.fairness is FairnessMode.MAXMIN and not has_full:
        found[LevelName.FAIRNESS] = VACUOUS
    return found


def vector(problem: ProblemData, chosen, *, load: bool = True) -> tuple[int, ...]:
    """Return the levels of a plan as a tuple that is better the larger it is."""
    has_full = any((own >= 0).all(axis=1).any() for own in chosen)
    found = signed_levels(problem, Solution(chosen=tuple(chosen)).objective(problem), has_full=has_full)
    return tuple(found[name] for name in LevelName if name in found and (load or name is not LevelName.LOAD))


def is_weak(component: Component, problem: ProblemData, row: int, mentors: list[int]) -> bool:
    """Whether a team is weak, by the formula of domain 4.5."""
    arrays, params = component.teams, problem.params_of("weak")
    if not mentors:
        return False
    needs = arrays.needs[row]
    joint = [min(1.0, sum(arrays.skills[m, s] for m in mentors)) for s in range(len(needs))]
    coverage = sum(w * c for w, c in zip(needs, joint, strict=True)) if needs.any() else 0.5
    mean = sum(arrays.individual[row, m] for m in mentors) / len(mentors)
    fit = 100 * ((1 - params["need"]) * mean + params["need"] * coverage)
    return not any(arrays.is_senior[m] for m in mentors) or fit < params["floor"] - 1e-9


def breaks_rules(component: Component, problem: ProblemData, row: int, mentors: list[int]) -> bool:
    arrays = component.teams
    if arrays is None:
        return False
    away = sum(bool(arrays.is_away[row, m]) for m in mentors)
    of_village = sum(bool(arrays.is_of_village[row, m]) for m in mentors)
    return (
        away > arrays.most_away[row] + arrays.has_release[row]
        or of_village > arrays.most_of_village[row]
        or (problem.forbids_weak and is_weak(component, problem, row, mentors))
    )


def options(component: Component, problem: ProblemData) -> list[list[Option]]:
    """Return every legal team of every mentee."""
    holds = holding_links(component, problem) if problem.max_changes is not None else np.zeros(0, dtype=bool)
    capped = {s for s, cap in enumerate(problem.slot_caps) if cap is not None}
    found = []
    for row in range(len(component.mentees)):
        seats = [
            [-1, *np.flatnonzero((component.arc_mentee == row) & (component.arc_seat == s)).tolist()]
            for s in range(component.n_seats)
        ]
        teams = []
        for team in itertools.product(*seats):
            arcs = [arc for arc in team if arc >= 0]
            mentors = [int(component.arc_mentor[arc]) for arc in arcs]
            persons = {int(component.person_of_mentor[m]) for m in mentors}
            if len(persons) == len(arcs) and not breaks_rules(component, problem, row, mentors):
                teams.append(team)
        members = np.array([[-1 if a < 0 else component.arc_mentor[a] for a in team] for team in teams])
        if component.teams is None:
            scores = [sum(int(component.arc_score[a]) for a in team if a >= 0) for team in teams]
        else:
            scores = team_scores(component.teams, problem.team_terms, np.full(len(teams), row), members).tolist()
        found.append(
            [_option(component, problem, row, team, own, holds, capped)
             for team, own in zip(teams, scores, strict=True)]
        )  # fmt: skip
    return found


def _option(component, problem, row, team, score, holds, capped) -> Option:
    arcs = [arc for arc in team if arc >= 0]
    fallbacks = sum(int(component.arc_tier[a]) + bool(component.arc_released[a]) for a in arcs)
    if component.teams is not None:
        away = sum(bool(component.teams.is_away[row, component.arc_mentor[a]]) for a in arcs)
        fallbacks += away > component.teams.most_away[row]
    kept = sum(bool(component.arc_published[a]) for a in arcs)
    excess = 0
    if problem.max_changes is not None:
        for link in np.flatnonzero(holds & (component.arc_mentee == row)).tolist():
            now = team[component.arc_seat[link]]
            excess += 0 if now == link else 1 if now < 0 else 2
    seats = [(int(component.person_of_mentor[component.arc_mentor[a]]), int(component.arc_seat[a])) for a in arcs]
    levels = {
        LevelName.PINS: sum(bool(component.arc_pinned[a]) for a in arcs),
        LevelName.SEATS_FILLED: len(arcs),
        LevelName.MENTEES_SERVED: int(bool(arcs)),
        LevelName.PRIORITY: len(arcs) * int(component.priority[row]),
        LevelName.FALLBACKS: -fallbacks,
        LevelName.CHANGES: 2 * kept - len(arcs) if problem.counts_changes else 0,
        LevelName.SCORE: score,
    }
    return Option(
        used=tuple(sorted((who, seat if seat in capped else -1) for who, seat in seats)),
        excess=excess,
        levels=tuple(levels[name] for name in ADDED),
        is_full=len(arcs) == component.n_seats,
    )


State = tuple[tuple[tuple[int, int], ...], int]


def best_of_component(component, problem, every, floor) -> dict[int, tuple[int, ...]]:
    """Return the best levels per excess of changes: all but fairness, LOAD included, as larger-is-better tuples."""
    most = problem.max_changes
    states: dict[State, tuple[int, ...]] = {((), 0): (0,) * len(ADDED)}
    for own in every:
        best: dict[tuple[tuple[tuple[int, int], ...], int], tuple[int, ...]] = {}
        for option in own:
            if floor is not None and option.levels[-1] < floor and counts_for_floor(problem, option):
                continue
            key = (option.used, option.excess)
            if best.get(key, ()) < option.levels:
                best[key] = option.levels
        renewed: dict[State, tuple[int, ...]] = {}
        for (loads, excess), levels in states.items():
            before = Counter(dict.fromkeys((), 0))
            for who, seat in loads:
                before[who] += 1
                before[(who, seat)] += 1
            for (used, more), gain in best.items():
                if most is not None and excess + more > most:
                    continue
                if not all(fits(component, problem, before, who, seat) for who, seat in used):
                    continue
                state = (tuple(sorted(loads + used)), excess + more)
                value = tuple(map(sum, zip(levels, gain, strict=True)))
                if renewed.get(state, ()) < value:
                    renewed[state] = value
        states = renewed
    final: dict[int, tuple[int, ...]] = {}
    for (loads, excess), levels in states.items():
        over = quadratic = 0
        for who, served in Counter(who for who, _ in loads).items():
            for total in range(int(component.active_load[who]) + 1, int(component.active_load[who]) + served + 1):
                over += total > problem.load_target
                quadratic += 2 * total - 1
        value = (*levels[:4], -over, *levels[4:], -quadratic)
        if excess not in final or final[excess] < value:
            final[excess] = value
    return final


def fits(component, problem, before, who, seat) -> bool:
    cap = problem.slot_caps[seat] if seat >= 0 else None
    return before[who] < component.free_capacity[who] and (cap is None or before[(who, seat)] < cap)


def counts_for_floor(problem: ProblemData, option: Option) -> bool:
    """Whether a fairness floor binds a team: full ones for MAXMIN, all for WORST_TENTH."""
    return option.is_full or problem.fairness is FairnessMode.WORST_TENTH


def best_at(problem, every, floor) -> tuple[int, ...] | None:
    """Return the best levels (fairness left out, LOAD last) with every team at the floor; None where there is none."""
    total: dict[int, tuple[int, ...]] = {0: (0,) * (len(ADDED) + 2)}
    for component, own in zip(problem.components, every, strict=True):
        found = best_of_component(component, problem, own, floor)
        renewed: dict[int, tuple[int, ...]] = {}
        for excess, levels in total.items():
            for more, gain in found.items():
                if problem.max_changes is None or excess + more <= problem.max_changes:
                    value = tuple(map(sum, zip(levels, gain, strict=True)))
                    if excess + more not in renewed or renewed[excess + more] < value:
                        renewed[excess + more] = value
        total = renewed
    return max(total.values()) if total else None


def best_vector(problem: ProblemData, *, load: bool = True) -> tuple[int, ...]:
    """Return the best objective of all plans, in the form of ``vector``."""
    every = [options(component, problem) for component in problem.components]
    plain = replace(problem, fairness=FairnessMode.NONE)
    best = best_at(plain, every, None)
    assert best is not None
    n_published = sum(component.n_published for component in problem.components)
    fairness: tuple[int, ...] = ()
    if problem.fairness is not FairnessMode.NONE:
        before = best[:7]
        scores = sorted({o.levels[-1] for own in every for teams in own for o in teams if counts_for_floor(problem, o)})
        low, high = 0, len(scores)  # scores[low] is attained where there is any; scores[high] is not
        while high - low > 1:
            middle = (low + high) // 2
            found = best_at(problem, every, scores[middle])
            low, high = (middle, high) if found is not None and found[:7] == before else (low, middle)
        floor = scores[low] if scores else None
        vacuous = problem.fairness is FairnessMode.MAXMIN
        if vacuous:
            nobody = best_at(problem, every, VACUOUS)
            vacuous = nobody is not None and nobody[:7] == before
        best = best_at(problem, every, VACUOUS if vacuous else floor)
        assert best is not None
        n_mentees = sum(len(component.mentees) for component in problem.components)
        assert vacuous or n_mentees <= 10, "the sum of several least scores is no floor"
        fairness = (VACUOUS,) if vacuous else (0 if floor is None else floor,)
    changes = (best[6] - n_published,) if problem.counts_changes else ()
    return (*best[:6], *changes, *fairness, best[7], *((best[8],) if load else ()))


def check_bounds(problem: ProblemData, bounds: dict[LevelName, int], truth: tuple[int, ...]) -> None:
    """Assert that no bound lies below the true optimum, on levels up to the first that is not vacuous."""
    names = [name for name in LevelName if name in bounds]
    for name, best in zip(names, truth, strict=True):
        if best != VACUOUS:
            bound = -bounds[name] if name in MINIMISED else bounds[name]
            assert bound >= best, f"the bound of {name} is crossed"
