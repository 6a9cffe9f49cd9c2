"""The demonstration's exemptions: one in each of the states that the register knows."""

from datetime import date, timedelta
from random import Random

from sqlmodel import Session

from portal.data.affiliating import NewEmployee, declare
from portal.data.employee_acts import Acting
from portal.data.employees import Employee, PeriodKind
from portal.data.exempting import accept_exemption, end_exemption, refuse_exemption
from portal.data.exemption_grounds import ground_open
from portal.data.exemption_pieces import exemption_slots
from portal.data.exemption_register import RegisterFilters, register_page
from portal.data.exemption_rows import Exemption, Origin
from portal.data.exemptions import Wish, ask_exemption, attach, find_exemption, ground_of
from portal.data.rules import add_months
from portal.data.staff_categories import StaffCategory, group_contracts, staff_categories
from portal.database import Database
from portal.demo.employees import CLERK, Payroll
from portal.demo.files import blank_file
from portal.demo.people import FEMALE, LAST, MALE, NirRegister
from portal.demo.viewers import viewer_of
from portal.exemption_words import STATEMENT
from portal.formatting import today
from portal.security import Keyring
from portal.storage import Storage

# Far from the numbers that households and staff were given.
FIRST_SERIAL = 80_000
INSURER = "Mutuelle des Exemples voisins"


def show_exemptions(database: Database, keyring: Keyring, storage: Storage, seed: int) -> None:
    """Has them asked, proven, accepted, refused, ended, by the portal's own acts; nothing when it was done already."""
    with database.write() as db:
        rng = Random(f"{seed}/exemptions")  # noqa: S311
        payroll = Payroll(db, keyring, rng, NirRegister(FIRST_SERIAL))
        if register_page(db, viewer_of(db, CLERK), RegisterFilters(), today()) == ([], False):
            _Register(payroll, storage).fill()


class _Register:
    """The clerk and the storage that proof goes to."""

    def __init__(self, payroll: Payroll, storage: Storage) -> None:
        self._payroll, self._storage = payroll, storage
        self._db: Session = payroll.db

    def fill(self) -> None:
        """Months count back from today."""
        self._held(5, "couverture-collective")
        self._held(3, "css", until=add_months(today(), 6))
        self._held(2, "temps-partiel")
        self._held(11, "fonction-publique")
        self._held(13, "madelin", starts_on=add_months(today(), -12) - timedelta(days=6))
        self._ended()
        self._refused()
        self._asked("couverture-collective", Origin.ONLINE, is_proven=True)
        self._asked("contrat-individuel", Origin.PAPER, is_proven=False)
        self._declared(self._payroll.acting(today()), today(), "alsace-moselle")
        self._declared(self._payroll.acting(today()), today(), "")

    def _held(self, months: int, ground: str, *, starts_on: date | None = None, until: date | None = None) -> Exemption:
        """An exemption since somebody was hired, all of it proven."""
        day = starts_on or add_months(today(), -months)
        acting = self._payroll.acting(day)
        employee = self._hired(acting, day, PeriodKind.EXEMPT)
        exemption = self._wished(acting, employee, ground, day, Origin.PAPER, until)
        self._prove(acting, exemption)
        accept_exemption(self._db, acting, employee, exemption)
        return exemption

    def _ended(self) -> None:
        exemption, acting = self._held(4, "couverture-collective"), self._payroll.acting(today())
        found = find_exemption(self._db, acting.viewer, exemption.id or 0)
        if found is not None:
            end_exemption(self._db, acting, found[1], exemption, self._category(acting), today())

    def _refused(self) -> None:
        acting = self._payroll.acting(today() - timedelta(days=9))
        employee = self._hired(acting, acting.today, PeriodKind.AFFILIATED)
        exemption = self._wished(acting, employee, "contrat-individuel", acting.today, Origin.ONLINE, None)
        refuse_exemption(self._db, acting, exemption, "L’attestation ne porte pas de date d’échéance.")

    def _asked(self, ground: str, origin: Origin, *, is_proven: bool) -> None:
        acting = self._payroll.acting(today() - timedelta(days=2))
        employee = self._hired(acting, acting.today, PeriodKind.AFFILIATED)
        exemption = self._wished(acting, employee, ground, today(), origin, None)
        if is_proven:
            self._prove(acting, exemption)

    def _declared(self, acting: Acting, day: date, code: str) -> None:
        """What a payroll's file said: exempt, in a case or in none."""
        self._hired(acting, day, PeriodKind.EXEMPT, code)

    def _wished(
        self, acting: Acting, employee: Employee, code: str, day: date, origin: Origin, until: date | None
    ) -> Exemption:
        ground = ground_open(self._db, employee.group_contract_id, code, day)
        if ground is None:
            raise LookupError(code)
        last = until or (add_months(day, 9) if ground.needs_until else None)
        insurer = INSURER if ground.names_insurer else ""
        statement = STATEMENT if origin is Origin.ONLINE else ""
        wish = Wish(code, acting.today, day, last, insurer, statement)
        viewer = None if origin is Origin.ONLINE else acting.viewer
        return ask_exemption(self._db, employee, wish, acting.now, origin=origin, viewer=viewer)

    def _prove(self, acting: Acting, exemption: Exemption) -> None:
        for slot in exemption_slots(exemption, ground_of(self._db, exemption)):
            file = blank_file(self._storage, slot.code)
            attach(self._db, acting.viewer, exemption, slot.code, [file], acting.now)

    def _hired(self, acting: Acting, day: date, kind: PeriodKind, code: str = "") -> Employee:
        rng = self._payroll.rng
        is_female = rng.random() < 0.5
        born = add_months(day, -12 * rng.randint(22, 57)) - timedelta(days=rng.randint(1, 360))
        new = NewEmployee(
            last_name=rng.choice(LAST),
            first_name=rng.choice(FEMALE if is_female else MALE),
            birth_date=born,
            hired_on=day,
            starts_on=day,
            nir=self._payroll.nirs.new(born, is_female=is_female),
            matricule=f"D{rng.randint(20_000, 99_999)}",
            email=f"salarie.{rng.randint(1000, 9999)}@courriel.example",
        )
        contract = group_contracts(self._db, acting.viewer)[0]
        ground = ground_open(self._db, contract.id or 0, code, day) if code else None
        return declare(self._db, acting, contract, self._category(acting), new, kind, ground)[0]

    def _category(self, acting: Acting) -> StaffCategory:
        return next(each for each in staff_categories(self._db, acting.viewer) if each.code == "NONCADRES")
