"""The front door: facts and a policy in, a proved and explained plan out."""

import time
from dataclasses import dataclass, field

from matching.build import Progress, build
from matching.facts import Facts
from matching.findings import find_warnings
from matching.metrics import metrics
from matching.pins import check_kept
from matching.policy import Policy
from matching.problem import ProblemData
from matching.result import ExcludedMentee, Result, filled_seats, levels_within, scored_teams
from matching.rules import mentee_exclusion
from matching.shortfalls import shortfalls
from matching.solution import Solution
from matching.solvers import choice
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
    """Match mentees with mentors, lexicographically over all levels of domain 4.4.

    The shape of the problem chooses the solver (``solvers.choice``). Separable policies are solved to optimality by
    flow. Otherwise every level carries a certified bound, and the status is OPTIMAL only if bounds and values meet. A
    seat that cannot be filled is a shortfall with reasons, never a refusal.

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
    clock.lap("build")
    n_components = len(problem.components)

    def report(done: int) -> None:
        if on_progress is not None:
            on_progress("solve", done, n_components)

    answer = choice.run(problem, seed=seed, on_done=report)
    solution = Solution(chosen=answer.chosen)
    levels = levels_within(problem, solution, answer.bounds)
    clock.lap("solve")
    seats = filled_seats(problem, solution, policy, has_roster=bool(facts.published))
    check_kept(facts, ((seat.mentee_id, seat.slot, seat.mentor_id) for seat in seats))
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
        solver=answer.solver,
        solver_reason=answer.reason,
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
