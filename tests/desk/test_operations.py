"""/gestion/exploitation (R-60, R-51): what supervisors see of the portal's own work, and may do about it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.data.chain_passes import ChainPass, Reading
from portal.data.evidence import Action, entry_of, record_many
from portal.data.import_runs import RunState, begin_run, end_run
from portal.data.job_runs import JobRun
from portal.data.outbox import GIVEN_UP, OutgoingMail
from portal.jobs import JOBS, VERIFY_ALL, VERIFY_NEW, run_due_jobs
from portal.operation_words import JOB_LABELS
from portal.pages.desk.operation_lists import KIND
from tests.support.canaries import CANARY
from tests.support.entry import ask, enter, send

PAGE = "/gestion/exploitation"
ADDRESS = "zoe.canari@exemple.example"


@pytest.fixture
def letters(client):
    """Three letters: one waits, one was refused, one is being sent. Their numbers."""
    services, now = client.services, datetime.now(UTC)
    with services.database.write() as db:
        for _ in range(3):
            services.mail.post(db, "password-changed", ADDRESS, when=CANARY, address=CANARY, browser=CANARY)
        rows = db.exec(select(OutgoingMail).order_by(OutgoingMail.id)).all()
        rows[1].refused_at, rows[1].reason, rows[1].attempts = now, "550 no such user", 1
        rows[2].claimed_until, rows[2].claimed_by, rows[2].attempts = now + timedelta(minutes=5), "worker", 1
        return [row.id for row in rows]


def row_of(client, number: int) -> OutgoingMail:
    with client.services.database.read() as db:
        return db.get_one(OutgoingMail, number)


def path_of(client, number: int, act: str) -> str:
    return f"{PAGE}/courrier/{client.services.keyring.conceal(KIND, [number])[0]}/{act}"


def actions(client) -> list[tuple[str, str]]:
    with client.services.database.read() as db:
        return [tuple(row) for row in db.execute(text("SELECT action, object FROM evidence ORDER BY seq"))]


def test_every_job_has_a_name_in_french() -> None:
    assert {job.name for job in JOBS} == set(JOB_LABELS)


def test_supervisor_of_a_new_portal_is_told_what_it_lacks(client, supervisor) -> None:
    enter(client, supervisor)
    page = client.get(PAGE).text
    assert "Aucune n’a été faite" in page
    assert "Pas encore vérifié" in page
    assert "À jour" in page


def test_supervisor_asks_for_a_verification_that_the_worker_makes(client, supervisor) -> None:
    with client.services.database.write() as db:
        record_many(db, [entry_of(None, Action.SESSION_REFUSED)] * 12)
        for name in (VERIFY_NEW, VERIFY_ALL):
            db.add(JobRun(name=name, due_at=datetime.now(UTC) + timedelta(days=1)))
    enter(client, supervisor)
    client.get(PAGE)
    client.submit(f'form[action="{PAGE}/preuves/verification"]')
    assert "Une vérification est demandée ou en cours" in client.page.text
    assert not client.page.css(f'form[action="{PAGE}/preuves/verification"]')
    assert ("job.asked", VERIFY_ALL) in actions(client)
    run_due_jobs(client.services, [job for job in JOBS if job.name in {VERIFY_NEW, VERIFY_ALL}])
    page = client.get(PAGE).text
    assert "Aucune anomalie" in page
    assert "Vérifier maintenant" in page


def test_broken_chain_is_told_to_supervisors_everywhere_and_to_nobody_else(client, supervisor, agent, member) -> None:
    with client.services.database.write() as db:
        db.add(ChainPass(name=Reading.WHOLE, fault_seq=7, fault="was changed"))
    enter(client, supervisor)
    for path in ("/gestion", "/gestion/comptes", "/compte", PAGE):
        assert "Le registre des preuves n’est plus tel qu’il a été écrit" in client.get(path).text
    assert "La ligne 7 n’est plus telle qu’elle a été écrite" in client.page.text
    for who, path in ((agent, "/gestion"), (member, "/adherent")):
        enter(client, who)
        assert "registre des preuves n’est plus" not in client.get(path).text


def test_imports_are_listed_with_counts_reasons_and_operators(client, supervisor) -> None:
    now = datetime.now(UTC)
    with client.services.database.write() as db:
        done = begin_run(db, "persons", "adherents.csv", "exploitant", now)
        end_run(db, done, RunState.DONE, now, {"created": 1234, "rejected": 5}, "a" * 64)
        begin_run(db, "benefit-lines", "<script>.csv", "", now)
        failed = begin_run(db, "cards", "cartes.csv", "exploitant", now)
        end_run(db, failed, RunState.FAILED, now, {}, "", "OperationalError")
    enter(client, supervisor)
    page = client.get(f"{PAGE}/imports").text
    for told in (
        "adherents.csv",
        "par exploitant",
        "1\u202f234",
        "5 rejetées",
        "En cours, ou interrompu",
        "OperationalError",
    ):
        assert told in page.replace("\u00a0", "\u202f") or told in page, told


def test_job_that_failed_tells_its_class_alone_and_runs_again(client, supervisor) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    with client.services.database.write() as db:
        db.add(JobRun(name="payments.tell", due_at=later, failed_at=datetime.now(UTC), error="ValueError"))
    enter(client, supervisor)
    assert "En échec\u00a0: ValueError" in client.get(f"{PAGE}/taches").text
    client.submit(f'form[action="{PAGE}/taches/payments.tell/relance"]')
    with client.services.database.read() as db:
        assert db.get_one(JobRun, "payments.tell").due_at < later
    assert ("job.asked", "payments.tell") in actions(client)


def test_job_that_runs_now_is_not_asked_for_and_an_unknown_one_does_not_exist(client, supervisor) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    with client.services.database.write() as db:
        db.add(JobRun(name="payments.tell", due_at=datetime.now(UTC), claimed_until=later, claimed_by="x"))
    enter(client, supervisor)
    client.get(f"{PAGE}/taches")
    assert not client.page.css(f'form[action="{PAGE}/taches/payments.tell/relance"]')
    assert send(client, f"{PAGE}/taches/inconnue/relance", form_at=f"{PAGE}/taches").status_code == 404


def test_letters_are_listed_without_their_address_or_a_word_of_them(client, supervisor, letters) -> None:
    enter(client, supervisor)
    waiting, refused = client.get(f"{PAGE}/courrier").text, client.get(f"{PAGE}/courrier?etat=refuses").text
    assert "z…@e….example" in waiting
    assert "550 no such user" in refused
    for page in (waiting, refused):
        assert not [word for word in (ADDRESS, "canari", CANARY) if word in page]


def test_refused_letter_is_tried_again(client, supervisor, letters) -> None:
    enter(client, supervisor)
    client.get(f"{PAGE}/courrier?etat=refuses")
    client.submit(f'form[action="{path_of(client, letters[1], "relance")}"]')
    assert (row_of(client, letters[1]).refused_at, row_of(client, letters[1]).attempts) == (None, 0)
    assert ("mail.retried", f"letter:{letters[1]}") in actions(client)


def test_waiting_letter_is_given_up_and_one_that_is_being_sent_is_not(client, supervisor, letters) -> None:
    enter(client, supervisor)
    for number in (letters[0], letters[2]):
        assert send(client, path_of(client, number, "abandon"), form_at=f"{PAGE}/courrier").status_code == 303
    assert row_of(client, letters[0]).reason == GIVEN_UP
    assert row_of(client, letters[2]).refused_at is None
    assert [one for one in actions(client) if one[0] == "mail.given-up"] == [("mail.given-up", f"letter:{letters[0]}")]
    assert "Abandonné" in client.get(f"{PAGE}/courrier?etat=refuses").text


def test_letter_that_has_left_cannot_be_sent_again(client, supervisor, letters) -> None:
    with client.services.database.write() as db:
        row = db.get_one(OutgoingMail, letters[0])
        row.sent_at, row.recipient_encrypted, row.content_encrypted = datetime.now(UTC), None, None
    enter(client, supervisor)
    send(client, path_of(client, letters[0], "relance"), form_at=f"{PAGE}/courrier")
    assert row_of(client, letters[0]).sent_at is not None
    assert not [one for one in actions(client) if one[0] == "mail.retried"]


@pytest.mark.parametrize("act", ["relance", "abandon"])
def test_letter_named_by_hand_does_not_exist(client, supervisor, letters, act) -> None:
    enter(client, supervisor)
    for name in (str(letters[0]), "x"):
        assert send(client, f"{PAGE}/courrier/{name}/{act}", form_at=f"{PAGE}/courrier").status_code == 404


def test_agent_reaches_nothing_of_it(client, agent, letters) -> None:
    enter(client, agent)
    for path in (PAGE, f"{PAGE}/imports", f"{PAGE}/taches", f"{PAGE}/courrier"):
        assert ask(client, path).status_code == 403
    for path in (
        f"{PAGE}/preuves/verification",
        f"{PAGE}/taches/files.remove-orphans/relance",
        path_of(client, letters[0], "abandon"),
    ):
        assert send(client, path, form_at="/gestion/comptes").status_code == 403
