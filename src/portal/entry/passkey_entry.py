"""Who signs with a passkey: the same checks for signing in, for the second step and for confirming one's identity.

A counter that did not grow means that the key was copied: the use is refused, recorded, and its holder told (B13).
"""

from litestar.exceptions import TooManyRequestsException
from sqlmodel import Session

from portal.csrf import binding_of
from portal.data import throttling
from portal.data.credentials import space_of
from portal.data.evidence import Action, Outcome
from portal.data.passkey_challenges import Ceremony, issue_challenge, use_challenge
from portal.data.passkeys import Passkey, find_passkey, keep_use, passkeys_of
from portal.data.sessions import Viewer
from portal.data.throttling import PASSKEY_QUESTIONS
from portal.entry.arrivals import tell
from portal.entry.authentication import network_of
from portal.entry.passkeys import Assertion, assertion_options, read_assertion, verified_use
from portal.web import PortalRequest


def passkey_question(request: PortalRequest, ceremony: Ceremony, viewer: Viewer | None = None) -> str:
    """What the browser is asked, as JSON: one of the viewer's keys; without a viewer, one that the person chooses.

    Raises `TooManyRequestsException` when a network asks for more than a whole company would.
    """
    with request.database.write() as db:
        network = request.services.keyring.lookup(network_of(request.client_address))
        if viewer is None and not throttling.allow(db, [(PASSKEY_QUESTIONS, network)], request.now):
            raise TooManyRequestsException
        challenge = issue_challenge(db, binding_of(request) or "", ceremony, request.now)
        allowed = [key.credential_id for key in passkeys_of(db, viewer)] if viewer else []
    return assertion_options(request.front.settings, challenge, allowed)


def passkey_used(
    request: PortalRequest, db: Session, answer: str, ceremony: Ceremony, viewer: Viewer | None = None
) -> Passkey | None:
    """The key that signed, or None when it is not good, or not the viewer's. The challenge is used up in any case."""
    said = read_assertion(answer)
    if said is None or not use_challenge(db, said.challenge, binding_of(request) or "", ceremony, request.now):
        return None
    passkey = _named(db, said, viewer)
    if passkey is None or not request.front.serves(space_of(db, passkey.account_id)):
        return None
    count = verified_use(request.front.settings, answer, said.challenge, passkey.public_key)
    if count is None:
        return None
    if keep_use(db, passkey, count, request.now):
        return passkey
    _suspect(request, db, passkey)
    return None


def _named(db: Session, said: Assertion, viewer: Viewer | None) -> Passkey | None:
    found = find_passkey(db, said.credential_id)
    if found is None:
        return None
    passkey, handle = found
    is_its_holder = said.handle is None or said.handle == handle
    is_expected = viewer is None or viewer.account_id == passkey.account_id
    return passkey if is_its_holder and is_expected else None


def _suspect(request: PortalRequest, db: Session, passkey: Passkey) -> None:
    account_id = passkey.account_id
    tell(request, db, account_id, "passkey-suspected", name=passkey.name)
    request.record_of(None, db, Action.PASSKEY_SUSPECTED, str(passkey.id), Outcome.REFUSED, account_id=account_id)
