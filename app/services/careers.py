"""Arithmetic on careers: lengths of unions of month intervals."""

from collections.abc import Iterable
from datetime import date


def month_number(day: date) -> int:
    """Months since year 0, so that differences are whole months."""
    return day.year * 12 + day.month - 1


def months_of_union(intervals: Iterable[tuple[date, date | None]], reference: date) -> int:
    """Months covered by at least one interval, up to the month of ``reference``.

    Intervals are half-open in months (2019.03-2021.03 is 24 months); an end of ``None`` means the reference date.
    Overlaps count once, and time after the reference date does not count. Source: definition of grassroots years.

    >>> months_of_union([(date(2019, 3, 1), date(2021, 3, 1)), (date(2020, 3, 1), date(2022, 3, 1))], date(2025, 3, 1))
    36
    """
    limit = month_number(reference)
    spans = sorted(
        (month_number(start), min(limit, month_number(end) if end is not None else limit)) for start, end in intervals
    )
    total, covered_to = 0, -1
    for start, end in spans:
        begin = max(start, covered_to)
        if end > begin:
            total += end - begin
            covered_to = end
    return total
