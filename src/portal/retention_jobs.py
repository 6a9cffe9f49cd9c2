"""Applying the retention schedule (R-71): counted first, then forgotten in batches, each with its evidence.

Stopped anywhere and run again, it goes on where it was: what is forgotten is not due any more. Contents leave the
storage once the transaction that forgot their rows is committed; what is left by a crash, the job of orphans removes.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from portal.account_jobs import erase_due
from portal.attachments import discard
from portal.data import email_codes, known_browsers, outbox, proposal_upkeep, rights_traces, throttling
from portal.data.evidence import Action, record
from portal.data.retention_accounts import ACCOUNTS, forget_accounts
from portal.data.retention_accounts import BATCH as FEW
from portal.data.retention_engine import BATCH, Due, Forgotten, Key, Plan, count_due, forget_due, keys_due
from portal.data.retention_plans import PLANS
from portal.data.retention_runs import add_result, begin_run, end_run
from portal.data.retention_schedule import Rule, rules_on, schedule_digest
from portal.formatting import day_in_france
from portal.invitation_jobs import forget_abandoned
from portal.publication_jobs import forget_publication_files
from portal.staff_import_jobs import forget_files
from portal.web import Services

MOST_BATCHES = 200

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule did, or would do: `rows` forgotten or past their time, `oldest` start among them before the run."""

    rule: Rule
    rows: int
    due: Due
    has_failed: bool = False

    @property
    def oldest(self) -> date | None:
        """The day in France on which the oldest period began."""
        start = self.due.oldest
        return day_in_france(start) if isinstance(start, datetime) else start


def due_now(services: Services, now: datetime) -> list[Outcome]:
    """What applying the schedule at this instant would forget, rule by rule. Changes nothing."""
    found = [(rule, _due(services, rule, now)) for rule in rules_on(day_in_france(now))]
    return [Outcome(rule, due.rows, due) for rule, due in found]


def apply_schedule(services: Services, now: datetime) -> list[Outcome]:
    """Applies every rule in the table's order, and keeps what was done as a run. A rule that fails is logged, marked
    in the run and tried again by the next one; the others go on."""
    with services.database.write() as db:
        run_id = begin_run(db, schedule_digest(), now)
    outcomes = [_apply(services, run_id, rule, now) for rule in rules_on(day_in_france(now))]
    with services.database.write() as db:
        end_run(db, run_id, now)
        failed = sum(outcome.has_failed for outcome in outcomes)
        rows = sum(outcome.rows for outcome in outcomes)
        record(db, None, Action.RETENTION_APPLIED, object=f"conservation:{run_id}:{rows}:{failed}", now=now)
    return outcomes


def _due(services: Services, rule: Rule, now: datetime) -> Due:
    with services.database.read() as db:
        return sum((count_due(db, plan, rule.period, now) for plan in PLANS[rule.code]), Due())


def _apply(services: Services, run_id: int, rule: Rule, now: datetime) -> Outcome:
    due = _due(services, rule, now)
    if not due.rows:
        return Outcome(rule, 0, due)
    try:
        rows = _forget(services, run_id, rule, due, now)
    except Exception:
        logger.exception("the retention rule %s failed; the next run goes on from there", rule.code)
        with services.database.write() as db:
            add_result(db, run_id, rule.code, 0, has_failed=True)
        return Outcome(rule, 0, due, has_failed=True)
    return Outcome(rule, rows, due)


def _forget(services: Services, run_id: int, rule: Rule, due: Due, now: datetime) -> int:
    if rule.code in OWN_WAYS:
        OWN_WAYS[rule.code](services, now)
        rows = due.rows - _due(services, rule, now).rows
        with services.database.write() as db:
            _note(db, run_id, rule, rows, now)
        return rows
    return sum(_forget_plan(services, run_id, rule, plan, now) for plan in PLANS[rule.code])


def _forget_plan(services: Services, run_id: int, rule: Rule, plan: Plan, now: datetime) -> int:
    """Searching reads much and holds nobody up; a writing transaction looks at the keys of one batch alone."""
    rows, most = 0, FEW if rule.code in ACCOUNTS else BATCH
    for _ in range(MOST_BATCHES):
        with services.database.read() as db:
            keys = keys_due(db, plan, rule.period, now, most)
        done = _forget_batch(services, run_id, rule, plan, keys, now) if keys else 0
        rows += done
        if not done or len(keys) < most:
            break
    return rows


def _forget_batch(services: Services, run_id: int, rule: Rule, plan: Plan, keys: list[Key], now: datetime) -> int:
    forget: Callable[..., Forgotten] = forget_accounts if rule.code in ACCOUNTS else forget_due
    with services.database.write() as db:
        done = forget(db, plan, rule.period, now, keys)
        _note(db, run_id, rule, done.rows, now)
    discard(services, done.contents)
    return done.rows


def _note(db: Session, run_id: int, rule: Rule, rows: int, now: datetime) -> None:
    """Writes what a batch forgot into the run and the evidence: a rule and a number, nothing of anybody."""
    if rows:
        add_result(db, run_id, rule.code, rows)
        record(db, None, Action.RETENTION_APPLIED, object=f"conservation:{run_id}:{rule.code}:{rows}", now=now)


def _purge(*purges: Callable[[Session, datetime], object]) -> Callable[[Services, datetime], None]:
    def run(services: Services, now: datetime) -> None:
        with services.database.write() as db:
            for purge in purges:
                purge(db, now)

    return run


# What knows more than rows: a holder's own wish, what still counts against guesses, contents that are not files.
OWN_WAYS: dict[str, Callable[[Services, datetime], object]] = {
    "email-codes": _purge(email_codes.purge),
    "sign-in-attempts": _purge(throttling.purge),
    "known-browsers": _purge(known_browsers.purge),
    "rights-traces": _purge(rights_traces.purge),
    "letter-contents": _purge(outbox.forget_letters),
    "letters": _purge(outbox.forget_letters),
    "invitation-answers": forget_abandoned,
    "invitations": forget_abandoned,
    "employee-files": forget_files,
    "publication-files": forget_publication_files,
    "decision-drafts": _purge(proposal_upkeep.expire_proposals),
    "account-deletions": erase_due,
}
