"""What each state of an account leaves of each route, in each space (issue of R-12 to R-16, R-63 to R-66, R-70).

For every state: the paths that still answer, or that no longer do, written out here by hand, and the one refusal that
the others give. `tests/test_permissions.py` says what an active account of each role reaches.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest
from sqlmodel import Session

from portal.data.accounts import (
    Account,
    AccountClosing,
    AccountDeletion,
    AccountSuspension,
    ProcessingRestriction,
    Role,
    Space,
    SuspensionKind,
)
from portal.data.organisations import Agreement, Company, GroupContract, Provider
from portal.data.sessions import Stage
from portal.data.terms import terms_in_force
from portal.data.throttling import ACCOUNT_LOCK, count_failures
from portal.formatting import today
from portal.permissions import GRANTS, Permission, Requires, policy_of
from portal.security import fingerprint
from tests.support import factories
from tests.support.client import AuditingClient
from tests.support.entry import SAME_ORIGIN, ask, present, try_password
from tests.support.terms import publish_version

NOW = datetime.now(UTC)
ALWAYS = ("/deconnexion", "/fragments/connexion/session")
OWN_FACTORS = ("/second-facteur", "/compte/securite/application", "/compte/securite/cles", "/compte/confirmation")
CODES = "/compte/securite/codes-de-secours"
# Reading and one's own account's safety remain; these are what R-64 closes, space by space.
BANK = (
    *(f"/adherent/coordonnees-bancaires/{act}" for act in ("modifier", "annulation")),
    "/adherent/sommes-a-rendre/{somme}/accord",
)
DELIVERIES = "/employeur/contrat/categories/{category}/notices/{version}/remise"
COMPANY_BANK = tuple(
    f"/employeur/coordonnees-bancaires/{act}" for act in ("modifier", "annulation", "changements", "signatures")
)
STAFF = (
    *COMPANY_BANK,
    DELIVERIES,
    *("/employeur/salaries/{employee}", "/fragments/employeur/salaries/{employee}"),
    *("/employeur/salaries/affiliation", "/employeur/salaries/groupe", "/employeur/salaries/fichiers"),
    *("/fragments/employeur/salaries/fichiers", "/employeur/cotisations/contester"),
    "/employeur/dispenses/{exemption}",
    "/employeur/salaries/invitations/",
)
RIGHTS = "/professionnel/droits"
PRACTICE = (
    *(f"/professionnel/coordonnees-bancaires/{act}" for act in ("modifier", "annulation", "changements", "signatures")),
    *("/professionnel/convention/demandes", "/professionnel/convention/demande/{case}/"),
)
SOFTWARE = "/professionnel/logiciel"
CHANGES = (
    *("/compte/coordonnees", "/compte/notifications", "/adherent/professionnels/lieu"),
    *(*BANK, *STAFF, *PRACTICE, RIGHTS, SOFTWARE),
)
BENEFICIARIES = tuple(f"{start}/adherent/beneficiaires/" for start in ("", "/fragments"))
MESSAGE = ("/messagerie/{case}", "/fragments/messagerie/{case}")
DISPUTE = "/professionnel/factures/contestations/{case}"
CONTACT_NEW = tuple(
    f"{start}/professionnel/contact/{part}" for start in ("", "/fragments") for part in ("nouveau", "brouillons")
)
CONTRACT_ROLES = (Role.MEMBER, Role.SIGNATORY, Role.PROVIDER)
EVERY_ROLE = (*CONTRACT_ROLES, Role.SUPERVISOR)
SPACES = {
    Role.MEMBER: Space.MEMBER,
    Role.SIGNATORY: Space.EMPLOYER,
    Role.PROVIDER: Space.PROVIDER,
    Role.SUPERVISOR: Space.DESK,
}


# --- accounts, each with a cover that ends when the state says so ---


def account_in(db: Session, services: Any, role: Role, ends_on: date | None) -> Account:
    """An account of this role, whose contract or agreement ends that day."""
    made = factories.account(db, services.keyring, SPACES[role], role, email="personne@exemple.example")
    if role is Role.MEMBER:
        person = factories.person(db)
        factories.contract(db, person, ends_on=ends_on)
        made.person_id = person.id
    if role is Role.SIGNATORY:
        made.company_id = _company(db, ends_on)
    if role is Role.PROVIDER:
        made.provider_id = _provider(db, ends_on)
    db.flush()
    return made


def _company(db: Session, ends_on: date | None) -> int:
    number = f"{factories.next_number():014}"
    company = Company(siret=number, name="Ateliers Exemple")
    db.add(company)
    db.flush()
    period = {"starts_on": factories.COVERED_SINCE, "ends_on": ends_on}
    names = {"signatory_last_name": "Essai", "signatory_first_name": "Anne"}
    db.add(GroupContract(number=f"G{number}", company_id=company.id or 0, **names, **period))
    return company.id or 0


def _provider(db: Session, ends_on: date | None) -> int:
    number = f"{factories.next_number():011}"
    provider = Provider(national_id=number, profession="opticien", name="Optique Exemple")
    db.add(provider)
    db.flush()
    period = {"starts_on": factories.COVERED_SINCE, "ends_on": ends_on}
    db.add(Agreement(number=f"C{number}", provider_id=provider.id or 0, **period))
    return provider.id or 0


# --- states ---


def _with_temporary_password(_: Session, account: Account) -> None:
    account.password_temporary_until = NOW + timedelta(hours=24)


def _without_factor(_: Session, account: Account) -> None:
    account.totp_encrypted = None


def _owing_terms(db: Session, _: Account) -> None:
    if terms_in_force(db, NOW) is None:
        publish_version(db)


def _suspended(db: Session, account: Account) -> None:
    db.add(AccountSuspension(account_id=account.id or 0, reason="essai"))


def _frozen(db: Session, account: Account) -> None:
    db.add(AccountSuspension(account_id=account.id or 0, reason="essai", kind=SuspensionKind.FRAUD))


def _closed(db: Session, account: Account) -> None:
    db.add(AccountClosing(account_id=account.id or 0, reason="essai"))


def _leaving(db: Session, account: Account) -> None:
    erase_after = NOW + timedelta(days=7)
    db.add(AccountDeletion(account_id=account.id or 0, confirmed_at=NOW, erase_after=erase_after))


def _restricted(db: Session, account: Account) -> None:
    db.add(ProcessingRestriction(account_id=account.id or 0, ground="exactitude"))


def _nothing(_: Session, __: Account) -> None:
    """The account stays as it is."""


class State(NamedTuple):
    """How an account gets there, for which roles; `opens`: the only paths that answer (None: all); `closes`: those that
    do not; `refusal`: what these answer; `signs_in`: the answer to the right password."""

    arrange: Callable[[Session, Account], None]
    refusal: str
    opens: tuple[str, ...] | None = None
    closes: tuple[str, ...] = ()
    roles: tuple[Role, ...] = EVERY_ROLE
    stage: Stage = Stage.FULL
    ends_on: date | None = None
    signs_in: str = "303"


YESTERDAY = today() - timedelta(days=1)
LONG_AGO = today() - timedelta(days=3 * 366)
STATES = {
    "active": State(_nothing, "none"),
    "code due": State(_nothing, "/connexion/code", ("/connexion/code", "/deconnexion"), stage=Stage.CODE),
    "e-mailed code due": State(
        _nothing, "/connexion/code-email", ("/connexion/code-email", "/deconnexion"), stage=Stage.EMAIL_CODE
    ),
    "first sign-in": State(
        _with_temporary_password,
        "/mot-de-passe/premier",
        ("/mot-de-passe/premier", "/compte/securite/mot-de-passe/change", *ALWAYS),
    ),
    "factor due": State(
        _without_factor, "/second-facteur", (*OWN_FACTORS, f"{CODES}/nouveaux", *ALWAYS), roles=EVERY_ROLE[1:]
    ),
    "terms due": State(
        _owing_terms,
        "/conditions/acceptation",
        (
            *("/conditions/acceptation", "/conditions/refus", "/compte/donnees", "/compte/confirmation"),
            *("/compte/suppression", CODES, f"{CODES}.txt", *ALWAYS),
        ),
        closes=(f"{CODES}/nouveaux",),
    ),
    "suspended": State(_suspended, "/connexion", (), signs_in="403"),
    "frozen after a fraud": State(_frozen, "/connexion", (), signs_in="403"),
    "closed": State(_closed, "/connexion", (), signs_in="403"),
    "ended": State(
        _nothing,
        "reading",
        closes=(*CHANGES, *BENEFICIARIES, "/employeur/utilisateurs/", "/professionnel/utilisateurs/"),
        roles=CONTRACT_ROLES,
        ends_on=YESTERDAY,
    ),
    "ended long ago": State(
        _nothing, "/connexion", (), roles=CONTRACT_ROLES, ends_on=LONG_AGO, signs_in="403"
    ),
    "leaving": State(
        _leaving,
        "reading",
        closes=(
            *(*CHANGES, "/employeur/utilisateurs/", "/professionnel/utilisateurs/", "/compte/adresse-email"),
            *("/compte/suppression", *BENEFICIARIES),
        ),
        roles=CONTRACT_ROLES,
    ),
    "restricted": State(
        _restricted,
        "reading",
        closes=(
            *(path for path in CHANGES if path != "/compte/coordonnees"),
            *(*BENEFICIARIES, "/employeur/utilisateurs/", "/professionnel/utilisateurs/"),
            *("/adherent/demandes/nouvelle", "/messagerie/nouveau", *MESSAGE),
            *(f"/adherent/demandes/{{case}}/{act}" for act in ("suppression", "etapes", "envoi")),
            *(f"/adherent/demandes/{{case}}/{act}" for act in ("reponse", "annulation")),
            *("/fragments/adherent/demandes/{case}/etapes", "/professionnel/factures/contester", *CONTACT_NEW),
            *(f"{DISPUTE}/{act}" for act in ("modifier", "suppression", "envoi", "message", "retrait")),
            f"/fragments{DISPUTE}/message",
        ),
        roles=CONTRACT_ROLES,
    ),
}  # fmt: skip
STILL_OPEN = {
    "/adherent/professionnels/lieu/oubli",
    "/compte/suppression/annulation",
    f"{RIGHTS}/historique",
    *(f"{path}/lu" for path in MESSAGE),
}
READS_LISTS = (
    *MESSAGE,
    DELIVERIES,
    f"{DELIVERIES}/csv",
    "/employeur/utilisateurs",
    "/employeur/utilisateurs/mandats",
    "/professionnel/utilisateurs",
    f"{RIGHTS}/reponses/{{check}}",
    "/adherent/beneficiaires",
    "/employeur/salaries/{employee}",
    "/employeur/salaries/{employee}/suites",
    "/employeur/salaries/{employee}/suites/notice.pdf",
    "/fragments/employeur/salaries/{employee}",
    "/employeur/dispenses/{exemption}",
    "/employeur/dispenses/{exemption}/fichiers/{piece}",
)


# --- the walk over the route table ---


@dataclass(frozen=True)
class Route:
    """A private route, by its path's template."""

    method: str
    path: str
    permission: Permission


def private_routes(app: Any) -> Iterator[Route]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            policy = policy_of(handler)
            for method in sorted(handler.http_methods & {"GET", "POST"}):
                if isinstance(policy, Requires):
                    yield Route(method, route.path_format, policy.permission)


def under(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix.rstrip('/')}/") for prefix in prefixes)


def is_closed(route: Route, state: State) -> bool:
    if route.path in STILL_OPEN or (route.path in READS_LISTS and route.method == "GET"):
        return False
    return under(route.path, state.closes)


def refusal_of(route: Route, state: State) -> str:
    """The state's refusal; a fragment's 403 is bare, whatever the reason."""
    is_bare = state.refusal == "reading" and route.path.startswith("/fragments/")
    return "role" if is_bare else state.refusal


def expected(route: Route, state: State, role: Role) -> str:
    """The outcome that the tables above demand."""
    holds = route.permission in GRANTS[role]
    proves = route.permission in {Permission.SECOND_FACTOR, Permission.EMAIL_CODE}
    if state.opens is None:
        return "role" if not holds else refusal_of(route, state) if is_closed(route, state) else "reached"
    if not under(route.path, state.opens) or is_closed(route, state):
        return state.refusal
    return "reached" if holds or proves else "role"


def outcome(answer: httpx.Response) -> str:
    """How a route answered: by a step, a refusal of one of the two kinds, or otherwise, which is reaching it."""
    target = answer.headers.get("location", answer.headers.get("hx-redirect", "")).partition("?")[0]
    refused = answer.status_code in {303, 401} and "clear-site-data" not in answer.headers  # signing out is no refusal
    if refused and target in {state.refusal for state in STATES.values()}:
        return target
    if answer.status_code != 403:
        return "reached" if answer.status_code < 500 else f"failed with {answer.status_code}"
    return "reading" if "Consultation seulement" in answer.text else "role"


class Walker:
    """Goes from route to route with an account in one state, replaced whenever a form may have changed it."""

    def __init__(self, client: AuditingClient, state: State, role: Role) -> None:
        self._client, self._state, self._role = client, state, role
        self._arrive()

    def visit(self, route: Route) -> str:
        path = re.sub(r"\{[^}]+\}", "x", route.path)
        if route.method == "GET":
            return outcome(ask(self._client, path))
        fields = {"jeton": self._client.services.keyring.csrf_token(f"session:{fingerprint(self._token)}")}
        got = outcome(self._client.http.post(path, data=fields, headers=SAME_ORIGIN, follow_redirects=False))
        got = "reached" if path == f"{got}/envoi" else got  # a code sent again leads back to its own page
        if got == "reached":
            self._arrive()
        return got

    def _arrive(self) -> None:
        with self._client.services.database.write() as db:
            account = account_in(db, self._client.services, self._role, self._state.ends_on)
            self._state.arrange(db, account)
            self._token = factories.session_token(db, account, stage=self._state.stage)
        present(self._client, self._token)


CASES = [(name, role) for name, state in STATES.items() for role in state.roles]


@pytest.mark.parametrize(("name", "role"), CASES, ids=lambda value: str(value).replace(" ", "_"))
def test_account_in_each_state_reaches_exactly_what_the_state_leaves(client, app, name: str, role: Role) -> None:
    """D2, R-16, R-63, R-64, R-66: whole route table; a route that nobody thought of follows the state's refusal."""
    walker = Walker(client, STATES[name], role)
    wrong = []
    for route in private_routes(app):
        wanted = expected(route, STATES[name], role)
        got = walker.visit(route)
        if got != wanted:
            wrong.append((route.method, route.path, got, wanted))
    assert not wrong, "\n".join(map(str, wrong))


SIGN_IN_CASES = [case for case in CASES if STATES[case[0]].stage is Stage.FULL]


@pytest.mark.parametrize(("name", "role"), SIGN_IN_CASES, ids=lambda value: str(value).replace(" ", "_"))
def test_right_password_in_each_state_opens_a_session_or_says_why_not(client, name: str, role: Role) -> None:
    """R-63, R-64: whoever knows the password is told what became of the account; a wrong one is told nothing."""
    with client.services.database.write() as db:
        account = account_in(db, client.services, role, STATES[name].ends_on)
        STATES[name].arrange(db, account)
    refused = try_password(client, account.identifier, "un autre mot de passe")
    assert (refused.status_code, "incorrect" in refused.text) == (422, True)
    answer = try_password(client, account.identifier, factories.PASSWORD)
    assert str(answer.status_code) == STATES[name].signs_in
    assert ("set-cookie" in answer.headers) is (answer.status_code == 303)


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_locked_account_opens_no_session_but_those_open_go_on(client, app, role: Role) -> None:
    """B9: a hundred failures lock the password, not the person who is already in."""
    with client.services.database.write() as db:
        account = account_in(db, client.services, role, None)
        lock = (ACCOUNT_LOCK, str(account.id))
        for _ in range(ACCOUNT_LOCK.allowed):
            count_failures(db, [lock], NOW)
    assert try_password(client, account.identifier, factories.PASSWORD).status_code == 422
    walker = Walker(client, STATES["active"], role)
    reading = [route for route in private_routes(app) if route.method == "GET"]
    assert [walker.visit(route) for route in reading] == [expected(route, STATES["active"], role) for route in reading]
