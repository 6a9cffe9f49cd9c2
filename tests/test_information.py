"""Articles: complete, dated, with figures from the dated tables and links that lead somewhere (R-27; issue: 15)."""

import re
from datetime import date
from itertools import product
from pathlib import Path

import pytest

import portal
from portal.data.glossary import Term, anchor_of, every_definition
from portal.data.work_items import DUTY_OF, TARGET
from portal.demo.reference import Reference, rows, text
from portal.formatting import today
from portal.information import PAGE, UNKNOWN, figures_in, matches, show, sources
from portal.legal_text import Unreadable, plain

ARTICLES = sources()
PARAMETERS = {row.split(";")[0]: row.split(";") for row in text("parameters").splitlines()[1:]}
SOURCES = Path(portal.__file__).parent
RATE = re.compile(r"(\d+)[\s\u00a0]?%")
AMOUNT = re.compile(r"\d[\s\u00a0]?€|\d[\s\u00a0]euros?")

pytestmark = pytest.mark.engines("sqlite")


def bodies(shown):
    return [*shown.legal.preamble, *(block for part in shown.legal.articles for block in part.blocks)]


def test_there_are_fifteen_and_each_is_found_by_its_own_title() -> None:
    assert len(ARTICLES) >= 15
    for source in ARTICLES.values():
        title = show(source, {}, lambda name: name).title
        assert matches(source, title)
        assert not matches(source, "zzz")


@pytest.mark.parametrize("slug", ARTICLES)
def test_article_reads_well(slug) -> None:
    source = ARTICLES[slug]
    shown = show(source, dict.fromkeys(PARAMETERS, "9,99\xa0€"), lambda name: f"/{name}")
    assert shown.summary.endswith(".")
    assert date(2026, 1, 1) <= shown.updated_on <= today()
    assert shown.legal.articles[-1].title == "Que faire ensuite"
    assert 80 <= len(source.text.split()) <= 400
    assert not re.search(r"[^\s\u00a0](?<![\d/])[:;?!»](?=\s)", source.text.replace("://", ""))
    assert not re.search(r"[\w)] [:;?!»%]", source.text)


@pytest.mark.parametrize("slug", ARTICLES)
def test_every_figure_is_a_dated_one(slug) -> None:
    """An amount typed by hand would go on saying last year's."""
    source = ARTICLES[slug]
    assert figures_in(source) <= set(PARAMETERS)
    assert not AMOUNT.findall(source.text)
    assert set(RATE.findall(source.text)) <= {"100"}  # « 100 % Santé », « 100 % de la base »
    assert UNKNOWN not in show(source, dict.fromkeys(PARAMETERS, "1"), lambda name: name).summary


@pytest.mark.parametrize(
    ("figure", "ages"),
    [
        ("renouvellement_optique_jeune_enfant", range(6)),
        ("renouvellement_optique_enfant", range(6, 16)),
        ("renouvellement_optique_adulte", range(16, 100)),
    ],
)
def test_article_on_glasses_tells_when_every_guarantee_renews_them(figure, ages) -> None:
    """R-27: what the article says, and what the guarantees in force grant at each age."""
    told = Reference().figures.value(figure, today())
    for age, act in product(ages, ("OPT", "LUN")):
        assert renewals(act, age) == {told}, (age, act)


def renewals(act: str, age: int) -> set[int]:
    """In how many months the products in force that pay for an act pay for it again, at an age."""
    (code,) = (
        row["rule"]
        for row in rows("act-rules")
        if row["act"] == act and int(row["from_age"]) <= age < int(row["below_age"])
    )
    own = [row for row in rows("guarantees") if row["rule"] == code and not row["valid_to"]]
    assert {row["product"] for row in own} >= {"ESSENTIEL", "EQUILIBRE", "CONFORT"}
    return {int(row["renewal_months"]) for row in own}


def test_demonstration_has_no_figure_that_nothing_reads() -> None:
    """A figure that no rule and no article takes would age unseen. What the desk aims at is read by a kind's name."""
    read = set().union(*(figures_in(source) for source in ARTICLES.values()))
    read |= {TARGET.format(kind.replace("-", "_")) for kind in DUTY_OF}
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    assert not {each for each in set(PARAMETERS) - read if f'"{each}"' not in code}


@pytest.mark.parametrize("slug", ARTICLES)
def test_every_link_leads_to_a_page_of_the_portal(slug, client) -> None:
    named = set(re.findall(r"\(page:([a-z.-]+)\)", ARTICLES[slug].text))
    assert named, "an article says what to do next"
    for name in named:
        assert client.services.urls(name).startswith("/")


def test_unknown_targets_are_refused() -> None:
    from dataclasses import replace  # noqa: PLC0415

    (first, *_) = ARTICLES.values()
    hostile = replace(first, text=first.text.replace(PAGE, "http://ailleurs.example/"))
    with pytest.raises(Unreadable):
        show(hostile, {}, lambda name: name)


def test_glossary_defines_each_word_of_the_explanations_once() -> None:
    words = every_definition()
    anchors = [anchor_of(each.term) for each in words]
    assert len(set(anchors)) == len(anchors)
    assert {term.value for term in Term} <= {each.term for each in words}
    assert all(each.definition.endswith(".") for each in words)


def test_figures_of_the_day_stand_in_the_text() -> None:
    source = ARTICLES["hospitalisation"]
    shown = show(source, {"forfait_journalier": "23,00\u00a0€"}, lambda name: name)
    assert any("23,00\u00a0€ par jour" in plain(block.runs) for block in bodies(shown))
