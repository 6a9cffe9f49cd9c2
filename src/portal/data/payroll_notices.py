"""Who is to be told that a month's payroll sheet changes, and that they were: once for each set of changes.

For the insurer's own letters: the job acts for no account, so there is no viewer.
"""

from datetime import date, datetime

from sqlalchemy import or_, select
from sqlmodel import Session, col

from portal.data.accounts import Account
from portal.data.mandates import Mandate
from portal.data.organisations import GroupContract
from portal.data.payroll_codes import PayrollNotice
from portal.data.payroll_sheets import Sheet, digest_of, month_sheet
from portal.data.standing import closed, leaving, suspended


def contracts_of_month(db: Session, month: date) -> list[int]:
    """The contracts that are not over when a month begins."""
    query = select(GroupContract.id).where(
        or_(col(GroupContract.ends_on).is_(None), col(GroupContract.ends_on) >= month)
    )
    return [contract_id or 0 for contract_id in db.execute(query.order_by(col(GroupContract.id))).scalars()]


def take_changes(db: Session, contract_id: int, month: date, now: datetime) -> Sheet | None:
    """The sheet of a month whose changes are to be told, marked as told; None when there are none, or they were."""
    contract = db.get_one(GroupContract, contract_id, with_for_update=True)
    sheet = month_sheet(db, contract, month)
    notice = PayrollNotice(group_contract_id=contract_id, month=month, digest=digest_of(sheet.changes), told_at=now)
    if not sheet.changes or _is_told(db, notice):
        return None
    db.add(notice)
    db.flush()
    return sheet


def users_of(db: Session, company_id: int, day: date) -> list[tuple[Account, str]]:
    """The accounts of a company that are open on a day and can be written to, each with its mandate's scope."""
    query = (
        select(Account, Mandate.scope)
        .outerjoin(Mandate, (col(Mandate.account_id) == col(Account.id)) & col(Mandate.ended_at).is_(None))
        .where(
            col(Account.company_id) == company_id,
            col(Account.email) != "",
            or_(col(Account.access_ends_on).is_(None), col(Account.access_ends_on) >= day),
            ~closed,
            ~suspended,
            ~leaving,
        )
    )
    return [(account, scope or "") for account, scope in db.execute(query.order_by(col(Account.id)))]


def _is_told(db: Session, notice: PayrollNotice) -> bool:
    query = select(PayrollNotice.id).where(
        col(PayrollNotice.group_contract_id) == notice.group_contract_id,
        col(PayrollNotice.month) == notice.month,
        col(PayrollNotice.digest) == notice.digest,
    )
    return db.execute(query).first() is not None
