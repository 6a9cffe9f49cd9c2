"""Guards that count reads and refuse whoever reads too much (R-62).

They stand after the policy: whoever may not read at all is not counted.
"""

from datetime import UTC, datetime

from litestar.connection import ASGIConnection
from litestar.exceptions import TooManyRequestsException
from litestar.handlers import BaseRouteHandler

from portal.data.sessions import Viewer
from portal.entry.authentication import network_of
from portal.reading_limits import DIRECTORY, EXPORTS, MAPS, SUGGESTIONS, TILES, Allowance
from portal.web import Services


class TooManyReads(TooManyRequestsException):
    """The reader's limit is used up until `back_at`; `what` is the name of the `Allowance`."""

    def __init__(self, back_at: datetime, what: str) -> None:
        super().__init__()
        self.back_at = back_at
        self.what = what


class Counted:
    """A guard that counts each read: for the account of whoever is signed in, for the network of everybody else."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance

    async def __call__(self, connection: ASGIConnection, _: BaseRouteHandler) -> None:
        """Raises `TooManyReads` when the limit is used up."""
        services: Services = connection.app.state.services
        viewer: Viewer | None = connection.scope["state"].get("viewer")
        reader = f"account {viewer.account_id}" if viewer else network_of(connection.scope["state"]["address"])
        limits = self.allowance.account if viewer else self.allowance.network
        back_at = services.reading.count(f"{self.allowance.name} {reader}", limits, datetime.now(UTC))
        if back_at is not None:
            raise TooManyReads(back_at, self.allowance.name)


counted_read = Counted(DIRECTORY)
counted_map = Counted(MAPS)
counted_tile = Counted(TILES)
counted_export = Counted(EXPORTS)
counted_suggestion = Counted(SUGGESTIONS)
