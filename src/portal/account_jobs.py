"""Jobs behind the account's own pages: erasing accounts whose deletion is due (R-66), telling of new payments."""

from datetime import datetime

from portal.data.deletion import due_deletions
from portal.data.erasure import erase_account, sweep_details
from portal.data.evidence import Action, record
from portal.data.notifications import DueNotice, due_payment_notices, keep_notice
from portal.web import Services


def erase_due(services: Services, now: datetime) -> int:
    """Erases each account whose seven days are over, one transaction for each; how many. Stopped anywhere and run
    again, it goes on where it was."""
    with services.database.read() as db:
        due = due_deletions(db, now)
    erased = sum(_erase(services, deletion_id, now) for deletion_id in due)
    with services.database.write() as db:
        sweep_details(db, now)
    return erased


def _erase(services: Services, deletion_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        erased = erase_account(db, deletion_id, now)
        if erased is None:
            return False
        account_id, email = erased
        if email:
            services.mail.post(db, "account-erased", email)
        record(db, None, Action.ACCOUNT_ERASED, actor=account_id, now=now)
    return True


def send_payment_notices(services: Services, now: datetime) -> int:
    """Writes to those who chose to be told of a new payment, once a day at most; how many. The letter names no amount,
    no care, nobody: only that there is something to read."""
    with services.database.read() as db:
        due = due_payment_notices(db, now)
    for notice in due:
        _tell(services, notice, now)
    return len(due)


def _tell(services: Services, notice: DueNotice, now: datetime) -> None:
    href = services.settings.origin + services.urls("start")
    with services.database.write() as db:
        if keep_notice(db, notice, now):
            services.mail.post(db, "payment-notice", notice.email, account_id=notice.account_id, href=href)
