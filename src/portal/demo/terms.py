"""The demonstration's terms of use: a version that its accounts accepted, and the next one, announced."""

from datetime import UTC, datetime, time, timedelta
from importlib.resources import files

from sqlmodel import Session

from portal.data.acceptances import record_acceptance
from portal.data.credentials import find_credentials
from portal.data.evidence import Action, record
from portal.data.representations import Capacity
from portal.data.terms import newest_terms
from portal.formatting import PARIS, today
from portal.terms_publishing import draft, publish_and_record

ANNOUNCED_AHEAD = timedelta(days=30)
ACTOR = "demo"


def publish_and_accept(db: Session, identifiers: list[str]) -> None:
    """Publishes both versions, unless they are, and accepts the first for the accounts that have these ten digits."""
    now = datetime.now(UTC)
    if newest_terms(db) is None:
        publish_and_record(db, draft(db, _text("terms-1.md"), "", now, now), now)
        effective_at = datetime.combine(today() + ANNOUNCED_AHEAD, time(), PARIS)
        publish_and_record(db, draft(db, _text("terms-2.md"), _text("terms-2-changes.md"), effective_at, now), now)
    for identifier in identifiers:
        account_id = find_credentials(db, identifier).account_id
        if account_id is not None:
            accept(db, account_id, now)


def accept(db: Session, account_id: int, now: datetime) -> None:
    """Accepts the first version for an account, as its holder would."""
    terms = record_acceptance(db, account_id, 1, Capacity.SELF, "", now)
    if terms is not None:
        details = {"by": ACTOR, "capacity": Capacity.SELF}
        record(db, None, Action.TERMS_ACCEPTED, object=terms.proof, actor=account_id, details=details, now=now)


def _text(name: str) -> str:
    return files("portal.demo").joinpath("reference", name).read_bytes().decode("utf-8")
