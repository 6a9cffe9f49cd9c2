"""What sign-up needs: the e-mail address that the insurer holds of a person."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE person ADD COLUMN email VARCHAR NOT NULL DEFAULT ''")
    op.execute("CREATE INDEX ix_account_email_lower ON account (lower(email))")


def downgrade() -> None:
    op.drop_index("ix_account_email_lower")
    op.drop_column("person", "email")
