"""What tells at once which requests are an agent's own, or a relative's: indexes, and the hash of an address that was
left with a complaint. `portal migrate` fills the hashes, which take the portal's keys."""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaint", sa.Column("contact_lookup", sa.String(), nullable=True))
    op.create_index("ix_complaint_contact_lookup", "complaint", ["contact_lookup"])
    op.create_index("ix_case_person", "case_file", ["person_id"])
    op.create_index("ix_case_member", "case_file", ["member_id"])
    op.create_index("ix_person_email_lower", "person", [sa.text("lower(email)")])


def downgrade() -> None:
    op.drop_index("ix_person_email_lower", "person")
    op.drop_index("ix_case_member", "case_file")
    op.drop_index("ix_case_person", "case_file")
    op.drop_index("ix_complaint_contact_lookup", "complaint")
    op.drop_column("complaint", "contact_lookup")
