"""Yearly counters: caps, sessions, ceilings and renewals, for visible persons only (R-21, R-72)."""

from datetime import date

import pytest
from sqlmodel import Session, select

from portal.data.benefits import BenefitLine
from portal.data.counters import Gauge, PersonCounters, counters
from portal.data.coverage import Contract, GuaranteeRule, GuaranteeVersion
from portal.data.persons import Person
from portal.demo.generator import Options
from tests.support.demonstration import TODAY, import_demo, viewer_of


@pytest.fixture
def session(database, settings, tmp_path):
    import_demo(database, settings, tmp_path / "demo", Options(members=3, history=1, seed=7, today=TODAY))
    with Session(database.writer) as session:
        yield session
        session.rollback()


def person_id(db: Session, reference: str) -> int:
    return db.exec(select(Person.id).where(Person.reference == reference)).one()


def counters_of(db: Session, viewer: str = "P-000001-1", year: int = 2026, today: date = TODAY) -> list[PersonCounters]:
    return counters(db, viewer_of(person_id(db, viewer)), year, today)


def mine(db: Session, viewer: str = "P-000001-1", year: int = 2026, today: date = TODAY) -> PersonCounters:
    found = counters_of(db, viewer, year, today)
    return next(counter for counter in found if counter.person_id == person_id(db, viewer))


def rule(counter: PersonCounters, code: str):
    return next((one for one in counter.rules if one.code == code), None)


def add_line(db: Session, code: str, care_date: date, share: int, **more) -> None:
    member = person_id(db, "P-000001-1")
    contract = db.exec(select(Contract).where(Contract.member_id == member)).one()
    in_force = (
        select(GuaranteeRule.id)
        .join(GuaranteeVersion, GuaranteeVersion.id == GuaranteeRule.version_id)
        .where(GuaranteeVersion.product_id == contract.product_id, GuaranteeRule.code == code)
        .where(GuaranteeVersion.valid_from <= care_date)
        .order_by(GuaranteeVersion.valid_from.desc())
    )
    number = len(db.exec(select(BenefitLine.id)).all())
    fee = more.pop("flat_fee_cents", 0)
    values = {
        "reference": f"T-{number}",
        "member_id": member,
        "contract_id": contract.id,
        "person_id": member,
        "posted_on": care_date,
        "care_date": care_date,
        "act_code": "OST",
        "label": "Test",
        "family": "medecines_douces",
        "kind": "soin",
        "status": "payee",
        "source": "facture",
        "spent_cents": share,
        "base_cents": 0,
        "base_rate": 0,
        "base_gross_cents": fee,
        "flat_fee_cents": fee,
        "base_net_cents": 0,
        "supplementary_cents": share,
        "remaining_cents": 0,
        "rule_id": db.exec(in_force).first(),
        "search": "",
    }
    db.add(BenefitLine(**(values | more)))
    db.flush()


def test_member_sees_what_is_used_and_left_this_year(session):
    counter = mine(session)
    assert counter.flat_fee.cap == counter.franchise.cap == 5000
    assert counter.flat_fee.used >= 800
    assert rule(counter, "OSTEO").acts == Gauge(1, 3)
    assert rule(counter, "OSTEO").acts.left == 2
    assert rule(counter, "DENT-LIBRE").cents == Gauge(28800, 150000)
    assert rule(counter, "VACCINS").cents == Gauge(0, 6000)


def test_counters_agree_with_the_lines(session):
    person = person_id(session, "P-000001-1")
    lines = session.exec(select(BenefitLine).where(BenefitLine.person_id == person)).all()
    this_year = [line for line in lines if line.care_date.year == 2026]
    counter = mine(session)
    assert counter.flat_fee.used == sum(line.flat_fee_cents for line in this_year)
    assert counter.franchise.used == sum(line.franchise_cents for line in this_year)


def test_member_sees_when_glasses_are_covered_again(session):
    glasses = rule(mine(session), "OPT-LIBRE")
    assert (glasses.acts, glasses.renews_on, glasses.renewal_months) == (Gauge(1, 1), date(2028, 4, 3), 24)


def test_unused_renewable_rights_are_not_listed(session):
    assert rule(mine(session), "OPT-100") is None
    assert rule(mine(session), "AUDIO-100") is None


def test_renewable_right_comes_back_on_the_day(session):
    add_line(session, "AUDIO-100", date(2022, 11, 25), 71000)
    assert rule(mine(session), "AUDIO-100").renews_on == TODAY.replace(day=25)
    assert rule(mine(session, today=date(2026, 11, 25)), "AUDIO-100") is None


def test_care_taken_back_frees_the_right(session):
    before = rule(mine(session), "OSTEO").acts
    add_line(session, "OSTEO", date(2026, 9, 1), 4000)
    add_line(session, "OSTEO", date(2026, 9, 1), -4000, kind="regularisation")
    assert rule(mine(session), "OSTEO").acts == before


def test_year_boundaries_keep_each_year_s_care(session):
    before_this, before_last = mine(session), mine(session, year=2025)
    add_line(session, "OSTEO", date(2025, 12, 31), 3500, flat_fee_cents=100)
    add_line(session, "OSTEO", date(2026, 1, 1), 4000, flat_fee_cents=200)
    after_this, after_last = mine(session), mine(session, year=2025)
    assert after_this.flat_fee.used - before_this.flat_fee.used == 200
    assert after_last.flat_fee.used - before_last.flat_fee.used == 100
    assert rule(after_this, "OSTEO").acts.used - rule(before_this, "OSTEO").acts.used == 1
    assert rule(after_last, "OSTEO").acts.used - rule(before_last, "OSTEO").acts.used == 1


def test_past_year_shows_the_limits_of_its_own_version(session):
    assert rule(mine(session), "DENT-LIBRE").cents.cap == 150000
    assert rule(mine(session, year=2024), "DENT-LIBRE").cents.cap == 120000


def test_member_sees_minor_children_but_not_the_adult_one(session):
    shown = [(counter.first_name, counter.is_minor) for counter in counters_of(session)]
    assert shown == [("Camille", False), ("Zoé", True), ("Malik", True)]


def test_adult_child_sees_only_own_counters(session):
    assert [counter.first_name for counter in counters_of(session, viewer="P-000001-2")] == ["Noé"]


def test_account_without_a_person_sees_nothing(session):
    assert counters(session, viewer_of(None), 2026, TODAY) == []


def test_member_whose_contract_ended_has_no_limits_left_to_show(session):
    assert mine(session, viewer="P-000003-1").rules == ()
