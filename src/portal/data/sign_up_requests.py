"""Forms of sign-up that wait to be answered, for a moment: receiving one takes the same work whoever sent it (B10).

No viewer: whoever sent one is nobody yet. A form is encrypted, and gone once it is answered.
"""

from datetime import datetime

import msgspec
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import instant
from portal.data.sign_up_claims import EmployerClaim, MemberClaim, ProviderClaim
from portal.security import Keyring


class SignUpForm(msgspec.Struct, frozen=True, tag="sign-up"):
    """A form of sign-up. `terms`: the version accepted, None before there are any; `where`: address and browser."""

    claim: MemberClaim | EmployerClaim | ProviderClaim
    email: str
    terms: int | None
    where: dict[str, str]


class ResendForm(msgspec.Struct, frozen=True, tag="resend"):
    """Somebody asks for the letters again, by identifier or address."""

    typed: str
    where: dict[str, str]


Form = SignUpForm | ResendForm


class SignUpRequest(SQLModel, table=True):
    """A form that was received, encrypted."""

    __tablename__ = "sign_up_request"

    id: int | None = Field(default=None, primary_key=True)
    form_encrypted: bytes
    received_at: datetime = instant()


def keep_request(db: Session, keyring: Keyring, form: Form, now: datetime) -> int:
    """Keeps a form until it is answered; its number."""
    row = SignUpRequest(form_encrypted=keyring.encrypt(msgspec.json.encode(form).decode()), received_at=now)
    db.add(row)
    db.flush()
    return row.id or 0


def take_request(db: Session, keyring: Keyring, request_id: int) -> tuple[Form, datetime] | None:
    """Takes a form out, to be answered in the same transaction, and when it came; None when somebody else has."""
    row = db.get(SignUpRequest, request_id, with_for_update=True, populate_existing=True)
    if row is None:
        return None
    form = msgspec.json.decode(keyring.decrypt(row.form_encrypted), type=SignUpForm | ResendForm)
    db.delete(row)
    db.flush()
    return form, row.received_at


def requests_left(db: Session, before: datetime) -> list[int]:
    """The numbers of the forms received before then that nobody has answered."""
    query = select(SignUpRequest.id).where(SignUpRequest.received_at < before).order_by(col(SignUpRequest.id))
    return [row or 0 for row in db.exec(query)]
