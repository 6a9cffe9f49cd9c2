"""Of every person of the demonstration, on each day on which an answer may change, the card, « ce que voit mon
pharmacien » and a check in each profession say the same (R-25, R-42)."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlmodel import Session, select

from portal.card_documents import Printable, _data
from portal.card_matrix import Matrix
from portal.data.card_codes import code_of
from portal.data.cards import Card, wallet_on
from portal.data.columns import utc_now
from portal.data.profession_care import ProfessionCare, care_codes
from portal.data.rights import Cover, RightsStatus, covers_where, rights_on
from portal.data.rights_answers import ShownAnswer, shown_answer
from portal.data.rights_questions import Means, Question, answer_to
from portal.data.sessions import Viewer
from portal.database import Database
from portal.demo.site import demo_settings
from portal.formatting import short_date, today
from portal.security import Keyring
from portal.settings import Settings
from tests.support.demonstration import ORIGIN

pytestmark = pytest.mark.xdist_group("demo-site")

DAY = timedelta(days=1)
NO_DRAWING = Matrix(0, "")


class Said(NamedTuple):
    """What is said of one person under one contract on a day: the card's block, the person's period, the columns."""

    contract_id: int
    person_id: int
    day: date
    block: tuple[str, ...] = ()
    period: str = ""
    columns: tuple[tuple[str, str, str], ...] = ()

    def of(self, codes: frozenset[str]) -> "Said":
        """The same, of these columns alone."""
        return self._replace(columns=tuple(column for column in self.columns if column[0] in codes))


@pytest.fixture(scope="module")
def settings(small_demonstration: Path) -> Settings:
    return demo_settings(small_demonstration, ORIGIN)


@pytest.fixture
def db(settings: Settings) -> Iterator[Session]:
    database = Database(settings.resolved_database_url)
    with database.read() as session:
        yield session
    database.dispose()


@pytest.fixture
def keyring(settings: Settings) -> Keyring:
    return Keyring(settings)


def edges(covers: list[Cover]) -> set[date]:
    """Of each period, and of the card's civil year: the day before, the first, the last, the day after; and today."""
    ends = [day for cover in covers for day in (cover.first_day, cover.last_day, cover.starts_on, cover.ends_on) if day]
    years = [date(today().year, 1, 1), date(today().year, 12, 31)]
    near = {day + step for day in (*ends, *years) if day < date.max for step in (-DAY, 0 * DAY, DAY)}
    return near | {today()}


def member(person_id: int) -> Viewer:
    return Viewer(
        account_id=0, space="adherent", role="adherent", display_name="", organisation="", person_id=person_id,
        stage="complete", session_hash="", company_id=None, provider_id=None, confirmed_at=utc_now(),
    )  # fmt: skip


def printed(card: Card, settings: Settings, keyring: Keyring) -> Iterator[Said]:
    """What the card on paper says of each person who is covered that day: the document's own data."""
    nirs = {answer.cover.person_id: "" for answer in card.persons if answer.cover}
    paper = _data(Printable(card, code_of(keyring, card), NO_DRAWING, nirs), settings.insurer, ORIGIN)
    block = (*(value for _, value in paper["block"][:4]), "R" if paper["is_responsible"] else "")
    columns = tuple((code, value, network) for code, _, value, network in paper["columns"])
    for answer, row in zip(card.persons, paper["persons"], strict=True):
        if answer.is_open and answer.cover:
            yield Said(answer.cover.contract_id, answer.cover.person_id, card.day, block, row[-1], columns)


def told(cover: Cover, answer: ShownAnswer) -> Said:
    """What a page shows of an answer; nothing but whom it is about when there is no period to show."""
    said = Said(cover.contract_id, cover.person_id, answer.day)
    if not answer.is_open:
        assert (answer.period, answer.columns) == (None, ())
        return said
    assert answer.period
    assert answer.person
    period = answer.period
    names = (period.amc_number, period.convention, period.csr, answer.person.member_number)
    return said._replace(
        block=(*names, "R" if period.is_responsible else ""),
        period=f"{short_date(period.valid_from)} – {short_date(period.valid_to)}",
        columns=tuple((each.code, each.value or "–", each.network or "–") for each in answer.columns),
    )


def test_card_pharmacist_and_check_say_the_same_of_everybody_on_every_edge(db, settings, keyring) -> None:
    """issue: equality of card and answer for every demo person × date × profession."""
    professions = sorted(set(db.exec(select(ProfessionCare.profession))))
    seen, states = [], set()
    for cover, day, paper in everybody(db, settings, keyring):
        pharmacist = rights_on(db, cover.person_id, day, contracts={cover.contract_id})
        answer = answer_to(db, keyring, question(cover, day))
        states.add(answer.status)
        assert told(cover, shown_answer(pharmacist)) == paper
        for profession in professions:
            codes = care_codes(db, profession, day)
            checked = told(cover, shown_answer(answer, codes))
            assert checked == paper.of(codes), profession
            seen += [checked.columns]
    assert states == {RightsStatus.OPEN, RightsStatus.CLOSED, RightsStatus.NOT_COVERED}
    assert len(seen) > 10_000
    assert {column[0] for columns in seen for column in columns} > {"PHAR", "OPTI", "HOSP"}


def everybody(db: Session, settings: Settings, keyring: Keyring) -> Iterator[tuple[Cover, date, Said]]:
    """Each person under each contract on each edge, with what the contract's card says of them then."""
    by_member = defaultdict(list)
    for cover in covers_where(db):
        by_member[cover.member_id].append(cover)
    for member_id, covers in by_member.items():
        for day in sorted(edges(covers)):
            cards = wallet_on(db, member(member_id), day, today()).cards
            on_cards = {said[:2]: said for card in cards for said in printed(card, settings, keyring)}
            for names, cover in {(each.contract_id, each.person_id): each for each in covers}.items():
                yield cover, day, on_cards.get(names, Said(*names, day))


def question(cover: Cover, day: date) -> Question:
    return Question(Means.MEMBER_NUMBER, cover.member_number, cover.birth_date, cover.birth_rank, day)
