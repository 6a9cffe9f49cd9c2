"""Who may be covered with a member, from which day, until which day, with which pieces: tables, no database (R-23).

Sources: domain 3.6; removal after a change of situation, mutual code L221-17. Figures are months and years given by the
caller, from dated rows (`data/beneficiary_figures.py`).
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from portal.data.coverage import Relationship
from portal.data.rules import add_months

ONE_DAY = timedelta(days=1)


class Reason(StrEnum):
    """Why cover is asked for, or is to end. Values are stored."""

    BIRTH = "naissance"
    ADOPTION = "adoption"
    MARRIAGE = "mariage"
    CIVIL_UNION = "pacs"
    COHABITATION = "vie_commune"
    COVER_LOST = "fin_couverture"
    PLAIN = "sans_evenement"
    DEATH = "deces"
    SEPARATION = "separation"
    INDEPENDENCE = "fin_etudes"
    COMPANY_COVER = "couverture_employeur"
    STATE_COVER = "css"
    ABROAD = "depart_etranger"
    YEARLY = "echeance"


class Situation(StrEnum):
    """Why a child of age stays covered."""

    STUDENT = "etudiant"
    DISABLED = "handicap"


class Rule(StrEnum):
    """How a day of effect was found. Values are stored, and told in words (`beneficiary_words`)."""

    FROM_EVENT = "evenement"
    NEXT_MONTH = "mois_suivant"
    WITH_CONTRACT = "debut_contrat"
    ON_EVENT = "jour_evenement"
    MONTH_END = "fin_de_mois"
    AFTER_CHANGE = "changement_situation"
    YEARLY = "echeance_annuelle"


class Deadlines(NamedTuple):
    """Months, save `student_age` in years. `birth`, `event`: within which one must ask for cover to begin at the event;
    `birth_free`: that a newborn costs nothing; `notice`: before the contract's yearly date; `change`: after a change of
    situation, within which one may ask for an end `change_effect` later."""

    birth: int
    birth_free: int
    event: int
    notice: int
    change: int
    change_effect: int
    student_age: int


@dataclass(frozen=True, slots=True)
class Effect:
    """`day`: the first day of cover, or the last one. `limit`: until when one may, or could, ask for the earlier day.
    `charged_from`: from when the contribution changes."""

    day: date
    rule: Rule
    charged_from: date
    limit: date | None = None


# --- additions ---

ADDITIONS: dict[Relationship, tuple[Reason, ...]] = {
    Relationship.CHILD: (Reason.BIRTH, Reason.ADOPTION, Reason.COVER_LOST, Reason.PLAIN),
    Relationship.SPOUSE: (Reason.MARRIAGE, Reason.COVER_LOST, Reason.PLAIN),
    Relationship.CIVIL_PARTNER: (Reason.CIVIL_UNION, Reason.COVER_LOST, Reason.PLAIN),
    Relationship.COHABITANT: (Reason.COHABITATION, Reason.COVER_LOST),
    Relationship.ASCENDANT: (Reason.COVER_LOST, Reason.PLAIN),
    Relationship.OTHER: (Reason.COVER_LOST, Reason.PLAIN),
}
NEW_CHILD = frozenset({Reason.BIRTH, Reason.ADOPTION})
# The event's day is asked for, save for a birth (the birth date says it) and where there is no event.
WITHOUT_EVENT_DAY = frozenset({Reason.BIRTH, Reason.PLAIN, Reason.YEARLY})
MAY_BE_AHEAD = frozenset({Reason.COVER_LOST, Reason.COMPANY_COVER, Reason.STATE_COVER, Reason.ABROAD})


def first_day(reason: Reason, event_on: date | None, asked_on: date, deadlines: Deadlines, opened_on: date) -> Effect:
    """When cover begins: at the event when it is asked for in time, else on the first of the next month; never before
    the contract (`opened_on`). The last day of another cover is its event: ours begins on the next one."""
    limit = _limit(reason, event_on, deadlines)
    if event_on is not None and limit is not None and asked_on <= limit:
        day, rule = event_on + (ONE_DAY if reason is Reason.COVER_LOST else timedelta(0)), Rule.FROM_EVENT
    else:
        day, rule = next_month(asked_on), Rule.NEXT_MONTH
    if day < opened_on:
        day, rule = opened_on, Rule.WITH_CONTRACT
    is_free = reason in NEW_CHILD and rule is not Rule.NEXT_MONTH
    return Effect(day, rule, add_months(day, deadlines.birth_free) if is_free else day, limit)


def _limit(reason: Reason, event_on: date | None, deadlines: Deadlines) -> date | None:
    if event_on is None or reason in {Reason.COHABITATION, Reason.PLAIN}:
        return None
    return add_months(event_on, deadlines.birth if reason in NEW_CHILD else deadlines.event)


def next_month(day: date) -> date:
    """The first day of the month after."""
    return add_months(day.replace(day=1), 1)


def month_end(day: date) -> date:
    """The last day of the month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


# --- removals ---

_CHANGES = frozenset({Reason.COMPANY_COVER, Reason.STATE_COVER, Reason.ABROAD})
_COUPLE = (Reason.SEPARATION,)
_CHILD = (Reason.INDEPENDENCE,)
_EVERYBODY = (Reason.COMPANY_COVER, Reason.STATE_COVER, Reason.ABROAD, Reason.DEATH, Reason.YEARLY)
REMOVALS: dict[Relationship, tuple[Reason, ...]] = {
    Relationship.CHILD: _CHILD + _EVERYBODY,
    Relationship.SPOUSE: _COUPLE + _EVERYBODY,
    Relationship.CIVIL_PARTNER: _COUPLE + _EVERYBODY,
    Relationship.COHABITANT: _COUPLE + _EVERYBODY,
    Relationship.ASCENDANT: _EVERYBODY,
    Relationship.OTHER: _EVERYBODY,
}


def last_day(
    reason: Reason, event_on: date | None, asked_on: date, deadlines: Deadlines, opened_on: date, covered_from: date
) -> Effect:
    """When cover ends, that day included; never before it began (`covered_from`)."""
    event = event_on or asked_on
    limit = add_months(event, deadlines.change) if reason in _CHANGES else None
    if reason is Reason.DEATH:
        day, rule = event, Rule.ON_EVENT
    elif reason in {Reason.SEPARATION, Reason.INDEPENDENCE}:
        day, rule = month_end(max(event, asked_on)), Rule.MONTH_END
    elif limit is not None and asked_on <= limit:
        day, rule = max(event - ONE_DAY, add_months(asked_on, deadlines.change_effect)), Rule.AFTER_CHANGE
    else:
        day, rule = yearly_end(opened_on, add_months(asked_on, deadlines.notice)), Rule.YEARLY
    day = max(day, covered_from)
    return Effect(day, rule, day + ONE_DAY, limit)


def yearly_end(opened_on: date, earliest: date) -> date:
    """The first eve of the contract's anniversary that is `earliest` or later."""
    years = max(earliest.year - opened_on.year, 1)
    end = add_months(opened_on, 12 * years) - ONE_DAY
    return end if end >= earliest else add_months(opened_on, 12 * (years + 1)) - ONE_DAY
