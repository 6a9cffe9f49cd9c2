"""Four eyes by what a decision is about: the birth date and the number of a person are corrected by two agents. Reply
templates for requests on one's data."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

KIND, ACT, MATTERS = "droit-donnees", "accepter", ("naissance", "nir")
SINCE = date(2026, 1, 1)
REPLIES = Path(__file__).parents[1] / "replies_0058.toml"
FORGET = (
    "DELETE FROM reply_version WHERE template_id IN (SELECT id FROM reply_template WHERE kind = :kind)",
    "DELETE FROM reply_template WHERE kind = :kind",
)


def upgrade() -> None:
    for name in ("second_look_rule", "decision_proposal"):
        op.add_column(name, sa.Column("matter", sa.String(), nullable=False, server_default=""))
    rules = sa.table(
        "second_look_rule",
        *(sa.column(name, sa.String()) for name in ("kind", "act", "matter")),
        sa.column("valid_from", sa.Date()),
    )
    op.bulk_insert(rules, [{"kind": KIND, "act": ACT, "matter": each, "valid_from": SINCE} for each in MATTERS])
    _write_replies()


def downgrade() -> None:
    for query in FORGET:
        op.execute(sa.text(query).bindparams(kind=KIND))
    op.execute(sa.text("DELETE FROM second_look_rule WHERE matter <> ''"))
    for name in ("decision_proposal", "second_look_rule"):
        op.drop_column(name, "matter")


def _write_replies() -> None:
    now, connection = datetime.now(UTC), op.get_bind()
    templates = _table("reply_template", "kind", "act", "created_at")
    versions = _table("reply_version", "template_id", "title", "text", "written_at")
    for each in tomllib.loads(REPLIES.read_text(encoding="utf-8"))["reply"]:
        row = {"kind": KIND, "act": each["act"], "created_at": now}
        made = connection.execute(sa.insert(templates).values(**row).returning(templates.c.id)).scalar_one()
        said = {"title": each["title"], "text": each["text"].strip(), "written_at": now}
        connection.execute(sa.insert(versions).values(template_id=made, **said))


def _table(name: str, *columns: str) -> sa.TableClause:
    instant = sa.DateTime(timezone=True)
    types: dict[str, Any] = {"created_at": instant, "written_at": instant, "template_id": sa.Integer()}
    return sa.table(
        name, sa.column("id", sa.Integer()), *(sa.column(each, types.get(each, sa.String())) for each in columns)
    )
