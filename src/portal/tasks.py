"""What waits for somebody on a start page: one entry for each kind of thing, in the order of urgency.

An area's data module finds what waits; the space's own `tasks` says it in words, and where it is done.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sqlmodel import Session

from portal.data.sessions import Viewer
from portal.data.waiting import Waiting
from portal.formatting import day_in_france
from portal.rendering import site_of
from portal.web import PortalRequest

Finder = Callable[[Session, Viewer, date], Waiting | None]
Words = Callable[[Waiting], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing to do. `tell` gives a title and a sentence; `route`, where it is done, says who is told of it.
    `names`: the route's parameter and the kind of its opaque name, for what `Waiting.row_id` names."""

    find: Finder
    tell: Words
    action: str
    route: str
    names: tuple[str, str] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    tone: str = "wait"


class Task(NamedTuple):
    """One thing to do, as the page shows it."""

    tone: str
    title: str
    text: str
    action: str
    url: str


def tasks_among(request: PortalRequest, db: Session, kinds: Iterable[Kind]) -> list[Task]:
    """What waits for the viewer, among what the viewer may go and do now."""
    day = day_in_france(request.now)
    open_kinds = [kind for kind in kinds if is_open(request, kind.route)]
    found = [(kind, kind.find(db, request.viewer, day)) for kind in open_kinds]
    return [_task(request, kind, waiting) for kind, waiting in found if waiting is not None]


def is_open(request: PortalRequest, route: str) -> bool:
    """Whether the viewer may go there now: by role and mandate, and as long as the service is not withdrawn."""
    site, viewer = request.services.site, request.viewer
    return site.is_permitted(viewer, route) and site.is_offered(site_of(request), viewer, route)


def _task(request: PortalRequest, kind: Kind, found: Waiting) -> Task:
    named: dict[str, str] = {}
    if kind.names is not None:
        parameter, name = kind.names
        named[parameter] = request.services.keyring.conceal(name, [found.row_id or 0])[0]
    url = request.services.urls(kind.route, dict(kind.query) or None, **named)
    return Task(kind.tone, *kind.tell(found), kind.action, url)
