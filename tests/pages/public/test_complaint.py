"""Complaints without an account: sent, then followed and added to by the link of the letter (R-26; ACPR 2022-R-01)."""

import io
from concurrent.futures import ThreadPoolExecutor

import pikepdf
import pytest
from PIL import Image
from sqlalchemy import text
from sqlmodel import select

from portal.data import throttling
from portal.data.accounts import Space
from portal.data.case_desk import lock_for_desk, refuse_piece
from portal.data.case_messages import CaseMessage, SentAlready
from portal.data.case_pieces import MOST_PIECES, pieces_of
from portal.data.cases import Case
from portal.data.columns import utc_now
from portal.data.complaint_rules import Outcome
from portal.data.complaints import Category, Contact, Said, answer_complaint, send_complaint, start_complaint
from portal.data.files import StoredFile
from portal.data.open_complaints import MOST_MESSAGES, complain_without_account
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, leave, send, token_in
from tests.support.html import Html
from tests.support.mail import letters

PATH = "/reclamation"
TEXT = "Bonjour,\nmon remboursement est trop faible, de dix-huit euros."
FIELDS = {"nom": "Jean Ancien", "adresse": "jean@exemple.example", "sujet": "delai", "texte": TEXT}

pytestmark = pytest.mark.engines("sqlite")


def acts(client) -> list[str]:
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT action FROM evidence ORDER BY seq")).scalars()
        return [action for action in rows if action.startswith(("case.", "piece."))]


def link_of(client) -> str:
    """Where the letter of the last complaint leads."""
    letter = letters(client.services.database, client.services)[-1]
    link = next(word for word in letter.text.split() if "/reclamation/suivi" in word)
    return link.removeprefix("https://portal.test")


@pytest.fixture
def followed(client, stranger) -> str:
    """The page of a complaint that was sent, for whoever holds the link."""
    complain(client)
    return link_of(client)


def act_at(followed: str, act: str) -> str:
    return followed.replace("/suivi?", f"/suivi/{act}?")


def photo() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(drawn, "JPEG")
    return drawn.getvalue()


def join(client, followed: str, *contents: bytes):
    files = [("fichier", ("photo.jpg", content, "image/jpeg")) for content in contents]
    fields, target = {"jeton": token_in(ask(client, followed))}, act_at(followed, "documents")
    return client.http.post(target, data=fields, files=files, headers=SAME_ORIGIN, follow_redirects=False)


def write(client, followed: str, words: str):
    return send(client, act_at(followed, "message"), {"message": words}, form_at=followed)


def end(client, make) -> None:
    account = make(factories.desk_account)
    with client.services.database.write() as db:
        agent, case = factories.viewer_of(db, account), db.exec(select(Case)).one()
        locked = lock_for_desk(db, agent, case.id, case.version)
        answer_complaint(db, agent, client.services.keyring, locked, Outcome.UNFOUNDED, "Voici pourquoi.", utc_now())


def files_kept(client) -> list[StoredFile]:
    with client.services.database.read() as db:
        return list(db.exec(select(StoredFile)))


@pytest.fixture(autouse=True)
def stranger(client) -> None:
    leave(client)


def complain(client, **changes: str):
    return send(client, PATH, FIELDS | changes, form_at=PATH)


def test_sent_copied_and_followed_by_the_link(client) -> None:
    assert complain(client).headers["location"] == "/reclamation/envoyee"
    (letter,) = letters(client.services.database, client.services)
    assert letter.to == "jean@exemple.example"
    link = next(word for word in letter.text.split() if "/reclamation/suivi" in word)
    client.get(link.removeprefix("https://portal.test"))
    assert "de dix-huit euros" in client.page.text
    assert "Accusé de réception" in client.page.text
    assert acts(client) == ["case.sent"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"nom": " "}, "nom"),
        ({"adresse": "jean"}, "adresse"),
        ({"adresse": "a@b.fr\nBcc: x@y.fr"}, "adresse"),
        ({"sujet": ""}, "sujet"),
        ({"texte": ""}, "texte"),
    ],
)
def test_what_is_wrong_is_told(client, changes, name) -> None:
    answer = complain(client, **changes)
    assert answer.status_code in {422, 303}
    if answer.status_code == 422:
        assert f'id="{name}-erreur"' in answer.text


def test_forged_link_or_a_member_s_own_complaint_shows_nothing(client, make) -> None:
    account = make(factories.member_with_account)[1]
    keyring = client.services.keyring
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, account)
        case, _ = start_complaint(db, viewer, keyring, Said(Category.DELAY, TEXT), utc_now())
        send_complaint(db, viewer, case.id, case.version, utc_now())
    opaque = keyring.conceal("case", [case.id])[0]
    signed = keyring.signer("complaint").sign(opaque).decode()
    for token in ("", "x", opaque, signed, signed[:-1], keyring.signer("link").sign(opaque).decode()):
        assert ask(client, f"{PATH}/suivi?jeton={token}").status_code == 404


def test_same_answer_whoever_writes(client, make) -> None:
    make(factories.member_with_account)
    known = complain(client, adresse="anne@exemple.example")
    unknown = complain(client, adresse="personne@exemple.example")
    assert known.headers["location"] == unknown.headers["location"]


def test_network_counts_what_is_new_alone(client) -> None:
    first = [complain(client).status_code for _ in range(3)]
    others = [complain(client, texte=f"{TEXT} {number}").status_code for number in range(10)]
    assert first + others == [303] * 12 + [422]


def test_form_sent_twice_is_one_complaint_and_one_letter(client) -> None:
    assert complain(client).headers["location"] == complain(client).headers["location"]
    assert len(letters(client.services.database, client.services)) == 1
    assert acts(client) == ["case.sent"]


class TestFollowed:
    def test_documents_and_words_are_added_by_the_link(self, client, followed) -> None:
        client.get(followed)
        assert join(client, followed, photo(), photo()).headers["location"] == followed
        assert write(client, followed, "J’ajoute la facture.").headers["location"] == followed
        client.get(followed)
        assert len(client.page.css(".files li")) == 2
        assert "J’ajoute la facture." in client.page.text
        assert [file.account_id for file in files_kept(client)] == [None, None]
        assert acts(client) == ["case.sent", "piece.added", "case.message-sent"]

    def test_dated_copy_leaves_as_a_tagged_pdf_by_the_link_alone(self, client, followed) -> None:
        """ACPR 2022-R-01: whoever complains keeps a dated copy, also without an account."""
        assert "en PDF" in letters(client.services.database, client.services)[-1].text
        client.get(followed)
        (link,) = [node for node in client.page.css("main a") if "PDF" in node.text()]
        copy = ask(client, link.attributes["href"])
        assert copy.headers["content-disposition"].startswith("attachment")
        with pikepdf.open(io.BytesIO(copy.content)) as document:
            assert (document.Root.MarkInfo.Marked, document.Root.Lang) == (True, "fr")
        assert ask(client, act_at(followed, "pdf")[:-1]).status_code == 404
        assert ask(client, f"{PATH}/suivi/pdf").status_code == 404

    def test_refused_document_says_why_and_another_one_is_enough(self, client, followed, make) -> None:
        join(client, followed, photo())
        account = make(factories.desk_account)
        with client.services.database.write() as db:
            agent, case = factories.viewer_of(db, account), db.exec(select(Case)).one()
            piece = pieces_of(db, case)[0]
            refuse_piece(db, agent, client.services.keyring, case, piece.id, "La date est illisible.", utc_now())
        client.get(followed)
        assert "La date est illisible." in client.page.text
        assert "Un document est à renvoyer" in client.page.text
        join(client, followed, photo())
        client.get(followed)
        assert "Un document est à renvoyer" not in client.page.text
        assert len(client.page.css(".files li")) == 1

    @pytest.mark.parametrize("contents", [[], [b"MZ" * 500], [photo(), b"<html>"], [photo()] * (MOST_PIECES + 1)])
    def test_refused_files_are_told_and_leave_nothing(self, client, followed, contents) -> None:
        answer = join(client, followed, *contents)
        assert answer.status_code == 422
        assert 'id="fichier-erreur"' in answer.text
        assert files_kept(client) == []
        assert list(client.services.storage.names()) == []

    def test_sixth_file_is_refused_and_five_stay(self, client, followed) -> None:
        assert join(client, followed, *[photo()] * MOST_PIECES).status_code == 303
        assert "Joindre des documents" not in ask(client, followed).text
        client.get(followed)
        assert join(client, followed, photo()).status_code == 422
        assert len(list(client.services.storage.names())) == MOST_PIECES

    @pytest.mark.parametrize("words", ["", " \n ", "x" * 5001], ids=["nothing", "blank", "too long"])
    def test_wrong_words_are_told_and_kept_in_the_form(self, client, followed, words) -> None:
        answer = write(client, followed, words)
        assert answer.status_code == 422
        assert 'id="message-erreur"' in answer.text
        assert words.strip() in answer.text

    def test_same_words_twice_are_one_message(self, client, followed) -> None:
        for words in ("Un.", "Un.", "Deux."):
            assert write(client, followed, words).status_code == 303
        with client.services.database.read() as db:
            assert len(db.exec(select(CaseMessage)).all()) == 2

    def test_one_link_writes_so_much_and_no_more(self, client, followed) -> None:
        sent = [write(client, followed, f"Message {number}").status_code for number in range(MOST_MESSAGES + 1)]
        assert sent == [303] * MOST_MESSAGES + [422]

    def test_day_of_a_network_has_a_limit(self, client, followed, monkeypatch) -> None:
        monkeypatch.setattr(throttling, "FILES", throttling.quota("case-files", 1, throttling.DAY))
        assert join(client, followed, photo()).status_code == 303
        assert "Réessayez demain" in join(client, followed, photo()).text

    def test_answered_complaint_takes_nothing_more(self, client, followed, make) -> None:
        token = token_in(ask(client, followed))
        end(client, make)
        client.get(followed)
        assert "Voici pourquoi." in client.page.text
        assert client.page.first("main form") is None
        files = [("fichier", ("a.jpg", photo(), "image/jpeg"))]
        for act, data in (("documents", {"files": files}), ("message", {})):
            fields = {"jeton": token, "message": "Encore"}
            late = client.http.post(act_at(followed, act), data=fields, headers=SAME_ORIGIN, **data)
            assert (late.status_code, "par la poste" in late.text) == (422, True)
            page = Html(late.text)
            assert all(page.first(link.attributes["href"]) for link in page.css("#erreurs a"))
        assert "Encore" in page.one("#non-envoye").text()
        assert list(client.services.storage.names()) == []

    def test_other_links_add_nothing(self, client, followed) -> None:
        token = token_in(ask(client, followed))
        files = [("fichier", ("a.jpg", photo(), "image/jpeg"))]
        for forged in ("", "?jeton=", "?jeton=x", f"?jeton={followed.partition('jeton=')[2][:-1]}"):
            for act, data in (("documents", {"files": files}), ("message", {})):
                fields = {"jeton": token, "message": "Bonjour"}
                answer = client.http.post(f"{PATH}/suivi/{act}{forged}", data=fields, headers=SAME_ORIGIN, **data)
                assert answer.status_code == 404
        assert files_kept(client) == []


@pytest.mark.engines("sqlite", "postgresql")
def test_form_sent_eight_times_at_once_is_one_complaint(database, keyring) -> None:
    said, contact = Said(Category.DELAY, TEXT), Contact("Jean Ancien", "jean@exemple.example")

    def send_one(_: int) -> bool:
        try:
            with database.write() as db:
                assert throttling.allow(db, [(throttling.COMPLAINTS_NETWORK, "x")], utc_now())
                complain_without_account(db, keyring, said, contact, Space.MEMBER, utc_now())
        except SentAlready:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(send_one, range(8))) == 1
