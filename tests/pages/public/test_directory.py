"""The directory for everybody and for members: a place, the nearest professionals, their sheet (R-24)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from portal.data.coverage import Contract
from portal.data.directory import Practice, Profession, Service, cells_of
from portal.data.evidence import Evidence
from portal.data.saved_places import SavedPlace
from portal.directory_words import opening_words
from portal.formatting import today
from portal.places.distance import Position
from tests.support import factories
from tests.support.entry import ask, enter, leave, send
from tests.support.queries import queries
from tests.support.reference import import_reference, product_id

OPEN, OWN = "/professionnels-agrees", "/adherent/professionnels"
LYON = Position(45.7640, 4.8357)

pytestmark = pytest.mark.engines("sqlite")


def practice(number: int, north: float, **changes) -> Practice:
    position = Position(LYON.latitude + north, LYON.longitude)
    fine, coarse = cells_of(position)
    plain = {
        "profession": Profession.OPTICIAN,
        "name": f"Optique {number}",
        "city": "Lyon",
        "hours": "lu-di 00:00-24:00",
    }
    return Practice(
        national_id=f"{number:09}",
        place_key="x",
        address=f"{number} rue de l’Exemple",
        postcode="69001",
        latitude=position.latitude,
        longitude=position.longitude,
        fine=fine,
        coarse=coarse,
        checked_on=date(2026, 11, 2),
        **(plain | changes),
    )


@pytest.fixture(params=[OPEN, OWN], ids=["open", "member"])
def index(request, client, make) -> str:
    """The list's path in each space, for whoever is there."""
    with client.services.database.write() as db:
        for number in range(1, 31):
            db.add(practice(number, number / 200))
        dentist = {"profession": Profession.DENTIST, "services": int(Service.WHEELCHAIR), "languages": " en "}
        db.add(practice(99, 0.4, name="Dr Fabule, <b>", phone="01 99 00 00 01", hours="", **dentist))
    if request.param == OWN:
        enter(client, make(factories.member_with_account)[1])
    else:
        leave(client)
    return request.param


def names(client) -> list[str]:
    return [link.text() for link in client.page.css(".nearest strong a")]


def test_place_typed_gives_the_nearest_first_then_the_following(client, index) -> None:
    client.get(f"{index}?lieu=lyon")
    assert names(client) == [f"Optique {number}" for number in range(1, 21)]
    assert "Lyon (69)" in client.page.text
    client.click("Les suivants")
    assert names(client) == [*(f"Optique {number}" for number in range(21, 31)), "Dr Fabule, <b>"]


def test_criteria_are_in_the_address_and_narrow_the_list(client, index) -> None:
    for query in ("profession=dentiste", "fauteuil=1", "langue=en", "profession=dentiste&fauteuil=1&langue=en"):
        client.get(f"{index}?lieu=lyon&{query}")
        assert names(client) == ["Dr Fabule, <b>"]
    client.get(f"{index}?lieu=lyon&ouvert=1")
    assert "Dr Fabule, <b>" not in names(client)
    client.get(f"{index}?lieu=lyon&langue=it")
    assert "Personne ne répond" in client.page.text


def test_unknown_values_of_criteria_count_as_none(client, index) -> None:
    client.get(f"{index}?lieu=lyon&profession=plombier&niveau=or&fauteuil=2&langue=%00&apres=xyz")
    assert len(names(client)) == 20


def test_name_of_several_communes_is_chosen_on_a_page(client, index) -> None:
    client.get(f"{index}?lieu=saint+denis&profession=dentiste")
    client.click("Saint-Denis (974)")
    assert "Saint-Denis (974)" in client.page.text
    assert client.page.one("#profession option[selected]").attributes["value"] == "dentiste"


@pytest.mark.parametrize(("typed", "words"), [("", "Dites où chercher"), ("nulle part", "pas dans la liste")])
def test_place_that_is_none_is_told_and_kept(client, index, typed, words) -> None:
    answer = ask(client, f"{index}?lieu={typed}")
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{typed}"' in answer.text


def test_sheet_says_how_to_go_there_and_gives_a_card(client, index) -> None:
    client.get(f"{index}?lieu=lyon&profession=dentiste")
    client.click("Dr Fabule, <b>")
    assert "Accès en fauteuil roulant" in client.page.text
    assert "anglais" in client.page.text
    ways = [link.attributes["href"] for link in client.page.css(".actions a")]
    assert "geo:46.164,4.8357" in ways
    assert "https://www.openstreetmap.org/directions?to=46.164,4.8357" in ways
    path = client.path
    card = ask(client, f"{path}/vcard")
    assert "FN:Dr Fabule\\, <b>\r\n" in card.text
    assert card.headers["content-disposition"].startswith("attachment")
    assert ask(client, path.replace(path.rpartition("/")[2], "A" * 22)).status_code == 404


def test_results_in_place_are_those_of_the_page(client, index) -> None:
    page = client.get(f"{index}?lieu=lyon&profession=opticien")
    there = [link.attributes["href"] for link in page.css(".nearest strong a")]
    answer = ask(client, f"/fragments{index}?lieu=lyon&profession=opticien", headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<div class="stack" id="resultats"')
    assert all(href in answer.text for href in there)
    assert answer.headers["hx-push-url"].startswith(index)


def test_communes_are_suggested_while_one_types(client) -> None:
    answer = ask(client, "/fragments/professionnels-agrees/lieux?lieu=st+e", headers={"HX-Request": "true"})
    assert 'aria-selected="false">Saint-Étienne (42)</li>' in answer.text
    assert (
        ask(client, "/fragments/professionnels-agrees/lieux?lieu=%3Cb%3E", headers={"HX-Request": "true"}).status_code
        == 200
    )


def test_insurer_may_keep_the_directory_to_its_members(client, make) -> None:
    closed = client.services.settings.model_copy(update={"open_directory": False})
    object.__setattr__(client.services, "settings", closed)
    leave(client)
    assert ask(client, OPEN).status_code == 404
    enter(client, make(factories.member_with_account)[1])
    assert ask(client, OWN).status_code == 200


# --- the saved place ---


def keep(client, index: str) -> None:
    client.get(f"{index}?lieu=lyon")
    client.submit(f"form[action='{index}/lieu']")


@pytest.fixture
def own(client, make) -> str:
    """A member on the directory's list, with one optician."""
    with client.services.database.write() as db:
        db.add(practice(1, 0.001))
    enter(client, make(factories.member_with_account)[1])
    return OWN


def test_saved_place_is_where_the_list_begins_until_another_is_given(client, own) -> None:
    keep(client, own)
    assert "Autour de Lyon (69)" in client.page.text
    assert "C’est le lieu que vous avez enregistré" in client.page.text
    client.get(f"{own}?profession=opticien")
    assert names(client) == ["Optique 1"]
    client.get(f"{own}?lieu=paris")
    assert "Autour de Paris" in client.page.text
    client.click("Lyon (69)")
    assert "Autour de Lyon (69)" in client.page.text
    client.submit(f"form[action='{own}/lieu/oubli']")
    assert names(client) == []
    with client.services.database.read() as db:
        assert list(db.exec(select(Evidence.action).order_by(Evidence.seq)))[-2:] == ["place.saved", "place.forgotten"]


def test_saved_place_is_its_account_s_alone(client, own, make) -> None:
    keep(client, own)
    enter(client, make(factories.member_with_account)[1])
    client.get(own)
    assert "Lyon" not in client.page.text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"lieu": "Lyon"},
        {"position": "45.7,4.8"},
        {"lieu": "x", "position": "91,0"},
        {"lieu": "x", "position": "y"},
    ],
)
def test_place_that_is_none_is_not_saved(client, own, fields) -> None:
    client.get(own)
    send(client, f"{own}/lieu", fields, form_at=own)
    client.get(own)
    assert names(client) == []


def test_saved_place_is_kept_to_a_hundred_metres_and_200_signs(client, own) -> None:
    send(client, f"{own}/lieu", {"lieu": "<b>" + "x" * 300, "position": "45.76404321,4.83571234"}, form_at=own)
    with client.services.database.read() as db:
        row = db.exec(select(SavedPlace)).one()
    assert (row.latitude, row.longitude, len(row.label)) == (45.764, 4.836, 200)
    client.get(own)
    assert "&lt;b&gt;x" in client.page.text


def test_visitors_have_no_saved_place(client, own) -> None:
    keep(client, own)
    leave(client)
    client.get(f"{OPEN}?chez-moi=1")
    assert names(client) == []
    assert "Toujours chercher" not in client.get(f"{OPEN}?lieu=lyon").text


# --- what it costs ---


def test_member_reads_what_a_price_leaves_to_pay_and_how(client, make, settings, tmp_path) -> None:
    import_reference(client.services.database, settings, tmp_path)
    who, account = make(factories.member_with_account)
    with client.services.database.write() as db:
        db.get(Contract, who.contract.id).product_id = product_id(db)
        for number, price in ((1, 6000), (2, 4000), (3, None)):
            db.add(practice(number, number / 100, profession=Profession.OSTEOPATH, act_code="OST", price_cents=price))
    enter(client, account)
    with queries(client.services.database) as seen:
        client.get(f"{OWN}?lieu=lyon")
    assert len(seen) < 30
    said = [row.text() for row in client.page.css(".nearest li")]
    assert "Séance d’ostéopathie\u00a0: 60,00\u00a0€ négociés, il vous restera 20,00\u00a0€" in said[0]
    assert "40,00\u00a0€ négociés, il vous restera 0,00\u00a0€" in said[1]
    assert "négociés" not in said[2]
    client.click("Optique 1")
    assert "Il vous restera 20,00\u00a0€" in client.page.text
    client.click("Voir le calcul")
    assert "20,00\u00a0€" in client.page.text
    leave(client)
    client.get(f"{OPEN}?lieu=lyon")
    assert "60,00\u00a0€" in client.page.text
    assert "restera" not in client.page.text


def test_position_of_the_device_is_not_the_saved_place(client, own) -> None:
    keep(client, own)
    client.get(f"{own}?position=50.633,3.066&chez-moi=1")
    assert "près de Lille" in client.page.text
    assert "C’est le lieu que vous avez enregistré" not in client.page.text


def test_criteria_stay_when_the_place_is_kept_forgotten_or_taken_again(client, own) -> None:
    asked = "profession=opticien&carte=1"
    client.get(f"{own}?lieu=lyon&{asked}")
    client.submit(f"form[action='{own}/lieu']")
    assert client.answer.url.query.decode() == asked
    client.get(f"{own}?lieu=paris&{asked}")
    client.click("Lyon (69)")
    assert set(client.answer.url.query.decode().split("&")) == {*asked.split("&"), "chez-moi=1"}
    client.submit(f"form[action='{own}/lieu/oubli']")
    assert client.answer.url.query.decode() == asked


def test_place_is_no_longer_kept_once_the_cover_has_ended(client, make) -> None:
    """R-64: what was kept may be forgotten, nothing new is written."""
    enter(client, make(factories.member_with_account, ends_on=today() - timedelta(days=40))[1])
    client.get(f"{OWN}?lieu=lyon")
    assert "Toujours chercher" not in client.page.text
    assert send(client, f"{OWN}/lieu", {"lieu": "x", "position": "45.7,4.8"}, form_at=OWN).status_code == 403


def test_members_are_suggested_communes_where_visitors_are_not(client, make) -> None:
    closed = client.services.settings.model_copy(update={"open_directory": False})
    object.__setattr__(client.services, "settings", closed)
    places = "/fragments/professionnels-agrees/lieux?lieu=lyo"
    leave(client)
    assert ask(client, places).status_code in {303, 401}
    enter(client, make(factories.member_with_account)[1])
    assert "Lyon (69)" in ask(client, places).text


@pytest.mark.parametrize(
    ("place", "words"),
    [("angers", "Autour d’Angers (49)"), ("le havre", "Autour du Havre (76)"), ("les ulis", "Autour des Ulis (91940)")],
)
def test_names_of_towns_follow_autour_as_french_says_them(client, own, place, words) -> None:
    assert words in client.get(f"{own}?lieu={place}").text


def test_page_in_error_is_asked_again_whole_so_that_no_error_outlives_it(client, own) -> None:
    client.get(f"{own}?lieu=zzzz")
    assert client.status == 422
    assert "hx-get" not in client.page.one("form[role=search]").attributes
    client.get(f"{own}?lieu=lyon")
    assert "hx-get" in client.page.one("form[role=search]").attributes
    wrong = ask(client, f"/fragments{own}?lieu=zzzz", headers={"HX-Request": "true"})
    assert wrong.status_code == 422
    assert "data-portal-focus" in wrong.text  # heard, since the focus goes there


def test_following_page_begins_where_its_own_search_ended_and_nowhere_else(client, index) -> None:
    """R-62: a page's end, given to the search of another place, would begin anywhere."""
    client.get(f"{index}?lieu=lyon")
    following = client.page.one("a[href*=apres]").attributes["href"].partition("apres=")[2]
    client.get(f"{index}?lieu=lyon&apres={following}")
    assert names(client)[0] == "Optique 21"
    client.get(f"{index}?lieu=villeurbanne&apres={following}")
    assert len(names(client)) == 20


def test_place_known_by_its_commune_alone_is_so_far_to_the_kilometre(client, own) -> None:
    with client.services.database.write() as db:
        db.add(practice(2, 0.0005, is_approximate=True))
        db.add(practice(3, 0.1, is_approximate=True))
    client.get(f"{own}?lieu=lyon&position=")
    away = dict(zip(names(client), [far.text().split("Sur")[0] for far in client.page.css(".far strong")], strict=True))
    assert away == {
        "Optique 1": "à 2\u00a0km",
        "Optique 2": "à environ 2\u00a0km",
        "Optique 3": "à environ 13\u00a0km",
    }


def test_public_holiday_is_said_instead_of_hours() -> None:
    """Code du travail, L3133-1: the hours of a Friday say nothing of the 25th of December."""
    christmas = datetime(2026, 12, 25, 10, tzinfo=UTC)
    assert opening_words(practice(1, 0), christmas) == ("Jour férié\u00a0: appelez avant de venir", "wait")
    assert opening_words(practice(1, 0), christmas + timedelta(days=1))[1] == "ok"
