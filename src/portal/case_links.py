"""Where a case is read: by whoever signs in, or by whoever holds the link to a complaint without an account."""

from portal.case_areas import area_of
from portal.data.cases import Case
from portal.web import Services

CASE = "case"
# What a link to a complaint without an account is signed for.
COMPLAINT_LINK = "complaint"


def case_path(services: Services, case: Case) -> str:
    """The path of a case's page, for whoever signs in."""
    return services.urls(area_of(case).page, case=services.keyring.conceal(CASE, [case.id or 0])[0])


def link_path(services: Services, case_id: int) -> str:
    """The path that leads whoever holds it to a complaint without an account, while the link works."""
    keyring = services.keyring
    token = keyring.signer(COMPLAINT_LINK).sign(keyring.conceal(CASE, [case_id])[0]).decode()
    return services.urls("complaint.follow", {"jeton": token})
