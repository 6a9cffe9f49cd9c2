"""Periodic jobs: each when it is due, by one server at a time, and again soon when it fails."""

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from portal.data.job_runs import JobRun, claim_job
from portal.data.outbox import OutgoingMail
from portal.jobs import JOBS, RETRY_AFTER, Job, run_due_jobs

HOUR = timedelta(hours=1)


@pytest.fixture
def run(services, clock):
    def run_now(*jobs: Job) -> None:
        run_due_jobs(services, jobs, clock)

    return run_now


def test_job_runs_at_once_then_each_time_it_is_due(run, clock) -> None:
    runs: list[object] = []
    job = Job("count", HOUR, runs.append)
    for minutes, expected in ((0, 1), (59, 1), (1, 2), (59, 2), (1, 3), (600, 4)):
        clock.pass_(minutes=minutes)
        run(job)
        run(job)
        assert len(runs) == expected


def test_job_that_fails_is_logged_and_tried_again_soon_while_others_run(run, clock, caplog, services) -> None:
    tries: list[int] = []
    others: list[object] = []

    def fail_once(_: object) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("unforeseen")

    jobs = (Job("fragile", HOUR, fail_once), Job("sturdy", HOUR, others.append))
    run(*jobs)
    assert (len(tries), len(others)) == (1, 1)
    assert "job fragile failed" in caplog.text
    clock.pass_(seconds=RETRY_AFTER.total_seconds())
    run(*jobs)
    assert (len(tries), len(others)) == (2, 1)
    with services.database.read() as db:
        row = db.exec(select(JobRun).where(JobRun.name == "fragile")).one()
    assert (row.last_run_at, row.failed_at, row.claimed_until) == (clock(), None, None)


def test_job_under_way_elsewhere_is_left_until_its_lease_ends(services, run, clock) -> None:
    runs: list[object] = []
    job = Job("count", HOUR, runs.append, lease=timedelta(minutes=10))
    with services.database.write() as db:
        assert claim_job(db, job.name, "another server, which dies", job.lease, clock())
    clock.pass_(minutes=9)
    run(job)
    assert runs == []
    clock.pass_(minutes=1)
    run(job)
    assert len(runs) == 1


def test_servers_at_once_run_a_job_once(services, clock) -> None:
    runs: list[int] = []
    start = threading.Barrier(4)
    job = Job("count", HOUR, lambda _: runs.append(1))

    def serve() -> None:
        start.wait()
        run_due_jobs(services, (job,), clock)

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs == [1]


def test_every_job_of_the_portal_runs_on_an_empty_database(services, clock, caplog) -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)
    run_due_jobs(services, JOBS, clock)
    assert caplog.text == ""
    with services.database.read() as db:
        assert {row.name for row in db.exec(select(JobRun)) if row.last_run_at} == {job.name for job in JOBS}


def test_old_mail_is_forgotten_by_a_job(services, post, run, clock) -> None:
    post()
    with services.database.write() as db:
        row = db.exec(select(OutgoingMail)).one()
        row.sent_at = clock() - timedelta(days=400)
    run(*JOBS)
    with services.database.read() as db:
        assert db.exec(select(OutgoingMail)).all() == []
