"""The cached state of the site: read once a second, forgotten where it is written, kept when the database fails."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from portal import site as module
from portal.data.accounts import Space
from portal.data.site_state import Service, SwitchState, site_state, switch_service
from portal.site import Site
from tests.site.conftest import WHY


@pytest.fixture
def reads(monkeypatch) -> list[datetime]:
    """When the state was read from the database."""
    found: list[datetime] = []

    def counted(db, now):
        found.append(now)
        return site_state(db, now)

    monkeypatch.setattr(module, "site_state", counted)
    return found


def withdraw(database, state: SwitchState = SwitchState.WITHDRAWN) -> bool:
    with database.write() as db:
        return switch_service(db, None, Space.MEMBER, Service.STATEMENTS, state, WHY, datetime.now(UTC))


def test_many_requests_read_the_state_once(database, reads) -> None:
    site = Site(database)

    async def ask() -> None:
        for _ in range(1000):
            await site.now()

    with ThreadPoolExecutor(1) as thread:  # the browser tests of this process may have left a loop running here
        thread.submit(asyncio.run, ask()).result()
    assert len(reads) == 1


def test_state_is_read_again_after_a_second(database, reads, monkeypatch) -> None:
    site = Site(database)
    site.current()
    withdraw(database)
    assert site.current().withdrawn == {}
    monkeypatch.setattr(module, "SECONDS", 0.0)
    assert (Space.MEMBER, Service.STATEMENTS) in site.current().withdrawn
    assert len(reads) == 2


def test_state_read_before_a_change_is_not_kept_after_it(database, monkeypatch) -> None:
    """A request that was reading while somebody wrote must not bring the old state back."""
    site = Site(database)

    def slow(db, now):
        old = site_state(db, now)
        withdraw(database)
        site.forget()
        monkeypatch.setattr(module, "site_state", site_state)
        return old

    monkeypatch.setattr(module, "site_state", slow)
    site.current()
    assert (Space.MEMBER, Service.STATEMENTS) in site.current().withdrawn


def test_last_known_state_holds_while_the_database_cannot_be_read(database, monkeypatch) -> None:
    """R-60: public pages go on; what was withdrawn stays so."""
    site = Site(database)
    withdraw(database)
    site.current()

    def broken(*_: object) -> None:
        raise OperationalError("", {}, Exception("gone"))

    monkeypatch.setattr(module, "site_state", broken)
    site.forget()
    assert (Space.MEMBER, Service.STATEMENTS) in site.current().withdrawn


def test_latest_switch_of_a_pair_holds_whatever_came_before(database) -> None:
    turns = [SwitchState.WITHDRAWN, SwitchState.OPEN, SwitchState.WITHDRAWN, SwitchState.WITHDRAWN, SwitchState.OPEN]
    assert [withdraw(database, turn) for turn in turns] == [True, True, True, False, True]
    assert Site(database).current().withdrawn == {}
