"""Claims and quotes: questions in order, people of the day, what is sent once, lines found again (issue: claims)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from portal.data.benefits import BenefitLine, Family, Status
from portal.data.case_desk import refuse_piece
from portal.data.case_pieces import pieces_of, remove_all_pieces
from portal.data.case_slots import filled, missing
from portal.data.cases import Case, CaseKind, CaseMoved, CaseState, WrongState
from portal.data.claim_drafts import (
    Amount,
    forget_claim,
    set_amount,
    set_care,
    set_day,
    set_person,
    start_after_quote,
    start_claim,
    start_for_line,
)
from portal.data.claim_lines import link_line, paid_claims, settle_claim, unlinked_matches
from portal.data.claims import (
    Claim,
    ClaimLine,
    NotReady,
    Problem,
    Step,
    cancel_claim,
    claim_of,
    claim_slots,
    claims_of,
    covered_on,
    lock_claim,
    problems_of,
    send_claim,
    waiting_line,
)
from portal.data.coverage import Relationship
from portal.data.parameters import Sector
from portal.data.remote_links import LinkState, RemoteLink
from portal.data.visibility import visible_scope
from portal.security import Keyring
from tests.support import factories
from tests.support.claims import CARE_DAY, LATER_DAY, NOW, drafted, for_desk, locked, sent, with_files

TODAY = NOW.date()


@pytest.fixture
def db(database):
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def home(db):
    return factories.household(db, spouse="Paul", children={"Lou": factories.MINOR_BIRTH})


@pytest.fixture
def anne(db, keyring, home):
    return factories.viewer_of(db, factories.member_account(db, keyring, home.member))


@pytest.fixture
def agent(db, keyring):
    return factories.viewer_of(db, factories.desk_account(db, keyring))


def paid(db, home, **values):
    defaults = {"care_date": CARE_DAY, "family": Family.ALTERNATIVE, "act_code": "OST", "spent_cents": 6000}
    shares = {"base_net_cents": 0, "base_gross_cents": 0, "flat_fee_cents": 0, "base_cents": 0, "base_rate": 0}
    rest = {"supplementary_cents": 4000, "remaining_cents": 2000}
    return factories.paid_line(db, home.contract, values.pop("who", None), **(defaults | shares | rest | values))


class TestDraft:
    def test_questions_come_in_order_until_each_is_answered(self, db, anne, home) -> None:
        asked, _ = start_claim(db, anne, CaseKind.CLAIM, NOW)
        assert asked.next_step is Step.DAY
        set_day(db, anne, asked, CARE_DAY, NOW)
        assert asked.next_step is Step.PERSON
        (me, *_) = covered_on(db, anne, visible_scope(db, anne, TODAY), CARE_DAY)
        set_person(db, asked, me, NOW)
        assert (asked.case.person_id, asked.case.member_id) == (home.member.id, home.member.id)
        set_care(db, asked, Family.DENTAL, NOW)
        set_amount(db, asked, Amount(4500), NOW)
        assert asked.next_step is None

    def test_an_empty_draft_is_taken_again_rather_than_another_begun(self, db, anne) -> None:
        first, _ = start_claim(db, anne, CaseKind.CLAIM, NOW)
        assert start_claim(db, anne, CaseKind.CLAIM, NOW)[0].case.id == first.case.id
        assert start_claim(db, anne, CaseKind.QUOTE, NOW)[0].case.id != first.case.id
        set_day(db, anne, first, CARE_DAY, NOW)
        assert start_claim(db, anne, CaseKind.CLAIM, NOW)[0].case.id != first.case.id

    def test_only_people_covered_that_day_are_offered_the_viewer_first(self, db, anne, home) -> None:
        late = factories.person(db, "Tom", born=factories.MINOR_BIRTH)
        factories.cover(db, home.contract, late, valid_from=CARE_DAY + timedelta(days=1))
        gone = factories.person(db, "Eve")
        factories.cover(db, home.contract, gone, Relationship.OTHER, valid_to=CARE_DAY - timedelta(days=1))
        scope = visible_scope(db, anne, TODAY)
        assert [one.first_name for one in covered_on(db, anne, scope, CARE_DAY)] == ["Anne", "Paul", "Lou"]
        assert "Tom" in {one.first_name for one in covered_on(db, anne, scope, CARE_DAY + timedelta(days=1))}

    def test_another_day_without_cover_forgets_the_person(self, db, anne, home) -> None:
        late = factories.person(db, "Tom", born=factories.MINOR_BIRTH)
        factories.cover(db, home.contract, late, valid_from=CARE_DAY)
        asked = drafted(db, anne, person_id=late.id)
        set_day(db, anne, asked, CARE_DAY + timedelta(days=2), NOW)
        assert asked.case.person_id == late.id
        set_day(db, anne, asked, CARE_DAY - timedelta(days=1), NOW)
        assert asked.next_step is Step.PERSON

    def test_another_kind_of_care_forgets_the_act(self, db, anne) -> None:
        asked = drafted(
            db, anne, CaseKind.QUOTE, family=Family.HEARING, amount=Amount(95000, "PAU", Sector.FULL_COVER, 2)
        )
        set_care(db, asked, Family.OPTICAL, NOW)
        assert (asked.row.act_code, asked.row.sector, asked.row.quantity) == ("", "", 1)

    def test_what_keeps_it_back_is_said_one_by_one(self, db, anne, home) -> None:
        asked, _ = start_claim(db, anne, CaseKind.CLAIM, NOW)
        assert problems_of(db, anne, asked, NOW) == [Problem.UNFILLED]
        asked = drafted(db, anne)
        assert problems_of(db, anne, asked, NOW) == [Problem.PIECES]
        with_files(db, anne, asked)
        assert problems_of(db, anne, asked, NOW) == []
        assert problems_of(db, anne, asked, NOW + timedelta(days=740)) == [Problem.DAY]
        home.contract.ends_on = CARE_DAY - timedelta(days=1)
        db.add(home.contract)
        db.flush()
        assert problems_of(db, anne, asked, NOW) == [Problem.UNCOVERED]

    def test_sent_once_then_nothing_changes_any_more(self, db, anne) -> None:
        asked = sent(db, anne)
        assert (asked.case.state, asked.case.sent_at) == (CaseState.SENT, NOW)
        for change in (
            lambda: send_claim(db, anne, asked, NOW),
            lambda: set_day(db, anne, asked, CARE_DAY, NOW),
            lambda: set_amount(db, asked, Amount(1), NOW),
            lambda: forget_claim(db, asked),
        ):
            with pytest.raises(WrongState):
                change()

    def test_unready_claims_are_not_sent(self, db, anne) -> None:
        asked = drafted(db, anne)
        with pytest.raises(NotReady) as kept_back:
            send_claim(db, anne, asked, NOW)
        assert kept_back.value.problems == [Problem.PIECES]
        assert asked.case.is_draft

    def test_deleted_with_all_it_holds(self, db, anne, home) -> None:
        line = paid(db, home, status=Status.AWAITING_PIECE)
        asked, _ = start_for_line(db, anne, line, NOW)
        remove_all_pieces(db, asked.case)
        forget_claim(db, asked)
        assert [db.exec(select(table)).all() for table in (Claim, ClaimLine, Case)] == [[], [], []]

    def test_nobody_else_finds_it(self, db, keyring, home, anne) -> None:
        asked = sent(db, anne)
        paul = factories.viewer_of(db, factories.dependant_account(db, keyring, home["Paul"]))
        assert claim_of(db, paul, asked.case.id) is None
        assert lock_claim(db, paul, asked.case.id, asked.case.version) is None
        assert claims_of(db, paul) == []


class TestCompletion:
    def test_only_the_refused_piece_is_asked_again(self, db, anne, keyring, agent) -> None:
        asked = sent(db, anne, family=Family.OPTICAL)
        case = for_desk(db, agent, asked.case)
        piece = pieces_of(db, case)[1]
        refuse_piece(db, agent, keyring, case, piece.id, "Illisible.", NOW)
        slots = filled(claim_slots(db, case), pieces_of(db, case))
        assert [slot.code for slot in missing(slots)] == [piece.slot]
        again = locked(db, anne, asked)
        with pytest.raises(NotReady):
            send_claim(db, anne, again, NOW)
        with_only = next(each for each in slots if each.slot.code == piece.slot).slot
        from portal.data.case_pieces import add_pieces  # noqa: PLC0415
        from tests.support.beneficiaries import new_file  # noqa: PLC0415

        later = NOW + timedelta(days=800)
        add_pieces(db, anne, again.case, with_only.code, [new_file()], later)
        send_claim(db, anne, again, later)  # the two years ran from the first sending
        assert again.case.state == CaseState.SENT

    def test_version_that_the_desk_changed_is_refused(self, db, anne, keyring, agent) -> None:
        asked = sent(db, anne)
        seen = asked.case.version
        case = for_desk(db, agent, asked.case)
        refuse_piece(db, agent, keyring, case, pieces_of(db, case)[0].id, "Illisible.", NOW)
        with pytest.raises(CaseMoved):
            lock_claim(db, anne, asked.case.id, seen)

    def test_taken_back_until_it_is_decided(self, db, anne) -> None:
        asked = sent(db, anne)
        cancel_claim(db, anne, asked, NOW)
        assert asked.case.state == CaseState.CANCELLED
        with pytest.raises(WrongState):
            cancel_claim(db, anne, asked, NOW)


class TestFollowing:
    def test_invoice_of_a_quote_knows_its_person_and_care_and_asks_no_prescription(self, db, anne, home) -> None:
        quote = sent(db, anne, CaseKind.QUOTE, family=Family.OPTICAL, person_id=home["Lou"].id)
        asked, _ = start_after_quote(db, anne, quote, NOW)
        assert (asked.case.person_id, asked.family) == (home["Lou"].id, Family.OPTICAL)
        assert asked.next_step is Step.DAY
        assert [slot.code for slot in claim_slots(db, asked.case) if slot.is_held] == ["ordonnance"]

    def test_line_that_waits_is_answered_with_its_invoice_alone(self, db, anne, home) -> None:
        line = paid(db, home, status=Status.AWAITING_PIECE, family=Family.OPTICAL, who=home["Lou"])
        asked, _ = start_for_line(db, anne, line, NOW)
        assert asked.next_step is None
        assert {slot.code for slot in claim_slots(db, asked.case) if slot.is_held} == {"decompte"}

    def test_link_of_an_adult_who_shares_nothing_is_not_told_by_the_pieces_asked(self, db, anne, home) -> None:
        """R-72: whether Paul's care comes by itself is Paul's to know."""
        for who in (home["Paul"], home["Lou"]):
            db.add(RemoteLink(person_id=who.id, state=LinkState.ACTIVE, since=date(2020, 1, 1), checked_on=TODAY))
        held = {}
        for who in ("Paul", "Lou"):
            asked = sent(db, anne, family=Family.OPTICAL, person_id=home[who].id)
            held[who] = {slot.code for slot in claim_slots(db, asked.case) if slot.is_held}
        assert held == {"Paul": set(), "Lou": {"decompte"}}

    def test_line_or_quote_whose_claim_is_begun_leads_to_it(self, db, anne, home) -> None:
        """R-25: a button pressed twice, or a page opened twice, makes one claim."""
        line = paid(db, home, status=Status.AWAITING_PIECE)
        first, is_new = start_for_line(db, anne, line, NOW)
        again, is_new_again = start_for_line(db, anne, line, NOW)
        assert (again.case, is_new, is_new_again) == (first.case, True, False)
        send_claim(db, anne, with_files(db, anne, first), NOW)
        assert start_for_line(db, anne, line, NOW)[0].case is first.case
        cancel_claim(db, anne, first, NOW)
        assert start_for_line(db, anne, line, NOW)[1]
        quote = sent(db, anne, CaseKind.QUOTE, family=Family.OPTICAL)
        invoice, _ = start_after_quote(db, anne, quote, NOW)
        assert start_after_quote(db, anne, quote, NOW) == (invoice, False)

    def test_line_that_two_accounts_claim_is_sent_by_one(self, db, keyring, home, anne) -> None:
        """Two drafts for one line may exist: an adult's who shares the lines, and the member's."""
        line = paid(db, home, status=Status.AWAITING_PIECE, who=home["Paul"])
        factories.sharing(db, home["Paul"], home.member)
        paul = factories.viewer_of(db, factories.dependant_account(db, keyring, home["Paul"]))
        drafts = [(viewer, with_files(db, viewer, start_for_line(db, viewer, line, NOW)[0])) for viewer in (anne, paul)]
        assert drafts[0][1].case.id != drafts[1][1].case.id
        send_claim(db, *drafts[0], NOW)
        with pytest.raises(NotReady) as kept_back:
            send_claim(db, *drafts[1], NOW)
        assert kept_back.value.problems == [Problem.ASKED]
        cancel_claim(db, *drafts[0], NOW)
        send_claim(db, *drafts[1], NOW)

    def test_claim_of_an_adult_who_shares_no_more_is_not_told_to_the_member(self, db, keyring, home, anne) -> None:
        """R-72: that Paul has claimed is Paul's to know; the insurer finds both."""
        line = paid(db, home, status=Status.AWAITING_PIECE, who=home["Paul"])
        sharing = factories.sharing(db, home["Paul"], home.member)
        paul = factories.viewer_of(db, factories.dependant_account(db, keyring, home["Paul"]))
        mine, his = (with_files(db, viewer, start_for_line(db, viewer, line, NOW)[0]) for viewer in (anne, paul))
        send_claim(db, paul, his, NOW)
        assert Problem.ASKED in problems_of(db, anne, mine, NOW)
        sharing.ended_at = NOW
        db.add(sharing)
        db.flush()
        assert Problem.ASKED not in problems_of(db, anne, mine, NOW)

    def test_only_readable_lines_that_wait_are_answered(self, db, anne, home) -> None:
        private = paid(db, home, status=Status.AWAITING_PIECE, who=home["Paul"])
        settled = paid(db, home)
        mine = paid(db, home, status=Status.AWAITING_PIECE)
        assert waiting_line(db, anne, private.id, TODAY) is None
        assert waiting_line(db, anne, settled.id, TODAY) is None
        assert waiting_line(db, anne, mine.id, TODAY).id == mine.id


def follow(db, now=NOW) -> list[int]:
    moved = [case.id for match in unlinked_matches(db, TODAY) if (case := link_line(db, match, now))]
    for case_id in paid_claims(db):
        settle_claim(db, case_id, now)
    return moved


def links(db) -> set[tuple[int, int]]:
    return {(link.case_id, link.line_id) for link in db.exec(select(ClaimLine))}


class TestPaidLines:
    def test_invoice_finds_its_line_by_person_day_care_and_price(self, db, anne, home) -> None:
        asked = sent(db, anne)
        for other in ({"spent_cents": 6100, "remaining_cents": 2100}, {"care_date": CARE_DAY - timedelta(days=1)}):
            paid(db, home, **other)
        paid(db, home, who=home["Lou"])
        paid(db, home, status=Status.PENDING)
        assert follow(db) == []
        line = paid(db, home)
        assert follow(db) == [asked.case.id]
        assert links(db) == {(asked.case.id, line.id)}
        assert asked.case.state == CaseState.ACCEPTED
        assert follow(db) == []

    def test_care_of_an_adult_who_shares_nothing_is_told_to_nobody_else(self, db, anne, home, keyring) -> None:
        """R-72: neither a guess at a quote, nor one at an invoice, tells Anne what Paul had done."""
        quote = sent(db, anne, CaseKind.QUOTE, person_id=home["Paul"].id).case
        guess = sent(db, anne, person_id=home["Paul"].id).case
        paid(db, home, who=home["Paul"])
        assert follow(db) == []
        assert (quote.state, guess.state) == (CaseState.SENT, CaseState.SENT)
        paul = factories.viewer_of(db, factories.dependant_account(db, keyring, home["Paul"]))
        own = sent(db, paul, person_id=home["Paul"].id).case
        assert follow(db) == [own.id]

    def test_care_shared_then_kept_private_is_no_longer_told(self, db, anne, home) -> None:
        sharing = factories.sharing(db, home["Paul"], home.member)
        case = sent(db, anne, person_id=home["Paul"].id).case
        line = paid(db, home, who=home["Paul"])
        (match,) = unlinked_matches(db, TODAY)
        assert (match.case_id, match.line_id) == (case.id, line.id)
        sharing.ended_at = NOW
        db.flush()
        assert link_line(db, match, NOW) is None

    def test_two_equal_invoices_share_no_line(self, db, anne, home) -> None:
        first, second = sent(db, anne), sent(db, anne)
        line = paid(db, home)
        assert follow(db) == [first.case.id]
        other = paid(db, home)
        assert follow(db) == [second.case.id]
        assert links(db) == {(first.case.id, line.id), (second.case.id, other.id)}

    def test_quote_finds_its_act_within_the_year_at_any_price(self, db, anne, home) -> None:
        quote = sent(db, anne, CaseKind.QUOTE, amount=Amount(5000, "OST"))
        paid(db, home, care_date=TODAY - timedelta(days=1))
        paid(db, home, care_date=date(2027, 12, 2))
        assert follow(db) == []
        line = paid(db, home, care_date=LATER_DAY + timedelta(days=40))
        assert follow(db) == [quote.case.id]
        assert links(db) == {(quote.case.id, line.id)}
        assert quote.case.state == CaseState.SENT

    def test_of_two_quotes_the_one_with_the_very_price_is_followed(self, db, anne, home) -> None:
        dear = sent(db, anne, CaseKind.QUOTE, amount=Amount(9000, "OST"))
        exact = sent(db, anne, CaseKind.QUOTE, amount=Amount(6000, "OST"))
        line = paid(db, home, care_date=LATER_DAY)
        assert follow(db) == [exact.case.id]
        assert links(db) == {(exact.case.id, line.id)}
        assert dear.case.id

    def test_line_of_an_invoice_counts_for_the_quote_that_it_follows(self, db, anne, home) -> None:
        quote = sent(db, anne, CaseKind.QUOTE)
        asked, _ = start_after_quote(db, anne, quote, NOW)
        set_day(db, anne, asked, CARE_DAY, NOW)
        set_amount(db, asked, Amount(6000), NOW)
        send_claim(db, anne, with_files(db, anne, asked), NOW)
        line = paid(db, home)
        follow(db)
        assert links(db) == {(asked.case.id, line.id), (quote.case.id, line.id)}

    def test_refused_or_withdrawn_cases_find_nothing(self, db, anne, home) -> None:
        cancel_claim(db, anne, sent(db, anne), NOW)
        drafted(db, anne)
        paid(db, home)
        assert follow(db) == []

    def test_invoice_that_a_line_waited_for_is_settled_once_it_is_paid(self, db, anne, home) -> None:
        line = paid(db, home, status=Status.AWAITING_PIECE)
        asked = with_files(db, anne, start_for_line(db, anne, line, NOW)[0])
        send_claim(db, anne, asked, NOW)
        follow(db)
        assert asked.case.state == CaseState.SENT
        line.status = Status.PAID
        db.add(line)
        db.flush()
        follow(db)
        assert asked.case.state == CaseState.ACCEPTED


def test_same_draft_sent_from_twenty_tabs_is_received_once(database, settings) -> None:
    with database.write() as db:
        family = factories.household(db)
        viewer = factories.viewer_of(db, factories.member_account(db, Keyring(settings), family.member))
        case = with_files(db, viewer, drafted(db, viewer)).case
        case_id, version = case.id, case.version

    def send(_: int) -> str:
        try:
            with database.write() as db:
                send_claim(db, viewer, lock_claim(db, viewer, case_id, version), NOW)
        except CaseMoved:
            return "moved"
        return "sent"

    with ThreadPoolExecutor(20) as tabs:
        assert sorted(tabs.map(send, range(20))) == ["moved"] * 19 + ["sent"]


@pytest.mark.parametrize("about", ["nothing", "line", "quote"])
def test_button_pressed_eight_times_at_once_begins_one_claim(database, settings, about) -> None:
    with database.write() as db:
        family = factories.household(db)
        viewer = factories.viewer_of(db, factories.member_account(db, Keyring(settings), family.member))
        line = paid(db, family, status=Status.AWAITING_PIECE)
        quote = sent(db, viewer, CaseKind.QUOTE, family=Family.OPTICAL)

    def press(_: int) -> int:
        with database.write() as db:
            if about == "nothing":
                return start_claim(db, viewer, CaseKind.CLAIM, NOW)[0].case.id
            if about == "line":
                return start_for_line(db, viewer, db.get(BenefitLine, line.id), NOW)[0].case.id
            return start_after_quote(db, viewer, claim_of(db, viewer, quote.case.id), NOW)[0].case.id

    with ThreadPoolExecutor(8) as presses:
        assert len(set(presses.map(press, range(8)))) == 1


def test_two_claims_of_one_line_sent_at_once_are_one(database, settings) -> None:
    with database.write() as db:
        family = factories.household(db)
        viewer = factories.viewer_of(db, factories.member_account(db, Keyring(settings), family.member))
        line = paid(db, family, status=Status.AWAITING_PIECE)
        drafts = [with_files(db, viewer, drafted(db, viewer)) for _ in range(4)]
        db.add_all(ClaimLine(case_id=each.case.id, line_id=line.id, linked_at=NOW) for each in drafts)
        seen = [(each.case.id, each.case.version) for each in drafts]

    def send(number: int) -> bool:
        try:
            with database.write() as db:
                send_claim(db, viewer, lock_claim(db, viewer, *seen[number]), NOW)
        except NotReady:
            return False
        return True

    with ThreadPoolExecutor(4) as tabs:
        assert sum(tabs.map(send, range(4))) == 1


def test_two_workers_link_a_line_once(database, settings) -> None:
    with database.write() as db:
        family = factories.household(db)
        viewer = factories.viewer_of(db, factories.member_account(db, Keyring(settings), family.member))
        sent(db, viewer)
        paid(db, family)
        (match,) = unlinked_matches(db, TODAY)

    def link(_: int) -> bool:
        with database.write() as db:
            return link_line(db, match, NOW) is not None

    with ThreadPoolExecutor(2) as workers:
        assert sorted(workers.map(link, range(2))) == [False, True]
