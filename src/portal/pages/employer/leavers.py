"""What follows the departure of one employee: a timeline, what there is to do, a notice to hand over (R-30)."""

from typing import Any

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.departures import LetterKind
from portal.data.employees import Employee
from portal.data.evidence import Action
from portal.data.group_figures import GroupFigures, needed_figures
from portal.data.leaver_letters import recipient_of
from portal.data.leavers import Leaver, leaver_of, left_of
from portal.employee_words import REASON_LABELS
from portal.formatting import day_in_france, local_day, long_date
from portal.headers import DOCUMENT_POLICY
from portal.leaver_documents import notice_pdf
from portal.leaver_words import LAW, duties, price_words, step_words, why_words
from portal.pages.employer.employee import act_crumbs, may_change
from portal.pages.employer.employees import READS
from portal.pages.employer.views import found_employee
from portal.rendering import render_page
from portal.routing import async_page, page
from portal.web import PortalRequest

TITLE = "Ce qui suit la sortie"
LETTERS = {
    LetterKind.DEPARTURE: "La suite de la sortie",
    LetterKind.NEAR_END: "La fin de la portabilité",
    LetterKind.OFFER: "L’offre de contrat individuel",
}


@page("/employeur/salaries/{employee:str}/suites", name="employer.employee.after", guards=READS)
def after_page(request: PortalRequest, employee: FromPath[str]) -> Response[bytes]:
    found, figures, leaver = _found(request, employee)
    persons = [found.person_id] if found.person_id else []
    request.note_read(Action.EMPLOYEE_READ, f"salarie:{found.id}", persons=persons)
    context = _context(request, leaver, figures) if leaver else {}
    return render_page(
        request,
        "employer/employees/after.html",
        TITLE,
        crumbs=act_crumbs(request, found, employee),
        employee=found,
        opaque=employee,
        leaver=leaver,
        **context,
    )


@async_page("/employeur/salaries/{employee:str}/suites/notice.pdf", name="employer.employee.notice", guards=READS)
async def notice_file(request: PortalRequest, employee: FromPath[str]) -> Response[bytes]:
    leaver, figures = await request.database.run(_downloaded, request, employee)
    insurer, today = request.services.settings.insurer, day_in_france(request.now)
    body = await to_thread.run_sync(notice_pdf, leaver, figures, insurer, today, request.now)
    headers = {
        "Content-Disposition": f'attachment; filename="notice-portabilite-{leaver.leaving.left_on.isoformat()}.pdf"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def _downloaded(request: PortalRequest, opaque: str) -> tuple[Leaver, GroupFigures]:
    found, figures, leaver = _found(request, opaque)
    if leaver is None or not leaver.leaving.is_covered:
        raise NotFoundException
    persons = [found.person_id] if found.person_id else []
    request.note_read(Action.EMPLOYEE_NOTICE_DOWNLOADED, f"salarie:{found.id}", persons=persons)
    return leaver, figures


def _found(request: PortalRequest, opaque: str) -> tuple[Employee, GroupFigures, Leaver | None]:
    """The employee of an address, and what follows the departure; None while employed. Raises 404, and
    `FiguresUnknown`."""
    employee, today = found_employee(request, request.db, opaque), day_in_france(request.now)
    figures = needed_figures(request.db, today)
    left = left_of(request.db, employee)
    return employee, figures, leaver_of(request.db, left, figures, today) if left else None


def _context(request: PortalRequest, leaver: Leaver, figures: GroupFigures) -> dict[str, Any]:
    today, leaving = day_in_france(request.now), leaver.leaving
    is_reachable = recipient_of(request.db, leaver.left.employee) is not None
    return {
        "reason": REASON_LABELS[leaving.reason],
        "why": why_words(leaving, figures),
        "steps": step_words(leaving, leaver.steps, today),
        "duties": duties(leaving, is_reachable=is_reachable),
        "letters": _letters(leaver, request, is_reachable=is_reachable),
        "is_reachable": is_reachable or not leaver.windows,
        "prices": price_words(leaver.prices),
        "may_change": may_change(request),
        "law": LAW,
    }


def _letters(leaver: Leaver, request: PortalRequest, *, is_reachable: bool) -> list[tuple[str, str]]:
    """Each letter to the employee, and where it stands."""
    return [
        (label, _standing(leaver, request, kind, is_reachable=is_reachable))
        for kind, label in LETTERS.items()
        if kind in leaver.windows
    ]


def _standing(leaver: Leaver, request: PortalRequest, kind: LetterKind, *, is_reachable: bool) -> str:
    window, today, posted_at = leaver.windows[kind], day_in_france(request.now), leaver.letters.get(kind)
    if posted_at is not None:
        return f"Envoyé le {local_day(posted_at)}"
    if today > window.closes_on:
        return "Non envoyé"
    if not is_reachable:
        return "Aucune adresse e-mail connue"
    return "Part dans l’heure" if window.opens_on <= today else f"Partira le {long_date(window.opens_on)}"


HANDLERS = [after_page, notice_file]
