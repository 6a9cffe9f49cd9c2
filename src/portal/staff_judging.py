"""What a row of a file of employees asks of the acts (`data/affiliating.py`, `data/departing.py`), judged, or done.

A dry run asks the very rules that the acts ask; it writes nothing. One line speaks of one person: a second is refused.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from portal.data.affiliating import (
    NewEmployee,
    change_category,
    check_category_change,
    check_correction,
    check_declared,
    correct,
    declare,
)
from portal.data.batches import batched
from portal.data.departing import check_departure, let_go
from portal.data.employee_acts import Acting, Refused
from portal.data.employee_import_work import read_for_rows
from portal.data.employee_imports import employees_named
from portal.data.employees import Employee, PeriodKind, periods_of
from portal.data.exemption_grounds import ExemptionGround, grounds_open
from portal.data.leaving_rules import LeavingReason
from portal.data.organisations import GroupContract
from portal.data.staff_categories import StaffCategory, group_contracts, staff_categories
from portal.employee_words import REFUSALS
from portal.folding import fold
from portal.staff_rows import Result, StaffRow

UNKNOWN = (
    "Aucun salarié de votre entreprise n’a ce matricule ou ce numéro de sécurité sociale. Vérifiez aussi les zéros du "
    "début, qu’un tableur retire."
)
NO_NUMBER = "Donnez le matricule ou le numéro de sécurité sociale\u00a0: nous ne savons pas de qui il s’agit."
TWO_PEOPLE = "Le matricule et le numéro de sécurité sociale désignent deux salariés différents."
OTHER_NIR = "Ce numéro de sécurité sociale n’est pas celui du salarié qui a ce matricule."
NO_NIR_YET = (
    "Le numéro de sécurité sociale d’un salarié déjà déclaré se complète sur sa fiche\u00a0: il n’est pas repris."
)
MOVED = (
    "Le dossier de ce salarié a changé depuis le contrôle\u00a0: rien n’a été repris. Relisez sa fiche, puis renvoyez "
    "la ligne."
)
NOTHING = "Ces informations sont déjà les nôtres\u00a0: rien ne change."
REQUIRED = {"nom": "le nom", "prenom": "le prénom", "categorie": "la catégorie"}
DAYS = {"date_naissance": "la date de naissance", "date_effet": "la date d’effet"}


class Judge:
    """Judges the rows of one company, in order. `dry`: nothing is written, and what earlier rows said is remembered."""

    def __init__(self, db: Session, acting: Acting, *, dry: bool) -> None:
        self._acting, self._dry = acting, dry
        self._contracts = {contract.id or 0: contract for contract in group_contracts(db, acting.viewer)}
        self._categories: dict[str, StaffCategory] = {}
        self._codes = {category.code for category in staff_categories(db, acting.viewer)}
        for category in staff_categories(db, acting.viewer):
            self._categories.setdefault(fold(category.label), category)
            self._categories[fold(category.code)] = category
        self._grounds: dict[tuple[int, date], dict[str, ExemptionGround]] = {}
        self._seen: dict[object, int] = {}

    def take_all(self, db: Session, rows: Sequence[StaffRow]) -> None:
        """Judges rows, or does what they ask, in order; each tells what became of it."""
        numbers = {row.values.get("matricule", "") for row in rows} - {""}
        nirs = {row.values.get("nir", "") for row in rows} - {""}
        with batched(db):
            read_for_rows(db, self._acting, self._contracts.values(), numbers, nirs, lock=not self._dry)
            for row in rows:
                self._take(db, row)

    def _take(self, db: Session, row: StaffRow) -> None:
        if row.is_refused:
            return
        try:
            {"A": self._declare, "M": self._change, "R": self._let_go}[row.action](db, row)
        except Refused as refused:
            row.say(Result.REFUSED, REFUSALS[refused.code])

    # --- A ---

    def _declare(self, db: Session, row: StaffRow) -> None:
        missing = [label for name, label in REQUIRED.items() if not row.values.get(name)]
        missing += [label for name, label in DAYS.items() if name not in row.days]
        if missing:
            row.say(Result.REFUSED, f"Il manque\u00a0: {', '.join(missing)}.")
        category = self._category(row)
        if row.is_refused or category is None or self._said_before(row, *self._names(row)):
            return
        contract, new = self._contracts[category.group_contract_id], _new(row)
        ground = self._ground(db, row, contract, new.starts_on)
        if self._has_moved(row, check_declared(db, self._acting, contract, new)) or self._dry:
            return
        kind = PeriodKind.EXEMPT if ground else PeriodKind.AFFILIATED
        declare(db, self._acting, contract, category, new, kind, ground)

    def _ground(self, db: Session, row: StaffRow, contract: GroupContract, day: date) -> ExemptionGround | None:
        code = row.values.get("dispense_code", "").casefold()
        if not code:
            return None
        key = contract.id or 0, day
        if key not in self._grounds:
            self._grounds[key] = {each.code.casefold(): each for each in grounds_open(db, *key)}
        if code not in self._grounds[key]:
            raise Refused("ground-unknown")
        return self._grounds[key][code]

    def _names(self, row: StaffRow) -> list[object]:
        nir, number = row.values.get("nir"), row.values.get("matricule")
        named: list[object] = [(name, value) for name, value in (("nir", nir), ("matricule", number)) if value]
        return named or [(fold(row.values["nom"]), fold(row.values["prenom"]), row.days["date_naissance"])]

    # --- M ---

    def _change(self, db: Session, row: StaffRow) -> None:
        employee = self._found(db, row)
        category = self._category(row) if row.values.get("categorie") else None
        if employee is None or row.is_refused:
            return
        periods = periods_of(db, employee)
        if category is not None and periods and periods[-1].category_id == category.id:
            category = None
        if category is not None and "date_effet" not in row.days:
            row.say(Result.REFUSED, "La date d’effet du changement de catégorie manque.")
            return
        values = _corrections(row)
        checked = check_correction(db, employee, values)
        if category is None and not checked:
            row.say(Result.CORRECTED, NOTHING)
        if category is not None:
            act: Callable[..., Any] = check_category_change if self._dry else change_category
            act(db, self._acting, employee, category, row.days["date_effet"])
        if checked and not self._dry:
            correct(db, self._acting, employee, **values)

    # --- R ---

    def _let_go(self, db: Session, row: StaffRow) -> None:
        employee = self._found(db, row)
        if employee is None or row.is_refused:
            return
        if self._dry:
            check_departure(db, self._acting, employee, row.days["date_sortie"])
        else:
            let_go(db, self._acting, employee, row.days["date_sortie"], LeavingReason(row.values["motif_sortie"]))

    # --- who, and in which category ---

    def _found(self, db: Session, row: StaffRow) -> Employee | None:
        nir, number = row.values.get("nir", ""), row.values.get("matricule", "")
        lookups = self._acting.keyring.lookups(nir) if nir else []
        named = employees_named(db, self._contracts, number, lookups, lock=not self._dry)
        problem = _doubt(row, named, number, lookups)
        if problem:
            row.say(Result.REFUSED, problem)
            return None
        if self._said_before(row, named[0].id) or self._has_moved(row, named[0]):
            return None
        return named[0]

    def _has_moved(self, row: StaffRow, employee: Employee | None) -> bool:
        """Whether somebody changed the employee since the check, whose version it notes."""
        version = employee.version if employee is not None else None
        if self._dry:
            row.version = version
        elif row.version != version:
            row.say(Result.REFUSED, MOVED)
        return row.is_refused

    def _said_before(self, row: StaffRow, *names: object) -> bool:
        if not self._dry:
            return False
        earlier = next((self._seen[name] for name in names if name in self._seen), None)
        if earlier is not None:
            row.say(
                Result.REFUSED,
                f"La ligne {earlier} concerne déjà cette personne, ou ce numéro. Gardez une seule ligne.",
            )
        for name in names:
            self._seen.setdefault(name, row.line)
        return earlier is not None

    def _category(self, row: StaffRow) -> StaffCategory | None:
        text = row.values.get("categorie", "")
        found = self._categories.get(fold(text))
        if text and found is None:
            codes = ", ".join(sorted(self._codes))
            row.say(Result.REFUSED, f"Cette catégorie n’est pas dans votre contrat. Les vôtres\u00a0: {codes}.")
        elif found is not None and text != found.code:
            row.say(Result.CORRECTED, f"La catégorie a été lue «\u00a0{found.code}\u00a0».")
        return found


def _new(row: StaffRow) -> NewEmployee:
    values, effect = row.values, row.days["date_effet"]
    return NewEmployee(
        last_name=values["nom"],
        first_name=values["prenom"],
        birth_date=row.days["date_naissance"],
        hired_on=effect,
        starts_on=effect,
        nir=values.get("nir", ""),
        usage_name=values.get("nom_usage", ""),
        matricule=values.get("matricule", ""),
        email=values.get("email", ""),
        regime=values.get("regime") or "general",
    )


_COLUMNS = {"nom": "last_name", "nom_usage": "usage_name", "prenom": "first_name", "email": "email", "regime": "regime"}


def _corrections(row: StaffRow) -> dict[str, Any]:
    """What a row says anew; an empty cell says nothing."""
    said: dict[str, Any] = {column: row.values[name] for name, column in _COLUMNS.items() if row.values.get(name)}
    if "date_naissance" in row.days:
        said["birth_date"] = row.days["date_naissance"]
    if row.values.get("nir") and row.values.get("matricule"):
        said["matricule"] = row.values["matricule"]
    return said


def _doubt(row: StaffRow, named: list[Employee], number: str, lookups: list[str]) -> str:
    """Why a row does not tell who is meant; empty when it does."""
    if not number and not lookups:
        return NO_NUMBER
    if not named:
        return UNKNOWN
    if len(named) > 1 and len({each.nir_lookup for each in named}) > 1:
        return TWO_PEOPLE
    if lookups and named[0].nir_lookup is None:
        row.say(Result.PARTLY, NO_NIR_YET)
    elif lookups and named[0].nir_lookup not in lookups:
        return OTHER_NIR
    return ""
