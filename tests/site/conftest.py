"""What the tests of the site's state share: accounts of every space, and hands that switch and plan."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.data.accounts import Space
from portal.data.site_state import Service, SwitchState, plan_maintenance, switch_service
from tests.support import factories

WHY = "Le service reprendra lundi, après une mise à jour."


@pytest.fixture
def accounts(client):
    """One account per persona, by name."""
    with client.services.database.write() as db:
        keyring = client.services.keyring
        return {
            "member": factories.member_with_account(db, keyring)[1],
            "employer": factories.employer_account(db, keyring),
            "provider": factories.provider_account(db, keyring),
            "agent": factories.desk_account(db, keyring),
            "supervisor": factories.desk_account(db, keyring, is_supervisor=True),
        }


@pytest.fixture
def withdraw(client):
    """Withdraws a service (or opens it again) as a supervisor's page does."""

    def switched(space: Space, service: Service, state: SwitchState = SwitchState.WITHDRAWN) -> None:
        with client.services.database.write() as db:
            switch_service(db, None, space, service, state, WHY, datetime.now(UTC))
        client.services.site.forget()

    return switched


@pytest.fixture
def plan(client):
    """Plans a maintenance that starts in some minutes (before now: one that is on)."""

    def planned(minutes: int, lasting: int = 60, **more) -> int:
        now = datetime.now(UTC)
        start = now + timedelta(minutes=minutes)
        with client.services.database.write() as db:
            made = plan_maintenance(db, None, start, start + timedelta(minutes=lasting), WHY, now, **more)
        client.services.site.forget()
        return made

    return planned
