"""The practice's transfers: they reconcile with their lines, or the page says that they do not (R-40, R-62)."""

import re
from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy import text

from portal.data.rules import add_months
from portal.formatting import money
from portal.pages.provider.invoices import INVOICE, TRANSFER
from tests.support import factories
from tests.support.canaries import legible
from tests.support.entry import enter
from tests.support.evidence_rows import Evidence

LIST = "/professionnel/versements"


def text_of(client, path: str = LIST) -> str:
    client.get(path)
    return re.sub(r"[\s\u00a0\u202f]+", " ", client.answer.text)


def page_of(practice, row, rest: str = "") -> str:
    return f"{LIST}/{practice.name(TRANSFER, row)}{rest}"


def cells(row) -> list[str]:
    return [re.sub(r"[\s\u00a0\u202f]+", " ", cell.text()) for cell in row.css("td")]


def summed(sent, lines, month: str) -> list[str]:
    """A month of the summary, from raw rows: transfers, unmatched lines, gap, amount."""
    ids = {transfer_id for transfer_id, day, _ in sent if str(day)[:7] == month}
    amount = sum(cents for transfer_id, _, cents in sent if transfer_id in ids)
    own = [(invoice_id, cents) for transfer_id, invoice_id, cents in lines if transfer_id in ids]
    gap = amount - sum(cents for _, cents in own)
    alone = sum(invoice_id is None for invoice_id, _ in own)
    told = [str(len(ids)), str(alone or "–"), money(gap) if gap else "–", money(amount)]
    return [re.sub(r"[\s\u00a0\u202f]+", " ", each) for each in told]


@pytest.mark.parametrize("who", ["user", "colleague"])
def test_practice_reads_its_own_transfers_and_no_other(client, practice, who) -> None:
    """R-40: both roles."""
    practice.pay(("F1", None, 5_000), reference="NOTRE")
    practice.pay(("F1", None, 5_000), reference="AUTRE", of=practice.theirs)
    enter(client, getattr(practice, who))
    text = text_of(client)
    assert "NOTRE" in text
    assert "AUTRE" not in text


def test_transfer_of_another_practice_is_not_found(client, practice) -> None:
    """R-40, D3"""
    sent = practice.pay(("F1", None, 5_000))
    enter(client, practice.stranger)
    paths = (page_of(practice, sent), page_of(practice, sent, "/pdf"), f"{LIST}?apres={practice.name(TRANSFER, sent)}")
    for path in paths:
        client.get(path)
        assert client.answer.status_code == 404


@pytest.mark.parametrize("role", ["employer_account", "desk_account"])
def test_other_spaces_never_reach_transfers(client, practice, make, role) -> None:
    """R-72"""
    enter(client, make(getattr(factories, role)))
    client.get(LIST)
    assert client.answer.status_code == 403


def test_transfer_that_reconciles_leads_to_its_invoices_and_back(client, practice) -> None:
    """R-40: money taken back counts."""
    first, second = practice.invoice("F1"), practice.invoice("F2", patient="Noé Autre")
    sent = practice.pay(("F1", first, 8_000), ("F2", second, 8_000), ("F1", first, -500))
    text = text_of(client, page_of(practice, sent))
    assert text.count("155,00 €") == 3
    assert "Noé Autre" in text
    assert "n’expliquent pas tout" not in text
    invoice = f"/professionnel/factures/{practice.name(INVOICE, first)}"
    assert client.page.css(f'tbody a[href="{invoice}"]')
    client.get(invoice)
    assert client.page.css(f'.defs a[href="{page_of(practice, sent)}"]')


def test_transfer_that_does_not_reconcile_says_by_how_much(client, practice) -> None:
    """R-40"""
    sent = practice.pay(("F1", practice.invoice("F1"), 8_000), amount=8_001)
    assert "L’écart est de 0,01 €" in text_of(client, page_of(practice, sent))
    assert "Écart" in text_of(client)


def test_line_of_an_unknown_invoice_is_shown_and_told(client, practice) -> None:
    """R-40"""
    sent = practice.pay(("F404", None, 1_250))
    text = text_of(client, page_of(practice, sent))
    assert "F404" in text
    assert "Facture non retrouvée" in text
    assert "Facture non retrouvée" in text_of(client)


def test_transfer_without_a_line_yet_explains_nothing_of_its_amount(client, practice) -> None:
    """R-40: the lines come in a file of their own."""
    sent = practice.pay(amount=5_000)
    text = text_of(client, page_of(practice, sent))
    assert "Aucune ligne" in text
    assert "L’écart est de 50,00 €" in text


def test_notice_holds_every_line_and_the_same_sums_as_the_page(client, practice) -> None:
    """R-40: PDF/UA-1."""
    sent = practice.pay(("F1", practice.invoice("F1"), 8_000), ("F404", None, 1_250))
    client.get(page_of(practice, sent, "/pdf"), audit=False)
    assert client.answer.content.startswith(b"%PDF")
    assert b"pdfuaid" in client.answer.content
    told = re.sub(r"\s+", " ", legible(client.answer.content, "application/pdf"))
    assert all(each in told for each in ("F1", "F404", "Zoé Exemple", "80,00", "12,50", "92,50 €", "VIR1"))


def test_months_add_up_the_transfers_of_a_year(client, practice) -> None:
    """R-40: an older one is in the list alone."""
    this_month = practice.today.replace(day=1)
    practice.pay(("F1", None, 1_000), reference="A", paid_on=this_month)
    practice.pay(("F1", None, 234), reference="B", paid_on=this_month)
    practice.pay(("F1", None, 9_900), reference="C", paid_on=date(this_month.year - 2, 1, 1))
    text_of(client)
    rows = [
        re.sub(r"[\s\u00a0\u202f]+", " ", row.text()) for row in client.page.css("table")[1].css("tbody tr, tfoot tr")
    ]
    assert len(rows) == 2
    assert all(row.endswith("12,34 €") for row in rows)


def test_months_and_transfers_reconcile_with_the_raw_rows_to_the_cent(client, practice) -> None:
    """R-40: added up again from the tables, line by line; of this practice alone."""
    chance, first = Random(7), practice.today.replace(day=1)
    known = practice.invoice("F1")
    for at in range(40):
        paid_on = add_months(first, -chance.randrange(14)) + timedelta(days=chance.randrange(28))
        lines = [("F1", known, chance.randrange(1, 90_000)), ("F404", None, chance.randrange(1, 9_000))]
        lines += [("F1", known, -1)] if at % 3 else []
        gap = chance.choice((0, 0, 0, 7, -3))
        whose = practice.theirs if at % 5 == 0 else None
        total = sum(cents for *_, cents in lines) + gap
        practice.pay(*lines[: 1 + at % 3], reference=f"V{at}", of=whose, paid_on=paid_on, amount=total)
    with client.services.database.read() as db:
        sent = list(
            db.execute(
                text("SELECT id, paid_on, amount_cents FROM transfer WHERE provider_id = :id"), {"id": practice.mine.id}
            )
        )
        lines = list(db.execute(text("SELECT transfer_id, invoice_id, amount_cents FROM remittance_line")))
    text_of(client)
    since = add_months(first, -11)
    told = [cells(row) for row in client.page.css("table")[1].css("tbody tr")]
    months = sorted({str(day)[:7] for _, day, _ in sent if str(day) >= str(since)}, reverse=True)
    assert told == [summed(sent, lines, month) for month in months]


def test_list_goes_on_by_key_and_shows_each_transfer_once(client, practice) -> None:
    """R-62"""
    for at in range(27):
        practice.pay(("F1", None, 100), reference=f"V{at:02}")
    client.get(LIST)
    shown = [node.text() for node in client.page.css("tbody th a")]
    client.get(client.page.one("#suite a").attributes["href"])
    shown += [node.text() for node in client.page.css("tbody th a")]
    assert shown == [f"V{at:02}" for at in reversed(range(27))]


@pytest.mark.parametrize("rest", ["", "/pdf"])
def test_patients_can_know_who_read_the_transfer_that_names_them(client, practice, rest) -> None:
    """R-51"""
    sent = practice.pay(("F1", practice.invoice("F1", person=practice.person.id), 8_000), ("F404", None, 1))
    evidence = Evidence(client)
    client.get(page_of(practice, sent, rest), audit=not rest)
    noted = [each.details["persons"] for each in evidence.fresh() if "persons" in each.details]
    assert noted == [[practice.person.id]]
