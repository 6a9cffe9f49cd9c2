"""How values look on French pages: money, dates, names. Pure functions, used as template filters."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date

NBSP = "\u00a0"
MINUS = "\u2212"
PARIS = ZoneInfo("Europe/Paris")


def money(cents: int) -> str:
    """Cents as « 1 234,56 € », with no-break spaces."""
    return f"{number(cents)}{NBSP}€"


def number(cents: int) -> str:
    """Cents as « 1 234,56 », with no-break spaces."""
    euros, rest = divmod(abs(cents), 100)
    return f"{MINUS if cents < 0 else ''}{_spaced(euros)},{rest:02}"


@lru_cache(maxsize=4096)
def long_date(day: date) -> str:
    """« 3 mars 2026 », « 1er mars 2026 »."""
    text = format_date(day, "d MMMM y", locale="fr_FR")
    return text.replace("1 ", "1er ", 1) if day.day == 1 else text


@lru_cache(maxsize=4096)
def short_date(day: date) -> str:
    """« 03/03/2026 »."""
    return day.strftime("%d/%m/%Y")


@lru_cache(maxsize=512)
def month_name(day: date) -> str:
    """« mars 2026 »."""
    return format_date(day, "MMMM y", locale="fr_FR")


def local_time(at: datetime) -> str:
    """An instant in Paris time: « 3 mars 2026 à 14 h 05 »."""
    return f"{local_day(at)} à {local_hour(at)}"


def local_day(at: datetime) -> str:
    """The day in Paris: « 3 mars 2026 »."""
    return long_date(day_in_france(at))


def local_hour(at: datetime) -> str:
    """The hour in Paris: « 14 h 05 »."""
    there = at.astimezone(PARIS)
    return f"{there.hour}{NBSP}h{NBSP}{there.minute:02}"


def local_period(start: datetime, end: datetime) -> str:
    """« le 3 mars 2026, de 22 h 00 à 23 h 30 », « du 3 mars 2026 à 22 h 00 au 4 mars 2026 à 1 h 00 »."""
    if day_in_france(start) != day_in_france(end):
        return f"du {local_time(start)} au {local_time(end)}"
    return f"le {long_date(day_in_france(start))}, de {local_hour(start)} à {local_hour(end)}"


def today() -> date:
    """The day it is in Paris, by which rights and periods are judged."""
    return datetime.now(PARIS).date()


def day_in_france(at: datetime) -> date:
    """The day it is in Paris at an instant."""
    return at.astimezone(PARIS).date()


def start_of_day_in_france(day: date) -> datetime:
    """The first instant of a day in France, in UTC."""
    return datetime.combine(day, time.min, PARIS).astimezone(UTC)


def end_of_day_in_france(day: date) -> datetime:
    """The last second of a day in Paris, in UTC."""
    return datetime.combine(day, time(23, 59, 59), PARIS).astimezone(UTC)


def whole(count: int) -> str:
    """« 10 432 »."""
    return _spaced(count)


def plural(count: int, one: str, many: str = "") -> str:
    """« 1 ligne », « 2 lignes »; zero takes the singular in French."""
    return f"{_spaced(count)}{NBSP}{one if abs(count) < 2 else many or one + 's'}"


def file_size(size: int) -> str:
    """« 820 Ko », « 3,4 Mo »: decimal units, as telephones show them; `size` in bytes."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))}\u00a0Ko"
    unit, name = (1_000_000_000, "Go") if size >= 1_000_000_000 else (1_000_000, "Mo")
    return f"{size / unit:.1f}\u00a0{name}".replace(".", ",")


def _spaced(whole: int) -> str:
    """A whole number, its thousands apart."""
    return f"{whole:,}".replace(",", NBSP)
