"""Bringing people in: what signing up answers, by letter, and an account's first credentials (R-10, R-11, R-14, R-15).

The browser is told the same, after the same time, whether the person is known, registered already, or unknown: the same
work is done (a password is always hashed), and the answer leaves at a beat. The answer itself goes to the address
that the insurer holds; to the address typed alone when it holds none (docs/adr/0007-sign-up.md).
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import anyio
from anyio import to_thread
from sqlmodel import Session

from portal.authentication import hashing, network_of
from portal.data import onboarding as accounts
from portal.data.acceptances import NotInForce, record_acceptance
from portal.data.accounts import Account
from portal.data.evidence import Action, Outcome
from portal.data.sign_up import Applicant, Claim, Finding, Verdict, examine
from portal.data.throttling import RESEND_LIMITS, SIGN_UP_LIMITS, Guesses, allow
from portal.formatting import day_in_france
from portal.security import hash_password
from portal.web import PortalRequest, Services

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that reads like something else
GROUPS, GROUP = 7, 4  # 28 signs out of 31: 138 bits
BEAT_SECONDS = 0.25

Acts = list[tuple[Action, str, int | None]]


@dataclass(frozen=True, slots=True)
class Temporary:
    """A password that is delivered, and what is stored of it."""

    password: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class SignUp:
    """A form that was sent: `terms` is the number of the version accepted, None before there are any."""

    claim: Claim
    email: str
    terms: int | None


def new_temporary() -> Temporary:
    """A random password of 138 bits that can be typed. Slow, since it hashes: call it off the event loop."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
    password = "-".join(groups)
    return Temporary(password, hash_password(password))


def deliver_credentials(
    db: Session, services: Services, account: Account, temporary: Temporary, *, is_invited: bool = False
) -> None:
    """Posts the account's identifier and its temporary password to its address, in two letters (R-11). The caller has
    stored the password's hash and records `credentials.sent`. `is_invited`: by somebody of the organisation."""
    organisation = account.organisation if is_invited else ""
    services.mail.post(
        db,
        "sign-up-identifier",
        account.email,
        account_id=account.id,
        identifier=account.identifier,
        organisation=organisation,
    )
    services.mail.post(
        db,
        "sign-up-password",
        account.email,
        account_id=account.id,
        password=temporary.password,
        until=account.password_temporary_until,
    )


def renew_credentials(db: Session, services: Services, account_id: int, temporary: Temporary, now: datetime) -> None:
    """Replaces a temporary password and delivers both letters again. The caller records `credentials.sent`."""
    account = accounts.renew_temporary(db, account_id, temporary.password_hash, now)
    deliver_credentials(db, services, account, temporary)


async def sign_up(request: PortalRequest, form: SignUp) -> bool:
    """Answers a sign-up by letter; False when a limit is reached, which tells nothing: everybody's forms count alike.

    Raises `NotInForce` when the terms accepted are not those in force (any more).
    """
    async with _on_the_beat():
        temporary = await to_thread.run_sync(new_temporary, limiter=hashing)
        return await request.database.run_writing(_settle_sign_up, request, form, temporary)


async def resend(request: PortalRequest, typed: str) -> bool:
    """Sends the credentials again to whoever has not used them, by identifier or address; False at the limit."""
    async with _on_the_beat():
        temporary = await to_thread.run_sync(new_temporary, limiter=hashing)
        return await request.database.run_writing(_settle_resend, request, typed, temporary)


@asynccontextmanager
async def _on_the_beat() -> AsyncIterator[None]:
    """Ends at a whole number of beats after it began: what was done inside does not show in the time it took."""
    began = anyio.current_time()
    yield
    await anyio.sleep((began - anyio.current_time()) % BEAT_SECONDS)


# --- signing up ---


def _settle_sign_up(request: PortalRequest, form: SignUp, temporary: Temporary) -> bool:
    with request.database.write() as db:
        _check_terms(db, form, request.now)
        if not allow(db, _sign_up_uses(request, form), request.now):
            request.record_of(None, db, Action.ACCOUNT_REQUESTED, form.claim.space, Outcome.REFUSED, reason="limit")
            return False
        finding = examine(db, form.claim, day_in_france(request.now))
        acts = _Answer(db, request.services, form, temporary, request.now).give(finding)
        _record_request(request, db, form.claim, finding)
        for action, object_, account_id in acts:
            request.record_of(None, db, action, object_, account_id=account_id)
        return True


def _check_terms(db: Session, form: SignUp, now: datetime) -> None:
    terms = accounts.terms_number(db, now)
    if terms != form.terms:
        raise NotInForce


def _record_request(request: PortalRequest, db: Session, claim: Claim, finding: Finding) -> None:
    is_welcome = finding.verdict is Verdict.WELCOME
    outcome, reason = (Outcome.OK, "") if is_welcome else (Outcome.REFUSED, finding.verdict.value)
    request.record_of(
        None, db, Action.ACCOUNT_REQUESTED, claim.space, outcome, reason=reason, account_id=finding.account_id
    )


def _sign_up_uses(request: PortalRequest, form: SignUp) -> Guesses:
    """What a form counts against: the address typed, whom it names, and the network it comes from."""
    return _uses(request, SIGN_UP_LIMITS, form.email, form.claim.named)


def _uses(request: PortalRequest, limits: tuple, *subjects: str) -> Guesses:
    told = (*subjects, network_of(request.client_address))
    lookup = request.services.keyring.lookup
    return [(limit, lookup("".join(one.lower().split()))) for limit, one in zip(limits, told, strict=True)]


class _Answer:
    """The letters that answer one form, and the acts to record."""

    def __init__(self, db: Session, services: Services, form: SignUp, temporary: Temporary, now: datetime) -> None:
        self._db = db
        self._services = services
        self._form = form
        self._temporary = temporary
        self._now = now

    def give(self, finding: Finding) -> Acts:
        """Posts what the finding calls for."""
        if finding.applicant is None:
            self._post("sign-up-unknown", self._form.email)
            return []
        if finding.verdict is Verdict.WELCOME:
            return self._welcome(finding.applicant)
        if finding.verdict is Verdict.INCAPABLE:
            held = finding.applicant.email
            for address in [self._form.email, held] if self._is_elsewhere(held) else [self._form.email]:
                self._post("sign-up-incapable", address)
            return []
        return self._remind(finding)

    def _welcome(self, applicant: Applicant) -> Acts:
        address = applicant.email or self._form.email
        account = accounts.open_account(
            self._db, self._services.keyring, applicant, address, self._temporary.password_hash, self._now
        )
        acts: Acts = [(Action.ACCOUNT_CREATED, str(account.id), account.id)]
        acts += self._accept(applicant, account)
        deliver_credentials(self._db, self._services, account, self._temporary)
        self._tell_typed_address(address)
        return [*acts, (Action.CREDENTIALS_SENT, str(account.id), account.id)]

    def _accept(self, applicant: Applicant, account: Account) -> Acts:
        if self._form.terms is None:
            return []
        declared = applicant.declaration
        terms = record_acceptance(
            self._db,
            account.id or 0,
            self._form.terms,
            declared.capacity,
            declared.representative_name,
            self._now,
        )
        return [(Action.TERMS_ACCEPTED, terms.proof, account.id)] if terms else []

    def _remind(self, finding: Finding) -> Acts:
        """An account exists: its own address is told how to get in, or that it is closed, never the address typed."""
        account = accounts.find_account(self._db, finding.account_id or 0)
        address = account.email or (finding.applicant.email if finding.applicant else "")
        self._tell_typed_address(address)
        if not address:
            return []
        if finding.verdict is Verdict.CLOSED:
            self._post("sign-up-closed", address, account_id=account.id)
            return []
        if account.password_temporary_until is not None and account.email:
            renew_credentials(self._db, self._services, account.id or 0, self._temporary, self._now)
            return [(Action.CREDENTIALS_SENT, str(account.id), account.id)]
        self._post("sign-up-registered", address, account_id=account.id, identifier=account.identifier)
        return [(Action.IDENTIFIER_REMINDED, str(account.id), account.id)]

    def _tell_typed_address(self, answered: str) -> None:
        """Without any credentials: the answer went elsewhere."""
        if not answered or self._is_elsewhere(answered):
            self._post("sign-up-noted", self._form.email, is_answered=bool(answered))

    def _is_elsewhere(self, address: str) -> bool:
        return bool(address) and address.strip().casefold() != self._form.email.casefold()

    def _post(self, letter: str, to: str, *, account_id: int | None = None, **context: object) -> None:
        self._services.mail.post(self._db, letter, to, account_id=account_id, **context)


# --- sending again ---


def _settle_resend(request: PortalRequest, typed: str, temporary: Temporary) -> bool:
    services, now = request.services, request.now
    with request.database.write() as db:
        if not allow(db, _uses(request, RESEND_LIMITS, typed), now):
            return False
        today = day_in_france(now)
        account = accounts.awaiting_first_sign_in(db, typed, today) or accounts.account_reached_by(db, typed, today)
        if account is None or not account.email:
            return True
        if account.password_temporary_until is not None:
            renew_credentials(db, services, account.id or 0, temporary, now)
            action = Action.CREDENTIALS_SENT
        else:
            services.mail.post(
                db, "sign-up-registered", account.email, account_id=account.id, identifier=account.identifier
            )
            action = Action.IDENTIFIER_REMINDED
        request.record_of(None, db, action, str(account.id), account_id=account.id)
        return True
