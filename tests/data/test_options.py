"""Options: what a contract holds completes its guarantees, in the table, in estimates and on paid lines (R-20)."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from sqlmodel import Session

from portal.data.coverage import Product
from portal.data.estimates import Question, Sector, estimable_acts, estimate
from portal.data.explanation import adds_up
from portal.data.guarantees import guarantee_tables
from portal.data.options import ContractOption, held_options
from tests.support import factories
from tests.support.demonstration import viewer_of
from tests.support.reference import KINDS, import_reference, product_id

TODAY = date(2026, 11, 24)
SINCE = date(2026, 6, 1)


@pytest.fixture
def db(database, settings, tmp_path):
    import_reference(database, settings, tmp_path, (*KINDS, "options"))
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def home(db):
    home = factories.household(db)
    home.contract.product_id = product_id(db)
    db.flush()
    return home


def hold(db, home, *codes: str, until: date | None = None) -> None:
    for code in codes:
        option = ContractOption(
            contract_id=home.contract.id, product_id=product_id(db, code), starts_on=SINCE, ends_on=until
        )
        db.add(option)
    db.flush()


def asked(db, home, act: str, cents: int, day: date = TODAY, sector: str = ""):
    question = Question(home.member.id, act, cents, day, Sector(sector))
    return estimate(db, viewer_of(home.member.id), question, TODAY)


def table(db, home, day: date = TODAY):
    return guarantee_tables(db, viewer_of(home.member.id), day)[0]


def test_held_option_takes_the_place_of_the_same_rule(db, home) -> None:
    plain = {row.terms.code: row for row in table(db, home).rows}
    hold(db, home, "RENFORT-OPTIQUE")
    shown = {row.terms.code: row for row in table(db, home).rows}
    assert set(shown) == set(plain)
    assert shown["OPT-LIBRE"].option == "Renfort optique"
    assert (plain["OPT-LIBRE"].terms.amount_cents, shown["OPT-LIBRE"].terms.amount_cents) == (30000, 42000)
    assert not shown["CHAMBRE"].option


def test_offers_tell_before_and_after_until_they_are_held(db, home) -> None:
    offers = {offer.option.name: offer for offer in table(db, home).offers}
    assert set(offers) == {"Renfort optique", "Renfort hospitalisation"}
    changes = {
        after.terms.code: (before.terms.amount_cents, after.terms.amount_cents)
        for before, after in offers["Renfort optique"].changes
    }
    assert changes["OPT-LIBRE"] == (30000, 42000)
    hold(db, home, "RENFORT-OPTIQUE")
    assert [offer.option.name for offer in table(db, home).offers] == ["Renfort hospitalisation"]


def test_option_counts_in_its_own_period_alone(db, home) -> None:
    hold(db, home, "RENFORT-OPTIQUE", until=date(2026, 10, 31))
    days = {SINCE - timedelta(days=1): 0, SINCE: 1, date(2026, 10, 31): 1, date(2026, 11, 1): 0}
    assert {day: len(held_options(db, home.contract.id, day)) for day in days} == days
    paid = [asked(db, home, "LUN", 60000, day).supplementary for day in days]
    assert paid == [29991, 41991, 41991, 29991]


def test_estimate_by_an_option_says_its_rule_and_adds_up(db, home) -> None:
    hold(db, home, "RENFORT-HOPITAL")
    found = asked(db, home, "SHO", 15000)
    assert found.supplementary == 12000
    assert adds_up(found.explanation)
    assert found.explanation.recomputed


@pytest.mark.engines("sqlite")
def test_an_option_never_lowers_what_is_paid(db, home) -> None:
    """Whatever the act, the price and the options held."""
    acts = estimable_acts(db, TODAY)
    other = factories.household(db)
    other.contract.product_id = product_id(db)
    db.flush()
    hold(db, other, "RENFORT-OPTIQUE", "RENFORT-HOPITAL")

    @trials(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(acts), st.integers(1, 300_000), st.data())
    def check(act, cents, data) -> None:
        sector = data.draw(st.sampled_from(act.sectors or (Sector.ANY,)))
        with_options = asked(db, other, act.code, cents, sector=sector)
        without = asked(db, home, act.code, cents, sector=sector)
        assert with_options.supplementary >= without.supplementary
        assert with_options.remaining <= without.remaining
        assert adds_up(with_options.explanation)

    check()


def test_options_are_products_that_nobody_subscribes_to_alone(db) -> None:
    codes = {"RENFORT-OPTIQUE", "RENFORT-HOPITAL"}
    names = {db.get(Product, product_id(db, code)).name for code in codes}
    assert names == {"Renfort optique", "Renfort hospitalisation"}


def test_counters_show_the_limit_that_the_option_grants(db, home) -> None:
    """R-21: nine sessions of osteopathy with the option, where the product allows fewer."""
    from portal.data.counters import counters  # noqa: PLC0415
    from portal.data.coverage import Formula, Heading  # noqa: PLC0415

    option = factories.product(db, "RENFORT-OSTEO")
    granted = {"heading": Heading.WELLBEING, "label": "Ostéopathie", "amount_cents": 4000, "max_acts": 9}
    rule = factories.rule("OSTEO", Formula.FLAT, **granted)
    factories.guarantees(db, option, rule)

    def most() -> list[int | None]:
        found = counters(db, viewer_of(home.member.id), TODAY.year, TODAY)
        limits = [rule for person in found for rule in person.rules if rule.code == "OSTEO"]
        return [rule.acts.cap if rule.acts else None for rule in limits]

    before = most()
    hold(db, home, "RENFORT-OSTEO")
    assert len(before) == 1
    assert before != most() == [9]
