"""What an invited employee types at each question, and what it becomes."""

from litestar.datastructures import FormMultiDict
from msgspec.structs import replace

from portal.bank_words import LONGEST_HOLDER, NO_HOLDER, WrongIban, details_of, iban_of
from portal.data.coverage import Relationship
from portal.data.invitation_drafts import (
    BankAnswer,
    Draft,
    FamilyMember,
    Identity,
    Step,
    WrongRelative,
    add_relative,
)
from portal.data.invited import Asked, first_day_of
from portal.data.persons import age_on
from portal.forms import exact_value
from portal.invitation_words import NO_FAMILY_CHOICE, NO_RELATIONSHIP, RELATIVE_LABELS, RELATIVES, UNSWORN
from portal.pages.employer.employee_forms import Reader

FIELDS: dict[Step, tuple[str, ...]] = {
    Step.IDENTITY: ("prenom", "nom", "usage", "nir", "email"),
    Step.COVER: ("qui",),
    Step.FAMILY: ("lien", "prenom", "nom", "naissance", "nir"),
    Step.BANK: ("iban", "titulaire"),
    Step.REVIEW: ("exact",),
}
ALONE, FAMILY = "seul", "famille"
CHOICES = {ALONE: False, FAMILY: True}
OLDEST_YEARS = 110
NOT_YET = "Ce jour n’est pas encore passé. Vérifiez l’année."
TOO_OLD = "Vérifiez l’année\u00a0: ce jour est trop ancien."


def read_step(asked: Asked, step: Step, reader: Reader) -> Draft | None:
    """The draft with the answer to a question, or None when something is to be corrected (`reader.errors`)."""
    draft: Draft = _READERS[step](asked, reader)
    return None if reader.errors else draft


def typed_of(asked: Asked, step: Step) -> dict[str, str]:
    """What the fields of a question show when it is asked, again or for the first time."""
    blank = dict.fromkeys(FIELDS[step], "")
    return blank | {name: value for name, value in _SHOWN[step](asked).items() if name in blank}


def place_of(sent: FormMultiDict) -> int:
    """Which of the relatives a form names; -1, which no one is, for what is no number."""
    text = exact_value(sent, "place")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else -1


def _identity(asked: Asked, reader: Reader) -> Draft:
    names = reader.name("nom"), reader.name("usage", is_needed=False), reader.name("prenom")
    is_fixed = asked.employee.nir_lookup is not None
    nir = asked.draft.nir if is_fixed else reader.nir(asked.employee.birth_date)
    return replace(asked.draft, identity=Identity(*names, nir, reader.email()))


def _cover(asked: Asked, reader: Reader) -> Draft:
    return replace(asked.draft, with_family=reader.choice("qui", CHOICES, NO_FAMILY_CHOICE))


def _family(asked: Asked, reader: Reader) -> Draft:
    known = {each.value: each for each in RELATIVE_LABELS}
    relationship: Relationship | None = reader.choice("lien", known, NO_RELATIONSHIP)
    first_name, last_name, birth = reader.name("prenom"), reader.name("nom"), reader.day("naissance")
    if birth is not None and birth > reader.today:
        reader.wrong("naissance", NOT_YET)
    elif birth is not None and age_on(birth, reader.today) > OLDEST_YEARS:
        reader.wrong("naissance", TOO_OLD)
    nir = reader.nir(birth)
    if reader.errors or relationship is None or birth is None:
        return asked.draft
    return _added(asked, reader, FamilyMember(relationship, last_name, first_name, birth, nir))


def _added(asked: Asked, reader: Reader, member: FamilyMember) -> Draft:
    try:
        return add_relative(asked.draft, member, first_day_of(asked))
    except WrongRelative as wrong:
        reader.wrong(wrong.field, RELATIVES[wrong.code])
        return asked.draft


def _bank(asked: Asked, reader: Reader) -> Draft:
    holder = " ".join(reader.raw["titulaire"].split())
    kept = asked.draft.bank.iban if asked.draft.bank else ""
    if not reader.raw["iban"].strip() and not kept:
        return replace(asked.draft, bank=BankAnswer())
    try:
        iban = iban_of(reader.raw["iban"].strip() or kept)
    except WrongIban as wrong:
        reader.wrong("iban", str(wrong))
        return asked.draft
    if not 2 <= len(holder) <= LONGEST_HOLDER:
        reader.wrong("titulaire", NO_HOLDER)
    details = details_of(iban, holder)
    return replace(asked.draft, bank=BankAnswer(details.iban, details.holder, details.bank))


def _review(asked: Asked, reader: Reader) -> Draft:
    if reader.raw["exact"] != "1":
        reader.wrong("exact", UNSWORN)
    return asked.draft


def _shown_identity(asked: Asked) -> dict[str, str]:
    who, employee = asked.draft.identity, asked.employee
    if who is not None:
        names = {"prenom": who.first_name, "nom": who.last_name, "usage": who.usage_name}
        return names | {"nir": who.nir, "email": who.email}
    names = {"prenom": employee.first_name, "nom": employee.last_name, "usage": employee.usage_name}
    return names | {"nir": asked.draft.nir}


def _shown_cover(asked: Asked) -> dict[str, str]:
    return {"qui": next((name for name, value in CHOICES.items() if value is asked.draft.with_family), "")}


def _shown_family(asked: Asked) -> dict[str, str]:
    return {"nom": asked.draft.identity.last_name if asked.draft.identity else ""}


def _shown_bank(asked: Asked) -> dict[str, str]:
    given, who = asked.draft.bank, asked.draft.identity
    name = f"{who.first_name} {who.usage_name or who.last_name}" if who else ""
    return {"titulaire": given.holder if given and given.holder else name}


def _shown_nothing(asked: Asked) -> dict[str, str]:  # noqa: ARG001  (as its neighbours)
    return {}


_READERS = {
    Step.IDENTITY: _identity,
    Step.COVER: _cover,
    Step.FAMILY: _family,
    Step.BANK: _bank,
    Step.REVIEW: _review,
}
_SHOWN = {
    Step.IDENTITY: _shown_identity,
    Step.COVER: _shown_cover,
    Step.FAMILY: _shown_family,
    Step.BANK: _shown_bank,
    Step.REVIEW: _shown_nothing,
}
