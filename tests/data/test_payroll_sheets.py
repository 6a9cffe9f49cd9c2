"""The monthly sheet of payroll codes (R-32): what it says of a month, what changed since the one before."""

from datetime import date

import pytest
from sqlmodel import select

from portal.data.contributions import Structure
from portal.data.parameters import Parameter
from portal.data.payroll_codes import PayrollCode, PayrollSetting
from portal.data.payroll_sheets import Item, Key, digest_of, month_sheet
from portal.data.staff_categories import CategoryRate
from portal.payroll_documents import file_rows, pasted_lines
from portal.payroll_words import change_words, told_sheet
from tests.support import staff

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture
def db(database):
    with database.write() as session:
        yield session


@pytest.fixture
def firm(db):
    """A contract since 2019 with a category whose codes are known."""
    staff.figures(db)
    contract = staff.group_contract(db, staff.company(db))
    category = staff.category(db, contract)
    db.add(
        PayrollSetting(
            group_contract_id=contract.id, valid_from=date(2019, 1, 1), reference="SANTE-1", organism_code="MUT099"
        )
    )
    for structure in Structure:
        db.add(
            PayrollCode(
                category_id=category.id, structure=structure, valid_from=date(2019, 1, 1),
                option_code=structure[:3].upper(),
            )
        )  # fmt: skip
    db.flush()
    return contract, category


def amend(db, category, structure, day, rate=130):
    """The rate of a structure is another one from a day on."""
    query = select(CategoryRate).where(CategoryRate.category_id == category.id, CategoryRate.structure == structure)
    before = db.exec(query).one()
    before.valid_to = date.fromordinal(day.toordinal() - 1)
    db.add(
        CategoryRate(category_id=category.id, structure=structure, valid_from=day, pmss_rate=rate, employer_percent=50)
    )
    db.flush()


def test_sheet_of_a_quiet_month_says_all_and_no_change_r32(db, firm):
    contract, category = firm
    sheet = month_sheet(db, contract, JUNE)
    (stretch,) = sheet.stretches
    assert (stretch.since, stretch.until) == (JUNE, date(2026, 6, 30))
    assert stretch.state[Key()] == {Item.REFERENCE: "SANTE-1", Item.ORGANISM: "MUT099", Item.DELEGATE: ""}
    alone = stretch.state[Key(category.id, "isole")]
    assert (alone[Item.MONTH], alone[Item.EMPLOYER], alone[Item.CEILING]) == (4806, 2403, 400_500)
    assert sheet.changes == ()
    assert sheet.is_complete


def test_rate_amended_on_the_first_is_the_only_change_of_the_month_r32(db, firm):
    contract, category = firm
    amend(db, category, Structure.SINGLE, JULY)
    assert month_sheet(db, contract, JUNE).changes == ()
    sheet = month_sheet(db, contract, JULY)
    assert {change.item for change in sheet.changes} == {Item.RATE, Item.MONTH, Item.EMPLOYER}
    assert {change.day for change in sheet.changes} == {JULY}
    told = change_words(sheet, next(change for change in sheet.changes if change.item is Item.RATE))
    assert told == (
        "Le 1er juillet 2026",
        "Noncadres, isolé",
        "Taux",
        "1,20\u00a0%\u00a0→ 1,30\u00a0%",
    )


def test_rate_amended_within_the_month_makes_two_stretches_r32(db, firm):
    contract, category = firm
    amend(db, category, Structure.FAMILY, date(2026, 6, 15))
    sheet = month_sheet(db, contract, JUNE)
    assert [stretch.title for stretch in told_sheet(sheet)] == ["du 1er au 14 juin 2026", "du 15 au 30 juin 2026"]
    assert {change.day for change in sheet.changes} == {date(2026, 6, 15)}
    assert {change.key.structure for change in sheet.changes} == {"famille"}


def test_first_month_of_a_contract_is_no_list_of_changes_r32(db, firm):
    contract, _ = firm
    sheet = month_sheet(db, contract, date(2019, 1, 1))
    assert sheet.is_first
    assert sheet.changes == ()


def test_month_before_the_contract_or_after_it_has_nothing_to_declare_r32(db, firm):
    contract, _ = firm
    assert month_sheet(db, contract, date(2018, 12, 1)).stretches == ()
    contract.ends_on = date(2026, 6, 10)
    db.flush()
    june, july = month_sheet(db, contract, JUNE), month_sheet(db, contract, JULY)
    assert [(each.since, each.until) for each in june.stretches] == [(JUNE, date(2026, 6, 10))]
    assert {change.item for change in june.changes} == {None}
    assert (july.stretches, july.changes) == ((), ())


def test_month_whose_ceiling_is_unknown_is_shown_without_amounts_r32(db, firm):
    contract, category = firm
    ceiling = db.exec(select(Parameter).where(Parameter.code == "plafond_mensuel_securite_sociale")).one()
    ceiling.valid_to = date(2026, 12, 31)
    db.flush()
    sheet = month_sheet(db, contract, date(2027, 1, 1))
    assert not sheet.is_complete
    assert sheet.stretches[0].state[Key(category.id, "isole")][Item.MONTH] is None
    assert any(row.value == "Pas encore connu" for row in file_rows(sheet))


def test_fixed_amount_is_declared_as_an_amount_and_not_as_a_rate_r32(db, firm):
    contract, _ = firm
    rate = db.exec(select(CategoryRate).where(CategoryRate.structure == "isole")).one()
    rate.pmss_rate, rate.month_cents = None, 3160
    db.flush()
    rows = [row for row in file_rows(month_sheet(db, contract, JUNE)) if row.structure == "Isolé"]
    values = {row.rubric: row.value for row in rows if row.rubric}
    assert (values["S21.G00.79.001"], values["S21.G00.79.004"], values["S21.G00.81.004"]) == ("20", "31,60", "31,60")
    assert next(row.value for row in rows if row.label.startswith("Taux")) == "Sans objet"


def test_contract_without_codes_says_what_is_missing_r32(db):
    staff.figures(db)
    contract = staff.group_contract(db, staff.company(db))
    staff.category(db, contract)
    sheet = month_sheet(db, contract, JUNE)
    assert not sheet.is_complete
    assert sheet.stretches[0].state[Key()][Item.REFERENCE] == contract.number


def test_category_without_a_price_for_two_is_told_to_declare_a_family_r32(db, firm):
    contract, _ = firm
    db.delete(db.exec(select(CategoryRate).where(CategoryRate.structure == "duo")).one())
    db.flush()
    (stretch,) = told_sheet(month_sheet(db, contract, JUNE))
    assert stretch.tables[0].pays_as_family
    assert stretch.tables[0].structures == ("Isolé", "Famille")


def test_new_codes_hold_from_their_day_and_no_earlier_r32(db, firm):
    contract, _ = firm
    db.add(
        PayrollSetting(
            group_contract_id=contract.id, valid_from=JULY, reference="SANTE-2", organism_code="MUT099",
            delegate_code="DG1",
        )
    )  # fmt: skip
    db.flush()
    sheet = month_sheet(db, contract, JULY)
    assert [(change.key, change.item, change.after) for change in sheet.changes] == [
        (Key(), Item.REFERENCE, "SANTE-2"),
        (Key(), Item.DELEGATE, "DG1"),
    ]
    assert digest_of(sheet.changes) != digest_of(sheet.changes[:1])


def test_label_that_a_spreadsheet_would_run_is_pasted_as_text_e5(db, firm):
    contract, category = firm
    category.label = "=HYPERLINK(1)\tx"
    db.flush()
    lines = pasted_lines(month_sheet(db, contract, JUNE)).splitlines()
    assert {line.count("\t") for line in lines} == {4}
    assert not [line for line in lines if line.startswith("=")]
