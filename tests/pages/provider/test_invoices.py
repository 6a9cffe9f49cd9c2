"""The practice's invoices: found, explained, exported; never another's (R-40, R-62, R-64)."""

import csv
import html
import io
import re
from datetime import date, timedelta
from importlib import resources

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import delete

from portal.data.invoices import Channel, InvoiceState, InvoiceStep
from portal.data.reject_codes import RejectCode
from portal.pages.provider.invoices import INVOICE
from tests.support import factories
from tests.support.entry import enter
from tests.support.evidence_rows import Evidence

LIST = "/professionnel/factures"
REFERENCE = resources.files("portal.demo") / "reference" / "reject-codes.csv"
CODES = list(csv.DictReader(io.StringIO(REFERENCE.read_text("utf-8")), delimiter=";"))


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f]+", " ", text)


def plain(client, path: str = LIST) -> str:
    client.get(path)
    return squeezed(client.answer.text)


def numbers(client, path: str = LIST) -> list[str]:
    client.get(path)
    return [node.text() for node in client.page.css("tbody th a")]


def rows_of(client, query: str = "") -> list[list[str]]:
    client.get(f"{LIST}/export.csv{query}", audit=False)
    return list(csv.reader(io.StringIO(client.answer.content.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("who", ["user", "colleague"])
def test_practice_reads_its_own_invoices_and_no_other(client, practice, who) -> None:
    """R-40: both roles, the newest first."""
    practice.invoice("F1")
    practice.invoice("F2", received_on=date(2026, 3, 3))
    practice.invoice("AUTRE", of=practice.theirs)
    enter(client, getattr(practice, who))
    assert numbers(client) == ["F2", "F1"]
    assert "AUTRE" not in client.answer.text


def test_invoice_of_another_practice_is_not_found_nor_a_place_in_the_list(client, practice) -> None:
    """R-40, D3"""
    name = practice.name(INVOICE, practice.invoice("F1"))
    enter(client, practice.stranger)
    for path in (f"{LIST}/{name}", f"{LIST}?apres={name}", f"{LIST}/inconnue"):
        client.get(path)
        assert client.answer.status_code == 404


@pytest.mark.parametrize("state", [InvoiceState.RECEIVED, InvoiceState.CHECKED, InvoiceState.PIECE_DUE])
def test_invoice_that_nobody_decided_shows_no_amount_as_granted(client, practice, state) -> None:
    """R-40, R-61: « 0,00 € » would read as a refusal."""
    name = practice.name(INVOICE, practice.invoice("F1", state=state, accepted_cents=0))
    enter(client, practice.user)
    client.get(LIST)
    assert client.page.css("td[data-label=Accordé]")[0].text() == "À l’étude"
    assert "Part accordée À l’étude" in plain(client, f"{LIST}/{name}").replace('</dt><dd class="amount">', " ")


def test_account_without_a_practice_finds_no_invoice(client, practice, make) -> None:
    """R-40"""
    practice.invoice("F1")
    enter(client, make(factories.provider_account))
    assert numbers(client) == []


@pytest.mark.parametrize("role", ["employer_account", "desk_account"])
def test_other_spaces_never_reach_invoices(client, practice, make, role) -> None:
    """R-72"""
    enter(client, make(getattr(factories, role)))
    client.get(LIST)
    assert client.answer.status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("etat=rejetee", ["F3"]),
        ("etat=payee", ["F2", "F1"]),
        ("numero=F2", ["F2"]),
        ("numero=F_", []),
        ("lot=LOT1", ["F2"]),
        ("montant=45,60", ["F3"]),
        ("montant=80", ["F2", "F1"]),
        ("du=2026-03-03", ["F3", "F2"]),
        ("au=02/03/2026", ["F1"]),
        ("du=2026-03-03&au=2026-03-03", ["F2"]),
    ],
)
def test_practice_finds_invoices_by_what_names_nobody(client, practice, query, found) -> None:
    """R-40: the address says it in clear."""
    practice.invoice("F1")
    practice.invoice("F2", received_on=date(2026, 3, 3), lot_id=practice.lot().id)
    practice.lot(of=practice.theirs)
    amounts = {"total_cents": 4_560, "base_cents": 0, "requested_cents": 4_000, "accepted_cents": 0}
    practice.invoice("F3", received_on=date(2026, 3, 4), state=InvoiceState.REJECTED, reject_code="R04", **amounts)
    assert numbers(client, f"{LIST}?{query}") == found
    assert [row[0] for row in rows_of(client, f"?{query}")[1:]] == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("etat=perdue", "etat"),
        ("du=2026-02-31", "du"),
        ("au=demain", "au"),
        ("du=2026-03-03&au=2026-03-02", "au"),
        ("montant=beaucoup", "montant"),
        ("montant=-1", "montant"),
        ("recherche=abc", "patient"),
    ],
)
def test_practice_types_a_wrong_filter_and_is_told_where(client, practice, query, field) -> None:
    """R-40: also before a file is made."""
    client.get(f"{LIST}?{query}")
    assert client.answer.status_code == 422
    assert client.page.css(f'#erreurs a[href="#{field}"]')
    client.get(f"{LIST}/export.csv?{query}")
    assert client.answer.status_code == 422


def test_practice_searches_a_patient_and_the_address_never_says_whom(client, practice) -> None:
    """R-40, A8: whole words or parts of them, without accents; a search is of one account's only."""
    practice.invoice("F1", patient="Zoé Exemple")
    practice.invoice("F2", patient="Noé Autre")
    practice.invoice("F3", patient="Cent Zoé_")
    client.get(LIST)
    client.submit('form[action$="/recherche"]', patient="zoe exemple", etat="payee")
    found = [node.text() for node in client.page.css("tbody th a")]
    assert found == ["F1"]
    assert client.page.one("#patient").attributes["value"] == "zoe exemple"
    assert "exemple" not in client.path_of_page.lower()
    assert "etat=payee" in client.path_of_page
    copied = client.path_of_page
    enter(client, practice.colleague)
    client.get(copied)
    assert client.answer.status_code == 422
    client.get(LIST)
    client.submit('form[action$="/recherche"]', patient="_")
    assert [node.text() for node in client.page.css("tbody th a")] == ["F3"]


def test_practice_searches_with_a_wrong_filter_and_loses_nothing(client, practice) -> None:
    """R-10"""
    client.get(LIST)
    client.submit('form[action$="/recherche"]', patient="Zoé", montant="rien", lot="LOT9")
    assert client.answer.status_code == 422
    typed = {name: client.page.one(f"#{name}").attributes["value"] for name in ("patient", "montant", "lot")}
    assert typed == {"patient": "Zoé", "montant": "rien", "lot": "LOT9"}


def test_list_goes_on_by_key_and_shows_each_invoice_once(client, practice) -> None:
    """R-62: an invoice that arrives meanwhile moves nothing."""
    for at in range(53):
        practice.invoice(f"F{at:02}")
    shown = numbers(client)
    practice.invoice("NOUVELLE", received_on=date(2026, 3, 9))
    client.get(client.page.one(".onward a").attributes["href"])
    following = [node.text() for node in client.page.css("tbody th a")]
    assert shown + following == [f"F{at:02}" for at in reversed(range(53))]


@pytest.mark.parametrize(
    ("days", "channel", "state", "is_late"),
    [
        (7, Channel.DRE, InvoiceState.CHECKED, False),
        (8, Channel.DRE, InvoiceState.CHECKED, True),
        (8, Channel.DRE, InvoiceState.PIECE_DUE, False),
        (8, Channel.DRE, InvoiceState.PAID, False),
        (30, Channel.PAPER, InvoiceState.RECEIVED, False),
        (31, Channel.PAPER, InvoiceState.RECEIVED, True),
    ],
)
def test_invoice_is_late_once_the_delay_of_its_channel_has_passed(
    client, practice, days, channel, state, is_late
) -> None:
    """R-40: the flag, the filter and the page agree."""
    day = practice.today - timedelta(days=days)
    made = practice.invoice("F1", received_on=day, channel=channel, state=state)
    assert ("En retard</span>" in plain(client)) is is_late
    assert numbers(client, f"{LIST}?etat=en-retard") == (["F1"] if is_late else [])
    assert ("Paiement en retard" in plain(client, f"{LIST}/{practice.name(INVOICE, made)}")) is is_late


def test_invoice_sent_again_leads_to_the_one_it_replaces_and_back(client, practice) -> None:
    """R-40: within the practice alone, and the first one is contested no more."""
    values = {"state": InvoiceState.REJECTED, "reject_code": "R04", "accepted_cents": 0}
    old, new = practice.invoice("F1", **values), practice.invoice("F2", replaces="F1", lot_id=practice.lot().id)
    practice.invoice("F1", of=practice.theirs)
    practice.invoice("F9", of=practice.theirs, replaces="F1")
    sheets = [f"{LIST}/{practice.name(INVOICE, made)}" for made in (old, new)]
    text = plain(client, sheets[0])
    assert [node.attributes["href"] for node in client.page.css("[aria-labelledby=renvois] a")] == [sheets[1]]
    assert "F9" not in text
    assert not client.page.css('a[href*="/contester/"]')
    plain(client, sheets[1])
    assert [node.attributes["href"] for node in client.page.css("[aria-labelledby=renvois] a")] == [sheets[0]]
    lost = practice.invoice("F3", replaces="F404")
    assert "F404, que nous n’avons pas retrouvée" in plain(client, f"{LIST}/{practice.name(INVOICE, lost)}")


def test_invoice_sent_again_under_its_number_tells_the_lot_of_each_step(client, practice) -> None:
    """R-40"""
    made = practice.invoice("F1", state=InvoiceState.RECEIVED, accepted_cents=0, lot_id=practice.lot("LOT2").id)
    with client.services.database.write() as db:
        told = {"state": InvoiceState.REJECTED, "reject_code": "R04", "lot": "LOT1"}
        db.add(InvoiceStep(invoice_id=made.id, state_on=date(2026, 2, 2), **told))
    text = plain(client, f"{LIST}/{practice.name(INVOICE, made)}")
    assert ", lot LOT1" in text


@pytest.mark.parametrize("told", CODES, ids=lambda row: row["code"])
def test_each_code_of_the_demonstration_tells_what_to_do_now(client, practice, told) -> None:
    """R-40: cause, what to do, and whether the invoice may be sent again."""
    with client.services.database.write() as db:
        db.execute(delete(RejectCode))
        is_resubmittable = told["resubmittable"] == "oui"
        words = {name: told[name] for name in ("code", "label", "cause", "what_to_do")}
        db.add(RejectCode(**words, is_resubmittable=is_resubmittable, valid_from=date(2020, 1, 1)))
    made = practice.invoice("F1", state=InvoiceState.REJECTED, reject_code=told["code"], accepted_cents=0)
    text = plain(client, f"{LIST}/{practice.name(INVOICE, made)}")
    assert all(squeezed(html.escape(told[name], quote=False)) in text for name in ("label", "cause", "what_to_do"))
    assert ("peut être renvoyée" in text) is is_resubmittable
    assert ("ne peut pas être renvoyée" in text) is not is_resubmittable


@pytest.mark.parametrize(("code", "words"), [("R04", "peut être renvoyée"), ("R05", "ne peut pas être renvoyée")])
def test_practice_reads_why_an_invoice_is_rejected_and_what_to_do(client, practice, code, words) -> None:
    """R-40"""
    made = practice.invoice("F1", state=InvoiceState.REJECTED, reject_code=code, accepted_cents=0)
    text = plain(client, f"{LIST}/{practice.name(INVOICE, made)}")
    assert all(each in text for each in (f"Libellé {code}", f"Cause {code}", f"À faire {code}", words))


def test_rejection_that_no_table_explains_says_whom_to_ask(client, practice) -> None:
    """R-40: before the code's first day, it meant nothing."""
    values = {"state": InvoiceState.REJECTED, "accepted_cents": 0, "received_on": date(2019, 12, 31)}
    made = practice.invoice("F1", reject_code="R04", **values)
    text = plain(client, f"{LIST}/{practice.name(INVOICE, made)}")
    assert "Écrivez-nous" in text
    assert "Libellé R04" not in text


def test_invoice_that_waits_for_a_piece_says_where_to_send_it(client, practice) -> None:
    """R-40: the question names the invoice, and takes files."""
    made = practice.invoice("F1", state=InvoiceState.PIECE_DUE, reject_code="R04", accepted_cents=0)
    client.get(f"{LIST}/{practice.name(INVOICE, made)}")
    client.click("Envoyer la pièce")
    assert client.page.one("#factures").text().strip() == "F1"


@pytest.mark.parametrize("paid", [[], [5_000], [8_000, -1]])
def test_invoice_said_to_be_paid_shows_what_its_transfers_do_not_pay(client, practice, paid) -> None:
    """R-40: nothing is made to reconcile; « rien à faire » stands beside amounts that do."""
    made = practice.invoice("F1")
    path = f"{LIST}/{practice.name(INVOICE, made)}"
    for rank, cents in enumerate(paid):
        practice.pay(("F1", made, cents), reference=f"VIR{rank}", amount=8_000)
    text = plain(client, path)
    assert "Rien à faire" not in text
    assert "80,00 €, et les virements que nous connaissons en paient" in text
    practice.pay(("F1", made, 8_000 - sum(paid)), reference="FIN")
    assert "Rien à faire" in plain(client, path)


def test_invoice_shows_its_history_its_lot_and_what_each_transfer_paid(client, practice) -> None:
    """R-40: what is taken back counts."""
    made = practice.invoice("F1", lot_id=practice.lot().id)
    practice.pay(("F1", made, 8_000))
    practice.pay(("F1", made, -500), ("F9", None, 900), reference="VIR2")
    text = plain(client, f"{LIST}/{practice.name(INVOICE, made)}")
    assert all(each in text for each in ("VIR1", "VIR2", "75,00 €", "2 mars 2026"))
    href = next(node.attributes["href"] for node in client.page.css(".defs a") if "lot=" in node.attributes["href"])
    assert numbers(client, href) == ["F1"]


def test_files_hold_what_the_page_shows_and_no_formula(client, practice) -> None:
    """R-40"""
    practice.invoice("=1+1", patient="@Zoé")
    (titles, row) = rows_of(client)
    cells = dict(zip(titles, row, strict=True))
    assert cells["Facture"] == "'=1+1"
    assert cells["Patient"] == "'@Zoé"
    assert (cells["Part demandée"], cells["État"]) == ("80,00", "Payée")
    client.get(f"{LIST}/export.xlsx", audit=False)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(client.answer.content)).get_sheet_by_name("Factures")
    assert sheet.to_python()[1][0] == "=1+1"
    assert sheet.to_python()[1][8] == 80


def test_patients_can_know_who_read_and_downloaded_their_invoices(client, practice) -> None:
    """R-51: and the evidence holds no name that was searched."""
    made = practice.invoice("F1", person=practice.person.id)
    practice.invoice("F2", patient="Achille Inconnu")
    practice.invoice("F3", person=practice.person.id, state=InvoiceState.REJECTED, accepted_cents=0)
    evidence = Evidence(client)
    for path in (LIST, f"{LIST}/{practice.name(INVOICE, made)}"):
        client.get(path)
    rows_of(client, "?etat=payee")
    noted = [each.details for each in evidence.fresh() if "persons" in each.details]
    assert [each["persons"] for each in noted] == [[practice.person.id]] * 3
    assert noted[-1]["filters"] == {"etat": "payee"}
