"""The letter about a practice's software, to everybody who holds its agreement: a thief's client is seen by another."""

from sqlmodel import Session

from portal.data.software import Software, holders_of
from portal.web import Services

CREATED, RENEWED, REVOKED = "créé", "renouvelé", "arrêté"


def tell_of_software(services: Services, db: Session, software: Software, what: str, by: str) -> None:
    """Writes that the access was made, its secret renewed, or ended; `by`: who did it."""
    href = services.settings.origin + services.urls("provider.software")
    said = {"what": what, "name": software.name, "client_id": software.client_id, "by": by, "href": href}
    for holder in holders_of(db, software):
        services.mail.post(db, "software-changed", holder.email, account_id=holder.id, **said)
