"""Checks of rights that professionals make, the kinds of care of each profession, contracts by member number."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "profession_care",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("profession", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.UniqueConstraint("profession", "code", "valid_from"),
    )
    op.create_table(
        "rights_check",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("engagement", sa.String(), nullable=False, unique=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("agreement_id", sa.Integer(), sa.ForeignKey("agreement.id"), nullable=True),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("care_day", sa.Date(), nullable=False),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_rights_check_provider", "rights_check", ["provider_id", "id"])
    op.create_index("ix_rights_check_asked", "rights_check", ["provider_id", "asked_at"])
    op.create_index("ix_rights_check_person_id", "rights_check", ["person_id"])
    op.create_index("ix_contract_member_number", "contract", ["member_number"])


def downgrade() -> None:
    op.drop_index("ix_contract_member_number", table_name="contract")
    op.drop_table("rights_check")
    op.drop_table("profession_care")
