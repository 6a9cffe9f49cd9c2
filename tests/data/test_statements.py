"""Statements: what they hold for whom, numbers, revisions (R-22, R-72)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime

import msgspec
import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session
from stdnum import luhn

from portal.data.benefits import Method
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.data.statement_content import Content, statement_content
from portal.data.statement_periods import PeriodKind, between, month_of, period_of_code, year_of
from portal.data.statements import (
    NUMBER_ALPHABET,
    Files,
    Statement,
    draft_statement,
    find_file,
    find_statement,
    first_cover_day,
    issued_statements,
    last_issued,
    months_paid,
    new_number,
    store_statement,
    viewers_to_issue_for,
)
from portal.database import Database
from portal.insurer import Insurer
from portal.security import Keyring
from portal.settings import Settings
from portal.statements import NothingPaid, issue_statement
from tests.support import factories as make
from tests.support.evidence import viewer

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
OCTOBER = month_of(date(2026, 10, 5))
DAY = date(2026, 10, 5)
INSURER = Insurer(name="Mutuelle", address="1 rue A", phone="01", email="a@b.example", network="K")


def seen_by(person: Person) -> Viewer:
    return viewer(1, person.id)


@dataclass
class Family:
    """Anne, her spouse Paul (adult, private), her child Zoé, and what was paid to each on one day of October."""

    home: make.Household
    transfer: str

    @property
    def anne(self) -> Person:
        return self.home.member

    @property
    def paul(self) -> Person:
        return self.home["Paul"]


@pytest.fixture
def family(db: Session) -> Family:
    home = make.household(db, spouse="Paul", children={"Zoé": date(2015, 9, 3)})
    transfer = make.payment(db, home.member, paid_on=DAY, amount_cents=2700)
    for who in (home.member, home["Paul"], home["Zoé"]):
        make.line(
            db, home.contract, who, paid_by=transfer, care_date=date(2026, 9, 28), provider=f"Dr {who.first_name}"
        )
    third = make.payment(db, home.member, paid_on=DAY, method=Method.THIRD_PARTY, payee="Pharmacie secrète")
    make.line(db, home.contract, home["Paul"], paid_by=third, label="Traitement secret", provider="Pharmacie secrète")
    return Family(home, transfer.reference)


def content_for(db: Session, who: Person, period=OCTOBER) -> Content:
    return statement_content(db, seen_by(who), period, TODAY)


def test_member_reads_lines_by_payment_and_totals_that_add_up(db, family):
    content = content_for(db, family.anne)
    (payment,) = content.payments
    assert payment.reference == family.transfer
    assert [content.names()[line.person_id] for line in payment.lines] == ["Anne", "Zoé"]
    assert payment.totals.spent_cents == 6000
    assert content.totals.spent_cents == 6000
    assert content.line_count == 2
    totals = content.totals
    parts = (totals.base_net_cents, totals.supplementary_cents, totals.other_cover_cents, totals.remaining_cents)
    assert totals.spent_cents == sum(parts)


def test_member_sees_only_yearly_totals_of_an_adult_dependant(db, family):
    content = content_for(db, family.anne, year_of(DAY.year))
    paul = next(person for person in content.persons if person.name == "Paul")
    assert (paul.is_private, paul.line_count, paul.totals.spent_cents) == (True, 2, 6000)
    text = msgspec.json.encode(content).decode()
    assert "secret" not in text
    assert "Dr Paul" not in text


@pytest.mark.parametrize("period", [between(DAY, DAY), OCTOBER, between(DAY, DAY.replace(month=11))])
def test_less_than_a_year_tells_nothing_of_an_adult_dependant(db, family, period):
    """R-72: totals of a few lines would tell one of them."""
    content = content_for(db, family.anne, period)
    assert [person.name for person in content.persons] == ["Anne", "Zoé"]
    assert not any(person.is_private for person in content.persons)


def test_members_transfer_tells_what_it_holds_for_private_care(db, family):
    (payment,) = content_for(db, family.anne).payments
    assert payment.undetailed_cents == 900


def test_member_reads_the_lines_of_an_adult_dependant_who_shares_them(db, family):
    make.sharing(db, family.paul, family.anne)
    content = content_for(db, family.anne)
    assert not any(person.is_private for person in content.persons)
    assert sum(len(payment.lines) for payment in content.payments) == 4


def test_dependant_reads_own_lines_and_nothing_of_the_member(db, family):
    content = content_for(db, family.paul)
    assert [person.name for person in content.persons] == ["Paul"]
    assert content.totals.spent_cents == 6000
    transfer = next(payment for payment in content.payments if payment.reference == family.transfer)
    assert (transfer.payee, transfer.iban_masked, transfer.undetailed_cents) == ("", "", 0)
    assert len(transfer.lines) == 1


def test_stranger_reads_nothing(db, family):
    stranger = make.household(db, name="Autre").member
    content = content_for(db, stranger)
    assert (content.payments, content.persons, content.line_count) == ([], [], 0)


def test_account_of_nobody_has_no_statement(db):
    with pytest.raises(LookupError):
        statement_content(db, viewer(1, None), OCTOBER, TODAY)


@pytest.mark.parametrize(
    ("paid_on", "expected"),
    [(date(2026, 9, 30), 0), (date(2026, 10, 1), 1), (date(2026, 10, 31), 1), (date(2026, 11, 1), 0)],
)
def test_period_includes_both_its_days(db, paid_on, expected):
    home = make.household(db)
    make.paid_line(db, home.contract, posted_on=paid_on)
    assert content_for(db, home.member).line_count == expected


def test_line_that_waits_is_in_no_statement(db):
    home = make.household(db)
    make.line(db, home.contract, posted_on=DAY)
    assert content_for(db, home.member).line_count == 0


def test_persons_of_one_first_name_are_told_apart(db):
    home = make.household(db)
    namesake = make.person(db, "Anne", born=date(2014, 1, 1))
    make.cover(db, home.contract, namesake)
    make.paid_line(db, home.contract, home.member, posted_on=DAY)
    make.paid_line(db, home.contract, namesake, posted_on=DAY)
    assert {person.name for person in content_for(db, home.member).persons} == {"Anne (1980)", "Anne (2014)"}


def test_covers_are_those_of_the_period(db):
    member = make.person(db)
    make.contract(db, member, starts_on=date(2020, 1, 1), ends_on=date(2026, 9, 30))
    current = make.contract(db, member, starts_on=date(2026, 10, 1))
    assert [cover.contract_number for cover in content_for(db, member).covers] == [current.number]


# --- numbers and periods ---


def test_number_tells_its_month_and_catches_a_slip():
    number = new_number(date(2026, 10, 31))
    assert number.startswith("R-2026-10-")
    code = number.removeprefix("R-2026-10-")
    assert luhn.is_valid(code, NUMBER_ALPHABET)
    assert not luhn.is_valid(code[:-1] + ("2" if code[-1] != "2" else "3"), NUMBER_ALPHABET)


def test_numbers_do_not_repeat():
    assert len({new_number(DAY) for _ in range(500)}) == 500


def test_exact_month_and_year_are_the_monthly_and_annual_periods():
    assert between(date(2026, 2, 1), date(2026, 2, 28)) == month_of(date(2026, 2, 14))
    assert between(date(2025, 1, 1), date(2025, 12, 31)) == year_of(2025)
    assert between(date(2026, 2, 1), date(2026, 2, 27)).kind == PeriodKind.CUSTOM


@pytest.mark.parametrize(
    "code", ["", "2026-13", "2026-00", "0000", "0000-01", "9999-12", "٢٠٢٦", "2026-1", "x", "2026-10\n"]
)
def test_code_of_no_period_is_none(code):
    assert period_of_code(code) is None


# --- issuing ---


@dataclass
class Member:
    viewer: Viewer
    person: Person
    home: make.Household


@pytest.fixture
def member(database: Database) -> Member:
    with database.write() as db:
        home = make.household(db)
        make.paid_line(db, home.contract, posted_on=DAY)
    return Member(seen_by(home.member), home.member, home)


def issue(database: Database, viewer: Viewer, period=OCTOBER, seen: list | None = None):
    witnessed = seen if seen is not None else []
    return issue_statement(database, viewer, period, INSURER, NOW, lambda _, proof: witnessed.append(proof.split()[0]))


def file_of(database: Database, viewer: Viewer, statement_id: int, kind: str = "pdf"):
    with database.read() as db:
        return find_file(db, viewer, statement_id, kind)


def test_statement_is_issued_once_with_one_witness(database, member):
    witnessed: list[str] = []
    first, is_new = issue(database, member.viewer, seen=witnessed)
    again, is_new_again = issue(database, member.viewer, seen=witnessed)
    assert (is_new, is_new_again) == (True, False)
    assert again == first
    assert witnessed == [first.number]


def test_statement_keeps_its_bytes_when_lines_come_in_and_a_revision_replaces_it(database, member):
    first, _ = issue(database, member.viewer)
    before = file_of(database, member.viewer, first.id)
    with database.write() as db:
        make.paid_line(db, member.home.contract, posted_on=DAY)
    second, is_new = issue(database, member.viewer)
    assert is_new
    assert (second.revision, second.replaces) == (2, first.number)
    assert second.number != first.number
    assert file_of(database, member.viewer, first.id) == before
    with database.read() as db:
        assert [row.number for row in issued_statements(db, member.viewer)] == [second.number, first.number]


def test_change_of_name_makes_no_revision(database, member):
    first, _ = issue(database, member.viewer)
    with database.write() as db:
        db.get_one(Person, member.person.id).last_name = "Autrement"
    assert issue(database, member.viewer) == (first, False)


def test_stored_content_is_what_was_issued(database, member):
    first, _ = issue(database, member.viewer)
    with database.read() as db:
        issued, content = find_statement(db, member.viewer, first.id)
    assert issued == first
    assert content.digest() == first.content_digest
    assert content.totals.reimbursed_cents == first.reimbursed_cents == 2800


def test_period_without_payment_is_refused(database, member):
    with pytest.raises(NothingPaid):
        issue(database, member.viewer, month_of(date(2026, 8, 1)))


def test_foreign_statement_does_not_exist(database, member):
    issued, _ = issue(database, member.viewer)
    with database.write() as db:
        stranger = seen_by(make.household(db, name="Autre").member)
    with database.read() as db:
        assert find_statement(db, stranger, issued.id) is None
        assert find_file(db, stranger, issued.id, "pdf") is None
        assert issued_statements(db, stranger) == []


def test_draft_that_came_second_is_not_stored(database, member):
    with database.read() as db:
        content = statement_content(db, member.viewer, OCTOBER, TODAY)
    late = draft_statement(content, None, NOW)
    issue(database, member.viewer)
    with database.write() as db:
        assert store_statement(db, member.viewer, late, Files(b"pdf", b"csv")) is None
    with database.read() as db:
        assert last_issued(db, member.viewer, OCTOBER).revision == 1


def test_two_requests_at_once_issue_one_statement(database, member):
    witnessed: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: issue(database, member.viewer, seen=witnessed), range(4)))
    assert {issued.number for issued, _ in done} == set(witnessed)
    assert [is_new for _, is_new in done].count(True) == 1
    with database.read() as db:
        assert len(issued_statements(db, member.viewer)) == 1


def test_months_count_only_what_may_be_read(db, family):
    """R-72: the difference with the list would tell a private line."""
    months = months_paid(db, seen_by(family.anne), TODAY)
    assert months == {date(2026, 10, 1): (2, 2 * 2800, 2 * 900)}
    assert months_paid(db, seen_by(family.paul), TODAY) == {date(2026, 10, 1): (2, 2 * 2800, 2 * 900)}


def test_first_cover_day_is_the_earliest_under_the_members_contract(db, family):
    assert first_cover_day(db, seen_by(family.anne)) == make.COVERED_SINCE
    assert first_cover_day(db, seen_by(make.person(db, "Personne"))) is None


def test_batch_serves_usable_accounts_of_covered_persons_only(db, settings: Settings):
    keyring = Keyring(settings)
    home, account = make.member_with_account(db, keyring, spouse="Paul")
    suspended = make.dependant_account(db, keyring, home["Paul"])
    make.suspend(db, suspended)
    make.desk_account(db, keyring)
    assert [viewer.account_id for viewer in viewers_to_issue_for(db)] == [account.id]
    assert [viewer.person_id for viewer in viewers_to_issue_for(db, account.identifier)] == [home.member.id]
    assert list(viewers_to_issue_for(db, suspended.identifier)) == []


def test_database_refuses_to_change_an_issued_statement(database, member):
    """R-22: same number, same bytes, whoever asks."""
    issued, _ = issue(database, member.viewer)
    with pytest.raises(DBAPIError, match="never changes"), database.write() as db:
        db.get_one(Statement, issued.id).number = "R-2026-10-000000"
