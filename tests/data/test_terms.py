"""Versions and acceptances of the terms of use: what is stored, what never changes, who must accept (R-14 to R-16)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.data.acceptances import (
    NotInForce,
    acceptances_of,
    capacities_for,
    declarable,
    last_accepted,
    proof_of_acceptance,
    record_acceptance,
)
from portal.data.representations import Capacity, Representation
from portal.data.sessions import Stage, find_viewer
from portal.data.terms import (
    NotPublishable,
    announced_terms,
    count_acceptances,
    digest_of,
    draft_terms,
    newest_terms,
    publish_terms,
    published_terms,
    terms_in_force,
    terms_since,
)
from portal.security import Keyring
from tests.support import factories
from tests.support.evidence import scalar
from tests.support.terms import FIRST, SECOND, accept_version, publish_version

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=30)


@pytest.fixture
def account(db, settings):
    return factories.member_with_account(db, Keyring(settings))[1]


def publish(db, content: str, effective_at: datetime = NOW, now: datetime = NOW, changes: str = "Du neuf."):
    terms = draft_terms(db, content, changes, effective_at, now)
    publish_terms(db, terms)
    return terms


# --- versions ---


def test_versions_are_numbered_and_hashed_as_published(db) -> None:
    first, second = publish(db, FIRST), publish(db, SECOND, LATER)
    assert (first.number, second.number) == (1, 2)
    assert first.sha256 == digest_of(FIRST) != second.sha256
    assert first.proof == f"1 sha256:{digest_of(FIRST)}"
    assert [terms.number for terms in published_terms(db)] == [2, 1]
    assert [terms.number for terms in terms_since(db, first, second)] == [2]


def test_version_applies_from_its_instant_on_and_is_announced_before(db) -> None:
    publish(db, FIRST)
    publish(db, SECOND, LATER)
    moment = timedelta(microseconds=1)
    assert terms_in_force(db, NOW - moment) is None
    for at, number, announced in ((NOW, 1, 2), (LATER - moment, 1, 2), (LATER, 2, None)):
        in_force, coming = terms_in_force(db, at), announced_terms(db, at)
        assert in_force is not None
        assert (in_force.number, coming.number if coming else None) == (number, announced)


def test_version_corrected_before_its_day_is_the_one_that_applies(db) -> None:
    publish(db, FIRST)
    publish(db, SECOND, LATER)
    publish(db, SECOND + "\nCorrigé.\n", LATER)
    in_force = terms_in_force(db, LATER)
    assert in_force is not None
    assert in_force.number == 3


@pytest.mark.parametrize(
    ("content", "changes", "effective_at", "words"),
    [
        (FIRST, "Rien.", LATER, "text of version 1 already"),
        (SECOND, " \n", LATER, "say what changes"),
        (SECOND, "Du neuf.", NOW - timedelta(seconds=1), "now or later"),
        (SECOND, "Du neuf.", LATER - timedelta(seconds=1), "before version 1"),
    ],
)
def test_publisher_is_refused_a_version_that_cannot_follow(db, content, changes, effective_at, words) -> None:
    publish(db, FIRST, LATER)
    with pytest.raises(NotPublishable, match=words):
        draft_terms(db, content, changes, effective_at, NOW)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE terms_version SET text = 'autre'",
        "UPDATE terms_version SET effective_at = published_at",
        "DELETE FROM terms_version",
        "UPDATE terms_acceptance SET accepted_at = '2020-01-01 00:00:00'",
        "UPDATE terms_acceptance SET version = 2",
        "UPDATE terms_acceptance SET capacity = 'tuteur'",
    ],
)
def test_published_version_and_acceptance_never_change(db, account, change) -> None:
    """R-14: the database itself refuses, whoever asks."""
    publish_version(db)
    accept_version(db, account)
    publish_version(db, 2, SECOND)
    with pytest.raises(DBAPIError, match="never change"):
        db.execute(text(change))


@pytest.mark.engines("sqlite")
def test_published_version_is_not_replaced_either(db) -> None:
    publish_version(db)
    with pytest.raises(DBAPIError, match="never change"):
        db.execute(text("INSERT OR REPLACE INTO terms_version SELECT number, 'x', sha256, changes, effective_at, "
                        "published_at FROM terms_version"))  # fmt: skip


@pytest.mark.engines("postgresql")
def test_published_versions_are_not_truncated_either(db) -> None:
    publish_version(db)
    with pytest.raises(DBAPIError, match="never change"):
        db.execute(text("TRUNCATE terms_version CASCADE"))


def test_name_of_a_representative_can_be_erased(db, account) -> None:
    """R-66: the acceptance is kept, the person's name is not."""
    publish_version(db)
    accept_version(db, account, capacity=Capacity.GUARDIAN, representative="Jeanne Martin")
    db.execute(text("UPDATE terms_acceptance SET representative_name = ''"))
    assert acceptances_of(db, factories.viewer_of(db, account))[0].representative_name == ""


# --- who must accept ---


def test_account_owes_an_acceptance_from_the_instant_on_and_until_it_accepts(db, account) -> None:
    """R-16: the stage is computed on every request."""
    publish(db, FIRST)
    publish(db, SECOND, NOW + timedelta(minutes=1))
    token = factories.session_token(db, account, now=NOW)

    def stage(at: datetime) -> str:
        viewer = find_viewer(db, token, at)
        assert viewer is not None
        return viewer.stage

    assert stage(NOW) == Stage.TERMS
    assert record_acceptance(db, account.id, 1, Capacity.SELF, "", NOW) is not None
    assert stage(NOW) == Stage.FULL
    assert stage(NOW + timedelta(minutes=1, microseconds=-1)) == Stage.FULL
    assert stage(NOW + timedelta(minutes=1)) == Stage.TERMS
    assert record_acceptance(db, account.id, 2, Capacity.SELF, "", NOW + timedelta(minutes=1)) is not None
    assert stage(NOW + timedelta(minutes=2)) == Stage.FULL


@pytest.mark.parametrize("number", [-1, 0, 1, 3, 2**31 - 1])
def test_version_that_is_not_in_force_cannot_be_accepted(db, account, number) -> None:
    publish(db, FIRST)
    publish(db, SECOND)
    publish(db, SECOND + "\nPlus tard.\n", LATER)
    with pytest.raises(NotInForce):
        record_acceptance(db, account.id, number, Capacity.SELF, "", NOW)
    assert last_accepted(db, factories.viewer_of(db, account)) is None


def test_nothing_can_be_accepted_before_the_first_version(db, account) -> None:
    with pytest.raises(NotInForce):
        record_acceptance(db, account.id, 1, Capacity.SELF, "", NOW)


def test_second_acceptance_is_none(db, account) -> None:
    publish(db, FIRST)
    assert record_acceptance(db, account.id, 1, Capacity.SELF, "", NOW) is not None
    assert record_acceptance(db, account.id, 1, Capacity.PARENT, "Autre", LATER) is None
    assert count_acceptances(db) == {1: 1}


def test_parallel_acceptances_make_one_row_and_one_evidence(database, settings) -> None:
    """Race: two browsers of one account press the button at once."""
    with database.write() as db:
        account = factories.member_with_account(db, Keyring(settings))[1]
        publish_version(db)

    def press(_: int) -> bool:
        with database.write() as db:
            return record_acceptance(db, account.id, 1, Capacity.SELF, "", datetime.now(UTC)) is not None

    with ThreadPoolExecutor(8) as pool:
        pressed = list(pool.map(press, range(16)))
    assert pressed.count(True) == 1
    assert scalar(database, "SELECT count(*) FROM terms_acceptance") == 1


# --- proof ---


def test_proof_names_the_text_the_account_and_the_row_of_evidence(db, account) -> None:
    terms = publish_version(db)
    accept_version(db, account, capacity=Capacity.PARENT, representative="Jeanne Martin")
    viewer = factories.viewer_of(db, account)
    found = proof_of_acceptance(db, viewer, 1)
    assert found is not None
    proof, accepted = found
    assert (proof.sha256, proof.identifier, proof.capacity, proof.representative_name) == (
        terms.sha256,
        account.identifier,
        "autorite_parentale",
        "Jeanne Martin",
    )
    assert accepted.text == FIRST
    kept = db.execute(text("SELECT hash, action, object FROM evidence WHERE seq = :seq"), {"seq": proof.seq}).one()
    assert tuple(kept) == (proof.hash, "terms.accepted", terms.proof)
    assert [each.version for each in acceptances_of(db, viewer)] == [1]


def test_proof_of_somebody_else_is_absent(db, account, settings) -> None:
    """D3: rows are reached through their owner."""
    publish_version(db)
    accept_version(db, account)
    stranger = factories.viewer_of(db, factories.member_with_account(db, Keyring(settings))[1])
    assert proof_of_acceptance(db, stranger, 1) is None
    assert acceptances_of(db, stranger) == []
    assert last_accepted(db, stranger) is None


# --- capacity ---


@pytest.mark.parametrize(("day", "may"), [(date(2033, 9, 2), False), (date(2033, 9, 3), True)])
def test_minor_cannot_accept_alone_until_the_eighteenth_birthday(day, may) -> None:
    """R-15."""
    assert (Capacity.SELF in capacities_for(factories.MINOR_BIRTH, day).capacities) is may


def test_protected_adult_is_not_offered_to_accept_alone(db, account) -> None:
    viewer = factories.viewer_of(db, account)
    assert declarable(db, viewer, NOW.date()).known is Capacity.SELF
    db.add(Representation(account_id=account.id, capacity="tuteur", acts=False, representative_name="Jeanne Martin"))
    db.flush()
    who = declarable(db, viewer, NOW.date())
    assert (who.known, who.representative_name) == (Capacity.GUARDIAN, "Jeanne Martin")
    assert Capacity.SELF not in who.capacities


def test_organisation_is_asked_nothing(db, settings) -> None:
    viewer = factories.viewer_of(db, factories.employer_account(db, Keyring(settings)))
    assert declarable(db, viewer, NOW.date()).capacities == (Capacity.SELF,)


def test_newest_version_is_none_before_any(db) -> None:
    assert newest_terms(db) is None
