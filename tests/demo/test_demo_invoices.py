"""The demonstration's transfers to professionals, added up again from plain rows, to the cent (R-40)."""

import sqlite3
from pathlib import Path

import pytest

from portal.data.cases import CaseState

pytestmark = [pytest.mark.xdist_group("demo-site"), pytest.mark.engines("sqlite")]
PRACTICES = {"990000010", "990000028", "990000036"}
STATES = {
    *("recue", "en_controle", "en_attente_piece", "acceptee", "mise_en_paiement", "payee", "partiellement_payee"),
    *("rejetee", "annulee", "contestee"),
}


@pytest.fixture(scope="module")
def books(resumed_demonstration: Path) -> sqlite3.Connection:
    return sqlite3.connect(resumed_demonstration / "portal.sqlite3")


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
    # What the desk put back to payment after a dispute has been paid in part, and waits for the rest.
    for (again,) in asked(books, "SELECT invoice_id FROM invoice_dispute WHERE granted_cents IS NOT NULL"):
        paid.pop(again, None)
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


def test_demo_shows_a_dispute_in_every_state_and_one_of_each_practice(books) -> None:
    """R-40: prepared twice, made once; the amounts that were granted are those of the invoices."""
    query = (
        "SELECT provider.national_id, case_file.state FROM invoice_dispute JOIN case_file ON case_file.id = case_id "
    )
    found = asked(
        books, query + "JOIN invoice ON invoice.id = invoice_id JOIN provider ON provider.id = invoice.provider_id"
    )
    assert len(found) == 12
    assert {practice for practice, _ in found} == PRACTICES
    elsewhere = {CaseState.CLOSED.value, CaseState.LAPSED.value}  # a dispute goes back to the desk instead
    assert {state for _, state in found} == {state.value for state in CaseState} - elsewhere
    granted = "SELECT granted_cents, accepted_cents, invoice.state FROM invoice_dispute JOIN invoice ON invoice.id = "
    rows = asked(books, granted + "invoice_id WHERE granted_cents IS NOT NULL")
    assert len(rows) == 2
    assert all(granted == accepted and state == "mise_en_paiement" for granted, accepted, state in rows)


def test_demo_invoices_sent_again_name_a_rejected_one_of_their_practice(books) -> None:
    """R-40"""
    query = (
        "SELECT old.state, old.provider_id = new.provider_id, old.care_date = new.care_date, old.state_on < "
        "new.received_on FROM invoice new LEFT JOIN invoice old ON old.number = new.replaces WHERE new.replaces <> ''"
    )
    found = asked(books, query)
    assert found
    assert {same for _, *same_ones in found for same in same_ones} == {1}
    assert {state for state, *_ in found} == {"rejetee"}
