"""Kinds of what professionals are owed: reject-codes, invoices (their lots and their history with them)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.invoice_loading import LotName, Standing, lot_ids, match_lines, record_steps
from portal.data.invoices import Channel, Invoice, InvoiceState
from portal.data.loading import Row, Target, Verdict
from portal.data.references import References, persons, providers
from portal.data.reject_codes import RejectCode
from portal.folding import fold
from portal.formatting import number
from portal.importing.kinds import Kind, PlainResolver, check_period, known
from portal.importing.problems import RejectedRow
from portal.importing.values import (
    amount,
    boolean,
    choice,
    code,
    day,
    national_id,
    optional,
    remembered,
    required,
    words,
)
from portal.security import Keyring


class RejectRecord(NamedTuple):
    code: str
    label: str
    cause: str
    what_to_do: str
    resubmittable: bool
    valid_from: str
    valid_to: str | None


class InvoiceRecord(NamedTuple):
    number: str
    provider: str
    lot: str
    person: str | None
    patient: str
    care_date: str
    received_on: str
    channel: str
    total: int
    base: int
    requested: int
    accepted: int
    state: str
    state_on: str
    reject_code: str
    engagement: str
    replaces: str


class InvoiceResolver(PlainResolver):
    """Finds the practice and the person, makes the lot, keeps each state that a file gives."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._providers, self._persons = References(db, providers), References(db, persons)
        self._practice: dict[str, int] = {}
        self._person: dict[str, int] = {}
        self._lot: dict[LotName, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._practice = self._providers.load({record.provider for record in records})
        self._person = self._persons.load({record.person for record in records})
        known_ones = (record for record in records if record.lot and record.provider in self._practice)
        self._lot = lot_ids(self._db, {(self._practice[record.provider], record.lot) for record in known_ones})

    def row(self, record: Any) -> Row:
        provider_id = known(self._practice, record.provider, "provider", "le professionnel")
        person = known(self._person, record.person, "person", "la personne") if record.person else None
        lot_id = self._lot[provider_id, record.lot] if record.lot else None
        patient = record.patient
        return (record.number, provider_id, lot_id, person, patient, fold(patient), *record[5:])

    def revise(self, rows: Sequence[Row], verdicts: list[Verdict]) -> list[Verdict]:
        """The verdicts as they are; what was written is also a step of the history, as is a state that came late."""
        written = {Verdict.CREATED, Verdict.UPDATED, Verdict.OLDER}
        lots = {lot_id: number for (_, number), lot_id in self._lot.items()}
        pairs = zip(rows, verdicts, strict=True)
        record_steps(self._db, [_standing(row, lots) for row, verdict in pairs if verdict in written])
        return verdicts

    def conclude(self) -> int:
        """Lines of transfers that waited for their invoice find it: no row of this file."""
        match_lines(self._db)
        return 0


def _standing(row: Row, lots: Mapping[int, str]) -> Standing:
    told = dict(zip(INVOICES.target.columns, row, strict=True))
    lot = lots.get(told["lot_id"], "")
    return Standing(told["provider_id"], told["number"], told["state"], told["state_on"], told["reject_code"], lot)


def check_invoice(record: Any) -> None:
    """Raises `RejectedRow` when the amounts (cents), the days or the state contradict one another."""
    if record.base + record.requested > record.total:
        raise RejectedRow("total", number(record.total), "le total est inférieur à base + requested")
    if record.accepted > record.requested:
        raise RejectedRow("accepted", number(record.accepted), "la part accordée dépasse la part demandée")
    for name in ("base", "requested", "accepted"):
        if getattr(record, name) < 0:
            raise RejectedRow(name, number(getattr(record, name)), "un montant négatif n’est pas possible")
    check_period(record.received_on, record.state_on, "state_on")
    if record.state == InvoiceState.REJECTED and not record.reject_code:
        raise RejectedRow("reject_code", "", "une facture rejetée porte le code du rejet")
    if record.replaces == record.number:
        raise RejectedRow("replaces", record.replaces, "une facture n’en remplace pas une du même numéro")


def _check_validity(record: Any) -> None:
    check_period(record.valid_from, record.valid_to)


_CODE, _WORDS, _AMOUNT = required(code), required(words), remembered(required(amount))
_CODE_OR_NONE = remembered(optional(code, ""))
_DAY = remembered(required(day))

REJECT_CODES = Kind(
    "reject-codes",
    RejectRecord,
    {
        "code": _CODE,
        "label": _WORDS,
        "cause": _WORDS,
        "what_to_do": _WORDS,
        "resubmittable": required(boolean),
        "valid_from": _DAY,
        "valid_to": remembered(optional(day)),
    },
    Target(
        RejectCode,
        ("code", "valid_from"),
        ("code", "label", "cause", "what_to_do", "is_resubmittable", "valid_from", "valid_to"),
    ),
    check=_check_validity,
    booleans=frozenset({"resubmittable"}),
)

INVOICES = Kind(
    "invoices",
    InvoiceRecord,
    {
        "number": _CODE,
        "provider": remembered(required(national_id)),
        "lot": _CODE_OR_NONE,
        "person": optional(code),
        "patient": _WORDS,
        "care_date": _DAY,
        "received_on": _DAY,
        "channel": required(choice(Channel)),
        "total": _AMOUNT,
        "base": _AMOUNT,
        "requested": _AMOUNT,
        "accepted": remembered(optional(amount, 0)),
        "state": required(choice(InvoiceState)),
        "state_on": _DAY,
        "reject_code": _CODE_OR_NONE,
        "engagement": optional(code, ""),
        "replaces": optional(code, ""),
    },
    Target(
        Invoice,
        ("number", "provider_id"),
        (
            *("number", "provider_id", "lot_id", "person_id", "patient", "search", "care_date", "received_on"),
            *("channel", "total_cents", "base_cents", "requested_cents", "accepted_cents"),
            *("state", "state_on", "reject_code", "engagement", "replaces"),
        ),
        dated="state_on",
    ),
    InvoiceResolver,
    check=check_invoice,
)
