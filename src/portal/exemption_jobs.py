"""The job behind exemptions: those whose evidence ends soon are told of, once."""

from datetime import datetime

from portal.account_jobs import do_each
from portal.data.exemption_reminders import companies_to_remind, take_due
from portal.exemption_notices import tell_of_ends
from portal.formatting import day_in_france
from portal.web import Services


def remind_of_exemptions(services: Services, now: datetime) -> int:
    """Writes to each company with exemptions to renew, and to their employees, one transaction for each company; to
    how many companies. Raises an `ExceptionGroup` of what failed, once the others are done."""
    with services.database.read() as db:
        companies = companies_to_remind(db, day_in_france(now))
    return do_each(lambda company_id: _remind(services, company_id, now), companies)


def _remind(services: Services, company_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        due = take_due(db, company_id, day_in_france(now), now)
        if due is None:
            return False
        tell_of_ends(services, db, due)
    return True
