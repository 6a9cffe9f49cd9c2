"""/compte: who one is for the insurer, how to be reached (security: C6, R-51, R-61, R-64)."""

from datetime import timedelta

import pytest

from portal.data.accounts import Role, Space
from portal.data.activity import all_acts
from portal.data.sessions import Stage
from portal.formatting import today
from tests.account.own.conftest import EMAIL
from tests.support import factories
from tests.support.entry import ask, enter, send


def test_holder_reads_identity_contact_and_the_way_to_everything(client, holder) -> None:
    page = client.get("/compte")
    assert client.status == 200
    said = page.text
    for expected in ("Anne Essai", "17 mai 1980", holder.identifier, EMAIL, "Non renseigné", "Dernière mise à jour"):
        assert expected in said, expected
    links = {node.attributes["href"] for node in page.css("main a")}
    assert {"/compte/securite", "/compte/journal", "/compte/notifications", "/compte/donnees"} <= links
    assert {"/compte/conditions", "/compte/suppression", "/compte/adresse-email", "/compte/coordonnees"} <= links


@pytest.mark.parametrize("maker", [factories.employer_account, factories.provider_account, factories.desk_account])
def test_every_space_has_its_account_linked_from_the_header(client, make, maker) -> None:
    account = make(maker)
    enter(client, account)
    client.get("/accueil", follow=True)
    assert client.page.first('header a[href="/compte"]') is not None
    assert account.identifier in client.get("/compte").text


def test_desk_is_not_offered_to_delete_its_account(client, make) -> None:
    enter(client, make(factories.desk_account))
    assert "/compte/suppression" not in ask(client, "/compte").text
    assert ask(client, "/compte/suppression").status_code == 403


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0612345678", "06 12 34 56 78"),
        ("+33 (0)6.12.34.56.78", "06 12 34 56 78"),
        ("+41 22 345 67 89", "+41223456789"),
        ("", ""),
    ],
)
def test_holder_changes_the_telephone_in_one_form(client, holder, recorded, typed, kept) -> None:
    with client.services.database.write() as db:
        db.get(type(holder), holder.id).phone = "01 02 03 04 05"
    client.get("/compte/coordonnees")
    client.submit('form[action="/compte/coordonnees"]', telephone=typed)
    assert client.path == "/compte"
    assert (kept or "Non renseigné") in client.page.text
    assert recorded("contact.") == [("contact.changed", "telephone", "ok", holder.id)]


@pytest.mark.parametrize("typed", ["12", "06 12 34 56 7", "appelez-moi", "=1+1", "0" * 300, "+0012345678"])
def test_a_wrong_telephone_is_refused_and_kept_to_be_corrected(client, holder, recorded, typed) -> None:
    client.get("/compte/coordonnees")
    page = client.submit('form[action="/compte/coordonnees"]', telephone=typed)
    assert client.status == 422
    assert page.first("#telephone").attributes["value"] == typed[:200]
    assert recorded("contact.") == []


def test_the_same_telephone_again_is_no_change(client, holder, recorded) -> None:
    for _ in range(2):
        client.get("/compte/coordonnees")
        client.submit('form[action="/compte/coordonnees"]', telephone="0612345678")
    assert len(recorded("contact.")) == 1


def test_stale_proof_of_identity_is_asked_again_before_the_form_and_before_the_act(client, holder, grow_old) -> None:
    """C6: the page and the form both."""
    client.get("/compte/coordonnees")
    form = client.form('form[action="/compte/coordonnees"]')
    form.fill({"telephone": "0612345678"})
    grow_old()
    assert (
        ask(client, "/compte/coordonnees").headers["location"] == "/compte/confirmation?suite=%2Fcompte%2Fcoordonnees"
    )
    client.send(form)
    assert (client.status, client.answer.headers["location"].partition("?")[0]) == (303, "/compte/confirmation")
    assert "0612345678" not in client.get("/compte").text


def test_ended_member_reads_the_account_and_changes_nothing_of_it(client, make) -> None:
    """R-64: refused with the reason and the date."""
    ended_on = today() - timedelta(days=60)
    account = make(factories.member_with_account, ends_on=ended_on)[1]
    enter(client, account)
    page = client.get("/compte")
    assert client.status == 200
    assert "/compte/coordonnees" not in {node.attributes["href"] for node in page.css("main a")}
    for path in ("/compte/coordonnees", "/compte/notifications"):
        answer = send(client, path, {"telephone": "0612345678"}, form_at="/compte")
        assert answer.status_code == 403
        assert "a pris fin le" in answer.text
        assert ask(client, path).status_code == 403


@pytest.mark.parametrize("stage", [Stage.CODE, Stage.EMAIL_CODE])
def test_unfinished_session_reaches_nothing_of_the_account(client, make, stage) -> None:
    enter(client, make(factories.employer_account), stage=stage)
    for path in ("/compte", "/compte/securite", "/compte/journal", "/compte/donnees", "/compte/suppression"):
        assert ask(client, path).headers["location"].startswith("/connexion/code")


def test_representative_is_shown_as_themselves_and_not_who_reads_the_person(client, make) -> None:
    """R-15, R-51: what concerns the represented person's own life stays that person's."""
    with client.services.database.write() as db:
        person = factories.person(db, "Lou", last_name="Protégée")
        factories.contract(db, person)
        own = factories.member_account(db, client.services.keyring, person)
    guardian = make(
        factories.account, space=Space.MEMBER, role=Role.REPRESENTATIVE, of=person, display_name="Max Tuteur"
    )
    enter(client, own)
    client.get("/adherent/prestations")
    client.services.journal.flush()
    enter(client, guardian)
    said = client.get("/compte").one("main").text()
    assert ("Max Tuteur" in said, "Protégée" in said) == (True, False)
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, guardian)
        assert {act.action for act in all_acts(db, viewer)}.isdisjoint({"benefits.read"})
