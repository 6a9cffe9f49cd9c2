"""The desk under a name of its own, or not at all (R-05): what each front serves, and to whom."""

import re

import pytest

from portal.closures import ROLES_OF
from portal.data.accounts import Role, Space
from portal.fronts import is_of_the_desk
from portal.permissions import GRANTS, Requires, policy_of
from portal.sessions import SESSION, make_cookie
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, address, ask, leave, send, token_in
from tests.support.html import Html
from tests.support.mail import letters
from tools.list_routes import is_automatic

USERS, DESK = "https://portal.test", "https://gestion.test"
NETWORK = "203.0.113.0/24"
DESK_ROLES = ROLES_OF[Space.DESK]


@pytest.fixture
def options():
    """What a test sets of the desk."""
    return {"desk_host": "gestion.test"}


@pytest.fixture
def settings(settings, options):
    return settings.model_copy(update=options)


@pytest.fixture
def agent(client):
    with client.services.database.write() as db:
        return factories.desk_account(db, client.services.keyring, email="agent@exemple.example")


@pytest.fixture
def member(client):
    with client.services.database.write() as db:
        _, account = factories.member_with_account(db, client.services.keyring)
        return account


def sit_down(client, account, host: str) -> None:
    """The browser holds a session of this account at `host`, by whatever way."""
    with client.services.database.write() as db:
        token = factories.session_token(db, account)
    cookie = make_cookie(client.services, SESSION, token)
    leave(client)
    client.http.cookies.set(cookie.key, str(cookie.value), domain=host.removeprefix("https://"))


def sign_in(client, host: str, identifier: str, password: str = factories.PASSWORD, **options):
    leave(client)
    path = f"{host}/connexion"
    token = token_in(client.http.get(path, headers=SAME_ORIGIN), "/connexion")
    fields = {"identifiant": identifier, "mot-de-passe": password, "jeton": token}
    headers = SAME_ORIGIN | options.pop("headers", {})
    return client.http.post(path, data=fields, headers=headers, follow_redirects=False)


def handlers_of(client):
    found = [(route.path, each) for route in client.app.routes for each in getattr(route, "route_handlers", ())]
    return [(re.sub(r"\{\w+:\w+\}", "x", path), handler) for path, handler in found if not is_automatic(handler)]


def pages_of(client, role: Role | None = None):
    """GET routes, of a role's own permissions or of anybody's."""
    for path, handler in handlers_of(client):
        policy = policy_of(handler)
        is_asked = not isinstance(policy, Requires) if role is None else isinstance(policy, Requires)
        if "GET" in handler.http_methods and is_asked and (role is None or policy.permission in GRANTS[role]):
            yield path, handler


def test_what_only_agents_may_do_stands_under_the_desk_and_nothing_else_does(client) -> None:
    others = frozenset().union(*(held for role, held in GRANTS.items() if role not in DESK_ROLES))
    for path, handler in handlers_of(client):
        policy = policy_of(handler)
        is_of_agents = isinstance(policy, Requires) and policy.permission not in others | {
            "second-factor:answer",
            "email-code:answer",
        }
        assert is_of_the_desk(path) is is_of_agents, path


@pytest.mark.engines("sqlite")
def test_agent_finds_no_page_of_the_desk_under_the_users_name(client, agent) -> None:
    sit_down(client, agent, USERS)
    found = {
        path: ask(client, USERS + path).status_code
        for path, _ in pages_of(client, Role.SUPERVISOR)
        if is_of_the_desk(path)
    }
    assert found
    assert set(found.values()) == {404}


@pytest.mark.engines("sqlite")
def test_member_finds_no_page_of_the_users_under_the_desks_name(client, member) -> None:
    sit_down(client, member, DESK)
    spaces = ("/adherent", "/employeur", "/professionnel", "/annuaire", "/inscription", "/reclamation", "/affiliation")
    asked = [(path, handler.http_methods) for path, handler in handlers_of(client) if path.startswith(spaces)]
    assert len(asked) > 150
    for path, methods in asked:
        answer = ask(client, DESK + path) if "GET" in methods else send(client, DESK + path, {"jeton": "x"})
        assert answer.status_code == 404, path


def test_agent_signs_in_under_the_desks_name_and_lands_there(client, agent) -> None:
    answer = sign_in(client, DESK, agent.identifier)
    assert (answer.status_code, answer.headers["location"]) == (303, "/connexion/code")
    sit_down(client, agent, DESK)
    assert ask(client, f"{DESK}/gestion").status_code == 200
    assert ask(client, f"{DESK}/").headers["location"] == "/gestion"


def test_agent_is_unknown_under_the_users_name_and_cannot_be_locked_out_from_there(client, agent) -> None:
    right, wrong = (sign_in(client, USERS, agent.identifier, word) for word in (factories.PASSWORD, "Un autre mot"))
    unknown = sign_in(client, USERS, "1234567897")
    bodies = {re.sub(r"\d{10}|value=\"[^\"]*\"", "", answer.text) for answer in (right, wrong, unknown)}
    assert ({answer.status_code for answer in (right, wrong, unknown)}, len(bodies)) == ({422}, 1)
    for _ in range(12):
        sign_in(client, USERS, agent.identifier, "Encore un autre")
    assert sign_in(client, DESK, agent.identifier).status_code == 303


def test_member_is_unknown_under_the_desks_name(client, member) -> None:
    assert sign_in(client, DESK, member.identifier).status_code == 422
    assert sign_in(client, USERS, member.identifier).status_code == 303


def test_session_carried_to_the_other_name_is_nobodys(client, agent, member) -> None:
    sit_down(client, agent, USERS)
    assert ask(client, f"{USERS}/accueil").headers["location"] == "/connexion"
    sit_down(client, member, DESK)
    assert ask(client, f"{DESK}/accueil").headers["location"] == "/connexion"
    sit_down(client, member, USERS)
    assert ask(client, f"{USERS}/accueil").headers["location"] == "/adherent"


def test_cookies_are_bound_to_the_name_that_set_them(client, agent) -> None:
    cookies = sign_in(client, DESK, agent.identifier).headers.get_list("set-cookie")
    assert cookies
    assert all(cookie.startswith("__Host-") and "Domain=" not in cookie for cookie in cookies)


@pytest.mark.parametrize(
    "host",
    [
        "gestion.test.evil.example",
        "evil.example",
        "gestion.test@evil.example",
        "gestion.test:444",
        "",
        "gestion.test.",
        "portal.test gestion.test",
        "gestion.test\t",
    ],
)
def test_foreign_host_is_refused_whatever_forwarded_headers_say(client, agent, host) -> None:
    headers = {"Host": host, "X-Forwarded-Host": "gestion.test", "Forwarded": "host=gestion.test"}
    assert ask(client, "/gestion", headers=headers).status_code == 400


def test_forwarded_host_opens_no_desk_under_the_users_name(client, agent) -> None:
    sit_down(client, agent, USERS)
    headers = {"X-Forwarded-Host": "gestion.test", "X-Original-Host": "gestion.test"}
    assert ask(client, f"{USERS}/gestion", headers=headers).status_code == 404


@pytest.mark.parametrize("host", ["GESTION.test", "gestion.test:443"])
def test_name_of_the_desk_is_read_as_browsers_and_proxies_write_it(client, host) -> None:
    assert ask(client, "/gestion", headers={"Host": host}).headers["location"].startswith("/connexion?suite=")


def test_htmx_gets_no_fragment_of_the_other_side(client, agent, member) -> None:
    htmx = {"HX-Request": "true", "Sec-Fetch-Mode": "cors"}
    path = "/fragments/adherent/prestations"
    sit_down(client, member, DESK)
    assert ask(client, DESK + path, headers=htmx).status_code == 404
    sit_down(client, member, USERS)
    assert ask(client, USERS + path, headers=htmx).status_code == 200
    assert [is_of_the_desk(path) for path in ("/fragments/gestion/file", "/gestionnaire", "/fragments/gestions")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": None, "Origin": USERS}],
)
def test_form_sent_from_the_users_name_to_the_desk_is_refused(client, agent, headers) -> None:
    leave(client)
    token = token_in(client.http.get(f"{DESK}/connexion", headers=SAME_ORIGIN), "/connexion")
    fields = {"identifiant": agent.identifier, "mot-de-passe": factories.PASSWORD, "jeton": token}
    sent = {name: value for name, value in (SAME_ORIGIN | headers).items() if value}
    answer = client.http.post(f"{DESK}/connexion", data=fields, headers=sent, follow_redirects=False)
    assert answer.status_code == 403


def test_form_of_the_desks_own_page_is_taken_from_an_old_browser(client, agent) -> None:
    leave(client)
    token = token_in(client.http.get(f"{DESK}/connexion", headers=SAME_ORIGIN), "/connexion")
    fields = {"identifiant": agent.identifier, "mot-de-passe": factories.PASSWORD, "jeton": token}
    answer = client.http.post(f"{DESK}/connexion", data=fields, headers={"Origin": DESK}, follow_redirects=False)
    assert answer.status_code == 303


def test_letters_to_agents_lead_to_the_desks_name_and_users_to_theirs(client, agent, member) -> None:
    href = client.services.link_url("x")
    with client.services.database.write() as db:
        for account in (agent, member):
            client.services.mail.post(
                db, "password-reset", "a@exemple.example", account_id=account.id, href=href, **WHERE
            )
    to_agent, to_member = letters(client.services.database, client.services)
    assert {link.split("/")[2] for link in to_agent.links} == {"gestion.test"}
    assert {link.split("/")[2] for link in to_member.links} == {"portal.test"}


WHERE = {"when": "1er mars", "address": "192.0.2.1", "browser": "Firefox"}


def test_pages_of_the_desks_name_lead_nowhere_that_does_not_exist(client, agent) -> None:
    leave(client)
    for path in ("/connexion", "/aide", "/accessibilite", "/confidentialite", "/conditions", "/mot-de-passe-oublie"):
        follow_links(client, path)
    sit_down(client, agent, DESK)
    for path in ("/gestion", "/compte", "/gestion/comptes"):
        follow_links(client, path)


def follow_links(client, path: str) -> None:
    page = Html(ask(client, DESK + path).text)
    hrefs = {node.attributes["href"] for node in page.css("a[href^='/']")}
    assert hrefs, path
    dead = [href for href in hrefs if ask(client, DESK + href).status_code == 404]
    assert dead == [], path


class TestSwitchedOff:
    """PORTAL_DESK_ENABLED=false."""

    @pytest.fixture
    def options(self):
        return {"desk_enabled": False, "desk_host": "gestion.test"}

    def test_agent_has_no_desk_no_session_and_no_way_in(self, client, agent, member) -> None:
        sit_down(client, agent, USERS)
        assert ask(client, f"{USERS}/gestion").status_code == 404
        assert ask(client, f"{USERS}/compte").headers["location"].startswith("/connexion")
        assert sign_in(client, USERS, agent.identifier).status_code == 422
        assert sign_in(client, USERS, member.identifier).status_code == 303

    def test_name_of_a_desk_that_is_off_is_not_ours(self, client) -> None:
        assert ask(client, f"{DESK}/connexion").status_code == 400


class TestNetworks:
    """PORTAL_DESK_NETWORKS, with the users' and the desk's pages under one name."""

    @pytest.fixture
    def options(self):
        return {"desk_networks": [NETWORK], "trusted_proxies": ["198.51.100.0/24"]}

    @pytest.mark.parametrize("peer", ["203.0.113.7", "::ffff:203.0.113.7"])
    def test_agent_comes_in_from_a_network_of_the_desk(self, client, agent, peer) -> None:
        with address(client, peer):
            sit_down(client, agent, USERS)
            assert ask(client, f"{USERS}/gestion").status_code == 200
            assert sign_in(client, USERS, agent.identifier).status_code == 303

    @pytest.mark.parametrize("peer", ["192.0.2.1", "2001:db8::1", "198.51.100.1", "testclient"])
    def test_desk_does_not_exist_elsewhere_whatever_the_proxy_says(self, client, agent, member, peer) -> None:
        with address(client, peer):
            sit_down(client, agent, USERS)
            told = {"X-Forwarded-For": "203.0.113.7"}
            assert ask(client, f"{USERS}/gestion", headers=told).status_code == 404
            assert sign_in(client, USERS, agent.identifier, headers=told).status_code == 422
            assert sign_in(client, USERS, member.identifier).status_code == 303
