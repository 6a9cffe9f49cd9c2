"""Kinds of what professionals were paid: transfers, and remittance-lines, which say what each is for."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.invoice_loading import match_lines
from portal.data.loading import Row, Target
from portal.data.references import References, providers, transfers
from portal.data.transfers import RemittanceLine, Transfer
from portal.formatting import number
from portal.importing.kinds import Kind, PlainResolver, known
from portal.importing.problems import RejectedRow
from portal.importing.values import amount, code, day, integer, national_id, optional, remembered, required, words
from portal.security import Keyring


class TransferRecord(NamedTuple):
    reference: str
    provider: str
    paid_on: str
    amount: int
    iban_masked: str


class RemittanceRecord(NamedTuple):
    transfer: str
    provider: str
    position: int
    invoice: str
    label: str
    amount: int


class TransferResolver(PlainResolver):
    """Finds the practice."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._providers = References(db, providers)
        self._practice: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._practice = self._providers.load({record.provider for record in records})

    def row(self, record: Any) -> Row:
        provider_id = known(self._practice, record.provider, "provider", "le professionnel")
        return (record.reference, provider_id, *record[2:])


class RemittanceResolver(PlainResolver):
    """Finds the practice's transfer; once the file is read, the invoices that its lines name."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._providers, self._transfers = References(db, providers), References(db, transfers)
        self._practice: dict[str, int] = {}
        self._sent: dict[str, dict[int, int]] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._practice = self._providers.load({record.provider for record in records})
        self._sent = self._transfers.load({record.transfer for record in records})

    def row(self, record: Any) -> Row:
        provider_id = known(self._practice, record.provider, "provider", "le professionnel")
        sent = known(self._sent, record.transfer, "transfer", "le virement")
        if provider_id not in sent:
            raise RejectedRow("transfer", record.transfer, "n’est pas au nom de ce professionnel")
        return (sent[provider_id], *record[2:])

    def conclude(self) -> int:
        """Ties the lines to the invoices that they name: no row of this file."""
        match_lines(self._db)
        return 0


def _check_transfer(record: Any) -> None:
    if record.amount <= 0:
        raise RejectedRow("amount", number(record.amount), "un virement est supérieur à zéro")


def _check_line(record: Any) -> None:
    if record.amount == 0:
        raise RejectedRow("amount", number(record.amount), "une ligne de zéro ne dit rien")


_CODE, _AMOUNT, _PRACTICE = required(code), required(amount), remembered(required(national_id))

TRANSFERS = Kind(
    "transfers",
    TransferRecord,
    {
        "reference": _CODE,
        "provider": _PRACTICE,
        "paid_on": remembered(required(day)),
        "amount": _AMOUNT,
        "iban_masked": optional(words, ""),
    },
    Target(
        Transfer,
        ("reference", "provider_id"),
        ("reference", "provider_id", "paid_on", "amount_cents", "iban_masked"),
    ),
    TransferResolver,
    check=_check_transfer,
)

REMITTANCE_LINES = Kind(
    "remittance-lines",
    RemittanceRecord,
    {
        "transfer": _CODE,
        "provider": _PRACTICE,
        "position": required(integer(1)),
        "invoice": _CODE,
        "label": optional(words, ""),
        "amount": _AMOUNT,
    },
    Target(
        RemittanceLine,
        ("transfer_id", "position"),
        ("transfer_id", "position", "invoice_number", "label", "amount_cents"),
        pinned=("invoice_number",),
    ),
    RemittanceResolver,
    check=_check_line,
)
