"""The retention schedule (R-71): one dated table of what is kept, what for, from when, how long, and what happens then.

The table is `retention_schedule.csv`, beside this module: it changes as code does, read by somebody else first, and no
access to the database makes anything be forgotten earlier. A rule that changes gets a second line with a later
`valid_from`, and the earlier line stays, to tell what applied. `retention_plans.py` says which rows each rule is about.
"""

import csv
import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

from portal.data.rules import add_months
from portal.formatting import PARIS, day_in_france

_FILE = files("portal.data") / "retention_schedule.csv"
_PERIOD = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


class Remedy(StrEnum):
    """ERASE: the rows go. ANONYMISE: what names somebody goes, a row without a name stays."""

    ERASE = "erase"
    ANONYMISE = "anonymise"


@dataclass(frozen=True, slots=True)
class Period:
    """How long: months of the calendar (in France), or a span of hours; never both."""

    months: int = 0
    span: timedelta = timedelta()

    def before(self, now: datetime) -> datetime:
        """The instant at or before which what started is past its time."""
        if not self.months:
            return now - self.span
        local = now.astimezone(PARIS)
        return datetime.combine(add_months(local.date(), -self.months), local.timetz()).astimezone(now.tzinfo)

    def day_before(self, now: datetime) -> date:
        """The day before which what started is past its time: a day counts until its end."""
        return add_months(day_in_france(now), -self.months) - self.span


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the schedule; `start`, `title`, `purpose` and `basis` are French, as people read them."""

    code: str
    title: str
    purpose: str
    basis: str
    start: str
    period: Period
    action: Remedy
    valid_from: date


def rules_on(day: date) -> tuple[Rule, ...]:
    """The rules that apply on a day, from the shortest period to the longest: of each code, the newest in force."""
    found = {rule.code: rule for rule in _all() if rule.valid_from <= day}
    return tuple(found.values())


def schedule_digest() -> str:
    """SHA-256 of the table, hexadecimal: which schedule a run applied."""
    return hashlib.sha256(_FILE.read_bytes()).hexdigest()


@lru_cache(maxsize=1)
def _all() -> tuple[Rule, ...]:
    lines = csv.DictReader(_FILE.read_text(encoding="utf-8").splitlines(), delimiter=";")
    return tuple(sorted(map(_rule, lines), key=lambda rule: rule.valid_from))


def _rule(line: dict[str, str]) -> Rule:
    return Rule(
        code=line["code"],
        title=line["title"],
        purpose=line["purpose"],
        basis=line["basis"],
        start=line["start"],
        period=period_of(line["period"]),
        action=Remedy(line["action"]),
        valid_from=date.fromisoformat(line["valid_from"]),
    )


def period_of(text: str) -> Period:
    """A duration of ISO 8601: years and months, or days, hours and minutes. Raises `ValueError` for anything else."""
    found = _PERIOD.fullmatch(text)
    years, months, days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0,) * 5
    period = Period(years * 12 + months, timedelta(days=days, hours=hours, minutes=minutes))
    if bool(period.months) == bool(period.span):
        raise ValueError(f"no duration: {text}")
    return period
