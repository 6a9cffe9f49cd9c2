"""Fraud reports (R-13): freezing the account at once, and the case that the desk handles.

Reporting needs no viewer: whoever reports is signed in, knows the account's identifier and address, or comes by a link
that only its mailbox received.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, AccountSuspension, Space, SuspensionKind
from portal.data.bank_details import BankDetails, cancel_bank_change
from portal.data.blocks import BlockKind, block_of
from portal.data.columns import Index, instant
from portal.data.company_bank import COMPANY
from portal.data.desk_acts import is_frozen
from portal.data.email_changes import cancel_email_changes
from portal.data.known_browsers import forget_browsers
from portal.data.organisation_bank import cancel_change
from portal.data.organisation_banks import BankOwner, OrganisationBankColumns
from portal.data.persons import Person
from portal.data.practice_bank import PRACTICE
from portal.data.sessions import Viewer, end_sessions_of
from portal.data.work_items import Turn, follow_report
from portal.security import Keyring

REASON = "Vous avez signalé une utilisation frauduleuse de votre compte."
DESK_REASON = "Tout indique que quelqu’un d’autre se sert de votre compte."
LONGEST_TEXT = 2000


class FraudChannel(StrEnum):
    """How the report came: signed in, with identifier and address, or by the link of a letter. RIGHTS: nobody reported;
    checks of rights were frozen because they stayed unusual (R-62)."""

    SIGNED_IN = "connecte"
    PUBLIC = "identifiant"
    LINK = "lien"
    RIGHTS = "verifications"


class FraudState(StrEnum):
    REPORTED = "signale"
    IN_PROGRESS = "en-cours"
    SETTLED = "regle"


class FraudReport(SQLModel, table=True):
    """What a holder reported; the free text is encrypted."""

    __tablename__ = "fraud_report"
    __table_args__ = (Index("ix_fraud_report_account", "account_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    channel: str
    text_encrypted: bytes | None = None
    reported_at: datetime = instant()


class FraudReportStep(SQLModel, table=True):
    """Where a report's handling stands, since when; `taken_by` is the desk's account, none for the report itself."""

    __tablename__ = "fraud_report_step"
    __table_args__ = (Index("ix_fraud_step_report", "report_id"),)

    id: int | None = Field(default=None, primary_key=True)
    report_id: int = Field(foreign_key="fraud_report.id")
    state: str
    note_encrypted: bytes | None = None
    taken_at: datetime = instant()
    taken_by: int | None = Field(default=None, foreign_key="account.id")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a case, as the desk reads it. `taken_by`: who took it, empty for the holder."""

    state: FraudState
    at: datetime
    note: str
    taken_by: str


@dataclass(frozen=True, slots=True)
class Report:
    """A case as the desk reads it; `steps` from the first to the last. `organisation`: empty for a member."""

    id: int
    account_id: int
    identifier: str
    display_name: str
    organisation: str
    space: Space
    channel: FraudChannel
    reported_at: datetime
    text: str
    steps: tuple[Step, ...]

    @property
    def state(self) -> FraudState:
        return self.steps[-1].state


@dataclass(frozen=True, slots=True)
class Freeze:
    """What a report did. `stopped`: the change of bank details that was given up, if one was pending;
    `stopped_organisation`: the one of the company or practice that the account signs for."""

    report: FraudReport
    stopped: BankDetails | None
    stopped_organisation: OrganisationBankColumns | None = None


def freeze(
    db: Session, keyring: Keyring, account_id: int, channel: FraudChannel, text: str, now: datetime
) -> Freeze | None:
    """Suspends the account at once, ends its sessions, forgets its browsers, gives up its pending changes of address
    and of bank details, and opens a case; None when a case is open already, or the account is over. Also while the
    insurer has it suspended: else the thief would be back with the account."""
    account = _in_turn(db, account_id)
    block = block_of(db, account_id, now)
    if is_frozen(db, account) or (block is not None and block.kind is not BlockKind.SUSPENDED):
        return None
    stopped = cancel_bank_change(db, account.person_id, now) if account.person_id else None
    signs_for = _signs_for(account)
    stopped_organisation = cancel_change(db, *signs_for, now) if signs_for else None
    _freeze_account(db, account_id, REASON, account_id, now)
    return Freeze(open_case(db, keyring, account_id, channel, text, now), stopped, stopped_organisation)


def freeze_in_case(db: Session, viewer: Viewer, account: Account, now: datetime) -> bool:
    """What the desk does to an account whose case says that somebody else uses it, held by the caller
    (`desk_acts.target`): the same freeze as its holder's report. False when it is frozen already."""
    if viewer.space != Space.DESK or is_frozen(db, account):
        return False
    _freeze_account(db, account.id or 0, DESK_REASON, viewer.account_id, now)
    return True


def _freeze_account(db: Session, account_id: int, reason: str, by: int, now: datetime) -> None:
    cancel_email_changes(db, account_id, now)
    row = {"kind": SuspensionKind.FRAUD, "reason": reason, "started_at": now, "started_by": by}
    db.add(AccountSuspension(account_id=account_id, **row))
    end_sessions_of(db, account_id, now)
    forget_browsers(db, account_id)


def _in_turn(db: Session, account_id: int) -> Account:
    """The account, locked; its person, or the organisation that it signs for, before it, as whatever acts on bank
    details: letters about them lock accounts."""
    account = db.get_one(Account, account_id)
    if account.person_id is not None:
        db.get_one(Person, account.person_id, with_for_update=True)
    if signs_for := _signs_for(account):
        owner, organisation_id = signs_for
        owner.lock(db, organisation_id)
    return db.get_one(Account, account_id, with_for_update=True, populate_existing=True)


def _signs_for(account: Account) -> tuple[BankOwner[Any], int] | None:
    """The organisation whose bank details this account may change."""
    found = ((owner, owner.signed_for_by(account)) for owner in (COMPANY, PRACTICE))
    return next(((owner, organisation_id) for owner, organisation_id in found if organisation_id), None)


def open_case(
    db: Session, keyring: Keyring, account_id: int, channel: FraudChannel, text: str, now: datetime
) -> FraudReport:
    """Opens a case for the desk, with what was told or seen."""
    report = FraudReport(account_id=account_id, channel=channel, text_encrypted=_sealed(keyring, text), reported_at=now)
    db.add(report)
    db.flush()
    db.add(FraudReportStep(report_id=report.id or 0, state=FraudState.REPORTED, taken_at=now))
    db.flush()
    follow_report(db, report.id or 0, db.get_one(Account, account_id).space, Turn.DESK, now)
    return report


def open_reports(db: Session, viewer: Viewer, keyring: Keyring) -> list[Report]:
    """The cases that are not settled, the oldest first; none for a viewer who is not of the desk."""
    if viewer.space != Space.DESK:
        return []
    is_last = select(func.max(FraudReportStep.id)).group_by(FraudReportStep.report_id)
    unsettled = select(FraudReportStep.report_id).where(
        col(FraudReportStep.id).in_(is_last), FraudReportStep.state != FraudState.SETTLED
    )
    return _reports(db, keyring, col(FraudReport.id).in_(unsettled))


def reports_of(db: Session, viewer: Viewer, keyring: Keyring, account_id: int) -> list[Report]:
    """Every case of an account, the oldest first; none for a viewer who is not of the desk."""
    return _reports(db, keyring, FraudReport.account_id == account_id) if viewer.space == Space.DESK else []


def report_of(db: Session, viewer: Viewer, keyring: Keyring, report_id: int) -> Report | None:
    """One case; None when there is none, or for a viewer who is not of the desk."""
    found = _reports(db, keyring, FraudReport.id == report_id) if viewer.space == Space.DESK else []
    return found[0] if found else None


def move_report(
    db: Session, viewer: Viewer, keyring: Keyring, report_id: int, state: FraudState, note: str, now: datetime
) -> bool:
    """Takes a case a step further; False when there is no such case, it is settled, or the viewer is not of the desk.

    Settling a case does not give the account back: the desk ends the suspension, or closes the account.
    """
    if viewer.space != Space.DESK or db.get(FraudReport, report_id, with_for_update=True) is None:
        return False
    report = report_of(db, viewer, keyring, report_id)
    if report is None or report.state is FraudState.SETTLED or state is FraudState.REPORTED:
        return False
    db.add(
        FraudReportStep(
            report_id=report_id,
            state=state,
            note_encrypted=_sealed(keyring, note),
            taken_at=now,
            taken_by=viewer.account_id,
        )
    )
    db.flush()
    follow_report(db, report_id, report.space, Turn.NOBODY if state is FraudState.SETTLED else Turn.DESK, now)
    return True


def _reports(db: Session, keyring: Keyring, which: object) -> list[Report]:
    query = select(FraudReport, Account).join(Account, Account.id == FraudReport.account_id).where(which)
    found = db.exec(query.order_by(col(FraudReport.id))).all()
    steps = _steps(db, keyring, [report.id or 0 for report, _ in found])
    return [
        Report(
            id=report.id or 0,
            account_id=report.account_id,
            identifier=account.identifier,
            display_name=account.display_name,
            organisation=account.organisation,
            space=Space(account.space),
            channel=FraudChannel(report.channel),
            reported_at=report.reported_at,
            text=_opened(keyring, report.text_encrypted),
            steps=tuple(steps[report.id or 0]),
        )
        for report, account in found
    ]


def _steps(db: Session, keyring: Keyring, reports: Sequence[int]) -> dict[int, list[Step]]:
    query = (
        select(FraudReportStep, Account.display_name)
        .join(Account, Account.id == FraudReportStep.taken_by, isouter=True)
        .where(col(FraudReportStep.report_id).in_(reports))
        .order_by(col(FraudReportStep.id))
    )
    steps: dict[int, list[Step]] = {report: [] for report in reports}
    for row, name in db.exec(query):
        steps[row.report_id].append(
            Step(FraudState(row.state), row.taken_at, _opened(keyring, row.note_encrypted), name or "")
        )
    return steps


def _sealed(keyring: Keyring, text: str) -> bytes | None:
    return keyring.encrypt(text) if text else None


def _opened(keyring: Keyring, sealed: bytes | None) -> str:
    return keyring.decrypt(sealed) if sealed else ""
