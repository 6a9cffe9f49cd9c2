"""What an employer types to invite an employee: what it knows, and the birth date by which the employee is known."""

from portal.data.affiliating import NewEmployee
from portal.data.staff_categories import StaffCategory
from portal.employee_words import REFUSALS
from portal.pages.employer.employee_forms import NO_CATEGORY, Reader

FIELDS = ("prenom", "nom", "usage", "naissance", "nir", "email", "matricule", "categorie", "embauche", "effet")
New = NewEmployee


def read_invitation(reader: Reader, categories: dict[str, StaffCategory]) -> tuple[New, StaffCategory] | None:
    """Whom the form invites, and in which category; None when something is to be corrected. The acts judge days."""
    first_name, last_name = reader.name("prenom"), reader.name("nom")
    usage_name, birth = reader.name("usage", is_needed=False), reader.birth("naissance")
    nir, email = reader.nir(birth), reader.email()
    if not email and not any(error.field == "email" for error in reader.errors):
        reader.wrong("email", REFUSALS["no-email"])
    matricule, category = reader.matricule(), reader.choice("categorie", categories, NO_CATEGORY)
    hired_on, given = reader.day("embauche"), reader.day("effet", is_needed=False)
    if reader.errors or birth is None or hired_on is None:
        return None
    new = New(last_name, first_name, birth, hired_on, given or hired_on, nir, usage_name, matricule, email)
    return new, category
