"""Estimates: the very rules of paid lines, before the care (R-20; domain: the worked lines, to the cent)."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from sqlmodel import Session, select

from portal.data.coverage import GuaranteeRule, GuaranteeVersion, Relationship
from portal.data.estimates import Question, Sector, estimable_acts, estimate, remaining_at
from portal.data.explanation import adds_up
from portal.data.parameters import Act
from portal.data.rules import add_months
from tests.support import factories
from tests.support.demonstration import viewer_of
from tests.support.reference import import_reference, product_id

TODAY = date(2026, 11, 24)
SOON = TODAY + timedelta(days=10)
MINOR = date(2015, 5, 5)


@pytest.fixture
def db(database, settings, tmp_path):
    import_reference(database, settings, tmp_path)
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def family(db):
    who = factories.person(db)
    contract = factories.contract(db, who)
    contract.product_id = product_id(db)
    child = factories.person(db, "Zoé", born=MINOR)
    adult = factories.person(db, "Noé", born=date(1990, 1, 1))
    factories.cover(db, contract, child, Relationship.CHILD)
    factories.cover(db, contract, adult, Relationship.SPOUSE)
    db.flush()
    return {"member": who, "child": child, "adult": adult, "contract": contract}


def asked(db, family, act: str, cents: int, sector: str = "", who: str = "member", day: date = SOON, quantity: int = 1):
    question = Question(family[who].id, act, cents, day, Sector(sector), quantity)
    return estimate(db, viewer_of(family["member"].id), question, TODAY)


# Act, sector, quantity, price; then what the base scheme, the insurer and the person pay, in cents.
WORKED = [
    ("G", "", 1, 3000, 1900, 900, 200),
    ("CS", "optam", 1, 6000, 2005, 3795, 200),
    ("CS", "hors_optam", 1, 8000, 1410, 1840, 4750),
    ("PH7", "", 2, 1248, 611, 437, 200),
    ("AMK", "", 1, 1613, 868, 645, 100),
    ("B", "", 1, 2700, 1420, 1080, 200),
    ("FJ", "", 3, 6900, 0, 6900, 0),
    ("FPU", "", 1, 2300, 0, 2300, 0),
    ("PAU", "panier_100_sante", 1, 95000, 24000, 71000, 0),
    ("CZ0", "", 1, 50000, 7200, 42800, 0),
    ("ICO", "", 1, 85000, 7200, 28800, 49000),
    ("LUN", "", 1, 43000, 9, 29991, 13000),
    ("OST", "", 1, 6000, 0, 4000, 2000),
    ("ADC", "", 1, 43100, 23970, 19130, 0),
    ("ADA", "", 1, 20000, 8384, 11616, 0),
]


@pytest.mark.parametrize(("act", "sector", "quantity", "price", "base", "share", "left"), WORKED)
def test_worked_lines_come_out_to_the_cent(db, family, act, sector, quantity, price, base, share, left) -> None:
    found = asked(db, family, act, price, sector, quantity=quantity)
    assert (found.base_net, found.supplementary, found.remaining) == (base, share, left)
    assert found.explanation.recomputed
    assert adds_up(found.explanation)


@pytest.mark.engines("sqlite")
def test_every_estimate_adds_up_and_is_explained_to_the_cent(db, family) -> None:
    """Whatever the act, the price, the number, the person and the day."""
    acts = estimable_acts(db, TODAY)

    @trials(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(acts),
        st.integers(1, 500_000),
        st.integers(1, 12),
        st.sampled_from(["member", "child"]),
        st.integers(0, 600),
        st.data(),
    )
    def check(act, cents, quantity, who, days_ago, data) -> None:
        sector = data.draw(st.sampled_from(act.sectors or (Sector.ANY,)))
        day = TODAY - timedelta(days=days_ago)
        found = asked(db, family, act.code, cents, sector, who, day, quantity)
        assert found.base_net + found.supplementary + found.remaining == cents
        assert min(found.base_net, found.supplementary, found.remaining) >= 0
        assert found.explanation.recomputed
        assert adds_up(found.explanation)

    check()


def test_what_was_used_this_year_counts(db, family) -> None:
    """Three osteopathy sessions a year: the fourth is not covered any more."""
    for month in (2, 3, 4):
        factories.paid_line(
            db,
            family["contract"],
            care_date=date(2026, month, 2),
            act_code="OST",
            spent_cents=6000,
            base_cents=0,
            base_rate=0,
            base_gross_cents=0,
            base_net_cents=0,
            flat_fee_cents=0,
            supplementary_cents=4000,
            remaining_cents=2000,
            rule_id=rule_id(db, "OSTEO"),
        )
    found = asked(db, family, "OST", 6000)
    assert (found.supplementary, found.remaining) == (0, 6000)
    assert asked(db, family, "OST", 6000, day=date(2027, 1, 4)).supplementary == 4000


def rule_id(db, code: str) -> int:
    query = (
        select(GuaranteeRule.id)
        .join(GuaranteeVersion, GuaranteeVersion.id == GuaranteeRule.version_id)
        .where(GuaranteeRule.code == code, GuaranteeVersion.valid_to.is_(None))
        .where(GuaranteeVersion.product_id == product_id(db))
    )
    return db.exec(query).one()


def test_a_child_owes_no_flat_fee_and_has_a_child_s_glasses(db, family) -> None:
    assert asked(db, family, "G", 3000, who="child").remaining == 0
    assert "de 6 à 15 ans" in asked(db, family, "LUN", 20000, who="child").rule_label


@pytest.mark.parametrize(
    ("born", "months", "is_covered"),
    [
        (date(2021, 1, 1), 5, False),
        (date(2021, 1, 1), 7, True),
        (date(2019, 1, 1), 7, False),
        (date(2019, 1, 1), 13, True),
        (date(2009, 1, 1), 13, False),
        (date(2009, 1, 1), 25, True),
    ],
)
def test_glasses_are_covered_again_at_the_pace_of_an_age(db, family, born, months, is_covered) -> None:
    """Domain, optical renewal: six months for the youngest, a year before sixteen, then two years."""
    family["child"].birth_date = born
    db.flush()
    first = asked(db, family, "LUN", 20000, who="child")
    factories.paid_line(
        db,
        family["contract"],
        family["child"],
        care_date=add_months(SOON, -months),
        act_code="LUN",
        spent_cents=20000,
        base_cents=0,
        base_rate=0,
        base_gross_cents=0,
        base_net_cents=0,
        flat_fee_cents=0,
        supplementary_cents=first.supplementary,
        remaining_cents=20000 - first.supplementary,
        rule_id=rule_labelled(db, first.rule_label),
    )
    again = asked(db, family, "LUN", 20000, who="child")
    assert again.supplementary == (first.supplementary if is_covered else 0)
    assert adds_up(again.explanation)


def rule_labelled(db, label: str) -> int:
    return rule_id(db, db.exec(select(GuaranteeRule.code).where(GuaranteeRule.label == label).distinct()).one())


def test_nobody_learns_of_an_adult_s_use(db, family) -> None:
    """R-72: an estimate tells what a person used; an adult dependant keeps that private."""
    assert asked(db, family, "OST", 6000, who="adult") is None
    stranger = factories.person(db, "Louis")
    assert estimate(db, viewer_of(family["member"].id), Question(stranger.id, "G", 3000, SOON), TODAY) is None


def test_nothing_before_the_cover_nor_for_an_unknown_act(db, family) -> None:
    assert asked(db, family, "G", 3000, day=date(2010, 1, 1)) is None
    assert asked(db, family, "ZZZ", 3000) is None


def test_an_act_without_a_rule_is_left_to_the_person(db, family) -> None:
    found = asked(db, family, "PHN", 1000)
    assert (found.rule_label, found.remaining) == ("", 1000)


def test_acts_come_by_family_with_the_sectors_that_matter(db) -> None:
    acts = {act.code: act for act in estimable_acts(db, TODAY)}
    assert acts["CS"].sectors == (Sector.OPTAM, Sector.UNBOUND)
    assert acts["G"].sectors == ()
    assert len(acts) == len(db.exec(select(Act)).all())


@pytest.mark.parametrize("who", ["member", "child"])
def test_prices_of_one_care_leave_what_their_estimates_say(db, family, who) -> None:
    """R-24: what a professional's price leaves to pay, for a whole list at the cost of one estimate."""
    prices = [1, 3999, 4000, 6000, 85000]
    question = Question(family[who].id, "OST", 0, SOON)
    viewer = viewer_of(family["member"].id)
    left = remaining_at(db, viewer, question, prices, TODAY)
    assert left == {price: asked(db, family, "OST", price, who=who).remaining for price in prices}


def test_prices_of_care_kept_private_or_unknown_leave_nothing_said(db, family) -> None:
    viewer = viewer_of(family["member"].id)
    assert remaining_at(db, viewer, Question(family["adult"].id, "OST", 0, SOON), [6000], TODAY) == {}
    assert remaining_at(db, viewer, Question(family["member"].id, "XYZ", 0, SOON), [6000], TODAY) == {}
