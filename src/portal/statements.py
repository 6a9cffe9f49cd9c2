"""Issuing a statement: read, typeset, store. The database is held before and after the typesetting, never during it."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from portal.data.sessions import Viewer
from portal.data.statement_content import statement_content
from portal.data.statement_periods import Period
from portal.data.statement_proofs import proof_of
from portal.data.statements import Draft, Issued, draft_statement, last_issued, store_statement
from portal.database import Database
from portal.formatting import PARIS
from portal.insurer import Insurer
from portal.statement_documents import make_files

ATTEMPTS = 3

Witness = Callable[[Session, str], None]


class NothingPaid(Exception):
    """No payment in the period: there is nothing to state."""


class IssuedMeanwhile(Exception):
    """Other requests kept issuing the same period; nothing was stored here."""


def issue_statement(
    database: Database, viewer: Viewer, period: Period, insurer: Insurer, now: datetime, witness: Witness
) -> tuple[Issued, bool]:
    """The viewer's statement of `period`, and whether it is new.

    The one issued before is returned as long as nothing paid in the period changed; else a revision with a new number
    replaces it. `witness` records the act in the transaction that stores the statement; it receives the act's object,
    which proves the statement's bytes. `now` is in UTC. Raises `NothingPaid`, `LookupError` for an account of no
    covered person. Blocks: call it in a thread.
    """
    for _ in range(ATTEMPTS):
        found = _draft(database, viewer, period, now)
        if isinstance(found, Issued):
            return found, False
        files = make_files(found, insurer)
        with database.write() as db:
            issued = store_statement(db, viewer, found, files)
            if issued is not None:
                witness(db, proof_of(db, issued))
                return issued, True
    raise IssuedMeanwhile


def _draft(database: Database, viewer: Viewer, period: Period, now: datetime) -> Issued | Draft:
    with database.read() as db:
        content = statement_content(db, viewer, period, now.astimezone(PARIS).date())
        last = last_issued(db, viewer, period)
    if content.line_count == 0 and last is None:
        raise NothingPaid
    if last is not None and last.content_digest == content.digest():
        return last
    return draft_statement(content, last, now)
