"""Terms of use for tests: versions in force, announced or replaced, and accounts that accepted them."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from portal.data.acceptances import record_acceptance
from portal.data.accounts import Account
from portal.data.evidence import Action, record
from portal.data.representations import Capacity
from portal.data.terms import TermsVersion, digest_of
from portal.terms_publishing import publish_and_record

FIRST = """# Conditions générales

Un préambule.

## Article 1 – Objet

Les services servent à ceci. Ils sont gratuits.

- un **premier** point\u00a0;
- un *second* point.

### Détail

1. Lire.
2. Accepter.

## Article 2 – Accès

Le mot de passe est personnel. Il ne se communique pas.
"""
SECOND = FIRST.replace("Il ne se communique pas.", "Il se change à tout moment.")
CHANGES = "Le mot de passe **se change** à tout moment.\n"
HOUR = timedelta(hours=1)


def publish_version(
    db: Session, number: int = 1, text: str = FIRST, *, effective_at: datetime | None = None, changes: str = ""
) -> TermsVersion:
    """A version, in force for an hour unless told otherwise."""
    now = datetime.now(UTC)
    effective_at = effective_at or now - HOUR
    terms = TermsVersion(
        number=number,
        text=text,
        sha256=digest_of(text),
        changes=changes or (CHANGES if number > 1 else ""),
        effective_at=effective_at,
        published_at=min(now, effective_at),
    )
    publish_and_record(db, terms, now)
    return terms


def accept_version(db: Session, account: Account, number: int = 1, **who: str) -> None:
    """The account's holder accepts the version in force, with its row of evidence."""
    now = datetime.now(UTC)
    account_id = account.id or 0
    terms = record_acceptance(
        db, account_id, number, Capacity(who.get("capacity", Capacity.SELF)), who.get("representative", ""), now
    )
    assert terms is not None
    record(db, None, Action.TERMS_ACCEPTED, object=terms.proof, actor=account_id, details={}, now=now)
