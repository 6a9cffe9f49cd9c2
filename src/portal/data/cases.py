"""Cases (dossiers): what a person asks of the insurer, from the draft to the answer.

Claims, quotes, changes of beneficiaries, complaints and messages are cases: one reference to quote, one state with its
history, pieces (`data/case_pieces.py`), a conversation (`data/case_messages.py`). What is particular to a kind stands
in that kind's own table, with the case's id as key.

A case is its account's, and nobody else reads it here; the desk has its own way in (`data/case_desk.py`). Each change
raises `version`: whoever changes what somebody changed meanwhile is told, and loses nothing.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal.data.accounts import Account
from portal.data.columns import Index, instant
from portal.data.sessions import Viewer


class CaseKind(StrEnum):
    """Values are stored, and part of the evidence."""

    CLAIM = "remboursement"
    QUOTE = "devis"
    BENEFICIARY_ADDED = "ajout-beneficiaire"
    BENEFICIARY_CHANGED = "modification-beneficiaire"
    BENEFICIARY_REMOVED = "retrait-beneficiaire"
    COMPLAINT = "reclamation"
    MESSAGE = "message"
    AUTONOMY = "autonomie"
    CORRECTION = "signalement-erreur"
    CONTRIBUTION_DISPUTE = "contestation-cotisation"
    PRACTICE_ADDRESS = "adresse-cabinet"
    PRACTICE_NUMBER = "finess-cabinet"
    DATA_RIGHT = "droit-donnees"


class CaseState(StrEnum):
    """DRAFT: not sent yet. INCOMPLETE: waits for the person (a piece, an answer). ANSWERED: a conversation in which the
    insurer spoke last. CANCELLED: taken back by the person."""

    DRAFT = "brouillon"
    SENT = "envoyee"
    IN_REVIEW = "en_instruction"
    INCOMPLETE = "a_completer"
    ANSWERED = "repondue"
    ACCEPTED = "acceptee"
    PARTLY = "acceptee_en_partie"
    REFUSED = "refusee"
    CANCELLED = "annulee"


S = CaseState
DECISIONS = frozenset({S.ACCEPTED, S.PARTLY, S.REFUSED})
ENDS = DECISIONS | {S.CANCELLED}
WITH_INSURER = frozenset({S.SENT, S.IN_REVIEW})
_BY_INSURER = DECISIONS | {S.IN_REVIEW, S.INCOMPLETE, S.ANSWERED}
# From each state, where a case may go next.
MOVES: dict[CaseState, frozenset[CaseState]] = {
    S.DRAFT: frozenset({S.SENT}),
    S.SENT: _BY_INSURER | {S.CANCELLED},
    S.IN_REVIEW: _BY_INSURER - {S.IN_REVIEW} | {S.CANCELLED},
    S.INCOMPLETE: frozenset({S.SENT, S.CANCELLED}) | DECISIONS,
    S.ANSWERED: frozenset({S.SENT, S.ANSWERED}) | ENDS,
    **dict.fromkeys(ENDS, frozenset()),
}

# Their authors write and add pieces until they end, and that alone answers the insurer.
ALWAYS_OPEN = frozenset({CaseKind.MESSAGE, CaseKind.COMPLAINT, CaseKind.CORRECTION})
MOST_DRAFTS = 20
# No 0, 1, I, L, O or U: a reference is read aloud on the telephone.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class Case(SQLModel, table=True):
    """`account_id`: whose it is; empty for a complaint sent without an account. `person_id`: whom it is about, when it
    is about one person. `member_id`: the person who holds the contract it bears on. `due_at`: by when the insurer owes
    an answer, when a rule says so."""

    __tablename__ = "case_file"
    __table_args__ = (
        Index("ix_case_account", "account_id", "kind", "id"),
        Index("ix_case_state", "state", "kind", "sent_at"),
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

    @property
    def is_draft(self) -> bool:
        return self.state == CaseState.DRAFT

    @property
    def is_over(self) -> bool:
        return self.state in ENDS

    @property
    def takes_pieces(self) -> bool:
        """Whether the person may add pieces now: to what asks for none, always, until it ends."""
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
            reference=_new_reference(db),
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
    return add_case(db, Case(reference=_new_reference(db), kind=kind, space=space, opened_at=now, changed_at=now))


def add_case(db: Session, case: Case) -> Case:
    """Keeps a new case with its first step."""
    db.add(case)
    db.flush()
    db.add(CaseStep(case_id=case.id or 0, state=case.state, at=case.opened_at, by=case.account_id))
    db.flush()
    return case


def find_case(db: Session, viewer: Viewer, case_id: int, *kinds: CaseKind) -> Case | None:
    """The viewer's case of one of these kinds; None when there is none, or it is somebody else's."""
    return db.exec(_own(viewer, kinds).where(Case.id == case_id)).first()


def lock_case(db: Session, viewer: Viewer, case_id: int, version: int | None, *kinds: CaseKind) -> Case | None:
    """The viewer's case, for changing it in this transaction; None as for `find_case`.

    Raises `CaseMoved` when it is no longer the `version` that the person saw (None: what is done asks for none).
    """
    query = _own(viewer, kinds).where(Case.id == case_id).with_for_update()
    case = db.exec(query.execution_options(populate_existing=True)).first()
    if case is not None and version not in {None, case.version}:
        raise CaseMoved(case)
    return case


def cases_of(db: Session, viewer: Viewer, *kinds: CaseKind) -> list[Case]:
    """The viewer's cases of these kinds: those that wait for the viewer, then drafts, then the newest."""
    rank = {CaseState.INCOMPLETE: 0, CaseState.DRAFT: 1}
    found = db.exec(_own(viewer, kinds).order_by(col(Case.id).desc()))
    return sorted(found, key=lambda case: rank.get(CaseState(case.state), 2))


def newest_case(db: Session, viewer: Viewer, kind: CaseKind) -> Case | None:
    """The viewer's last case of this kind, or None."""
    return db.exec(_own(viewer, (kind,)).order_by(col(Case.id).desc()).limit(1)).first()


def touch(db: Session, case: Case, now: datetime) -> None:
    """Marks a change of what the case holds: whoever saw it before must look again."""
    case.version += 1
    case.changed_at = now
    db.add(case)
    db.flush()


def move_case(
    db: Session, case: Case, state: CaseState, now: datetime, *, by: int | None, reason: bytes | None = None
) -> None:
    """Takes the case into `state`. `by`: the account that does it; `reason`: encrypted words for the person.

    Raises `WrongState` when the case cannot go there from where it is.
    """
    if state not in MOVES[CaseState(case.state)]:
        raise WrongState
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


def delete_draft(db: Session, case: Case) -> None:
    """Forgets a draft and its steps; its pieces and its kind's own row are gone already. Raises `WrongState`."""
    if not case.is_draft:
        raise WrongState
    db.exec(delete(CaseStep).where(col(CaseStep.case_id) == case.id))
    db.delete(case)
    db.flush()


def _own(viewer: Viewer, kinds: Sequence[CaseKind]) -> SelectOfScalar[Case]:
    return select(Case).where(Case.account_id == viewer.account_id, col(Case.kind).in_(kinds))


def _new_reference(db: Session) -> str:
    """Like « D-7K3F-9QXM »: random, so that it counts nobody's cases, and free."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    reference = f"D-{letters[:4]}-{letters[4:]}"
    is_taken = db.exec(select(Case.id).where(Case.reference == reference)).first() is not None
    return _new_reference(db) if is_taken else reference
