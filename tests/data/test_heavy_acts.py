"""Heavy acts: a lump replaces the percentage, in estimates, on paid lines and in the article (R160-16; R-20, R-21)."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from sqlmodel import Session, select

from portal.data.benefits import LineKind, Status
from portal.data.coverage import GuaranteeRule, GuaranteeVersion, Product
from portal.data.estimates import Estimate, Question, estimate
from portal.data.explanation import Explanation, Section, adds_up, explain
from portal.data.figures import figures_on, tariff_on
from portal.data.guarantees import terms_of_rule
from portal.data.options import ContractOption
from portal.data.rules import Care, Used, settle
from portal.formatting import NBSP, today
from portal.information import figures_now, show, sources
from portal.legal_text import plain
from tests.support import factories
from tests.support.demonstration import viewer_of
from tests.support.reference import KINDS, import_reference, product_id

PRICE, BASE = 43100, 27170
LAST_DAY_AT_24, FIRST_DAY_AT_32 = date(2026, 3, 31), date(2026, 4, 1)
BEFORE_THE_RULE = date(2018, 6, 1)
# Base scheme, insurer and person, in cents, for a cataract at 431,00 € under 200 % of the base.
SHARES = {LAST_DAY_AT_24: (24770, 18330, 0), FIRST_DAY_AT_32: (23970, 19130, 0)}
LUMP = "Participation aux actes coûteux"


@pytest.fixture
def db(database, settings, tmp_path):
    import_reference(database, settings, tmp_path, (*KINDS, "options"))
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def home(db):
    return household(db)


def household(db, *options: str):
    made = factories.household(db, starts_on=date(2016, 1, 1))
    made.dependants["Zoé"] = factories.person(db, "Zoé", born=date(2015, 5, 5))
    factories.cover(db, made.contract, made["Zoé"], valid_from=date(2016, 1, 1))
    made.contract.product_id = product_id(db)
    for code in options:
        option = ContractOption(
            contract_id=made.contract.id, product_id=product_id(db, code), starts_on=date(2016, 1, 1)
        )
        db.add(option)
    db.flush()
    return made


def asked(db, home, day: date, cents: int = PRICE, act: str = "ADC", quantity: int = 1, who=None) -> Estimate:
    question = Question((who or home.member).id, act, cents, day, quantity=quantity)
    return estimate(db, viewer_of(home.member.id), question, max(day, today()))


def shares(found: Estimate) -> tuple[int, int, int]:
    return found.base_net, found.supplementary, found.remaining


def parts(explanation: Explanation, section: Section) -> dict[str, int | None]:
    return {step.title.replace(NBSP, " "): step.amount_cents for step in explanation.of(section)}


def words(explanation: Explanation) -> str:
    return " ".join(f"{step.title} {step.words}" for step in explanation.steps).replace(NBSP, " ")


def stored(db, home, day: date, shares: tuple[int, int, int], sign: int = 1, **values):
    """The explanation of a line as an import leaves it."""
    base, supplementary, remaining = (sign * cents for cents in shares)
    amounts = {
        "spent_cents": sign * PRICE,
        "base_cents": sign * BASE,
        "base_gross_cents": base,
        "base_net_cents": base,
        "supplementary_cents": supplementary,
        "remaining_cents": remaining,
        "flat_fee_cents": 0,
    }
    what = {"act_code": "ADC", "family": "hospitalisation", "base_rate": 80, "rule_id": rule_on(db, day)}
    line = factories.line(db, home.contract, care_date=day, **(what | amounts | values))
    return explain(db, viewer_of(home.member.id), line.id, today())


def rule_on(db, day: date) -> int:
    query = (
        select(GuaranteeRule.id)
        .join(GuaranteeVersion, GuaranteeVersion.id == GuaranteeRule.version_id)
        .where(GuaranteeRule.code == "CHIRURGIE", GuaranteeVersion.product_id == product_id(db))
        .where(GuaranteeVersion.valid_from <= day)
        .order_by(GuaranteeVersion.valid_from.desc())
    )
    return db.exec(query).first()


@pytest.mark.parametrize("day", SHARES)
def test_lump_of_the_day_of_care_replaces_the_percentage(db, home, day) -> None:
    found = asked(db, home, day)
    assert shares(found) == SHARES[day]
    assert found.explanation.recomputed


def test_estimate_says_what_the_lump_is_and_who_pays_it(db, home) -> None:
    explanation = asked(db, home, FIRST_DAY_AT_32).explanation
    assert parts(explanation, Section.BASE) == {
        "Base de remboursement": BASE,
        "100 % de la base": BASE,
        LUMP: 3200,
        "Part du régime obligatoire": 23970,
    }
    said = words(explanation)
    assert "Le tarif atteint 120,00 € : la loi remplace le taux habituel de 80 % par une somme fixe" in said
    assert "La loi laisse 32,00 € sur un acte aussi coûteux (code de la sécurité sociale, article R160-16)." in said
    assert "Cette part comprend les 32,00 € que la loi laisse sur un acte coûteux : vous ne les payez pas." in said
    assert "431,00 € − 239,70 € comptés pour le régime obligatoire = 191,30 €." in said
    assert LUMP in {definition.term for definition in explanation.glossary}


def test_act_below_the_threshold_says_nothing_of_a_lump(db, home) -> None:
    explanation = asked(db, home, FIRST_DAY_AT_32, 20000, "ADA").explanation
    assert parts(explanation, Section.BASE)["80 % de la base"] == 8384
    assert LUMP not in {definition.term for definition in explanation.glossary}


def test_price_below_the_lump_is_left_whole_to_the_insurer(db, home) -> None:
    found = asked(db, home, FIRST_DAY_AT_32, 2000)
    assert shares(found) == (0, 2000, 0)
    assert "Elle n’en laisse jamais plus que la base : 20,00 € pour ce soin." in words(found.explanation)
    assert adds_up(found.explanation)


def test_exempt_child_leaves_nothing_of_the_base(db, home) -> None:
    found = asked(db, home, FIRST_DAY_AT_32, who=home["Zoé"])
    assert shares(found) == (BASE, PRICE - BASE, 0)
    assert "qui n’est pas demandée ici, car le patient était mineur." in words(found.explanation)
    assert found.explanation.recomputed


def test_imported_line_that_follows_the_rule_is_recomputed(db, home) -> None:
    for day, expected in SHARES.items():
        explanation = stored(db, home, day, expected)
        assert explanation.recomputed
        assert adds_up(explanation)


def test_imported_line_from_before_the_rule_keeps_the_percentage(db, home) -> None:
    """217,36 € is 80 % of the base; 150 % of the base was the guarantee then."""
    explanation = stored(db, home, BEFORE_THE_RULE, (21736, 19019, 2345))
    assert explanation.recomputed
    assert parts(explanation, Section.BASE)["80 % de la base"] == 21736
    assert shares(asked(db, home, BEFORE_THE_RULE)) == (21736, 19019, 2345)


def test_imported_percentage_of_a_heavy_act_is_shown_as_transmitted(db, home) -> None:
    explanation = stored(db, home, FIRST_DAY_AT_32, (21736, 21364, 0))
    assert not explanation.recomputed
    assert adds_up(explanation)
    assert LUMP not in {definition.term for definition in explanation.glossary}


def test_correction_of_a_heavy_act_takes_the_lump_back(db, home) -> None:
    stored(db, home, FIRST_DAY_AT_32, SHARES[FIRST_DAY_AT_32], status=Status.CANCELLED)
    taken_back = {"kind": LineKind.CORRECTION, "status": Status.REGULARISED}
    explanation = stored(db, home, FIRST_DAY_AT_32, SHARES[FIRST_DAY_AT_32], -1, **taken_back)
    assert explanation.recomputed
    assert parts(explanation, Section.BASE)[LUMP] == -3200
    assert adds_up(explanation)


def test_refused_line_does_not_say_that_the_lump_is_paid(db, home) -> None:
    explanation = stored(db, home, FIRST_DAY_AT_32, (23970, 0, 19130), status=Status.REFUSED)
    assert explanation.recomputed
    assert "Cette part comprend" not in words(explanation)


def test_every_guarantee_of_the_demonstration_pays_the_lump(db) -> None:
    """Its contracts are « responsables »: they pay what the base scheme leaves of the base (R871-2)."""
    figures, tariff = figures_on(db, FIRST_DAY_AT_32), tariff_on(db, "ADC", FIRST_DAY_AT_32)
    care = Care("ADC", 1, BASE, BASE, tariff.rate, tariff.rate, is_heavy=True)
    query = (
        select(GuaranteeRule, Product.code)
        .select_from(GuaranteeRule)
        .join(GuaranteeVersion, GuaranteeVersion.id == GuaranteeRule.version_id)
        .join(Product, Product.id == GuaranteeVersion.product_id)
        .where(GuaranteeRule.code == "CHIRURGIE")
    )
    rules = db.exec(query).all()
    assert len(rules) > 5
    for rule, code in rules:
        assert settle(care, figures, terms_of_rule(rule), Used()).remaining == 0, code


@pytest.mark.engines("sqlite")
def test_every_heavy_estimate_adds_up_and_no_option_lowers_it(db, home) -> None:
    """Whatever the price, the number, the person and the day, on both sides of each date of the rule."""
    other = household(db, "RENFORT-HOPITAL")

    @trials(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(["ADC", "ADA"]),
        st.integers(1, 300_000),
        st.integers(1, 4),
        st.booleans(),
        st.dates(BEFORE_THE_RULE, FIRST_DAY_AT_32 + timedelta(days=200)),
    )
    def check(act, cents, quantity, is_child, day) -> None:
        one, two = (
            asked(db, family, day, cents, act, quantity, family["Zoé"] if is_child else None)
            for family in (home, other)
        )
        for found in (one, two):
            assert sum(shares(found)) == cents
            assert min(shares(found)) >= 0
            assert found.explanation.recomputed
            assert adds_up(found.explanation)
        assert two.base_net == one.base_net
        assert two.supplementary >= one.supplementary

    check()


@pytest.mark.engines("sqlite")
def test_article_and_estimate_name_the_same_lump(db, home) -> None:
    article = show(sources()["hospitalisation"], figures_now(db), lambda name: name)
    sentences = (plain(block.runs) for part in article.legal.articles for block in part.blocks)
    (said,) = (text for text in sentences if "remplace le pourcentage" in text)
    threshold, lump = (int(euros) * 100 + int(cents) for euros, cents in re.findall(r"(\d+),(\d\d)\s€", said))
    assert asked(db, home, today(), BASE).base_net == BASE - lump
    assert threshold <= BASE
    assert figures_on(db, today())[-2:] == (threshold, lump)
