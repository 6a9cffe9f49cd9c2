"""The employer never sees health data (R-02; GDPR, article 9): no line of benefits, no kind of care, no provider, no
total by person, nothing of dependants, on any page, fragment, file or letter, whoever reads it for the company."""

import pytest

from portal.contribution_jobs import issue_due_calls
from portal.data.accounts import Role
from portal.data.columns import utc_now
from portal.grants import GRANTS
from portal.mandate_jobs import remind_of_mandates
from tests.support.canaries import CANARY, dump, printed, seen_in
from tests.support.employer_visits import SPACE, addresses, answers, open_routes, said
from tests.support.entry import enter, send
from tests.support.mail import letters
from tests.support.marked_firm import LINE, MADE, marked_firm

WORDS = (CANARY,)
OWN_DISPUTE = "/employeur/cotisations/contestations/{case:str}"  # which the signatory alone sent
# An administrator holds what a signatory does.
READERS = (Role.SIGNATORY, Role.CLERK, Role.READER, Role.DECLARANT)


@pytest.fixture
def firm(client):
    with client.services.database.write() as db:
        return marked_firm(db, client.services)


def leaks(firm, found) -> list[tuple[str, set[str]]]:
    seen = [(address, seen_in(said(answer), WORDS, firm.amounts)) for _, address, answer in found]
    return [(address, canaries) for address, canaries in seen if canaries]


@pytest.mark.parametrize("role", READERS)
def test_employer_meets_no_health_data_on_any_route_it_may_ask_r02(client, app, firm, role) -> None:
    """Every GET of the table of routes that the role opens, with every filter: pages, fragments, CSV, XLSX, PDF, JSON;
    the account's own pages, its export and its journal, the names of members' cases and files among what is asked."""
    enter(client, firm.users[role])
    paths = open_routes(app, "GET", GRANTS[role])
    found = list(answers(client, paths, firm.places))
    assert leaks(firm, found) == []
    assert [address for _, address, answer in found if answer.status_code >= 500] == []
    answered = {path for path, _, answer in found if answer.status_code == 200}
    unseen = {path for path in paths if SPACE.match(path)} - answered
    assert unseen == (set() if role is Role.SIGNATORY else {OWN_DISPUTE})
    kinds = {answer.headers.get("content-type", "").partition(";")[0] for _, _, answer in found}
    assert {"text/html", "text/csv", "application/pdf", "application/json"} <= kinds


def test_employer_meets_no_health_data_in_answers_to_forms_r02(client, app, firm) -> None:
    """Every POST of the space, without an answer to any of its questions: refusals show what was there before."""
    enter(client, firm.users[Role.SIGNATORY])
    paths = [path for path in open_routes(app, "POST", GRANTS[Role.SIGNATORY]) if SPACE.match(path)]
    found = [
        (path, address, send(client, address, {}, form_at="/employeur/salaries"))
        for path in paths
        for address in addresses(path, firm.places)
    ]
    assert leaks(firm, found) == []
    assert [address for _, address, answer in found if answer.status_code >= 500] == []
    assert len({answer.status_code for _, _, answer in found}) > 1


def test_employer_finds_nobody_by_what_only_the_insurer_knows_r02(client, firm) -> None:
    """A search for a child's name, a kind of care, an amount: nobody, as for a word that nothing holds."""
    enter(client, firm.users[Role.CLERK])
    for word in (CANARY, "77130,22", "Dr Exemple"):
        client.get("/employeur/salaries")
        client.submit('form[action="/employeur/salaries/recherche"]', q=word)
        assert client.page.css("tbody th") == [], word


def test_employer_is_written_no_health_data_r02(client, firm) -> None:
    """Letters of mandates, of calls for contributions; and none that goes to the company tells of a member."""
    enter(client, firm.users[Role.SIGNATORY])
    list_page = "/employeur/utilisateurs/mandats"
    mandate = addresses("/employeur/utilisateurs/mandats/{mandate:str}", firm.places)[0]
    send(client, f"{mandate}/renvoi", form_at=list_page)
    send(client, f"{mandate}/retrait", form_at=list_page)
    remind_of_mandates(client.services, utc_now())
    issue_due_calls(client.services, utc_now())
    sent = letters(client.services.database, client.services)
    received = [letter for letter in sent if letter.to in firm.addresses]
    assert received
    for letter in received:
        assert seen_in(letter.message.as_string() + letter.text + letter.html, WORDS, firm.amounts) == set(), (
            letter.name
        )


# --- and yet it is all there: the proofs above can fail ---


def test_member_meets_on_own_pages_what_the_employer_never_does(client, app, firm) -> None:
    """The same visitor, the same search for canaries: found on pages, in CSV, XLSX, PDF and JSON."""
    enter(client, firm.member)
    paths = [path for path in open_routes(app, "GET", GRANTS[Role.MEMBER]) if not SPACE.match(path)]
    found: dict[str, set[str]] = {}
    for _, _, answer in answers(client, paths, {**firm.places, "case": firm.places["case"][1:]}):
        kind = answer.headers.get("content-type", "").partition(";")[0]
        found.setdefault(kind, set()).update(seen_in(said(answer), WORDS, firm.amounts))
    supplementary = str(LINE["supplementary_cents"])
    for kind in ("text/html", "text/csv", "application/json"):
        assert {CANARY, supplementary} <= found[kind], kind
    for kind in ("application/pdf", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"):
        assert CANARY in found[kind], kind


def test_database_holds_a_canary_in_every_table_about_a_person(client, firm) -> None:
    with client.services.database.read() as db:
        held = dump(db)
    assert len(firm.filled) > 30
    assert {"claim", "complaint", "statement", "bank_details", "beneficiary_change", "remote_link"} <= set(firm.filled)
    assert not MADE & set(firm.filled)
    assert held.count(CANARY) > len(firm.filled)
    assert all(str(cents) in held for cents in LINE.values())


@pytest.mark.parametrize("shown", ["77 130,11 €", "77\u202f130,11\u00a0€", "77&nbsp;130,11", "77130.11", "7713011"])
def test_amount_is_recognised_however_it_is_printed(shown) -> None:
    assert seen_in(f"<td>{shown}</td>", WORDS, {7713011}) == {"7713011"}
    assert seen_in("<td>77 130,12 €</td>", WORDS, {7713011}) == set()
    assert printed(7713011) == {"7713011", "77130,11", "77130.11"}


def test_text_is_recognised_in_any_case_and_inside_an_address() -> None:
    assert seen_in(f'<a href="?q={CANARY.upper()}">', WORDS, ()) == {CANARY}
