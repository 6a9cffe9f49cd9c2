"""Letters about mandates: to whoever holds one, and to those who signed the contract, each time."""

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.company_bank import COMPANY
from portal.data.mandates import Mandate, read_scope
from portal.data.organisation_banks import signatories
from portal.formatting import long_date
from portal.mandate_words import scope_in_words
from portal.web import Services

GIVEN, CHANGED, REVOKED, ENDING = "donné", "modifié", "retiré", "bientôt terminé"


def tell_of_mandate(services: Services, db: Session, mandate: Mandate, holder: Account, what: str) -> None:
    """Writes to the holder and to every signatory that the mandate was given, changed, taken back, or ends soon."""
    said = {
        "what": what,
        "company": holder.organisation,
        "firm": mandate.firm,
        "holder": holder.display_name,
        "scope": "\u00a0; ".join(scope_in_words(read_scope(mandate.scope))),
        "ends_on": long_date(mandate.ends_on),
    }
    home = services.settings.origin + services.urls("employer.home")
    if holder.email:  # none once that account is erased
        services.mail.post(db, "mandate-holder", holder.email, account_id=holder.id, href=home, **said)
    href = services.settings.origin + services.urls("employer.mandates")
    for signatory in signatories(db, COMPANY, mandate.company_id):
        services.mail.post(db, "mandate-company", signatory.email, account_id=signatory.id, href=href, **said)
