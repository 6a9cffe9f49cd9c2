"""Cases (dossiers): what a person asks of the insurer, from the draft to the answer.

Claims, changes of beneficiaries, complaints, messages are cases: one reference to quote, one state with its history,
pieces (`case_pieces.py`), a conversation (`case_messages.py`). A kind's own table, keyed by the case, holds the rest.

A case is its account's, or its practice's, and nobody else reads it here; the desk has its own way in
(`data/case_desk.py`). Each change raises `version`: whoever changes what somebody changed meanwhile loses nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal.data.accounts import Account
from portal.data.case_states import ALWAYS_OPEN, DECISIONS, ENDS, MOVES, WITH_INSURER, CaseKind, CaseState
from portal.data.columns import Index, instant
from portal.data.sessions import Viewer
from portal.data.work_items import Turn, follow_case
from portal.security import new_reference

__all__ = [
    "ALWAYS_OPEN",
    "DECISIONS",
    "ENDS",
    "MOST_DRAFTS",
    "MOVES",
    "WITH_INSURER",
    "Case",
    "CaseKind",
    "CaseMoved",
    "CaseState",
    "CaseStep",
    "TooManyDrafts",
    "WrongState",
    "add_case",
    "address_of",
    "begin_case",
    "cases_of",
    "find_case",
    "lock_case",
    "move_case",
    "new_case_reference",
    "newest_case",
    "open_anonymous_case",
    "open_case",
    "readable_by",
    "steps_of",
    "take_up_again",
    "touch",
]

MOST_DRAFTS = 20


class Case(SQLModel, table=True):
    """`account_id`: whose it is; empty for a complaint sent without an account. `person_id`: whom it is about, when it
    is about one person. `member_id`: the person who holds the contract it bears on. `due_at`: by when the insurer owes
    an answer, when a rule says so. `provider_id`: the practice whose users all read it and write in it."""

    __tablename__ = "case_file"
    __table_args__ = (
        Index("ix_case_account", "account_id", "kind", "id"),
        Index("ix_case_state", "state", "kind", "sent_at"),
        Index("ix_case_provider", "provider_id", "kind", "id"),
        Index("ix_case_person", "person_id"),
        Index("ix_case_member", "member_id"),
        Index("ix_case_owed", "state", "due_at", "kind"),
        Index("ix_case_received", "kind", "sent_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    kind: str
    space: str
    account_id: int | None = Field(default=None, foreign_key="account.id")
    member_id: int | None = Field(default=None, foreign_key="person.id")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    state: str = CaseState.DRAFT
    version: int = 1
    opened_at: datetime = instant()
    changed_at: datetime = instant()
    sent_at: datetime | None = instant(default=None)
    decided_at: datetime | None = instant(default=None)
    due_at: datetime | None = instant(default=None)
    provider_id: int | None = Field(default=None, foreign_key="provider.id")

    @property
    def is_draft(self) -> bool:
        return self.state == CaseState.DRAFT

    @property
    def is_over(self) -> bool:
        return self.state in ENDS or self.state == CaseState.CLOSED

    @property
    def takes_pieces(self) -> bool:
        """Whether the person may add pieces now: to what asks for none, until it ends."""
        return self.gives_pieces_back or (self.kind in ALWAYS_OPEN and not self.is_over)

    @property
    def gives_pieces_back(self) -> bool:
        """Whether the person may still take out, or replace, what the insurer has not taken."""
        return self.state in {CaseState.DRAFT, CaseState.INCOMPLETE}

    @property
    def object(self) -> str:
        """How the evidence names the case."""
        return f"{self.kind}:{self.reference}"


class CaseStep(SQLModel, table=True):
    """A state that a case took, when and by whom (an account; none for the portal itself). `reason`: what the person is
    told, encrypted: it may tell of their health."""

    __tablename__ = "case_step"
    __table_args__ = (Index("ix_case_step_case", "case_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    state: str
    at: datetime = instant()
    by: int | None = Field(default=None, foreign_key="account.id")
    reason_encrypted: bytes | None = None


class CaseMoved(Exception):
    """Somebody (another tab, the desk) changed the case since the person saw it; `case` is what it is now."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case


class WrongState(Exception):
    """The case's state does not allow this act."""


class TooManyDrafts(Exception):
    """The account has `MOST_DRAFTS` drafts already."""


def open_case(
    db: Session,
    viewer: Viewer,
    kind: CaseKind,
    now: datetime,
    *,
    member_id: int | None = None,
    person_id: int | None = None,
) -> Case:
    """A new draft of the viewer's. Raises `TooManyDrafts`."""
    drafts = select(func.count()).where(Case.account_id == viewer.account_id, Case.state == CaseState.DRAFT)
    if db.exec(drafts).one() >= MOST_DRAFTS:
        raise TooManyDrafts
    return begin_case(db, viewer, kind, now, member_id=member_id, person_id=person_id)


def begin_case(
    db: Session,
    viewer: Viewer,
    kind: CaseKind,
    now: datetime,
    *,
    member_id: int | None = None,
    person_id: int | None = None,
) -> Case:
    """A new case of the viewer's that is sent as it is begun, hence whatever the number of drafts."""
    return add_case(
        db,
        Case(
            reference=new_case_reference(db),
            kind=kind,
            space=viewer.space,
            account_id=viewer.account_id,
            member_id=member_id,
            person_id=person_id,
            opened_at=now,
            changed_at=now,
        ),
    )


def open_anonymous_case(db: Session, kind: CaseKind, space: str, now: datetime) -> Case:
    """A new draft of nobody who has an account (a complaint: anybody may complain)."""
    return add_case(db, Case(reference=new_case_reference(db), kind=kind, space=space, opened_at=now, changed_at=now))


def add_case(db: Session, case: Case) -> Case:
    """Keeps a new case with its first step."""
    db.add(case)
    db.flush()
    db.add(CaseStep(case_id=case.id or 0, state=case.state, at=case.opened_at, by=case.account_id))
    db.flush()
    return case


def find_case(db: Session, viewer: Viewer, case_id: int, *kinds: CaseKind) -> Case | None:
    """A case of one of these kinds that the viewer may read; None when there is none, or it is somebody else's."""
    return db.exec(_own(viewer, kinds).where(Case.id == case_id)).first()


def lock_case(db: Session, viewer: Viewer, case_id: int, version: int | None, *kinds: CaseKind) -> Case | None:
    """The viewer's case, for changing it in this transaction; None as for `find_case`.

    Raises `CaseMoved` when it is no longer the `version` that the person saw (None: what is done asks for none).
    """
    query = _own(viewer, kinds).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    case = db.exec(query).first()
    if case is not None and version not in {None, case.version}:
        raise CaseMoved(case)
    return case


def cases_of(db: Session, viewer: Viewer, *kinds: CaseKind) -> list[Case]:
    """The viewer's cases of these kinds: those that wait for the viewer, then drafts, then the newest."""
    rank = {CaseState.INCOMPLETE: 0, CaseState.DRAFT: 1}
    found = db.exec(_own(viewer, kinds).order_by(col(Case.id).desc()))
    return sorted(found, key=lambda case: rank.get(CaseState(case.state), 2))


def newest_case(db: Session, viewer: Viewer, kind: CaseKind) -> Case | None:
    """The last case of this kind that the viewer began, or None."""
    begun = select(Case).where(Case.account_id == viewer.account_id, Case.kind == kind)
    return db.exec(begun.order_by(col(Case.id).desc()).limit(1)).first()


def touch(db: Session, case: Case, now: datetime) -> None:
    """Marks a change of what the case holds: whoever saw it before must look again."""
    case.version, case.changed_at = case.version + 1, now
    db.add(case)
    db.flush()
    _tell_desk(db, case, now)


def move_case(
    db: Session, case: Case, state: CaseState, now: datetime, *, by: int | None, reason: bytes | None = None
) -> None:
    """Takes the case into `state`. `by`: the account that does it; `reason`: encrypted words for the person. Raises
    `WrongState` when the case cannot go there from where it is."""
    if state not in MOVES[CaseState(case.state)]:
        raise WrongState
    _enter(db, case, state, now, by=by, reason=reason)


def take_up_again(db: Session, case: Case, now: datetime, *, by: int | None) -> None:
    """Gives a locked case that lapsed back to its author, for what was asked to come after all. Raises `WrongState`."""
    if case.state != CaseState.LAPSED:
        raise WrongState
    _enter(db, case, CaseState.INCOMPLETE, now, by=by)


def _enter(
    db: Session, case: Case, state: CaseState, now: datetime, *, by: int | None, reason: bytes | None = None
) -> None:
    case.state = state
    if state is CaseState.SENT and case.sent_at is None:
        case.sent_at = now
    if state in DECISIONS:
        case.decided_at = now
    db.add(CaseStep(case_id=case.id or 0, state=state, at=now, by=by, reason_encrypted=reason))
    touch(db, case, now)


def steps_of(db: Session, case: Case) -> Sequence[CaseStep]:
    """The states that a case took, the first one first. The caller has found the case."""
    return db.exec(select(CaseStep).where(CaseStep.case_id == case.id).order_by(col(CaseStep.id))).all()


def address_of(db: Session, case: Case) -> str:
    """Where to write to about a case: its account's e-mail address; empty without an account, or an address."""
    return db.exec(select(Account.email).where(Account.id == case.account_id)).first() or ""


def readable_by(viewer: Viewer) -> ColumnElement[bool]:
    """Which cases are the viewer's to read: the account's own, and those that the viewer's practice shares."""
    own = col(Case.account_id) == viewer.account_id
    return own if viewer.provider_id is None else or_(own, col(Case.provider_id) == viewer.provider_id)


def _tell_desk(db: Session, case: Case, now: datetime) -> None:
    """The desk has nothing to do with a draft."""
    if not case.is_draft:
        turn = Turn.NOBODY if case.is_over else Turn.DESK if case.state in WITH_INSURER else Turn.PERSON
        follow_case(db, case.id or 0, case.kind, case.space, turn, case.due_at, now)


def _own(viewer: Viewer, kinds: Sequence[CaseKind]) -> SelectOfScalar[Case]:
    return select(Case).where(readable_by(viewer), col(Case.kind).in_(kinds))


def new_case_reference(db: Session) -> str:
    """A reference that no case has."""
    reference = new_reference()
    is_free = db.exec(select(Case.id).where(Case.reference == reference)).first() is None
    return reference if is_free else new_case_reference(db)
