"""Two practices with invoices and transfers; somebody of the first one is signed in."""

from datetime import date, timedelta
from typing import Any

import pytest

from portal.data.accounts import Role, Space
from portal.data.invoices import Channel, Invoice, InvoiceLot, InvoiceState, InvoiceStep
from portal.data.organisations import Provider
from portal.data.parameters import Parameter
from portal.data.reject_codes import RejectCode
from portal.data.transfers import RemittanceLine, Transfer
from portal.folding import fold
from portal.formatting import today
from tests.support import factories
from tests.support.entry import enter

DAY = date(2026, 3, 2)


def _added(db, row: Any) -> Any:
    db.add(row)
    db.flush()
    return row


class Practice:
    """The first practice (`mine`), the second one (`theirs`). Each method adds to the first, or to the one given."""

    def __init__(self, client) -> None:
        self.keyring, self._database = client.services.keyring, client.services.database
        self.today = today()
        with self._database.write() as db:
            self.mine, self.theirs = (
                _added(db, Provider(national_id=number, profession="opticien", name="Optique Exemple"))
                for number in ("990000018", "990000026")
            )
            self.user = factories.provider_account(db, self.keyring, provider_id=self.mine.id)
            self.stranger = factories.provider_account(db, self.keyring, provider_id=self.theirs.id)
            role = (Space.PROVIDER, Role.PROVIDER_STAFF)
            self.colleague = factories.account(db, self.keyring, *role, provider_id=self.mine.id)
            self.person = factories.person(db, "Zoé", last_name="Exemple")
            _reference(db)

    def invoice(self, number="F1", of=None, patient="Zoé Exemple", person=None, **values):
        """80,00 € asked and granted of 120,00 €, paid, unless told otherwise."""
        amounts = {"total_cents": 12_000, "base_cents": 4_000, "requested_cents": 8_000, "accepted_cents": 8_000}
        day = values.get("received_on", DAY)
        told = {"care_date": day, "received_on": day, "channel": Channel.DRE, "state": InvoiceState.PAID}
        values = amounts | told | {"state_on": day} | values
        names = {"provider_id": (of or self.mine).id, "patient": patient, "search": fold(patient), "person_id": person}
        with self._database.write() as db:
            made = _added(db, Invoice(number=number, **names, **values))
            code = values.get("reject_code", "")
            step = {"state_on": values["state_on"], "state": values["state"], "reject_code": code}
            _added(db, InvoiceStep(invoice_id=made.id, **step))
        return made

    def lot(self, number="LOT1", of=None):
        with self._database.write() as db:
            return _added(db, InvoiceLot(number=number, provider_id=(of or self.mine).id))

    def pay(self, *lines, reference="VIR1", of=None, paid_on=DAY + timedelta(days=4), amount=None):
        """A transfer of lines (number, invoice or None, cents)."""
        total = sum(cents for _, _, cents in lines) if amount is None else amount
        with self._database.write() as db:
            of_whom = (of or self.mine).id
            sent = Transfer(reference=reference, provider_id=of_whom, paid_on=paid_on, amount_cents=total)
            _added(db, sent)
            for position, (number, paid, cents) in enumerate(lines, 1):
                named = {"invoice_number": number, "invoice_id": paid.id if paid else None, "amount_cents": cents}
                _added(db, RemittanceLine(transfer_id=sent.id, position=position, **named))
        return sent

    def name(self, kind, row):
        return self.keyring.conceal(kind, [row.id])[0]


def _reference(db) -> None:
    first = date(2020, 1, 1)
    delays = {"delai_facture_jours": 7, "delai_facture_papier_jours": 30, "delai_contestation_facture_jours": 20}
    for code, days in delays.items():
        _added(db, Parameter(code=code, label=code, unit="nombre", value=days, valid_from=first))
    for code, can_resend in (("R04", True), ("R05", False)):
        words = {"label": f"Libellé {code}", "cause": f"Cause {code}", "what_to_do": f"À faire {code}"}
        _added(db, RejectCode(code=code, **words, is_resubmittable=can_resend, valid_from=first))


@pytest.fixture
def practice(client) -> Practice:
    made = Practice(client)
    enter(client, made.user)
    return made
