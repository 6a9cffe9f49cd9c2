"""Who is told that a case has news: its author; of a case that a practice shares, whoever wrote in it (R-41)."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role
from portal.data.case_messages import CaseMessage
from portal.data.cases import Case, address_of
from portal.data.standing import closed, suspended


class Addressee(NamedTuple):
    """An address, which is not empty, and its account; None for whoever has none."""

    account_id: int | None
    email: str


def told_of_news(db: Session, case: Case) -> list[Addressee]:
    """The accounts to write to about a case, in the order of their numbers; none without an account or an address.

    Of a practice's case: its users who wrote in it, or began it, and still use the space; when nobody of them is left,
    whoever signed the agreement.
    """
    if case.account_id is None:
        return []
    if case.provider_id is None:
        return _with_address([Addressee(case.account_id, address_of(db, case))])
    wrote = select(CaseMessage.account_id).where(CaseMessage.case_id == case.id, ~col(CaseMessage.is_from_insurer))
    took_part = or_(col(Account.id) == case.account_id, col(Account.id).in_(wrote))
    return _users(db, case, took_part) or _users(db, case, col(Account.role) == Role.PROVIDER)


def _users(db: Session, case: Case, which: ColumnElement[bool]) -> list[Addressee]:
    of_practice = (col(Account.provider_id) == case.provider_id, ~closed, ~suspended)
    query = select(Account.id, Account.email).where(*of_practice, which).order_by(col(Account.id))
    return _with_address([Addressee(account_id or 0, email) for account_id, email in db.exec(query)])


def _with_address(found: list[Addressee]) -> list[Addressee]:
    return [each for each in found if each.email]
