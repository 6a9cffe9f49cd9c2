"""The job behind mandates: those that end within thirty days are told to both sides, once."""

from datetime import datetime

from portal.account_jobs import do_each
from portal.data.mandating import mandates_to_remind, take_reminder
from portal.formatting import day_in_france
from portal.mandate_notices import ENDING, tell_of_mandate
from portal.web import Services


def remind_of_mandates(services: Services, now: datetime) -> int:
    """Tells of each mandate that ends soon, one transaction for each; how many. Raises an `ExceptionGroup` of what
    failed, once the others are done."""
    with services.database.read() as db:
        due = mandates_to_remind(db, day_in_france(now))
    return do_each(lambda mandate_id: _remind(services, mandate_id, now), due)


def _remind(services: Services, mandate_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        taken = take_reminder(db, mandate_id, now)
        if taken is None:
            return False
        tell_of_mandate(services, db, *taken, ENDING)
    return True
