"""A practice's address and number: asked once at a time, decided, in effect on their day (R-03, R-24, R-64)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal.data.case_desk import refuse_piece
from portal.data.case_pieces import pieces_of, remove_all_pieces
from portal.data.cases import Case, CaseKind, CaseMoved, CaseState, WrongState
from portal.data.directory import Practice
from portal.data.practice_addresses import address_on, keep_address
from portal.data.practice_changes import (
    AlreadyAsked,
    NoFiness,
    NothingNew,
    PracticeChange,
    ProofMissing,
    changes_of,
    find_change,
    forget_change,
    open_change,
    rewrite_change,
    send_change,
    start_change,
    withdraw_change,
)
from portal.data.practice_moving import (
    NumberTaken,
    accept_practice_change,
    apply_practice_change,
    due_practice_changes,
    refuse_practice_change,
)
from portal.data.references import providers
from portal.places.distance import Position, distance_km
from tests.support import factories
from tests.support.practices import (
    NEW,
    NOW,
    NUMBER,
    OLD,
    OTHER_NUMBER,
    THIRD_NUMBER,
    TODAY,
    drafted_change,
    for_desk,
    place,
    practice_firm,
    sent_change,
    wanted_address,
    wanted_number,
)

LYON = Position(45.76, 4.85)
LATER = TODAY + timedelta(days=20)


@pytest.fixture
def db(database):
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def firm(db, keyring):
    return practice_firm(db, keyring)


@pytest.fixture
def ada(db, firm):
    return factories.viewer_of(db, firm.first)


@pytest.fixture
def bela(db, firm):
    return factories.viewer_of(db, firm.second)


@pytest.fixture
def agent(db, keyring):
    return factories.viewer_of(db, factories.desk_account(db, keyring), letters=Told())


class Told:
    """Letters that are counted."""

    def __init__(self) -> None:
        self.news = 0

    def tell_of_news(self, *_: object) -> None:
        self.news += 1

    def acknowledge_complaint(self, *_: object) -> None:
        raise AssertionError

    def tell_of_autonomy(self, *_: object) -> None:
        raise AssertionError

    def tell_of_overpayment(self, *_: object) -> None:
        raise AssertionError

    def ask_for_account(self, *_: object) -> None:
        raise AssertionError

    def write_on_paper(self, *_: object, **__: object) -> None:
        raise AssertionError


def address(db, firm, day=TODAY) -> tuple[str, str, str]:
    found = address_on(db, firm.practice.id, day)
    return found.address, found.postcode, found.city


class TestAsking:
    def test_practice_asks_and_follows_its_request_then_takes_it_back(self, db, ada) -> None:
        case = sent_change(db, ada, wanted_address())
        assert [asked.case.id for asked in changes_of(db, ada)] == [case.id]
        assert find_change(db, ada, case.id).row.city == "Lyon"
        assert withdraw_change(db, ada, case.id, NOW).state == CaseState.CANCELLED
        assert open_change(db, ada, CaseKind.PRACTICE_ADDRESS) is None
        with pytest.raises(WrongState):
            withdraw_change(db, ada, case.id, NOW)

    def test_colleague_sees_what_waits_and_no_draft_of_somebody_elses(self, db, ada, bela) -> None:
        draft = drafted_change(db, ada, wanted_address())
        assert changes_of(db, bela) == []
        assert find_change(db, bela, draft.id) is None
        send_change(db, ada, draft.id, draft.version, NOW)
        (seen,) = changes_of(db, bela)
        assert (seen.author, seen.is_open) == ("Ada", True)
        assert find_change(db, bela, draft.id) is None

    def test_second_request_of_a_kind_waits_for_the_first_and_the_other_kind_does_not(self, db, ada, bela) -> None:
        draft = drafted_change(db, bela, wanted_address())
        sent_change(db, ada, wanted_address())
        with pytest.raises(AlreadyAsked):
            start_change(db, bela, wanted_address(), NOW, TODAY)
        with pytest.raises(AlreadyAsked):
            send_change(db, bela, draft.id, draft.version, NOW)
        assert sent_change(db, bela, wanted_number()).state == CaseState.SENT

    def test_another_practice_neither_sees_nor_is_kept_from_asking(self, db, keyring, ada) -> None:
        case = sent_change(db, ada, wanted_address())
        stranger = factories.viewer_of(db, practice_firm(db, keyring, THIRD_NUMBER).first)
        assert (changes_of(db, stranger), find_change(db, stranger, case.id)) == ([], None)
        assert withdraw_change(db, stranger, case.id, NOW) is None
        assert send_change(db, stranger, case.id, case.version, NOW) is None
        assert rewrite_change(db, stranger, case.id, case.version, wanted_address(), NOW, TODAY) is None
        assert sent_change(db, stranger, wanted_address()).state == CaseState.SENT

    def test_what_is_so_already_is_refused_and_an_rpps_never_changes(self, db, keyring, ada) -> None:
        with pytest.raises(NothingNew):
            start_change(db, ada, wanted_address(address=OLD), NOW, TODAY)
        with pytest.raises(NothingNew):
            start_change(db, ada, wanted_number(number=NUMBER), NOW, TODAY)
        dentist = factories.viewer_of(db, practice_firm(db, keyring, "00000000018").first)
        with pytest.raises(NoFiness):
            start_change(db, dentist, wanted_number(), NOW, TODAY)

    def test_request_without_its_evidence_is_not_sent_and_may_be_rewritten_or_dropped(self, db, ada) -> None:
        case = start_change(db, ada, wanted_address(), NOW, TODAY)
        with pytest.raises(ProofMissing):
            send_change(db, ada, case.id, case.version, NOW)
        with pytest.raises(NothingNew):
            rewrite_change(db, ada, case.id, case.version, wanted_address(address=OLD), NOW, TODAY)
        rewrite_change(db, ada, case.id, case.version, wanted_address(LATER), NOW, TODAY)
        assert find_change(db, ada, case.id).row.wanted_on == LATER
        with pytest.raises(CaseMoved):
            send_change(db, ada, case.id, case.version - 1, NOW)
        remove_all_pieces(db, case)
        forget_change(db, case)
        assert (changes_of(db, ada), db.exec(select(PracticeChange)).all()) == ([], [])

    def test_refused_piece_is_sent_again_and_nothing_sent_is_rewritten(self, db, keyring, ada, agent) -> None:
        case = sent_change(db, ada, wanted_address())
        with pytest.raises(WrongState):
            rewrite_change(db, ada, case.id, case.version, wanted_address(LATER), NOW, TODAY)
        with pytest.raises(WrongState):
            send_change(db, ada, case.id, case.version, NOW)
        with pytest.raises(WrongState):
            forget_change(db, case)
        refuse_piece(db, agent, keyring, for_desk(db, agent, case), pieces_of(db, case)[0].id, "Illisible.", NOW)
        with pytest.raises(ProofMissing):
            send_change(db, ada, case.id, case.version, NOW)
        assert agent.letters.news == 1


class TestDeciding:
    def test_accepted_address_takes_effect_on_its_day_in_the_directory_too_r24(
        self, db, keyring, firm, ada, agent
    ) -> None:
        where = place(db)
        case = sent_change(db, ada, wanted_address(LATER))
        accept_practice_change(db, agent, keyring, for_desk(db, agent, case), NOW)
        assert agent.letters.news == 1
        assert address(db, firm) == OLD
        assert due_practice_changes(db, LATER - timedelta(days=1)) == []
        with pytest.raises(AlreadyAsked):
            start_change(db, ada, wanted_address(LATER), NOW, TODAY)
        assert due_practice_changes(db, LATER) == [case.id]
        assert apply_practice_change(db, case.id, NOW + timedelta(days=20)).former == "42000 12 rue de l exemple"
        assert apply_practice_change(db, case.id, NOW + timedelta(days=20)) is None
        assert due_practice_changes(db, LATER) == []
        assert (address(db, firm, LATER), address(db, firm, LATER - timedelta(days=1))) == (NEW, OLD)
        db.refresh(where)
        assert (where.address, where.city, where.is_approximate, where.left_on) == ("3 place Neuve", "Lyon", True, None)
        assert distance_km(where.position, LYON) < 10
        assert where.checked_on == LATER

    def test_address_of_a_day_that_has_come_is_so_at_once_and_the_next_may_be_asked(
        self, db, keyring, firm, ada, agent
    ) -> None:
        case = sent_change(db, ada, wanted_address())
        accept_practice_change(db, agent, keyring, for_desk(db, agent, case), NOW)
        assert address(db, firm) == NEW
        assert sent_change(db, ada, wanted_address(address=OLD)).state == CaseState.SENT

    def test_only_the_place_of_the_address_that_is_left_moves(self, db, keyring, ada, agent) -> None:
        left, other = place(db), place(db, address=("9 cours Neuf", "42000", "Saint-Étienne"))
        case = sent_change(db, ada, wanted_address())
        accept_practice_change(db, agent, keyring, for_desk(db, agent, case), NOW)
        assert (left.city, other.city) == ("Lyon", "Saint-Étienne")

    def test_only_place_moves_although_it_is_written_otherwise(self, db, keyring, ada, agent) -> None:
        only = place(db, address=("Centre commercial", "42100", "Saint-Étienne"))
        case = sent_change(db, ada, wanted_address())
        accept_practice_change(db, agent, keyring, for_desk(db, agent, case), NOW)
        assert only.city == "Lyon"

    def test_place_that_the_directory_knows_at_the_new_address_takes_over(self, db, keyring, ada, agent) -> None:
        left, known = place(db), place(db, address=NEW, left_on=TODAY - timedelta(days=400))
        case = sent_change(db, ada, wanted_address())
        accept_practice_change(db, agent, keyring, for_desk(db, agent, case), NOW)
        assert (left.left_on, known.left_on) == (TODAY, None)

    def test_accepted_number_is_the_practices_and_the_directorys_and_the_former_still_finds_it(
        self, db, keyring, firm, ada, agent
    ) -> None:
        where = place(db)
        case = sent_change(db, ada, wanted_number())
        accept_practice_change(db, agent, keyring, for_desk(db, agent, case), NOW)
        assert (firm.practice.national_id, where.national_id) == (OTHER_NUMBER, OTHER_NUMBER)
        assert providers(db, [NUMBER, OTHER_NUMBER]) == dict.fromkeys((NUMBER, OTHER_NUMBER), firm.practice.id)

    def test_number_of_another_practice_is_never_taken(self, db, keyring, firm, ada, agent) -> None:
        practice_firm(db, keyring, OTHER_NUMBER)
        case = sent_change(db, ada, wanted_number())
        with pytest.raises(NumberTaken), db.begin_nested():
            accept_practice_change(db, agent, keyring, for_desk(db, agent, case), NOW)
        assert firm.practice.national_id == NUMBER

    def test_refusal_says_why_and_changes_nothing(self, db, keyring, firm, ada, agent) -> None:
        case = sent_change(db, ada, wanted_number())
        with pytest.raises(WrongState):
            refuse_practice_change(db, agent, keyring, for_desk(db, agent, case), " ", NOW)
        refuse_practice_change(db, agent, keyring, for_desk(db, agent, case), "Autre site.", NOW)
        assert (case.state, firm.practice.national_id, agent.letters.news) == (CaseState.REFUSED, NUMBER, 1)
        with pytest.raises(WrongState):
            accept_practice_change(db, agent, keyring, for_desk(db, agent, case), NOW)
        assert start_change(db, ada, wanted_number(), NOW, TODAY).is_draft

    def test_desk_chooses_another_day_and_nobody_else_decides(self, db, keyring, firm, ada, agent) -> None:
        case = sent_change(db, ada, wanted_address())
        with pytest.raises(PermissionError):
            accept_practice_change(db, ada, keyring, case, NOW)
        db.refresh(case)
        row = accept_practice_change(db, agent, keyring, case, NOW, takes_effect_on=LATER)
        assert (row.takes_effect_on, row.applied_at, address(db, firm)) == (LATER, None, OLD)


def test_address_of_the_same_day_takes_the_place_of_the_other(db, firm) -> None:
    keep_address(db, firm.practice.id, TODAY, NEW)
    keep_address(db, firm.practice.id, TODAY, OLD)
    assert address(db, firm) == OLD
    assert address_on(db, firm.practice.id, TODAY - timedelta(days=4000)) is None


class Race:
    """Two who signed for a practice, who act at once."""

    def __init__(self, app, database) -> None:
        self.keyring, self.database = app.state.services.keyring, database
        with database.write() as db:
            firm = practice_firm(db, self.keyring)
            place(db)
            self.viewers = [factories.viewer_of(db, account) for account in (firm.first, firm.second)]
            self.agent = factories.viewer_of(db, factories.desk_account(db, self.keyring), letters=Told())

    def run(self, act) -> bool:
        try:
            with self.database.write() as db:
                return bool(act(db))
        except (AlreadyAsked, WrongState, CaseMoved):
            return False


@pytest.fixture
def race(app, database) -> Race:
    return Race(app, database)


def test_two_requests_sent_at_once_one_waits_for_the_desk(race) -> None:
    with race.database.write() as db:
        drafts = [drafted_change(db, viewer, wanted_address()) for viewer in race.viewers]

    def send(at: int) -> bool:
        case = drafts[at]
        return race.run(lambda db: send_change(db, race.viewers[at], case.id, case.version, NOW))

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(send, (0, 1))) == [False, True]


def test_withdrawing_and_accepting_at_once_one_wins(race) -> None:
    with race.database.write() as db:
        case = sent_change(db, race.viewers[0], wanted_address())
    version = case.version

    def accept(db) -> bool:
        locked = for_desk(db, race.agent, case)
        return accept_practice_change(db, race.agent, race.keyring, locked, NOW) is not None

    with ThreadPoolExecutor(2) as both:
        accepted = both.submit(race.run, accept)
        withdrawn = both.submit(race.run, lambda db: withdraw_change(db, race.viewers[0], case.id, NOW))
        assert {accepted.result(), withdrawn.result()} == {True, False}
    with race.database.read() as db:
        assert db.get_one(Case, case.id).version == version + 1
        assert (db.exec(select(Practice)).one().city == "Lyon") is accepted.result()


def test_two_workers_apply_a_change_once(race) -> None:
    with race.database.write() as db:
        case = sent_change(db, race.viewers[0], wanted_address(LATER))
        accept_practice_change(db, race.agent, race.keyring, for_desk(db, race.agent, case), NOW)
    with ThreadPoolExecutor(2) as both:
        done = both.map(lambda _: race.run(lambda db: apply_practice_change(db, case.id, NOW)), range(2))
        assert sorted(done) == [False, True]
