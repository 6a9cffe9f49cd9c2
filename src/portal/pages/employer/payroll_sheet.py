"""The monthly sheet of payroll codes: on screen, as CSV and PDF. /employeur/contrat/parametrage (R-32)."""

import re
from dataclasses import dataclass
from datetime import date

from anyio import to_thread
from litestar import Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.types import Guard
from sqlmodel import Session

from portal.data.evidence import Action
from portal.data.organisations import GroupContract
from portal.data.payroll_sheets import Sheet, find_group_contract, month_sheet
from portal.data.rules import add_months
from portal.data.staff_categories import group_contracts
from portal.formatting import day_in_france, month_name
from portal.forms import FieldError
from portal.headers import DOCUMENT_POLICY
from portal.pages.employer.views import home_crumb
from portal.payroll_documents import COLUMNS, RULE, file_rows, pasted_lines, sheet_pdf
from portal.payroll_jobs import CONTRACT
from portal.payroll_words import COMPONENT_LABELS, change_words, told_sheet
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.spreadsheets import CSV_MEDIA_TYPE, csv_stream
from portal.web import PortalRequest

PATH, TITLE = "/employeur/contrat/parametrage", "Fiche de paramétrage de la paie"
READS: list[Guard] = [requires(Permission.PAYROLL_SHEET_READ)]
BEHIND, AHEAD = 24, 12
WRONG_MONTH = "Choisissez un mois de la liste."
FAR_MONTH = f"Ce mois est trop lointain\u00a0: choisissez-en un d’ici {AHEAD} mois."
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which contract, which month (its first day), and what is wrong with what was asked."""

    contract: GroupContract
    name: str
    month: date
    errors: tuple[FieldError, ...]

    @property
    def query(self) -> dict[str, str]:
        """The same question as an address puts it."""
        return {"contrat": self.name, "mois": f"{self.month:%Y-%m}"}


@page(PATH, name="employer.payroll", guards=READS)
def sheet_page(request: PortalRequest) -> Response[bytes]:
    asked = _asked(request, request.db)
    if asked is None:
        return render_page(request, "employer/contract/payroll.html", TITLE, crumbs=_crumbs(request), sheet=None)
    sheet = month_sheet(request.db, asked.contract, asked.month)
    request.note_read(Action.PAYROLL_SHEET_READ, asked.contract.number, month=asked.query["mois"])
    return render_page(
        request,
        "employer/contract/payroll.html",
        TITLE,
        crumbs=_crumbs(request),
        errors=asked.errors,
        asked=asked,
        sheet=sheet,
        told=told_sheet(sheet),
        changes=[change_words(sheet, change) for change in sheet.changes],
        pasted=pasted_lines(sheet),
        months=_months(asked, _today(request)),
        contracts=_contracts(request, request.db),
        is_coming=asked.month > _today(request),
        steps=_steps(asked, _today(request)),
        components=COMPONENT_LABELS,
        rule=RULE,
    )


@page(f"{PATH}/csv", name="employer.payroll.csv", guards=READS)
def csv_file(request: PortalRequest) -> Response[bytes]:
    sheet = _file(request, "csv")
    return _answer(sheet, b"".join(csv_stream(file_rows(sheet), COLUMNS)), CSV_MEDIA_TYPE, "csv")


@async_page(f"{PATH}/pdf", name="employer.payroll.pdf", guards=READS)
async def pdf_file(request: PortalRequest) -> Response[bytes]:
    sheet = await request.database.run(_file, request, "pdf")
    insurer, company = request.services.settings.insurer, request.viewer.organisation
    body = await to_thread.run_sync(sheet_pdf, sheet, company, insurer, request.now)
    return _answer(sheet, body, "application/pdf", "pdf")


def _asked(request: PortalRequest, db: Session) -> Asked | None:
    """What the address asks for: the newest contract and this month, unless it says otherwise. None for a company
    without a contract. Raises `NotFoundException` for another company's contract."""
    name = request.query_params.get("contrat", "")
    if name:
        contract = find_group_contract(db, request.viewer, request.revealed(CONTRACT, name))
        if contract is None:
            raise NotFoundException
    else:
        contract = next(iter(group_contracts(db, request.viewer)), None)
    if contract is None:
        return None
    month, errors = _month(request.query_params.get("mois", ""), _today(request))
    (shown,) = request.services.keyring.conceal(CONTRACT, [contract.id or 0])
    return Asked(contract, shown, month, errors)


def _month(text: str, now: date) -> tuple[date, tuple[FieldError, ...]]:
    """The month asked for; the present one, with what to do about it, when it cannot be shown."""
    if not text:
        return now, ()
    found = _MONTH.fullmatch(text)
    if not found or not int(found[1]) >= 2000 or not 1 <= int(found[2]) <= 12:
        return now, (FieldError("mois", WRONG_MONTH),)
    month = date(int(found[1]), int(found[2]), 1)
    if month > add_months(now, AHEAD):
        return now, (FieldError("mois", FAR_MONTH),)
    return month, ()


def _today(request: PortalRequest) -> date:
    """The first day of the present month."""
    return day_in_france(request.now).replace(day=1)


def _months(asked: Asked, now: date) -> list[tuple[str, str]]:
    """The months to choose from, the latest first: those of the contract, and the one that is shown."""
    contract = asked.contract
    first = max(add_months(now, -BEHIND), contract.starts_on.replace(day=1))
    last = min(add_months(now, AHEAD), contract.ends_on.replace(day=1)) if contract.ends_on else add_months(now, AHEAD)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    offered = {add_months(first, at) for at in range(max(count, 0))} | {asked.month}
    return [(f"{month:%Y-%m}", month_name(month)) for month in sorted(offered, reverse=True)]


def _steps(asked: Asked, now: date) -> list[tuple[dict[str, str], str, bool]]:
    """The month before and the month after, as addresses and names, and whether it is the one before."""
    around = [(add_months(asked.month, -1), True), (add_months(asked.month, 1), False)]
    contract = asked.contract
    return [
        (asked.query | {"mois": f"{month:%Y-%m}"}, month_name(month), is_before)
        for month, is_before in around
        if add_months(month, 1) > contract.starts_on
        and month <= (contract.ends_on or month)
        and month <= add_months(now, AHEAD)
    ]


def _contracts(request: PortalRequest, db: Session) -> list[tuple[str, str]]:
    held = group_contracts(db, request.viewer)
    names = request.services.keyring.conceal(CONTRACT, (each.id or 0 for each in held))
    return [(name, each.number) for name, each in zip(names, held, strict=True)]


def _crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to the sheet: by the contract, for whoever may read it."""
    contract = Crumb("Contrat", request.services.urls("employer.contract"))
    is_open = request.services.site.is_permitted(request.viewer, "employer.contract")
    return [home_crumb(request), contract] if is_open else [home_crumb(request)]


def _file(request: PortalRequest, suffix: str) -> Sheet:
    """The sheet asked for; noted in the evidence. Raises 404 where there is nothing, 422 for a month that is none."""
    asked = _asked(request, request.db)
    if asked is None:
        raise NotFoundException
    if asked.errors:
        raise HTTPException(status_code=422)
    sheet = month_sheet(request.db, asked.contract, asked.month)
    if not sheet.stretches:
        raise NotFoundException
    month = asked.query["mois"]
    request.note_read(Action.PAYROLL_SHEET_DOWNLOADED, asked.contract.number, month=month, format=suffix)
    return sheet


def _answer(sheet: Sheet, body: bytes, media_type: str, suffix: str) -> Response[bytes]:
    name = f"parametrage-{sheet.contract.number}-{sheet.month:%Y-%m}.{suffix}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type=media_type, headers=headers)
