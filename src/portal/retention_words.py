"""The retention schedule in words: how long, and what happens then. One table serves the public page, the desk's and
the program, so that they cannot disagree."""

from dataclasses import dataclass
from datetime import date, timedelta

from portal.data.retention_schedule import Period, Remedy, Rule, rules_on
from portal.formatting import plural

REMEDIES = {Remedy.ERASE: "effacement", Remedy.ANONYMISE: "effacement de ce qui désigne une personne"}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A rule as pages show it."""

    code: str
    title: str
    purpose: str
    basis: str
    start: str
    period: str
    then: str


@dataclass(frozen=True, slots=True)
class Band:
    """Lines that are kept about as long."""

    title: str
    lines: tuple[Line, ...]


_BANDS = (
    ("Un mois au plus", timedelta(days=31)),
    ("Jusqu’à treize mois", timedelta(days=401)),
    ("Deux ou trois ans", timedelta(days=1100)),
    ("Cinq ans", timedelta(days=1830)),
    ("Plus longtemps", timedelta.max),
)


def lines_on(day: date) -> list[Line]:
    """The schedule of a day, from what is forgotten first to what is kept longest."""
    return [line_of(rule) for rule in sorted(rules_on(day), key=_length)]


def bands_on(day: date) -> list[Band]:
    """The same lines, gathered by how long they are kept; none is left out."""
    lines = [(line_of(rule), _length(rule)) for rule in sorted(rules_on(day), key=_length)]
    starts = [timedelta(), *(limit for _, limit in _BANDS[:-1])]
    found = [
        Band(title, tuple(line for line, length in lines if start < length <= limit))
        for (title, limit), start in zip(_BANDS, starts, strict=True)
    ]
    return [band for band in found if band.lines]


def line_of(rule: Rule) -> Line:
    """A rule in words."""
    return Line(
        code=rule.code,
        title=rule.title,
        purpose=rule.purpose,
        basis=rule.basis,
        start=rule.start,
        period=period_words(rule.period),
        then=REMEDIES[rule.action],
    )


def period_words(period: Period) -> str:
    """« 5 ans », « 13 mois », « 30 jours », « 10 minutes »."""
    if period.months:
        years, months = divmod(period.months, 12)
        return plural(period.months, "mois", "mois") if months or years < 2 else plural(years, "an")
    if period.span % _DAY == timedelta():
        return plural(period.span // _DAY, "jour")
    if period.span % _HOUR == timedelta():
        return plural(period.span // _HOUR, "heure")
    return plural(period.span // timedelta(minutes=1), "minute")


def _length(rule: Rule) -> timedelta:
    return timedelta(days=rule.period.months * 365 / 12) + rule.period.span
