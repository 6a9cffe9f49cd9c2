"""The public holidays of the whole of France (code du travail, L3133-1), for legal clocks and for opening hours."""

from datetime import date
from functools import cache

import holidays


def is_public_holiday(day: date) -> bool:
    """Whether a day is one of the eleven; those of Alsace-Moselle and overseas alone are not."""
    return day in _of_year(day.year)


@cache
def _of_year(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("FR", years=year))
