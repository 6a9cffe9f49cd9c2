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
        return (person_id, record.since, *sealed_details(self._keyring, record.iban, record.holder)[0])


def sealed_details(keyring: Keyring, typed: str, holder: str) -> tuple[Row, str]:
    """What is kept of an account, in the order of `iban_lookup`, `masked`, `bank`, `iban_encrypted`,
    `holder_encrypted`; and its BIC. Raises `RejectedRow`, without the IBAN."""
    try:
        iban = iban_of(typed)
    except WrongIban as wrong:
        raise RejectedRow("iban", "", str(wrong)) from wrong
    kept = sealed(keyring, details_of(iban, holder))
    names = ("iban_lookup", "masked", "bank", "iban_encrypted", "holder_encrypted")
    return tuple(kept[name] for name in names), str(iban.bic or "")


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
