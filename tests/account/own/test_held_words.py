"""« Vos données » says how long by the retention schedule, whatever it says that day (R-70, R-71)."""

import re
from dataclasses import replace
from datetime import date
from string import Formatter

import pytest

from portal import held_words
from portal.data.accounts import Space
from portal.data.retention_schedule import period_of, rules_on
from portal.held_words import HELD, UNTIL, held_on, until_on
from portal.retention_words import period_words
from tests.support import factories
from tests.support.entry import enter

DAY = date(2026, 11, 29)
TEXTS = [each.kept for held in HELD.values() for each in held] + list(UNTIL.values())
A_PERIOD = re.compile(r"\b(\d+|un|une|deux|trois|cinq|dix)[ \u00a0](an|ans|mois|jours?|heures?)\b", re.IGNORECASE)


def fields(text: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name]


@pytest.mark.parametrize("text", TEXTS)
def test_text_about_how_long_writes_no_period_by_hand_r71(text) -> None:
    assert A_PERIOD.findall(text) == []


@pytest.mark.parametrize("space", Space)
def test_every_space_reads_the_periods_of_the_schedule_r71(space) -> None:
    told = {rule.code: period_words(rule.period) for rule in rules_on(DAY)}
    for written, shown in zip(HELD[space], held_on(space, DAY), strict=True):
        codes = {name.split(".")[0] for name in fields(written.kept)}
        assert codes <= set(told)
        assert [code for code in codes if told[code] not in shown.kept] == []
        assert "{" not in shown.kept


def test_rule_that_changes_changes_every_text_that_names_it_r71(monkeypatch) -> None:
    """Were a text to keep a period of its own, it would say the old one here."""
    odd = tuple(replace(rule, period=period_of("P77D"), basis="Loi d’essai") for rule in rules_on(DAY))
    monkeypatch.setattr(held_words, "rules_on", lambda _: odd)
    texts = [each.kept for space in HELD for each in held_on(space, DAY)] + list(until_on(DAY).values())
    assert all("77\u00a0jours" in text for text in texts)
    assert {found[0] for text in texts for found in A_PERIOD.findall(text)} == {"77"}


def test_holder_reads_the_schedule_s_periods_on_the_page_r70(client, make) -> None:
    enter(client, make(factories.member_with_account)[1])
    page = client.get("/compte/donnees").text
    for held in held_on(Space.MEMBER, DAY):
        assert held.kept in page
    assert until_on(DAY)[next(iter(UNTIL))] in client.get("/compte/donnees/effacement").text
