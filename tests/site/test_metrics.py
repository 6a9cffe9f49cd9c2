"""`/metrics` (R-60): OpenMetrics for who may ask, about nobody, cheap; off by default."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from sqlalchemy import event, text

from portal.data.backup_runs import keep_backup
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.chain_passes import Reading
from portal.data.evidence import Action, entry_of, record_many
from portal.data.import_runs import RunState, begin_run, end_run
from portal.data.job_runs import JobRun
from portal.evidence.verification import verify
from portal.meters import MEDIA_TYPE, area_of
from tests.support import factories
from tests.support.canaries import CANARY
from tests.support.entry import address, ask, try_password
from tools.list_routes import is_automatic

TOKEN = "un-jeton-de-trente-deux-caracteres"
NOW = datetime.now(UTC)


@pytest.fixture
def options(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", encoding="utf8")
    return {"metrics_token_file": path}


@pytest.fixture
def settings(settings, options):
    return settings.model_copy(update=options)


def scrape(client, **headers: str) -> dict[tuple[str, tuple], float]:
    """Every sample, by its name and labels, as Prometheus' own parser reads them."""
    answer = ask(client, "/metrics", headers={"Authorization": f"Bearer {TOKEN}"} | headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def add_case(db, account, kind: CaseKind) -> None:
    """One that was sent, and should have been answered yesterday."""
    due = NOW - timedelta(days=1)
    reference = f"{kind}-1"
    dates = dict.fromkeys(("opened_at", "changed_at", "sent_at", "due_at"), due)
    db.add(
        Case(reference=reference, kind=kind, space=account.space, account_id=account.id, state=CaseState.SENT, **dates)
    )
    db.flush()


def fresh(client) -> None:
    """The next scrape reads the database."""
    client.services.figures._read_at = float("-inf")


def value(found: dict, name: str, **labels: str) -> float | None:
    return found.get((name, tuple(sorted(labels.items()))))


def test_prometheus_reads_what_it_is_told_by_its_own_parser(client) -> None:
    ask(client, "/aide")
    found = scrape(client)
    assert value(found, "portal_requests_total", template="/aide", method="GET", status="200") == 1
    assert value(found, "portal_request_seconds_count", area="aide") == 1
    assert value(found, "portal_evidence_broken") == 0
    assert value(found, "portal_backup_age_seconds") is None
    assert value(found, "portal_disk_free_bytes") > 0


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"bearer {TOKEN}", "Basic " + TOKEN, "Bearer é"],
)
def test_stranger_finds_no_metrics_at_all(client, authorization) -> None:
    headers = {"Authorization": authorization.encode()} if authorization is not None else {}
    assert ask(client, "/metrics", headers=headers).status_code == 404


def test_empty_token_file_lets_nobody_in(client, options) -> None:
    options["metrics_token_file"].write_text(" \n", encoding="utf8")
    for told in ("Bearer ", "Bearer", f"Bearer {TOKEN}"):
        assert ask(client, "/metrics", headers={"Authorization": told}).status_code == 404


def test_operator_changes_the_token_by_changing_the_file(client, options) -> None:
    options["metrics_token_file"].write_text("un-autre-jeton", encoding="utf8")
    assert ask(client, "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404
    assert ask(client, "/metrics", headers={"Authorization": "Bearer un-autre-jeton"}).status_code == 200


class TestOff:
    @pytest.fixture
    def options(self):
        return {}

    def test_metrics_do_not_exist_unless_somebody_set_who_may_ask(self, client) -> None:
        assert ask(client, "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404


class TestNetworks:
    @pytest.fixture
    def options(self):
        return {"metrics_networks": ["203.0.113.0/24"]}

    def test_only_named_networks_are_answered_whatever_a_proxy_says(self, client) -> None:
        with address(client, "203.0.113.9"):
            assert ask(client, "/metrics").status_code == 200
        with address(client, "192.0.2.9"):
            assert ask(client, "/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404


def test_figures_tell_of_queues_cases_imports_evidence_and_backups(client) -> None:
    services, now = client.services, datetime.now(UTC)
    with services.database.write() as db:
        _, account = factories.member_with_account(db, services.keyring)
        add_case(db, account, CaseKind.COMPLAINT)
        services.mail.post(db, "password-changed", "a@exemple.example", when="", address="", browser="")
        db.execute(text("UPDATE outgoing_mail SET made_at = :at"), {"at": now - timedelta(hours=1)})
        run = begin_run(db, "persons", "adherents.csv", "exploitant", now)
        end_run(db, run, RunState.DONE, now - timedelta(hours=2), {}, "")
        keep_backup(db, "x", now - timedelta(hours=5), 1, 0, 0)
        db.add(JobRun(name="a", due_at=now - timedelta(hours=1), failed_at=now))
        db.add(JobRun(name="b", due_at=now - timedelta(hours=1), claimed_until=now + timedelta(hours=1)))
        record_many(db, [entry_of(None, Action.SESSION_REFUSED)] * 3)
        factories.session_token(db, account)
    verify(services, Reading.NEW)
    found = scrape(client)
    assert value(found, "portal_open_cases", kind="reclamation", state="envoyee") == 1
    assert value(found, "portal_late_cases", kind="reclamation") == 1
    assert value(found, "portal_queue_waiting", queue="mail") == 1
    assert 3500 < value(found, "portal_queue_oldest_seconds", queue="mail") < 3700
    assert (value(found, "portal_jobs_failed"), value(found, "portal_jobs_late")) == (1, 1)
    assert 7100 < value(found, "portal_import_success_age_seconds", kind="persons") < 7300
    assert (value(found, "portal_evidence_rows"), value(found, "portal_evidence_verified_rows")) == (3, 3)
    assert value(found, "portal_evidence_verified_age_seconds") < 60
    assert 17_900 < value(found, "portal_backup_age_seconds") < 18_100
    assert value(found, "portal_open_sessions") == 1


def test_wrong_passwords_are_counted(client) -> None:
    with client.services.database.write() as db:
        _, account = factories.member_with_account(db, client.services.keyring)
    try_password(client, account.identifier, "faux")
    assert value(scrape(client), "portal_sign_in_failures_total", step="password") == 1


def test_metrics_tell_of_nobody_and_grow_with_no_address_that_is_asked_for(client) -> None:
    """Labels are routes' templates, statuses, kinds: nothing that a visitor chooses."""
    for _ in range(2):
        client.http.request("X", "/aide")
        ask(client, "/aide")
        scrape(client)
    before = None
    for number in range(3):
        for path in (f"/{CANARY}{number}", f"/lien/{CANARY}{number}", f"/aide?q={CANARY}"):
            ask(client, path, headers={"User-Agent": CANARY})
        client.http.request(f"X{number}", "/aide")
        answer = ask(client, "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        lines = answer.text.count("\n")
        assert CANARY not in answer.text
        assert before is None or lines == before
        before = lines if number else None


def test_two_scrapes_within_ten_seconds_read_the_database_once(client, monkeypatch) -> None:
    scrape(client)
    monkeypatch.setattr("portal.operation_metrics.operation_figures", None)
    assert value(scrape(client), "portal_evidence_rows") == 0


def test_each_route_belongs_to_an_area_that_no_visitor_names(client) -> None:
    templates = [route.path for route in client.app.routes if not all(map(is_automatic, route.route_handlers))]
    areas = {area_of(template) for template in templates}
    assert {"adherent", "employeur", "professionnel", "gestion", "/"} <= areas
    assert len(areas) < 60
    assert area_of("/fragments/adherent/prestations") == "adherent"


@pytest.mark.engines("sqlite")
def test_figures_are_read_from_indexes_whatever_the_size_of_the_tables(client) -> None:
    """Measured by benchmarks/operations.py: 50 000 open cases, a million rows of evidence."""
    asked: list[tuple[str, object]] = []
    engine = client.services.database.reader

    def keep(_connection, _cursor, statement, parameters, *_):
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", keep)
    scrape(client)
    event.remove(engine, "before_cursor_execute", keep)
    assert len(asked) > 8
    with engine.connect() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", told).all() for sql, told in asked]
    steps = [str(step[-1]) for plan in plans for step in plan]
    large = ("case_file", "evidence ", "session", "outgoing_mail", "employee_import")
    assert [step for step in steps if step.startswith("SCAN") and any(name in f"{step} " for name in large)] == []
    assert [step for step in steps if "case_file" in step and "COVERING" not in step] == []
