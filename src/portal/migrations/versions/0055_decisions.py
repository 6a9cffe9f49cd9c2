"""Decisions of the desk: what is written before it is sent, four eyes by a dated table, and reply templates.

The rules and the templates that the insurer starts with come with it; supervisors change the templates afterwards.
"""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
REPLIES = Path(__file__).parents[1] / "replies_0055.toml"
SINCE = date(2026, 1, 1)
# Kind, act, from which amount on (cents); none: whatever the amount.
RULES: tuple[tuple[str, str, int | None], ...] = (
    ("ajout-beneficiaire", "refuser", None),
    ("retrait-beneficiaire", "accepter", None),
    ("remboursement", "accepter", 50_000),
    ("remboursement", "accepter-en-partie", 50_000),
    ("devis", "accepter", 100_000),
    ("devis", "accepter-en-partie", 100_000),
    ("reclamation", "accepter", None),
    ("contestation-facture", "accepter", 30_000),
    ("finess-cabinet", "accepter", None),
)


def upgrade() -> None:
    templates, versions = _replies()
    rules = _rules()
    _proposals()
    rows = [
        {"kind": kind, "act": act, "from_cents": cents, "valid_from": SINCE, "valid_to": None}
        for kind, act, cents in RULES
    ]
    op.bulk_insert(rules, rows)
    _write_replies(templates, versions)


def downgrade() -> None:
    for name in ("decision_proposal", "second_look_rule", "reply_version", "reply_template"):
        op.drop_table(name)


def _replies() -> tuple[sa.Table, sa.Table]:
    templates = op.create_table(
        "reply_template",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("withdrawn_at", INSTANT),
        sa.Column("withdrawn_by", sa.Integer(), sa.ForeignKey("account.id")),
    )
    op.create_index("ix_reply_template", "reply_template", ["kind", "act"])
    versions = op.create_table(
        "reply_version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("template_id", sa.Integer(), sa.ForeignKey("reply_template.id"), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.Column("written_by", sa.Integer(), sa.ForeignKey("account.id")),
    )
    op.create_index("ix_reply_version", "reply_version", ["template_id", "id"])
    return templates, versions


def _rules() -> sa.Table:
    rules = op.create_table(
        "second_look_rule",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("from_cents", sa.Integer()),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.CheckConstraint("from_cents IS NULL OR from_cents >= 0", name="ck_second_look_cents"),
    )
    op.create_index("ix_second_look_rule", "second_look_rule", ["kind", "act"])
    return rules


def _proposals() -> None:
    op.create_table(
        "decision_proposal",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "act")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cents", sa.Integer()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("written_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.Column("payload_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("settled_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("settled_at", INSTANT),
        sa.Column("note_encrypted", sa.LargeBinary()),
    )
    op.create_index("ix_decision_proposal_case", "decision_proposal", ["case_id", "state"])
    op.create_index("ix_decision_proposal_state", "decision_proposal", ["state", "kind", "id"])


def _write_replies(templates: sa.Table, versions: sa.Table) -> None:
    written: list[dict[str, Any]] = tomllib.loads(REPLIES.read_text(encoding="utf-8"))["reply"]
    now, connection = datetime.now(UTC), op.get_bind()
    for each in written:
        for kind in each["kinds"]:
            row = {"kind": kind, "act": each["act"], "created_at": now}
            made = connection.execute(sa.insert(templates).values(**row).returning(templates.c.id)).scalar_one()
            said = {"title": each["title"], "text": each["text"].strip(), "written_at": now}
            connection.execute(sa.insert(versions).values(template_id=made, **said))
