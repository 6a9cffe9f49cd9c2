"""Four eyes (R-61, R-72): what a second agent must approve waits, is applied once, or goes back with a reason."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.data.case_desk import agent_at_work, lock_for_desk
from portal.data.cases import Case, CaseKind, CaseState, touch
from portal.data.columns import utc_now
from portal.data.coverage import Beneficiary
from portal.data.death_instructions import Wish
from portal.data.decisions import Act, Decision
from portal.data.proposal_upkeep import KEPT_FOR, expire_proposals
from portal.data.proposals import (
    AlreadyProposed,
    DecisionProposal,
    NotForYou,
    ProposalState,
    Settled,
    approve,
    send_back,
    settle,
    write_decision,
)
from portal.data.proposals_seen import waiting_for
from portal.data.second_looks import SecondLookRule, needs_second_look, rules_on
from portal.data.sessions import SignedSession
from portal.data.work_items import DEATH, Duty
from portal.deciding.registry import FRAMES, applier_of
from tests.support import factories
from tests.support.desk_cases import MAKERS, WORDS, identity, path_of
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters

K, S = CaseKind, CaseState
TODAY = date(2026, 11, 29)
REASON = "Le motif ne correspond pas à la pièce jointe."


@pytest.fixture
def colleague(make):
    return make(factories.desk_account)


def proposed(client, agent, kind: CaseKind = K.BENEFICIARY_ADDED, act: Act = Act.REFUSE, **fields: str):
    """A decision that waits; its case and the case's author."""
    with client.services.database.write() as db:
        case, author = MAKERS[kind](db, client.services)
    enter(client, agent)
    path = path_of(client.services, case)
    client.get(f"{path}/decision?acte={act.value}")
    typed = {"texte": WORDS} if client.page.css("textarea[name=texte]") else {}
    client.submit(f'form[action="{path}/decision"][method="post"]', **typed, **fields)
    assert "Un second regard est nécessaire" in text_of(client.page.one("main"))
    client.submit('main form[action$="/decision/envoi"]')
    return case, author


def state_of(client, case: Case) -> str:
    with client.services.database.read() as db:
        return db.get_one(Case, case.id).state


@pytest.mark.parametrize(
    ("cents", "day", "expected"),
    [
        (29_999, TODAY, False),
        (30_000, TODAY, True),
        (None, TODAY, False),
        (30_000, date(2025, 12, 31), False),
    ],
)
def test_rules_ask_for_a_second_look_from_their_amount_and_day_on(db, cents, day, expected) -> None:
    assert needs_second_look(db, K.INVOICE_DISPUTE, Act.ACCEPT, cents, day) is expected


def test_rule_without_an_amount_asks_for_every_decision_until_it_ends(db) -> None:
    db.add(SecondLookRule(kind="message", act="repondre", valid_from=TODAY, valid_to=TODAY))
    db.flush()
    days = [TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1)]
    assert [needs_second_look(db, "message", "repondre", None, day) for day in days] == [False, True, False]


def test_rules_that_come_with_the_portal_name_acts_that_exist(db) -> None:
    rules = rules_on(db, TODAY)
    assert {rule.act for rule in rules if rule.kind == DEATH} == {Wish.ERASE, Wish.GIVE}
    for rule in (each for each in rules if each.kind != DEATH):
        assert rule.kind in set(CaseKind)
        assert rule.act in set(Act)
        assert Act(rule.act) in FRAMES[rule.kind].rulings


def test_refusal_of_a_beneficiary_waits_for_another_agent(client, agent, colleague) -> None:
    """Nobody is told, nothing moves, until somebody else approves."""
    evidence = Evidence(client)
    case, author = proposed(client, agent)
    assert state_of(client, case) == S.SENT
    assert letters(client.services.database, client.services) == []
    assert "Décision à valider" in text_of(client.page.one("main"))
    client.get("/gestion/validations")
    assert "Rien à valider" in text_of(client.page.one("main"))
    enter(client, colleague)
    client.get("/gestion/validations")
    client.click(f"Ajout d’un bénéficiaire {case.reference}")
    assert WORDS in text_of(client.page.one("main"))
    client.submit('main form[action$="/validation/apercu"]')
    assert WORDS in text_of(client.page.one(".seen"))
    client.submit('main > .stack > form[action$="/validation"]', button="Valider et envoyer")
    assert state_of(client, case) == S.REFUSED
    assert [letter.to for letter in letters(client.services.database, client.services)] == [author.email]
    acts = [(act.action, act.details["act"]) for act in evidence.fresh() if "act" in act.details]
    assert acts == [("decision.proposed", "refuser"), ("case.decided", "refuser")]


@pytest.mark.parametrize(
    ("corrected", "waits"),
    [
        ({"first_name": "Zoë"}, False),
        ({"birth_date": date(2020, 5, 5)}, True),
        ({"nir": "2200575056003"}, True),
        ({"first_name": "Zoë", "birth_date": date(2020, 5, 5)}, True),
    ],
    ids=["name", "birth date", "number", "both"],
)
def test_birth_date_or_number_of_somebody_covered_is_corrected_by_two_agents(client, agent, corrected, waits) -> None:
    """As where the correction is asked for as a right (R-70)."""
    with client.services.database.write() as db:
        case, _ = identity(db, client.services, **corrected)
    enter(client, agent)
    path = path_of(client.services, case)
    client.get(f"{path}/decision?acte=accepter")
    client.submit(f'form[action="{path}/decision"][method="post"]')
    client.submit('main form[action$="/decision/envoi"]')
    assert state_of(client, case) == (S.SENT if waits else S.ACCEPTED)
    assert _row(client).state == (ProposalState.WAITING if waits else ProposalState.APPLIED)


def test_proposer_cannot_approve_their_own_decision(client, agent) -> None:
    case, _ = proposed(client, agent)
    path = path_of(client.services, case, "/validation")
    client.get(path)
    assert "Vous avez écrit cette décision" in text_of(client.page.one("main"))
    assert not client.page.css('form[action$="/validation"]')
    (name,) = client.services.keyring.conceal("proposal", [_row(client).id])
    for choice in ("valider", "renvoyer"):
        sent = {"decision": name, "choix": choice, "motif": REASON}
        assert send(client, path, sent, form_at=path).status_code == 303
    assert (state_of(client, case), _row(client).state) == (S.SENT, ProposalState.WAITING)


def test_agent_without_the_duty_or_who_is_party_approves_nothing(client, agent) -> None:
    case, author = proposed(client, agent)
    with client.services.database.write() as db:
        keyring = client.services.keyring
        person = db.get_one(factories.Person, author.person_id)
        others = [
            factories.desk_account(db, keyring, duties=set(Duty) - {Duty.CONTRACTS}),
            factories.desk_account(db, keyring, of=person),
        ]
    path = path_of(client.services, case, "/validation")
    (name,) = client.services.keyring.conceal("proposal", [_row(client).id])
    for one in others:
        enter(client, one)
        client.get("/gestion/validations")
        assert case.reference not in client.answer.text
        assert ask(client, path).status_code == 404
        sent = {"decision": name, "choix": "valider"}
        assert send(client, path, sent, form_at="/gestion").status_code == 404
        with client.services.database.write() as db:
            party = agent_at_work(factories.viewer_of(db, one), CaseLetters(client.services))
            if one is others[1]:
                with pytest.raises(NotForYou):
                    approve(db, party, keyring, _row(client).id, applier_of(case.kind, Act.REFUSE), utc_now())
    assert state_of(client, case) == S.SENT


def test_decision_sent_back_is_changed_and_proposed_again(client, agent, colleague) -> None:
    case, _ = proposed(client, agent)
    path = path_of(client.services, case)
    enter(client, colleague)
    client.get(f"{path}/validation")
    client.submit('main section form[action$="/validation"]', button="Renvoyer", motif="court")
    assert client.answer.status_code == 422
    client.submit('main section form[action$="/validation"]', button="Renvoyer", motif=REASON)
    assert state_of(client, case) == S.SENT
    enter(client, agent)
    client.get(path)
    assert REASON in text_of(client.page.one("main"))
    client.click("Reprendre ce que vous aviez écrit")
    assert client.page.one("textarea[name=texte]").text().strip() == WORDS
    client.submit(f'form[action="{path}/decision"][method="post"]', texte=WORDS + " Merci.")
    client.submit('main form[action$="/decision/envoi"]')
    assert _row(client).state == ProposalState.WAITING


def test_amounts_under_the_rule_are_decided_alone_and_those_from_it_on_wait(client, agent) -> None:
    case, _ = proposed(client, agent, K.INVOICE_DISPUTE, Act.ACCEPT, montant="800,00")
    assert state_of(client, case) == S.SENT
    assert _row(client).cents == 80_000


def test_money_is_approved_after_a_proof_of_identity(client, agent, colleague) -> None:
    case, _ = proposed(client, agent, K.INVOICE_DISPUTE, Act.ACCEPT, montant="800,00")
    enter(client, colleague)
    client.get(path_of(client.services, case, "/validation"))
    form = client.form('main > .stack > form[action$="/validation"]', "Valider et envoyer")
    with client.services.database.write() as db:
        for row in db.exec(select(SignedSession)):
            row.confirmed_at = utc_now() - timedelta(hours=1)
            db.add(row)
    client.send(form)
    assert client.answer.headers["location"].startswith("/compte/confirmation")
    assert state_of(client, case) == S.SENT


def test_proposal_expires_when_its_case_moves(client, agent, colleague) -> None:
    case, _ = proposed(client, agent)
    with client.services.database.write() as db:
        touch(db, db.get_one(Case, case.id), utc_now())
    enter(client, colleague)
    assert ask(client, path_of(client.services, case, "/validation")).status_code == 404
    client.get("/gestion/validations")
    assert "Rien à valider" in text_of(client.page.one("main"))
    with client.services.database.write() as db:
        assert expire_proposals(db, utc_now()) == 1
    assert (_row(client).state, _row(client).payload_encrypted != b"") == (ProposalState.EXPIRED, True)
    with client.services.database.write() as db:
        assert expire_proposals(db, utc_now() + KEPT_FOR) == 1
    assert _row(client).payload_encrypted == b""


@pytest.mark.parametrize("is_swept", [False, True])
def test_agent_is_told_that_the_case_moved_past_their_decision_and_takes_it_up_again(
    client, agent, colleague, is_swept
) -> None:
    case, _ = proposed(client, agent)
    with client.services.database.write() as db:
        touch(db, db.get_one(Case, case.id), utc_now())
        if is_swept:
            expire_proposals(db, utc_now())
    path = path_of(client.services, case)
    enter(client, colleague)
    client.get(path)
    assert "n’est pas partie" not in text_of(client.page.one("main"))
    enter(client, agent)
    client.get(path)
    assert "n’est pas partie\u00a0: le dossier a changé" in text_of(client.page.one("main"))
    client.click("ce que vous aviez écrit")
    assert client.page.one("textarea[name=texte]").text().strip() == WORDS
    client.submit(f'form[action="{path}/decision"][method="post"]', texte=WORDS)
    client.submit('main form[action$="/decision/envoi"]')
    client.get(path)
    shown = text_of(client.page.one("main"))
    assert ("Décision à valider" in shown, "n’est pas partie" in shown) == (True, False)


def test_what_was_written_and_never_sent_is_forgotten_after_a_week(client, agent) -> None:
    with client.services.database.write() as db:
        case, _ = MAKERS[K.MESSAGE](db, client.services)
        who = _at_work(client, db, agent)
        row = write_decision(db, who, client.services.keyring, case, Decision(Act.ANSWER, WORDS), utc_now())
        assert expire_proposals(db, utc_now() + KEPT_FOR - timedelta(minutes=1)) == 0
        assert expire_proposals(db, utc_now() + KEPT_FOR + timedelta(minutes=1)) == 1
        assert db.get(DecisionProposal, row.id) is None


def test_second_proposal_on_a_case_waits_for_the_first(client, agent, colleague) -> None:
    case, _ = proposed(client, agent)
    with client.services.database.write() as db:
        who = _at_work(client, db, colleague)
        locked = lock_for_desk(db, who, case.id, case.version)
        row = write_decision(db, who, client.services.keyring, locked, Decision(Act.REFUSE, WORDS), utc_now())
        with pytest.raises(AlreadyProposed):
            settle(db, who, client.services.keyring, row.id, applier_of(case.kind, Act.REFUSE), utc_now())


@pytest.mark.engines("sqlite", "postgresql")
def test_approvals_and_returns_at_once_leave_one_outcome(client, agent, make) -> None:
    case, _ = proposed(client, agent)
    services, row_id = client.services, _row(client).id
    others = [make(factories.desk_account) for _ in range(4)]
    barrier = Barrier(8)

    def act(index: int) -> str:
        barrier.wait()
        try:
            with services.database.write() as db:
                who = _at_work(client, db, others[index % 4])
                if index % 2:
                    send_back(db, who, services.keyring, row_id, REASON, utc_now())
                    return "returned"
                approve(db, who, services.keyring, row_id, applier_of(case.kind, Act.REFUSE), utc_now())
        except Settled:
            return "late"
        return "approved"

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(act, range(8)))
    assert outcomes.count("late") == 7
    expected = S.REFUSED if "approved" in outcomes else S.SENT
    assert state_of(client, case) == expected
    assert len(letters(services.database, services)) == outcomes.count("approved")


def test_removal_that_is_approved_ends_the_cover_once(client, agent, colleague) -> None:
    case, _ = proposed(client, agent, K.BENEFICIARY_REMOVED, Act.ACCEPT)
    enter(client, colleague)
    client.get(path_of(client.services, case, "/validation"))
    form = client.form('main > .stack > form[action$="/validation"]', "Valider et envoyer")
    client.send(form)
    client.send(form)
    assert state_of(client, case) == S.ACCEPTED
    with client.services.database.read() as db:
        ended = db.exec(select(Beneficiary).where(Beneficiary.person_id == case.person_id)).one()
        assert ended.valid_to is not None
        assert [row.state for row in db.exec(select(DecisionProposal))] == [ProposalState.APPLIED]


def test_list_of_proposals_is_of_those_that_the_viewer_may_approve(client, agent, colleague) -> None:
    case, _ = proposed(client, agent)
    keyring = client.services.keyring
    with client.services.database.write() as db:
        assert [found.id for _, found, _ in waiting_for(db, factories.viewer_of(db, colleague), keyring)] == [case.id]
        assert waiting_for(db, factories.viewer_of(db, agent), keyring) == []


def _row(client) -> DecisionProposal:
    with client.services.database.read() as db:
        return db.exec(select(DecisionProposal).order_by(DecisionProposal.id.desc())).first()


def _at_work(client, db, account):
    return agent_at_work(factories.viewer_of(db, account), CaseLetters(client.services))
