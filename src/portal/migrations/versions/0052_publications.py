"""What the desk publishes by four eyes; terms taken back before their day; maintenance of one space."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.add_column("maintenance", sa.Column("space", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer(), primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("nature", "title")),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("effective_at", instant, nullable=True),
        sa.Column("prepared_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("prepared_at", instant, nullable=False),
        sa.Column("approved_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("approved_at", instant, nullable=True),
        sa.Column("cancelled_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("cancelled_at", instant, nullable=True),
    )
    op.create_index("ix_publication_nature", "publication", ["nature", "id"])
    op.create_table(
        "terms_withdrawal",
        sa.Column("number", sa.Integer(), sa.ForeignKey("terms_version.number"), primary_key=True, autoincrement=False),
        sa.Column("withdrawn_at", instant, nullable=False),
    )
    op.create_table(
        "terms_draft",
        _publication(),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("text", "changes")),
        sa.Column("number", sa.Integer(), sa.ForeignKey("terms_version.number"), nullable=True),
    )
    op.create_table(
        "article_version",
        _publication(),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("slug", "theme", "words")),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_withdrawal", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_article_version_slug", "article_version", ["slug", "publication_id"])
    op.create_table(
        "publication_file",
        _publication(),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("storage_name", "rejects_name")),
        sa.Column("state", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("step", "lines", "failures")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("report", "undo")),
        *(sa.Column(name, instant, nullable=True) for name in ("checked_at", "applied_at")),
    )


def downgrade() -> None:
    op.drop_table("publication_file")
    op.drop_index("ix_article_version_slug", "article_version")
    op.drop_table("article_version")
    op.drop_table("terms_draft")
    op.drop_table("terms_withdrawal")
    op.drop_index("ix_publication_nature", "publication")
    op.drop_table("publication")
    op.drop_column("maintenance", "space")


def _publication() -> sa.Column[int]:
    return sa.Column(
        "publication_id", sa.Integer(), sa.ForeignKey("publication.id"), primary_key=True, autoincrement=False
    )
