"""Nobody at the desk reads or decides what is theirs or their family's (R-72), with accounts that name no person."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.data.accounts import Role, Space
from portal.data.bank_desk import Change, Whose, is_own
from portal.data.cases import CaseKind, begin_case
from portal.data.complaints import Contact
from portal.data.desk_cases import case_at_desk
from portal.data.households import is_near_to
from portal.data.onboarding import open_account
from portal.data.open_complaints import complain_without_account
from portal.data.parties import is_party, is_party_to_item
from portal.data.sign_up import Applicant
from tests.support import conversations, factories, work

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def family(db):
    made = factories.household(db, spouse="Paul")
    made["Paul"].email = "Paul@Famille.example"
    db.flush()
    return made


@pytest.fixture
def author(db, keyring, family):
    return factories.viewer_of(db, factories.member_account(db, keyring, family.member, email="anne@famille.example"))


@pytest.fixture
def agent(db, keyring):
    """Opens an account of the desk as `portal account create-agent` does, for an address."""

    def opened(email: str) -> int:
        applicant = Applicant(Space.DESK, Role.SUPERVISOR, "Camille Roux", email)
        made = open_account(db, keyring, applicant, email, factories.password_hash(), NOW)
        assert made.person_id is None
        return made.id or 0

    return opened


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("ANNE@famille.example", True),
        ("paul@famille.example", True),
        ("camille@mutuelle.example", False),
        ("", False),
    ],
)
def test_agent_without_a_person_is_party_by_the_addresses_of_the_household(
    db, keyring, author, agent, email, expected
) -> None:
    """R-72: a message names neither member nor person; its author's person tells the family."""
    case, agent_id = begin_case(db, author, CaseKind.MESSAGE, NOW), agent(email)
    assert case.member_id is None
    assert is_party(db, keyring, agent_id, case) is expected


def test_agent_finds_no_case_of_the_spouse_whom_only_an_address_tells(db, keyring, author, agent) -> None:
    item = work.sent_case(db, author, NOW)
    for email, is_open in (("paul@famille.example", False), ("camille@mutuelle.example", True)):
        viewer = factories.viewer_of(db, db.get_one(factories.Account, agent(email)))
        assert (case_at_desk(db, viewer, keyring, item.id or 0) is not None) is is_open


def test_agent_who_complained_without_an_account_is_party_to_it(db, keyring, agent) -> None:
    said, contact = conversations.SAID, Contact("Camille", "Camille@Chez.example")
    case = complain_without_account(db, keyring, said, contact, Space.MEMBER, NOW)
    assert is_party(db, keyring, agent("camille@chez.example"), case)
    assert not is_party(db, keyring, agent("jeanne@chez.example"), case)
    assert not is_party(db, keyring, agent(""), case)


def test_agent_is_party_to_the_fraud_report_of_a_relative(db, keyring, author, agent) -> None:
    item = work.fraud_item(db, keyring, author.account_id, NOW)
    assert is_party_to_item(db, keyring, agent("paul@famille.example"), item)
    assert not is_party_to_item(db, keyring, agent("camille@mutuelle.example"), item)


def test_agent_does_not_stop_the_bank_change_of_a_relative_nor_what_their_account_asked(
    db, keyring, family, author, agent
) -> None:
    relative, stranger = (
        factories.viewer_of(db, db.get_one(factories.Account, agent(email)))
        for email in ("paul@famille.example", "camille@mutuelle.example")
    )
    of_member = Change(Whose.MEMBER, None, family.member.id or 0, "Anne", "", is_blocked=False)
    assert [is_own(db, each, of_member) for each in (relative, stranger)] == [True, False]
    asked = _Asked(author.account_id)
    of_company = Change(Whose.COMPANY, asked, 1, "Société", "", is_blocked=False)
    own = factories.viewer_of(db, db.get_one(factories.Account, agent("anne@famille.example")))
    assert [is_own(db, each, of_company) for each in (own, stranger)] == [True, False]


def test_former_contract_tells_a_household_too(db, family, agent) -> None:
    """Whoever was covered together stays near: nobody decides for a former spouse."""
    family.contract.ends_on = NOW.date() - timedelta(days=400)
    db.flush()
    assert is_near_to(db, agent("paul@famille.example"), persons={family.member.id}, accounts=())


class _Asked:
    """A change that an account asked for, and nobody approved yet."""

    def __init__(self, asked_by: int) -> None:
        self.asked_by, self.approved_by = asked_by, None
