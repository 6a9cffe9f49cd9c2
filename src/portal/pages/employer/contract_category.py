"""What a category's cover grants, and its documents: the table on a day, each version's files. (R-20, R-32)

/employeur/contrat/categories/<catégorie>
"""

from typing import Any

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from sqlmodel import Session

from portal.data.evidence import Action
from portal.data.group_contract import category_guarantees, find_notice, notices_of
from portal.data.group_figures import group_figures_on
from portal.data.guarantee_examples import Example, worked_examples
from portal.data.guarantees import GuaranteeTable
from portal.data.notice_deliveries import Notice, tally_of
from portal.data.staff_categories import StaffCategory, find_category
from portal.formatting import day_in_france, today
from portal.guarantee_documents import guarantees_pdf
from portal.guarantee_views import read_asked, table_groups
from portal.headers import DOCUMENT_POLICY
from portal.notice_documents import NoticeFile, notice_pdf, period_words
from portal.pages.employer.contract import KIND, PATH, READS, contract_crumbs
from portal.rendering import render_page
from portal.routing import async_page, page
from portal.web import PortalRequest

CATEGORY = f"{PATH}/categories/{{category:str}}"
NOTICE = f"{CATEGORY}/notices/{{version:str}}"
VERSION = "guarantee-version"


@page(CATEGORY, name="employer.contract.category", guards=READS)
def category_page(request: PortalRequest, category: FromPath[str]) -> Response[bytes]:
    asked, found = read_asked(request), found_category(request, request.db, category)
    table = _table(request, found, asked.day)
    request.note_read(Action.GROUP_CONTRACT_READ, table.contract.number, category=found.code)
    return render_page(
        request,
        "employer/contract/category.html",
        f"Garanties\u00a0: {found.label}",
        crumbs=contract_crumbs(request),
        errors=asked.errors,
        asked=asked,
        category=found,
        opaque=category,
        table=table,
        groups=table_groups(request.db, table, asked.text),
        versions=[_version(request, each) for each in notices_of(found, table)],
        is_today=asked.day == today(),
        may_deliver=request.services.site.is_permitted(request.viewer, "employer.contract.deliveries"),
    )


@async_page(f"{CATEGORY}/garanties/pdf", name="employer.contract.guarantees", guards=READS)
async def guarantees_file(request: PortalRequest, category: FromPath[str]) -> Response[bytes]:
    table, examples = await request.database.run(_content, request, category)
    body = await to_thread.run_sync(guarantees_pdf, table, examples, request.services.settings.insurer, request.now)
    return pdf_answer(body, f"garanties-{table.day.isoformat()}.pdf")


@async_page(f"{NOTICE}/pdf", name="employer.contract.notice", guards=READS)
async def notice_file(request: PortalRequest, category: FromPath[str], version: FromPath[str]) -> Response[bytes]:
    file = await request.database.run(_notice_content, request, category, version)
    settings = request.services.settings
    body = await to_thread.run_sync(notice_pdf, file, settings.insurer, settings.mediator, request.now)
    return pdf_answer(body, f"notice-{file.notice.since.isoformat()}.pdf")


def found_category(request: PortalRequest, db: Session, opaque: str) -> StaffCategory:
    """The category behind an address. Raises `NotFoundException` for another company's."""
    category = find_category(db, request.viewer, request.revealed(KIND, opaque))
    if category is None:
        raise NotFoundException
    return category


def found_notice(request: PortalRequest, db: Session, category: str, version: str) -> Notice:
    """The notice behind an address. Raises `NotFoundException` for another company's, or another category's version."""
    ids = request.revealed(KIND, category), request.revealed(VERSION, version)
    notice = find_notice(db, request.viewer, *ids)
    if notice is None:
        raise NotFoundException
    return notice


def pdf_answer(body: bytes, name: str) -> Response[bytes]:
    """A PDF to keep."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def _table(request: PortalRequest, category: StaffCategory, day: Any) -> GuaranteeTable:
    table = category_guarantees(request.db, request.viewer, category.id or 0, day)
    if table is None:
        raise NotFoundException
    return table


def _version(request: PortalRequest, notice: Notice) -> dict[str, Any]:
    """A version of the category's documents, and to how many employees its notice was given."""
    (opaque,) = request.services.keyring.conceal(VERSION, [notice.version.id])
    now = day_in_france(request.now)
    return {
        "opaque": opaque,
        "words": period_words(notice),
        "day": notice.day(now),
        "is_current": notice.day(now) == now,
        "tally": tally_of(request.db, request.viewer, notice, notice.day(now)),
    }


def _content(request: PortalRequest, category: str) -> tuple[GuaranteeTable, list[Example]]:
    asked = read_asked(request)
    table = _table(request, found_category(request, request.db, category), asked.day)
    if table.version is None or asked.errors:
        raise NotFoundException
    request.note_read(Action.GROUP_CONTRACT_DOWNLOADED, table.contract.number, document="descriptif")
    return table, worked_examples(request.db, table)


def _notice_content(request: PortalRequest, category: str, version: str) -> NoticeFile:
    db, viewer = request.db, request.viewer
    notice = found_notice(request, db, category, version)
    day = notice.day(day_in_france(request.now))
    table, since = _table(request, notice.category, day), notice.since.isoformat()
    request.note_read(Action.GROUP_CONTRACT_DOWNLOADED, notice.contract.number, document="notice", version=since)
    examples, figures = worked_examples(db, table), group_figures_on(db, day)
    return NoticeFile(viewer.organisation, notice, table, examples, figures)
