"""Every call for contributions of the demonstration, computed again from plain rows, day by day, to the cent (R-32).

None of the portal's own rules is used: what is held against them has to be another reading of the domain.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

CEILING = "plafond_mensuel_securite_sociale"
DAY = timedelta(days=1)
STRUCTURES = {1: "isole", 2: "duo"}

pytestmark = [pytest.mark.xdist_group("demo-site"), pytest.mark.engines("sqlite")]


class Books:
    """The rows of a demonstration, by what they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._raw = sqlite3.connect(folder / "portal.sqlite3")
        self._raw.row_factory = sqlite3.Row

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        return self._raw.execute(query, values).fetchall()

    def calls(self) -> list[sqlite3.Row]:
        return self.rows("SELECT * FROM contribution_call ORDER BY group_contract_id, period_start")

    def lines(self, call_id: int) -> list[sqlite3.Row]:
        return self.rows("SELECT * FROM contribution_line WHERE call_id = ?", call_id)

    def held(self, query: str, day: date, *values: object, since: str = "starts_on", until: str = "ends_on"):
        """The rows of a query that hold on a day."""
        said = day.isoformat()
        return [row for row in self.rows(query, *values) if row[since] <= said and (row[until] or said) >= said]

    def due(self, employee: sqlite3.Row, month: date) -> tuple[int, int]:
        """What a month of an employee comes to, and the employer's part of it, in cents."""
        for day in days_of(month):
            stays = self.held(
                "SELECT * FROM employment_period WHERE employee_id = ? AND kind = 'affilie'", day, employee["id"]
            )
            leaves = self.held(
                "SELECT * FROM employee_absence WHERE employee_id = ? AND NOT keeps_cover", day, employee["id"]
            )
            if stays and not leaves:
                return self.price(stays[0]["category_id"], self.persons(employee, stays[0]["category_id"], day), day)
        return 0, 0

    def persons(self, employee: sqlite3.Row, category_id: int, day: date) -> int:
        covered = self.held(
            "SELECT beneficiary.* FROM beneficiary JOIN contract ON contract.id = contract_id"
            " JOIN staff_category AS category ON category.product_id = contract.product_id"
            " WHERE contract.member_id = ? AND category.id = ?",
            day,
            employee["person_id"],
            category_id,
            since="valid_from",
            until="valid_to",
        )
        by_contract: dict[int, set[int]] = defaultdict(set)
        for row in covered:
            by_contract[row["contract_id"]].add(row["person_id"])
        return len(by_contract.get(employee["contract_id"]) or max(by_contract.values(), key=len, default=set()))

    def price(self, category_id: int, persons: int, day: date) -> tuple[int, int]:
        rates = {
            row["structure"]: row
            for row in self.held(
                "SELECT * FROM category_rate WHERE category_id = ?", day, category_id, since="valid_from",
                until="valid_to",
            )
        }  # fmt: skip
        rate = rates.get(STRUCTURES.get(max(persons, 1), "famille")) or rates["famille"]
        ceiling = self.held(
            "SELECT * FROM parameter WHERE code = ?", day, CEILING, since="valid_from", until="valid_to"
        )
        whole = rate["month_cents"] or cents(Decimal(ceiling[0]["value"]) * rate["pmss_rate"] / 10_000)
        return whole, cents(Decimal(whole) * rate["employer_percent"] / 100)


def cents(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def next_month(month: date) -> date:
    return (month + 31 * DAY).replace(day=1)


def days_of(month: date) -> Iterator[date]:
    day = month
    while day < next_month(month):
        yield day
        day += DAY


def months_of(first: str, last: str) -> Iterator[date]:
    month = date.fromisoformat(first).replace(day=1)
    while month.isoformat() <= last:
        yield month
        month = next_month(month)


@pytest.fixture(scope="module")
def books(small_demonstration) -> Books:
    return Books(small_demonstration)


def test_every_month_of_the_demonstration_comes_to_what_its_calls_add_up_to(books) -> None:
    """A month is called once, then set right by later calls: together they are what the month comes to."""
    called: dict[tuple[int, date], list[int]] = defaultdict(lambda: [0, 0])
    within: set[tuple[int, date]] = set()
    for call in books.calls():
        contract = call["group_contract_id"]
        within |= {(contract, month) for month in months_of(call["period_start"], call["period_end"])}
        for line in books.lines(call["id"]):
            month = date.fromisoformat(line["month"])
            for _ in range(line["months"]):
                called[contract, month][0] += line["people"] * line["unit_cents"]
                called[contract, month][1] += line["people"] * line["unit_employer_cents"]
                month = next_month(month)
    assert len(within) > 12
    assert called.keys() <= within
    for contract, month in within:
        staff = books.rows("SELECT * FROM employee WHERE group_contract_id = ?", contract)
        dues = [books.due(employee, month) for employee in staff]
        assert called[contract, month] == [sum(whole for whole, _ in dues), sum(part for _, part in dues)], (
            contract,
            month,
        )


def test_every_call_of_the_demonstration_adds_up_and_follows_the_one_before(books) -> None:
    previous: dict[int, int] = defaultdict(int)
    regularised = 0
    for call in books.calls():
        lines = books.lines(call["id"])
        regularised += sum(line["kind"] == "regularisation" for line in lines)
        assert call["amount_cents"] == sum(line["amount_cents"] for line in lines)
        assert call["employer_cents"] == sum(line["employer_cents"] for line in lines)
        assert call["tax_cents"] == cents(
            Decimal(call["amount_cents"]) * call["tax_rate"] / (10_000 + call["tax_rate"])
        )
        received = "SELECT coalesce(sum(amount_cents), 0) FROM contribution_payment WHERE counted_in_id = ?"
        assert call["received_cents"] == books.rows(received, call["id"])[0][0]
        assert call["previous_cents"] == previous[call["group_contract_id"]]
        previous[call["group_contract_id"]] += call["amount_cents"] - call["received_cents"]
    assert regularised > 0
