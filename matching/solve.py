"""The front door: facts and a policy in, a proved and explained plan out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from matching.build import Progress, build, header, parts_of
from matching.checks import check_facts
from matching.control import Control, Interrupted, Phase, StoppedBy
from matching.crew import Crew, Source, Task, size_of
from matching.errors import PinConflictError, SolverFailedError
from matching.facts import Facts
from matching.findings import find_warnings
from matching.metrics import joined_figures
from matching.outcome import Outcome, joined_values
from matching.pins import check_pinned_mentees
from matching.policy import Policy
from matching.policy_options import FairnessMode, TeamObjective, WeakTeamsMode
from matching.problem import I8, ProblemData
from matching.result import ExcludedMentee, Level, Result, levels_within
from matching.rules import mentee_exclusion
from matching.solution import LevelName
from matching.solvers import choice
from matching.solvers.cpsat import solve as cpsat
from matching.solvers.seating import check_seating
from matching.solvers.teams import solve as teams
from matching.solvers.teams.aim import SCORE
from matching.solvers.teams.solve import Snapshot
from matching.supply import supply_table
from matching.vocabulary import SolveStatus

PAIRS_AT_ONCE = 2_000_000
"""Pairs of a mentee and a mentor whose arrays are held at one time, in all workers together; one larger component is
still held whole. About 250 bytes a pair."""


STAGES_BY_MENTEES = ((5_000, 4), (20_000, 2))
"""Stages of the team solver for programmes of up to so many mentees; larger ones take one. Each stage costs a component
of 125 × 250 about 0.6 s on one core; the gap after one stage is 0.2 to 0.4 %, after two 0.05 %, after four 0.01 %."""


@dataclass(slots=True)
class _Clock:
    """Seconds per stage of work."""

    control: Control
    stages: dict[str, float] = field(default_factory=dict)

    def lap(self, stage: str) -> None:
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
        Processes that solve components side by side; the plan does not depend on it. 1 stays in this process.
    control
        Events, cancelling, a time limit and a limit in steps; see ``Control``.
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

    Examples
    --------
    >>> from matching import PRESETS
    >>> from matching.generate import generate_facts
    >>> result = solve(generate_facts(7), PRESETS["TONGREN_2_PLUS_1"])
    >>> result.status.value, len(result.seats) + len(result.shortfalls) == result.metrics.n_seats
    ('OPTIMAL', True)
    """
    control = control or Control()
    clock = _Clock(control)
    if problem is None and _needs_all_at_once(policy):
        problem = build(facts, policy, on_progress=on_progress)
    sources: Sequence[Source]
    if problem is None:
        check_facts(facts, policy)
        check_pinned_mentees(facts, policy)
        sources, shared = parts_of(facts, policy), header(facts, policy)
    else:
        check_seating(facts, policy, problem)
        sources, shared = problem.components, problem
    clock.lap("build")
    run = _Run(
        facts=facts,
        policy=policy,
        seed=seed,
        problem=shared,
        control=control,
        on_progress=on_progress,
        n_stages=next((stages for most, stages in STAGES_BY_MENTEES if len(facts.mentees) <= most), 1),
    )
    stopped_by = None
    with Crew(shared, policy, sources, workers) as crew:
        try:
            run.all(crew, sources)
        except Interrupted as end:
            stopped_by = end.by
            run.describe_rest(crew.here(), sources)
    clock.lap("solve")
    return _result(run, stopped_by, len(sources), clock)


def _needs_all_at_once(policy: Policy) -> bool:
    """Whether something looks at all components together, or the shape of the policy leaves the solver open."""
    has_rules = policy.fairness.weak_teams is WeakTeamsMode.FORBID or policy.stability.max_changes is not None
    has_teams = policy.team_objective is TeamObjective.TEAMS
    return (
        policy.fairness.mode is not FairnessMode.NONE
        or has_rules
        or any(slot.cap is not None for slot in policy.slots)
        or (has_teams and not policy.has_equal_slots)
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    """One solve under way: plans per component, in batches that fit into memory."""

    facts: Facts
    policy: Policy
    seed: int
    problem: ProblemData
    control: Control
    on_progress: Progress | None
    plans: dict[int, Snapshot] = field(default_factory=dict)
    chosen: dict[int, I8] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    bounds: dict[LevelName, int] = field(default_factory=dict)

    n_stages: int
    solver: str = ""
    reason: str = ""

    def all(self, crew: Crew, sources: Sequence[Source]) -> None:
        """Solve and describe every component, batch by batch.

        Raises
        ------
        Interrupted
            When the caller's limits end the solve; what is done stays.
        """
        self.solver, self.reason = choice.choose_solver(self.problem)
        is_apart = self.problem.fairness is FairnessMode.NONE and all(cap is None for cap in self.problem.slot_caps)
        if self.solver == cpsat.NAME or not is_apart:
            self._together()
            self.describe(crew, range(len(sources)))
            return
        for batch in _batches(sources):
            if self.solver == teams.NAME:
                self._stages(crew, batch, len(sources))
            else:
                self._flows(crew, batch, len(sources))
            self.describe(crew, batch)

    def _together(self) -> None:
        self.control.check()
        answer = choice.run(self.problem, seed=self.seed)
        self.solver, self.reason, self.bounds = answer.solver, answer.reason, answer.bounds
        self.chosen = dict(enumerate(answer.chosen))
        self.finished = set(self.chosen)

    def _flows(self, crew: Crew, batch: Sequence[int], n_components: int) -> None:
        tasks = [Task(name="flow", index=index, params={"seed": self.seed}) for index in batch]
        for position, chosen in crew.results(tasks, self.control.check):
            self.control.count()
            self.chosen[batch[position]] = chosen
            self._done(batch[position], n_components)

    def _stages(self, crew: Crew, batch: Sequence[int], n_components: int) -> None:
        going, stage = list(batch), 0
        while going and stage < self.n_stages:
            params = {"stage": stage, "seed": self.seed, "aim": SCORE, "start": None}
            tasks = [Task(name="team stage", index=index, params=params) for index in going]
            rest = []
            for position, snapshot in crew.results(tasks, self.control.check):
                index = going[position]
                if snapshot is None:
                    self._done(index, n_components)
                    continue
                self.control.count()
                self.plans[index] = snapshot
                if snapshot.value == snapshot.bound or stage + 1 == self.n_stages:
                    self._done(index, n_components)
                else:
                    rest.append(index)
                    self._tell(n_components)
            going, stage = rest, stage + 1

    def _done(self, index: int, n_components: int) -> None:
        self.finished.add(index)
        if self.on_progress is not None:
            self.on_progress("solve", len(self.finished), n_components)
        self._tell(n_components)

    def _tell(self, n_components: int) -> None:
        plans = self.plans.values()
        is_whole = len(plans) == n_components
        value = sum(plan.value for plan in plans) if is_whole else None
        bound = sum(plan.bound for plan in plans) if is_whole else None
        self.control.tell(Phase.SCORE, len(self.finished), n_components, value, bound)

    def describe(self, crew: Crew, batch: Sequence[int]) -> None:
        """Compute what the result says of the components, where their arrays are, and drop the arrays."""
        tasks = []
        for index in batch:
            plan: dict[str, I8] = (
                {"chosen": self.chosen[index]} if index in self.chosen else {"members": self.plans[index].members}
            )
            params = {**plan, "has_roster": bool(self.facts.published)}
            tasks.append(Task(name="outcome", index=index, params=params))
        for position, outcome in crew.results(tasks, lambda: None):
            self.outcomes[batch[position]] = outcome
        for _ in crew.results([Task(name="drop", index=index) for index in batch], lambda: None):
            pass

    def describe_rest(self, crew: Crew, sources: Sequence[Source]) -> None:
        """Describe what has a plan but no description yet, when every component has a plan."""
        if all(index in self.chosen or index in self.plans for index in range(len(sources))):
            self.describe(crew, [index for index in range(len(sources)) if index not in self.outcomes])
        else:
            self.outcomes = {}

    def bounds_of_levels(self) -> dict[LevelName, int]:
        """Return the bounds of the levels that are not proved by flow."""
        if not self.plans:
            return self.bounds
        plans = self.plans.values()
        return {LevelName.SCORE: sum(p.bound for p in plans), LevelName.LOAD: sum(p.load_bound for p in plans)}


def _batches(sources: Sequence[Source]) -> list[list[int]]:
    """Return the components in runs of at most PAIRS_AT_ONCE pairs."""
    batches: list[list[int]] = []
    held = 0
    for index, source in enumerate(sources):
        held += size_of(source)
        if not batches or held > PAIRS_AT_ONCE:
            batches.append([])
            held = size_of(source)
        batches[-1].append(index)
    return batches


def _result(run: _Run, stopped_by: StoppedBy | None, n_components: int, clock: _Clock) -> Result:
    facts, policy, problem = run.facts, run.policy, run.problem
    outcomes = [run.outcomes[index] for index in sorted(run.outcomes)]
    has_plan = len(outcomes) == n_components
    levels = levels_within(joined_values(outcomes, problem), run.bounds_of_levels()) if has_plan else ()
    if has_plan:
        _check_pins_are_kept(run, sum(outcome.n_pins for outcome in outcomes), levels)
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


def _check_pins_are_kept(run: _Run, n_pins: int, levels: Sequence[Level]) -> None:
    """Refuse pins that only forbidden weak teams or the change budget forbid together; nothing else can be left."""
    n_kept = next(level.value for level in levels if level.name is LevelName.PINS)
    if n_kept >= n_pins:
        return
    plan = {(s.mentee_id, s.mentor_id) for outcome in run.outcomes.values() for s in outcome.seats}
    lost = {pin.mentee_id for pin in run.facts.pins if (pin.mentee_id, pin.mentor_id) not in plan}
    ids = tuple(sorted(pin.id for pin in run.facts.pins if pin.mentee_id in lost))
    if not ids or not (run.problem.forbids_weak or run.problem.max_changes is not None):
        raise SolverFailedError(f"{n_pins - n_kept} pins that do not clash were left out; report this as a defect")
    raise PinConflictError(
        ids,
        f"pins {', '.join(ids)} cannot be honoured: forbidden weak teams or the budget of changes leave no plan that "
        "keeps them all; remove or change one of them",
    )
