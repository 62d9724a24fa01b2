"""Lengths of careers: unions of half-open month intervals."""

from datetime import date

import pytest

from app.services.careers import months_of_union

REFERENCE = date(2025, 3, 1)


@pytest.mark.parametrize(
    ("intervals", "months"),
    [
        ([], 0),
        ([(date(2019, 3, 1), date(2021, 3, 1))], 24),
        ([(date(2019, 3, 1), date(2021, 3, 1)), (date(2021, 3, 1), date(2022, 3, 1))], 36),
        ([(date(2019, 3, 1), date(2021, 3, 1)), (date(2020, 1, 1), date(2020, 6, 1))], 24),
        ([(date(2019, 3, 1), date(2021, 3, 1)), (date(2020, 3, 1), date(2022, 3, 1))], 36),
        ([(date(2020, 3, 1), date(2022, 3, 1)), (date(2015, 1, 1), date(2016, 1, 1))], 36),
        ([(date(2024, 3, 1), None)], 12),
        ([(date(2024, 3, 1), date(2030, 1, 1))], 12),
        ([(date(2026, 1, 1), None)], 0),
        ([(date(2025, 3, 1), None)], 0),
    ],
)
def test_overlaps_count_once_gaps_do_not_and_open_ends_reach_the_reference_date(
    intervals: list[tuple[date, date | None]], months: int
) -> None:
    assert months_of_union(intervals, REFERENCE) == months
