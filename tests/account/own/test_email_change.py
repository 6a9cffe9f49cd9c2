"""Changing one's e-mail address: both mailboxes confirm, within a day (security: B11, B14, C6, A8; R-51)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from sqlmodel import select

from portal.data.accounts import Account
from portal.data.email_changes import EmailChange, ask_email_change, confirm_email_change
from portal.data.links import LinkPurpose, find_link, make_link
from tests.account.own.conftest import EMAIL
from tests.support import factories
from tests.support.entry import ask, enter, leave, send

NEW = "anne.nouvelle@exemple.example"
CONFIRM = "/compte/adresse-email/confirmation"


@pytest.fixture
def asked(client, holder) -> None:
    request_change(client)


def request_change(client, to: str = NEW) -> None:
    client.get("/compte/adresse-email")
    client.submit('form[action="/compte/adresse-email"]', adresse=to)


def link_to(post_box, address: str) -> str:
    """The path of the newest link sent to an address."""
    return urlsplit(post_box(address)[-1].links[0]).path


def follow(client, path: str) -> None:
    client.get(path, follow=True)


def address_of(client, account) -> str:
    with client.services.database.read() as db:
        return db.get(Account, account.id).email


def test_both_mailboxes_confirm_and_the_address_changes_then(client, holder, asked, post_box, recorded) -> None:
    assert client.path == "/compte/adresse-email"
    assert {(letter.to, letter.name) for letter in post_box()} == {
        (EMAIL, "email-change-current"),
        (NEW, "email-change-new"),
    }
    current, new = link_to(post_box, EMAIL), link_to(post_box, NEW)
    leave(client)
    follow(client, new)
    assert client.path == CONFIRM
    client.submit(f'form[action="{CONFIRM}"]')
    assert "Confirmation reçue" in client.page.text
    assert address_of(client, holder) == EMAIL
    follow(client, current)
    client.submit(f'form[action="{CONFIRM}"]')
    assert "Votre nouvelle adresse est enregistrée" in client.page.text
    assert address_of(client, holder) == NEW
    assert [letter.to for letter in post_box() if letter.name == "email-changed"] == [EMAIL, NEW]
    assert recorded("email.") == [
        ("email.change-asked", "", "ok", holder.id),
        ("email.change-confirmed", "adresse-nouvelle", "ok", holder.id),
        ("email.change-confirmed", "adresse-actuelle", "ok", holder.id),
        ("email.changed", "", "ok", holder.id),
    ]


def test_one_mailbox_alone_changes_nothing_however_often_it_confirms(client, holder, asked, post_box) -> None:
    path = link_to(post_box, NEW)
    follow(client, path)
    client.submit(f'form[action="{CONFIRM}"]')
    for _ in range(2):
        assert ask(client, path).status_code == 404
        assert ask(client, CONFIRM).status_code == 404
    assert address_of(client, holder) == EMAIL


def test_a_mailbox_that_asked_for_nothing_stops_the_change_for_both(client, holder, asked, post_box, recorded) -> None:
    current, new = link_to(post_box, EMAIL), link_to(post_box, NEW)
    leave(client)
    follow(client, current)
    client.submit('form[action="/compte/adresse-email/refus"]')
    assert "Le changement est annulé" in client.page.text
    follow(client, new)
    assert client.status == 404
    assert address_of(client, holder) == EMAIL
    assert recorded("email.")[-1] == ("email.change-confirmed", "adresse-actuelle", "refused", holder.id)


def test_holder_gives_the_change_up_and_its_links_are_dead(client, holder, asked, post_box, recorded) -> None:
    client.get("/compte")
    assert NEW in client.page.text
    client.submit('form[action="/compte/adresse-email/annulation"]')
    assert NEW not in client.page.text
    follow(client, link_to(post_box, NEW))
    assert client.status == 404
    assert recorded("email.")[-1] == ("email.change-confirmed", "annulation", "refused", holder.id)


def test_a_second_change_replaces_the_first(client, holder, asked, post_box) -> None:
    first = link_to(post_box, NEW)
    request_change(client, "troisieme@exemple.example")
    follow(client, first)
    assert client.status == 404
    with client.services.database.read() as db:
        rows = db.exec(select(EmailChange).order_by(EmailChange.id)).all()
    assert [(row.new_email, row.cancelled_at is None) for row in rows] == [
        (NEW, False),
        ("troisieme@exemple.example", True),
    ]


def test_an_account_without_an_address_confirms_the_new_one_alone(client, make, post_box) -> None:
    account = make(factories.member_with_account)[1]
    enter(client, account)
    request_change(client)
    assert [letter.to for letter in post_box()] == [NEW]
    follow(client, link_to(post_box, NEW))
    client.submit(f'form[action="{CONFIRM}"]')
    assert address_of(client, account) == NEW
    assert [letter.to for letter in post_box() if letter.name == "email-changed"] == [NEW]


@pytest.mark.parametrize(
    "typed",
    ["", "anne", "a@b", "a@b@c.fr", "a b@c.fr", "a@c.fr\r\nBcc: x@y.fr", f"{'a' * 300}@exemple.fr", EMAIL.upper()],
)
def test_what_is_no_new_address_is_refused_and_sends_nothing(client, holder, post_box, recorded, typed) -> None:
    client.get("/compte/adresse-email")
    form = client.form('form[action="/compte/adresse-email"]')
    form.fill({"adresse": typed})
    client.send(form)
    if "\r" in typed:
        assert all("Bcc" not in (letter.message.get("Bcc") or "") for letter in post_box())
    else:
        assert client.status == 422
        assert (post_box(), recorded("email.")) == ([], [])


def test_letters_to_strangers_are_limited(client, holder, post_box) -> None:
    for number in range(6):
        request_change(client, f"inconnu{number}@exemple.example")
    assert client.status == 422
    assert "plusieurs changements" in client.page.text
    assert len({letter.to for letter in post_box()} - {EMAIL}) == 5


def test_stale_proof_of_identity_is_asked_again(client, holder, post_box, grow_old) -> None:
    """C6: neither the page nor the act."""
    client.get("/compte/adresse-email")
    form = client.form('form[action="/compte/adresse-email"]')
    form.fill({"adresse": NEW})
    grow_old()
    assert ask(client, "/compte/adresse-email").headers["location"].startswith("/compte/confirmation?suite=")
    client.send(form)
    assert client.answer.headers["location"].partition("?")[0] == "/compte/confirmation"
    assert post_box() == []


def test_the_links_die_after_a_day_and_with_another_change_of_address(client, holder, asked, post_box) -> None:
    """B11: a link is bound to the address of the moment."""
    services, now = client.services, datetime.now(UTC)
    with services.database.write() as db:
        token = make_link(db, holder.id, LinkPurpose.EMAIL_NEW, now, "1")
        assert find_link(db, token, now + timedelta(hours=24)) is None
        assert find_link(db, token, now) is not None
        db.get(Account, holder.id).email = "autre@exemple.example"
        db.flush()
        assert find_link(db, token, now) is None


def test_another_purpose_s_link_confirms_nothing(client, holder, asked) -> None:
    with client.services.database.write() as db:
        token = make_link(db, holder.id, LinkPurpose.DELETION, datetime.now(UTC), "1")
    follow(client, urlsplit(client.services.link_url(token)).path)
    page = "/compte/suppression/confirmation"
    assert client.path == page
    for action in (CONFIRM, "/compte/adresse-email/refus"):
        assert send(client, action, form_at=page).status_code == 404
    assert ask(client, CONFIRM).status_code == 404
    assert address_of(client, holder) == EMAIL


def test_opening_the_link_uses_nothing_up(client, holder, asked, post_box) -> None:
    """A mail scanner opens links too."""
    path = link_to(post_box, NEW)
    for _ in range(3):
        follow(client, path)
        assert client.path == CONFIRM


def test_unknown_outcome_is_no_page(client) -> None:
    assert ask(client, "/compte/adresse-email/suite?etat=piege").status_code == 404
    assert ask(client, "/compte/adresse-email/suite").status_code == 404


def test_both_confirmations_at_once_change_the_address_once(database, settings) -> None:
    """Whichever comes second sees the first: never none, never two."""
    from portal.security import Keyring  # noqa: PLC0415

    now = datetime.now(UTC)
    with database.write() as db:
        account = factories.member_account(db, Keyring(settings), factories.household(db).member, email=EMAIL)
        change = ask_email_change(db, factories.viewer_of(db, account), NEW, now)

    def confirm(side: LinkPurpose) -> bool:
        with database.write() as db:
            confirmed = confirm_email_change(db, change, side, now)
            return confirmed is not None and confirmed.is_confirmed

    with ThreadPoolExecutor(2) as pool:
        last = list(pool.map(confirm, (LinkPurpose.EMAIL_CURRENT, LinkPurpose.EMAIL_NEW)))
    assert sorted(last) == [False, True]
    with database.read() as db:
        assert db.get(Account, account.id).email == NEW
