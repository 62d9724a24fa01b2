"""Exact arithmetic of the envelope, and directions within the solver's range."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.tradeoff.envelope import Ceiling, Cut, Envelope, weighted_bound
from matching.tradeoff.state import within

PLACES = st.sets(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=8)
DIRECTIONS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(any), max_size=4)


def envelope_of(places, directions, floors) -> Envelope:
    """Return everything that the directions and least geographies prove about the given places."""
    cuts = [
        Cut(geography_weight=a, experience_weight=b, bound=max(a * g + b * e for g, e in places))
        for a, b in [(1, 0), (0, 1), *directions]
    ]
    ceilings = [
        Ceiling(geography=floor, bound=max((e for g, e in places if g >= floor), default=-1)) for floor in floors
    ]
    return Envelope(cuts=tuple(cuts), ceilings=tuple(ceilings))


@settings(max_examples=200, deadline=None)
@given(PLACES, DIRECTIONS, st.lists(st.integers(0, 31), max_size=3))
def test_an_envelope_of_proofs_rules_no_place_out(places, directions, floors):
    envelope = envelope_of(places, directions, floors)
    for geography, experience in places:
        assert envelope.allows(geography, experience)
        assert envelope.geography_bound(experience) >= geography
    bounds = [envelope.experience_bound(geography) for geography in range(32)]
    assert bounds == sorted(bounds, reverse=True)


@settings(max_examples=200, deadline=None)
@given(PLACES, DIRECTIONS, st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_two_cuts_bound_every_direction(places, directions, asked):
    cuts = envelope_of(places, directions, ()).cuts
    a, b = asked
    bound = weighted_bound(cuts, a, b)
    assert bound >= max(a * g + b * e for g, e in places)
    if asked in directions:
        assert bound == max(a * g + b * e for g, e in places)


def test_a_ceiling_bounds_both_criteria():
    envelope = envelope_of({(10, 0), (4, 6)}, [], [5])
    assert [envelope.experience_bound(geography) for geography in (4, 5)] == [6, 0]
    assert [envelope.geography_bound(experience) for experience in (0, 1)] == [10, 4]


def test_a_cut_rounds_its_bound_down_to_whole_units():
    cuts = (
        Cut(geography_weight=1, experience_weight=0, bound=9),
        Cut(geography_weight=0, experience_weight=1, bound=9),
        Cut(geography_weight=2, experience_weight=3, bound=20),
    )
    assert Envelope(cuts=cuts, ceilings=()).experience_bound(3) == 4  # 14 / 3
    assert weighted_bound(cuts, 1, 1) == Fraction(29, 3)  # a third of 20 and of 9


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**12), st.integers(1, 10**12), st.integers(2, 10**5))
def test_a_direction_out_of_range_is_turned_by_less_than_one_step(a, b, largest):
    p, q = within((a, b), largest)
    assert p >= 1
    assert q >= 1
    if a + b <= largest:
        assert (p, q) == (a, b)
    else:
        assert p + q == largest
        assert abs(Fraction(p, largest) - Fraction(a, a + b)) <= Fraction(1, largest)
