"""The front door: facts and a policy in, a proved and explained plan out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from matching.build import Progress, build
from matching.errors import SolverFailedError
from matching.facts import Facts
from matching.findings import find_warnings
from matching.metrics import metrics
from matching.policy import Policy
from matching.problem import ProblemData
from matching.result import ExcludedMentee, Level, Result, filled_seats, levels_within, proved_levels, scored_teams
from matching.rules import mentee_exclusion
from matching.shortfalls import shortfalls
from matching.solution import LevelName, Solution
from matching.solvers import flow
from matching.solvers.seating import check_seating
from matching.solvers.teams import solve as teams
from matching.supply import supply_table
from matching.vocabulary import SolveStatus


@dataclass(slots=True)
class _Clock:
    """Seconds per stage."""

    started: float = field(default_factory=time.perf_counter)
    stages: list[tuple[str, float]] = field(default_factory=list)

    def lap(self, stage: str) -> None:
        spent = time.perf_counter() - self.started - sum(seconds for _, seconds in self.stages)
        self.stages.append((stage, spent))


def solve(
    facts: Facts,
    policy: Policy,
    *,
    seed: int = 0,
    on_progress: Progress | None = None,
    problem: ProblemData | None = None,
) -> Result:
    """Match mentees with mentors, lexicographically over all levels of domain 4.4 but fairness.

    Separable policies are solved to optimality by flow. With team terms, every level before the score is proved, the
    score carries a certified bound, and the status is OPTIMAL only if bound and value meet. A seat that cannot be
    filled is a shortfall with reasons, never a refusal.

    Parameters
    ----------
    seed
        Chooses among plans that are equal on every level; equal facts, policy and seed give the same plan.
    on_progress
        Told ``(phase, done, total)`` in this thread after every component; phases are ``"build"`` and ``"solve"``.
    problem
        What ``build(facts, policy)`` returned, for a caller that wants refusals before it announces a run.

    Raises
    ------
    EmptyPoolError
        Without any mentee, or without any mentor.
    InvalidFactsError
        Facts that contradict themselves.
    InvalidPolicyError
        A slot cap that this form cannot combine with the facts (see ``solvers.flow``).
    PinConflictError
        Pins that cannot all hold.
    SolverFailedError
        When optimality could not be proved.

    Examples
    --------
    >>> from matching import PRESETS
    >>> from matching.generate import generate_facts
    >>> result = solve(generate_facts(7), PRESETS["TONGREN_2_PLUS_1"])
    >>> result.status.value, len(result.seats) + len(result.shortfalls) == result.metrics.n_seats
    ('OPTIMAL', True)
    """
    clock = _Clock()
    if problem is None:
        problem = build(facts, policy, on_progress=on_progress)
    check_seating(facts, policy, problem)
    clock.lap("build")
    has_teams = bool(problem.team_terms)
    n_components = len(problem.components)

    def report(done: int) -> None:
        if on_progress is not None:
            on_progress("solve", done, n_components)

    bounds: dict[LevelName, int] = {}
    if has_teams:
        chosen, bounds = teams.solve_components(problem, seed=seed, on_done=report)
    else:
        plans = []
        for component in problem.components:
            plans.append(flow.solve_component(component, problem, seed=seed))
            report(len(plans))
        chosen = tuple(plans)
    solution = Solution(chosen=chosen)
    levels = levels_within(problem, solution, bounds) if has_teams else proved_levels(problem, solution)
    _check_pins_are_kept(problem, levels)
    clock.lap("solve")
    seats = filled_seats(problem, solution, policy, has_roster=bool(facts.published))
    empty = shortfalls(problem, solution)
    excluded = [
        ExcludedMentee(mentee_id=mentee.id, reason=reason)
        for mentee in sorted(facts.mentees, key=lambda mentee: (mentee.code, mentee.id))
        if (reason := mentee_exclusion(mentee, policy)) is not None
    ]
    clock.lap("explain")
    figures = metrics(problem, solution, policy)
    table = supply_table(facts, policy)
    found = find_warnings(facts, policy)
    clock.lap("measure")
    problem_fingerprint = problem.fingerprint()
    clock.lap("fingerprint")
    return Result(
        status=SolveStatus.FEASIBLE if any(level.gap for level in levels) else SolveStatus.OPTIMAL,
        solver=teams.NAME if has_teams else flow.NAME,
        solver_reason=teams.REASON if has_teams else flow.REASON,
        levels=levels,
        seats=seats,
        teams=scored_teams(problem, solution, policy),
        shortfalls=empty,
        excluded=tuple(excluded),
        warnings=found,
        metrics=figures,
        supply=table,
        problem_fingerprint=problem_fingerprint,
        policy_fingerprint=policy.fingerprint(),
        seed=seed,
        runtime_s=sum(seconds for _, seconds in clock.stages),
        stages=tuple(clock.stages),
    )


def _check_pins_are_kept(problem: ProblemData, levels: Sequence[Level]) -> None:
    n_pins = sum(component.n_pins for component in problem.components)
    n_kept = next(level.value for level in levels if level.name is LevelName.PINS)
    if n_kept < n_pins:
        raise SolverFailedError(f"{n_pins - n_kept} pins that do not clash were left out; report this as a defect")
