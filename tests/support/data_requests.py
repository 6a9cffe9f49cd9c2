"""Requests on one's data, for tests: a family, what it asks, the desk that decides."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.case_desk import Agent, lock_for_desk
from portal.data.case_pieces import add_pieces
from portal.data.cases import Case, CaseState, lock_case, move_case
from portal.data.data_request_rows import DataField, Wanted
from portal.data.data_request_slots import IDENTITY_SLOT
from portal.data.data_right_desk import ask_identity
from portal.data.data_right_rules import DataRight
from portal.data.data_rights import KIND, ask, send_request
from portal.data.decisions import Act, Decision
from portal.data.postal_letters import LetterKind
from portal.data.proposals import ProposalState, write_decision
from portal.data.sessions import Viewer
from portal.insurer import Insurer
from portal.postal_writing import write_case_letter
from portal.security import Keyring
from tests.support import factories
from tests.support.beneficiaries import new_file

NIR = "285057312345670"
NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
INSURER = Insurer(name="Mutuelle", address="1 rue A", phone="01", email="a@b.example", network="K")
REASON = "Il faut réunir des archives de trois services."
NAME = Wanted(DataRight.RECTIFICATION, field=DataField.LAST_NAME, value="Exemple")
ERASURE = Wanted(DataRight.ERASURE, "Effacez mon ancienne adresse, que vous avez gardée.")


@dataclass(frozen=True, slots=True)
class Said:
    """Letters that were posted: the reference of each case; those on paper are written."""

    news: list[str]
    keyring: Keyring

    def tell_of_news(self, db: Session, case: Case) -> None:  # noqa: ARG002
        self.news.append(case.reference)

    def acknowledge_complaint(self, db: Session, case: Case) -> None:
        """No request on data is a complaint."""

    def tell_of_autonomy(self, db: Session, case: Case) -> None:
        """No request on data is about autonomy."""

    def tell_of_overpayment(self, db: Session, member_id: int, now: datetime) -> None:
        """No request on data is about money."""

    def ask_for_account(self, db: Session, member_id: int, now: datetime) -> None:
        """No request on data is about money."""

    def write_on_paper(
        self, db: Session, case: Case, kind: LetterKind, words: str, now: datetime, *, by: int | None
    ) -> None:
        write_case_letter(db, self.keyring, INSURER, case, kind, words, now, by=by)


@dataclass(frozen=True, slots=True)
class Office:
    """Somebody who asks, somebody else, and an agent with what was written to people."""

    account: Account
    anne: Viewer
    stranger: Viewer
    agent: Agent
    said: Said


def office(db: Session, keyring: Keyring, **family: Any) -> Office:
    """A member with an account, a stranger, an agent."""
    account = factories.member_account(db, keyring, factories.household(db, **family).member, email="anne@a.example")
    account.display_name = "Anne Essai"
    stranger = factories.member_account(db, keyring, factories.household(db, name="Autre").member)
    said = Said([], keyring)
    agent = factories.viewer_of(db, factories.desk_account(db, keyring), letters=said)
    return Office(account, factories.viewer_of(db, account), factories.viewer_of(db, stranger), agent, said)


def sent(db: Session, keyring: Keyring, viewer: Viewer, wanted: Wanted = ERASURE, now: datetime = NOW) -> Case:
    """A request that the desk has; a correction with its proof."""
    case = ask(db, viewer, keyring, wanted, now)
    if case.is_draft:
        add_pieces(db, viewer, case, "justificatif", [new_file("acte.pdf")], now)
        send_request(db, viewer, keyring, case.id or 0, case.version, now)
    return lock_case(db, viewer, case.id or 0, None, KIND) or case


def at_desk(db: Session, agent: Agent, case: Case) -> Case:
    """The case as the desk locks it to act."""
    found = lock_for_desk(db, agent, case.id or 0, case.version)
    assert found
    return found


def proven(db: Session, keyring: Keyring, now: datetime) -> Case:
    """A request whose author was asked to prove who asks, and has done so: the desk looks at the proof."""
    made = office(db, keyring, name="Preuve")
    case = sent(db, keyring, made.anne, now=now)
    locked = at_desk(db, made.agent, case)
    ask_identity(db, made.agent, keyring, locked, "La demande vient d’un nouvel appareil.", now)
    add_pieces(db, made.anne, locked, IDENTITY_SLOT, [new_file()], now)
    move_case(db, locked, CaseState.SENT, now, by=made.account.id)
    return locked


def numbered(db: Session, keyring: Keyring, now: datetime) -> Case:
    """The correction of a Social Security number that one agent wrote, and that waits for another."""
    made = office(db, keyring, name="Numéro")
    case = sent(db, keyring, made.anne, Wanted(DataRight.RECTIFICATION, field=DataField.NIR, value=NIR), now)
    locked, decision = at_desk(db, made.agent, case), Decision(Act.ACCEPT, "")
    row = write_decision(db, made.agent, keyring, locked, decision, now, matter=DataField.NIR)
    row.state = ProposalState.WAITING
    db.add(row)
    return locked
