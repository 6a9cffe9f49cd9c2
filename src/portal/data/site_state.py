"""The state of the site, for everybody at once: services withdrawn from a space (R-65), planned maintenance (R-60).

A state is what the rows say: for a service the latest switch, for maintenance its two instants and whether somebody
ended it. No personal data, hence no viewer to read it; who switched or planned is kept with each row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Text, update
from sqlmodel import Field, Session, SQLModel, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from portal.data.accounts import Space
from portal.data.columns import Index, instant
from portal.data.sessions import Viewer


class Service(StrEnum):
    """What may be withdrawn from a space. Homes, the account and its rights always stay."""

    BENEFITS = "prestations"
    STATEMENTS = "releves"
    GUARANTEES = "garanties"
    BENEFICIARIES = "beneficiaires"
    CARD = "carte"
    CLAIMS = "demandes"
    BANK = "coordonnees-bancaires"
    REMOTE_LINK = "teletransmission"
    INFORMATION = "informations"
    DIRECTORY = "professionnels"
    EMPLOYEES = "salaries"
    EXEMPTIONS = "dispenses"
    CONTRIBUTIONS = "cotisations"
    GROUP_CONTRACT = "contrat"
    RIGHTS = "droits"
    INVOICES = "factures"
    AGREEMENT = "convention"
    TEAM = "equipe"


SERVICE_LABELS = {
    Service.BENEFITS: "Prestations",
    Service.STATEMENTS: "Relevés",
    Service.GUARANTEES: "Garanties",
    Service.BENEFICIARIES: "Bénéficiaires",
    Service.CARD: "Carte de tiers payant",
    Service.CLAIMS: "Demandes de remboursement et devis",
    Service.BANK: "Coordonnées bancaires",
    Service.REMOTE_LINK: "Télétransmission",
    Service.INFORMATION: "Informations",
    Service.DIRECTORY: "Annuaire des professionnels",
    Service.EMPLOYEES: "Salariés",
    Service.EXEMPTIONS: "Dispenses",
    Service.CONTRIBUTIONS: "Cotisations",
    Service.GROUP_CONTRACT: "Contrat de groupe",
    Service.RIGHTS: "Vérification des droits",
    Service.INVOICES: "Factures et versements",
    Service.AGREEMENT: "Convention de tiers payant",
    Service.TEAM: "Utilisateurs",
}


class SwitchState(StrEnum):
    OPEN = "ouvert"
    WITHDRAWN = "retire"


class ServiceSwitch(SQLModel, table=True):
    """A service withdrawn from a space, or opened again: the latest row of the two holds. `reason` is shown to users.

    `made_by`: None when it was done on the server itself.
    """

    __tablename__ = "service_switch"
    __table_args__ = (Index("ix_switch_service", "space", "service", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    space: str
    service: str
    state: str
    reason: str = Field(sa_type=Text)
    made_at: datetime = instant()
    made_by: int | None = Field(default=None, foreign_key="account.id")


class Maintenance(SQLModel, table=True):
    """A period in which the portal, or one `space` of it, is closed to all but the desk, announced beforehand.
    `message` is shown to users.

    `ended_at`: when somebody ended it, before its start (cancelled) or before its end.
    """

    __tablename__ = "maintenance"

    id: int | None = Field(default=None, primary_key=True)
    announced_at: datetime = instant()
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    message: str = Field(sa_type=Text)
    planned_at: datetime = instant()
    planned_by: int | None = Field(default=None, foreign_key="account.id")
    ended_at: datetime | None = instant(default=None)
    ended_by: int | None = Field(default=None, foreign_key="account.id")
    space: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A service that a space does not offer now, why and since when."""

    space: Space
    service: Service
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance that nobody has ended; of the whole portal without a `space`."""

    id: int
    announced_at: datetime
    starts_at: datetime
    ends_at: datetime
    message: str
    space: str = ""

    def concerns(self, space: str) -> bool:
        """Whether whoever is in a space is closed out, or told. A visitor is in none: of the whole portal alone; the
        desk is told of every one."""
        return self.space in {"", space} or space == Space.DESK

    def is_on(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def is_announced(self, now: datetime) -> bool:
        return self.announced_at <= now < self.ends_at


@dataclass(frozen=True, slots=True)
class SiteState:
    """What holds for everybody. `windows`: by start, none of them over when they were read."""

    withdrawn: dict[tuple[str, str], Withdrawal] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()

    def maintenance(self, now: datetime, space: str = "") -> Window | None:
        """The maintenance that is on at an instant, for whoever is in a space."""
        return next((one for one in self.windows if one.is_on(now) and one.concerns(space)), None)

    def announced(self, now: datetime, space: str = "") -> Window | None:
        """The next maintenance that those of a space are told about, or the one that is on."""
        return next((one for one in self.windows if one.is_announced(now) and one.concerns(space)), None)

    def withdrawal(self, space: str, service: Service | None) -> Withdrawal | None:
        """Why a space does not offer a service, or None when it does."""
        return self.withdrawn.get((space, service)) if service else None


class MaintenanceClash(Exception):
    """Another maintenance is planned for part of that time."""


LONGEST = timedelta(hours=24)


def site_state(db: Session, now: datetime) -> SiteState:
    """The state of the site as the rows say it."""
    latest = select(func.max(ServiceSwitch.id)).group_by(ServiceSwitch.space, ServiceSwitch.service)
    switches = db.exec(select(ServiceSwitch).where(col(ServiceSwitch.id).in_(latest))).all()
    off = [_withdrawal(row) for row in switches if row.state == SwitchState.WITHDRAWN]
    return SiteState({(one.space, one.service): one for one in off}, tuple(map(_window, _coming(db, now))))


def switch_service(
    db: Session, viewer: Viewer | None, space: Space, service: Service, state: SwitchState, reason: str, now: datetime
) -> bool:
    """Withdraws a service from a space or opens it again; whether that changed anything."""
    latest = db.exec(_switches(space, service).limit(1)).first()
    if state == (latest.state if latest else SwitchState.OPEN):
        return False
    by = viewer.account_id if viewer else None
    db.add(ServiceSwitch(space=space, service=service, state=state, reason=reason, made_at=now, made_by=by))
    db.flush()
    return True


def last_switches(db: Session, most: int = 20) -> Sequence[ServiceSwitch]:
    """The latest switches, newest first."""
    return db.exec(select(ServiceSwitch).order_by(col(ServiceSwitch.id).desc()).limit(most)).all()


def plan_maintenance(
    db: Session,
    viewer: Viewer | None,
    starts_at: datetime,
    ends_at: datetime,
    message: str,
    now: datetime,
    announced_at: datetime | None = None,
    space: str = "",
) -> int:
    """Plans a maintenance of the portal, or of a space, and returns its id; announced from now on by default.

    Raises `ValueError` when it would end before it starts, end in the past or last more than `LONGEST`, and
    `MaintenanceClash` when it meets another one.
    """
    if not starts_at < ends_at or ends_at <= now or ends_at - starts_at > LONGEST:
        raise ValueError("a maintenance ends after its start, in the future, and within a day")
    meeting = [row for row in _coming(db, now) if row.starts_at < ends_at and starts_at < row.ends_at]
    if any(not space or row.space in {"", space} for row in meeting):
        raise MaintenanceClash
    row = Maintenance(
        announced_at=min(announced_at or now, starts_at),
        starts_at=starts_at,
        ends_at=ends_at,
        message=message,
        planned_at=now,
        planned_by=viewer.account_id if viewer else None,
        space=space,
    )
    db.add(row)
    db.flush()
    return row.id or 0


def end_maintenance(db: Session, viewer: Viewer | None, maintenance_id: int, now: datetime) -> bool:
    """Cancels a maintenance to come, or ends the one that is on; whether there was something to end."""
    open_one = (Maintenance.id == maintenance_id, col(Maintenance.ended_at).is_(None), Maintenance.ends_at > now)
    by = viewer.account_id if viewer else None
    return bool(db.exec(update(Maintenance).where(*open_one).values(ended_at=now, ended_by=by)).rowcount)


def last_maintenances(db: Session, most: int = 20) -> Sequence[Maintenance]:
    """Maintenances planned, past or cancelled, the latest start first."""
    return db.exec(select(Maintenance).order_by(col(Maintenance.starts_at).desc()).limit(most)).all()


def _coming(db: Session, now: datetime) -> Sequence[Maintenance]:
    not_over = (col(Maintenance.ended_at).is_(None), Maintenance.ends_at > now)
    return db.exec(select(Maintenance).where(*not_over).order_by(col(Maintenance.starts_at))).all()


def _switches(space: Space, service: Service) -> SelectOfScalar[ServiceSwitch]:
    same = (ServiceSwitch.space == space, ServiceSwitch.service == service)
    return select(ServiceSwitch).where(*same).order_by(col(ServiceSwitch.id).desc())


def _withdrawal(row: ServiceSwitch) -> Withdrawal:
    return Withdrawal(Space(row.space), Service(row.service), row.reason, row.made_at)


def _window(row: Maintenance) -> Window:
    return Window(row.id or 0, row.announced_at, row.starts_at, row.ends_at, row.message, row.space)
