"""Deleting one's own account: asked, confirmed by link, taken back within seven days, or erased (R-66, R-16, R-51)."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from sqlmodel import select

from portal.account_jobs import erase_due
from portal.data.accounts import Account, AccountDeletion, ProcessingRestriction
from portal.data.deletion import confirm_deletion
from portal.data.restricting import Ground
from portal.data.sessions import find_viewer
from tests.account.own.conftest import EMAIL
from tests.support import factories
from tests.support.entry import ask, enter, leave, send, try_password
from tests.support.terms import publish_version

ASK, CONFIRM, CANCEL = "/compte/suppression", "/compte/suppression/confirmation", "/compte/suppression/annulation"
WEEK = timedelta(days=7)


def request_deletion(client) -> None:
    client.get(ASK)
    client.submit(f'form[action="{ASK}"]', button="Demander la suppression")


def confirm(client, post_box) -> None:
    client.get(urlsplit(post_box(EMAIL)[-1].links[0]).path, follow=True)
    assert client.path == CONFIRM
    client.submit(f'form[action="{CONFIRM}"]')


def requests_of(client) -> list[AccountDeletion]:
    with client.services.database.read() as db:
        return list(db.exec(select(AccountDeletion).order_by(AccountDeletion.id)))


def claims(client) -> int:
    """What the page that begins a claim answers."""
    return ask(client, "/adherent/demandes/nouvelle").status_code


def messages(client) -> int:
    """What the page that begins a conversation answers."""
    return ask(client, "/messagerie/nouveau").status_code


def erased(client, days: float = 7.01) -> int:
    return erase_due(client.services, datetime.now(UTC) + timedelta(days=days))


def test_holder_asks_confirms_and_is_erased_after_seven_days(client, holder, post_box, recorded) -> None:
    page = client.get(ASK)
    for said in ("Ce qui sera effacé", "Ce qui reste, et pourquoi", "7 jours"):
        assert said in page.text
    request_deletion(client)
    assert client.path == ASK
    assert "Confirmez depuis votre messagerie" in client.page.text
    assert erased(client, 30) == 0
    confirm(client, post_box)
    assert client.path == "/compte/suppression/suite"
    assert [letter.name for letter in post_box(EMAIL)] == ["deletion-asked", "deletion-confirmed"]
    assert erased(client, 6.99) == 0
    assert erased(client) == 1
    assert erased(client) == 0
    assert [row[:3] for row in recorded("deletion.", "account.erased")] == [
        ("deletion.asked", "", "ok"),
        ("deletion.confirmed", "", "ok"),
        ("account.erased", "", "ok"),
    ]
    assert {row[3] for row in recorded("deletion.", "account.erased")} == {holder.id}


def test_the_banner_says_the_day_on_every_page_and_takes_it_back(client, holder, post_box, recorded) -> None:
    request_deletion(client)
    confirm(client, post_box)
    for path in ("/adherent", "/adherent/prestations", "/compte", "/compte/journal", "/compte/securite"):
        page = client.get(path)
        assert "Votre compte sera supprimé le" in page.text, path
        assert page.first(f'main form[action="{CANCEL}"]') is not None
    client.submit(f'form[action="{CANCEL}"]')
    assert client.path == "/adherent"
    assert "sera supprimé" not in client.page.text
    assert post_box(EMAIL)[-1].name == "deletion-cancelled"
    assert recorded("deletion.")[-1] == ("deletion.cancelled", "", "ok", holder.id)
    assert erased(client, 30) == 0


def test_leaving_account_reads_and_changes_nothing(client, holder, post_box) -> None:
    request_deletion(client)
    confirm(client, post_box)
    assert client.get("/adherent/releves").text
    for path in ("/compte/coordonnees", "/compte/adresse-email", "/compte/notifications", ASK):
        answer = send(client, path, form_at="/compte")
        assert answer.status_code == 403, path
        assert "suppression de votre compte est en cours" in answer.text
    assert ask(client, "/compte/donnees/export.json").status_code == 200


def test_limited_account_that_leaves_claims_nothing_and_may_still_stay_r70(client, holder, post_box) -> None:
    """Leaving gives back no act that its holder's own limit closed; both are told, and the leaving is taken back."""
    with client.services.database.write() as db:
        db.add(ProcessingRestriction(account_id=holder.id, ground=Ground.ACCURACY))
    assert (claims(client), messages(client)) == (403, 403)
    request_deletion(client)
    confirm(client, post_box)
    assert (claims(client), messages(client)) == (403, 403)
    page = client.get("/adherent")
    assert "L’usage de vos données est limité" in page.text
    assert "Votre compte sera supprimé le" in page.text
    client.submit(f'form[action="{CANCEL}"]')
    assert "Votre compte sera supprimé le" not in client.get("/adherent").text
    assert erased(client, 30) == 0
    assert (claims(client), messages(client)) == (403, 403)


def test_request_without_confirmation_changes_nothing_and_can_be_given_up(client, holder, post_box) -> None:
    request_deletion(client)
    client.get("/compte")
    assert "pas encore confirmée" in client.page.text
    client.submit(f'form[action="{CANCEL}"]')
    client.get(urlsplit(post_box(EMAIL)[0].links[0]).path, follow=True)
    client.submit(f'form[action="{CONFIRM}"]')
    assert client.status == 404
    assert erased(client, 30) == 0


def test_a_new_request_replaces_the_one_before(client, holder, post_box) -> None:
    request_deletion(client)
    client.submit(f'form[action="{ASK}"]', button="Envoyer un nouveau lien")
    assert [row.cancelled_at is None for row in requests_of(client)] == [False, True]
    client.get(urlsplit(post_box(EMAIL)[0].links[0]).path, follow=True)
    client.submit(f'form[action="{CONFIRM}"]')
    assert client.status == 404
    confirm(client, post_box)
    assert erased(client) == 1


def test_the_link_serves_once_and_for_one_day(client, holder, post_box) -> None:
    request_deletion(client)
    path = urlsplit(post_box(EMAIL)[-1].links[0]).path
    leave(client)
    client.get(path, follow=True)
    first, second = (client.form(f'form[action="{CONFIRM}"]') for _ in range(2))
    client.send(first)
    assert client.status == 303
    client.send(second)
    assert client.status == 404
    assert ask(client, path).status_code == 404
    assert sum(row.confirmed_at is not None for row in requests_of(client)) == 1


def test_stale_proof_of_identity_asks_for_nothing(client, holder, post_box, grow_old) -> None:
    client.get(ASK)
    form = client.form(f'form[action="{ASK}"]')
    grow_old()
    assert ask(client, ASK).headers["location"] == "/compte/confirmation?suite=%2Fcompte%2Fsuppression"
    client.send(form)
    assert client.answer.headers["location"].partition("?")[0] == "/compte/confirmation"
    assert (requests_of(client), post_box()) == ([], [])


def test_account_without_an_address_is_told_to_call(client, make, recorded) -> None:
    enter(client, make(factories.member_with_account)[1])
    page = client.get(ASK)
    assert page.first(f'form[action="{ASK}"]') is None
    assert "pas d’adresse e-mail" in page.text
    assert send(client, ASK, form_at="/compte").status_code == 303
    assert (requests_of(client), recorded("deletion.")) == ([], [])


def test_who_refuses_new_terms_may_still_leave(client, holder, post_box) -> None:
    """R-16: asking, confirming and taking back, before any terms are accepted."""
    with client.services.database.write() as db:
        publish_version(db)
    request_deletion(client)
    assert client.path == ASK
    confirm(client, post_box)
    assert "Votre compte sera supprimé le" in client.get("/compte/donnees").text
    client.submit(f'form[action="{CANCEL}"]')
    assert [row.cancelled_at is None for row in requests_of(client)] == [False]


def test_fraud_holds_the_erasure_and_gives_seven_days_again(client, holder, post_box) -> None:
    """R-13: a thief asks for the deletion, the holder reports the fraud, and must be able to take it back."""
    request_deletion(client)
    confirm(client, post_box)
    with client.services.database.write() as db:
        suspension = factories.suspend(db, holder)
    assert erased(client, 20) == 0
    restored = datetime.now(UTC) + timedelta(days=20)
    with client.services.database.write() as db:
        db.get(type(suspension), suspension.id).ended_at = restored
    assert erase_due(client.services, restored + WEEK - timedelta(minutes=1)) == 0
    assert erase_due(client.services, restored + WEEK) == 1


def test_taking_back_and_erasing_cannot_both_win(client, holder, post_box) -> None:
    """Whichever commits first: the other one finds nothing to do."""
    request_deletion(client)
    confirm(client, post_box)
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, holder)
    from portal.data.deletion import cancel_deletion, claim_deletion, due_deletions  # noqa: PLC0415

    later = datetime.now(UTC) + timedelta(days=8)
    with client.services.database.read() as db:
        (due,) = due_deletions(db, later)
    with client.services.database.write() as db:
        assert cancel_deletion(db, viewer, later)
    with client.services.database.write() as db:
        assert claim_deletion(db, due, later) is None
    assert erased(client, 8) == 0


def test_erased_account_cannot_be_taken_back_nor_signed_in_to(client, holder, post_box) -> None:
    request_deletion(client)
    confirm(client, post_box)
    assert erased(client) == 1
    assert ask(client, "/compte").headers["location"].startswith("/connexion")
    assert try_password(client, holder.identifier, factories.PASSWORD).status_code == 422
    with client.services.database.read() as db:
        account = db.get(Account, holder.id)
        assert try_password(client, account.identifier, factories.PASSWORD).status_code == 422
        assert find_viewer(db, "x", datetime.now(UTC)) is None


def test_another_account_s_request_is_not_confirmed_by_our_link(client, holder) -> None:
    with client.services.database.write() as db:
        row = AccountDeletion(account_id=holder.id)
        db.add(row)
        db.flush()
        assert confirm_deletion(db, holder.id + 1, str(row.id), datetime.now(UTC)) is None


@pytest.mark.parametrize("path", [CONFIRM, CANCEL, ASK])
def test_visitors_without_a_link_confirm_nothing(client, path) -> None:
    leave(client)
    answer = ask(client, CONFIRM)
    assert answer.status_code == 404
    assert send(client, path, form_at="/connexion").status_code in {303, 404}
