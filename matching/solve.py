"""The front door: facts and a policy in, a proved and explained plan out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from matching.build import Progress, build, header, parts_of
from matching.checks import check_facts
from matching.control import Control, StoppedBy
from matching.crew import Source
from matching.errors import PinConflictError, SolverFailedError
from matching.facts import Facts
from matching.findings import find_warnings
from matching.metrics import joined_figures
from matching.outcome import joined_values
from matching.pins import check_pinned_mentees
from matching.policy import Policy
from matching.policy_options import TeamObjective, WeakTeamsMode
from matching.problem import ProblemData
from matching.result import ExcludedMentee, Level, Result, levels_within
from matching.rules import mentee_exclusion
from matching.schedule import Schedule
from matching.solution import LevelName
from matching.solvers.seating import check_seating
from matching.supply import supply_table
from matching.vocabulary import SolveStatus


@dataclass(slots=True)
class Clock:
    """Seconds per stage of work."""

    control: Control
    stages: dict[str, float] = field(default_factory=dict)

    def lap(self, stage: str) -> None:
        """Count the time since the last lap as one stage."""
        spent = self.control.seconds - sum(self.stages.values())
        self.stages[stage] = self.stages.get(stage, 0.0) + spent


def solve(
    facts: Facts,
    policy: Policy,
    *,
    seed: int = 0,
    workers: int = 1,
    control: Control | None = None,
    on_progress: Progress | None = None,
    problem: ProblemData | None = None,
) -> Result:
    """Match mentees with mentors, lexicographically over all levels of domain 4.4.

    The shape of the problem chooses the solver (``solvers.choice``), and the result says which ran and why. Separable
    policies are solved to optimality by flow. With team terms, every level before fairness is proved, fairness and
    score carry certified bounds, and the status is OPTIMAL only if bounds and values meet. A seat that cannot be filled
    is a shortfall with reasons, never a refusal.

    Parameters
    ----------
    seed
        Chooses among plans that are equal on every level; equal facts, policy and seed give the same plan.
    workers
        Processes that solve components side by side, at least 1; the plan does not depend on it. 1 stays in this
        process, unless ``control`` can end the solve. Other processes import the program that calls this, so its start
        must stand under ``if __name__ == "__main__":``.
    control
        Events, cancelling, a time limit and a limit in steps; see ``Control``. Without one, the policy's own time limit
        holds.
    on_progress
        Told ``("solve", done, total)`` in this thread after every component.
    problem
        What ``build(facts, policy)`` returned, for a caller that wants refusals before it announces a run. Without it,
        components are built where they are solved and dropped when they are done, so memory stays bounded.

    Raises
    ------
    EmptyPoolError
        Without any mentee, or without any mentor.
    InvalidFactsError
        Facts that contradict themselves.
    PinConflictError
        Pins that cannot all hold.
    SolverFailedError
        When optimality could not be proved, or a worker process died.
    ValueError
        For fewer than 1 worker.

    Examples
    --------
    >>> from matching import PRESETS
    >>> from matching.generate import generate_facts
    >>> result = solve(generate_facts(7), PRESETS["TONGREN_2_PLUS_1"])
    >>> result.status.value, len(result.seats) + len(result.shortfalls) == result.metrics.n_seats
    ('OPTIMAL', True)
    """
    control = control or Control(time_limit_s=policy.time_limit_s)
    control.begin()
    clock = Clock(control)
    if problem is None and needs_all_at_once(policy):
        problem = build(facts, policy, on_progress=on_progress)
    sources: Sequence[Source]
    if problem is None:
        check_facts(facts, policy)
        check_pinned_mentees(facts, policy)
        sources, shared = parts_of(facts, policy), header(policy, has_roster=bool(facts.published))
    else:
        check_seating(facts, policy, problem)
        sources, shared = problem.components, problem
    clock.lap("build")
    schedule = Schedule(
        seed=seed,
        problem=shared,
        control=control,
        on_progress=on_progress,
        has_roster=bool(facts.published),
        n_mentees=len(facts.mentees),
        sources=sources,
    )
    stopped_by = schedule.run(policy, workers)
    clock.lap("solve")
    return joined_result(facts, policy, schedule, stopped_by, clock)


def needs_all_at_once(policy: Policy) -> bool:
    """Whether something looks at all components together, or the shape of the policy leaves the solver open."""
    has_rules = policy.fairness.weak_teams is WeakTeamsMode.FORBID or policy.stability.max_changes is not None
    has_teams = policy.team_objective is TeamObjective.TEAMS
    has_caps = any(slot.cap is not None for slot in policy.slots)
    return has_rules or has_caps or (has_teams and not policy.has_equal_slots)


def joined_result(facts: Facts, policy: Policy, run: Schedule, stopped_by: StoppedBy | None, clock: Clock) -> Result:
    """Return the result of a schedule that has come to its end, or was cut."""
    problem = run.problem
    outcomes = [run.outcomes[index] for index in sorted(run.outcomes)]
    has_plan = len(outcomes) == len(run.sources)
    levels = levels_within(joined_values(outcomes, problem), run.bounds_of_levels()) if has_plan else ()
    if has_plan and not _keeps_pins(facts, run, sum(outcome.n_pins for outcome in outcomes), levels):
        outcomes, levels, has_plan = [], (), False
    is_optimal = has_plan and not any(level.gap for level in levels)
    if stopped_by is None:
        stopped_by = StoppedBy.OPTIMAL if is_optimal else StoppedBy.STEPS
    excluded = tuple(
        ExcludedMentee(mentee_id=mentee.id, reason=reason)
        for mentee in sorted(facts.mentees, key=lambda mentee: (mentee.code, mentee.id))
        if (reason := mentee_exclusion(mentee, policy)) is not None
    )
    figures = joined_figures([outcome.figures for outcome in outcomes], len(problem.slots))
    table = supply_table(facts, policy)
    found = find_warnings(facts, policy)
    clock.lap("report")
    return Result(
        status=_status(stopped_by, has_plan=has_plan, is_optimal=is_optimal),
        stopped_by=stopped_by,
        steps=run.control.steps,
        solver=run.solver,
        solver_reason=run.reason,
        levels=levels,
        seats=tuple(seat for outcome in outcomes for seat in outcome.seats),
        teams=tuple(team for outcome in outcomes for team in outcome.teams),
        shortfalls=tuple(shortfall for outcome in outcomes for shortfall in outcome.shortfalls),
        excluded=excluded,
        warnings=found,
        metrics=figures,
        supply=table,
        problem_fingerprint=problem.joint_fingerprint([outcome.digest for outcome in outcomes]),
        policy_fingerprint=policy.fingerprint(),
        seed=run.seed,
        runtime_s=sum(clock.stages.values()),
        stages=tuple(clock.stages.items()),
    )


def _status(stopped_by: StoppedBy, *, has_plan: bool, is_optimal: bool) -> SolveStatus:
    if stopped_by is StoppedBy.CANCELLED:
        return SolveStatus.CANCELLED
    if not has_plan:
        return SolveStatus.NO_SOLUTION_FOUND
    return SolveStatus.OPTIMAL if is_optimal else SolveStatus.FEASIBLE


def _keeps_pins(facts: Facts, run: Schedule, n_pins: int, levels: Sequence[Level]) -> bool:
    """Whether the plan keeps every pin; one that does not is none, because pins are hard.

    Pins are refused where it is proved that forbidden weak teams or the change budget leave no plan with all of them;
    nothing else can be left.
    """
    pins = next(level for level in levels if level.name is LevelName.PINS)
    n_kept = pins.value
    if n_kept >= n_pins:
        return True
    if pins.bound >= n_pins:
        return False
    plan = {(s.mentee_id, s.mentor_id) for outcome in run.outcomes.values() for s in outcome.seats}
    lost = {pin.mentee_id for pin in facts.pins if (pin.mentee_id, pin.mentor_id) not in plan}
    ids = tuple(sorted(pin.id for pin in facts.pins if pin.mentee_id in lost))
    if not ids or not (run.problem.forbids_weak or run.problem.max_changes is not None):
        raise SolverFailedError(f"{n_pins - n_kept} pins that do not clash were left out; report this as a defect")
    raise PinConflictError(
        ids,
        f"pins {', '.join(ids)} cannot be honoured: forbidden weak teams or the budget of changes leave no plan that "
        "keeps them all; remove or change one of them",
    )
