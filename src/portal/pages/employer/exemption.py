"""One exemption: where it stands, what proves it, what is decided. /employeur/dispenses/<dispense> (R-30)"""

from collections.abc import Callable
from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.employee_acts import Acting, Refused
from portal.data.employees import Employee
from portal.data.evidence import Action
from portal.data.exempting import accept_exemption, cancel_exemption, end_exemption, refuse_exemption
from portal.data.exemption_grounds import GroundKind
from portal.data.exemption_history import TakenStep, history_of, was_accepted
from portal.data.exemption_register import Standing, register_row
from portal.data.exemption_rows import Exemption, ExemptionState, Origin, StepKind
from portal.data.exemptions import ExemptionMoved, find_exemption, ground_of, lock_exemption
from portal.data.staff_categories import StaffCategory
from portal.employee_words import REFUSALS
from portal.exemption_notices import ACCEPTED, CANCELLED, REFUSED, tell_of_decision
from portal.exemption_words import KIND_LABELS, ORIGIN_LABELS, STANDING_LABELS, STEP_LABELS, standing_words
from portal.formatting import day_in_france
from portal.forms import FieldError, exact_value, version_of, written_text
from portal.pages.employer.employee import category_names
from portal.pages.employer.employee_forms import NO_CATEGORY, Reader
from portal.pages.employer.exemption_views import file_views
from portal.pages.employer.exemptions import KIND, MANAGES, READS, TITLE, may_manage
from portal.pages.employer.views import acting, employee_names, home_crumb
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

PATH = "/employeur/dispenses/{exemption:str}"
MOVED = "Un collègue a modifié cette demande pendant votre saisie. Vérifiez ce qui a changé, puis recommencez."
NO_REASON = "Dites pourquoi en 10 à 500 caractères\u00a0: le salarié lira ce motif."
SHORTEST, LONGEST = 10, 500
Act = Callable[[Session, Acting, Employee, Exemption], object]


@page(PATH, name="employer.exemption", guards=READS)
def exemption_page(request: PortalRequest, exemption: FromPath[str]) -> Response[bytes]:
    return show(request, request.db, exemption)


@async_action(f"{PATH}/acceptation", name="employer.exemption.accept", guards=MANAGES)
async def accept(request: PortalRequest, exemption: FromPath[str]) -> Response[bytes] | Redirect:
    version = version_of(exact_value(await request.form(), "version"))
    return await request.database.run_writing(_accept, request, exemption, version)


@async_action(f"{PATH}/refus", name="employer.exemption.refuse", guards=MANAGES)
async def refuse(request: PortalRequest, exemption: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_refuse, request, exemption, await request.form())


@async_action(f"{PATH}/abandon", name="employer.exemption.cancel", guards=MANAGES)
async def cancel(request: PortalRequest, exemption: FromPath[str]) -> Response[bytes] | Redirect:
    version = version_of(exact_value(await request.form(), "version"))
    return await request.database.run_writing(_cancel, request, exemption, version)


@page(f"{PATH}/fin", name="employer.exemption.end", guards=MANAGES)
def end_page(request: PortalRequest, exemption: FromPath[str]) -> Response[bytes]:
    raw = {"jour": day_in_france(request.now).isoformat(), "categorie": ""}
    return _end_form(request, request.db, exemption, raw, [])


@async_action(f"{PATH}/fin", name="employer.exemption.end.submit", guards=MANAGES)
async def end(request: PortalRequest, exemption: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_end, request, exemption, await request.form())


def found_exemption(request: PortalRequest, db: Session, opaque: str) -> tuple[Exemption, Employee]:
    """The exemption behind an address, and its employee. Raises `NotFoundException` for another company's."""
    found = find_exemption(db, request.viewer, request.revealed(KIND, opaque))
    if found is None:
        raise NotFoundException
    return found


def locked_exemption(
    request: PortalRequest, db: Session, opaque: str, version: int | None
) -> tuple[Exemption, Employee]:
    """The same, for changing it in this transaction. Raises `ExemptionMoved`."""
    found = lock_exemption(db, request.viewer, request.revealed(KIND, opaque), version)
    if found is None:
        raise NotFoundException
    return found


def show(
    request: PortalRequest, db: Session, opaque: str, errors: list[FieldError] | None = None, reason: str = ""
) -> Response[bytes]:
    """The page of an exemption. Raises 404 for another company's."""
    exemption, employee = found_exemption(request, db, opaque)
    request.note_read(Action.EXEMPTIONS_READ, exemption.object)
    return render_page(
        request,
        "employer/exemptions/exemption.html",
        f"Dispense de {employee.name}",
        errors=errors or [],
        crumbs=register_crumbs(request),
        **_context(request, db, exemption, employee, opaque),
        reason=reason,
    )


def register_crumbs(request: PortalRequest) -> list[Crumb]:
    """The steps above the page of an exemption."""
    return [home_crumb(request), Crumb(TITLE, request.services.urls("employer.exemptions"))]


def exemption_url(request: PortalRequest, exemption: Exemption) -> str:
    """Where the page of an exemption is."""
    name = request.services.keyring.conceal(KIND, [exemption.id or 0])[0]
    return request.services.urls("employer.exemption", exemption=name)


def _context(
    request: PortalRequest, db: Session, exemption: Exemption, employee: Employee, opaque: str
) -> dict[str, Any]:
    row = register_row(db, request.viewer, exemption.id or 0, day_in_france(request.now))
    if row is None:
        raise NotFoundException
    standing, ground = Standing(row.standing), ground_of(db, exemption)
    return {
        "exemption": exemption,
        "opaque": opaque,
        "employee": employee,
        "employee_name": employee_names(request, [employee.id or 0])[0],
        "row": row,
        "state": STANDING_LABELS[standing],
        "words": standing_words(row),
        "ground": ground,
        "kind": KIND_LABELS[GroundKind(ground.kind)],
        "origin": ORIGIN_LABELS[Origin(exemption.origin)],
        "slots": file_views(request, db, exemption, ground),
        "steps": [_told(request, step) for step in history_of(db, request.viewer, exemption)],
        "is_asked": exemption.state == ExemptionState.ASKED,
        "is_accepted": exemption.state == ExemptionState.ACCEPTED,
        "is_complete": standing is Standing.TO_DECIDE,
        "may_manage": may_manage(request),
        "renewed_url": _renewed_url(request, db, exemption),
    }


def _told(request: PortalRequest, step: TakenStep) -> dict[str, Any]:
    reason = request.services.keyring.decrypt(step.reason) if step.reason else ""
    return {"label": STEP_LABELS[StepKind(step.kind)], "step": step, "reason": reason}


def _renewed_url(request: PortalRequest, db: Session, exemption: Exemption) -> str:
    found = find_exemption(db, request.viewer, exemption.renews_id) if exemption.renews_id else None
    return exemption_url(request, found[0]) if found else ""


# --- decisions ---


def _accept(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    def act(db: Session, by: Acting, who: Employee, exemption: Exemption) -> None:
        accept_exemption(db, by, who, exemption)
        tell_of_decision(request.services, db, who, exemption, ACCEPTED)

    return _answer(request, opaque, _done(request, opaque, version, Action.EXEMPTION_ACCEPTED, act))


def _refuse(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reason = written_text(sent, "motif")
    if not SHORTEST <= len(reason) <= LONGEST:
        return _answer(request, opaque, [FieldError("motif", NO_REASON)], reason)

    def act(db: Session, by: Acting, who: Employee, exemption: Exemption) -> None:
        refuse_exemption(db, by, exemption, reason)
        tell_of_decision(request.services, db, who, exemption, REFUSED, reason)

    version = version_of(exact_value(sent, "version"))
    return _answer(request, opaque, _done(request, opaque, version, Action.EXEMPTION_REFUSED, act), reason)


def _cancel(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    def act(db: Session, by: Acting, who: Employee, exemption: Exemption) -> None:
        cancel_exemption(db, by, exemption)
        if exemption.origin == Origin.ONLINE or was_accepted(db, exemption):
            tell_of_decision(request.services, db, who, exemption, CANCELLED)

    return _answer(request, opaque, _done(request, opaque, version, Action.EXEMPTION_CANCELLED, act))


def _end(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reader = Reader.of(sent, ("jour", "categorie"), day_in_france(request.now))
    with request.database.read() as db:
        category = reader.choice("categorie", category_names(request, db), NO_CATEGORY)
    day, errors = reader.day("jour"), reader.errors
    if day is not None and category is not None:
        chosen: StaffCategory = category

        def act(db: Session, by: Acting, who: Employee, exemption: Exemption) -> None:
            end_exemption(db, by, who, exemption, chosen, day)

        version = version_of(exact_value(sent, "version"))
        errors = _done(request, opaque, version, Action.EXEMPTION_ENDED, act)
    if not errors:
        return _back(request, opaque)
    with request.database.read() as db:
        return _end_form(request, db, opaque, reader.raw, errors)


def _done(request: PortalRequest, opaque: str, version: int, done: Action, act: Act) -> list[FieldError]:
    """Does an act and records it, or says why it cannot be done, with nothing written."""
    try:
        with request.database.write() as db:
            exemption, employee = locked_exemption(request, db, opaque, version)
            act(db, acting(request, db), employee, exemption)
            request.record(db, done, exemption.object)
    except Refused as refused:
        return [FieldError(refused.field, REFUSALS[refused.code])]
    except ExemptionMoved:
        return [FieldError("", MOVED)]
    return []


def _answer(
    request: PortalRequest, opaque: str, errors: list[FieldError], reason: str = ""
) -> Response[bytes] | Redirect:
    if not errors:
        return _back(request, opaque)
    errors = [FieldError(error.field if error.field == "motif" else "decision", error.message) for error in errors]
    with request.database.read() as db:
        return show(request, db, opaque, errors, reason=reason)


def _back(request: PortalRequest, opaque: str) -> Redirect:
    return Redirect(request.services.urls("employer.exemption", exemption=opaque), status_code=303)


def _end_form(
    request: PortalRequest, db: Session, opaque: str, raw: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    exemption, employee = found_exemption(request, db, opaque)
    url = request.services.urls("employer.exemption", exemption=opaque)
    own = {"jour", "categorie"}
    return render_page(
        request,
        "employer/exemptions/end.html",
        "Affilier ce salarié",
        errors=[FieldError(error.field if error.field in own else "jour", error.message) for error in errors],
        crumbs=[*register_crumbs(request), Crumb(f"Dispense de {employee.name}", url)],
        exemption=exemption,
        opaque=opaque,
        employee=employee,
        raw=raw,
        categories=[(name, each.label) for name, each in category_names(request, db).items()],
    )


HANDLERS = [exemption_page, accept, refuse, cancel, end_page, end]
