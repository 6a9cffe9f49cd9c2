"""Kinds of how a person is reimbursed: bank-details, remote-links."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.bank_words import WrongIban, details_of, iban_of
from portal.data.bank_changes import sealed
from portal.data.bank_details import BankDetails
from portal.data.loading import Row, Target
from portal.data.references import References, persons
from portal.data.remote_links import LinkCause, LinkState, RemoteLink
from portal.importing.kinds import Kind, PlainResolver, known
from portal.importing.problems import RejectedRow
from portal.importing.values import choice, code, day, optional, required, words
from portal.security import Keyring


class BankRecord(NamedTuple):
    person: str
    iban: str
    holder: str
    since: str


class RemoteLinkRecord(NamedTuple):
    person: str
    state: str
    since: str
    cause: str
    other_insurer: str
    checked_on: str


class PersonalResolver(PlainResolver):
    """Finds the person."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._persons = References(db, persons)
        self._found: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._found = self._persons.load({record.person for record in records})

    def row(self, record: Any) -> Row:
        return (known(self._found, record.person, "person", "la personne"), *record[1:])


class BankResolver(PersonalResolver):
    """Stores the IBAN encrypted, beside the keyed hash that tells whether it changed."""

    def row(self, record: Any) -> Row:
        person_id = super().row(record)[0]
        try:
            details = details_of(iban_of(record.iban), record.holder)
        except WrongIban as wrong:
            raise RejectedRow("iban", "", str(wrong)) from wrong
        kept = sealed(self._keyring, details)
        shown = (kept["iban_lookup"], kept["masked"], kept["bank"])
        return (person_id, record.since, *shown, kept["iban_encrypted"], kept["holder_encrypted"])


BANK_DETAILS = Kind(
    "bank-details",
    BankRecord,
    {"person": required(code), "iban": required(words), "holder": required(words), "since": required(day)},
    Target(
        BankDetails,
        ("person_id", "reported_on"),
        ("person_id", "reported_on", "iban_lookup", "masked", "bank"),
        unseen=("iban_encrypted", "holder_encrypted"),
    ),
    BankResolver,
)

REMOTE_LINKS = Kind(
    "remote-links",
    RemoteLinkRecord,
    {
        "person": required(code),
        "state": required(choice(LinkState)),
        "since": required(day),
        "cause": optional(choice(LinkCause), ""),
        "other_insurer": optional(words, ""),
        "checked_on": required(day),
    },
    Target(
        RemoteLink,
        ("person_id",),
        ("person_id", "state", "since", "cause", "other_insurer", "checked_on"),
    ),
    PersonalResolver,
)
