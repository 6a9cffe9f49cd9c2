"""Fraud reports (R-13): an account frozen once, a case that only the desk reads and moves."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from portal.data.accounts import Account
from portal.data.blocks import BlockKind, block_of
from portal.data.email_changes import ask_email_change, confirm_email_change
from portal.data.fraud import FraudChannel, FraudState, freeze, move_report, open_reports, report_of, reports_of
from portal.data.known_browsers import is_known, remember
from portal.data.links import LinkPurpose
from portal.data.sessions import find_viewer
from tests.support import factories

NOW = datetime.now(UTC)
TEXT = "Une connexion de Toulouse, à trois heures du matin."


@pytest.fixture
def account(db, keyring):
    return factories.member_with_account(db, keyring)[1]


@pytest.fixture
def agent(db, keyring):
    return factories.viewer_of(db, factories.desk_account(db, keyring))


def reported(db, keyring, account, text_: str = TEXT):
    frozen = freeze(db, keyring, account.id, FraudChannel.SIGNED_IN, text_, NOW)
    return frozen and frozen.report


def test_account_reported_is_frozen_with_its_sessions_and_browsers(db, keyring, account) -> None:
    token = factories.session_token(db, account)
    remember(db, account.id, ["mark"], NOW)
    assert reported(db, keyring, account) is not None
    block = block_of(db, account.id, NOW)
    assert block is not None
    assert block.kind is BlockKind.FRAUD
    assert find_viewer(db, token, NOW) is None
    assert not is_known(db, account.id, ["mark"])


def test_account_reported_twice_has_one_case(db, keyring, account, agent) -> None:
    reported(db, keyring, account)
    assert reported(db, keyring, account) is None
    assert len(open_reports(db, agent, keyring)) == 1


def test_desk_reads_what_was_reported_and_nobody_else_does(db, keyring, account, agent) -> None:
    report = reported(db, keyring, account)
    other = factories.viewer_of(db, factories.member_with_account(db, keyring)[1])
    assert [each.text for each in open_reports(db, agent, keyring)] == [TEXT]
    assert [each.id for each in reports_of(db, agent, keyring, account.id)] == [report.id]
    assert open_reports(db, other, keyring) == reports_of(db, other, keyring, account.id) == []
    assert report_of(db, other, keyring, report.id) is None
    assert not move_report(db, other, keyring, report.id, FraudState.IN_PROGRESS, "", NOW)


def test_desk_moves_a_case_until_it_is_settled(db, keyring, account, agent) -> None:
    report = reported(db, keyring, account)
    assert move_report(db, agent, keyring, report.id, FraudState.IN_PROGRESS, "Appelée ce matin.", NOW)
    assert move_report(db, agent, keyring, report.id, FraudState.SETTLED, "", NOW)
    assert not move_report(db, agent, keyring, report.id, FraudState.IN_PROGRESS, "", NOW)
    assert not move_report(db, agent, keyring, 10**6, FraudState.SETTLED, "", NOW)
    found = report_of(db, agent, keyring, report.id)
    assert found is not None
    assert [step.state for step in found.steps] == list(FraudState)
    assert [step.note for step in found.steps] == ["", "Appelée ce matin.", ""]
    assert open_reports(db, agent, keyring) == []


def test_words_of_a_report_are_encrypted(db, keyring, account, agent) -> None:
    report = reported(db, keyring, account)
    move_report(db, agent, keyring, report.id, FraudState.IN_PROGRESS, "Toulouse", NOW)
    stored = str([db.execute(text(f"SELECT * FROM {table}")).all() for table in ("fraud_report", "fraud_report_step")])
    assert "Toulouse" not in stored


def test_account_that_the_insurer_suspended_is_frozen_too(db, keyring, account) -> None:
    """R-13: else lifting the insurer's own suspension would give the account back to the thief."""
    factories.suspend(db, account)
    assert reported(db, keyring, account) is not None
    assert reported(db, keyring, account) is None


def test_change_of_address_under_way_ends_with_the_freeze(db, keyring, account) -> None:
    account.email = "anne@exemple.example"
    viewer = factories.viewer_of(db, account)
    change = ask_email_change(db, viewer, "voleur@exemple.example", NOW)
    reported(db, keyring, account)
    for side in (LinkPurpose.EMAIL_CURRENT, LinkPurpose.EMAIL_NEW):
        assert confirm_email_change(db, change, side, NOW) is None
    assert account.email == "anne@exemple.example"


def test_confirmation_of_an_address_waits_for_a_report_under_way(database, keyring) -> None:
    """R-13, no deadlock: whoever confirms takes the account's turn before the change's, as whoever freezes does."""
    with database.write() as db:
        account = factories.member_with_account(db, keyring)[1]
        account.email = "anne@exemple.example"
        change = ask_email_change(db, factories.viewer_of(db, account), "voleur@exemple.example", NOW)
        assert confirm_email_change(db, change, LinkPurpose.EMAIL_CURRENT, NOW) is not None

    def confirm() -> object:
        with database.write() as db:
            return confirm_email_change(db, change, LinkPurpose.EMAIL_NEW, NOW)

    with ThreadPoolExecutor(1) as other:
        with database.write() as db:
            db.get_one(Account, account.id, with_for_update=True)
            confirmed = other.submit(confirm)
            time.sleep(0.5)
            assert reported(db, keyring, account) is not None
        assert confirmed.result() is None
    with database.read() as db:
        assert db.get_one(Account, account.id).email == "anne@exemple.example"
