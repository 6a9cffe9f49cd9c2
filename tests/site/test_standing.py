"""Two years of reading after the end of cover (R-64, B17): to the second, in Paris time, for every kind of account."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest

from portal.data.accounts import Role, Space
from portal.data.coverage import Relationship
from portal.data.organisations import Agreement, Company, GroupContract, Provider
from portal.data.persons import Person
from portal.data.sessions import find_viewer
from portal.data.standing import Standing, reading_until
from portal.formatting import PARIS, long_date, today
from portal.grants import GRANTS, STANDINGS, Permission
from portal.permissions import Requires, policy_of
from portal.security import Keyring
from tests.support import factories
from tests.support.entry import ask, enter, send
from tests.support.html import text_of

SECOND = timedelta(seconds=1)


def midnight_after(day: date) -> datetime:
    """The first instant of the next day in Paris."""
    return datetime.combine(day + timedelta(days=1), time(), PARIS).astimezone(UTC)


def member_until(db, keyring, ended_on: date):
    who = factories.person(db)
    factories.contract(db, who, ends_on=ended_on)
    return factories.member_account(db, keyring, who)


def dependant_until(db, keyring, ended_on: date):
    """Left the contract, which goes on."""
    family = factories.household(db)
    child = factories.person(db, "Paul", born=date(2000, 1, 1))
    factories.cover(db, family.contract, child, Relationship.CHILD, valid_to=ended_on)
    return factories.dependant_account(db, keyring, child)


def dependant_of_an_ended_contract(db, keyring, ended_on: date):
    """Nobody closed the dependant's own line: the contract's end counts."""
    family = factories.household(db, ends_on=ended_on)
    child = factories.person(db, "Paul", born=date(2000, 1, 1))
    factories.cover(db, family.contract, child, Relationship.CHILD)
    return factories.dependant_account(db, keyring, child)


def representative_until(db, keyring, ended_on: date):
    who = factories.person(db, "Lou", born=factories.MINOR_BIRTH)
    factories.contract(db, who, ends_on=ended_on)
    return factories.account(db, keyring, Space.MEMBER, Role.REPRESENTATIVE, of=who)


def employer_until(db, keyring, ended_on: date):
    company = Company(siret="73282932000074", name="Ateliers Exemple")
    db.add(company)
    db.flush()
    db.add(
        GroupContract(
            number="G1", company_id=company.id, signatory_last_name="Essai", signatory_first_name="Anne",
            starts_on=date(2015, 1, 1), ends_on=ended_on,
        )
    )  # fmt: skip
    return factories.employer_account(db, keyring, company_id=company.id)


def provider_until(db, keyring, ended_on: date):
    provider = Provider(national_id="10003000000", profession="opticien", name="Optique Exemple")
    db.add(provider)
    db.flush()
    db.add(Agreement(number="A1", provider_id=provider.id, starts_on=date(2015, 1, 1), ends_on=ended_on))
    return factories.provider_account(db, keyring, provider_id=provider.id)


KINDS = [
    member_until,
    dependant_until,
    dependant_of_an_ended_contract,
    representative_until,
    employer_until,
    provider_until,
]
# A common day, 29 February, the days on which Paris changes its clocks, the last day of a year.
ENDS = [date(2024, 3, 10), date(2024, 2, 29), date(2024, 3, 31), date(2023, 10, 29), date(2023, 12, 31)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ended_on", ENDS, ids=str)
def test_account_is_active_then_reads_then_closes_to_the_second(db, settings, kind, ended_on) -> None:
    account = kind(db, Keyring(settings), ended_on)
    last = reading_until(ended_on)
    moments = {
        midnight_after(ended_on) - SECOND: Standing.ACTIVE,
        midnight_after(ended_on) + SECOND: Standing.ENDED,
        midnight_after(last) - SECOND: Standing.ENDED,
        midnight_after(last): None,
        midnight_after(last) + SECOND: None,
    }
    for now, wanted in moments.items():
        viewer = find_viewer(db, factories.session_token(db, account, now=now), now)
        assert (viewer and viewer.standing) == wanted, now
        assert (viewer and viewer.ended_on) == (ended_on if wanted is Standing.ENDED else None)


@pytest.mark.parametrize(
    ("ended_on", "last"),
    [
        (date(2024, 2, 29), date(2026, 2, 28)),
        (date(2022, 2, 28), date(2024, 2, 28)),
        (date(2026, 2, 28), date(2028, 2, 28)),
        (date(2025, 12, 31), date(2027, 12, 31)),
    ],
)
def test_last_day_of_reading_is_two_years_on(ended_on, last) -> None:
    """29 February gives 28 February; 28 February stays, also before a leap year's 29."""
    assert reading_until(ended_on) == last


def test_new_cover_ends_the_reading_period(db, settings) -> None:
    """Whoever comes back to another contract is active again, and counts from that one."""
    account = member_until(db, Keyring(settings), date(2024, 3, 10))
    now = midnight_after(date(2024, 6, 1))
    factories.contract(db, db.get_one(Person, account.person_id), starts_on=date(2024, 6, 1))
    viewer = find_viewer(db, factories.session_token(db, account, now=now), now)
    assert viewer is not None
    assert viewer.standing is Standing.ACTIVE


class TestPages:
    @pytest.fixture
    def ended_on(self) -> date:
        return today() - timedelta(days=400)

    @pytest.fixture
    def _leaver(self, client, ended_on):
        with client.services.database.write() as db:
            account = member_until(db, client.services.keyring, ended_on)
        enter(client, account)

    @pytest.mark.usefixtures("_leaver")
    @pytest.mark.parametrize("path", ["/adherent", "/adherent/prestations", "/adherent/releves", "/compte", "/aide"])
    def test_every_page_shows_the_end_and_the_last_day(self, client, ended_on, path) -> None:
        shown = text_of(client.get(path).one("main"))
        assert client.status == 200
        assert long_date(ended_on) in shown
        assert long_date(reading_until(ended_on)) in shown

    @pytest.mark.usefixtures("_leaver")
    def test_every_write_that_reading_excludes_is_refused_with_reason_and_date(self, client, ended_on) -> None:
        """The whole route table: what a member may post, and reading does not allow."""
        excluded = _excluded_posts(client, Role.MEMBER)
        assert excluded
        for path in excluded:
            answer = send(client, path, {"x": "1"}, form_at="/adherent")
            assert answer.status_code == 403, path
            if path.startswith("/fragments/"):
                continue  # a bare status: the page that holds it says why
            assert long_date(ended_on) in answer.text, path
            assert long_date(reading_until(ended_on)) in answer.text, path

    def test_employer_whose_contract_ended_reads_its_own_words(self, client, ended_on) -> None:
        with client.services.database.write() as db:
            account = employer_until(db, client.services.keyring, ended_on)
        enter(client, account)
        assert "Votre contrat collectif a pris fin" in text_of(client.get("/employeur").one("main"))
        (path, *_) = _excluded_posts(client, Role.SIGNATORY)
        answer = send(client, path, {"x": "1"}, form_at="/employeur")
        assert answer.status_code == 403
        assert "Votre contrat collectif" in answer.text

    def test_active_member_reads_no_notice(self, client) -> None:
        with client.services.database.write() as db:
            account = factories.member_with_account(db, client.services.keyring)[1]
        enter(client, account)
        assert "a pris fin" not in text_of(client.get("/adherent").one("main"))

    def test_after_two_years_the_session_opens_nothing(self, client) -> None:
        with client.services.database.write() as db:
            account = member_until(db, client.services.keyring, today() - timedelta(days=2 * 366 + 1))
        enter(client, account)
        assert ask(client, "/adherent").headers["location"].startswith("/connexion")


def _excluded_posts(client, role: Role) -> list[str]:
    """Paths that the role may post to, but not after the end of cover."""
    kept = STANDINGS[Standing.ENDED]
    found = []
    for route in client.app.routes:
        for handler in route.route_handlers:
            policy = policy_of(handler)
            if "POST" in handler.http_methods and isinstance(policy, Requires):
                asked: Permission = policy.permission
                if asked in GRANTS[role] and asked not in kept:
                    found.append(re.sub(r"\{[^}]+\}", "x", route.path))
    return found
