"""A company at the portal with a payroll file in hand."""

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import xlsxwriter
from sqlmodel import col, select

from portal.data.accounts import Role
from portal.data.employee_imports import EmployeeImport
from portal.formatting import today
from portal.security import Keyring
from portal.staff_files import FIELDS
from portal.staff_import_jobs import work_on_imports
from tests.support import staff
from tests.support.client import AuditingClient
from tests.support.entry import enter

TITLES = ";".join(FIELDS)
EFFECT = today().replace(day=1)
DAY = EFFECT.strftime("%d/%m/%Y")
LIST = "/employeur/salaries/fichiers"


class Payroll:
    """A clerk of a company, signed in."""

    def __init__(self, client: AuditingClient, database: Any, settings: Any, role: Role = Role.CLERK) -> None:
        self.client, self.database, self.keyring = client, database, Keyring(settings)
        with database.write() as db:
            staff.figures(db)
            self.company = staff.company(db)
            staff.grounds(db)
            self.contract = staff.group_contract(db, self.company)
            self.category = staff.category(db, self.contract)
            self.managers = staff.category(db, self.contract, "CADRES")
            self.account = staff.user(db, self.keyring, self.company, role)
        enter(client, self.account)

    def send(self, content: bytes, name: str = "paie.csv") -> int:
        """Sends a file by the form; the status of the answer."""
        client = self.client
        client.get(LIST)
        token = client.page.one('main form input[name="jeton"]').attributes["value"]
        client.post(LIST, {"jeton": token}, files={"fichier": (name, content)})
        if client.answer.is_redirect:
            client.get(client.answer.headers["location"])
        return client.status

    def check(self, content: bytes, name: str = "paie.csv") -> None:
        """Sends a file, confirms its columns, lets the worker check it, and looks at the result."""
        assert self.send(content, name) == 200, self.client.page.text
        self.client.submit("main form", button="Contrôler le fichier")
        self.work()

    def apply(self) -> None:
        """Applies the file of the page, and lets the worker do it."""
        self.client.submit("main form")
        self.work()

    def work(self) -> None:
        work_on_imports(self.client.services)
        self.client.get(self.client.path_of_page.partition("?")[0])


def nir(serial: int) -> str:
    """A number with a right key."""
    digits = f"1900499001{serial:03d}"
    return f"{digits}{97 - int(digits) % 97:02d}"


def arrival(serial: int, **cells: str) -> str:
    """A row that declares somebody; `cells` say otherwise."""
    values = dict.fromkeys(FIELDS, "") | {"action": "A", "matricule": str(serial), "nir": nir(serial), "nom": "Essai"}
    values |= {"prenom": "Paule", "date_naissance": "12/04/1990", "categorie": "NONCADRES", "date_effet": DAY}
    return ";".join((values | cells).values())


def change(matricule: str, **cells: str) -> str:
    """A row that changes somebody."""
    return ";".join((dict.fromkeys(FIELDS, "") | {"action": "M", "matricule": matricule} | cells).values())


def departure(matricule: str, **cells: str) -> str:
    """A row that lets somebody go."""
    values = {"action": "R", "matricule": matricule, "date_sortie": DAY, "motif_sortie": "demission"}
    return ";".join((dict.fromkeys(FIELDS, "") | values | cells).values())


def workbook(*lines: Sequence[object], merge: str = "") -> bytes:
    """A workbook's first sheet; `merge`: cells to merge."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for number, line in enumerate(lines):
            for at, cell in enumerate(line):
                sheet.write(number, at, cell, *([day] if isinstance(cell, date) else []))
        if merge:
            sheet.merge_range(merge, "A")
    return file.getvalue()


def rows(*lines: str) -> bytes:
    """A file with the template's titles."""
    return "\n".join([TITLES, *lines]).encode()


def newest(db: Any) -> EmployeeImport:
    """The last file that was sent."""
    return db.exec(select(EmployeeImport).order_by(col(EmployeeImport.id).desc())).first()
