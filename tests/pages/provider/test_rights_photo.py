"""A photo of the card fills the form of a check, is never kept, and checks nothing by itself (R-42, ADR 18)."""

from dataclasses import replace

import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import text

from portal.card_matrix import matrix_text
from portal.data.card_codes import code_of
from portal.data.cards import wallet_on
from portal.data.throttling import RIGHTS_PHOTOS
from portal.formatting import today
from portal.uploads import LARGEST_FILE
from tests.support import factories
from tests.support.card_photos import drawn_matrix, encoded, photo_of
from tests.support.cards import covered_household
from tests.support.entry import SAME_ORIGIN, ask, enter, token_in
from tests.support.html import text_of
from tests.support.rights import practice

RIGHTS, PHOTO = "/professionnel/droits", "/professionnel/droits/photo"
TYPED = {"naissance": "1980-05-17", "rang": "2", "soins": "2026-03-02", "motif": "1"}
CODE = "CTP1|0099999901|IS|02|A90001|20260101|20261231|R|" + "A" * 40
pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def pharmacist(client, make):
    account = make(practice)
    enter(client, account)
    return account


def send_photo(client, content: bytes | None, name: str = "carte.jpg", **typed: str):
    token = token_in(ask(client, RIGHTS))
    files = [("photo", (name, content, "image/jpeg"))] if content is not None else [("photo", ("", b""))]
    return client.http.post(PHOTO, data={"jeton": token} | TYPED | typed, files=files, headers=SAME_ORIGIN)


def words(answer) -> str:
    return " ".join(text_of(LexborHTMLParser(answer.text).css_first("main")).replace("\xa0", " ").split())


def shown(answer) -> dict[str, str]:
    page = LexborHTMLParser(answer.text)
    return {name: page.css_first(f"#{name}").attributes.get("value") or "" for name in ("numero", *TYPED)}


def traces(client) -> list[int]:
    """Checks, acts of a check, and files of the database."""
    with client.services.database.read() as db:
        questions = (
            "SELECT count(*) FROM rights_check",
            "SELECT count(*) FROM evidence WHERE action = 'rights.checked'",
            "SELECT count(*) FROM stored_file",
        )
        return [db.execute(text(each)).scalar() for each in questions]


@pytest.mark.usefixtures("pharmacist")
class TestPhoto:
    @pytest.mark.parametrize(("kind", "tilt"), [("JPEG", 7), ("PNG", 95)])
    def test_pharmacist_who_photographs_a_card_finds_its_code_in_the_form(self, client, kind, tilt) -> None:
        answer = send_photo(client, photo_of(CODE, kind, tilt=tilt))
        assert answer.status_code == 200
        assert shown(answer) == TYPED | {"numero": CODE}
        assert "Carte lue : n° d’adhérent A90001" in words(answer)
        assert LexborHTMLParser(answer.text).css_first("#motif").attributes.get("checked", "no") is None

    def test_photo_checks_nothing_and_leaves_no_file(self, client) -> None:
        send_photo(client, photo_of(CODE))
        assert traces(client) == [0, 0, 0]
        assert list(client.services.storage.names()) == []

    def test_pharmacist_checks_the_card_that_the_photo_gave(self, client) -> None:
        keyring = client.services.keyring
        with client.services.database.write() as db:
            family = covered_household(db)
            viewer = factories.viewer_of(db, factories.member_account(db, keyring, family.member))
            (card,) = wallet_on(db, viewer, today(), today()).cards
        answer = send_photo(client, photo_of(matrix_text(card, code_of(keyring, card))))
        numero = shown(answer)["numero"]
        client.get(RIGHTS)
        client.submit(
            f'form[action="{RIGHTS}"]', numero=numero, naissance=family["Zoé"].birth_date.isoformat(), motif="1"
        )
        assert "Droits ouverts" in text_of(client.page.first("main"))

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (None, "Choisissez un fichier"),
            (b"", "Ce fichier est vide"),
            (b"%PDF-1.7 ...", "n’est pas une photo"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "n’est pas une photo"),
            (b"\xff\xd8\xff" + b"\x00" * 500, "endommagée"),
            (encoded(Image.new("RGB", (800, 600), "grey")), "Aucun code carré n’est lisible"),
            (encoded(drawn_matrix("https://exemple.example/promo")), "pas celui d’une de nos cartes"),
            (encoded(Image.new("1", (9000, 9000)), "PNG"), "trop grande"),
            (b"\xff\xd8\xff" + b"\x00" * LARGEST_FILE, "dépasse 10 Mo"),
        ],
        ids=["none", "empty", "pdf", "svg", "torn", "blank", "foreign", "huge", "heavy"],
    )
    def test_photo_that_says_nothing_is_explained_and_loses_nothing(self, client, content, message) -> None:
        answer = send_photo(client, content, numero="A1234")
        assert answer.status_code == 422
        assert message in words(answer)
        assert shown(answer) == TYPED | {"numero": "A1234"}
        assert traces(client) == [0, 0, 0]

    def test_form_beyond_the_largest_photo_is_refused_before_it_is_read(self, client) -> None:
        assert send_photo(client, b"\xff\xd8\xff" + b"\x00" * (LARGEST_FILE + 200_000)).status_code == 413

    def test_code_that_writes_markup_stays_text(self, client) -> None:
        hostile = CODE.replace("A90001", "<img src=x>")
        answer = send_photo(client, photo_of(hostile))
        assert "<img" not in answer.text
        assert shown(answer)["numero"] == hostile

    def test_pharmacist_who_sends_too_many_photos_waits(self, client, monkeypatch) -> None:
        limit = replace(RIGHTS_PHOTOS, allowed=1)
        monkeypatch.setattr("portal.pages.provider.rights_photo.RIGHTS_PHOTOS", limit)
        assert send_photo(client, photo_of(CODE)).status_code == 200
        answer = send_photo(client, photo_of(CODE))
        assert (answer.status_code, "Trop de photos" in words(answer)) == (422, True)

    def test_camera_is_allowed_on_the_form_alone(self, client) -> None:
        for path, allowed in ((RIGHTS, True), (f"{RIGHTS}/historique", False), ("/professionnel", False)):
            policy = ask(client, path).headers["permissions-policy"]
            assert ("camera=(self)" in policy) is allowed, path
            assert ("camera=()" in policy) is not allowed
        answer = send_photo(client, None)
        assert "camera=(self)" in answer.headers["permissions-policy"]
        assert "media-src" not in answer.headers["content-security-policy"]


def test_member_cannot_send_a_photo_of_a_card(client, make) -> None:
    enter(client, make(lambda db, keyring: factories.member_account(db, keyring, factories.person(db))))
    token = token_in(ask(client, "/compte/coordonnees"))
    answer = client.http.post(PHOTO, data={"jeton": token}, files=[("photo", ("c.jpg", b"x"))], headers=SAME_ORIGIN)
    assert answer.status_code == 403
