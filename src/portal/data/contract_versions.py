"""The versions of a company's contract: its amendments (avenants), each with its day of effect."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.organisations import GroupContract


class ContractAmendment(SQLModel, table=True):
    """An amendment of a group contract. `number`: its rank, from 1. `signed_on`: None where the law or the insurer
    changed the terms without a signature."""

    __tablename__ = "contract_amendment"
    __table_args__ = (UniqueConstraint("group_contract_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    group_contract_id: int = Field(foreign_key="group_contract.id")
    number: int
    subject: str
    effective_on: date
    signed_on: date | None = None


def amendments_of(db: Session, contract: GroupContract) -> list[ContractAmendment]:
    """The amendments of a contract, the last one first. The caller has reached the contract through its owner."""
    query = select(ContractAmendment).where(ContractAmendment.group_contract_id == contract.id)
    return list(
        db.exec(query.order_by(col(ContractAmendment.effective_on).desc(), col(ContractAmendment.number).desc()))
    )
