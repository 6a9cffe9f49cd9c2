"""A practice asks that its address, or its FINESS, be changed: a case with its evidence, for the desk to decide (R-03).

At most one of a kind is open for a practice, whoever of it asked. What the desk accepts takes effect on a day
(`practice_moving`); a request may be withdrawn until it is decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.case_erasure import delete_draft
from portal.data.case_pieces import pieces_of
from portal.data.case_slots import Slot, filled, missing
from portal.data.cases import (
    Case,
    CaseKind,
    CaseState,
    WrongState,
    find_case,
    lock_case,
    move_case,
    open_case,
    touch,
)
from portal.data.columns import Index, instant
from portal.data.organisations import Provider
from portal.data.practice_addresses import address_on
from portal.data.sessions import Viewer
from portal.data.team import user_names

KINDS = (CaseKind.PRACTICE_ADDRESS, CaseKind.PRACTICE_NUMBER)
FINESS_LENGTH = 9
BEFORE, AHEAD = timedelta(days=90), timedelta(days=365)
ADDRESS_PROOF = Slot(
    "justificatif-adresse",
    "Justificatif de la nouvelle adresse",
    "Bail, facture d’énergie ou extrait Kbis de moins de trois mois.",
)
NUMBER_PROOF = Slot(
    "attestation-finess",
    "Attestation du numéro FINESS",
    "Le courrier ou l’arrêté de l’agence régionale de santé, ou la fiche du répertoire FINESS.",
)


class PracticeChange(SQLModel, table=True):
    """What is asked: another address, or another `national_id`; the others are empty. `wanted_on`: from which day, by
    the practice; `takes_effect_on`: by the desk. `former`: what it took the place of, once applied: a number, or a
    directory's `place_key`."""

    __tablename__ = "practice_change"
    __table_args__ = (
        Index("ix_practice_change_provider", "provider_id"),
        Index("ix_practice_change_due", "takes_effect_on"),
        Index("ix_practice_change_former", "former"),
    )

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    provider_id: int = Field(foreign_key="provider.id")
    address: str = ""
    postcode: str = ""
    city: str = ""
    national_id: str = Field(default="", max_length=11)
    wanted_on: date
    former: str = ""
    takes_effect_on: date | None = None
    applied_at: datetime | None = instant(default=None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form asks for, checked."""

    kind: CaseKind
    wanted_on: date
    address: str = ""
    postcode: str = ""
    city: str = ""
    national_id: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A change as its practice reads it. `author`: whose request it is, empty once erased."""

    case: Case
    row: PracticeChange
    author: str

    @property
    def kind(self) -> CaseKind:
        return CaseKind(self.case.kind)

    @property
    def waits_for_its_day(self) -> bool:
        """Accepted, and not in effect yet."""
        return self.case.state == CaseState.ACCEPTED and self.row.applied_at is None

    @property
    def is_open(self) -> bool:
        """Whether nothing else of its kind may be asked for: it was sent, and is neither over nor in effect."""
        return self.waits_for_its_day or not (self.case.is_draft or self.case.is_over)


class AlreadyAsked(Exception):
    """A change of this kind is open for the practice."""


class NothingNew(Exception):
    """What is asked for is so already."""


class NoFiness(Exception):
    """The practice is known by an RPPS, which never changes."""


class ProofMissing(Exception):
    """The request lacks its evidence; `slot` is where it belongs."""

    def __init__(self, slot: Slot) -> None:
        super().__init__()
        self.slot = slot


def change_slots(_: Session, case: Case) -> Sequence[Slot]:
    """The evidence that a request takes."""
    return [ADDRESS_PROOF if case.kind == CaseKind.PRACTICE_ADDRESS else NUMBER_PROOF]


def changes_of(db: Session, viewer: Viewer) -> list[Asked]:
    """The requests of the viewer's practice, the newest first; of drafts, the viewer's own alone."""
    query = select(Case, PracticeChange).join(PracticeChange, col(PracticeChange.case_id) == Case.id)
    found = db.exec(query.where(PracticeChange.provider_id == viewer.provider_id).order_by(col(Case.id).desc()))
    names = user_names(db, viewer)
    return [
        Asked(case, row, names.get(case.account_id or 0, ""))
        for case, row in found
        if not case.is_draft or case.account_id == viewer.account_id
    ]


def find_change(db: Session, viewer: Viewer, case_id: int) -> Asked | None:
    """One of the viewer's own requests, or None."""
    case = find_case(db, viewer, case_id, *KINDS)
    return _asked(db, viewer, case) if case else None


def open_change(db: Session, viewer: Viewer, kind: CaseKind) -> Asked | None:
    """The request that keeps the viewer's practice from asking for another of the same kind."""
    return next((asked for asked in changes_of(db, viewer) if asked.kind is kind and asked.is_open), None)


def start_change(db: Session, viewer: Viewer, wanted: Wanted, now: datetime, today: date) -> Case:
    """A draft of what is wanted. Raises `AlreadyAsked`, `NothingNew`, `NoFiness`, `TooManyDrafts`."""
    practice = _held(db, viewer)
    _refuse(db, viewer, practice, wanted, today)
    case = open_case(db, viewer, wanted.kind, now)
    row = PracticeChange(case_id=case.id or 0, provider_id=practice.id or 0, wanted_on=wanted.wanted_on)
    _write(db, row, wanted)
    return case


def rewrite_change(
    db: Session, viewer: Viewer, case_id: int, version: int, wanted: Wanted, now: datetime, today: date
) -> Case | None:
    """Says something else in a draft, or in what the desk sent back; None without such a request.

    Raises `CaseMoved`, `NothingNew`, `WrongState`.
    """
    case = lock_case(db, viewer, case_id, version, wanted.kind)
    if case is None:
        return None
    if not case.gives_pieces_back:
        raise WrongState
    _refuse_same(db, _held(db, viewer), wanted, today)
    _write(db, db.get_one(PracticeChange, case.id), wanted)
    touch(db, case, now)
    return case


def send_change(db: Session, viewer: Viewer, case_id: int, version: int, now: datetime) -> Asked | None:
    """Sends a request, or sends it again; None without such a request. Of two sent at once, the second one sees the
    first. Raises `AlreadyAsked`, `CaseMoved`, `ProofMissing`, `WrongState`."""
    case = lock_case(db, viewer, case_id, version, *KINDS)
    if case is None:
        return None
    if not case.gives_pieces_back:
        raise WrongState
    if lacking := missing(filled(change_slots(db, case), pieces_of(db, case))):
        raise ProofMissing(lacking[0])
    _held(db, viewer)
    other = open_change(db, viewer, CaseKind(case.kind))
    if other is not None and other.case.id != case.id:
        raise AlreadyAsked
    move_case(db, case, CaseState.SENT, now, by=viewer.account_id)
    return _asked(db, viewer, case)


def withdraw_change(db: Session, viewer: Viewer, case_id: int, now: datetime) -> Case | None:
    """Takes back a request that was sent, and not decided; None without such a request. Raises `WrongState`."""
    case = lock_case(db, viewer, case_id, None, *KINDS)
    if case is not None:
        move_case(db, case, CaseState.CANCELLED, now, by=viewer.account_id)
    return case


def forget_change(db: Session, case: Case) -> None:
    """Deletes a locked draft; its pieces are gone already. Raises `WrongState`."""
    if not case.is_draft:
        raise WrongState
    db.delete(db.get_one(PracticeChange, case.id))
    db.flush()
    delete_draft(db, case)


def is_finess(number: str) -> bool:
    """Whether a practice's number is a FINESS: an RPPS has eleven digits."""
    return len(number) == FINESS_LENGTH


def _asked(db: Session, viewer: Viewer, case: Case) -> Asked:
    return Asked(case, db.get_one(PracticeChange, case.id), user_names(db, viewer).get(case.account_id or 0, ""))


def _held(db: Session, viewer: Viewer) -> Provider:
    return db.get_one(Provider, viewer.provider_id, with_for_update=True)


def _refuse(db: Session, viewer: Viewer, practice: Provider, wanted: Wanted, today: date) -> None:
    if wanted.kind is CaseKind.PRACTICE_NUMBER and not is_finess(practice.national_id):
        raise NoFiness
    if open_change(db, viewer, wanted.kind) is not None:
        raise AlreadyAsked
    _refuse_same(db, practice, wanted, today)


def _refuse_same(db: Session, practice: Provider, wanted: Wanted, today: date) -> None:
    if wanted.kind is CaseKind.PRACTICE_NUMBER:
        is_same = wanted.national_id == practice.national_id
    else:
        known = address_on(db, practice.id or 0, today)
        asked = (wanted.address, wanted.postcode, wanted.city)
        is_same = known is not None and asked == (known.address, known.postcode, known.city)
    if is_same:
        raise NothingNew


def _write(db: Session, row: PracticeChange, wanted: Wanted) -> None:
    row.address, row.postcode, row.city = wanted.address, wanted.postcode, wanted.city
    row.national_id, row.wanted_on = wanted.national_id, wanted.wanted_on
    db.add(row)
    db.flush()
