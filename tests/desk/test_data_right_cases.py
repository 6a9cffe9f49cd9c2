"""Requests on one's data at the desk (R-70): each ruling, by whom, and what stays of it; a restriction lifted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from portal.case_links import CASE
from portal.case_notices import CaseLetters
from portal.data.accounts import ProcessingRestriction
from portal.data.case_desk import agent_at_work, lock_for_desk
from portal.data.case_pieces import CasePiece, add_pieces
from portal.data.cases import Case, CaseState, move_case, touch
from portal.data.columns import utc_now
from portal.data.data_request_rows import DataField, Wanted
from portal.data.data_request_slots import IDENTITY_SLOT
from portal.data.data_right_desk import REMEDIES, accept_data_request, ask_identity
from portal.data.data_right_rules import DataRight
from portal.data.decisions import Act
from portal.data.persons import Person
from portal.data.work_items import Duty
from tests.support import data_requests, factories
from tests.support.cards import covered_household
from tests.support.desk_cases import WORDS, kept, path_of
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters

NIR = "285057312345670"
NAMED = Wanted(DataRight.RECTIFICATION, field=DataField.LAST_NAME, value="Exemple-Modèle")
BORN = Wanted(DataRight.RECTIFICATION, field=DataField.BIRTH_DATE, value="1985-05-12")
NUMBERED = Wanted(DataRight.RECTIFICATION, field=DataField.NIR, value=NIR)
DOUBT = "La demande vient d’un appareil que nous ne connaissons pas."
REASON = "Votre adresse est juste\u00a0: nous l’avons vérifiée auprès de vous."

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def holder(client):
    """A member with a card and an account."""
    with client.services.database.write() as db:
        family = covered_household(db)
        keyring = client.services.keyring
        return factories.member_account(
            db, keyring, family.member, email="anne@exemple.example", display_name="Anne Essai"
        )


@pytest.fixture
def asked(client, holder):
    """Sends the holder's request; its case."""

    def sent(wanted: Wanted = data_requests.ERASURE, *, days_ago: int = 0) -> Case:
        then = utc_now() - timedelta(days=days_ago)
        with client.services.database.write() as db:
            return data_requests.sent(db, client.services.keyring, factories.viewer_of(db, holder), wanted, then)

    return sent


@pytest.fixture
def officer(make):
    """An agent whose only duty is rights over data."""
    return make(factories.desk_account, duties=[Duty.PRIVACY])


def write(client, case: Case, act: Act, words: str = WORDS) -> None:
    """Writes a decision, up to its preview."""
    path = path_of(client.services, case)
    client.get(f"{path}/decision?acte={act.value}")
    typed = {"texte": words} if client.page.css("textarea[name=texte]") else {}
    client.submit(f'form[action="{path}/decision"][method="post"]', **typed)


def decide(client, case: Case, act: Act, words: str = WORDS) -> None:
    write(client, case, act, words)
    client.submit('main form[action$="/decision/envoi"]')


def state_of(client, case: Case) -> str:
    with client.services.database.read() as db:
        return db.get_one(Case, case.id).state


def shown(client) -> str:
    return text_of(client.page.one("main"))


def doubted(client, agent, case: Case, holder) -> None:
    """A proof of identity was asked, and has come."""
    services = client.services
    with services.database.write() as db:
        who = factories.viewer_of(db, agent)
        row = lock_for_desk(db, who, case.id, db.get_one(Case, case.id).version)
        ask_identity(db, who, services.keyring, row, DOUBT, utc_now())
        add_pieces(db, factories.viewer_of(db, holder), row, IDENTITY_SLOT, [kept(services)], utc_now())
        move_case(db, row, CaseState.SENT, utc_now(), by=holder.id)


# --- what is shown ---


def test_agent_reads_what_is_asked_by_when_and_of_whom(client, officer, asked) -> None:
    """R-70: the right, what was written and should be, the clock; to compare with the proof, name and birth date."""
    case = asked(NAMED)
    enter(client, officer)
    client.get(path_of(client.services, case))
    for words in ("Rectification", "Nom de famille", "Essai", "Exemple-Modèle", "au plus tard le", "Anne Essai"):
        assert words in shown(client)
    assert "Le faire en partie" not in shown(client)


def test_number_is_shown_by_its_end_alone(client, officer, asked) -> None:
    case = asked(NUMBERED)
    enter(client, officer)
    client.get(path_of(client.services, case))
    assert "… 456 70" in shown(client)
    assert NIR not in client.page.text


def test_request_other_than_a_correction_shows_nothing_of_the_person_beside_it(client, officer, asked) -> None:
    """R-72: strictly what deciding it takes."""
    case = asked()
    enter(client, officer)
    client.get(path_of(client.services, case))
    assert data_requests.ERASURE.text in shown(client)
    assert "Date de naissance" not in shown(client)


# --- each ruling ---


@pytest.mark.parametrize(
    ("act", "recorded", "state"),
    [
        (Act.REVIEW, "case.decided", CaseState.IN_REVIEW),
        (Act.ASK, "identity-proof.asked", CaseState.INCOMPLETE),
        (Act.EXTEND, "data.delay-extended", CaseState.SENT),
        (Act.ACCEPT, "case.decided", CaseState.ACCEPTED),
        (Act.PARTLY, "case.decided", CaseState.PARTLY),
        (Act.REFUSE, "case.decided", CaseState.REFUSED),
    ],
)
def test_agent_rules_on_a_request_and_the_evidence_calls_it_by_its_name(
    client, officer, holder, asked, act, recorded, state
) -> None:
    """R-70"""
    case, evidence = asked(), Evidence(client)
    enter(client, officer)
    decide(client, case, act)
    assert state_of(client, case) == state
    acts = [(each.action, each.object, each.details["act"]) for each in evidence.fresh() if "act" in each.details]
    assert acts == [(recorded, case.object, act.value)]
    enter(client, holder)
    (name,) = client.services.keyring.conceal(CASE, [case.id])
    client.get(client.url("data.request", case=name))
    assert (WORDS.splitlines()[0] in shown(client)) == (act is not Act.REVIEW)
    if act in {Act.PARTLY, Act.REFUSE}:
        assert REMEDIES in shown(client)


def test_author_finds_each_act_of_the_desk_in_their_activity(client, officer, holder, asked) -> None:
    """R-51, R-70"""
    case = asked()
    enter(client, officer)
    decide(client, case, Act.EXTEND)
    decide(client, case, Act.ASK)
    enter(client, holder)
    seen = text_of(client.get("/compte/journal").one("main"))
    assert f"Le délai de réponse à votre demande a été prolongé, dossier {case.reference}" in seen
    assert f"Une preuve d’identité vous a été demandée, dossier {case.reference}" in seen


def test_what_is_done_already_is_not_offered_again(client, officer, asked) -> None:
    case = asked()
    enter(client, officer)
    decide(client, case, Act.EXTEND)
    decide(client, case, Act.ASK)
    for act in (Act.EXTEND, Act.ASK, Act.CHECK):
        path = path_of(client.services, case)
        assert ask(client, f"{path}/decision?acte={act.value}").status_code == 303
    assert "prolongé le" in shown(client)
    assert "preuve demandée le" in shown(client)


def test_delay_is_not_extended_once_the_first_month_is_over(client, officer, asked) -> None:
    """GDPR 12(3): the form says why, and loses nothing."""
    case = asked(days_ago=45)
    enter(client, officer)
    write(client, case, Act.EXTEND)
    assert client.status == 422
    assert "Le premier mois est passé" in shown(client)
    assert client.page.one("textarea[name=texte]").text().strip() == WORDS.strip()


def test_acceptance_without_words_says_that_they_are_owed(client, officer, asked) -> None:
    case = asked()
    enter(client, officer)
    write(client, case, Act.ACCEPT, "  ")
    assert client.status == 422
    assert "Dites ce que vous avez fait" in shown(client)
    assert state_of(client, case) == CaseState.SENT


def test_proof_that_was_checked_is_gone_from_the_storage(client, officer, holder, asked) -> None:
    """R-70: the row, the name and the bytes; the evidence says that they went."""
    case = asked()
    doubted(client, officer, case, holder)
    assert len(list(client.services.storage.names())) == 1
    evidence = Evidence(client)
    enter(client, officer)
    decide(client, case, Act.CHECK)
    assert list(client.services.storage.names()) == []
    with client.services.database.read() as db:
        assert db.exec(select(CasePiece).where(CasePiece.slot == IDENTITY_SLOT)).all() == []
    acts = [(each.action, each.details.get("destroyed")) for each in evidence.fresh() if "act" in each.details]
    assert acts == [("identity-proof.destroyed", 1)]
    assert "preuve détruite" in shown(client)


def test_decision_takes_the_proof_of_identity_with_it(client, officer, holder, asked) -> None:
    case = asked()
    doubted(client, officer, case, holder)
    enter(client, officer)
    write(client, case, Act.REFUSE)
    assert len(list(client.services.storage.names())) == 1  # a preview destroys nothing
    client.submit('main form[action$="/decision/envoi"]')
    assert list(client.services.storage.names()) == []


def test_accepted_correction_shows_on_the_member_s_pages_and_card(client, officer, holder, asked) -> None:
    """R-70: everywhere, without a second entry."""
    case = asked(NAMED)
    enter(client, officer)
    decide(client, case, Act.ACCEPT, "")
    assert state_of(client, case) == CaseState.ACCEPTED
    enter(client, holder)
    for path in ("/compte", "/adherent", "/adherent/carte"):
        assert "Exemple-Modèle" in client.get(path).text


def test_number_of_another_person_is_refused_in_words(client, officer, holder, asked) -> None:
    case, keyring = asked(NUMBERED), client.services.keyring
    with client.services.database.write() as db:
        other = factories.person(db, "Autre")
        other.nir_encrypted, other.nir_lookup = keyring.encrypt(NIR), keyring.lookup(NIR)
        db.add(other)
    enter(client, officer)
    write(client, case, Act.ACCEPT, "")
    assert client.status == 422
    assert "Une autre personne porte déjà ce numéro" in shown(client)


# --- four eyes ---


@pytest.mark.parametrize(("wanted", "waits"), [(NUMBERED, True), (BORN, True), (NAMED, False)])
def test_number_and_birth_date_are_corrected_by_two_agents(client, make, officer, holder, asked, wanted, waits) -> None:
    """R-61, R-70: nobody changes alone what a person is known by."""
    case = asked(wanted)
    enter(client, officer)
    decide(client, case, Act.ACCEPT, "")
    assert (state_of(client, case) == CaseState.SENT) is waits
    if not waits:
        return
    with client.services.database.read() as db:
        assert db.get_one(Person, holder.person_id).birth_date.isoformat() != BORN.value
    enter(client, make(factories.desk_account, duties=[Duty.PRIVACY]))
    client.get(path_of(client.services, case, "/validation"))
    client.submit('main > .stack > form[action$="/validation"]', button="Valider et envoyer")
    assert state_of(client, case) == CaseState.ACCEPTED
    with client.services.database.read() as db:
        person = db.get_one(Person, holder.person_id)
        number = client.services.keyring.decrypt(person.nir_encrypted) if person.nir_encrypted else ""
        assert wanted.value in {person.birth_date.isoformat(), number}


def test_refusing_to_correct_a_number_takes_one_agent(client, officer, asked) -> None:
    case = asked(NUMBERED)
    enter(client, officer)
    decide(client, case, Act.REFUSE)
    assert state_of(client, case) == CaseState.REFUSED


# --- who, and when ---


def test_request_does_not_exist_for_other_duties_nor_for_its_own_author(client, make, holder, asked) -> None:
    """R-72"""
    case = asked()
    with client.services.database.write() as db:
        keyring = client.services.keyring
        own = factories.desk_account(db, keyring, of=db.get_one(Person, holder.person_id))
    others = make(factories.desk_account, duties=[each for each in Duty if each is not Duty.PRIVACY])
    path = path_of(client.services, case)
    for agent in (own, others):
        enter(client, agent)
        for below in ("", "/decision?acte=refuser", "/validation"):
            assert ask(client, path + below).status_code == 404
        sent = {"acte": "refuser", "version": str(case.version), "vu": "", "texte": WORDS}
        assert send(client, f"{path}/decision", sent, form_at="/gestion").status_code == 404
    assert state_of(client, case) == CaseState.SENT


@pytest.mark.parametrize("act", [Act.ACCEPT, Act.REFUSE, Act.ASK, Act.EXTEND])
def test_request_that_moved_is_read_again_before_it_is_ruled_on(client, officer, asked, act) -> None:
    case = asked()
    enter(client, officer)
    write(client, case, act)
    with client.services.database.write() as db:
        touch(db, db.get_one(Case, case.id), utc_now())
    client.submit('main form[action$="/decision/envoi"]')
    assert client.status == 422
    assert client.page.one("textarea[name=texte]").text().strip() == WORDS.strip()
    assert state_of(client, case) == CaseState.SENT


def test_request_that_is_over_offers_nothing(client, officer, asked) -> None:
    case = asked()
    enter(client, officer)
    decide(client, case, Act.REFUSE)
    assert "il n’y a plus rien à décider" in shown(client)
    for act in (Act.ACCEPT, Act.ASK, Act.EXTEND, Act.CHECK):
        path = path_of(client.services, case)
        assert ask(client, f"{path}/decision?acte={act.value}").status_code == 303


@pytest.mark.engines("sqlite", "postgresql")
def test_of_four_agents_who_correct_a_name_at_once_one_does(client, asked) -> None:
    case, services = asked(NAMED), client.services
    with services.database.write() as db:
        made = [factories.desk_account(db, services.keyring) for _ in range(4)]
        agents = [agent_at_work(factories.viewer_of(db, one), CaseLetters(services)) for one in made]
    barrier = Barrier(4)

    def accept(agent) -> str:
        barrier.wait()
        try:
            with services.database.write() as db:
                row = lock_for_desk(db, agent, case.id, case.version)
                accept_data_request(db, agent, services.keyring, row, "", utc_now())
        except Exception as refused:  # noqa: BLE001  (each loser's reason is looked at)
            return type(refused).__name__
        return "done"

    with ThreadPoolExecutor(4) as threads:
        outcomes = sorted(threads.map(accept, agents))
    assert outcomes == ["CaseMoved", "CaseMoved", "CaseMoved", "done"]
    assert len(letters(services.database, services)) == 1


# --- a restriction lifted at the desk ---


@pytest.fixture
def limited(client, holder):
    with client.services.database.write() as db:
        db.add(ProcessingRestriction(account_id=holder.id, ground="exactitude"))
    return holder


def test_agent_lifts_a_restriction_and_its_holder_is_told_and_reads_why(client, officer, limited, sheet_url) -> None:
    """R-70; GDPR 18(3)"""
    evidence = Evidence(client)
    enter(client, officer)
    client.get(sheet_url(limited))
    assert "Usage des données limité à sa demande" in shown(client)
    client.click("Lever la limitation de ses données")
    client.submit(motif="Non.")
    assert client.status == 422
    assert client.page.one("#motif").text().strip() == "Non."
    client.submit(motif=REASON)
    assert client.path == sheet_url(limited)
    assert "limité" not in shown(client).lower()
    assert [act.action for act in evidence.fresh() if act.action != "account.read"] == ["processing.restriction-lifted"]
    (letter,) = letters(client.services.database, client.services, to=limited.email)
    assert letter.name == "data-choice-changed"
    assert ask(client, sheet_url(limited, "/limitation")).status_code == 404
    enter(client, limited)
    assert REASON in text_of(client.get("/compte/donnees/limitation").one("main"))
    assert "La limitation de l’usage de vos données a été levée" in text_of(client.get("/compte/journal").one("main"))


def test_restriction_is_lifted_by_nobody_without_the_duty_nor_on_one_s_own_account(
    client, make, officer, limited, sheet_url
) -> None:
    """R-72"""
    other = make(factories.desk_account, duties=[each for each in Duty if each is not Duty.PRIVACY])
    enter(client, other)
    assert "Lever la limitation" not in client.get(sheet_url(limited)).text
    for agent, account in ((other, limited), (officer, officer)):
        enter(client, agent)
        path = sheet_url(account, "/limitation")
        assert ask(client, path).status_code == 404
        assert send(client, path, {"motif": REASON}, form_at="/gestion").status_code == 404
    with client.services.database.read() as db:
        assert db.exec(select(ProcessingRestriction)).one().ended_at is None


def test_restriction_that_does_not_run_is_not_lifted(client, officer, holder, sheet_url) -> None:
    enter(client, officer)
    path = sheet_url(holder, "/limitation")
    assert ask(client, path).status_code == 404
    assert send(client, path, {"motif": REASON}, form_at="/gestion").status_code == 404


def test_restriction_lifted_twice_is_told_once(client, officer, limited, sheet_url) -> None:
    enter(client, officer)
    client.get(sheet_url(limited, "/limitation"))
    form = client.form('main form[method="post"]')
    form.fill({"motif": REASON})
    client.send(form)
    client.send(form)
    assert client.status in {303, 404}
    assert len(letters(client.services.database, client.services, to=limited.email)) == 1


def test_no_break_spaces_that_an_agent_types_are_kept(client, officer, holder, asked) -> None:
    case = asked()
    enter(client, officer)
    decide(client, case, Act.REFUSE, "La loi nous y oblige\u00a0: dix ans.")
    enter(client, holder)
    (name,) = client.services.keyring.conceal(CASE, [case.id])
    assert (
        "La loi nous y oblige\u00a0: dix ans." in client.get(client.url("data.request", case=name)).one("main").text()
    )
