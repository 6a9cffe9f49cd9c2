"""Exceptional accesses, reviewed by another supervisor (R-72): /gestion/acces-exceptionnels. Four eyes: nobody judges
their own, and the first review stands."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from portal.data.evidence import Action
from portal.data.exceptional_access import (
    ExceptionalAccess,
    ReadAccess,
    Verdict,
    access_by_id,
    accesses,
    may_review,
    review_access,
)
from portal.data.exceptional_reading import readings_of
from portal.forms import FieldError, single_values
from portal.pages.desk.exceptional import PARTS
from portal.pages.desk.reasons import LONGEST, reason_errors
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

SUPERVISOR = requires(Permission.DESK_BREAK_GLASS)
KIND = "exceptional-access"
FIELDS = ("avis", "motif")
TITLE = "Accès exceptionnels"
PAGE = 20
VERDICTS = {
    Verdict.JUSTIFIED: ("Justifié", "ok"),
    Verdict.DOUBTFUL: ("À approfondir", "wait"),
    Verdict.UNJUSTIFIED: ("Injustifié", "bad"),
}


@page("/gestion/acces-exceptionnels", name="desk.accesses", guards=[SUPERVISOR])
def list_page(request: PortalRequest, apres: FromQuery[str] = "") -> Response[bytes]:
    after = request.revealed(KIND, apres) if apres else None
    found = accesses(request.db, request.viewer, request.services.keyring, PAGE + 1, after)
    request.note_read(Action.EXCEPTIONAL_ACCESSES_READ, persons=sorted({one.access.person_id for one in found[:PAGE]}))
    names = request.services.keyring.conceal(KIND, [one.access.id or 0 for one in found])
    url = request.services.urls
    return render_page(
        request,
        "desk/people/accesses.html",
        TITLE,
        rows=[
            (one, state_of(request, one.access), url("desk.access", acces=name))
            for one, name in zip(found, names, strict=True)
        ][:PAGE],
        following=url("desk.accesses", {"apres": names[PAGE - 1]}) if len(found) > PAGE else "",
    )


@page("/gestion/acces-exceptionnels/{acces:str}", name="desk.access", guards=[SUPERVISOR])
def access_page(request: PortalRequest, acces: FromPath[str]) -> Response[bytes]:
    return _page(request, acces, dict.fromkeys(FIELDS, ""))


@async_action(
    "/gestion/acces-exceptionnels/{acces:str}", name="desk.access.review", guards=[SUPERVISOR, recently_confirmed]
)
async def review(request: PortalRequest, acces: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), FIELDS, longest=LONGEST + 1, texts=("motif",))
    errors = [] if sent["avis"] in {*Verdict} else [FieldError("avis", "Choisissez votre avis sur cet accès.")]
    errors += reason_errors(sent["motif"])
    if errors:
        return _page(request, acces, sent, errors)
    await request.database.run_writing(_review, request, request.revealed(KIND, acces), sent)
    return Redirect(request.services.urls("desk.access", acces=acces), status_code=303)


def state_of(request: PortalRequest, access: ExceptionalAccess) -> tuple[str, str]:
    """Where an access stands, and its badge's tone."""
    if access.reviewed_at is not None:
        return VERDICTS[Verdict(access.verdict)]
    return ("En cours", "info") if access.is_open(request.now) else ("À contrôler", "bad")


def _review(request: PortalRequest, access_id: int, sent: dict[str, str]) -> None:
    keyring, verdict, note = request.services.keyring, Verdict(sent["avis"]), sent["motif"]
    with request.database.write() as db:
        row = review_access(db, request.viewer, keyring, access_id, verdict, note, request.now)
        if row is None:
            raise NotFoundException
        request.record(db, Action.EXCEPTIONAL_ACCESS_REVIEWED, row.object, acting_for=row.person_id, verdict=verdict)


def _page(
    request: PortalRequest, acces: str, sent: dict[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    found = _found(request, acces)
    request.note_read(Action.EXCEPTIONAL_ACCESSES_READ, found.access.object, acting_for=found.access.person_id)
    return render_page(
        request,
        "desk/people/access.html",
        f"Accès exceptionnel n\u00b0\u00a0{found.access.id}",
        crumbs=[Crumb(TITLE, request.services.urls("desk.accesses"))],
        errors=errors or [],
        sent=sent,
        one=found,
        state=state_of(request, found.access),
        readings=[(reading, PARTS.get(reading.part, "")) for reading in readings_of(request.db, found.access)],
        may_review=may_review(request.db, request.viewer, found.access, request.now),
        is_own=found.access.opened_by == request.viewer.account_id,
        verdicts=[(verdict.value, label) for verdict, (label, _) in VERDICTS.items()],
        acces=acces,
    )


def _found(request: PortalRequest, acces: str) -> ReadAccess:
    found = access_by_id(request.db, request.viewer, request.services.keyring, request.revealed(KIND, acces))
    if found is None:
        raise NotFoundException
    return found


HANDLERS = [list_page, access_page, review]
