"""Articles: complete, dated, with figures from the dated tables and links that lead somewhere (R-27; issue: 15)."""

import re
from datetime import date

import pytest

from portal.data.glossary import Term, anchor_of, every_definition
from portal.demo.reference import text
from portal.formatting import today
from portal.information import PAGE, UNKNOWN, figures_in, matches, show, sources
from portal.legal_text import Unreadable, plain

ARTICLES = sources()
PARAMETERS = {row.split(";")[0]: row.split(";") for row in text("parameters").splitlines()[1:]}
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
