"""Roles × routes of the employer's space (R-10, R-72): built from the route table, so that each new route is judged by
the permission it requires, for every role and every mandate."""

import re
from datetime import timedelta
from itertools import product

import pytest

from portal.data.accounts import Role
from portal.data.mandates import READ_ONLY, Area, Extent, Mandate, scope_text
from portal.formatting import today
from portal.grants import AREAS, GRANTS, Permission
from portal.permissions import Requires, policy_of, recently_confirmed
from portal.security import fingerprint
from tests.support import factories, staff
from tests.support.entry import SAME_ORIGIN, ask, present

pytestmark = pytest.mark.engines("sqlite")

P = Permission
PAYROLL = {P.EMPLOYEES_CHANGE, P.EMPLOYEES_IMPORT, P.EXEMPTIONS_MANAGE, P.CONTRIBUTIONS_CONTEST}
READS = {P.EMPLOYER_HOME, P.EMPLOYEES_READ, P.EXEMPTIONS_READ, P.CONTRIBUTIONS_READ, P.GROUP_CONTRACT_READ}
READS |= {P.PAYROLL_SHEET_READ}
READS = {
    P.EMPLOYER_HOME, P.EMPLOYEES_READ, P.EXEMPTIONS_READ, P.CONTRIBUTIONS_READ, P.GROUP_CONTRACT_READ,
    P.PAYROLL_SHEET_READ,
}  # fmt: skip
MANAGES = {P.EMPLOYER_TEAM, P.EMPLOYER_TEAM_MANAGE, P.COMPANY_BANK_READ}
SIGNS = {P.COMPANY_BANK_CHANGE, P.SEPA_MANDATE}
# Written out by hand: who may what of the employer's own permissions.
HELD = {
    Role.SIGNATORY: READS | PAYROLL | MANAGES | SIGNS,
    Role.ADMINISTRATOR: READS | PAYROLL | MANAGES,
    Role.CLERK: READS | PAYROLL,
    Role.READER: READS,
}
OPENED = {
    "salaries:lire": {P.EMPLOYEES_READ},
    "salaries:agir": {P.EMPLOYEES_READ, P.EMPLOYEES_CHANGE, P.EMPLOYEES_IMPORT},
    "dispenses:lire": {P.EXEMPTIONS_READ},
    "dispenses:agir": {P.EXEMPTIONS_READ, P.EXEMPTIONS_MANAGE},
    "cotisations:lire": {P.CONTRIBUTIONS_READ, P.PAYROLL_SHEET_READ},
    "cotisations:agir": {P.CONTRIBUTIONS_READ, P.PAYROLL_SHEET_READ, P.CONTRIBUTIONS_CONTEST},
    "contrat:lire": {P.GROUP_CONTRACT_READ, P.PAYROLL_SHEET_READ},
}
EVERYTHING = "salaries:agir dispenses:agir cotisations:agir contrat:lire"
OPENED[EVERYTHING] = set().union(*OPENED.values())
PERSONAS = {
    **{role.value: (role, "", held) for role, held in HELD.items()},
    **{f"mandate {scope}": (Role.DECLARANT, scope, {P.EMPLOYER_HOME} | held) for scope, held in OPENED.items()},
    "mandate taken back": (Role.DECLARANT, "", {P.EMPLOYER_HOME}),
}
EMPLOYERS_OWN = READS | PAYROLL | MANAGES | SIGNS


def employer_routes(app):
    """Method, path, handler of each route of the space, fragments included."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if re.match(r"/(fragments/)?employeur(/|$)", route.path):
                yield from ((method, route.path, handler) for method in sorted(handler.http_methods & {"GET", "POST"}))


def person(client, role: Role, scope: str) -> str:
    """Somebody of a company in this role, with this mandate; the token of the session."""
    with client.services.database.write() as db:
        company = staff.company(db)
        staff.group_contract(db, company)
        account = staff.user(db, client.services.keyring, company, role, email="x@cabinet.example")
        if scope:
            ends_on = today() + timedelta(days=90)
            firm = {"firm": "Cabinet d’essai", "company_id": company.id or 0, "ends_on": ends_on}
            db.add(Mandate(account_id=account.id or 0, scope=scope, **firm))
        return factories.session_token(db, account)


def answer_of(client, method: str, path: str, token: str) -> int:
    asked = re.sub(r"\{[^}]+\}", "x", path)
    if method == "GET":
        return ask(client, asked).status_code
    fields = {"jeton": client.services.keyring.csrf_token(f"session:{fingerprint(token)}")}
    return client.http.post(asked, data=fields, headers=SAME_ORIGIN, follow_redirects=False).status_code


def test_every_route_of_the_space_asks_for_a_permission_of_the_employer(app) -> None:
    """R-72: none is public, none is guarded by a permission that another space holds."""
    for _, path, handler in employer_routes(app):
        policy = policy_of(handler)
        assert isinstance(policy, Requires), path
        assert policy.permission in EMPLOYERS_OWN, path


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_role_and_mandate_reaches_its_routes_and_no_other_r72(client, app, persona) -> None:
    """R-10, R-72: outside of what is held, every GET and every POST is a 403; inside, none is, nor fails."""
    role, scope, held = PERSONAS[persona]
    token = person(client, role, scope)
    present(client, token)
    wrong = []
    for method, path, handler in employer_routes(app):
        status = answer_of(client, method, path, token)
        is_refused, permission = status == 403, policy_of(handler).permission
        if is_refused is (permission in held) or (status >= 500 and status != 503):
            wrong.append((method, path, status))
    assert wrong == []


@pytest.mark.parametrize("persona", PERSONAS)
def test_menu_of_each_role_and_mandate_shows_what_opens_and_nothing_else_r72(client, persona) -> None:
    role, scope, _ = PERSONAS[persona]
    present(client, person(client, role, scope))
    page = client.get("/employeur")
    links = {node.attributes["href"] for node in page.css("nav a") if node.attributes.get("href", "").startswith("/")}
    assert [link for link in links if ask(client, link).status_code == 403] == []
    assert ("/employeur/utilisateurs" in links) is (role in {Role.SIGNATORY, Role.ADMINISTRATOR})


def test_grants_of_roles_and_areas_are_those_written_out_here_r72() -> None:
    for role, held in HELD.items():
        assert GRANTS[role] & EMPLOYERS_OWN == held, role
    for area, extent in product(Area, Extent):
        if extent is Extent.ACT and area in READ_ONLY:
            continue
        reading, acting = AREAS[area]
        assert OPENED[scope_text({area: extent})] == (reading | acting if extent is Extent.ACT else reading)


def test_no_mandate_opens_the_bank_or_the_users_r10() -> None:
    assert not GRANTS[Role.DECLARANT] & (MANAGES | SIGNS)


def test_acts_on_users_and_mandates_ask_for_a_recent_proof_r13(app) -> None:
    managing = [
        handler for _, _, handler in employer_routes(app) if policy_of(handler).permission is P.EMPLOYER_TEAM_MANAGE
    ]
    assert managing
    assert all(recently_confirmed in handler.guards for handler in managing)
