"""What a team counts in one search: its score, or a concave function of it that a fairness level needs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]
Piece = tuple[int, int]
"""``(slope, offset)`` of the line slope · score + offset; slopes are at least 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """The least of a few lines: never falling and concave, so that a bound on scores is a bound on values.

    Attributes
    ----------
    full
        Lines for teams without an empty seat.
    partial
        Lines for the other teams.
    floor
        Least score of a team without an empty seat, in units of 10⁻⁴ points (max-min fairness); ``None`` for none.

    Examples
    --------
    >>> below_sixty = Aim(full=((0, 0), (1, -60)), partial=((0, 0), (1, -60)))
    >>> below_sixty.value(np.array([50, 70]), np.array([True, True])).tolist()
    [-10, 0]
    """

    full: tuple[Piece, ...] = ((1, 0),)
    partial: tuple[Piece, ...] = ((1, 0),)
    floor: int | None = None

    def value(self, score: I8, is_full: B1) -> I8:
        """Return what teams of the given scores count."""
        if self.full == self.partial:
            return _least_of(self.full, score)
        return np.where(is_full, _least_of(self.full, score), _least_of(self.partial, score))


def _least_of(pieces: tuple[Piece, ...], score: I8) -> I8:
    slope, offset = pieces[0]
    value: I8 = slope * score + offset
    for slope, offset in pieces[1:]:
        value = np.minimum(value, slope * score + offset)
    return value


SCORE = Aim()
"""The score itself: domain 4.4, level 6."""


def with_floor(floor: int) -> Aim:
    """Return the score among plans whose fully staffed teams all reach ``floor``."""
    return Aim(floor=floor)


def below(floor: int) -> Aim:
    """Return what fully staffed teams lack of ``floor``, as a number up to 0; it is 0 for a plan that holds it."""
    return Aim(full=((0, 0), (1, -floor)), partial=((0, 0),))


def worst(threshold: int) -> Aim:
    """Return what any team lacks of ``threshold``: m · t plus the sum over a plan is at most its WORST_TENTH."""
    return Aim(full=((0, 0), (1, -threshold)), partial=((0, 0), (1, -threshold)))


def score_and_worst(threshold: int, weight: int) -> Aim:
    """Return the score plus ``weight`` times what it lacks of ``threshold``."""
    pieces = ((1, 0), (1 + weight, -weight * threshold))
    return Aim(full=pieces, partial=pieces)
