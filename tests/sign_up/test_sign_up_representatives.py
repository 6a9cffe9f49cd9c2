"""Minors and protected adults: in which capacity one signs up (R-14, R-15), where the answer goes, and until when."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from portal.data.acceptances import acceptances_of
from portal.data.accounts import Account
from portal.data.persons import last_day_as_minor
from portal.data.representations import Capacity, Declaration, Representation, is_possible
from portal.data.sessions import find_viewer
from portal.formatting import today
from tests.support import factories
from tests.support.onboarding import HELD, TYPED, household_of_two, member_fields, sign_up

CREDENTIALS = ["sign-up-identifier", "sign-up-password"]
AS_PARENT = {"pour": "represente", "representant": "Anne Essai", "lien": "parent"}


def told(letters) -> list[tuple[str, str]]:
    return [(letter.name, letter.to) for letter in letters]


def rows(client, query: str) -> list[tuple]:
    with client.services.database.read() as db:
        return [tuple(row) for row in db.execute(text(query))]


@pytest.fixture
def family(make):
    return make(household_of_two)


def of_age(make, name: str = "Protégé"):
    return make(factories.household, name=name)


def test_parent_gets_the_childs_space_at_the_holders_address(client, family, posted) -> None:
    sign_up(client, "member", member_fields(family["Lou"], family.contract) | AS_PARENT)
    assert told(posted()) == [*((name, HELD) for name in CREDENTIALS), ("sign-up-noted", TYPED)]
    assert rows(client, "SELECT role, display_name, person_id FROM account") == [
        ("representant", "Anne Essai", family["Lou"].id)
    ]
    assert rows(client, "SELECT capacity, acts, representative_name FROM representation") == [
        ("autorite_parentale", True, "Anne Essai")
    ]


def test_parents_access_ends_the_day_before_the_childs_eighteenth_birthday(client, family) -> None:
    sign_up(client, "member", member_fields(family["Lou"], family.contract) | AS_PARENT)
    ((ends_on,),) = rows(client, "SELECT access_ends_on FROM account")
    assert str(ends_on) == "2033-09-02"


@pytest.mark.parametrize(
    ("born", "last"),
    [
        (date(2015, 9, 3), date(2033, 9, 2)),
        (date(2008, 2, 29), date(2026, 2, 28)),
        (date(2010, 1, 1), date(2027, 12, 31)),
        (date(2010, 3, 1), date(2028, 2, 29)),
    ],
)
def test_last_day_as_a_minor_is_the_eve_of_the_birthday(born, last) -> None:
    assert last_day_as_minor(born) == last


def test_parents_session_ends_at_midnight_in_paris(client, make) -> None:
    """R-15: on the eighteenth birthday the access closes, also in the middle of a session."""
    born = date(2008, 7, 2)
    family = make(factories.household, children={"Nina": born})
    with client.services.database.write() as db:
        account = factories.account(
            db, client.services.keyring, "adherent", "representant", of=family["Nina"],
            access_ends_on=last_day_as_minor(born),
        )  # fmt: skip
        db.add(Declaration(Capacity.PARENT, acts=True, representative_name="Anne Essai").row(account.id, now()))
    with time_machine.travel("2026-07-01T21:55:00+00:00", tick=False) as clock:
        with client.services.database.write() as db:
            token = factories.session_token(db, account, now=now())
        with client.services.database.read() as db:
            assert find_viewer(db, token, now()) is not None
            clock.shift(timedelta(minutes=4, seconds=59))
            assert find_viewer(db, token, now()) is not None
            clock.shift(timedelta(seconds=1))
            assert find_viewer(db, token, now()) is None


def now() -> datetime:
    return datetime.now(UTC)


def test_both_parents_may_represent_a_child_each_with_an_account(client, family, posted) -> None:
    fields = member_fields(family["Lou"], family.contract) | AS_PARENT
    sign_up(client, "member", fields)
    sign_up(client, "member", fields | {"representant": "Paul Essai"})
    sign_up(client, "member", fields | {"representant": " ANNE  essai "})
    assert rows(client, "SELECT display_name FROM account ORDER BY id") == [("Anne Essai",), ("Paul Essai",)]


def test_authorised_minor_gets_an_own_space_that_names_who_authorised(client, family, posted) -> None:
    fields = member_fields(family["Lou"], family.contract, pour="autorise", representant="Anne Essai", lien="parent")
    sign_up(client, "member", fields)
    assert [letter.to for letter in posted()] == [HELD, HELD, TYPED]
    assert [
        (*who, str(ends)) for *who, ends in rows(client, "SELECT role, display_name, access_ends_on FROM account")
    ] == [("ayant_droit", "Lou Essai", "2033-09-02")]
    assert rows(client, "SELECT capacity, acts, representative_name FROM representation") == [
        ("autorite_parentale", False, "Anne Essai")
    ]


def test_minor_and_parent_may_each_have_a_space(client, family) -> None:
    fields = member_fields(family["Lou"], family.contract)
    sign_up(client, "member", fields | {"pour": "autorise", "representant": "Anne Essai", "lien": "parent"})
    sign_up(client, "member", fields | AS_PARENT)
    assert rows(client, "SELECT role FROM account ORDER BY id") == [("ayant_droit",), ("representant",)]


@pytest.mark.parametrize(
    "declared", [{"pour": "moi"}, {"pour": "represente", "representant": "Anne Essai", "lien": "curateur"}]
)
def test_minor_alone_is_explained_by_letter_what_the_law_wants(client, family, posted, declared) -> None:
    """On screen nothing differs; nothing is opened."""
    answer = sign_up(client, "member", member_fields(family["Lou"], family.contract) | declared)
    assert answer.headers["location"] == "/inscription/e-mails"
    assert told(posted()) == [("sign-up-incapable", TYPED), ("sign-up-incapable", HELD)]
    assert rows(client, "SELECT id FROM account") == []


def test_parent_of_an_adult_is_explained_that_authority_has_ended(client, make, posted) -> None:
    family = make(factories.household, children={"Tom": today() - timedelta(days=19 * 366)})
    sign_up(client, "member", member_fields(family["Tom"], family.contract) | AS_PARENT)
    assert told(posted()) == [("sign-up-incapable", TYPED)]
    assert rows(client, "SELECT id FROM account") == []


@pytest.mark.parametrize(("lien", "capacity"), [("tuteur", "tuteur"), ("curateur", "curateur")])
def test_guardian_or_curator_of_an_adult_gets_an_access_without_end(client, make, posted, lien, capacity) -> None:
    family = of_age(make)
    with client.services.database.write() as db:
        db.execute(text("UPDATE person SET email = :held"), {"held": HELD})
    fields = {"pour": "represente", "representant": "Udaf Exemple", "lien": lien}
    sign_up(client, "member", member_fields(family.member, family.contract) | fields)
    assert rows(client, "SELECT role, access_ends_on FROM account") == [("representant", None)]
    assert rows(client, "SELECT capacity, acts FROM representation") == [(capacity, True)]


@pytest.mark.parametrize("lien", ["tuteur", "curateur"])
def test_guardian_of_an_adult_without_an_address_held_is_sent_to_the_desk(client, make, posted, lien) -> None:
    """Nobody opens an adult's health data at an address of their own choosing by declaring themselves a guardian."""
    family = of_age(make)
    fields = {"pour": "represente", "representant": "Udaf Exemple", "lien": lien}
    sign_up(client, "member", member_fields(family.member, family.contract) | fields)
    assert rows(client, "SELECT id FROM account") == []
    assert told(posted()) == [("sign-up-incapable", TYPED)]


def test_guardian_of_an_adult_is_answered_at_the_address_of_the_adults_own_account(client, make, posted) -> None:
    family = of_age(make)
    with client.services.database.write() as db:
        keyring = client.services.keyring
        factories.member_account(db, keyring, family.member, email="protege@exemple.example")
    fields = {"pour": "represente", "representant": "Udaf Exemple", "lien": "tuteur"}
    sign_up(client, "member", member_fields(family.member, family.contract) | fields)
    assert told(posted())[:2] == [(name, "protege@exemple.example") for name in CREDENTIALS]


def test_minor_who_depends_on_a_parents_mailbox_signs_up_anew_when_of_age(client, family, posted) -> None:
    """R-15: at eighteen nobody else's mailbox opens the account any more."""
    fields = member_fields(family["Lou"], family.contract)
    sign_up(client, "member", fields | {"pour": "autorise", "representant": "Anne Essai", "lien": "parent"})
    with client.services.database.write() as db:
        db.execute(text("UPDATE account SET access_ends_on = '2025-01-01'"))
        db.execute(text("UPDATE person SET birth_date = '2007-01-02' WHERE id = :id"), {"id": family["Lou"].id})
        family["Lou"].birth_date = date(2007, 1, 2)
    posted()
    sign_up(client, "member", member_fields(family["Lou"], family.contract))
    assert told(posted()) == [(name, TYPED) for name in CREDENTIALS]


def test_adult_for_oneself_leaves_no_representation(client, make) -> None:
    family = of_age(make)
    sign_up(client, "member", member_fields(family.member, family.contract))
    assert rows(client, "SELECT account_id FROM representation") == []


@pytest.mark.parametrize("pour", ["autorise", "represente"])
@pytest.mark.parametrize(
    ("changes", "field"),
    [({"representant": ""}, "representant"), ({"lien": ""}, "lien"), ({"representant": "lou ESSAI"}, "representant")],
)
def test_representative_must_be_named_and_be_somebody_else(client, family, pour, changes, field) -> None:
    fields = member_fields(family["Lou"], family.contract) | AS_PARENT | {"pour": pour} | changes
    answer = sign_up(client, "member", fields)
    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text


@pytest.mark.parametrize(
    ("capacity", "minor", "adult"),
    [
        (Capacity.SELF, False, True),
        (Capacity.PARENT, True, False),
        (Capacity.GUARDIAN, True, True),
        (Capacity.CURATOR, False, True),
    ],
)
@pytest.mark.parametrize("acts", [True, False])
def test_what_the_law_allows_turns_on_the_eighteenth_birthday(capacity, minor, adult, acts) -> None:
    declared, born = Declaration(capacity, acts, "X"), date(2008, 3, 3)
    assert is_possible(declared, born, date(2026, 3, 2)) is minor
    assert is_possible(declared, born, date(2026, 3, 3)) is adult


def test_acceptance_is_stored_with_its_capacity_and_version(client, family, posted, publish_terms) -> None:
    """R-14, R-15: version, digest, instant, account, capacity, representative; and proved by the evidence."""
    version = publish_terms()
    fields = member_fields(family["Lou"], family.contract, version=str(version)) | AS_PARENT
    sign_up(client, "member", fields)
    with client.services.database.write() as db:
        ((account_id,),) = db.execute(text("SELECT id FROM account")).all()
        viewer = factories.viewer_of(db, db.get_one(Account, account_id))
        (proof,) = acceptances_of(db, viewer)
        assert db.get(Representation, account_id) is not None
    assert (proof.version, proof.capacity, proof.representative_name) == (version, "autorite_parentale", "Anne Essai")


def test_acceptance_of_an_outdated_version_is_asked_again(client, family, posted, publish_terms) -> None:
    """R-16: whoever read an older text reads the new one first."""
    version = publish_terms()
    for sent in ("", str(version + 1), "0", "-1", "x", "²"):
        answer = sign_up(client, "member", member_fields(family.member, family.contract, version=sent))
        assert answer.status_code == 422
        assert 'id="accepte-erreur"' in answer.text
    assert posted() == []
