"""The demonstration's staff: what the payroll clerk of a company did month after month, by the portal's own acts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlmodel import Session

from portal.data.affiliating import NewEmployee, change_category, declare
from portal.data.departing import grant_leave, let_go
from portal.data.employee_acts import Acting
from portal.data.employees import Employee, PeriodKind, employed_on, is_acted_on
from portal.data.group_figures import group_figures_on
from portal.data.leaving_rules import LeavingReason
from portal.data.rules import add_months
from portal.data.staff_categories import StaffCategory, group_contracts, staff_categories
from portal.database import Database
from portal.demo.people import FEMALE, LAST, MALE, NirRegister
from portal.demo.viewers import viewer_of
from portal.formatting import today
from portal.security import Keyring

CLERK = "2000000022"
STAFF = 60
LEAVERS = 5
MONTHS = 14
# Far from the numbers that the households were given.
FIRST_SERIAL = 60_000


@dataclass(frozen=True, slots=True)
class Payroll:
    """The clerk at work on some day."""

    db: Session
    keyring: Keyring
    rng: Random
    nirs: NirRegister

    def acting(self, day: date) -> Acting:
        """The clerk, that day at nine. Raises `LookupError` for a day whose figures are unknown."""
        figures = group_figures_on(self.db, day)
        if figures is None:
            raise LookupError(day)
        at = datetime.combine(day, time(9), UTC)
        return Acting(viewer_of(self.db, CLERK), self.keyring, at, figures)


def show_employees(database: Database, keyring: Keyring, seed: int) -> None:
    """Hires until the company has its sixty people, and lets its life go on: departures, a promotion, a leave; once."""
    with database.write() as db:
        if is_acted_on(db, viewer_of(db, CLERK)):
            return
        payroll = Payroll(db, keyring, Random(f"{seed}/staff"), NirRegister(FIRST_SERIAL))  # noqa: S311
        hired = [
            _hire(payroll, day, "NONCADRES" if at % 3 else "CADRES") for at, day in enumerate(_hiring_days(payroll))
        ]
        _live(payroll, hired)


def _hiring_days(payroll: Payroll) -> list[date]:
    first = add_months(today(), -MONTHS).replace(day=1)
    missing = max(STAFF - employed_on(payroll.db, viewer_of(payroll.db, CLERK), today()), 12) + LEAVERS
    return [add_months(first, at * MONTHS // missing) for at in range(missing)]


def _hire(payroll: Payroll, month: date, category: str) -> Employee:
    """Somebody hired in a month, declared then or some weeks later."""
    rng, is_female = payroll.rng, payroll.rng.random() < 0.5
    starts_on = min(month + timedelta(days=rng.choice((0, 0, 0, 4, 14))), today())
    born = add_months(starts_on, -12 * rng.randint(21, 58)) - timedelta(days=rng.randint(1, 360))
    first_name, last_name = rng.choice(FEMALE if is_female else MALE), rng.choice(LAST)
    acting = payroll.acting(min(starts_on + timedelta(days=rng.choice((0, 1, 3, 40))), today()))
    new = NewEmployee(
        last_name=last_name,
        first_name=first_name,
        birth_date=born,
        hired_on=starts_on,
        starts_on=starts_on,
        nir=payroll.nirs.new(born, is_female=is_female),
        matricule=f"{rng.randint(20_000, 99_999)}",
        email=f"salarie.{rng.randint(1000, 9999)}@courriel.example",
    )
    contract = group_contracts(payroll.db, acting.viewer)[0]
    chosen = _category(payroll, acting, category)
    return declare(payroll.db, acting, contract, chosen, new, PeriodKind.AFFILIATED)[0]


def _live(payroll: Payroll, hired: list[Employee]) -> None:
    """What happened to the first of them; months count back from today."""
    lives: list[tuple[int, Callable[[Acting, Employee, date], object]]] = [
        (9, lambda acting, who, day: let_go(payroll.db, acting, who, day, LeavingReason.FIXED_TERM_ENDED)),
        (6, lambda acting, who, day: let_go(payroll.db, acting, who, day, LeavingReason.DISMISSAL)),
        (4, lambda acting, who, day: let_go(payroll.db, acting, who, day, LeavingReason.RESIGNATION)),
        (2, lambda acting, who, day: let_go(payroll.db, acting, who, day, LeavingReason.RETIREMENT)),
        (1, lambda acting, who, day: let_go(payroll.db, acting, who, day, LeavingReason.AGREED)),
        (2, lambda acting, who, day: grant_leave(payroll.db, acting, who, day, None, keeps_cover=False)),
        (1, lambda acting, who, day: grant_leave(payroll.db, acting, who, day, None, keeps_cover=True)),
        (3, lambda acting, who, day: change_category(payroll.db, acting, who, _cadres(payroll, acting), day)),
    ]
    for (months, act), who in zip(lives, hired, strict=False):
        day = add_months(today().replace(day=1), -months) + timedelta(days=14)
        act(payroll.acting(min(day + timedelta(days=3), today())), who, min(day, today()))


def _cadres(payroll: Payroll, acting: Acting) -> StaffCategory:
    return _category(payroll, acting, "CADRES")


def _category(payroll: Payroll, acting: Acting, code: str) -> StaffCategory:
    return next(each for each in staff_categories(payroll.db, acting.viewer) if each.code == code)
