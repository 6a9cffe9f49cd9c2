"""What a request on data asks for, as it is kept (R-70): which right, of what, in whose words."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel

from portal.data.cases import Case
from portal.data.columns import instant
from portal.data.data_right_rules import DataRight
from portal.data.persons import Person
from portal.security import Keyring


class DataField(StrEnum):
    """What only the insurer corrects. Of a person: as birth certificates and the base scheme have it. DISPLAY_NAME: of
    somebody who signs in for an organisation."""

    LAST_NAME = "nom"
    FIRST_NAME = "prenom"
    BIRTH_DATE = "naissance"
    NIR = "nir"
    DISPLAY_NAME = "affiche"


PERSON_FIELDS = (DataField.LAST_NAME, DataField.FIRST_NAME, DataField.BIRTH_DATE, DataField.NIR)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form asks for, checked. `value`: a name, an ISO day or a NIR, for a correction; `text`: the person's own
    words for the others, and a remark for a correction."""

    right: DataRight
    text: str = ""
    field: DataField | None = None
    value: str = ""


class DataRequest(SQLModel, table=True):
    """What is asked. `field`: what is to be corrected, empty for other rights. `details_encrypted`: JSON, empty once
    its account was erased. `identity_asked_at`: the desk doubts who asks; `identity_checked_at`: what proved it was
    seen, and destroyed. `applied_at`: when what was accepted changed the data."""

    __tablename__ = "data_request"

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    right: str
    field: str = ""
    details_encrypted: bytes | None = None
    extended_at: datetime | None = instant(default=None)
    extended_by: int | None = Field(default=None, foreign_key="account.id")
    extension_encrypted: bytes | None = None
    identity_asked_at: datetime | None = instant(default=None)
    identity_checked_at: datetime | None = instant(default=None)
    identity_checked_by: int | None = Field(default=None, foreign_key="account.id")
    applied_at: datetime | None = instant(default=None)

    @classmethod
    def of(cls, case: Case, keyring: Keyring, wanted: Wanted, former: str) -> "DataRequest":
        """The row of a new request; of a number, what the insurer held is not kept."""
        held = "" if wanted.field is DataField.NIR else former
        details = json.dumps({"text": wanted.text, "former": held, "value": wanted.value}, ensure_ascii=False)
        sealed = keyring.encrypt(details)
        return cls(case_id=case.id or 0, right=wanted.right, field=wanted.field or "", details_encrypted=sealed)


def request_row(db: Session, case: Case) -> DataRequest:
    """What is asked by a case that the caller has found. Raises `NoResultFound` for a case of another kind."""
    return db.get_one(DataRequest, case.id)


def person_value(keyring: Keyring, person: Person, field: DataField) -> str:
    """What the insurer holds in a field of a person; empty for a number that it does not have."""
    if field is DataField.NIR:
        return keyring.decrypt(person.nir_encrypted) if person.nir_encrypted else ""
    if field is DataField.BIRTH_DATE:
        return person.birth_date.isoformat()
    return person.last_name if field is DataField.LAST_NAME else person.first_name
