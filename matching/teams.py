"""Team terms and team rules: what depends on the *set* of mentors of one mentee (domain 4.5).

A team is a row of ``members`` with one mentor per seat, -1 for an empty seat. A term is one registered function from
many teams at once to points; policy and problem hold names and numbers only, so a plan can be recomputed anywhere. The
team score of domain 4.5 is the sum of the members' own points (geography, individual experience, preference: their
means times |T|/k are sums over the members) and of all terms; its integer is round(10⁴ · s).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.criteria import (
    SCORE_UNIT,
    UNKNOWN_COVERAGE,
    PairCriteria,
    Term,
    criterion_weights,
    individual_experience,
)
from matching.facts import Mentee, Mentor
from matching.geography import RELATIONS, PairGeography
from matching.policy import Policy
from matching.policy_options import SameVillageMode, TeamObjective
from matching.rules import OWN_TOWNSHIP_RELATIONS, TOWNSHIP_RULE
from matching.vocabulary import Relation

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]
Params = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamArrays:
    """What the team terms and rules of one component read.

    Attributes
    ----------
    n_seats
        k, seats per mentee.
    points
        ``float64`` (mentees, mentors): points a member brings whatever the rest of the team.
    individual
        ``float64`` (mentees, mentors): individualExperience in [0, 1].
    needs, skills
        ``float64`` (mentees, specialties), rows summing to 1 or 0 where unknown; (mentors, specialties) in [0, 1].
    is_senior
        ``bool`` (mentors,).
    fits_category
        ``bool`` (seats, mentors).
    is_away, is_of_village
        ``bool`` (mentees, mentors): the mentor counts as one from outside the township, as one of the same village;
        all false where the policy has no such rule.
    most_away, most_of_village
        ``int64`` (mentees,): greatest number of either in a team without use of a release.
    has_release
        ``bool`` (mentees,): an officer released the township rule; one more mentor from outside is a fallback.
    """

    n_seats: int
    points: F8
    individual: F8
    needs: F8
    skills: F8
    is_senior: B1
    fits_category: B1
    is_away: B1
    is_of_village: B1
    most_away: I8
    most_of_village: I8
    has_release: B1


@dataclass(frozen=True, slots=True, kw_only=True)
class Teams:
    """Many teams at once, with what several terms share.

    Attributes
    ----------
    mentee
        ``int64`` (teams,).
    members
        ``int64`` (teams, seats): mentor per seat, -1 for an empty seat.
    size
        ``int64`` (teams,).
    coverage
        ``float64`` (teams,): needCoverage in [0, 1].
    has_senior
        ``bool`` (teams,).
    """

    arrays: TeamArrays
    mentee: I8
    members: I8
    size: I8
    coverage: F8
    has_senior: B1


def teams_of(arrays: TeamArrays, mentee: I8, members: I8, *, needs_coverage: bool = True) -> Teams:
    """Collect what the terms share: size, need coverage Σ_k w_k·min(1, Σ_m skill(m, k)), seniority.

    ``needs_coverage=False`` leaves the coverage at 0, for terms that do not read it.
    """
    # One empty row at the end, which -1 reads.
    skills = np.vstack((arrays.skills, np.zeros(arrays.skills.shape[1])))
    coverage = np.zeros(len(mentee))
    for specialty in np.flatnonzero(arrays.needs.any(axis=0)).tolist() if needs_coverage else ():
        level = skills[:, specialty]
        joint = level[members[:, 0]]
        for seat in range(1, arrays.n_seats):
            joint = joint + level[members[:, seat]]
        coverage += arrays.needs[mentee, specialty] * np.minimum(1.0, joint)
    is_unknown: B1 = np.asarray(~arrays.needs.any(axis=1), dtype=bool)
    if is_unknown.any():
        coverage[is_unknown[mentee]] = UNKNOWN_COVERAGE
    senior: B1 = np.concatenate((arrays.is_senior, [False]))
    return Teams(
        arrays=arrays,
        mentee=mentee,
        members=members,
        size=(members >= 0).sum(axis=1),
        coverage=coverage,
        has_senior=np.asarray(senior[members].any(axis=1), dtype=bool),
    )


def need_coverage(teams: Teams, params: Params) -> F8:
    """Return |T|/k · ``points`` · needCoverage, with the capped sum of the members' skills."""
    worth: F8 = params["points"] / teams.arrays.n_seats * teams.size * teams.coverage
    return worth


def composition(teams: Teams, params: Params) -> F8:
    """Return -``points`` for every member in a slot that does not allow the category."""
    misfits = np.zeros(len(teams.mentee))
    for seat in range(teams.arrays.n_seats):
        misfits += ~np.concatenate((teams.arrays.fits_category[seat], [True]))[teams.members[:, seat]]
    return -params["points"] * misfits


def no_senior(teams: Teams, params: Params) -> F8:
    """Return -``points`` for a team without any senior member."""
    return np.where(teams.has_senior | (teams.size == 0), 0.0, -params["points"])


def weak(teams: Teams, params: Params) -> F8:
    """Return -``points`` for a weak team: no senior member, or experienceFit below ``floor`` (0-100)."""
    return np.where(is_weak_team(teams, params), -params["points"], 0.0)


def is_weak_team(teams: Teams, params: Params) -> B1:
    """Whether the team has members, and none is senior or its experienceFit lies below the floor."""
    individual = np.zeros(len(teams.mentee))
    for seat in range(teams.arrays.n_seats):
        member = teams.members[:, seat]
        individual += _of_members(teams.arrays.individual, teams.mentee, member)
    share = params["need"]
    fit = 100.0 * ((1.0 - share) * individual / np.maximum(1, teams.size) + share * teams.coverage)
    return (teams.size > 0) & (~teams.has_senior | (fit < params["floor"] - 1e-9))


def need_coverage_of_member(arrays: TeamArrays, params: Params) -> F8:
    """Return the most that each member can add to the coverage of any team, (mentees, mentors).

    min(1, Σ skill) ≤ Σ skill, and |T|/k ≤ 1; unknown needs give every member an equal share.
    """
    worth = np.zeros((len(arrays.needs), len(arrays.skills)))
    for specialty in range(arrays.needs.shape[1]):
        worth += arrays.needs[:, specialty, None] * arrays.skills[None, :, specialty]
    worth[~arrays.needs.any(axis=1)] = UNKNOWN_COVERAGE / arrays.n_seats
    return params["points"] * worth


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamTerm:
    """One registered term.

    Attributes
    ----------
    term
        The name it is reported under.
    function
        Points of many teams.
    of_member
        Points per (mentee, mentor) whose sum over a team is at least the term's points; ``None`` for a term that is
        never positive.
    by_seat
        Whether the points depend on who sits where.
    """

    term: Term
    function: Callable[[Teams, Params], F8]
    of_member: Callable[[TeamArrays, Params], F8] | None = None
    by_seat: bool = False


TERMS: Mapping[str, TeamTerm] = {
    "needCoverage": TeamTerm(term=Term.NEEDS, function=need_coverage, of_member=need_coverage_of_member),
    "composition": TeamTerm(term=Term.COMPOSITION, function=composition, by_seat=True),
    "noSenior": TeamTerm(term=Term.NO_SENIOR, function=no_senior),
    "weak": TeamTerm(term=Term.WEAK, function=weak),
}
"""Every team term by the name that a problem holds."""

TermList = tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
"""Terms of a problem as ``(name, ((parameter, value), ...))``: plain values, fit for JSON and fingerprints."""


def terms_of(policy: Policy) -> TermList:
    """Return the team terms that a policy asks for; none for separable policies."""
    if policy.team_objective is TeamObjective.SEPARABLE:
        return ()
    _, by_experience, _ = criterion_weights(policy)
    need = policy.experience.need_weight
    return (
        ("needCoverage", (("points", 100.0 * by_experience * need),)),
        ("composition", (("points", policy.penalties.composition),)),
        ("noSenior", (("points", policy.penalties.no_senior),)),
        ("weak", (("points", policy.penalties.weak), ("floor", policy.experience.weak_fit), ("need", need))),
    )


def team_arrays(
    mentees: tuple[Mentee, ...],
    mentors: tuple[Mentor, ...],
    near: PairGeography,
    criteria: PairCriteria,
    policy: Policy,
) -> TeamArrays:
    """Return the arrays of one component."""
    n, m = len(mentees), len(mentors)
    rows, columns = (index.ravel() for index in np.indices((n, m)))
    individual = individual_experience(criteria, policy, rows, columns).reshape(n, m)
    by_geography, by_experience, by_preference = criterion_weights(policy)
    gain = by_geography * criteria.geography + by_preference * criteria.preference
    gain = gain + by_experience * (1.0 - policy.experience.need_weight) * individual
    k = policy.n_seats
    local = [RELATIONS.index(relation) for relation in OWN_TOWNSHIP_RELATIONS]
    nobody = np.zeros((n, m), dtype=bool)
    wants_local = policy.geography.min_one_mentor_same_township
    one_of_village = policy.geography.same_village_mentor is SameVillageMode.AT_MOST_ONE
    has_release = np.array([TOWNSHIP_RULE in mentee.released_rules for mentee in mentees], dtype=bool)
    return TeamArrays(
        n_seats=k,
        points=100.0 / k * gain,
        individual=individual,
        needs=criteria.need_weights,
        skills=criteria.skills,
        is_senior=criteria.is_senior,
        fits_category=criteria.fits_category,
        is_away=~np.isin(near.relation, local) if wants_local else nobody,
        is_of_village=near.relation == RELATIONS.index(Relation.SAME_VILLAGE) if one_of_village else nobody,
        most_away=np.full(n, k - 1 if wants_local else k, dtype=np.int64),
        most_of_village=np.full(n, 1 if one_of_village else k, dtype=np.int64),
        has_release=has_release if wants_local else np.zeros(n, dtype=bool),
    )


def points_by_term(arrays: TeamArrays, terms: TermList, mentee: I8, members: I8) -> list[tuple[Term, F8]]:
    """Return the points of every team term for the given teams; the members' own points are not among them."""
    teams = teams_of(arrays, mentee, members)
    return [(TERMS[name].term, TERMS[name].function(teams, dict(params))) for name, params in terms]


def team_scores(arrays: TeamArrays, terms: TermList, mentee: I8, members: I8) -> I8:
    """Return round(10⁴ · s(i, T)) of the given teams as ``int64`` (domain 4.5); 0 for an empty team."""
    total = np.zeros(len(mentee))
    for seat in range(arrays.n_seats):
        member = members[:, seat]
        total += _of_members(arrays.points, mentee, member)
    for _, points in points_by_term(arrays, terms, mentee, members):
        total += points
    scores: I8 = np.rint(total * SCORE_UNIT).astype(np.int64)
    return scores


def _of_members(table: F8, mentee: I8, member: I8) -> F8:
    """Return the entries of the given pairs, 0 for an empty seat; a component may have no mentor at all."""
    if not table.shape[1]:
        return np.zeros(len(mentee))
    values: F8 = np.where(member >= 0, table[mentee, member], 0.0)
    return values


def optimistic_points(arrays: TeamArrays, terms: TermList) -> F8:
    """Return points per (mentee, mentor) whose sum over any team is at least the team's score."""
    total = arrays.points.copy()
    for name, params in terms:
        of_member = TERMS[name].of_member
        if of_member is not None:
            total += of_member(arrays, dict(params))
    return total


def uses_release(arrays: TeamArrays, mentee: I8, members: I8) -> B1:
    """Whether a team stands only because an officer released the township rule of the mentee."""
    return _count(arrays.is_away, mentee, members) > arrays.most_away[mentee]


def keeps_rules(arrays: TeamArrays, mentee: I8, members: I8) -> B1:
    """Whether teams keep the team rules; the last free seat of a team is reserved for a mentor of the township."""
    away = _count(arrays.is_away, mentee, members)
    most = arrays.most_away[mentee] + arrays.has_release[mentee]
    of_village = _count(arrays.is_of_village, mentee, members)
    return (away <= most) & (of_village <= arrays.most_of_village[mentee])


def _count(table: B1, mentee: I8, members: I8) -> I8:
    total = np.zeros(len(mentee), dtype=np.int64)
    for seat in range(members.shape[1] if table.shape[1] else 0):
        total += table[mentee, members[:, seat]] & (members[:, seat] >= 0)
    return total
