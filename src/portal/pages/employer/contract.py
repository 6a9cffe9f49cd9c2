"""The group contract: categories, rates, the employer's share, amendments. /employeur/contrat (R-02, R-20, R-32)."""

from typing import Any

from litestar import Response
from litestar.types import Guard

from portal.contribution_words import STRUCTURE_LABELS
from portal.data.contract_versions import amendments_of
from portal.data.evidence import Action
from portal.data.group_contract import next_rates, rates_on
from portal.data.staff_categories import StaffCategory, group_contracts, product_of, staff_categories
from portal.formatting import today
from portal.pages.employer.views import home_crumb
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import page
from portal.web import PortalRequest

PATH, TITLE, KIND = "/employeur/contrat", "Contrat", "staff-category"
READS: list[Guard] = [requires(Permission.GROUP_CONTRACT_READ)]


@page(PATH, name="employer.contract", guards=READS)
def contract_page(request: PortalRequest) -> Response[bytes]:
    contracts = group_contracts(request.db, request.viewer)
    categories = staff_categories(request.db, request.viewer)
    shown = [
        (each, [_shown(request, one) for one in categories if one.group_contract_id == each.id],
         amendments_of(request.db, each))
        for each in contracts
    ]  # fmt: skip
    request.note_read(Action.GROUP_CONTRACT_READ, contracts[0].number if contracts else "")
    return render_page(
        request,
        "employer/contract/index.html",
        TITLE,
        crumbs=[home_crumb(request)],
        contracts=shown,
        structures=STRUCTURE_LABELS,
        day=today(),
    )


def contract_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page under the contract."""
    return [home_crumb(request), Crumb(TITLE, request.services.urls("employer.contract"))]


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
