"""Asking for another address or FINESS by the pages: forms, evidence, recap, letters, decision (R-03, R-51, R-64)."""

import io
from datetime import timedelta

import pytest
from PIL import Image
from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.data.case_desk import lock_for_desk
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.columns import utc_now
from portal.data.practice_changes import changes_of
from portal.data.practice_moving import accept_practice_change, refuse_practice_change
from portal.formatting import long_date, today
from portal.jobs import JOBS
from portal.practice_jobs import apply_due_changes
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, send, token_in
from tests.support.evidence_rows import Evidence
from tests.support.mail import letters
from tests.support.practices import OTHER_NUMBER, THIRD_NUMBER, place, practice_firm, sent_change, wanted_address

HOME = "/professionnel/convention"
ADDRESS, NUMBER, ONE = f"{HOME}/demandes/adresse", f"{HOME}/demandes/finess", f"{HOME}/demande"
SOON = today() + timedelta(days=20)
FIELDS = {"adresse": "3 place Neuve", "code_postal": "69003", "commune": "lyon", "date": SOON.isoformat()}
FINESS = {"finess": "990 000 101", "date": today().isoformat()}
ASKED, APPLIED = "practice-change-asked", "practice-change-applied"

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def firm(client):
    with client.services.database.write() as db:
        made = practice_firm(db, client.services.keyring)
        place(db)
    enter(client, made.first)
    return made


def draft(client, form: str = ADDRESS, fields=None) -> str:
    """The path of a draft."""
    client.get(form)
    client.submit(f'form[action="{form}"]', **(fields or FIELDS))
    assert client.path.startswith(f"{ONE}/")
    return client.path


def add_proof(client, path: str, slot: str = "justificatif-adresse") -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(drawn, "JPEG")
    fields = {"jeton": token_in(ask(client, path))}
    files = [("fichier", ("bail.jpg", drawn.getvalue(), "image/jpeg"))]
    target = f"/dossiers/{path.rpartition('/')[2]}/pieces/{slot}"
    client.http.post(target, data=fields, files=files, headers=SAME_ORIGIN, follow_redirects=False)
    client.get(path)


def sent(client, form: str = ADDRESS, fields=None, slot: str = "justificatif-adresse") -> str:
    path = draft(client, form, fields)
    add_proof(client, path, slot)
    client.submit(f'form[action="{path}/envoi"]')
    return path


def names(client) -> list[tuple[str, str]]:
    return [(one.name, one.to) for one in letters(client.services.database, client.services)]


def decide(client, act, *words) -> None:
    services = client.services
    with services.database.write() as db:
        account = factories.desk_account(db, services.keyring)
        agent = factories.viewer_of(db, account, letters=CaseLetters(services))
        case = db.exec(select(Case)).one()
        act(db, agent, services.keyring, lock_for_desk(db, agent, case.id, case.version), *words, utc_now())


def test_practice_asks_sees_it_followed_and_the_directory_says_it_on_its_day_r24(client, firm) -> None:
    path = sent(client)
    assert "Envoyée" in client.page.text
    assert "3 place Neuve, 69003 Lyon" in client.page.css("main")[0].text()
    told = {to for name, to in names(client) if name == ASKED}
    assert told == {"ada@optique.example", "bela@optique.example", "boite@optique.example"}
    decide(client, accept_practice_change)
    assert f"à partir du {long_date(SOON)}" in client.get(path).css("main")[0].text()
    assert apply_due_changes(client.services, utc_now()) == 0
    assert apply_due_changes(client.services, utc_now() + timedelta(days=21)) == 1
    assert apply_due_changes(client.services, utc_now() + timedelta(days=21)) == 0
    assert len([name for name, _ in names(client) if name == APPLIED]) == 3
    assert "En vigueur depuis" in client.get(path).text
    next(job for job in JOBS if job.name == "practice-changes.apply").run(client.services)


def test_acts_are_evidence_and_say_no_address_r51(client, firm) -> None:
    evidence = Evidence(client)
    sent(client)
    acts = evidence.fresh()
    assert [act.action for act in acts if not act.action.endswith(".read")] == [
        "case.opened", "piece.added", "case.sent",
    ]  # fmt: skip
    assert "Neuve" not in str(acts)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"adresse": " "}, "adresse"),
        ({"adresse": "x" * 121}, "adresse"),
        ({"code_postal": "6900"}, "code_postal"),
        ({"code_postal": "2A004"}, "code_postal"),
        ({"code_postal": "00000"}, "commune"),
        ({"commune": "Saint-Étienne"}, "commune"),
        ({"commune": "Lyon CEDEX 03"}, "commune"),
        ({"date": "31/02/2026"}, "date"),
        ({"date": (today() + timedelta(days=366)).isoformat()}, "date"),
        ({"date": (today() - timedelta(days=91)).isoformat()}, "date"),
    ],
)
def test_address_that_is_none_is_asked_again_and_keeps_what_was_typed(client, firm, fields, field) -> None:
    answer = send(client, ADDRESS, FIELDS | fields, form_at=ADDRESS)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    with client.services.database.read() as db:
        assert db.exec(select(Case)).all() == []


@pytest.mark.parametrize(
    "typed",
    ["", "99000010", "990000102", "ABCDEFGHI", "2C0000010", "9900001011", "990000010", "2B0000021", "2A0000103"],
)
def test_finess_with_a_wrong_key_or_the_practices_own_is_refused(client, firm, typed) -> None:
    answer = send(client, NUMBER, FINESS | {"finess": typed}, form_at=NUMBER)
    assert answer.status_code == 422
    assert 'href="#finess"' in answer.text


@pytest.mark.parametrize("typed", ["990000101", "990\u00a0000 101", "2b0000020", "2B0005342", "2a0000014"])
def test_finess_with_its_key_is_taken_and_the_letter_of_corsicas_counts(client, firm, typed) -> None:
    draft(client, NUMBER, FINESS | {"finess": typed})
    assert "".join(typed.split()).upper() in client.page.text


def test_recap_is_corrected_then_dropped(client, firm) -> None:
    path = draft(client)
    client.get(f"{path}/modifier")
    client.submit(f'form[action="{path}/modifier"]', **(FIELDS | {"adresse": "5 place Neuve"}))
    assert (client.path, "5 place Neuve" in client.page.text) == (path, True)
    wrong = send(client, f"{path}/modifier", FIELDS | {"commune": "Paris", "version": "2"}, form_at=path)
    assert (wrong.status_code, "#commune" in wrong.text) == (422, True)
    moved = send(client, f"{path}/modifier", FIELDS | {"version": "1"}, form_at=path)
    assert (moved.status_code, "a changé depuis" in moved.text) == (422, True)
    add_proof(client, path)
    client.submit(f'form[action="{path}/retrait"]')
    assert client.path == HOME
    assert ask(client, path).status_code == 404


def test_nothing_leaves_without_its_evidence(client, firm) -> None:
    path = draft(client)
    client.submit(f'form[action="{path}/envoi"]')
    assert "Joignez le justificatif" in client.page.text
    assert names(client) == []


def test_second_request_is_told_of_the_first_at_every_step(client, firm) -> None:
    first, second = draft(client), draft(client)
    add_proof(client, first)
    client.submit(f'form[action="{first}/envoi"]')
    assert "Une demande est déjà en cours" in client.get(ADDRESS).text
    assert send(client, ADDRESS, FIELDS, form_at=first).status_code == 422
    add_proof(client, second)
    answer = send(client, f"{second}/envoi", {"version": "1"}, form_at=second)
    assert (answer.status_code, "déjà en cours" in answer.text) == (422, True)


def test_request_is_withdrawn_once_and_not_after_the_decision(client, firm) -> None:
    path = sent(client)
    client.submit(f'form[action="{path}/retrait"]')
    assert "Annulée" in client.get(HOME).text
    assert send(client, f"{path}/retrait", {}, form_at=HOME).status_code == 422


def test_refusal_is_read_with_its_reason(client, firm) -> None:
    path = sent(client, NUMBER, FINESS, "attestation-finess")
    decide(client, refuse_practice_change, "L’attestation est celle d’un autre site.")
    page = client.get(path)
    assert "Refusée" in page.text
    assert "celle d’un autre site" in page.text
    assert ("case-news", "ada@optique.example") in names(client)


def test_accepted_number_is_shown_and_the_former_is_no_more(client, firm) -> None:
    sent(client, NUMBER, FINESS, "attestation-finess")
    decide(client, accept_practice_change)
    page = client.get(HOME).css("main")[0].text()
    assert OTHER_NUMBER in page
    assert "990000010" not in page.replace("TP-990000010", "")


def test_rpps_is_told_that_it_never_changes(client) -> None:
    with client.services.database.write() as db:
        dentist = practice_firm(db, client.services.keyring, "00000000018")
    enter(client, dentist.first)
    assert "vous suit toute votre carrière" in client.get(NUMBER).text
    assert "Changer de FINESS" not in client.get(HOME).text
    assert send(client, NUMBER, FINESS, form_at=HOME).status_code == 422


def test_strangers_and_colleagues_requests_do_not_exist_r72(client, firm) -> None:
    path = sent(client)
    with client.services.database.write() as db:
        other = practice_firm(db, client.services.keyring, THIRD_NUMBER)
    for account in (other.first, firm.second):
        enter(client, account)
        assert ask(client, path).status_code == 404
        assert ask(client, f"{path}/modifier").status_code == 404
        for act in ("envoi", "retrait", "modifier"):
            assert send(client, f"{path}/{act}", FIELDS | {"version": "1"}, form_at=HOME).status_code == 404
    assert "demandé par Ada" in client.get(HOME).css("main")[0].text()
    enter(client, firm.colleague)
    assert ask(client, path).status_code == 404
    assert send(client, f"{path}/retrait", {}, form_at="/professionnel").status_code == 403


@pytest.mark.parametrize("kind", ["autre", "adresse-cabinet", "%2e%2e"])
def test_kind_that_is_none_is_not_found(client, firm, kind) -> None:
    assert ask(client, f"{HOME}/demandes/{kind}").status_code == 404


def test_request_sent_before_the_agreement_ends_is_read_and_not_withdrawn_r64(client, firm) -> None:
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, firm.first)
        case = sent_change(db, viewer, wanted_address(today()), utc_now())
        assert [asked.kind for asked in changes_of(db, viewer)] == [CaseKind.PRACTICE_ADDRESS]
        db.get(type(firm.agreement), firm.agreement.id).ends_on = today() - timedelta(days=1)
    path = f"{ONE}/{client.services.keyring.conceal('case', [case.id])[0]}"
    page = client.get(path)
    assert "Retirer cette demande" not in page.text
    assert send(client, f"{path}/retrait", {}, form_at=HOME).status_code == 403
    with client.services.database.read() as db:
        assert db.get_one(Case, case.id).state == CaseState.SENT
