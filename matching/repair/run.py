"""The front door of a repair: a published roster and today's facts in, the least disturbed plan out."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from matching.build import Progress, build
from matching.control import StoppedBy
from matching.errors import InvalidFactsError, InvalidPolicyError, SolverFailedError
from matching.facts import Facts
from matching.findings import find_warnings
from matching.metrics import joined_figures
from matching.outcome import joined_values, outcome_of
from matching.policy import Policy
from matching.problem import ProblemData
from matching.repair.held import held_links
from matching.repair.plan import Repaired, budget_offers, repaired
from matching.repair.report import EndedLink, MenteeChange, MentorChange, NewLink, changes_of
from matching.result import ExcludedMentee, Result, levels_within
from matching.rules import mentee_exclusion
from matching.solution import LevelName, Solution
from matching.solvers import flow
from matching.solvers.choice import find_team_obstacle
from matching.solvers.seating import check_seating
from matching.solvers.teams import solve as teams
from matching.supply import supply_table
from matching.vocabulary import SolveStatus

_REASON = "repair of the published roster: links that still hold stay, free seats are filled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairResult:
    """A repaired plan and its difference from the published roster.

    Attributes
    ----------
    result
        The plan as of a solve. Bounds are those of all plans that keep the links that still hold, but for the budget.
    max_changes
        The budget: changed links beyond the forced ones; ``None`` for any number.
    before
        ``(level, value)`` of what still holds of the published roster, in the units of ``result.levels``.
    ended, added
        Links of the roster that end, by mentee, slot and mentor; links that are new, in the order of the plan.
    mentees, mentors
        Everybody whose links change, and mentees with an empty seat, by code.
    n_published, n_kept
        Links of the published roster, and how many of them stay.
    n_changed_links
        Links removed or added against the published roster (domain 4.5).
    n_moves
        Those of them that were not forced: links that still hold but end, and new links in their seats.
    n_people_affected
        Distinct persons among the changed links.
    offers
        What a budget would buy from here: ``(max_changes, further seats filled)``, one entry per further seat; empty
        when no budget fills another seat. ``None`` when a budget was given, or a slot cap keeps this form from knowing.
    """

    result: Result
    max_changes: int | None
    before: tuple[tuple[LevelName, int], ...]
    ended: tuple[EndedLink, ...]
    added: tuple[NewLink, ...]
    mentees: tuple[MenteeChange, ...]
    mentors: tuple[MentorChange, ...]
    n_published: int
    n_kept: int
    n_changed_links: int
    n_moves: int
    n_people_affected: int
    offers: tuple[tuple[int, int], ...] | None


def repair(
    facts: Facts,
    policy: Policy,
    *,
    max_changes: int | None = 0,
    seed: int = 0,
    on_progress: Progress | None = None,
    problem: ProblemData | None = None,
) -> RepairResult:
    """Repair the roster in force, ``facts.published``, for today's facts.

    Every link that still holds stays. Where such links cannot all stay together (a mentor above capacity), as many as
    possible do, and the objective says which. Free seats are filled as by ``solve``. With ``max_changes``, links that
    hold may move where that lifts the objective: a link not kept counts one change, a new link in its seat another.

    Separable policies: without a budget every level is proved. With one, the fill is proved; a level is proved too
    where it equals the best without any budget, the score has a Lagrangian bound, and any other gap is reported. Team
    policies: the score has a certified bound; within a budget the fill as well.

    Parameters
    ----------
    max_changes
        Budget of changed links beyond the forced ones, at least 0; ``None`` for no limit.
    seed
        Chooses among plans that are equal on every level.
    on_progress
        See ``solve``.
    problem
        What ``build(facts, policy)`` returned.

    Raises
    ------
    InvalidFactsError
        When nothing is published, and for facts that contradict themselves.
    InvalidPolicyError
        For a negative budget, and for shapes that this form cannot combine with the facts.
    EmptyPoolError, PinConflictError, SolverFailedError
        See ``solve``.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from matching import PRESETS, solve
    >>> from matching.generate import generate_facts
    >>> facts, policy = generate_facts(7), PRESETS["TONGREN_2_PLUS_1"]
    >>> roster = tuple((s.mentee_id, s.slot, s.mentor_id) for s in solve(facts, policy).seats)
    >>> same = repair(replace(facts, published=roster), policy)
    >>> same.n_changed_links, same.n_kept == len(roster)
    (0, True)
    """
    if max_changes is not None and max_changes < 0:
        raise InvalidPolicyError("maxChanges", f"a budget of changes cannot be {max_changes}; give 0 or more")
    if not facts.published:
        raise InvalidFactsError("published", "no roster is in force, so there is nothing to repair; solve instead")
    stages: list[tuple[str, float]] = []
    started = time.perf_counter()

    def lap(stage: str) -> None:
        stages.append((stage, time.perf_counter() - started - sum(seconds for _, seconds in stages)))

    if problem is None:
        problem = build(facts, policy, on_progress=on_progress)
    check_seating(facts, policy, problem)
    check_repairable(problem)
    lap("build")
    held = [held_links(component, problem) for component in problem.components]
    plan = repaired(problem, held, max_changes=max_changes, seed=seed)
    lap("solve")
    offers = budget_offers(problem, plan) if max_changes == 0 else None
    lap("offers")
    changes = changes_of(facts, policy, problem, plan, held)
    before = Solution(chosen=plan.kept).objective(problem)
    lap("compare")
    result = _result(facts, policy, problem, plan, seed, stages, lap)
    return RepairResult(
        result=result,
        max_changes=max_changes,
        before=tuple(before.items()),
        ended=changes.ended,
        added=changes.added,
        mentees=changes.mentees,
        mentors=changes.mentors,
        n_published=len(facts.published),
        n_kept=changes.n_kept,
        n_changed_links=len(changes.ended) + len(changes.added),
        n_moves=plan.n_moves,
        n_people_affected=changes.n_people,
        offers=offers,
    )


def check_repairable(problem: ProblemData) -> None:
    """Refuse a shape that a repair has no form for.

    Raises
    ------
    InvalidPolicyError
        For team terms beside slots of unequal rules, slot caps, or forbidden weak teams.
    """
    obstacle = find_team_obstacle(problem) if problem.team_terms else None
    if obstacle is not None:
        raise InvalidPolicyError(
            "teamObjective",
            f"{obstacle}, and a repair has no form for that beside whole teams; solve with maxChanges instead",
        )


def _result(
    facts: Facts,
    policy: Policy,
    problem: ProblemData,
    plan: Repaired,
    seed: int,
    stages: list[tuple[str, float]],
    lap: Callable[[str], None],
) -> Result:
    outcomes = [
        outcome_of(component, problem, chosen, policy, has_roster=True)
        for component, chosen in zip(problem.components, plan.chosen, strict=True)
    ]
    values = joined_values(outcomes, problem)
    n_lost = sum(outcome.n_pins for outcome in outcomes) - values[LevelName.PINS]
    if n_lost:
        raise SolverFailedError(f"{n_lost} pins that do not clash were left out; report this as a defect")
    levels = levels_within(values, plan.bounds)
    is_optimal = not any(level.gap for level in levels)
    excluded = tuple(
        ExcludedMentee(mentee_id=mentee.id, reason=reason)
        for mentee in sorted(facts.mentees, key=lambda mentee: (mentee.code, mentee.id))
        if (reason := mentee_exclusion(mentee, policy)) is not None
    )
    figures = joined_figures([outcome.figures for outcome in outcomes], len(problem.slots))
    table = supply_table(facts, policy)
    found = find_warnings(facts, policy)
    lap("report")
    return Result(
        status=SolveStatus.OPTIMAL if is_optimal else SolveStatus.FEASIBLE,
        stopped_by=StoppedBy.OPTIMAL if is_optimal else StoppedBy.STEPS,
        steps=len(outcomes),
        solver=f"repair-{teams.NAME if problem.team_terms else flow.NAME}",
        solver_reason=_REASON,
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
        seed=seed,
        runtime_s=sum(seconds for _, seconds in stages),
        stages=tuple(stages),
    )
