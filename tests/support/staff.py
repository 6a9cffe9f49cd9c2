"""Companies, their categories and their employees, for tests; see `factories` for the rest."""

from datetime import UTC, date, datetime

from sqlmodel import Session

from portal.data.accounts import Account, Role, Space
from portal.data.affiliating import NewEmployee, declare
from portal.data.contributions import Structure
from portal.data.coverage import Product
from portal.data.employee_acts import Acting
from portal.data.employees import Employee, PeriodKind
from portal.data.exemption_grounds import ExemptionGround, GroundKind
from portal.data.exemptions import Wish
from portal.data.group_figures import CODES, GroupFigures
from portal.data.organisations import Company, GroupContract
from portal.data.parameters import Parameter
from portal.data.sessions import Stage, Viewer
from portal.data.staff_categories import CategoryRate, StaffCategory
from portal.security import Keyring
from tests.support import factories

NOW = datetime(2026, 6, 15, 9, tzinfo=UTC)
TODAY = date(2026, 6, 15)
# In the order of `GroupFigures`.
FIGURES = GroupFigures(400_500, 50, 1327, 3, 12, 2, 6, 100, 125, 150)


def figures(db: Session) -> None:
    """The dated figures of group contracts, since 2020."""
    for name, code in CODES.items():
        value = getattr(FIGURES, name)
        db.add(Parameter(code=code, label=code, unit="nombre", value=value, valid_from=date(2020, 1, 1)))
    db.flush()


def company(db: Session, name: str = "Ateliers d’essai", siret: str = "") -> Company:
    """A company without a contract yet."""
    return _added(db, Company(siret=siret or f"{factories.next_number():014}", name=name))


def group_contract(db: Session, of: Company, *, starts_on: date = date(2019, 1, 1), ends_on: date | None = None):
    """A company's contract."""
    number = f"G-{factories.next_number():06}"
    values = {"signatory_last_name": "Modèle", "signatory_first_name": "Agathe"}
    return _added(
        db, GroupContract(number=number, company_id=of.id or 0, starts_on=starts_on, ends_on=ends_on, **values)
    )


def category(
    db: Session, of: GroupContract, code: str = "NONCADRES", *, covers: Product | None = None
) -> StaffCategory:
    """A category of the contract, whose rates are those of the domain's example: 1,20 % alone, 3,05 % with a family."""
    product = covers or factories.product(db)
    made = _added(
        db,
        StaffCategory(group_contract_id=of.id or 0, code=code, label=code.capitalize(), product_id=product.id or 0),
    )
    for structure, rate in ((Structure.SINGLE, 120), (Structure.PAIR, 228), (Structure.FAMILY, 305)):
        priced = {"valid_from": date(2019, 1, 1), "pmss_rate": rate, "employer_percent": 50}
        _added(db, CategoryRate(category_id=made.id or 0, structure=structure, **priced))
    return made


def user(db: Session, keyring: Keyring, of: Company, role: Role = Role.CLERK, **values) -> Account:
    """An account of the employer's space."""
    return factories.account(db, keyring, Space.EMPLOYER, role, organisation=of.name, company_id=of.id, **values)


def viewer(account: Account) -> Viewer:
    """An account of the employer's space as `data/` sees it."""
    return Viewer(
        account_id=account.id or 0,
        space=account.space,
        role=account.role,
        display_name=account.display_name,
        organisation=account.organisation,
        person_id=None,
        stage=Stage.FULL,
        session_hash="",
        company_id=account.company_id,
        provider_id=None,
        confirmed_at=NOW,
    )


def acting(keyring: Keyring, account: Account, now: datetime = NOW) -> Acting:
    """Somebody of the employer's, at work at an instant."""
    return Acting(viewer(account), keyring, now, FIGURES)


def new_employee(last_name: str = "Essai", first_name: str = "Paule", **values) -> NewEmployee:
    """An employee as declared, hired this month unless told otherwise."""
    defaults = {"birth_date": date(1990, 4, 12), "hired_on": date(2026, 6, 1), "starts_on": date(2026, 6, 1)}
    return NewEmployee(last_name=last_name, first_name=first_name, **(defaults | values))


def employee(db: Session, who: Acting, of: GroupContract, within: StaffCategory, **values) -> Employee:
    """Somebody affiliated (see `new_employee`), by the portal's own act."""
    return declare(db, who, of, within, new_employee(**values), PeriodKind.AFFILIATED)[0]


def grounds(db: Session) -> None:
    """Three legal cases since 2016: « css » until a day, « collectif » every year, « temps-partiel » of the act alone,
    which needs no evidence."""
    since = {"valid_from": date(2016, 1, 1), "condition": "Le salarié est dans ce cas"}
    css = {"evidence": "Attestation de droits", "needs_until": True, "most_months": 12}
    group = {"evidence": "Attestation de l’autre assureur", "names_insurer": True, "renewal_months": 12}
    for code, kind, article, rest in (
        ("css", GroundKind.BY_LAW, "CSS, D911-2, 1°", css),
        ("collectif", GroundKind.BY_LAW, "CSS, D911-2, 3° a", group),
        ("temps-partiel", GroundKind.BY_ACT, "CSS, R242-1-6, 2° c", {}),
    ):
        _added(db, ExemptionGround(code=code, label=f"Cas {code}", kind=kind, article=article, **since, **rest))


def wish(ground: str = "collectif", **values) -> Wish:
    """What an employee asks for, from July on unless told otherwise."""
    defaults = {"stated_on": date(2026, 6, 12), "starts_on": date(2026, 7, 1), "other_insurer": "Autre Mutuelle"}
    until = {"until": date(2027, 3, 31)} if ground == "css" else {}
    return Wish(ground, **(defaults | until | values))


def _added(db: Session, row):
    db.add(row)
    db.flush()
    return row
