"""Messages with the insurer (R-80): written, answered, read, and nobody else's. Professionals' begin elsewhere."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.data import throttling
from portal.data.case_desk import answer, lock_for_desk, move_by_desk
from portal.data.case_messages import CaseMessage, SentAlready
from portal.data.cases import MOST_DRAFTS, Case, CaseKind, CaseState, open_case
from portal.data.columns import utc_now
from portal.data.messages import MessageThread, Topic, begin_thread
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, send, token_in
from tests.support.html import Html
from tests.support.mail import letters

LIST, NEW = "/messagerie", "/messagerie/nouveau"
FIELDS = {"sujet": "conditions", "titre": "Mes données", "message": "Bonjour,\nà qui les montrez-vous, au juste."}

pytestmark = pytest.mark.engines("sqlite")


MAKERS = {
    "member": lambda db, keyring: factories.member_with_account(db, keyring)[1],
    "employer": factories.employer_account,
}


@pytest.fixture(params=["member", "employer"])
def author(request, client, make):
    account = make(MAKERS[request.param])
    enter(client, account)
    return account


@pytest.fixture
def anne(client, make):
    account = make(MAKERS["member"])
    with client.services.database.write() as db:
        db.execute(text("UPDATE account SET email = 'anne@exemple.example' WHERE id = :id"), {"id": account.id})
    enter(client, account)
    return account


def begin(client, **changes: str) -> str:
    client.get(NEW)
    client.submit(f'form[action="{NEW}"]', **(FIELDS | changes))
    return client.path


def case_of(db) -> Case:
    return db.exec(select(Case).where(Case.kind == CaseKind.MESSAGE).order_by(Case.id.desc())).first()


def answered(client, make, words: str = "Bonjour,\nvoici la réponse.") -> None:
    account = make(factories.desk_account)
    with client.services.database.write() as db:
        agent = factories.viewer_of(db, account, letters=CaseLetters(client.services))
        case = case_of(db)
        answer(db, agent, client.services.keyring, lock_for_desk(db, agent, case.id, case.version), words, utc_now())


def badge(client) -> str:
    found = client.page.first(".menu .count")
    return found.text() if found else ""


def test_each_space_writes_and_reads_its_own(client, author) -> None:
    client.get(LIST)
    assert "Aucun message" in client.page.text
    begin(client)
    assert client.page.one("h1").text().strip() == "Mes données"
    assert "à qui les montrez-vous" in client.page.text
    client.get(LIST)
    assert "Mes données" in client.page.text
    assert author.id


def test_employer_writes_about_employees_and_the_bank_and_a_member_does_not(client, make) -> None:
    """R-80: each space has the subjects that are its own."""
    for maker, expected in (("employer", 303), ("member", 422)):
        enter(client, make(MAKERS[maker]))
        for topic in ("salaries", "banque"):
            assert send(client, NEW, FIELDS | {"sujet": topic}, form_at=NEW).status_code == expected


def test_member_closes_a_conversation_and_opens_it_again_by_writing(client, anne) -> None:
    """R-80"""
    path = begin(client)
    client.submit(f'form[action="{path}/fin"]')
    assert "Cette conversation est close" in client.page.text
    client.submit(f'form[action="{path}"]', message="J’oubliais ceci.")
    assert "Cette conversation est close" not in client.page.text
    assert anne.id


def test_answer_counts_as_unread_until_its_reader_says_so(client, anne, make) -> None:
    path = begin(client)
    assert badge(client) == ""
    answered(client, make)
    client.get(LIST)
    assert badge(client).split() == ["1", "message", "non", "lu"]
    client.get(path)
    assert "voici la réponse" in client.page.text
    assert badge(client).startswith("1")
    client.submit(f'form[action="{path}/lu"]')
    assert client.path == path
    assert badge(client) == ""
    assert client.page.first("#lecture form") is None


def test_page_marks_by_itself_what_its_form_would(client, anne, make) -> None:
    path = begin(client)
    answered(client, make)
    client.get(path)
    form = client.page.one("#lecture form")
    assert form.attributes["hx-trigger"].startswith("load")
    last = client.page.one("#lecture input[name=dernier]").attributes["value"]
    fields = {"jeton": token_in(ask(client, path), f"{path}/lu"), "dernier": last}
    gone = client.http.post(f"/fragments{path}/lu", data=fields, headers=SAME_ORIGIN | {"HX-Request": "true"})
    assert "form" not in gone.text
    with client.services.database.read() as db:
        assert all(message.read_at for message in db.exec(select(CaseMessage)) if message.is_from_insurer)


def test_reply_goes_back_to_the_insurer_and_reads_the_answer(client, anne, make) -> None:
    path = begin(client)
    answered(client, make)
    client.get(path)
    client.submit(f'form[action="{path}"]', message="Merci, c’est clair.")
    assert "Merci, c’est clair." in client.page.text
    assert badge(client) == ""
    with client.services.database.read() as db:
        assert case_of(db).state == CaseState.SENT


def test_letter_tells_that_there_is_news_and_nothing_of_it(client, anne, make) -> None:
    begin(client)
    answered(client, make, "Votre cure est acceptée.")
    (letter,) = [letter for letter in letters(client.services.database, client.services) if letter.name == "case-news"]
    assert letter.to == "anne@exemple.example"
    assert "cure" not in letter.text
    assert "/messagerie/" in letter.text


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"sujet": ""}, "sujet"),
        ({"sujet": "facture"}, "sujet"),
        ({"titre": " "}, "titre"),
        ({"titre": "x" * 200}, "titre"),
        ({"message": "\r\n \r\n"}, "message"),
        ({"message": "x" * 5001}, "message"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_lost(client, anne, changes, name) -> None:
    answer_ = send(client, NEW, FIELDS | changes, form_at=NEW)
    assert answer_.status_code == 422
    assert f'id="{name}-erreur"' in answer_.text
    assert anne.id
    kept = (FIELDS | changes)["message" if name != "message" else "titre"].split("\n")[0]
    assert kept in answer_.text


def end(client, make) -> None:
    account = make(factories.desk_account)
    with client.services.database.write() as db:
        agent, case = factories.viewer_of(db, account), case_of(db)
        locked = lock_for_desk(db, agent, case.id, case.version)
        move_by_desk(db, agent, client.services.keyring, locked, CaseState.ACCEPTED, "", utc_now())


@pytest.mark.usefixtures("anne")
def test_conversation_that_ends_while_one_writes_gives_the_words_back(client, make) -> None:
    path = begin(client)
    client.get(path)
    written, fields = client.form(f'form[action="{path}"]'), {"jeton": token_in(ask(client, path), path)}
    end(client, make)
    written.fill({"message": "Encore <b>un mot</b>"})
    assert_words_given_back(client.send(written))
    in_place = {"data": fields | {"message": "Encore <b>un mot</b>"}, "headers": SAME_ORIGIN | {"HX-Request": "true"}}
    swapped = client.http.post(f"/fragments{path}", **in_place)
    assert swapped.status_code == 422
    assert_words_given_back(Html(swapped.text))


def assert_words_given_back(page: Html) -> None:
    lost = page.one("#non-envoye")
    for words in ("Ce que vous aviez écrit", "Encore <b>un mot</b>", "n’est pas envoyé"):
        assert words in lost.text()
    assert lost.css_first("a").attributes["href"] == NEW
    assert {link.attributes["href"] for link in page.css("#erreurs a")} <= {"#non-envoye"}


def test_nobody_else_reads_answers_or_marks_it(client, anne, make) -> None:
    path = begin(client)
    for maker in (MAKERS["employer"], lambda db, keys: factories.member_with_account(db, keys)[1]):
        enter(client, make(maker))
        assert ask(client, path).status_code == 404
        assert send(client, path, {"message": "Bonjour"}, form_at=NEW).status_code == 404
        assert send(client, f"{path}/lu", form_at=NEW).status_code == 404
        client.get(LIST)
        assert "Mes données" not in client.page.text
    assert anne.id


def test_day_has_a_limit(client, anne, monkeypatch) -> None:
    monkeypatch.setattr("portal.pages.account.messages.MESSAGES", throttling.quota("messages", 2, throttling.DAY))
    path = begin(client)
    assert send(client, path, {"message": "Un"}, form_at=path).status_code == 303
    refused = send(client, path, {"message": "Deux"}, form_at=path)
    assert refused.status_code == 422
    assert "Réessayez demain" in refused.text
    assert anne.id


def test_subject_and_words_are_never_stored_in_the_clear(client, anne) -> None:
    begin(client)
    with client.services.database.read() as db:
        thread, message = db.exec(select(MessageThread)).one(), db.exec(select(CaseMessage)).one()
    assert b"donn" not in thread.subject_encrypted
    assert b"montrez" not in message.text_encrypted
    assert anne.id


def test_acts_are_evidence(client, anne) -> None:
    path = begin(client)
    client.get(path)
    client.submit(f'form[action="{path}"]', message="Un mot de plus.")
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT action FROM evidence WHERE object LIKE 'message:%' ORDER BY seq")).scalars()
        assert [action for action in rows if action != "case.read"] == ["case.sent", "case.message-sent"]
    assert anne.id


def test_answer_that_came_after_the_page_was_shown_stays_unread(client, anne, make) -> None:
    path = begin(client)
    answered(client, make)
    client.get(path)
    shown = client.form(f'form[action="{path}/lu"]')
    answered(client, make, "Une précision, arrivée ensuite.")
    client.send(shown)
    assert badge(client).startswith("1")
    assert anne.id


def test_drafts_keep_nobody_from_writing(client, anne) -> None:
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, anne)
        for _ in range(MOST_DRAFTS):
            open_case(db, viewer, CaseKind.COMPLAINT, utc_now())
    begin(client)
    assert "à qui les montrez-vous" in client.page.text


def in_place(client, path: str, words: str):
    fields = {"jeton": token_in(ask(client, path), path), "message": words}
    last = client.page.first(f'form[action="{path}"] input[name=dernier]')
    fields |= {"dernier": last.attributes["value"]} if last else {}
    return client.http.post(f"/fragments{path}", data=fields, headers=SAME_ORIGIN | {"HX-Request": "true"})


def test_thread_is_answered_in_place_as_by_its_page(client, anne, make) -> None:
    path = begin(client)
    answered(client, make)
    client.get(path)
    swapped = in_place(client, path, "Merci, c’est clair.")
    assert swapped.text.lstrip().startswith('<div class="stack" id="conversation"')
    assert "Message envoyé." in swapped.text
    assert "<title>Mes données" in swapped.text
    client.get(path)
    assert "Merci, c’est clair." in client.page.text
    assert badge(client) == ""
    assert anne.id


@pytest.mark.parametrize("words", ["", "x" * 5001], ids=["nothing", "too long"])
def test_answer_in_place_that_is_wrong_keeps_what_was_typed(client, anne, words) -> None:
    path = begin(client)
    refused = in_place(client, path, words)
    assert refused.status_code == 422
    assert 'id="message-erreur"' in refused.text
    assert "<title>Erreur\u00a0: Mes données" in refused.text
    assert words in refused.text
    assert anne.id


def test_nobody_else_answers_in_place(client, anne, make) -> None:
    path = begin(client)
    token = token_in(ask(client, NEW))
    enter(client, make(MAKERS["employer"]))
    fields = {"jeton": token_in(ask(client, NEW)), "message": "Bonjour"}
    headers = SAME_ORIGIN | {"HX-Request": "true"}
    assert client.http.post(f"/fragments{path}", data=fields, headers=headers).status_code == 404
    assert token
    assert anne.id


def test_form_sent_twice_begins_one_thread(client, anne) -> None:
    first = send(client, NEW, FIELDS, form_at=NEW)
    assert send(client, NEW, FIELDS, form_at=NEW).headers["location"] == first.headers["location"]
    other = send(client, NEW, FIELDS | {"titre": "Autre chose"}, form_at=NEW)
    assert other.headers["location"] != first.headers["location"]
    assert anne.id


def test_same_words_sent_twice_are_one_answer(client, anne, make) -> None:
    path = begin(client)
    for words in ("Merci.", "Merci."):
        assert send(client, path, {"message": words}, form_at=path).status_code == 303
    answered(client, make)
    assert send(client, path, {"message": "Merci."}, form_at=path).status_code == 303
    with client.services.database.read() as db:
        assert [message.is_from_insurer for message in db.exec(select(CaseMessage))] == [False, False, True, False]
    assert anne.id


@pytest.mark.engines("sqlite", "postgresql")
def test_button_pressed_eight_times_at_once_sends_one(database, keyring) -> None:
    with database.write() as db:
        viewer = factories.viewer_of(db, factories.member_with_account(db, keyring)[1])

    def press(_: int) -> bool:
        try:
            with database.write() as db:
                assert throttling.allow(db, [(throttling.MESSAGES, str(viewer.account_id))], utc_now())
                begin_thread(db, viewer, keyring, Topic.OTHER, "Mes données", "Bonjour", utc_now())
        except SentAlready:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(press, range(8))) == 1
