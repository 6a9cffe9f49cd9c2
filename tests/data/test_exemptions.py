"""Exemptions asked, decided, renewed, ended, taken back, reminded of (R-30, domain 3.5)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from portal.data import affiliating, departing
from portal.data.accounts import Account
from portal.data.cases import WrongState
from portal.data.employee_acts import Refused, undo_event
from portal.data.employees import Employee, EmployeeEvent, PeriodKind, events_of, periods_of
from portal.data.exempting import accept_exemption, cancel_exemption, end_exemption, record_exemption, refuse_exemption
from portal.data.exemption_gaps import undocumented
from portal.data.exemption_grounds import ExemptionGround, GroundKind, OpenedExemption, ground_open, grounds_open
from portal.data.exemption_pieces import add_files, missing_slots, remove_file
from portal.data.exemption_register import (
    RegisterFilters,
    Shown,
    Standing,
    count_shown,
    export_register,
    register_page,
    register_row,
)
from portal.data.exemption_reminders import companies_to_remind, take_due
from portal.data.exemption_rows import (
    EVIDENCE,
    REQUEST,
    EndCause,
    Exemption,
    ExemptionPiece,
    ExemptionState,
    ExemptionStep,
    Origin,
)
from portal.data.exemptions import (
    ExemptionMoved,
    accepted_of,
    ask_exemption,
    find_exemption,
    ground_of,
    lock_exemption,
    open_request,
)
from portal.data.files import NewFile
from portal.data.leaving_rules import LeavingReason
from portal.data.reversal import ChangedSince
from portal.exemption_documents import pdf_data
from portal.exemption_words import standing_words
from portal.insurer import Insurer
from tests.support import factories, staff

DAY = date(2026, 7, 1)
ENDLESS = {
    **dict.fromkeys(("code", "label", "article", "condition"), "sans-fin"),
    "kind": GroundKind.BY_LAW,
    "valid_from": date(2016, 1, 1),
}
INSURER = Insurer(name="Mutuelle", address="1 rue A", phone="01", email="a@b.example", network="K")


def proof() -> NewFile:
    number = factories.next_number()
    return NewFile("attestation.pdf", "application/pdf", 1000, 1, f"{number:064}", f"{number:048}")


@pytest.fixture
def db(database):
    with database.write() as session:
        yield session


@pytest.fixture
def firm(db: Session, keyring):
    class Firm:
        company = staff.company(db)
        contract = staff.group_contract(db, company)
        category = staff.category(db, contract)
        acting = staff.acting(keyring, staff.user(db, keyring, company))

        def hire(self, **values) -> Employee:
            return staff.employee(db, self.acting, self.contract, self.category, **values)

        def ask(self, employee: Employee, ground: str = "collectif", *, proven: bool = True, **values) -> Exemption:
            files = [proof()] if proven else []
            return ask_exemption(db, employee, staff.wish(ground, **values), staff.NOW, evidence=files)

        def exempt(self, **values) -> tuple[Employee, Exemption]:
            employee = self.hire()
            exemption = self.ask(employee, **values)
            accept_exemption(db, self.acting, employee, exemption)
            return employee, exemption

        def standing(self, exemption: Exemption, day: date) -> str:
            return register_row(db, self.acting.viewer, exemption.id, day).standing

    staff.grounds(db)
    return Firm()


def test_employee_who_asks_stays_affiliated_until_the_employer_decides(db, firm) -> None:
    employee = firm.hire()
    exemption = firm.ask(employee)
    assert (exemption.state, exemption.valid_until) == (ExemptionState.ASKED, date(2027, 6, 30))
    assert [each.kind for each in periods_of(db, employee)] == [PeriodKind.AFFILIATED]
    accept_exemption(db, firm.acting, employee, exemption)
    assert [(each.kind, each.starts_on) for each in periods_of(db, employee)][1] == (PeriodKind.EXEMPT, DAY)
    assert firm.standing(exemption, DAY) == Standing.IN_FORCE


@pytest.mark.parametrize(
    ("ground", "values", "code"),
    [
        ("temps-partiel", {}, "ground-closed"),
        ("inconnu", {}, "ground-closed"),
        ("collectif", {"other_insurer": ""}, "insurer-needed"),
        ("collectif", {"stated_on": date(2026, 6, 16)}, "stated-later"),
        ("css", {"until": None}, "until-needed"),
        ("css", {"until": date(2026, 6, 30)}, "until-before"),
        ("css", {"until": date(2027, 7, 1)}, "until-too-far"),
        ("collectif", {"starts_on": date(2026, 5, 31)}, "not-employed"),
        ("collectif", {"starts_on": date(2027, 6, 16)}, "too-late"),
        ("css", {"starts_on": date(9999, 12, 31), "until": date(9999, 12, 31)}, "too-late"),
        ("sans-fin", {"until": date(9999, 12, 31)}, "until-too-far"),
    ],
)
def test_wish_outside_the_law_is_refused_and_writes_nothing(db, firm, ground, values, code) -> None:
    db.add(ExemptionGround(**ENDLESS))
    employee = firm.hire()
    with pytest.raises(Refused, match=code):
        firm.ask(employee, ground, **values)
    assert db.exec(select(Exemption)).all() == []


def test_case_of_the_act_is_open_only_while_the_companys_act_foresees_it(db, firm) -> None:
    opened = {"valid_from": date(2026, 7, 1), "valid_to": date(2026, 7, 31)}
    db.add(OpenedExemption(group_contract_id=firm.contract.id, ground_code="temps-partiel", **opened))
    days = [date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 31), date(2026, 8, 1)]
    found = [ground_open(db, firm.contract.id, "temps-partiel", day) is not None for day in days]
    assert found == [False, True, True, False]
    other = staff.group_contract(db, staff.company(db))
    assert [each.code for each in grounds_open(db, other.id, DAY)] == ["css", "collectif"]


def test_exemption_without_its_evidence_cannot_be_accepted(db, firm) -> None:
    employee = firm.hire()
    exemption = firm.ask(employee, proven=False)
    with pytest.raises(Refused, match="exemption-evidence"):
        accept_exemption(db, firm.acting, employee, exemption)
    assert firm.standing(exemption, DAY) == Standing.TO_COMPLETE
    add_files(db, firm.acting.viewer, exemption, EVIDENCE, [proof()], staff.NOW)
    assert firm.standing(exemption, DAY) == Standing.TO_DECIDE
    accept_exemption(db, firm.acting, employee, exemption)


def test_request_on_paper_asks_for_the_signed_request_too(db, firm) -> None:
    employee = firm.hire()
    asked = staff.wish()
    exemption = ask_exemption(db, employee, asked, staff.NOW, origin=Origin.PAPER, evidence=[proof()])
    assert [slot.code for slot in missing_slots(db, exemption, ground_of(db, exemption))] == [REQUEST]


def test_cover_of_twelve_months_ends_the_day_before_they_are_over(db, firm) -> None:
    """As what is to be proven again every twelve months does."""
    told = firm.ask(firm.hire(), "css", until=date(2027, 6, 30))
    assert told.valid_until == ground_of(db, told).until(told.starts_on, None) == date(2027, 6, 30)


def test_second_request_waits_for_the_first_to_be_decided(db, firm) -> None:
    employee = firm.hire()
    firm.ask(employee)
    with pytest.raises(Refused, match="asked-already"):
        firm.ask(employee, "css")


def test_decision_on_what_was_decided_is_refused(db, firm) -> None:
    """Of two decisions, the second one finds the first: for each pair of them."""
    for first in (refuse_exemption, cancel_exemption):
        employee = firm.hire(first_name=first.__name__[:6])
        exemption = firm.ask(employee)
        first(db, firm.acting, exemption, *(["Illisible"] if first is refuse_exemption else []))
        with pytest.raises(Refused, match="exemption-decided"):
            accept_exemption(db, firm.acting, employee, exemption)
        with pytest.raises(Refused, match="exemption-decided"):
            cancel_exemption(db, firm.acting, exemption)
    employee, exemption = firm.exempt()
    with pytest.raises(Refused, match="exemption-decided"):
        refuse_exemption(db, firm.acting, exemption, "Trop tard")


def test_clerk_who_saw_an_older_version_is_told(db, firm) -> None:
    _, exemption = firm.exempt()
    with pytest.raises(ExemptionMoved):
        lock_exemption(db, firm.acting.viewer, exemption.id, 1)
    assert lock_exemption(db, firm.acting.viewer, exemption.id, 2) is not None


def test_exemption_of_another_company_does_not_exist(db, firm, keyring) -> None:
    _, exemption = firm.exempt()
    other = staff.viewer(staff.user(db, keyring, staff.company(db)))
    assert find_exemption(db, other, exemption.id) is None
    assert lock_exemption(db, other, exemption.id, None) is None
    assert register_row(db, other, exemption.id, DAY) is None
    assert register_page(db, other, RegisterFilters(), DAY) == ([], False)
    assert register_page(db, other, RegisterFilters(), DAY, after=exemption.id) is None
    assert set(count_shown(db, other, DAY).values()) == {0}


def test_acceptance_taken_back_asks_for_a_decision_again(db, firm) -> None:
    employee = firm.hire()
    before = [each.model_dump() for each in periods_of(db, employee)]
    exemption = firm.ask(employee)
    event = accept_exemption(db, firm.acting, employee, exemption)
    undo_event(db, firm.acting, employee, event)
    assert exemption.state == ExemptionState.ASKED
    assert [each.model_dump() for each in periods_of(db, employee)] == before
    accept_exemption(db, firm.acting, employee, exemption)
    assert accepted_of(db, employee) == exemption


def test_renewal_replaces_the_exemption_and_can_be_taken_back(db, firm) -> None:
    employee, first = firm.exempt()
    second = firm.ask(employee, starts_on=date(2027, 6, 1))
    assert (second.renews_id, accepted_of(db, employee)) == (first.id, first)
    event = accept_exemption(db, firm.acting, employee, second)
    assert (first.state, first.ended_on, first.end_cause) == ("terminee", date(2027, 5, 31), EndCause.REPLACED)
    assert second.valid_until == date(2028, 5, 31)
    assert len(periods_of(db, employee)) == 2
    undo_event(db, firm.acting, employee, event)
    assert (first.state, first.ended_on, first.end_cause, second.state) == ("acceptee", None, "", "demandee")


def test_acceptance_is_not_taken_back_once_another_request_waits(db, firm) -> None:
    employee, _ = firm.exempt()
    firm.ask(employee, "css", starts_on=date(2026, 8, 1))
    with pytest.raises(ChangedSince):
        undo_event(db, firm.acting, employee, events_of(db, employee)[0])
    db.rollback()


def test_case_that_is_not_renewable_is_not_renewed_under_itself(db, firm) -> None:
    db.exec(select(ExemptionGround).where(ExemptionGround.code == "css")).one().is_renewable = False
    employee, _ = firm.exempt(ground="css")
    with pytest.raises(Refused, match="not-renewable"):
        firm.ask(employee, "css", starts_on=date(2027, 3, 1), until=date(2028, 1, 31))
    assert firm.ask(employee, "collectif", starts_on=date(2027, 3, 1)).state == ExemptionState.ASKED


def test_renewal_that_comes_very_late_goes_on_from_the_day_after(db, firm, keyring) -> None:
    """The form proposes that day; nobody's cover changes, so no day is too long ago."""
    employee, first = firm.exempt()
    who = db.get_one(Account, firm.acting.viewer.account_id)
    late = staff.acting(keyring, who, datetime(2027, 12, 1, 9, tzinfo=UTC))
    wish = staff.wish(starts_on=first.valid_until + timedelta(days=1), stated_on=date(2027, 11, 30))
    second = record_exemption(db, late, employee, wish)
    for slot in (REQUEST, EVIDENCE):
        add_files(db, late.viewer, second, slot, [proof()], late.now)
    accept_exemption(db, late, employee, second)
    assert (first.ended_on, second.starts_on) == (date(2027, 6, 30), date(2027, 7, 1))


def test_request_from_too_long_ago_is_refused_before_its_papers_are_gathered(db, firm) -> None:
    employee = firm.hire(hired_on=date(2026, 3, 15), starts_on=date(2026, 3, 15))
    late = replace(firm.acting, now=datetime(2026, 7, 1, 9, tzinfo=UTC))
    with pytest.raises(Refused, match="too-early"):
        record_exemption(db, late, employee, staff.wish(starts_on=date(2026, 3, 15)))
    assert record_exemption(db, late, employee, staff.wish(starts_on=date(2026, 4, 1))).origin == Origin.PAPER


def test_renewal_from_before_the_exemption_it_renews_is_refused(db, firm) -> None:
    new = staff.new_employee()
    employee, _ = affiliating.declare(db, firm.acting, firm.contract, firm.category, new, PeriodKind.EXEMPT)
    accept_exemption(db, firm.acting, employee, firm.ask(employee))
    earlier = firm.ask(employee, starts_on=date(2026, 6, 20))
    with pytest.raises(Refused, match="exemption-earlier"):
        accept_exemption(db, firm.acting, employee, earlier)


def test_proof_that_is_out_of_date_is_not_accepted(db, firm, keyring) -> None:
    employee = firm.hire()
    exemption = firm.ask(employee, "css", starts_on=date(2026, 6, 2), until=date(2026, 6, 14))
    with pytest.raises(Refused, match="exemption-expired"):
        accept_exemption(db, firm.acting, employee, exemption)
    exemption.valid_until = staff.TODAY
    accept_exemption(db, firm.acting, employee, exemption)


@pytest.mark.parametrize("how", ["affiliated", "left"])
def test_exemption_ends_with_the_act_that_ends_it_and_comes_back_with_it(db, firm, how) -> None:
    employee, exemption = firm.exempt(starts_on=date(2026, 6, 5))
    if how == "left":
        _, event = departing.let_go(db, firm.acting, employee, date(2026, 6, 30), LeavingReason.RESIGNATION)
    else:
        event = end_exemption(db, firm.acting, employee, exemption, firm.category, date(2026, 7, 1))
        assert [each.kind for each in periods_of(db, employee)][-1] == PeriodKind.AFFILIATED
    assert (exemption.state, exemption.ended_on) == (ExemptionState.ENDED, date(2026, 6, 30))
    assert firm.standing(exemption, DAY) == Standing.ENDED
    undo_event(db, firm.acting, employee, event)
    assert (exemption.state, exemption.ended_on, exemption.end_cause) == (ExemptionState.ACCEPTED, None, "")


@pytest.mark.parametrize("how", ["affiliated", "left"])
def test_exemption_ended_before_its_first_day_is_said_to_have_had_no_effect(db, firm, how) -> None:
    """The register that an auditor reads never tells of a period that ends before it begins."""
    new = staff.new_employee()
    employee, _ = affiliating.declare(db, firm.acting, firm.contract, firm.category, new, PeriodKind.EXEMPT)
    exemption = firm.ask(employee, starts_on=date(2026, 7, 1))
    accept_exemption(db, firm.acting, employee, exemption)
    if how == "left":
        departing.let_go(db, firm.acting, employee, date(2026, 6, 20), LeavingReason.RESIGNATION)
    else:
        end_exemption(db, firm.acting, employee, exemption, firm.category, date(2026, 6, 20))
    row = register_row(db, firm.acting.viewer, exemption.id, DAY)
    assert (row.standing, row.last_day) == (Standing.ENDED, None)
    assert standing_words(row).endswith("N’a pas pris effet.")
    printed = pdf_data([row], {"shown": "", "company": "", "siret": ""}, INSURER, staff.NOW)["rows"]
    assert [each["period"] for each in printed] == ["N’a pas pris effet"]


def test_refused_renewal_changes_nothing_for_the_employee(db, firm) -> None:
    employee, _ = firm.exempt()
    second = firm.ask(employee, starts_on=date(2027, 6, 1))
    refuse_exemption(db, firm.acting, second, "Illisible")
    row = register_row(db, firm.acting.viewer, second.id, DAY)
    assert standing_words(row) == "Cette demande n’a rien changé pour le salarié."


def test_exemption_that_was_not_granted_cannot_be_ended(db, firm) -> None:
    employee = firm.hire()
    exemption = firm.ask(employee)
    with pytest.raises(Refused, match="not-exempt"):
        end_exemption(db, firm.acting, employee, exemption, firm.category, DAY)


def test_standing_changes_on_the_very_days(db, firm) -> None:
    """The last day still counts; sixty days before, the exemption is to be renewed."""
    _, exemption = firm.exempt(ground="css", until=date(2026, 12, 31))
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 12, 31), date(2027, 1, 1)]
    expected = [Standing.IN_FORCE, Standing.TO_RENEW, Standing.TO_RENEW, Standing.EXPIRED]
    assert [firm.standing(exemption, day) for day in days] == expected
    shown = [count_shown(db, firm.acting.viewer, day)[Shown.TO_RENEW] for day in days]
    assert shown == [0, 1, 1, 1]


def test_case_without_an_end_holds_as_long_as_the_situation(db, firm) -> None:
    db.add(OpenedExemption(group_contract_id=firm.contract.id, ground_code="temps-partiel", valid_from=DAY))
    _, exemption = firm.exempt(ground="temps-partiel", proven=False)
    assert firm.standing(exemption, date(2040, 1, 1)) == Standing.IN_FORCE


def test_register_counts_what_it_shows_and_its_export_is_the_page(db, firm) -> None:
    firm.exempt()
    firm.ask(firm.hire(first_name="Alix"), proven=False)
    refuse_exemption(db, firm.acting, firm.ask(firm.hire(first_name="Béa")), "Illisible")
    viewer, counts = firm.acting.viewer, count_shown(db, firm.acting.viewer, DAY)
    for shown in Shown:
        rows, more = register_page(db, viewer, RegisterFilters(shown), DAY)
        assert (len(rows), more) == (counts[shown], False)
        assert list(export_register(db, viewer, RegisterFilters(shown), DAY)) == rows
    assert counts == dict(zip(Shown, [3, 1, 1, 0, 1, 1], strict=True))


def test_register_is_read_page_by_page_without_losing_anybody(db, firm, monkeypatch) -> None:
    monkeypatch.setattr("portal.data.exemption_register.PAGE_SIZE", 2)
    monkeypatch.setattr("portal.data.exemption_register.EXPORT_BATCH", 2)
    asked = {firm.ask(firm.hire(first_name=name)).id for name in ("Alix", "Béa", "Cléo", "Dan", "Eve")}
    found, after = [], None
    while True:
        rows, more = register_page(db, firm.acting.viewer, RegisterFilters(), DAY, after)
        found += [row.id for row in rows]
        if not more:
            break
        after = rows[-1].id
    assert (len(found), set(found)) == (5, asked)
    assert [row.id for row in export_register(db, firm.acting.viewer, RegisterFilters(), DAY)] == found


def test_employee_exempt_by_a_file_is_in_the_register_without_proof(db, firm) -> None:
    ground = ground_open(db, firm.contract.id, "collectif", staff.TODAY)
    new = staff.new_employee()
    employee, event = affiliating.declare(db, firm.acting, firm.contract, firm.category, new, PeriodKind.EXEMPT, ground)
    exemption = accepted_of(db, employee)
    assert firm.standing(exemption, staff.TODAY) == Standing.UNPROVEN
    assert [slot.code for slot in missing_slots(db, exemption, ground)] == [REQUEST, EVIDENCE]
    undo_event(db, firm.acting, employee, event)
    assert db.exec(select(Exemption)).all() == []


def test_employee_exempt_without_any_request_is_told_to_the_employer(db, firm) -> None:
    new = staff.new_employee()
    employee, _ = affiliating.declare(db, firm.acting, firm.contract, firm.category, new, PeriodKind.EXEMPT)
    assert undocumented(db, firm.acting.viewer, staff.TODAY, 5) == (1, [employee])
    exemption = firm.ask(employee, starts_on=date(2026, 6, 1))
    accept_exemption(db, firm.acting, employee, exemption)
    assert undocumented(db, firm.acting.viewer, staff.TODAY, 5) == (0, [])
    assert [each.kind for each in periods_of(db, employee)] == [PeriodKind.EXEMPT]


@pytest.mark.parametrize("how", ["affiliated", "left"])
def test_exemption_whose_end_is_announced_proves_until_its_last_day(db, firm, how) -> None:
    employee, exemption = firm.exempt(starts_on=date(2026, 6, 5))
    if how == "left":
        departing.let_go(db, firm.acting, employee, date(2026, 6, 30), LeavingReason.RESIGNATION)
    else:
        end_exemption(db, firm.acting, employee, exemption, firm.category, date(2026, 7, 1))
    for day in (staff.TODAY, date(2026, 6, 30), date(2026, 7, 1)):
        assert undocumented(db, firm.acting.viewer, day, 5) == (0, [])


def test_file_leaves_an_undecided_request_of_its_own_alone(db, firm) -> None:
    employee = firm.hire()
    exemption = firm.ask(employee)
    piece = db.exec(select(ExemptionPiece)).one()
    other = firm.ask(firm.hire(first_name="Alix"))
    assert remove_file(db, other, piece.id) is None
    accept_exemption(db, firm.acting, employee, exemption)
    with pytest.raises(WrongState):
        remove_file(db, exemption, piece.id)
    assert remove_file(db, other, db.exec(select(ExemptionPiece.id).where(ExemptionPiece.id != piece.id)).one())


def test_company_whose_contract_ends_first_is_reminded_of_nothing(db, firm) -> None:
    """Its employees would be told to be affiliated to a contract that is over."""
    firm.exempt(ground="css", until=date(2026, 12, 31))
    for ends_on, reminded in ((date(2026, 12, 31), []), (date(2027, 1, 1), [firm.company.id])):
        firm.contract.ends_on = ends_on
        db.add(firm.contract)
        db.flush()
        assert companies_to_remind(db, date(2026, 12, 1)) == reminded
    assert len(take_due(db, firm.company.id, date(2026, 12, 1), staff.NOW).rows) == 1


def test_each_end_is_reminded_of_once_then_again_after_a_renewal(db, firm) -> None:
    employee, first = firm.exempt(ground="css", until=date(2026, 12, 31))
    firm.exempt(ground="css", until=date(2027, 1, 20))
    company_id = firm.company.id
    assert companies_to_remind(db, date(2026, 10, 31)) == []
    assert companies_to_remind(db, date(2026, 11, 1)) == [company_id]
    now = datetime(2026, 11, 2, 9, tzinfo=UTC)
    due = take_due(db, company_id, date(2026, 11, 2), now)
    assert len(due.rows) == 2
    assert take_due(db, company_id, date(2026, 11, 2), now) is None
    assert companies_to_remind(db, date(2026, 12, 1)) == []
    assert len(db.exec(select(ExemptionStep).where(ExemptionStep.kind == "rappel")).all()) == 2
    second = firm.ask(employee, "css", starts_on=date(2027, 1, 1), until=date(2027, 12, 31))
    accept_exemption(db, firm.acting, employee, second)
    assert companies_to_remind(db, second.valid_until - timedelta(days=60)) == [company_id]
    assert open_request(db, employee) is None
    assert first.state == ExemptionState.ENDED
    assert db.exec(select(EmployeeEvent).order_by(col(EmployeeEvent.id).desc())).first().kind == "dispense"
