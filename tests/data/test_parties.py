"""Nobody at the desk reads or decides what is theirs or their family's (R-72), with accounts that name no person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal.data.accounts import Role, Space
from portal.data.bank_desk import Change, Whose, is_own
from portal.data.cases import CaseKind, CaseState, begin_case, move_case
from portal.data.complaints import Complaint, Contact
from portal.data.desk_board import board_of
from portal.data.desk_cases import case_at_desk
from portal.data.households import is_near_to
from portal.data.onboarding import open_account
from portal.data.open_complaints import complain_without_account, hash_addresses
from portal.data.parties import is_party, is_party_to_item, items_near
from portal.data.sign_up import Applicant
from portal.data.work_acts import find_item, take_next
from portal.data.work_items import WorkItem
from portal.data.work_presence import be_present, open_now
from portal.data.work_queue import QueueFilters, queue_counts, queue_page, queue_rows
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


@pytest.fixture
def near_and_far(db, keyring, family, author):
    """Rows of the queue: by account, by person, by an address that was left, a fraud; then a stranger's of each."""
    stranger = factories.member_with_account(db, keyring)[1]
    child = begin_case(db, factories.viewer_of(db, stranger), CaseKind.CLAIM, NOW, person_id=family["Paul"].id)
    held = begin_case(db, factories.viewer_of(db, stranger), CaseKind.CLAIM, NOW, member_id=family.member.id)
    for case in (child, held):
        move_case(db, case, CaseState.SENT, NOW, by=None)
    near = [
        work.sent_case(db, author, NOW),
        work.item_of(db, child),
        work.item_of(db, held),
        left(db, keyring, "Paul@famille.example"),
        work.fraud_item(db, keyring, author.account_id, NOW),
    ]
    other = factories.viewer_of(db, stranger)
    far = [work.sent_case(db, other, NOW), left(db, keyring, "lea@chez.example")]
    return near, [*far, work.fraud_item(db, keyring, other.account_id, NOW)]


def left(db, keyring, email: str) -> WorkItem:
    """The row of a complaint by somebody without an account."""
    said = replace(conversations.SAID, text=f"Une réclamation de {email}, sans compte.")
    return work.item_of(db, complain_without_account(db, keyring, said, Contact("Paul", email), Space.MEMBER, NOW))


def ids(items) -> list[int]:
    return sorted(item.id for item in items)


def test_agent_neither_lists_counts_nor_finds_what_is_a_relative_s(db, keyring, agent, near_and_far) -> None:
    """R-72: the queue, its counts, a reference, chosen rows, what colleagues have open, the board, the next one."""
    near, far = near_and_far
    viewer = factories.viewer_of(db, db.get_one(factories.Account, agent("paul@famille.example")))
    page = queue_page(db, viewer, keyring, QueueFilters(), NOW)
    assert sorted(row.id for row in page.rows) == ids(far)
    assert queue_counts(db, viewer, keyring, [QueueFilters(), QueueFilters(kind=CaseKind.CLAIM)], NOW) == [3, 0]
    for item in near:
        reference = QueueFilters(reference=work.case_of(db, item).reference) if item.case_id else QueueFilters(kind="x")
        assert queue_page(db, viewer, keyring, reference, NOW).rows == ()
        assert queue_page(db, viewer, keyring, QueueFilters(), NOW, after=item.id) is None
        assert find_item(db, viewer, keyring, item.id) is None
    assert [row.id for row in queue_rows(db, viewer, keyring, ids([*near, far[0]]))] == [far[0].id]
    assert board_of(db, viewer, keyring, NOW).total.waiting == len(far)
    colleague = factories.viewer_of(db, factories.desk_account(db, keyring, is_supervisor=True))
    for item in (*near, far[0]):
        be_present(db, colleague, item, NOW)
    assert [found.id for found, _ in open_now(db, viewer, keyring, NOW)] == [far[0].id]
    assert {take_next(db, viewer, keyring, NOW).id for _ in far} == set(ids(far))
    assert take_next(db, viewer, keyring, NOW) is None


@pytest.mark.parametrize("email", ["PAUL@famille.example", "anne@famille.example", "camille@mutuelle.example", ""])
def test_rule_of_one_request_and_of_all_of_them_is_one(db, keyring, agent, near_and_far, email) -> None:
    agent_id = agent(email)
    everything = db.exec(select(WorkItem).order_by(WorkItem.id)).all()
    asked = [item.id for item in everything if is_party_to_item(db, keyring, agent_id, item)]
    assert list(items_near(db, keyring, agent_id)) == asked
    assert bool(asked) is email.endswith("famille.example")


def test_complaint_of_before_the_hashes_is_an_agent_s_own_once_migrated(db, keyring, agent) -> None:
    """A migration has no key: the command fills what it left empty, once."""
    item, agent_id = left(db, keyring, "Camille@Chez.example"), agent("camille@chez.example")
    row = db.get_one(Complaint, item.case_id)
    row.contact_lookup = None
    db.flush()
    assert items_near(db, keyring, agent_id) == ()
    assert (hash_addresses(db, keyring), hash_addresses(db, keyring)) == (1, 0)
    assert items_near(db, keyring, agent_id) == (item.id,)


class _Asked:
    """A change that an account asked for, and nobody approved yet."""

    def __init__(self, asked_by: int) -> None:
        self.asked_by, self.approved_by = asked_by, None
