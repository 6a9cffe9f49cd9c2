"""A company's account: signed for, delayed, approved by a second signatory, stopped, and never two at once (R-31)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from portal.bank_jobs import apply_due_of_organisations
from portal.bank_words import BIC_DUE, NO_BIC, OTHER_BIC, WrongBic, bic_of, details_of, iban_of
from portal.data.accounts import Role
from portal.data.bank_changes import (
    EFFECT_AFTER,
    AccountBlocked,
    AlreadyThere,
    BankState,
    TooManyChanges,
    sealed,
)
from portal.data.company_bank import COMPANY, CompanyBankDetails, change_to_approve, signed_mandate
from portal.data.desk_acts import close, lift, suspend
from portal.data.email_changes import EmailChange
from portal.data.fraud import FraudChannel, freeze
from portal.data.links import LinkPurpose, find_link, make_link
from portal.data.organisation_bank import (
    ChangeMoved,
    OwnChange,
    apply_change,
    approve_change,
    ask_change,
    cancel_change,
    drop_lapsed,
    due_changes_of,
    lapsed_changes,
    organisation_history,
    pending_behind,
)
from portal.data.organisation_bank_contacts import organisation_addresses
from portal.data.organisation_bank_reading import read_account
from portal.data.organisation_bank_rules import NobodyApproves, choose_rule, is_approval_required
from portal.data.organisation_banks import APPROVAL_WITHIN
from tests.support import staff

NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
LATER = NOW + EFFECT_AFTER
FIRST, SECOND, THIRD = "FR7630006000011234567890189", "FR1420041010050500013M02606", "DE89370400440532013000"


def new(iban: str = SECOND, holder: str = "Ateliers d’essai"):
    return details_of(iban_of(iban), holder, bic_of("", iban_of(iban)))


def signer(db, keyring, company, **values):
    return staff.user(db, keyring, company, Role.SIGNATORY, **values)


def bic_outcome(typed: str) -> str:
    """The BIC, or what is wrong with it in words."""
    try:
        return bic_of(typed, iban_of(FIRST))
    except WrongBic as wrong:
        return str(wrong)


@pytest.fixture
def db(database):
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def company(db):
    made = staff.company(db)
    staff.group_contract(db, made)
    return made


@pytest.fixture
def account(db, keyring, company):
    return signer(db, keyring, company, email="agathe@ateliers.example", display_name="Agathe Modèle")


@pytest.fixture
def agathe(account):
    return staff.viewer(account)


@pytest.fixture
def second(db, keyring, company):
    return signer(db, keyring, company, email="felix@ateliers.example")


@pytest.fixture
def felix(second):
    return staff.viewer(second)


def reported(db, keyring, company, iban: str = FIRST) -> CompanyBankDetails:
    row = CompanyBankDetails(company_id=company.id, reported_on=date(2024, 1, 2), **sealed(keyring, new(iban)))
    db.add(row)
    db.flush()
    return row


def read(db, viewer, keyring):
    return read_account(db, viewer, COMPANY, keyring, NOW)


def states(db, viewer, keyring) -> dict[int, BankState]:
    return {given.row.id: given.state for given in organisation_history(db, viewer, COMPANY, keyring)}


@pytest.mark.engines("sqlite")
class TestBic:
    @pytest.mark.parametrize(
        ("typed", "iban", "kept"),
        [
            ("", FIRST, "AGRIFRPPXXX"),
            ("agri fr pp", FIRST, "AGRIFRPP"),
            ("AGRIRERX", FIRST, "AGRIRERX"),
            ("", "GB29NWBK60161331926819", "NWBKGB2LXXX"),
            ("UBSWCHZH80A", "CH9300762011623852957", "UBSWCHZH80A"),
        ],
    )
    def test_signatory_types_a_bic_or_none_and_it_is_kept(self, typed, iban, kept) -> None:
        assert bic_of(typed, iban_of(iban)) in {kept, kept.removesuffix("XXX")}

    @pytest.mark.parametrize(
        ("typed", "iban", "words"),
        [
            ("AGRI", FIRST, NO_BIC),
            ("<script>alert(1)</script>", FIRST, NO_BIC),
            ("١٢٣٤٥٦٧٨", FIRST, NO_BIC),
            ("COBADEFF", FIRST, OTHER_BIC),
            ("PSSTFRPP", FIRST, OTHER_BIC),
            ("", "CH9300762011623852957", BIC_DUE),
            ("AGRIFRPP", "CH9300762011623852957", OTHER_BIC),
        ],
    )
    def test_signatory_mistypes_a_bic_and_reads_what_to_do(self, typed, iban, words) -> None:
        with pytest.raises(WrongBic) as wrong:
            bic_of(typed, iban_of(iban))
        assert str(wrong.value) == words

    @given(st.text(max_size=30))
    def test_signatory_types_anything_as_bic_and_gets_a_bic_or_words(self, typed) -> None:
        assert bic_outcome(typed)


class TestChange:
    def test_signatory_signs_and_the_old_account_serves_for_72_hours(self, db, keyring, company, agathe) -> None:
        old = reported(db, keyring, company)
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        assert (row.takes_effect_at, read(db, agathe, keyring).current.row.id) == (LATER, old.id)
        assert row.mandate.startswith(company.siret)
        assert len(row.mandate) <= 35
        assert keyring.decrypt(row.signer_encrypted) == "Agathe Modèle"
        assert due_changes_of(db, COMPANY, LATER - timedelta(seconds=1)) == []
        assert apply_change(db, COMPANY, row.id, company.id, LATER - timedelta(seconds=1)) is None
        assert due_changes_of(db, COMPANY, LATER) == [(row.id, company.id)]
        assert apply_change(db, COMPANY, row.id, company.id, LATER).id == row.id
        assert apply_change(db, COMPANY, row.id, company.id, LATER) is None
        assert states(db, agathe, keyring) == {row.id: BankState.IN_FORCE, old.id: BankState.REPLACED}

    def test_signatory_cancels_and_the_change_never_takes_effect(self, db, keyring, company, agathe) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        assert cancel_change(db, COMPANY, company.id, NOW).id == row.id
        assert cancel_change(db, COMPANY, company.id, NOW) is None
        assert apply_change(db, COMPANY, row.id, company.id, LATER) is None
        assert read(db, agathe, keyring).current is None

    def test_signatory_asks_again_and_the_clock_starts_again(self, db, keyring, agathe, felix) -> None:
        first = ask_change(db, agathe, COMPANY, keyring, new(SECOND), NOW)
        other = ask_change(db, felix, COMPANY, keyring, new(THIRD), NOW + timedelta(hours=1))
        assert states(db, agathe, keyring) == {first.id: BankState.CANCELLED, other.id: BankState.PENDING}
        assert other.mandate != first.mandate

    def test_signatory_signs_for_the_same_account_twice_and_is_refused(self, db, keyring, agathe) -> None:
        ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        with pytest.raises(AlreadyThere):
            ask_change(db, agathe, COMPANY, keyring, new(), NOW)

    def test_signatory_signs_a_mandate_for_a_reported_account(self, db, keyring, company, agathe) -> None:
        reported(db, keyring, company)
        assert ask_change(db, agathe, COMPANY, keyring, new(FIRST), NOW).mandate

    def test_signatories_together_ask_three_times_a_day_and_no_more(self, db, keyring, agathe, felix) -> None:
        for viewer, iban in ((agathe, FIRST), (felix, SECOND), (agathe, THIRD)):
            ask_change(db, viewer, COMPANY, keyring, new(iban), NOW)
        with pytest.raises(TooManyChanges):
            ask_change(db, felix, COMPANY, keyring, new(FIRST), NOW)

    def test_signatory_of_another_company_sees_and_stops_nothing(self, db, keyring, account, agathe) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        stranger = signer(db, keyring, staff.company(db))
        viewer = staff.viewer(stranger)
        assert organisation_history(db, viewer, COMPANY, keyring) == []
        assert signed_mandate(db, viewer, row.id) is None
        assert pending_behind(db, COMPANY, stranger.id, str(row.id)) is None
        with pytest.raises(ChangeMoved):
            approve_change(db, viewer, COMPANY, row.id, NOW)
        assert pending_behind(db, COMPANY, account.id, str(row.id)).id == row.id

    def test_no_iban_holder_or_signer_lies_in_the_clear(self, db, keyring, agathe) -> None:
        ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        stored = " ".join(str(value) for value in db.execute(text("SELECT * FROM company_bank_details")).one())
        assert [word for word in (SECOND, "Ateliers", "Agathe") if word in stored] == []

    def test_signatories_are_written_to_at_old_and_new_addresses_once_each(self, db, company, account, second) -> None:
        company.email = "AGATHE@ateliers.example"
        for email, days in (("avant@ateliers.example", 3), ("jadis@ateliers.example", 40)):
            change = EmailChange(account_id=second.id, current_email=email, new_email="x", asked_at=NOW)
            change.applied_at = NOW - timedelta(days=days)
            db.add(change)
        db.flush()
        written = [email for _, email in organisation_addresses(db, COMPANY, company.id, NOW)]
        assert sorted(written) == ["agathe@ateliers.example", "avant@ateliers.example", "felix@ateliers.example"]
        assert account.company_id == company.id


class TestApproval:
    @pytest.fixture(autouse=True)
    def _two(self, db, agathe, felix) -> None:
        assert felix
        assert choose_rule(db, agathe, COMPANY, needs_approval=True, now=NOW - timedelta(days=1)).needs_approval

    def test_second_signatory_approves_and_the_72_hours_begin(self, db, keyring, company, agathe, felix) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        assert (row.awaits_approval, row.takes_effect_at) == (True, None)
        assert due_changes_of(db, COMPANY, LATER) == []
        approved_at = NOW + timedelta(days=2)
        assert approve_change(db, felix, COMPANY, row.id, approved_at).takes_effect_at == approved_at + EFFECT_AFTER
        with pytest.raises(ChangeMoved):
            approve_change(db, felix, COMPANY, row.id, approved_at)
        assert apply_change(db, COMPANY, row.id, company.id, LATER) is None
        assert apply_change(db, COMPANY, row.id, company.id, approved_at + EFFECT_AFTER).id == row.id

    def test_second_signatory_is_told_the_last_day_in_france(self, db, keyring, agathe, felix) -> None:
        """Asked at half past midnight in Paris, while it is the day before in UTC."""
        row = ask_change(db, agathe, COMPANY, keyring, new(), datetime(2026, 11, 10, 23, 30, tzinfo=UTC))
        waiting = change_to_approve(db, felix, date(2026, 11, 11))
        assert (waiting.on, waiting.row_id) == (date(2026, 11, 18), row.id)
        assert change_to_approve(db, agathe, date(2026, 11, 11)) is None

    def test_author_never_approves_the_own_change(self, db, keyring, agathe) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        with pytest.raises(OwnChange):
            approve_change(db, agathe, COMPANY, row.id, NOW)

    def test_second_signatory_approves_what_was_read_and_not_what_replaced_it(self, db, keyring, agathe, felix) -> None:
        read = ask_change(db, agathe, COMPANY, keyring, new(SECOND), NOW)
        ask_change(db, agathe, COMPANY, keyring, new(THIRD), NOW)
        with pytest.raises(ChangeMoved):
            approve_change(db, felix, COMPANY, read.id, NOW)

    def test_change_that_nobody_approves_lapses_after_seven_days(self, db, keyring, company, agathe, felix) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        late = NOW + APPROVAL_WITHIN
        assert lapsed_changes(db, COMPANY, late - timedelta(seconds=1)) == []
        with pytest.raises(ChangeMoved):
            approve_change(db, felix, COMPANY, row.id, late)
        assert lapsed_changes(db, COMPANY, late) == [(row.id, company.id)]
        assert drop_lapsed(db, COMPANY, row.id, company.id, late).id == row.id
        assert drop_lapsed(db, COMPANY, row.id, company.id, late) is None

    def test_suspended_signatory_approves_nothing(self, db, keyring, agathe, felix, second) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        assert suspend(db, None, second, "Vérification.", NOW)
        with pytest.raises(AccountBlocked):
            approve_change(db, felix, COMPANY, row.id, NOW)

    def test_only_signatory_left_signs_nothing_and_is_told(self, db, keyring, agathe, second) -> None:
        assert close(db, None, second, "Départ.", NOW)
        with pytest.raises(NobodyApproves):
            ask_change(db, agathe, COMPANY, keyring, new(), NOW)

    def test_signatory_gives_two_signatures_up_and_it_counts_72_hours_later(self, db, keyring, agathe) -> None:
        rule = choose_rule(db, agathe, COMPANY, needs_approval=False, now=NOW)
        assert rule.counts_from == LATER
        assert choose_rule(db, agathe, COMPANY, needs_approval=False, now=NOW) is None
        assert ask_change(db, agathe, COMPANY, keyring, new(), NOW).needs_approval
        assert is_approval_required(db, agathe, COMPANY, LATER - timedelta(seconds=1))
        assert not is_approval_required(db, agathe, COMPANY, LATER)

    def test_signatory_asks_for_two_again_and_the_giving_up_never_counts(self, db, agathe, felix) -> None:
        choose_rule(db, agathe, COMPANY, needs_approval=False, now=NOW)
        choose_rule(db, felix, COMPANY, needs_approval=True, now=NOW + timedelta(hours=1))
        assert is_approval_required(db, agathe, COMPANY, LATER + timedelta(days=30))


def test_signatory_changes_the_rule_three_times_a_day_and_no_more(db, agathe, felix) -> None:
    """Each choice writes to everybody: letters are limited."""
    for wanted in (True, False, True):
        assert choose_rule(db, felix, COMPANY, needs_approval=wanted, now=NOW)
    with pytest.raises(TooManyChanges):
        choose_rule(db, agathe, COMPANY, needs_approval=False, now=NOW)


def test_only_signatory_asks_for_two_signatures_and_is_refused(db, agathe) -> None:
    with pytest.raises(NobodyApproves):
        choose_rule(db, agathe, COMPANY, needs_approval=True, now=NOW)


class TestFraud:
    """R-13: whoever stole a signatory's account asked for the change; the report of the fraud ends it."""

    def report(self, db, keyring, account):
        return freeze(db, keyring, account.id, FraudChannel.LINK, "", NOW + timedelta(hours=1))

    def test_signatory_reports_a_fraud_and_the_pending_change_is_given_up(
        self, db, keyring, company, account, agathe
    ) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        assert self.report(db, keyring, account).stopped_organisation.id == row.id
        assert due_changes_of(db, COMPANY, LATER) == []
        assert apply_change(db, COMPANY, row.id, company.id, LATER) is None

    def test_other_signatory_reports_a_fraud_and_the_change_is_given_up_too(self, db, keyring, agathe, second) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        assert self.report(db, keyring, second).stopped_organisation.id == row.id

    @pytest.mark.parametrize("role", [Role.CLERK, Role.ADMINISTRATOR, Role.READER])
    def test_user_who_changes_no_account_reports_a_fraud_and_the_change_goes_on(
        self, db, keyring, company, agathe, role
    ) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        assert self.report(db, keyring, staff.user(db, keyring, company, role)).stopped_organisation is None
        assert due_changes_of(db, COMPANY, LATER) == [(row.id, company.id)]

    def test_signatory_of_another_company_reports_a_fraud_and_the_change_goes_on(self, db, keyring, agathe) -> None:
        ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        assert self.report(db, keyring, signer(db, keyring, staff.company(db))).stopped_organisation is None

    def test_frozen_signatorys_late_request_is_refused(self, db, keyring, account, agathe) -> None:
        self.report(db, keyring, account)
        with pytest.raises(AccountBlocked):
            ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        with pytest.raises(AccountBlocked):
            choose_rule(db, agathe, COMPANY, needs_approval=False, now=NOW)

    def test_change_waits_while_its_author_is_suspended(self, db, keyring, company, account, agathe) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        assert suspend(db, None, account, "Vérification en cours.", NOW)
        assert apply_change(db, COMPANY, row.id, company.id, LATER) is None
        assert lift(db, None, account, LATER)
        assert apply_change(db, COMPANY, row.id, company.id, LATER).id == row.id

    def test_link_stops_a_change_whose_author_was_suspended_for_a_month(self, db, keyring, account, agathe) -> None:
        """The letter says that it works as long as the change waits; lifting the suspension puts it into force."""
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        token = make_link(db, account.id, LinkPurpose.COMPANY_BANK_CHANGE, NOW, str(row.id))
        assert suspend(db, None, account, "Vérification en cours.", NOW)
        assert find_link(db, token, NOW + timedelta(days=30)).subject == str(row.id)

    def test_change_of_a_closed_author_lapses(self, db, keyring, company, account, agathe) -> None:
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        assert close(db, None, account, "Fraude établie.", NOW)
        assert due_changes_of(db, COMPANY, LATER) == []
        assert lapsed_changes(db, COMPANY, NOW) == [(row.id, company.id)]

    def test_change_of_a_closed_approver_lapses_instead_of_waiting_for_ever(
        self, db, keyring, company, agathe, felix, second
    ) -> None:
        choose_rule(db, agathe, COMPANY, needs_approval=True, now=NOW)
        row = ask_change(db, agathe, COMPANY, keyring, new(), NOW)
        approve_change(db, felix, COMPANY, row.id, NOW)
        assert close(db, None, second, "Départ.", NOW)
        assert due_changes_of(db, COMPANY, LATER) == []
        assert drop_lapsed(db, COMPANY, row.id, company.id, LATER).id == row.id


class Race:
    """A change whose time has come, and those who may act on it at once."""

    def __init__(self, app, database) -> None:
        self.services, self.database = app.state.services, database
        with database.write() as db:
            company = staff.company(db)
            self.company_id = company.id
            keyring = self.services.keyring
            self.accounts = [signer(db, keyring, company, email=f"{name}@ateliers.example") for name in ("a", "b")]
            self.viewers = [staff.viewer(account) for account in self.accounts]

    def ask(self, iban: str = SECOND, by: int = 0) -> int:
        with self.database.write() as db:
            return ask_change(db, self.viewers[by], COMPANY, self.services.keyring, new(iban), NOW).id

    def stop(self) -> bool:
        with self.database.write() as db:
            return cancel_change(db, COMPANY, self.company_id, LATER) is not None

    def freeze(self) -> bool:
        with self.database.write() as db:
            done = freeze(db, self.services.keyring, self.accounts[0].id, FraudChannel.LINK, "", LATER)
            return done.stopped_organisation is not None

    def apply(self) -> bool:
        return apply_due_of_organisations(self.services, LATER) == 1

    def states(self) -> list[BankState]:
        with self.database.read() as db:
            return sorted(states(db, self.viewers[0], self.services.keyring).values())


@pytest.fixture
def race(app, database) -> Race:
    return Race(app, database)


@pytest.mark.parametrize("other", ["stop", "freeze"])
def test_stopping_and_applying_at_once_one_wins(race, other) -> None:
    race.ask()
    with ThreadPoolExecutor(2) as both:
        stopped, applied = both.submit(getattr(race, other)), both.submit(race.apply)
        assert {stopped.result(), applied.result()} == {True, False}
    assert race.states() == [BankState.CANCELLED if stopped.result() else BankState.IN_FORCE]


def test_two_workers_apply_a_change_once(race) -> None:
    race.ask()
    with ThreadPoolExecutor(2) as both:
        done = [both.submit(race.apply) for _ in range(2)]
        assert sorted(each.result() for each in done) == [False, True]
    with race.database.read() as db:
        recorded = db.execute(text("SELECT count(*) FROM evidence WHERE action = 'company-bank.changed'")).scalar_one()
    assert recorded == 1


def test_two_signatories_change_at_once_and_one_change_waits(race) -> None:
    with ThreadPoolExecutor(2) as both:
        list(both.map(race.ask, (SECOND, THIRD), (0, 1)))
    assert race.states() == sorted([BankState.CANCELLED, BankState.PENDING])


def test_approving_and_stopping_at_once_leave_no_change_in_force(race) -> None:
    with race.database.write() as db:
        choose_rule(db, race.viewers[0], COMPANY, needs_approval=True, now=NOW - timedelta(days=1))
    row_id = race.ask()

    def approve() -> bool:
        try:
            with race.database.write() as db:
                return approve_change(db, race.viewers[1], COMPANY, row_id, LATER) is not None
        except ChangeMoved:
            return False

    with ThreadPoolExecutor(2) as both:
        approved, stopped = both.submit(approve), both.submit(race.stop)
        assert stopped.result() is True
        assert approved.result() in {True, False}
    assert race.states() == [BankState.CANCELLED]
    assert apply_due_of_organisations(race.services, LATER + EFFECT_AFTER) == 0
