"""What the tests of the desk share: agents, supervisors, the accounts they look at, and the letters that leave."""

from datetime import date, timedelta

import pytest

from portal.formatting import today
from tests.support import factories
from tests.support.reference import import_reference
from tests.support.valuing import home

REASON = "Des connexions depuis trois pays en une heure."
BORN = date(1971, 4, 9)


@pytest.fixture
def make(client):
    """Runs a factory in a transaction of its own, and commits it."""

    def committed(maker, *arguments, **values):
        with client.services.database.write() as db:
            return maker(db, client.services.keyring, *arguments, **values)

    return committed


@pytest.fixture
def agent(make):
    return make(factories.desk_account)


@pytest.fixture
def supervisor(make):
    return make(factories.desk_account, is_supervisor=True)


@pytest.fixture
def member(client):
    """A member with an address, born on `BORN`."""
    with client.services.database.write() as db:
        who = factories.person(db, "Zoé", last_name="D’Été-Marchand", born=BORN)
        factories.contract(db, who)
        return factories.member_account(db, client.services.keyring, who, email="zoe@exemple.example")


@pytest.fixture
def sheet_url(client):
    """The path of an account's sheet, with an optional page below it."""

    def path(account, below: str = "") -> str:
        (key,) = client.services.keyring.conceal("account", [account.id])
        return f"/gestion/comptes/{key}{below}"

    return path


@pytest.fixture
def anne(client, settings, tmp_path):
    """A family under the demonstration's guarantees."""
    import_reference(client.services.database, settings, tmp_path)
    with client.services.database.write() as db:
        return home(db, client.services.keyring)


@pytest.fixture
def care_day():
    return today() - timedelta(days=10)
