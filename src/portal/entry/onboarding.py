"""Bringing people in: what signing up answers, by letter, and an account's first credentials (R-10, R-11, R-14, R-15).

The browser is told the same, after the same work, whether the person is known, registered already, or unknown: the form
is received as it is, and answered once the browser has its page. The answer goes to the address that the insurer
holds; to the address typed alone when it holds none (docs/adr/0007-sign-up.md).
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import to_thread
from litestar.background_tasks import BackgroundTask
from sqlmodel import Session

from portal.data import onboarding as accounts
from portal.data.acceptances import NotInForce, record_acceptance
from portal.data.accounts import Account
from portal.data.columns import utc_now
from portal.data.evidence import Action, Outcome, record
from portal.data.sign_up import Applicant, Finding, Verdict, examine
from portal.data.sign_up_claims import Claim
from portal.data.sign_up_requests import Form, ResendForm, SignUpForm, keep_request, requests_left, take_request
from portal.data.throttling import RESEND_LIMITS, SIGN_UP_LIMITS, Guesses, allow
from portal.entry.authentication import hashing, network_of
from portal.formatting import day_in_france
from portal.security import hash_password
from portal.web import PortalRequest, Services

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that reads like something else
GROUPS, GROUP = 7, 4  # 28 signs out of 31: 138 bits
LEFT_BEHIND = timedelta(minutes=1)

Acts = list[tuple[Action, str, int | None]]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Temporary:
    """A password that is delivered, and what is stored of it."""

    password: str
    password_hash: str


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


def renew_credentials(
    db: Session, services: Services, account_id: int, temporary: Temporary, now: datetime, *, is_invited: bool = False
) -> None:
    """Replaces a temporary password and delivers both letters again. The caller records `credentials.sent`."""
    account = accounts.renew_temporary(db, account_id, temporary.password_hash, now)
    deliver_credentials(db, services, account, temporary, is_invited=is_invited)


# --- receiving ---


def receive_sign_up(request: PortalRequest, claim: Claim, email: str, terms: int | None) -> BackgroundTask | None:
    """Receives a form of sign-up: what answers it, to be run behind the response. None when a limit is reached, which
    tells nothing: everybody's forms count alike.

    Raises `NotInForce` when the terms accepted are not those in force (any more).
    """
    form = SignUpForm(claim, email, terms, _where(request))
    uses = _uses(request, SIGN_UP_LIMITS, email, claim.named)
    with request.database.write() as db:
        if accounts.terms_number(db, request.now) != terms:
            raise NotInForce
        is_allowed = allow(db, uses, request.now)
        request_id = keep_request(db, request.services.keyring, form, request.now) if is_allowed else None
        outcome, reason = (Outcome.OK, "") if is_allowed else (Outcome.REFUSED, "limit")
        request.record_of(None, db, Action.ACCOUNT_REQUESTED, claim.space, outcome, reason=reason)
    return _answering(request, request_id)


def receive_resend(request: PortalRequest, typed: str) -> BackgroundTask | None:
    """Receives the wish to get the letters again; as `receive_sign_up`."""
    with request.database.write() as db:
        is_allowed = allow(db, _uses(request, RESEND_LIMITS, typed), request.now)
        form = ResendForm(typed, _where(request))
        request_id = keep_request(db, request.services.keyring, form, request.now) if is_allowed else None
    return _answering(request, request_id)


def _answering(request: PortalRequest, request_id: int | None) -> BackgroundTask | None:
    return None if request_id is None else BackgroundTask(_answer_behind, request.services, request_id)


def _uses(request: PortalRequest, limits: tuple, *subjects: str) -> Guesses:
    """What a form counts against: what is typed into it, known or not, and the network it comes from."""
    told = (*subjects, network_of(request.client_address))
    lookup = request.services.keyring.lookup
    return [(limit, lookup("".join(one.lower().split()))) for limit, one in zip(limits, told, strict=True)]


def _where(request: PortalRequest) -> dict[str, str]:
    return {"address": request.client_address, "browser": request.headers.get("user-agent", "")[:200]}


# --- answering ---


async def _answer_behind(services: Services, request_id: int) -> None:
    """Behind the response; in a thread kept for hashing, since that is most of the work."""
    await to_thread.run_sync(_try_to_answer, services, request_id, limiter=hashing)


def answer_forms_left(services: Services) -> None:
    """Answers the forms that could not be when they came (the process died, the database was busy): a periodic job."""
    with services.database.read() as db:
        left = requests_left(db, utc_now() - LEFT_BEHIND)
    for request_id in left:
        _try_to_answer(services, request_id)


def _try_to_answer(services: Services, request_id: int) -> None:
    try:
        _answer(services, request_id)
    except Exception:
        logger.exception("form %s could not be answered; it will be tried again", request_id)


def _answer(services: Services, request_id: int) -> None:
    temporary = new_temporary()
    with services.database.write() as db:
        taken = take_request(db, services.keyring, request_id)
        if taken is None:
            return
        form, received_at = taken
        if isinstance(form, SignUpForm):
            _answer_sign_up(db, services, form, temporary, received_at)
        else:
            _answer_resend(db, services, form, temporary)


def _answer_sign_up(
    db: Session, services: Services, form: SignUpForm, temporary: Temporary, received_at: datetime
) -> None:
    now = utc_now()
    finding = examine(db, form.claim, day_in_france(now))
    acts = _Answer(db, services, form, temporary, received_at).give(finding)
    if finding.verdict is not Verdict.WELCOME:
        refusal = {"outcome": Outcome.REFUSED, "reason": finding.verdict.value, "actor": finding.account_id}
        record(db, None, Action.ACCOUNT_REQUESTED, object=form.claim.space, details=form.where, now=now, **refusal)
    _record_acts(db, form, acts, now)


def _record_acts(db: Session, form: Form, acts: Acts, now: datetime) -> None:
    for action, object_, account_id in acts:
        record(db, None, action, object=object_, actor=account_id, details=form.where, now=now)


def _answer_resend(db: Session, services: Services, form: ResendForm, temporary: Temporary) -> None:
    now = utc_now()
    today = day_in_france(now)
    account = accounts.awaiting_first_sign_in(db, form.typed, today) or accounts.account_reached_by(
        db, form.typed, today
    )
    if account is None or not account.email:
        return
    if account.password_temporary_until is not None:
        renew_credentials(db, services, account.id or 0, temporary, now)
        action = Action.CREDENTIALS_SENT
    else:
        _remind(db, services, account, account.email)
        action = Action.IDENTIFIER_REMINDED
    _record_acts(db, form, [(action, str(account.id), account.id)], now)


def _remind(db: Session, services: Services, account: Account, to: str) -> None:
    services.mail.post(db, "sign-up-registered", to, account_id=account.id, identifier=account.identifier)


class _Answer:
    """The letters that answer one form, and the acts to record."""

    def __init__(self, db: Session, services: Services, form: SignUpForm, temporary: Temporary, now: datetime) -> None:
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
        _remind(self._db, self._services, account, address)
        return [(Action.IDENTIFIER_REMINDED, str(account.id), account.id)]

    def _tell_typed_address(self, answered: str) -> None:
        """Without any credentials: the answer went elsewhere."""
        if not answered or self._is_elsewhere(answered):
            self._post("sign-up-noted", self._form.email, is_answered=bool(answered))

    def _is_elsewhere(self, address: str) -> bool:
        return bool(address) and address.strip().casefold() != self._form.email.casefold()

    def _post(self, letter: str, to: str, *, account_id: int | None = None, **context: object) -> None:
        self._services.mail.post(self._db, letter, to, account_id=account_id, **context)
