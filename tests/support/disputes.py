"""Contested invoices, as tests of pages meet them: contested through the pages, answered by the desk's functions."""

from datetime import timedelta
from typing import Any

from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.data.case_desk import lock_for_desk
from portal.data.cases import Case, CaseKind
from portal.data.columns import utc_now
from portal.data.invoices import Channel, Invoice, InvoiceState
from portal.pages.provider.invoices import INVOICE
from tests.support import factories

INVOICES = "/professionnel/factures"
DISPUTES = f"{INVOICES}/contestations"
TEXT = "L’ordonnance du 2 mars était jointe.\nLa voici à nouveau."
REFUSED = {"state": InvoiceState.REJECTED, "reject_code": "R04", "accepted_cents": 0}
PARTLY = {"state": InvoiceState.PAID_IN_PART, "accepted_cents": 5_000}


def sheet(practice, made) -> str:
    return f"{INVOICES}/{practice.name(INVOICE, made)}"


def contest(practice, made) -> str:
    """The page that contests an invoice."""
    return f"{INVOICES}/contester/{practice.name(INVOICE, made)}"


def late(practice, **values: Any):
    """An invoice that should have been paid by now."""
    day = practice.today - timedelta(days=10)
    told = {"channel": Channel.DRE, "state": InvoiceState.CHECKED, "accepted_cents": 0}
    return practice.invoice("TARD", received_on=day, **(told | values))


def begun(client, practice, made, **fields: str) -> str:
    """A draft about an invoice of which one motive fits; its path."""
    client.get(contest(practice, made))
    client.submit('main form[method="post"]', **({"texte": TEXT} | fields))
    return client.path


def sent(client, practice, made, **fields: str) -> str:
    """The same, sent."""
    path = begun(client, practice, made, **fields)
    client.submit(f'form[action="{path}/envoi"]')
    return path


def newest(client) -> Case:
    with client.services.database.read() as db:
        return db.exec(select(Case).where(Case.kind == CaseKind.INVOICE_DISPUTE).order_by(Case.id.desc())).first()


def stored(client, made) -> Invoice:
    with client.services.database.read() as db:
        return db.get_one(Invoice, made.id)


def at_desk(client, act, case: Case | None = None) -> None:
    """What an agent does with a dispute: `act(db, agent, keyring, case, now)`."""
    found = case or newest(client)
    keyring = client.services.keyring
    with client.services.database.write() as db:
        agent = factories.viewer_of(db, factories.desk_account(db, keyring), letters=CaseLetters(client.services))
        act(db, agent, keyring, lock_for_desk(db, agent, found.id, db.get_one(Case, found.id).version), utc_now())
