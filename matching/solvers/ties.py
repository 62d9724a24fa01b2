"""Deterministic tie-breaks: a small cost per arc from seed, mentee code, seat and mentor code."""

import hashlib

import numpy as np
import numpy.typing as npt

from matching.problem import Component

TIE_BITS = 16
"""A tie cost lies in [0, 2¹⁶): fine enough to separate plans, small enough to join the level before it."""

_BLOCK = 1_000_000
"""Arcs hashed at once, so that temporary arrays stay small."""


def tie_costs(component: Component, seed: int) -> npt.NDArray[np.int64]:
    """Return the tie cost of every arc, ``int64`` (arcs,); it never depends on the order of the facts."""
    if not len(component.arc_mentor):
        return np.zeros(0, dtype=np.int64)
    mentees = _hashes([mentee.code for mentee in component.mentees], f"mentee {seed}")
    mentors = _hashes([mentor.code for mentor in component.mentors], f"mentor {seed}")
    seats = _hashes([str(seat) for seat in range(component.n_seats)], f"seat {seed}")
    costs = np.empty(len(component.arc_mentor), dtype=np.int64)
    for start in range(0, len(costs), _BLOCK):
        part = slice(start, start + _BLOCK)
        mixed = mentees[component.arc_mentee[part]] + seats[component.arc_seat[part]]
        mixed = _scramble(mixed)
        mixed += mentors[component.arc_mentor[part]]
        costs[part] = _scramble(mixed) >> np.uint64(64 - TIE_BITS)
    return costs


def _hashes(codes: list[str], salt: str) -> npt.NDArray[np.uint64]:
    """Hash every code; records that share one (two records of a person) are told apart by their rank."""
    ranked = [f"{code}|0" for code in codes]
    if len(set(codes)) < len(codes):
        seen: dict[str, int] = {}
        for index, code in enumerate(codes):
            rank = seen[code] = seen.get(code, -1) + 1
            ranked[index] = f"{code}|{rank}"
    digests = b"".join([hashlib.sha256(f"{salt}|{text}".encode()).digest() for text in ranked])
    return np.frombuffer(digests, dtype=">u8")[::4].astype(np.uint64)


def _scramble(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Mix 64 bits in place (the finaliser of SplitMix64, Steele et al. 2014)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value ^= value >> np.uint64(shift)
        value *= np.uint64(factor)
    value ^= value >> np.uint64(31)
    return value
