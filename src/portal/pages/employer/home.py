"""The start page of the employer's space: what waits, the next due day, the headcount over time (R-02). /employeur"""

from typing import Any, NamedTuple

from litestar import Response

from portal.contribution_words import STRUCTURE_LABELS
from portal.data.accounts import ROLE_LABELS, Role
from portal.data.contribution_reading import Standing, account_of, category_labels
from portal.data.evidence import Action
from portal.data.headcount import Headcount, headcounts
from portal.formatting import day_in_france, month_name
from portal.headcount_chart import Chart, chart_of
from portal.pages.employer.contributions import CALL
from portal.pages.employer.tasks import tasks_of
from portal.permissions import Permission, requires
from portal.rendering import open_navigation, render_page
from portal.routing import page
from portal.tasks import is_open
from portal.web import PortalRequest

# What the page offers to whoever may go there.
OPEN = {
    "may_read_calls": "employer.contributions",
    "may_read_staff": "employer.employees",
    "may_affiliate": "employer.employee.affiliate",
    "may_send_files": "employer.imports",
}


class Drawn(NamedTuple):
    """The headcount as the page shows it: by category, by structure, and month by month, the newest first."""

    by_category: Chart
    by_structure: Chart
    categories: list[str]
    structures: list[str]
    rows: list[tuple[str, int, list[int]]]
    first: Headcount
    last: Headcount


@page("/employeur", name="employer.home", guards=[requires(Permission.EMPLOYER_HOME)])
def home(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "employer/home/index.html", "Bonjour", **_context(request))


def _context(request: PortalRequest) -> dict[str, Any]:
    due = _next_due(request)
    return {
        "role": ROLE_LABELS[Role(request.viewer.role)],
        "doors": [(item.url, item.icon, item.label) for item in open_navigation(request) if not item.current],
        "tasks": tasks_of(request, request.db),
        "due": due,
        "due_name": request.services.keyring.conceal(CALL, [due.call.id or 0])[0] if due else "",
        "day": day_in_france(request.now),
        "headcount": _headcount(request),
        **{name: is_open(request, route) for name, route in OPEN.items()},
    }


def _next_due(request: PortalRequest) -> Standing | None:
    """The call to pay next, for whoever may read calls."""
    if not is_open(request, "employer.contributions"):
        return None
    request.note_read(Action.CONTRIBUTIONS_READ, "accueil")
    return account_of(request.db, request.viewer, day_in_france(request.now)).next_due


def _headcount(request: PortalRequest) -> Drawn | None:
    """The headcount, for whoever may read who is employed; None for a company without anybody yet."""
    if not is_open(request, "employer.employees"):
        return None
    months = headcounts(request.db, request.viewer, day_in_france(request.now))
    if not any(month.total for month in months):
        return None
    return _drawn(months, category_labels(request.db, request.viewer))


def _drawn(months: list[Headcount], labels: dict[int, str]) -> Drawn:
    by_category = [_labelled(month.by_category, labels) for month in months]
    by_structure = [_labelled(month.by_structure, STRUCTURE_LABELS) for month in months]
    categories = list(dict.fromkeys(label for each in by_category for label in each))
    structures = [label for label in STRUCTURE_LABELS.values() if any(label in each for each in by_structure)]
    rows = [
        (
            "Aujourd’hui" if month.is_today else month_name(month.month),
            month.total,
            [*(groups.get(label, 0) for label in categories), *(sizes.get(label, 0) for label in structures)],
        )
        for month, groups, sizes in zip(months, by_category, by_structure, strict=True)
    ]
    charts = chart_of(months, by_category), chart_of(months, by_structure)
    return Drawn(*charts, categories, structures, rows[::-1], months[0], months[-1])


def _labelled(counted: Any, labels: dict[Any, str]) -> dict[str, int]:
    """Counts by label; two categories of the same label, under two contracts, are counted together."""
    found: dict[str, int] = {}
    for key, people in counted.items():
        label = labels.get(key, "Autres")
        found[label] = found.get(label, 0) + people
    return found
