"""The account's life: organisations, terms, passkeys, links, representation, closing, deletion."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
EPOCH = "'1970-01-01 00:00:00'"

# Spelled out: SQLite cannot add a column with a foreign key by Alembic's own means without copying the table, and
# copying a table that others point at breaks their rows.
ADDED = {
    "account": (
        "company_id INTEGER REFERENCES company (id)",
        "provider_id INTEGER REFERENCES provider (id)",
        "email VARCHAR NOT NULL DEFAULT ''",
        "phone VARCHAR NOT NULL DEFAULT ''",
        "password_temporary_until {instant}",
        f"password_set_at {{instant}} NOT NULL DEFAULT {EPOCH}",
        "access_ends_on DATE",
    ),
    "account_suspension": (
        "kind VARCHAR NOT NULL DEFAULT 'assureur'",
        "started_by INTEGER REFERENCES account (id)",
        "ended_by INTEGER REFERENCES account (id)",
    ),
    "session": (f"confirmed_at {{instant}} NOT NULL DEFAULT {EPOCH}",),
}
INDEXES = {
    "agreement": ("ix_agreement_provider", "provider_id"),
    "group_contract": ("ix_group_contract_company", "company_id"),
    "account_deletion": ("ix_deletion_account", "account_id"),
    "account_link": ("ix_link_account", "account_id"),
    "passkey": ("ix_passkey_account", "account_id"),
}


def upgrade() -> None:
    _create_organisations()
    _create_terms()
    _create_ends()
    _create_credentials()
    instant = "TIMESTAMP WITH TIME ZONE" if op.get_bind().dialect.name == "postgresql" else "DATETIME"
    for table, columns in ADDED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column.format(instant=instant)}")
    op.execute("UPDATE account SET password_set_at = created_at")
    for column in ("company_id", "provider_id", "email"):
        op.create_index(f"ix_account_{column}", "account", [column])
    for table, (name, column) in INDEXES.items():
        op.create_index(name, table, [column])


def _create_organisations() -> None:
    op.create_table(
        "company",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("siret", sa.String(14), nullable=False, unique=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
    )
    op.create_table(
        "provider",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("national_id", sa.String(11), nullable=False, unique=True),
        sa.Column("profession", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
    )
    op.create_table(
        "group_contract",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.String(), nullable=False, unique=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("signatory_last_name", sa.String(), nullable=False),
        sa.Column("signatory_first_name", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
    )
    op.create_table(
        "agreement",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.String(), nullable=False, unique=True),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
    )


def _create_terms() -> None:
    op.create_table(
        "terms_version",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("effective_at", INSTANT, nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
    )
    op.create_table(
        "terms_acceptance",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("version", sa.Integer(), sa.ForeignKey("terms_version.number"), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("capacity", sa.String(), nullable=False),
        sa.Column("representative_name", sa.String(), nullable=False),
        sa.Column("accepted_at", INSTANT, nullable=False),
        sa.UniqueConstraint("account_id", "version"),
    )


def _create_ends() -> None:
    op.create_table(
        "account_closing",
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at", INSTANT, nullable=False),
        sa.Column("closed_by", sa.Integer(), sa.ForeignKey("account.id")),
    )
    op.create_table(
        "account_deletion",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT),
        sa.Column("erase_after", INSTANT),
        sa.Column("cancelled_at", INSTANT),
        sa.Column("erased_at", INSTANT),
    )


def _create_credentials() -> None:
    op.create_table(
        "account_link",
        sa.Column("token_hash", sa.String(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("binding", sa.String(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column("removed_at", INSTANT),
    )
    op.create_table(
        "representation",
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("capacity", sa.String(), nullable=False),
        sa.Column("acts", sa.Boolean(), nullable=False),
        sa.Column("representative_name", sa.String(), nullable=False),
        sa.Column("declared_at", INSTANT, nullable=False),
    )


def downgrade() -> None:
    """SQLite cannot drop a column that is a foreign key: the way back is the backup made before."""
    raise RuntimeError("revision 0004 has no way back: restore a backup")
