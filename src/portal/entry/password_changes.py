"""What people do with their password, each act whole: the change, the letter, the evidence (R-11, R-12)."""

from anyio import to_thread
from sqlmodel import Session

from portal.data import throttling
from portal.data.blocks import block_of
from portal.data.evidence import Action, Outcome
from portal.data.links import LIVES, Link, LinkPurpose, find_link, make_link, use_link
from portal.data.passwords import Holder, account_with, accounts_at, holder_of, set_password
from portal.data.sessions import end_other_sessions, end_sessions_of
from portal.entry.arrivals import recognise, tell
from portal.entry.authentication import hashing, network_of
from portal.entry.second_factors import renewed
from portal.password_policy import problem_with
from portal.security import hash_password, is_identifier, verify_password
from portal.web import PortalRequest

# No longer than a link lives: whoever uses the quota up leaves a working link in the holder's mailbox.
RESET_LETTERS = throttling.quota("reset-account", 3, LIVES[LinkPurpose.PASSWORD_RESET])
RESET_NETWORK = throttling.quota("reset-network", 20, throttling.HOUR)
REMINDER_LETTERS = throttling.quota("reminder-address", 5, throttling.DAY)
REMINDER_NETWORK = throttling.quota("reminder-network", 20, throttling.HOUR)
SAME = "C’est le mot de passe que vous avez déjà. Choisissez-en un autre."


class PasswordRefused(Exception):
    """The password cannot be chosen; the message says why, in French."""


async def hash_chosen(request: PortalRequest, holder: Holder, password: str) -> str:
    """The hash of a password that may be chosen. Raises `PasswordRefused`."""
    insurer = request.services.settings.insurer
    context = (*holder.words, insurer.name, insurer.network)
    problem = problem_with(password, has_factor=holder.has_factor, context=context)
    if problem:
        raise PasswordRefused(problem)
    password_hash = await to_thread.run_sync(_hash_another, password, holder.password_hash, limiter=hashing)
    if password_hash is None:
        raise PasswordRefused(SAME)
    return password_hash


def change_password(request: PortalRequest, password_hash: str) -> str:
    """Gives the viewer's account another password and ends its other sessions; the session's new token.

    Raises `NotAuthorizedException` when the session was ended meanwhile: nothing has changed then.
    """
    account_id = request.viewer.account_id
    with request.database.write() as db:
        is_first = holder_of(db, account_id).is_temporary
        set_password(db, account_id, password_hash, request.now)
        end_other_sessions(db, request.viewer, request.now)
        token = renewed(request, db)
        if is_first:
            recognise(request, db, account_id)
        tell(request, db, account_id, "password-changed")
        request.record(db, Action.PASSWORD_CHANGED, "first" if is_first else "")
        return token


def ask_reset(request: PortalRequest, identifier: str) -> None:
    """Sends a link to the account's address, if there is such an account; it works for an hour (R-12)."""
    lookup = request.services.keyring.lookup
    uses = [(RESET_LETTERS, lookup(identifier)), (RESET_NETWORK, lookup(network_of(request.client_address)))]
    with request.database.write() as db:
        if not throttling.allow(db, uses, request.now):
            return
        account = account_with(db, identifier) if is_identifier(identifier) else None
        if account is not None:
            _send_reset(request, db, account.id or 0)
        outcome = Outcome.REFUSED if account is None else Outcome.OK
        account_id = account.id if account else None
        request.record_of(None, db, Action.PASSWORD_RESET_ASKED, outcome=outcome, account_id=account_id)


def reset_link(request: PortalRequest, db: Session) -> Link | None:
    """The link that this browser came by, when it still lets its holder choose a password."""
    link = find_link(db, request.link_token, request.now)
    is_good = link is not None and link.purpose is LinkPurpose.PASSWORD_RESET
    return link if link is not None and is_good and block_of(db, link.account_id, request.now) is None else None


def reset_password(request: PortalRequest, password_hash: str) -> bool:
    """Gives the account another password, and ends all of its sessions; False when the link works no more.

    Nobody is signed in by it, and a second factor is asked for as ever (security: B11).
    """
    with request.database.write() as db:
        if reset_link(request, db) is None:
            return False
        link = use_link(db, request.link_token, LinkPurpose.PASSWORD_RESET, request.now)
        if link is None:
            return False
        _settle_reset(request, db, link.account_id, password_hash)
        return True


def remind_identifiers(request: PortalRequest, email: str) -> None:
    """Sends the identifiers of the accounts with this address, to that address."""
    lookup = request.services.keyring.lookup
    uses = [
        (REMINDER_LETTERS, lookup(email.casefold())),
        (REMINDER_NETWORK, lookup(network_of(request.client_address))),
    ]
    with request.database.write() as db:
        if not throttling.allow(db, uses, request.now):
            return
        accounts = accounts_at(db, email)
        if accounts:
            identifiers = [account.identifier for account in accounts]
            request.services.mail.post(db, "identifier-reminder", accounts[0].email, identifiers=identifiers)
        for account in accounts:
            request.record_of(None, db, Action.IDENTIFIER_REMINDED, account_id=account.id)


def _hash_another(password: str, current: str) -> str | None:
    """The password's hash, or None when it is the current one. Slow."""
    return None if verify_password(password, current) else hash_password(password)


def _send_reset(request: PortalRequest, db: Session, account_id: int) -> None:
    block = block_of(db, account_id, request.now)
    if block is not None:
        tell(request, db, account_id, "account-blocked", block=block)
    else:
        token = make_link(db, account_id, LinkPurpose.PASSWORD_RESET, request.now)
        tell(request, db, account_id, "password-reset", href=request.services.link_url(token))


def _settle_reset(request: PortalRequest, db: Session, account_id: int, password_hash: str) -> None:
    name = request.services.keyring.lookup(holder_of(db, account_id).identifier)
    throttling.forget(db, [(throttling.ACCOUNT_PASSWORD, name)])
    set_password(db, account_id, password_hash, request.now)
    end_sessions_of(db, account_id, request.now)
    recognise(request, db, account_id)
    tell(request, db, account_id, "password-changed")
    request.record_of(None, db, Action.PASSWORD_RESET, account_id=account_id)
