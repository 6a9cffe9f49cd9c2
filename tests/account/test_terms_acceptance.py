"""Accepting the terms of use, refusing them, proving it (R-14 to R-16, B16)."""

import hashlib
import io
import threading
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest

from portal.data.acceptances import acceptances_of
from portal.data.representations import Representation
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, send, token_in
from tests.support.evidence import scalar
from tests.support.html import Html, text_of
from tests.support.terms import FIRST, SECOND, accept_version, publish_version

ACCEPT, REFUSED, MINE = "/conditions/acceptation", "/conditions/refus", "/compte/conditions"
FORM = 'form[action="/conditions/acceptation"]'


@pytest.fixture
def first(make):
    return make(lambda db, _: publish_version(db))


@pytest.fixture
def minor(make):
    """A minor's own account."""

    def made(db, keyring):
        child = factories.person(db, "Zoé", born=factories.MINOR_BIRTH)
        factories.contract(db, child)
        return factories.member_account(db, keyring, child)

    return make(made)


def shown(page: Html) -> str:
    return text_of(page.one("main"))


def accepted(client) -> int:
    return int(scalar(client.services.database, "SELECT count(*) FROM terms_acceptance"))


def acts(client, action: str) -> int:
    query = "SELECT count(*) FROM evidence WHERE action = :action"
    return int(scalar(client.services.database, query, action=action))


# --- the way in ---


def test_member_accepts_at_sign_in_and_goes_where_they_were_going(client, first, member) -> None:
    """R-14: text readable before, box unticked, then the page first asked for."""
    enter(client, member)
    page = client.get("/adherent/releves", follow=True)
    assert client.path == f"{ACCEPT}?suite=%2Fadherent%2Freleves"
    assert "Les services servent à ceci." in shown(page)
    assert not page.css("input[type=checkbox][checked]")
    client.submit(FORM, accepte="1")
    assert client.path == "/adherent/releves"
    assert client.status == 200


@pytest.mark.parametrize("maker", [factories.employer_account, factories.provider_account, factories.desk_account])
def test_every_other_space_accepts_without_a_question_of_capacity(client, make, first, maker) -> None:
    enter(client, make(maker))
    page = client.get(ACCEPT)
    assert not page.css("input[name=qualite]")
    client.submit(FORM, accepte="1")
    assert client.path in {"/employeur", "/professionnel", "/gestion"}
    assert scalar(client.services.database, "SELECT capacity FROM terms_acceptance") == "capable"


def test_member_who_does_not_tick_the_box_is_told_and_nothing_is_stored(client, first, member) -> None:
    enter(client, member)
    client.get(ACCEPT)
    page = client.submit(FORM)
    assert client.status == 422
    assert "Cochez la case" in text_of(page.one("#erreurs"))
    assert (accepted(client), acts(client, "terms.accepted")) == (0, 0)


def test_acceptance_is_stored_with_version_digest_time_and_evidence(client, first, member) -> None:
    """B16, R-51."""
    before = datetime.now(UTC)
    enter(client, member)
    client.get(ACCEPT)
    client.submit(FORM, accepte="1")
    with client.services.database.write() as db:
        (proof,) = acceptances_of(db, factories.viewer_of(db, member))
    assert proof.sha256 == hashlib.sha256(FIRST.encode()).hexdigest()
    assert before <= proof.accepted_at <= datetime.now(UTC)
    assert acts(client, "terms.accepted") == 1


def test_only_the_version_in_force_can_be_accepted(client, make, first, member) -> None:
    """R-16: a version published while the form was open is asked anew; a forged number changes nothing."""
    enter(client, member)
    client.get(ACCEPT)
    jeton = dict(client.form(FORM).pairs)["jeton"]
    make(lambda db, _: publish_version(db, 2, SECOND))
    for old in ("1", "3", "0", "", "x", "-1", "9" * 40, "2 ", "٢"):
        fields = {"version": old, "accepte": "1", "qualite": "capable", "jeton": jeton}
        answer = send(client, ACCEPT, fields)
        assert answer.status_code == 422, old
        assert "Une nouvelle version vient d’entrer en vigueur" in answer.text
        assert Html(answer.text).one('input[name="version"]').attributes["value"] == "2"
        assert not Html(answer.text).css("input[type=checkbox][checked]")
    assert accepted(client) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"accepte": "0"},
        {"accepte": "on"},
        {"accepte": "1 "},
        {"qualite": ""},
        {"qualite": "roi"},
        {"qualite": "tuteur", "representant": ""},
        {"qualite": "tuteur", "representant": " \t\u00a0 "},
    ],
)
def test_hostile_or_incomplete_form_is_refused_with_its_values_kept(client, first, member, fields) -> None:
    enter(client, member)
    answer = send(client, ACCEPT, {"version": "1", "accepte": "1", "qualite": "capable"} | fields, form_at=ACCEPT)
    assert answer.status_code == 422
    assert accepted(client) == 0


@pytest.mark.parametrize(
    "suite", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a b", ""]
)
def test_acceptance_never_leads_elsewhere(client, first, member, suite) -> None:
    enter(client, member)
    answer = send(
        client, ACCEPT, {"version": "1", "accepte": "1", "qualite": "capable", "suite": suite}, form_at=ACCEPT
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/accueil")


def test_form_of_another_site_accepts_nothing(client, first, member) -> None:
    enter(client, member)
    jeton = token_in(ask(client, ACCEPT), ACCEPT)
    fields = {"version": "1", "accepte": "1", "qualite": "capable", "jeton": jeton}
    assert send(client, ACCEPT, fields, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert send(client, ACCEPT, fields | {"jeton": "x"}).status_code == 403
    assert accepted(client) == 0


def test_two_parallel_acceptances_make_one_row_and_both_go_on(client, first, member) -> None:
    """D7: the same form sent twice at once is one acceptance."""
    enter(client, member)
    fields = {"version": "1", "accepte": "1", "qualite": "capable", "jeton": token_in(ask(client, ACCEPT), ACCEPT)}
    answers = []

    def press() -> None:
        answers.append(client.http.post(ACCEPT, data=fields, headers=SAME_ORIGIN, follow_redirects=False).status_code)

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 8
    assert (accepted(client), acts(client, "terms.accepted")) == (1, 1)


# --- a new version ---


def test_version_in_effect_while_a_session_is_open_is_asked_at_the_very_next_request(
    client, make, first, member
) -> None:
    """R-16, B16: with the difference shown; nothing else is served before."""
    make(lambda db, _: accept_version(db, member))
    enter(client, member)
    assert ask(client, "/adherent").status_code == 200
    make(lambda db, _: publish_version(db, 2, SECOND, effective_at=datetime.now(UTC)))
    for path in ("/adherent", "/adherent/prestations", "/compte", MINE):
        answer = ask(client, path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, ACCEPT)
    fragment = ask(client, "/fragments/adherent/prestations")
    assert (fragment.status_code, fragment.headers["hx-redirect"]) == (401, ACCEPT)
    page = client.get(ACCEPT)
    assert "Vous aviez accepté la version 1" in shown(page)
    assert [text_of(node) for node in page.css("del")] == ["Supprimé\u00a0: Il ne se communique pas."]
    client.submit(FORM, accepte="1")
    assert client.path == "/adherent"
    assert accepted(client) == 2


def test_member_who_missed_a_version_reads_every_change_since(client, make, first, member) -> None:
    make(lambda db, _: accept_version(db, member))
    make(lambda db, _: publish_version(db, 2, SECOND))
    make(lambda db, _: publish_version(db, 3, SECOND + "\nFin.\n", changes="Une fin."))
    enter(client, member)
    page = client.get(ACCEPT)
    assert "Le mot de passe se change à tout moment." in shown(page)
    assert "Une fin." in shown(page)


def test_announced_version_asks_nothing_yet(client, make, first, member) -> None:
    make(lambda db, _: accept_version(db, member))
    make(lambda db, _: publish_version(db, 2, SECOND, effective_at=datetime.now(UTC) + timedelta(days=1)))
    enter(client, member)
    assert ask(client, "/adherent").status_code == 200
    assert "Vous êtes à jour" in shown(client.get(ACCEPT))


def test_second_visit_to_the_form_stores_nothing_and_goes_on(client, make, first, member) -> None:
    make(lambda db, _: accept_version(db, member))
    enter(client, member)
    page = client.get(f"{ACCEPT}?suite=/adherent/releves")
    assert page.css('main a[href="/adherent/releves"]')
    answer = send(client, ACCEPT, {"version": "1", "accepte": "1", "qualite": "capable"}, form_at=ACCEPT)
    assert answer.status_code == 303
    assert accepted(client) == 1


# --- capacity ---


def test_minor_accepts_only_with_the_authorisation_of_somebody_named(client, first, minor) -> None:
    """R-15."""
    enter(client, minor)
    page = client.get(ACCEPT)
    assert [node.attributes["value"] for node in page.css("input[name=qualite]")] == [
        "autorite_parentale",
        "tuteur",
        "curateur",
    ]
    client.submit(FORM, accepte="1")
    assert client.status == 422
    assert (
        send(client, ACCEPT, {"version": "1", "accepte": "1", "qualite": "capable"}, form_at=ACCEPT).status_code == 422
    )
    client.get(ACCEPT)
    page = client.submit(FORM, accepte="1", qualite="autorite_parentale")
    assert page.css("#representant[aria-invalid]")
    client.submit(FORM, accepte="1", representant="  Jeanne   Martin ")
    assert client.path == "/adherent"
    stored = "SELECT capacity || '/' || representative_name FROM terms_acceptance"
    assert scalar(client.services.database, stored) == "autorite_parentale/Jeanne Martin"


def test_representative_declared_with_the_account_is_proposed(client, make, first, member) -> None:
    def declare(db, _):
        db.add(Representation(account_id=member.id, capacity="curateur", acts=False, representative_name="Paul Durand"))

    make(declare)
    enter(client, member)
    page = client.get(ACCEPT)
    assert page.one("input[name=qualite][checked]").attributes["value"] == "curateur"
    assert page.one("#representant").attributes["value"] == "Paul Durand"


# --- refusing ---


def test_member_who_refuses_keeps_sign_out_export_and_deletion(client, first, member) -> None:
    """R-16: refusing is recorded, and leaves three things to do."""
    enter(client, member)
    client.get(ACCEPT)
    page = client.submit(f'form[action="{REFUSED}"]')
    assert client.path == REFUSED
    assert acts(client, "terms.refused") == 1
    assert page.css('form[action="/deconnexion"]')
    urls = {client.url("data.export"), client.url("deletion.ask"), ACCEPT}
    assert urls <= {node.attributes["href"] for node in page.css("main a")}
    for path in urls:
        answer = ask(client, path)
        assert answer.status_code == 200 or "/compte/confirmation" in answer.headers["location"], path
    assert ask(client, "/adherent").status_code == 303
    client.get(REFUSED)
    client.submit('main form[action="/deconnexion"]')
    assert client.path == "/connexion"


def test_refusal_once_accepted_records_nothing(client, make, first, member) -> None:
    make(lambda db, _: accept_version(db, member))
    enter(client, member)
    answer = send(client, REFUSED, form_at="/adherent")
    assert answer.status_code == 303
    assert "vos services sont ouverts" in shown(client.get(REFUSED))
    assert acts(client, "terms.refused") == 0


# --- proof ---


def test_member_downloads_a_proof_that_holds_the_accepted_text(client, make, first, member) -> None:
    """R-14: version, digest, time, account, row of evidence; PDF/UA-1; the same bytes each time."""
    make(lambda db, _: accept_version(db, member))
    enter(client, member)
    page = client.get(MINE)
    assert first.sha256 in shown(page)
    files = []
    for _ in range(2):
        client.get(f"{MINE}/1/preuve", audit=False)
        files.append(client.answer.content)
    assert files[0] == files[1]
    with pikepdf.open(io.BytesIO(files[0])) as pdf, pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        attached = pdf.attachments["conditions-generales-v1.md"].get_file().read_bytes()
    assert hashlib.sha256(attached).hexdigest() == first.sha256
    client.services.journal.flush()
    assert acts(client, "terms.proof-downloaded") == 2


@pytest.mark.parametrize("number", ["2", "0", "x", "9" * 40])
def test_proof_of_what_was_not_accepted_is_not_found(client, make, first, member, number) -> None:
    make(lambda db, _: accept_version(db, member))
    enter(client, member)
    assert ask(client, f"{MINE}/{number}/preuve").status_code == 404


def test_proof_of_somebody_else_is_not_found(client, make, first, member) -> None:
    """D3."""
    make(lambda db, _: accept_version(db, member))
    make(lambda db, _: publish_version(db, 2, SECOND))
    stranger = make(factories.member_with_account)[1]
    make(lambda db, _: accept_version(db, stranger, 2))
    enter(client, stranger)
    assert ask(client, f"{MINE}/1/preuve").status_code == 404
    assert ask(client, f"{MINE}/2/preuve").status_code == 200


def test_member_before_any_version_has_nothing_to_accept(client, member) -> None:
    enter(client, member)
    assert "Vous êtes à jour" in shown(client.get(ACCEPT))
    assert "Aucun accord enregistré" in shown(client.get(MINE))
