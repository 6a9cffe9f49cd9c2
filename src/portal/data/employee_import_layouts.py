"""Under which titles the files of a company's employees hold each field, remembered from one file to the next."""

import json
from collections.abc import Mapping

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel

from portal.data.employee_imports import lock_company_of
from portal.data.sessions import Viewer


class EmployeeImportLayout(SQLModel, table=True):
    """Under which titles a company's files hold the fields, as it said last time: JSON, title by field."""

    __tablename__ = "employee_import_layout"

    company_id: int = Field(foreign_key="company.id", primary_key=True)
    columns: str = Field(sa_type=Text)


def remember_titles(db: Session, viewer: Viewer, titles: Mapping[str, str]) -> None:
    """Remembers, for the company's next file, under which title each field stood."""
    company_id = lock_company_of(db, viewer)
    layout = db.get(EmployeeImportLayout, company_id) or EmployeeImportLayout(company_id=company_id, columns="")
    layout.columns = json.dumps(dict(titles))
    db.add(layout)


def remembered_titles(db: Session, viewer: Viewer) -> dict[str, str]:
    """What `remember_titles` was told last."""
    layout = db.get(EmployeeImportLayout, viewer.company_id)
    titles: dict[str, str] = json.loads(layout.columns) if layout else {}
    return titles
