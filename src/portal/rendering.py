"""From a handler's context to HTML: documents for pages, one element for fragments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from itertools import groupby
from typing import Any

from litestar import Response
from litestar.datastructures import Cookie

from portal.csrf import csrf_input
from portal.data.accounts import Space
from portal.data.chain_passes import is_chain_broken
from portal.data.deletion import deletion_under_way
from portal.data.messages import unread_messages
from portal.data.session_limits import LIMITS
from portal.data.sessions import Viewer
from portal.data.site_state import SiteState
from portal.data.standing import Standing
from portal.formatting import day_in_france
from portal.forms import FieldError
from portal.labels import SPACE_LABELS
from portal.permissions import Permission, may
from portal.web import PortalRequest

HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the breadcrumb; the page itself has no URL."""

    label: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class NavItem:
    """A destination of the space. `count`: what waits to be read there. `group`: the name under which it stands in a
    long menu; empty for none."""

    label: str
    url: str
    icon: str
    current: bool
    is_open: bool
    count: int = 0
    group: str = ""


# Where messages are listed, in one space or another; the threads themselves stand under the first one's address.
MESSAGES = ("messages", "provider.contact")
NAVIGATION: dict[Space, tuple[tuple[str, str, str], ...]] = {
    Space.MEMBER: (
        ("member.home", "Accueil", "home"),
        ("member.benefits", "Prestations", "receipt"),
        ("member.claims", "Demandes", "upload"),
        ("member.card", "Carte", "card"),
        ("member.statements", "Relevés", "file"),
        ("member.guarantees", "Garanties", "shield"),
        ("member.beneficiaries", "Bénéficiaires", "users"),
        ("member.directory", "Professionnels", "stethoscope"),
        ("member.information", "Informations", "book"),
        ("messages", "Messagerie", "message"),
        ("member.complaints", "Réclamations", "flag"),
    ),
    Space.EMPLOYER: (
        ("employer.home", "Accueil", "home"),
        ("employer.employees", "Salariés", "briefcase"),
        ("employer.exemptions", "Dispenses", "file"),
        ("employer.contributions", "Cotisations", "receipt"),
        ("employer.contract", "Contrat", "shield"),
        ("employer.bank", "Compte bancaire", "bank"),
        ("employer.team", "Utilisateurs", "users"),
        ("messages", "Messagerie", "message"),
    ),
    Space.PROVIDER: (
        ("provider.home", "Accueil", "home"),
        ("provider.rights", "Droits", "shield"),
        ("provider.invoices", "Factures", "receipt"),
        ("provider.transfers", "Versements", "bank"),
        ("provider.contact", "Contact", "message"),
        ("provider.agreement", "Convention", "file"),
        ("provider.bank", "Compte bancaire", "bank"),
        ("provider.team", "Utilisateurs", "users"),
    ),
    Space.DESK: (
        ("desk.home", "Accueil", "home"),
        ("desk.queue", "Dossiers", "file"),
        ("desk.proposals", "À valider", "check"),
        ("desk.board", "Échéances", "clock"),
        ("desk.complaints.report", "Rapports", "file"),
        ("desk.replies", "Modèles de réponse", "edit"),
        ("desk.team", "Équipe", "briefcase"),
        ("desk.people", "Personnes", "search"),
        ("desk.accounts", "Comptes", "users"),
        ("desk.frauds", "Fraudes", "flag"),
        ("desk.bank-changes", "Comptes bancaires", "bank"),
        ("desk.accesses", "Accès exceptionnels", "shield"),
        ("desk.publishing", "Publication", "book"),
        ("desk.services", "Services", "filter"),
        ("desk.maintenance", "Maintenance", "clock"),
        ("desk.retention", "Conservation", "file"),
        ("desk.operations", "Exploitation", "shield"),
    ),
}
# The first item of each group of a long menu, and the group's name.
GROUPS = {"desk.queue": "Demandes", "desk.people": "Personnes", "desk.publishing": "Site"}


def render_page(
    request: PortalRequest,
    template: str,
    title: str,
    *,
    crumbs: Sequence[Crumb] = (),
    errors: Sequence[FieldError] = (),
    cookies: Sequence[Cookie] = (),
    status: int = 200,
    **context: Any,
) -> Response[bytes]:
    """A whole document from `templates/pages/…`; `errors` turn it into a 422 whose title starts with « Erreur : »."""
    html = request.services.templates.get_template(f"pages/{template}").render(
        title=title,
        breadcrumb=[*crumbs, Crumb(title)] if crumbs else [],
        errors={error.field: error.message for error in errors},
        has_errors=bool(errors),
        **shell(request),
        **context,
    )
    return Response(html.encode(), media_type=HTML, status_code=422 if errors else status, cookies=cookies)


def render_fragment(
    request: PortalRequest, template: str, *, page_url: str | None = None, status: int = 200, **context: Any
) -> Response[bytes]:
    """One element from `templates/partials/…`; `page_url` goes to the browser's address bar and history."""
    html = request.services.templates.get_template(f"partials/{template}").render(
        csrf_input=partial(csrf_input, request), **context
    )
    headers = {"HX-Push-Url": page_url} if page_url else None
    return Response(html.encode(), media_type=HTML, status_code=status, headers=headers)


def shell(request: PortalRequest) -> dict[str, Any]:
    """What every layout needs besides the page's own context."""
    viewer = request.signed_in
    nav = _navigation(request) if viewer else []
    window = site_of(request).announced(request.now, viewer.space if viewer else "")
    return {
        "viewer": viewer,
        "serves_users": request.front.users,
        "nav": nav,
        "nav_groups": [(group, list(items)) for group, items in groupby(nav, key=lambda item: item.group)],
        "csrf_input": partial(csrf_input, request),
        "chain_is_broken": _is_chain_broken(request),
        "maintenance": window,
        "maintenance_is_on": window is not None and window.is_on(request.now),
        "maintenance_where": closed_place(window.space) if window else "",
        "leaving_on": _leaving_on(request),
        "correction_url": _correction_url(request),
        "idle_seconds": idle_seconds(viewer) if viewer else 0,
    }


def _is_chain_broken(request: PortalRequest) -> bool:
    """Whether to tell the viewer, who can do something about it, that the evidence is not as it was written (R-51)."""
    viewer = request.signed_in
    return viewer is not None and may(viewer, Permission.DESK_OPERATIONS) and is_chain_broken(request.db)


def closed_place(space: str) -> str:
    """What a maintenance closes: « Le portail », « L’espace adhérent »."""
    return f"L’{SPACE_LABELS[Space(space)].lower()}" if space else "Le portail"


def _leaving_on(request: PortalRequest) -> date | None:
    """The day on which the viewer's account is to be erased, as long as the viewer may still take that back (R-66)."""
    viewer = request.signed_in
    if viewer is None or not _may_be_leaving(viewer):
        return None
    deletion = deletion_under_way(request.db, viewer, request.now)
    return day_in_france(deletion.erase_after) if deletion and deletion.erase_after else None


def _may_be_leaving(viewer: Viewer) -> bool:
    """A limited account that is leaving says of itself that it is limited: its deletion is asked for."""
    return viewer.standing in {Standing.LEAVING, Standing.RESTRICTED} and may(viewer, Permission.DELETION_CANCEL)


def _correction_url(request: PortalRequest) -> str:
    """Where the viewer says that something on this page is wrong (R-61); empty for whoever may not."""
    viewer = request.signed_in
    if viewer is None or not may(viewer, Permission.CORRECTIONS):
        return ""
    # A request's questions follow each other in place: the page is the request's, whichever is asked.
    return request.services.urls("correction.new", {"page": request.scope["path"].partition("/etapes/")[0]})


def idle_seconds(viewer: Viewer) -> int:
    """After how long without a request the viewer's session closes."""
    return int(LIMITS[Space(viewer.space)].idle.total_seconds())


def _navigation(request: PortalRequest) -> list[NavItem]:
    url, space = request.services.urls, Space(request.viewer.space)
    items = NAVIGATION[space] if request.viewer.stage == "complete" else ()
    held = [item for item in items if request.services.site.is_permitted(request.viewer, item[0])]
    listed = next((name for name, _, _ in held if name in MESSAGES), "")
    current = _current(request, [url(name) for name, _, _ in held], url(listed) if listed else "")
    counts = {listed: _unread(request)} if listed else {}
    groups = _groups(space)
    return [
        NavItem(
            label, url(name), icon, url(name) == current, _is_open(request, name), counts.get(name, 0), groups[name]
        )
        for name, label, icon in held
    ]


def _current(request: PortalRequest, targets: Sequence[str], listed: str) -> str:
    """The destination that the page belongs to. `listed`: the one under which message threads belong."""
    path, url = request.scope["path"], request.services.urls
    if _within(path, url(MESSAGES[0])):
        path = listed
    elif path.startswith(url("desk.case", dossier="-").removesuffix("-")):
        path = url("desk.queue")
    return max((target for target in targets if _within(path, target)), key=len, default="")


@cache
def _groups(space: Space) -> dict[str, str]:
    """The group of each destination of a space."""
    groups, group = {}, ""
    for name, _, _ in NAVIGATION[space]:
        group = GROUPS.get(name, group)
        groups[name] = group
    return groups


def _unread(request: PortalRequest) -> int:
    """The insurer's messages that the viewer has not read; none where the request has no database any more."""
    db = request.scope["state"].get("db")
    return unread_messages(db, request.viewer) if db is not None else 0


def open_navigation(request: PortalRequest) -> list[NavItem]:
    """The destinations of the viewer's space that are not withdrawn (R-65)."""
    return [item for item in _navigation(request) if item.is_open]


def _is_open(request: PortalRequest, name: str) -> bool:
    return request.services.site.is_offered(site_of(request), request.viewer, name)


def site_of(request: PortalRequest) -> SiteState:
    """The state of the site that this request was judged by."""
    return request.scope["state"].get("site") or SiteState()


def _within(path: str, target: str) -> bool:
    return path == target or path.startswith(f"{target}/")
