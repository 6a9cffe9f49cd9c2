"""Guarantee tables and directories sent to the desk: checked without a trace, read again, applied once (R-24, R-61)."""

import io
import zipfile
from datetime import date, datetime, time, timedelta

import pytest
import time_machine
import xlsxwriter
from sqlmodel import col, func, select

from portal.data.columns import utc_now
from portal.data.coverage import GuaranteeRule, GuaranteeVersion, Product
from portal.data.directory import Practice
from portal.data.employees import Employee
from portal.data.guarantee_changes import read_tables
from portal.data.notice_deliveries import Means, NoticeDelivery
from portal.data.publication_files import FileState, PublicationFile
from portal.formatting import PARIS, today
from portal.publication_jobs import forget_publication_files, work_on_publications
from portal.storage import FileLost
from tests.importing.samples import csv_text, row
from tests.support import factories, staff
from tests.support.entry import ask, enter
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.publishing import HOME, Desk
from tests.support.swap import assert_swap_equals_reload

AHEAD = today() + timedelta(days=40)
SINCE = date(2025, 1, 1)


@pytest.fixture
def desk(client):
    with client.services.database.write() as db:
        made = Product(code="CONFORT", name="Confort Famille")
        db.add(made)
        db.flush()
        version = GuaranteeVersion(product_id=made.id, valid_from=SINCE)
        db.add(version)
        db.flush()
        db.add(rule_of(version, 150))
    return Desk(client)


def rule_of(version: GuaranteeVersion, percent: int) -> GuaranteeRule:
    facts = {"code": "consultations", "heading": "soins_courants", "label": "Consultations", "clause": "3.1"}
    return GuaranteeRule(version_id=version.id, formula="pourcentage", percent=percent, **facts)


def guarantees(*rows: tuple[date, str, int], product: str = "CONFORT") -> bytes:
    """Rows of consultations: first day, last day or nothing, percentage."""
    said = [
        row("guarantees", product=product, valid_from=start.isoformat(), valid_to=end, rule="consultations",
            heading="soins_courants", label="Consultations", clause="3.1", formula="pourcentage", percent=str(percent),
            amount="", max_acts="", max_amount="", renewal_months="")
        for start, end, percent in rows
    ]  # fmt: skip
    return csv_text("guarantees", *said).encode()


NEXT = guarantees((SINCE, (AHEAD - timedelta(days=1)).isoformat(), 150), (AHEAD, "", 200))


def tables(client):
    with client.services.database.read() as db:
        return read_tables(db)


def settled(client, care: date) -> None:
    """A line of care of a day, settled under the product."""
    with client.services.database.write() as db:
        member = factories.person(db)
        under = factories.contract(db, member)
        under.product_id = db.exec(select(Product.id).where(Product.code == "CONFORT")).one()
        db.flush()
        factories.paid_line(db, under, care_date=care)


def practices(*cities: str) -> bytes:
    said = [row("directory", address=f"{number} rue de l’Église") for number, _ in enumerate(cities, start=1)]
    return csv_text("directory", *said).encode()


def present(client) -> int:
    with client.services.database.read() as db:
        return db.exec(select(func.count()).select_from(Practice).where(col(Practice.left_on).is_(None))).one()


# --- guarantee tables ---


def test_table_of_a_day_to_come_is_previewed_then_published_by_another(client, desk) -> None:
    """Nothing changes before; the preview is what members would read; both acts and the import are in the record."""
    evidence, before = Evidence(client), tables(client)
    assert desk.upload("garanties", NEXT) == 200
    assert "Contrôle du fichier" in client.page.text
    assert_swap_equals_reload(client, "#actualiser")
    desk.work()
    shown = text_of(client.page.one("main"))
    assert "Contrôle terminé" in shown
    assert "150" in shown
    assert "200" in shown
    assert tables(client) == before
    client.get(f"{desk.path}/apercu")
    assert "200" in text_of(client.page.one("details"))
    client.get(f"{desk.path}/apercu?le={today().isoformat()}")
    assert "150" in text_of(client.page.one("details"))
    for document in ("pdf", "notice.pdf"):
        assert ask(client, f"{desk.path}/apercu/{document}").content.startswith(b"%PDF")
    assert desk.approve() == 200
    assert "Application du fichier" in client.page.text
    assert tables(client) == before
    desk.work()
    assert "Fichier appliqué" in client.page.text
    assert len(tables(client)) == 2
    acts = [act.action for act in evidence.fresh() if "publication" in act.action or "import" in act.action]
    assert acts == ["publication.prepared", "publication.approved", "import.completed"]


def test_published_table_is_taken_back_before_its_day_alone(client, desk) -> None:
    before = tables(client)
    desk.upload("garanties", NEXT)
    desk.work()
    desk.approve()
    desk.work()
    assert "Retirer avant son effet" in client.page.text
    assert desk.post("retrait", desk.agent) == 403
    assert desk.post("retrait", desk.other) == 303
    assert tables(client) == before
    assert "Fichier retiré" in client.get(desk.path).text


def test_table_in_effect_is_not_taken_back(client, desk) -> None:
    desk.upload("garanties", NEXT)
    desk.work()
    desk.approve()
    desk.work()
    after = tables(client)
    with time_machine.travel(datetime.combine(AHEAD, time(0, 0, 1), PARIS)):
        desk.post("retrait", desk.other)
    assert tables(client) == after


def test_table_that_changed_or_served_since_stays(client, desk) -> None:
    """Taking back would undo somebody else's change, or the notice that an employer gave."""
    desk.upload("garanties", NEXT)
    desk.work()
    desk.approve()
    desk.work()
    with client.services.database.write() as db:
        db.exec(select(GuaranteeRule).where(GuaranteeRule.percent == 200)).one().percent = 210
    assert desk.post("retrait", desk.other) == 422
    with client.services.database.write() as db:
        version_id = db.exec(select(GuaranteeVersion.id).where(GuaranteeVersion.valid_from == AHEAD)).one()
        db.exec(select(GuaranteeRule).where(GuaranteeRule.percent == 210)).one().percent = 200
        contract = staff.group_contract(db, staff.company(db))
        category = staff.category(db, contract)
        names = {"last_name": "Essai", "first_name": "Anne", "search": "essai anne"}
        firm = {"company_id": contract.company_id, "group_contract_id": contract.id}
        employee = Employee(birth_date=SINCE, hired_on=SINCE, **names, **firm)
        db.add(employee)
        db.flush()
        facts = {"given_on": today(), "means": Means.EMAIL, "recorded_at": datetime.now(PARIS)}
        db.add(NoticeDelivery(employee_id=employee.id, category_id=category.id, version_id=version_id, **facts))
    assert desk.post("retrait", desk.other) == 422
    assert len(tables(client)) == 2


@pytest.mark.parametrize(
    "content",
    [
        guarantees((SINCE, "", 300)),
        guarantees((SINCE, (today() - timedelta(days=30)).isoformat(), 150)),
        guarantees((date(2025, 6, 1), "", 300)),
    ],
)
def test_past_that_settled_payments_is_never_rewritten(client, desk, content) -> None:
    """R-61: another figure, an earlier end, a version laid over days that have paid."""
    settled(client, today() - timedelta(days=3))
    before = tables(client)
    desk.upload("garanties", content)
    desk.work()
    assert "a déjà servi à" in client.page.text
    assert "Relire et publier" not in client.page.text
    assert desk.post("publier", desk.supervisor, relu="1", lu="0" * 64) == 422
    enter(client, desk.supervisor)
    assert desk.post("publier", desk.supervisor, relu="1", lu=desk.read_version()) == 422
    work_on_publications(client.services)
    assert tables(client) == before


def test_past_that_paid_nothing_may_be_corrected(client, desk) -> None:
    desk.upload("garanties", guarantees((SINCE, "", 300)))
    desk.work()
    assert desk.approve() == 200
    desk.work()
    assert "Fichier appliqué" in client.page.text


def test_payment_between_the_check_and_the_import_sends_the_file_back(client, desk) -> None:
    """What nobody approved is not done: it is checked again, and somebody must read it again."""
    before = tables(client)
    desk.upload("garanties", guarantees((SINCE, "", 300)))
    desk.work()
    desk.approve()
    settled(client, today() - timedelta(days=3))
    desk.work()
    assert tables(client) == before
    assert "a déjà servi à" in client.page.text
    assert "À relire" in client.page.text


def test_wrong_lines_are_explained_one_by_one_in_a_file(client, desk) -> None:
    wrong = guarantees((AHEAD, "", 200)).decode().replace(";pourcentage;", ";au-hasard;")
    assert desk.upload("garanties", wrong.encode()) == 200
    desk.work()
    assert "Des lignes du fichier sont refusées" in client.page.text
    found = ask(client, f"{desk.path}/lignes-refusees.csv")
    assert "formula" in found.text
    assert "au-hasard" in found.text
    assert "attachment" in found.headers["content-disposition"]


def test_workbook_says_the_same_as_its_text(client, desk) -> None:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written) as book:
        sheet = book.add_worksheet()
        for at, line in enumerate(NEXT.decode().splitlines()):
            sheet.write_row(at, 0, line.split(";"))
    assert desk.upload("garanties", written.getvalue(), "tableau.xlsx") == 200
    desk.work()
    assert "Contrôle terminé" in client.page.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "vide"),
        (b"\x1f\x8b" + b"\x00" * 100, "compress"),
        (b"PK\x03\x04" + b"\x00" * 100, "endommag"),
    ],
)
def test_hostile_file_is_refused_at_once(client, desk, content, words) -> None:
    assert desk.upload("garanties", content) == 422
    assert words in client.page.text


def test_workbook_that_swells_is_refused(client, desk) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    assert desk.upload("garanties", bomb.getvalue()) == 422
    assert "anormalement lourd" in client.page.text


@pytest.mark.parametrize(
    "content", [b"nom;age\nA;1\n", b"%PDF-1.7 faux", b"\xff\xfea\x00", b"\n\n\n", b'{"a": ' * 20_000]
)
def test_file_of_another_kind_is_told_so(client, desk, content) -> None:
    assert desk.upload("garanties", content) in {200, 422}
    if client.status == 200:
        desk.work()
        assert "Ce fichier ne peut pas être lu" in client.page.text
        assert desk.post("abandon", desk.agent) == 303


# --- the directory ---


def test_directory_tells_how_many_leave_and_asks_twice_for_many(client, desk) -> None:
    """More than one in ten: a box of its own; the report stays with the file."""
    desk.upload("annuaire", practices(*"abcdefghij"))
    desk.work()
    assert desk.approve() == 200
    desk.work()
    assert present(client) == 10
    desk.upload("annuaire", practices(*"abcdefgh"))
    desk.work()
    assert "2 sur 10" in text_of(client.page.one("main"))
    assert "Beaucoup de départs" in client.page.text
    assert present(client) == 10
    assert desk.approve() == 422
    assert client.page.css("#departs[aria-invalid=true]")
    assert desk.approve(departs="1") == 200
    desk.work()
    assert present(client) == 8
    assert "2 sur 10" in text_of(client.page.one("main"))


def test_directory_has_no_page_to_preview_and_nobody_a_file_that_is_unknown(client, desk) -> None:
    desk.upload("annuaire", practices("a"))
    desk.work()
    for below in ("/apercu", "/apercu/pdf", "/apercu/notice.pdf", "/lignes-refusees.csv"):
        assert ask(client, desk.path + below).status_code == 404
    for path in (f"{HOME}/fichiers/inconnu", f"{HOME}/inconnue", f"{HOME}/articles/versions/inconnu"):
        assert ask(client, path).status_code == 404


def test_one_leaving_in_ten_is_applied_without_a_second_look(client, desk) -> None:
    desk.upload("annuaire", practices(*"abcdefghij"))
    desk.work()
    desk.approve()
    desk.work()
    desk.upload("annuaire", practices(*"abcdefghi"))
    desk.work()
    assert "Beaucoup de départs" not in client.page.text
    assert desk.approve() == 200
    desk.work()
    assert present(client) == 9


def test_more_leaving_than_was_approved_sends_the_file_back(client, desk) -> None:
    """The directory grew between the check and the import."""
    desk.upload("annuaire", practices(*"abcdefghij"))
    desk.work()
    desk.approve()
    desk.work()
    desk.upload("annuaire", practices(*"abcdefghi"))
    desk.work()
    small = desk.path
    desk.upload("annuaire", practices(*"abcdefghijklmnopqrst"))
    desk.work()
    desk.approve()
    desk.work()
    desk.path = small
    desk.approve()
    work_on_publications(client.services)
    assert present(client) == 20
    assert "Beaucoup de départs" in client.get(small).text
    assert "À relire" in client.page.text


def test_directory_with_a_wrong_line_makes_nobody_leave(client, desk) -> None:
    desk.upload("annuaire", practices(*"ab"))
    desk.work()
    desk.approve()
    desk.work()
    wrong = practices("a").decode() + practices("b").decode().splitlines()[1].replace("990000018", "123") + "\n"
    desk.upload("annuaire", wrong.encode())
    desk.work()
    assert "0 sur 2" in text_of(client.page.one("main"))


# --- the work ---


def test_file_on_which_the_worker_fails_waits_for_a_person(client, desk, monkeypatch) -> None:
    desk.upload("annuaire", practices("a"))

    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("portal.publication_jobs.run_import", fail)
    work_on_publications(client.services)
    assert "Le traitement s’est arrêté" in client.get(desk.path).text
    monkeypatch.undo()
    client.submit(button="Relancer")
    desk.work()
    assert "Contrôle terminé" in client.page.text


def test_file_given_up_while_it_waits_is_never_applied(client, desk) -> None:
    desk.upload("annuaire", practices("a"))
    assert desk.post("abandon", desk.agent) == 303
    assert work_on_publications(client.services) == 0
    assert present(client) == 0


def test_contents_are_forgotten_after_a_month_and_reports_stay(client, desk) -> None:
    wrong = practices("a").decode() + "123;x\n"
    desk.upload("annuaire", wrong.encode())
    desk.work()
    with client.services.database.read() as db:
        file = db.exec(select(PublicationFile)).one()
    names = [file.storage_name, file.rejects_name]
    forget_publication_files(client.services, utc_now())
    assert all(client.services.storage.give(name) for name in names)
    with time_machine.travel(datetime.now(PARIS) + timedelta(days=31)):
        forget_publication_files(client.services, utc_now())
    for name in names:
        with pytest.raises(FileLost):
            client.services.storage.give(name)
    with client.services.database.read() as db:
        file = db.exec(select(PublicationFile)).one()
    assert (file.state, file.storage_name, file.found["counts"]["created"]) == (FileState.CHECKED, None, 1)
    enter(client, desk.agent)
    assert ask(client, f"{desk.path}/lignes-refusees.csv").status_code == 404


def test_forgotten_file_is_published_by_nobody_and_is_sent_again(client, desk) -> None:
    """A file without its content would stay « en cours » for good: the page says to send it again."""
    desk.upload("annuaire", practices("a"))
    desk.work()
    with time_machine.travel(datetime.now(PARIS) + timedelta(days=31)):
        forget_publication_files(client.services, utc_now())
    enter(client, desk.other)
    shown = client.get(desk.path)
    assert "Ce fichier n’est plus conservé" in text_of(shown.one("main"))
    assert "Relire et publier" not in shown.text
    assert shown.first('main a[href="/gestion/publication/fichiers/annuaire"]') is not None
    desk.approve()
    with client.services.database.read() as db:
        assert db.exec(select(PublicationFile.state)).one() == FileState.CHECKED
    assert work_on_publications(client.services) == 0
    assert present(client) == 0


def test_page_of_publishing_lists_what_waits_and_what_is_to_come(client, desk) -> None:
    desk.upload("garanties", NEXT)
    desk.work()
    waiting = client.get(HOME)
    assert "fichier" in text_of(waiting.one("main"))
    desk.approve()
    assert "Programmées" in client.get(HOME).text
    assert {"/gestion/maintenance", "/gestion/services"} <= {
        node.attributes["href"] for node in client.page.css("main a")
    }
    enter(client, desk.agent)
    assert not client.get(HOME).css('main a[href="/gestion/maintenance"]')
