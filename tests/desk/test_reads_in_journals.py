"""Every page of the desk that shows somebody is in that person's journal (R-51), also one shown again with an error."""

from datetime import timedelta

import pytest

from portal.data.cases import CaseKind
from portal.data.columns import utc_now
from portal.data.erasure import empty_account
from portal.formatting import today
from tests.support import factories
from tests.support.desk_cases import MAKERS, WORDS, path_of
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.valuing import sheet_of

RETURN = 'main section form[action$="/validation"]'
LINES = 'main form[action$="/liquidation"]'
ANSWER = "Bonjour, voici le détail de votre remboursement."


def readers_of(evidence: Evidence) -> list[tuple[str, list[int]]]:
    return [(act.action, act.details.get("persons", [])) for act in evidence.fresh()]


@pytest.fixture
def claim_sheet(client, agent, anne):
    """The path on which a claim is valued, its line typed."""
    path = sheet_of(client, anne, day=today() - timedelta(days=10))
    enter(client, agent)
    client.get(path)
    client.submit(LINES, button="Relire et décider", **{"acte-0": "OST"})
    return path


def test_second_agent_who_gives_no_reason_is_in_the_journal_again(client, agent, make) -> None:
    with client.services.database.write() as db:
        case, author = MAKERS[CaseKind.BENEFICIARY_ADDED](db, client.services)
    enter(client, agent)
    path = path_of(client.services, case)
    client.get(f"{path}/decision?acte=refuser")
    client.submit(f'form[action="{path}/decision"][method="post"]', texte=WORDS)
    client.submit('main form[action$="/decision/envoi"]')
    enter(client, make(factories.desk_account))
    client.get(f"{path}/validation")
    evidence = Evidence(client)
    client.submit(RETURN, button="Renvoyer", motif="")
    assert client.status == 422
    assert readers_of(evidence) == [("case.read", [author.person_id])]


def test_agent_who_mistypes_a_valuation_is_in_the_journal_again(client, anne, claim_sheet) -> None:
    client.get(claim_sheet)
    form = client.form(LINES, "Relire et décider")
    form.fill({"prix-0": "beaucoup"})
    evidence = Evidence(client)
    client.send(form)
    assert client.status == 422
    assert readers_of(evidence) == [("case.read", [anne.member_id])]


def test_agent_who_decides_a_claim_without_a_word_is_in_the_journal_again(client, anne, claim_sheet) -> None:
    client.get(f"{claim_sheet}/decision")
    evidence = Evidence(client)
    client.submit(reponse="")
    assert client.status == 422
    assert readers_of(evidence) == [("case.read", [anne.member_id])]


def test_agent_who_takes_back_a_line_without_a_reason_is_in_the_journal_again(client, anne, claim_sheet) -> None:
    client.get(f"{claim_sheet}/decision")
    client.submit(reponse=ANSWER)
    client.get(client.page.one('main a[href$="/rectification"]').attributes["href"])
    client.get(client.page.one('main a[href$="/correction"]').attributes["href"])
    evidence = Evidence(client)
    client.submit(raison="")
    assert client.status == 422
    assert readers_of(evidence) == [("case.read", [anne.member_id])]


def test_agent_who_refuses_a_piece_without_a_motive_is_in_the_journal_again(client, agent) -> None:
    with client.services.database.write() as db:
        case, author = MAKERS[CaseKind.COMPLAINT](db, client.services)
    enter(client, agent)
    client.get(path_of(client.services, case))
    client.click("preuve.pdf")
    evidence = Evidence(client)
    client.submit('main form[action$="/refus"]')
    assert client.status == 422
    assert readers_of(evidence) == [("case.read", [author.person_id])]


@pytest.mark.parametrize("below", ["/suspension", "/fermeture", "/conservation", "/actes/acces"])
def test_page_of_an_act_on_an_account_is_in_its_holder_s_journal(client, supervisor, member, sheet_url, below) -> None:
    evidence = Evidence(client)
    enter(client, supervisor)
    client.get(sheet_url(member, below))
    assert [(act.action, act.object) for act in evidence.fresh()] == [("account.read", f"compte:{member.id}")]


def test_form_of_an_exceptional_access_is_in_the_person_s_journal(client, supervisor, member) -> None:
    (name,) = client.services.keyring.conceal("person", [member.person_id])
    evidence = Evidence(client)
    enter(client, supervisor)
    path = f"/gestion/personnes/{name}/acces-exceptionnel/ouverture"
    assert ask(client, path).status_code == 200
    assert send(client, path, {"motif": ""}, form_at="/gestion").status_code == 422
    assert [act.action for act in evidence.fresh()] == ["person.read", "person.read"]


def test_reads_of_an_agent_who_left_stay_in_the_journals_of_whom_they_showed(client, agent, make) -> None:
    """R-51, R-71: the end of an agent's account forgets nothing of what others may know for five years."""
    with client.services.database.write() as db:
        case, author = MAKERS[CaseKind.COMPLAINT](db, client.services)
    enter(client, agent)
    client.get(path_of(client.services, case))
    client.services.journal.flush()
    enter(client, author)
    before = text_of(client.get("/compte/journal").one("main"))
    with client.services.database.write() as db:
        empty_account(db, agent.id or 0, "Compte effacé.", utc_now())
    after = text_of(client.get("/compte/journal").one("main"))
    told = "par un gestionnaire de l’assureur"
    assert before.count(told) == 1
    assert after.count(told) == 1
