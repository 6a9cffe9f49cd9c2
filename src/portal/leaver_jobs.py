"""The job behind departures: each letter to those who left is posted once, on the day it is due."""

from datetime import datetime

from portal.account_jobs import do_each
from portal.data.departures import LetterKind
from portal.data.evidence import Action, record
from portal.data.group_figures import GroupFigures, group_figures_on
from portal.data.leaver_letters import Due, letters_due, take_cancelled, take_letter
from portal.data.leavers import leaver_of
from portal.formatting import day_in_france
from portal.leaver_notices import tell_leaver, tell_of_return
from portal.web import Services

ACTOR = "batch"


def write_to_leavers(services: Services, now: datetime) -> int:
    """Posts each letter that is due, one transaction for each; how many. Nothing leaves on a day whose figures are not
    known. Raises an `ExceptionGroup` of what failed, once the others are done."""
    day = day_in_france(now)
    with services.database.read() as db:
        figures = group_figures_on(db, day)
        due = letters_due(db, figures, day) if figures else []
    return do_each(lambda one: figures is not None and _write(services, one, figures, now), due)


def _write(services: Services, due: Due, figures: GroupFigures, now: datetime) -> bool:
    with services.database.write() as db:
        if due.kind is LetterKind.CANCELLED:
            back = take_cancelled(db, due, now)
            if back is None:
                return False
            employee, recipient = back.employee, back.recipient
            tell_of_return(services, db, back)
        else:
            taken = take_letter(db, due, figures, now)
            if taken is None:
                return False
            employee, recipient = taken.left.employee, taken.recipient
            tell_leaver(services, db, taken, leaver_of(db, taken.left, figures, day_in_france(now)), figures)
        details = {"by": ACTOR, "letter": due.kind}
        told = f"salarie:{employee.id}"
        record(db, None, Action.LEAVER_TOLD, object=told, details=details, actor=recipient.account_id, now=now)
    return True
