"""Roles × routes of the professional's space (R-03, R-72): built from the route table, so that each new route is judged
by the permission it requires, for both roles, during the agreement and after it (R-64)."""

import re
from datetime import timedelta

import pytest

from portal.data.accounts import Role
from portal.formatting import today
from portal.grants import GRANTS, Permission
from portal.permissions import Requires, policy_of
from portal.security import fingerprint
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, present
from tests.support.practices import practice_firm

pytestmark = pytest.mark.engines("sqlite")

P = Permission
# Written out by hand: who may what of the practice's own permissions.
EVERYBODY = {
    *(P.PROVIDER_HOME, P.RIGHTS_CHECK, P.RIGHTS_ANSWERS, P.INVOICES_READ, P.INVOICES_CONTEST, P.TRANSFERS_READ),
    *(P.AGREEMENT_READ, P.CONTACT_READ, P.CONTACT_SEND),
}
SIGNED = {
    *(P.PROVIDER_TEAM, P.PROVIDER_TEAM_MANAGE, P.SOFTWARE_MANAGE),
    *(P.PRACTICE_CHANGE, P.PRACTICE_BANK_READ, P.PRACTICE_BANK_CHANGE),
}
HELD = {Role.PROVIDER: EVERYBODY | SIGNED, Role.PROVIDER_STAFF: EVERYBODY}
OWN = EVERYBODY | SIGNED
CHANGES = {P.RIGHTS_CHECK, P.PROVIDER_TEAM_MANAGE, P.SOFTWARE_MANAGE, P.PRACTICE_CHANGE, P.PRACTICE_BANK_CHANGE}
YESTERDAY = today() - timedelta(days=1)


@pytest.fixture
def settings(settings):
    """With every route of the space."""
    return settings.model_copy(update={"rights_api": True})


def provider_routes(app):
    """Method, path, handler of each route of the space, fragments included."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if re.match(r"/(fragments/)?professionnel(/|$)", route.path):
                yield from ((method, route.path, handler) for method in sorted(handler.http_methods & {"GET", "POST"}))


def person(client, role: Role, ends_on=None) -> str:
    """Somebody of a practice in this role; the token of the session."""
    with client.services.database.write() as db:
        firm = practice_firm(db, client.services.keyring, ends_on=ends_on)
        account = firm.first if role is Role.PROVIDER else firm.colleague
        return factories.session_token(db, account)


def answer_of(client, method: str, path: str, token: str) -> int:
    asked = re.sub(r"\{[^}]+\}", "x", path)
    if method == "GET":
        return ask(client, asked).status_code
    fields = {"jeton": client.services.keyring.csrf_token(f"session:{fingerprint(token)}")}
    return client.http.post(asked, data=fields, headers=SAME_ORIGIN, follow_redirects=False).status_code


def test_every_route_of_the_space_asks_for_a_permission_of_the_practice(app) -> None:
    """R-72: none is public, none is guarded by a permission that another space holds."""
    for _, path, handler in provider_routes(app):
        policy = policy_of(handler)
        assert isinstance(policy, Requires), path
        assert policy.permission in OWN, path


@pytest.mark.parametrize("ends_on", [None, YESTERDAY], ids=["during", "after"])
@pytest.mark.parametrize("role", HELD)
def test_each_role_reaches_its_routes_and_no_other_r64_r72(client, app, role, ends_on) -> None:
    """Outside of what is held, every GET and every POST is a 403; inside, none is, nor fails. Once the agreement has
    ended, all that changes something is a 403 too."""
    held = HELD[role] - (CHANGES if ends_on else set())
    token = person(client, role, ends_on)
    present(client, token)
    wrong = []
    for method, path, handler in provider_routes(app):
        status = answer_of(client, method, path, token)
        permission = policy_of(handler).permission
        if (status == 403) is (permission in held) or (status >= 500 and status != 503):
            wrong.append((method, path, status))
    assert wrong == []


@pytest.mark.parametrize("role", HELD)
def test_menu_of_each_role_shows_what_opens_and_nothing_else_r72(client, role) -> None:
    present(client, person(client, role))
    page = client.get("/professionnel")
    links = {node.attributes["href"] for node in page.css("nav a, main a") if node.attributes.get("href")}
    inside = {link for link in links if link.startswith("/professionnel")}
    assert [link for link in inside if ask(client, link).status_code == 403] == []
    assert ("/professionnel/coordonnees-bancaires" in inside) is (role is Role.PROVIDER)
    assert "/professionnel/convention" in inside


def test_grants_of_both_roles_are_those_written_out_here_r72() -> None:
    for role, held in HELD.items():
        assert GRANTS[role] & OWN == held, role
