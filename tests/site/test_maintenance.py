"""Planned maintenance (R-60): told before on every page, a page with its end during it, open by itself after."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.data.site_state import LONGEST, MaintenanceClash, last_maintenances
from portal.formatting import PARIS
from tests.site.conftest import WHY
from tests.support import factories
from tests.support.entry import ask, enter, leave, send, try_password
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of

HOMES = {"member": "/adherent", "employer": "/employeur", "provider": "/professionnel", "supervisor": "/gestion"}
PUBLIC = ("/", "/aide", "/accessibilite", "/confidentialite", "/connexion")
MACHINES = ("/healthz", "/readyz", "/robots.txt")


@pytest.mark.parametrize("persona", HOMES)
def test_every_space_reads_the_notice_beforehand(client, accounts, plan, persona) -> None:
    plan(120)
    enter(client, accounts[persona])
    shown = text_of(client.get(HOMES[persona]).one("main"))
    assert "Maintenance prévue" in shown
    assert WHY in shown


@pytest.mark.parametrize("path", PUBLIC)
def test_visitor_reads_the_notice_beforehand(client, plan, path) -> None:
    plan(120)
    assert "Maintenance prévue" in text_of(client.get(path).one("main"))


def test_maintenance_is_told_from_its_announcement_only(client, plan) -> None:
    plan(120, announced_at=_in(60))
    assert "Maintenance prévue" not in text_of(client.get("/").one("main"))


def _in(minutes: int) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


@pytest.mark.parametrize("persona", ["member", "employer", "provider"])
def test_during_maintenance_everyone_gets_a_page_with_its_end(client, accounts, plan, persona) -> None:
    plan(-10)
    enter(client, accounts[persona])
    page = client.get(HOMES[persona], failing=True)
    assert client.status == 503
    assert 2900 < int(client.answer.headers["retry-after"]) <= 3000
    assert WHY in text_of(page.one("main"))
    assert "jusqu’au" in text_of(page.one("main"))


def test_during_maintenance_public_pages_are_closed_and_the_way_in_is_not(client, plan) -> None:
    plan(-10)
    leave(client)
    assert {path: ask(client, path).status_code for path in PUBLIC} == dict.fromkeys(PUBLIC, 503) | {"/connexion": 200}
    assert "Maintenance en cours" in text_of(client.get("/connexion").one("main"))


def test_during_maintenance_a_fragment_gets_a_bare_503(client, accounts, plan) -> None:
    plan(-10)
    enter(client, accounts["member"])
    answer = ask(client, "/fragments/adherent/prestations", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (503, "")
    assert "retry-after" in answer.headers


def test_during_maintenance_nothing_is_written_for_members(client, accounts, plan) -> None:
    enter(client, accounts["member"])
    client.get("/adherent")
    evidence = Evidence(client)
    plan(-10)
    token = client.page.first("input[name=jeton]").attributes["value"]
    answer = send(client, "/adherent/releves", {"periode": "2026-03", "jeton": token})
    assert answer.status_code == 503
    assert evidence.fresh() == []


def test_during_maintenance_the_desk_signs_in_and_ends_it(client, accounts, plan) -> None:
    plan(-10)
    supervisor = accounts["supervisor"]
    leave(client)
    client.sign_in(supervisor.identifier, factories.PASSWORD, factories.TOTP_SECRET)
    client.get("/gestion/maintenance")
    assert "Maintenance en cours" in text_of(client.page.one("main"))
    client.submit('main form[action$="/fin"]')
    leave(client)
    assert ask(client, "/").status_code == 200


def test_during_maintenance_a_member_who_signs_in_is_told_to_come_back(client, accounts, plan) -> None:
    plan(-10)
    assert try_password(client, accounts["member"].identifier, factories.PASSWORD).status_code == 303
    assert ask(client, "/accueil").status_code == 503


def test_during_maintenance_machines_still_hear_the_truth(client, plan) -> None:
    plan(-10)
    assert [ask(client, path).status_code for path in MACHINES] == [200, 200, 200]
    assert ask(client, "/readyz").text.splitlines()[0] == "ready"
    assert "maintenance until" in ask(client, "/readyz").text
    name = client.services.assets.name("css/portal.css")
    assert ask(client, f"/static/{name}").status_code == 200


def test_after_maintenance_the_portal_is_open_and_silent(client, plan, monkeypatch) -> None:
    plan(-30, 31)
    assert ask(client, "/").status_code == 503
    later = client.services.site.current().windows[0].ends_at
    state = client.services.site.current()
    assert state.maintenance(later) is None
    assert state.maintenance(later - timedelta(microseconds=1)) is not None
    assert state.announced(later) is None


class TestPlanning:
    def form(self, **changes: str) -> dict[str, str]:
        day = _in(60 * 48).astimezone(PARIS)
        return {
            "jour": day.strftime("%d/%m/%Y"), "heure": "22:00", "duree": "60", "annonce": "24", "motif": WHY,
        } | changes  # fmt: skip

    def test_supervisor_plans_and_cancels(self, client, accounts) -> None:
        evidence = Evidence(client)
        enter(client, accounts["supervisor"])
        client.get("/gestion/maintenance/nouvelle")
        client.submit(**self.form())
        assert client.path == "/gestion/maintenance"
        assert "Prévue" in text_of(client.page.one("main"))
        (window,) = client.services.site.current().windows
        assert window.starts_at.astimezone(PARIS).strftime("%H:%M") == "22:00"
        assert window.starts_at - window.announced_at == timedelta(hours=24)
        client.submit('main form[action$="/fin"]')
        assert "Annulée" in text_of(client.page.one("main"))
        assert client.services.site.current().windows == ()
        assert [act.action for act in evidence.fresh()] == ["maintenance.planned", "maintenance.ended"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("jour", ""), ("jour", "31/02/2027"), ("jour", "01/01/2020"), ("heure", "25:00"), ("heure", "soir"),
            ("duree", "9999"), ("duree", "-60"), ("annonce", "x"), ("motif", ""), ("motif", "é" * 501),
        ],
    )  # fmt: skip
    def test_plan_that_cannot_be_is_refused(self, client, accounts, field, value) -> None:
        enter(client, accounts["supervisor"])
        answer = send(client, "/gestion/maintenance/nouvelle", self.form(**{field: value}), form_at="/gestion")
        assert answer.status_code == 422
        assert f"#{field}" in answer.text
        assert client.services.site.current().windows == ()

    @pytest.mark.parametrize(
        ("day", "hour"), [("31/12/9999", "23:30"), ("31/12/2226", "22:00"), ("0001-01-01", "00:00")]
    )
    def test_plan_of_another_century_is_a_slip(self, client, accounts, day, hour) -> None:
        enter(client, accounts["supervisor"])
        sent = self.form(jour=day, heure=hour, duree="480")
        answer = send(client, "/gestion/maintenance/nouvelle", sent, form_at="/gestion")
        assert answer.status_code == 422
        assert 'href="#jour"' in answer.text
        assert client.services.site.current().windows == ()

    def test_supervisor_closes_one_space_and_the_others_go_on(self, client, accounts) -> None:
        """R-60: its people read why, and nobody else does; another space may close at the same time."""
        enter(client, accounts["supervisor"])
        for space in ("employeur", "professionnel"):
            client.get("/gestion/maintenance/nouvelle")
            client.submit(**self.form(espace=space, annonce=""))
            assert client.path == "/gestion/maintenance"
        assert "Espace employeur seulement" in client.page.text
        enter(client, accounts["employer"])
        assert "L’espace employeur sera fermé" in client.get("/employeur").text
        enter(client, accounts["member"])
        assert "Maintenance prévue" not in client.get("/adherent").text
        with client.services.database.write() as db:
            for row in last_maintenances(db):
                row.starts_at = _in(-5)
        client.services.site.forget()
        answers = {name: ask_as(client, accounts[name], path) for name, path in HOMES.items()}
        assert {name: answer.status_code for name, answer in answers.items()} == {
            "member": 200, "employer": 503, "provider": 503, "supervisor": 200,
        }  # fmt: skip
        assert "L’espace employeur est fermé" in answers["employer"].text
        assert ask(client, "/").status_code == 200

    @pytest.mark.parametrize("space", ["gestion", "inconnu"])
    def test_space_that_cannot_close_is_refused(self, client, accounts, space) -> None:
        enter(client, accounts["supervisor"])
        sent = self.form(espace=space)
        assert send(client, "/gestion/maintenance/nouvelle", sent, form_at="/gestion/maintenance").status_code == 422

    def test_supervisor_reads_the_announcement_before_planning_it(self, client, accounts) -> None:
        """R-60: as users will; nothing is planned by looking, and nothing typed is lost."""
        enter(client, accounts["supervisor"])
        client.get("/gestion/maintenance/nouvelle")
        client.submit(button="Voir l’annonce d’abord", **self.form())
        assert client.status == 200
        assert "Maintenance prévue" in text_of(client.page.one("section .notice"))
        client.get("/gestion/maintenance")
        assert "Aucune maintenance" in client.page.text

    def test_two_maintenances_never_overlap(self, client, accounts) -> None:
        enter(client, accounts["supervisor"])
        for status in (303, 422):
            answer = send(client, "/gestion/maintenance/nouvelle", self.form(), form_at="/gestion")
            assert answer.status_code == status

    def test_agent_may_not_plan_or_end(self, client, accounts, plan) -> None:
        made = plan(60)
        (key,) = client.services.keyring.conceal("maintenance", [made])
        enter(client, accounts["agent"])
        paths = ("/gestion/maintenance/nouvelle", f"/gestion/maintenance/{key}/fin")
        assert [send(client, path, self.form(), form_at="/gestion").status_code for path in paths] == [403, 403]

    def test_ending_what_is_over_changes_nothing(self, client, accounts, plan) -> None:
        made = plan(60)
        (key,) = client.services.keyring.conceal("maintenance", [made])
        evidence = Evidence(client)
        enter(client, accounts["supervisor"])
        for _ in range(2):
            send(client, f"/gestion/maintenance/{key}/fin", form_at="/gestion")
        assert [act.action for act in evidence.fresh()] == ["maintenance.ended"]
        assert send(client, "/gestion/maintenance/x/fin", form_at="/gestion").status_code == 404

    def test_impossible_windows_are_refused_below_the_form_too(self, plan) -> None:
        plan(60, 60)
        for minutes, lasting in ((60, 0), (60, -5), (-120, 60), (600, LONGEST / timedelta(minutes=1) + 1)):
            with pytest.raises(ValueError, match="within a day"):
                plan(minutes, int(lasting))
        with pytest.raises(MaintenanceClash):
            plan(90)
        plan(120)


def ask_as(client, account, path: str):
    """What somebody is answered on a page."""
    enter(client, account)
    return ask(client, path)
