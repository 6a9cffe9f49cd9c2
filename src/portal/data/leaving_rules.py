"""Why an employee leaves, and what follows: portability (code de la sécurité sociale, L911-8), the offer of the loi
Évin (loi n° 89-1009, article 4). Rules alone: no table, no query."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal.data.group_figures import GroupFigures
from portal.data.rules import add_months


class LeavingReason(StrEnum):
    DISMISSAL = "licenciement"
    AGREED = "rupture_conventionnelle"
    FIXED_TERM_ENDED = "fin_cdd"
    RESIGNATION = "demission"
    LEGITIMATE_RESIGNATION = "demission_legitime"
    RETIREMENT = "retraite"
    GROSS_MISCONDUCT = "faute_lourde"
    DEATH = "deces"
    TRIAL_ENDED = "fin_periode_essai"
    TRANSFER = "mutation"


class Evin(StrEnum):
    """To whom the insurer offers a contract of one's own, and when. AT_END: when the employment ends. AFTER: when
    portability ends. HEIRS: to those whom a deceased employee's contract covered, for twelve months at least."""

    NEVER = "aucune"
    AT_END = "a-la-sortie"
    AFTER = "apres-portabilite"
    HEIRS = "ayants-droit"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a reason to leave gives a right to."""

    is_portable: bool
    evin: Evin


# Portability asks for an end of contract that is not a gross misconduct and that gives a right to unemployment benefit.
CONSEQUENCES: dict[LeavingReason, Consequence] = {
    LeavingReason.DISMISSAL: Consequence(is_portable=True, evin=Evin.AFTER),
    LeavingReason.AGREED: Consequence(is_portable=True, evin=Evin.AFTER),
    LeavingReason.FIXED_TERM_ENDED: Consequence(is_portable=True, evin=Evin.AFTER),
    LeavingReason.RESIGNATION: Consequence(is_portable=False, evin=Evin.NEVER),
    LeavingReason.LEGITIMATE_RESIGNATION: Consequence(is_portable=True, evin=Evin.AFTER),
    LeavingReason.RETIREMENT: Consequence(is_portable=False, evin=Evin.AT_END),
    LeavingReason.GROSS_MISCONDUCT: Consequence(is_portable=False, evin=Evin.AT_END),
    LeavingReason.DEATH: Consequence(is_portable=False, evin=Evin.HEIRS),
    LeavingReason.TRIAL_ENDED: Consequence(is_portable=True, evin=Evin.AFTER),
    LeavingReason.TRANSFER: Consequence(is_portable=False, evin=Evin.NEVER),
}


@dataclass(frozen=True, slots=True)
class Portability:
    """`contract_months`: length of the employment, a month begun counted whole. `months`: of portability, the length
    capped by the law's maximum. Both days included; None where there is none."""

    contract_months: int
    months: int
    starts_on: date | None
    ends_on: date | None


def months_begun(first: date, last: date) -> int:
    """How many months the period between two days, both included, takes, a month begun counted whole; 0 when empty."""
    if last < first:
        return 0
    months = (last.year - first.year) * 12 + last.month - first.month
    return months + 1 if add_months(first, months) <= last else max(months, 1)


def portability_of(reason: LeavingReason, hired_on: date, left_on: date, figures: GroupFigures) -> Portability:
    """Portability after an employment that ended on `left_on` (L911-8): from the day after, free of contributions, for
    as long as the last employment contract, in months rounded up, twelve at most. Cover was held by then: the caller
    gives none to whoever was not affiliated."""
    length = months_begun(hired_on, left_on)
    months = min(length, figures.portability_months) if CONSEQUENCES[reason].is_portable else 0
    if not months:
        return Portability(length, 0, None, None)
    first = left_on + timedelta(days=1)
    return Portability(length, months, first, _last_day(first, months))


def _last_day(first: date, months: int) -> date:
    """The last day of so many months from a day on: the eve of the same day, or in a month too short to have it, the
    last of that month (code de procédure civile, 641)."""
    day = add_months(first, months)
    return day if day.day < first.day else day - timedelta(days=1)
