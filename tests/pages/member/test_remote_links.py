"""Télétransmission: its state per person, what to do, the letter; nothing of adults to others (R-72, issue)."""

import io
from datetime import date

import pikepdf
import pytest

from portal.data.remote_links import LinkCause, LinkState, RemoteLink, sends_by_itself
from portal.remote_link_words import ADVICE
from tests.support import factories
from tests.support.entry import ask, enter

PAGE = "/adherent/teletransmission"
SINCE = date(2026, 9, 1)

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def home(client):
    with client.services.database.write() as db:
        keyring = client.services.keyring
        found, account = factories.member_with_account(
            db, keyring, spouse="Paul", children={"Lou": factories.MINOR_BIRTH}
        )
    enter(client, account)
    return found


def link(client, person, state: LinkState, cause: LinkCause = LinkCause.NONE, other: str = "") -> None:
    row = RemoteLink(person_id=person.id, state=state, since=SINCE, checked_on=SINCE)
    row.cause, row.other_insurer = cause, other
    with client.services.database.write() as db:
        db.add(row)


def test_each_person_has_a_state_and_what_to_do(client, home) -> None:
    link(client, home.member, LinkState.ACTIVE)
    link(client, home["Lou"], LinkState.BROKEN, LinkCause.RIGHTS_OUTDATED)
    link(client, home["Paul"], LinkState.BROKEN, LinkCause.OTHER_INSURER, "Ancienne Mutuelle")
    page = client.get(PAGE)
    assert [node.text() for node in page.css("main h2")] == ["Anne Essai", "Paul Essai", "Lou Essai"]
    assert "Active depuis le 1er septembre 2026" in page.text
    assert "Vos droits à l’Assurance Maladie ne sont plus à jour" in page.text
    assert "Ancienne Mutuelle" not in page.text
    assert "Paul est majeur" in page.text


@pytest.mark.parametrize("cause", [cause for cause, advice in ADVICE.items() if advice.letter])
def test_letter_is_a_tagged_pdf_ready_to_sign(client, home, cause) -> None:
    link(client, home.member, LinkState.BROKEN, cause, "Mutuelle d’avant <&#{}>")
    page = client.get(PAGE)
    answer = ask(client, page.one("main a.button[href$=pdf]").attributes["href"])
    assert answer.headers["content-disposition"].startswith("attachment")
    with pikepdf.open(io.BytesIO(answer.content)) as document:
        assert document.Root.MarkInfo.Marked
        assert document.Root.Lang == "fr"


def test_no_letter_where_none_helps_nor_for_anybody_else(client, home) -> None:
    link(client, home["Paul"], LinkState.BROKEN, LinkCause.OTHER_INSURER)
    link(client, home["Lou"], LinkState.BROKEN, LinkCause.RIGHTS_OUTDATED)
    names = client.services.keyring.conceal("person", [home["Paul"].id, home["Lou"].id, home.member.id])
    for name in (*names, "x"):
        assert ask(client, f"{PAGE}/{name}/lettre/pdf").status_code == 404


def test_statement_comes_by_itself_while_the_link_is_active(client, home) -> None:
    link(client, home.member, LinkState.ACTIVE)
    link(client, home["Lou"], LinkState.BROKEN)
    with client.services.database.read() as db:
        assert sends_by_itself(db, home.member.id, SINCE)
        assert not sends_by_itself(db, home.member.id, date(2026, 8, 31))
        assert not sends_by_itself(db, home["Lou"].id, SINCE)
