"""What the tests of pages share: accounts made in one line, and a member whose letters arrive."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from portal.data.accounts import Account


@pytest.fixture
def make(client) -> Callable[..., Any]:
    """Makes rows in a transaction of their own: `make(factories.desk_account)`."""

    def made(factory: Callable[..., Any], **values: Any) -> Any:
        with client.services.database.write() as db:
            return factory(db, client.services.keyring, **values)

    return made


@pytest.fixture
def give_address(client) -> Callable[..., Account]:
    """Gives an account an e-mail address."""

    def given(account: Account, email: str = "anne@exemple.example") -> Account:
        with client.services.database.write() as db:
            db.execute(text("UPDATE account SET email = :email WHERE id = :id"), {"email": email, "id": account.id})
        return account

    return given
