"""Whose data each act showed (R-51): an index by person over the details of the evidence, so that « who read me » costs
a search however long the chain. It proves nothing: the audit compares it with the details, which the chain proves."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert
from sqlmodel import Field, SQLModel

from portal.data.columns import BIG, Index


class EvidencePerson(SQLModel, table=True):
    """An index: the persons whose data a row showed, as its details say. Erased with them, checked by the audit."""

    __tablename__ = "evidence_person"
    __table_args__ = (Index("ix_evidence_person", "person_id", "seq"), {"sqlite_with_rowid": False})

    seq: int = Field(
        primary_key=True,
        foreign_key="evidence_detail.seq",
        ondelete="CASCADE",
        sa_type=BIG,
        sa_column_kwargs={"autoincrement": False},
    )
    person_id: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})


def persons_shown(details: Mapping[str, Any] | None) -> set[int]:
    """The ids of the persons whose data an act showed, as its details say."""
    named = details.get("persons") if details else None
    return {person for person in named if type(person) is int} if isinstance(named, list) else set()


def index_rows(acts: Iterable[tuple[int, Mapping[str, Any] | None]]) -> list[dict[str, int]]:
    """What `INSERT_PERSON` adds for acts, each given by its `seq` and its details."""
    return [{"seq": seq, "person_id": person} for seq, details in acts for person in sorted(persons_shown(details))]


INSERT_PERSON = insert(SQLModel.metadata.tables["evidence_person"])
