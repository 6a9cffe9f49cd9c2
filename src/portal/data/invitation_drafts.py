"""What an invited employee typed so far: steps, answers, encrypted until they are sent. No query here."""

from datetime import date
from enum import StrEnum

import msgspec

from portal.data.bank_details import NewDetails
from portal.data.coverage import Relationship
from portal.data.invitations import AffiliationInvitation
from portal.data.persons import is_minor_on
from portal.security import Keyring

PARTNERS = frozenset({Relationship.SPOUSE, Relationship.CIVIL_PARTNER, Relationship.COHABITANT})
MOST_RELATIVES = 12


class Step(StrEnum):
    """The questions, in their order; the value stands in the address."""

    IDENTITY = "identite"
    COVER = "couverture"
    FAMILY = "famille"
    BANK = "remboursements"
    REVIEW = "verification"


class Identity(msgspec.Struct, frozen=True):
    """Who the employee is. `nir`: fifteen characters with a right key, or empty; `email`: for the insurer alone."""

    last_name: str
    usage_name: str
    first_name: str
    nir: str
    email: str


class FamilyMember(msgspec.Struct, frozen=True):
    """Somebody to cover with the employee: a partner, or a minor child."""

    relationship: Relationship
    last_name: str
    first_name: str
    birth_date: date
    nir: str = ""


class BankAnswer(msgspec.Struct, frozen=True):
    """Where to reimburse, as typed and checked; an empty IBAN for later."""

    iban: str = ""
    holder: str = ""
    bank: str = ""

    @property
    def details(self) -> NewDetails | None:
        return NewDetails(self.iban, self.holder, self.bank) if self.iban else None


class Draft(msgspec.Struct, frozen=True):
    """All answers. `nir`: what was typed to prove who one is; `with_family`: None before the question."""

    nir: str = ""
    identity: Identity | None = None
    with_family: bool | None = None
    family: tuple[FamilyMember, ...] = ()
    bank: BankAnswer | None = None

    @property
    def covered(self) -> int:
        """How many persons are to be covered, the employee included."""
        return 1 + len(self.family) if self.with_family else 1


class WrongRelative(Exception):
    """Nobody can be covered so; `code` says why (`invitation_words.RELATIVES`)."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(code)
        self.code = code
        self.field = field


def next_step(draft: Draft) -> Step:
    """The first question without an answer; `REVIEW` once there is none."""
    if draft.identity is None:
        return Step.IDENTITY
    if draft.with_family is None:
        return Step.COVER
    if draft.with_family and not draft.family:
        return Step.FAMILY
    return Step.BANK if draft.bank is None else Step.REVIEW


def steps_of(draft: Draft) -> list[Step]:
    """The questions that this draft has to answer."""
    return [step for step in Step if step is not Step.FAMILY or draft.with_family]


def may_show(draft: Draft, step: Step) -> bool:
    """Whether a question can be asked by now: all before it are answered."""
    asked = steps_of(draft)
    return step in asked and asked.index(step) <= asked.index(next_step(draft))


def add_relative(draft: Draft, member: FamilyMember, starts_on: date) -> Draft:
    """The draft with somebody more. Raises `WrongRelative`."""
    _check_relative(draft, member, starts_on)
    return msgspec.structs.replace(draft, family=(*draft.family, member))


def remove_relative(draft: Draft, place: int) -> Draft:
    """The draft without the person at a place of its list; the same when there is none."""
    return msgspec.structs.replace(draft, family=tuple(each for at, each in enumerate(draft.family) if at != place))


def read_draft(keyring: Keyring, row: AffiliationInvitation) -> Draft:
    """What an invitation holds; an empty draft before anything was typed."""
    if row.draft_encrypted is None:
        return Draft()
    return msgspec.json.decode(keyring.decrypt(row.draft_encrypted), type=Draft)


def sealed_draft(keyring: Keyring, draft: Draft) -> bytes:
    """The column that holds it."""
    return keyring.encrypt(msgspec.json.encode(draft).decode())


def _check_relative(draft: Draft, member: FamilyMember, starts_on: date) -> None:
    is_partner, is_minor = member.relationship in PARTNERS, is_minor_on(member.birth_date, starts_on)
    if len(draft.family) >= MOST_RELATIVES:
        raise WrongRelative("too-many", "prenom")
    if is_partner and any(each.relationship in PARTNERS for each in draft.family):
        raise WrongRelative("second-partner", "lien")
    if is_partner and is_minor:
        raise WrongRelative("minor-partner", "naissance")
    if not is_partner and not is_minor:
        raise WrongRelative("adult-child", "naissance")
    if any(_is_same(each, member) for each in draft.family):
        raise WrongRelative("twice", "prenom")


def _is_same(one: FamilyMember, other: FamilyMember) -> bool:
    if one.nir and one.nir == other.nir:
        return True
    names = (one.first_name.casefold(), one.last_name.casefold(), one.birth_date)
    return names == (other.first_name.casefold(), other.last_name.casefold(), other.birth_date)
