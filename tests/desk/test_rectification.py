"""Lines put right at the desk: seen before and after, paid or owed, by two agents from an amount on (R-05, R-61)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import update
from sqlmodel import delete, select

from portal.case_notices import CaseLetters
from portal.data.benefits import BenefitLine, Payment
from portal.data.case_desk import agent_at_work
from portal.data.cases import Case, CaseMoved, WrongState
from portal.data.claim_valuing import NotValued
from portal.data.columns import utc_now
from portal.data.overpayments import Overpayment, StepKind, owed_of
from portal.data.payments import PaymentDue
from portal.data.proposals import DecisionProposal, ProposalState
from portal.data.valued_lines import ValuedLine
from portal.data.work_items import Duty
from portal.formatting import today
from portal.payment_jobs import pay_due
from tests.support import factories
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters
from tests.support.valuing import righted, sheet_of

WHY = "La facture disait 30 euros et non 60, nous avions lu le mauvais total."
FORM = 'main form[action$="/rectification"]'
DECISION = 'main form[action$="/rectification/decision"]'
APPROVE = 'main > .stack > form[action$="/validation"]'


@pytest.fixture
def colleague(make):
    return make(factories.desk_account)


@pytest.fixture
def sheet(client, anne, care_day):
    """The path of the page of a claim of 60 €, or of 800 €, before it is valued."""
    return lambda cents=6000: sheet_of(client, anne, cents, day=care_day)


@pytest.fixture
def paid(client, agent, sheet):
    """Values a claim, and pays it; the page of what was paid. `fixed`: an amount that the rules do not give."""

    def make_paid(cents: int = 6000, fixed: str = "") -> str:
        path = sheet(cents)
        enter(client, agent)
        client.get(path)
        more = {"decision-0": "fixee", "fixe-0": fixed, "mots-0": "Montant du devis accepté."} if fixed else {}
        client.submit('main form[action$="/liquidation"]', button="Relire et décider", **({"acte-0": "OST"} | more))
        client.submit(reponse="Bonjour, voici votre remboursement.")
        pay_due(client.services, today() + timedelta(days=10), datetime.now(UTC))
        return path

    return make_paid


def rows(client, model) -> list:
    with client.services.database.read() as db:
        return list(db.exec(select(model).order_by(*model.__table__.primary_key)))


def owed(client, anne) -> list:
    with client.services.database.read() as db:
        return owed_of(db, anne.viewer)


def follow(client, end: str) -> None:
    """Follows the first link of the page that ends so."""
    client.get(client.page.css(f'main a[href$="{end}"]')[0].attributes["href"])


def type_right(client, done: str, **line: str) -> None:
    """From the page of what was paid, to the page that decides."""
    client.get(done)
    follow(client, "/rectification")
    client.submit(FORM, button="Relire et décider", **({"prix-0": "30"} | line))


def as_anne(client, agent, anne) -> None:
    with client.services.database.read() as db:
        account = db.get_one(type(agent), anne.account_id)
    enter(client, account)


def test_agent_puts_a_paid_line_right_and_its_member_is_told_and_chooses(client, agent, anne, paid) -> None:
    """R-05, R-21: before and after, the letter, how to contest; nothing is withheld without the member's word."""
    done = paid()
    evidence = Evidence(client)
    enter(client, agent)
    type_right(client, done)
    shown = text_of(client.page.one("#rectification"))
    changes = {
        text_of(row.css_first("th")): [text_of(td) for td in row.css("td")] for row in client.page.css("tbody tr")
    }
    assert changes["Mutuelle"][:2] == ["40,00\u00a0€", "30,00\u00a0€"]
    assert changes["À sa charge"][:2] == ["20,00\u00a0€", "0,00\u00a0€"]
    assert "Une somme sera à rendre\u00a0: 10,00\u00a0€" in shown
    client.submit(DECISION, raison=WHY)
    assert client.path == done
    assert "Rectifiée" in text_of(client.page.one("main"))
    assert "10,00\u00a0€ versés en trop" in text_of(client.page.one("main"))
    assert "case.line-corrected" in [act.action for act in evidence.fresh()]
    posted = [letter.name for letter in letters(client.services.database, client.services)]
    assert posted.count("overpayment") == 1
    read_by_the_member(client, agent, anne)


def read_by_the_member(client, agent, anne) -> None:
    as_anne(client, agent, anne)
    client.get("/adherent/sommes-a-rendre")
    shown = text_of(client.page.one("main"))
    assert "10,00\u00a0€, signalés le" in shown
    assert WHY in shown
    assert "jamais plus de 50\u00a0% d’un virement" in shown
    client.submit('main form[action$="/accord"]')
    assert "Retenue acceptée" in text_of(client.page.one("main"))
    client.click("Voir l’histoire de ce remboursement")
    assert "Ce remboursement a été rectifié" in text_of(client.page.one("main"))
    client.get("/adherent/prestations")
    assert "Rectifié le" in text_of(client.page.one("main"))


def test_letter_is_made_for_its_member_alone(client, agent, anne, paid, member) -> None:
    done = paid()
    enter(client, agent)
    type_right(client, done)
    client.submit(DECISION, raison=WHY)
    (name,) = client.services.keyring.conceal("overpayment", [rows(client, Overpayment)[0].id])
    path = f"/adherent/sommes-a-rendre/{name}/lettre/pdf"
    as_anne(client, agent, anne)
    answer = ask(client, path)
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    assert answer.content == ask(client, path).content
    enter(client, member)
    assert ask(client, path).status_code == 404
    sent = send(client, f"/adherent/sommes-a-rendre/{name}/accord", {"accord": "oui"}, form_at="/adherent")
    assert sent.status_code == 404
    assert "Rien à rendre" in text_of(client.get("/adherent/sommes-a-rendre").one("main"))
    assert rows(client, Overpayment)[0].agreed_at is None


def test_line_that_was_not_valued_here_offers_nothing_to_put_right_here(client, agent, paid) -> None:
    """A claim that the insurer's own tool paid: no door to a page that does not exist."""
    done = paid()
    with client.services.database.write() as db:
        db.exec(delete(ValuedLine))
        db.exec(update(BenefitLine).values(source="gestion"))
    enter(client, agent)
    shown = client.get(done).one("main")
    assert "se rectifie dans votre outil de gestion" in text_of(shown)
    assert not client.page.css('main a[href$="/rectification"]')


def test_complement_leaves_with_the_next_run(client, agent, anne, paid) -> None:
    done = paid(cents=3000)
    enter(client, agent)
    type_right(client, done, **{"prix-0": "60"})
    assert "Un complément sera versé\u00a0: 10,00\u00a0€" in text_of(client.page.one("#rectification"))
    client.submit(DECISION, raison=WHY)
    assert owed(client, anne) == []
    pay_due(client.services, today() + timedelta(days=20), datetime.now(UTC))
    assert [payment.amount_cents for payment in rows(client, Payment)] == [3000, 1000]


def test_second_agent_reads_the_same_preview_and_the_line_is_put_right_once(
    client, agent, colleague, anne, paid
) -> None:
    """R-61: 600 € were paid; the rule asks for four eyes from 150 € of difference on, for a cancellation too."""
    enter(client, agent)
    done = paid_large(client, agent, colleague, paid)
    enter(client, agent)
    type_right(client, done, **{"prix-0": "100"} | {"decision-0": "acceptee"})
    seen = text_of(client.page.one("#rectification"))
    assert "Un second regard est nécessaire" in text_of(client.page.one("main"))
    client.submit(DECISION, raison=WHY)
    case = done.removesuffix("/liquidation")
    assert client.path == case
    assert owed(client, anne) == []
    enter(client, colleague)
    client.get(f"{case}/validation")
    assert text_of(client.page.one("#rectification")) == seen
    client.submit('main form[action$="/validation/apercu"]')
    assert WHY in text_of(client.page.one("main"))
    assert owed(client, anne) == []
    client.submit(APPROVE, button="Valider et envoyer")
    assert [each.left for each in owed(client, anne)] == [56_000]
    enter(client, agent)
    client.get(done)
    assert "Rectifiée" in text_of(client.page.one("main"))


def paid_large(client, agent, colleague, paid) -> str:
    """A line of 600 €, which itself took two agents."""
    done = paid(80_000, fixed="600,00")
    enter(client, colleague)
    client.get(f"{done.removesuffix('/liquidation')}/validation")
    client.submit(APPROVE, button="Valider et envoyer")
    pay_due(client.services, today() + timedelta(days=10), datetime.now(UTC))
    return done


def test_cancelling_a_large_paid_line_waits_too_and_its_author_never_approves_it(
    client, agent, colleague, anne, paid
) -> None:
    done = paid_large(client, agent, colleague, paid)
    enter(client, agent)
    client.get(done)
    follow(client, "/rectification")
    follow(client, "/correction")
    client.submit('main form[action$="/correction"]', raison=WHY)
    last = rows(client, DecisionProposal)[-1]
    assert (last.state, last.act, last.cents) == (ProposalState.WAITING, "rectifier", 60_000)
    client.get(f"{done.removesuffix('/liquidation')}/validation")
    assert "Vous avez écrit cette décision" in text_of(client.page.one("main"))
    assert not client.page.css(APPROVE)
    assert owed(client, anne) == []


def test_run_made_while_a_rectification_waits_keeps_it_from_being_approved(
    client, agent, colleague, anne, sheet
) -> None:
    """Proposed on a line that was not paid yet; paid meanwhile, it does something else with money."""
    path = sheet(80_000)
    enter(client, agent)
    client.get(path)
    line = {"acte-0": "OST", "decision-0": "fixee", "fixe-0": "450,00", "mots-0": "Montant du devis accepté."}
    client.submit('main form[action$="/liquidation"]', button="Relire et décider", **line)
    client.submit(reponse="Bonjour, voici votre remboursement.")
    type_right(client, path, **{"prix-0": "100", "decision-0": "acceptee"})
    client.submit(DECISION, raison=WHY)
    pay_due(client.services, today() + timedelta(days=10), datetime.now(UTC))
    enter(client, colleague)
    client.get(f"{path.removesuffix('/liquidation')}/validation")
    assert "Cette décision ne peut plus être validée" in text_of(client.page.one("main"))
    assert not client.page.css(APPROVE)
    assert [payment.amount_cents for payment in rows(client, Payment)] == [45_000]
    assert owed(client, anne) == []


def test_agent_who_comes_second_puts_nothing_right_twice(client, agent, colleague, anne, paid) -> None:
    """Pressed after a colleague did: the page says what the line is now."""
    done = paid()
    enter(client, agent)
    type_right(client, done)
    form = client.form(DECISION)
    with client.services.database.write() as db:
        who = agent_at_work(factories.viewer_of(db, colleague), CaseLetters(client.services))
        righted(db, who, client.services.keyring, db.exec(select(Case)).one(), WHY, utc_now(), spent_cents=2000)
    client.send(form)
    assert client.path == done or client.answer.headers.get("location", "").endswith("/liquidation")
    assert [each.left for each in owed(client, anne)] == [2000]


def test_amounts_that_moved_since_they_were_seen_are_read_again(client, agent, anne, paid) -> None:
    done = paid()
    enter(client, agent)
    type_right(client, done)
    form = client.form(DECISION)
    form.fill({"vus": "autre-0-0-0"})
    client.send(form)
    assert client.status == 422
    assert "Relisez, puis décidez" in text_of(client.page.one("#erreurs"))
    assert owed(client, anne) == []


@pytest.mark.engines("sqlite", "postgresql")
def test_agents_who_put_one_line_right_at_once_owe_it_once(client, agent, anne, paid, make) -> None:
    paid()
    services, (case,) = client.services, rows(client, Case)
    others = [make(factories.desk_account) for _ in range(4)]
    barrier = Barrier(4)

    def act(index: int) -> str:
        barrier.wait()
        try:
            with services.database.write() as db:
                who = agent_at_work(factories.viewer_of(db, others[index]), CaseLetters(services))
                righted(db, who, services.keyring, db.get_one(Case, case.id), WHY, utc_now(), spent_cents=3000)
        except (WrongState, CaseMoved, NotValued):
            return "late"
        return "done"

    with ThreadPoolExecutor(4) as threads:
        outcomes = sorted(threads.map(act, range(4)))
    assert "done" in outcomes
    assert len(rows(client, Overpayment)) == 1
    assert sum(line.supplementary_cents for line in rows(client, BenefitLine)) == 3000


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"prix-0": "60"}, "prix-0"),
        ({"prix-0": "-5"}, "prix-0"),
        ({"prix-0": "999999999999"}, "prix-0"),
        ({"decision-0": "refusee"}, "motif-0"),
        ({"decision-0": "fixee", "fixe-0": "900"}, "fixe-0"),
        ({"jour-0": "2090-01-01"}, "jour-0"),
    ],
)
def test_line_that_cannot_be_put_right_so_says_why_beside_the_field(client, agent, paid, line, field) -> None:
    done = paid()
    enter(client, agent)
    client.get(done)
    follow(client, "/rectification")
    client.submit(FORM, button="Relire et décider", **line)
    assert client.status == 422
    assert field in [node.attributes["href"].lstrip("#") for node in client.page.css("#erreurs a")]


def test_hostile_reason_is_shown_as_it_was_typed(client, agent, anne, paid) -> None:
    done = paid()
    enter(client, agent)
    type_right(client, done)
    client.submit(DECISION, raison="<script>alert(1)</script> et la suite")
    as_anne(client, agent, anne)
    client.get("/adherent/sommes-a-rendre")
    assert "<script>alert(1)</script>" in text_of(client.page.one("main"))
    assert "<script>alert" not in client.answer.text


@pytest.mark.parametrize("reason", ["", "court", "x" * 301])
def test_reason_of_a_wrong_length_is_asked_again(client, agent, anne, paid, reason) -> None:
    done = paid()
    enter(client, agent)
    type_right(client, done)
    client.submit(DECISION, raison=reason)
    assert client.status == 422
    assert owed(client, anne) == []


def test_line_of_another_claim_or_another_duty_does_not_exist_r72(client, agent, make, paid, anne) -> None:
    done = paid()
    (line,) = rows(client, BenefitLine)
    (name,) = client.services.keyring.conceal("line", [line.id])
    other = sheet_of(client, anne, 4000)
    for below in ("rectification", "rectification/decision", "correction"):
        assert ask(client, f"{other}/{name}/{below}").status_code == 404
    enter(client, make(factories.desk_account, duties=[Duty.MESSAGES]))
    for below in ("rectification", "rectification/decision", "correction"):
        assert ask(client, f"{done}/{name}/{below}").status_code == 404


def test_agent_notes_what_came_back_then_gives_up_the_rest(client, agent, anne, paid) -> None:
    done = paid()
    enter(client, agent)
    type_right(client, done)
    client.submit(DECISION, raison=WHY)
    follow(client, "/a-rendre")
    client.submit("section[aria-labelledby=recu] form", montant="12")
    assert client.status == 422
    client.submit("section[aria-labelledby=recu] form", montant="4,00")
    assert [each.left for each in owed(client, anne)] == [600]
    follow(client, "/a-rendre")
    client.submit("section[aria-labelledby=renoncer] form", raison="Erreur de notre part, nous y renonçons.")
    (standing,) = owed(client, anne)
    assert (standing.left, standing.ending) == (0, StepKind.WAIVED)
    as_anne(client, agent, anne)
    shown = text_of(client.get("/adherent/sommes-a-rendre").one("main"))
    assert "Abandonnée par la mutuelle" in shown
    assert "Erreur de notre part, nous y renonçons." in shown
    assert "4,00\u00a0€ reçus de vous" in shown


def test_giving_up_a_large_sum_asks_for_two_agents(client, agent, colleague, anne, paid) -> None:
    done = paid_large(client, agent, colleague, paid)
    with client.services.database.write() as db:
        who = agent_at_work(factories.viewer_of(db, agent), CaseLetters(client.services))
        righted(db, who, client.services.keyring, db.exec(select(Case)).one(), WHY, utc_now(), spent_cents=10_000)
    enter(client, agent)
    client.get(done)
    follow(client, "/a-rendre")
    client.submit("section[aria-labelledby=renoncer] form", raison="Erreur de notre part, nous y renonçons.")
    assert [each.left for each in owed(client, anne)] == [56_000]
    enter(client, colleague)
    client.get(f"{done.removesuffix('/liquidation')}/validation")
    assert "560,00\u00a0€" in text_of(client.page.one("#somme"))
    client.submit(APPROVE, button="Valider et envoyer")
    assert [each.ending for each in owed(client, anne)] == [StepKind.WAIVED]
    assert rows(client, PaymentDue) == []
