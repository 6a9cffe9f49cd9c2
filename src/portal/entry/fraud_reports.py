"""Reporting that somebody else uses the account (R-13): frozen at once, its sessions ended, a case opened, a letter."""

from sqlmodel import Session

from portal.bank_areas import bank_area_of
from portal.bank_notices import tell_of_bank_change, tell_of_organisation_change
from portal.data import throttling
from portal.data.evidence import Action, Outcome
from portal.data.fraud import FraudChannel, freeze
from portal.data.links import Link, LinkPurpose, find_link, make_link, use_link
from portal.data.passwords import account_with
from portal.entry.arrivals import tell
from portal.entry.authentication import network_of
from portal.security import is_identifier
from portal.web import PortalRequest

REPORTS = throttling.quota("fraud-account", 10, throttling.DAY)
REPORTS_NETWORK = throttling.quota("fraud-network", 20, throttling.HOUR)
LETTERS = throttling.quota("fraud-letter", 3, throttling.DAY)


def report_own(request: PortalRequest, text: str) -> None:
    """The viewer's own report: the account is frozen, and the viewer signed out with everybody else."""
    with request.database.write() as db:
        _freeze(request, db, request.viewer.account_id, FraudChannel.SIGNED_IN, text)


def report_from_outside(request: PortalRequest, identifier: str, email: str, text: str) -> None:
    """Freezes the account at once when both are right. With the identifier alone, its address gets a link to do so."""
    lookup = request.services.keyring.lookup
    network = lookup(network_of(request.client_address))
    with request.database.write() as db:
        account = account_with(db, identifier) if is_identifier(identifier) else None
        if account and account.email and account.email.casefold() == email.strip().casefold():
            _freeze(request, db, account.id or 0, FraudChannel.PUBLIC, text)  # never refused because of others' tries
        elif not throttling.allow(db, [(REPORTS, lookup(identifier)), (REPORTS_NETWORK, network)], request.now):
            return
        elif account is None or account.id is None:
            request.record_of(None, db, Action.FRAUD_REPORTED, FraudChannel.PUBLIC, Outcome.REFUSED)
        else:
            _send_link(request, db, account.id)


def fraud_link(request: PortalRequest, db: Session) -> Link | None:
    """The link that this browser came by, when it still freezes an account."""
    link = find_link(db, request.link_token, request.now)
    return link if link is not None and link.purpose is LinkPurpose.FRAUD else None


def report_by_link(request: PortalRequest, text: str) -> bool:
    """Freezes the account of the link; False when it works no more."""
    with request.database.write() as db:
        link = use_link(db, request.link_token, LinkPurpose.FRAUD, request.now)
        if link is not None:
            _freeze(request, db, link.account_id, FraudChannel.LINK, text)
        return link is not None


def _freeze(request: PortalRequest, db: Session, account_id: int, channel: FraudChannel, text: str) -> None:
    frozen = freeze(db, request.services.keyring, account_id, channel, text, request.now)
    viewer = request.signed_in if channel is FraudChannel.SIGNED_IN else None
    if frozen is not None:
        tell(request, db, account_id, "fraud-frozen")
    outcome = Outcome.REFUSED if frozen is None else Outcome.OK
    request.record_of(viewer, db, Action.FRAUD_REPORTED, channel, outcome, account_id=account_id)
    if frozen is not None and frozen.stopped is not None:
        tell_of_bank_change(request.services, db, frozen.stopped, "bank-change-cancelled", request.now)
        request.record_of(viewer, db, Action.BANK_CHANGE_CANCELLED, "fraude", account_id=account_id)
    if frozen is not None and frozen.stopped_organisation is not None:
        row = frozen.stopped_organisation
        tell_of_organisation_change(request.services, db, row, "cancelled", request.now)
        done = bank_area_of(row).acts.cancelled
        request.record_of(viewer, db, done, "fraude", account_id=account_id, **row.proof)


def _send_link(request: PortalRequest, db: Session, account_id: int) -> None:
    if throttling.allow(db, [(LETTERS, str(account_id))], request.now):
        token = make_link(db, account_id, LinkPurpose.FRAUD, request.now)
        tell(request, db, account_id, "fraud-link", href=request.services.link_url(token))
    request.record_of(
        None, db, Action.FRAUD_REPORTED, FraudChannel.PUBLIC, Outcome.REFUSED, reason="address", account_id=account_id
    )
