"""The state of the site as requests see it: read at most once a second per process, known at once where it is written.

When the database cannot be read, the last known state holds: public pages go on without it.
"""

import time
from collections.abc import Iterable
from threading import Lock

from litestar.handlers import HTTPRouteHandler
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portal.closures import SERVICE_OF
from portal.data.columns import utc_now
from portal.data.sessions import Viewer
from portal.data.site_state import SiteState, site_state
from portal.database import Database
from portal.permissions import Permission, Requires, may, policy_of

SECONDS = 1.0


class Site:
    """Withdrawn services and maintenance, for the whole process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._generation = 0
        self._state = SiteState()
        self._read_at = float("-inf")
        self._permissions: dict[str, Permission] = {}

    def learn(self, handlers: Iterable[HTTPRouteHandler]) -> None:
        """Reads which permission each handler requires."""
        policies = {str(handler.name): policy_of(handler) for handler in handlers}
        self._permissions = {name: one.permission for name, one in policies.items() if isinstance(one, Requires)}

    def is_permitted(self, viewer: Viewer, name: str) -> bool:
        """Whether the viewer holds the permission of the handler called `name`."""
        return may(viewer, self._permissions[name])

    def permission_of(self, name: str) -> Permission | None:
        """What the handler called `name` requires; None for one that is public."""
        return self._permissions.get(name)

    def is_offered(self, state: SiteState, viewer: Viewer, name: str) -> bool:
        """Whether the service of the handler called `name` is open in the viewer's space."""
        return state.withdrawal(viewer.space, SERVICE_OF.get(self._permissions[name])) is None

    async def now(self) -> SiteState:
        """The state, at most a second old."""
        return self._state if self._is_fresh() else await self._database.run(self.current)

    def current(self) -> SiteState:
        """The state, at most a second old; reads it when it must."""
        if not self._is_fresh():
            generation = self._generation
            self._keep(self._read(), generation)
        return self._state

    def forget(self) -> None:
        """To be called once a change is committed: the next request reads it."""
        with self._lock:
            self._generation += 1
            self._read_at = float("-inf")

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._read_at < SECONDS

    def _read(self) -> SiteState:
        try:
            with self._database.read() as db:
                return site_state(db, utc_now())
        except (DBAPIError, PoolTimeout):
            return self._state

    def _keep(self, state: SiteState, generation: int) -> None:
        with self._lock:
            if generation == self._generation:  # nobody changed it while we were reading
                self._state, self._read_at = state, time.monotonic()
