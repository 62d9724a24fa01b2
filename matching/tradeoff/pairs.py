"""The curve of separable policies: exact plans in every direction by flow, epsilon constraints by a small search."""

import numpy as np

from matching.policy import Policy
from matching.problem import I8, ProblemData
from matching.result import levels_within
from matching.solution import Solution
from matching.solvers.curve import Optimum, PairFace, best_plan, largest_value, pair_face
from matching.solvers.epsilon import Criterion, search
from matching.solvers.epsilon import Found as Answer
from matching.solvers.flow import keeps_person_twice
from matching.tradeoff.axes import ArcValues, arc_values, before_score
from matching.tradeoff.envelope import Ceiling, Cut
from matching.tradeoff.points import PointMethod
from matching.tradeoff.state import Found, State, chord, within

PARTS = (16, 1)
"""Parts of the slack searched one after the other: a good plan from a small search makes the complete one small."""

MOST_DIRECTIONS = 40
"""Directions tried to find the two supported plans on either side of an epsilon; about ten are enough."""

LARGEST_WEIGHT = 10**9
"""Weights of a direction are smaller than this, whatever the arithmetic could take."""


class PairOracle:
    """Answers by flow and, for epsilon constraints, by CP-SAT on the edges that could matter."""

    def __init__(self, problem: ProblemData, policy: Policy, *, seed: int) -> None:
        self.problem, self.seed = problem, seed
        self.faces: list[PairFace] = [pair_face(component, problem) for component in problem.components]
        self.values: list[ArcValues] = [arc_values(component, policy) for component in problem.components]
        peaks = [max(1, int(own.geography.max(initial=0)), int(own.experience.max(initial=0))) for own in self.values]
        limits = [largest_value(face) // peak for face, peak in zip(self.faces, peaks, strict=True)]
        self.largest_weight = min([LARGEST_WEIGHT, *limits])

    def ends(self, state: State) -> tuple[Found, Found]:
        """Return the nearest and the most experienced plan, both proved in both criteria."""
        near = self._found(self._optima((1, 0)), (1, 0), PointMethod.NEAREST)
        far = self._found(self._optima((0, 1)), (0, 1), PointMethod.MOST_EXPERIENCED)
        state.cuts += [
            Cut(geography_weight=1, experience_weight=0, bound=near.geography),
            Cut(geography_weight=0, experience_weight=1, bound=far.experience),
        ]
        state.ceilings += [
            Ceiling(geography=near.geography, bound=near.experience),
            Ceiling(geography=far.geography + 1, bound=far.experience - 1),
        ]
        return near, far

    def best(self, state: State, direction: tuple[int, int]) -> Found:
        """Return the best plan of a direction, proved."""
        return self._best(state, direction)[0]

    def _best(self, state: State, direction: tuple[int, int]) -> tuple[Found, list[Optimum]]:
        optima = self._optima(direction)
        found = self._found(optima, direction, PointMethod.WEIGHTS)
        a, b = direction
        state.cuts.append(Cut(geography_weight=a, experience_weight=b, bound=found.bound))
        return found, optima

    def above(self, state: State, epsilon: int) -> Found:
        """Return the most experienced plan found with at least ``epsilon`` geography, and its proved bound.

        The best bound of all directions is that of the two supported plans on either side (the Lagrangian dual); of
        the plans known so far one is feasible. What is left between them is small, and CP-SAT searches it.
        """
        found, optima = self._around(state, epsilon)
        known = max(
            (one for one in state.known if one.geography >= epsilon), key=lambda one: (one.experience, one.geography)
        )
        bound = state.envelope.experience_bound(epsilon)
        a, b = found.direction
        for part in PARTS:
            if bound <= known.experience:
                break
            asked = known.experience + 1
            slack = (found.value - a * epsilon - b * asked) // part
            plan, answer = self._search(state, found, optima, slack, (("experience", asked), ("geography", epsilon)))
            if part == 1:
                proved = known.experience if answer.is_refuted else answer.bound
                bound = bound if proved is None else min(bound, proved)
            if plan is not None:
                known = self._epsilon_found(epsilon, plan, bound)
        if known.method is PointMethod.EPSILON:  # as much experience with more geography would be better still
            wanted = (("geography", known.geography + 1), ("experience", known.experience))
            slack = found.value - a * (known.geography + 1) - b * known.experience
            plan, _ = self._search(state, found, optima, slack, wanted) if slack >= 0 else (None, None)
            known = known if plan is None else self._epsilon_found(epsilon, plan, bound)
        state.ceilings.append(Ceiling(geography=epsilon, bound=bound))
        return self._epsilon_found(epsilon, known.plan, bound)

    def _search(
        self,
        state: State,
        found: Found,
        optima: list[Optimum],
        slack: int,
        wanted: tuple[tuple[str, int], ...],
    ) -> tuple[Solution | None, Answer]:
        """Search around the optimum of a direction for a plan that keeps least values; the first one is maximised."""
        columns = {
            "geography": tuple(own.geography for own in self.values),
            "experience": tuple(own.experience for own in self.values),
        }
        goals = [Criterion(values=columns[name], least=least) for name, least in wanted]
        goals.append(Criterion(values=tuple(own.other for own in self.values)))
        while True:
            answer = search(optima, slack, goals, seed=self.seed)
            if answer.free_flows is None:
                return None, answer
            chosen = [optimum.face.chosen(flow) for optimum, flow in zip(optima, answer.free_flows, strict=True)]
            if self._guard(optima, chosen):
                return Solution(chosen=tuple(chosen)), answer
            found, optima = self._best(state, found.direction)

    def _guard(self, optima: list[Optimum], chosen: list[I8]) -> bool:
        """Whether no team holds a person twice; else the faces are made such that these teams cannot."""
        is_clean = True
        for index, (optimum, own) in enumerate(zip(optima, chosen, strict=True)):
            twice = keeps_person_twice(optimum.face.component, own)
            if twice.any():
                is_clean = False
                face = optimum.face
                self.faces[index] = pair_face(face.component, self.problem, face.guarded | twice)
        return is_clean

    def _around(self, state: State, epsilon: int) -> tuple[Found, list[Optimum]]:
        """Find the supported plans on either side of ``epsilon``, and the optimum of the direction between them."""
        supported = [one for one in state.known if one.method is not PointMethod.EPSILON]
        left = min((one for one in supported if one.geography >= epsilon), key=lambda one: one.geography)
        right = max((one for one in supported if one.geography < epsilon), key=lambda one: one.geography)
        for _ in range(MOST_DIRECTIONS):
            direction = within(chord(left, right), self.largest_weight)
            found, optima = self._best(state, direction)
            if found.worth(direction) <= max(left.worth(direction), right.worth(direction)):
                break
            state.add(found, is_shown=False)
            before = left.at, right.at
            if epsilon <= found.geography < left.geography:
                left = found
            elif right.geography < found.geography < epsilon:
                right = found
            if (left.at, right.at) == before:
                break
        return found, optima

    def _epsilon_found(self, epsilon: int, plan: Solution, bound: int) -> Found:
        geography, experience = self._axes(plan)
        return Found(
            method=PointMethod.EPSILON,
            direction=(0, 0),
            epsilon=epsilon,
            geography=geography,
            experience=experience,
            value=experience,
            bound=bound,
            plan=plan,
            levels=before_score(levels_within(plan.objective(self.problem), {})),
        )

    def _optima(self, direction: tuple[int, int]) -> list[Optimum]:
        a, b = direction
        optima = []
        for index, (face, own) in enumerate(zip(self.faces, self.values, strict=True)):
            values = [a * own.geography + b * own.experience]
            if not a or not b:
                values.append(own.experience if a else own.geography)
            optimum = best_plan(face, [*values, own.other], seed=self.seed)
            self.faces[index] = optimum.face
            optima.append(optimum)
        return optima

    def _found(self, optima: list[Optimum], direction: tuple[int, int], method: PointMethod) -> Found:
        plan = Solution(chosen=tuple(optimum.chosen for optimum in optima))
        geography, experience = self._axes(plan)
        worth = direction[0] * geography + direction[1] * experience
        return Found(
            method=method,
            direction=direction,
            epsilon=None,
            geography=geography,
            experience=experience,
            value=worth,
            bound=worth,
            plan=plan,
            levels=before_score(levels_within(plan.objective(self.problem), {})),
        )

    def _axes(self, plan: Solution) -> tuple[int, int]:
        geography = experience = 0
        for own, chosen in zip(self.values, plan.chosen, strict=True):
            used = chosen[np.asarray(chosen >= 0)]
            geography += int(own.geography[used].sum())
            experience += int(own.experience[used].sum())
        return geography, experience
