"""What follows a departure, for the employer, and the letters to whoever left: once each (R-30, R-51, R-72)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from portal import leaver_jobs
from portal.data.accounts import AccountClosing
from portal.data.departing import let_go, reinstate
from portal.data.departures import Departure, LeaverLetter
from portal.data.employees import Employee, EmploymentPeriod
from portal.data.evidence_actions import Action
from portal.data.leaving_rules import LeavingReason
from portal.data.persons import Person
from portal.data.rules import add_months
from portal.formatting import long_date, today
from portal.leaver_jobs import write_to_leavers
from tests.support import factories, staff
from tests.support.entry import ask, enter
from tests.support.evidence_rows import Evidence
from tests.support.leavers import acting_on, at, leave
from tests.support.mail import letters

R = LeavingReason
CARE = ("remboursement", "médic", "ordonnance", "hôpital", "prestation", "pharmacie")
LAST_WEEK = today() - timedelta(days=7)


@pytest.fixture
def gone(client, firm):
    """Lets somebody leave the firm: `gone(left_on, reason)`."""

    def go(left_on: date = LAST_WEEK, reason: R = R.DISMISSAL, **values) -> Employee:
        with client.services.database.write() as db:
            within = (firm.contract, firm.category)
            return leave(db, client.services.keyring, firm.clerk, within, left_on, reason, **values)

    return go


def run(client, day: date) -> int:
    return write_to_leavers(client.services, at(day))


def posted(client) -> list[tuple[str, str]]:
    return [(letter.name, letter.to) for letter in letters(client.services.database, client.services)]


def shown(client, firm, employee) -> str:
    client.get(firm.path(employee, "/suites"))
    return " ".join(client.page.one("main").text(separator=" ").replace("\u00a0", " ").split())


# --- the page ---


def test_employer_reads_the_timeline_the_reasons_and_what_to_do(client, firm, gone) -> None:
    employee = gone()
    client.get(firm.path(employee))
    assert firm.path(employee, "/suites") in client.page.text
    text = shown(client, firm, employee)
    ends_on = add_months(LAST_WEEK + timedelta(days=1), 10) - timedelta(days=1)
    assert f"Couverture jusqu’au {long_date(ends_on)}".replace("\u00a0", " ") in text
    assert "Le contrat de travail a duré 10 mois" in text
    assert "certificat de travail (code de la sécurité sociale, article L911-8, 6°)" in text
    assert "Notre offre de contrat individuel" in text
    assert "Part dans l’heure" in text
    steps = client.page.css("ol.timeline > li")
    assert len(steps) == 8
    assert all(step.css_first("time[datetime]") for step in steps)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (R.GROSS_MISCONDUCT, "La loi exclut la portabilité après une faute lourde"),
        (R.RESIGNATION, "Une démission n’ouvre pas droit"),
        (R.DEATH, "Nous n’écrivons à personne par e-mail"),
        (R.RETIREMENT, "N’annoncez pas de portabilité"),
    ],
)
def test_employer_reads_why_there_is_no_portability(client, firm, gone, reason, said) -> None:
    text = shown(client, firm, gone(reason=reason))
    assert said in text
    assert "Portabilité Aucune" in text


def test_employer_is_told_that_no_address_is_known_and_what_to_do(client, firm, gone) -> None:
    employee = gone(email="")
    text = shown(client, firm, employee)
    assert "Nous n’avons aucune adresse e-mail" in text
    assert "Prévenez vous-même le salarié" in text
    assert "?modifier=email" in client.page.text
    assert run(client, today()) == 0
    assert posted(client) == []
    with client.services.database.write() as db:
        db.get_one(Employee, employee.id).email = "enfin@exemple.example"
    assert run(client, today()) == 1
    assert posted(client) == [("leaver-departure", "enfin@exemple.example")]


def test_employee_who_works_has_nothing_that_follows(client, firm) -> None:
    employee = firm.hire()
    assert "Aucune sortie en cours" in shown(client, firm, employee)
    assert ask(client, firm.path(employee, "/suites/notice.pdf")).status_code == 404


def test_employee_hired_again_has_nothing_that_follows(client, firm, gone) -> None:
    employee = gone()
    with client.services.database.write() as db:
        who = db.get_one(Employee, employee.id)
        doing = acting_on(client.services.keyring, firm.clerk, today())
        period = {"employee_id": who.id, "category_id": firm.category.id, "kind": "affilie"}
        db.add(EmploymentPeriod(**period, starts_on=doing.today))
    assert "Aucune sortie en cours" in shown(client, firm, employee)
    assert run(client, today()) == 0


def test_timeline_of_another_company_does_not_exist_r72(client, firm, gone) -> None:
    employee = gone()
    enter(client, firm.other)
    for rest in ("/suites", "/suites/notice.pdf"):
        assert ask(client, firm.path(employee, rest)).status_code == 404
    assert ask(client, "/employeur/salaries/x/suites").status_code == 404


def test_reader_reads_and_is_offered_no_change_r72(client, firm, gone) -> None:
    employee = gone(email="")
    enter(client, firm.reader)
    assert "remettez-lui la notice" in shown(client, firm, employee)
    assert "modifier=email" not in client.page.text


def test_member_may_not_read_the_employers_page_r72(client, firm, gone) -> None:
    employee = gone()
    with client.services.database.write() as db:
        account = factories.member_account(db, client.services.keyring, db.get_one(Person, employee.person_id))
    enter(client, account)
    assert ask(client, firm.path(employee, "/suites")).status_code == 403


def test_notice_is_a_tagged_pdf_and_leaves_evidence_r51(client, firm, gone) -> None:
    employee = gone()
    evidence = Evidence(client)
    answer = ask(client, firm.path(employee, "/suites/notice.pdf"))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert b"/MarkInfo" in answer.content
    assert b"pdfuaid" in answer.content
    (row,) = (each for each in evidence.fresh() if each.action == Action.EMPLOYEE_NOTICE_DOWNLOADED)
    assert row.object == f"salarie:{employee.id}"


def test_uncovered_leaver_has_no_notice(client, firm, gone) -> None:
    employee = gone()
    with client.services.database.write() as db:
        period = db.exec(select(EmploymentPeriod).where(EmploymentPeriod.employee_id == employee.id)).one()
        period.kind = "dispense"
        departure = db.exec(select(Departure)).one()
        departure.portability_months, departure.portability_ends_on, departure.evin = 0, None, "aucune"
        db.add_all((period, departure))
    assert "n’était pas affilié" in shown(client, firm, employee)
    assert ask(client, firm.path(employee, "/suites/notice.pdf")).status_code == 404
    assert run(client, today()) == 0


# --- the letters ---


def test_leaver_is_written_to_three_times_each_once(client, firm, gone) -> None:
    left_on = date(2024, 1, 31)
    gone(left_on, days=60)
    told = [date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 31),
            date(2024, 4, 1), date(2024, 9, 30), date(2024, 10, 2)]  # fmt: skip
    assert [[run(client, day), run(client, day)] for day in told] == [
        [0, 0], [1, 0], [0, 0], [1, 0], [0, 0], [1, 0], [0, 0], [0, 0],
    ]  # fmt: skip
    assert [name for name, _ in posted(client)] == ["leaver-departure", "leaver-near-end", "leaver-offer"]


def test_letters_say_until_when_why_and_what_to_send_and_nothing_of_care(client, firm, gone) -> None:
    left_on = date(2024, 1, 31)
    gone(left_on, days=60)
    for day in (date(2024, 2, 1), date(2024, 2, 29), date(2024, 4, 1)):
        run(client, day)
    departure, warning, offer = (
        letter.text.replace("\u00a0", " ") for letter in letters(client.services.database, client.services)
    )
    assert "Le contrat de travail a duré 2 mois" in departure
    assert "attestation d’ouverture de droits de France Travail" in departure
    assert "31 mars 2024" in departure
    assert "31 mars 2024" in warning
    assert "48,06 € par mois, 100 % du tarif des actifs" in offer
    assert "60,08 € par mois, 125 %" in offer
    assert "72,09 € par mois, 150 %" in offer
    assert "30 septembre 2024" in offer
    for text in (departure, warning, offer):
        assert not [word for word in CARE if word in text.lower()]


@pytest.mark.parametrize(
    ("reason", "names"),
    [
        (R.RESIGNATION, ["leaver-departure"]),
        (R.RETIREMENT, ["leaver-departure", "leaver-offer"]),
        (R.GROSS_MISCONDUCT, ["leaver-departure", "leaver-offer"]),
        (R.DEATH, []),
    ],
)
def test_letters_follow_the_reason(client, firm, gone, reason, names) -> None:
    gone(reason=reason)
    run(client, today())
    assert [name for name, _ in posted(client)] == names


def test_letter_does_not_say_why_the_employment_ended(client, firm, gone) -> None:
    """A mailbox may be read by others: the reason stands behind a sign-in."""
    gone(reason=R.GROSS_MISCONDUCT)
    run(client, today())
    for letter in letters(client.services.database, client.services):
        assert "faute" not in letter.text
        assert "faute" not in letter.html
        assert "licenciement" not in letter.text.lower()


def test_account_of_the_person_is_written_to_before_any_other_address(client, firm, gone) -> None:
    employee = gone()
    with client.services.database.write() as db:
        person = db.get_one(Person, employee.person_id)
        account = factories.member_account(db, client.services.keyring, person, email="compte@exemple.example")
    evidence = Evidence(client)
    run(client, today())
    assert posted(client) == [("leaver-departure", "compte@exemple.example")]
    (row,) = (each for each in evidence.fresh() if each.action == Action.LEAVER_TOLD)
    assert (row.object, row.details) == (f"salarie:{employee.id}", {"by": "batch", "letter": "depart"})
    enter(client, account)
    assert "E-mail envoyé sur la suite de votre contrat de travail" in client.get("/compte/journal").text


def test_two_workers_post_each_letter_once(client, firm, gone) -> None:
    for number in range(4):
        gone(last_name=f"Essai{'abcd'[number]}", email=f"p{number}@exemple.example")
    together = Barrier(2)

    def work(_: int) -> int:
        together.wait()
        return run(client, today())

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == 4
    assert len(posted(client)) == len(set(posted(client))) == 4


def test_departure_taken_back_before_it_is_told_is_never_told(client, firm, gone) -> None:
    employee = firm.hire(starts_on=today() - timedelta(days=30), hired_on=today() - timedelta(days=30),
                         email="p@exemple.example")  # fmt: skip
    doing = acting_on(client.services.keyring, firm.clerk, today())
    ahead = today() + timedelta(days=20)
    with client.services.database.write() as db:
        let_go(db, doing, db.get_one(Employee, employee.id), ahead, R.DISMISSAL)
    assert run(client, today() + timedelta(days=5)) == 0
    client.get(firm.path(employee))
    assert firm.path(employee, "/suites") in client.page.text
    assert f"Partira le {long_date(ahead)}".replace("\u00a0", " ") in shown(client, firm, employee)
    with client.services.database.write() as db:
        reinstate(db, doing, db.get_one(Employee, employee.id))
    client.get(firm.path(employee))
    assert firm.path(employee, "/suites") not in client.page.text
    assert [run(client, ahead + timedelta(days=more)) for more in (0, 1, 40)] == [0, 0, 0]
    assert "Aucune sortie en cours" in shown(client, firm, employee)


def test_reinstatement_after_a_letter_is_told_once_and_ends_the_others(client, firm, gone) -> None:
    employee = gone()
    assert run(client, today()) == 1
    with client.services.database.write() as db:
        reinstate(db, acting_on(client.services.keyring, firm.clerk, today()), db.get_one(Employee, employee.id))
    assert [run(client, today()), run(client, today()), run(client, today() + timedelta(days=400))] == [1, 0, 0]
    assert [name for name, _ in posted(client)] == ["leaver-departure", "leaver-cancelled"]


def test_reinstatement_between_the_list_and_the_letter_posts_nothing(client, firm, gone, monkeypatch) -> None:
    """The race: the job has read its list; the clerk reinstates; the job then takes the letter."""
    employee = gone()
    found = leaver_jobs.letters_due

    def late(db, figures, day):
        due = found(db, figures, day)
        with client.services.database.write() as other:
            reinstate(
                other, acting_on(client.services.keyring, firm.clerk, today()), other.get_one(Employee, employee.id)
            )
        return due

    monkeypatch.setattr(leaver_jobs, "letters_due", late)
    assert run(client, today()) == 0
    assert posted(client) == []


def test_letter_that_cannot_be_made_is_not_taken(client, firm, gone, monkeypatch) -> None:
    gone()

    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    with monkeypatch.context() as patch:
        patch.setattr("portal.leaver_jobs.tell_leaver", fail)
        with pytest.raises(ExceptionGroup):
            run(client, today())
    with client.services.database.read() as db:
        assert db.exec(select(LeaverLetter)).all() == []
    assert run(client, today()) == 1


def test_closed_account_is_not_written_to(client, firm, gone) -> None:
    employee = gone()
    with client.services.database.write() as db:
        person = db.get_one(Person, employee.person_id)
        account = factories.member_account(db, client.services.keyring, person, email="compte@exemple.example")
        db.add(AccountClosing(account_id=account.id, reason="fin", closed_at=datetime.now(staff.NOW.tzinfo)))
    run(client, today())
    assert posted(client) == [("leaver-departure", "paule@exemple.example")]
