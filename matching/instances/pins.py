"""Pins of an instance: pairs that every plan must contain, or a refusal by name."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from matching.errors import InvalidInstanceError, PinConflictError
from matching.solvers.pairs.model import I8, Bools


class Pin(NamedTuple):
    """A pair that must be made, 0-based."""

    person: int
    server: int


def checked_pins(pins: Sequence[Pin], conflict: Bools, demand: I8, capacity: I8) -> tuple[Pin, ...]:
    """Return the pins when all of them can hold together.

    Raises
    ------
    InvalidInstanceError
        When a pin names nobody of the instance.
    PinConflictError
        When pins are on conflicts, twice the same, more than a person's demand or more than a server's capacity; lists
        all.

    Examples
    --------
    >>> import numpy as np
    >>> conflict = np.array([[False, True]])
    >>> checked_pins([Pin(0, 1)], conflict, np.array([1]), np.array([1, 1]))
    Traceback (most recent call last):
    ...
    matching.errors.PinConflictError: pin 0 (0,1): the pair is in conflict; remove the pin or the conflict
    """
    n, m = conflict.shape
    for index, (person, server) in enumerate(pins):
        if not (0 <= person < n and 0 <= server < m):
            raise InvalidInstanceError(
                f"pin {index} ({person},{server})", f"people are 0 to {n - 1}, servers 0 to {m - 1}; correct the pin"
            )
    found = list(_clashes(pins, conflict, demand, capacity))
    if found:
        names = {name for members, _ in found for name in members}
        ordered = tuple(_name(i, pin) for i, pin in enumerate(pins) if _name(i, pin) in names)
        raise PinConflictError(ordered, "; ".join(f"{', '.join(members)}: {reason}" for members, reason in found))
    return tuple(pins)


def _name(index: int, pin: Pin) -> str:
    return f"pin {index} ({pin[0]},{pin[1]})"


def _clashes(pins: Sequence[Pin], conflict: Bools, demand: I8, capacity: I8) -> Iterator[tuple[list[str], str]]:
    by_pair: dict[tuple[int, int], list[str]] = {}
    by_person: dict[int, list[str]] = {}
    by_server: dict[int, list[str]] = {}
    for index, pin in enumerate(pins):
        name = _name(index, pin)
        if conflict[pin[0], pin[1]]:
            yield [name], "the pair is in conflict; remove the pin or the conflict"
        by_pair.setdefault((pin[0], pin[1]), []).append(name)
        by_person.setdefault(pin[0], []).append(name)
        by_server.setdefault(pin[1], []).append(name)
    for names in by_pair.values():
        if len(names) > 1:
            yield names, "the same pair is pinned more than once; keep one"
    for person, names in by_person.items():
        if len(names) > demand[person]:
            yield names, f"{len(names)} pins for person {person}, whose demand is {demand[person]}; remove some"
    for server, names in by_server.items():
        if len(names) > capacity[server]:
            yield names, f"{len(names)} pins for server {server}, whose capacity is {capacity[server]}; remove some"
