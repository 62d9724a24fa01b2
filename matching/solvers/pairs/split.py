"""Connected parts of a pair problem: people and servers that no admissible pair joins are solved apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from matching.solvers.pairs.flow import with_greatest_fill
from matching.solvers.pairs.model import I8, Bools, Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """People and servers that share no admissible pair with anybody else.

    Attributes
    ----------
    people, servers
        ``int64``: indices in the whole problem, ascending.
    pairs
        The problem of these alone.
    """

    people: I8
    servers: I8
    pairs: Pairs

    def own(self, chosen: Bools) -> Bools:
        """Return this part of a plan of the whole."""
        return np.asarray(chosen[np.ix_(self.people, self.servers)])


def split(pairs: Pairs) -> tuple[Part, ...]:
    """Return the parts in the order of their first person; people without any admissible pair share the last one.

    Examples
    --------
    >>> pairs = Pairs.start(np.ones((2, 2), np.int64), np.eye(2, dtype=bool), np.array([1, 1]), np.array([1, 1]))
    >>> [part.people.tolist() for part in split(pairs)]
    [[0], [1]]
    """
    n, m = pairs.score.shape
    person, server = np.nonzero(pairs.allowed)
    graph = sp.coo_array((np.ones(len(person), dtype=np.int8), (person, n + server)), shape=(n + m, n + m))
    label = connected_components(graph, directed=False)[1]
    alone = pairs.allowed.sum(axis=1) == 0
    first = {int(key): row for row, key in reversed(list(enumerate(label[:n].tolist()))) if not alone[row]}
    found = []
    for key in sorted(first, key=lambda key: first[key]):
        found.append(_part(pairs, np.flatnonzero(label[:n] == key), np.flatnonzero(label[n:] == key)))
    if alone.any():
        found.append(_part(pairs, np.flatnonzero(alone), np.zeros(0, dtype=np.int64)))
    if not pairs.is_full:
        found = [replace(part, pairs=with_greatest_fill(part.pairs)) for part in found]
    return tuple(found)


def joined(pairs: Pairs, parts: Sequence[Part], plans: Sequence[Bools]) -> Bools:
    """Return the plan of the whole from the plans of its parts."""
    chosen = np.zeros(pairs.score.shape, dtype=bool)
    for part, plan in zip(parts, plans, strict=True):
        chosen[np.ix_(part.people, part.servers)] = plan
    return chosen


def _part(pairs: Pairs, people: I8, servers: I8) -> Part:
    at = np.ix_(people, servers)
    demand = pairs.demand[people]
    own = replace(
        pairs,
        score=pairs.score[at],
        allowed=pairs.allowed[at],
        demand=demand,
        capacity=pairs.capacity[servers],
        base=pairs.base[people],
        n_units=int(demand.sum()),
        judged=pairs.judged[people],
    )
    return Part(people=people, servers=servers, pairs=own)
