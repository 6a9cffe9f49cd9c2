"""Requests on data that came on paper, at the desk (R-70): written down, joined, answered by letters, copied, held."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from zipfile import ZipFile

import pytest
from sqlmodel import select

from portal.case_links import CASE
from portal.data.case_pieces import CasePiece
from portal.data.cases import Case, CaseState
from portal.data.data_objections import DataObjection
from portal.data.decisions import Act
from portal.data.postal_letters import LetterKind, PostalLetter
from portal.data.received_requests import Asker, ReceivedRequest
from portal.data.retention_holds import RetentionHold
from portal.data.work_items import Duty, WorkItem
from portal.data_letters import ASKER_LABELS, CHANNEL_LABELS
from portal.formatting import today
from portal.postal_documents import LETTER_LABELS
from tests.support import data_requests, factories
from tests.support.cards import covered_household
from tests.support.desk_cases import WORDS, path_of, photo
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters

RECEIVED = (today() - timedelta(days=9)).isoformat()
TYPED = {
    "recue": RECEIVED,
    "canal": "courrier",
    "droit": "acces",
    "texte": "Tout ce que vous avez sur moi.",
    "demandeur": "personne",
    "adresse": "3 rue des Lilas\n99000 Villefictive",
}
HOSTILE = "<script>alert(1)</script> #eval(panic) = ]]"

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def family(client):
    """A covered member without an account."""
    with client.services.database.write() as db:
        return covered_household(db)


@pytest.fixture
def officer(make):
    """An agent whose only duty is rights over data."""
    return make(factories.desk_account, duties=[Duty.PRIVACY])


@pytest.fixture
def second(make):
    """A colleague with the same duty: four eyes."""
    return make(factories.desk_account, duties=[Duty.PRIVACY])


def sheet(client, person, below: str = "") -> str:
    (key,) = client.services.keyring.conceal("person", [person.id])
    return f"/gestion/personnes/{key}{below}"


def write_down(client, person, **typed) -> None:
    client.get(sheet(client, person, "/demande"))
    client.submit(**(TYPED | typed))


def only_case(client) -> Case:
    with client.services.database.read() as db:
        return db.exec(select(Case).where(Case.kind == "droit-donnees")).one()


def state_of(client, case: Case) -> str:
    with client.services.database.read() as db:
        return db.get_one(Case, case.id).state


def join(client, case: Case, place: str, content: bytes | None = None) -> int:
    """Joins a file, as the page's form does; the answer's status."""
    path = path_of(client.services, case)
    client.get(f"{path}/courriers")
    form = client.form('main form[action$="/pieces-recues"]')
    form.fill({"emplacement": place})
    fields = {name: value for name, value in form.pairs if name != "fichier"}
    files = {"fichier": ("lettre.jpg", photo() if content is None else content, "image/jpeg")}
    return send(client, f"{path}/pieces-recues", fields, files=files).status_code


def decide(client, case: Case, act: Act) -> None:
    path = path_of(client.services, case)
    client.get(f"{path}/decision?acte={act.value}")
    typed = {"texte": WORDS} if client.page.css("textarea[name=texte]") else {}
    client.submit(f'form[action="{path}/decision"][method="post"]', **typed)
    client.submit('main form[action$="/decision/envoi"]')


def granted(client, officer, second, family) -> Case:
    """Access granted by four eyes, once who asks was checked."""
    enter(client, officer)
    write_down(client, family.member)
    case = only_case(client)
    assert join(client, case, "identite") == 303
    decide(client, case, Act.CHECK)
    decide(client, case, Act.ACCEPT)
    assert state_of(client, case) == CaseState.SENT
    enter(client, second)
    client.get(path_of(client.services, case, "/validation"))
    client.submit('main > .stack > form[action$="/validation"]', button="Valider et envoyer")
    return case


def shown(client) -> str:
    return text_of(client.page.one("main"))


# --- writing down ---


def test_agent_writes_a_letter_down_and_it_takes_its_place_in_the_queue_r70(client, officer, family) -> None:
    evidence = Evidence(client)
    enter(client, officer)
    client.get(sheet(client, family.member))
    client.click("Enregistrer une demande reçue")
    client.submit(**TYPED)
    assert "Courriers, et pièces reçues" in client.page.one("h1").text()
    case = only_case(client)
    assert (case.account_id, case.person_id, case.state) == (None, family.member.id, CaseState.SENT)
    (act,) = [each for each in evidence.fresh() if each.action == "data-request.received"]
    assert (act.details["channel"], act.details["received_on"]) == ("courrier", RECEIVED)
    client.get("/gestion/file")
    assert case.reference in shown(client)
    client.get(path_of(client.services, case))
    for words in ("par courrier", "La personne elle-même", "sans compte", TYPED["texte"]):
        assert words in shown(client)


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"recue": ""}, "recue", "jour"),
        ({"recue": (today() + timedelta(days=1)).isoformat()}, "recue", "pas encore passé"),
        ({"recue": "1999-01-01"}, "recue", "Vérifiez l’année"),
        ({"recue": "31/02/2026"}, "recue", "jour"),
        ({"adresse": ""}, "adresse", "adresse postale"),
        ({"adresse": "\n".join("abcdefg")}, "adresse", "lignes"),
        ({"demandeur": "tuteur"}, "expediteur", "nom de qui a écrit"),
        ({"texte": "court"}, "texte", "10 à"),
        ({"droit": "rectification"}, "champ", "faux"),
        ({"droit": "rectification", "champ": "naissance", "valeur": "hier"}, "valeur", ""),
        ({"vue": "1"}, "vue", "guichet"),
    ],
)
def test_form_says_what_is_wrong_and_loses_nothing_r70(client, officer, family, typed, field, words) -> None:
    enter(client, officer)
    write_down(client, family.member, **typed)
    assert client.status == 422
    assert words in client.page.one(f"#{field}-erreur").text()
    assert client.page.one("#texte").text().strip() == (TYPED | typed)["texte"]
    with client.services.database.read() as db:
        assert db.exec(select(Case)).all() == []


@pytest.mark.parametrize("name", ["droit", "canal", "demandeur"])
def test_choice_that_the_form_does_not_offer_is_refused_r70(client, officer, family, name) -> None:
    enter(client, officer)
    path = sheet(client, family.member, "/demande")
    answer = send(client, path, TYPED | {name: "n-importe-quoi"}, form_at=path)
    assert answer.status_code == 422
    with client.services.database.read() as db:
        assert db.exec(select(Case)).all() == []


def test_agent_without_the_duty_does_not_have_the_page_r72(client, make, family) -> None:
    enter(client, make(factories.desk_account, duties=[Duty.CARE]))
    client.get(sheet(client, family.member))
    assert "Enregistrer une demande reçue" not in shown(client)
    assert ask(client, sheet(client, family.member, "/demande")).status_code == 404
    form_at = sheet(client, family.member)
    assert send(client, sheet(client, family.member, "/demande"), TYPED, form_at=form_at).status_code == 404


def test_same_letter_sent_by_two_agents_at_once_is_one_request_r70(client, officer, second, family) -> None:
    """Two people open the same envelope: the second one is told the reference."""
    path, sessions = sheet(client, family.member, "/demande"), []
    for who in (officer, second):
        cookie = enter(client, who)
        client.get(path)
        form = client.form()
        form.fill(TYPED)
        sessions.append((cookie, form.pairs, dict(client.http.cookies)))
    barrier = Barrier(2)

    def sent(session):
        _, pairs, cookies = session
        barrier.wait()
        header = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return client.http.post(
            path, data=dict(pairs), headers={"Sec-Fetch-Site": "same-origin", "Cookie": header}, follow_redirects=False
        ).status_code

    client.http.cookies.clear()
    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(sent, sessions))
    with client.services.database.read() as db:
        assert len(db.exec(select(ReceivedRequest)).all()) == 1
    assert statuses == [303, 422]


# --- the account's holder ---


def test_holder_is_written_to_and_follows_in_the_account_r70(client, officer, member) -> None:
    enter(client, officer)
    with client.services.database.read() as db:
        person = db.get_one(factories.Person, member.person_id)
    write_down(client, person, adresse="")
    case = only_case(client)
    assert [letter.name for letter in letters(client.services.database, client.services, member.email)] == [
        "data-request-received"
    ]
    enter(client, member)
    client.get("/compte/donnees")
    assert case.reference in shown(client)
    (name,) = client.services.keyring.conceal(CASE, [case.id])
    client.get(client.url("data.request", case=name))
    assert "Reçue par courrier le" in shown(client)


def test_holder_never_sees_a_guardian_s_letter_or_identity_r70_r72(client, officer, member) -> None:
    enter(client, officer)
    with client.services.database.read() as db:
        person = db.get_one(factories.Person, member.person_id)
    write_down(client, person, demandeur="tuteur", expediteur="Tom Tuteur")
    case = only_case(client)
    for place in ("courrier", "identite"):
        assert join(client, case, place) == 303
    (letter,) = letters(client.services.database, client.services, member.email)
    assert "en votre nom" in letter.text
    enter(client, member)
    (name,) = client.services.keyring.conceal(CASE, [case.id])
    client.get(client.url("data.request", case=name))
    assert "Demande faite en votre nom" in shown(client)
    for hidden in ("Tom Tuteur", "lettre.jpg", "Retirer cette demande"):
        assert hidden not in shown(client)
    with client.services.database.read() as db:
        pieces = client.services.keyring.conceal("piece", db.exec(select(CasePiece.id)).all())
    for piece in pieces:
        assert ask(client, client.url("case.piece", case=name, piece=piece)).status_code == 404
    for slot in ("courrier", "identite"):
        assert ask(client, client.url("case.slot", case=name, slot=slot)).status_code == 404


# --- pieces and letters ---


def test_proof_is_destroyed_once_checked_and_the_letter_stays_r70(client, officer, family) -> None:
    enter(client, officer)
    write_down(client, family.member)
    case = only_case(client)
    assert [join(client, case, place) for place in ("courrier", "identite")] == [303, 303]
    decide(client, case, Act.CHECK)
    with client.services.database.read() as db:
        assert db.exec(select(CasePiece.slot)).all() == ["courrier"]


@pytest.mark.parametrize(("place", "content"), [("", None), ("identite", b"MZ\x90 program"), ("inconnu", None)])
def test_what_cannot_be_joined_is_told_and_nothing_is_kept_r70(client, officer, family, place, content) -> None:
    enter(client, officer)
    write_down(client, family.member)
    case = only_case(client)
    path = path_of(client.services, case)
    client.get(f"{path}/courriers")
    fields = dict(client.form('main form[action$="/pieces-recues"]').pairs)
    fields |= {"emplacement": place}
    fields.pop("fichier", None)
    files = {"fichier": ("lettre.jpg", content or photo(), "image/jpeg")}
    assert send(client, f"{path}/pieces-recues", fields, files=files).status_code == 422
    with client.services.database.read() as db:
        assert db.exec(select(CasePiece)).all() == []


def test_letter_is_printed_posted_once_and_leaves_the_list_r70(client, officer, family) -> None:
    enter(client, officer)
    write_down(client, family.member, expediteur=HOSTILE)
    case = only_case(client)
    client.get("/gestion/courriers")
    assert case.reference in shown(client)
    client.get(path_of(client.services, case, "/courriers"))
    (href,) = {node.attributes["href"] for node in client.page.css('main .letters a[href$="/pdf"]')}
    answer = ask(client, href)
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    assert ask(client, href).content == answer.content
    client.submit("main .letters form", poste="1999-01-01")
    assert client.status == 422
    assert "ni avant d’être écrit" in shown(client)
    client.submit("main .letters form", poste=today().isoformat())
    assert "Posté le" in shown(client)
    client.get("/gestion/courriers")
    assert "Aucun courrier à poster" in shown(client)


def test_decision_is_read_as_a_letter_before_it_is_sent_r70(client, officer, family) -> None:
    enter(client, officer)
    write_down(client, family.member, droit="opposition", refus="autre")
    case = only_case(client)
    path = path_of(client.services, case)
    client.get(f"{path}/decision?acte=refuser")
    client.submit(f'form[action="{path}/decision"][method="post"]', texte=WORDS)
    for words in ("Son courrier, à poster", "Notre réponse à votre demande", "CNIL", "Aucun e-mail ne part"):
        assert words in shown(client)
    with client.services.database.read() as db:
        assert db.exec(select(PostalLetter.kind)).all() == [LetterKind.RECEIVED]
    client.submit('main form[action$="/decision/envoi"]')
    with client.services.database.read() as db:
        assert db.exec(select(PostalLetter.kind).order_by(PostalLetter.id)).all() == [
            LetterKind.RECEIVED,
            LetterKind.DECIDED,
        ]


@pytest.mark.parametrize(
    ("use", "ended"), [("prospection", ["prospection"]), ("profilage", ["profilage"]), ("autre", [])]
)
def test_use_that_a_letter_objects_to_ends_at_once_and_for_once_r70(client, officer, family, use, ended) -> None:
    enter(client, officer)
    evidence = Evidence(client)
    write_down(client, family.member, droit="opposition", refus=use)
    write_down(client, family.member, droit="opposition", refus=use, recue=today().isoformat())
    with client.services.database.read() as db:
        kept = db.exec(select(DataObjection).where(DataObjection.person_id == family.member.id)).all()
        assert [(row.purpose, row.ended_at) for row in kept] == [(purpose, None) for purpose in ended]
    told = {act.object for act in evidence.fresh() if act.action == "data.objected"}
    assert told == set(ended)


@pytest.mark.parametrize("use", ["", "tout", "<b>"])
def test_objection_without_a_use_is_asked_for_it_r70(client, officer, family, use) -> None:
    enter(client, officer)
    (key,) = client.services.keyring.conceal("person", [family.member.id])
    typed = TYPED | {"droit": "opposition", "refus": use}
    answer = send(client, f"/gestion/personnes/{key}/demande", typed, form_at=f"/gestion/personnes/{key}/demande")
    assert answer.status_code == 422
    assert "Dites quel usage est refusé" in answer.text
    write_down(client, family.member, refus="prospection")  # which says nothing of another right
    with client.services.database.read() as db:
        assert db.exec(select(DataObjection)).all() == []


def test_nothing_is_granted_before_who_asks_was_checked_r70(client, officer, family) -> None:
    enter(client, officer)
    write_down(client, family.member)
    path = path_of(client.services, only_case(client))
    client.get(f"{path}/decision?acte=accepter")
    client.submit(f'form[action="{path}/decision"][method="post"]', texte=WORDS)
    assert client.status == 422
    assert "Vérifiez d’abord qui demande" in shown(client)


@pytest.mark.parametrize("below", ["/courriers", "/copie.zip"])
def test_request_made_online_has_no_letters_nor_copy_r70(client, officer, member, below) -> None:
    with client.services.database.write() as db:
        case = data_requests.sent(db, client.services.keyring, factories.viewer_of(db, member))
    enter(client, officer)
    assert ask(client, path_of(client.services, case, below)).status_code == 404


# --- the copy ---


def test_copy_takes_four_eyes_and_holds_the_person_alone_r70(client, officer, second, family, supervisor) -> None:
    """Granted by two agents; nothing of an account, nothing of anybody else; in the person's journal."""
    case = granted(client, officer, second, family)
    assert state_of(client, case) == CaseState.ACCEPTED
    evidence = Evidence(client)
    answer = ask(client, path_of(client.services, case, "/copie.zip"))
    assert answer.status_code == 200
    archive = ZipFile(io.BytesIO(answer.content))
    names = set(archive.namelist())
    assert {"lisez-moi.html", "csv/person.csv", "csv/historique.csv", "csv/received_request.csv"} <= names
    assert "csv/account.csv" not in names
    readme = archive.read("lisez-moi.html").decode()
    assert ", compte" not in readme.split("Copie faite")[0]
    assert "rue des Lilas" not in readme
    (act,) = [each for each in evidence.fresh() if each.action == "data.exported"]
    assert act.details["persons"] == [family.member.id]


def test_copy_is_gone_once_the_answer_left_and_for_whoever_has_no_duty_r70(
    client, officer, second, family, make
) -> None:
    case = granted(client, officer, second, family)
    path = path_of(client.services, case, "/copie.zip")
    enter(client, make(factories.desk_account, duties=[Duty.CARE]))
    assert ask(client, path).status_code == 404
    enter(client, second)
    client.get(path_of(client.services, case, "/courriers"))
    assert "Télécharger la copie" in shown(client)
    for form in list(client.page.css("main .letters form"))[::-1]:
        client.submit(f'form[action="{form.attributes["action"]}"]', poste=today().isoformat())
    assert ask(client, path).status_code == 404


def test_copy_is_not_there_before_the_decision_r70(client, officer, family) -> None:
    enter(client, officer)
    write_down(client, family.member)
    assert ask(client, path_of(client.services, only_case(client), "/copie.zip")).status_code == 404


# --- holds ---


def test_supervisor_holds_a_person_without_an_account_and_lifts_it_r71(client, supervisor, family) -> None:
    evidence = Evidence(client)
    enter(client, supervisor)
    client.get(sheet(client, family.member))
    client.click("Mettre en conservation")
    client.submit(motif="court")
    assert client.status == 422
    client.submit(motif="Procédure devant le tribunal judiciaire.")
    assert "Voir ou lever la conservation" in shown(client)
    with client.services.database.read() as db:
        assert [row.person_id for row in db.exec(select(RetentionHold))] == [family.member.id]
    client.get(sheet(client, family.member, "/conservation"))
    assert "Procédure devant le tribunal" in shown(client)
    client.submit(button="Lever la conservation")
    kinds = [each.action for each in evidence.fresh() if each.action.startswith("retention.")]
    assert kinds == ["retention.held", "retention.hold-lifted"]


def test_agent_holds_nobody_r71(client, agent, family) -> None:
    enter(client, agent)
    assert ask(client, sheet(client, family.member, "/conservation")).status_code == 403


def test_item_is_due_on_the_law_s_day_from_receipt_r70(client, officer, family) -> None:
    enter(client, officer)
    write_down(client, family.member, recue=(today() - timedelta(days=45)).isoformat())
    with client.services.database.read() as db:
        item = db.exec(select(WorkItem)).one()
        assert item.due_at == only_case(client).due_at
    client.get("/gestion/file?delai=retard")
    assert only_case(client).reference in shown(client)


def test_every_way_of_asking_has_its_words_r70() -> None:
    assert set(ASKER_LABELS) == set(Asker)
    assert set(LETTER_LABELS) == set(LetterKind)
    assert len(CHANNEL_LABELS) == 3
