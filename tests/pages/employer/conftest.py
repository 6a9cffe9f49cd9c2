"""A company with its people, a payroll clerk signed in."""

from types import SimpleNamespace

import pytest

from portal.data.accounts import Role
from portal.data.columns import utc_now
from portal.formatting import today
from tests.support import staff
from tests.support.entry import enter


@pytest.fixture
def firm(client):
    """A company of two categories whose clerk is signed in; `hire` affiliates somebody hired this month."""
    keyring, database = client.services.keyring, client.services.database
    with database.write() as db:
        staff.figures(db)
        company = staff.company(db)
        contract = staff.group_contract(db, company)
        category, managers = staff.category(db, contract), staff.category(db, contract, "CADRES")
        clerk = staff.user(db, keyring, company, display_name="Claude Paie")
        reader = staff.user(db, keyring, company, Role.READER)
        other = staff.user(db, keyring, staff.company(db, "Autre société"))

    def hire(last_name="Essai", first_name="Paule", *, at=None, **values):
        values = {"hired_on": today(), "starts_on": today()} | values
        with database.write() as db:
            doing = staff.acting(keyring, clerk, at or utc_now())
            return staff.employee(db, doing, contract, category, last_name=last_name, first_name=first_name, **values)

    def name(kind, row):
        return keyring.conceal(kind, [row.id])[0]

    def path(employee, rest=""):
        return f"/employeur/salaries/{name('employee', employee)}{rest}"

    enter(client, clerk)
    return SimpleNamespace(
        company=company, contract=contract, category=category, managers=managers, clerk=clerk, reader=reader,
        other=other, hire=hire, name=name, path=path,
    )  # fmt: skip
