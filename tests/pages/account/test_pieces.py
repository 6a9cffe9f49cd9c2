"""Pieces of a case through their pages: one slot at a time, in place or by whole pages, and nobody else's (issue of
claims and changes of beneficiaries: upload abuse, refused pieces, attachments)."""

import html
import io
import secrets
import sys
import threading
from urllib.parse import quote

import pikepdf
import pytest
from PIL import Image
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from portal import uploads
from portal.case_areas import AREAS, Area
from portal.cleaning.verdicts import FileKind
from portal.data import case_desk, throttling
from portal.data.case_pieces import MOST_PIECES, CasePiece, pieces_of
from portal.data.case_slots import Slot
from portal.data.cases import Case, CaseKind, CaseState, move_case, open_case
from portal.data.columns import utc_now
from portal.data.files import StoredFile
from portal.storage import StorageFailed
from portal.uploads import TOO_LARGE, UNKNOWN, clean
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, token_in

SLOTS = [Slot("facture", "Facture acquittée", "Au nom du patient."), Slot("tenue", "Attestation", is_held=True)]
HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture(autouse=True)
def area(monkeypatch) -> None:
    monkeypatch.setitem(AREAS, CaseKind.AUTONOMY, Area("Dossier d’essai", "account", lambda *_: SLOTS))


@pytest.fixture
def anne(make):
    return make(factories.member_with_account)[1]


@pytest.fixture
def case(client, anne) -> Case:
    with client.services.database.write() as db:
        opened = open_case(db, factories.viewer_of(db, anne), CaseKind.AUTONOMY, utc_now())
    enter(client, anne)
    return opened


def photo(size=(60, 40)) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", size, "red").save(drawn, "JPEG")
    return drawn.getvalue()


def heavy_pdf(size: int) -> bytes:
    """A document of one page that weighs so many bytes, and does not shrink."""
    written = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.pages[0].Contents = document.make_stream(secrets.token_bytes(size))
        document.save(written)
    return written.getvalue()


def opaque(client, case: Case) -> str:
    return client.services.keyring.conceal("case", [case.id])[0]


def slot_path(client, case: Case, slot: str = "facture") -> str:
    return client.url("case.slot", case=opaque(client, case), slot=slot)


def upload(client, case: Case, *contents, slot: str = "facture", fragment: bool = False, name: str = "photo.jpg"):
    path = slot_path(client, case, slot)
    token = token_in(ask(client, "/compte/coordonnees"))
    files = [("fichier", (name, content, "image/jpeg")) for content in contents]
    headers = SAME_ORIGIN | (HTMX if fragment else {})
    target = f"/fragments{path}" if fragment else path
    return client.http.post(target, data={"jeton": token}, files=files, headers=headers, follow_redirects=False)


def kept(client) -> list[StoredFile]:
    with client.services.database.read() as db:
        return list(db.exec(select(StoredFile)))


def names_in_storage(client) -> set[str]:
    return {name for name, _ in client.services.storage.names()}


def acts(client) -> list[str]:
    client.services.journal.flush()
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT action FROM evidence WHERE action LIKE 'piece.%' ORDER BY seq"))
        return list(rows.scalars())


def test_file_is_added_by_the_page_then_downloaded_then_removed(client, case) -> None:
    client.get(slot_path(client, case))
    assert "Facture acquittée" in client.page.text
    answer = upload(client, case, photo())
    assert (answer.status_code, answer.headers["location"]) == (303, "/compte")
    client.get(slot_path(client, case))
    link = client.page.one(".files a")
    assert link.text() == "photo.jpg"
    given = ask(client, link.attributes["href"])
    assert Image.open(io.BytesIO(given.content)).size == (60, 40)
    client.submit(".files form", follow=False)
    assert kept(client) == []
    assert names_in_storage(client) == set()
    assert sorted(acts(client)) == ["piece.added", "piece.downloaded", "piece.removed"]


@pytest.mark.parametrize("fragment", [False, True])
def test_file_whose_cleaning_dies_is_told_and_nothing_is_kept(client, case, monkeypatch, fragment) -> None:
    """A file made to exhaust the process that reads it is refused in words."""
    monkeypatch.setattr(uploads, "COMMAND", (sys.executable, "-S", "-c", "import os; os.kill(os.getpid(), 9)"))
    answer = upload(client, case, photo(), fragment=fragment)
    assert answer.status_code == 422
    assert uploads.HEAVY[FileKind.IMAGE] in html.unescape(answer.text)
    assert (kept(client), names_in_storage(client)) == ([], set())


def test_fragment_does_what_the_page_does(client, case) -> None:
    answer = upload(client, case, photo(), fragment=True)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<section class="slot" id="piece-facture"')
    assert "photo.jpg" in answer.text
    assert len(kept(client)) == 1
    piece = client.services.keyring.conceal("piece", [pieces(client, case)[0].id])[0]
    path = client.url("case.piece.remove.fragment", case=opaque(client, case), piece=piece)
    token = token_in(ask(client, "/compte/coordonnees"))
    gone = client.http.post(path, data={"jeton": token}, headers=SAME_ORIGIN | HTMX)
    assert "photo.jpg" not in gone.text
    assert kept(client) == []


def pieces(client, case: Case):
    with client.services.database.read() as db:
        return pieces_of(db, db.get(Case, case.id))


@pytest.mark.parametrize("fragment", [True, False])
@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ([], "Choisissez un fichier"),
        ([b"MZ" * 500], UNKNOWN[:40]),
        ([photo(), b"<html>"], UNKNOWN[:40]),
        ([b"\xff\xd8\xff" + b"\x00" * 10_000_001], TOO_LARGE[:20]),
        ([photo()] * (MOST_PIECES + 1), "5 fichiers au plus"),
    ],
)
def test_refused_file_is_told_beside_its_slot_and_leaves_nothing(client, case, contents, words, fragment) -> None:
    answer = upload(client, case, *contents, fragment=fragment)
    assert answer.status_code == 422
    assert words.replace("\xa0", " ") in answer.text.replace("\xa0", " ").replace("&nbsp;", " ")
    assert 'id="fichier-facture-erreur"' in answer.text
    assert kept(client) == []
    assert names_in_storage(client) == set()


def test_full_case_says_so_and_keeps_what_it_has(client, case) -> None:
    assert upload(client, case, *[photo()] * MOST_PIECES).status_code == 303
    assert "contient déjà tout" in upload(client, case, photo()).text
    assert len(names_in_storage(client)) == MOST_PIECES


def test_held_piece_is_not_asked_for(client, case) -> None:
    client.get(slot_path(client, case, "tenue"))
    assert "Nous l’avons déjà" in client.page.text
    assert client.page.first("form.upload") is None


def test_what_was_sent_stays_and_the_refused_piece_alone_is_asked_again(client, case, anne) -> None:
    upload(client, case, photo())
    with client.services.database.write() as db:
        agent = factories.viewer_of(db, factories.desk_account(db, client.services.keyring))
        found = db.get(Case, case.id)
        move_case(db, found, CaseState.SENT, utc_now(), by=anne.id)
    client.get(slot_path(client, case))
    assert client.page.first("form") is None or client.page.first(".slot form") is None
    assert "n’attend plus de pièces" in upload(client, case, photo()).text
    with client.services.database.write() as db:
        found = db.get(Case, case.id)
        piece = pieces_of(db, found)[0]
        case_desk.refuse_piece(db, agent, client.services.keyring, found, piece.id, "La date est illisible.", utc_now())
    client.get(slot_path(client, case))
    assert "La date est illisible." in client.page.text
    assert upload(client, case, photo((10, 10))).status_code == 303
    assert len(kept(client)) == 1
    assert len(names_in_storage(client)) == 1


def test_file_of_the_second_sending_cannot_be_taken_out_either(client, case, anne) -> None:
    agent_account = factories.desk_account

    def at_desk(motive: str, number: int) -> None:
        with client.services.database.write() as db:
            agent = factories.viewer_of(db, agent_account(db, client.services.keyring))
            found = db.get(Case, case.id)
            piece = pieces_of(db, found)[number]
            case_desk.refuse_piece(db, agent, client.services.keyring, found, piece.id, motive, utc_now())

    def send_case() -> None:
        with client.services.database.write() as db:
            move_case(db, db.get(Case, case.id), CaseState.SENT, utc_now(), by=anne.id)

    upload(client, case, photo(), photo())
    send_case()
    at_desk("La date est illisible.", 0)
    upload(client, case, photo((10, 10)))
    send_case()
    at_desk("Le nom manque.", 0)
    page = client.get(slot_path(client, case))
    names = [form.attributes["action"] for form in page.css(".files form")]
    kept_piece = client.services.keyring.conceal("piece", [pieces(client, case)[1].id])[0]
    assert len(names) == 1
    assert not names[0].endswith(f"{kept_piece}/retirer")
    target = client.url("case.piece.remove", case=opaque(client, case), piece=kept_piece)
    fields = {"jeton": token_in(ask(client, "/compte/coordonnees"))}
    assert client.http.post(target, data=fields, headers=SAME_ORIGIN, follow_redirects=False).status_code == 422
    assert len(kept(client)) == 2


class TestStrangers:
    def test_nobody_else_reaches_the_case_its_slots_or_its_files(self, client, case, make) -> None:
        upload(client, case, photo())
        piece = client.services.keyring.conceal("piece", [pieces(client, case)[0].id])[0]
        here = opaque(client, case)
        paths = [slot_path(client, case), client.url("case.piece", case=here, piece=piece)]
        enter(client, make(factories.member_with_account, name="Autre")[1])
        assert [ask(client, path).status_code for path in paths] == [404, 404]
        assert upload(client, case, photo()).status_code == 404
        assert len(kept(client)) == 1

    def test_piece_is_reached_through_its_own_case_alone(self, client, case, anne) -> None:
        upload(client, case, photo())
        piece = client.services.keyring.conceal("piece", [pieces(client, case)[0].id])[0]
        with client.services.database.write() as db:
            other = open_case(db, factories.viewer_of(db, anne), CaseKind.AUTONOMY, utc_now())
        path = client.url("case.piece", case=opaque(client, other), piece=piece)
        assert ask(client, path).status_code == 404

    @pytest.mark.parametrize("slot", ["autre", "facture%00", quote("../x", safe="")])
    def test_slot_that_the_case_has_not_is_unknown(self, client, case, slot) -> None:
        path = f"/dossiers/{opaque(client, case)}/pieces/{slot}"
        assert ask(client, path).status_code == 404
        token = token_in(ask(client, "/compte/coordonnees"))
        files = [("fichier", ("a.jpg", photo(), "image/jpeg"))]
        answer = client.http.post(path, data={"jeton": token}, files=files, headers=SAME_ORIGIN)
        assert answer.status_code == 404
        assert kept(client) == []

    def test_forged_names_are_unknown(self, client, case) -> None:
        for forged in ("x", "A" * 22, opaque(client, case)[::-1]):
            assert ask(client, f"/dossiers/{forged}/pieces/facture").status_code == 404
            assert ask(client, f"/dossiers/{opaque(client, case)}/fichiers/{forged}").status_code == 404

    def test_form_without_token_adds_nothing(self, client, case) -> None:
        files = [("fichier", ("a.jpg", photo(), "image/jpeg"))]
        answer = client.http.post(slot_path(client, case), files=files, headers=SAME_ORIGIN, follow_redirects=False)
        assert answer.status_code == 403
        assert kept(client) == []


class TestAttachments:
    def test_file_leaves_as_an_attachment_that_nothing_opens(self, client, case) -> None:
        upload(client, case, photo(), name="l’ordonnance «été».jpg")
        client.get(slot_path(client, case))
        given = ask(client, client.page.one(".files a").attributes["href"])
        assert given.headers["content-disposition"].startswith("attachment; filename*=UTF-8''l%E2%80%99ordonnance")
        assert given.headers["x-content-type-options"] == "nosniff"
        assert given.headers["content-security-policy"].startswith("sandbox")
        assert given.headers["cache-control"] == "no-store"

    def test_lost_content_is_a_failure_that_is_told(self, client, case) -> None:
        upload(client, case, photo())
        client.get(slot_path(client, case))
        href = client.page.one(".files a").attributes["href"]
        client.services.storage.remove(kept(client)[0].storage_name)
        assert ask(client, href).status_code == 500

    def test_storage_that_is_away_asks_to_try_again(self, client, case, monkeypatch) -> None:
        def away(*_: object) -> None:
            raise StorageFailed

        monkeypatch.setattr("portal.storage.Storage.keep", away)
        assert upload(client, case, photo()).status_code == 503
        assert kept(client) == []

    def test_storage_that_is_away_when_a_file_is_asked_for_asks_to_try_again(self, client, case, monkeypatch) -> None:
        def away(*_: object) -> None:
            raise StorageFailed

        upload(client, case, photo())
        client.get(slot_path(client, case))
        href = client.page.one(".files a").attributes["href"]
        monkeypatch.setattr("portal.storage.Storage.give", away)
        asked = ask(client, href)
        assert (asked.status_code, "retry-after" in asked.headers) == (503, True)
        assert "facture" not in asked.text.lower()


class TestLimits:
    def test_twenty_five_megabytes_are_taken(self, client, case) -> None:
        """Issue: at most 5 files, 10 MB each, 25 MB in all."""
        answer = upload(client, case, *[heavy_pdf(4_980_000)] * 5, name="facture.pdf")
        assert answer.status_code == 303
        assert sum(file.size for file in kept(client)) > 24_000_000
        assert upload(client, case, photo()).status_code == 422

    def test_large_form_is_taken_here_alone(self, client, case) -> None:
        body = b"x" * 200_000
        token = token_in(ask(client, "/compte/coordonnees"))
        elsewhere = client.http.post(
            "/compte/coordonnees", data={"jeton": token, "telephone": body}, headers=SAME_ORIGIN
        )
        assert elsewhere.status_code == 413
        assert upload(client, case, photo() + body).status_code == 303

    def test_form_beyond_the_total_is_refused_unread(self, client, case) -> None:
        answer = upload(client, case, *[b"\xff\xd8\xff" + b"\x00" * 9_000_000] * 3)
        assert answer.status_code == 413
        assert kept(client) == []

    def test_files_of_a_day_have_a_limit(self, client, case, monkeypatch) -> None:
        monkeypatch.setattr(throttling, "FILES", throttling.quota("case-files", 2, throttling.DAY))
        assert upload(client, case, photo(), photo()).status_code == 303
        assert "Réessayez demain" in upload(client, case, photo()).text
        assert len(kept(client)) == 2

    def test_upload_whose_case_was_sent_meanwhile_leaves_nothing(self, client, case, anne, monkeypatch) -> None:
        """Between the cleaning of the file and its row, another tab sends the case."""
        keep = client.services.storage.__class__.keep

        def keep_then_send(storage, content):
            name = keep(storage, content)
            with client.services.database.write() as db:
                found = db.get(Case, case.id)
                if found.is_draft:
                    move_case(db, found, CaseState.SENT, utc_now(), by=anne.id)
            return name

        monkeypatch.setattr("portal.storage.Storage.keep", keep_then_send)
        assert "n’attend plus de pièces" in upload(client, case, photo()).text
        assert names_in_storage(client) == set()

    def test_one_bad_file_among_good_ones_keeps_none(self, client, case) -> None:
        assert upload(client, case, photo(), photo(), b"GIF89a").status_code == 422
        assert names_in_storage(client) == set()


def test_cleaning_happens_off_the_event_loop(client, case, monkeypatch) -> None:
    seen = []

    def watched(name, content):
        seen.append(threading.current_thread().name)
        return clean(name, content)

    monkeypatch.setattr("portal.attachments.clean", watched)
    upload(client, case, photo())
    assert seen
    assert "MainThread" not in seen


def test_pieces_are_rows_of_their_case(client, case) -> None:
    """The database itself refuses a file in two cases."""
    upload(client, case, photo())
    with pytest.raises(IntegrityError), client.services.database.write() as db:
        db.add(CasePiece(case_id=case.id, file_id=kept(client)[0].id, slot="facture", added_at=utc_now()))
