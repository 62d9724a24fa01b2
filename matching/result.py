"""What a solve returns: the plan seat by seat, proved levels, shortfalls, warnings and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from matching.control import StoppedBy
from matching.criteria import F8, SCORE_UNIT, Term, term_points
from matching.findings import Finding
from matching.geography import RELATIONS, SOURCES, anchor_of
from matching.metrics import Metrics
from matching.policy import Policy
from matching.problem import I8, Component, ProblemData
from matching.rules import MenteeExclusion
from matching.shortfalls import Shortfall
from matching.solution import MINIMISED, SCALE_BY_LEVEL, LevelName, Solution, members_of
from matching.supply import TownshipSupply
from matching.teams import TeamArrays, points_by_term, team_scores, uses_release
from matching.vocabulary import Relation, SolveStatus, TravelSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One term of a seat's score.

    Attributes
    ----------
    points
        Integer, in units of 10⁻⁴ points; the contributions of a seat add up to its score exactly.
    """

    term: Term
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledSeat:
    """One pairing of a mentee with a mentor.

    Attributes
    ----------
    score
        Integer, in units of 10⁻⁴ points. Under team terms it is what the pair would count alone, and the score level
        is the sum over ``Result.teams``.
    anchor
        Code of the mentor's place that counted; ``None`` for a mentor without any known place.
    minutes, travel_source
        Travel minutes from that anchor, ``None`` when unknown, and where they came from.
    tier
        Fallback tier used: 0 none, 1 zone, 2 county.
    is_released
        The seat was open to the mentor only because an officer released the township rule.
    changed_from_published
        Something is published, and this link is not part of it.
    """

    mentee_id: str
    slot: str
    mentor_id: str
    score: int
    contributions: tuple[Contribution, ...]
    relation: Relation
    anchor: str | None
    minutes: float | None
    travel_source: TravelSource
    tier: int
    is_released: bool
    is_pinned: bool
    changed_from_published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamScore:
    """The exact score of one mentee's team (domain 4.5).

    Attributes
    ----------
    score
        Integer, in units of 10⁻⁴ points; the contributions add up to it exactly.
    uses_release
        The team stands only because an officer released the township rule of the mentee.
    """

    mentee_id: str
    score: int
    contributions: tuple[Contribution, ...]
    uses_release: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of the objective.

    Attributes
    ----------
    value, bound
        Integers in units of ``1 / scale``; no plan can do better than ``bound`` given the levels before.
    gap
        ``|bound - value| / max(|value|, 1 natural unit)``; 0 means proved.
    is_conditional
        An earlier level is not proved: the bound holds among the plans that keep the earlier levels' attained values.
    """

    name: LevelName
    value: int
    bound: int
    scale: int
    gap: float
    is_conditional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedMentee:
    """A mentee who takes no part in the run, and why."""

    mentee_id: str
    reason: MenteeExclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Outcome of a solve; equal facts, policy and seed give equal results up to the seconds.

    Attributes
    ----------
    stopped_by, steps
        What ended the solve, and how many steps it took; as many steps again give the same plan.
    solver, solver_reason
        Which solver was used, and why it is the right one.
    levels
        The objective, most important first.
    seats
        The plan, by mentee code and slot.
    teams
        Score of every mentee's team under team terms; empty for separable policies.
    stages
        ``(stage, seconds)``.
    """

    status: SolveStatus
    stopped_by: StoppedBy
    steps: int
    solver: str
    solver_reason: str
    levels: tuple[Level, ...]
    seats: tuple[FilledSeat, ...]
    teams: tuple[TeamScore, ...]
    shortfalls: tuple[Shortfall, ...]
    excluded: tuple[ExcludedMentee, ...]
    warnings: tuple[Finding, ...]
    metrics: Metrics
    supply: tuple[TownshipSupply, ...]
    problem_fingerprint: str
    policy_fingerprint: str
    seed: int
    runtime_s: float
    stages: tuple[tuple[str, float], ...]


def levels_within(values: Mapping[LevelName, int], bounds: Mapping[LevelName, int]) -> tuple[Level, ...]:
    """Return the levels with these values: bound = value where no other bound is given.

    gap = |bound - value| / max(|value|, 1), in natural units (domain 4.4).
    """
    levels: list[Level] = []
    is_conditional = False
    for name, value in values.items():
        bound, scale = bounds.get(name, value), SCALE_BY_LEVEL.get(name, 1)
        if (bound - value) * (-1 if name in MINIMISED else 1) < 0:
            raise AssertionError(f"the value of {name} crosses its bound; report this as a defect")
        gap = abs(bound - value) / max(abs(value), scale)
        level = Level(name=name, value=value, bound=bound, scale=scale, gap=gap, is_conditional=is_conditional)
        levels.append(level)
        is_conditional |= gap > 0
    return tuple(levels)


def scored_teams(problem: ProblemData, solution: Solution, policy: Policy) -> tuple[TeamScore, ...]:
    """Return the score of every team with its contributions, in the order of components and mentees."""
    found: list[TeamScore] = []
    for component, chosen in zip(problem.components, solution.chosen, strict=True):
        arrays = component.teams
        if arrays is None:
            continue
        rows, members = np.arange(len(chosen)), members_of(component, chosen)
        own = points_of_teams(arrays, component, problem, policy, rows, members)
        scores = team_scores(arrays, problem.team_terms, rows, members)
        parts = _whole(tuple(own), np.stack(tuple(own.values())) * SCORE_UNIT, scores)
        released = uses_release(arrays, rows, members)
        found += [
            TeamScore(mentee_id=mentee.id, score=score, contributions=contributions, uses_release=uses)
            for mentee, score, contributions, uses in zip(
                component.mentees, scores.tolist(), parts, released.tolist(), strict=True
            )
        ]
    return tuple(found)


def points_of_teams(
    arrays: TeamArrays, component: Component, problem: ProblemData, policy: Policy, mentee: I8, members: I8
) -> dict[Term, F8]:
    """Return the points of every term, ``float64`` (teams,), for teams given by mentee and mentor per seat."""
    team, seat = np.nonzero(members >= 0)
    own: dict[Term, F8] = {}
    for term, points in term_points(component.criteria, policy, mentee[team], seat, members[team, seat]):
        own[term] = np.bincount(team, weights=points, minlength=len(mentee)).astype(np.float64)
    own.update(points_by_term(arrays, problem.team_terms, mentee, members))
    return own


def filled_seats(
    problem: ProblemData, solution: Solution, policy: Policy, *, has_roster: bool
) -> tuple[FilledSeat, ...]:
    """Return the plan seat by seat, in the order of components, mentees and slots."""
    found: list[FilledSeat] = []
    for component, chosen in zip(problem.components, solution.chosen, strict=True):
        used = chosen[chosen >= 0]
        if not len(used):
            continue
        row, column = component.arc_mentee[used], component.arc_mentor[used]
        near = component.near
        of_arc = (
            component.arc_seat, component.arc_score, component.arc_tier, component.arc_released, component.arc_pinned,
            component.arc_published,
        )  # fmt: skip
        of_pair = (near.relation, near.anchor, near.minutes, near.source)
        columns = [values[used].tolist() for values in of_arc] + [table[row, column].tolist() for table in of_pair]
        contributions_of_arc = _contributions(component, policy, used)
        for (
            mentee, mentor, contributions, seat, score, tier, is_released, is_pinned, is_published, relation, anchor,
            minutes, source,
        ) in zip(row.tolist(), column.tolist(), contributions_of_arc, *columns, strict=True):  # fmt: skip
            found.append(
                FilledSeat(
                    mentee_id=component.mentees[mentee].id,
                    slot=problem.slots[seat],
                    mentor_id=component.mentors[mentor].id,
                    score=score,
                    contributions=contributions,
                    relation=RELATIONS[relation],
                    anchor=anchor_of(component.mentors[mentor], anchor) if anchor >= 0 else None,
                    minutes=None if isnan(minutes) else minutes,
                    travel_source=SOURCES[source],
                    tier=tier,
                    is_released=is_released,
                    is_pinned=is_pinned,
                    changed_from_published=has_roster and not is_published,
                )
            )
    return tuple(found)


def _contributions(component: Component, policy: Policy, arcs: I8) -> list[tuple[Contribution, ...]]:
    """Return the terms of the given arcs in whole units; the largest fractions round up until the sum is exact."""
    index = [array[arcs].astype(np.int64) for array in (component.arc_mentee, component.arc_seat, component.arc_mentor)]
    terms, points = zip(*term_points(component.criteria, policy, index[0], index[1], index[2]), strict=True)
    return _whole(terms, np.stack(points) * SCORE_UNIT, component.arc_score[arcs])


def _whole(terms: Sequence[Term], exact: F8, total: I8) -> list[tuple[Contribution, ...]]:
    whole = np.floor(exact + 1e-7).astype(np.int64)
    missing = total - whole.sum(axis=0)
    rank = np.argsort(np.argsort(-(exact - whole), axis=0, kind="stable"), axis=0, kind="stable")
    whole += rank < missing
    if (whole.sum(axis=0) != total).any():
        raise AssertionError("contributions do not add up to the score; report this as a defect")
    columns = []
    for term, values in zip(terms, whole.tolist(), strict=True):
        made = {value: Contribution(term=term, points=value) for value in set(values)}
        columns.append([made[value] for value in values])
    return list(zip(*columns, strict=True))
