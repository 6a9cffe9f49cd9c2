"""What is closed for everybody: the portal during maintenance (R-60), services withdrawn from a space (R-65).

Two guards around the policy: maintenance is asked before it, a withdrawn service after it, so that a refusal never
tells a stranger what exists.
"""

from datetime import UTC, datetime

from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from portal.data.accounts import Role, Space
from portal.data.sessions import Viewer
from portal.data.site_state import Service, SiteState, Window, Withdrawal
from portal.permissions import GRANTS, Permission, Requires, policy_of

# The service that a permission belongs to, by which it can be withdrawn from a space. The others cannot: a
# space's start, the desk's work, writing to the insurer, and what protects the account or is a right of its holder.
SERVICE_OF: dict[Permission, Service] = {
    Permission.BENEFITS_READ: Service.BENEFITS,
    Permission.BENEFITS_EXPORT: Service.BENEFITS,
    Permission.STATEMENTS_READ: Service.STATEMENTS,
    Permission.STATEMENTS_ISSUE: Service.STATEMENTS,
    Permission.GUARANTEES_READ: Service.GUARANTEES,
    Permission.PORTABILITY_READ: Service.GUARANTEES,
    Permission.BENEFICIARIES_READ: Service.BENEFICIARIES,
    Permission.BENEFICIARIES_CHANGE: Service.BENEFICIARIES,
    Permission.CARD_READ: Service.CARD,
    Permission.CLAIMS_READ: Service.CLAIMS,
    Permission.CLAIMS_SEND: Service.CLAIMS,
    Permission.BANK_READ: Service.BANK,
    Permission.BANK_CHANGE: Service.BANK,
    Permission.REMOTE_LINK_READ: Service.REMOTE_LINK,
    Permission.INFORMATION_READ: Service.INFORMATION,
    Permission.DIRECTORY_READ: Service.DIRECTORY,
    Permission.PLACE_SAVE: Service.DIRECTORY,
    Permission.EMPLOYEES_READ: Service.EMPLOYEES,
    Permission.EMPLOYEES_CHANGE: Service.EMPLOYEES,
    Permission.EMPLOYEES_IMPORT: Service.EMPLOYEES,
    Permission.EXEMPTIONS_READ: Service.EXEMPTIONS,
    Permission.EXEMPTIONS_MANAGE: Service.EXEMPTIONS,
    Permission.CONTRIBUTIONS_READ: Service.CONTRIBUTIONS,
    Permission.CONTRIBUTIONS_CONTEST: Service.CONTRIBUTIONS,
    Permission.GROUP_CONTRACT_READ: Service.GROUP_CONTRACT,
    Permission.PAYROLL_SHEET_READ: Service.GROUP_CONTRACT,
    Permission.COMPANY_BANK_READ: Service.BANK,
    Permission.COMPANY_BANK_CHANGE: Service.BANK,
    Permission.SEPA_MANDATE: Service.BANK,
    Permission.AGREEMENT_READ: Service.AGREEMENT,
    Permission.PRACTICE_CHANGE: Service.AGREEMENT,
    Permission.PRACTICE_BANK_READ: Service.BANK,
    Permission.PRACTICE_BANK_CHANGE: Service.BANK,
    Permission.INVOICES_READ: Service.INVOICES,
    Permission.INVOICES_CONTEST: Service.INVOICES,
    Permission.TRANSFERS_READ: Service.INVOICES,
    Permission.EMPLOYER_TEAM: Service.TEAM,
    Permission.EMPLOYER_TEAM_MANAGE: Service.TEAM,
    Permission.RIGHTS_CHECK: Service.RIGHTS,
    Permission.RIGHTS_ANSWERS: Service.RIGHTS,
    Permission.SOFTWARE_MANAGE: Service.RIGHTS,
    Permission.PROVIDER_TEAM: Service.TEAM,
    Permission.PROVIDER_TEAM_MANAGE: Service.TEAM,
}

ROLES_OF: dict[Space, frozenset[Role]] = {
    Space.MEMBER: frozenset({Role.MEMBER, Role.DEPENDANT, Role.REPRESENTATIVE}),
    Space.EMPLOYER: frozenset({Role.SIGNATORY, Role.ADMINISTRATOR, Role.CLERK, Role.READER, Role.DECLARANT}),
    Space.PROVIDER: frozenset({Role.PROVIDER, Role.PROVIDER_STAFF}),
    Space.DESK: frozenset({Role.AGENT, Role.SUPERVISOR}),
}

# Handlers that maintenance never closes: what machines ask for; and the desk's way in, for the desk alone to end it.
NEVER_CLOSED = frozenset({"static", "health", "readiness", "metrics", "robots"})
ENTRANCES = frozenset({"sign-in", "sign-in.submit", "sign-in.options", "sign-in.passkey", "sign-out", "demo"})


def services_of(space: Space) -> list[Service]:
    """The services that may be withdrawn from a space, in the order of their list."""
    offered = {SERVICE_OF[held] for role in ROLES_OF[space] for held in GRANTS[role] if held in SERVICE_OF}
    return [service for service in Service if service in offered]


class UnderMaintenance(HTTPException):
    """The portal is closed for maintenance (R-60)."""

    status_code = 503

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window = window


class ServiceWithdrawn(PermissionDeniedException):
    """The insurer has withdrawn this service from the viewer's space (R-65)."""

    def __init__(self, withdrawal: Withdrawal) -> None:
        super().__init__()
        self.withdrawal = withdrawal


async def refuse_in_maintenance(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Application guard, before the policy: lets in nobody but the desk, which must come in to end it. Keeps the state
    by which this request is judged."""
    if handler.name in NEVER_CLOSED:
        return
    site = connection.scope["state"]["site"] = await connection.app.state.services.site.now()
    window = site.maintenance(datetime.now(UTC))
    viewer: Viewer | None = connection.scope["state"].get("viewer")
    is_desk = viewer is not None and viewer.space == Space.DESK
    if window is not None and not is_desk and handler.name not in ENTRANCES:
        raise UnderMaintenance(window)


async def refuse_withdrawn(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Application guard, after the policy."""
    site: SiteState | None = connection.scope["state"].get("site")
    policy = policy_of(handler)
    if site is not None and site.withdrawn and isinstance(policy, Requires):
        viewer: Viewer = connection.scope["state"]["viewer"]
        withdrawal = site.withdrawal(viewer.space, SERVICE_OF.get(policy.permission))
        if withdrawal is not None:
            raise ServiceWithdrawn(withdrawal)
