"""Claims of a large amount: valued by one agent, approved by another, paid once (R-21, R-61, R-72)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.data.benefits import BenefitLine, Payment
from portal.data.case_desk import agent_at_work
from portal.data.cases import Case, CaseStep
from portal.data.columns import utc_now
from portal.data.payments import PaymentDue
from portal.data.proposals import DecisionProposal, ProposalState, Settled, approve
from portal.data.sessions import SignedSession
from portal.data.statement_content import statement_content
from portal.data.statement_periods import month_of
from portal.data.valuation_drafts import ValuationDraft
from portal.data.work_items import Duty, WorkItem
from portal.deciding.registry import applier_of
from portal.formatting import today
from portal.payment_jobs import pay_due
from tests.support import factories
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters
from tests.support.valuing import sheet_of, use_up

ANSWER = "Bonjour, nous prenons en charge une grande partie de ces soins."
WHY = "Montant du devis que nous avions accepté."
REASON = "Le devis accepté disait un autre montant."
LINES = 'main form[action$="/liquidation"]'
APPROVE = 'main > .stack > form[action$="/validation"]'
RETURN = 'main section form[action$="/validation"]'


@pytest.fixture
def colleague(make):
    return make(factories.desk_account)


@pytest.fixture
def sheet(client, anne, care_day):
    """The path of the page on which a claim of 800 € is valued."""
    return sheet_of(client, anne, 80_000, day=care_day)


def case_of(sheet: str) -> str:
    return sheet.removesuffix("/liquidation")


def look(sheet: str) -> str:
    return f"{case_of(sheet)}/validation"


def type_lines(client, sheet, granted: str = "600,00") -> None:
    client.get(sheet)
    line = {"acte-0": "OST", "decision-0": "fixee", "fixe-0": granted, "mots-0": WHY}
    client.submit(LINES, button="Relire et décider", **line)
    assert client.path == f"{sheet}/decision"


def propose(client, agent, sheet) -> None:
    enter(client, agent)
    type_lines(client, sheet)
    assert "Un second regard est nécessaire" in text_of(client.page.one("main"))
    client.submit(button="Proposer cette décision", reponse=ANSWER)
    assert client.path == case_of(sheet)


def rows(client, model) -> list:
    with client.services.database.read() as db:
        return list(db.exec(select(model).order_by(*model.__table__.primary_key)))


def state_of(client) -> str:
    (case,) = rows(client, Case)
    return case.state


def test_agents_value_a_large_claim_together_and_its_author_is_paid_once(client, agent, colleague, anne, sheet) -> None:
    """R-21, R-22: claim of 800 €, proposed, approved, validated, transferred, on the statement."""
    evidence = Evidence(client)
    propose(client, agent, sheet)
    assert not rows(client, BenefitLine)
    assert letters(client.services.database, client.services) == []
    assert "Décision à valider" in text_of(client.page.one("main"))
    enter(client, colleague)
    client.get("/gestion/validations")
    assert "600,00\u00a0€" in text_of(client.page.one("main"))
    client.get(look(sheet))
    shown = text_of(client.page.one("#lignes-liquidees"))
    assert "Montant fixé" in shown
    assert WHY in shown
    client.submit('main form[action$="/validation/apercu"]')
    assert ANSWER in text_of(client.page.one(".seen"))
    assert not rows(client, BenefitLine)
    client.submit(APPROVE, button="Valider et envoyer")
    assert client.path == case_of(sheet)
    assert "Voir ou rectifier ce qui est payé" in text_of(client.page.one("main"))
    (line,) = rows(client, BenefitLine)
    assert (line.supplementary_cents, line.status) == (60_000, "en_cours")
    assert (len(rows(client, PaymentDue)), rows(client, ValuationDraft)) == (1, [])
    assert [letter.name for letter in letters(client.services.database, client.services)] == ["case-news"]
    acts = [(act.action, act.details["act"]) for act in evidence.fresh() if "act" in act.details]
    assert acts == [("decision.proposed", "accepter"), ("case.decided", "accepter")]
    read_what_was_paid(client, agent, anne)


def read_what_was_paid(client, agent, anne) -> None:
    """The transfer leaves; the member reads the line, and asks for the month's statement."""
    pay_due(client.services, today() + timedelta(days=10), datetime.now(UTC))
    assert rows(client, BenefitLine)[0].status == "payee"
    with client.services.database.read() as db:
        account = db.get_one(type(agent), anne.account_id)
        day = rows(client, Payment)[0].paid_on
        content = statement_content(db, anne.viewer, month_of(day), day)
    assert "600,00" in str(content) or "60000" in str(content)
    enter(client, account)
    client.get("/adherent/prestations")
    assert "600,00\u00a0€" in text_of(client.page.one("main"))


def test_amounts_under_the_rule_are_applied_at_once(client, agent, anne, sheet) -> None:
    enter(client, agent)
    type_lines(client, sheet, "499,99")
    assert "Un second regard est nécessaire" not in text_of(client.page.one("main"))
    client.submit(button="Décider et prévenir l’adhérent")
    assert client.path == sheet
    assert state_of(client) == "acceptee"
    with client.services.database.read() as db:
        told = db.exec(select(CaseStep).order_by(CaseStep.id.desc())).first()
    assert "remboursons 499,99\u00a0€" in client.services.keyring.decrypt(told.reason_encrypted)


def test_proposer_of_a_valuation_cannot_approve_it(client, agent, sheet) -> None:
    propose(client, agent, sheet)
    client.get(look(sheet))
    assert "Vous avez écrit cette décision" in text_of(client.page.one("main"))
    assert not client.page.css('form[action$="/validation"]')
    (row,) = rows(client, DecisionProposal)
    (name,) = client.services.keyring.conceal("proposal", [row.id])
    assert send(client, look(sheet), {"decision": name, "choix": "valider"}, form_at=look(sheet)).status_code == 303
    assert (rows(client, DecisionProposal)[0].state, rows(client, BenefitLine)) == (ProposalState.WAITING, [])


def test_agent_without_the_duty_or_of_the_family_approves_no_valuation(client, agent, make, sheet) -> None:
    propose(client, agent, sheet)
    (row,) = rows(client, DecisionProposal)
    (name,) = client.services.keyring.conceal("proposal", [row.id])
    stranger = make(factories.desk_account, duties=[Duty.CONTRACTS])
    for one in (stranger, make(factories.desk_account, email="Essai@exemple.example")):
        enter(client, one)
        sent = {"decision": name, "choix": "valider"}
        assert send(client, look(sheet), sent, form_at="/gestion").status_code == 404
    assert not rows(client, BenefitLine)


def test_valuation_whose_amounts_moved_can_only_be_sent_back(client, agent, colleague, anne, sheet, care_day) -> None:
    propose(client, agent, sheet)
    enter(client, colleague)
    client.get(look(sheet))
    form = client.form(APPROVE, "Valider et envoyer")
    with client.services.database.write() as db:
        use_up(db, anne, care_day)
    client.send(form)
    assert client.status == 422
    assert "a changé depuis que cette liquidation a été proposée" in text_of(client.page.one("#erreurs"))
    assert not client.page.css(APPROVE)
    client.submit(RETURN, button="Renvoyer")
    assert rows(client, DecisionProposal)[0].state == ProposalState.RETURNED
    assert state_of(client) == "envoyee"
    enter(client, agent)
    client.get(case_of(sheet))
    assert "Les montants ont changé depuis votre décision" in text_of(client.page.one("main"))
    client.get(client.page.one('a[href*="brouillon="]').attributes["href"])
    client.get(client.answer.headers["location"])
    assert client.path == sheet
    assert client.page.one("#fixe-0").attributes["value"] == "600,00"


def test_second_agent_sees_care_that_came_to_be_known_and_cannot_pay_it_twice(
    client, agent, colleague, anne, sheet, care_day
) -> None:
    propose(client, agent, sheet)
    with client.services.database.write() as db:
        twin = factories.paid_line(db, anne.house.contract, care_date=care_day, act_code="OST")
    enter(client, colleague)
    client.get(look(sheet))
    assert f"Semblable Ligne {twin.reference}" in text_of(client.page.one("#lignes-liquidees"))
    assert not client.page.css(APPROVE)
    client.submit(RETURN, button="Renvoyer")
    assert rows(client, DecisionProposal)[0].state == ProposalState.RETURNED
    assert len(rows(client, BenefitLine)) == 1


def test_valuation_sent_back_is_put_right_and_proposed_again(client, agent, colleague, sheet) -> None:
    propose(client, agent, sheet)
    enter(client, colleague)
    client.get(look(sheet))
    client.submit(RETURN, button="Renvoyer", motif=REASON)
    enter(client, agent)
    type_lines(client, sheet, "550,00")
    assert client.page.one("#reponse").text().strip() == ANSWER
    client.submit(button="Proposer cette décision")
    last = rows(client, DecisionProposal)[-1]
    assert (last.state, last.cents) == (ProposalState.WAITING, 55_000)


def test_second_valuation_waits_for_the_first(client, agent, colleague, sheet) -> None:
    propose(client, agent, sheet)
    enter(client, colleague)
    client.get(sheet)
    assert "Une décision attend d’être validée" in text_of(client.page.one("main"))
    type_lines(client, sheet)
    form = client.form()
    client.send(form)
    assert client.status == 422
    assert [row.state for row in rows(client, DecisionProposal)] == [ProposalState.WAITING]


def test_valuation_is_approved_after_a_proof_of_identity(client, agent, colleague, sheet) -> None:
    """Security C6."""
    propose(client, agent, sheet)
    enter(client, colleague)
    client.get(look(sheet))
    form = client.form(APPROVE, "Valider et envoyer")
    with client.services.database.write() as db:
        for row in db.exec(select(SignedSession)):
            row.confirmed_at = utc_now() - timedelta(hours=1)
            db.add(row)
    client.send(form)
    assert client.answer.headers["location"].startswith("/compte/confirmation")
    assert not rows(client, BenefitLine)


def test_agent_answers_for_a_colleague_only_knowingly(client, agent, colleague, sheet) -> None:
    """R-61: whoever has the case is named before the decision leaves."""
    with client.services.database.write() as db:
        item = db.exec(select(WorkItem)).one()
        item.assignee_id, item.assigned_at = colleague.id, utc_now()
        db.add(item)
    enter(client, agent)
    type_lines(client, sheet, "100,00")
    form = client.form()
    client.send(form)
    assert client.status == 422
    assert "s’occupe de ce dossier" in text_of(client.page.one("#erreurs"))
    assert not rows(client, BenefitLine)
    client.submit(collegue="1")
    assert rows(client, BenefitLine)[0].supplementary_cents == 10_000


def test_decision_form_values_no_claim(client, agent, sheet) -> None:
    enter(client, agent)
    path = f"{case_of(sheet)}/decision"
    client.get(case_of(sheet))
    client.click("Liquider la demande")
    assert client.path == sheet
    assert ask(client, f"{path}?acte=accepter").headers["location"] == sheet
    sent = {"acte": "accepter", "texte": ANSWER, "version": "1"}
    assert send(client, path, sent, form_at="/gestion").status_code == 404


@pytest.mark.engines("sqlite", "postgresql")
def test_approvals_of_a_valuation_at_once_pay_it_once(client, agent, make, sheet) -> None:
    propose(client, agent, sheet)
    services, (row,), (case,) = client.services, rows(client, DecisionProposal), rows(client, Case)
    others = [make(factories.desk_account) for _ in range(4)]
    barrier = Barrier(4)

    def act(index: int) -> str:
        barrier.wait()
        try:
            with services.database.write() as db:
                who = agent_at_work(factories.viewer_of(db, others[index]), CaseLetters(services))
                approve(db, who, services.keyring, row.id, applier_of(case.kind, row.act), utc_now())
        except Settled:
            return "late"
        return "approved"

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(act, range(4)))
    assert sorted(outcomes) == ["approved", "late", "late", "late"]
    assert [line.supplementary_cents for line in rows(client, BenefitLine)] == [60_000]
    assert len(rows(client, PaymentDue)) == 1
