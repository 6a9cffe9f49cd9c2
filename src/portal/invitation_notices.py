"""Letters about invitations: the link, and what follows once the employee has finished."""

from datetime import date
from typing import Any

from sqlmodel import Session

from portal.data.employees import Employee
from portal.data.invitations import AffiliationInvitation
from portal.data.organisations import company_of
from portal.web import Services

# What the link of an invitation is signed for.
INVITATION_LINK = "affiliation"


def tell_invited(
    services: Services, db: Session, employee: Employee, row: AffiliationInvitation, token: str, starts_on: date
) -> None:
    """Sends the link to the address that the employer gave; the letter holds no number."""
    signed = services.keyring.signer(INVITATION_LINK).sign(token).decode()
    href = services.settings.origin + services.urls("invited", {"jeton": signed})
    said: dict[str, Any] = {
        "first_name": employee.first_name,
        "company": company_of(db, employee.company_id).name,
        "starts_on": starts_on,
        "until": row.expires_at,
        "href": href,
    }
    services.mail.post(db, "affiliation-invitation", employee.email, **said)


def tell_affiliated(services: Services, db: Session, employee: Employee, email: str, starts_on: date) -> None:
    """Invites whoever finished to open an account, at the address the person gave, else at the employer's."""
    href = services.settings.origin + services.urls("sign-up.member")
    said: dict[str, Any] = {"company": company_of(db, employee.company_id).name, "starts_on": starts_on, "href": href}
    services.mail.post(db, "employee-affiliated", email or employee.email, **said)
