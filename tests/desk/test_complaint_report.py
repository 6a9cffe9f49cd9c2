"""The year's report of complaints on its page and in its files: for supervisors alone, in the same numbers (R-26)."""

import io
from datetime import UTC, datetime

import pytest
from python_calamine import CalamineWorkbook

from portal.data.accounts import Space
from portal.data.complaint_report import report_of
from portal.data.complaints import Contact
from portal.data.open_complaints import complain_without_account
from portal.formatting import today
from tests.support import factories
from tests.support.conversations import SAID
from tests.support.entry import ask, enter
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of

PAGE = "/gestion/rapports/reclamations"


@pytest.fixture
def six(client) -> None:
    """Six complaints of today."""
    with client.services.database.write() as db:
        for number in range(6):
            contact = Contact("Jean Essai", f"jean{number}@exemple.example")
            complain_without_account(db, client.services.keyring, SAID, contact, Space.MEMBER, datetime.now(UTC))


def sheet(client, query: str = "") -> list[list]:
    answer = ask(client, f"{PAGE}.xlsx{query}")
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()


def test_supervisor_reads_the_year_s_numbers_on_the_page(client, supervisor, six) -> None:
    enter(client, supervisor)
    evidence = Evidence(client)
    shown = text_of(client.get(PAGE).one("main"))
    assert f"Année {today().year}" in shown
    assert "Délais" in shown
    assert [(act.action, act.object) for act in evidence.fresh()] == [("complaints.reported", f"annee:{today().year}")]


def test_excel_and_page_tell_what_the_data_counts(client, supervisor, six) -> None:
    enter(client, supervisor)
    titles, *lines = sheet(client)
    assert [line[:5] for line in lines][:2] == [
        ["Ensemble", "Toutes", 6.0, 0.0, 6.0],
        ["Par sujet", "Délais", 6.0, 0.0, 6.0],
    ]
    assert titles[2] == "Reçues"
    with client.services.database.write() as db:
        assert report_of(db, factories.viewer_of(db, supervisor), today().year).total.received == 6


def test_version_to_publish_hides_small_numbers_in_every_form(client, supervisor) -> None:
    with client.services.database.write() as db:
        contact = Contact("Jean Essai", "jean@exemple.example")
        complain_without_account(db, client.services.keyring, SAID, contact, Space.MEMBER, datetime.now(UTC))
    enter(client, supervisor)
    assert sheet(client)[1][2] == 1.0
    assert sheet(client, "?version=publiable")[1][2] in {"", None}
    shown = text_of(client.get(f"{PAGE}?version=publiable").one("main"))
    assert "< 5" in shown.replace("\u00a0", " ")
    assert "masqués" in shown


def test_pdf_is_a_tagged_document_of_the_year_that_is_asked_for(client, supervisor, six) -> None:
    enter(client, supervisor)
    answer = ask(client, f"{PAGE}.pdf?annee={today().year}")
    assert answer.content.startswith(b"%PDF-")
    assert b"StructTreeRoot" in answer.content
    assert f'reclamations-{today().year}.pdf"' in answer.headers["content-disposition"]


@pytest.mark.parametrize("year", ["1999", "x", "2026-01-01", "9" * 40, "<b>"])
def test_year_without_a_report_is_told_and_the_present_one_shown(client, supervisor, year) -> None:
    enter(client, supervisor)
    answer = ask(client, f"{PAGE}?annee={year}")
    assert answer.status_code == 422
    assert "Choisissez une année" in answer.text


def test_agent_and_member_are_refused_the_report_in_every_form(client, agent, member) -> None:
    for account in (agent, member):
        enter(client, account)
        assert {ask(client, f"{PAGE}{end}").status_code for end in ("", ".xlsx", ".pdf")} == {403}
