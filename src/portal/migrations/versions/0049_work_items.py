"""The desk's queue: one row for each request that was sent, and what each agent is charged with.

What is under way already is put into the queue; agents of today keep reaching every kind.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from portal.data.complaint_rules import clock_of

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
PARIS = ZoneInfo("Europe/Paris")
USUALLY = timedelta(days=14)
DUTIES = ("soins", "contrats", "entreprises", "professionnels", "messages", "reclamations", "fraude")
TURNS = {"envoyee": "gestion", "en_instruction": "gestion", "a_completer": "personne", "repondue": "personne"}
CASE = sa.table(
    "case_file",
    *(sa.column(name) for name in ("id", "kind", "space", "state")),
    *(sa.column(name, INSTANT) for name in ("sent_at", "changed_at", "due_at")),
)
COMPLAINT = sa.table("complaint", sa.column("case_id"), sa.column("acknowledged_at", INSTANT))
REPORT = sa.table("fraud_report", sa.column("id"), sa.column("account_id"), sa.column("reported_at", INSTANT))
STEP = sa.table("fraud_report_step", *(sa.column(name) for name in ("id", "report_id", "state")))
ACCOUNT = sa.table("account", *(sa.column(name) for name in ("id", "space", "role")))


def upgrade() -> None:
    items, duties = _tables()
    _date_complaints()
    _queue_cases(items)
    _queue_reports(items)
    _charge_agents(duties)


def downgrade() -> None:
    op.drop_table("desk_duty")
    op.drop_table("work_item")


def _tables() -> tuple[sa.Table, sa.Table]:
    items = op.create_table(
        "work_item",
        sa.Column("id", sa.Integer(), primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "space")),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), unique=True),
        sa.Column("report_id", sa.Integer(), sa.ForeignKey("fraud_report.id"), unique=True),
        sa.Column("turn", sa.String(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.Column("order_at", INSTANT, nullable=False),
        sa.Column("assignee_id", sa.Integer(), sa.ForeignKey("account.id")),
        *(sa.Column(name, INSTANT) for name in ("assigned_at", "snoozed_until", "escalated_at")),
    )
    queue = ["turn", "urgency", "order_at", "id", "kind", "assignee_id", "snoozed_until"]
    op.create_index("ix_work_queue", "work_item", queue)
    op.create_index("ix_work_assignee", "work_item", ["assignee_id", "turn", "urgency", "order_at", "id"])
    duties = op.create_table(
        "desk_duty",
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("duty", sa.String(), primary_key=True),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("given_by", sa.Integer(), sa.ForeignKey("account.id")),
    )
    return items, duties


def _date_complaints() -> None:
    """What is owed next of each complaint under way: the acknowledgment, then the answer."""
    running = (
        sa.select(CASE.c.id, CASE.c.sent_at, COMPLAINT.c.acknowledged_at)
        .join(COMPLAINT, COMPLAINT.c.case_id == CASE.c.id)
        .where(CASE.c.state.in_(TURNS))
    )
    for row in op.get_bind().execute(running).all():
        clock = clock_of(_day(row.sent_at))
        due_on = clock.answer_by if row.acknowledged_at else clock.acknowledge_by
        op.execute(sa.update(CASE).where(CASE.c.id == row.id).values(due_at=_end_of(due_on)))


def _queue_cases(items: sa.Table) -> None:
    rows = op.get_bind().execute(sa.select(CASE).where(CASE.c.state != "brouillon")).all()
    queued = [
        {
            "kind": row.kind,
            "space": row.space,
            "case_id": row.id,
            "turn": TURNS.get(row.state, "fini"),
            "urgency": 2,
            "since": row.changed_at,
            "due_at": row.due_at,
            "order_at": row.due_at or row.changed_at + USUALLY,
        }
        for row in rows
    ]
    if queued:
        op.bulk_insert(items, queued)


def _queue_reports(items: sa.Table) -> None:
    last = sa.select(sa.func.max(STEP.c.id)).group_by(STEP.c.report_id)
    rows = (
        sa.select(REPORT.c.id, REPORT.c.reported_at, ACCOUNT.c.space, STEP.c.state)
        .join(ACCOUNT, ACCOUNT.c.id == REPORT.c.account_id)
        .join(STEP, STEP.c.report_id == REPORT.c.id)
        .where(STEP.c.id.in_(last))
    )
    queued = [
        {
            "kind": "fraude",
            "space": row.space,
            "report_id": row.id,
            "turn": "fini" if row.state == "regle" else "gestion",
            "urgency": 0,
            "since": row.reported_at,
            "order_at": row.reported_at + USUALLY,
        }
        for row in op.get_bind().execute(rows).all()
    ]
    if queued:
        op.bulk_insert(items, queued)


def _charge_agents(duties: sa.Table) -> None:
    agents = op.get_bind().execute(sa.select(ACCOUNT.c.id).where(ACCOUNT.c.role == "gestionnaire")).all()
    now = datetime.now(UTC)
    given = [{"account_id": agent.id, "duty": duty, "given_at": now} for agent in agents for duty in DUTIES]
    if given:
        op.bulk_insert(duties, given)


def _day(at: datetime) -> date:
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(PARIS).date()


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), PARIS).astimezone(UTC)
