"""Carrying out what somebody wanted done with their data after death (law of 6 January 1978, article 85; R-70).

Only once the death is recorded. What cannot be taken back, by the dated rules of four eyes (`second_looks.py`), is
done by somebody else than whoever recorded the death: an error then takes two people.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.case_erasure import forget_drafts
from portal.data.cases import Case
from portal.data.death_follow import NothingLeft, WishOutcome, add_act, instructions_left
from portal.data.death_instructions import DeathInstruction, Instructions, Wish
from portal.data.death_recording import CLOSING_REASON
from portal.data.deaths import Death, DeathAct
from portal.data.erasure import empty_account
from portal.data.retention_holds import OPEN_STATES, hold_on
from portal.data.second_looks import needs_second_look
from portal.data.sessions import Stage, Viewer
from portal.data.work_items import DEATH
from portal.formatting import day_in_france
from portal.security import Keyring


class Obstacle(StrEnum):
    """Why a wish cannot be carried out now. OWN: the viewer recorded the death. HELD: a supervisor keeps all about the
    person. OPEN: a request waits for an answer."""

    OWN = "meme-agent"
    HELD = "conservation"
    OPEN = "demande-en-cours"


class CannotYet(Exception):
    """What stands in the way."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__()
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True)
class Wanted:
    """Instructions as whoever carries them out reads them, and the account that gave them."""

    number: int
    account: Account
    instructions: Instructions
    given_at: datetime
    obstacle: Obstacle | None = None


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What was done. `gone`: names of contents to remove from the storage once this is committed."""

    act: DeathAct
    account_id: int
    is_erased: bool = False
    gone: tuple[str, ...] = ()


def wanted(db: Session, viewer: Viewer, keyring: Keyring, death: Death, number: int, now: datetime) -> Wanted | None:
    """One of the instructions that wait to be carried out; None when there is none (any more)."""
    if all(each.number != number or each.act for each in instructions_left(db, death)):
        return None
    query = select(DeathInstruction, Account).join(Account, col(Account.id) == DeathInstruction.account_id)
    row, account = db.exec(query.where(DeathInstruction.id == number)).one()
    said = json.loads(keyring.decrypt(row.content_encrypted or b""))
    instructions = Instructions(**said | {"wish": Wish(said["wish"])})
    obstacle = _obstacle(db, viewer, death, account, instructions.wish, now)
    return Wanted(number, account, instructions, row.given_at, obstacle)


def carry_out(
    db: Session,
    viewer: Viewer,
    keyring: Keyring,
    death: Death,
    number: int,
    outcome: WishOutcome,
    note: str,
    now: datetime,
) -> CarriedOut:
    """Notes how instructions of a locked death ended; where they ask for it and it is DONE, erases the account as its
    holder's own deletion would. Raises `NothingLeft`, `CannotYet`."""
    found = wanted(db, viewer, keyring, death, number, now)
    if found is None:
        raise NothingLeft
    if outcome is WishOutcome.DONE and found.obstacle is not None:
        raise CannotYet(found.obstacle)
    act = add_act(db, death, viewer, outcome, keyring.encrypt(note), now, instruction=number)
    account_id = found.account.id or 0
    if outcome is not WishOutcome.DONE or found.instructions.wish is not Wish.ERASE:
        return CarriedOut(act, account_id)
    empty_account(db, account_id, CLOSING_REASON, now)
    return CarriedOut(act, account_id, is_erased=True, gone=tuple(forget_drafts(db, account_id)))


def viewer_for_copy(found: Wanted) -> Viewer:
    """Whose data a copy for the person named holds: the deceased's own account's. It opens no session."""
    account = found.account
    return Viewer(
        account_id=account.id or 0,
        space=account.space,
        role=account.role,
        display_name=account.display_name,
        organisation=account.organisation,
        person_id=account.person_id,
        stage=Stage.FULL,
        session_hash="",
        company_id=None,
        provider_id=None,
        confirmed_at=datetime.min.replace(tzinfo=UTC),
    )


def _obstacle(
    db: Session, viewer: Viewer, death: Death, account: Account, wish: Wish, now: datetime
) -> Obstacle | None:
    needs_another = needs_second_look(db, DEATH, wish, None, day_in_france(now))
    if needs_another and death.recorded_by == viewer.account_id:
        return Obstacle.OWN
    if wish is not Wish.ERASE:
        return None
    if hold_on(db, account) is not None:
        return Obstacle.HELD
    waiting = select(Case.id).where(Case.account_id == account.id, col(Case.state).in_(OPEN_STATES))
    return Obstacle.OPEN if db.exec(waiting).first() is not None else None
