"""The demonstration's calls for contributions: fourteen months of them, paid but for one, one line contested."""

from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session

from portal.data.affiliating import NewEmployee, declare
from portal.data.contribution_calls import ContributionPayment, ContributionTerms, calls_of, lines_of
from portal.data.contribution_disputes import Motive, contest_line
from portal.data.contribution_issuing import billed_contracts, issue_call, next_period
from portal.data.employee_acts import Acting
from portal.data.employees import PeriodKind
from portal.data.group_figures import group_figures_on
from portal.data.rules import add_months
from portal.data.staff_categories import group_contracts, staff_categories
from portal.database import Database
from portal.demo.employees import CLERK, MONTHS
from portal.demo.viewers import viewer_of
from portal.formatting import today
from portal.security import Keyring

LATE_BY = 2
"""How many months ago the call was for that nobody paid."""


def show_contributions(database: Database, keyring: Keyring) -> None:
    """Calls month after month, as the insurer did, while somebody was declared late; once."""
    first = add_months(today().replace(day=1), -MONTHS)
    with database.write() as db:
        if calls_of(db, viewer_of(db, CLERK), None, 1):
            return
        contracts = billed_contracts(db, today())
        for contract_id in contracts[1:]:
            db.add(ContributionTerms(group_contract_id=contract_id, rhythm="trimestre", method="virement", due_day=20))
        db.flush()
        month = add_months(first, 1)
        while month <= today():
            if month == today().replace(day=1):
                _declare_late(db, keyring)
            for contract_id in contracts:
                _call(db, contract_id, month, first)
            month = add_months(month, 1)
        _contest(db, keyring)


def _call(db: Session, contract_id: int, month: date, first: date) -> None:
    period = next_period(db, contract_id, month, first)
    call = issue_call(db, contract_id, period, _at(min(month + timedelta(days=1), today()))) if period else None
    is_unpaid = add_months(month, LATE_BY) > today().replace(day=1)
    if call is not None and call.amount_cents > 0 and not is_unpaid and call.due_on <= today():
        db.add(
            ContributionPayment(
                group_contract_id=contract_id,
                reference=f"ENC-{call.number}",
                received_on=call.due_on,
                amount_cents=call.amount_cents,
                method=call.method,
                call_id=call.id,
            )
        )
        db.flush()


def _declare_late(db: Session, keyring: Keyring) -> None:
    """Somebody hired two months ago, declared since: the next call sets the earlier months right."""
    day = add_months(today().replace(day=1), -1) + timedelta(days=9)
    viewer, figures = viewer_of(db, CLERK), group_figures_on(db, day)
    if figures is None:
        raise LookupError(day)
    hired_on = add_months(day, -1)
    new = NewEmployee("Retard", "Lison", date(1991, 5, 6), hired_on, hired_on, matricule="19911")
    acting = Acting(viewer, keyring, _at(day), figures)
    declare(db, acting, group_contracts(db, viewer)[0], staff_categories(db, viewer)[0], new, PeriodKind.AFFILIATED)


def _contest(db: Session, keyring: Keyring) -> None:
    viewer = viewer_of(db, CLERK)
    line = lines_of(db, calls_of(db, viewer, None, 2)[1])[0]
    text = "Une personne de cette ligne est passée en famille le mois suivant seulement. Merci de vérifier."
    contest_line(db, viewer, keyring, line.id or 0, Motive.STRUCTURE, text, _at(today()))


def _at(day: date) -> datetime:
    return datetime.combine(day, time(7), UTC)
