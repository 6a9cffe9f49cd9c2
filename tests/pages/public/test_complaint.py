"""Complaints without an account: sent, then followed and added to by the link of the letter (R-26; ACPR 2022-R-01)."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pikepdf
import pytest
import time_machine
from PIL import Image
from sqlalchemy import text
from sqlmodel import select

from portal.case_links import COMPLAINT_LINK
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
from portal.evidence.journal import JournalUnavailable
from portal.security import LINK
from portal.sessions import FOLLOWED as FOLLOWED_COOKIE
from portal.sessions import cookie_name
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, leave, send
from tests.support.evidence_rows import Evidence
from tests.support.html import Html
from tests.support.mail import letters

PATH = "/reclamation"
FOLLOWED = f"{PATH}/suivi"
TEXT = "Bonjour,\nmon remboursement est trop faible, de dix-huit euros."
FIELDS = {"nom": "Jean Ancien", "adresse": "jean@exemple.example", "sujet": "delai", "texte": TEXT}

pytestmark = pytest.mark.engines("sqlite")


def acts(client) -> list[str]:
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT action FROM evidence ORDER BY seq")).scalars()
        return [action for action in rows if action.startswith(("case.", "piece.")) and action != "case.read"]


def link_of(client) -> str:
    """The link in the letter of the last complaint."""
    letter = letters(client.services.database, client.services)[-1]
    link = next(word for word in letter.text.split() if "/reclamation/suivi" in word)
    return link.removeprefix("https://portal.test")


@pytest.fixture
def link(client, stranger) -> str:
    """The link to a complaint that was sent."""
    complain(client)
    return link_of(client)


@pytest.fixture
def followed(client, link) -> str:
    """The page of that complaint, once its link was opened."""
    assert ask(client, link).headers["location"] == FOLLOWED
    return FOLLOWED


def act_at(act: str) -> str:
    return f"{FOLLOWED}/{act}"


def hidden(client) -> dict[str, str]:
    """What the forms of the followed page carry unseen."""
    page = Html(ask(client, FOLLOWED).text)
    return {name: page.first(f"[name={name}]").attributes["value"] for name in ("jeton", "dossier")}


def photo() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(drawn, "JPEG")
    return drawn.getvalue()


def join(client, *contents: bytes, fields: dict[str, str] | None = None):
    files = [("fichier", ("photo.jpg", content, "image/jpeg")) for content in contents]
    fields = fields or hidden(client)
    return client.http.post(act_at("documents"), data=fields, files=files, headers=SAME_ORIGIN, follow_redirects=False)


def write(client, words: str, fields: dict[str, str] | None = None):
    return send(client, act_at("message"), {"message": words} | (fields or hidden(client)))


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
    client.get(link_of(client), follow=True)
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


@pytest.mark.usefixtures("followed")
class TestFollowed:
    def test_documents_and_words_are_added_by_the_link(self, client) -> None:
        client.get(FOLLOWED)
        assert join(client, photo(), photo()).headers["location"] == FOLLOWED
        assert write(client, "J’ajoute la facture.").headers["location"] == FOLLOWED
        client.get(FOLLOWED)
        assert len(client.page.css(".files li")) == 2
        assert "J’ajoute la facture." in client.page.text
        assert [file.account_id for file in files_kept(client)] == [None, None]
        assert acts(client) == ["case.sent", "piece.added", "case.message-sent"]

    def test_dated_copy_leaves_as_a_tagged_pdf_by_the_link_alone(self, client) -> None:
        """ACPR 2022-R-01: whoever complains keeps a dated copy, also without an account."""
        assert "en PDF" in letters(client.services.database, client.services)[-1].text
        client.get(FOLLOWED)
        (link,) = [node for node in client.page.css("main a") if "PDF" in node.text()]
        copy = ask(client, link.attributes["href"])
        assert copy.headers["content-disposition"].startswith("attachment")
        with pikepdf.open(io.BytesIO(copy.content)) as document:
            assert (document.Root.MarkInfo.Marked, document.Root.Lang) == (True, "fr")
        leave(client)
        assert ask(client, link.attributes["href"]).status_code == 404

    def test_refused_document_says_why_and_another_one_is_enough(self, client, make) -> None:
        join(client, photo())
        account = make(factories.desk_account)
        with client.services.database.write() as db:
            agent, case = factories.viewer_of(db, account), db.exec(select(Case)).one()
            piece = pieces_of(db, case)[0]
            refuse_piece(db, agent, client.services.keyring, case, piece.id, "La date est illisible.", utc_now())
        client.get(FOLLOWED)
        assert "La date est illisible." in client.page.text
        assert "Un document est à renvoyer" in client.page.text
        join(client, photo())
        client.get(FOLLOWED)
        assert "Un document est à renvoyer" not in client.page.text
        assert len(client.page.css(".files li")) == 1

    @pytest.mark.parametrize("contents", [[], [b"MZ" * 500], [photo(), b"<html>"], [photo()] * (MOST_PIECES + 1)])
    def test_refused_files_are_told_and_leave_nothing(self, client, contents) -> None:
        answer = join(client, *contents)
        assert answer.status_code == 422
        assert 'id="fichier-erreur"' in answer.text
        assert files_kept(client) == []
        assert list(client.services.storage.names()) == []

    def test_sixth_file_is_refused_and_five_stay(self, client) -> None:
        assert join(client, *[photo()] * MOST_PIECES).status_code == 303
        assert "Joindre des documents" not in ask(client, FOLLOWED).text
        client.get(FOLLOWED)
        assert join(client, photo()).status_code == 422
        assert len(list(client.services.storage.names())) == MOST_PIECES

    @pytest.mark.parametrize("words", ["", " \n ", "x" * 5001], ids=["nothing", "blank", "too long"])
    def test_wrong_words_are_told_and_kept_in_the_form(self, client, words) -> None:
        answer = write(client, words)
        assert answer.status_code == 422
        assert 'id="message-erreur"' in answer.text
        assert words.strip() in answer.text

    def test_same_words_twice_are_one_message(self, client) -> None:
        for words in ("Un.", "Un.", "Deux."):
            assert write(client, words).status_code == 303
        with client.services.database.read() as db:
            assert len(db.exec(select(CaseMessage)).all()) == 2

    def test_one_link_writes_so_much_and_no_more(self, client) -> None:
        sent = [write(client, f"Message {number}").status_code for number in range(MOST_MESSAGES + 1)]
        assert sent == [303] * MOST_MESSAGES + [422]

    def test_day_of_a_network_has_a_limit(self, client, monkeypatch) -> None:
        monkeypatch.setattr(throttling, "FILES", throttling.quota("case-files", 1, throttling.DAY))
        assert join(client, photo()).status_code == 303
        assert "Réessayez demain" in join(client, photo()).text

    def test_answered_complaint_takes_nothing_more(self, client, make) -> None:
        fields = hidden(client) | {"message": "Encore"}
        end(client, make)
        client.get(FOLLOWED)
        assert "Voici pourquoi." in client.page.text
        assert client.page.first("main form") is None
        files = [("fichier", ("a.jpg", photo(), "image/jpeg"))]
        for act, data in (("documents", {"files": files}), ("message", {})):
            late = client.http.post(act_at(act), data=fields, headers=SAME_ORIGIN, **data)
            assert (late.status_code, "par la poste" in late.text) == (422, True)
            page = Html(late.text)
            assert all(page.first(link.attributes["href"]) for link in page.css("#erreurs a"))
        assert "Encore" in page.one("#non-envoye").text()
        assert list(client.services.storage.names()) == []

    def test_browser_without_the_cookie_adds_nothing_and_keeps_its_words(self, client) -> None:
        fields, name = hidden(client), cookie_name(client.services.settings, FOLLOWED_COOKIE)
        value = client.http.cookies[name]
        for forged in ("", "x", value[:-1]):
            client.http.cookies.set(name, forged, domain="portal.test")
            for answer in (join(client, photo(), fields=fields), write(client, "Bonjour à tous", fields)):
                assert (answer.status_code, "en rappelant la référence" in answer.text) == (404, True)
            assert "Bonjour à tous" in answer.text
        assert files_kept(client) == []
        assert acts(client) == ["case.sent"]

    def test_link_leaves_the_address_and_stands_nowhere_in_the_page(self, client, link) -> None:
        """A8: a token is allowed on the page where it lands alone, which leads away at once."""
        token = parse_qs(urlsplit(link).query)["jeton"][0]
        client.get(link, follow=True)
        assert client.path == FOLLOWED
        places = [
            node.attributes.get(name) or ""
            for name in ("href", "action", "src")
            for node in client.page.css(f"[{name}]")
        ]
        assert not any("jeton=" in place or token in place for place in places)
        assert token not in client.answer.text
        answers = [join(client, photo()), write(client, "Encore un mot.")]
        assert [answer.headers["location"] for answer in answers] == [FOLLOWED] * 2

    def test_link_opened_by_a_scanner_works_again_and_again(self, client, link) -> None:
        for _ in range(3):
            leave(client)
            assert client.get(link, follow=True).one("h1").text().startswith("Réclamation")

    def test_cookie_lasts_as_long_as_the_browser_stays_open(self, client, link) -> None:
        cookie = ask(client, link).headers["set-cookie"]
        assert cookie.startswith("__Host-portal-followed=")
        assert "max-age" not in cookie.lower()
        assert "expires" not in cookie.lower()

    def test_link_and_cookie_die_six_months_after_the_end(self, client, link, make) -> None:
        with time_machine.travel(datetime(2026, 3, 3, 12, tzinfo=UTC), tick=False) as clock:
            end(client, make)
            clock.move_to(datetime(2026, 9, 3, 21, tzinfo=UTC))
            assert "3 septembre 2026" in ask(client, FOLLOWED).text
            assert ask(client, link).status_code == 303
            clock.move_to(datetime(2026, 9, 3, 22, 1, tzinfo=UTC))  # past midnight in France
            for path in (FOLLOWED, link, act_at("pdf")):
                client.get(path)
                assert (client.answer.status_code, "Voici pourquoi." in client.page.text) == (404, False)
                assert "en rappelant la référence" in client.page.text
                assert client.page.first(f'main a[href="{PATH}"]')

    def test_open_complaint_is_followed_for_as_long_as_it_lasts(self, client, link) -> None:
        with time_machine.travel(utc_now() + timedelta(days=800), tick=False):
            assert ask(client, link).status_code == 303
            assert ask(client, FOLLOWED).status_code == 200

    def test_token_of_another_purpose_does_not_land(self, client) -> None:
        keyring, opaque = client.services.keyring, hidden(client)["dossier"]
        leave(client)
        for purpose in (FOLLOWED_COOKIE, LINK, "session", "visit"):
            token = keyring.signer(purpose).sign(opaque).decode()
            assert ask(client, f"{FOLLOWED}?jeton={token}").status_code == 404
        assert ask(client, f"{FOLLOWED}?jeton={opaque}").status_code == 404

    def test_cookie_of_another_purpose_opens_nothing(self, client) -> None:
        keyring, name = client.services.keyring, cookie_name(client.services.settings, FOLLOWED_COOKIE)
        opaque = hidden(client)["dossier"]
        for purpose in (COMPLAINT_LINK, LINK, "session", "visit"):
            client.http.cookies.set(name, keyring.signer(purpose).sign(opaque).decode(), domain="portal.test")
            assert ask(client, FOLLOWED).status_code == 404
        account = keyring.conceal("account", [1])[0]
        client.http.cookies.set(name, keyring.signer(FOLLOWED_COOKIE).sign(account).decode(), domain="portal.test")
        assert ask(client, FOLLOWED).status_code == 404


class TestTwoComplaints:
    """Followed in one browser: the link opened last wins."""

    @pytest.fixture(autouse=True)
    def left(self, client, link) -> dict[str, str]:
        """What the forms of the first one carry, left in a tab while the second one's link is opened."""
        assert ask(client, link).status_code == 303
        left = hidden(client)
        complain(client, texte=f"{TEXT} Une autre fois.")
        assert ask(client, link_of(client)).status_code == 303
        return left

    def test_link_opened_last_is_the_one_shown(self, client) -> None:
        assert "Une autre fois." in ask(client, FOLLOWED).text

    def test_message_left_in_a_tab_reaches_neither_and_is_given_back(self, client, left) -> None:
        answer = write(client, "Des mots pour la première.", left)
        page = Html(answer.text)
        assert answer.status_code == 422
        assert "Des mots pour la première." in page.one("#non-envoye").text()
        assert "celui d’une autre réclamation" in page.one("#erreurs").text()
        assert page.first("main form") is None
        with client.services.database.read() as db:
            assert db.exec(select(CaseMessage)).all() == []

    def test_empty_message_of_a_tab_points_to_nothing_missing(self, client, left) -> None:
        page = Html(write(client, "", left).text)
        assert all(page.first(link.attributes["href"]) for link in page.css("#erreurs a"))

    def test_documents_left_in_a_tab_reach_neither(self, client, left) -> None:
        answer = join(client, photo(), fields=left)
        assert (answer.status_code, "celui d’une autre réclamation" in answer.text) == (422, True)
        assert files_kept(client) == []

    @pytest.mark.parametrize("name", ["", "x", "A" * 22])
    def test_form_that_names_no_case_writes_nothing(self, client, name) -> None:
        assert write(client, "Bonjour", hidden(client) | {"dossier": name}).status_code == 422

    def test_tab_works_again_once_its_own_link_was_opened(self, client, left, link) -> None:
        assert ask(client, link).status_code == 303
        assert write(client, "Des mots pour la première.", left).status_code == 303


@pytest.mark.usefixtures("followed")
class TestEvidence:
    def test_each_reading_is_noted_for_nobody(self, client, link, make) -> None:
        """R-51: also for somebody signed in, since the link is what opens the page."""
        noted = Evidence(client)
        enter(client, make(factories.member_with_account)[1])
        ask(client, link)
        assert noted.fresh() == []
        for path in (FOLLOWED, act_at("pdf")):
            ask(client, path)
        write(client, " ", hidden(client))
        with client.services.database.read() as db:
            case = db.exec(select(Case)).one()
        seen = noted.fresh()
        read, downloaded = ("case.read", case.object), ("case.downloaded", case.object)
        assert [(act.action, act.object) for act in seen] == [read, downloaded, read, read]
        assert all(act.details["address"] for act in seen)
        assert actors(client, "case.read") == actors(client, "case.downloaded") == {(None, None)}

    def test_dead_link_leaves_no_row_of_a_reading(self, client) -> None:
        noted = Evidence(client)
        leave(client)
        for path in (FOLLOWED, act_at("pdf"), f"{FOLLOWED}?jeton=x"):
            assert ask(client, path).status_code == 404
        assert noted.fresh() == []

    def test_reading_that_cannot_be_noted_is_refused(self, client, monkeypatch) -> None:
        def fail(_: object) -> None:
            raise JournalUnavailable

        monkeypatch.setattr(client.services.journal, "note", fail)
        assert [ask(client, path).status_code for path in (FOLLOWED, act_at("pdf"))] == [503, 503]


def actors(client, action: str) -> set[tuple[int | None, str | None]]:
    """Who did this, and in which session, by the evidence."""
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT actor, session FROM evidence WHERE action = :action"), {"action": action})
        return {(row.actor, row.session) for row in rows}


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
