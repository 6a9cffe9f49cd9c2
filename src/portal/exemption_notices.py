"""Letters about exemptions: to those who handle the company's staff, and to the employee when an e-mail is held.

No letter to the company names anybody; none says which legal case it is.
"""

from sqlmodel import Session

from portal.data.employees import Employee
from portal.data.exemption_reminders import Due, handlers_of
from portal.data.exemption_rows import Exemption
from portal.data.exemptions import ground_of
from portal.data.organisations import company_of
from portal.formatting import long_date
from portal.web import Services

ACCEPTED, REFUSED, CANCELLED, ENDING = "acceptée", "refusée", "abandonnée", "bientôt échue"


def tell_of_request(services: Services, db: Session, employee: Employee) -> None:
    """Tells the company that an employee asked for an exemption."""
    href = services.settings.origin + services.urls("employer.exemptions", {"etat": "a-decider"})
    for account in handlers_of(db, employee.company_id):
        services.mail.post(db, "exemption-asked", account.email, account_id=account.id, href=href)


def tell_of_decision(
    services: Services, db: Session, employee: Employee, exemption: Exemption, what: str, reason: str = ""
) -> None:
    """Tells the employee what was decided; nobody when no e-mail is held."""
    if not employee.email:
        return
    services.mail.post(
        db,
        "exemption-decided",
        employee.email,
        what=what,
        company=company_of(db, employee.company_id).name,
        starts_on=long_date(exemption.starts_on),
        until=long_date(exemption.valid_until) if exemption.valid_until else "",
        is_renewable=ground_of(db, exemption).is_renewable,
        reason=reason,
    )


def tell_of_ends(services: Services, db: Session, due: Due) -> None:
    """Tells the company how many exemptions end soon, and each of the employees about theirs."""
    href = services.settings.origin + services.urls("employer.exemptions", {"etat": "a-renouveler"})
    first = min(exemption.valid_until for exemption, _ in due.rows if exemption.valid_until)
    for account in handlers_of(db, due.company.id or 0):
        said = {"count": len(due.rows), "first": long_date(first), "href": href}
        services.mail.post(db, "exemptions-ending", account.email, account_id=account.id, **said)
    for exemption, employee in due.rows:
        tell_of_decision(services, db, employee, exemption, ENDING)
