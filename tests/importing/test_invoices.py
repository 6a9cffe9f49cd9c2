"""Files of invoices, transfers and remittance lines: history kept, lines matched whatever the order (R-40, R-62)."""

import pytest

from portal.importing.registry import KINDS
from portal.importing.reports import reported_import
from portal.importing.run import Request
from tests.importing.samples import Importer, csv_text, row

STEPS = "SELECT state, reject_code FROM invoice_step ORDER BY state_on, id"
MATCHED = "SELECT number FROM remittance_line LEFT JOIN invoice ON invoice.id = invoice_id ORDER BY position"


def test_operator_imports_each_state_of_an_invoice_and_the_history_keeps_them(importer: Importer) -> None:
    """R-40: a file sent twice adds nothing."""
    importer.before("invoices")
    for _ in range(2):
        importer.one("invoices", state="en_controle", accepted="", state_on="2026-03-03")
    for _ in range(2):
        importer.one("invoices", state="rejetee", accepted="", state_on="2026-03-05", reject_code="R04")
    assert importer.query(STEPS) == [("en_controle", ""), ("rejetee", "R04")]
    assert importer.stored("invoices", "state, reject_code, search") == [("rejetee", "R04", "zoe exemple")]
    assert importer.count("invoice_lot") == 1


def test_operator_imports_lines_before_their_invoice_and_they_meet_later(importer: Importer) -> None:
    """R-40"""
    importer.before("invoices")
    importer.one("transfers")
    importer("remittance-lines", csv_text("remittance-lines", row("remittance-lines"), _line(2, "AILLEURS")))
    assert importer.query(MATCHED) == [(None,), (None,)]
    importer.one("invoices")
    assert importer.query(MATCHED) == [("F1",), (None,)]


def test_line_never_meets_the_invoice_of_another_practice_with_the_same_number(importer: Importer) -> None:
    """R-40"""
    importer.before("invoices")
    importer.one("providers", national_id="990000026")
    importer.one("invoices", provider="990000026")
    importer.one("transfers")
    importer.one("remittance-lines")
    assert importer.query(MATCHED) == [(None,)]
    importer.one("transfers", provider="990000026")
    importer.one("remittance-lines", provider="990000026")
    assert sorted(importer.query(MATCHED), key=str) == [("F1",), (None,)]


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"accepted": "80,01"}, "accepted"),
        ({"total": "119,99"}, "total"),
        ({"base": "-1,00"}, "base"),
        ({"state_on": "2026-03-02"}, "state_on"),
        ({"state": "rejetee", "accepted": "0"}, "reject_code"),
        ({"state": "perdue"}, "state"),
        ({"provider": "990000044"}, "provider"),
        ({"person": "P404"}, "person"),
    ],
)
def test_operator_imports_an_invoice_that_contradicts_itself_and_it_is_refused(
    importer: Importer, changes: dict[str, str], column: str
) -> None:
    """R-40"""
    importer.before("invoices")
    assert importer.one("invoices", **changes).created == 0
    assert [problem[1] for problem in importer.problems()] == [column]


@pytest.mark.parametrize(
    ("kind", "changes", "column"),
    [
        ("transfers", {"amount": "0"}, "amount"),
        ("transfers", {"provider": "990000044"}, "provider"),
        ("remittance-lines", {"amount": "0"}, "amount"),
        ("remittance-lines", {"transfer": "AUTRE"}, "transfer"),
        ("remittance-lines", {"provider": "990000044"}, "provider"),
    ],
)
def test_operator_imports_a_transfer_that_says_nothing_and_it_is_refused(
    importer: Importer, kind: str, changes: dict[str, str], column: str
) -> None:
    """R-40"""
    importer.before(kind)
    assert importer.one(kind, **changes).created == 0
    assert [problem[1] for problem in importer.problems()] == [column]


def test_line_of_a_transfer_in_another_practices_name_is_refused(importer: Importer) -> None:
    """R-40"""
    importer.before("remittance-lines")
    importer.one("providers", national_id="990000026")
    assert importer.one("remittance-lines", provider="990000026").created == 0
    assert [problem[1] for problem in importer.problems()] == ["transfer"]


def _line(position: int, invoice: str) -> dict[str, str]:
    return row("remittance-lines", position=str(position), invoice=invoice)


def test_operator_imports_an_invoice_sent_again_and_each_step_keeps_its_lot(importer: Importer) -> None:
    """R-40: under the same number, in a new lot."""
    importer.before("invoices")
    importer.one("invoices", state="rejetee", accepted="", state_on="2026-03-05", reject_code="R04")
    importer.one("invoices", lot="LOT2", state="recue", accepted="", received_on="2026-03-09", state_on="2026-03-09")
    lots = "SELECT state, lot FROM invoice_step ORDER BY state_on, id"
    assert importer.query(lots) == [("rejetee", "LOT1"), ("recue", "LOT2")]
    assert importer.stored("invoices", "state, reject_code") == [("recue", "")]


def test_operator_imports_an_invoice_that_replaces_another_or_itself(importer: Importer) -> None:
    """R-40: the other one may come later; itself makes no sense."""
    importer.before("invoices")
    assert importer.one("invoices", number="F2", replaces="F1").created == 1
    assert importer.one("invoices").created == 1
    assert importer.query("SELECT number, replaces FROM invoice ORDER BY number") == [("F1", ""), ("F2", "F1")]
    assert importer.one("invoices", number="F3", replaces="F3").created == 0
    assert [problem[1] for problem in importer.problems()] == ["replaces"]


def test_state_that_comes_late_joins_the_history_and_changes_nothing_else(importer: Importer) -> None:
    """Files may be loaded in another order than they were made in; of one day, the last one loaded is believed."""
    importer.before("invoices")
    importer.one("invoices", state="rejetee", accepted="", state_on="2026-03-05", reject_code="R04")
    late = importer.one("invoices", state="en_controle", accepted="", state_on="2026-03-04", total="999,00")
    assert (late.older, late.updated, late.counts["older"]) == (1, 0, 1)
    held = importer.stored("invoices", "state, reject_code, total_cents")
    assert held == [("rejetee", "R04", held[0][2])]
    assert held[0][2] != 99_900
    assert importer.query(STEPS) == [("en_controle", ""), ("rejetee", "R04")]
    again = importer.one("invoices", state="en_controle", accepted="", state_on="2026-03-05")
    assert (again.older, again.updated) == (0, 1)


def test_report_of_an_import_tells_what_was_older(importer: Importer) -> None:
    importer.before("invoices")
    importer.one("invoices", state="en_controle", accepted="", state_on="2026-03-05")
    path = importer.folder / "factures.csv"
    path.write_text(csv_text("invoices", row("invoices", state="en_controle", accepted="", state_on="2026-03-04")))
    reported_import(importer.database, importer.keyring, Request(KINDS["invoices"], path, importer.rejects))
    assert importer.query("SELECT older, updated, unchanged FROM import_run") == [(1, 0, 0)]
