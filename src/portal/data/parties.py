"""Whose requests an agent of the desk may neither read nor decide: their own, and their family's (R-72).

One rule (`households.circle_of`), asked of one request (`is_party`), or for all of them at once (`items_near`).
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, union
from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.cases import Case
from portal.data.complaints import Complaint
from portal.data.deaths import Death
from portal.data.fraud import FraudReport
from portal.data.households import circle_of, is_near_to
from portal.data.prepared import Prepared
from portal.data.work_items import WorkItem
from portal.security import Keyring

# No row has it: a list of values that may be empty is none for a prepared statement.
_NOBODY = 0


def is_party(db: Session, keyring: Keyring, agent_id: int, case: Case) -> bool:
    """Whether the case is the agent's own, or of somebody whom the same contracts name: by the account, the person, or
    an e-mail address, also the one left by whoever complained without an account. `agent_id`: the account."""
    return is_near(db, agent_id, case) or _left_own_address(db, keyring, agent_id, case)


def is_near(db: Session, agent_id: int, case: Case) -> bool:
    """The same for a case that has an account, as all claims have."""
    return is_near_to(db, agent_id, persons={case.person_id, case.member_id}, accounts={case.account_id})


def is_party_to_item(db: Session, keyring: Keyring, agent_id: int, item: WorkItem) -> bool:
    """The same of what a row of the queue is about: a case, a death, or a report of a fraud."""
    if item.case_id is not None:
        return is_party(db, keyring, agent_id, db.get_one(Case, item.case_id))
    if item.death_id is not None:
        return is_near_to(db, agent_id, persons={db.get_one(Death, item.death_id).person_id}, accounts=())
    account_id = db.get_one(FraudReport, item.report_id).account_id
    return is_near_to(db, agent_id, persons=(), accounts={account_id})


def items_near(db: Session, keyring: Keyring, agent_id: int) -> tuple[int, ...]:
    """Every row of the queue that the agent is party to, whatever its turn, in order; few, read from indexes."""
    circle = circle_of(db, agent_id)
    theirs = select(Account.id).where(col(Account.person_id).in_(circle.persons))
    accounts = circle.accounts | {found or _NOBODY for found in (db.exec(theirs) if circle.persons else ())}
    values = {
        "accounts": tuple(sorted(accounts)),
        "persons": tuple(sorted(circle.persons)) or (_NOBODY,),
        "left": tuple(keyring.lookups(db.get_one(Account, agent_id).email.casefold())),
    }
    return tuple(sorted(row[0] for row in _ITEMS_NEAR.rows(db, values)))


def _left_own_address(db: Session, keyring: Keyring, agent_id: int, case: Case) -> bool:
    row = db.get(Complaint, case.id)
    if row is None or row.contact_lookup is None:
        return False
    return row.contact_lookup in keyring.lookups(db.get_one(Account, agent_id).email.casefold())


def _items_near() -> Select[Any]:
    case, report, death = Case.__table__.c, FraudReport.__table__.c, Death.__table__.c
    item = WorkItem.__table__.c

    def given(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        return column.in_(bindparam(name, expanding=True))

    cases = union(
        select(case.id).where(given(case.account_id, "accounts")),
        select(case.id).where(given(case.person_id, "persons")),
        select(case.id).where(given(case.member_id, "persons")),
        select(Complaint.__table__.c.case_id).where(given(Complaint.__table__.c.contact_lookup, "left")),
    ).subquery()
    reports = select(report.id).where(given(report.account_id, "accounts")).subquery()
    deaths = select(death.id).where(given(death.person_id, "persons")).subquery()
    found = union(
        select(item.id).join(cases, cases.c.id == item.case_id),
        select(item.id).join(reports, reports.c.id == item.report_id),
        select(item.id).join(deaths, deaths.c.id == item.death_id),
    ).subquery()
    return select(found.c.id)


_ITEMS_NEAR = Prepared(_items_near())
