"""A person's data for whoever asked on paper (GDPR 15 and 20; R-70): all that names the person, and nothing of an
account, which is the holder's alone to take away."""

from datetime import datetime

from sqlalchemy import ColumnElement, Table, false, select
from sqlmodel import SQLModel

from portal.data.accounts import Role, Space
from portal.data.case_states import CaseKind
from portal.data.holdings import Held
from portal.data.sessions import Stage, Viewer

# No account has this number.
NO_ACCOUNT = 0
_CASES = "case_file"


def person_as_viewer(person_id: int, now: datetime) -> Viewer:
    """A person without an account, as an export's reader; nobody signs in for it."""
    return Viewer(
        account_id=NO_ACCOUNT,
        space=Space.MEMBER,
        role=Role.MEMBER,
        display_name="",
        organisation="",
        person_id=person_id,
        stage=Stage.FULL,
        session_hash="",
        company_id=None,
        provider_id=None,
        confirmed_at=now,
    )


def owned_on_paper(table: Table, held: Held, person_id: int | None) -> ColumnElement[bool]:
    """Which rows of a table of accounts tell of a person's own requests on data that no account has."""
    cases = SQLModel.metadata.tables[_CASES].c
    ours = (cases.account_id.is_(None), cases.person_id == person_id, cases.kind == CaseKind.DATA_RIGHT)
    found = select(cases.id).where(*ours)
    if table.name == _CASES:
        return table.c.id.in_(found)
    if held.via is not None and held.via[1:] == (_CASES, "id"):
        return table.c[held.via[0]].in_(found)
    return false()
