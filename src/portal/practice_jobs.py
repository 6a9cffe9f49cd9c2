"""The job behind the changes of practices: what the desk accepted takes effect on its day."""

from datetime import datetime

from portal.account_jobs import do_each
from portal.data.evidence import Action, record
from portal.data.practice_moving import apply_practice_change, case_of_change, due_practice_changes
from portal.formatting import day_in_france
from portal.practice_notices import tell_of_practice_change
from portal.web import Services


def apply_due_changes(services: Services, now: datetime) -> int:
    """Applies each change whose day has come, one transaction for each; how many. Raises an `ExceptionGroup` of what
    failed, once the others are done."""
    with services.database.read() as db:
        due = due_practice_changes(db, day_in_france(now))
    return do_each(lambda case_id: _apply(services, case_id, now), due)


def _apply(services: Services, case_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        row = apply_practice_change(db, case_id, now)
        if row is None:
            return False
        case = case_of_change(db, row)
        tell_of_practice_change(services, db, case, row, "practice-change-applied", now)
        record(db, None, Action.PRACTICE_CHANGE_APPLIED, object=case.object, actor=case.account_id, now=now)
    return True
