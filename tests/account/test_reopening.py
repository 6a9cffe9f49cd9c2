"""A case that lapsed because what was asked for never came: told by a letter, taken up again by its author (R-71)."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from portal.case_links import CASE
from portal.data.case_silence import CaseReminder
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.columns import utc_now
from portal.data.parameters import Parameter
from portal.silence_jobs import end_silences
from tests.support import factories
from tests.support.desk_cases import MAKERS
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters

pytestmark = pytest.mark.engines("sqlite")
FIGURES = ("silence_rappel_jours", "silence_classement_jours", "silence_rappel_loi_jours", "silence_reprise_jours")


@pytest.fixture
def silent(client):
    """Makes a case of a kind that waits for its author since ages; runs the job as many days later as told."""
    services = client.services
    with services.database.write() as db:
        for code in FIGURES:
            row = {"label": code, "unit": "nombre", "value": 10, "valid_from": date(2020, 1, 1), "source": "Essai"}
            db.add(Parameter(code=code, **row))

    def made(kind: CaseKind) -> SimpleNamespace:
        with services.database.write() as db:
            case, author = MAKERS[kind](db, services)
            author.email = "auteur@exemple.example"
            old = utc_now() - timedelta(days=40)
            db.execute(update(Case).where(Case.id == case.id).values(state=CaseState.INCOMPLETE, changed_at=old))
        return SimpleNamespace(case=case, author=author, path=path_to(case))

    def path_to(case: Case) -> str:
        (name,) = services.keyring.conceal(CASE, [case.id])
        return f"/dossiers/{name}/reprise"

    return made


def state_of(client, case: Case) -> str:
    with client.services.database.read() as db:
        return db.get_one(Case, case.id).state


def told(client, name: str) -> list[str]:
    return [letter.text for letter in letters(client.services.database, client.services) if letter.name == name]


def lapse(client, case: Case) -> None:
    """Reminds, then lets the last day go by."""
    end_silences(client.services, utc_now())
    with client.services.database.write() as db:
        db.execute(update(CaseReminder).values(acts_on=date(2026, 1, 1)))
    end_silences(client.services, utc_now())


def test_author_is_written_to_twice_and_takes_the_case_up_again_r71(client, silent) -> None:
    made, evidence = silent(CaseKind.QUOTE), Evidence(client)
    lapse(client, made.case)
    assert state_of(client, made.case) == CaseState.LAPSED
    (reminder,), (end,) = told(client, "case-reminded"), told(client, "case-lapsed")
    assert "sans suite" in reminder
    assert "Reprendre cette demande" in end
    actions = [each.action for each in evidence.fresh() if each.action.startswith("case.")]
    assert actions == ["case.reminded", "case.lapsed"]
    enter(client, made.author)
    (name,) = client.services.keyring.conceal(CASE, [made.case.id])
    client.get(client.url("member.claim", case=name))
    assert "Classée sans suite" in text_of(client.page.one("main"))
    client.click("Reprendre cette demande")
    client.submit()
    assert state_of(client, made.case) == CaseState.INCOMPLETE
    assert "compléter" in text_of(client.page.one("main"))


def test_job_run_again_writes_no_second_letter_r71(client, silent) -> None:
    silent(CaseKind.QUOTE)
    for _ in range(3):
        end_silences(client.services, utc_now())
    assert len(told(client, "case-reminded")) == 1


def test_complaint_is_not_ended_by_silence_r71_r26(client, silent) -> None:
    made = silent(CaseKind.COMPLAINT)
    lapse(client, made.case)
    assert state_of(client, made.case) == CaseState.SENT
    assert len(told(client, "case-resumed")) == 1


def test_stranger_takes_nobody_s_case_up_again_r71(client, silent, make_member) -> None:
    made = silent(CaseKind.QUOTE)
    lapse(client, made.case)
    enter(client, make_member)
    assert ask(client, made.path).status_code == 404
    assert send(client, made.path, form_at="/adherent").status_code == 404
    assert state_of(client, made.case) == CaseState.LAPSED


def test_case_in_another_state_is_not_taken_up_and_says_so_r71(client, silent) -> None:
    made = silent(CaseKind.QUOTE)
    enter(client, made.author)
    client.get(made.path)
    assert "rien à reprendre" in text_of(client.page.one("main"))
    answer = send(client, made.path, form_at="/adherent")
    assert answer.status_code == 422
    assert state_of(client, made.case) == CaseState.INCOMPLETE


@pytest.fixture
def make_member(client):
    """Somebody else, with an account."""
    with client.services.database.write() as db:
        return factories.member_with_account(db, client.services.keyring, name="Autre")[1]
