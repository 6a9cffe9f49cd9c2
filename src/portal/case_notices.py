"""Letters about cases: that there is something to read, never what (R-80: a notice without content)."""

from sqlmodel import Session

from portal.case_areas import area_of
from portal.data.cases import Case, address_of
from portal.web import Services

CASE = "case"


def tell_of_autonomy(services: Services, db: Session, account_id: int, email: str, *, is_autonomous: bool) -> None:
    """Writes to a minor that their lines are theirs alone, or are so no more: somebody else may have asked for it."""
    if email:
        href = services.settings.origin + services.urls("member.autonomy")
        services.mail.post(db, "autonomy-changed", email, account_id=account_id, is_autonomous=is_autonomous, href=href)


def tell_of_news(services: Services, db: Session, case: Case) -> None:
    """Writes to the account whose case it is, in the transaction of what happened; nothing without an address."""
    email = address_of(db, case)
    if not email:
        return
    href = services.settings.origin + services.urls(
        area_of(case).page, case=services.keyring.conceal(CASE, [case.id or 0])[0]
    )
    services.mail.post(db, "case-news", email, account_id=case.account_id, reference=case.reference, href=href)
