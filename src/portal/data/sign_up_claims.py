"""What people say of themselves when they sign up, space by space (R-10, R-15)."""

from datetime import date
from typing import ClassVar

import msgspec

from portal.data.accounts import Space
from portal.data.representations import Declaration


class MemberClaim(msgspec.Struct, frozen=True, tag="member"):
    """What a covered person, or the representative, says: both numbers as the card shows them."""

    last_name: str
    first_name: str
    birth_date: date
    member_number: str
    contract_number: str
    declaration: Declaration

    space: ClassVar = Space.MEMBER

    @property
    def named(self) -> str:
        return compact(self.member_number)


class EmployerClaim(msgspec.Struct, frozen=True, tag="employer"):
    """What the signatory of a group contract says."""

    siret: str
    contract_number: str
    last_name: str
    first_name: str

    space: ClassVar = Space.EMPLOYER

    @property
    def named(self) -> str:
        return self.siret


class ProviderClaim(msgspec.Struct, frozen=True, tag="provider"):
    """What a health professional says: RPPS or FINESS, and the agreement's number."""

    national_id: str
    agreement_number: str

    space: ClassVar = Space.PROVIDER

    @property
    def named(self) -> str:
        return self.national_id


Claim = MemberClaim | EmployerClaim | ProviderClaim


def compact(number: str) -> str:
    return "".join(sign for sign in number.upper() if sign.isalnum())


def written(number: str) -> set[str]:
    """The ways in which the insurer may have written a number, for a search by index."""
    bare = "".join(number.split())
    return {number.strip(), bare, bare.upper()}
