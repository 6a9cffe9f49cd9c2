"""A practice contests an invoice, follows it, takes it back; the desk answers (R-40, R-51, R-62, R-72)."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from PIL import Image
from sqlalchemy import text

from portal.data.case_desk import answer, move_by_desk
from portal.data.cases import Case, CaseState
from portal.data.columns import utc_now
from portal.data.invoice_dispute_desk import grant_dispute, refuse_dispute
from portal.data.invoice_disputes import Motive
from portal.data.invoice_disputing import AlreadyContested, Said, send_dispute, start_dispute
from portal.data.invoices import InvoiceState
from portal.formatting import short_date
from portal.pages.account.pieces import CASE
from tests.support import factories
from tests.support.canaries import legible
from tests.support.disputes import (
    DISPUTES,
    INVOICES,
    PARTLY,
    REFUSED,
    TEXT,
    at_desk,
    begun,
    contest,
    late,
    newest,
    sent,
    sheet,
    stored,
)
from tests.support.entry import SAME_ORIGIN, ask, enter, send, token_in
from tests.support.evidence_rows import Evidence
from tests.support.mail import letters

SECRET = "ordonnance du 2 mars"


def photo() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(buffer, "JPEG")
    return buffer.getvalue()


def plain(client, path: str) -> str:
    client.get(path)
    return re.sub(r"[\s\u00a0\u202f]+", " ", client.answer.text)


def numbers(client, query: str) -> list[str]:
    client.get(f"{INVOICES}?{query}")
    return [node.text() for node in client.page.css("tbody th a")]


def news(client) -> list:
    return [each for each in letters(client.services.database, client.services) if each.name != "new-sign-in"]


@pytest.fixture
def mailed(client, practice, give_address):
    """The signed-in user has an address to write to."""
    give_address(practice.user)


def test_practice_contests_a_rejection_and_reads_what_it_sent_before_sending_it(client, practice) -> None:
    """R-40: the recapitulation, then the state in the page, the list, its filter and its files."""
    made = practice.invoice("F1", **REFUSED)
    client.get(sheet(practice, made))
    client.click("Contester")
    assert client.path == contest(practice, made)
    client.submit('main form[method="post"]', texte=TEXT)
    draft = client.path
    assert all(each in client.answer.text for each in (SECRET, "Libellé R04", "Étape 2 sur 2"))
    assert numbers(client, "etat=rejetee") == ["F1"]  # nothing is contested before it is sent
    client.get(draft)
    client.submit(f'form[action="{draft}/envoi"]')
    assert client.path == draft
    case = newest(client)
    assert case.state == CaseState.SENT
    assert case.reference in client.answer.text
    assert numbers(client, "etat=contestee") == ["F1"]
    assert client.page.css("td[data-label=État]")[0].text().strip() == "Contestée"
    assert numbers(client, "etat=rejetee") == []
    client.get(f"{INVOICES}/export.csv", audit=False)
    assert "Contestée" in client.answer.content.decode("utf-8-sig")
    assert "Cette facture est contestée" in plain(client, sheet(practice, made))
    assert client.page.css(f'a[href="{draft}"]')
    assert not client.page.css(f'a[href="{contest(practice, made)}"]')


def test_acknowledgement_says_the_days_and_nothing_of_the_invoice(client, practice, mailed) -> None:
    """R-40, R-51: twenty days by the agreement; the same day in the page and in the letter."""
    sent(client, practice, practice.invoice("F-SECRET", **REFUSED))
    (letter,) = news(client)
    case, due = newest(client), practice.today + timedelta(days=20)
    assert letter.name == "invoice-dispute-received"
    assert case.reference in letter.text
    assert case.due_at.date() == due
    assert short_date(due) in letter.text or f"{due.day} " in letter.text
    assert not any(each in letter.text for each in ("F-SECRET", SECRET, "Zoé"))
    assert f'datetime="{due.isoformat()}"' in client.answer.text


@pytest.mark.parametrize(
    ("values", "paid", "motives"),
    [
        (REFUSED, 0, ["rejet"]),
        (PARTLY, 5_000, ["paiement_partiel"]),
        (PARTLY, 0, ["paiement_partiel", "absence_de_paiement"]),
        ({"state": InvoiceState.PAID, "accepted_cents": 5_000}, 5_000, ["montant"]),
        ({"state": InvoiceState.PAID}, 7_500, ["montant", "absence_de_paiement"]),
        ({"state": InvoiceState.PAID}, 8_000, []),
        ({"state": InvoiceState.RECEIVED, "accepted_cents": 0}, 0, ["absence_de_paiement"]),
        ({"state": InvoiceState.CANCELLED, "accepted_cents": 0}, 0, []),
        ({"state": InvoiceState.CONTESTED, "accepted_cents": 0}, 0, []),
        ({"state": InvoiceState.PIECE_DUE, "accepted_cents": 0}, 0, []),
    ],
)
def test_form_offers_the_motives_that_fit_the_invoice_and_no_other(client, practice, values, paid, motives) -> None:
    """R-40: also to whoever posts another one."""
    made = practice.invoice("F1", **values)
    if paid:
        practice.pay(("F1", made, paid))
    client.get(contest(practice, made))
    page = client.page
    offered = [node.attributes["value"] for node in page.css("input[name=motif]")]
    assert offered == motives
    assert bool(page.css("#montant")) is (motives in (["montant"], ["paiement_partiel"]))
    assert bool(page.css("#verifie")) is (motives == ["absence_de_paiement"])
    for motive in {"rejet", "paiement_partiel", "montant", "absence_de_paiement", "autre"} - {*motives}:
        fields = {"motif": motive, "texte": TEXT, "montant": "60", "verifie": practice.today.isoformat()}
        assert send(client, contest(practice, made), fields, form_at=contest(practice, made)).status_code == 422
    assert newest(client) is None


def test_practice_chooses_among_motives_and_gets_the_fields_of_that_one(client, practice) -> None:
    """R-40: without scripts."""
    made = practice.invoice("F1", **PARTLY)
    client.get(contest(practice, made))
    client.submit('main form[method="get"]', motif="absence_de_paiement")
    assert client.page.css("#verifie")
    assert not client.page.css("#montant")
    client.click("Changer de motif")
    client.submit('main form[method="get"]', motif="paiement_partiel")
    client.submit('main form[method="post"]', montant="60,00", texte=TEXT)
    assert "60,00\u00a0€" in client.answer.text


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"montant": "50"}, ["montant"]),
        ({"montant": "80,01"}, ["montant"]),
        ({"montant": "tout"}, ["montant"]),
        ({"montant": ""}, ["montant"]),
        ({"montant": "-60"}, ["montant"]),
        ({"texte": "court"}, ["texte"]),
        ({"texte": "x" * 5001}, ["texte"]),
        ({"montant": "", "texte": ""}, ["montant", "texte"]),
    ],
)
def test_practice_is_told_what_is_wrong_and_loses_nothing(client, practice, fields, wrong) -> None:
    """R-10: more than what was paid, no more than what was asked."""
    made = practice.invoice("F1", **PARTLY)
    practice.pay(("F1", made, 5_000))
    client.get(contest(practice, made))
    client.submit('main form[method="post"]', **({"montant": "60", "texte": TEXT} | fields))
    assert client.status == 422
    assert [node.attributes["href"] for node in client.page.css("#erreurs a")] == [f"#{name}" for name in wrong]
    assert client.page.one("#montant").attributes["value"] == fields.get("montant", "60")
    assert newest(client) is None


@pytest.mark.parametrize("days", [-1, 11, None])
def test_practice_that_misses_a_payment_says_until_when_it_looked(client, practice, days) -> None:
    """R-40: not tomorrow, and not before the invoice arrived."""
    made = late(practice)
    day = "" if days is None else (practice.today - timedelta(days=days)).isoformat()
    client.get(contest(practice, made))
    client.submit('main form[method="post"]', verifie=day, texte=TEXT)
    assert client.status == 422
    assert client.page.css('#erreurs a[href="#verifie"]')
    client.submit('main form[method="post"]', verifie=practice.today.isoformat(), texte=TEXT)
    assert client.path.startswith(DISPUTES)


def test_hostile_words_and_numbers_are_shown_as_text(client, practice) -> None:
    """R-62"""
    made = practice.invoice("<img src=x onerror=1>&", patient="<b>Zoé</b>", **REFUSED)
    path = sent(client, practice, made, texte="<script>alert(1)</script>\n& \u202e fin")
    for page in (path, DISPUTES, sheet(practice, made)):
        client.get(page)
        assert not any(each in client.answer.text for each in ("<script>alert", "<img src=x", "<b>Zoé"))


def test_invoice_or_dispute_of_another_practice_is_not_found(client, practice) -> None:
    """R-40, D3: reading and writing; nor is a colleague's dispute, of which the colleague reads that it exists."""
    made = practice.invoice("F1", **REFUSED)
    path = sent(client, practice, made)
    for who in (practice.stranger, practice.colleague):
        enter(client, who)
        for page in (path, f"{path}/pdf", f"{path}/modifier", f"{DISPUTES}?apres={path.rpartition('/')[2]}"):
            assert ask(client, page).status_code == 404
        for act in ("envoi", "message", "retrait", "suppression", "modifier"):
            fields = {"version": "2", "message": "Bonjour", "motif": "rejet", "texte": TEXT}
            assert send(client, f"{path}/{act}", fields, form_at=INVOICES).status_code == 404
    client.get(sheet(practice, made))
    assert newest(client).reference in client.answer.text
    assert path not in client.answer.text
    enter(client, practice.stranger)
    assert ask(client, contest(practice, made)).status_code == 404
    assert send(client, contest(practice, made), {"texte": TEXT}, form_at=INVOICES).status_code == 404


def test_invoice_is_contested_once_at_a_time_by_whoever_sends_first(client, practice) -> None:
    """R-40: two users have drafts; the second one to send is told, and may not begin another."""
    made = practice.invoice("F1", **REFUSED)
    begun(client, practice, made)
    mine = newest(client)
    enter(client, practice.colleague)
    sent(client, practice, made)
    enter(client, practice.user)
    name = client.services.keyring.conceal(CASE, [mine.id])[0]
    client.get(f"{DISPUTES}/{name}")
    client.submit(f'form[action="{DISPUTES}/{name}/envoi"]')
    assert client.status == 422
    assert "déjà contestée" in client.answer.text
    client.submit(f'form[action="{DISPUTES}/{name}/suppression"]')
    assert "Elle est déjà contestée" in plain(client, contest(practice, made))
    fields = {"motif": "rejet", "texte": TEXT}
    assert send(client, contest(practice, made), fields, form_at=INVOICES).status_code == 422


def test_two_users_who_send_at_once_make_one_dispute(client, practice) -> None:
    """R-40: the invoice's row is what the second one waits for."""
    made = practice.invoice("F1", **REFUSED)
    drafts = []
    for who in (practice.user, practice.colleague):
        enter(client, who)
        begun(client, practice, made)
        with client.services.database.write() as db:
            drafts.append((newest(client).id, factories.viewer_of(db, who)))
    together = Barrier(2)

    def send_one(draft) -> bool:
        together.wait()
        try:
            with client.services.database.write() as db:
                return send_dispute(db, draft[1], draft[0], 1, utc_now()) is not None
        except AlreadyContested:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send_one, drafts)) == [False, True]


def test_same_invoice_contested_again_goes_on_with_the_draft(client, practice) -> None:
    """R-40: one draft of each user and invoice."""
    made = practice.invoice("F1", **REFUSED)
    path = begun(client, practice, made)
    assert ask(client, contest(practice, made)).headers["location"] == path
    fields = {"motif": "rejet", "texte": "Une autre explication, plus claire."}
    assert send(client, contest(practice, made), fields, form_at=path).headers["location"] == path
    assert "plus claire" in plain(client, path)
    client.get(sheet(practice, made))
    client.click("Reprendre votre contestation")
    assert client.path == path


def test_draft_is_changed_then_deleted_with_its_files(client, practice) -> None:
    """R-40"""
    path = begun(client, practice, practice.invoice("F1", **REFUSED))
    client.get(f"{path}/modifier")
    client.submit('main form[method="post"]', texte="Autre chose, plus clair.")
    assert "Autre chose" in client.answer.text
    client.submit(f'form[action="{path}/suppression"]')
    assert client.path == DISPUTES
    with client.services.database.read() as db:
        assert db.execute(text("SELECT count(*) FROM invoice_dispute")).scalar_one() == 0
    assert ask(client, path).status_code == 404


def test_draft_changed_elsewhere_keeps_what_was_typed_here(client, practice) -> None:
    """R-10: then what was sent changes no more."""
    path = begun(client, practice, practice.invoice("F1", **REFUSED))
    fields = {"version": "1", "motif": "rejet", "texte": "Écrit dans le second onglet."}
    client.get(f"{path}/modifier")
    client.submit('main form[method="post"]', texte="Écrit dans le premier onglet.")
    again = send(client, f"{path}/modifier", fields, form_at=path)
    assert again.status_code == 422
    assert "Écrit dans le second onglet." in again.text
    client.get(path)
    client.submit(f'form[action="{path}/envoi"]')
    again = send(client, f"{path}/modifier", fields | {"version": "2"}, form_at=path)
    assert (again.status_code, "Écrit dans le second onglet." in again.text) == (422, True)
    assert send(client, f"{path}/suppression", form_at=path).status_code == 422
    assert send(client, f"{path}/envoi", {"version": "3"}, form_at=path).status_code == 422


def test_invoice_paid_meanwhile_is_contested_no_more(client, practice) -> None:
    """R-40: what an import changed between the draft and its sending counts."""
    made = practice.invoice("F1", **REFUSED)
    path = begun(client, practice, made)
    with client.services.database.write() as db:
        row = db.merge(made)
        row.state, row.accepted_cents, row.reject_code = InvoiceState.PAID, 8_000, ""
    practice.pay(("F1", made, 8_000))
    client.get(path)
    client.submit(f'form[action="{path}/envoi"]')
    assert client.status == 422
    assert "ne s’y applique plus" in client.answer.text
    assert newest(client).is_draft


def test_author_takes_a_dispute_back_and_may_make_another(client, practice) -> None:
    """R-40: the invoice stands again where it stood."""
    made = practice.invoice("F1", **REFUSED)
    path = sent(client, practice, made)
    client.submit(f'form[action="{path}/retrait"]')
    assert newest(client).state == CaseState.CANCELLED
    assert numbers(client, "etat=rejetee") == ["F1"]
    assert send(client, f"{path}/retrait", {"version": "9"}, form_at=path).status_code == 422
    assert sent(client, practice, made) != path
    assert "Contestation retirée" in plain(client, sheet(practice, made))


def test_dispute_that_is_granted_puts_the_invoice_back_to_payment(client, practice, mailed) -> None:
    """R-40: the rejection is lifted, the history tells it, the author gets a letter that says nothing of it."""
    made = practice.invoice("F1", **REFUSED)
    path = sent(client, practice, made)
    at_desk(client, lambda db, who, keys, case, now: grant_dispute(db, who, keys, case, 8_000, "Pièce reçue.", now))
    row = stored(client, made)
    assert (row.state, row.accepted_cents, row.reject_code) == (InvoiceState.PAYING, 8_000, "")
    assert newest(client).state == CaseState.ACCEPTED
    page = plain(client, path)
    assert all(each in page for each in ("80,00 €", "Pièce reçue.", "repart en paiement", "Libellé R04"))
    assert numbers(client, "etat=mise_en_paiement") == ["F1"]
    history = plain(client, sheet(practice, made))
    assert history.index("Rejetée") < history.index("Mise en paiement</strong>")
    assert [each.name for each in news(client)] == ["invoice-dispute-received", "case-news"]
    assert "Pièce reçue" not in news(client)[-1].text


def test_invoice_put_back_to_payment_is_late_only_once_the_delay_has_passed_again(client, practice) -> None:
    """R-40: of an old invoice, the page of the answer and that of the invoice must not contradict each other."""
    made = practice.invoice("F1", **REFUSED)
    sent(client, practice, made)
    at_desk(client, lambda db, who, keys, case, now: grant_dispute(db, who, keys, case, 8_000, "", now))
    for days, is_late in ((0, False), (7, False), (8, True)):
        with client.services.database.write() as db:
            db.get_one(Case, newest(client).id).decided_at = utc_now() - timedelta(days=days)
        assert numbers(client, "etat=en-retard") == (["F1"] if is_late else [])
        assert ("Paiement en retard" in plain(client, sheet(practice, made))) is is_late
        client.get(INVOICES)
        assert ("En retard</span>" in client.page.one("tbody").html) is is_late


def test_contested_rejection_is_not_to_be_corrected_and_sent_again(client, practice) -> None:
    """R-40: one thing to do at a time; the reason of the rejection stays."""
    made = practice.invoice("F1", **REFUSED)
    sent(client, practice, made)
    page = plain(client, sheet(practice, made))
    assert all(each in page for each in ("Cette facture est contestée", "Libellé R04", "nous étudions"))
    assert not any(each in page for each in ("À faire R04", "peut être renvoyée"))


def test_dispute_that_is_refused_says_why_and_leaves_the_invoice(client, practice) -> None:
    """R-40"""
    made = practice.invoice("F1", **REFUSED)
    path = sent(client, practice, made)
    at_desk(client, lambda db, who, keys, case, now: refuse_dispute(db, who, keys, case, "Ordonnance expirée.", now))
    assert stored(client, made).state == InvoiceState.REJECTED
    assert "Ordonnance expirée." in plain(client, path)
    client.get(sheet(practice, made))
    client.click("Contester")
    assert client.page.css("#texte")


def test_practice_and_desk_write_to_each_other_until_the_end(client, practice) -> None:
    """R-40, R-80: an answer of the desk's waits for the author, whose words give it back."""
    path = sent(client, practice, practice.invoice("F1", **REFUSED))
    at_desk(client, lambda db, who, keys, case, now: answer(db, who, keys, case, "Quel jour\u00a0?", now))
    client.get(path)
    assert "Quel jour" in client.answer.text
    client.submit(f'form[action="{path}/message"]', message="Le 2 mars.")
    assert newest(client).state == CaseState.SENT
    client.submit(f'form[action="{path}/message"]', message="")
    assert client.status == 422
    at_desk(client, lambda db, who, keys, case, now: refuse_dispute(db, who, keys, case, "Non.", now))
    late_words = send(client, f"{path}/message", {"message": "Encore."}, form_at=path)
    assert (late_words.status_code, "Encore." in late_words.text) == (422, True)


def test_late_answer_is_told_with_what_to_do(client, practice) -> None:
    """R-40: the agreement's delay has passed."""
    path = sent(client, practice, practice.invoice("F1", **REFUSED))
    with client.services.database.write() as db:
        case = db.get_one(Case, newest(client).id)
        case.due_at = case.due_at - timedelta(days=21)
    assert "relancez-nous" in plain(client, path)
    assert "En retard" in client.answer.text


def test_file_of_a_dispute_holds_what_the_page_shows(client, practice) -> None:
    """R-40: PDF/UA-1."""
    made = practice.invoice("F1", **PARTLY)
    practice.pay(("F1", made, 5_000))
    path = sent(client, practice, made, montant="60,00")
    client.submit(f'form[action="{path}/message"]', message="Voici le détail.")
    client.get(f"{path}/pdf", audit=False)
    told = re.sub(r"\s+", " ", legible(client.answer.content, "application/pdf"))
    assert b"pdfuaid" in client.answer.content
    assert all(each in told for each in (newest(client).reference, "60,00 €", "F1", SECRET, "Voici le détail."))


def test_files_are_joined_before_the_sending_and_after_it(client, practice) -> None:
    """R-40: the pieces of any case; what the insurer has received stays."""
    path = begun(client, practice, practice.invoice("F1", **REFUSED))
    name = path.rpartition("/")[2]
    for step in ("draft", "sent"):
        fields = {"jeton": token_in(ask(client, path))}
        files = [("fichier", ("ordonnance.jpg", photo(), "image/jpeg"))]
        answered = client.http.post(
            f"/dossiers/{name}/pieces/pieces", data=fields, files=files, headers=SAME_ORIGIN, follow_redirects=False
        )
        assert answered.status_code == 303
        client.get(path)
        assert client.answer.text.count("ordonnance.jpg</a>") == (1 if step == "draft" else 2)
        if step == "draft":
            client.submit(f'form[action="{path}/envoi"]')
    assert not client.page.css('form[action$="/retirer"]')


def test_disputes_are_listed_by_key_each_once(client, practice) -> None:
    """R-62: the newest first, and none of the colleague's."""
    assert "Aucune contestation" in plain(client, DISPUTES)
    for who, count in ((practice.user, 27), (practice.colleague, 1)):
        with client.services.database.write() as db:
            viewer = factories.viewer_of(db, who)
        for at in range(count):
            made = practice.invoice(f"F{viewer.account_id}-{at:02}", **REFUSED)
            with client.services.database.write() as db:
                case, _ = start_dispute(db, viewer, practice.keyring, made.id, Said(Motive.REJECTED, TEXT), utc_now())
                if at < 10:
                    send_dispute(db, viewer, case.id, case.version, utc_now())
    client.get(DISPUTES)
    shown = [node.text()[-2:] for node in client.page.css(".rows a")]
    client.get(client.page.one("#suite a").attributes["href"])
    shown += [node.text()[-2:] for node in client.page.css(".rows a")]
    assert shown == [f"{at:02}" for at in reversed(range(27))]


@pytest.mark.parametrize("role", ["employer_account", "desk_account"])
def test_other_spaces_never_contest_invoices(client, practice, make, role) -> None:
    """R-72"""
    enter(client, make(getattr(factories, role)))
    for path in (DISPUTES, contest(practice, practice.invoice("F1", **REFUSED))):
        assert ask(client, path).status_code == 403


def test_evidence_tells_each_act_and_whom_it_was_about_and_never_the_words(client, practice) -> None:
    """R-51"""
    made = practice.invoice("F1", person=practice.person.id, **REFUSED)
    evidence = Evidence(client)
    path = sent(client, practice, made)
    client.submit(f'form[action="{path}/message"]', message="Encore un mot.")
    client.submit(f'form[action="{path}/retrait"]')
    rows = evidence.fresh()
    told = [row.action for row in rows if row.action.startswith("case.") and row.action != "case.read"]
    assert told == ["case.opened", "case.sent", "case.message-sent", "case.cancelled"]
    reads = [row.details.get("persons") for row in rows if row.action == "case.read"]
    assert reads
    assert all(persons == [practice.person.id] for persons in reads)
    assert not any(SECRET in str(row.details) for row in rows)


def test_desk_moves_a_dispute_into_review_and_its_author_reads_it(client, practice) -> None:
    """R-40"""
    path = sent(client, practice, practice.invoice("F1", **REFUSED))
    at_desk(client, lambda db, who, keys, case, now: move_by_desk(db, who, keys, case, CaseState.IN_REVIEW, "", now))
    assert "En cours d’étude" in plain(client, path)
