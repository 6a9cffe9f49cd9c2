"""What tests of sign-up share: organisations, and forms filled in as people would."""

from datetime import date
from typing import Any

from sqlmodel import Session

from portal.data.coverage import Contract
from portal.data.organisations import Agreement, Company, GroupContract, Provider
from portal.data.persons import Person
from tests.support import factories
from tests.support.client import AuditingClient
from tests.support.entry import send

SIRET = "73282932000074"
FINESS = "990000010"
TYPED = "tape@courriel.example"
HELD = "connue@courriel.example"
SINCE = date(2020, 1, 1)
FORMS = {
    "member": "/inscription/adherent",
    "employer": "/inscription/employeur",
    "provider": "/inscription/professionnel",
}


def company(
    db: Session, *, siret: str = SIRET, email: str = HELD, number: str = "G-1", ends_on: date | None = None
) -> Company:
    """A company whose group contract Agathe Modèle signed."""
    made = Company(siret=siret, name="Ateliers Exemple", email=email)
    db.add(made)
    db.flush()
    db.add(
        GroupContract(
            number=number,
            company_id=made.id or 0,
            signatory_last_name="Modèle",
            signatory_first_name="Agathe",
            starts_on=SINCE,
            ends_on=ends_on,
        )
    )
    db.flush()
    return made


def provider(db: Session, *, national_id: str = FINESS, email: str = HELD, ends_on: date | None = None) -> Provider:
    """An optician with an agreement."""
    made = Provider(national_id=national_id, profession="opticien", name="Optique Exemple", email=email)
    db.add(made)
    db.flush()
    db.add(Agreement(number=f"TP-{national_id}", provider_id=made.id or 0, starts_on=SINCE, ends_on=ends_on))
    db.flush()
    return made


def member_fields(person: Person, contract: Contract, **changes: str) -> dict[str, str]:
    """What somebody types who holds the card."""
    return {
        "pour": "moi",
        "nom": person.last_name,
        "prenom": person.first_name,
        "naissance": person.birth_date.isoformat(),
        "numero-adherent": contract.member_number,
        "numero-contrat": contract.number,
        "email": TYPED,
        "accepte": "1",
        "version": "",
    } | {name.replace("_", "-"): value for name, value in changes.items()}


def employer_fields(**changes: str) -> dict[str, str]:
    return {
        "siret": SIRET,
        "numero-contrat": "G-1",
        "nom": "Modèle",
        "prenom": "Agathe",
        "email": TYPED,
        "accepte": "1",
        "version": "",
    } | {name.replace("_", "-"): value for name, value in changes.items()}


def provider_fields(**changes: str) -> dict[str, str]:
    return {"numero": FINESS, "convention": f"TP-{FINESS}", "email": TYPED, "accepte": "1", "version": ""} | changes


def sign_up(client: AuditingClient, space: str, fields: dict[str, str], **options: Any) -> Any:
    """Sends a space's form as it is; the answer."""
    return send(client, FORMS[space], fields, form_at=FORMS[space], **options)


def household_of_two(db: Session) -> factories.Household:
    """Anne, whose address the insurer holds, and her daughter Lou, a minor without any."""
    made = factories.household(db, children={"Lou": factories.MINOR_BIRTH})
    made.member.email = HELD
    db.flush()
    return made
