"""What the tests of one's own account share: a holder with a mailbox, signed in; sessions whose proof has grown old."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from portal.data.accounts import Account
from portal.data.sessions import SignedSession
from tests.support import factories
from tests.support.entry import enter
from tests.support.mail import Letter, letters

EMAIL = "anne@exemple.example"


@pytest.fixture
def holder(client) -> Account:
    """A member with an e-mail address, signed in a moment ago in `client`."""
    with client.services.database.write() as db:
        family = factories.household(db)
        account = factories.member_account(db, client.services.keyring, family.member, email=EMAIL)
    enter(client, account)
    return account


@pytest.fixture
def post_box(client) -> Callable[..., list[Letter]]:
    """The letters that wait to leave, for one address or for all."""
    return lambda to=None: letters(client.services.database, client.services, to)


@pytest.fixture
def grow_old(client) -> Callable[[], None]:
    """Makes every session's last proof of identity six minutes old."""

    def age() -> None:
        with client.services.database.write() as db:
            db.execute(update(SignedSession).values(confirmed_at=datetime.now(UTC) - timedelta(minutes=6)))

    return age


@pytest.fixture
def recorded(client) -> Callable[..., list[tuple[Any, ...]]]:
    """The evidence so far, of some actions: action, object, outcome, actor."""

    def rows(*prefixes: str) -> list[tuple[Any, ...]]:
        client.services.journal.flush()
        with client.services.database.read() as db:
            found = db.execute(text("SELECT action, object, outcome, actor FROM evidence ORDER BY seq"))
            return [tuple(row) for row in found if row[0].startswith(prefixes or ("",))]

    return rows
