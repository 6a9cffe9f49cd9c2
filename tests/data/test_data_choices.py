"""Rights served at once: objection, restriction, instructions after death, consents taken back (R-70)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlmodel import select

from portal.account_jobs import erase_due
from portal.cli import main
from portal.commands.objections import command
from portal.data.accounts import AccountDeletion, ProcessingRestriction
from portal.data.cases import WrongState
from portal.data.consents import ConsentKind, consents_of, withdraw_consent
from portal.data.data_objections import (
    DataObjection,
    Purpose,
    choose_objections,
    objected,
    objecting_accounts,
    objecting_persons,
)
from portal.data.death_instructions import (
    DeathInstruction,
    Instructions,
    Wish,
    give_instructions,
    instructions_in_force,
    instructions_of,
    revoke_instructions,
)
from portal.data.notifications import Notification, choose_notifications, due_payment_notices
from portal.data.persons import Person
from portal.data.restricting import Ground, lift, lift_by_desk, restrict, restriction_under_way, restrictions_of
from portal.data.saved_places import Home, save_place
from portal.data.sharing import start_sharing
from portal.data.standing import Standing
from portal.places.distance import Position
from tests.support import factories
from tests.support.data_requests import NOW, Office, office
from tests.support.server import environment

TODAY = NOW.date()
WISHED = Instructions(Wish.GIVE, "Noé Essai", "06 00 00 00 00", "Mes relevés.")
HOME = Home("Lyon (69)", Position(45.7, 4.8))


@pytest.fixture
def desk(db, keyring) -> Office:
    return office(db, keyring)


def test_objection_takes_effect_at_once_and_is_taken_back_r70(db, keyring, desk) -> None:
    reference = db.get_one(Person, desk.anne.person_id).reference
    made = choose_objections(db, desk.anne, {Purpose.MARKETING}, NOW)
    assert made == ({Purpose.MARKETING}, set())
    assert objecting_persons(db, Purpose.MARKETING) == [reference]
    assert choose_objections(db, desk.anne, {Purpose.MARKETING}, NOW) == (set(), set())
    assert objected(db, desk.stranger) == set()
    assert choose_objections(db, desk.anne, {Purpose.PROFILING}, NOW) == ({Purpose.PROFILING}, {Purpose.MARKETING})
    assert objecting_persons(db, Purpose.MARKETING) == []


def test_objection_outlives_the_account_without_its_number_r70(client) -> None:
    services = client.services
    with services.database.write() as db:
        made = office(db, services.keyring)
        choose_objections(db, made.anne, {Purpose.MARKETING}, NOW)
        after = NOW - timedelta(days=1)
        db.add(AccountDeletion(account_id=made.anne.account_id, confirmed_at=after, erase_after=after))
        reference = db.get_one(Person, made.anne.person_id).reference
    assert erase_due(services, NOW) == 1
    with services.database.read() as db:
        assert objecting_persons(db, Purpose.MARKETING) == [reference]
        assert [row.account_id for row in db.exec(select(DataObjection))] == [None]


def test_person_with_a_new_account_finds_and_takes_back_the_objection_r70(db, keyring, desk) -> None:
    """It is the person's, not the account's: what outlived an account can still be ended."""
    choose_objections(db, desk.anne, {Purpose.MARKETING}, NOW)
    db.exec(select(DataObjection)).one().account_id = None
    again = factories.member_account(db, keyring, db.get_one(Person, desk.anne.person_id))
    viewer = factories.viewer_of(db, again)
    assert objected(db, viewer) == {Purpose.MARKETING}
    assert objected(db, desk.stranger) == set()
    assert choose_objections(db, viewer, set(), NOW) == (set(), {Purpose.MARKETING})
    assert objecting_persons(db, Purpose.MARKETING) == []


def test_other_tools_are_told_of_accounts_that_are_no_person_s_own_r70(client) -> None:
    """Employers, professionals and representatives object as members do, and are canvassed as they are."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        made = office(db, keyring)
        child = factories.household(db, children={"Zoé": factories.MINOR_BIRTH})["Zoé"]
        parent = factories.account(db, keyring, "adherent", "representant", of=child)
        bare = [factories.employer_account(db, keyring), factories.provider_account(db, keyring), parent]
        for viewer in (made.anne, *(factories.viewer_of(db, each) for each in bare)):
            choose_objections(db, viewer, {Purpose.MARKETING}, NOW)
        choose_objections(db, factories.viewer_of(db, parent), set(), NOW)
        told = sorted(each.identifier for each in bare[:2])
        reference = db.get_one(Person, made.anne.person_id).reference
    with client.services.database.read() as db:
        assert objecting_accounts(db, Purpose.MARKETING) == told
        assert objecting_accounts(db, Purpose.PROFILING) == []
    variables = environment(client.services.settings, client.services.database.url)
    lines = CliRunner().invoke(command, [], env=variables).output.splitlines()
    assert lines == [reference, *(f"compte:{identifier}" for identifier in told)]


def test_representative_s_objection_is_not_the_represented_person_s_r70(db, keyring) -> None:
    family = factories.household(db, children={"Zoé": factories.MINOR_BIRTH})
    account = factories.account(db, keyring, "adherent", "representant", of=family["Zoé"])
    choose_objections(db, factories.viewer_of(db, account), {Purpose.MARKETING}, NOW)
    assert objecting_persons(db, Purpose.MARKETING) == []


def test_restriction_limits_the_account_until_its_holder_lifts_it_r70(db, keyring, desk) -> None:
    assert restrict(db, desk.anne, Ground.ACCURACY, NOW)
    assert not restrict(db, desk.anne, Ground.CLAIMS, NOW)
    assert factories.viewer_of(db, desk.account).standing is Standing.RESTRICTED
    assert restriction_under_way(db, desk.stranger) is None
    assert not lift(db, desk.stranger, NOW)
    assert lift(db, desk.anne, NOW)
    assert factories.viewer_of(db, desk.account).standing is Standing.ACTIVE
    assert [row.ended_by for row in restrictions_of(db, desk.anne)] == [desk.anne.account_id]


def test_desk_lifts_a_restriction_for_a_reason_alone_r70(db, keyring, desk) -> None:
    restrict(db, desk.anne, Ground.ACCURACY, NOW)
    account_id = desk.anne.account_id
    with pytest.raises(WrongState):
        lift_by_desk(db, desk.agent, keyring, account_id, " ", NOW)
    with pytest.raises(PermissionError):
        lift_by_desk(db, desk.stranger, keyring, account_id, "Vérifié.", NOW)
    assert lift_by_desk(db, desk.agent, keyring, account_id, "Vérifié.", NOW) == "anne@a.example"
    assert lift_by_desk(db, desk.agent, keyring, account_id, "Vérifié.", NOW) is None
    assert keyring.decrypt(restrictions_of(db, desk.anne)[0].ended_reason_encrypted) == "Vérifié."


def test_limited_account_is_written_to_about_no_payment_r70(db, keyring, desk) -> None:
    choose_notifications(db, desk.anne, {Notification.PAYMENT}, NOW)
    factories.payment(db, db.get_one(Person, desk.anne.person_id))
    assert len(due_payment_notices(db, NOW)) == 1
    restrict(db, desk.anne, Ground.UNLAWFUL, NOW)
    assert due_payment_notices(db, NOW) == []


def test_instructions_are_changed_and_what_they_replace_is_forgotten_r70(db, keyring, desk) -> None:
    assert give_instructions(db, desk.anne, keyring, WISHED, NOW)
    assert not give_instructions(db, desk.anne, keyring, WISHED, NOW)
    assert instructions_in_force(db, desk.anne, keyring).instructions == WISHED
    assert instructions_in_force(db, desk.stranger, keyring) is None
    assert "Noé".encode() not in db.exec(select(DeathInstruction)).one().content_encrypted
    give_instructions(db, desk.anne, keyring, Instructions(Wish.ERASE), NOW)
    assert [given.instructions for given in instructions_of(db, desk.anne, keyring)] == [Instructions(Wish.ERASE), None]
    assert revoke_instructions(db, desk.anne, NOW)
    assert not revoke_instructions(db, desk.anne, NOW)
    assert {row.content_encrypted for row in db.exec(select(DeathInstruction))} == {None}


def test_consents_are_listed_and_taken_back_one_by_one_r70(db, keyring) -> None:
    family = factories.household(db, spouse="Paul")
    paul = factories.viewer_of(db, factories.dependant_account(db, keyring, family["Paul"]))
    choose_notifications(db, paul, {Notification.PAYMENT}, NOW)
    start_sharing(db, paul, family.member.id, NOW)
    save_place(db, paul, HOME, NOW)
    assert [one.kind for one in consents_of(db, paul, TODAY)] == list(ConsentKind)
    for left, kind in zip((2, 1, 0), ConsentKind, strict=True):
        assert withdraw_consent(db, paul, kind, NOW, TODAY)
        assert not withdraw_consent(db, paul, kind, NOW, TODAY)
        assert len(consents_of(db, paul, TODAY)) == left


def test_users_of_organisations_gave_no_consent_r70(db, keyring) -> None:
    viewer = factories.viewer_of(db, factories.employer_account(db, keyring))
    save_place(db, viewer, HOME, NOW)
    assert consents_of(db, viewer, TODAY) == []
    assert not withdraw_consent(db, viewer, ConsentKind.PLACE, NOW, TODAY)


@pytest.mark.engines("postgresql")
def test_two_tabs_restrict_once_and_instruct_one_after_the_other_r70(database, keyring) -> None:
    with database.write() as db:
        anne = office(db, keyring).anne

    def act(number: int) -> bool:
        with database.write() as db:
            give_instructions(db, anne, keyring, Instructions(Wish.KEEP, words=str(number)), NOW)
            return restrict(db, anne, Ground.CLAIMS, NOW)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(act, range(4))) == [False, False, False, True]
    with database.read() as db:
        assert len(db.exec(select(ProcessingRestriction)).all()) == 1
        assert sum(row.ended_at is None for row in db.exec(select(DeathInstruction))) == 1


def test_operator_lists_who_objects_for_other_tools_r70(database, keyring, monkeypatch) -> None:
    with database.write() as db:
        made = office(db, keyring)
        choose_objections(db, made.anne, {Purpose.MARKETING}, NOW)
        reference = db.get_one(Person, made.anne.person_id).reference
    monkeypatch.setattr("portal.commands.objections.load_settings", lambda: None)
    monkeypatch.setattr("portal.commands.objections.open_database", lambda _: nullcontext(database))
    run = CliRunner()
    assert run.invoke(main, ["objections"]).output == f"{reference}\n"
    assert run.invoke(main, ["objections", "--purpose", "profilage"]).output == ""
