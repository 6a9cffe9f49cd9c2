"""Mandates: what a company lets an outside firm (accountant, broker) see and do for it, until a day it must name.

A change of scope or of end is a new mandate that takes the place of the one before: the rows are the history. What a
mandate allows is read with the session itself (`sessions.Viewer.scope`); `grants` says which permissions that makes.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import text
from sqlmodel import Field, SQLModel

from portal.data.columns import CheckConstraint, Index, instant, utc_now

LONGEST_MONTHS = 24


class Area(StrEnum):
    """A part of the employer's space that a mandate may open."""

    EMPLOYEES = "salaries"
    EXEMPTIONS = "dispenses"
    CONTRIBUTIONS = "cotisations"
    CONTRACT = "contrat"


class Extent(StrEnum):
    """How far a mandate goes in an area: seeing, or acting too."""

    READ = "lire"
    ACT = "agir"


# Areas in which there is nothing but reading.
READ_ONLY = frozenset({Area.CONTRACT})
Scope = Mapping[Area, Extent]


class Mandate(SQLModel, table=True):
    """What an account of the role `tiers_declarant` may do: `scope` as `scope_text` writes it, `ends_on` the last day,
    `firm` the mandated organisation. `ended_at`: taken back, or replaced by a later row."""

    __tablename__ = "mandate"
    __table_args__ = (
        Index("ix_mandate_account", "account_id", "id"),
        Index("ix_mandate_company", "company_id", "id"),
        Index(
            "ux_mandate_open",
            "account_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("scope <> ''", name="ck_mandate_scope"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    company_id: int = Field(foreign_key="company.id")
    firm: str
    scope: str
    ends_on: date
    given_at: datetime = instant(default_factory=utc_now)
    given_by: int | None = Field(default=None, foreign_key="account.id")
    ended_at: datetime | None = instant(default=None)
    ended_by: int | None = Field(default=None, foreign_key="account.id")
    is_revoked: bool = False
    reminded_at: datetime | None = instant(default=None)


def scope_text(scope: Scope) -> str:
    """A scope as it is stored: « salaries:agir contrat:lire ». Raises ValueError for one that opens nothing, or lets
    act where there is nothing but reading."""
    if not scope or any(scope.get(area) is Extent.ACT for area in READ_ONLY):
        raise ValueError(scope)
    return " ".join(f"{area}:{scope[area]}" for area in Area if area in scope)


def read_scope(stored: str) -> dict[Area, Extent]:
    """What `scope_text` wrote; empty for an account without a mandate."""
    pairs = (part.partition(":") for part in stored.split())
    return {Area(area): Extent(extent) for area, _, extent in pairs}
