"""Decisions of the desk on their way: written down, read again as the person will read them, then applied; or, where a
rule asks for four eyes (`second_looks`), proposed until another agent approves them or sends them back.

What a decision says is encrypted, and forgotten once it is settled: the case holds it then. What applies a decision is
the caller's (`Applier`), so that every kind of case, whoever decides it, goes through here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import ColumnElement, delete
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.case_desk import Agent, lock_for_desk
from portal.data.cases import Case, CaseMoved
from portal.data.columns import Index, instant
from portal.data.decisions import Decision
from portal.data.parties import is_party
from portal.data.second_looks import needs_second_look
from portal.data.sessions import Viewer
from portal.formatting import day_in_france
from portal.security import Keyring

# It returns the storage names of the files that it destroys, if it destroys any.
Applier = Callable[[Session, Agent, Keyring, Case, Decision, datetime], Sequence[str] | None]


class ProposalState(StrEnum):
    """Values are stored. RETURNED: sent back to its author, with a reason. EXPIRED: the case moved meanwhile."""

    DRAFT = "brouillon"
    WAITING = "a_valider"
    APPLIED = "appliquee"
    RETURNED = "renvoyee"
    EXPIRED = "perimee"


class DecisionProposal(SQLModel, table=True):
    """A decision. `version`: the case's own, as whoever wrote it saw it. `cents`: what it has the insurer pay.
    `matter`: what the case is about, where a rule tells matters apart. `payload_encrypted`: the `Decision`; empty once
    settled. `note_encrypted`: why it was sent back."""

    __tablename__ = "decision_proposal"
    __table_args__ = (
        Index("ix_decision_proposal_case", "case_id", "state"),
        Index("ix_decision_proposal_state", "state", "kind", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    kind: str
    act: str
    version: int
    cents: int | None = None
    matter: str = ""
    state: str
    written_by: int = Field(foreign_key="account.id")
    written_at: datetime = instant()
    payload_encrypted: bytes = b""
    settled_by: int | None = Field(default=None, foreign_key="account.id")
    settled_at: datetime | None = instant(default=None)
    note_encrypted: bytes | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of sending a decision. `gone`: the storage names of files that nothing names any more, whose contents
    the caller removes once this is committed (`attachments.discard`)."""

    row: DecisionProposal
    gone: tuple[str, ...] = ()


class AlreadyProposed(Exception):
    """Another decision on this case waits for approval."""


class NotForYou(Exception):
    """Nobody approves their own decision, nor one on a case that they are party to."""


class Settled(Exception):
    """The decision was settled meanwhile; `row` says how."""

    def __init__(self, row: DecisionProposal) -> None:
        super().__init__()
        self.row = row


# --- writing one ---


def write_decision(
    db: Session,
    agent: Agent,
    keyring: Keyring,
    case: Case,
    decision: Decision,
    now: datetime,
    *,
    cents: int | None = None,
    matter: str = "",
) -> DecisionProposal:
    """Keeps what an agent means to decide of a locked case, in the place of what the same agent wrote before. Nobody is
    told, nothing is applied.

    What was written before goes after: SQLite gives the number of a row that went to the next one, and a preview left
    open would send words that it does not show."""
    row = DecisionProposal(
        case_id=case.id or 0,
        kind=case.kind,
        act=decision.act,
        version=case.version,
        cents=cents,
        matter=matter,
        state=ProposalState.DRAFT,
        written_by=agent.account_id,
        written_at=now,
        payload_encrypted=keyring.encrypt(msgspec.json.encode(decision).decode()),
    )
    db.add(row)
    db.flush()
    former = (*_drafts(agent, case), DecisionProposal.id != row.id)
    db.execute(delete(DecisionProposal).where(*former))
    return row


def draft_of(db: Session, viewer: Viewer, case: Case, proposal_id: int) -> DecisionProposal | None:
    """What the viewer wrote and has not sent, or was sent back to them, on a case that they have found; else None."""
    row = db.get(DecisionProposal, proposal_id)
    is_theirs = row is not None and (row.case_id, row.written_by) == (case.id, viewer.account_id)
    return row if is_theirs and row is not None and row.payload_encrypted else None


def newest_draft(db: Session, viewer: Viewer, case: Case) -> DecisionProposal | None:
    """What the viewer wrote last on a case that they have found, and has not sent; None when nothing waits."""
    query = select(DecisionProposal).where(*_drafts(viewer, case))
    return db.exec(query.order_by(col(DecisionProposal.id).desc())).first()


def decision_in(keyring: Keyring, row: DecisionProposal) -> Decision:
    """What a decision says."""
    return msgspec.json.decode(keyring.decrypt(row.payload_encrypted), type=Decision)


def asks_for_second_look(db: Session, row: DecisionProposal, now: datetime) -> bool:
    """Whether a second agent must approve this one."""
    return needs_second_look(db, row.kind, row.act, row.cents, day_in_france(now), row.matter)


def settle(db: Session, agent: Agent, keyring: Keyring, proposal_id: int, apply: Applier, now: datetime) -> Settlement:
    """Sends what the agent wrote: applies it, or has it wait for a second agent where a rule asks for one. Pressed
    twice, it is done once.

    Raises `CaseMoved`, `AlreadyProposed`, `Settled`, `NotForYou` for somebody else's, and what `apply` raises.
    """
    row, case = _locked(db, agent, keyring, proposal_id)
    if row.written_by != agent.account_id:
        raise NotForYou
    if row.state != ProposalState.DRAFT:
        raise Settled(row)
    if asks_for_second_look(db, row, now):
        if waiting_on(db, case) is not None:
            raise AlreadyProposed
        row.state, row.written_at = ProposalState.WAITING, now
        db.add(row)
        db.flush()
        return Settlement(row)
    return _apply(db, agent, keyring, row, case, apply, now)


def _drafts(viewer: Viewer, case: Case) -> tuple[ColumnElement[bool], ...]:
    is_draft = col(DecisionProposal.state) == ProposalState.DRAFT
    of_case = col(DecisionProposal.case_id) == case.id
    return (of_case, is_draft, col(DecisionProposal.written_by) == viewer.account_id)


# --- the second agent ---


def waiting_on(db: Session, case: Case) -> DecisionProposal | None:
    """The decision on a case that waits for a second agent; None once the case has moved past it."""
    query = select(DecisionProposal).where(
        DecisionProposal.case_id == case.id,
        DecisionProposal.state == ProposalState.WAITING,
        DecisionProposal.version == case.version,
    )
    return db.exec(query.order_by(col(DecisionProposal.id).desc())).first()


def approve(db: Session, agent: Agent, keyring: Keyring, proposal_id: int, apply: Applier, now: datetime) -> Settlement:
    """A second agent approves a decision, which is applied then, once. Raises `NotForYou`, `Settled`, `CaseMoved`, and
    what `apply` raises."""
    row, case = _taken(db, agent, keyring, proposal_id)
    return _apply(db, agent, keyring, row, case, apply, now)


def send_back(
    db: Session, agent: Agent, keyring: Keyring, proposal_id: int, reason: str, now: datetime
) -> DecisionProposal:
    """A second agent sends a decision back to whoever wrote it, who may change it and propose it again. Raises
    `NotForYou`, `Settled`, `CaseMoved`."""
    row, _ = _taken(db, agent, keyring, proposal_id)
    row.state, row.settled_by, row.settled_at = ProposalState.RETURNED, agent.account_id, now
    row.note_encrypted = keyring.encrypt(reason)
    db.add(row)
    db.flush()
    return row


def _taken(db: Session, agent: Agent, keyring: Keyring, proposal_id: int) -> tuple[DecisionProposal, Case]:
    """A decision that waits, and its case, locked for a second agent."""
    row, case = _locked(db, agent, keyring, proposal_id)
    if row.written_by == agent.account_id:
        raise NotForYou
    if row.state != ProposalState.WAITING:
        raise Settled(row)
    return row, case


def _locked(db: Session, agent: Agent, keyring: Keyring, proposal_id: int) -> tuple[DecisionProposal, Case]:
    """The case first, as everywhere, then the decision. Raises `NotForYou`, `Settled`, `CaseMoved`."""
    seen = db.get(DecisionProposal, proposal_id)
    if seen is None:
        raise NotForYou
    moved: CaseMoved | None = None
    try:
        case = lock_for_desk(db, agent, seen.case_id, seen.version)
    except CaseMoved as problem:
        case, moved = problem.case, problem
    row = db.get_one(DecisionProposal, proposal_id, populate_existing=True, with_for_update=True)
    if case is None or is_party(db, keyring, agent.account_id, case):
        raise NotForYou
    if row.state not in {ProposalState.DRAFT, ProposalState.WAITING}:
        raise Settled(row)
    if moved is not None:
        raise moved
    return row, case


def _apply(
    db: Session, agent: Agent, keyring: Keyring, row: DecisionProposal, case: Case, apply: Applier, now: datetime
) -> Settlement:
    gone = apply(db, agent, keyring, case, decision_in(keyring, row), now)
    row.state, row.settled_by, row.settled_at, row.payload_encrypted = ProposalState.APPLIED, agent.account_id, now, b""
    db.add(row)
    db.flush()
    return Settlement(row, tuple(gone or ()))
