"""Complaints from the first word to the mediator, with an account (R-26, R-50, R-51, R-72)."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pikepdf
import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.data.case_desk import lock_for_desk
from portal.data.cases import Case, CaseState, WrongState
from portal.data.columns import utc_now
from portal.data.complaint_rules import Outcome
from portal.data.complaints import (
    Category,
    Complaint,
    Said,
    acknowledge,
    answer_complaint,
    complaints_of,
    start_complaint,
)
from portal.data.persons import Person
from portal.formatting import day_in_france, today
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, send, token_in
from tests.support.html import Html
from tests.support.mail import letters

LIST, NEW = "/adherent/reclamations", "/adherent/reclamations/nouvelle"
TEXT = "Bonjour,\nmon remboursement est trop faible, de dix-huit euros."

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def anne(client, make, give_address):
    account = make(factories.member_with_account)[1]
    give_address(account)
    enter(client, account)
    return account


@pytest.fixture
def agent(client, make):
    account = make(factories.desk_account)
    with client.services.database.write() as db:
        return factories.viewer_of(db, account)


def draft(client, words: str = TEXT, **more: str) -> str:
    client.get(NEW)
    client.submit(f'form[action="{NEW}"]', sujet="remboursement", texte=words, **more)
    return client.path


def sent(client) -> str:
    path = draft(client)
    client.submit(f'form[action="{path}/envoi"]')
    return path


def row(client) -> tuple[Case, Complaint]:
    with client.services.database.read() as db:
        return _row(db)


def _row(db):
    case = db.exec(select(Case).order_by(Case.id.desc())).first()
    return case, db.get(Complaint, case.id)


def at_desk(client, agent, act) -> None:
    keyring = client.services.keyring
    with client.services.database.write() as db:
        case, _ = _row(db)
        act(db, agent, keyring, lock_for_desk(db, agent, case.id, case.version))


def acts(client) -> list[str]:
    client.services.journal.flush()
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT action FROM evidence WHERE action LIKE 'case.%' ORDER BY seq")).scalars()
        return [action for action in rows if action != "case.read"]


class TestMember:
    @pytest.fixture(autouse=True)
    def signed_in(self, anne) -> None:
        self.anne = anne

    def test_written_checked_sent_and_followed(self, client) -> None:
        client.get(LIST)
        assert "Aucune réclamation" in client.page.text
        path = draft(client)
        assert "mon remboursement est trop faible" in client.page.text
        client.submit(f'form[action="{path}/envoi"]')
        assert "Accusé de réception" in client.page.text
        case, _ = row(client)
        assert case.state == CaseState.SENT
        assert acts(client) == ["case.opened", "case.sent"]
        client.get(LIST)
        assert case.reference in client.page.text

    def test_copy_by_email_says_the_days_and_nothing_of_the_text(self, client) -> None:
        sent(client)
        (letter,) = letters(client.services.database, client.services)
        assert (letter.name, letter.to) == ("complaint-received", "anne@exemple.example")
        case, _ = row(client)
        assert case.reference in letter.text
        assert "remboursement est trop faible" not in letter.text

    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"sujet": "", "texte": TEXT}, "sujet"),
            ({"sujet": "autre-chose", "texte": TEXT}, "sujet"),
            ({"sujet": "delai", "texte": "court"}, "texte"),
            ({"sujet": "delai", "texte": "x" * 5001}, "texte"),
            ({"sujet": "delai", "texte": TEXT, "contrat": "x"}, "contrat"),
        ],
    )
    def test_what_is_wrong_is_told_and_nothing_is_lost(self, client, fields, name) -> None:
        answer = send(client, NEW, fields, form_at=NEW)
        assert answer.status_code == 422
        assert f'id="{name}-erreur"' in answer.text
        assert fields["texte"].split("\n")[0] in answer.text

    def test_hostile_text_is_shown_as_text(self, client) -> None:
        path = draft(client, "<script>alert(1)</script>\n& <b>gras</b> \u202e réclamation")
        client.submit(f'form[action="{path}/envoi"]')
        assert "<script>alert(1)</script>" in client.page.one("main").text()
        assert "<script>alert" not in client.answer.text

    def test_draft_is_changed_then_deleted_with_its_files(self, client) -> None:
        path = draft(client)
        client.get(f"{path}/modifier")
        client.submit(f'form[action="{path}/modifier"]', texte="Autre chose, plus clair.")
        assert "Autre chose" in client.page.text
        client.submit(f'form[action="{path}/suppression"]')
        assert client.path == LIST
        assert acts(client)[-1] == "case.deleted"
        with client.services.database.read() as db:
            assert db.execute(text("SELECT count(*) FROM complaint")).scalar_one() == 0

    def test_same_draft_sent_from_two_tabs_is_received_once(self, client) -> None:
        path = draft(client)
        fields = {"version": "1", "jeton": token_in(ask(client, path))}
        first = client.http.post(f"{path}/envoi", data=fields, headers=SAME_ORIGIN, follow_redirects=False)
        second = client.http.post(f"{path}/envoi", data=fields, headers=SAME_ORIGIN, follow_redirects=False)
        assert (first.status_code, second.status_code) == (303, 422)
        assert "reçue qu’une fois" in second.text
        assert len(letters(client.services.database, client.services)) == 1

    def test_form_sent_three_times_is_one_draft_then_leads_to_what_was_sent(self, client) -> None:
        fields = {"sujet": "remboursement", "texte": TEXT}
        token = token_in(ask(client, NEW))
        given = {"data": fields | {"jeton": token}, "headers": SAME_ORIGIN, "follow_redirects": False}
        (path,) = {client.http.post(NEW, **given).headers["location"] for _ in range(3)}
        assert acts(client) == ["case.opened"]
        client.get(path)
        client.submit(f'form[action="{path}/envoi"]')
        assert client.http.post(NEW, **given).headers["location"] == path
        other = {"data": fields | {"jeton": token, "sujet": "delai"}, "headers": SAME_ORIGIN, "follow_redirects": False}
        assert client.http.post(NEW, **other).headers["location"] != path

    def test_acknowledged_complaint_is_not_sent_again(self, client, agent) -> None:
        path = sent(client)
        at_desk(client, agent, lambda db, who, keys, case: acknowledge(db, who, keys, case, "Bien reçue.", utc_now()))
        seen = row(client)[0]
        again = send(client, f"{path}/envoi", {"version": str(seen.version)}, form_at=path)
        assert (again.status_code, "reçue qu’une fois" in again.text) == (422, True)
        assert row(client)[0].state == CaseState.IN_REVIEW
        copies = [one.name for one in letters(client.services.database, client.services)]
        assert copies.count("complaint-received") == 1

    def test_draft_changed_elsewhere_keeps_what_was_typed_here(self, client) -> None:
        path = draft(client)
        stale = token_in(ask(client, f"{path}/modifier"))
        client.get(f"{path}/modifier")
        client.submit(f'form[action="{path}/modifier"]', texte="Écrit dans le premier onglet.")
        fields = {"version": "1", "jeton": stale, "sujet": "delai", "texte": "Écrit dans le second onglet."}
        answer = client.http.post(f"{path}/modifier", data=fields, headers=SAME_ORIGIN, follow_redirects=False)
        assert answer.status_code == 422
        assert "a changé depuis" in answer.text
        assert "Écrit dans le second onglet." in answer.text

    def test_sent_complaint_is_changed_no_more(self, client) -> None:
        path = sent(client)
        assert ask(client, f"{path}/modifier").headers["location"] == path
        assert send(client, f"{path}/suppression", form_at=path).status_code == 422
        fields = {"version": "2", "sujet": "delai", "texte": TEXT}
        assert send(client, f"{path}/modifier", fields, form_at=path).status_code == 422

    def test_message_adds_to_the_conversation_until_the_end(self, client, agent) -> None:
        path = sent(client)
        client.submit(f'form[action="{path}/message"]', message="J’ai retrouvé la facture.")
        assert "J’ai retrouvé la facture." in client.page.text
        assert send(client, f"{path}/message", {"message": " "}, form_at=path).status_code == 422
        at_desk(
            client,
            agent,
            lambda db, who, keys, case: answer_complaint(db, who, keys, case, Outcome.FOUNDED, "Oui.", utc_now()),
        )

    def test_words_of_whoever_writes_while_the_desk_answers_are_given_back(self, client, agent) -> None:
        path = sent(client)
        client.get(path)
        written, token = client.form(f'form[action="{path}/message"]'), token_in(ask(client, path), f"{path}/message")
        at_desk(client, agent, lambda *given: answer_complaint(*given, Outcome.FOUNDED, "Oui.", utc_now()))
        written.fill({"message": "Encore un mot"})
        client.send(written)
        fields, headers = {"jeton": token, "message": "Encore un mot"}, SAME_ORIGIN | {"HX-Request": "true"}
        in_place = client.http.post(f"/fragments{path}/message", data=fields, headers=headers)
        for answer in (client.answer, in_place):
            assert answer.status_code == 422
            lost = Html(answer.text).one("#non-envoye").text()
            assert "Ce que vous aviez écrit" in lost
            assert "Encore un mot" in lost
            assert "par la messagerie" in lost
        assert client.page.one("#erreurs a").attributes["href"] == "#non-envoye"

    @pytest.mark.parametrize("words", ["Écrit après l’envoi.", "court"], ids=["whole", "too short"])
    def test_change_of_a_draft_sent_elsewhere_becomes_a_message(self, client, words) -> None:
        """An edit form could never succeed again, and would lose the words at its second try."""
        path = draft(client)
        client.get(f"{path}/modifier")
        written = client.form(f'form[action="{path}/modifier"]')
        client.get(path)
        client.submit(f'form[action="{path}/envoi"]')
        written.fill({"texte": words})
        client.send(written)
        assert client.answer.status_code == 422
        assert client.page.first(f'form[action="{path}/modifier"]') is None
        assert client.page.one("#erreurs a").attributes["href"] == "#message"
        client.submit(f'form[action="{path}/message"]')
        assert words in client.page.one(".talk").text()

    def test_withdrawn_complaint_stops_its_clock(self, client) -> None:
        path = sent(client)
        client.submit(f'form[action="{path}/retrait"]')
        assert "Annulée" in client.page.text
        assert "Les délais" not in client.page.text
        assert acts(client)[-1] == "case.cancelled"

    def test_complaint_added_to_in_place_is_withdrawn_from_the_same_page(self, client) -> None:
        """R-26, R-10: the swap leaves the rest of the page, and its form, as they were."""
        path = sent(client)
        client.get(path)
        shown = client.form(f'form[action="{path}/retrait"]')
        fields = {"jeton": token_in(ask(client, path), f"{path}/message"), "message": "Un mot de plus."}
        headers = SAME_ORIGIN | {"HX-Request": "true"}
        assert client.http.post(f"/fragments{path}/message", data=fields, headers=headers).status_code == 200
        client.send(shown)
        assert client.status == 303
        client.get(path)
        assert "Annulée" in client.page.text

    def test_unfounded_opens_the_mediator_at_once(self, client, agent) -> None:
        path = sent(client)
        at_desk(client, agent, lambda db, who, keys, case: acknowledge(db, who, keys, case, "Bien reçue.", utc_now()))
        client.get(path)
        assert "Reçue, à l’étude" in client.page.text
        assert "Bien reçue." in client.page.text
        at_desk(
            client,
            agent,
            lambda db, who, keys, case: answer_complaint(
                db, who, keys, case, Outcome.UNFOUNDED, "La garantie est plafonnée.", utc_now()
            ),
        )
        client.get(path)
        assert "Non fondée" in client.page.text
        assert "La garantie est plafonnée." in client.page.text
        assert "Vous pouvez saisir le médiateur" in client.page.text
        assert client.services.settings.mediator.name in client.page.text

    def test_two_months_without_answer_open_the_mediator(self, client) -> None:
        path = sent(client)
        with client.services.database.write() as db:
            case, _ = _row(db)
            case.sent_at = utc_now() - timedelta(days=63)
            db.add(case)
        client.get(path)
        assert "En retard" in client.page.text
        assert "Vous pouvez saisir le médiateur" in client.page.text

    def test_whole_file_leaves_as_a_tagged_pdf(self, client, agent) -> None:
        path = sent(client)
        at_desk(client, agent, lambda db, who, keys, case: acknowledge(db, who, keys, case, "Reçue.", utc_now()))
        answer = ask(client, f"{path}/pdf")
        assert answer.headers["content-disposition"].startswith("attachment")
        with pikepdf.open(io.BytesIO(answer.content)) as document:
            assert document.Root.MarkInfo.Marked
            assert document.Root.Lang == "fr"

    def test_disputed_line_is_named_if_it_may_be_read(self, client) -> None:
        with client.services.database.write() as db:
            contract = factories.contract(db, db.get(Person, self.anne.person_id))
            mine = factories.paid_line(db, contract, label="Séance contestée")
            other = factories.paid_line(db, factories.contract(db, factories.person(db, "Louis")), label="À autrui")
            conceal = client.services.keyring.conceal
            mine_name, other_name = conceal("line", [mine.id, other.id])
        client.get(f"{NEW}?ligne={mine_name}")
        assert "Séance contestée" in client.page.text
        client.submit(f'form[action="{NEW}"]', sujet="remboursement", texte=TEXT)
        assert "Séance contestée" in client.page.text
        client.get(f"{NEW}?ligne={other_name}")
        assert "À autrui" not in client.page.text
        fields = {"sujet": "remboursement", "texte": TEXT, "ligne": other_name}
        assert send(client, NEW, fields, form_at=NEW).status_code == 303
        assert row(client)[1].line_id is None

    def test_nobody_else_reads_or_moves_it(self, client, make) -> None:
        path = sent(client)
        enter(client, make(factories.member_with_account, name="Autre")[1])
        for page in (path, f"{path}/pdf", f"{path}/modifier"):
            assert ask(client, page).status_code == 404
        for act in ("envoi", "message", "retrait", "suppression", "modifier"):
            fields = {"version": "2", "message": "Bonjour", "sujet": "delai", "texte": TEXT}
            assert send(client, f"{path}/{act}", fields, form_at=NEW).status_code == 404
        client.get(LIST)
        assert "Aucune réclamation" in client.page.text

    def test_message_is_added_in_place_as_by_the_page(self, client) -> None:
        path = sent(client)
        token = token_in(ask(client, path), f"{path}/message")
        headers = SAME_ORIGIN | {"HX-Request": "true"}

        def add(words: str):
            fields = {"jeton": token, "message": words}
            return client.http.post(f"/fragments{path}/message", data=fields, headers=headers)

        empty = add("")
        assert (empty.status_code, 'id="message-erreur"' in empty.text) == (422, True)
        added = add("J’ajoute ceci.")
        assert added.text.lstrip().startswith('<div class="stack" id="conversation"')
        assert "J’ajoute ceci." in added.text
        client.get(path)
        assert "J’ajoute ceci." in client.page.text

    def test_same_words_sent_twice_are_one_message(self, client) -> None:
        path = sent(client)
        for words in ("Un mot.", "Un mot.", "Un autre."):
            assert send(client, f"{path}/message", {"message": words}, form_at=path).status_code == 303
        client.get(path)
        assert len(client.page.css(".talk li")) == 2
        assert acts(client).count("case.message-sent") == 2

    def test_documents_may_follow_until_it_is_over(self, client, agent) -> None:
        path = sent(client)
        client.get(path)
        assert client.page.first("form.upload") is not None
        at_desk(client, agent, lambda *given: answer_complaint(*given, Outcome.UNFOUNDED, "Non.", utc_now()))
        client.get(path)
        assert client.page.first("form.upload") is None

    def test_former_member_may_still_complain(self, client) -> None:
        """R-64 closes changes; a complaint changes nothing, and is anybody's (ACPR 2022-R-01)."""
        with client.services.database.write() as db:
            db.execute(text("UPDATE beneficiary SET valid_to = :day"), {"day": today() - timedelta(days=90)})
        sent(client)
        assert row(client)[0].state == CaseState.SENT


@pytest.mark.engines("sqlite", "postgresql")
def test_form_sent_eight_times_at_once_is_one_draft(database, keyring) -> None:
    with database.write() as db:
        viewer = factories.viewer_of(db, factories.member_with_account(db, keyring)[1])

    def press(_: int) -> int:
        with database.write() as db:
            return start_complaint(db, viewer, keyring, Said(Category.DELAY, TEXT), utc_now())[0].id

    with ThreadPoolExecutor(8) as presses:
        assert len(set(presses.map(press, range(8)))) == 1


class TestDesk:
    def test_acts_once_and_gives_reasons(self, client, anne, agent) -> None:
        sent(client)

        def answer(reasons: str) -> None:
            at_desk(
                client,
                agent,
                lambda db, who, keys, case: answer_complaint(db, who, keys, case, Outcome.PARTLY, reasons, utc_now()),
            )

        with pytest.raises(WrongState):
            answer("  ")
        answer("Une partie seulement.")
        _, complaint = row(client)
        assert complaint.acknowledged_at is not None
        with client.services.database.write() as db:
            (told,) = complaints_of(db, factories.viewer_of(db, anne), client.services.keyring)
        assert told.outcome is Outcome.PARTLY
        assert told.clock.mediator_on == day_in_france(complaint.answered_at)
        with pytest.raises(WrongState):
            answer("Encore.")

    def test_nothing_written_lies_in_the_clear(self, client, anne) -> None:
        sent(client)
        with client.services.database.read() as db:
            everything = " ".join(str(value) for value in db.execute(text("SELECT * FROM complaint")).one())
        assert anne.id
        assert "remboursement est trop" not in everything
