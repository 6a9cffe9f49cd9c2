"""The job behind invitations: what nobody finished is forgotten in time (R-71)."""

from datetime import datetime

from portal.account_jobs import do_each
from portal.data.invitation_upkeep import abandoned, forget_drafts, forget_invitation
from portal.web import Services


def forget_abandoned(services: Services, now: datetime) -> int:
    """Erases old answers, then abandoned invitations, one transaction for each; how many. Raises an `ExceptionGroup` of
    what failed, once the others are done."""
    with services.database.write() as db:
        forget_drafts(db, now)
    with services.database.read() as db:
        due = abandoned(db, now)
    return do_each(lambda one: _forget(services, one, now), due)


def _forget(services: Services, invitation_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        return forget_invitation(db, invitation_id, now)
