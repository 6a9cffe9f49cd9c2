"""The retention schedule (R-71): every rule at the very edge of its period, and every table decided on."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from portal import publication_jobs
from portal.data import (
    email_codes,
    invitation_upkeep,
    known_browsers,
    outbox,
    proposal_upkeep,
    rights_traces,
    throttling,
)
from portal.data.cases import CaseKind, CaseState
from portal.data.personal_data import NOT_HELD
from portal.data.retention_accounts import ACCOUNTS
from portal.data.retention_cases import CASES, OF_WORK
from portal.data.retention_engine import BATCH, count_due, forget_due, keys_due, undecided
from portal.data.retention_exempt import EXEMPT
from portal.data.retention_holds import RetentionHold, lift_hold, place_hold
from portal.data.retention_plans import PLANS
from portal.data.retention_schedule import period_of, rules_on
from portal.data.tables import metadata
from portal.staff_import_jobs import KEPT_FOR
from tests.support import factories
from tests.support.retention import FITTING, NOW, OLD, WRITTEN_ONCE, World, displace, is_of_days, moments, place

# The account that every world has.
IN_PLACE = {"accounts-unopened", "accounts-left"}
RULES = {rule.code: rule for rule in rules_on(NOW.date())}
# Rules that forget by deleting rows themselves; accounts, and what jobs of their own do, have their tests elsewhere.
COUNTED = {"email-codes", "sign-in-attempts", "known-browsers", "rights-traces", "letter-contents", "letters"}
COUNTED |= {"decision-drafts", "publication-files"}
COUNTED |= {"invitation-answers", "invitations", "employee-files", "account-deletions", *ACCOUNTS}
EDGES = [(code, index) for code, plans in PLANS.items() for index in range(len(plans)) if code != "accounts-ended"]


@pytest.fixture
def world(db, keyring) -> World:
    who = factories.person(db, "Zoé")
    account = factories.member_account(db, keyring, who)
    db.flush()
    return World(db, account.id, who.id)


@pytest.mark.parametrize(("code", "index"), EDGES)
def test_row_is_kept_until_its_period_ends_and_forgotten_at_that_second(world, db, code, index) -> None:
    """R-71: just inside, just past; then nothing is due, and no key points at nothing."""
    rule, plan = RULES[code], PLANS[code][index]
    kept, past = moments(rule, is_day=is_of_days(plan))
    if code in IN_PLACE:
        displace(db, plan, code, kept)
    else:
        place(world, plan, code, kept)
    assert count_due(db, plan, rule.period, NOW).rows == 0
    if code in WRITTEN_ONCE:
        place(world, plan, code, past)
    else:
        displace(db, plan, code, past)
    due = count_due(db, plan, rule.period, NOW)
    assert (due.rows, due.oldest) == (1, past)
    if code not in COUNTED:
        _is_forgotten_once(db, rule, plan)


def _forgotten(db, plan, rule, most: int = BATCH) -> int:
    """How many rows the next batch forgets."""
    return forget_due(db, plan, rule.period, NOW, keys_due(db, plan, rule.period, NOW, most)).rows


def _is_forgotten_once(db, rule, plan) -> None:
    before = db.execute(select(func.count()).select_from(plan.table)).scalar_one()
    assert [_forgotten(db, plan, rule) for _ in range(2)] == [1, 0]
    after = db.execute(select(func.count()).select_from(plan.table)).scalar_one()
    assert before - after == (0 if plan.blank else 1)
    if db.get_bind().dialect.name == "sqlite":
        assert db.execute(text("PRAGMA foreign_key_check")).all() == []


def test_every_rule_has_a_plan_and_every_plan_a_rule() -> None:
    assert set(RULES) == set(PLANS)


def test_every_table_has_a_rule_or_a_reason_to_have_none() -> None:
    """A new table fails here, until somebody has decided when its rows are forgotten."""
    plans = [plan for each in PLANS.values() for plan in each]
    sweeps = [sweep for plan in plans for sweep in plan.sweeps]
    covered = {plan.table.name for plan in plans} | {name for plan in plans for name in plan.along}
    covered |= {sweep.table.name for sweep in sweeps} | {name for sweep in sweeps for name in sweep.along}
    reasons = set(EXEMPT) | set(NOT_HELD)
    assert sorted(set(metadata.tables) - covered - reasons) == []
    assert set(EXEMPT) <= set(metadata.tables)


@pytest.mark.parametrize("code", PLANS)
def test_each_plan_decides_on_every_key_that_leads_to_what_it_deletes(code) -> None:
    assert [undecided(plan) for plan in PLANS[code] if code not in COUNTED] == [
        set() for _ in PLANS[code] if code not in COUNTED
    ]


def test_schedule_says_what_jobs_of_their_own_do_to_the_day() -> None:
    """One table tells; what stands in code for other reasons must say the same."""
    said = {code: RULES[code].period.span for code in RULES}
    assert said["email-codes"] == email_codes.LIFE
    assert said["sign-in-attempts"] == throttling.STALE_AFTER
    assert said["known-browsers"] == known_browsers.FORGOTTEN_AFTER
    assert said["rights-traces"] == rights_traces.KEPT
    assert said["letter-contents"] == outbox.REFUSED_CONTENT_KEPT
    assert said["letters"] == outbox.ROWS_KEPT
    assert said["invitation-answers"] == invitation_upkeep.DRAFTS_KEPT
    assert said["invitations"] == invitation_upkeep.ABANDONED_KEPT
    assert said["employee-files"] == KEPT_FOR
    assert said["publication-files"] == publication_jobs.KEPT_FOR
    assert said["decision-drafts"] == proposal_upkeep.KEPT_FOR


@pytest.mark.parametrize("kind", CaseKind)
def test_request_of_every_kind_is_forgotten_by_exactly_one_rule(world, db, kind) -> None:
    """A new kind fails here, until somebody has decided how long its requests are kept."""
    _old_case(world, kind=kind)
    due = {code for code, (plan, *_) in CASES.items() if count_due(db, plan, RULES[code].period, NOW).rows}
    assert len(due) == 1


def test_work_of_the_desk_goes_with_its_request(world, db) -> None:
    """Notes, steps, who was at it, what was told of its clock, the decision and its calculation."""
    _old_case(world)
    work = OF_WORK | {"decision_proposal", "valuation_draft", "valued_line"}
    for table in metadata.sorted_tables:
        if table.name in work:
            world.row(table)
    assert _forgotten(db, PLANS["complaints"][0], RULES["complaints"]) == 1
    assert {name: _rows_of(db, name) for name in work} == dict.fromkeys(work, 0)


def test_account_that_received_a_transfer_is_kept_with_its_order(world, db) -> None:
    """R-71: an accounting document of ten years, beyond the five of an account that was replaced."""
    plan, rule = PLANS["bank-details-replaced"][0], RULES["bank-details-replaced"]
    place(world, plan, rule.code, NOW - timedelta(days=3000))
    first = db.execute(select(func.min(plan.table.c.id))).scalar_one()
    assert count_due(db, plan, rule.period, NOW).rows == 1
    world.row(metadata.tables["payment_order"], bank_details_id=first)
    assert count_due(db, plan, rule.period, NOW).rows == 0


def test_line_whose_money_is_still_owed_is_never_forgotten(world, db) -> None:
    plan, rule = PLANS["benefit-lines"][0], RULES["benefit-lines"]
    place(world, plan, rule.code, date(2001, 1, 1))
    assert count_due(db, plan, rule.period, NOW).rows == 1
    world.row(metadata.tables["payment_due"])
    assert count_due(db, plan, rule.period, NOW).rows == 0


def _rows_of(db, name: str) -> int:
    return db.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()


@pytest.mark.parametrize("wrong", ["", "P", "2 ans", "P1Y30D", "P0D", "PT0M"])
def test_period_that_means_nothing_is_refused_when_read(wrong) -> None:
    with pytest.raises(ValueError, match="no duration"):
        period_of(wrong)


def test_months_are_those_of_the_calendar_in_france() -> None:
    """29 February and the change of hour, which a number of days would miss."""
    assert period_of("P1Y").day_before(datetime(2029, 2, 28, 23, 30, tzinfo=UTC)) == date(2028, 3, 1)
    before = period_of("P6M").before(datetime(2026, 9, 1, 10, tzinfo=UTC))
    assert before == datetime(2026, 3, 1, 11, tzinfo=UTC)


def _old_case(world: World, **values):
    old = NOW - timedelta(days=7000)
    known = {"kind": CaseKind.COMPLAINT, "state": CaseState.CLOSED, "changed_at": old}
    return world.row(metadata.tables["case_file"], **known | values)


def _due_complaints(db) -> int:
    return count_due(db, PLANS["complaints"][0], RULES["complaints"].period, NOW).rows


@pytest.mark.parametrize("state", [CaseState.SENT, CaseState.IN_REVIEW, CaseState.INCOMPLETE])
def test_open_case_is_never_due_and_keeps_all_of_its_persons(world, db, state) -> None:
    """A dispute under way keeps what it may be about."""
    _old_case(world)
    assert _due_complaints(db) == 1
    world.row(metadata.tables["case_file"], kind=CaseKind.MESSAGE, state=state, changed_at=NOW)
    assert _due_complaints(db) == 0


def test_data_that_may_only_be_kept_is_kept_until_the_restriction_ends(world, db) -> None:
    """GDPR, article 18.2: whoever restricted the use of the data opposed its erasure as well."""
    _old_case(world)
    restrictions = metadata.tables["processing_restriction"]
    world.row(restrictions, ended_at=None)
    assert _due_complaints(db) == 0
    db.execute(restrictions.update().values(ended_at=NOW))
    assert _due_complaints(db) == 1


def test_hold_keeps_everything_until_it_is_lifted(world, db, keyring) -> None:
    supervisor = factories.desk_account(db, keyring, is_supervisor=True)
    viewer = factories.viewer_of(db, supervisor)
    account = db.get_one(factories.Account, world.account_id)
    _old_case(world)
    assert place_hold(db, viewer, keyring, account, "Procédure au tribunal.", NOW)
    assert not place_hold(db, viewer, keyring, account, "Encore.", NOW)
    assert _due_complaints(db) == 0
    assert _forgotten(db, PLANS["complaints"][0], RULES["complaints"]) == 0
    assert lift_hold(db, viewer, account, NOW)
    assert not lift_hold(db, viewer, account, NOW)
    assert _due_complaints(db) == 1
    assert db.execute(select(func.count()).select_from(RetentionHold)).scalar_one() == 1


def _hold(db, person_id: int) -> None:
    db.add(RetentionHold(person_id=person_id, reason_encrypted=b"x", placed_at=NOW))
    db.flush()


def _due(db, code: str) -> list[int]:
    return [count_due(db, plan, RULES[code].period, NOW).rows for plan in PLANS[code]]


def test_hold_keeps_who_read_the_person_for_as_long(world, db) -> None:
    """What proves who saw somebody's data is about that person, whoever acted and for whom."""
    for number in (1, 2):
        acted = {"actor": None, "acting_for": None, "at": OLD}
        seq = world.row(metadata.tables["evidence"], seq=number, **acted)
        world.row(metadata.tables["evidence_detail"], seq=seq)
    db.execute(metadata.tables["evidence_person"].insert().values(seq=1, person_id=world.made["person"]))
    assert _due(db, "evidence-details") == [2]
    _hold(db, world.made["person"])
    assert _due(db, "evidence-details") == [1]


@pytest.mark.parametrize("code", ["letters", "letter-contents"])
def test_hold_keeps_the_letters_of_an_account(world, db, code) -> None:
    world.row(metadata.tables["outgoing_mail"], sent_at=None, refused_at=OLD)
    assert _due(db, code) == [1]
    _hold(db, world.made["person"])
    assert _due(db, code) == [0]
    outbox.forget_letters(db, NOW)
    letter = db.execute(metadata.tables["outgoing_mail"].select()).one()
    assert letter.content_encrypted is not None
    db.execute(metadata.tables["retention_hold"].update().values(lifted_at=NOW))
    outbox.forget_letters(db, NOW)
    assert _rows_of(db, "outgoing_mail") == 0


def test_hold_on_a_dependant_keeps_the_cover_and_its_contract(world, db) -> None:
    """The contract is the member's, the cover is the dependant's, and goes with it."""
    family = factories.household(db, spouse="Paul")
    db.execute(metadata.tables["contract"].update().values(ends_on=OLD.date()))
    assert _due(db, "contracts") == [1]
    _hold(db, family["Paul"].id)
    assert _due(db, "contracts") == [0]
    db.execute(metadata.tables["retention_hold"].update().values(lifted_at=NOW))
    assert _due(db, "contracts") == [1]


def test_line_that_a_kept_complaint_names_stays_with_it(world, db) -> None:
    line = metadata.tables["benefit_line"]
    world.row(line, posted_on=date(2001, 1, 1), care_date=date(2001, 1, 1), **FITTING["benefit-lines"])
    plan, rule = PLANS["benefit-lines"][0], RULES["benefit-lines"]
    assert count_due(db, plan, rule.period, NOW).rows == 1
    world.row(metadata.tables["case_file"], kind=CaseKind.COMPLAINT, state=CaseState.CLOSED, changed_at=NOW)
    world.row(metadata.tables["complaint"])
    assert count_due(db, plan, rule.period, NOW).rows == 0


def test_batches_go_on_where_the_one_before_stopped(world, db) -> None:
    for _ in range(5):
        _old_case(world)
    plan, rule = PLANS["complaints"][0], RULES["complaints"]
    assert [_forgotten(db, plan, rule, most=2) for _ in range(4)] == [2, 2, 1, 0]


def test_row_that_was_taken_up_since_it_was_found_is_kept(world, db) -> None:
    """Between the search and the writing somebody writes in one of the two: that one is not due any more."""
    first, second = _old_case(world), _old_case(world)
    plan, rule = PLANS["complaints"][0], RULES["complaints"]
    keys = keys_due(db, plan, rule.period, NOW)
    assert keys == [(first,), (second,)]
    cases = metadata.tables["case_file"]
    db.execute(cases.update().where(cases.c.id == first).values(changed_at=NOW))
    assert forget_due(db, plan, rule.period, NOW, keys).rows == 1
    assert list(db.execute(select(cases.c.id)).scalars()) == [first]
