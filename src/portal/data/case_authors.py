"""Whether the author of a case may read the lines of whom it is about: jobs ask it, which have no viewer (R-72)."""

from datetime import date
from typing import NamedTuple

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.cases import Case
from portal.data.visibility import visible_scope


class Author(NamedTuple):
    """The account that a case belongs to, as `visible_scope` needs it."""

    account_id: int
    person_id: int | None
    role: str


def author_reads(db: Session, case: Case, today: date) -> bool:
    """Whether the lines of the person that a case is about are its author's to read today; not without an account."""
    account = db.get(Account, case.account_id) if case.account_id else None
    if account is None:
        return False
    author = Author(account.id or 0, account.person_id, account.role)
    relatives = visible_scope(db, author, today).relatives
    return any(one.person_id == case.person_id and one.in_detail for one in relatives)
