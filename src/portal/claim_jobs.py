"""The job behind claims and quotes: what was paid is found again, shown beside the estimate, and told to its author."""

from datetime import datetime

from portal.account_jobs import do_each
from portal.case_notices import tell_of_news
from portal.data.claim_lines import Match, link_line, paid_claims, settle_claim, unlinked_matches
from portal.data.evidence import Action, record
from portal.formatting import day_in_france
from portal.web import Services


def follow_claims(services: Services, now: datetime) -> int:
    """Links each paid line to the claim or the quote that led to it, then settles the claims that are paid whole; how
    many cases moved. Stopped anywhere and run again, it goes on where it was. Raises an `ExceptionGroup` of what
    failed, once the others are done."""
    with services.database.read() as db:
        matches = unlinked_matches(db, day_in_france(now))
    linked = do_each(lambda match: _link(services, match, now), matches)
    with services.database.read() as db:
        paid = paid_claims(db)
    return linked + do_each(lambda case_id: _settle(services, case_id, now), paid)


def _link(services: Services, match: Match, now: datetime) -> bool:
    with services.database.write() as db:
        case = link_line(db, match, now)
        if case is None:
            return False
        tell_of_news(services, db, case)
        record(db, None, Action.CASE_LINES_LINKED, object=case.object, now=now)
    return True


def _settle(services: Services, case_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        case = settle_claim(db, case_id, now)
        if case is None:
            return False
        tell_of_news(services, db, case)
        record(db, None, Action.CASE_DECIDED, object=case.object, now=now)
    return True
