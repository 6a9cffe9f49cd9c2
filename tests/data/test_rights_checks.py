"""Card, « ce que voit mon pharmacien » and the professional's check say the same of everybody (R-25, R-42)."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from portal.data.cards import wallet_on
from portal.data.columns import utc_now
from portal.data.coverage import Beneficiary, Contract
from portal.data.organisations import Agreement, Provider
from portal.data.persons import Person
from portal.data.profession_care import care_codes
from portal.data.rights import RightsStatus, rights_on
from portal.data.rights_answers import shown_answer
from portal.data.rights_checks import RightsCheck, TooManyChecks, check_rights, find_check, new_engagement
from portal.data.rights_questions import Means, Question, answer_to
from portal.data.sessions import Viewer
from portal.data.throttling import RIGHTS_USER
from portal.demo.generator import Options
from portal.security import luhn_digit
from tests.support import factories
from tests.support.cards import covered_household
from tests.support.demonstration import TODAY, import_demo
from tests.support.rights import practice

SMALL = Options(members=12, history=2, seed=7, today=TODAY)
DAYS = [TODAY + timedelta(days) for days in (-7000, -700, -330, -1, 0, 1, 40, 150)]


def viewer_of_practice(db: Session, keyring) -> Viewer:
    return factories.viewer_of(db, practice(db, keyring))


@pytest.mark.engines("sqlite")
def test_every_person_of_the_demonstration_gets_the_cards_own_answer_in_every_profession(
    database, settings, keyring, tmp_path
) -> None:
    """Person × day × profession: what a check tells is what the person's card prints, cut down to the profession."""
    import_demo(database, settings, tmp_path, SMALL)
    seen = set()
    with database.read() as db:
        professions = list(db.execute(select(Provider.profession)).scalars())
        for person, beneficiary, contract in db.execute(_everybody()):
            for day in DAYS:
                question = Question(
                    Means.MEMBER_NUMBER,
                    contract.member_number,
                    person.birth_date,
                    beneficiary.birth_rank,
                    day,
                )
                told = answer_to(db, keyring, question)
                assert told == rights_on(db, person.id, day, contracts={contract.id})
                printed = _printed(db, person, contract, day)
                assert told.is_open is (printed is not None), (person.reference, day)
                seen.add(told.status)
                for profession in professions:
                    codes = care_codes(db, profession, day)
                    shown = shown_answer(told, codes)
                    wanted = [each for each in printed or () if each.code in codes]
                    assert list(shown.columns) == wanted
    assert seen == {RightsStatus.OPEN, RightsStatus.CLOSED, RightsStatus.NOT_COVERED}


def _everybody():
    return (
        select(Person, Beneficiary, Contract)
        .join(Beneficiary, col(Beneficiary.person_id) == Person.id)
        .join(Contract, col(Contract.id) == Beneficiary.contract_id)
    )


def _printed(db: Session, person: Person, contract: Contract, day: date):
    """The columns of the contract's card of that day, when it names this person then; None when it does not."""
    viewer = Viewer(
        account_id=0, space="adherent", role="adherent", display_name="", organisation="",
        person_id=contract.member_id, stage="complete", session_hash="", company_id=None, provider_id=None,
        confirmed_at=utc_now(),
    )  # fmt: skip
    cards = [card for card in wallet_on(db, viewer, day, TODAY).cards if card.cover.contract_id == contract.id]
    for card in cards:
        for answer in card.persons:
            if answer.cover and answer.cover.person_id == person.id and answer.is_open:
                return card.routing.columns
    return None


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
