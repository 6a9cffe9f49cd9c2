"""A quote's estimate, the desk's answer, and why what was paid differs (R-20; domain: estimate against actual)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from portal.claim_words import reasons_of, rows_of
from portal.data.benefits import BenefitLine, Family
from portal.data.cases import CaseKind, CaseState, WrongState
from portal.data.claim_drafts import Amount
from portal.data.claim_estimates import (
    ClaimEstimate,
    PaidLine,
    Why,
    answer_quote,
    compare,
    estimate_of,
    keep_estimate,
    last_estimate,
    paid_lines,
)
from portal.data.claim_lines import link_line, unlinked_matches
from portal.data.coverage import Relationship
from tests.support import factories
from tests.support.claims import LATER_DAY, NOW, drafted, for_desk, sent
from tests.support.reference import import_reference, product_id

CROWN = Amount(85000, "ICO")


@pytest.fixture
def db(database, settings, tmp_path):
    import_reference(database, settings, tmp_path)
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def home(db):
    home = factories.household(db, children={"Lou": factories.MINOR_BIRTH})
    home.contract.product_id = product_id(db)
    home.dependants["Paul"] = factories.person(db, "Paul")
    factories.cover(db, home.contract, home["Paul"], Relationship.SPOUSE)
    db.flush()
    return home


@pytest.fixture
def anne(db, keyring, home):
    return factories.viewer_of(db, factories.member_account(db, keyring, home.member))


@pytest.fixture
def agent(db, keyring):
    return factories.viewer_of(db, factories.desk_account(db, keyring))


def crown(db, viewer, **more):
    return sent(db, viewer, CaseKind.QUOTE, family=Family.DENTAL, amount=more.pop("amount", CROWN), **more)


class TestEstimate:
    def test_kept_as_the_rules_give_it_on_the_day_of_sending(self, db, anne) -> None:
        quote = crown(db, anne)
        keep_estimate(db, anne, quote, NOW)
        kept = last_estimate(db, quote.case)
        assert (kept.base_net_cents, kept.supplementary_cents, kept.remaining_cents) == (7200, 28800, 49000)
        assert (kept.made_by, kept.made_for, kept.base_cents, kept.base_rate) == (None, LATER_DAY, 12000, 60)
        assert kept.rule_label

    def test_quote_without_an_act_waits_for_the_desk(self, db, anne) -> None:
        quote = crown(db, anne, amount=Amount(85000))
        keep_estimate(db, anne, quote, NOW)
        assert last_estimate(db, quote.case) is None

    def test_nothing_of_what_an_adult_used_is_told_to_somebody_else(self, db, anne, home) -> None:
        """R-72: an estimate depends on what that person had reimbursed already."""
        quote = crown(db, anne, person_id=home["Paul"].id)
        assert estimate_of(db, anne, quote, NOW.date()) is None

    def test_invoices_have_no_estimate(self, db, anne) -> None:
        assert estimate_of(db, anne, drafted(db, anne), NOW.date()) is None

    def test_desk_answers_with_amounts_that_add_up_and_words(self, db, anne, keyring, agent) -> None:
        quote = crown(db, anne, amount=Amount(85000))
        case = for_desk(db, agent, quote.case)
        answer_quote(db, agent, keyring, case, CaseState.PARTLY, "Deux soins.", NOW, base_net=7200, supplementary=30000)
        kept = last_estimate(db, case)
        assert (kept.made_by, kept.remaining_cents, case.state) == (agent.account_id, 47800, CaseState.PARTLY)

    @pytest.mark.parametrize(
        ("state", "words", "shares"),
        [
            (CaseState.ACCEPTED, " ", {}),
            (CaseState.IN_REVIEW, "Bonjour", {}),
            (CaseState.ACCEPTED, "Bonjour", {"base_net": 80000, "supplementary": 5001}),
            (CaseState.ACCEPTED, "Bonjour", {"base_net": -1}),
        ],
    )
    def test_answers_that_cannot_be_are_refused(self, db, anne, keyring, agent, state, words, shares) -> None:
        case = for_desk(db, agent, crown(db, anne).case)
        with pytest.raises(WrongState):
            answer_quote(db, agent, keyring, case, state, words, NOW, **shares)

    def test_refusal_keeps_the_estimate_of_the_rules_and_adds_none(self, db, anne, keyring, agent) -> None:
        quote = crown(db, anne)
        keep_estimate(db, anne, quote, NOW)
        answer_quote(db, agent, keyring, for_desk(db, agent, quote.case), CaseState.REFUSED, "Hors contrat.", NOW)
        assert last_estimate(db, quote.case).made_by is None


class TestComparison:
    def paid(self, db, home, **values):
        defaults = {
            "care_date": LATER_DAY,
            "act_code": "ICO",
            "family": Family.DENTAL,
            "spent_cents": 85000,
            "base_cents": 12000,
            "base_rate": 60,
            "base_gross_cents": 7200,
            "flat_fee_cents": 0,
            "base_net_cents": 7200,
            "supplementary_cents": 28800,
            "remaining_cents": 49000,
        }
        return factories.paid_line(db, home.contract, **(defaults | values))

    def follow(self, db, anne, quote):
        keep_estimate(db, anne, quote, NOW)
        for match in unlinked_matches(db, NOW.date()):
            link_line(db, match, NOW)
        return last_estimate(db, quote.case), paid_lines(db, anne, quote.case, LATER_DAY)

    def test_dearer_than_quoted(self, db, anne, home) -> None:
        quote = crown(db, anne)
        self.paid(db, home, spent_cents=90000, remaining_cents=54000)
        kept, lines = self.follow(db, anne, quote)
        compared = compare(kept, lines)
        assert (compared.gap.spent, compared.gap.remaining) == (5000, 5000)
        assert Why.PRICE in compared.reasons
        assert any("900,00" in sentence for sentence in reasons_of(compared, kept, lines))

    def test_a_limit_used_up_meanwhile(self, db, anne, home) -> None:
        quote = crown(db, anne)
        kept, lines = self.follow(db, anne, quote)
        line = BenefitLine(**self.paid(db, home, supplementary_cents=10000, remaining_cents=67800).model_dump())
        compared = compare(kept, [PaidLine(line, kept.rule_code, None)])
        assert compared.reasons == (Why.USED,)
        assert lines == []

    def test_lines_of_an_adult_stay_private_to_whoever_sent_the_quote(self, db, anne, home) -> None:
        quote = crown(db, anne, person_id=home["Paul"].id)
        line = self.paid(db, home)
        line.person_id = home["Paul"].id
        db.add(line)
        db.flush()
        _, lines = self.follow(db, anne, quote)
        assert lines == []


CENTS = st.integers(0, 200_000)


@st.composite
def estimates(draw):
    base_net, supplementary, remaining = draw(CENTS), draw(CENTS), draw(CENTS)
    is_from_desk = draw(st.booleans())
    return ClaimEstimate(
        case_id=1,
        made_at=NOW,
        made_for=LATER_DAY,
        spent_cents=base_net + supplementary + remaining,
        base_cents=None if is_from_desk else draw(CENTS),
        base_rate=None if is_from_desk else draw(st.sampled_from([60, 70, 100])),
        fees_cents=None if is_from_desk else draw(st.integers(0, 400)),
        base_net_cents=base_net,
        supplementary_cents=supplementary,
        remaining_cents=remaining,
        rule_code="" if is_from_desk else "DENT-LIBRE",
        rule_label="" if is_from_desk else "Couronnes",
    )


@st.composite
def paid_line_facts(draw):
    shares = [draw(CENTS) for _ in range(4)]
    line = BenefitLine(
        spent_cents=sum(shares),
        base_net_cents=shares[0],
        supplementary_cents=shares[1],
        other_cover_cents=shares[2],
        remaining_cents=shares[3],
        base_cents=draw(CENTS),
        base_rate=draw(st.sampled_from([30, 60, 70, 100])),
        flat_fee_cents=draw(st.integers(0, 200)),
        franchise_cents=draw(st.integers(0, 200)),
        act_code=draw(st.sampled_from(["ICO", "CS"])),
        in_care_path=draw(st.booleans()),
    )
    version = draw(st.sampled_from([None, date(2026, 1, 1), LATER_DAY + timedelta(days=1)]))
    return PaidLine(line, draw(st.sampled_from(["", "DENT-LIBRE", "MED-OPTAM"])), version)


@pytest.mark.engines("sqlite")
@given(estimates(), st.lists(paid_line_facts(), min_size=1, max_size=3))
def test_every_gap_adds_up_and_is_explained_in_words(estimated, paid) -> None:
    """Whatever was estimated and paid: the difference in what is left follows from the others, and none is silent."""
    compared = compare(estimated, paid)
    gap = compared.gap
    assert gap.remaining == gap.spent - gap.base_net - gap.supplementary - gap.other_cover
    assert bool(compared.reasons) == (compared.estimated != compared.paid)
    sentences = reasons_of(compared, estimated, paid)
    assert all(sentence.endswith(".") for sentence in sentences)
    assert len(set(sentences)) == len(sentences)
    assert sum(row.gap for row in rows_of(compared)[1:]) == rows_of(compared)[0].gap


@pytest.mark.engines("sqlite")
@given(estimates())
def test_nothing_is_explained_when_all_went_as_estimated(estimated) -> None:
    line = BenefitLine(
        spent_cents=estimated.spent_cents,
        base_net_cents=estimated.base_net_cents,
        supplementary_cents=estimated.supplementary_cents,
        remaining_cents=estimated.remaining_cents,
        other_cover_cents=0,
        base_cents=estimated.base_cents or 0,
        base_rate=estimated.base_rate or 0,
        flat_fee_cents=estimated.fees_cents or 0,
        franchise_cents=0,
        act_code="ICO",
    )
    assert compare(estimated, [PaidLine(line, estimated.rule_code, None)]).reasons == ()
