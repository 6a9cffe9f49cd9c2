"""Affiliating one employee by full entry: /employeur/salaries/affiliation; reviewed, then confirmed, once (R-30)."""

from datetime import date
from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from sqlmodel import Session

from portal.beneficiary_words import masked_nir
from portal.data.affiliating import NewEmployee
from portal.data.employee_acts import Acting, Refused, check_effect
from portal.data.employee_entry import contract_of, earliest_effect, enter_once
from portal.data.employees import Employee, PeriodKind
from portal.data.evidence import Action
from portal.data.group_figures import group_figures_on
from portal.data.organisations import GroupContract
from portal.data.staff_categories import StaffCategory
from portal.employee_words import REFUSALS
from portal.formatting import day_in_france, long_date, plural
from portal.forms import FieldError, exact_value
from portal.pages.employer.employee import category_names, employee_crumbs
from portal.pages.employer.employee_forms import ENTRY_FIELDS, NO_CATEGORY, SEXES, Reader
from portal.pages.employer.employees import CHANGES
from portal.pages.employer.views import acting, employee_names
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

TITLE = "Affilier un salarié"
Read = tuple[NewEmployee, StaffCategory]


@page("/employeur/salaries/affiliation", name="employer.employee.affiliate", guards=CHANGES)
def affiliation_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, request.db, dict.fromkeys(ENTRY_FIELDS, ""))


@async_action("/employeur/salaries/affiliation", name="employer.employee.affiliate.submit", guards=CHANGES)
async def affiliate(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_affiliate, request, sent)


def _affiliate(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reader = Reader.of(sent, ENTRY_FIELDS, day_in_france(request.now))
    step = exact_value(sent, "etape")
    with request.database.read() as db:
        read = _read(request, db, reader)
        if read is None or step == "modifier":
            return _form(request, db, reader.raw, [] if step == "modifier" else reader.errors)
        if step != "confirmer":
            return _review(request, db, reader.raw, *read)
    try:
        return Redirect(request.services.urls("employer.employee", employee=_kept(request, read)), status_code=303)
    except Refused as refused:
        with request.database.read() as db:
            return _form(request, db, reader.raw, [FieldError(refused.field, REFUSALS[refused.code])])


def _kept(request: PortalRequest, read: Read) -> str:
    """Affiliates, with the letter, in one transaction; the opaque name of the employee. Raises `Refused`."""
    new, category = read
    with request.database.write() as db:
        doing, contract = acting(request, db), contract_of(db, category)
        employee, is_new = enter_once(db, doing, contract, category, new, PeriodKind.AFFILIATED)
        if is_new:
            _tell(request, db, employee, new.starts_on)
            request.record(db, Action.EMPLOYEE_AFFILIATED, f"salarie:{employee.id}")
        return employee_names(request, [employee.id or 0])[0]


def _tell(request: PortalRequest, db: Session, employee: Employee, starts_on: date) -> None:
    """Invites the employee to open an account; the letter holds no number and no link that proves anything."""
    if employee.email:
        href = request.services.settings.origin + request.services.urls("sign-up.member")
        company = request.viewer.organisation
        request.services.mail.post(
            db, "employee-affiliated", employee.email, company=company, starts_on=starts_on, href=href
        )


def _read(request: PortalRequest, db: Session, reader: Reader) -> Read | None:
    """The employee who was entered, with the day of effect that follows; None when something is to be corrected."""
    names = (reader.name("nom"), reader.name("prenom"))
    usage_name, birth = reader.name("usage", is_needed=False), reader.birth("naissance")
    nir, matricule, email = reader.nir(birth, reader.raw["sexe"]), reader.matricule(), reader.email()
    category = reader.choice("categorie", category_names(request, db), NO_CATEGORY)
    hired_on, given = reader.day("embauche"), reader.day("effet", is_needed=False)
    if reader.errors or birth is None or hired_on is None:
        return None
    new = NewEmployee(*names, birth, hired_on, given or hired_on, nir, usage_name, matricule, email)
    _check(acting(request, db), contract_of(db, category), new, reader)
    return None if reader.errors else (new, category)


def _check(doing: Acting, contract: GroupContract, new: NewEmployee, reader: Reader) -> None:
    """The day of effect, judged while it can still be explained beside its field."""
    try:
        check_effect(doing, new.starts_on, "effet")
    except Refused as refused:
        earliest = long_date(earliest_effect(doing, contract))
        hint = f" Jour le plus ancien possible\u00a0: le {earliest}." if refused.code == "too-early" else ""
        reader.wrong("effet", REFUSALS[refused.code] + hint)
        return
    if new.hired_on > new.starts_on:
        reader.wrong("effet", REFUSALS["hired-later"])
    if not contract.starts_on <= new.starts_on <= (contract.ends_on or new.starts_on):
        reader.wrong("effet", REFUSALS["outside-contract"])


def _why(doing: Acting, new: NewEmployee) -> str:
    """Why the affiliation counts from that day."""
    months = plural(doing.figures.backdating_months, "mois", "mois")
    if new.starts_on == new.hired_on:
        return f"C’est le jour de l’embauche. Une affiliation peut remonter à {months} au plus."
    return f"C’est le jour que vous avez choisi, après l’embauche. Une affiliation peut remonter à {months} au plus."


def _form(
    request: PortalRequest, db: Session, raw: dict[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    figures = group_figures_on(db, day_in_france(request.now))
    return render_page(
        request,
        "employer/employees/affiliate.html",
        TITLE,
        errors=errors or [],
        crumbs=employee_crumbs(request),
        raw=raw,
        sexes=SEXES,
        categories=[(name, each.label) for name, each in category_names(request, db).items()],
        months=figures.backdating_months if figures else 0,
    )


def _review(
    request: PortalRequest, db: Session, raw: dict[str, str], new: NewEmployee, category: StaffCategory
) -> Response[bytes]:
    usage = f", nom d’usage {new.usage_name}" if new.usage_name else ""
    summary: list[tuple[str, Any]] = [
        ("Salarié", f"{new.first_name} {new.last_name}{usage}"),
        ("Date de naissance", long_date(new.birth_date)),
        ("Numéro de Sécurité sociale", masked_nir(new.nir) or "À compléter dès que vous le connaissez"),
        ("Matricule", new.matricule or "Aucun"),
        ("Catégorie", category.label),
        ("Embauche", long_date(new.hired_on)),
        ("Adresse e-mail", new.email or "Aucune\u00a0: le salarié ne reçoit pas d’invitation"),
    ]
    return render_page(
        request,
        "employer/employees/review.html",
        "Vérifier l’affiliation",
        crumbs=employee_crumbs(request),
        raw=raw,
        summary=summary,
        starts_on=new.starts_on,
        why=_why(acting(request, db), new),
        is_told=bool(new.email),
    )


HANDLERS = [affiliation_page, affiliate]
