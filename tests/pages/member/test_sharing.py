"""An adult dependant's switch: what the member reads, from the very next request (R-72; issue: dependants)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.data.columns import utc_now
from portal.data.coverage import LineSharing
from portal.data.sharing import start_sharing, stop_sharing
from portal.formatting import today
from portal.security import Keyring
from tests.support import factories
from tests.support.entry import ask, enter, send
from tests.support.mail import letters

PAGE, LIST = "/adherent/partage", "/adherent/prestations"


@pytest.fixture
def family(client):
    """Anne's contract covers Paul, who has had a care; both have accounts."""
    with client.services.database.write() as db:
        keyring = client.services.keyring
        home, member = factories.member_with_account(
            db, keyring, spouse="Paul", children={"Lou": factories.MINOR_BIRTH}
        )
        paul = factories.dependant_account(db, keyring, home["Paul"], email="paul@exemple.example")
        factories.paid_line(db, home.contract, home["Paul"], label="Séance de Paul")
    return home, member, paul


def choose(client, answer: str) -> None:
    client.get(PAGE)
    client.submit(f'form[action="{PAGE}"]', partage=answer)


def reads(client, member) -> bool:
    enter(client, member)
    return "Séance de Paul" in client.get(LIST).text


def acts(client) -> list[str]:
    client.services.journal.flush()
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT action FROM evidence WHERE action LIKE 'sharing.%' ORDER BY seq")).scalars()
        return [action for action in rows if action != "sharing.read"]


@pytest.mark.engines("sqlite")
class TestSwitch:
    def test_turned_on_and_off_at_the_next_request(self, client, family) -> None:
        _, member, paul = family
        assert not reads(client, member)
        enter(client, paul)
        choose(client, "oui")
        assert "Partagées" in client.page.text
        assert reads(client, member)
        enter(client, paul)
        choose(client, "non")
        assert not reads(client, member)
        assert acts(client) == ["sharing.started", "sharing.stopped"]
        told = letters(client.services.database, client.services)
        assert [(letter.name, letter.to) for letter in told] == [("sharing-changed", "paul@exemple.example")] * 2

    def test_same_answer_twice_is_one(self, client, family) -> None:
        enter(client, family[2])
        choose(client, "oui")
        choose(client, "oui")
        with client.services.database.read() as db:
            assert len(db.exec(select(LineSharing)).all()) == 1
        assert acts(client) == ["sharing.started"]

    def test_member_sees_the_choice_and_cannot_make_it(self, client, family) -> None:
        home, member, _ = family
        enter(client, member)
        page = client.get(PAGE)
        assert "Vous ne voyez que ses totaux" in page.text
        assert "Lou" not in page.one("main").text()
        assert not page.css(f'form[action="{PAGE}"]')
        (name,) = client.services.keyring.conceal("member", [home.member.id])
        fields = {"avec": name, "partage": "oui"}
        assert send(client, PAGE, fields, form_at="/compte/coordonnees").status_code == 404

    @pytest.mark.parametrize(
        ("fields", "status"), [({"partage": ""}, 422), ({"partage": "x"}, 422), ({"avec": "x"}, 404)]
    )
    def test_strange_answers_are_refused(self, client, family, fields, status) -> None:
        home, _, paul = family
        enter(client, paul)
        (name,) = client.services.keyring.conceal("member", [home.member.id])
        sent = {"avec": name, "partage": "oui"} | fields
        assert send(client, PAGE, sent, form_at=PAGE).status_code == status
        assert acts(client) == []

    def test_member_of_another_contract_cannot_be_named(self, client, family) -> None:
        with client.services.database.write() as db:
            other = factories.household(db).member
        enter(client, family[2])
        (name,) = client.services.keyring.conceal("member", [other.id])
        assert send(client, PAGE, {"avec": name, "partage": "oui"}, form_at=PAGE).status_code == 404

    def test_after_the_end_it_is_taken_back_but_not_given(self, client, family) -> None:
        home, _, paul = family
        enter(client, paul)
        choose(client, "oui")
        with client.services.database.write() as db:
            db.execute(text("UPDATE beneficiary SET valid_to = :day"), {"day": today() - timedelta(days=30)})
        choose(client, "non")
        assert acts(client) == ["sharing.started", "sharing.stopped"]
        (name,) = client.services.keyring.conceal("member", [home.member.id])
        assert send(client, PAGE, {"avec": name, "partage": "oui"}, form_at=PAGE).status_code == 403

    def test_nothing_to_choose_for_a_minor(self, client, family) -> None:
        home, *_ = family
        with client.services.database.write() as db:
            lou = factories.dependant_account(db, client.services.keyring, home["Lou"])
        enter(client, lou)
        assert not client.get(PAGE).css(f'form[action="{PAGE}"]')
        assert ask(client, PAGE).status_code == 200


def test_twenty_tabs_leave_at_most_one_sharing_open(database, settings) -> None:
    keyring = Keyring(settings)
    with database.write() as db:
        home = factories.household(db, spouse="Paul")
        viewer = factories.viewer_of(db, factories.dependant_account(db, keyring, home["Paul"]))
        member_id = home.member.id

    def turn(at: int) -> None:
        act = stop_sharing if at % 3 == 0 else start_sharing
        with database.write() as db:
            act(db, viewer, member_id, utc_now())

    with ThreadPoolExecutor(20) as tabs:
        list(tabs.map(turn, range(20)))
    with database.read() as db:
        assert sum(row.ended_at is None for row in db.exec(select(LineSharing))) <= 1
