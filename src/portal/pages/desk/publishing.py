"""What the insurer publishes, at its desk: /gestion/publication (R-61, R-65). What waits, what is scheduled, where to
prepare; a publication given up, published by somebody else, taken back before its day."""

from collections.abc import Mapping, Sequence

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.exc import IntegrityError

from portal.data.evidence import Action
from portal.data.publication_files import resume
from portal.data.publications import (
    ChangedMeanwhile,
    InEffect,
    Nature,
    OwnWork,
    Publication,
    PublicationState,
    WrongState,
    approve,
    cancel,
    scheduled_publications,
    waiting_publications,
)
from portal.data.terms import NotPublishable
from portal.forms import FieldError, single_values
from portal.pages.desk.publication_contexts import context_of, template_of
from portal.pages.desk.publication_views import (
    APPROVES,
    PREPARES,
    TITLE,
    crumbs_of,
    facts_of,
    found_publication,
    rows_of,
    to_publication,
)
from portal.permissions import recently_confirmed
from portal.publication_acts import PUBLISH, TAKE_BACK, FileNotReady, TooManyLeave, Turn, file_behind
from portal.publication_words import OBSTACLES
from portal.rendering import open_navigation, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

PATH = "/gestion/publication"
ONE = f"{PATH}/{{publication:str}}"
DOORS = ("desk.maintenance", "desk.services")
READ_FIRST = "Cochez cette case une fois l’aperçu lu\u00a0: vous publiez ce que tout le monde lira."
OWN = "Vous avez préparé ce texte\u00a0: un autre superviseur le relit et le publie."
CHANGED = "Ce qui est à publier a changé depuis que vous l’avez lu. Relisez-le, puis publiez."
DONE = "Un collègue a déjà publié ou abandonné cette publication."
NOT_READY = "Ce fichier n’est pas prêt\u00a0: il doit être contrôlé, sans obstacle, et toujours conservé."
MANY_LEAVE = "Plus d’un professionnel sur dix quitterait l’annuaire. Cochez cette case si c’est bien voulu."
KEPT = "Cette publication a pris effet, ou ce qu’elle a changé a servi depuis. Corrigez-la par une nouvelle."
FIELDS = ("lu", "relu", "departs")


class _Refused(Exception):
    """Nothing is published: the form's errors."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__()
        self.errors = errors


@page(PATH, name="desk.publishing", guards=[PREPARES])
def index_page(request: PortalRequest) -> Response[bytes]:
    open_doors = {item.url: item for item in open_navigation(request)}
    urls = [request.services.urls(name) for name in DOORS]
    return render_page(
        request,
        "desk/publication/index.html",
        TITLE,
        waiting=rows_of(request, waiting_publications(request.db)),
        scheduled=rows_of(request, scheduled_publications(request.db, request.now)),
        doors=[(url, open_doors[url].icon, open_doors[url].label) for url in urls if url in open_doors],
    )


@page(ONE, name="desk.publication", guards=[PREPARES])
def publication_page(request: PortalRequest, publication: FromPath[str]) -> Response[bytes]:
    return _page(request, found_publication(request, request.db, publication))


def _page(request: PortalRequest, found: Publication, errors: Sequence[FieldError] = ()) -> Response[bytes]:
    context = facts_of(request, found) | context_of(request, request.db, found)
    return render_page(request, template_of(found), found.title, crumbs=crumbs_of(request), errors=errors, **context)


@page(f"{ONE}/publier", name="desk.publication.approval", guards=[APPROVES, recently_confirmed])
def approval_page(request: PortalRequest, publication: FromPath[str]) -> Response[bytes] | Redirect:
    found = found_publication(request, request.db, publication)
    if found.state(request.now) is not PublicationState.WAITING:
        return to_publication(request, publication)
    return _approval(request, found, dict.fromkeys(FIELDS, ""))


@async_action(f"{ONE}/publier", name="desk.publication.approve", guards=[APPROVES, recently_confirmed])
async def submit_approval(request: PortalRequest, publication: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), FIELDS)
    try:
        await request.database.run_writing(_approve, request, publication, sent)
    except _Refused as refused:
        found = found_publication(request, request.db, publication)
        return _approval(request, found, sent, list(refused.errors))
    return to_publication(request, publication)


def _approve(request: PortalRequest, opaque: str, sent: Mapping[str, str]) -> None:
    """Publishes in one transaction with its evidence. Raises `_Refused`."""
    if not sent["relu"]:
        raise _Refused(FieldError("relu", READ_FIRST))
    try:
        with request.database.write() as db:
            found = found_publication(request, db, opaque, lock=True)
            wanted = found.effective_at
            _judged(request, found, sent["lu"])
            PUBLISH[Nature(found.nature)](Turn(request, db, found, wanted, agreed=bool(sent["departs"])))
            effect = found.effective_at.isoformat() if found.effective_at else ""
            request.record(db, Action.PUBLICATION_APPROVED, found.object, title=found.title, effective_at=effect)
    except NotPublishable as problem:
        raise _Refused(FieldError("relu", OBSTACLES[problem.obstacle][1])) from problem
    except IntegrityError as taken:
        raise _Refused(FieldError("relu", DONE)) from taken
    except FileNotReady as early:
        raise _Refused(FieldError("relu", NOT_READY)) from early
    except TooManyLeave as many:
        raise _Refused(FieldError("departs", MANY_LEAVE)) from many


def _judged(request: PortalRequest, found: Publication, read: str) -> None:
    try:
        approve(request.viewer, found, read, request.now)
    except OwnWork as own:
        raise _Refused(FieldError("relu", OWN)) from own
    except ChangedMeanwhile as changed:
        raise _Refused(FieldError("relu", CHANGED)) from changed
    except WrongState as done:
        raise _Refused(FieldError("relu", DONE)) from done


@action(f"{ONE}/abandon", name="desk.publication.abandon", guards=[PREPARES])
def abandon(request: PortalRequest, publication: FromPath[str]) -> Response[bytes] | Redirect:
    return _give_up(request, publication, PublicationState.WAITING)


@page(f"{ONE}/retrait", name="desk.publication.withdrawal", guards=[APPROVES, recently_confirmed])
def withdrawal_page(request: PortalRequest, publication: FromPath[str]) -> Response[bytes] | Redirect:
    found = found_publication(request, request.db, publication)
    if found.state(request.now) is not PublicationState.SCHEDULED:
        return to_publication(request, publication)
    title = f"Retirer «\u00a0{found.title}\u00a0»"
    context = facts_of(request, found)
    return render_page(request, "desk/publication/withdrawal.html", title, crumbs=crumbs_of(request), **context)


@action(f"{ONE}/retrait", name="desk.publication.withdraw", guards=[APPROVES, recently_confirmed])
def withdraw(request: PortalRequest, publication: FromPath[str]) -> Response[bytes] | Redirect:
    return _give_up(request, publication, PublicationState.SCHEDULED)


def _give_up(request: PortalRequest, opaque: str, state: PublicationState) -> Response[bytes] | Redirect:
    """Gives up what is in this state; what somebody did meanwhile is shown as it is now."""
    try:
        with request.database.write() as db:
            found = found_publication(request, db, opaque, lock=True)
            if found.state(request.now) is state:
                cancel(request.viewer, found, request.now)
                TAKE_BACK[Nature(found.nature)](request, db, found)
                request.record(db, Action.PUBLICATION_CANCELLED, found.object, title=found.title)
    except InEffect:
        return _page(request, found_publication(request, request.db, opaque), [FieldError("retrait", KEPT)])
    return to_publication(request, opaque)


@action(f"{ONE}/reprise", name="desk.publication.resume", guards=[PREPARES])
def try_again(request: PortalRequest, publication: FromPath[str]) -> Redirect:
    with request.database.write() as db:
        found = found_publication(request, db, publication)
        file = file_behind(db, found)
        if file is None:
            raise NotFoundException
        if resume(file):
            request.record(db, Action.JOB_ASKED, found.object)
    return to_publication(request, publication)


def _approval(
    request: PortalRequest, found: Publication, sent: Mapping[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    context = facts_of(request, found) | context_of(request, request.db, found)
    return render_page(
        request,
        "desk/publication/approval.html",
        f"Publier «\u00a0{found.title}\u00a0»",
        crumbs=crumbs_of(request),
        errors=errors or [],
        sent=sent,
        **context,
    )


HANDLERS = [
    index_page,
    publication_page,
    approval_page,
    submit_approval,
    abandon,
    withdrawal_page,
    withdraw,
    try_again,
]
