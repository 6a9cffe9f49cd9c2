"""What is particular to the account of each kind of organisation: its letters, its pages, its links, its evidence."""

from dataclasses import dataclass
from typing import Any

from portal.data.company_bank import COMPANY
from portal.data.evidence import Action
from portal.data.links import LinkPurpose
from portal.data.organisation_banks import BankOwner, OrganisationBankColumns
from portal.data.practice_bank import PRACTICE

OBJECT = "coordonnees-bancaires"


@dataclass(frozen=True, slots=True)
class Acts:
    """How the evidence names what is done."""

    read: Action
    asked: Action
    approved: Action
    cancelled: Action
    changed: Action
    chosen: Action


@dataclass(frozen=True, slots=True)
class BankArea:
    """`name`: of its letters (« company-bank-asked ») and of its opaque identifiers. `page`: the route that shows the
    account; the others begin with it. `link`: what stops a change from a letter."""

    owner: BankOwner[Any]
    name: str
    page: str
    link: LinkPurpose
    acts: Acts


COMPANY_BANK = BankArea(
    COMPANY,
    "company-bank",
    "employer.bank",
    LinkPurpose.COMPANY_BANK_CHANGE,
    Acts(
        Action.COMPANY_BANK_READ,
        Action.COMPANY_BANK_CHANGE_ASKED,
        Action.COMPANY_BANK_CHANGE_APPROVED,
        Action.COMPANY_BANK_CHANGE_CANCELLED,
        Action.COMPANY_BANK_CHANGED,
        Action.COMPANY_BANK_RULE_CHOSEN,
    ),
)
PRACTICE_BANK = BankArea(
    PRACTICE,
    "practice-bank",
    "provider.bank",
    LinkPurpose.PRACTICE_BANK_CHANGE,
    Acts(
        Action.PRACTICE_BANK_READ,
        Action.PRACTICE_BANK_CHANGE_ASKED,
        Action.PRACTICE_BANK_CHANGE_APPROVED,
        Action.PRACTICE_BANK_CHANGE_CANCELLED,
        Action.PRACTICE_BANK_CHANGED,
        Action.PRACTICE_BANK_RULE_CHOSEN,
    ),
)
BANK_AREAS = (COMPANY_BANK, PRACTICE_BANK)


def bank_area_of(row: OrganisationBankColumns) -> BankArea:
    """The area of a row of bank details."""
    return next(area for area in BANK_AREAS if isinstance(row, area.owner.details))


def organisation_of(row: OrganisationBankColumns) -> int:
    """The id of the organisation that a row belongs to."""
    found: int = getattr(row, bank_area_of(row).owner.key)
    return found
