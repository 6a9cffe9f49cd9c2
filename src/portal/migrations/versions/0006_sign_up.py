"""What sign-up needs: the e-mail address that the insurer holds of a person, forms that wait to be answered."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE person ADD COLUMN email VARCHAR NOT NULL DEFAULT ''")
    op.execute("CREATE INDEX ix_account_email_lower ON account (lower(email))")
    op.create_table(
        "sign_up_request",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("form_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("sign_up_request")
    op.drop_index("ix_account_email_lower")
    op.drop_column("person", "email")
