"""The makers of explanations: the context of a plan from arrays, from its links, or from a stored result."""

from collections.abc import Mapping, Sequence

import numpy as np

from matching.build import build
from matching.errors import PlanMismatchError
from matching.explain.answers import Explainer
from matching.explain.option import arcs_of
from matching.facts import Facts
from matching.policy import Policy
from matching.problem import ProblemData
from matching.result import Result
from matching.solution import LevelName, Solution


def explainer(
    facts: Facts,
    policy: Policy,
    problem: ProblemData,
    solution: Solution,
    *,
    bounds: Mapping[LevelName, int] | None = None,
    is_lenient: bool = False,
) -> Explainer:
    """Return the context that explains a plan.

    Parameters
    ----------
    problem
        What ``build(facts, policy)`` returned.
    solution
        The plan; for separable policies optimal on every level, under team terms on the integer levels.
    bounds
        Bounds of the fairness and score levels over the whole run, where the solver proved any.
    is_lenient
        See ``Explainer``.
    """
    return Explainer(
        facts=facts,
        policy=policy,
        problem=problem,
        solution=solution,
        bounds=dict(bounds or {}),
        is_lenient=is_lenient,
        _mentees={
            m.id: (number, row) for number, c in enumerate(problem.components) for row, m in enumerate(c.mentees)
        },
        _mentors={m.id: (number, j) for number, c in enumerate(problem.components) for j, m in enumerate(c.mentors)},
    )


def explainer_of_links(
    facts: Facts,
    policy: Policy,
    links: Sequence[tuple[str, str, str]],
    *,
    bounds: Mapping[LevelName, int] | None = None,
    problem: ProblemData | None = None,
    is_lenient: bool = False,
) -> Explainer:
    """Return the context that explains a stored plan.

    Parameters
    ----------
    links
        ``(mentee_id, slot, mentor_id)`` of every filled seat.
    bounds
        Bounds of the fairness and score levels over the whole run, where the solver proved any.
    problem
        What ``build(facts, policy)`` returned, if at hand.
    is_lenient
        See ``Explainer``.

    Raises
    ------
    PlanMismatchError
        For a link that a hard rule forbids under these facts and this policy, or whose people take no part.
    """
    problem = build(facts, policy) if problem is None else problem
    chosen = [np.full((len(c.mentees), c.n_seats), -1, dtype=np.int64) for c in problem.components]
    context = explainer(facts, policy, problem, Solution(chosen=tuple(chosen)), bounds=bounds, is_lenient=is_lenient)
    for mentee_id, slot, mentor_id in links:
        number, row = context._mentees.get(mentee_id, (-1, -1))
        other, column = context._mentors.get(mentor_id, (-2, -1))
        arcs = np.zeros(0, dtype=np.int64)
        if number == other and slot in problem.slots:
            arcs = arcs_of(problem.components[number], row, problem.slots.index(slot))
            arcs = arcs[problem.components[number].arc_mentor[arcs] == column]
        if not len(arcs):
            raise PlanMismatchError(
                f"{mentee_id} with {mentor_id} as {slot}: these facts and this policy do not allow the pairing; "
                "explain the plan with those that it was made with"
            )
        chosen[number][row, problem.slots.index(slot)] = arcs[0]
    return context


def explainer_of_result(
    facts: Facts, policy: Policy, result: Result, *, problem: ProblemData | None = None
) -> Explainer:
    """Return the context that explains a stored result.

    Parameters
    ----------
    problem
        What ``build(facts, policy)`` returned, if at hand.

    Raises
    ------
    PlanMismatchError
        When the result was made from other facts or another policy.
    """
    problem = build(facts, policy) if problem is None else problem
    if problem.fingerprint() != result.problem_fingerprint:
        raise PlanMismatchError(
            "the result was made from other facts or another policy; explain it with those that it was solved with"
        )
    return explainer_of_links(
        facts,
        policy,
        [(seat.mentee_id, seat.slot, seat.mentor_id) for seat in result.seats],
        bounds={level.name: level.bound for level in result.levels},
        problem=problem,
    )
