"""Periodic jobs: each is a function of the services, run by the worker under a lease in the database.

Two servers never run one at once; one that fails is logged and tried again soon. A job whose process dies is free again
when its lease ends: so each must be safe to run again from its start.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.account_jobs import erase_due, send_payment_notices
from portal.attachments import remove_orphans
from portal.bank_jobs import apply_due, apply_due_of_organisations
from portal.claim_jobs import follow_claims
from portal.clock_jobs import watch_clocks
from portal.contribution_jobs import issue_due_calls
from portal.data.chain_passes import Reading
from portal.data.columns import utc_now
from portal.data.job_runs import claim_job, finish_job, is_job_due
from portal.data.proposal_upkeep import expire_proposals
from portal.delay_jobs import measure_delays
from portal.entry.onboarding import answer_forms_left
from portal.evidence.verification import verify
from portal.exceptional_jobs import end_expired_accesses
from portal.exemption_jobs import remind_of_exemptions
from portal.formatting import today
from portal.leaver_jobs import write_to_leavers
from portal.mandate_jobs import remind_of_mandates
from portal.payment_jobs import pay_due
from portal.payroll_jobs import tell_of_next_sheets
from portal.practice_jobs import apply_due_changes
from portal.retention_jobs import apply_schedule
from portal.silence_jobs import end_silences
from portal.web import Services

VERIFY_NEW, VERIFY_ALL = "evidence.verify-new", "evidence.verify-all"
RETRY_AFTER = timedelta(minutes=5)
_WORKER = secrets.token_hex(8)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """`run` opens its own transactions and takes less time than `lease`."""

    name: str
    every: timedelta
    run: Callable[[Services], None]
    lease: timedelta = timedelta(hours=1)


def erase_due_accounts(services: Services) -> None:
    """Erases the accounts whose deletion is due (R-66)."""
    erase_due(services, utc_now())


def tell_of_payments(services: Services) -> None:
    """Writes to those who chose to be told of new payments."""
    send_payment_notices(services, utc_now())


def forget_decisions(services: Services) -> None:
    """Forgets decisions of the desk that were written and never sent, or that their case has moved past."""
    with services.database.write() as db:
        expire_proposals(db, utc_now())


def remove_lost_files(services: Services) -> None:
    """Removes contents that no row names: of uploads that failed half-way."""
    remove_orphans(services, utc_now())


def follow_paid_claims(services: Services) -> None:
    """Links paid lines to the claims and quotes that led to them, and settles those claims."""
    follow_claims(services, utc_now())


def pay_due_lines(services: Services) -> None:
    """Makes the day's file of transfers out of what is due to members, where transfers are made here."""
    if services.settings.transfers_iban:
        pay_due(services, today(), utc_now())


def apply_bank_changes(services: Services) -> None:
    """Puts changes of bank details into force once their 72 hours are over."""
    apply_due(services, utc_now())


def apply_organisation_bank_changes(services: Services) -> None:
    """The same for companies and practices; gives up those that nobody approved in time."""
    apply_due_of_organisations(services, utc_now())


def apply_practice_changes(services: Services) -> None:
    """Puts the changes of practices that the desk accepted into effect on their day."""
    apply_due_changes(services, utc_now())


def issue_contribution_calls(services: Services) -> None:
    """Calls for the contributions of the periods that have ended."""
    issue_due_calls(services, utc_now())


def tell_of_payroll_sheets(services: Services) -> None:
    """Tells those who manage contributions what changes in next month's payroll sheet."""
    tell_of_next_sheets(services, utc_now())


def remind_mandated_firms(services: Services) -> None:
    """Tells both sides of the mandates that end within thirty days."""
    remind_of_mandates(services, utc_now())


def tell_leavers(services: Services) -> None:
    """Writes to those whose employment ended: portability, its end, the offer of the loi Évin."""
    write_to_leavers(services, utc_now())


def remind_of_exemptions_due(services: Services) -> None:
    """Tells companies, and their employees, of the exemptions to renew."""
    remind_of_exemptions(services, utc_now())


def end_exceptional_accesses(services: Services) -> None:
    """Notes the end of the exceptional accesses whose time is over."""
    end_expired_accesses(services, utc_now())


def apply_retention(services: Services) -> None:
    """Forgets what is past its time (R-71)."""
    apply_schedule(services, utc_now())


def verify_new_evidence(services: Services) -> None:
    """Verifies the rows of evidence written since the last time."""
    verify(services, Reading.NEW)


def verify_all_evidence(services: Services) -> None:
    """Verifies the evidence from its first row, in slices."""
    verify(services, Reading.WHOLE)


def renew_delays(services: Services) -> None:
    """Measures in how many working days requests were answered of late, for the pages that tell it."""
    measure_delays(services, utc_now())


def watch_desk_dates(services: Services) -> None:
    """Acknowledges complaints that nobody did, tells authors of delays, and the desk of dates that come near."""
    watch_clocks(services, utc_now())


def end_silent_cases(services: Services) -> None:
    """Reminds authors of what their cases wait for, then ends these or takes them up again (R-71)."""
    end_silences(services, utc_now())


JOBS = (
    Job(VERIFY_NEW, timedelta(hours=1), verify_new_evidence),
    Job(VERIFY_ALL, timedelta(days=1), verify_all_evidence, lease=timedelta(hours=2)),
    Job("sign-up.answer", timedelta(minutes=5), answer_forms_left),
    Job("accounts.erase-due", timedelta(hours=1), erase_due_accounts),
    Job("payments.tell", timedelta(hours=1), tell_of_payments),
    Job("bank-details.apply", timedelta(minutes=15), apply_bank_changes),
    Job("organisation-bank.apply", timedelta(minutes=15), apply_organisation_bank_changes),
    Job("practice-changes.apply", timedelta(hours=1), apply_practice_changes),
    Job("contributions.issue", timedelta(hours=6), issue_contribution_calls),
    Job("payroll.tell", timedelta(hours=6), tell_of_payroll_sheets),
    Job("exemptions.remind", timedelta(days=1), remind_of_exemptions_due),
    Job("mandates.remind", timedelta(hours=6), remind_mandated_firms),
    Job("leavers.tell", timedelta(hours=1), tell_leavers),
    Job("payments.run", timedelta(hours=6), pay_due_lines),
    Job("desk.dates", timedelta(hours=6), watch_desk_dates),
    Job("cases.silence", timedelta(hours=6), end_silent_cases),
    Job("delays.measure", timedelta(hours=1), renew_delays),
    Job("claims.follow", timedelta(minutes=30), follow_paid_claims),
    Job("exceptional-accesses.end", timedelta(minutes=5), end_exceptional_accesses),
    Job("retention.apply", timedelta(hours=6), apply_retention),
    Job("decisions.expire", timedelta(days=1), forget_decisions),
    Job("files.remove-orphans", timedelta(days=1), remove_lost_files),
)


def run_due_jobs(services: Services, jobs: Iterable[Job] = JOBS, clock: Callable[[], datetime] = utc_now) -> None:
    """Runs each job that is due and that nobody else is running."""
    for job in jobs:
        if _claim(services, job, clock()):
            error = _attempt(services, job)
            delay = min(job.every, RETRY_AFTER) if error else job.every
            with services.database.write() as db:
                finish_job(db, job.name, _WORKER, clock(), clock() + delay, error=error)


def _claim(services: Services, job: Job, now: datetime) -> bool:
    with services.database.read() as db:
        if not is_job_due(db, job.name, now):
            return False
    with services.database.write() as db:
        return claim_job(db, job.name, _WORKER, job.lease, now)


def _attempt(services: Services, job: Job) -> str:
    """The class of the error by which it failed; nothing when it went well."""
    try:
        job.run(services)
    except Exception as error:
        logger.exception("job %s failed; it will be tried again", job.name)
        return type(error).__name__
    return ""
