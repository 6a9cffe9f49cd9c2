"""Who accepted which terms of use, when and in which capacity (R-14 to R-16), and the proof of it.

`record_acceptance` and `capacities_for` take no viewer: at sign-up nobody is signed in yet. The row that records an
acceptance in the evidence is written by the caller, last in its transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import String, bindparam, cast, func, select, text
from sqlmodel import Session

from portal.data.accounts import Account, Space
from portal.data.columns import UtcDateTime
from portal.data.evidence import Action, Evidence, Outcome
from portal.data.persons import Person, is_minor_on
from portal.data.representations import Capacity, Representation
from portal.data.sessions import Viewer
from portal.data.terms import TermsAcceptance, TermsVersion, terms_in_force

PROTECTED = {Capacity.GUARDIAN, Capacity.CURATOR}


class NotInForce(Exception):
    """That version is not the one to accept (any more): the person must read the one in force."""


@dataclass(frozen=True, slots=True)
class Declarable:
    """The capacities that somebody may declare, the one known already (or None), and the representative known with it.

    A single capacity needs no question.
    """

    capacities: tuple[Capacity, ...]
    known: Capacity | None = None
    representative_name: str = ""


class Proof(NamedTuple):
    """An acceptance and the row of the evidence record that holds it."""

    version: int
    sha256: str
    accepted_at: datetime
    capacity: str
    representative_name: str
    identifier: str
    seq: int
    hash: str


ORGANISATION = Declarable((Capacity.SELF,), Capacity.SELF)


def capacities_for(birth_date: date, day: date) -> Declarable:
    """What a natural person may declare on `day` (R-15): a minor accepts only with the authorisation of an adult."""
    minor = is_minor_on(birth_date, day)
    return Declarable(tuple(one for one in Capacity if not (minor and one is Capacity.SELF)))


def declarable(db: Session, viewer: Viewer, day: date) -> Declarable:
    """What the viewer may declare on `day`: an organisation's user acts for it, so there is nothing to ask."""
    if viewer.space != Space.MEMBER or viewer.person_id is None:
        return ORGANISATION
    allowed = capacities_for(db.get_one(Person, viewer.person_id).birth_date, day).capacities
    declared = db.get(Representation, viewer.account_id)
    if declared is None:
        return Declarable(allowed, Capacity.SELF if Capacity.SELF in allowed else None)
    capacity = Capacity(declared.capacity)
    if capacity in PROTECTED:
        allowed = tuple(one for one in allowed if one is not Capacity.SELF)
    return Declarable(allowed, capacity if capacity in allowed else None, declared.representative_name)


def accept_terms(
    db: Session, viewer: Viewer, version: int, capacity: Capacity, representative_name: str, now: datetime
) -> TermsVersion | None:
    """The viewer accepts a version; see `record_acceptance`."""
    return record_acceptance(db, viewer.account_id, version, capacity, representative_name, now)


def record_acceptance(
    db: Session, account_id: int, version: int, capacity: Capacity, representative_name: str, now: datetime
) -> TermsVersion | None:
    """Stores that the account accepts `version`, at `now` (UTC), in the caller's transaction.

    Returns the version, whose `proof` is the object of the `terms.accepted` row that the caller records last; None
    when the account had accepted it before, also a moment ago in a parallel request. Raises `NotInForce`.
    """
    terms = terms_in_force(db, now)
    if terms is None or terms.number != version:
        raise NotInForce
    values = {
        "account_id": account_id,
        "version": version,
        "sha256": terms.sha256,
        "capacity": capacity,
        "representative_name": representative_name if capacity is not Capacity.SELF else "",
        "now": now,
    }
    return terms if db.connection().execute(_ACCEPT, values).rowcount else None


def last_accepted(db: Session, viewer: Viewer) -> TermsVersion | None:
    """The newest version that the viewer's account accepted."""
    mine = select(func.max(TermsAcceptance.version)).where(TermsAcceptance.account_id == viewer.account_id)
    number = db.connection().execute(mine).scalar()
    return db.get(TermsVersion, number) if number is not None else None


def acceptances_of(db: Session, viewer: Viewer) -> Sequence[Proof]:
    """What the viewer's account accepted, newest first, with its proofs."""
    query = _PROOFS.where(TermsAcceptance.account_id == viewer.account_id)
    return [Proof(*row) for row in db.connection().execute(query.order_by(TermsAcceptance.version.desc()))]


def proof_of_acceptance(db: Session, viewer: Viewer, version: int) -> tuple[Proof, TermsVersion] | None:
    """The proof that the viewer's account accepted `version`, and that version; None when it did not."""
    mine = (TermsAcceptance.account_id == viewer.account_id, TermsAcceptance.version == version)
    row = db.connection().execute(_PROOFS.where(*mine)).first()
    return (Proof(*row), db.get_one(TermsVersion, version)) if row else None


_ACCEPT = text(
    "INSERT INTO terms_acceptance (account_id, version, sha256, capacity, representative_name, accepted_at)"
    " VALUES (:account_id, :version, :sha256, :capacity, :representative_name, :now) ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=UtcDateTime))

_PROOFS = select(
    TermsAcceptance.version,
    TermsAcceptance.sha256,
    TermsAcceptance.accepted_at,
    TermsAcceptance.capacity,
    TermsAcceptance.representative_name,
    Account.identifier,
    Evidence.seq,
    Evidence.hash,
).where(
    Account.id == TermsAcceptance.account_id,
    Evidence.actor == TermsAcceptance.account_id,
    Evidence.action == Action.TERMS_ACCEPTED,
    Evidence.outcome == Outcome.OK,
    Evidence.object == cast(TermsAcceptance.version, String) + " sha256:" + TermsAcceptance.sha256,
)
