"""A row of any table, with the rows that it must name, whose time began at a chosen moment: for tests of retention."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, Table, true
from sqlmodel import Session

from portal.data.cases import CaseKind, CaseState
from portal.data.fraud import FraudState
from portal.data.retention_engine import Plan
from portal.data.retention_schedule import Rule
from portal.data.tables import metadata
from tests.support.canaries import fill

NOW = datetime(2040, 3, 31, 12, tzinfo=UTC)
OLD = datetime(2001, 1, 1, tzinfo=UTC)
# The database refuses any change of these: another row is made instead.
WRITTEN_ONCE = {"statements", "evidence-details"}
_OVER = {"state": CaseState.CLOSED}
# What a row must say, besides its date, for its rule to be about it.
FITTING: dict[str, dict[str, Any]] = {
    "case-drafts": {"state": CaseState.DRAFT},
    "messages": {"kind": CaseKind.MESSAGE, **_OVER},
    "complaints": {"kind": CaseKind.COMPLAINT, "state": CaseState.ANSWERED},
    "beneficiary-changes": {"kind": CaseKind.BENEFICIARY_ADDED, "state": CaseState.ACCEPTED},
    "quotes": {"kind": CaseKind.QUOTE, "state": CaseState.REFUSED},
    "disputes": {"kind": CaseKind.INVOICE_DISPUTE, "state": CaseState.ACCEPTED},
    "data-rights": {"kind": CaseKind.DATA_RIGHT, "state": CaseState.ANSWERED},
    "decision-drafts": {"state": "brouillon"},
    "publication-files": {"state": "controle"},
    "claims": {"kind": CaseKind.CLAIM, "state": CaseState.ACCEPTED},
    "account-deletions": {"erased_at": None, "cancelled_at": None},
    "employee-imports": {"storage_name": None, "state": "applique"},
    "employee-files": {"state": "applique"},
    "invitations": {"completed_at": None, "exemption_asked_at": None, "revoked_at": None},
    "invitation-answers": {"completed_at": None},
    "letters": {"sent_at": None},
    "contribution-payments": {"call_id": None},
    "exemptions": {"state": "terminee", "renews_id": None},
    "employees": {"person_id": None, "contract_id": None},
    "sign-in-attempts": {"blocked_until": None, "purpose": "sign-in"},
    "factors-removed": {"used_at": None},
    "benefit-lines": dict.fromkeys(
        ("spent_cents", "base_cents", "base_gross_cents", "flat_fee_cents", "franchise_cents", "base_net_cents"), 0
    )
    | dict.fromkeys(("supplementary_cents", "other_cover_cents", "remaining_cents", "base_rate", "quantity"), 0),
}
# Where a period begins in another row than the one that goes: its table, its column, what else it must say.
ELSEWHERE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "accounts-closed": ("account_closing", "closed_at", {}),
    "evidence-details": ("evidence", "at", {}),
    "fraud-reports": ("fraud_report_step", "taken_at", {"state": FraudState.SETTLED}),
    "employees": ("employment_period", "ends_on", {}),
}
COLUMNS = {
    "letters": "refused_at",
    "deaths": "settled_at",
    "postal-letters": "posted_at",
    "invitations": "expires_at",
    "exemptions": "ended_on",
    "accounts-unopened": "password_temporary_until",
    "accounts-left": "access_ends_on",
}


class World:
    """Rows made in a session; each table's last one is named by those made after it."""

    def __init__(self, db: Session, account_id: int, person_id: int) -> None:
        self.db, self.account_id = db, account_id
        self.made: dict[str, Any] = {"account": account_id, "person": person_id}
        self._number = 0

    def row(self, table: Table, **values: Any) -> Any:
        """Makes a row, and before it those that it cannot do without; its key."""
        for column in table.columns:
            for key in column.foreign_keys:
                parent = key.column.table
                if not column.nullable and column.name not in values and parent.name not in self.made:
                    self.row(parent)
        self._number += 1
        codes = {(table.name, column.name) for column in table.columns}
        self.made[table.name] = fill(self.db, table, self.account_id, self._number, self.made, codes, **values)
        return self.made[table.name]


def moments(rule: Rule, *, is_day: bool) -> tuple[Any, Any]:
    """The last moment that a rule still keeps at `NOW`, and the first that it does not."""
    if is_day:
        day: date = rule.period.day_before(NOW)
        return day, day - timedelta(days=1)
    return rule.period.before(NOW) + timedelta(seconds=1), rule.period.before(NOW)


def place(world: "World", plan: Plan, code: str, moment: Any) -> None:
    """Makes a row of a plan whose period began at a moment, and the row where that is written."""
    values = FITTING.get(code, {}) | FITTING.get(plan.table.name, {})
    known = {name: value for name, value in values.items() if name in plan.table.c}
    if code == "evidence-details":
        seq = world.made.get("evidence", 0) + 1
        world.row(metadata.tables["evidence"], seq=seq, at=moment, actor=None, acting_for=None)
        world.row(plan.table, seq=seq)
    elif code == "bank-details-replaced":
        world.row(plan.table, effective_at=OLD, reported_on=OLD.date())
        world.row(plan.table, effective_at=moment, reported_on=NOW.date())
    elif code in ELSEWHERE:
        where, column, more = ELSEWHERE[code]
        if plan.table.name not in world.made:
            world.row(plan.table, **known)
        world.row(metadata.tables[where], **more | {column: moment})
    else:
        world.row(plan.table, **known | {column_of(plan, code): moment})


def displace(db: Session, plan: Plan, code: str, moment: Any) -> None:
    """Lets the period of the rows that `place` made begin at another moment."""
    name, column, _ = ELSEWHERE.get(code) or (plan.table.name, column_of(plan, code), {})
    table = metadata.tables[name]
    chosen = table.c.effective_at > OLD if code == "bank-details-replaced" else true()
    db.execute(table.update().where(chosen).values({column: moment}))


def column_of(plan: Plan, code: str) -> str:
    """The column of the plan's own table in which its period begins."""
    if code == "bank-details-replaced":
        return "effective_at"
    if code == "factors-removed" and plan.table.name == "recovery_code":
        return "dropped_at"
    return COLUMNS.get(code) or str(plan.start.name)


def is_of_days(plan: Plan) -> bool:
    return isinstance(plan.start.type, Date)
