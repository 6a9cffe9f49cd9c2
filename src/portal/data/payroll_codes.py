"""What a company's payroll declares cover with: dated codes of a group contract and of its categories (domain 3.5).

Each row holds from its day until the next one of the same contract, or of the same category and structure, begins.
"""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from portal.data.columns import CheckConstraint, instant, utc_now


class PayrollSetting(SQLModel, table=True):
    """A contract as monthly declarations (DSN) name it: `reference` (S21.G00.15.001), `organism_code` (S21.G00.15.002),
    `delegate_code` (S21.G00.15.003, empty where the insurer manages the contract itself)."""

    __tablename__ = "payroll_setting"
    __table_args__ = (
        UniqueConstraint("group_contract_id", "valid_from"),
        CheckConstraint("reference <> '' AND organism_code <> ''", name="ck_payroll_setting"),
    )

    id: int | None = Field(default=None, primary_key=True)
    group_contract_id: int = Field(foreign_key="group_contract.id")
    valid_from: date
    reference: str
    organism_code: str
    delegate_code: str = ""


class PayrollCode(SQLModel, table=True):
    """How declarations name the structure in which a category's employees are covered: `option_code` (S21.G00.70.004),
    empty where there is none to declare. The population (S21.G00.70.005) is the category's own code."""

    __tablename__ = "payroll_code"
    __table_args__ = (UniqueConstraint("category_id", "structure", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    category_id: int = Field(foreign_key="staff_category.id")
    structure: str
    valid_from: date
    option_code: str = ""


class PayrollNotice(SQLModel, table=True):
    """That a company was told what changes in the sheet of a month: `digest` of the changes, so that the same ones are
    told once and others again."""

    __tablename__ = "payroll_notice"
    __table_args__ = (UniqueConstraint("group_contract_id", "month", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    group_contract_id: int = Field(foreign_key="group_contract.id")
    month: date
    digest: str
    told_at: datetime = instant(default_factory=utc_now)
