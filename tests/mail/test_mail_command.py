"""`portal mail`: the operator follows letters; addresses and contents appear in `show` alone."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from portal.cli import main
from portal.data.outbox import claim_letter, list_letters, refuse
from portal.mailing.delivery import Delivery
from portal.mailing.folder import FolderCarrier
from tests.mail.conftest import SECRET
from tests.support.server import environment

WHO = "claire@exemple.example"


@pytest.fixture
def portal(services, settings):
    def run(*arguments: str):
        ours = environment(settings, services.database.url)
        return CliRunner().invoke(main, ["mail", *arguments], env=ours, catch_exceptions=False)

    return run


@pytest.fixture
def number(services) -> Callable[[], str]:
    """The number of the newest letter."""

    def newest() -> str:
        with services.database.read() as db:
            return str(list_letters(db)[0].id)

    return newest


@pytest.fixture
def refused(services, post, clock) -> None:
    """One letter, refused for good."""
    post()
    with services.database.write() as db:
        parcel = claim_letter(db, services.keyring, "one", clock())
        refuse(db, parcel.id, "one", clock(), "550 5.1.1")


def test_operator_lists_letters_without_opening_them(portal, refused, post, number) -> None:
    first = number()
    post()
    lines = portal("list").output.splitlines()
    assert [line.split()[0] for line in lines] == [number(), first]
    assert lines[1].endswith("refused  1  trial  550 5.1.1")
    assert WHO not in portal("list").output
    assert portal("list", "--state", "refused").output.splitlines() == lines[1:]
    assert portal("list", "--state", "sent").output == "no letter\n"


def test_operator_reads_a_letter_that_waits(portal, post, number) -> None:
    post()
    shown = portal("show", number()).output
    assert f"To: {WHO}" in shown
    assert "Bonjour Claire," in shown


def test_operator_reads_a_letter_that_was_filed(portal, post, number, services, settings, clock) -> None:
    post()
    Delivery(services.database, services.keyring, FolderCarrier(settings.mail_folder), clock).send_due()
    assert SECRET in portal("show", number()).output
    for path in settings.mail_folder.iterdir():
        path.unlink()
    shown = portal("show", number()).output
    assert "erased" in shown
    assert SECRET not in shown


def test_operator_has_letters_tried_again(portal, refused, number) -> None:
    assert portal("retry", number()).output == "1 letters will be tried again\n"
    assert "waiting" in portal("list").output
    assert portal("retry").output == "1 letters will be tried again\n"


@pytest.mark.parametrize("command", ["show", "retry"])
def test_operator_who_names_no_letter_is_told(portal, command) -> None:
    answer = portal(command, "7000000")
    assert answer.exit_code == 1
    assert "letter 7000000" in answer.output
