"""A company at the portal with a payroll file in hand."""

from typing import Any

from sqlmodel import col, select

from portal.data.accounts import Role
from portal.data.employee_imports import EmployeeImport
from portal.security import Keyring
from portal.staff_files import FIELDS
from portal.staff_import_jobs import work_on_imports
from tests.support import staff
from tests.support.client import AuditingClient
from tests.support.entry import enter

TITLES = ";".join(FIELDS)
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


def rows(*lines: str) -> bytes:
    """A file with the template's titles."""
    return "\n".join([TITLES, *lines]).encode()


def newest(db: Any) -> EmployeeImport:
    """The last file that was sent."""
    return db.exec(select(EmployeeImport).order_by(col(EmployeeImport.id).desc())).first()
