"""An assignment instance: checked once, and turned into the integers that the solvers work on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from matching.errors import InvalidInstanceError
from matching.instances.pins import Pin, checked_pins
from matching.solvers.network import safe_cost
from matching.solvers.pairs.model import I8, Bools, Pairs

F8 = npt.NDArray[np.float64]
_MAX_UNITS = 2**31
_MAX_DECIMALS = 12
_SIX_DIGITS = 10**6
_MAX_POWER = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """People to be served, servers, and the worth of every pair.

    Attributes
    ----------
    score
        ``float64`` (people, servers), finite, higher is better.
    conflict
        ``bool`` (people, servers): pairs that may never be made.
    demand
        ``int64`` (people,): how many different servers a person should get.
    capacity
        ``int64`` (servers,): how many people a server can serve.
    """

    score: F8
    conflict: Bools
    demand: I8
    capacity: I8

    @classmethod
    def create(
        cls,
        score: npt.ArrayLike,
        *,
        demand: npt.ArrayLike,
        capacity: npt.ArrayLike,
        conflict: npt.ArrayLike | None = None,
    ) -> Self:
        """Check the arrays and return the instance.

        Raises
        ------
        InvalidInstanceError
            For a wrong shape or type, a score that is not finite, a demand or capacity below 0 or not whole, a conflict
            that is neither 0 nor 1; names the first index at fault.

        Examples
        --------
        >>> Instance.create([[1.0, float("nan")]], demand=[1], capacity=[1, 1])
        Traceback (most recent call last):
        ...
        matching.errors.InvalidInstanceError: score[0,1]: nan is not a finite number; correct this score
        """
        scores = _numbers(score, "score", 2)
        n, m = scores.shape
        _finite(scores, "score", "correct this score")
        marks = np.zeros((n, m)) if conflict is None else _numbers(conflict, "conflict", 2)
        if marks.shape != (n, m):
            raise InvalidInstanceError(
                "conflict", f"has shape {marks.shape}, the scores have {(n, m)}; make them equal"
            )
        odd = np.argwhere((marks != 0) & (marks != 1))
        if len(odd):
            raise InvalidInstanceError(_at("conflict", odd[0]), f"{marks[tuple(odd[0])]:g} is neither 0 nor 1")
        return cls(
            score=scores,
            conflict=marks == 1,
            demand=_counts(demand, "demand", n, "people"),
            capacity=_counts(capacity, "capacity", m, "servers"),
        )

    @property
    def n_people(self) -> int:
        """Number of people to be served."""
        return len(self.demand)

    @property
    def n_servers(self) -> int:
        """Number of servers."""
        return len(self.capacity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """An instance in integers, pins already taken.

    Attributes
    ----------
    pairs
        What is left to decide; scores are ``round(score * scale)``.
    pinned
        ``bool`` (people, servers).
    scale
        Integer units per unit of score.
    is_exact
        Every score is a whole number of units.
    """

    pairs: Pairs
    pinned: Bools
    scale: float
    is_exact: bool


def scaled(instance: Instance, pins: Sequence[Pin]) -> Scaled:
    """Return the instance in integers, with the pins taken.

    The scale is the smallest power of ten (or of two, up to 2¹²) that makes every score whole. Where there is none
    within the safe range of the flow solver (2⁶¹ / (nodes + 1)²), it is the largest power of ten in that range: at
    1,200 nodes that leaves 12 digits to the largest score, and six to every score above a millionth of it.

    Raises
    ------
    InvalidInstanceError
        When a pin names no pair of the instance, or the safe range leaves fewer than six digits.
    PinConflictError
        When pins clash, by name.

    Examples
    --------
    >>> scaled(Instance.create([[0.25, 1.5]], demand=[1], capacity=[1, 1]), ()).scale
    4.0
    """
    keep = checked_pins(pins, instance.conflict, instance.demand, instance.capacity)
    pinned = np.zeros(instance.conflict.shape, dtype=bool)
    for pin in keep:
        pinned[pin.person, pin.server] = True
    allowed = ~instance.conflict & (instance.demand > 0)[:, None] & (instance.capacity > 0)
    scale, is_exact = _scale(np.where(allowed, instance.score, 0.0))
    score = np.round(np.where(allowed, instance.score, 0.0) * scale).astype(np.int64)
    pairs = Pairs.start(score, allowed, instance.demand, instance.capacity)
    pairs = replace(
        pairs,
        allowed=allowed & ~pinned,
        demand=instance.demand - pinned.sum(axis=1),
        capacity=instance.capacity - pinned.sum(axis=0),
        base=np.where(pinned, score, 0).sum(axis=1),
    )
    return Scaled(pairs=pairs, pinned=pinned, scale=scale, is_exact=is_exact)


def _scale(score: F8) -> tuple[float, bool]:
    peak = float(np.abs(score).max(initial=0.0))
    if peak == 0.0:
        return 1.0, True
    limit = min(safe_cost(sum(score.shape) + 2), 2 * 10**12)
    exact = [2.0**k for k in range(13)] + [10.0**k for k in range(1, _MAX_DECIMALS + 1)]
    values = np.unique(score)
    for scale in sorted(exact):
        if peak * scale > limit:
            break
        units = np.round(values * scale)
        if np.array_equal(units / scale, values):
            return scale, True
    where = _at("score", np.argwhere(np.abs(score) == peak)[0])
    if limit < _SIX_DIGITS:
        raise InvalidInstanceError(where, "the instance is too large to keep six digits of its scores; divide it")
    power = int(np.floor(np.log10(limit) - np.log10(peak)))
    if abs(power) > _MAX_POWER:
        raise InvalidInstanceError(
            where, f"{peak:g} is the largest score, and its size is out of range; rescale the scores"
        )
    return 10.0**power, False


def _numbers(values: npt.ArrayLike, name: str, n_axes: int) -> F8:
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise InvalidInstanceError(name, "is not an array of numbers") from None
    if array.ndim != n_axes:
        raise InvalidInstanceError(name, f"has {array.ndim} axes instead of {n_axes}")
    return array


def _finite(array: F8, name: str, remedy: str) -> None:
    odd = np.argwhere(~np.isfinite(array))
    if len(odd):
        raise InvalidInstanceError(_at(name, odd[0]), f"{array[tuple(odd[0])]:g} is not a finite number; {remedy}")


def _counts(values: npt.ArrayLike, name: str, n: int, of: str) -> I8:
    array = _numbers(values, name, 1)
    if len(array) != n:
        raise InvalidInstanceError(name, f"has {len(array)} entries, the scores have {n} {of}; make them equal")
    _finite(array, name, "give a whole number")
    odd = np.argwhere((array < 0) | (array != np.floor(array)) | (array > _MAX_UNITS))
    if len(odd):
        raise InvalidInstanceError(_at(name, odd[0]), f"{array[tuple(odd[0])]:g} is not a count from 0 to {_MAX_UNITS}")
    return array.astype(np.int64)


def _at(name: str, index: npt.NDArray[np.intp]) -> str:
    return f"{name}[{','.join(str(i) for i in index.tolist())}]"
