"""Addresses as they are compared, to know a place by its spellings (R-24)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.places.addresses import place_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 r. de l'Eglise", "3, RUE DE L’ÉGLISE"),
        ("12bis av du Gal Leclerc", "12 B AVENUE DU GENERAL LECLERC"),
        ("4 bd St-Michel", "4 boulevard Saint Michel"),
        ("1 pl Ste Anne", "1 Place Sainte-Anne"),
        ("8 ch des Dames", "8 CHE DES DAMES"),
        ("8 imp. des Lilas", "8 Impasse des Lilas"),
        ("9 T all. des Roses", "9 ter allée des Roses"),
        ("rte de Lyon", "Route de Lyon"),
        ("2 sq Foch", "2 square Foch"),
        ("2 fg du Temple", "2 FBG DU TEMPLE"),
        ("2 crs Dr Long", "2 cours Docteur Long"),
        ("Centre commercial des Halles, 5 r Neuve", "CENTRE COMMERCIAL DES HALLES 5 RUE NEUVE"),
    ],
)
def test_spellings_of_one_address_are_the_same(one: str, other: str) -> None:
    assert place_key("42000", one) == place_key("42000", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 rue de l'Église", "3 bis rue de l'Église"),
        ("3 rue de l'Église", "3 place de l'Église"),
        ("3 rue Neuve", "31 rue Neuve"),
        ("5 rue du 8 mai 1945", "5 rue du 8 mai"),
        ("1 rue R. Dupont", "1 rue Rue Dupont"),
    ],
)
def test_different_addresses_of_a_town_stay_different(one: str, other: str) -> None:
    assert place_key("42000", one) != place_key("42000", other)


def test_same_street_of_another_postcode_is_another_place() -> None:
    assert place_key("42000", "3 rue Neuve") != place_key("42100", "3 rue Neuve")


@given(st.text(max_size=60))
def test_key_of_any_text_is_plain_words_and_stays_as_it_is(text: str) -> None:
    key = place_key("42000", text)
    assert key == " ".join(key.split())
    assert place_key("42000", key.removeprefix("42000").strip()) == key
