"""CSV and XLSX: French, typed, harmless, in flat memory (R-21, R-81, security E5)."""

import io
from datetime import date
from types import SimpleNamespace

import pytest
from python_calamine import CalamineWorkbook

from portal import spreadsheets
from portal.data.benefits import Family, LineKind, Method, Status
from portal.spreadsheets import BENEFIT_COLUMNS, CSV_BATCH, Column, Kind, TooManyRows, csv_stream, xlsx_stream

TITLES = [column.title for column in BENEFIT_COLUMNS]


def benefit(**values):
    defaults = {
        "care_date": date(2026, 3, 2), "first_name": "Anne", "label": "Consultation", "act_code": "G",
        "family": Family.EVERYDAY, "kind": LineKind.CARE, "status": Status.PAID, "provider": "Dr Exemple",
        "quantity": 1, "spent_cents": 123456, "base_cents": 3000, "base_rate": 70, "base_gross_cents": 2100,
        "flat_fee_cents": 200, "franchise_cents": 0, "base_net_cents": 1900, "supplementary_cents": -950,
        "other_cover_cents": 0, "remaining_cents": 122506, "posted_on": date(2026, 3, 9),
        "paid_on": date(2026, 3, 9), "method": Method.TRANSFER, "payment_reference": "V1", "reference": "L1",
        "note": "",
    }  # fmt: skip
    return SimpleNamespace(**(defaults | values))


def csv_cells(*rows) -> list[list[str]]:
    text = b"".join(csv_stream(rows)).decode()
    return [line.split(";") for line in text.removeprefix("\ufeff").split("\r\n")[:-1]]


def sheet_cells(*rows):
    return CalamineWorkbook.from_filelike(io.BytesIO(xlsx_bytes(rows))).get_sheet_by_index(0).to_python()


def xlsx_bytes(rows, columns=BENEFIT_COLUMNS) -> bytes:
    return b"".join(xlsx_stream(rows, columns))


def test_csv_opens_in_a_french_spreadsheet():
    content = b"".join(csv_stream([benefit()]))
    assert content.startswith(b"\xef\xbb\xbfDate de soin;")
    titles, cells = csv_cells(benefit())
    row = dict(zip(titles, cells, strict=True))
    assert titles == TITLES
    assert row["Date de soin"] == "02/03/2026"
    assert row["Dépense"] == "1234,56"
    assert row["Part de la mutuelle"] == "-9,50"
    assert (row["État"], row["Type de soin"]) == ("Payée", "Consultations et soins courants")
    assert (row["Mode de versement"], row["Nature de la ligne"]) == ("Virement", "Soin")


def test_csv_of_a_waiting_line_leaves_its_payment_empty():
    titles, cells = csv_cells(benefit(paid_on=None, method=None, payment_reference=None))
    row = dict(zip(titles, cells, strict=True))
    assert (row["Versée le"], row["Mode de versement"], row["Référence du versement"]) == ("", "", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\uff1d"])
def test_csv_never_starts_a_cell_like_a_formula(start):
    content = b"".join(csv_stream([benefit(label=f"{start}cmd|' /C calc'!A0")])).decode()
    assert f"'{start}cmd" in content
    assert f";{start}cmd" not in content
    assert f'"{start}cmd' not in content


def test_csv_quotes_what_would_break_its_cells():
    content = b"".join(csv_stream([benefit(label='a;b"c\nd', note="\x00")])).decode()
    assert '"a;b""c\nd"' in content
    assert "\x00" not in content


def test_csv_of_a_hundred_thousand_lines_never_holds_more_than_a_batch():
    taken = 0

    def rows():
        nonlocal taken
        row = benefit()
        for _ in range(100_000):
            taken += 1
            yield row

    given = 0
    for piece in csv_stream(rows()):
        given += piece.count(b"\r\n")
        assert taken - given < CSV_BATCH
        assert len(piece) < 500_000
    assert given == 100_001


def test_xlsx_has_real_dates_and_numbers():
    titles, cells = sheet_cells(benefit())
    row = dict(zip(titles, cells, strict=True))
    assert titles == TITLES
    assert row["Date de soin"] == date(2026, 3, 2)
    assert row["Dépense"] == 1234.56
    assert row["Part de la mutuelle"] == -9.5
    assert row["Quantité"] == 1
    assert row["État"] == "Payée"


@pytest.mark.parametrize("text", ['=HYPERLINK("https://evil.example")', "http://evil.example", "{=1+1}", "\x01\x1b"])
def test_xlsx_keeps_text_as_text(text):
    titles, cells = sheet_cells(benefit(label=text))
    assert dict(zip(titles, cells, strict=True))["Acte"] == text
    assert b"<f>" not in xlsx_bytes([benefit(label=text)])


def test_xlsx_refuses_more_rows_than_a_sheet_holds(monkeypatch):
    monkeypatch.setattr(spreadsheets, "XLSX_MOST_ROWS", 2)
    columns = (Column("Acte", "label", Kind.TEXT),)
    assert xlsx_bytes([benefit()] * 2, columns)
    with pytest.raises(TooManyRows):
        xlsx_bytes([benefit()] * 3, columns)


def test_no_row_still_gives_the_titles():
    assert csv_cells() == [TITLES]
    assert sheet_cells() == [TITLES]
