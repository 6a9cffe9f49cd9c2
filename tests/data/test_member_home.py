"""What the start page tells: latest payment, what waits, contracts and their end (R-21, R-64), on both databases."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal.data.benefits import Method, Status
from portal.data.coverage import Beneficiary, Relationship
from portal.data.member_home import (
    WAITING_SHOWN,
    household_contracts,
    latest_payment,
    waiting_lines,
)
from portal.data.visibility import visible_scope
from tests.support import factories
from tests.support.evidence import viewer

TODAY = date(2026, 3, 31)
DAY = date(2026, 3, 2)


@pytest.fixture
def family(db):
    return factories.household(db, children={"Paul": date(2000, 1, 1), "Lou": factories.MINOR_BIRTH})


def told(db, who, function):
    reader = viewer(person_id=who.id)
    return function(db, reader, visible_scope(db, reader, TODAY))


# --- the latest payment ---


def test_member_learns_the_latest_payment_of_visible_lines(db, family) -> None:
    factories.paid_line(db, family.contract, posted_on=DAY - timedelta(days=9))
    paid = factories.payment(db, family.member, paid_on=DAY, method=Method.THIRD_PARTY, iban_masked="")
    for who in (family.member, family["Lou"], family["Paul"]):
        factories.line(db, family.contract, who, paid_by=paid)
    latest = told(db, family.member, latest_payment)
    assert (latest.paid_on, latest.method, latest.line_count, latest.supplementary_cents) == (
        DAY,
        "tiers_payant",
        2,
        1800,
    )


def test_payment_for_a_private_relative_alone_is_not_the_members_latest(db, family) -> None:
    factories.paid_line(db, family.contract, posted_on=DAY - timedelta(days=9))
    factories.paid_line(db, family.contract, family["Paul"], posted_on=DAY)
    assert told(db, family.member, latest_payment).paid_on == DAY - timedelta(days=9)
    assert told(db, family["Paul"], latest_payment).paid_on == DAY


def test_newest_of_two_payments_of_a_day_wins(db, family) -> None:
    for cents in (900, 1100):
        paid = factories.payment(db, family.member, paid_on=DAY, iban_masked=f"FR76 •••• {cents}")
        factories.line(db, family.contract, paid_by=paid)
    assert told(db, family.member, latest_payment).iban_masked == "FR76 •••• 1100"


def test_dependant_is_not_told_the_members_account(db, family) -> None:
    """R-72: the money went to an account that is not the dependant's."""
    paid = factories.payment(db, family.member, paid_on=DAY, iban_masked="FR76 •••• 919", amount_cents=1800)
    for who in (family.member, family["Paul"]):
        factories.line(db, family.contract, who, paid_by=paid)
    members, pauls = told(db, family.member, latest_payment), told(db, family["Paul"], latest_payment)
    assert (members.is_holder, members.iban_masked, members.other_cents) == (True, "FR76 •••• 919", 900)
    assert (pauls.is_holder, pauls.iban_masked, pauls.other_cents) == (False, "", 0)


def test_member_without_payment_has_no_latest_one(db, family) -> None:
    factories.line(db, family.contract)
    assert told(db, family.member, latest_payment) is None


# --- what waits ---


def test_lines_that_wait_for_a_document_come_first_then_the_newest(db, family) -> None:
    made = {
        label: factories.line(db, family.contract, label=label, status=status, posted_on=DAY + timedelta(days=days))
        for label, status, days in (
            ("vieux", Status.PENDING, 0),
            ("pièce ancienne", Status.AWAITING_PIECE, 1),
            ("récent", Status.PENDING, 5),
            ("pièce récente", Status.AWAITING_PIECE, 3),
            ("refusé", Status.REFUSED, 9),
        )
    }
    factories.line(db, family.contract, family["Paul"], label="privé", status=Status.AWAITING_PIECE)
    waiting = told(db, family.member, waiting_lines)
    assert [line.label for line in waiting] == ["pièce récente", "pièce ancienne", "récent", "vieux"]
    assert waiting[0].id == made["pièce récente"].id


def test_only_the_first_waiting_lines_are_told(db, family) -> None:
    for _ in range(WAITING_SHOWN + 3):
        factories.line(db, family.contract)
    assert len(told(db, family.member, waiting_lines)) == WAITING_SHOWN


# --- contracts ---


def test_member_of_two_contracts_sees_the_running_one_first(db, family) -> None:
    ended = factories.contract(db, family.member, starts_on=date(2015, 1, 1), ends_on=date(2019, 12, 31))
    numbers = [contract.number for contract in household_contracts(db, viewer(person_id=family.member.id))]
    assert numbers == [family.contract.number, ended.number]


def test_dependant_sees_the_contract_that_covers_and_no_other(db, family) -> None:
    factories.contract(db, family.member)
    stranger = factories.household(db, name="Voisin")
    covered = household_contracts(db, viewer(person_id=family["Paul"].id))
    assert [contract.number for contract in covered] == [family.contract.number]
    theirs = household_contracts(db, viewer(person_id=stranger.member.id))
    assert [contract.number for contract in theirs] == [stranger.contract.number]


def test_person_covered_in_two_periods_sees_the_contract_once(db, family) -> None:
    for year in (2020, 2023):
        factories.cover(
            db,
            family.contract,
            family["Lou"],
            Relationship.CHILD,
            valid_from=date(year, 2, 1),
            valid_to=date(year, 9, 1),
        )
    assert len(household_contracts(db, viewer(person_id=family["Lou"].id))) == 1


def test_cover_ends_when_the_persons_own_period_does(db, family) -> None:
    """R-64: someone taken off a running contract may still read for two years."""
    cover = db.exec(select(Beneficiary).where(Beneficiary.person_id == family["Paul"].id)).one()
    cover.valid_to = DAY
    db.flush()
    contracts = household_contracts(db, viewer(person_id=family["Paul"].id))
    assert [contract.ends_on for contract in contracts] == [DAY]
