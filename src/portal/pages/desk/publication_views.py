"""What the pages of the desk's publications share: finding one, lists of them, its facts, what a text's errors say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.publications import Nature, Publication, PublicationState, authors_of, find_publication
from portal.formatting import PARIS, today
from portal.forms import FAR_DAY, FieldError, is_far, typed_day, written_text
from portal.permissions import Permission, may, requires
from portal.publication_words import NATURE_LABELS, STATES
from portal.rendering import Crumb
from portal.web import PortalRequest

PREPARES = requires(Permission.DESK_PUBLISH)
APPROVES = requires(Permission.DESK_PUBLISH_APPROVE)
KIND = "publication"
TITLE = "Publication"
DONE = "Cette version a été publiée ou abandonnée par un collègue. Préparez-en une autre."
# What a form that rewrites began from (`Publication.version`).
BEGUN = "lu"
REWRITTEN = (
    "Un collègue a changé ce texte pendant que vous écriviez. Le vôtre est gardé ici\u00a0: comparez-le avec "
    "la publication, puis enregistrez."
)
NO_DAY = "Choisissez un jour qui existe, par exemple 31/12/2026, ou laissez ce champ vide."


@dataclass(frozen=True, slots=True)
class Row:
    """A publication as lists show it."""

    publication: Publication
    key: str
    nature: str
    label: str
    tone: str
    author: str


def found_publication(
    request: PortalRequest, db: Session, opaque: str, *natures: Nature, lock: bool = False
) -> Publication:
    """The publication behind an address, of one of these kinds when some are given. Raises `NotFoundException`."""
    found = find_publication(db, request.revealed(KIND, opaque), lock=lock)
    if found is None or (natures and found.nature not in natures):
        raise NotFoundException
    return found


def opaque_of(request: PortalRequest, found: Publication) -> str:
    """The opaque name of a publication."""
    return request.services.keyring.conceal(KIND, [found.id or 0])[0]


def rows_of(request: PortalRequest, found: Sequence[Publication]) -> list[Row]:
    """Publications as a list shows them."""
    keys = request.services.keyring.conceal(KIND, [one.id or 0 for one in found])
    authors = authors_of(request.db, found)
    return [
        Row(one, key, NATURE_LABELS[Nature(one.nature)], *STATES[one.state(request.now)], authors[one.prepared_by])
        for one, key in zip(found, keys, strict=True)
    ]


def facts_of(request: PortalRequest, found: Publication) -> dict[str, Any]:
    """What every publication's page tells: where it stands, who did what, what the viewer may do next."""
    state, viewer = found.state(request.now), request.viewer
    return {
        "publication": found,
        "name": opaque_of(request, found),
        "nature": NATURE_LABELS[Nature(found.nature)],
        "state": state,
        "badge": STATES[state],
        "authors": authors_of(request.db, [found]),
        "is_waiting": state is PublicationState.WAITING,
        "is_scheduled": state is PublicationState.SCHEDULED,
        "is_own": found.prepared_by == viewer.account_id,
        "may_approve": may(viewer, Permission.DESK_PUBLISH_APPROVE),
    }


def pasted_text(sent: FormMultiDict, name: str) -> str:
    """A Markdown text as it was pasted (`written_text`), ended by a line break unless it is empty."""
    text = written_text(sent, name)
    return f"{text}\n" if text else ""


def to_publication(request: PortalRequest, opaque: str) -> Redirect:
    """Back to the page of a publication, by its opaque name."""
    return Redirect(request.services.urls("desk.publication", publication=opaque), status_code=303)


def read_day(text: str) -> tuple[datetime | None, list[FieldError]]:
    """Midnight in Paris of the day that was typed, None for none; and what is wrong with it."""
    if not text:
        return None, []
    day = typed_day(text)
    if day is None:
        return None, [FieldError("jour", NO_DAY)]
    if is_far(day, today()):
        return None, [FieldError("jour", FAR_DAY)]
    return datetime.combine(day, time(), PARIS), []


def begun_anew(request: PortalRequest, opaque: str | None, sent: Mapping[str, str]) -> dict[str, str]:
    """What was typed, to be saved over what the publication holds now."""
    with request.database.read() as db:
        return dict(sent) | {BEGUN: found_publication(request, db, opaque or "").version}


def crumbs_of(request: PortalRequest, *more: tuple[str, str]) -> list[Crumb]:
    """The way to a page below the publications; `more`: labels and names of handlers."""
    named = ((TITLE, "desk.publishing"), *more)
    return [Crumb(label, request.services.urls(name)) for label, name in named]
