"""The gazetteer: what people type finds the commune they mean, and tells when it may be several (R-24)."""

import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.places.distance import Position, distance_km
from portal.places.gazetteer import LONGEST, MOST, gazetteer


def labels(communes) -> list[str]:
    return [commune.label for commune in communes]


def test_every_commune_is_there_and_lies_where_france_does() -> None:
    places = gazetteer()
    assert len(places) > 34_800
    paris, saint_denis = places.find("75056"), places.find("97411")
    assert distance_km(paris.position, Position(48.8566, 2.3522)) < 1
    assert distance_km(saint_denis.position, Position(-20.8789, 55.4481)) < 10
    assert 9_300 < distance_km(paris.position, saint_denis.position) < 9_500


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("st etienne", "Saint-Étienne (42)"),
        ("St-Étienne", "Saint-Étienne (42)"),
        ("SAINT ETIENNE", "Saint-Étienne (42)"),
        ("st", "Strasbourg (67)"),
        ("strasb", "Strasbourg (67)"),
        ("75015", "Paris 15e (75015)"),
        ("750", "Paris 15e (75015)"),
        ("paris", "Paris (75)"),
        ("paris 15", "Paris 15e (75015)"),
        ("marseille 8", "Marseille 8e (13008)"),
        ("l'hay les", "L’Haÿ-les-Roses (94240)"),
        ("hay les roses", "L’Haÿ-les-Roses (94240)"),
        ("œting", "Œting (57600)"),
        ("oeting", "Œting (57600)"),
        ("42000 saint-etienne", "Saint-Étienne (42)"),
        ("saint denis 97", "Saint-Denis (974)"),
        ("rouvray", "Rouvray (21530)"),
    ],
)
def test_beginning_of_a_name_or_postcode_suggests_it_first(typed, first) -> None:
    assert labels(gazetteer().suggest(typed))[0] == first


@pytest.mark.parametrize(
    ("typed", "communes"),
    [
        ("Lyon", ["Lyon (69)"]),
        ("75015", ["Paris 15e (75015)"]),
        ("69003", ["Lyon 3e (69003)"]),
        ("42100", ["Saint-Étienne (42)"]),
        ("Saint-Denis 93", ["Saint-Denis (93)"]),
        ("strasb", ["Strasbourg (67)"]),
        ("750", []),
        ("00000", []),
        ("nulle part", []),
        ("", []),
        ("a", []),
    ],
)
def test_text_names_the_communes_that_it_can_mean(typed, communes) -> None:
    assert labels(gazetteer().resolve(typed)) == communes


def test_name_of_several_communes_is_to_be_chosen_the_largest_first() -> None:
    found = gazetteer().resolve("saint denis")
    assert len(found) > 3
    assert labels(found)[:2] == ["Saint-Denis (974)", "Saint-Denis (93)"]


def test_position_has_a_commune_near_it_and_the_open_sea_none() -> None:
    assert gazetteer().nearest(Position(45.4339, 4.39)).name == "Saint-Étienne"
    assert gazetteer().nearest(Position(45.0, -20.0)) is None


@given(st.text(max_size=2 * LONGEST))
def test_whatever_is_typed_gives_few_communes_and_no_failure(typed) -> None:
    assert len(gazetteer().suggest(typed)) <= MOST
    gazetteer().resolve(typed)


@given(st.integers(0, 30_000), st.integers(1, 30))
def test_every_commune_is_among_those_that_its_own_name_means(number, length) -> None:
    commune = list(gazetteer())[number]
    assert commune in gazetteer().resolve(commune.name)
    assert commune in gazetteer().suggest(f"{commune.name} {commune.postcodes[0]}")
    typed = commune.name[:length]
    assert gazetteer().suggest(typed) or len(typed.strip("’ -")) < 2


def test_suggestions_come_before_the_next_key_is_pressed() -> None:
    """Issue: at most 5 ms; here as a ratio, since machines differ: less than one reading of the whole table."""
    places = gazetteer()

    def spent(act) -> float:
        begun = time.perf_counter()
        act()
        return time.perf_counter() - begun

    reading = statistics.median(spent(lambda: [c for c in places if c.name.startswith("Xx")]) for _ in range(5))
    asked = ["saint e", "mars", "69", "le h", "villeneuve", "750", "bourg en"]
    assert statistics.median(spent(lambda typed=typed: places.suggest(typed)) for typed in asked) < reading


def test_every_label_names_its_commune_and_no_other() -> None:
    """Addresses of searches hold the label: filters, following pages and the map ask for it again."""
    assert [each.label for each in gazetteer() if gazetteer().resolve(each.label) != [each]] == []


def test_full_postcode_beside_a_city_names_its_district() -> None:
    for typed, code in {"paris 75015": "75115", "13001 Marseille": "13201", "Lyon 69003": "69383"}.items():
        assert [each.code for each in gazetteer().resolve(typed)] == [code]
