"""The job behind calls for contributions: each period of each contract is called once it has ended."""

from datetime import date, datetime

from portal.account_jobs import do_each
from portal.data.contribution_issuing import billed_contracts, issue_call, next_period
from portal.data.evidence import Action, record
from portal.database import Database
from portal.formatting import day_in_france
from portal.web import Services

ACTOR = "batch"


def issue_due_calls(services: Services, now: datetime) -> int:
    """Issues what is due, one transaction for each call; how many. Raises an `ExceptionGroup` of what failed, once the
    others are done."""
    day = day_in_france(now)
    with services.database.read() as db:
        contracts = billed_contracts(db, day)
    return do_each(lambda one: issue_for(services.database, one, day, now) > 0, [(each,) for each in contracts])


def issue_for(database: Database, contract: tuple[int], day: date, now: datetime, first: date | None = None) -> int:
    """Issues the calls of a contract for the periods that have ended by `day`, in order; how many."""
    done = 0
    while True:
        with database.write() as db:
            period = next_period(db, *contract, day, first)
            call = issue_call(db, *contract, period, now) if period else None
            if call is None:
                return done
            details = {"by": ACTOR}
            record(db, None, Action.CONTRIBUTIONS_ISSUED, object=call.number, details=details, now=now)
        done += 1
