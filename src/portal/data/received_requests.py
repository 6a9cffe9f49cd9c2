"""Requests on somebody's data that came to the insurer otherwise than through the portal (R-70): by post, by e-mail, at
the counter. How one came, who wrote, where the answer goes.

The law's month runs from the day on which it came (GDPR 12(3)): the case's `sent_at` is that day, whenever an agent
wrote it down (`data/request_reception.py`).
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account
from portal.data.case_slots import Slot
from portal.data.cases import Case
from portal.data.columns import instant
from portal.data.standing import closed, suspended
from portal.security import Keyring

LETTER_SLOT = "courrier"


class Channel(StrEnum):
    """How a request came. Values are stored."""

    POST = "courrier"
    EMAIL = "courriel"
    COUNTER = "guichet"


class Asker(StrEnum):
    """Who asks: the person, or somebody on the person's behalf. Values are stored."""

    PERSON = "personne"
    PARENT = "parent"
    GUARDIAN = "tuteur"
    MANDATARY = "mandataire"
    HEIR = "heritier"


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a letter answers: a name and a postal address, by lines; the address is empty where none is needed."""

    name: str
    address: str


class ReceivedRequest(SQLModel, table=True):
    """How a request on data came. `sender_encrypted`: a `Sender`, JSON, empty once its account was erased.
    `recorded_at`: when an agent wrote it down, the day on which it came being the case's own."""

    __tablename__ = "received_request"

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    channel: str
    asker: str
    sender_encrypted: bytes | None = None
    recorded_at: datetime = instant()
    recorded_by: int | None = Field(default=None, foreign_key="account.id")

    @property
    def is_from_person(self) -> bool:
        return self.asker == Asker.PERSON


def reception_of(db: Session, case: Case) -> ReceivedRequest | None:
    """How the request came, or None for one that its author sent through the portal. The caller has found the case."""
    return db.get(ReceivedRequest, case.id)


def sender_of(keyring: Keyring, received: ReceivedRequest) -> Sender:
    """Whom a letter answers; nobody once that was erased."""
    return (
        Sender(**json.loads(keyring.decrypt(received.sender_encrypted)))
        if received.sender_encrypted
        else Sender("", "")
    )


def sealed_sender(keyring: Keyring, sender: Sender) -> bytes:
    """A sender as the table keeps it."""
    return keyring.encrypt(json.dumps(asdict(sender), ensure_ascii=False))


def answers_on_paper(db: Session, case: Case) -> bool:
    """Whether what the insurer says of the request goes out as a letter: nobody reads it on the portal, or somebody
    else than the account's holder asked."""
    received = reception_of(db, case)
    return received is not None and not (received.is_from_person and is_reached_online(db, case.account_id))


def is_reached_online(db: Session, account_id: int | None) -> bool:
    """Whether an account's holder can sign in and read."""
    usable = select(Account.id).where(col(Account.id) == account_id, ~closed, ~suspended)
    return account_id is not None and db.exec(usable).first() is not None


def letter_slots(db: Session, case: Case) -> list[Slot]:
    """The place of the letter that came; of a letter that somebody else wrote, the desk's alone."""
    received = reception_of(db, case)
    if received is None:
        return []
    hint = "Ce qui est arrivé, numérisé."
    return [Slot(LETTER_SLOT, "Demande reçue", hint, is_required=False, is_for_desk=not received.is_from_person)]
