"""The demonstration's transfers to professionals, added up again from plain rows, to the cent (R-40)."""

import sqlite3
from pathlib import Path

import pytest

from portal.demo.site import demo_settings, prepare

pytestmark = [pytest.mark.xdist_group("demo-site"), pytest.mark.engines("sqlite")]
PRACTICES = {"990000010", "990000028", "990000036"}
STATES = {
    *("recue", "en_controle", "en_attente_piece", "acceptee", "mise_en_paiement", "payee", "partiellement_payee"),
    *("rejetee", "annulee", "contestee"),
}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """A demonstration prepared twice, as one that was interrupted is."""
    folder: Path = tmp_path_factory.mktemp("demo")
    settings = demo_settings(folder, "http://127.0.0.1:8000")
    for _ in range(2):
        (folder / "demonstration.json").unlink(missing_ok=True)
        prepare(folder, settings, members=8, years=1, seed=42, tell=lambda _text: None)
    return sqlite3.connect(folder / "portal.sqlite3")


def asked(books: sqlite3.Connection, query: str) -> list[tuple]:
    return books.execute(query).fetchall()


def test_demo_shows_every_state_of_an_invoice_to_each_practice(books) -> None:
    """R-40: the smallest practice sends one invoice a week."""
    found = asked(books, "SELECT national_id, state FROM invoice JOIN provider ON provider.id = provider_id")
    assert {finess for finess, _ in found} == PRACTICES
    for finess in PRACTICES:
        assert {state for who, state in found if who == finess} == STATES


def test_demo_transfers_are_the_sum_of_their_lines_to_the_cent(books) -> None:
    """R-40"""
    sums = "SELECT transfer_id, SUM(amount_cents) FROM remittance_line GROUP BY transfer_id"
    transfers = dict(asked(books, "SELECT id, amount_cents FROM transfer"))
    assert len(transfers) > 100
    assert dict(asked(books, sums)) == transfers


def test_demo_invoices_are_paid_what_was_granted_less_what_was_taken_back(books) -> None:
    """R-40: an invoice that is not paid has no line; one line of each practice's is nobody's."""
    paid = dict(
        asked(
            books,
            "SELECT invoice_id, SUM(amount_cents) FROM remittance_line WHERE amount_cents > 0 GROUP BY invoice_id",
        )
    )
    unmatched = asked(books, "SELECT invoice_number FROM remittance_line WHERE invoice_id IS NULL")
    paid.pop(None)
    due = asked(books, "SELECT id, accepted_cents FROM invoice WHERE state IN ('payee', 'partiellement_payee')")
    assert dict(due) == paid
    assert sorted(number.partition("-")[0] for (number,) in unmatched) == ["HO", "OP", "PH"]


def test_demo_invoices_stand_where_their_last_step_says(books) -> None:
    """R-40"""
    last = dict(asked(books, "SELECT invoice_id, state FROM invoice_step ORDER BY state_on, id"))
    assert last == dict(asked(books, "SELECT id, state FROM invoice"))


def test_demo_codes_of_rejects_are_all_explained(books) -> None:
    """R-40"""
    used = {code for (code,) in asked(books, "SELECT DISTINCT reject_code FROM invoice WHERE reject_code <> ''")}
    assert used
    assert used <= {code for (code,) in asked(books, "SELECT code FROM reject_code")}
