"""Claims valued at the desk: the rules of all other lines, limits, twins, two agents at once (R-21, R-50, R-72)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from sqlmodel import Session, select

from portal.data.benefits import BenefitLine, Family, Source, Status
from portal.data.case_desk import lock_for_desk
from portal.data.cases import Case, CaseMoved, CaseState, WrongState
from portal.data.claim_estimates import paid_lines
from portal.data.claim_settling import insured_of, value
from portal.data.claim_valuing import AmountsMoved, NotValued, TooNear, apply_valuation
from portal.data.claims import ClaimLine, claim_of
from portal.data.coverage import Relationship
from portal.data.explanation import adds_up, explain
from portal.data.parameters import Sector
from portal.data.payments import due_of, next_transfer_day
from portal.data.rules import add_months
from portal.data.valuation import LineProblem, Reason, Valuation, Verdict
from portal.data.valued_lines import valued_lines_of
from tests.data.test_estimates import WORKED
from tests.support import factories
from tests.support.claims import for_desk
from tests.support.reference import import_reference
from tests.support.valuing import DAY, MOTIVE, NOW, WORDS, claimed, entry, home, seen

TODAY = NOW.date()
REFUSED = {"verdict": Verdict.REFUSED}


@pytest.fixture
def db(database, settings, tmp_path):
    import_reference(database, settings, tmp_path)
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def anne(db, keyring):
    return home(db, keyring)


@pytest.fixture
def agent(db, keyring):
    return factories.viewer_of(db, factories.desk_account(db, keyring))


@pytest.fixture
def case(db, anne) -> Case:
    return claimed(db, anne).case


@pytest.fixture
def act(db, agent, keyring, case):
    """Applies lines to the claim, as seen."""

    def applied(*entries, of=None, words=WORDS):
        chosen = of or case
        valuation = seen(db, agent, chosen, *entries, words=words)
        return apply_valuation(db, agent, keyring, for_desk(db, agent, chosen), valuation, NOW)

    return applied


def problems(db, agent, case, *entries) -> list[tuple[LineProblem, ...]]:
    return [each.problems for each in value(db, agent, case, seen(db, agent, case, *entries), NOW).lines]


def lines_of_case(db, anne, case) -> list[BenefitLine]:
    return [each.line for each in paid_lines(db, anne.viewer, case, TODAY)]


class TestAmounts:
    @pytest.mark.parametrize(("code", "sector", "quantity", "price", "base", "share", "left"), WORKED)
    def test_worked_lines_come_out_as_imported_ones_do(
        self, db, anne, act, case, code, sector, quantity, price, base, share, left
    ) -> None:
        """R-21, R-50: the same cents, and « pourquoi ce montant » says them."""
        act(entry(anne, code, price, sector=Sector(sector), quantity=quantity))
        (line,) = lines_of_case(db, anne, case)
        assert (line.base_net_cents, line.supplementary_cents, line.remaining_cents) == (base, share, left)
        explained = explain(db, anne.viewer, line.id, TODAY)
        assert explained.recomputed
        assert adds_up(explained)

    def test_agent_gives_what_the_statement_says_and_the_rest_follows(self, db, anne, act, case) -> None:
        """A long illness: the base scheme paid all of its base, so the contract has nothing to add to it."""
        act(entry(anne, "CS", 6000, sector=Sector.OPTAM, base_net_cents=2950))
        (line,) = lines_of_case(db, anne, case)
        assert (line.base_gross_cents, line.flat_fee_cents) == (3150, 200)
        assert (line.supplementary_cents, line.remaining_cents) == (2850, 200)
        explained = explain(db, anne.viewer, line.id, TODAY)
        assert not explained.recomputed
        assert adds_up(explained)
        words = " ".join(step.words for step in explained.steps)
        assert "transmis par votre caisse" in words
        assert "Nous ne pouvons pas" not in words

    def test_agent_off_the_care_path_pays_no_more_than_the_law_lets(self, db, anne, act, case) -> None:
        act(entry(anne, "G", 3000, in_care_path=False))
        (line,) = lines_of_case(db, anne, case)
        assert (line.base_rate, line.supplementary_cents) == (30, 900)
        assert not line.in_care_path

    def test_another_insurers_part_is_paid_once(self, db, anne, act, case) -> None:
        act(entry(anne, "OST", 6000, other_cents=4500))
        (line,) = lines_of_case(db, anne, case)
        assert (line.other_cover_cents, line.supplementary_cents, line.remaining_cents) == (4500, 1500, 0)

    @trials(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @pytest.mark.engines("sqlite")
    @given(data=st.data())
    def test_nothing_typed_pays_more_than_was_spent(self, db, anne, agent, case, data) -> None:
        """R-21: shares are never negative, and make what was spent."""
        code = data.draw(st.sampled_from(["G", "CS", "PH7", "OST", "ICO", "LUN", "ADC", "PAU", "B"]))
        spent = data.draw(st.integers(1, 200_000))
        told = data.draw(st.none() | st.integers(0, spent))
        other = data.draw(st.integers(0, spent - (told or 0)))
        typed = entry(anne, code, spent, base_net_cents=told, other_cents=other, quantity=data.draw(st.integers(1, 3)))
        (found,) = value(db, agent, case, Valuation(lines=(typed,)), NOW).lines
        line = found.line
        assert line is not None
        if LineProblem.SHARES in found.problems:
            return
        shares = (line.base_net_cents, line.supplementary_cents, line.other_cover_cents, line.remaining_cents)
        assert sum(shares) == spent
        assert line.supplementary_cents >= 0
        assert line.base_net_cents == told or told is None
        if told is not None or other == 0:
            assert line.remaining_cents >= 0
        assert found.explanation is not None
        assert adds_up(found.explanation)


class TestDecision:
    def test_accepted_line_waits_for_its_transfer_with_the_claim_decided(self, db, anne, act, case) -> None:
        """R-21: a valued claim becomes a payment line."""
        act(entry(anne))
        (line,) = lines_of_case(db, anne, case)
        assert (line.status, line.source, line.payment_id) == (Status.PENDING, Source.CLAIM, None)
        assert (line.supplementary_cents, line.reference) == (4000, f"{case.reference}-1")
        assert due_of(db, [line.id])[line.id].due_on == next_transfer_day(db, TODAY) == date(2026, 11, 26)
        assert case.state == CaseState.ACCEPTED

    def test_lines_refused_say_why_and_the_claim_is_accepted_in_part(self, db, anne, act, case) -> None:
        act(entry(anne), entry(anne, "G", 3000, verdict=Verdict.REFUSED, reason=Reason.WAITING))
        paid, refused = lines_of_case(db, anne, case)
        assert (refused.status, refused.supplementary_cents, refused.remaining_cents) == (Status.REFUSED, 0, 1100)
        assert refused.note == Reason.WAITING.told
        assert case.state == CaseState.PARTLY
        assert set(due_of(db, [paid.id, refused.id])) == {paid.id}
        assert adds_up(explain(db, anne.viewer, refused.id, TODAY))

    def test_line_that_lacks_a_piece_asks_for_it(self, db, anne, act, case) -> None:
        words = "Joignez la facture acquittée."
        act(entry(anne), entry(anne, "G", 3000, verdict=Verdict.REFUSED, reason=Reason.PIECE, words=words))
        _, waiting = lines_of_case(db, anne, case)
        assert (waiting.status, waiting.note) == (Status.AWAITING_PIECE, f"Il manque un document. {words}")

    def test_refused_whole_the_claim_is_refused(self, anne, act, case) -> None:
        act(entry(anne, verdict=Verdict.REFUSED, reason=Reason.UNCOVERED))
        assert case.state == CaseState.REFUSED

    def test_known_care_leaves_no_line_and_what_was_decided_is_kept(self, db, anne, act, case) -> None:
        factories.paid_line(db, anne.house.contract, care_date=DAY, act_code="OST", family=Family.ALTERNATIVE)
        act(entry(anne, verdict=Verdict.REFUSED, reason=Reason.TWIN))
        assert not lines_of_case(db, anne, case)
        (kept,) = valued_lines_of(db, case.id)
        assert (kept.reason, kept.line_id, kept.granted_cents) == (Reason.TWIN, None, 0)

    def test_fixed_amount_carries_its_motive_to_the_member(self, db, keyring, anne, act, case) -> None:
        act(entry(anne, verdict=Verdict.FIXED, fixed_cents=5000, words=MOTIVE))
        (line,) = lines_of_case(db, anne, case)
        assert (line.supplementary_cents, line.remaining_cents, line.note) == (5000, 1000, MOTIVE)
        explained = explain(db, anne.viewer, line.id, TODAY)
        assert MOTIVE in " ".join(step.words for step in explained.steps)
        assert adds_up(explained)
        (kept,) = valued_lines_of(db, case.id)
        assert (kept.computed_cents, keyring.decrypt(kept.motive_encrypted)) == (4000, MOTIVE)

    def test_line_that_waited_is_the_one_that_is_paid(self, db, anne, act, case) -> None:
        waiting = factories.line(
            db,
            anne.house.contract,
            care_date=DAY,
            status=Status.AWAITING_PIECE,
            act_code="OST",
            family=Family.ALTERNATIVE,
            spent_cents=6000,
            base_cents=0,
            base_rate=0,
            base_gross_cents=0,
            flat_fee_cents=0,
            base_net_cents=0,
            supplementary_cents=0,
            remaining_cents=6000,
        )
        db.add(ClaimLine(case_id=case.id, line_id=waiting.id, linked_at=NOW))
        db.flush()
        act(entry(anne, replaces=waiting.id))
        (line,) = lines_of_case(db, anne, case)
        assert (line.id, line.status, line.supplementary_cents) == (waiting.id, Status.PENDING, 4000)

    def test_words_for_the_member_are_asked(self, anne, act) -> None:
        with pytest.raises(WrongState):
            act(entry(anne), words="  ")

    def test_claim_decided_is_not_decided_again(self, db, anne, act, case) -> None:
        act(entry(anne))
        with pytest.raises(WrongState):
            act(entry(anne, care_date=DAY - timedelta(days=3)))
        assert len(lines_of_case(db, anne, case)) == 1

    def test_valuation_is_kept_as_json_and_applied_later(self, db, anne, agent, keyring, case) -> None:
        kept = msgspec.json.encode(seen(db, agent, case, entry(anne)))
        apply_valuation(db, agent, keyring, for_desk(db, agent, case), msgspec.json.decode(kept, type=Valuation), NOW)
        assert len(lines_of_case(db, anne, case)) == 1


class TestLimits:
    def test_three_sessions_a_year_count_whatever_their_order(self, db, anne, agent, act) -> None:
        """R-20: sessions of later days count too, since they are paid already."""
        for days in (1, 2, 3):
            line = {"care_date": DAY + timedelta(days=days), "act_code": "OST", "family": Family.ALTERNATIVE}
            settled = seen(db, agent, claimed(db, anne).case, entry(anne, care_date=line["care_date"]))
            act(*settled.lines, of=claimed(db, anne, day=line["care_date"]).case)
        (found,) = value(db, agent, claimed(db, anne).case, Valuation(lines=(entry(anne),)), NOW).lines
        assert found.computed == 0
        assert LineProblem.NOTHING in found.problems

    def test_lines_of_one_claim_share_a_limit(self, db, anne, agent, case) -> None:
        days = [entry(anne, care_date=DAY - timedelta(days=count)) for count in range(5)]
        found = value(db, agent, case, Valuation(lines=tuple(days)), NOW)
        assert [each.computed for each in found.lines] == [4000, 4000, 4000, 0, 0]

    def test_glasses_are_renewed_after_two_years(self, db, anne, agent, act, case) -> None:
        old = add_months(DAY, -23)
        act(entry(anne, "LUN", 43000), of=claimed(db, anne, family=Family.OPTICAL).case)
        found = value(db, agent, case, Valuation(lines=(entry(anne, "LUN", 43000, care_date=old),)), NOW)
        assert found.lines[0].computed == 0
        line = found.lines[0].line
        assert line is not None

    def test_explanation_of_a_line_stays_what_it_was_when_others_follow(self, db, anne, act, case) -> None:
        act(entry(anne))
        for days in (5, 6, 7, 8):
            factories.paid_line(
                db,
                anne.house.contract,
                care_date=DAY - timedelta(days=days),
                act_code="OST",
                family=Family.ALTERNATIVE,
                spent_cents=6000,
                base_cents=0,
                base_rate=0,
                base_gross_cents=0,
                flat_fee_cents=0,
                base_net_cents=0,
                supplementary_cents=4000,
                remaining_cents=2000,
                rule_id=lines_of_case(db, anne, case)[0].rule_id,
            )
        assert explain(db, anne.viewer, lines_of_case(db, anne, case)[0].id, TODAY).recomputed

    def test_amounts_that_moved_are_shown_again_rather_than_paid(self, db, anne, agent, keyring, act, case) -> None:
        days = [entry(anne, care_date=DAY - timedelta(days=count)) for count in range(3)]
        valuation = seen(db, agent, case, *days)
        act(entry(anne, care_date=DAY - timedelta(days=9)), of=claimed(db, anne, day=DAY - timedelta(days=9)).case)
        with pytest.raises(AmountsMoved) as moved:
            apply_valuation(db, agent, keyring, for_desk(db, agent, case), valuation, NOW)
        assert [each.computed for each in moved.value.outcome.lines] == [4000, 4000, 0]
        assert not lines_of_case(db, anne, case)


class TestProblems:
    def test_what_an_agent_may_not_type_is_told_line_by_line(self, db, anne, agent, case) -> None:
        assert problems(
            db,
            agent,
            case,
            entry(anne, cents=0),
            entry(anne, base_net_cents=5000, other_cents=2000),
            entry(anne, care_date=TODAY + timedelta(days=1)),
            entry(anne, care_date=add_months(TODAY, -24) - timedelta(days=1)),
            entry(anne, **REFUSED),
            entry(anne, verdict=Verdict.FIXED, fixed_cents=6001, words=MOTIVE),
            entry(anne, verdict=Verdict.FIXED, fixed_cents=10, words="court"),
            entry(anne, reason=Reason.PIECE, **REFUSED),
            entry(anne, "XXX"),
            entry(anne, replaces=1),
        ) == [
            (LineProblem.SPENT, LineProblem.NOTHING),
            (LineProblem.SHARES, LineProblem.NOTHING),
            (LineProblem.TO_COME,),
            (LineProblem.BARRED,),
            (LineProblem.NO_REASON,),
            (LineProblem.FIXED,),
            (LineProblem.WORDS,),
            (LineProblem.WORDS,),
            (LineProblem.UNCOVERED,),
            (LineProblem.NOT_WAITING, LineProblem.NOTHING),
        ]

    def test_somebody_elses_care_is_nobodys_of_the_contract(self, db, keyring, anne, agent, case) -> None:
        other = home(db, keyring, name="Voisin")
        found = problems(db, agent, case, entry(anne, person_id=other.member_id))
        assert found == [(LineProblem.UNCOVERED,)]
        assert other.member_id not in {one.person_id for one in insured_of(db, agent, case)}

    def test_line_that_waited_is_completed_by_one_entry_alone(self, db, anne, agent, keyring, case) -> None:
        care = {"care_date": DAY, "act_code": "OST", "family": Family.ALTERNATIVE}
        line = factories.line(db, anne.house.contract, status=Status.AWAITING_PIECE, **care)
        db.add(ClaimLine(case_id=case.id, line_id=line.id, linked_at=NOW))
        db.flush()
        twice = entry(anne, replaces=line.id), entry(anne, replaces=line.id, care_date=DAY - timedelta(days=1))
        assert problems(db, agent, case, *twice) == [(), (LineProblem.NOT_WAITING,)]
        valuation = seen(db, agent, case, *twice)
        with pytest.raises(NotValued):
            apply_valuation(db, agent, keyring, for_desk(db, agent, case), valuation, NOW)

    def test_penalty_outside_the_care_path_is_never_refunded(self, db, anne, agent, case) -> None:
        """L871-1: contracts said responsible leave it to the patient, as the flat fee."""
        fixed = {"verdict": Verdict.FIXED, "words": MOTIVE, "in_care_path": False}
        (found,) = value(db, agent, case, Valuation(lines=(entry(anne, "G", 3000, **fixed),)), NOW).lines
        line, cut = found.line, found.settled.path_cut
        assert cut > 0
        most = 3000 - line.base_net_cents - line.flat_fee_cents - cut
        for cents, expected in ((most, ()), (most + 1, (LineProblem.FIXED,))):
            assert problems(db, agent, case, entry(anne, "G", 3000, fixed_cents=cents, **fixed)) == [expected]

    def test_barred_care_is_refused_for_that(self, db, anne, agent, case) -> None:
        """Code de la mutualité, L221-11."""
        old = entry(anne, care_date=add_months(TODAY, -25), verdict=Verdict.REFUSED, reason=Reason.BARRED)
        assert problems(db, agent, case, old) == [()]

    def test_same_care_must_be_told_apart_before_it_is_paid(self, db, anne, agent, case) -> None:
        factories.paid_line(db, anne.house.contract, care_date=DAY, act_code="OST", family=Family.ALTERNATIVE)
        assert problems(db, agent, case, entry(anne)) == [(LineProblem.TWIN,)]
        words = entry(anne, words="Deux séances, matin et soir, deux factures.")
        (known,) = value(db, agent, case, Valuation(lines=(words,)), NOW).lines[0].alike
        assert problems(db, agent, case, words) == [(LineProblem.TWIN,)]
        assert problems(db, agent, case, entry(anne, apart=(known,))) == [()]
        assert problems(db, agent, case, entry(anne, apart=("L00",))) == [(LineProblem.TWIN,)]

    def test_care_that_came_to_be_known_meanwhile_counts_as_moved(self, db, anne, agent, keyring, case) -> None:
        """What was said of one twin is not said of the next."""
        first = claimed(db, anne).case
        valuation = seen(db, agent, case, entry(anne, apart=(first.reference,)))
        assert not value(db, agent, case, valuation, NOW).has_moved
        second = claimed(db, anne).case
        outcome = value(db, agent, case, valuation, NOW)
        assert (outcome.has_moved, outcome.lines[0].is_apart) == (True, False)
        assert outcome.lines[0].alike == [first.reference, second.reference]
        with pytest.raises(AmountsMoved):
            apply_valuation(db, agent, keyring, for_desk(db, agent, case), valuation, NOW)

    def test_another_claim_for_the_same_care_is_shown(self, db, anne, agent, case) -> None:
        other = claimed(db, anne).case
        (found,) = value(db, agent, case, Valuation(lines=(entry(anne),)), NOW).lines
        assert [(twin.reference, twin.is_same, twin.line_id) for twin in found.twins] == [(other.reference, True, None)]

    def test_lines_with_problems_are_not_applied(self, db, anne, act, case) -> None:
        with pytest.raises(NotValued):
            act(entry(anne), entry(anne, **REFUSED))
        with pytest.raises(NotValued):
            act()
        assert not lines_of_case(db, anne, case)

    def test_nobody_values_their_own_claim_nor_a_relatives(self, db, keyring, anne, case) -> None:
        """R-72: known by the account's person, or by its address."""
        lou = anne.house["Lou"]
        related = factories.person(db, "Paul")
        factories.cover(db, anne.house.contract, related, Relationship.SPOUSE)
        for values in ({"of": related}, {"email": "ESSAI@exemple.example"}, {"of": lou}):
            near = factories.viewer_of(db, factories.desk_account(db, keyring, **values))
            with pytest.raises(TooNear):
                apply_valuation(db, near, keyring, for_desk(db, near, case), seen(db, near, case, entry(anne)), NOW)


class TestTwoAtOnce:
    def test_two_claims_at_once_never_pass_the_limit(self, database, settings, keyring, tmp_path) -> None:
        """R-20: three sessions a year; each claim asks for two, as seen before either was valued."""
        import_reference(database, settings, tmp_path)
        with database.write() as db:
            anne = home(db, keyring)
            agents = [factories.viewer_of(db, factories.desk_account(db, keyring)) for _ in range(2)]
            days = ([1, 2], [3, 4])
            cases = [claimed(db, anne, day=DAY - timedelta(days=each[0])).case for each in days]
            entries = [[entry(anne, care_date=DAY - timedelta(days=count)) for count in each] for each in days]
            works = [
                (agent, case.id, seen(db, agent, case, *lines))
                for agent, case, lines in zip(agents, cases, entries, strict=True)
            ]

        def work(task) -> bool:
            agent, case_id, valuation = task
            try:
                with database.write() as db:
                    case = for_desk(db, agent, db.get_one(Case, case_id))
                    apply_valuation(db, agent, keyring, case, valuation, NOW)
            except AmountsMoved:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(work, works)) == [False, True]
        with database.read() as db:
            paid = select(BenefitLine.supplementary_cents).where(BenefitLine.source == Source.CLAIM)
            assert sum(db.exec(paid)) == 8000

    def test_two_agents_at_once_decide_one_claim_once(self, database, settings, keyring, tmp_path) -> None:
        import_reference(database, settings, tmp_path)
        with database.write() as db:
            anne = home(db, keyring)
            agents = [factories.viewer_of(db, factories.desk_account(db, keyring)) for _ in range(2)]
            case = claimed(db, anne).case
            version = case.version
            works = [(agent, seen(db, agent, case, entry(anne))) for agent in agents]

        def work(task) -> bool:
            agent, valuation = task
            try:
                with database.write() as db:
                    found = lock_for_desk(db, agent, case.id, version)
                    apply_valuation(db, agent, keyring, found, valuation, NOW)
            except CaseMoved:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(work, works)) == [False, True]
        with database.read() as db:
            again = claim_of(db, anne.viewer, case.id)
            assert again.case.state == CaseState.ACCEPTED
            assert len(lines_of_case(db, anne, again.case)) == 1
