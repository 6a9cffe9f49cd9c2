"""Claims valued at the desk: lines typed, settled, decided; the member sees it at once, and is paid (R-05, R-21)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal.data.benefits import BenefitLine
from portal.data.cases import Case
from portal.data.claim_rules import first_day
from portal.data.claims import asked_of, cancel_claim
from portal.data.rules import add_months
from portal.data.sessions import SignedSession
from portal.data.valuation_drafts import ValuationDraft
from portal.data.work_items import Duty
from portal.formatting import today
from portal.payment_jobs import pay_due
from tests.support import factories
from tests.support.entry import enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters
from tests.support.swap import assert_swap_equals_reload
from tests.support.valuing import sheet_of, use_up

EMAIL = "essai@exemple.example"
ANSWER = "Bonjour, voici le détail de votre remboursement."
LINES = 'main form[action$="/liquidation"]'
WHY = "La facture est celle d’un autre patient."


@pytest.fixture
def sheet(client, anne, care_day):
    """The path of the page on which a claim of 60 € is valued."""
    return sheet_of(client, anne, day=care_day)


def rows(client, model) -> list:
    with client.services.database.read() as db:
        return list(db.exec(select(model).order_by(model.id)))


def decide(client, sheet, **line) -> None:
    """Fills the line of the form, reads it again, decides."""
    client.get(sheet)
    client.submit(LINES, button="Relire et décider", **({"acte-0": "OST"} | line))
    assert client.path == f"{sheet}/decision"
    client.submit(reponse=ANSWER)
    assert client.path == sheet


def test_agent_values_a_claim_and_its_author_sees_the_line_at_once(client, agent, anne, sheet) -> None:
    """R-21, R-50: claim, payment line with its explanation, e-mail notice, transfer, statement."""
    evidence = Evidence(client)
    enter(client, agent)
    decide(client, sheet)
    (line,) = rows(client, BenefitLine)
    assert (line.supplementary_cents, line.remaining_cents) == (4000, 2000)
    assert "paiement prévu le" in text_of(client.page.one("main"))
    done = [(act.action, act.object) for act in evidence.fresh() if act.action == "case.decided"]
    assert len(done) == 1
    assert [letter.name for letter in letters(client.services.database, client.services, to=EMAIL)] == ["case-news"]
    with client.services.database.read() as db:
        account = db.get_one(type(agent), anne.account_id)
    enter(client, account)
    client.get("/adherent/prestations")
    assert "Validée, paiement prévu le" in text_of(client.page.one("main"))
    client.get("/adherent/demandes")
    client.get(client.page.one(".rows a").attributes["href"])
    shown = text_of(client.page.one("main"))
    assert ANSWER in shown
    assert "Validée, paiement prévu le" in shown
    pay_due(client.services, today() + timedelta(days=10), datetime.now(UTC))
    client.get(client.path)
    assert "Payée le" in text_of(client.page.one("main"))


def test_agent_sees_what_the_rules_give_while_typing(client, agent, sheet) -> None:
    enter(client, agent)
    client.get(sheet)
    page = assert_swap_equals_reload(client, LINES, **{"acte-0": "OST"})
    assert "Total à verser\u00a0: 40,00\u00a0€" in text_of(page.one("#calcul")).replace("\u202f", "\u00a0")


def test_agent_adds_and_takes_out_lines_without_losing_any(client, agent, sheet) -> None:
    enter(client, agent)
    client.get(sheet)
    typed = {"acte-0": "OST", "professionnel-0": "M. Durand", "prix-0": "abc"}
    client.submit(LINES, button="Ajouter une ligne", **typed)
    assert client.page.one("[name=lignes]").attributes["value"] == "2"
    assert client.page.one("#prix-0").attributes["value"] == "abc"
    assert client.page.one("#professionnel-1").attributes["value"] == "M. Durand"
    client.submit(LINES, button="Retirer la ligne 1")
    assert client.page.one("[name=lignes]").attributes["value"] == "1"
    assert client.page.one("#prix-0").attributes["value"] == ""


def test_agent_is_told_of_each_field_and_keeps_what_was_typed(client, agent, sheet) -> None:
    enter(client, agent)
    client.get(sheet)
    form = client.form(LINES, "Relire et décider")
    form.fill({"acte-0": "", "prix-0": "beaucoup", "jour-0": "", "quantite-0": "0", "professionnel-0": "M. Durand"})
    client.send(form)
    assert client.status == 422
    links = [node.attributes["href"] for node in client.page.css("#erreurs a")]
    assert links == ["#jour-0", "#acte-0", "#quantite-0", "#prix-0"]
    assert client.page.one("#professionnel-0").attributes["value"] == "M. Durand"
    assert not rows(client, BenefitLine)


def test_agent_refuses_a_line_and_its_author_reads_why(client, agent, anne, sheet) -> None:
    enter(client, agent)
    decide(client, sheet, **{"decision-0": "refusee", "motif-0": "autre", "mots-0": WHY})
    (line,) = rows(client, BenefitLine)
    assert (line.status, line.note, line.supplementary_cents) == ("refusee", WHY, 0)
    assert rows(client, Case)[0].state == "refusee"


def test_agent_must_tell_the_same_care_apart(client, agent, anne, sheet, care_day) -> None:
    """What is paid already is shown beside the line."""
    with client.services.database.write() as db:
        factories.paid_line(db, anne.house.contract, care_date=care_day, act_code="OST")
    enter(client, agent)
    client.get(sheet)
    form = client.form(LINES, "Relire et décider")
    form.fill({"acte-0": "OST"})
    client.send(form)
    assert client.status == 422
    assert "Semblable" in text_of(client.page.one("#calcul"))
    assert "#autre-soin-0" in [node.attributes["href"] for node in client.page.css("#erreurs a")]
    form = client.form(LINES, "Relire et décider")
    form.fill({"mots-0": "Deux séances, matin et soir, deux factures."})
    client.send(form)
    assert client.status == 422
    box = client.page.one("#autre-soin-0")
    form = client.form(LINES, "Relire et décider")
    form.fill({"autre-soin-0": box.attributes["value"]})
    client.send(form)
    client.get(f"{sheet}/decision")
    assert "Autre soin, d’après qui a liquidé" in text_of(client.page.one("#lignes-liquidees"))
    client.get(sheet)
    assert "checked" in client.page.one("#autre-soin-0").attributes


@pytest.mark.parametrize("is_refused", [True, False])
def test_claim_that_ends_without_a_valuation_leaves_nothing_of_what_was_typed(
    client, agent, anne, sheet, is_refused
) -> None:
    """R-71: refused whole by the desk, or taken back by its author."""
    enter(client, agent)
    client.get(sheet)
    client.submit(LINES, button="Relire et décider", **{"acte-0": "OST"})
    (typed,) = typed_claims(client)
    if is_refused:
        case_page = sheet.removesuffix("/liquidation")
        client.get(f"{case_page}/decision?acte=refuser")
        client.submit(f'form[action="{case_page}/decision"][method="post"]', texte=WHY)
        client.submit('main form[action$="/decision/envoi"]')
    else:
        with client.services.database.write() as db:
            cancel_claim(db, anne.viewer, asked_of(db, db.get_one(Case, typed)), datetime.now(UTC))
    assert rows(client, Case)[0].state == ("refusee" if is_refused else "annulee")
    assert typed_claims(client) == []


def typed_claims(client) -> list[int]:
    with client.services.database.read() as db:
        return list(db.exec(select(ValuationDraft.case_id)))


def test_agent_who_decides_what_changed_meanwhile_reads_it_again(client, agent, anne, sheet, care_day) -> None:
    enter(client, agent)
    client.get(sheet)
    client.submit(LINES, button="Relire et décider", **{"acte-0": "OST"})
    with client.services.database.write() as db:
        use_up(db, anne, care_day)
    form = client.form("main form")
    form.fill({"reponse": ANSWER})
    client.send(form)
    assert client.answer.headers["location"] == sheet
    assert len(rows(client, BenefitLine)) == 3


def test_agent_without_the_duty_meets_no_claim(client, make, sheet) -> None:
    """R-72: only those who are charged with care."""
    enter(client, make(factories.desk_account, duties=[Duty.CONTRACTS]))
    assert client.get(sheet, failing=True).one("main")
    assert client.status == 404
    assert send(client, f"{sheet}/decision", {"reponse": ANSWER}, form_at="/gestion").status_code == 404


def test_agent_meets_nothing_under_a_strangers_or_a_drafts_name(client, agent, anne, sheet) -> None:
    enter(client, agent)
    client.get("/gestion/dossiers/abc/liquidation", failing=True)
    assert client.status == 404


def test_nobody_values_their_own_claim(client, make, sheet) -> None:
    enter(client, make(factories.desk_account, email="Essai@exemple.example"))
    client.get(sheet, failing=True)
    assert client.status == 404
    assert send(client, sheet, {"lignes": "0"}, form_at="/gestion").status_code == 404


def test_agent_who_shares_an_address_with_the_family_values_nothing(client, make, anne, sheet) -> None:
    with client.services.database.write() as db:
        child = anne.house["Lou"]
        db.get_one(type(child), child.id).email = "lou@exemple.example"
    enter(client, make(factories.desk_account, email="Lou@exemple.example"))
    for page in (sheet, f"{sheet}/decision", sheet.removesuffix("/liquidation")):
        client.get(page, failing=True)
        assert client.status == 404
    assert send(client, sheet, {"lignes": "0"}, form_at="/gestion").status_code == 404


def test_agent_decides_only_with_a_fresh_proof(client, agent, sheet) -> None:
    """Security C6; what was typed waits meanwhile."""
    enter(client, agent)
    client.get(sheet)
    with client.services.database.write() as db:
        for row in db.exec(select(SignedSession)):
            row.confirmed_at = datetime.now(UTC) - timedelta(minutes=6)
            db.add(row)
    client.submit(LINES, button="Relire et décider", **{"acte-0": "OST"})
    assert client.path != f"{sheet}/decision"
    client.get(sheet)
    assert client.page.one("#acte-0 option[selected]").attributes["value"] == "OST"


def test_agent_takes_back_a_line_and_its_author_reads_what_is_owed(client, agent, anne, sheet) -> None:
    enter(client, agent)
    decide(client, sheet)
    pay_due(client.services, today() + timedelta(days=10), datetime.now(UTC))
    client.get(sheet)
    client.get(client.page.one(".documents a").attributes["href"])
    client.get(client.page.one('main a[href$="/correction"]').attributes["href"])
    assert "Une somme sera à rendre" in text_of(client.page.one("main"))
    form = client.form('main form[action$="/correction"]')
    form.fill({"raison": "court"})
    client.send(form)
    assert client.status == 422
    client.submit('main form[action$="/correction"]', raison=WHY)
    assert client.path == sheet
    assert [line.supplementary_cents for line in rows(client, BenefitLine)] == [4000, -4000]
    with client.services.database.read() as db:
        account = db.get_one(type(agent), anne.account_id)
    enter(client, account)
    client.get("/adherent/demandes")
    client.get(client.page.one(".rows a").attributes["href"])
    client.get(client.page.one("[aria-labelledby=trop-verse] a").attributes["href"])
    assert "40,00\u00a0€" in text_of(client.page.one("main"))


def test_claim_too_old_is_refused_for_that(client, agent, anne) -> None:
    """Code de la mutualité, L221-11: the oldest day counts from the day on which the claim was sent."""
    old = first_day(today() - timedelta(days=1))
    sheet = sheet_of(client, anne, day=old)
    enter(client, agent)
    client.get(sheet)
    form = client.form(LINES, "Relire et décider")
    form.fill({"acte-0": "OST", "jour-0": add_months(old, -1).isoformat()})
    client.send(form)
    assert client.status == 422
    assert "plus de deux ans" in text_of(client.page.one("#erreurs"))
