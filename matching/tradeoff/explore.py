"""Which questions to ask, and in which order: the coarsest gaps of the curve first.

Supported points come from a dichotomic search (Aneja and Nair 1979, "Bicriteria transportation problem"): the best plan
for the exchange rate of two neighbours lies above the line between them, or nothing does. Points below the line come
from epsilon constraints: the most experience among plans that keep a geography between the two.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from matching.tradeoff.envelope import Envelope
from matching.tradeoff.state import Above, Found, Oracle, State, as_end, chord, within

Pair = tuple[tuple[int, int], tuple[int, int]]
OnFront = Callable[[Sequence[Found]], None]
"""Called with the points so far, from the nearest on, whenever there are more of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """The points of the curve from the nearest on, and all that is known."""

    front: tuple[Found, ...]
    state: State


def explore(oracle: Oracle, above: Above | None, n_points: int, on_front: OnFront) -> Explored:
    """Ask until the curve has ``n_points`` points or nothing is left to find; ``above`` is ``None`` for weights alone.

    A third of the points between the ends is meant for epsilon constraints; where the weights, or the constraints,
    find fewer, the others take their place.
    """
    state = State()
    near, far = oracle.ends(state)
    state.add(near, is_shown=True)
    state.add(far, is_shown=True)
    asker = _Asker(oracle=oracle, above=above, state=state)
    front = state.front()
    n_weighted = n_points - (n_points - 2) // 3 if above is not None else n_points
    on_front(front)
    while len(front) < n_points:
        done = len(front) < n_weighted and asker.ask_weights()
        if not done and not asker.ask_epsilon() and not asker.ask_weights():
            break
        before, front = len(front), state.front()
        if len(front) > before:
            on_front(front)
    # A later plan may be as good as an end in its one criterion and better in the other: then it is the end.
    if len(front) > 1:
        front[-1] = as_end(front[-1], far.method, far.direction, far.bound)
    front[0] = as_end(front[0], near.method, near.direction, near.bound)
    return Explored(front=tuple(front), state=state)


@dataclass(slots=True)
class _Asker:
    """Remembers what was asked, so that nothing is asked twice."""

    oracle: Oracle
    above: Above | None
    state: State
    weighed: set[Pair] = field(default_factory=set)
    tries: dict[Pair, int] = field(default_factory=dict)

    def ask_weights(self) -> bool:
        """Ask for a plan above the coarsest line of the curve; ``False`` when no line leaves room above it."""
        state = self.state
        span = state.ranges
        best: tuple[Fraction, Found, Found] | None = None
        for left, right in _pairs(state.front()):
            if (left.at, right.at) in self.weighed:
                continue
            a, b = chord(left, right)
            size = state.excess(left, right) * b / (a * span[0] + b * span[1])
            if size > 0 and (best is None or size > best[0]):
                best = size, left, right
        if best is None:
            return False
        _, left, right = best
        self.weighed.add((left.at, right.at))
        direction = within(chord(left, right), self.oracle.largest_weight)
        state.add(self.oracle.best(state, direction), is_shown=True)
        return True

    def ask_epsilon(self) -> bool:
        """Ask for a plan half-way between two neighbours, where most is open; ``False`` when nothing is."""
        if self.above is None:
            return False
        state = self.state
        envelope, span = state.envelope, state.ranges
        best: tuple[Fraction, Pair, int, int] | None = None
        for left, right in _pairs(state.front()):
            pair = (left.at, right.at)
            low, high = open_geography(envelope, left, right)
            if low > high or self.tries.get(pair, 0) > 1:
                continue
            rise = min(envelope.experience_bound(low), right.experience - 1) - left.experience
            size = Fraction(high - low + 1, span[0]) * Fraction(rise, span[1])
            if best is None or size > best[0]:
                best = size, pair, low, high
        if best is None:
            return False
        _, pair, low, high = best
        # A second question about the same two asks for the whole range between them.
        epsilon = low if self.tries.get(pair, 0) else (low + high + 1) // 2
        self.tries[pair] = self.tries.get(pair, 0) + 1
        state.add(self.above(state, epsilon), is_shown=True)
        return True


def open_geography(envelope: Envelope, left: Found, right: Found) -> tuple[int, int]:
    """Return the least and the greatest geography of an undiscovered plan between two neighbours; empty if reversed."""
    return right.geography + 1, min(left.geography - 1, envelope.geography_bound(left.experience + 1))


def _pairs(front: list[Found]) -> list[tuple[Found, Found]]:
    return list(itertools.pairwise(front))
