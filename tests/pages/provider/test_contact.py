"""A practice's questions to the insurer: by subject, followed, shared by its users, and nobody else's (R-41, R-80)."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.data import throttling
from portal.data.accounts import AccountDeletion, Role
from portal.data.case_desk import answer, lock_for_desk, move_by_desk
from portal.data.case_messages import CaseMessage, SentAlready
from portal.data.cases import Case, CaseKind, CaseState, WrongState
from portal.data.columns import utc_now
from portal.data.contact import Asked, ask, keep_draft, topics_for
from portal.data.erasure import erase_account
from portal.data.invoices import InvoiceState
from portal.data.message_references import MessageReference
from portal.data.messages import MessageThread, Topic
from portal.data.organisations import Agreement
from portal.data.rights_checks import RightsCheck
from portal.formatting import today
from portal.pages.provider.invoices import INVOICE, TRANSFER
from portal.pages.provider.rights import KIND as CHECK
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, enter, leave, send, token_in
from tests.support.entry import ask as ask_for
from tests.support.mail import letters
from tests.support.swap import assert_swap_equals_reload

LIST, NEW = "/professionnel/contact", "/professionnel/contact/nouveau"
ENGAGEMENT = "1234567890123452"
WORDS = "Bonjour,\npourquoi ce rejet."
FORM = f'form[action="{NEW}"]'
SEND, JOIN = "Envoyer", "Joindre des documents d’abord"

pytestmark = pytest.mark.engines("sqlite")


def pdf() -> bytes:
    made = pikepdf.new()
    made.add_blank_page()
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def check_of(client, practice, number: str = ENGAGEMENT, of=None) -> RightsCheck:
    """A past answer on rights of the first practice, or of another."""
    with client.services.database.write() as db:
        whose = of or practice.mine
        asked_by = practice.user if whose is practice.mine else practice.stranger
        kept = {"means": "numero", "care_day": today(), "status": "droits_ouverts", "content_sealed": b""}
        row = RightsCheck(engagement=number, asked_at=utc_now(), asked_by=asked_by.id, provider_id=whose.id, **kept)
        db.add(row)
        db.flush()
        return row


def case_of(client) -> Case:
    with client.services.database.read() as db:
        return db.exec(select(Case).where(Case.kind == CaseKind.MESSAGE).order_by(Case.id.desc())).first()


def begin(client, topic: str = "autre", button: str = SEND, **fields: str) -> str:
    """Sends a question by its form; the path of its thread."""
    client.get(f"{NEW}?sujet={topic}")
    named = {"titre": "Mes horaires"} if topic in {"autre", "convention", "conditions", "espace_en_ligne"} else {}
    client.submit(FORM, button=button, **({"message": WORDS} | named | fields))
    return client.path


def desk_answers(client, make, words: str = "Bonjour,\nvoici la réponse.") -> None:
    account = make(factories.desk_account)
    case = case_of(client)
    with client.services.database.write() as db:
        agent = factories.viewer_of(db, account, letters=CaseLetters(client.services))
        answer(db, agent, client.services.keyring, lock_for_desk(db, agent, case.id, case.version), words, utc_now())


def desk_moves(client, make, state: CaseState) -> None:
    account, case = make(factories.desk_account), case_of(client)
    with client.services.database.write() as db:
        agent = factories.viewer_of(db, account)
        locked = lock_for_desk(db, agent, case.id, case.version)
        move_by_desk(db, agent, client.services.keyring, locked, state, "", utc_now())


def has_address(client, account, email: str) -> None:
    with client.services.database.write() as db:
        db.execute(text("UPDATE account SET email = :email WHERE id = :id"), {"email": email, "id": account.id})


# --- subjects and their fields ---


def test_professional_chooses_a_subject_then_writes_and_follows(client, practice) -> None:
    """R-41: without scripts, by links alone."""
    client.get(LIST)
    client.get(client.page.one(f'main a[href="{NEW}"]').attributes["href"])
    assert client.page.first(FORM) is None
    links = [link.attributes["href"] for link in client.page.css("#sujets a")]
    assert f"{NEW}?sujet=facture" in links
    path = begin(client)
    assert client.page.one("h1").text().strip() == "Mes horaires"
    assert case_of(client).reference in client.page.text
    client.get(LIST)
    row = client.page.one("ul.rows li").text()
    assert all(words in row for words in ("Mes horaires", "Vous", "pourquoi ce rejet", "En attente de réponse"))
    assert client.page.one(f'a[href="{path}"]')


def test_subject_s_fields_swapped_in_equal_the_reloaded_page(client, practice) -> None:
    """R-41"""
    practice.invoice("F1", state=InvoiceState.REJECTED, reject_code="R04")
    practice.pay(("F1", None, 100))
    client.get(NEW)
    for topic in ("facture", "virement", "droits", "teletransmission", "autre"):
        assert_swap_equals_reload(client, f'#sujets a[href="{NEW}?sujet={topic}"]')
        assert client.page.one(f'{FORM} input[name="sujet"]').attributes["value"] == topic


def test_invoices_are_chosen_and_typed_and_lead_to_their_pages(client, practice) -> None:
    """R-41"""
    first = practice.invoice("F1", state=InvoiceState.REJECTED, reject_code="R04")
    second = practice.invoice("F2")
    client.get(f"{NEW}?sujet=facture")
    assert "Zoé Exemple" in client.page.text
    begin(client, "facture", choix=practice.name(INVOICE, first), factures="F2 ; F1")
    assert client.page.one("h1").text().strip() == "Factures F1, F2"
    for row in (first, second):
        assert client.page.one(f'.defs a[href="/professionnel/factures/{practice.name(INVOICE, row)}"]')


@pytest.mark.parametrize(
    ("topic", "fields", "name", "words"),
    [
        ("facture", {}, "factures", "Choisissez une facture"),
        ("facture", {"factures": "ETRANGERE"}, "factures", "ETRANGERE"),
        ("facture", {"factures": "\n".join(f"F{at}" for at in range(21))}, "factures", "20 factures au plus"),
        ("virement", {}, "virement", "Écrivez la référence"),
        ("virement", {"virement": "VIRAUTRE"}, "virement", "Aucun virement"),
        ("droits", {}, "engagement", "16 chiffres"),
        ("droits", {"engagement": "9999 8888 7777 6666"}, "engagement", "Aucune vérification"),
        ("teletransmission", {}, "logiciel", "logiciel"),
        ("teletransmission", {"logiciel": "Officine", "jour": "31/02/2026"}, "jour", "Ce jour n’existe pas"),
        ("autre", {"titre": ""}, "titre", "Donnez un titre"),
        ("autre", {"titre": "Patient 2 85 05 99 123 456 78"}, "titre", "sécurité sociale"),
        ("autre", {"titre": "Mes horaires", "message": " "}, "message", "Écrivez votre message"),
        ("autre", {"titre": "Mes horaires", "message": "x" * 5001}, "message", "Écrivez votre message"),
    ],
)
def test_what_is_wrong_or_another_practice_s_is_told_and_nothing_is_lost(
    client, practice, topic, fields, name, words
) -> None:
    """R-41, R-62: a number of another practice's is as unknown as none."""
    practice.invoice("ETRANGERE", of=practice.theirs)
    practice.pay(("F1", None, 100), reference="VIRAUTRE", of=practice.theirs)
    check_of(client, practice, "9999888877776666", of=practice.theirs)
    client.get(f"{NEW}?sujet={topic}")
    client.submit(FORM, button=SEND, **({"message": WORDS} | fields))
    assert client.answer.status_code == 422
    assert words in client.page.one(f"#{name}-erreur").text()
    kept = {"message": WORDS} | fields
    for field, value in kept.items():
        node = client.page.one(f'{FORM} [name="{field}"]')
        shown = node.attributes.get("value") if node.tag == "input" else node.text()
        assert (shown or "").split() == value.split()
    assert case_of(client) is None


def test_ticked_invoices_stay_ticked_after_an_error(client, practice) -> None:
    row = practice.invoice("F1", state=InvoiceState.REJECTED, reject_code="R04")
    client.get(f"{NEW}?sujet=facture")
    opaque = practice.name(INVOICE, row)
    client.submit(FORM, button=SEND, choix=opaque, message="")
    assert client.answer.status_code == 422
    assert "checked" in client.page.one(f'input[value="{opaque}"]').attributes


def test_invoice_of_another_practice_ticked_by_force_is_no_choice(client, practice) -> None:
    """R-62"""
    theirs = practice.invoice("F9", of=practice.theirs)
    fields = {"sujet": "facture", "choix": practice.name(INVOICE, theirs), "message": WORDS}
    assert send(client, NEW, fields, form_at=f"{NEW}?sujet=facture").status_code == 422
    assert case_of(client) is None


def test_pages_of_invoices_transfers_and_answers_lead_to_a_filled_form(client, practice) -> None:
    """R-41"""
    invoice = practice.invoice("F1")
    sent = practice.pay(("F1", invoice, 100))
    for path, name, value in (
        (f"/professionnel/factures/{practice.name(INVOICE, invoice)}", "factures", "F1"),
        (f"/professionnel/versements/{practice.name(TRANSFER, sent)}", "virement", "VIR1"),
    ):
        client.get(path)
        client.get(client.page.one(f'main a[href^="{NEW}"]').attributes["href"])
        node = client.page.one(f'{FORM} [name="{name}"]')
        assert (node.attributes.get("value") or node.text()).strip() == value


def test_answer_on_rights_leads_to_a_question_by_its_number(client, practice) -> None:
    """R-41"""
    client.get(f"{NEW}?verification={practice.name(CHECK, check_of(client, practice))}")
    assert client.page.one('[name="engagement"]').attributes["value"] == ENGAGEMENT
    assert client.page.one(f'{FORM} input[name="sujet"]').attributes["value"] == "droits"


@pytest.mark.parametrize("name", ["facture", "virement", "verification"])
def test_form_filled_with_another_practice_s_row_is_not_found(client, practice, name) -> None:
    """R-62"""
    rows = {
        "facture": practice.name(INVOICE, practice.invoice("F9", of=practice.theirs)),
        "virement": practice.name(TRANSFER, practice.pay(("F9", None, 100), of=practice.theirs)),
        "verification": practice.name(CHECK, check_of(client, practice, of=practice.theirs)),
    }
    client.get(f"{NEW}?{name}={rows[name]}")
    assert client.answer.status_code == 404


def test_question_on_rights_is_named_by_its_number_alone(client, practice) -> None:
    """R-41, R-62: the subject never holds an identity."""
    check_of(client, practice)
    begin(client, "droits", engagement="1234 5678 9012 3452")
    assert client.page.one("h1").text().strip() == "Droits, engagement 1234 5678 9012 3452"
    client.get(f"{NEW}?sujet=droits")
    assert client.page.first('[name="titre"]') is None


def test_technical_question_keeps_its_details_sealed(client, practice) -> None:
    """R-41"""
    begin(client, "teletransmission", logiciel="Officine 4", erreur="E-512", jour="02/03/2026")
    for words in ("Officine 4", "E-512", "2 mars 2026"):
        assert words in client.page.text.replace("\u00a0", " ")
    with client.services.database.read() as db:
        row = db.exec(select(MessageThread)).one()
    assert b"Officine" not in row.details_encrypted + row.subject_encrypted


# --- what is told ---


def test_acknowledgement_says_reference_and_day_and_nothing_of_the_question(client, practice) -> None:
    """R-41"""
    has_address(client, practice.user, "optique@exemple.example")
    begin(client, message="Mme Untelle, ordonnance du 3 mars.")
    (letter,) = [each for each in letters(client.services.database, client.services) if each.name == "contact-received"]
    assert letter.to == "optique@exemple.example"
    assert case_of(client).reference in letter.text
    assert "Untelle" not in letter.text
    assert "ordonnance" not in letter.text
    assert "/messagerie/" in letter.text


def test_questions_are_evidence_without_their_words(client, practice) -> None:
    """R-51"""
    path = begin(client)
    client.submit(f'form[action="{path}/fin"]')
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT action FROM evidence WHERE object LIKE 'message:%' ORDER BY seq")).scalars()
        assert [action for action in rows if action != "case.read"] == ["case.sent", "case.closed"]


# --- who reads ---


def test_whole_practice_reads_and_answers_a_question_on_its_work(client, practice, make) -> None:
    """R-72: both roles; each message says who wrote it, and a reply by one reads the answer for all."""
    practice.invoice("F1")
    path = begin(client, "facture", factures="F1")
    desk_answers(client, make)
    enter(client, practice.colleague)
    client.get("/professionnel")
    assert client.page.first(".tasks a").attributes["href"] == path
    client.get(LIST)
    assert client.page.first(".menu .count").text().split()[0] == "1"
    assert "Réponse à lire" in client.page.text
    client.get(path)
    assert practice.user.display_name in client.page.one(".talk").text()
    client.submit(f'form[action="{path}"]', message="Merci, je corrige.")
    assert client.page.first(".menu .count") is None
    client.get("/professionnel")
    assert client.page.first(".tasks") is None
    enter(client, practice.user)
    client.get(path)
    talk = client.page.one(".talk").text()
    assert "Merci, je corrige." in talk
    assert practice.colleague.display_name in talk


@pytest.mark.parametrize("topic", ["convention", "conditions", "espace_en_ligne"])
def test_question_on_the_agreement_or_an_account_is_its_author_s_alone(client, practice, topic) -> None:
    """R-72"""
    path = begin(client, topic)
    enter(client, practice.colleague)
    client.get(LIST)
    assert "Mes horaires" not in client.page.text
    client.get(path)
    assert client.answer.status_code == 404


def test_staff_do_not_speak_of_the_agreement(client, practice) -> None:
    """R-72: it is for whoever signed it."""
    enter(client, practice.colleague)
    client.get(NEW)
    assert f"{NEW}?sujet=convention" not in [link.attributes["href"] for link in client.page.css("#sujets a")]
    fields = {"sujet": "convention", "titre": "Mes horaires", "message": WORDS}
    assert send(client, NEW, fields, form_at=NEW).status_code == 422
    assert case_of(client) is None


def test_stranger_s_thread_draft_or_file_is_not_found(client, practice, make) -> None:
    """R-62"""
    path = begin(client)
    draft = begin(client, button=JOIN, titre="Un brouillon")
    for account in (practice.stranger, make(factories.employer_account)):
        enter(client, account)
        at = NEW if account is practice.stranger else "/messagerie/nouveau"
        assert ask_for(client, path).status_code == 404
        for one in (path, f"{path}/fin", f"{path}/lu"):
            assert send(client, one, {"message": "Bonjour"}, form_at=at).status_code == 404
        expected = 404 if account is practice.stranger else 403
        assert ask_for(client, draft).status_code == expected
        for act in ("envoi", "suppression"):
            assert send(client, f"{draft}/{act}", {"version": "1"}, form_at=at).status_code == expected
        assert ask_for(client, f"{LIST}?apres={path.rpartition('/')[2]}").status_code == expected


def test_colleague_never_sees_a_draft(client, practice) -> None:
    draft = begin(client, button=JOIN)
    enter(client, practice.colleague)
    assert ask_for(client, draft).status_code == 404
    client.get(LIST)
    assert "Mes horaires" not in client.page.text


def test_professional_s_messagerie_leads_to_contact(client, practice) -> None:
    """R-80: one place to write from."""
    for path, target in (("/messagerie", LIST), ("/messagerie/nouveau", NEW)):
        assert ask_for(client, path).headers["location"] == target
    begin(client)
    assert client.page.one(".menu a[aria-current]").attributes["href"] == LIST


# --- drafts ---


def test_draft_takes_files_and_is_sent_with_them(client, practice) -> None:
    """R-41: a refused file loses nothing of what was typed."""
    draft = begin(client, button=JOIN)
    assert draft.startswith(f"{LIST}/brouillons/")
    slot = f"/dossiers/{draft.rpartition('/')[2]}/pieces/pieces"
    token = token_in(ask_for(client, draft), f"{draft}/envoi")
    for name, content, status in (("faux.pdf", b"rien", 422), ("rejet.pdf", pdf(), 303)):
        sent = client.http.post(
            slot, data={"jeton": token}, files={"fichier": (name, content)}, headers=SAME_ORIGIN, follow_redirects=False
        )
        assert sent.status_code == status
    client.get(draft)
    assert "pourquoi ce rejet" in client.page.text
    assert "rejet.pdf" in client.page.text
    client.submit(f'form[action="{draft}/envoi"]')
    assert client.path.startswith("/messagerie/")
    assert "rejet.pdf" in client.page.text
    assert case_of(client).state == CaseState.SENT


def test_draft_is_changed_then_deleted(client, practice) -> None:
    draft = begin(client, button=JOIN)
    client.get(f"{draft}/modifier")
    client.submit(f'form[action="{draft}/modifier"]', titre="Nos horaires d’été", message="Autre chose.")
    assert client.page.one("h1").text().strip() == "Nos horaires d’été"
    assert "Autre chose." in client.page.text
    client.submit(f'form[action="{draft}/suppression"]')
    assert client.path == LIST
    with client.services.database.read() as db:
        for table in (Case, CaseMessage, MessageThread, MessageReference):
            assert db.exec(select(table)).all() == []


def test_draft_takes_another_subject_in_place_as_by_its_page(client, practice) -> None:
    """R-41: the words stay; a stranger's draft, or what is sent, is not found."""
    draft = begin(client, button=JOIN)
    client.get(f"{draft}/modifier")
    page = assert_swap_equals_reload(client, f'#sujets a[href="{draft}/modifier?sujet=virement"]')
    assert page.one("#message").text().split() == WORDS.split()
    in_place = f"/fragments{draft}?sujet=autre"
    enter(client, practice.stranger)
    assert ask_for(client, in_place).status_code == 404
    enter(client, practice.user)
    client.get(draft)
    client.submit(f'form[action="{draft}/envoi"]')
    assert ask_for(client, in_place).status_code == 404


def test_draft_changed_elsewhere_keeps_what_was_typed(client, practice) -> None:
    draft = begin(client, button=JOIN)
    client.get(f"{draft}/modifier")
    late = client.form(f'form[action="{draft}/modifier"]')
    client.submit(f'form[action="{draft}/modifier"]', message="Le premier onglet.")
    late.fill({"message": "Le second onglet."})
    page = client.send(late)
    assert client.answer.status_code == 422
    assert "dans un autre onglet" in page.text
    assert page.one("#message").text().strip() == "Le second onglet."
    client.submit(f'form[action="{draft}/modifier"]')
    assert "Le second onglet." in client.page.text


def test_words_typed_into_a_draft_that_was_sent_become_a_message_to_send(client, practice) -> None:
    draft = begin(client, button=JOIN)
    client.get(f"{draft}/modifier")
    late = client.form(f'form[action="{draft}/modifier"]')
    client.get(draft)
    client.submit(f'form[action="{draft}/envoi"]')
    late.fill({"message": "Ce que j’oubliais."})
    page = client.send(late)
    assert client.answer.status_code == 422
    assert "déjà envoyée" in page.text
    assert page.one("#message").text().strip() == "Ce que j’oubliais."


def test_draft_sent_twice_is_one_question_and_one_letter(client, practice) -> None:
    has_address(client, practice.user, "optique@exemple.example")
    draft = begin(client, button=JOIN)
    first, second = (client.form(f'form[action="{draft}/envoi"]') for _ in range(2))
    client.send(first)
    client.send(second)
    assert client.answer.status_code == 303
    found = [each.name for each in letters(client.services.database, client.services)]
    assert found.count("contact-received") == 1


def test_form_sent_twice_begins_one_thread(client, practice) -> None:
    fields = {"sujet": "autre", "titre": "Mes horaires", "message": WORDS}
    places = {send(client, NEW, fields, form_at=f"{NEW}?sujet=autre").headers["location"] for _ in range(2)}
    assert len(places) == 1
    other = send(client, NEW, fields | {"titre": "Autre"}, form_at=f"{NEW}?sujet=autre").headers["location"]
    assert other not in places


def test_same_words_on_another_invoice_are_another_thread(client, practice) -> None:
    for number in ("F1", "F2"):
        practice.invoice(number)
    fields = {"sujet": "facture", "message": WORDS}
    at = f"{NEW}?sujet=facture"
    places = {send(client, NEW, fields | {"factures": one}, form_at=at).headers["location"] for one in ("F1", "F2")}
    assert len(places) == 2


@pytest.mark.engines("sqlite", "postgresql")
def test_button_pressed_eight_times_at_once_asks_once(database, keyring) -> None:
    with database.write() as db:
        provider = factories.provider(db)
        account = factories.provider_account(db, keyring, provider_id=provider.id)
        viewer = factories.viewer_of(db, account)
    asked = Asked(Topic.OTHER, "Mes horaires", WORDS)

    def press(at: int) -> bool:
        try:
            with database.write() as db:
                (ask if at % 2 else keep_draft)(db, viewer, keyring, asked, utc_now())
        except SentAlready:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert 1 <= sum(threads.map(press, range(8))) <= 2
    with database.read() as db:
        assert len(db.exec(select(Case)).all()) == 1


def test_drafts_have_a_limit_and_the_typed_words_stay(client, practice, monkeypatch) -> None:
    monkeypatch.setattr("portal.data.contact.MOST_DRAFTS", 1)
    begin(client, button=JOIN)
    client.get(f"{NEW}?sujet=autre")
    fields = {"titre": "Un second", "message": "Encore une question."}
    client.submit(FORM, button=JOIN, **fields)
    assert client.answer.status_code == 422
    assert "vingt brouillons" in client.page.text
    assert "Encore une question." in client.page.one("#message").text()


def test_day_has_a_limit_and_the_typed_words_stay(client, practice, monkeypatch) -> None:
    monkeypatch.setattr("portal.pages.account.messages.MESSAGES", throttling.quota("messages", 1, throttling.DAY))
    begin(client)
    client.get(f"{NEW}?sujet=autre")
    client.submit(FORM, button=SEND, titre="Une autre", message="Encore une question.")
    assert client.answer.status_code == 422
    assert "Réessayez demain" in client.page.one("#message-erreur").text()
    assert "Encore une question." in client.page.one("#message").text()
    assert client.page.one("#titre").attributes["value"] == "Une autre"


# --- a session that ended ---


def test_words_sent_after_the_session_ended_are_given_back(client, practice) -> None:
    """R-10: nothing typed is lost, and nothing is kept."""
    leave(client)
    fields = {"sujet": "autre", "titre": "Mes horaires", "message": "Bonjour <b>vous</b>"}
    page = client.post(NEW, fields)
    assert client.answer.status_code == 401
    assert [area.text() for area in page.css("textarea")] == ["Mes horaires", "Bonjour <b>vous</b>"]
    assert page.one('main a.button[href="/connexion"]')
    assert case_of(client) is None


def test_reply_in_place_after_the_session_ended_leaves_the_words_in_their_page(client, practice) -> None:
    path = begin(client)
    leave(client)
    refused = client.http.post(
        f"/fragments{path}", data={"message": "Bonjour"}, headers=SAME_ORIGIN | {"HX-Request": "true"}
    )
    assert (refused.status_code, refused.text) == (401, "")
    assert "hx-redirect" not in refused.headers


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, {"message": "Écrit ailleurs"}),
        (SAME_ORIGIN, {}),
        (SAME_ORIGIN, {"mot-de-passe": "Secret-2026!"}),
    ],
    ids=["another site", "nothing", "a secret"],
)
def test_nothing_else_is_ever_shown_without_a_session(client, practice, headers, fields) -> None:
    leave(client)
    refused = client.http.post(NEW, data=fields, headers=headers, follow_redirects=False)
    assert refused.status_code == 303
    assert refused.headers["location"].startswith("/connexion")


# --- closing and reopening ---


def test_thread_is_closed_then_opened_again_by_a_message(client, practice, make) -> None:
    """R-41"""
    path = begin(client)
    desk_answers(client, make)
    client.get(path)
    client.submit(f'form[action="{path}/fin"]')
    assert "Cette conversation est close" in client.page.text
    assert client.page.first(f'form[action="{path}/fin"]') is None
    assert case_of(client).state == CaseState.CLOSED
    client.get(LIST)
    assert "Réponse à lire" in client.page.text
    client.get(path)
    client.submit(f'form[action="{path}"]', message="Le rejet est revenu.")
    assert case_of(client).state == CaseState.SENT
    assert "Cette conversation est close" not in client.page.text


def test_closing_twice_closes_once_and_a_draft_never(client, practice) -> None:
    path = begin(client)
    for _ in range(2):
        assert send(client, f"{path}/fin", form_at=path).status_code == 303
    draft = begin(client, button=JOIN, titre="Un brouillon")
    opaque = draft.rpartition("/")[2]
    answered = send(client, f"/messagerie/{opaque}/fin", form_at=draft)
    assert answered.status_code != 303 or case_of(client).is_draft
    assert case_of(client).is_draft


def test_desk_closes_a_conversation_and_no_other_case(client, practice, make) -> None:
    begin(client)
    desk_moves(client, make, CaseState.CLOSED)
    assert case_of(client).state == CaseState.CLOSED
    account = make(factories.desk_account)
    with client.services.database.write() as db:
        agent = factories.viewer_of(db, account)
        case = Case(reference="D-ESSAI", kind=CaseKind.COMPLAINT, space="adherent", state=CaseState.SENT)
        case.opened_at = case.changed_at = utc_now()
        db.add(case)
        db.flush()
        with pytest.raises(WrongState):
            move_by_desk(db, agent, client.services.keyring, case, CaseState.CLOSED, "", utc_now())


# --- letters ---


def test_answer_is_told_to_those_who_took_part_and_to_nobody_else(client, practice, make) -> None:
    """R-41: the practice learns that an answer waits, not which."""
    has_address(client, practice.user, "optique@exemple.example")
    has_address(client, practice.colleague, "collegue@exemple.example")
    has_address(client, practice.stranger, "autre@exemple.example")
    path = begin(client)
    desk_answers(client, make, "Votre patiente Untelle est couverte.")
    assert news_to(client) == ["optique@exemple.example"]
    enter(client, practice.colleague)
    client.get(path)
    client.submit(f'form[action="{path}"]', message="Je prends la suite.")
    desk_answers(client, make)
    assert sorted(news_to(client)) == ["collegue@exemple.example", *["optique@exemple.example"] * 2]
    assert all("Untelle" not in each.text for each in letters(client.services.database, client.services))


def test_answer_reaches_the_holder_when_its_author_has_left(client, practice, make) -> None:
    has_address(client, practice.user, "optique@exemple.example")
    has_address(client, practice.colleague, "collegue@exemple.example")
    enter(client, practice.colleague)
    begin(client)
    with client.services.database.write() as db:
        db.execute(
            text("INSERT INTO account_closing (account_id, reason, closed_at) VALUES (:id, '', :now)"),
            {"id": practice.colleague.id, "now": "2026-01-01 00:00:00"},
        )
    desk_answers(client, make)
    assert news_to(client) == ["optique@exemple.example"]


def news_to(client) -> list[str]:
    return [each.to for each in letters(client.services.database, client.services) if each.name == "case-news"]


# --- after the agreement ---


@pytest.fixture
def ended(client, practice):
    with client.services.database.write() as db:
        past = today() - timedelta(days=100)
        db.add(Agreement(number="C1", provider_id=practice.mine.id, starts_on=factories.COVERED_SINCE, ends_on=past))
    enter(client, practice.user)
    return practice


def test_words_about_a_subject_no_longer_offered_are_given_back(client, ended) -> None:
    """R-10, R-64: the agreement may end while somebody writes about rights."""
    fields = {"sujet": "droits", "engagement": ENGAGEMENT, "message": WORDS}
    answered = send(client, NEW, fields, form_at=f"{NEW}?sujet=autre")
    assert answered.status_code == 422
    assert all(each in answered.text for each in ("Ce que vous aviez écrit", "pourquoi ce rejet."))
    assert case_of(client) is None


def test_practice_whose_agreement_ended_reads_and_writes_but_asks_nothing_new_of_rights(client, ended) -> None:
    """R-64"""
    check_of(client, ended)
    begin(client)
    assert client.page.one("h1").text().strip() == "Mes horaires"
    client.get(NEW)
    assert f"{NEW}?sujet=droits" not in [link.attributes["href"] for link in client.page.css("#sujets a")]
    fields = {"sujet": "droits", "engagement": ENGAGEMENT, "message": WORDS}
    assert send(client, NEW, fields, form_at=NEW).status_code == 422


def test_draft_on_rights_is_not_sent_once_the_agreement_has_ended(client, practice) -> None:
    """R-64"""
    check_of(client, practice)
    draft = begin(client, "droits", button=JOIN, engagement=ENGAGEMENT)
    with client.services.database.write() as db:
        past = today() - timedelta(days=1)
        db.add(Agreement(number="C1", provider_id=practice.mine.id, starts_on=factories.COVERED_SINCE, ends_on=past))
    client.get(draft)
    client.submit(f'form[action="{draft}/envoi"]')
    assert client.answer.status_code == 422
    assert "ne vous est plus proposé" in client.page.text
    assert case_of(client).is_draft


# --- what is kept ---


def test_practice_keeps_what_was_said_for_it_when_its_author_is_erased(client, practice, make) -> None:
    """R-66: the name goes; what is the author's alone goes too."""
    enter(client, practice.colleague)
    path = begin(client, titre="Pour la structure", message="Une question du service.")
    begin(client, "espace_en_ligne", titre="Pour moi seul", message="Mon compte.")
    with client.services.database.write() as db:
        now = utc_now()
        erasing = AccountDeletion(account_id=practice.colleague.id, confirmed_at=now, erase_after=now)
        db.add(erasing)
        db.flush()
        assert erase_account(db, erasing.id, now + timedelta(days=1))
        kept = [client.services.keyring.decrypt(row.text_encrypted) for row in db.exec(select(CaseMessage))]
    assert kept == ["Une question du service."]
    enter(client, practice.user)
    client.get(path)
    talk = client.page.one(".talk").text()
    assert "Une question du service." in talk
    assert "Un ancien utilisateur" in talk
    assert practice.colleague.display_name not in talk


def test_words_titles_and_details_are_never_stored_in_the_clear(client, practice) -> None:
    begin(client)
    with client.services.database.read() as db:
        thread, message = db.exec(select(MessageThread)).one(), db.exec(select(CaseMessage)).one()
    assert b"horaires" not in thread.subject_encrypted
    assert b"rejet" not in message.text_encrypted


@pytest.mark.parametrize("state", ["repondue", "close"])
def test_question_taken_up_again_is_not_late_at_once(client, practice, make, state) -> None:
    """R-41: the answer to new words is due anew; the page says so at once, which a swap of the words alone cannot."""
    path = begin(client)
    desk_answers(client, make)
    with client.services.database.write() as db:
        db.get_one(Case, case_of(client).id).due_at = utc_now() - timedelta(days=9)
    client.get(path)
    if state == "close":
        client.submit(f'form[action="{path}/fin"]')
    assert case_of(client).state == state
    assert client.get(path).first("#conversation form[hx-post]") is None
    client.submit(f'form[action="{path}"]', message="Et pour le suivant")
    assert "Notre réponse est en retard" not in client.get(path).text
    due_at = case_of(client).due_at
    assert due_at is None or due_at > utc_now()
    assert client.page.first("#conversation form[hx-post]") is not None


def test_late_answer_is_told_to_whoever_waits(client, practice) -> None:
    path = begin(client)
    with client.services.database.write() as db:
        db.exec(select(Case)).one().due_at = datetime(2026, 1, 1, tzinfo=UTC)
    client.get(path)
    assert "Notre réponse est en retard" in client.page.text
    client.get(LIST)
    assert "Réponse en retard" in client.page.text


def test_older_threads_follow_by_key(client, practice, monkeypatch) -> None:
    monkeypatch.setattr("portal.data.contact_list.PAGE", 2)
    monkeypatch.setattr("portal.pages.provider.contact.PAGE", 2)
    for at in range(5):
        begin(client, titre=f"Question {at}")
    client.get(LIST)
    seen = []
    while True:
        seen += re.findall(r"Question (\d)", client.page.one("ul.rows").text())
        link = client.page.first("#suite a")
        if link is None:
            break
        client.get(link.attributes["href"])
    assert seen == ["4", "3", "2", "1", "0"]


def test_roles_and_standings_are_offered_what_is_theirs(client, practice) -> None:
    """R-72"""
    with client.services.database.write() as db:
        signatory, staff = (factories.viewer_of(db, one) for one in (practice.user, practice.colleague))
    assert set(topics_for(signatory)) - set(topics_for(staff)) == {Topic.AGREEMENT}
    assert staff.role == Role.PROVIDER_STAFF


def test_references_are_resolved_among_the_practice_s_own(client, practice) -> None:
    """R-62: a number that two practices use leads each to its own."""
    practice.invoice("F1", of=practice.theirs)
    mine = practice.invoice("F1")
    begin(client, "facture", factures="F1")
    assert client.page.one(f'.defs a[href="/professionnel/factures/{practice.name(INVOICE, mine)}"]')
