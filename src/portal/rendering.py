"""From a handler's context to HTML: documents for pages, one element for fragments."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from litestar import Response
from litestar.datastructures import Cookie

from portal.csrf import csrf_input
from portal.data.accounts import Space
from portal.data.sessions import LIMITS, Viewer
from portal.forms import FieldError
from portal.web import PortalRequest

HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the breadcrumb; the page itself has no URL."""

    label: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class NavItem:
    """A destination of the space."""

    label: str
    url: str
    icon: str
    current: bool


NAVIGATION: dict[Space, tuple[tuple[str, str, str], ...]] = {
    Space.MEMBER: (
        ("member.home", "Accueil", "home"),
        ("member.benefits", "Prestations", "receipt"),
        ("member.statements", "Relevés", "file"),
    ),
    Space.EMPLOYER: (("employer.home", "Accueil", "home"),),
    Space.PROVIDER: (("provider.home", "Accueil", "home"),),
    Space.DESK: (("desk.home", "Accueil", "home"),),
}


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
    return {
        "viewer": viewer,
        "nav": _navigation(request) if viewer else (),
        "csrf_input": partial(csrf_input, request),
        "flash": None,
        "idle_seconds": idle_seconds(viewer) if viewer else 0,
    }


def idle_seconds(viewer: Viewer) -> int:
    """After how long without a request the viewer's session closes."""
    return int(LIMITS[Space(viewer.space)].idle.total_seconds())


def _navigation(request: PortalRequest) -> list[NavItem]:
    path = request.scope["path"]
    url = request.services.urls
    items = NAVIGATION[Space(request.viewer.space)] if request.viewer.stage == "complete" else ()
    targets = [(label, url(name), icon) for name, label, icon in items]
    current = max((target for _, target, _ in targets if _within(path, target)), key=len, default="")
    return [NavItem(label, target, icon, target == current) for label, target, icon in targets]


def _within(path: str, target: str) -> bool:
    return path == target or path.startswith(f"{target}/")
