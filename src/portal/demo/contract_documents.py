"""The demonstration's contract: a price that rises next month, notices given to all but the latest hired."""

from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session

from portal.data.contract_versions import ContractAmendment, amendments_of
from portal.data.contributions import Structure
from portal.data.group_contract import category_guarantees
from portal.data.notice_deliveries import Means, Notice, all_recipients, record_deliveries
from portal.data.organisations import GroupContract
from portal.data.rules import add_months
from portal.data.sessions import Viewer
from portal.data.staff_categories import CategoryRate, StaffCategory, group_contracts, rate_on, staff_categories
from portal.database import Database
from portal.demo.employees import CLERK
from portal.demo.viewers import viewer_of
from portal.formatting import today

RISES = "NONCADRES"
RISE = 5
"""By how many ten-thousandths of the ceiling."""
RECENT = timedelta(days=60)


def show_contract_documents(database: Database) -> None:
    """What the clerk did of the notices, and the amendment signed for next month. Done once, however often run."""
    with database.write() as db:
        viewer = viewer_of(db, CLERK)
        contract = group_contracts(db, viewer)[0]
        if any(amendment.effective_on > today() for amendment in amendments_of(db, contract)):
            return
        for category in staff_categories(db, viewer):
            _give(db, viewer, category)
            if category.code == RISES and category.group_contract_id == contract.id:
                _raise(db, contract, category, add_months(today().replace(day=1), 1))


def _give(db: Session, viewer: Viewer, category: StaffCategory) -> None:
    """The notice in force, given a month ago to those who were there."""
    day, given_on = today(), today() - timedelta(days=30)
    table = category_guarantees(db, viewer, category.id or 0, day)
    if table is None or table.version is None:
        return
    notice = Notice(category, table.version, table.contract)
    there = {row.employee_id for row in all_recipients(db, viewer, notice, day) if row.since <= day - RECENT}
    record_deliveries(db, viewer, notice, given_on, Means.EMAIL, _at(given_on), day, there)


def _raise(db: Session, contract: GroupContract, category: StaffCategory, day: date) -> None:
    for rank, structure in enumerate(Structure, start=1):
        rate = rate_on(db, category.id or 0, structure, today())
        if rate is not None:
            rate.valid_to = day - timedelta(days=1)
            values = rate.model_dump(exclude={"id", "valid_from", "valid_to", "pmss_rate"})
            db.add(CategoryRate(**values, valid_from=day, pmss_rate=(rate.pmss_rate or 0) + RISE * rank))
    db.add(
        ContractAmendment(
            group_contract_id=contract.id or 0,
            number=4,
            subject=f"Nouveaux taux de cotisation pour la catégorie «\u00a0{category.label}\u00a0»",
            effective_on=day,
            signed_on=today() - timedelta(days=12),
        )
    )
    db.flush()


def _at(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)
