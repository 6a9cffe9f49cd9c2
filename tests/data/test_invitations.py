"""Invitations to finish an affiliation: completed, taken back, withdrawn, raced, forgotten (R-30, R-71, ADR 24)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from time import sleep

import pytest
from sqlmodel import select

from portal.data import affiliating, departing
from portal.data.bank_changes import mask
from portal.data.bank_details import BankDetails
from portal.data.columns import utc_now
from portal.data.coverage import Beneficiary, Relationship
from portal.data.employee_acts import Refused, undo_event
from portal.data.employee_history import Author, history_of
from portal.data.employees import Employee, EmployeeEvent, PeriodKind, events_of, lock_employee, periods_of
from portal.data.invitation_drafts import BankAnswer, Draft, FamilyMember, Identity
from portal.data.invitation_upkeep import ABANDONED_KEPT, DRAFTS_KEPT, abandoned, forget_drafts, forget_invitation
from portal.data.invitations import (
    LIVES,
    AffiliationInvitation,
    InvitationState,
    find_invitation,
    invitations_expired,
    invite,
    revoke,
    send_again,
    state_of,
)
from portal.data.invited import Gone, invitation_behind, keep_draft, prove, proven_invitation
from portal.data.invited_completion import complete
from portal.data.leaving_rules import LeavingReason
from portal.data.organisations import GroupContract
from portal.data.persons import Person
from portal.formatting import today
from portal.security import fingerprint
from tests.support import factories, staff
from tests.support.invitations import BORN, IBAN, invited, inviting, nir_of

BROWSER = "browser"
CHILD = FamilyMember(Relationship.CHILD, "Essai", "Zoé", today().replace(year=today().year - 6, day=1))


@pytest.fixture
def services(database, keyring):
    """What `inviting` and `invited` need of the services."""

    class Services:
        pass

    made = Services()
    made.database, made.keyring = database, keyring
    return made


@pytest.fixture
def firm(services):
    return inviting(services)


@pytest.fixture
def acting(keyring, firm):
    return staff.acting(keyring, firm.clerk, utc_now())


def whole(nir: str = "", *, family: tuple = (), **values) -> Draft:
    who = Identity("Essai", "", "Paule", nir, values.get("email", ""))
    return Draft(nir, who, with_family=bool(family), family=family, bank=BankAnswer(IBAN, "Paule Essai", ""))


def finish(db, keyring, token: str, draft: Draft, *, nir: str = "", born: date = BORN) -> EmployeeEvent:
    """What the employee does: proves who they are, answers, sends."""
    now = utc_now()
    assert prove(db, keyring, token, born, nir, BROWSER, now) is not None
    keep_draft(db, keyring, proven_invitation(db, keyring, token, BROWSER, now), draft, now)
    return complete(db, keyring, proven_invitation(db, keyring, token, BROWSER, now), now)


def rows(db, table) -> list:
    return list(db.exec(select(table).order_by(table.id)))


def test_completion_counts_from_the_day_of_the_invitation_and_is_told_as_the_employees(
    database, keyring, services, firm
) -> None:
    paule = invited(services, firm)
    with database.write() as db:
        event = finish(db, keyring, paule.token, whole(nir_of(), family=(CHILD,)))
        employee = db.get_one(Employee, paule.employee.id)
        assert event.effective_on == paule.employee.hired_on
        assert employee.nir_lookup == keyring.lookup(nir_of())
        told = history_of(db, staff.viewer(firm.clerk), employee)
        assert told[0].author is Author.EMPLOYEE
        assert "Zoé" not in event.details


def test_completion_taken_back_leaves_neither_cover_nor_account_nor_person(
    database, keyring, services, firm, acting
) -> None:
    """ADR 19: the employer takes it back as any other act, the family and the account with it."""
    paule = invited(services, firm)
    with database.write() as db:
        event = finish(db, keyring, paule.token, whole(nir_of(), family=(CHILD,), email="a@moi.example"))
        employee = db.get_one(Employee, paule.employee.id)
        undo_event(db, acting, employee, event)
        assert (rows(db, Person), rows(db, Beneficiary), rows(db, BankDetails)) == ([], [], [])
        assert [period.kind for period in periods_of(db, employee)] == [PeriodKind.INVITED]
        again, token = send_again(db, acting, db.get_one(AffiliationInvitation, paule.row.id))
        assert again.id != paule.row.id
        assert token


def test_known_number_under_another_identity_makes_a_new_person_in_doubt(database, keyring, services, firm) -> None:
    """As full entry does (ADR 19): affiliating is no way to ask whom the insurer knows."""
    with database.write() as db:
        known = factories.person(db, last_name="Autre", first_name="Nom", born=BORN)
        known.nir_encrypted, known.nir_lookup = keyring.encrypt(nir_of()), keyring.lookup(nir_of())
        db.add(known)
    paule = invited(services, firm)
    with database.write() as db:
        finish(db, keyring, paule.token, whole(nir_of()))
        employee = db.get_one(Employee, paule.employee.id)
        assert employee.is_identity_doubtful
        assert employee.person_id != known.id


def test_known_person_keeps_the_address_and_the_account_that_are_held(database, keyring, services, firm) -> None:
    """Whoever knows a number and a birth date must not redirect reimbursements, nor letters."""
    with database.write() as db:
        known = factories.person(db, last_name="Essai", first_name="Paule", born=BORN)
        known.nir_encrypted, known.nir_lookup = keyring.encrypt(nir_of()), keyring.lookup(nir_of())
        db.add(known)
        email = known.email
    paule = invited(services, firm)
    with database.write() as db:
        finish(db, keyring, paule.token, whole(nir_of(), email="voleur@ailleurs.example"))
        assert db.get_one(Employee, paule.employee.id).person_id == known.id
        assert db.get_one(Person, known.id).email == email
        assert rows(db, BankDetails) == []


def test_relative_is_never_somebody_whom_the_insurer_knows(database, keyring, services, firm) -> None:
    """A child's number opens nothing: it would show what the insurer knows of that child."""
    number = nir_of(CHILD.birth_date)
    with database.write() as db:
        child = factories.person(db, last_name="Essai", first_name="Zoé", born=CHILD.birth_date)
        child.nir_encrypted, child.nir_lookup = keyring.encrypt(number), keyring.lookup(number)
        db.add(child)
    paule = invited(services, firm)
    with database.write() as db:
        typed = FamilyMember(Relationship.CHILD, "Essai", "Zoé", CHILD.birth_date, number)
        finish(db, keyring, paule.token, whole(family=(typed,)))
        assert child.id not in {row.person_id for row in rows(db, Beneficiary)}


def test_number_of_a_colleague_who_is_still_there_is_refused(database, keyring, services, firm, acting) -> None:
    days = {"hired_on": today(), "starts_on": today()}
    with database.write() as db:
        staff.employee(db, acting, firm.contract, firm.category, last_name="Autre", nir=nir_of(), **days)
    paule = invited(services, firm)
    with database.write() as db, pytest.raises(Refused, match="already-there"):
        finish(db, keyring, paule.token, whole(nir_of()))


def test_account_given_is_stored_encrypted_and_masked(database, keyring, services, firm) -> None:
    paule = invited(services, firm)
    with database.write() as db:
        finish(db, keyring, paule.token, whole())
        (bank,) = rows(db, BankDetails)
        assert bank.masked == mask(IBAN)
        assert IBAN.encode() not in bank.iban_encrypted
        assert bank.takes_effect_at is not None
        assert bank.effective_at is None


def test_two_completions_at_once_affiliate_once(database, keyring, services, firm) -> None:
    """On both databases, pressed twice or from two tabs."""
    paule = invited(services, firm)
    now = utc_now()
    with database.write() as db:
        prove(db, keyring, paule.token, BORN, "", BROWSER, now)
        keep_draft(db, keyring, proven_invitation(db, keyring, paule.token, BROWSER, now), whole(), now)

    def send(_: int) -> bool:
        try:
            with database.write() as db:
                complete(db, keyring, proven_invitation(db, keyring, paule.token, BROWSER, now), now)
        except Gone:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(send, range(4))) == 1
    with database.read() as db:
        assert len(rows(db, Beneficiary)) == 1


def test_completion_and_revocation_at_once_leave_one_of_them(database, keyring, services, firm, acting) -> None:
    """Whichever comes second finds nothing to do."""
    for at in range(4):
        paule = invited(services, firm, first_name="Paule" * (at + 1))
        now = utc_now()
        with database.write() as db:
            prove(db, keyring, paule.token, BORN, "", BROWSER, now)
            keep_draft(db, keyring, proven_invitation(db, keyring, paule.token, BROWSER, now), whole(), now)

        def finished(token: str = paule.token, now=now) -> bool:
            try:
                with database.write() as db:
                    complete(db, keyring, proven_invitation(db, keyring, token, BROWSER, now), now)
            except Gone:
                return False
            return True

        def revoked(invitation_id: int = paule.row.id, now=now) -> bool:
            try:
                with database.write() as db:
                    found = find_invitation(db, acting.viewer, invitation_id, now, lock=True)
                    revoke(db, acting, found.row)
            except Refused:
                return False
            return True

        with ThreadPoolExecutor(2) as threads:
            done = [future.result() for future in (threads.submit(finished), threads.submit(revoked))]
        assert sorted(done) == [False, True]
        with database.read() as db:
            kinds = [period.kind for period in periods_of(db, db.get_one(Employee, paule.employee.id))]
            assert kinds == (["affilie"] if done[0] else [])


def test_completion_waits_for_a_colleague_who_affiliates_by_hand_and_covers_once(
    database, keyring, services, firm, acting
) -> None:
    """The period is read once the employee is held: what somebody did meanwhile counts."""
    paule = invited(services, firm)
    now = utc_now()
    with database.write() as db:
        prove(db, keyring, paule.token, BORN, "", BROWSER, now)
        keep_draft(db, keyring, proven_invitation(db, keyring, paule.token, BROWSER, now), whole(), now)

    def finished() -> bool:
        try:
            with database.write() as db:
                complete(db, keyring, proven_invitation(db, keyring, paule.token, BROWSER, now), now)
        except Gone:
            return False
        return True

    assert _during_an_affiliation(database, firm, acting, paule, finished) is False
    with database.read() as db:
        assert len(rows(db, Beneficiary)) == 1
        assert [period.kind for period in periods_of(db, db.get_one(Employee, paule.employee.id))] == ["affilie"]


def test_withdrawal_waits_for_a_colleague_who_affiliates_by_hand_and_is_refused(
    database, services, firm, acting
) -> None:
    paule = invited(services, firm)

    def withdrawn() -> bool:
        try:
            with database.write() as db:
                found = find_invitation(db, acting.viewer, paule.row.id, utc_now(), lock=True)
                revoke(db, acting, found.row)
        except Refused:
            return False
        return True

    assert _during_an_affiliation(database, firm, acting, paule, withdrawn) is False
    with database.read() as db:
        assert [period.kind for period in periods_of(db, db.get_one(Employee, paule.employee.id))] == ["affilie"]


def _during_an_affiliation(database, firm, acting, paule, act) -> bool:
    """What an act comes to that begins while an affiliation by hand is being written."""
    with ThreadPoolExecutor(1) as threads:
        with database.write() as db:
            employee = lock_employee(db, acting.viewer, paule.employee.id, None)
            affiliating.affiliate_declared(db, acting, employee, firm.category, employee.hired_on)
            done = threads.submit(act)
            sleep(0.3)
        return done.result()


def test_revoked_invitation_frees_the_number_of_the_company_and_forgets_answers(
    database, keyring, services, firm, acting
) -> None:
    paule = invited(services, firm, matricule="77")
    with database.write() as db:
        prove(db, keyring, paule.token, BORN, nir_of(), BROWSER, utc_now())
        revoke(db, acting, db.get_one(AffiliationInvitation, paule.row.id))
        row = db.get_one(AffiliationInvitation, paule.row.id)
        assert row.draft_encrypted is None
        employee = db.get_one(Employee, paule.employee.id)
        assert periods_of(db, employee) == []
        with pytest.raises(Refused, match="final"):
            undo_event(db, acting, employee, events_of(db, employee)[0])
        assert prove(db, keyring, paule.token, BORN, "", BROWSER, utc_now()) is None
    assert invited(services, firm, matricule="77").token


def test_new_letter_replaces_the_link_and_keeps_the_answers(database, keyring, services, firm, acting) -> None:
    paule = invited(services, firm)
    with database.write() as db:
        prove(db, keyring, paule.token, BORN, nir_of(), BROWSER, utc_now())
        _, token = send_again(db, acting, db.get_one(AffiliationInvitation, paule.row.id))
        assert invitation_behind(db, keyring, paule.token, utc_now()) is None
        with pytest.raises(Gone):
            proven_invitation(db, keyring, token, BROWSER, utc_now())
        assert invitation_behind(db, keyring, token, utc_now()).draft.nir == nir_of()


@pytest.mark.parametrize("act", ["affiliated", "left", "undone"])
def test_invitation_is_over_once_the_employee_is_elsewhere(database, keyring, services, firm, acting, act) -> None:
    paule = invited(services, firm)
    with database.write() as db:
        employee = db.get_one(Employee, paule.employee.id)
        if act == "affiliated":
            affiliating.affiliate_declared(db, acting, employee, firm.category, today())
        elif act == "left":
            departing.let_go(db, acting, employee, today(), LeavingReason.RESIGNATION)
        else:
            undo_event(db, acting, employee, events_of(db, employee)[0])
        found = find_invitation(db, acting.viewer, paule.row.id, utc_now())
        assert found.state is InvitationState.OVER
        assert prove(db, keyring, paule.token, BORN, "", BROWSER, utc_now()) is None
        for refused in (revoke, send_again):
            with pytest.raises(Refused, match="not-invited"):
                refused(db, acting, found.row)


def test_invitation_without_an_address_is_refused(database, firm, acting) -> None:
    new = staff.new_employee(hired_on=today(), starts_on=today())
    with database.write() as db, pytest.raises(Refused, match="no-email"):
        invite(db, acting, firm.contract, firm.category, new)


def test_form_pressed_twice_makes_one_invitation(database, services, firm) -> None:
    first, second = invited(services, firm), invited(services, firm)
    assert (second.row.id, second.token) == (first.row.id, "")


def test_only_the_digest_of_a_link_is_stored(database, services, firm) -> None:
    paule = invited(services, firm)
    assert paule.row.token_hash == fingerprint(paule.token)
    assert paule.token not in str(paule.row.model_dump())


def test_states_follow_each_other(services, firm) -> None:
    row = invited(services, firm).row
    assert state_of(row, utc_now(), is_invited=True) is InvitationState.SENT
    assert state_of(row, row.sent_at + LIVES, is_invited=True) is InvitationState.EXPIRED
    row.opened_at = utc_now()
    assert state_of(row, utc_now(), is_invited=True) is InvitationState.OPENED


def test_answers_never_sent_are_erased_a_month_after_the_link(database, keyring, services, firm) -> None:
    """R-71."""
    paule = invited(services, firm)
    with database.write() as db:
        prove(db, keyring, paule.token, BORN, nir_of(), BROWSER, utc_now())
        end = paule.row.expires_at + DRAFTS_KEPT
        assert forget_drafts(db, end) == 0
        assert forget_drafts(db, end + timedelta(seconds=1)) == 1
        assert forget_drafts(db, end + timedelta(seconds=1)) == 0


def test_abandoned_invitation_goes_with_its_employee_after_half_a_year(database, services, firm) -> None:
    paule = invited(services, firm)
    late = paule.row.expires_at + ABANDONED_KEPT + timedelta(seconds=1)
    with database.write() as db:
        assert abandoned(db, late - timedelta(seconds=2)) == []
        assert abandoned(db, late) == [paule.row.id]
        assert forget_invitation(db, paule.row.id, late)
        assert not forget_invitation(db, paule.row.id, late)
        assert (rows(db, Employee), rows(db, EmployeeEvent)) == ([], [])


def test_employee_who_was_affiliated_once_stays_when_an_invitation_is_forgotten(
    database, keyring, services, firm, acting
) -> None:
    paule = invited(services, firm)
    with database.write() as db:
        employee = db.get_one(Employee, paule.employee.id)
        affiliating.affiliate_declared(db, acting, employee, firm.category, today())
        assert forget_invitation(db, paule.row.id, paule.row.expires_at + 2 * ABANDONED_KEPT)
        assert len(rows(db, Employee)) == 1


def test_completion_ends_the_own_cover_of_whoever_is_hired_again_within_portability(
    database, keyring, services, firm, acting
) -> None:
    """As any affiliation does (L911-8): nobody is covered twice by one company."""
    day = today()
    with database.write() as db:
        hired = {"nir": nir_of(), "birth_date": BORN, "hired_on": day - timedelta(40), "starts_on": day - timedelta(40)}
        employee = staff.employee(db, acting, firm.contract, firm.category, **hired)
        departing.let_go(db, acting, employee, day - timedelta(days=5), LeavingReason.DISMISSAL)
    paule = invited(services, firm, nir=nir_of())
    with database.write() as db:
        assert paule.employee.id == employee.id
        event = finish(db, keyring, paule.token, whole(nir_of()), nir=nir_of())
        before, after = rows(db, Beneficiary)
        assert before.valid_to == event.effective_on - timedelta(days=1)
        assert after.valid_from == event.effective_on


def test_completion_is_refused_during_a_leave_without_cover(database, keyring, services, firm, acting) -> None:
    """As by hand: the leave would be covered from end to end."""
    paule = invited(services, firm)
    with database.write() as db:
        employee = db.get_one(Employee, paule.employee.id)
        departing.grant_leave(db, acting, employee, today(), None, keeps_cover=False)
        with pytest.raises(Refused, match="absent-uncovered"):
            finish(db, keyring, paule.token, whole())


def test_new_invitation_closes_the_one_before_it_for_good(database, keyring, services, firm, acting) -> None:
    """Two links never wait for one employee, and a forgotten one is not told as expired."""
    first = invited(services, firm, nir=nir_of(), hired_on=today() - timedelta(9), starts_on=today() - timedelta(9))
    with database.write() as db:
        employee = db.get_one(Employee, first.employee.id)
        departing.let_go(db, acting, employee, today() - timedelta(days=2), LeavingReason.TRIAL_ENDED)
    second = invited(services, firm, nir=nir_of())
    assert second.employee.id == first.employee.id
    with database.read() as db:
        assert invitation_behind(db, keyring, first.token, utc_now()).state is InvitationState.REVOKED
        assert invitation_behind(db, keyring, second.token, utc_now()).is_live
        before = today() + LIVES
        assert invitations_expired(db, acting.viewer, before + timedelta(days=2)).count == 1


def test_completion_taken_back_is_no_longer_told_as_done(database, keyring, services, firm, acting) -> None:
    paule = invited(services, firm)
    with database.write() as db:
        event = finish(db, keyring, paule.token, whole())
        assert invitation_behind(db, keyring, paule.token, utc_now()).state is InvitationState.COMPLETED
        undo_event(db, acting, db.get_one(Employee, paule.employee.id), event)
        assert invitation_behind(db, keyring, paule.token, utc_now()).state is InvitationState.OVER


def test_new_letter_to_another_address_forgets_what_the_employee_typed(
    database, keyring, services, firm, acting
) -> None:
    """Whoever in the company knows a birth date would read the family by sending the link to a mailbox of theirs."""
    paule = invited(services, firm)
    with database.write() as db:
        now = utc_now()
        assert prove(db, keyring, paule.token, BORN, "", BROWSER, now) is not None
        keep_draft(db, keyring, proven_invitation(db, keyring, paule.token, BROWSER, now), whole(family=(CHILD,)), now)
    with database.write() as db:
        employee = db.get_one(Employee, paule.employee.id)
        later = staff.acting(keyring, firm.clerk, utc_now())
        affiliating.correct(db, later, employee, email="chef@exemple.example")
        _, token = send_again(db, later, db.get_one(AffiliationInvitation, paule.row.id))
        found = invitation_behind(db, keyring, token, later.now)
        assert (found.draft, found.state) == (Draft(), InvitationState.SENT)


def test_number_of_whoever_left_and_is_covered_by_portability_ends_the_own_cover_of_before(
    database, keyring, services, firm, acting
) -> None:
    """Invited without a number, under another row than the one that left."""
    day = today()
    with database.write() as db:
        hired = {"nir": nir_of(), "birth_date": BORN, "hired_on": day - timedelta(40), "starts_on": day - timedelta(40)}
        employee = staff.employee(db, acting, firm.contract, firm.category, **hired)
        departing.let_go(db, acting, employee, day - timedelta(days=5), LeavingReason.DISMISSAL)
    paule = invited(services, firm)
    with database.write() as db:
        assert paule.employee.id != employee.id
        event = finish(db, keyring, paule.token, whole(nir_of()))
        before, after = rows(db, Beneficiary)
        assert before.person_id == after.person_id
        assert before.valid_to == event.effective_on - timedelta(days=1)


def test_other_names_of_whoever_is_hired_again_are_looked_into(database, keyring, services, firm, acting) -> None:
    """As a correction by the employer: what the insurer knows of the person stays."""
    day = today()
    with database.write() as db:
        hired = {"nir": nir_of(), "birth_date": BORN, "hired_on": day - timedelta(40), "starts_on": day - timedelta(40)}
        employee = staff.employee(db, acting, firm.contract, firm.category, **hired)
        departing.let_go(db, acting, employee, day - timedelta(days=5), LeavingReason.RESIGNATION)
    paule = invited(services, firm, nir=nir_of())
    other = Draft(nir_of(), Identity("Autre", "", "Paule", nir_of(), ""), with_family=False, bank=BankAnswer())
    with database.write() as db:
        finish(db, keyring, paule.token, other, nir=nir_of())
        found = db.get_one(Employee, paule.employee.id)
        assert (found.last_name, found.is_identity_doubtful) == ("Autre", True)
        assert db.get_one(Person, found.person_id).last_name == "Essai"


def test_nobody_joins_a_contract_that_is_over(database, keyring, services, firm, acting) -> None:
    """Neither by the link, nor by hand from a day after its end."""
    paule = invited(services, firm, hired_on=today() - timedelta(9), starts_on=today() - timedelta(9))
    with database.write() as db:
        db.get_one(GroupContract, firm.contract.id).ends_on = today() - timedelta(days=1)
        employee = db.get_one(Employee, paule.employee.id)
        with pytest.raises(Refused, match="outside-contract"):
            finish(db, keyring, paule.token, whole())
        with pytest.raises(Refused, match="outside-contract"):
            affiliating.affiliate_declared(db, acting, employee, firm.category, today())
        assert rows(db, Beneficiary) == []


def test_affiliation_by_hand_of_whoever_was_invited_ends_the_own_cover_of_portability(
    database, services, firm, acting
) -> None:
    day = today()
    with database.write() as db:
        hired = {"nir": nir_of(), "birth_date": BORN, "hired_on": day - timedelta(40), "starts_on": day - timedelta(40)}
        employee = staff.employee(db, acting, firm.contract, firm.category, **hired)
        departing.let_go(db, acting, employee, day - timedelta(days=5), LeavingReason.DISMISSAL)
    paule = invited(services, firm, nir=nir_of())
    with database.write() as db:
        affiliating.affiliate_declared(db, acting, db.get_one(Employee, paule.employee.id), firm.category, day)
        assert rows(db, Beneficiary)[0].valid_to == day - timedelta(days=1)
