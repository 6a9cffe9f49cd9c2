"""The group contract: categories, rates, the employer's share, guarantees. /employeur/contrat (R-02, R-20)."""

from typing import Any

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import Guard

from portal.data.evidence import Action
from portal.data.group_contract import category_guarantees, next_rates, rates_on
from portal.data.guarantee_examples import Example, worked_examples
from portal.data.guarantees import GuaranteeTable
from portal.data.staff_categories import StaffCategory, group_contracts, product_of, staff_categories
from portal.formatting import today
from portal.guarantee_documents import guarantees_pdf
from portal.headers import DOCUMENT_POLICY
from portal.pages.employer.views import home_crumb
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import async_page, page
from portal.web import PortalRequest

PATH, KIND = "/employeur/contrat", "staff-category"
READS: list[Guard] = [requires(Permission.GROUP_CONTRACT_READ)]
STRUCTURES = {"isole": "Isolé", "duo": "Duo", "famille": "Famille"}


@page(PATH, name="employer.contract", guards=READS)
def contract_page(request: PortalRequest) -> Response[bytes]:
    contracts = group_contracts(request.db, request.viewer)
    categories = staff_categories(request.db, request.viewer)
    shown = [(each, [_shown(request, one) for one in categories if one.group_contract_id == each.id])
             for each in contracts]  # fmt: skip
    request.note_read(Action.GROUP_CONTRACT_READ, contracts[0].number if contracts else "")
    return render_page(
        request,
        "employer/contract/index.html",
        "Contrat",
        crumbs=[home_crumb(request)],
        contracts=shown,
        structures=STRUCTURES,
        day=today(),
    )


@async_page(f"{PATH}/categories/{{category:str}}/garanties/pdf", name="employer.contract.guarantees", guards=READS)
async def guarantees_file(request: PortalRequest, category: FromPath[str]) -> Response[bytes]:
    table, examples = await request.database.run(_content, request, category)
    body = await to_thread.run_sync(guarantees_pdf, table, examples, request.services.settings.insurer, request.now)
    headers = {
        "Content-Disposition": f'attachment; filename="garanties-{table.day.isoformat()}.pdf"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def _content(request: PortalRequest, category: str) -> tuple[GuaranteeTable, list[Example]]:
    table = category_guarantees(request.db, request.viewer, request.revealed(KIND, category), today())
    if table is None or table.version is None:
        raise NotFoundException
    request.note_read(Action.GROUP_CONTRACT_DOWNLOADED, table.contract.number)
    return table, worked_examples(request.db, table)


def _shown(request: PortalRequest, category: StaffCategory) -> dict[str, Any]:
    (opaque,) = request.services.keyring.conceal(KIND, [category.id or 0])
    rates = rates_on(request.db, category, today())
    return {
        "category": category,
        "opaque": opaque,
        "product": product_of(request.db, category).name,
        "rates": rates,
        "next": next_rates(request.db, category, today()),
        "is_met": all(line.is_share_met for line in rates),
    }
