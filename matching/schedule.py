"""The schedule of a solve: which work is done on which component in what order, and the plans and bounds it leaves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from matching.build import Part, Progress
from matching.control import Control, Interrupted, Phase, StoppedBy
from matching.crew import Crew, Source, Task, size_of
from matching.outcome import Outcome
from matching.policy import Policy
from matching.policy_options import FairnessMode
from matching.problem import I8, Component, ProblemData
from matching.solution import LevelName, n_worst, worst_sum
from matching.solvers import choice, flow
from matching.solvers.cpsat import solve as cpsat
from matching.solvers.cpsat.search import Watch
from matching.solvers.teams import solve as teams
from matching.solvers.teams.aim import SCORE, Aim, with_floor
from matching.solvers.teams.fairness import HIGHEST, common_floor
from matching.solvers.teams.solve import Ended, Snapshot, ended
from matching.solvers.teams.steps import Answer, Job, Planned
from matching.solvers.teams.tenth import worst_tenth
from matching.solvers.teams.worst import Reach, reach
from matching.solvers.work import CUT, Link, Solved

PAIRS_AT_ONCE = 2_000_000
"""Pairs of a mentee and a mentor whose arrays are held at one time, in all workers together; one larger component is
still held whole. About 250 bytes a pair."""

PAIRS_FILLED_LATE = 4_000_000
"""Pairs of the components that a cut solve still fills, about 0.1 s of one core for 31,000; with more open it has no
plan."""

STAGES_BY_MENTEES = ((5_000, 1_000), (20_000, 3))
"""Stages of the team solver for programmes of up to so many mentees; small ones take all, the largest two. After the
first, which only fills the seats, each stage costs a component of 125 × 250 up to 0.5 s on one core; the gap after two
stages is 0.2 to 0.4 %, after three 0.05 %, after five 0.01 %."""


@dataclass(slots=True, kw_only=True)
class Schedule:
    """One solve under way: plans per component, in batches that fit into memory.

    Attributes
    ----------
    snapshots
        Plans of the team solver, by component.
    members
        Plans that a fairness level has come to, ``int64`` (mentees, seats) with seats in any order.
    solved
        Plans of the other solvers.
    reaches
        What no plan can exceed, for bounds of a fairness level that was not finished.
    finished
        Components with which the phase is done.
    """

    seed: int
    problem: ProblemData
    control: Control
    on_progress: Progress | None
    has_roster: bool
    n_mentees: int
    sources: Sequence[Source]
    solver: str = ""
    reason: str = ""
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    members: dict[int, I8] = field(default_factory=dict)
    ended: dict[int, Ended] = field(default_factory=dict)
    solved: dict[int, Solved] = field(default_factory=dict)
    reaches: list[Reach] = field(default_factory=list)
    proved: dict[LevelName, int] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)

    def run(self, policy: Policy, workers: int) -> StoppedBy | None:
        """Solve and describe every component on a crew of its own; what ended it before its end, ``None`` for nothing.

        Work that the caller's limits may end goes on in other processes, even with one worker.
        """
        stopped_by = None
        with Crew(self.problem, policy, self.sources, workers, is_separate=self.control.has_limit) as crew:
            try:
                self.all(crew)
            except Interrupted as end:
                stopped_by = end.by
        if stopped_by is not None:
            with Crew(self.problem, policy, self.sources, workers) as crew:
                self.describe_rest(crew)
        return stopped_by

    def all(self, crew: Crew) -> None:
        """Solve and describe every component.

        Raises
        ------
        Interrupted
            When the caller's limits end the solve; what is done stays.
        """
        self.solver, self.reason = choice.choose_solver(self.problem)
        everybody = range(len(self.sources))
        is_fair = self.problem.fairness is not FairnessMode.NONE
        if self.solver == cpsat.NAME and self.is_joint:
            self._joint()
            self.describe(crew, everybody)
            return
        if self.solver == teams.NAME and is_fair:
            self._fair(crew)
            self.describe(crew, everybody)
            return
        for batch in batches(self.sources):
            takes_teams = {index: self._takes_teams(index) for index in batch}
            self._stages(crew, [index for index in batch if takes_teams[index]], SCORE)
            self._apart(crew, [index for index in batch if not takes_teams[index]])
            self.describe(crew, batch)
        self._name_mixed()

    def _takes_teams(self, index: int) -> bool:
        """Whether the team solver takes a component: one county with unequal seats does not decide for the others."""
        source = self.sources[index]
        if not self.problem.team_terms or self.problem.forbids_weak:
            return False
        if not isinstance(source, Component):
            return self.solver == teams.NAME
        return choice.find_team_obstacle(replace(self.problem, components=(source,))) is None

    def adopt(self, parts: Sequence[Part], plans: Sequence[Solved], *, reason: str) -> None:
        """Take over plans that were made elsewhere: one per component, or a single one of all together.

        Parameters
        ----------
        reason
            Why the solvers are the right ones, as the first plan by CP-SAT says, or else the first plan.
        """
        self.solver = next((own.solver for own in plans if own.solver == cpsat.NAME), plans[0].solver)
        self.reason = reason
        if self.is_joint:
            (whole,) = plans
            self.proved = dict(whole.bounds)
            plans = [Solved(solver=whole.solver, bounds={}, links=own) for own in _split(parts, whole.links or ())]
        elif not self.problem.team_terms:
            self.solver, self.reason = flow.NAME, flow.REASON
        self.solved = dict(enumerate(plans))
        self._name_mixed()

    def adopt_links(self, parts: Sequence[Part], links: Sequence[Link], *, solver: str, reason: str) -> None:
        """Take over a plan that was made elsewhere for all components together; ``proved`` is the caller's to set."""
        self.solver, self.reason = solver, reason
        self.solved = {
            index: Solved(solver=solver, bounds={}, links=own) for index, own in enumerate(_split(parts, links))
        }

    @property
    def is_joint(self) -> bool:
        """Whether something in the policy looks at all components together."""
        return self.problem.fairness is not FairnessMode.NONE or self.problem.max_changes is not None

    def _joint(self) -> None:
        """Solve all components in one model, in this process: cut, it still returns its plan."""
        self.control.check()
        watch = Watch(is_over=self._is_over, on_group=self._count_group)
        chosen, self.proved = cpsat.solve_components(self.problem, seed=self.seed, watch=watch)
        self.solved = {index: Solved(solver=cpsat.NAME, chosen=own, bounds={}) for index, own in enumerate(chosen)}
        if watch.was_cut:
            self.control.check()
            raise Interrupted(StoppedBy.STEPS)
        for index in self.solved:
            self._done(index)

    def _is_over(self) -> bool:
        limit = self.control.max_steps
        return self.control.is_over() or (limit is not None and self.control.steps >= limit)

    def _count_group(self) -> None:
        self.control.steps += 1
        self._tell()

    def _apart(self, crew: Crew, batch: Sequence[int]) -> None:
        name = "pairs" if self.solver != cpsat.NAME else "cpsat"
        tasks = [Task(name=name, index=index, params={"seed": self.seed}) for index in batch]
        for position, solved in crew.results(tasks, self.control.check):
            self.control.count()
            self.solved[batch[position]] = solved
            self._done(batch[position])

    def _name_mixed(self) -> None:
        """Say so where CP-SAT had to take some of the components."""
        n_hard = sum(own.solver == cpsat.NAME for own in self.solved.values())
        n = len(self.solved) + len(self.snapshots)
        if not n_hard or self.is_joint:
            return
        if not self.problem.team_terms:
            self.solver = cpsat.NAME
            self.reason = f"{choice.CAPS_REASON}: CP-SAT for {n_hard} of {n} components, flow for the others"
        elif n_hard < n:
            self.reason += f"; for {n_hard} of {n} components, the others by teams"

    def _fair(self, crew: Crew) -> None:
        """Solve the levels under a fairness level, which couples the components by numbers that cross between them."""
        everybody = range(len(self.sources))

        def run(step: Callable[..., Answer], jobs: Sequence[Job]) -> list[Answer]:
            return [self._answered(index, answer) for index, answer in self._team_steps(crew, step, jobs)]

        def tell(value: int, bound: int) -> None:
            self.control.tell(Phase.FAIRNESS, 0, len(self.sources), value, bound)

        self.reaches = run(reach, [(index, ()) for index in everybody])
        if self.problem.fairness is FairnessMode.WORST_TENTH:
            fair = worst_tenth(run, self.reaches, seed=self.seed, on_value=tell)
            self.members = dict(enumerate(fair.members))
            self.proved = {LevelName.FAIRNESS: fair.worst_bound, LevelName.SCORE: fair.score_bound}
            self.ended = dict(self._team_steps(crew, ended, [(index, (self.members[index],)) for index in everybody]))
            for index in everybody:
                self._done(index)
            return
        common = common_floor(run, len(self.sources), seed=self.seed, on_value=tell)
        self.members = dict(enumerate(common.members))
        self.proved = {LevelName.FAIRNESS: 0 if common.value is None else common.bound}
        # Without a value the best plan has no full team, and no other plan may have one either.
        self._stages(crew, everybody, with_floor(HIGHEST if common.value is None else common.value))

    def _team_steps(self, crew: Crew, step: Callable[..., Answer], jobs: Sequence[Job]) -> list[tuple[int, Answer]]:
        tasks = [Task(name="team step", index=index, params={"step": step, "args": args}) for index, args in jobs]
        answers = []
        for position, answer in crew.results(tasks, self.control.check):
            self.control.count()
            answers.append((tasks[position].index, answer))
        return answers

    def _answered(self, index: int, answer: Answer) -> Answer:
        """Keep the plan of an answer as the incumbent."""
        if isinstance(answer, Planned):
            self.members[index] = answer.members
        return answer

    def _stages(self, crew: Crew, batch: Sequence[int], aim: Aim) -> None:
        n_stages = next((stages for most, stages in STAGES_BY_MENTEES if self.n_mentees <= most), 2)
        starts = {index: self.members.get(index) for index in batch}

        def task(index: int, stage: int) -> Task:
            params = {"stage": stage, "seed": self.seed, "aim": aim, "start": starts[index]}
            return Task(name="team stage", index=index, params=params)

        def follow(stage: int, position: int, snapshot: Snapshot | None) -> Task | None:
            is_final = snapshot is None or snapshot.value == snapshot.bound or stage + 1 == n_stages
            return None if is_final else task(batch[position], stage + 1)

        turns = dict.fromkeys(batch, 0)
        for position, snapshot in crew.rounds([task(index, 0) for index in batch], follow, self.control.check):
            index = batch[position]
            if snapshot is None:
                self._done(index)
                continue
            self.control.count()
            self.snapshots[index] = snapshot
            if follow(turns[index], position, snapshot) is None:
                self._done(index)
            else:
                self._tell()
            turns[index] += 1

    def _done(self, index: int) -> None:
        self.finished.add(index)
        if self.on_progress is not None:
            self.on_progress("solve", len(self.finished), len(self.sources))
        self._tell()

    def _tell(self) -> None:
        plans = self.snapshots.values()
        is_whole = len(plans) == len(self.sources)
        value = sum(plan.value for plan in plans) if is_whole else None
        bound = sum(plan.bound for plan in plans) if is_whole else None
        self.control.tell(Phase.SCORE, len(self.finished), len(self.sources), value, bound)

    def describe(self, crew: Crew, batch: Sequence[int]) -> None:
        """Compute what the result says of the components, where their arrays are, and drop the arrays."""
        tasks = [
            Task(name="outcome", index=index, params={**self._plan(index), "has_roster": self.has_roster})
            for index in batch
        ]
        for position, outcome in crew.results(tasks, lambda: None):
            self.outcomes[batch[position]] = outcome
        for _ in crew.results([Task(name="drop", index=index) for index in batch], lambda: None):
            pass

    def _plan(self, index: int) -> dict[str, Any]:
        """Return the plan of a component as the parameters of its description."""
        if index in self.solved:
            solved = self.solved[index]
            return {"links": solved.links} if solved.chosen is None else {"chosen": solved.chosen}
        own = self.snapshots[index] if index in self.snapshots else self.ended[index]
        return {"members": own.members}

    def describe_rest(self, crew: Crew) -> None:
        """After an interruption, describe the incumbent; components without a plan get one that only fills the seats.

        Where these are too many to be filled within a moment, the result has no plan.
        """
        if self.solver == cpsat.NAME and self.is_joint and not self.solved:
            chosen, self.proved = cpsat.solve_components(self.problem, seed=self.seed, watch=CUT)
            self.solved = {index: Solved(solver=cpsat.NAME, chosen=own, bounds={}) for index, own in enumerate(chosen)}
        everybody = range(len(self.sources))
        missing = [index for index in everybody if not self._has_plan(index) and index not in self.members]
        if sum(size_of(self.sources[index]) for index in missing) > PAIRS_FILLED_LATE:
            self.outcomes = {}
            return
        if self.solver == teams.NAME and self.problem.fairness is not FairnessMode.NONE and not self.reaches:
            tasks = [Task(name="team step", index=index, params={"step": reach, "args": ()}) for index in everybody]
            self.reaches = [answer for _, answer in crew.results(tasks, lambda: None)]
            self.members.update(enumerate(own.members for own in self.reaches))
        for batch in batches(self.sources, [index for index in everybody if index not in self.outcomes]):
            tasks = [self._last_task(index) for index in batch if not self._has_plan(index)]
            for position, answer in crew.results(tasks, lambda: None):
                kept: dict[int, Any] = self.solved
                if isinstance(answer, Snapshot | Ended):
                    kept = self.snapshots if isinstance(answer, Snapshot) else self.ended
                kept[tasks[position].index] = answer
            self.describe(crew, batch)
        self._name_mixed()

    def _has_plan(self, index: int) -> bool:
        return index in self.solved or index in self.snapshots or index in self.ended

    def _last_task(self, index: int) -> Task:
        """Return the task that makes a plan of a component soon."""
        if index in self.members:
            return Task(name="team step", index=index, params={"step": ended, "args": (self.members[index],)})
        if self._takes_teams(index):
            params = {"stage": 0, "seed": self.seed, "aim": SCORE, "start": None}
            return Task(name="team stage", index=index, params=params)
        if self.solver == cpsat.NAME:
            return Task(name="cpsat", index=index, params={"seed": self.seed, "is_cut": True})
        return Task(name="pairs", index=index, params={"seed": self.seed})

    def bounds_of_levels(self) -> dict[LevelName, int]:
        """Return the bounds of all levels, summed over the components where nothing couples them.

        Before a fairness level is finished, what each mentee could have alone bounds it.
        """
        bounds: dict[LevelName, int] = {}
        for index, outcome in self.outcomes.items():
            own = self._bounds_of(index)
            for name, value in outcome.values.items():
                bounds[name] = bounds.get(name, 0) + own.get(name, value)
        if self.reaches and LevelName.FAIRNESS not in self.proved:
            bounds[LevelName.FAIRNESS] = self._fairness_within_reach()
        return {**bounds, **self.proved}

    def _bounds_of(self, index: int) -> Mapping[LevelName, int]:
        if index in self.solved:
            return self.solved[index].bounds
        own = self.snapshots[index] if index in self.snapshots else self.ended[index]
        return {LevelName.SCORE: own.bound, LevelName.LOAD: own.load_bound}

    def _fairness_within_reach(self) -> int:
        alone = np.sort(np.concatenate([own.alone for own in self.reaches]))
        if self.problem.fairness is FairnessMode.WORST_TENTH:
            return worst_sum(alone, n_worst(len(alone)))
        # As many mentees as seats are empty may be without a full team; the others' least team is at most this.
        n_empty = sum(own.n_empty for own in self.reaches)
        return int(alone[min(n_empty, len(alone) - 1)])


def _split(parts: Sequence[Part], links: Sequence[Link]) -> list[tuple[Link, ...]]:
    number_by_mentee = {mentee.id: index for index, part in enumerate(parts) for mentee in part.facts.mentees}
    split: list[list[Link]] = [[] for _ in parts]
    for link in links:
        split[number_by_mentee[link[0]]].append(link)
    return [tuple(own) for own in split]


def batches(sources: Sequence[Source], numbers: Sequence[int] | None = None) -> list[list[int]]:
    """Return the components, or some of them, in runs of at most PAIRS_AT_ONCE pairs."""
    found: list[list[int]] = []
    held = 0
    for index in range(len(sources)) if numbers is None else numbers:
        held += size_of(sources[index])
        if not found or held > PAIRS_AT_ONCE:
            found.append([])
            held = size_of(sources[index])
        found[-1].append(index)
    return found
