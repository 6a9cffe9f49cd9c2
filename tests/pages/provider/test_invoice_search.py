"""Hostile values of each filter of the invoices: exact or told to be wrong, never another practice's (R-40, R-62)."""

from urllib.parse import urlencode

import pytest

from tests.support.disputes import INVOICES
from tests.support.entry import ask
from tests.support.html import Html

HOSTILE = ("' OR 1=1 --", "%", "_", "F1%", "F1' --", "<script>", "\\", "F1\x00", "\u202eF1", "x" * 500, "\uff11", "0")
NAMES = ("numero", "lot", "montant", "etat", "du", "au", "recherche")


@pytest.fixture
def known(practice):
    practice.invoice("F1", lot_id=practice.lot("F1").id)
    practice.invoice("AUTRE", of=practice.theirs)
    return practice


def cleaned(value: str) -> str:
    return " ".join("".join(char for char in value if char.isprintable()).split())


def found(text: str) -> list[str]:
    return [node.text() for node in Html(text).css("tbody th a")]


@pytest.mark.parametrize("name", NAMES)
def test_practice_types_a_hostile_value_and_finds_what_is_exactly_that(client, known, name) -> None:
    """R-40"""
    for value in HOSTILE:
        answer = ask(client, f"{INVOICES}?{urlencode({name: value})}")
        assert answer.status_code in {200, 422}, value
        assert found(answer.text) in ([], ["F1"]), value
        assert "<script>" not in answer.text, value
        if name in {"numero", "lot"}:
            assert found(answer.text) == (["F1"] if cleaned(value) == "F1" else []), value


@pytest.mark.parametrize("name", NAMES)
def test_practice_exports_by_a_hostile_value_and_gets_no_more_than_the_page(client, known, name) -> None:
    """R-40, R-62"""
    for value in HOSTILE:
        answer = ask(client, f"{INVOICES}/export.csv?{urlencode({name: value})}")
        assert answer.status_code in {200, 422}, value
        assert "AUTRE" not in answer.text, value


@pytest.mark.parametrize("value", ["%", "_", "' OR 1=1 --", "\\", "<b>zoe"])
def test_hostile_name_of_a_patient_is_taken_as_it_is_written(client, known, value) -> None:
    """R-40: through the form, where a name is typed."""
    client.get(INVOICES)
    client.submit('form[action$="/recherche"]', patient=value)
    assert found(client.answer.text) == []


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_place_in_the_list_is_not_found(client, known, value) -> None:
    """R-62, D3: in the page and in its fragment."""
    for path in (INVOICES, f"/fragments{INVOICES}/suite", f"{INVOICES}/contestations", "/professionnel/versements"):
        assert ask(client, f"{path}?{urlencode({'apres': value})}").status_code == 404, (path, value)
