"""The import files: CSV with semicolons, UTF-8, amounts in euros with a comma; gzip without a date, so reproducible."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from portal.demo.people import Household
from portal.demo.settling import Line
from portal.demo.staff import job_of

if TYPE_CHECKING:
    from portal.demo.generator import Payment

HEADERS = {
    "persons": "reference;last_name;first_name;birth_date;nir;email",
    "contracts": "number;kind;member;product;member_number;regime;responsible;starts_on;ends_on",
    "beneficiaries": "contract;person;relationship;birth_rank;valid_from;valid_to",
    "employees": "group_contract;contract;matricule;usage_name;email;hired_on",
    "employment-periods": "group_contract;contract;category;kind;starts_on;ends_on",
    "directory": (
        "national_id;profession;specialty;name;address;postcode;city;latitude;longitude;phone;access;services;"
        "languages;level;hours;price;act;checked_on"
    ),
    # Only their titles: `demo/invoices.py` adds the rows, with the states that each invoice went through before.
    "invoices": (
        "number;provider;lot;person;patient;care_date;received_on;channel;total;base;requested;accepted;state;state_on;"
        "reject_code;engagement;replaces"
    ),
    "transfers": "reference;provider;paid_on;amount;iban_masked",
    "remittance-lines": "transfer;provider;position;invoice;label;amount",
    "payments": "reference;member;paid_on;method;payee;iban_masked;amount",
    "benefit-lines": (
        "reference;payment;contract;person;posted_on;care_date;act;label;family;kind;status;source;provider;quantity;"
        "spent;base;rate;base_gross;flat_fee;franchise;base_net;supplementary;other_cover;remaining;rule;care_path;note"
    ),
}
REGIME = "general"


class Writers:
    """The open files of one run."""

    def __init__(self, folder: Path, *, compress: bool) -> None:
        self._folder = folder
        self._compress = compress
        self._stack = ExitStack()
        self._tables: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        for table, header in HEADERS.items():
            writer = csv.writer(self._open(table), delimiter=";", lineterminator="\n")
            writer.writerow(header.split(";"))
            self._tables[table] = writer
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def copy(self, table: str, content: str) -> None:
        """Writes a file as it is."""
        self._open(table).write(content)

    def directory(self, rows: Iterable[Sequence[str]]) -> None:
        """Writes the approved professionals."""
        self._tables["directory"].writerows(rows)

    def household(self, household: Household, lines: Sequence[Line], payments: "Iterable[Payment]") -> None:
        """Writes one household's rows."""
        payment_of: dict[str, str] = {}
        for payment in payments:
            payment_of.update(dict.fromkeys(payment.lines, payment.reference))
            self._tables["payments"].writerow(_payment_row(household, payment))
        self._people(household)
        self._employee(household)
        number = household.contract_number
        self._tables["benefit-lines"].writerows(
            _line_row(line, payment_of.get(line.reference, ""), number) for line in lines
        )

    def _people(self, household: Household) -> None:
        number = household.contract_number
        self._tables["contracts"].writerow(_contract_row(household))
        for patient in household.patients:
            born = patient.birth_date.isoformat()
            row = (patient.reference, patient.last_name, patient.first_name, born, patient.nir, patient.email)
            self._tables["persons"].writerow(row)
            period = (patient.valid_from.isoformat(), patient.valid_to.isoformat() if patient.valid_to else "")
            covered = (number, patient.reference, patient.relationship, patient.birth_rank, *period)
            self._tables["beneficiaries"].writerow(covered)

    def _employee(self, household: Household) -> None:
        """The member as an employee, when a company of the demonstration pays for the contract."""
        job = job_of(household)
        if job is None:
            return
        group, category, matricule, hired_on = job
        number, until = household.contract_number, household.ends_on.isoformat() if household.ends_on else ""
        email = household.member.email
        self._tables["employees"].writerow((group, number, matricule, "", email, hired_on.isoformat()))
        period = (household.starts_on.isoformat(), until)
        self._tables["employment-periods"].writerow((group, number, category, "affilie", *period))

    def _open(self, table: str) -> TextIO:
        path = self._folder / f"{table}.csv{'.gz' if self._compress else ''}"
        raw: Any = self._stack.enter_context(path.open("wb"))
        if self._compress:
            raw = self._stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0))
        return self._stack.enter_context(io.TextIOWrapper(raw, encoding="utf-8", newline=""))


def _contract_row(household: Household) -> tuple[object, ...]:
    return (
        household.contract_number,
        household.kind,
        household.member.reference,
        household.product,
        f"{90000000 + household.index}",
        REGIME,
        1,
        household.starts_on.isoformat(),
        household.ends_on.isoformat() if household.ends_on else "",
    )


def _payment_row(household: Household, payment: "Payment") -> tuple[object, ...]:
    return (
        payment.reference,
        household.member.reference,
        payment.paid_on.isoformat(),
        payment.method,
        payment.payee,
        payment.iban_masked,
        _euros(payment.amount),
    )


def _line_row(line: Line, payment: str, contract: str) -> tuple[object, ...]:
    """The row of a line: its fields from `reference` to `note`, in the file's order."""
    return (
        line[0],
        payment,
        contract,
        line[1],
        _iso(line[2]),
        _iso(line[3]),
        *line[4:12],
        *map(_euros, line[12:14]),
        line[14],
        *map(_euros, line[15:22]),
        line[22],
        1 if line[23] else 0,
        line[24],
    )


@lru_cache(maxsize=8192)
def _iso(day: date) -> str:
    return day.isoformat()


@lru_cache(maxsize=65536)
def _euros(cents: int) -> str:
    """Cents as « -12,48 »."""
    euros, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{euros},{rest:02d}"
