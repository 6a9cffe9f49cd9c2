"""Transfers to members: a day's run, its file for the bank, what came back; each with its letters and its evidence."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session

from portal.account_jobs import do_each
from portal.case_notices import tell_of_news, write_to_member
from portal.data.bank_details import accounts_of
from portal.data.cases import Case
from portal.data.evidence import Action, record
from portal.data.payment_returns import note_return, references_of
from portal.data.payment_runs import (
    Held,
    close_run,
    closed_run_of,
    members_due,
    note_written,
    open_run,
    pay_member,
    unfinished_runs,
)
from portal.data.payments import Hold, Payer
from portal.sepa_transfers import Sent, transfers_file
from portal.web import Services


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did: how many members were paid, and the files that were written."""

    paid: int
    files: tuple[Path, ...]


def pay_due(services: Services, day: date, now: datetime) -> Done:
    """Pays each member what is due by `day`, then writes the file of each run that has none. Stopped anywhere and run
    again, it goes on where it was and pays nothing twice. Raises an `ExceptionGroup` of what failed, once the others
    are paid, and the other files written."""
    with services.database.read() as db:
        members = members_due(db, day)
    try:
        paid = _pay_all(services, day, members, now) if members else 0
    finally:
        files = _finish_all(services, now)
    return Done(paid, files)


def each_transfer(services: Services, returns: Sequence[Sent]) -> list[Sent]:
    """The same returns, each file that was refused whole told as its transfers; one that is not ours stays as it is."""
    with services.database.read() as db:
        files = {one.message: references_of(db, one.message) for one in returns if one.message}
    told = []
    for one in returns:
        ours = files.get(one.message)
        told += [replace(one, reference=each, message="") for each in ours] if ours else [one]
    return told


def take_returns(services: Services, returns: Sequence[Sent], now: datetime) -> int:
    """Lets the lines of transfers that came back wait again, and tells their members; how many. One that is no transfer
    of ours, or is known already, is left alone; of a file that was refused whole, each is taken."""
    return do_each(lambda sent: _take(services, sent, now), each_transfer(services, returns))


def _pay_all(services: Services, day: date, members: Sequence[int], now: datetime) -> int:
    with services.database.write() as db:
        run_id = open_run(db, day, now).id or 0
    return do_each(lambda member_id: _pay(services, run_id, member_id, now), members)


def _finish_all(services: Services, now: datetime) -> tuple[Path, ...]:
    """The files of the runs that have none; one that fails keeps no other back."""
    with services.database.read() as db:
        unfinished = unfinished_runs(db)
    files: list[Path] = []

    def finish(run_id: int) -> bool:
        files.append(_finish(services, run_id, now))
        return True

    do_each(finish, unfinished)
    return tuple(files)


def _pay(services: Services, run_id: int, member_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        done = pay_member(db, run_id, member_id, now)
        if done is None:
            return False
        if isinstance(done, Held):
            _tell_held(services, db, done, now)
            return False
        _tell_cases(services, db, done.cases)
        _record(db, Action.PAYMENT_SENT, member_id, done.payment.reference, now)
    return True


def _finish(services: Services, run_id: int, now: datetime) -> Path:
    """Closes a run, then writes its file, then says so: whatever happens in between, the next time gives the same."""
    with services.database.write() as db:
        run, content = close_run(db, services.keyring, run_id, _payer(services), transfers_file, now)
        path = _path(services, run.day)
    _write(path, content)
    with services.database.write() as db:
        if note_written(db, run_id, now):
            said = {"digest": run.digest, "transfers": run.transfers, "cents": run.total_cents}
            record(db, None, Action.PAYMENT_FILE_WRITTEN, object=run.message, details=said, now=now)
    return path


def write_again(services: Services, day: date, now: datetime) -> Path | None:
    """Writes the file of a run that is closed once more, byte for byte, whoever the insurer is by now and wherever it
    banks; None without such a run. Raises `FileChanged`."""
    with services.database.write() as db:
        run_id = closed_run_of(db, day)
        if run_id is None:
            return None
        run, content = close_run(db, services.keyring, run_id, _payer(services), transfers_file, now)
        said = {"digest": run.digest, "transfers": run.transfers, "cents": run.total_cents, "again": True}
        record(db, None, Action.PAYMENT_FILE_WRITTEN, object=run.message, details=said, now=now)
    path = _path(services, day)
    _write(path, content)
    return path


def _payer(services: Services) -> Payer:
    """Who pays by now."""
    settings = services.settings
    return Payer(settings.insurer_name, str(settings.transfers_iban or ""), str(settings.transfers_bic or ""))


def _path(services: Services, day: date) -> Path:
    return services.settings.payments_folder / f"virements-{day.isoformat()}.xml"


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, for nobody else's eyes: it holds IBANs."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _take(services: Services, sent: Sent, now: datetime) -> bool:
    with services.database.write() as db:
        returned = note_return(db, services.keyring, sent.reference, sent.returned_on, sent.code, now, sent.account)
        if returned is None:
            return False
        member_id = returned.payment.member_id
        write_to_member(services, db, member_id, "payment-returned", now, masked=returned.payment.iban_masked)
        _tell_cases(services, db, returned.cases)
        _record(db, Action.PAYMENT_RETURNED, member_id, sent.reference, now)
    return True


def _tell_held(services: Services, db: Session, held: Held, now: datetime) -> None:
    """Asks once for an account where that is what is missing."""
    if held.is_new and held.why is Hold.NO_ACCOUNT:
        write_to_member(services, db, held.member_id, "payment-waits", now)


def _tell_cases(services: Services, db: Session, cases: Sequence[Case]) -> None:
    for case in cases:
        tell_of_news(services, db, case)


def _record(db: Session, action: Action, member_id: int, reference: str, now: datetime) -> None:
    for account in accounts_of(db, member_id):
        record(db, None, action, object=reference, actor=account.id, now=now)
