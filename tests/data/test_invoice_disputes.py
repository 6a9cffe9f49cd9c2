"""The desk's answers to disputes about invoices: what may be granted, and what an answer asks for (R-40, R-72)."""

from datetime import date

import pytest

from portal.data.case_desk import agent_at_work, lock_for_desk
from portal.data.cases import CaseKind, CaseState, WrongState, begin_case
from portal.data.invoice_dispute_desk import NothingToPay, grant_dispute, refuse_dispute
from portal.data.invoice_disputes import Motive
from portal.data.invoice_disputing import Said, disputes_about, send_dispute, start_dispute
from portal.data.invoice_listing import InvoiceFilters, find_invoice, invoice_page, invoice_totals, lateness_on
from portal.data.invoice_reading import steps_of
from portal.data.invoices import Channel, Invoice, InvoiceState
from portal.data.organisations import Provider
from portal.data.transfers import RemittanceLine, Transfer
from tests.support import factories
from tests.support.conversations import NOW

DAY = date(2026, 3, 2)
TEXT = "L’ordonnance était jointe."
REJECTED = {"state": InvoiceState.REJECTED, "reject_code": "R04"}
PART = {"state": InvoiceState.PAID_IN_PART, "accepted_cents": 5_000}


class Books:
    """A practice's user, its invoice of 80,00 € and the dispute about it, as the desk finds it."""

    def __init__(self, db, keyring, motive=Motive.REJECTED, claimed=None, paid=0, **values) -> None:
        self.db, self.keyring = db, keyring
        practice = _added(db, Provider(national_id="990000018", profession="opticien", name="Optique Exemple"))
        account = factories.provider_account(db, keyring, provider_id=practice.id)
        self.user, self.agent = (
            factories.viewer_of(db, account),
            factories.viewer_of(db, factories.desk_account(db, keyring)),
        )
        self.invoice = _added(db, _invoice(practice.id, **values))
        if paid:
            sent = _added(db, Transfer(provider_id=practice.id, reference="V1", paid_on=DAY, amount_cents=paid))
            line = {"position": 1, "invoice_number": "F1", "invoice_id": self.invoice.id, "amount_cents": paid}
            _added(db, RemittanceLine(transfer_id=sent.id, **line))
        begun = start_dispute(db, self.user, keyring, self.invoice.id, Said(motive, TEXT, claimed), NOW)
        self.case = send_dispute(db, self.user, begun[0].id, begun[0].version, NOW)

    def grant(self, cents, reasons="") -> None:
        case = lock_for_desk(self.db, self.agent, self.case.id, self.case.version)
        grant_dispute(self.db, self.agent, self.keyring, case, cents, reasons, NOW)

    def refuse(self, reasons) -> None:
        refuse_dispute(self.db, self.agent, self.keyring, self.case, reasons, NOW)

    @property
    def row(self):
        return find_invoice(self.db, self.user, self.invoice.id)


def _added(db, row):
    db.add(row)
    db.flush()
    return row


def _invoice(provider_id, **values) -> Invoice:
    amounts = {"total_cents": 12_000, "base_cents": 4_000, "requested_cents": 8_000}
    told = {"patient": "Zoé Exemple", "search": "zoe exemple", "channel": Channel.DRE}
    days = {"care_date": DAY, "received_on": DAY, "state_on": DAY}
    return Invoice(provider_id=provider_id, number="F1", **amounts, **told, **days, **values)


@pytest.mark.parametrize(
    ("setting", "granted", "state"),
    [
        (REJECTED, 8_000, CaseState.ACCEPTED),
        (REJECTED, 7_999, CaseState.PARTLY),
        (PART | {"motive": Motive.PARTIAL, "claimed": 7_000, "paid": 5_000}, 7_000, CaseState.ACCEPTED),
        (PART | {"motive": Motive.PARTIAL, "claimed": 7_000, "paid": 5_000}, 8_000, CaseState.ACCEPTED),
        (PART | {"motive": Motive.PARTIAL, "claimed": 7_000, "paid": 5_000}, 5_001, CaseState.PARTLY),
        (PART | {"motive": Motive.UNPAID}, 5_000, CaseState.ACCEPTED),
    ],
)
def test_desk_grants_an_amount_and_the_invoice_goes_back_to_payment(db, keyring, setting, granted, state) -> None:
    """R-40: whole when it is what the author expects."""
    books = Books(db, keyring, **setting)
    books.grant(granted, "Le tarif du réseau s’applique.")
    row = books.row
    assert (books.case.state, row.state, row.accepted_cents) == (state, InvoiceState.PAYING, granted)
    assert (row.reject_code, row.is_contested) == ("", False)
    assert [step.state for step in steps_of(db, row)] == [InvoiceState.PAYING]


@pytest.mark.parametrize(
    ("setting", "granted"),
    [
        (REJECTED, 0),
        (REJECTED, -1),
        (REJECTED, 8_001),
        (PART | {"motive": Motive.PARTIAL, "claimed": 7_000, "paid": 5_000}, 5_000),
    ],
)
def test_desk_grants_nothing_that_was_paid_nor_more_than_was_asked(db, keyring, setting, granted) -> None:
    """R-40: nothing moves."""
    books = Books(db, keyring, **setting)
    with pytest.raises(NothingToPay):
        books.grant(granted, "Pourquoi pas.")
    assert (books.case.state, books.row.is_contested) == (CaseState.SENT, True)


def test_desk_gives_reasons_for_anything_less_than_what_is_expected(db, keyring) -> None:
    """R-40"""
    books = Books(db, keyring, **REJECTED)
    for act in (lambda: books.grant(7_000, " "), lambda: books.refuse(" \n")):
        with pytest.raises(WrongState):
            act()
    books.refuse("Les droits étaient fermés.")
    assert (books.case.state, books.row.state) == (CaseState.REFUSED, InvoiceState.REJECTED)
    with pytest.raises(WrongState):
        books.grant(8_000)


def test_nobody_but_the_desk_answers_and_no_other_kind_of_case(db, keyring) -> None:
    """R-72"""
    books = Books(db, keyring, **REJECTED)
    with pytest.raises(PermissionError):
        grant_dispute(db, books.user, keyring, books.case, 8_000, "", NOW)
    with pytest.raises(PermissionError):
        agent_at_work(books.user, books.agent.letters)
    other = begin_case(db, books.user, CaseKind.MESSAGE, NOW)
    with pytest.raises(WrongState):
        grant_dispute(db, books.agent, keyring, other, 1, "", NOW)
    with pytest.raises(WrongState):
        refuse_dispute(db, books.agent, keyring, other, "Non.", NOW)


def test_import_that_rewrites_the_invoice_ends_no_dispute(db, keyring) -> None:
    """R-40: contested is the case's to say; totals, filters and the row agree."""
    books = Books(db, keyring, **REJECTED)
    late = lateness_on(db, DAY)
    counts = {}
    for state in (InvoiceState.CONTESTED, InvoiceState.REJECTED, InvoiceState.CHECKED):
        filters = InvoiceFilters(state=state)
        rows = invoice_page(db, books.user, filters, late).rows
        assert invoice_totals(db, books.user, filters, late).invoices == len(rows)
        counts[state] = len(rows)
    assert counts == {InvoiceState.CONTESTED: 1, InvoiceState.REJECTED: 0, InvoiceState.CHECKED: 0}
    books.invoice.state = InvoiceState.CHECKED
    db.add(books.invoice)
    db.flush()
    assert books.row.shown_state is InvoiceState.CONTESTED
    assert [dispute.state for _, dispute in disputes_about(db, books.row)] == [InvoiceState.REJECTED]
