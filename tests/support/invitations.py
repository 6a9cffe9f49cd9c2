"""Invited employees for tests: a company that invites, the link of the letter, the employee's answers."""

from datetime import date
from types import SimpleNamespace

from portal.data.columns import utc_now
from portal.data.invitations import AffiliationInvitation, invite
from portal.data.staff_categories import StaffCategory
from portal.formatting import today
from portal.invitation_notices import INVITATION_LINK
from tests.support import staff
from tests.support.client import AuditingClient
from tests.support.entry import leave

BORN = date(1990, 4, 12)
ENTRY, STEPS = "/affiliation", "/affiliation/etapes"
IBAN = "FR7630006000011234567890189"


def nir_of(born: date = BORN, *, sex: str = "2", order: int = 345) -> str:
    """A fictitious number whose key is right."""
    number = f"{sex}{born:%y%m}99001{order:03d}"
    return f"{number}{97 - int(number) % 97:02d}"


def inviting(services) -> SimpleNamespace:
    """A company with its clerk, contract and category."""
    with services.database.write() as db:
        staff.figures(db)
        company = staff.company(db)
        contract = staff.group_contract(db, company)
        category = staff.category(db, contract)
        clerk = staff.user(db, services.keyring, company, display_name="Claude Paie")
    return SimpleNamespace(company=company, contract=contract, category=category, clerk=clerk)


def invited(services, firm, *, at=None, category: StaffCategory | None = None, **values) -> SimpleNamespace:
    """Somebody whom the firm's clerk invited: the employee, the invitation, the token of its link."""
    defaults = {"email": "paule@exemple.example", "hired_on": today(), "starts_on": today()}
    with services.database.write() as db:
        acting = staff.acting(services.keyring, firm.clerk, at or utc_now())
        new = staff.new_employee(**(defaults | values))
        employee, row, token = invite(db, acting, firm.contract, category or firm.category, new)
    return SimpleNamespace(employee=employee, row=row, token=token)


def link_of(client: AuditingClient, token: str) -> str:
    """The path that the letter leads to."""
    signed = client.services.keyring.signer(INVITATION_LINK).sign(token).decode()
    return client.url("invited", {"jeton": signed})


def come(client: AuditingClient, token: str, *, born: date = BORN, nir: str = "") -> None:
    """A browser that knows nothing of us follows the link, and proves to be the employee's."""
    leave(client)
    client.get(link_of(client, token), follow=True)
    client.submit("main form", naissance=born.isoformat(), nir=nir)
    while client.answer.status_code == 303:
        client.get(client.answer.headers["location"], follow=True)


def answer_all(client: AuditingClient, *, alone: bool = True) -> None:
    """Answers every question, up to the review."""
    client.submit("main form", email="a.moi@exemple.example")
    client.submit("main form", qui="seul" if alone else "famille")
    if not alone:
        add_child(client)
        client.get(f"{STEPS}/remboursements")
    client.submit("main form", iban=IBAN, titulaire="Paule Essai")


def add_child(client: AuditingClient, first_name: str = "Zoé", **values: str) -> None:
    """Adds a child of six on the question about the family."""
    born = today().replace(year=today().year - 6, day=1).isoformat()
    fields = {"lien": "enfant", "prenom": first_name, "nom": "Essai", "naissance": born, "nir": ""}
    client.submit(f'form[action="{STEPS}/famille"]', **(fields | values))


def row_of(services, invitation_id: int) -> AffiliationInvitation:
    """The invitation as it is now."""
    with services.database.read() as db:
        return db.get_one(AffiliationInvitation, invitation_id)
