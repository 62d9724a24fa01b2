"""The diagnosis of a run: certificates for every seat that must stay empty, remedies, an overview by township."""

from dataclasses import dataclass

import numpy as np

from matching.build import build
from matching.diagnose.blocking import Blocked, count_blocked
from matching.diagnose.certificates import HallSet, hall_set, split
from matching.diagnose.named import Part, named_remedies
from matching.diagnose.overview import TownshipShortage, overview, short_alone
from matching.diagnose.policy_changes import policy_remedies
from matching.diagnose.remedies import Remedy, records_by_person
from matching.facts import Facts
from matching.policy import Policy
from matching.problem import ProblemData
from matching.solvers.fill import solve_fill
from matching.solvers.fill_case import fill_case
from matching.solvers.seating import check_seating

MOST_PER_KIND = 3
"""Remedies of one kind that are stated per certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A shortage that counting proves; no two certificates share a seat, or a mentor with a place to spare.

    Every plan that fills as many seats as possible leaves exactly ``whole.shortage`` of its claimed seats empty.

    Attributes
    ----------
    county, townships
        Codes of the first mentee's county, and of all townships of the mentees, sorted.
    whole
        All claims that compete for the same mentors.
    cores
        Smaller sets inside that are short by themselves, each within one township that had the first choice of all
        mentors; largest shortage first. They may compete for the same mentors.
    n_scarce
        Mentor persons of whom each would fill one more seat with one more free place.
    blocked
        What keeps other mentors out of the whole.
    remedies
        Cheapest first; each effect is that of the remedy alone.
    """

    county: str
    townships: tuple[str, ...]
    whole: HallSet
    cores: tuple[HallSet, ...]
    n_scarce: int
    blocked: Blocked
    remedies: tuple[Remedy, ...]

    @property
    def shortage(self) -> int:
        """Seats that stay empty in every plan."""
        return self.whole.shortage


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What is short, and what would help.

    Attributes
    ----------
    n_seats, n_empty
        Seats of all mentees that take part, and how many of them stay empty in every plan.
    is_exact
        Some plan leaves no more than ``n_empty`` seats empty, and the certificates account for each of them. Only
        where a slot cap binds a mentor who could take two seats of one team can that be unknown (``solve`` may refuse
        such problems): more seats may then stay empty, or some of them stay without a certificate.
    certificates
        Largest shortage first, then by county and first mentee. If exact, their shortages add up to ``n_empty``.
    policy_remedies
        Changes of the policy, cheapest first, with their effect on the whole programme.
    townships
        By county and township code.
    """

    n_seats: int
    n_empty: int
    is_exact: bool
    certificates: tuple[Certificate, ...]
    policy_remedies: tuple[Remedy, ...]
    townships: tuple[TownshipShortage, ...]


def diagnose(
    facts: Facts, policy: Policy, *, problem: ProblemData | None = None, most_per_kind: int = MOST_PER_KIND
) -> Diagnosis:
    """Find out why seats must stay empty, from facts and policy alone: before a run, or beside its plan.

    Parameters
    ----------
    problem
        What ``build(facts, policy)`` returned, if at hand.
    most_per_kind
        Remedies of one kind per certificate; 0 looks for no remedy at all.

    Raises
    ------
    EmptyPoolError, InvalidFactsError
        See ``build``.
    PinConflictError
        Pins that cannot all hold.
    SolverFailedError
        When the fill flow failed.

    Examples
    --------
    >>> from matching import PRESETS, solve
    >>> from matching.generate import generate_facts
    >>> facts, policy = generate_facts(7), PRESETS["TONGREN_2_PLUS_1"]
    >>> found = diagnose(facts, policy)
    >>> found.n_empty == sum(c.shortage for c in found.certificates) == len(solve(facts, policy).shortfalls)
    True
    """
    if problem is None:
        problem = build(facts, policy)
    check_seating(facts, policy, problem)
    records = records_by_person(facts)
    parts = []
    for component in problem.components:
        case = fill_case(component, problem)
        fill = solve_fill(case)
        parts.append(
            Part(
                facts=facts,
                policy=policy,
                problem=problem,
                component=component,
                case=case,
                fill=fill,
                records=records,
                alone=short_alone(component, case, fill),
            )
        )
    short = [part for part in parts if part.fill.n_filled < part.case.n_seats]
    certificates = [certificate for part in short for certificate in _certificates(part, most_per_kind)]
    rows = [row for part in parts for row in overview(part.component, part.case, part.fill, part.alone)]
    n_seats = sum(part.case.n_seats for part in parts)
    n_empty = n_seats - sum(part.fill.n_filled for part in parts)
    is_proved = sum(certificate.shortage for certificate in certificates) == n_empty
    return Diagnosis(
        n_seats=n_seats,
        n_empty=n_empty,
        is_exact=is_proved and all(part.fill.is_exact for part in parts),
        certificates=tuple(sorted(certificates, key=lambda c: (-c.shortage, c.county))),
        policy_remedies=policy_remedies(short, policy) if most_per_kind else (),
        townships=tuple(sorted(rows, key=lambda row: (row.county, row.township))),
    )


def _certificates(part: Part, most_per_kind: int) -> list[Certificate]:
    component, case, slots = part.component, part.case, part.problem.slots
    mentees = component.mentees
    townships = tuple(mentee.township for mentee in mentees)
    cores = [
        (core, hall_set(component, slots, case, core))
        for alone in part.alone.values()
        for core in split(case, alone.tight, townships)
    ]
    found = []
    for tight in split(case, part.fill.tight, townships):
        whole = hall_set(component, slots, case, tight)
        inner = [hall for core, hall in cores
                 if hall.demand < whole.demand and not (core.is_claimed & ~tight.is_claimed).any()]  # fmt: skip
        rows = np.flatnonzero(tight.is_claimed.any(axis=1)).tolist()
        serving = {mentor.person_id for mentor in whole.mentors}
        is_scarce = part.fill.is_scarce.tolist()
        found.append(
            Certificate(
                county=mentees[rows[0]].county,
                townships=tuple(sorted({townships[row] for row in rows})),
                whole=whole,
                cores=tuple(sorted(inner, key=lambda hall: -hall.shortage)),
                n_scarce=sum(p in serving for p, flag in zip(component.persons, is_scarce, strict=True) if flag),
                blocked=count_blocked(component, case, tight),
                remedies=named_remedies(part, tight, whole.shortage, most_per_kind) if most_per_kind else (),
            )
        )
    return found
