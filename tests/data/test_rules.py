"""The settlement: the domain's worked lines to the cent, and what holds for every line."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.data.figures import Tariff
from portal.data.rules import (
    Care,
    Figures,
    Settlement,
    Terms,
    Used,
    add_months,
    half_up,
    in_period,
    percent_of,
    settle,
    used_before,
)

FIGURES = Figures(200, 400, 5000, 100, 100, 400, 400, 800, 5000, 2300, 30, 12000, 3200)


def percent(rate: int, **limits: int) -> Terms:
    return Terms("R", "pourcentage", percent=rate, **limits)


def flat(cents: int, **limits: int) -> Terms:
    return Terms("R", "forfait", amount_cents=cents, **limits)


def full() -> Terms:
    return Terms("R", "frais_reels")


def care(act: str, spent: int, base: int, rate: int, quantity: int = 1, **more: int | bool) -> Care:
    return Care(act, quantity, spent, base, rate, rate, **more)


# act, spent, base, rate, quantity, rule -> gross, withheld, net, supplementary, left: the domain's thirteen lines, and
# a heavy act.
WORKED = {
    "G sector 1": (care("G", 3000, 3000, 70), percent(100), (2100, 200, 1900, 900, 200)),
    "CS OPTAM": (care("CS", 6000, 3150, 70), percent(200), (2205, 200, 2005, 3795, 200)),
    "CS non-OPTAM": (care("CS", 8000, 2300, 70), percent(150), (1610, 200, 1410, 1840, 4750)),
    "PH7, 2 boxes": (care("PH7", 1248, 1248, 65, 2), percent(100), (811, 200, 611, 437, 200)),
    "AMK session": (care("AMK", 1613, 1613, 60), percent(100), (968, 100, 868, 645, 100)),
    "Biology": (care("B", 2700, 2700, 60), percent(100), (1620, 200, 1420, 1080, 200)),
    "FJ x 3": (care("FJ", 6900, 0, 0, 3), full(), (0, 0, 0, 6900, 0)),
    "Urgences FPU": (care("FPU", 2300, 0, 0), full(), (0, 0, 0, 2300, 0)),
    "Hearing class I": (care("PAU", 95000, 40000, 60), full(), (24000, 0, 24000, 71000, 0)),
    "Crown 100 % Santé": (care("CZ0", 50000, 12000, 60), full(), (7200, 0, 7200, 42800, 0)),
    "Crown free price": (care("ICO", 85000, 12000, 60), percent(300), (7200, 0, 7200, 28800, 49000)),
    "Glasses class B": (
        care("LUN", 43000, 15, 60),
        Terms("R", "forfait_base_incluse", amount_cents=30000),
        (9, 0, 9, 29991, 13000),
    ),
    "Cataract": (care("ADC", 43100, 27170, 80, is_heavy=True), percent(200), (23970, 0, 23970, 19130, 0)),
    "Osteopath": (care("OST", 6000, 0, 0), flat(4000, max_acts=3), (0, 0, 0, 4000, 2000)),
}


@pytest.mark.parametrize("name", WORKED)
def test_insurer_settles_each_worked_line_to_the_cent(name):
    act, terms, expected = WORKED[name]
    got = settle(act, FIGURES, terms, Used())
    assert (got.base_gross, got.flat_fee + got.franchise, got.base_net, got.supplementary, got.remaining) == expected


def test_insurer_pays_no_fourth_session_of_three():
    act, terms, _ = WORKED["Osteopath"]
    assert [settle(act, FIGURES, terms, Used(acts=acts)).supplementary for acts in range(5)] == [4000, 4000, 4000, 0, 0]


def test_insurer_stops_at_the_yearly_ceiling():
    act = care("ICO", 85000, 12000, 60)
    shares = [
        settle(act, FIGURES, percent(300, max_cents=60000), Used(cents=c)).supplementary for c in (0, 50000, 70000)
    ]
    assert shares == [28800, 10000, 0]


def test_insurer_pays_only_the_nights_left():
    act = care("SHO", 30000, 0, 0, 4)
    assert settle(act, FIGURES, flat(5000, max_acts=60), Used(acts=57)).supplementary == 15000


@pytest.mark.parametrize(
    ("act", "used", "flat_fee", "franchise"),
    [
        (care("G", 3000, 3000, 70), Used(flat_fee_year=4900), 100, 0),
        (care("G", 3000, 3000, 70), Used(flat_fee_year=5000), 0, 0),
        (care("G", 3000, 3000, 70), Used(flat_fee_day=300), 100, 0),
        (care("AMK", 6000, 6000, 60, 6), Used(), 0, 400),
        (care("AMI", 1000, 1000, 60), Used(franchise_day=400), 0, 0),
        (care("VSL", 8000, 8000, 55), Used(franchise_day=600), 0, 200),
        (care("PH7", 9000, 9000, 65, 9), Used(franchise_day=800), 0, 900),
        (care("PH7", 9000, 9000, 65, 9), Used(franchise_year=4950), 0, 50),
        (care("PH2", 200, 200, 15), Used(), 0, 30),
        (care("SDE", 2697, 2697, 60), Used(), 0, 0),
        (care("G", 3000, 3000, 70, is_exempt=True), Used(), 0, 0),
    ],
)
def test_patient_owes_fees_up_to_their_caps(act, used, flat_fee, franchise):
    got = settle(act, FIGURES, percent(100), used)
    assert (got.flat_fee, got.franchise) == (flat_fee, franchise)


def test_patient_paid_for_directly_owes_the_fee_later():
    got = settle(care("G", 3000, 3000, 70, is_deferred=True), FIGURES, percent(100), Used())
    assert (got.flat_fee, got.flat_fee_due, got.base_net, got.remaining) == (0, 200, 2100, 0)


def test_patient_outside_the_care_path_bears_the_cut():
    act = Care("G", 1, 3000, 3000, 30, 70)
    got = settle(act, FIGURES, percent(100), Used())
    assert (got.base_gross, got.path_cut, got.supplementary, got.remaining) == (900, 1200, 900, 1400)


def test_insurer_pays_after_another_cover():
    got = settle(care("CS", 6000, 3150, 70, other_cover_cents=1000), FIGURES, full(), Used())
    assert (got.supplementary, got.remaining) == (2795, 200)


def test_nobody_without_a_rule_receives_a_supplementary_share():
    assert settle(care("G", 3000, 3000, 70), FIGURES, None, Used()).supplementary == 0
    assert settle(care("G", 3000, 3000, 70), FIGURES, Terms("R", "aucune"), Used()).supplementary == 0


def test_amounts_round_half_up():
    assert (half_up(1, 2), half_up(5, 2), half_up(4, 3), percent_of(15, 70), percent_of(1248, 65)) == (1, 3, 1, 11, 811)


HEAVY = care("ADC", 43100, 27170, 80, is_heavy=True)


def test_insurer_of_the_whole_base_pays_the_lump_and_no_overrun():
    got = settle(HEAVY, FIGURES, percent(100), Used())
    assert (got.base_net, got.lump, got.supplementary, got.remaining) == (23970, 3200, 3200, 43100 - 27170)


def test_lump_is_taken_once_whatever_the_quantity():
    twice = settle(HEAVY._replace(quantity=2, spent_cents=86200, base_cents=54340), FIGURES, percent(100), Used())
    assert (twice.lump, twice.base_net, twice.supplementary) == (3200, 54340 - 3200, 3200)


def test_lump_never_exceeds_a_price_below_it():
    got = settle(HEAVY._replace(spent_cents=2000), FIGURES, percent(100), Used())
    assert (got.base, got.base_net, got.lump, got.supplementary, got.remaining) == (2000, 0, 2000, 2000, 0)


def test_exempt_patient_leaves_nothing_of_a_heavy_act_s_base():
    got = settle(HEAVY._replace(is_exempt=True), FIGURES, percent(100), Used())
    assert (got.base_net, got.lump, got.supplementary) == (27170, 0, 0)


def test_heavy_act_outside_the_care_path_bears_lump_and_cut():
    got = settle(HEAVY._replace(rate=30), FIGURES, percent(100), Used())
    assert (got.lump, got.path_cut, got.base_net) == (3200, 13585, 27170 - 3200 - 13585)
    assert (got.supplementary, got.remaining) == (3200, 13585 + 43100 - 27170)


@pytest.mark.parametrize(
    ("tariff", "quantity", "heavy"),
    [
        (Tariff(12000, 80, may_be_heavy=True), 1, True),
        (Tariff(11999, 80, may_be_heavy=True), 1, False),
        (Tariff(11999, 80, may_be_heavy=True), 2, True),
        (Tariff(40000, 60), 1, False),  # a hearing aid: the law leaves prostheses out
        (Tariff(None, 80, may_be_heavy=True), 1, False),
        (Tariff(27170, 100, may_be_heavy=True), 1, False),
        (Tariff(27170, 0, may_be_heavy=True), 1, False),
    ],
)
def test_lump_is_for_acts_that_the_law_names_at_the_threshold(tariff, quantity, heavy):
    assert tariff.is_heavy_on(FIGURES, quantity) is heavy


@pytest.mark.parametrize("missing", ["heavy_threshold", "heavy_lump"])
def test_percentage_stays_while_the_rule_is_not_in_force(missing):
    assert not Tariff(27170, 80, may_be_heavy=True).is_heavy_on(FIGURES._replace(**{missing: None}), 1)


limits = st.fixed_dictionaries(
    {
        "percent": st.integers(0, 500),
        "amount_cents": st.integers(0, 100_000),
        "max_acts": st.none() | st.integers(0, 10),
        "max_cents": st.none() | st.integers(0, 200_000),
    }
)
formulas = st.sampled_from(["pourcentage", "forfait", "forfait_base_incluse", "frais_reels", "aucune"])
terms = st.builds(lambda formula, more: Terms("R", formula, **more), formulas, limits)
useds = st.builds(Used, *[st.integers(0, 6000)] * 4, st.integers(0, 12), st.integers(0, 300_000))


@st.composite
def cares(draw: st.DrawFn) -> Care:
    spent = draw(st.integers(1, 200_000))
    rate, usual = sorted(draw(st.tuples(st.integers(0, 100), st.integers(0, 100))))
    base = draw(st.integers(0, 250_000))
    heavy = draw(st.booleans())
    room = spent - (min(base, spent) if heavy else percent_of(min(base, spent), usual))
    return Care(
        draw(st.sampled_from(["G", "B", "PH7", "AMK", "VSL", "ICO", "OST"])),
        draw(st.integers(1, 12)),
        spent,
        base,
        rate,
        usual,
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.integers(0, room)),
        heavy,
    )


@given(cares(), terms, useds)
def test_every_settlement_adds_up_and_nothing_is_negative(act, rule, used):
    got = settle(act, FIGURES, rule, used)
    assert act.spent_cents == got.base_net + got.supplementary + act.other_cover_cents + got.remaining
    assert got.base_net == got.base_gross - got.flat_fee - got.franchise
    assert min(got) >= 0
    assert got.remaining >= got.flat_fee + got.franchise + got.path_cut
    if act.is_heavy:
        assert got.base == got.base_gross + got.lump + got.path_cut


@given(cares(), useds, st.integers(100, 500))
def test_contract_that_covers_the_whole_base_always_pays_the_lump(act, used, rate):
    """« Responsable »: R871-2 of the social security code has it pay what the base scheme leaves of the base."""
    act = act._replace(is_heavy=True, other_cover_cents=0)
    got = settle(act, FIGURES, percent(rate), used)
    assert got.supplementary >= got.lump


@given(cares(), terms, useds)
def test_every_settlement_respects_its_caps(act, rule, used):
    got = settle(act, FIGURES, rule, used)
    assert got.supplementary <= got.granted
    assert got.flat_fee_due <= max(0, FIGURES.flat_fee_year_cap - used.flat_fee_year)
    assert got.franchise_due <= max(0, FIGURES.franchise_year_cap - used.franchise_year)
    if rule.max_cents is not None:
        assert got.supplementary <= max(0, rule.max_cents - used.cents)
    if rule.max_acts is not None and used.acts >= rule.max_acts:
        assert got.supplementary == 0


@given(cares(), terms, useds, st.integers(1, 50_000))
def test_spending_more_never_lowers_the_supplementary_share(act, rule, used, more):
    act = act._replace(base_cents=min(act.base_cents, act.spent_cents))
    dearer = act._replace(spent_cents=act.spent_cents + more)
    assert settle(dearer, FIGURES, rule, used).supplementary >= settle(act, FIGURES, rule, used).supplementary


@given(cares(), terms, useds)
def test_using_more_never_raises_the_supplementary_share(act, rule, used):
    fresh: Settlement = settle(act, FIGURES, rule, Used())
    assert settle(act, FIGURES, rule, used).supplementary <= fresh.supplementary


@dataclass
class Past:
    reference: str
    care_date: date
    rule_code: str = "R"
    provider: str = "Dr A"
    quantity: int = 1
    flat_fee_cents: int = 200
    franchise_cents: int = 0
    supplementary_cents: int = 900
    contract_id: int = 1


def test_counters_see_only_what_came_before_in_the_same_year():
    line = Past("L5", date(2026, 1, 1))
    history = [
        Past("L1", date(2025, 12, 31)),
        Past("L4", date(2026, 1, 1)),
        Past("L6", date(2026, 1, 1)),
        Past("L2", date(2026, 1, 2)),
    ]
    assert used_before(line, history, percent(100)) == Used(200, 200, 0, 0, 1, 900)


def test_counters_keep_contracts_rules_and_professionals_apart():
    line = Past("L9", date(2026, 5, 5))
    history = [
        Past("L1", date(2026, 5, 5), contract_id=2, provider="Dr B"),
        Past("L2", date(2026, 5, 5), rule_code="S"),
    ]
    assert used_before(line, history, percent(100)) == Used(400, 200, 0, 0, 0, 0)


def test_counters_give_back_what_a_correction_takes_back():
    line = Past("L9", date(2026, 5, 5))
    history = [
        Past("L1", date(2026, 2, 1)),
        Past("L2", date(2026, 2, 1), flat_fee_cents=-200, supplementary_cents=-900),
    ]
    assert used_before(line, history, percent(100)) == Used()


def test_a_right_renews_on_the_same_day_two_years_later():
    assert in_period(date(2024, 3, 10), date(2026, 3, 9), 24)
    assert not in_period(date(2024, 3, 10), date(2026, 3, 10), 24)
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert add_months(date(2026, 1, 31), -2) == date(2025, 11, 30)
