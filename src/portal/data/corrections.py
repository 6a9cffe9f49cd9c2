"""Errors that people report in what the portal shows them (R-61): a case, sent at once, for the desk to judge."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel

from portal.data.case_messages import REPEATED_WITHIN, SentAlready
from portal.data.case_slots import Slot
from portal.data.cases import Case, CaseKind, CaseState, begin_case, cases_of, find_case, move_case, newest_case
from portal.data.sessions import Viewer
from portal.security import Keyring

KIND = CaseKind.CORRECTION
LONGEST_TEXT = 2000


class Subject(StrEnum):
    """What is wrong. Values are those of the pages' addresses, where a page is about it."""

    IDENTITY = "compte"
    BENEFITS = "prestations"
    STATEMENTS = "releves"
    GUARANTEES = "garanties"
    PORTABILITY = "portabilite"
    CARD = "carte"
    BENEFICIARIES = "beneficiaires"
    CLAIMS = "demandes"
    BANK = "coordonnees-bancaires"
    REMOTE_LINK = "teletransmission"
    INFORMATION = "informations"
    PROFESSIONAL = "professionnels"
    TEAM = "utilisateurs"
    OTHER = "autre"


class Correction(SQLModel, table=True):
    """What is said to be wrong; the text is empty once its account was erased. `page`: the path of the page where it
    was seen, whose opaque names say which record; empty when it is not known."""

    __tablename__ = "correction"

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    subject: str
    page: str = Field(default="", sa_column_kwargs={"server_default": ""})
    text_encrypted: bytes


@dataclass(frozen=True, slots=True)
class Reported:
    """A report as its author reads it."""

    case: Case
    subject: Subject
    page: str
    text: str


def correction_slots(*_: object) -> list[Slot]:
    """A report needs no piece; what proves it may be joined."""
    return [Slot("pieces", "Documents qui montrent l’erreur", is_required=False)]


def report_error(
    db: Session, viewer: Viewer, keyring: Keyring, subject: Subject, text: str, now: datetime, *, page: str = ""
) -> Case:
    """Reports an error, at once. `page`: the path of the page that shows it. The caller holds the account's count of
    messages, so that of two sendings at once the second one sees the first. Raises `SentAlready`."""
    _refuse_second(db, viewer, keyring, (subject, page, text), now)
    case = begin_case(db, viewer, KIND, now, member_id=viewer.person_id)
    row = Correction(case_id=case.id or 0, subject=subject, page=page, text_encrypted=keyring.encrypt(text))
    db.add(row)
    db.flush()
    move_case(db, case, CaseState.SENT, now, by=viewer.account_id)
    return case


def _refuse_second(
    db: Session, viewer: Viewer, keyring: Keyring, said: tuple[Subject, str, str], now: datetime
) -> None:
    newest = newest_case(db, viewer, KIND)
    if newest is None or now - newest.opened_at >= REPEATED_WITHIN:
        return
    last = reported_of(db, keyring, newest)
    if (last.subject, last.page, last.text) == said:
        raise SentAlready(newest.id or 0)


def reports_of(db: Session, viewer: Viewer, keyring: Keyring) -> list[Reported]:
    """The viewer's reports, the newest first."""
    return [reported_of(db, keyring, case) for case in cases_of(db, viewer, KIND)]


def report_of(db: Session, viewer: Viewer, keyring: Keyring, case_id: int) -> Reported | None:
    """One of the viewer's reports, or None."""
    case = find_case(db, viewer, case_id, KIND)
    return reported_of(db, keyring, case) if case else None


def reported_of(db: Session, keyring: Keyring, case: Case) -> Reported:
    """What a report says. The caller has found the case."""
    row = db.get_one(Correction, case.id)
    text = keyring.decrypt(row.text_encrypted) if row.text_encrypted else ""
    return Reported(case, Subject(row.subject), row.page, text)
