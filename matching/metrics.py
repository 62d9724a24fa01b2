"""Figures of a plan, with the exact team terms of domain 4.5 for any number of seats."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.criteria import UNKNOWN_COVERAGE, criterion_weights, individual_experience, is_weak_fit
from matching.geography import RELATIONS, SOURCES
from matching.policy import Policy
from matching.problem import I8, Component, ProblemData
from matching.rules import OWN_TOWNSHIP_RELATIONS
from matching.solution import Solution, person_loads
from matching.vocabulary import Relation, TravelSource

F8 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamFigures:
    """Exact figures of one mentee's team; all 0 without any mentor.

    Attributes
    ----------
    team_score
        s(i, T) of domain 4.5, in points.
    experience_fit, need_coverage
        0-100, and 0-1.
    is_weak
        No member with ``seniorYears`` years, or a fit below the floor; a mentee without mentors is not a team.
    """

    mentee_id: str
    n_mentors: int
    team_score: float
    experience_fit: float
    need_coverage: float
    is_weak: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TownshipFigures:
    """Figures of one township; means are ``None`` where no mentee has a mentor."""

    township: str
    n_mentees: int
    n_seats: int
    n_filled: int
    mean_experience_fit: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Headline figures of a plan.

    Attributes
    ----------
    n_loads
        ``(load, persons)``: how many mentors serve how many mentees of this run, every mentor of the problem counted.
    share_by_relation
        Share of the filled seats per relation class.
    same_township_share
        Share of the filled seats whose mentor is LINKED, SAME_VILLAGE or SAME_TOWNSHIP.
    n_by_travel_source
        Filled seats per source of minutes.
    mean_minutes, p90_minutes, max_minutes
        Over the filled seats with known minutes; the 90th percentile interpolates linearly.
    n_without_local_mentor
        Mentees without any mentor of the same township, mentees without mentors included.
    mean_experience_fit, worst_experience_fit, mean_team_score, worst_team_score
        Over the mentees with at least one mentor; ``None`` without any.
    n_weak_teams
        Teams below the floor.
    lowest
        The ten mentees with the lowest team score, lowest first; mentees without mentors score 0.
    n_wishes, n_wishes_met
        Pairs with a wish of either side among the run's people, and how many of them were formed.
    n_fallbacks, n_released
        Filled seats outside the first tier, and seats filled through a released rule.
    teams
        Every mentee's team, in the order of the components.
    """

    n_mentees: int
    n_seats: int
    n_filled: int
    n_full_teams: int
    n_unserved: int
    n_loads: tuple[tuple[int, int], ...]
    min_load: int
    mean_load: float
    max_load: int
    share_by_relation: Mapping[Relation, float]
    same_township_share: float | None
    n_by_travel_source: Mapping[TravelSource, int]
    mean_minutes: float | None
    p90_minutes: float | None
    max_minutes: float | None
    n_without_local_mentor: int
    mean_experience_fit: float | None
    worst_experience_fit: float | None
    mean_team_score: float | None
    worst_team_score: float | None
    n_weak_teams: int
    townships: tuple[TownshipFigures, ...]
    lowest: tuple[TeamFigures, ...]
    n_wishes: int
    n_wishes_met: int
    n_fallbacks: int
    n_released: int
    teams: tuple[TeamFigures, ...]


def team_figures(component: Component, chosen: I8, policy: Policy) -> tuple[TeamFigures, ...]:
    """Return the exact figures of every mentee of a component (domain 4.5, team score)."""
    n, k = chosen.shape
    filled = chosen >= 0
    size = filled.sum(axis=1)
    figures = {name: np.zeros(n) for name in ("geography", "individual", "preference", "misfits")}
    has_senior = np.zeros(n, dtype=bool)
    criteria = component.criteria
    needs, skills = criteria.need_weights, criteria.skills
    joint = np.zeros_like(needs)
    for seat in range(k):
        rows = np.flatnonzero(filled[:, seat])
        columns = component.arc_mentor[chosen[rows, seat]].astype(np.int64) if len(rows) else rows
        figures["geography"][rows] += criteria.geography[rows, columns]
        figures["individual"][rows] += individual_experience(criteria, policy, rows, columns)
        figures["preference"][rows] += criteria.preference[rows, columns]
        figures["misfits"][rows] += ~criteria.fits_category[seat, columns]
        has_senior[rows] |= criteria.is_senior[columns]
        joint[rows] += skills[columns]
    members = np.maximum(1, size)
    coverage = (needs * np.minimum(1.0, joint)).sum(axis=1)
    coverage[needs.sum(axis=1) == 0] = UNKNOWN_COVERAGE
    weight = policy.experience.need_weight
    fit = (1 - weight) * figures["individual"] / members + weight * coverage
    weak = ~has_senior | is_weak_fit(100 * fit, policy)
    by_geography, by_experience, by_preference = criterion_weights(policy)
    gain = by_geography * figures["geography"] / members + by_experience * fit
    gain += by_preference * figures["preference"] / members
    penalties = policy.penalties
    score = size / k * 100 * gain - penalties.composition * figures["misfits"]
    score -= penalties.no_senior * ~has_senior + penalties.weak * weak
    columns = (values.tolist() for values in (size, score, fit, coverage, weak))
    return tuple(
        TeamFigures(
            mentee_id=mentee.id,
            n_mentors=n_mentors,
            team_score=round(own_score, 4) if n_mentors else 0.0,
            experience_fit=round(100 * own_fit, 4) if n_mentors else 0.0,
            need_coverage=round(own_coverage, 6) if n_mentors else 0.0,
            is_weak=is_weak and n_mentors > 0,
        )
        for mentee, n_mentors, own_score, own_fit, own_coverage, is_weak in zip(
            component.mentees, *columns, strict=True
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFigures:
    """What one component adds to the figures.

    Attributes
    ----------
    relation, source, minutes, tier, is_released
        ``float64`` (filled seats,).
    load
        ``int64`` (persons,).
    townships, codes
        Township, and code with id, of every mentee.
    """

    n_seats: int
    relation: F8
    source: F8
    minutes: F8
    tier: F8
    is_released: F8
    load: I8
    townships: tuple[str, ...]
    codes: tuple[tuple[str, str], ...]
    teams: tuple[TeamFigures, ...]
    n_without_local_mentor: int
    n_wishes: int
    n_wishes_met: int


def part_figures(component: Component, chosen: I8, policy: Policy) -> PartFigures:
    """Compute what one component adds to the figures of a plan."""
    used = chosen[chosen >= 0]
    local = [RELATIONS.index(r) for r in OWN_TOWNSHIP_RELATIONS]
    return PartFigures(
        n_seats=component.n_seats,
        relation=_of_seats(component, chosen, "relation"),
        source=_of_seats(component, chosen, "source"),
        minutes=_of_seats(component, chosen, "minutes"),
        tier=component.arc_tier[used].astype(np.float64),
        is_released=component.arc_released[used].astype(np.float64),
        load=person_loads(component, chosen),
        townships=tuple(mentee.township for mentee in component.mentees),
        codes=tuple((mentee.code, mentee.id) for mentee in component.mentees),
        teams=team_figures(component, chosen, policy),
        n_without_local_mentor=_without_local(component, chosen, local),
        n_wishes=int(component.criteria.wishes.sum()),
        n_wishes_met=_wishes_met(component, chosen),
    )


def metrics(problem: ProblemData, solution: Solution, policy: Policy) -> Metrics:
    """Compute every figure of a plan."""
    parts = zip(problem.components, solution.chosen, strict=True)
    return joined_figures([part_figures(component, chosen, policy) for component, chosen in parts], len(problem.slots))


def joined_figures(parts: Sequence[PartFigures], n_slots: int) -> Metrics:
    """Join what the components add; ``n_slots`` seats per mentee."""
    every = [team for part in parts for team in part.teams]
    served = [team for team in every if team.n_mentors]
    relation, source, minutes, tiers, released = (
        _joined([getattr(part, name) for part in parts])
        for name in ("relation", "source", "minutes", "tier", "is_released")
    )
    n_filled = len(relation)
    known = minutes[~np.isnan(minutes)]
    loads = _joined([part.load for part in parts]).astype(np.int64)
    values, counts = np.unique(loads, return_counts=True)
    local = [RELATIONS.index(r) for r in OWN_TOWNSHIP_RELATIONS]
    fits = [team.experience_fit for team in served]
    scores = [team.team_score for team in served]
    return Metrics(
        n_mentees=len(every),
        n_seats=len(every) * n_slots,
        n_filled=n_filled,
        n_full_teams=sum(team.n_mentors == n_slots for team in every),
        n_unserved=sum(team.n_mentors == 0 for team in every),
        n_loads=tuple(zip(values.tolist(), counts.tolist(), strict=True)),
        min_load=int(loads.min()) if len(loads) else 0,
        mean_load=float(loads.mean()) if len(loads) else 0.0,
        max_load=int(loads.max()) if len(loads) else 0,
        share_by_relation={r: float((relation == i).sum()) / max(1, n_filled) for i, r in enumerate(RELATIONS)},
        same_township_share=float(np.isin(relation, local).mean()) if n_filled else None,
        n_by_travel_source={s: int((source == i).sum()) for i, s in enumerate(SOURCES)},
        mean_minutes=float(known.mean()) if len(known) else None,
        p90_minutes=float(np.percentile(known, 90)) if len(known) else None,
        max_minutes=float(known.max()) if len(known) else None,
        n_without_local_mentor=sum(part.n_without_local_mentor for part in parts),
        mean_experience_fit=_mean(fits),
        worst_experience_fit=min(fits, default=None),
        mean_team_score=_mean(scores),
        worst_team_score=min(scores, default=None),
        n_weak_teams=sum(team.is_weak for team in every),
        townships=_townships(parts),
        lowest=_lowest(parts),
        n_wishes=sum(part.n_wishes for part in parts),
        n_wishes_met=sum(part.n_wishes_met for part in parts),
        n_fallbacks=int((tiers > 0).sum()),
        n_released=int(released.sum()),
        teams=tuple(every),
    )


def _of_seats(component: Component, chosen: I8, name: str) -> F8:
    used = chosen[chosen >= 0]
    at = (component.arc_mentee[used], component.arc_mentor[used])
    near = component.near
    if name == "minutes":
        return near.minutes[at]
    return (near.relation if name == "relation" else near.source)[at].astype(np.float64)


def _joined(arrays: Sequence["npt.NDArray[np.generic]"]) -> F8:
    return np.concatenate([array.astype(np.float64) for array in arrays]) if arrays else np.zeros(0)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _without_local(component: Component, chosen: I8, local: Sequence[int]) -> int:
    has_local = np.zeros(len(component.mentees), dtype=bool)
    used = chosen[chosen >= 0]
    rows = component.arc_mentee[used]
    has_local[rows[np.isin(component.near.relation[rows, component.arc_mentor[used]], local)]] = True
    return int((~has_local).sum())


def _wishes_met(component: Component, chosen: I8) -> int:
    used = chosen[chosen >= 0]
    return int(component.criteria.wishes[component.arc_mentee[used], component.arc_mentor[used]].sum())


def _townships(parts: Sequence[PartFigures]) -> tuple[TownshipFigures, ...]:
    rows: dict[str, list[TeamFigures]] = {}
    n_seats = parts[0].n_seats if parts else 0
    for part in parts:
        for township, team in zip(part.townships, part.teams, strict=True):
            rows.setdefault(township, []).append(team)
    return tuple(
        TownshipFigures(
            township=township,
            n_mentees=len(own_teams),
            n_seats=len(own_teams) * n_seats,
            n_filled=sum(team.n_mentors for team in own_teams),
            mean_experience_fit=_mean([team.experience_fit for team in own_teams if team.n_mentors]),
        )
        for township, own_teams in sorted(rows.items())
    )


def _lowest(parts: Sequence[PartFigures]) -> tuple[TeamFigures, ...]:
    listed: list[tuple[float, str, str, TeamFigures]] = [
        (team.team_score, code, mentee_id, team)
        for part in parts
        for (code, mentee_id), team in zip(part.codes, part.teams, strict=True)
    ]
    return tuple(entry[3] for entry in heapq.nsmallest(10, listed, key=lambda entry: entry[:3]))
