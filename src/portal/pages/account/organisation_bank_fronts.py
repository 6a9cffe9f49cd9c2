"""Where the account of a company's, and a practice's, is shown and changed: who may, under which address, in which
words."""

from dataclasses import dataclass
from typing import Any

from litestar.types import Guard
from sqlmodel import Session

from portal.bank_areas import COMPANY_BANK, PRACTICE_BANK, BankArea
from portal.data.accounts import Space
from portal.data.organisation_bank_reading import OrganisationAccount, read_account
from portal.organisation_bank_words import COMPANY_WORDS, PRACTICE_WORDS, BankWords
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb
from portal.web import PortalRequest

TITLE = "Compte bancaire"
PATH = "/coordonnees-bancaires"


@dataclass(frozen=True, slots=True)
class BankFront:
    """A space's pages. `has_mandate`: whether giving an account is signing one."""

    space: Space
    area: BankArea
    words: BankWords
    read: Permission
    change: Permission
    has_mandate: bool

    @property
    def path(self) -> str:
        return f"/{self.space}{PATH}"

    @property
    def name(self) -> str:
        """The route's name, with which the others begin."""
        return self.area.page

    @property
    def reads(self) -> list[Guard]:
        return [requires(self.read)]

    @property
    def changes(self) -> list[Guard]:
        return [requires(self.change), recently_confirmed]

    @property
    def stops(self) -> list[Guard]:
        """Stopping a change asks for no proof: nobody should lose time over it."""
        return [requires(self.change)]


FRONTS = {
    Space.EMPLOYER: BankFront(
        Space.EMPLOYER,
        COMPANY_BANK,
        COMPANY_WORDS,
        Permission.COMPANY_BANK_READ,
        Permission.COMPANY_BANK_CHANGE,
        has_mandate=True,
    ),
    Space.PROVIDER: BankFront(
        Space.PROVIDER,
        PRACTICE_BANK,
        PRACTICE_WORDS,
        Permission.PRACTICE_BANK_READ,
        Permission.PRACTICE_BANK_CHANGE,
        has_mandate=False,
    ),
}


def front_of(request: PortalRequest) -> BankFront:
    """The pages of the viewer's space."""
    return FRONTS[Space(request.viewer.space)]


def seen_account(request: PortalRequest, db: Session) -> OrganisationAccount[Any]:
    """What the pages show."""
    return read_account(db, request.viewer, front_of(request).area.owner, request.services.keyring, request.now)


def home_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way back from the account."""
    home = front_of(request).name.partition(".")[0]
    return [Crumb("Accueil", request.services.urls(f"{home}.home"))]


def bank_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way back from what is below it."""
    return [*home_crumbs(request), Crumb(TITLE, request.services.urls(front_of(request).name))]
