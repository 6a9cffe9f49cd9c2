"""Services withdrawn from a space (R-65): one switch closes every route of a service, says why, and reopens."""

import re

import pytest

from portal.closures import ENTRANCES, NEVER_CLOSED, ROLES_OF, SERVICE_OF, services_of
from portal.data.accounts import Space
from portal.data.site_state import SERVICE_LABELS, Service, SwitchState
from portal.permissions import GRANTS, Permission, Requires, policy_of
from portal.routes import DEMO_HANDLERS, HANDLERS
from tests.site.conftest import WHY
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of

# Never to be withdrawn: starts of spaces, the desk's own work, what protects an account, and its holder's rights.
UNSWITCHABLE = {
    "member-home:read", "employer-home:read", "provider-home:read", "desk-home:read",
    "desk-queue:work", "desk-replies:write", "desk-board:read", "desk-reports:read",
    "desk-accounts:read", "desk-accounts:suspend", "desk-accounts:close", "desk-fraud:handle",
    "desk-services:switch", "desk-maintenance:plan", "desk-publishing:prepare", "desk-publishing:approve",
    "desk-people:read", "desk-people:break-glass", "desk-retention:read",
    "desk-operations:manage",
    "desk-team:manage",
    "second-factor:answer", "recovery-codes:read", "email-code:answer", "password:change", "second-factors:manage",
    "terms:accept", "identity:confirm", "account:read", "account-contact:change", "account-email:change",
    "account-notifications:choose", "account-sessions:manage", "account-activity:read", "account-data:export",
    "account-data:ask",
    "complaints:read", "complaints:send", "line-sharing:choose", "corrections:send", "autonomy:read", "autonomy:ask",
    "messages:read", "messages:send", "contact:read", "contact:send", "case-files:read", "case-files:change",
    "account:delete", "account-deletion:cancel", "session:close", "session:keep",
}  # fmt: skip
HOMES = {Space.MEMBER: "/adherent", Space.EMPLOYER: "/employeur", Space.PROVIDER: "/professionnel"}
PERSONAS = {Space.MEMBER: "member", Space.EMPLOYER: "employer", Space.PROVIDER: "provider"}
SWITCHES = [(space, service) for space in Space for service in services_of(space)]


def routes_of(client, service: Service, space: Space) -> list[tuple[str, str]]:
    """Methods and paths of a service in a space, parameters filled in."""
    granted = frozenset().union(*(GRANTS[role] for role in ROLES_OF[space]))
    handlers = [(route.path, one) for route in client.app.routes for one in route.route_handlers]
    return sorted(
        (method, re.sub(r"\{[^}]+\}", "x", path))
        for path, one in handlers
        for method in one.http_methods & {"GET", "POST"}
        if isinstance(policy_of(one), Requires)
        and SERVICE_OF.get(policy_of(one).permission) is service
        and policy_of(one).permission in granted
    )


def call(client, method: str, path: str, home: str):
    return ask(client, path) if method == "GET" else send(client, path, {"x": "1"}, form_at=home)


def test_each_permission_has_a_service_or_stays_by_a_listed_decision() -> None:
    """A new permission must be given one or the other."""
    assert {*Permission} == {*SERVICE_OF} | UNSWITCHABLE
    assert not UNSWITCHABLE & {*SERVICE_OF}


def test_names_that_maintenance_spares_are_names_of_handlers() -> None:
    """R-60: a handler that is renamed must not be closed, or left open, by accident."""
    names = {handler.name for handler in (*HANDLERS, *DEMO_HANDLERS)}
    assert names >= NEVER_CLOSED | ENTRANCES


def test_each_role_belongs_to_one_space() -> None:
    assert sorted(role for roles in ROLES_OF.values() for role in roles) == sorted(GRANTS)


def test_each_service_can_be_withdrawn_somewhere_but_never_from_the_desk() -> None:
    assert {service for _, service in SWITCHES} == {*Service}
    assert set(SERVICE_LABELS) == {*Service}
    assert services_of(Space.DESK) == []


@pytest.mark.parametrize(("space", "service"), SWITCHES)
def test_withdrawn_service_is_refused_on_every_route_of_its_space(client, accounts, withdraw, space, service) -> None:
    """R-65: the whole route table; fragments get a bare 403; other services of the space stay."""
    persona, home = PERSONAS[space], HOMES[space]
    enter(client, accounts[persona])
    routes = routes_of(client, service, space)
    before = {route: call(client, *route, home).status_code for route in routes}
    withdraw(space, service)
    for method, path in routes:
        answer = call(client, method, path, home)
        assert answer.status_code == 403, path
        assert (answer.text == "") is path.startswith("/fragments/"), path
    others = [
        route for other in services_of(space) if other is not service for route in routes_of(client, other, space)
    ]
    assert [route for route in others if call(client, *route, home).status_code == 403] == []
    withdraw(space, service, SwitchState.OPEN)
    assert {route: call(client, *route, home).status_code for route in routes} == before


def test_member_reads_which_service_is_closed_since_when_why_and_what_remains(client, accounts, withdraw) -> None:
    enter(client, accounts["member"])
    withdraw(Space.MEMBER, Service.STATEMENTS)
    page = client.get("/adherent/releves")
    shown = text_of(page.one("main"))
    assert client.status == 403
    assert "« Relevés »" in shown.replace("\u00a0", " ")
    assert WHY in shown
    assert "depuis le" in shown
    remaining = [text_of(link) for link in page.css("main .rows a")]
    assert remaining[:2] == ["Accueil", "Prestations"]
    assert not [label for label in remaining if "Relevés" in label]


def test_navigation_marks_what_is_withdrawn(client, accounts, withdraw) -> None:
    enter(client, accounts["member"])
    withdraw(Space.MEMBER, Service.STATEMENTS)
    page = client.get("/adherent")
    menu = [text_of(link) for link in page.css("nav.menu .links a")]
    assert menu[:2] == ["Accueil", "Prestations"]
    assert [label for label in menu if "indisponible" in label] == ["Relevés (indisponible)"]
    assert "Relevés" not in text_of(page.one("nav.thumb"))


def test_writing_into_a_withdrawn_service_changes_nothing(client, accounts, withdraw) -> None:
    enter(client, accounts["member"])
    client.get("/adherent/releves")
    withdraw(Space.MEMBER, Service.STATEMENTS)
    answer = send(client, "/adherent/releves", {"periode": "2026-03"}, form_at="/adherent")
    assert answer.status_code == 403
    assert "Service indisponible" in answer.text


def test_same_service_of_another_space_stays_open(client, accounts, withdraw) -> None:
    withdraw(Space.EMPLOYER, Service.TEAM)
    state = client.services.site.current()
    assert state.withdrawal(Space.EMPLOYER, Service.TEAM) is not None
    assert state.withdrawal(Space.PROVIDER, Service.TEAM) is None


class TestSupervisor:
    def test_supervisor_withdraws_and_reopens_a_service_with_a_reason(self, client, accounts) -> None:
        """R-65, at once in this process, with evidence of both."""
        evidence = Evidence(client)
        enter(client, accounts["supervisor"])
        page = client.get("/gestion/services/adherent/releves")
        assert text_of(page.one("h1")).startswith("Retirer")
        client.submit(motif=WHY)
        assert client.path == "/gestion/services"
        assert WHY in text_of(client.page.one("main"))
        enter(client, accounts["member"])
        assert ask(client, "/adherent/releves").status_code == 403
        enter(client, accounts["supervisor"])
        client.get("/gestion/services/adherent/releves")
        client.submit(motif="La mise à jour est terminée.")
        enter(client, accounts["member"])
        assert ask(client, "/adherent/releves").status_code == 200
        switched = [act for act in evidence.fresh() if act.action == "service.switched"]
        assert [(act.object, act.details["state"]) for act in switched] == [
            ("adherent/releves", "retire"),
            ("adherent/releves", "ouvert"),
        ]

    @pytest.mark.parametrize("reason", ["", "court", " " * 30, "x" * 501])
    def test_reason_that_explains_nothing_is_refused(self, client, accounts, reason) -> None:
        enter(client, accounts["supervisor"])
        client.get("/gestion/services/adherent/releves")
        page = client.submit(motif=reason)
        assert client.status == 422
        assert page.one("#motif-erreur")
        assert client.services.site.current().withdrawn == {}

    def test_same_switch_twice_is_one_row(self, client, accounts) -> None:
        evidence = Evidence(client)
        enter(client, accounts["supervisor"])
        for _ in range(2):
            answer = send(
                client, "/gestion/services/adherent/releves", {"etat": "retire", "motif": WHY}, form_at="/gestion"
            )
            assert answer.status_code == 303
        assert [act.action for act in evidence.fresh()].count("service.switched") == 1

    @pytest.mark.parametrize("path", ["adherent/equipe", "gestion/equipe", "adherent/x", "x/releves", "%00/releves"])
    def test_pair_that_is_not_switchable_does_not_exist(self, client, accounts, path) -> None:
        enter(client, accounts["supervisor"])
        assert ask(client, f"/gestion/services/{path}").status_code == 404
        fields = {"etat": "retire", "motif": WHY}
        assert send(client, f"/gestion/services/{path}", fields, form_at="/gestion").status_code == 404

    def test_forged_state_is_refused(self, client, accounts) -> None:
        enter(client, accounts["supervisor"])
        fields = {"etat": "detruit", "motif": WHY}
        assert send(client, "/gestion/services/adherent/releves", fields, form_at="/gestion").status_code == 422

    def test_agent_may_not_switch_anything(self, client, accounts) -> None:
        enter(client, accounts["agent"])
        assert ask(client, "/gestion/services").status_code == 403
        fields = {"etat": "retire", "motif": WHY}
        assert send(client, "/gestion/services/adherent/releves", fields, form_at="/gestion").status_code == 403
