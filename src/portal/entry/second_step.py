"""Ways in besides the code: the second step by recovery code or passkey, and signing in by passkey alone.

A passkey asks for the person's finger or code: it counts as both factors (security: B13).
"""

from sqlmodel import Session

from portal.data import throttling
from portal.data.blocks import Block, block_of
from portal.data.evidence import Action, Outcome
from portal.data.passkey_challenges import Ceremony
from portal.data.sessions import Viewer
from portal.data.throttling import ADDRESS_PASSKEY, Delay, Guesses
from portal.entry.arrivals import SignedIn, enter
from portal.entry.authentication import network_of, refuse_entry, take_second_step
from portal.entry.passkey_entry import passkey_used
from portal.entry.second_factors import use_recovery_code
from portal.web import PortalRequest


def take_recovery_code(request: PortalRequest, viewer: Viewer, typed: str) -> SignedIn | None:
    """Answers the second step with a recovery code, throttled like codes."""
    return take_second_step(request, viewer, "recovery", lambda db: use_recovery_code(request, db, viewer, typed))


def take_passkey(request: PortalRequest, viewer: Viewer, answer: str) -> SignedIn | None:
    """Answers the second step with one of the account's passkeys."""

    def is_right(db: Session) -> bool:
        return passkey_used(request, db, answer, Ceremony.SECOND_STEP, viewer) is not None

    return take_second_step(request, viewer, "passkey", is_right)


def sign_in_by_passkey(request: PortalRequest, answer: str) -> SignedIn | Block | None:
    """Opens a full session for the holder of the key that signed; None when its answer is not good, or while a delay
    runs for the network that it comes from."""
    guesses = [(ADDRESS_PASSKEY, request.services.keyring.lookup(network_of(request.client_address)))]
    if _is_flood(request, guesses):
        return None
    with request.database.write() as db:
        is_delayed = throttling.hold(db, guesses, request.now)
        passkey = None if is_delayed else passkey_used(request, db, answer, Ceremony.SIGN_IN)
        if passkey is None:
            refuse_entry(request, db, guesses, "passkey", None, is_delayed=is_delayed)
            return None
        block = block_of(db, passkey.account_id, request.now)
        return _refused(request, db, passkey.account_id, block) if block else enter(request, db, passkey.account_id)


def _is_flood(request: PortalRequest, guesses: Guesses) -> bool:
    """Whether a delay runs that has refused somebody already: then nothing more is written."""
    with request.database.read() as db:
        return throttling.delay_of(db, guesses, request.now) is Delay.KNOWN


def _refused(request: PortalRequest, db: Session, account_id: int, block: Block) -> Block:
    request.record_of(
        None, db, Action.SESSION_REFUSED, "passkey", Outcome.REFUSED, reason=block.kind.value, account_id=account_id
    )
    return block
