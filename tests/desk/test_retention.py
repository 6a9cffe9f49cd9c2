"""Applying the retention schedule (R-71): dry run, batches, evidence, contents, holds; what everybody reads of it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, text
from sqlmodel import col, select

from portal import retention_jobs
from portal.commands.retention import command
from portal.data.accounts import Account
from portal.data.case_pieces import CasePiece
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.complaints import Category, Complaint
from portal.data.evidence import EvidenceDetail, entry_of, record_many
from portal.data.evidence_actions import Action
from portal.data.evidence_audit import verify_chain
from portal.data.files import StoredFile
from portal.data.retention_runs import RetentionResult, RetentionRun, last_runs
from portal.data.retention_schedule import period_of, rules_on
from portal.data.sessions import SignedSession
from portal.jobs import JOBS
from portal.retention_jobs import apply_schedule, due_now
from portal.retention_words import bands_on, period_words
from portal.storage import FileLost
from tests.support import factories
from tests.support.canaries import dump
from tests.support.entry import enter, leave
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.server import environment

NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=6 * 366)


def complaint(db, services, account, number: int, at: datetime = OLD) -> str:
    """An old complaint with a file; where its content lies."""
    name = services.storage.keep(b"contenu")
    case = Case(
        reference=f"REC-{number}",
        kind=CaseKind.COMPLAINT,
        space="adherent",
        account_id=account.id,
        person_id=account.person_id,
        state=CaseState.ACCEPTED,
        opened_at=at,
        changed_at=at,
    )
    file = StoredFile(
        account_id=account.id,
        name="a.pdf",
        media_type="application/pdf",
        size=1,
        digest="",
        storage_name=name,
        kept_at=at,
    )
    db.add_all([case, file])
    db.flush()
    db.add(Complaint(case_id=case.id, category=Category.WELCOME, text_encrypted=b"x"))
    db.add(CasePiece(case_id=case.id, file_id=file.id, slot="piece", added_at=at))
    db.flush()
    return name


@pytest.fixture
def old(client, member) -> list[str]:
    """Three complaints that are past their time, and one that is not; where the contents lie, that one's last."""
    services = client.services
    with services.database.write() as db:
        names = [complaint(db, services, member, number) for number in range(3)]
        return [*names, complaint(db, services, member, 9, NOW)]


def rows_of(client, code: str) -> int:
    (found,) = (each.rows for each in due_now(client.services, NOW) if each.rule.code == code)
    return found


def everything(client) -> str:
    with client.services.database.read() as db:
        return dump(db)


class TestApplying:
    @pytest.mark.usefixtures("old")
    def test_dry_run_counts_what_would_go_and_changes_nothing(self, client) -> None:
        before = everything(client)
        assert rows_of(client, "complaints") == 3
        assert everything(client) == before

    def test_what_is_past_its_time_goes_with_its_files_and_the_rest_stays(self, client, old) -> None:
        services = client.services
        outcomes = {each.rule.code: each.rows for each in apply_schedule(services, NOW)}
        assert outcomes["complaints"] == 3
        for name in old[:3]:
            with pytest.raises(FileLost):
                services.storage.give(name)
        assert services.storage.give(old[3]) == b"contenu"
        with services.database.read() as db:
            assert [case.reference for case in db.exec(select(Case))] == ["REC-9"]
            assert verify_chain(db, {}).fault is None
        assert sum(each.rows for each in apply_schedule(services, NOW)) == 0

    @pytest.mark.usefixtures("old")
    def test_evidence_tells_rules_and_numbers_and_nothing_of_anybody(self, client) -> None:
        evidence = Evidence(client)
        apply_schedule(client.services, NOW)
        told = [(act.action, act.object, act.details) for act in evidence.fresh()]
        with client.services.database.read() as db:
            (run,) = last_runs(db, 5)
        assert told[0] == ("retention.applied", f"conservation:{run.run.id}:complaints:3", {})
        assert told[-1] == ("retention.applied", f"conservation:{run.run.id}:{run.rows}:0", {})
        assert run.run.ended_at is not None
        assert [(one.code, one.rows) for one in run.results] == [("complaints", 3)]

    @pytest.mark.usefixtures("old")
    def test_run_that_is_stopped_goes_on_where_it_was(self, client, monkeypatch) -> None:
        """The first batch is committed with its evidence; a crash in the second undoes that one alone."""
        real, calls = retention_jobs.forget_due, []

        def forget(db, plan, period, now, keys):
            calls.append(plan.table.name)
            if len(calls) == 2:
                raise OSError("the disk went away")
            return real(db, plan, period, now, keys)

        monkeypatch.setattr(retention_jobs, "forget_due", forget)
        monkeypatch.setattr(retention_jobs, "BATCH", 1)
        failed = [each for each in apply_schedule(client.services, NOW) if each.has_failed]
        assert [each.rule.code for each in failed] == ["complaints"]
        assert rows_of(client, "complaints") == 2
        with client.services.database.read() as db:
            (run,) = last_runs(db, 1)
            assert run.has_failed
            assert run.rows == 1
        monkeypatch.setattr(retention_jobs, "forget_due", real)
        assert {each.rule.code: each.rows for each in apply_schedule(client.services, NOW)}["complaints"] == 2

    @pytest.mark.usefixtures("old")
    def test_search_holds_no_writer_up_and_short_batches_are_the_last(self, client, monkeypatch) -> None:
        """Three old complaints by two: searched twice, and never while the database is being written."""
        database, searched, writing = client.services.database, [], []
        real, write = retention_jobs.keys_due, database.write

        def search(db, plan, *told):
            assert not writing
            searched.append(plan.table.name)
            return real(db, plan, *told)

        @contextmanager
        def watched():
            with write() as db:
                writing.append(db)
                yield db
                writing.pop()

        monkeypatch.setattr(retention_jobs, "keys_due", search)
        monkeypatch.setattr(retention_jobs, "BATCH", 2)
        monkeypatch.setattr(database, "write", watched)
        done = {each.rule.code: each.rows for each in apply_schedule(client.services, NOW)}
        assert done["complaints"] == 3
        assert searched.count("case_file") == 2

    def test_open_complaint_keeps_the_old_ones_of_its_author(self, client, old) -> None:
        with client.services.database.write() as db:
            recent = db.exec(select(Case).where(Case.reference == "REC-9")).one()
            recent.state = CaseState.SENT
        assert rows_of(client, "complaints") == 0
        apply_schedule(client.services, NOW)
        assert client.services.storage.give(old[0]) == b"contenu"

    def test_two_runs_at_once_forget_each_row_once(self, client, old) -> None:
        """A worker and an operator: what the one holds the other leaves."""
        services = client.services
        with ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(lambda _: apply_schedule(services, NOW), range(2)))
        assert sum(each.rows for run in runs for each in run if each.rule.code == "complaints") == 3
        assert not [each.rule.code for run in runs for each in run if each.has_failed]
        assert services.storage.give(old[3]) == b"contenu"
        with services.database.read() as db:
            assert verify_chain(db, {}).fault is None

    def test_details_of_old_evidence_go_and_the_chain_still_verifies(self, client, member) -> None:
        viewer_id, services = member.id, client.services
        with services.database.write() as db:
            seen = {"address": "192.0.2.77", "persons": [1]}
            entries = [
                entry_of(
                    None,
                    Action.BENEFITS_READ,
                    actor=viewer_id,
                    now=at,
                    details=seen,
                )
                for at in (OLD, NOW)
            ]
            record_many(db, entries)
        assert {each.rule.code: each.rows for each in apply_schedule(services, NOW)}["evidence-details"] == 1
        with services.database.read() as db:
            assert verify_chain(db, {}).fault is None
            left = db.exec(select(func.count()).where(col(EvidenceDetail.details).contains("192.0.2.77"))).one()
            assert left == 1
            assert db.execute(text("SELECT COUNT(*) FROM evidence_person")).scalar() == 1

    def test_account_two_years_after_its_cover_is_emptied_and_its_number_stays(self, client) -> None:
        """R-64: closed by itself after two years, and emptied then."""
        with client.services.database.write() as db:
            who = factories.person(db, "Irène")
            under = factories.contract(db, who)
            under.starts_on, under.ends_on = date(2020, 1, 1), NOW.date() - timedelta(days=740)
            account = factories.member_account(db, client.services.keyring, who, email="irene@exemple.example")
            db.add(
                SignedSession(
                    token_hash="a" * 64,
                    account_id=account.id,
                    stage="complete",
                    created_at=NOW,
                    confirmed_at=NOW,
                    seen_at=NOW,
                    address="192.0.2.9",
                    browser="essai",
                )
            )
        apply_schedule(client.services, NOW)
        with client.services.database.read() as db:
            row = db.get_one(Account, account.id)
            assert (row.email, row.display_name, row.person_id) == ("", "Compte supprimé", None)
            assert "192.0.2.9" not in dump(db)
        assert {each.rule.code: each.rows for each in apply_schedule(client.services, NOW)}["accounts-ended"] == 0

    def test_contract_ten_years_over_goes_with_whoever_nothing_else_names(self, client) -> None:
        with client.services.database.write() as db:
            gone, stays = factories.person(db, "Partie"), factories.person(db, "Restée")
            under, other = factories.contract(db, gone), factories.contract(db, stays)
            factories.cover(db, under, stays)
            under.starts_on, under.ends_on = date(2001, 1, 1), date(2002, 1, 1)
        apply_schedule(client.services, NOW)
        with client.services.database.read() as db:
            assert [row.id for row in db.exec(select(factories.Contract))] == [other.id]
            assert [row.first_name for row in db.exec(select(factories.Person))] == ["Restée"]

    def test_schedule_is_applied_by_the_worker_and_by_nothing_else(self) -> None:
        """One place tells what is forgotten: no other job forgets by itself, save an account at its holder's wish."""
        names = {job.name for job in JOBS}
        assert "retention.apply" in names
        assert not {name for name in names if name.endswith(".forget")}


class TestReading:
    def test_public_page_and_desk_read_the_very_table_that_is_applied(self, client, supervisor) -> None:
        titles = {rule.title for rule in rules_on(NOW.date())}
        leave(client)
        public = text_of(client.get("/confidentialite").one("main"))
        enter(client, supervisor)
        desk = text_of(client.get("/gestion/conservation").one("main"))
        assert [title for title in titles if title not in public or title not in desk] == []
        assert sum(len(band.lines) for band in bands_on(NOW.date())) == len(titles)

    @pytest.mark.usefixtures("old")
    def test_supervisor_reads_what_waits_and_what_was_done(self, client, supervisor) -> None:
        enter(client, supervisor)
        assert "Réclamations, avec leurs pièces" in text_of(client.get("/gestion/conservation").one("main"))
        apply_schedule(client.services, NOW)
        shown = text_of(client.get("/gestion/conservation").one("main"))
        assert "Rien n’a dépassé sa durée" in shown
        assert "Terminé" in shown

    @pytest.mark.parametrize(
        ("written", "words"),
        [("P5Y", "5 ans"), ("P1Y", "12 mois"), ("P13M", "13 mois"), ("P1D", "1 jour"), ("PT10M", "10 minutes")],
    )
    def test_period_is_told_in_plain_french_words(self, written, words) -> None:
        assert period_words(period_of(written)).replace("\u00a0", " ") == words


class TestCommand:
    @pytest.fixture
    def run(self, client, settings):
        variables = environment(settings, client.services.database.url)
        return lambda *arguments: CliRunner().invoke(command, arguments, env=variables)

    @pytest.mark.usefixtures("old")
    def test_operator_sees_first_and_applies_then(self, client, run) -> None:
        assert "complaints  5\u00a0ans" in run("show").output
        dry = run("apply", "--dry-run")
        assert "complaints  3  oldest" in dry.output
        assert "3 rows would be forgotten" in dry.output
        with client.services.database.read() as db:
            assert db.exec(select(RetentionRun)).all() == []
        assert "3 rows were forgotten" in run("apply").output
        assert "0 rows were forgotten" in run("apply").output
        with client.services.database.read() as db:
            assert len(db.exec(select(RetentionRun)).all()) == 2
            assert len(db.exec(select(RetentionResult)).all()) == 1

    @pytest.mark.usefixtures("old")
    def test_operator_is_told_of_a_rule_that_failed(self, run, monkeypatch) -> None:
        def fail(*_):
            raise OSError("the disk went away")

        monkeypatch.setattr(retention_jobs, "forget_due", fail)
        done = run("apply")
        assert done.exit_code == 1
        assert "complaints" in done.output
