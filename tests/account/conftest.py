"""What the tests of sign-in and sessions share: accounts that exist in the database behind `client`."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session

from portal.data.accounts import Account
from portal.security import Keyring
from tests.support import factories

Maker = Callable[[Session, Keyring], Any]


@pytest.fixture
def make(client) -> Callable[[Maker], Any]:
    """Runs a factory in a transaction of its own on the application's database, and commits it."""

    def committed(maker: Maker, **values: Any) -> Any:
        with client.services.database.write() as db:
            return maker(db, client.services.keyring, **values)

    return committed


@pytest.fixture
def member(make) -> Account:
    """A member who may sign in."""
    account: Account = make(factories.member_with_account)[1]
    return account


@pytest.fixture
def employer(make) -> Account:
    """An employer's signatory, with a second factor."""
    account: Account = make(factories.employer_account)
    return account


@pytest.fixture
def anne(make) -> Account:
    """A member whose e-mail address is known."""

    def of_a_household(db: Session, keyring: Keyring) -> Account:
        return factories.member_account(db, keyring, factories.household(db).member, email="anne@exemple.example")

    account: Account = make(of_a_household)
    return account
