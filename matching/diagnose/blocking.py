"""What keeps other mentors out of a set of claims, counted per rule.

Counted are mentor persons with free capacity who have a record in a pool of a claiming mentee's county and may take
none of the claimed seats. Each counts once: under the rule that alone keeps him or her out of most claims (ties in the
order of ``ReasonCode``), for only such a mentor would serve if that rule gave way; or among those whom several rules
keep out at once.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.problem import Component
from matching.rules import BIT, Mask
from matching.solvers.fill_case import FillCase, Tight, admitted
from matching.vocabulary import ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Counts of mentor persons outside a set.

    Attributes
    ----------
    by_rule
        ``(rule, mentors)`` of those whom one rule alone keeps out of some claim; largest count first.
    n_by_several
        Mentors whom several rules keep out of every claim.
    """

    by_rule: tuple[tuple[ReasonCode, int], ...]
    n_by_several: int


def claim_masks(component: Component, case: FillCase, tight: Tight) -> tuple[npt.NDArray[np.int64], Mask]:
    """Return the claimed (mentee, head) pairs, and what keeps every mentor out of each.

    Returns
    -------
    tuple
        ``int64`` (claims, 2) and ``uint32`` (claims, mentors): 0 where the mentor may take the seat; CROSS_COUNTY is
        set for every mentor of another county's pool.
    """
    claims = np.argwhere(tight.is_claimed)
    rows, places = claims.T
    masks: Mask = component.blocked[rows, places, :].copy()
    for group, without in zip(case.groups, tight.is_without, strict=True):
        masks[group.is_member[rows] & without[rows, None]] |= np.uint32(BIT[group.rule])
    masks[(masks == 0) & ~admitted(case)[rows, places]] |= np.uint32(BIT[ReasonCode.PINNED_ELSEWHERE])
    return claims, masks


def count_blocked(component: Component, case: FillCase, tight: Tight) -> Blocked:
    """Count the mentors outside the set by what keeps them out."""
    claims, masks = claim_masks(component, case, tight)
    county = np.array([mentee.county for mentee in component.mentees])[claims[:, 0]]
    pools = np.array([mentor.pool_county for mentor in component.mentors])
    is_near = county[:, None] == pools[None, :]
    n_persons = len(case.free)
    person = case.person_of_mentor
    counts = np.zeros((len(BIT), n_persons), dtype=np.int64)
    for index, bit in enumerate(BIT.values()):
        np.add.at(counts[index], person, ((masks == bit) & is_near).sum(axis=0))
    inside, in_pool = np.zeros(n_persons, dtype=bool), np.zeros(n_persons, dtype=bool)
    inside[person[(masks == 0).any(axis=0)]] = True
    in_pool[person[is_near.any(axis=0)]] = True
    outside = in_pool & ~inside & (case.free > 0)
    by_one = outside & counts.any(axis=0)
    first = np.bincount(counts.argmax(axis=0)[by_one], minlength=len(BIT)).tolist()
    found = [(code, count) for code, count in zip(BIT, first, strict=True) if count]
    return Blocked(
        by_rule=tuple(sorted(found, key=lambda entry: -entry[1])),
        n_by_several=int((outside & ~by_one).sum()),
    )
