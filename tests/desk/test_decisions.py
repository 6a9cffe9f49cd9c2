"""Decisions of the desk by kind (R-61, R-70): written, read as the person will read them, sent once, told by e-mail."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.case_areas import AREAS
from portal.case_links import CASE
from portal.case_notices import CaseLetters
from portal.data.case_desk import agent_at_work, lock_for_desk
from portal.data.case_messages import CaseMessage, add_message
from portal.data.case_pieces import add_pieces
from portal.data.cases import Case, CaseKind, CaseState, touch
from portal.data.columns import utc_now
from portal.data.data_request_slots import IDENTITY_SLOT
from portal.data.data_right_desk import ask_identity
from portal.data.decisions import Act, Decision
from portal.data.proposals import DecisionProposal, ProposalState, Settled, settle, write_decision
from portal.data.replies import add_reply
from portal.data.work_acts import lock_item, take
from portal.data.work_items import DUTY_OF, Duty, item_of_case
from portal.deciding.registry import FRAMES, applier_of
from tests.support import factories
from tests.support.conversations import anonymous
from tests.support.desk_cases import MAKERS, WORDS, kept, path_of
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters

K, S = CaseKind, CaseState
# What each act leads to, where one agent decides alone; what its form asks for besides the words.
DECIDED = [
    (K.MESSAGE, Act.ANSWER, {}, S.ANSWERED),
    (K.MESSAGE, Act.CLOSE, {}, S.CLOSED),
    (K.COMPLAINT, Act.ACKNOWLEDGE, {}, S.IN_REVIEW),
    (K.COMPLAINT, Act.ANSWER, {}, S.ANSWERED),
    (K.COMPLAINT, Act.PARTLY, {}, S.PARTLY),
    (K.COMPLAINT, Act.REFUSE, {}, S.REFUSED),
    (K.CORRECTION, Act.ACCEPT, {}, S.ACCEPTED),
    (K.CORRECTION, Act.ASK, {}, S.INCOMPLETE),
    (K.CORRECTION, Act.REFUSE, {}, S.REFUSED),
    (K.BENEFICIARY_ADDED, Act.ACCEPT, {}, S.ACCEPTED),
    (K.BENEFICIARY_ADDED, Act.ASK, {}, S.INCOMPLETE),
    (K.BENEFICIARY_ADDED, Act.ANSWER, {}, S.ANSWERED),
    (K.BENEFICIARY_REMOVED, Act.REFUSE, {}, S.REFUSED),
    (K.BENEFICIARY_CHANGED, Act.ACCEPT, {}, S.ACCEPTED),
    (K.CLAIM, Act.ASK, {}, S.INCOMPLETE),
    (K.CLAIM, Act.REFUSE, {}, S.REFUSED),
    (K.QUOTE, Act.ACCEPT, {"securite_sociale": "10,00", "mutuelle": "20,50"}, S.ACCEPTED),
    (K.QUOTE, Act.PARTLY, {"securite_sociale": "0", "mutuelle": "5"}, S.PARTLY),
    (K.QUOTE, Act.REFUSE, {}, S.REFUSED),
    (K.AUTONOMY, Act.ACCEPT, {}, S.ACCEPTED),
    (K.AUTONOMY, Act.REFUSE, {}, S.REFUSED),
    (K.CONTRIBUTION_DISPUTE, Act.ACCEPT, {}, S.ACCEPTED),
    (K.CONTRIBUTION_DISPUTE, Act.PARTLY, {}, S.PARTLY),
    (K.CONTRIBUTION_DISPUTE, Act.REFUSE, {}, S.REFUSED),
    (K.INVOICE_DISPUTE, Act.ACCEPT, {"montant": "120,00"}, S.PARTLY),
    (K.INVOICE_DISPUTE, Act.ANSWER, {}, S.ANSWERED),
    (K.INVOICE_DISPUTE, Act.REFUSE, {}, S.REFUSED),
    (K.PRACTICE_ADDRESS, Act.ACCEPT, {}, S.ACCEPTED),
    (K.PRACTICE_ADDRESS, Act.ASK, {}, S.INCOMPLETE),
    (K.PRACTICE_NUMBER, Act.REFUSE, {}, S.REFUSED),
    (K.DATA_RIGHT, Act.ACCEPT, {}, S.ACCEPTED),
    (K.DATA_RIGHT, Act.PARTLY, {}, S.PARTLY),
    (K.DATA_RIGHT, Act.ASK, {}, S.INCOMPLETE),
    (K.DATA_RIGHT, Act.EXTEND, {}, S.SENT),
    (K.DATA_RIGHT, Act.REFUSE, {}, S.REFUSED),
]
WORDLESS = {(K.MESSAGE, Act.CLOSE), *((kind, Act.ACCEPT) for kind in (K.BENEFICIARY_ADDED, K.BENEFICIARY_CHANGED,
            K.PRACTICE_ADDRESS))}  # fmt: skip


@pytest.fixture
def made(client):
    """Makes a case of a kind; the case and its author."""

    def sent(kind: CaseKind):
        with client.services.database.write() as db:
            return MAKERS[kind](db, client.services)

    return sent


def state_of(client, case: Case) -> str:
    with client.services.database.read() as db:
        return db.get_one(Case, case.id).state


def open_form(client, case: Case, act: Act) -> None:
    client.get(path_of(client.services, case, f"/decision?acte={act.value}"))


def fill(client, case: Case, act: Act, words: str = WORDS, **fields: str) -> None:
    """Writes a decision, up to its preview."""
    open_form(client, case, act)
    typed = {} if (case.kind, act) in WORDLESS else {"texte": words}
    client.submit(f'form[action="{path_of(client.services, case, "/decision")}"][method="post"]', **typed, **fields)


def send_it(client) -> None:
    client.submit('main form[action$="/decision/envoi"]')


def test_agent_is_asked_before_answering_what_a_colleague_has(client, agent, supervisor, made) -> None:
    """R-61: nobody answers one request twice without knowing; whoever says to know may."""
    case, _ = made(K.COMPLAINT)
    with client.services.database.write() as db:
        colleague = factories.viewer_of(db, supervisor)
        item = item_of_case(db, case.id or 0)
        keyring = client.services.keyring
        take(db, colleague, keyring, lock_item(db, colleague, keyring, item), utc_now())
    enter(client, agent)
    fill(client, case, Act.PARTLY)
    client.submit('main form[action$="/decision/envoi"]')
    assert (client.status, supervisor.display_name in text_of(client.page.one("main"))) == (422, True)
    assert state_of(client, case) == S.SENT
    client.submit('main form[action$="/decision/envoi"]', collegue="1")
    assert state_of(client, case) == S.PARTLY


@pytest.mark.parametrize(("kind", "act", "fields", "state"), DECIDED)
def test_agent_decides_a_case_and_its_author_reads_it_at_once(client, agent, made, kind, act, fields, state) -> None:
    """R-61, R-70: what the preview showed is what the author's page says then; an e-mail tells."""
    case, author = made(kind)
    evidence = Evidence(client)
    enter(client, agent)
    fill(client, case, act, **fields)
    assert state_of(client, case) == S.SENT
    shown = text_of(client.page.one(".seen"))
    if (kind, act) not in WORDLESS:
        assert WORDS in shown
    send_it(client)
    assert client.path == path_of(client.services, case)
    assert state_of(client, case) == state
    assert [letter.to for letter in letters(client.services.database, client.services)] == [author.email]
    acts = [each for each in evidence.fresh() if each.details.get("act") == act.value]
    assert [each.object for each in acts] == [case.object]
    enter(client, author)
    (name,) = client.services.keyring.conceal(CASE, [case.id])
    client.get(client.url(AREAS[kind].page, case=name))
    if (kind, act) not in WORDLESS:
        assert WORDS in text_of(client.page.one("main"))


def test_every_act_of_every_kind_is_decided_in_a_test(client) -> None:
    alone = {(str(kind), act) for kind, act, *_ in DECIDED} | {(kind, Act.REVIEW) for kind in FRAMES}
    common = {(kind, act) for kind, frame in FRAMES.items() for act in frame.rulings}
    shared = {
        (kind, act)
        for kind, act in common - alone
        if FRAMES[kind].rulings[act].apply in {FRAMES[k].rulings[a].apply for k, a in alone}
    }
    four_eyes = {
        (K.DATA_RIGHT, Act.CHECK),
        (K.BENEFICIARY_ADDED, Act.REFUSE),
        (K.BENEFICIARY_REMOVED, Act.ACCEPT),
        (K.COMPLAINT, Act.ACCEPT),
    }
    elsewhere = {(kind, act) for kind, act in common if FRAMES[kind].rulings[act].route}
    assert common - alone - shared - four_eyes - elsewhere == set()


def test_identity_that_was_checked_leaves_no_proof_of_it(client, agent, made) -> None:
    """R-70: neither the row nor the content of what proved it."""
    case, author = made(K.DATA_RIGHT)
    with client.services.database.write() as db:
        who = factories.viewer_of(db, agent)
        row = lock_for_desk(db, who, case.id, case.version)
        ask_identity(db, who, client.services.keyring, row, "La demande vient d’un nouvel appareil.", utc_now())
        asking = factories.viewer_of(db, db.get_one(factories.Account, author.id))
        add_pieces(db, asking, row, IDENTITY_SLOT, [kept(client.services)], utc_now())
    names = [name for name, _ in client.services.storage.names()]
    assert len(names) == 1
    enter(client, agent)
    open_form(client, case, Act.CHECK)
    client.submit('main form[method="post"]')
    send_it(client)
    assert list(client.services.storage.names()) == []
    assert "Identité vérifiée" not in [link.text() for link in client.page.css("#decider ~ ul a")]
    assert "preuve détruite" in text_of(client.page.one("main"))


def test_agent_takes_a_case_under_review_without_a_letter(client, agent, made) -> None:
    case, _ = made(K.CLAIM)
    enter(client, agent)
    open_form(client, case, Act.REVIEW)
    client.submit('main form[method="post"]')
    assert "Aucun e-mail ne part" in text_of(client.page.one("main"))
    send_it(client)
    assert state_of(client, case) == S.IN_REVIEW
    assert letters(client.services.database, client.services) == []


def test_preview_changes_nothing_and_posts_nothing(client, agent, made) -> None:
    """What is shown was applied, and undone."""
    case, _ = made(K.BENEFICIARY_ADDED)
    enter(client, agent)
    fill(client, case, Act.ACCEPT)
    assert "Acceptée" in text_of(client.page.one(".seen"))
    assert "Du nouveau dans votre dossier" in text_of(client.page.one("main"))
    assert not client.page.css(".seen form, .seen a, .seen button, .seen [id]")
    with client.services.database.read() as db:
        row = db.get_one(Case, case.id)
        assert (row.state, row.version) == (S.SENT, case.version)
        assert len(db.exec(select(factories.Person).where(factories.Person.first_name == "Lou")).all()) == 0
    assert letters(client.services.database, client.services) == []


@pytest.mark.parametrize(
    ("fields", "words", "problem"),
    [
        ({"mutuelle": "cent", "securite_sociale": "1"}, WORDS, "mutuelle"),
        ({"mutuelle": "1", "securite_sociale": ""}, WORDS, "securite_sociale"),
        ({"mutuelle": "-3", "securite_sociale": "1"}, WORDS, "mutuelle"),
        ({"mutuelle": "1", "securite_sociale": "1"}, "", "texte"),
        ({"mutuelle": "1", "securite_sociale": "1"}, "[Ce que nous avons vérifié] est à écrire.", "texte"),
        ({"mutuelle": "1", "securite_sociale": "1"}, "x" * 4001, "texte"),
        ({"mutuelle": "99999", "securite_sociale": "1"}, WORDS, None),
    ],
)
def test_form_that_is_wrong_says_why_and_loses_nothing(client, agent, made, fields, words, problem) -> None:
    """R-10"""
    case, _ = made(K.QUOTE)
    enter(client, agent)
    fill(client, case, Act.ACCEPT, words, **fields)
    assert client.answer.status_code == 422
    assert client.page.one("textarea[name=texte]").text().strip() == words.strip()
    assert client.page.one("input[name=mutuelle]").attributes["value"] == fields["mutuelle"]
    if problem:
        assert client.page.one(f"#{problem}[aria-invalid=true]")
    assert state_of(client, case) == S.SENT


@pytest.mark.parametrize("day", ["0001-01-01", "0026-12-01", "9999-12-31", "01/12/2206"])
def test_day_of_effect_of_another_century_is_a_slip(client, agent, made, day) -> None:
    """R-10: it would move a practice for ever, or at once."""
    case, _ = made(K.PRACTICE_ADDRESS)
    enter(client, agent)
    open_form(client, case, Act.ACCEPT)
    path = path_of(client.services, case, "/decision")
    form = client.form(f'form[action="{path}"][method="post"]')
    form.fill({"date_effet": day})
    client.send(form)
    assert client.answer.status_code == 422
    assert client.page.one("#date_effet[aria-invalid=true]").attributes["value"] == day
    assert "vérifiez l’année" in text_of(client.page.one("#erreurs"))


def test_text_with_markup_is_shown_as_it_was_typed(client, agent, made) -> None:
    case, _ = made(K.MESSAGE)
    enter(client, agent)
    fill(client, case, Act.ANSWER, "<script>alert(1)</script> <h1>Titre</h1> </main>")
    assert "<script>alert(1)" not in client.answer.text
    assert "<h1>Titre</h1>" in text_of(client.page.one(".seen"))


def test_case_that_moved_says_what_changed_and_keeps_what_was_typed(client, agent, made) -> None:
    """Its author wrote meanwhile: the agent reads that first, and sends the same words again."""
    case, author = made(K.COMPLAINT)
    enter(client, agent)
    open_form(client, case, Act.REFUSE)
    form = client.form('main form[method="post"]')
    form.fill({"texte": WORDS})
    with client.services.database.write() as db:
        row = db.get_one(Case, case.id)
        viewer = factories.viewer_of(db, db.get_one(factories.Account, author.id))
        add_message(db, viewer, client.services.keyring, row, "J’ajoute ceci.", utc_now())
        touch(db, row, utc_now())
    client.send(form)
    assert client.answer.status_code == 422
    shown = text_of(client.page.one("main"))
    assert "La personne a écrit 1\xa0message" in shown
    assert client.page.one("textarea[name=texte]").text().strip() == WORDS
    client.submit('main form[action$="/decision"][method="post"]')
    send_it(client)
    assert state_of(client, case) == S.REFUSED


@pytest.mark.parametrize("seen", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-11-29", "hier", ""])
def test_form_of_a_case_that_moved_bears_any_instant_that_it_was_seen_at(client, agent, made, seen) -> None:
    case, _ = made(K.COMPLAINT)
    enter(client, agent)
    open_form(client, case, Act.REFUSE)
    form = client.form('main form[method="post"]')
    form.fill({"texte": WORDS, "vu": seen, "version": "0"})
    client.send(form)
    assert client.answer.status_code == 422
    assert client.page.one("textarea[name=texte]").text().strip() == WORDS


def test_preview_left_open_never_sends_what_another_tab_wrote_since(client, agent, made) -> None:
    """R-61: what is applied is what was read; the other decision is shown before it may be sent."""
    case, _ = made(K.CORRECTION)
    enter(client, agent)
    fill(client, case, Act.REFUSE)
    first_tab = client.form('main form[action$="/decision/envoi"]')
    fill(client, case, Act.ACCEPT, "La date est corrigée sur votre page.")
    client.send(first_tab)
    assert state_of(client, case) == S.SENT
    client.get(client.answer.headers["location"])
    assert client.page.one("textarea[name=texte]").text().strip() == "La date est corrigée sur votre page."
    client.submit(f'form[action="{path_of(client.services, case, "/decision")}"][method="post"]')
    send_it(client)
    assert state_of(client, case) == S.ACCEPTED


def test_decision_written_anew_while_it_is_sent_is_the_only_one_left(client, agent, made, monkeypatch) -> None:
    """The words of the first tab go at the very moment at which it sends them."""
    case, _ = made(K.MESSAGE)
    enter(client, agent)
    fill(client, case, Act.ANSWER)

    def meanwhile(*_: object) -> list:
        with client.services.database.write() as db:
            writer = agent_at_work(factories.viewer_of(db, agent), CaseLetters(client.services))
            locked = lock_for_desk(db, writer, case.id, case.version)
            other = Decision(Act.ANSWER, "Autre texte, dans un autre onglet.")
            write_decision(db, writer, client.services.keyring, locked, other, utc_now())
        return []

    monkeypatch.setattr("portal.pages.desk.case_sending._asked_of_colleagues", meanwhile)
    client.submit('main form[action$="/decision/envoi"]')
    assert state_of(client, case) == S.SENT
    assert client.page.one("textarea[name=texte]").text().strip() == "Autre texte, dans un autre onglet."


def test_case_that_moved_after_the_preview_is_not_decided(client, agent, made) -> None:
    case, _ = made(K.COMPLAINT)
    enter(client, agent)
    fill(client, case, Act.REFUSE)
    with client.services.database.write() as db:
        touch(db, db.get_one(Case, case.id), utc_now())
    send_it(client)
    assert client.answer.status_code == 422
    assert client.page.one("textarea[name=texte]").text().strip() == WORDS
    assert state_of(client, case) == S.SENT


def test_button_pressed_twice_decides_once(client, agent, made) -> None:
    case, author = made(K.MESSAGE)
    enter(client, agent)
    fill(client, case, Act.ANSWER)
    form = client.form('main form[action$="/decision/envoi"]')
    client.send(form)
    client.send(form)
    assert client.answer.status_code == 303
    with client.services.database.read() as db:
        said = db.exec(select(CaseMessage).where(CaseMessage.case_id == case.id, CaseMessage.is_from_insurer)).all()
    assert len(said) == 1
    assert len(letters(client.services.database, client.services, to=author.email)) == 1


@pytest.mark.engines("sqlite", "postgresql")
def test_eight_sendings_at_once_decide_once(client, agent, made) -> None:
    """Of one agent's form sent eight times, and of two agents who decide the same case."""
    case, _ = made(K.CORRECTION)
    services, both = client.services, [agent, _another(client)]
    rows = []
    for one in both:
        with services.database.write() as db:
            who = agent_at_work(factories.viewer_of(db, one), CaseLetters(services))
            locked = lock_for_desk(db, who, case.id, case.version)
            decision = Decision(Act.REFUSE, WORDS)
            rows.append((who, write_decision(db, who, services.keyring, locked, decision, utc_now()).id))
    barrier = Barrier(8)

    def press(index: int) -> str:
        who, row_id = rows[index % 2]
        barrier.wait()
        try:
            with services.database.write() as db:
                settle(db, who, services.keyring, row_id, applier_of(K.CORRECTION, Act.REFUSE), utc_now())
        except Exception as refused:  # noqa: BLE001  (each loser's reason is looked at)
            return type(refused).__name__
        return "done"

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(press, range(8)))
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", Settled.__name__, "CaseMoved"}
    assert state_of(client, case) == S.REFUSED
    assert len(letters(services.database, services)) == 1


def _another(client):
    with client.services.database.write() as db:
        return factories.desk_account(db, client.services.keyring)


def test_somebody_else_s_draft_is_nobody_s_to_send(client, agent, made) -> None:
    case, _ = made(K.MESSAGE)
    enter(client, agent)
    fill(client, case, Act.ANSWER)
    name = client.page.one("input[name=decision]").attributes["value"]
    enter(client, _another(client))
    path = path_of(client.services, case)
    answer = send(client, f"{path}/decision/envoi", {"decision": name}, form_at=f"{path}/decision?acte=repondre")
    assert answer.status_code == 303

    assert state_of(client, case) == S.SENT
    assert WORDS not in ask(client, f"{path}/decision?acte=repondre&brouillon={name}").text


def test_what_an_agent_wrote_waits_where_it_was_left(client, agent, made) -> None:
    """« Modifier » gives the form back as it was."""
    case, _ = made(K.QUOTE)
    enter(client, agent)
    fill(client, case, Act.ACCEPT, securite_sociale="10", mutuelle="20,50")
    client.click("Modifier")
    assert client.page.one("textarea[name=texte]").text().strip() == WORDS
    assert client.page.one("input[name=mutuelle]").attributes["value"] == "20,50"


def test_money_asks_for_a_recent_proof_of_identity_and_loses_nothing(client, agent, made) -> None:
    case, _ = made(K.INVOICE_DISPUTE)
    enter(client, agent)
    fill(client, case, Act.ACCEPT, montant="120,00")
    form = client.form('main form[action$="/decision/envoi"]')
    with client.services.database.write() as db:
        db.execute(text("UPDATE session SET confirmed_at = '2020-01-01 00:00:00'"))
    client.send(form)
    assert client.answer.headers["location"].startswith("/compte/confirmation?suite=")
    assert state_of(client, case) == S.SENT
    with client.services.database.write() as db:
        db.execute(text("UPDATE session SET confirmed_at = :now"), {"now": utc_now().replace(tzinfo=None)})
    back = parse_qs(urlsplit(client.answer.headers["location"]).query)["suite"][0]
    client.get(back)
    assert client.page.one("input[name=montant]").attributes["value"] == "120,00"


@pytest.mark.parametrize("state", [S.ACCEPTED, S.REFUSED, S.CANCELLED])
def test_case_that_is_over_offers_nothing_to_decide(client, agent, made, state) -> None:
    case, _ = made(K.CORRECTION)
    with client.services.database.write() as db:
        row = db.get_one(Case, case.id)
        row.state = state
        db.add(row)
    enter(client, agent)
    client.get(path_of(client.services, case))
    assert "plus rien à décider" in text_of(client.page.one("main"))
    for act in FRAMES[K.CORRECTION].rulings:
        assert ask(client, path_of(client.services, case, f"/decision?acte={act.value}")).status_code == 303
    path = path_of(client.services, case)
    fields = {"acte": "refuser", "version": str(case.version), "vu": "", "texte": WORDS}
    assert send(client, f"{path}/decision", fields, form_at="/gestion").status_code == 422
    assert state_of(client, case) == state


@pytest.mark.parametrize("act", ["", "supprimer", "../refuser", "accepter-en-partie"])
def test_acts_that_a_kind_does_not_have_lead_nowhere(client, agent, made, act) -> None:
    case, _ = made(K.CORRECTION)
    enter(client, agent)
    path = path_of(client.services, case)
    assert ask(client, f"{path}/decision?acte={act}").status_code == 404
    sent = {"acte": act, "version": "2", "texte": WORDS}
    assert send(client, f"{path}/decision", sent, form_at="/gestion").status_code == 404


def test_reply_template_fills_the_text_with_what_the_case_says(client, agent, made) -> None:
    case, _ = made(K.CORRECTION)
    enter(client, agent)
    open_form(client, case, Act.ACCEPT)
    form = client.form('main form[method="get"]')
    option = client.page.css("select[name=modele] option[value]")[1]
    form.fill({"modele": option.attributes["value"]})
    client.send(form)
    written = client.page.one("textarea[name=texte]").text()
    assert "Bonjour Anne Essai" in written
    assert case.reference in written
    assert "{" not in written


def test_template_that_needs_what_the_case_lacks_is_refused_in_words(client, agent, supervisor, made) -> None:
    case, _ = made(K.CORRECTION)
    with client.services.database.write() as db:
        who = factories.viewer_of(db, supervisor)
        words = "Réponse avant le {reponse_avant_le}."
        made_one = add_reply(db, who, K.CORRECTION, Act.ACCEPT, "Avec délai", words, utc_now())
    enter(client, agent)
    (name,) = client.services.keyring.conceal("reply", [made_one.id])
    client.get(path_of(client.services, case, f"/decision?acte=accepter&modele={name}"))
    assert client.answer.status_code == 422
    assert "jour avant lequel nous devons répondre" in text_of(client.page.one("main"))


def test_complaint_without_an_account_is_previewed_and_answered_by_its_link(client, agent) -> None:
    with client.services.database.write() as db:
        case = anonymous(db, client.services.keyring, None)
    enter(client, agent)
    fill(client, case, Act.REFUSE)
    assert WORDS in text_of(client.page.one(".seen"))
    send_it(client)
    assert state_of(client, case) == S.REFUSED
    (letter,) = letters(client.services.database, client.services)
    assert letter.to == "jean@exemple.example"


def test_case_of_an_erased_account_is_still_decided(client, agent, made) -> None:
    """Nobody reads the answer any more: the words are shown alone, and no letter leaves."""
    case, author = made(K.COMPLAINT)
    with client.services.database.write() as db:
        row = db.get_one(factories.Account, author.id)
        row.person_id, row.email, row.display_name = None, "", "Compte supprimé"
        db.add(row)
    enter(client, agent)
    fill(client, case, Act.REFUSE)
    assert WORDS in text_of(client.page.one("main"))
    send_it(client)
    assert state_of(client, case) == S.REFUSED
    assert letters(client.services.database, client.services) == []


def test_decision_that_was_sent_says_nothing_any_more_in_the_proposals(client, agent, made) -> None:
    """The words are the case's then: they stand encrypted there, once."""
    case, _ = made(K.COMPLAINT)
    enter(client, agent)
    fill(client, case, Act.REFUSE)
    send_it(client)
    with client.services.database.read() as db:
        row = db.exec(select(DecisionProposal)).one()
    assert (row.state, row.payload_encrypted, row.settled_by) == (ProposalState.APPLIED, b"", agent.id)


@pytest.mark.parametrize("duty", list(Duty))
def test_each_duty_decides_its_own_kinds_alone(client, made, duty) -> None:
    """R-72: agent × kind × act, by the forms themselves."""
    with client.services.database.write() as db:
        one = factories.desk_account(db, client.services.keyring, duties=[duty])
    enter(client, one)
    for kind in (K.MESSAGE, K.CORRECTION, K.CONTRIBUTION_DISPUTE, K.INVOICE_DISPUTE, K.PRACTICE_ADDRESS, K.CLAIM):
        case, _ = made(kind)
        path = path_of(client.services, case)
        for act, ruling in FRAMES[kind].rulings.items():
            shown, refused = (303, 404) if ruling.route else (200, 422)
            is_theirs = DUTY_OF[kind] is duty
            assert ask(client, f"{path}/decision?acte={act.value}").status_code == (shown if is_theirs else 404)
            sent = {"acte": act.value, "version": "0", "texte": WORDS, "vu": ""}
            answer = send(client, f"{path}/decision", sent, form_at="/gestion")
            assert answer.status_code == (refused if is_theirs else 404)
