"""A professional’s checks: counted, kept, one practice’s own (R-42, R-62)."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session

from portal.data.columns import utc_now
from portal.data.organisations import Agreement
from portal.data.prepared import Prepared
from portal.data.rights import RightsStatus
from portal.data.rights_checks import RightsCheck, TooManyChecks, check_rights, find_check, new_engagement
from portal.data.rights_questions import Means, Question, answer_to
from portal.data.sessions import Viewer
from portal.data.throttling import RIGHTS_USER
from portal.security import luhn_digit
from tests.support import factories
from tests.support.cards import covered_household
from tests.support.rights import practice


def viewer_of_practice(db: Session, keyring) -> Viewer:
    return factories.viewer_of(db, practice(db, keyring))


def test_engagement_number_has_sixteen_digits_and_a_check_digit() -> None:
    numbers = {new_engagement() for _ in range(1000)}
    assert len(numbers) == 1000
    assert all(len(number) == 16 and luhn_digit(number[:-1]) == number[-1] for number in numbers)


def test_answer_of_another_practice_is_nobodys_business(db, keyring) -> None:
    family, first, second = covered_household(db), viewer_of_practice(db, keyring), viewer_of_practice(db, keyring)
    marks = (family.contract.member_number, family.member.birth_date, 1, datetime.now(UTC).date())
    made = check_rights(db, first, keyring, Question(Means.MEMBER_NUMBER, *marks), utc_now()).check
    assert find_check(db, first, keyring, made.id)
    assert find_check(db, second, keyring, made.id) is None


def test_nir_that_is_known_and_one_that_nobody_has_cost_the_same_statements(db, keyring, monkeypatch) -> None:
    """R-62: whoever guesses birth dates learns nothing from the clock."""
    family = covered_household(db)
    family.member.nir_lookup = keyring.lookup("2800578006084")
    db.flush()
    run, rows = [], Prepared.rows
    monkeypatch.setattr(Prepared, "rows", lambda self, *values: run.append(self) or rows(self, *values))
    asked = []
    for number in ("2800578006084", "1800578006084"):
        run.clear()
        answer = answer_to(db, keyring, Question(Means.NIR, number, date(1950, 1, 1), 1, utc_now().date()))
        asked.append((answer.status, list(run)))
    assert asked[0] == asked[1]
    assert asked[0][0] == RightsStatus.UNKNOWN


def test_questions_asked_at_once_never_pass_the_limit(database, keyring, monkeypatch) -> None:
    """A race of one user's windows: each question is counted before anything is looked for."""

    monkeypatch.setattr("portal.data.rights_checks.RIGHTS_USER", replace(RIGHTS_USER, allowed=3))
    with database.write() as db:
        family, viewer = covered_household(db), viewer_of_practice(db, keyring)
        marks = (family.contract.member_number, family.member.birth_date, 1, datetime.now(UTC).date())
    outcomes: list[str] = []

    def ask() -> None:
        try:
            with database.write() as db:
                check_rights(db, viewer, keyring, Question(Means.MEMBER_NUMBER, *marks), utc_now())
            outcomes.append("answered")
        except TooManyChecks:
            outcomes.append("refused")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["answered"] * 3 + ["refused"] * 5
    with database.read() as db:
        assert len(db.execute(select(RightsCheck.engagement)).all()) == 3


def test_agreement_that_ended_is_none_on_the_next_day(db, keyring) -> None:
    family, viewer = covered_household(db), viewer_of_practice(db, keyring)
    end = datetime.now(UTC).date() - timedelta(30)
    agreement = db.get_one(Agreement, db.execute(select(Agreement.id)).scalar())
    agreement.ends_on = end
    db.flush()
    marks = (family.contract.member_number, family.member.birth_date, 1)
    states = []
    for day in (end, end + timedelta(1)):
        made = check_rights(db, viewer, keyring, Question(Means.MEMBER_NUMBER, *marks, day), utc_now())
        states.append(made.check.status)
    assert states == [RightsStatus.OPEN, RightsStatus.NO_AGREEMENT]
