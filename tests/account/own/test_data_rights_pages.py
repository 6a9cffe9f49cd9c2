"""« Vos données » by its pages: requests, objection, restriction, instructions, consents (R-70; R-51; security: C6)."""

import io

import pytest
from PIL import Image
from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.data.accounts import ProcessingRestriction
from portal.data.case_desk import lock_for_desk
from portal.data.cases import Case, CaseState
from portal.data.columns import utc_now
from portal.data.data_request_rows import DataRequest
from portal.data.data_right_desk import accept_data_request, destroy_identity_proof, extend_delay, refuse_data_request
from portal.data.data_right_desk import ask_identity as ask_for_identity
from portal.data.data_right_rules import clock_of
from portal.data.death_instructions import DeathInstruction
from portal.data.holdings import CONTRACT, PROOF
from portal.data.notifications import Notification, choose_notifications
from portal.data.persons import Person
from portal.data_right_notices import lift_for_desk
from portal.formatting import long_date, today
from portal.held_words import until_on
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, send, token_in

DATA = "/compte/donnees"
ERASE, CORRECT = f"{DATA}/demander/effacement", f"{DATA}/demander/rectification"
TEXT = "Effacez mon ancienne adresse, gardée depuis mon départ."

pytestmark = pytest.mark.engines("sqlite")


def asked(client, form: str = ERASE, **fields) -> str:
    """The path of a request made by a form."""
    client.get(form)
    client.submit(f'form[action="{form}"]', **(fields or {"texte": TEXT}))
    assert client.path.startswith(f"{DATA}/demandes/"), client.page.text[:300]
    return client.path


def add_file(client, path: str, slot: str) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(drawn, "JPEG")
    files = [("fichier", ("piece.jpg", drawn.getvalue(), "image/jpeg"))]
    target = f"/dossiers/{path.rpartition('/')[2]}/pieces/{slot}"
    fields = {"jeton": token_in(ask(client, path))}
    client.http.post(target, data=fields, files=files, headers=SAME_ORIGIN, follow_redirects=False)


def decide(client, act, *words, **options):
    services = client.services
    with services.database.write() as db:
        agent = factories.viewer_of(db, factories.desk_account(db, services.keyring), letters=CaseLetters(services))
        case = db.exec(select(Case)).one()
        locked = lock_for_desk(db, agent, case.id, case.version)
        key = () if act is destroy_identity_proof else (services.keyring,)
        return act(db, agent, *key, locked, *words, utc_now(), **options)


def main(client) -> str:
    return client.page.css("main")[0].text()


def test_holder_asks_is_told_until_when_and_reads_the_refusal_r70(client, holder, post_box, recorded) -> None:
    path = asked(client)
    with client.services.database.read() as db:
        due = long_date(clock_of(db.exec(select(Case)).one().sent_at).answer_by)
    assert due in main(client)
    letter = post_box()[0]
    assert letter.name == "data-request-received"
    assert due in letter.text
    assert "ancienne adresse" not in letter.text
    assert recorded("case.sent")[0][1].startswith("droit-donnees:D-")
    assert "Effacement" in client.get(DATA).css("main")[0].text()
    decide(client, refuse_data_request, "La loi nous oblige à la garder dix ans.")
    client.get(path)
    for words in ("Refusée", "dix ans", "CNIL", "tribunal judiciaire"):
        assert words in main(client)
    assert post_box()[-1].name == "case-news"


def test_form_sent_twice_makes_one_request_r70(client, holder, post_box) -> None:
    path = asked(client)
    assert asked(client) == path
    assert [letter.name for letter in post_box()] == ["data-request-received"]


def test_empty_or_endless_request_loses_nothing_r70(client, holder) -> None:
    client.get(ERASE)
    for typed in ("court", "x" * 3001):
        client.submit(f'form[action="{ERASE}"]', texte=typed)
        assert client.status == 422
        assert client.page.one("#texte").text() == typed


def test_markup_in_a_request_is_shown_as_text_r70(client, holder) -> None:
    asked(client, texte="<script>alert(1)</script> et autre chose")
    assert "<script>alert(1)</script> et autre chose" in main(client)


def test_unknown_right_and_foreign_request_do_not_exist_r70(client, holder, make) -> None:
    path = asked(client)
    assert ask(client, f"{DATA}/demander/consentements").status_code == 404
    assert ask(client, f"{DATA}/demander/x").status_code == 404
    _, other = make(factories.member_with_account, name="Autre")
    enter(client, other)
    assert ask(client, path).status_code == 404
    for act in ("envoi", "retrait"):
        assert send(client, f"{path}/{act}", {"version": "2"}, form_at=DATA).status_code == 404
    assert TEXT not in client.get(DATA).text


def test_correction_with_its_proof_is_accepted_and_shows_everywhere_r70(client, holder, recorded) -> None:
    path = asked(client, CORRECT, champ="nom", valeur="  exemple-Modèle ")
    client.submit(f'form[action="{path}/envoi"]')
    assert client.status == 422
    assert "Joignez la pièce" in main(client)
    add_file(client, path, "justificatif")
    client.get(path)
    client.submit(f'form[action="{path}/envoi"]')
    assert "Envoyée" in main(client)
    decide(client, accept_data_request, "")
    client.get(path)
    assert "C’est corrigé" in main(client)
    assert "exemple-Modèle" in client.get("/compte").text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("", "Modèle", "Choisissez"),
        ("role", "Modèle", "Choisissez"),
        ("affiche", "Modèle", "Choisissez"),
        ("nom", "12<>", "lettres"),
        ("nom", "Essai", "déjà"),
        ("naissance", "31/02/1985", "jour"),
        ("nir", "285057312345699", "complet"),
        ("nir", "299997312345674", "complet"),
    ],
)
def test_wrong_correction_is_explained_and_kept_in_the_form_r70(client, holder, field, value, said) -> None:
    client.get(CORRECT)
    form = client.form(f'form[action="{CORRECT}"]')
    send(client, CORRECT, {"champ": field, "valeur": value}, form_at=CORRECT)
    answer = send(client, CORRECT, {"champ": field, "valeur": value, "texte": ""}, form_at=CORRECT)
    assert form
    assert answer.status_code == 422
    assert said in answer.text


def test_draft_is_deleted_with_its_file_and_a_sent_request_is_taken_back_r70(client, holder) -> None:
    path = asked(client, CORRECT, champ="prenom", valeur="Annie")
    add_file(client, path, "justificatif")
    client.get(path)
    client.submit(f'form[action="{path}/retrait"]')
    assert client.path == DATA
    with client.services.database.read() as db:
        assert db.exec(select(DataRequest)).all() == []
    path = asked(client)
    client.submit(f'form[action="{path}/retrait"]')
    with client.services.database.read() as db:
        assert db.exec(select(Case)).one().state == CaseState.CANCELLED
    assert send(client, f"{path}/retrait", form_at=DATA).status_code == 422


def test_person_reads_why_the_answer_takes_longer_r70(client, holder) -> None:
    path = asked(client)
    decide(client, extend_delay, "Il faut relire des archives.")
    client.get(path)
    assert "prolongé de deux mois" in main(client)
    assert "relire des archives" in main(client)


def test_identity_is_asked_with_a_reason_and_destroyed_for_good_r70(client, holder) -> None:
    """GDPR 12(6): the content itself is gone from the storage; what stays says when, to the person too."""
    path = asked(client)
    assert "Pièce d’identité" not in main(client)
    decide(client, ask_for_identity, "La demande vient d’un appareil inconnu.")
    client.get(path)
    assert "appareil inconnu" in main(client)
    add_file(client, path, "identite")
    client.get(path)
    client.submit(f'form[action="{path}/envoi"]')
    gone = decide(client, destroy_identity_proof)
    storage = client.services.storage
    assert [name for name, _ in storage.names()] == gone
    for name in gone:
        storage.remove(name)
    assert list(storage.names()) == []
    client.get(path)
    assert "identité a été vérifiée" in main(client)
    assert "piece.jpg" not in client.page.text


def test_identity_leaves_the_storage_when_its_request_is_taken_back_r70(client, holder) -> None:
    path = asked(client)
    decide(client, ask_for_identity, "La demande vient d’un appareil inconnu.")
    client.get(path)
    add_file(client, path, "identite")
    assert len(list(client.services.storage.names())) == 1
    client.get(path)
    client.submit(f'form[action="{path}/retrait"]')
    assert client.path == DATA
    assert list(client.services.storage.names()) == []
    assert "piece.jpg" not in client.get(path).text


def test_objection_is_one_switch_without_a_reason_r70(client, holder, recorded) -> None:
    client.get(f"{DATA}/opposition")
    client.submit(f'form[action="{DATA}/opposition"]', prospection="1")
    assert client.page.one("#prospection").attributes.get("checked", "no") != "no"
    client.submit(f'form[action="{DATA}/opposition"]', prospection=None)
    acts = [row[:2] for row in recorded("data.obj")]
    assert acts == [("data.objected", "prospection"), ("data.objection-ended", "prospection")]


def test_limited_account_reads_complains_and_lifts_it_but_changes_nothing_r70(client, holder, post_box) -> None:
    form = f"{DATA}/limitation"
    client.get(form)
    client.submit(f'form[action="{form}"]')
    assert client.status == 422
    client.submit(f'form[action="{form}"]', raison="exactitude")
    assert client.path == DATA
    assert "limité, à votre demande" in client.page.text
    assert post_box()[-1].name == "data-choice-changed"
    refused = ask(client, "/messagerie/nouveau")
    assert refused.status_code == 403
    assert "Levez la limitation" in refused.text
    for path in ("/adherent/prestations", "/adherent/reclamations/nouvelle", ERASE, f"{DATA}/archive.zip"):
        assert ask(client, path).status_code == 200, path
    client.get(form)
    client.submit(f'form[action="{form}/levee"]')
    assert ask(client, "/messagerie/nouveau").status_code == 200


def test_limited_account_adds_no_piece_to_what_is_no_right_of_its_r70(client, holder) -> None:
    path = asked(client, CORRECT, champ="prenom", valeur="Annie")
    with client.services.database.write() as db:
        db.add(ProcessingRestriction(account_id=holder.id, ground="exactitude"))
    add_file(client, path, "justificatif")
    assert "piece.jpg" in client.get(path).text
    with client.services.database.write() as db:
        db.exec(select(Case)).one().kind = "message"
    target = f"/dossiers/{path.rpartition('/')[2]}/pieces/pieces"
    refused = send(client, target, form_at=DATA)
    assert refused.status_code == 403
    assert "Levez la limitation" in refused.text


def test_desk_lifts_a_restriction_and_its_holder_reads_why_r70(client, holder, post_box) -> None:
    services = client.services
    with services.database.write() as db:
        db.add(ProcessingRestriction(account_id=holder.id, ground="exactitude"))
    with services.database.write() as db:
        agent = factories.viewer_of(db, factories.desk_account(db, services.keyring), letters=CaseLetters(services))
        acts: list = []

        class Asking:
            now = utc_now()

            def record(self, _, action, object_) -> None:
                acts.append((action, object_))

        asking = Asking()
        asking.services = services
        assert lift_for_desk(asking, db, agent, holder.id, "Votre adresse est juste\u00a0: nous l’avons vérifiée.")
        assert not lift_for_desk(asking, db, agent, holder.id, "Encore.")
    assert acts == [("processing.restriction-lifted", f"compte:{holder.id}")]
    assert post_box()[-1].name == "data-choice-changed"
    assert "nous l’avons vérifiée" in client.get(f"{DATA}/limitation").text


def test_instructions_name_somebody_and_are_taken_back_r70(client, holder, post_box) -> None:
    form = f"{DATA}/directives"
    client.get(form)
    client.submit(f'form[action="{form}"]', souhait="communiquer", personne="Noé Essai")
    assert client.status == 422
    assert client.page.one("#personne").attributes["value"] == "Noé Essai"
    client.submit(f'form[action="{form}"]', contact="06 00 00 00 00")
    assert client.path == DATA
    assert "Noé" not in post_box()[-1].text
    client.get(form)
    assert client.page.one("#contact").attributes["value"] == "06 00 00 00 00"
    client.submit(f'form[action="{form}/retrait"]')
    with client.services.database.read() as db:
        assert db.exec(select(DeathInstruction)).one().content_encrypted is None


def test_consent_is_withdrawn_by_one_button_r70(client, holder, recorded) -> None:
    with client.services.database.write() as db:
        choose_notifications(db, factories.viewer_of(db, holder), {Notification.PAYMENT}, utc_now())
    client.get(f"{DATA}/consentements")
    client.submit(f'form[action="{DATA}/consentements"]')
    assert "Aucun accord en cours" in main(client)
    assert recorded("consent.")[0][:2] == ("consent.withdrawn", "avis-de-versement")
    assert send(client, f"{DATA}/consentements", {"consentement": "x"}, form_at=DATA).status_code == 303


def test_every_space_uses_its_rights_and_the_desk_has_none_to_ask_r70(client, make) -> None:
    for maker in (factories.employer_account, factories.provider_account):
        enter(client, make(maker))
        assert "Faire corriger" in client.get(DATA).text
        asked(client, CORRECT, champ="affiche", valeur="Ada Exemple")
    enter(client, make(factories.desk_account))
    assert "Faire corriger" not in client.get(DATA).text
    assert ask(client, ERASE).status_code == 403


def test_erasure_says_what_goes_what_stays_and_why_r70(client, holder) -> None:
    with client.services.database.write() as db:
        choose_notifications(db, factories.viewer_of(db, holder), {Notification.PAYMENT}, utc_now())
    said = client.get(f"{DATA}/effacement").css("main")[0].text()
    until = until_on(today())
    for words in ("Notifications choisies", "Vos contrats", until[PROOF], until[CONTRACT]):
        assert words in said
    assert "cabinet" not in said


def test_visitor_learns_whom_to_write_to_without_an_account_r70(client) -> None:
    said = client.get("/confidentialite").css("main")[0].text()
    for words in ("délégué à la protection des données", "sans compte", "CNIL"):
        assert words in said
    with client.services.database.read() as db:
        assert db.exec(select(Person)).all() == []
