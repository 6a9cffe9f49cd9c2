"""Jobs behind the account's own pages: erasing accounts whose deletion is due (R-66), telling of new payments."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from portal.attachments import discard
from portal.data.case_erasure import forget_drafts
from portal.data.deletion import due_deletions
from portal.data.erasure import erase_account, sweep_details
from portal.data.evidence import Action, record
from portal.data.notifications import DueNotice, due_payment_notices, keep_notice
from portal.web import Services

Item = TypeVar("Item")


def do_each(act: Callable[[Item], bool], items: Iterable[Item]) -> int:
    """Acts on each item, also past one that fails; how many were acted on. Raises an `ExceptionGroup` of what failed
    once all the others are done, so that the job is known to have failed and is run again."""
    done, failures = 0, []
    for item in items:
        try:
            done += act(item)
        except Exception as failure:  # noqa: BLE001  (all of them are raised below)
            failures.append(failure)
    if failures:
        raise ExceptionGroup("some of a job's items failed", failures)
    return done


def erase_due(services: Services, now: datetime) -> int:
    """Erases each account whose seven days are over, one transaction for each; how many. Stopped anywhere and run
    again, it goes on where it was. Raises an `ExceptionGroup` of what failed, once the others are erased."""
    with services.database.write() as db:
        sweep_details(db, now)
    with services.database.read() as db:
        due = due_deletions(db, now)
    return do_each(lambda deletion_id: _erase(services, deletion_id, now), due)


def _erase(services: Services, deletion_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        erased = erase_account(db, deletion_id, now)
        if erased is None:
            return False
        account_id, email = erased
        gone = forget_drafts(db, account_id)
        if email:
            services.mail.post(db, "account-erased", email)
        record(db, None, Action.ACCOUNT_ERASED, actor=account_id, now=now)
    discard(services, gone)
    return True


def send_payment_notices(services: Services, now: datetime) -> int:
    """Writes to those who chose to be told of a new payment, once a day at most; how many. The letter names no amount,
    no care, nobody: only that there is something to read. Raises an `ExceptionGroup` of what failed."""
    with services.database.read() as db:
        due = due_payment_notices(db, now)
    return do_each(lambda notice: _tell(services, notice, now), due)


def _tell(services: Services, notice: DueNotice, now: datetime) -> bool:
    href = services.settings.origin + services.urls("start")
    with services.database.write() as db:
        if not keep_notice(db, notice, now):
            return False
        services.mail.post(db, "payment-notice", notice.email, account_id=notice.account_id, href=href)
    return True
