"""The request that handlers receive, and the services behind it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment
from litestar.exceptions import NotFoundException
from litestar_htmx import HTMXRequest
from sqlmodel import Session

from portal.assets import Assets
from portal.data.evidence import Action, Outcome, entry_of, record
from portal.data.sessions import Viewer
from portal.database import Database
from portal.evidence.journal import Journal
from portal.fronts import Front
from portal.mailing.mail import Mail
from portal.meters import Meters
from portal.operation_metrics import FigureCache
from portal.places.geocoder import Geocoder
from portal.places.tiles import Tiles
from portal.reading_limits import ReadingLimits
from portal.routing import Urls
from portal.security import LINK, Keyring
from portal.settings import Settings
from portal.site import Site
from portal.storage import Storage


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account that the demonstration shows."""

    identifier: str
    who: str
    needs_code: bool


@dataclass(frozen=True, slots=True)
class DemoSignUp:
    """What a visitor may type to try signing up; `person` is the reference of the person whose birth date is needed."""

    space: str
    who: str
    expect: str
    fields: str
    person: str


@dataclass(frozen=True, slots=True)
class DemoHelp:
    """What the demonstration shows on its own page; absent outside `portal demo`."""

    accounts: tuple[DemoAccount, ...]
    password: str
    totp_secret: str
    sign_ups: tuple[DemoSignUp, ...] = ()


@dataclass(frozen=True)
class Services:
    """What the application is made of; one instance per application."""

    settings: Settings
    database: Database
    keyring: Keyring
    journal: Journal
    urls: Urls
    assets: Assets
    templates: Environment
    mail: Mail
    site: Site
    storage: Storage
    tiles: Tiles
    geocoder: Geocoder
    reading: ReadingLimits
    meters: Meters
    figures: FigureCache
    demo: DemoHelp | None = None

    def link_url(self, token: str) -> str:
        """The absolute URL, for an e-mail, of a link made by `data.links.make_link`."""
        signed = self.keyring.signer(LINK).sign(token).decode()
        return self.settings.origin + self.urls("link", jeton=signed)


class PortalRequest(HTMXRequest):
    """A request with the portal's own context. `db` reads only; writing goes through `database.write()`."""

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    @property
    def front(self) -> Front:
        """By which of the portal's names the request came, and what is served there."""
        front: Front = self.scope["state"]["front"]
        return front

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def db(self) -> Session:
        session: Session = self.scope["state"]["db"]
        return session

    @property
    def viewer(self) -> Viewer:
        """The signed-in viewer; only for handlers whose policy requires one."""
        viewer: Viewer = self.scope["state"]["viewer"]
        return viewer

    @property
    def signed_in(self) -> Viewer | None:
        """The viewer, or None on public pages."""
        return self.scope["state"].get("viewer")

    @property
    def link_token(self) -> str:
        """The token of the e-mailed link that this browser came by, kept in a signed cookie; empty without one."""
        return self.scope["state"]["link"] or ""

    @property
    def followed_case(self) -> str:
        """The opaque name of the complaint whose link this browser opened last, kept in a signed cookie; empty without
        one."""
        return self.scope["state"]["followed"] or ""

    @property
    def invitation_keys(self) -> tuple[str, str]:
        """The token of the invitation whose link this browser opened last, and what says that the browser proved to be
        the employee's, both kept in one signed cookie; empty without."""
        token, _, browser = (self.scope["state"]["invited"] or "").partition(".")
        return token, browser

    @property
    def client_address(self) -> str:
        address: str = self.scope["state"]["address"]
        return address

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def come_back_to(self, path: str) -> None:
        """Whoever must first sign in, or prove who they are, comes back to this page of the portal, rather than to the
        one that they were asking for."""
        self.scope["state"]["way_back"] = path

    def revealed(self, kind: str, opaque: str) -> int:
        """The id behind an opaque name of an address (ADR 2). Raises `NotFoundException` for one that we never made."""
        row_id = self.services.keyring.reveal(kind, opaque)
        if row_id is None:
            raise NotFoundException
        return row_id

    def note_read(self, action: Action, object_: str = "", *, acting_for: int | None = None, **details: Any) -> None:
        """Notes in the evidence that the viewer read this (R-51), of the person `acting_for` when it is not their own.

        Raises `JournalUnavailable` when it cannot.
        """
        where = self._where | details
        entry = entry_of(self.viewer, action, object=object_, acting_for=acting_for, details=where, now=self.now)
        self.services.journal.note(entry)

    def note_read_by_link(self, action: Action, object_: str) -> None:
        """Notes that whoever holds a letter's link read this (R-51): an act of no account, whoever is signed in.

        Raises `JournalUnavailable` when it cannot.
        """
        self.services.journal.note(entry_of(None, action, object=object_, details=self._where, now=self.now))

    def record(
        self,
        db: Session,
        action: Action,
        object_: str = "",
        *,
        outcome: Outcome = Outcome.OK,
        acting_for: int | None = None,
        **details: Any,
    ) -> None:
        """Records an act of whoever is signed in, in the transaction of the act itself (R-51)."""
        self.record_of(self.signed_in, db, action, object_, outcome, acting_for=acting_for, **details)

    def record_of(
        self,
        viewer: Viewer | None,
        db: Session,
        action: Action,
        object_: str = "",
        outcome: Outcome = Outcome.OK,
        *,
        reason: str = "",
        account_id: int | None = None,
        acting_for: int | None = None,
        **details: Any,
    ) -> None:
        """Records an act of `viewer`, or without one, an act that concerns `account_id` (a refused sign-in)."""
        record(
            db,
            viewer,
            action,
            object=object_,
            outcome=outcome,
            reason=reason,
            actor=account_id,
            acting_for=acting_for,
            details=self._where | details,
            now=self.now,
        )

    @property
    def _where(self) -> dict[str, str]:
        return {"address": self.client_address, "browser": self.headers.get("user-agent", "")[:200]}
