"""Recording an employee's written request: for an exemption, or its renewal. /employeur/salaries/<salarié>/dispense"""

from datetime import date, timedelta
from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.employee_acts import Refused
from portal.data.employees import Employee
from portal.data.evidence import Action
from portal.data.exempting import record_exemption
from portal.data.exemption_grounds import ExemptionGround, GroundKind, grounds_open
from portal.data.exemption_rows import LONGEST_INSURER, Exemption
from portal.data.exemptions import Wish, accepted_of, ground_of, open_request
from portal.employee_words import REFUSALS
from portal.exemption_words import KIND_LABELS, STATEMENT, ground_words
from portal.formatting import day_in_france
from portal.forms import FieldError
from portal.pages.employer.employee import act_crumbs
from portal.pages.employer.employee_forms import Reader
from portal.pages.employer.exemption import exemption_url
from portal.pages.employer.exemptions import MANAGES
from portal.pages.employer.views import acting, found_employee, locked_employee
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

PATH = "/employeur/salaries/{employee:str}/dispense"
FIELDS = ("cas", "demande", "effet", "fin", "organisme", "consequences")
NO_GROUND = "Choisissez le cas que le salarié invoque."
NO_STATEMENT = "Sans cette mention, la demande n’est pas valable. Faites-la compléter par le salarié."
LONG_NAME = f"Ce nom est trop long. Gardez-en {LONGEST_INSURER} caractères au plus."
# Where a refusal of the data is told in the form.
_FIELD_OF = {"jour": "effet", "": "cas"}


@page(PATH, name="employer.exemption.new", guards=MANAGES)
def form_page(request: PortalRequest, employee: FromPath[str]) -> Response[bytes]:
    found = found_employee(request, request.db, employee)
    return _form(request, request.db, found, employee, _first_values(request, request.db, found), [])


@async_action(PATH, name="employer.exemption.record", guards=MANAGES)
async def record(request: PortalRequest, employee: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_record, request, employee, await request.form())


def _record(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reader = Reader.of(sent, FIELDS, day_in_france(request.now))
    wish = _read(reader)
    errors = reader.errors
    if wish is not None:
        try:
            return Redirect(exemption_url(request, _kept(request, opaque, wish)), status_code=303)
        except Refused as refused:
            field = _FIELD_OF.get(refused.field, refused.field)
            errors = [FieldError(field, REFUSALS[refused.code])]
    with request.database.read() as db:
        return _form(request, db, found_employee(request, db, opaque), opaque, reader.raw, errors)


def _kept(request: PortalRequest, opaque: str, wish: Wish) -> Exemption:
    with request.database.write() as db:
        employee = locked_employee(request, db, opaque, None)
        exemption = record_exemption(db, acting(request, db), employee, wish)
        request.record(db, Action.EXEMPTION_RECORDED, exemption.object, case=wish.ground)
    return exemption


def _read(reader: Reader) -> Wish | None:
    if not reader.raw["cas"]:
        reader.wrong("cas", NO_GROUND)
    stated_on, starts_on, until = reader.day("demande"), reader.day("effet"), reader.day("fin", is_needed=False)
    insurer = " ".join(reader.raw["organisme"].split())
    if len(insurer) > LONGEST_INSURER:
        reader.wrong("organisme", LONG_NAME)
    if reader.raw["consequences"] != "1":
        reader.wrong("consequences", NO_STATEMENT)
    if reader.errors or stated_on is None or starts_on is None:
        return None
    return Wish(reader.raw["cas"], stated_on, starts_on, until, insurer)


def _first_values(request: PortalRequest, db: Session, employee: Employee) -> dict[str, str]:
    """The form as it is opened: for a renewal, what the exemption that holds says already."""
    today, held = day_in_france(request.now), accepted_of(db, employee)
    values = dict.fromkeys(FIELDS, "") | {"demande": today.isoformat(), "effet": today.isoformat()}
    if held is None:
        return values
    ground = ground_of(db, held)
    start = held.valid_until + timedelta(days=1) if held.valid_until else max(held.starts_on, today)
    same = {"cas": ground.code} if ground.is_renewable else {}
    return values | same | {"organisme": held.other_insurer, "effet": start.isoformat()}


def _form(
    request: PortalRequest, db: Session, employee: Employee, opaque: str, raw: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    held, waiting = accepted_of(db, employee), open_request(db, employee)
    return render_page(
        request,
        "employer/exemptions/new.html",
        "Renouveler une dispense" if held else "Enregistrer une demande de dispense",
        errors=errors,
        crumbs=act_crumbs(request, employee, opaque),
        employee=employee,
        opaque=opaque,
        raw=raw,
        grounds=_choices(db, employee, day_in_france(request.now)),
        statement=STATEMENT,
        held=held,
        waiting_url=exemption_url(request, waiting) if waiting else "",
    )


def _choices(db: Session, employee: Employee, day: date) -> list[tuple[str, list[dict[str, Any]]]]:
    """The legal cases by their kind, each with what it asks for."""
    found: dict[str, list[dict[str, Any]]] = {}
    for ground in grounds_open(db, employee.group_contract_id, day):
        found.setdefault(KIND_LABELS[GroundKind(ground.kind)], []).append(_choice(ground))
    return list(found.items())


def _choice(ground: ExemptionGround) -> dict[str, Any]:
    hint = " ".join(ground_words(ground))
    return {"code": ground.code, "label": ground.label, "hint": f"{hint} ({ground.article})"}


HANDLERS = [form_page, record]
