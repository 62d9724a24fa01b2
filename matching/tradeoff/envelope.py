"""What is proved about all plans at once: cuts and ceilings, and the envelope that they form over the curve.

Everything here is exact arithmetic on integers and fractions. G is geography and E experience of a plan that attains
the levels before the score, in units of 10⁻⁴ points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """No plan has ``geography_weight`` · G + ``experience_weight`` · E above ``bound``; weights are at least 0."""

    geography_weight: int
    experience_weight: int
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """No plan with G of at least ``geography`` has E above ``bound``."""

    geography: int
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The upper envelope of everything proved; at least one cut must weigh each criterion.

    Examples
    --------
    >>> envelope = Envelope(
    ...     cuts=(
    ...         Cut(geography_weight=1, experience_weight=0, bound=10),
    ...         Cut(geography_weight=0, experience_weight=1, bound=10),
    ...         Cut(geography_weight=1, experience_weight=1, bound=15),
    ...     ),
    ...     ceilings=(Ceiling(geography=8, bound=6),),
    ... )
    >>> [envelope.experience_bound(geography) for geography in (0, 7, 8, 10)]
    [10, 8, 6, 5]
    >>> envelope.geography_bound(7), envelope.allows(8, 7)
    (7, False)
    """

    cuts: tuple[Cut, ...]
    ceilings: tuple[Ceiling, ...]

    def experience_bound(self, geography: int) -> int:
        """Return the most experience that a plan with at least this geography could have.

        It never rises with ``geography``. Above the best geography there is no plan, and the number means nothing.
        """
        bounds = [
            (cut.bound - cut.geography_weight * geography) // cut.experience_weight
            for cut in self.cuts
            if cut.experience_weight
        ]
        return min([*bounds, *(ceiling.bound for ceiling in self.ceilings if ceiling.geography <= geography)])

    def geography_bound(self, experience: int) -> int:
        """Return the most geography that a plan with at least this experience could have."""
        bounds = [
            (cut.bound - cut.experience_weight * experience) // cut.geography_weight
            for cut in self.cuts
            if cut.geography_weight
        ]
        return min([*bounds, *(ceiling.geography - 1 for ceiling in self.ceilings if ceiling.bound < experience)])

    def allows(self, geography: int, experience: int) -> bool:
        """Whether nothing proved rules such a plan out."""
        return geography <= self.geography_bound(0) and experience <= self.experience_bound(geography)


def weighted_bound(cuts: Sequence[Cut], geography_weight: int, experience_weight: int) -> Fraction:
    """Return the least bound on a weighted sum of both criteria that two cuts imply together.

    Any direction is a sum of two others on either side of it, each taken a number of times; so is its bound.

    Examples
    --------
    >>> cuts = [Cut(geography_weight=1, experience_weight=0, bound=4),
    ...         Cut(geography_weight=0, experience_weight=1, bound=3)]
    >>> weighted_bound(cuts, 2, 1)
    Fraction(11, 1)
    """
    best: Fraction | None = None
    for one in cuts:
        for other in cuts:
            turn = one.geography_weight * other.experience_weight - one.experience_weight * other.geography_weight
            if turn == 0:
                continue
            p = Fraction(geography_weight * other.experience_weight - experience_weight * other.geography_weight, turn)
            q = Fraction(one.geography_weight * experience_weight - one.experience_weight * geography_weight, turn)
            if p >= 0 and q >= 0:
                bound = p * one.bound + q * other.bound
                best = bound if best is None or bound < best else best
    assert best is not None, "the cuts must weigh both criteria"
    return best
