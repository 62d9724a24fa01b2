"""The integer levels of a team problem, proved by flow, and with them every plan that attains all of them.

Source → mentee (first unit, further units) → group of the team rules → mentor person → sink, and a bypass for empty
seats. The team rules are laminar (a mentor is from outside the township, of the mentee's village, or neither), the hard
rules of the seats are equal, so this network describes exactly the plans that keep the rules; who sits where is
decided later and never costs a level: a mentor published or pinned in a seat takes that seat.

Potentials prove the levels, and complementary slackness then turns "attains every level" into bounds that hold edge by
edge: which mentors a mentee may still get, which he must, how large the team is, how many mentees a person serves. What
remains is a problem in scores alone, without a penalty constant.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.criteria import SCORE_UNIT
from matching.problem import Component, Hold, ProblemData
from matching.solvers.flow import filling
from matching.solvers.network import Level, Network, lexicographic_face
from matching.teams import TeamArrays, optimistic_points

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamFace:
    """Every plan of one component that attains all integer levels.

    Edges are (mentee, mentor) pairs, sorted by mentee and mentor.

    Attributes
    ----------
    edge_mentee, edge_mentor, edge_person
        ``int64`` (edges,).
    is_must
        ``bool`` (edges,): the team must contain the person of this edge.
    n_must
        ``int64`` (mentees,): persons that the team must contain.
    hope
        ``int64`` (edges,): optimistic score, in units of 10⁻⁴ points; over a team it sums to at least the score.
    first
        ``int64`` (mentees + 1,): where the edges of each mentee start.
    least_size, most_size, least_away, most_away, least_of_village, most_of_village
        ``int64`` (mentees,).
    least_load, most_load
        ``int64`` (persons,): mentees of this run.
    start
        ``int64`` (mentees, seats): mentors of one such plan, in no order of seats, -1 for none.
    price
        ``int64`` (persons,): price of one mentee's share of a person in the separable relaxation.
    hope_bound
        No plan that attains the levels scores more: the optimum of the separable relaxation.
    """

    edge_mentee: I8
    edge_mentor: I8
    edge_person: I8
    is_must: B1
    n_must: I8
    hope: I8
    first: I8
    least_size: I8
    most_size: I8
    least_away: I8
    most_away: I8
    least_of_village: I8
    most_of_village: I8
    least_load: I8
    most_load: I8
    start: I8
    price: I8
    hope_bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFlags:
    """What the levels say about mentors in seats, ``bool`` (mentees, seats, mentors)."""

    is_pinned: B1
    is_published: B1


def pair_flags(component: Component, problem: ProblemData) -> PairFlags:
    """Return pins and published links, without the links whose seat a pin gives to somebody else."""
    shape = component.blocked.shape
    at = (component.arc_mentee, component.arc_seat, component.arc_mentor)
    pinned, published = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    is_kept = problem.counts_changes or component.hold is not None
    pinned[at], published[at] = component.arc_pinned, component.arc_published & is_kept
    n_seats = pinned.sum(axis=1, keepdims=True)
    names_seat = pinned & (n_seats < shape[1])
    seat_is_named = names_seat.any(axis=2, keepdims=True)
    mentor_is_named = names_seat.any(axis=1, keepdims=True)
    published &= names_seat | ~(seat_is_named | mentor_is_named)
    return PairFlags(is_pinned=pinned, is_published=published)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamNetwork:
    """The network with the numbers of its edges, block by block.

    Attributes
    ----------
    edge_mentee, edge_mentor, edge_person
        ``int64`` (edges,): the pair of every edge between a mentee (or one of its groups) and a person.
    edge_guard
        ``int64`` (edges,): number of the guard that an edge leads to, -1 for none.
    unit
        ``int64`` (units,): number of each person's unit, counted from 1.
    """

    network: Network
    further: slice
    groups: slice
    persons: slice
    guards: slice
    edges: slice
    units: slice
    bypass: int
    unit_person: I8
    load: I8
    group_mentee: I8
    group_kind: I8
    guard_mentee: I8
    guard_person: I8
    edge_mentee: I8
    edge_mentor: I8
    edge_person: I8
    edge_guard: I8
    unit: I8


def team_levels(component: Component, problem: ProblemData) -> tuple[TeamNetwork, list[Level], int]:
    """Return the network of one component, the costs of its integer levels, and the units of flow that bound them."""
    arrays = component.teams
    assert arrays is not None, "the problem was built for a separable policy"
    mentee, mentor = (index.astype(np.int64) for index in np.nonzero(component.blocked[:, 0, :] == 0))
    person = component.person_of_mentor[mentor]
    flags = pair_flags(component, problem)
    at = (component.arc_mentee[component.arc_seat == 0], component.arc_mentor[component.arc_seat == 0])
    tier = np.zeros((len(component.mentees), len(component.mentors)), dtype=np.int64)
    tier[at] = (component.arc_tier.astype(np.int64) + component.arc_released)[component.arc_seat == 0]
    layout = _layout(component, arrays, mentee, mentor, person)
    priority = component.priority // max(1, int(np.gcd.reduce(component.priority)) if len(component.priority) else 1)
    published = _in_any_seat(flags.is_published)[mentee, mentor]
    pinned = _in_any_seat(flags.is_pinned)[mentee, mentor]
    n, n_edges = len(component.mentees), len(mentee)
    release = np.where(layout.group_kind == RELEASED, 1, 0)
    levels: list[Level] = [
        (layout.edges, -pinned.astype(np.int64)),
        (slice(layout.bypass, layout.bypass + 1), np.ones(1, dtype=np.int64)),
        (slice(0, n), np.full(n, -1, dtype=np.int64)),
        (layout.edges, -priority[mentee] if len(np.unique(priority)) > 1 else np.zeros(n_edges, dtype=np.int64)),
        (layout.units, (layout.load > problem.load_target).astype(np.int64)),
        (slice(layout.groups.start, layout.edges.stop),
         np.concatenate((release, np.zeros(len(layout.guard_mentee), dtype=np.int64), tier[mentee, mentor]))),
        (layout.edges, np.where(published, -1, 1) if problem.counts_changes else np.zeros(n_edges, dtype=np.int64)),
    ]  # fmt: skip
    return layout, levels, 2 * n * component.n_seats  # a unit may pay for tier and release


def team_face(component: Component, problem: ProblemData) -> TeamFace:
    """Solve the integer levels of one component and return all plans that attain them.

    Raises
    ------
    SolverFailedError
        When a level could not be proved.
    """
    arrays = component.teams
    assert arrays is not None, "the problem was built for a separable policy"
    layout, levels, units = team_levels(component, problem)
    mentee, mentor, person = layout.edge_mentee, layout.edge_mentor, layout.edge_person
    n = len(component.mentees)
    network, hold = layout.network, component.hold
    if hold is not None:
        network = filling(network, layout.bypass, hold.n_filled)
        levels.insert(1 + hold.rank, (layout.edges, pair_costs(component, hold)[mentee, mentor]))
    face = lexicographic_face(network, levels, units)
    low = np.where(face.is_free, 0, face.flow)
    high = np.where(face.is_free, network.capacity, face.flow)

    hope = np.ceil(optimistic_points(arrays, problem.team_terms)[mentee, mentor] * SCORE_UNIT + 1e-6).astype(np.int64)
    free = np.flatnonzero(face.is_free)
    supply = network.supply.copy()
    fixed = np.flatnonzero(~face.is_free)
    np.subtract.at(supply, network.tail[fixed], face.flow[fixed])
    np.add.at(supply, network.head[fixed], face.flow[fixed])
    cost = np.zeros(len(network.tail), dtype=np.int64)
    cost[layout.edges] = -hope
    rest = Network(
        tail=network.tail[free],
        head=network.head[free],
        capacity=network.capacity[free],
        supply=supply,
        name=network.name,
    )
    best = lexicographic_face(rest, [(slice(0, len(free)), cost[free])], n * component.n_seats)
    flow = face.flow.copy()
    flow[free] = best.flow

    own = layout.edges
    kept = high[own] > 0
    must = low[own] > 0
    width = max(1, len(component.persons))
    kept &= must | ~np.isin(mentee * width + person, (mentee * width + person)[must])
    guards = np.flatnonzero(low[layout.guards] > 0)
    if len(guards):
        named = np.zeros((n, len(component.persons)), dtype=bool)
        named[layout.guard_mentee[guards], layout.guard_person[guards]] = True
        must |= named[mentee, person]
    n_must = np.zeros(n, dtype=np.int64)
    pairs = np.unique(mentee[must] * width + person[must])
    np.add.at(n_must, pairs // width, 1)
    sink = len(supply) - 1
    first_low, first_high = low[:n], high[:n]
    further_low, further_high = low[layout.further], high[layout.further]
    n_filled = int(network.supply.max(initial=0)) - int(flow[layout.bypass])
    least_size, most_size = _within_total(
        np.where(further_low > 0, 1 + further_low, first_low), np.where(first_high > 0, 1 + further_high, 0), n_filled
    )
    used = flow[own] > 0
    limits = _group_limits(layout, low, high, component.n_seats, n)
    n_persons = len(component.persons)
    least_load, most_load = _within_total(
        _per_person(low[layout.units], layout.unit_person, n_persons),
        _per_person(high[layout.units], layout.unit_person, n_persons),
        n_filled,
    )
    return TeamFace(
        edge_mentee=mentee[kept],
        edge_mentor=mentor[kept],
        edge_person=person[kept],
        is_must=must[kept],
        n_must=n_must,
        hope=hope[kept],
        first=np.searchsorted(mentee[kept], np.arange(n + 1)),
        least_size=least_size,
        most_size=most_size,
        least_away=limits[0],
        most_away=limits[1],
        least_of_village=limits[2],
        most_of_village=limits[3],
        least_load=least_load,
        most_load=most_load,
        start=_start(mentee[used], mentor[used], n, component.n_seats),
        price=np.maximum(0, best.potential[sink] - best.potential[layout.persons.start : layout.persons.stop]),
        hope_bound=int(hope[used].sum()),
    )


def pair_costs(component: Component, hold: Hold) -> I8:
    """Return the least cost of every pair over its seats, ``int64`` (mentees, mentors)."""
    cost = np.full((len(component.mentees), len(component.mentors)), np.iinfo(np.int64).max)
    np.minimum.at(cost, (component.arc_mentee, component.arc_mentor), hold.arc_cost)
    return cost


AWAY, RELEASED, VILLAGE = 0, 1, 2
"""Kinds of groups of a mentee: mentors from outside, one more of them by a release, mentors of the village."""


def _layout(component: Component, arrays: TeamArrays, mentee: I8, mentor: I8, person: I8) -> TeamNetwork:
    n, k, n_persons = len(component.mentees), component.n_seats, len(component.persons)
    rows = np.arange(n)
    # Groups of every mentee: from outside (and, with a release, one more at the price of a fallback), of the village.
    away_node, village_node = n + rows, 2 * n + rows
    has_away = np.zeros(n, dtype=bool)
    has_away[mentee[arrays.is_away[mentee, mentor]]] = True
    has_village = np.zeros(n, dtype=bool)
    has_village[mentee[arrays.is_of_village[mentee, mentor]]] = True
    released = np.flatnonzero(has_away & arrays.has_release)
    away, village = np.flatnonzero(has_away), np.flatnonzero(has_village)
    group_mentee = np.concatenate((away, released, village))
    group_kind = np.repeat([AWAY, RELEASED, VILLAGE], [len(away), len(released), len(village)])
    group_head = np.concatenate((away_node[away], away_node[released], village_node[village]))
    group_capacity = np.concatenate(
        (arrays.most_away[away], np.ones(len(released), dtype=np.int64), arrays.most_of_village[village])
    )
    person_node = 3 * n
    # A person with several records who could serve one mentee twice passes a node of capacity 1.
    pair = mentee * max(1, n_persons) + person
    values, inverse, counts = np.unique(pair, return_inverse=True, return_counts=True)
    is_guarded = counts > 1
    guard = np.cumsum(is_guarded) - 1
    n_guards = int(is_guarded.sum())
    guard_node = person_node + n_persons
    source, sink = guard_node + n_guards, guard_node + n_guards + 1
    tail = np.where(arrays.is_away[mentee, mentor], away_node[mentee], mentee)
    tail = np.where(arrays.is_of_village[mentee, mentor], village_node[mentee], tail)
    head = np.where(is_guarded[inverse], guard_node + guard[inverse], person_node + person)
    meets = np.bincount(values % max(1, n_persons), minlength=n_persons)
    n_units = np.minimum(component.free_capacity, meets)
    unit_person = np.repeat(np.arange(n_persons), n_units)
    unit = np.arange(len(unit_person)) - np.repeat(np.cumsum(n_units) - n_units, n_units) + 1
    ones = np.ones(max(n, len(mentee), len(unit), n_guards, 1), dtype=np.int64)
    guarded_person = values[is_guarded] % max(1, n_persons)
    blocks = [
        (np.full(n, source), rows, ones[:n]),
        (np.full(n, source), rows, np.full(n, k - 1, dtype=np.int64)),
        (group_mentee, group_head, group_capacity),
        (guard_node + np.arange(n_guards), person_node + guarded_person, ones[:n_guards]),
        (tail, head, ones[: len(mentee)]),
        (person_node + unit_person, np.full(len(unit), sink), ones[: len(unit)]),
        (np.array([source]), np.array([sink]), np.array([n * k], dtype=np.int64)),
    ]
    starts = np.concatenate(([0], np.cumsum([len(block[0]) for block in blocks]))).tolist()
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[source], supply[sink] = n * k, -n * k
    network = Network(
        tail=np.concatenate([block[0] for block in blocks]).astype(np.int32),
        head=np.concatenate([block[1] for block in blocks]).astype(np.int32),
        capacity=np.concatenate([block[2] for block in blocks]),
        supply=supply,
        name=f"component {component.counties[0]}",
    )
    return TeamNetwork(
        network=network,
        further=slice(starts[1], starts[2]),
        groups=slice(starts[2], starts[3]),
        guards=slice(starts[3], starts[4]),
        edges=slice(starts[4], starts[5]),
        units=slice(starts[5], starts[6]),
        bypass=starts[6],
        persons=slice(person_node, person_node + n_persons),
        unit_person=unit_person,
        load=component.active_load[unit_person] + unit,
        group_mentee=group_mentee,
        group_kind=group_kind,
        guard_mentee=values[is_guarded] // max(1, n_persons),
        guard_person=guarded_person,
        edge_mentee=mentee,
        edge_mentor=mentor,
        edge_person=person,
        edge_guard=np.where(is_guarded[inverse], guard[inverse], -1),
        unit=unit,
    )


def _in_any_seat(table: B1) -> B1:
    return np.asarray(table.any(axis=1), dtype=bool)


def _group_limits(layout: TeamNetwork, low: I8, high: I8, k: int, n: int) -> tuple[I8, I8, I8, I8]:
    """Return least and most mentors from outside, least and most of the village, per mentee."""
    found = []
    for kinds in ((AWAY, RELEASED), (VILLAGE,)):
        own = np.isin(layout.group_kind, kinds)
        least, most = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        np.add.at(least, layout.group_mentee[own], low[layout.groups][own])
        np.add.at(most, layout.group_mentee[own], high[layout.groups][own])
        found += [least, np.minimum(k, most)]
    return found[0], found[1], found[2], found[3]


def _per_person(units: I8, person: I8, n_persons: int) -> I8:
    total = np.zeros(n_persons, dtype=np.int64)
    np.add.at(total, person, units)
    return total


def _within_total(least: I8, most: I8, total: int) -> tuple[I8, I8]:
    """Return the limits where the total, which is the same in every plan of the face, leaves no choice."""
    if int(least.sum()) == total:
        return least, least
    if int(most.sum()) == total:
        return most, most
    return least, most


def _start(mentee: I8, mentor: I8, n: int, k: int) -> I8:
    """Return the mentors of every mentee, in the order of the edges."""
    start = np.full((n, k), -1, dtype=np.int64)
    counts = np.bincount(mentee, minlength=n)
    rank = np.arange(len(mentee)) - np.repeat(np.cumsum(counts) - counts, counts)
    start[mentee, rank] = mentor
    return start
