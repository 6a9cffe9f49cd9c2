"""Complaints of people without an account: sent, then followed and added to by the link that their letter brought.

The link proves the address: only whoever reads its mail adds files or words (R-26; ACPR 2022-R-01).
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal.data.accounts import Space
from portal.data.case_messages import REPEATED_WITHIN, CaseMessage, SentAlready, add_message, repeats
from portal.data.case_pieces import add_pieces
from portal.data.case_turns import give_back
from portal.data.cases import Case, CaseState, WrongState, move_case, open_anonymous_case, steps_of, touch
from portal.data.complaints import (
    KIND,
    Complaint,
    Contact,
    Said,
    Told,
    complaint_row,
    start_clock,
    told_of,
)
from portal.data.files import NewFile
from portal.data.rules import add_months
from portal.formatting import day_in_france
from portal.security import Keyring

SLOT = "pieces"
MOST_MESSAGES = 20
# How long a letter's link works once the complaint is over: time to read the answer, keep its copy and go to the
# mediator. A mailbox outlives all that, and whoever comes by it later finds nothing open.
FOLLOWED_MONTHS = 6
# Of one network, in the time in which a form sent twice is taken for one.
_MOST_RECENT = 50


def complain_without_account(
    db: Session, keyring: Keyring, said: Said, contact: Contact, space: Space, now: datetime
) -> Case:
    """A complaint sent at once by somebody without an account. Raises `SentAlready`: the caller holds the network's
    count, so that of two sendings at once the second one sees the first."""
    _refuse_second(db, keyring, said, contact, now)
    case = open_anonymous_case(db, KIND, space, now)
    row = complaint_row(case, keyring, said)
    contact.leave(row, keyring)
    db.add(row)
    db.flush()
    start_clock(case, now)
    move_case(db, case, CaseState.SENT, now, by=None)
    return case


def complaint_by_link(db: Session, keyring: Keyring, case_id: int, now: datetime) -> Told | None:
    """A complaint sent without an account: for whoever holds the link that its letter brought, while it works."""
    case = db.exec(_anonymous().where(Case.id == case_id)).first()
    if case is None:
        return None
    until = followed_until(db, case)
    return None if until and day_in_france(now) > until else told_of(db, keyring, case)


def followed_until(db: Session, case: Case) -> date | None:
    """The last day (in France) on which the link to a complaint works; None while the complaint is open. The caller
    has found the case."""
    if not case.is_over:
        return None
    return add_months(day_in_france(steps_of(db, case)[-1].at), FOLLOWED_MONTHS)


def contact_of(db: Session, keyring: Keyring, case: Case) -> Contact | None:
    """Who complained without an account; None for any other case. The caller has found the case."""
    row = db.get(Complaint, case.id) if case.kind == KIND else None
    return told_of(db, keyring, case).contact if row else None


def hash_addresses(db: Session, keyring: Keyring) -> int:
    """Gives complaints of before their address's hash, which a migration has no key for; how many."""
    old = select(Complaint, Case).join(Case).where(col(Complaint.contact_lookup).is_(None))
    rows = db.exec(old.where(col(Complaint.contact_encrypted).is_not(None)).order_by(col(Case.id))).all()
    for row, case in rows:
        if contact := contact_of(db, keyring, case):
            contact.leave(row, keyring)
            db.add(row)
    db.flush()
    return len(rows)


def add_files_by_link(db: Session, case_id: int, files: Sequence[NewFile], now: datetime) -> Case | None:
    """Joins files to a complaint. None without such a complaint. Raises `WrongState` once it is over,
    `TooManyPieces`."""
    case = _locked(db, case_id)
    if case is not None:
        add_pieces(db, None, case, SLOT, files, now)
    return case


def add_words_by_link(db: Session, keyring: Keyring, case_id: int, text: str, now: datetime) -> Case | None:
    """Adds a message to a complaint. None without such a complaint.

    Raises `WrongState` once it is over or holds `MOST_MESSAGES` of its author, `SentAlready`.
    """
    case = _locked(db, case_id)
    if case is None:
        return None
    if case.is_over or _own_messages(db, case) >= MOST_MESSAGES:
        raise WrongState
    if repeats(db, None, keyring, case, text, now):
        raise SentAlready(case_id)
    add_message(db, None, keyring, case, text, now)
    if not give_back(db, case, now, by=None):
        touch(db, case, now)
    return case


def _refuse_second(db: Session, keyring: Keyring, said: Said, contact: Contact, now: datetime) -> None:
    recent = _anonymous().where(Case.opened_at > now - REPEATED_WITHIN).order_by(col(Case.id).desc())
    for case in db.exec(recent.limit(_MOST_RECENT)):
        told = told_of(db, keyring, case)
        if (told.said, told.contact) == (said, contact):
            raise SentAlready(case.id or 0)


def _anonymous() -> SelectOfScalar[Case]:
    return select(Case).where(Case.kind == KIND, col(Case.account_id).is_(None)).join(Complaint)


def _locked(db: Session, case_id: int) -> Case | None:
    query = _anonymous().where(Case.id == case_id).with_for_update(of=Case)
    return db.exec(query.execution_options(populate_existing=True)).first()


def _own_messages(db: Session, case: Case) -> int:
    own = CaseMessage.case_id == case.id, col(CaseMessage.is_from_insurer).is_(False)
    return db.exec(select(func.count()).where(*own)).one()
