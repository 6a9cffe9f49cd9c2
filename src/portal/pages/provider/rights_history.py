"""The answers that a practice was given, day by day, to be found again: /professionnel/droits/historique (R-42, R-51).

By day or by engagement number; never by patient.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from litestar import Response
from litestar.params import FromQuery
from litestar.response import Redirect

from portal.card_words import STATUS_WORDS
from portal.data.evidence import Action
from portal.data.rights_checks import PAGE, PastCheck, check_by_engagement, past_checks
from portal.formatting import PARIS
from portal.forms import FieldError, single_values, typed_day
from portal.pages.provider.rights import ANSWERS, KIND, PATH, rights_crumbs
from portal.rendering import render_page
from portal.rights_words import engagement_words
from portal.routing import async_action, page
from portal.web import PortalRequest

TITLE, HISTORY = "Vérifications passées", f"{PATH}/historique"
WRONG_DAY = "Cette date n’existe pas. Donnez un jour, comme 31/12/2026."
UNKNOWN = "Aucune vérification de votre structure ne porte ce numéro. Relisez ses 16 chiffres."


@page(HISTORY, name="provider.rights.history", guards=ANSWERS)
def history_page(request: PortalRequest, le: FromQuery[str] = "", apres: FromQuery[str] = "") -> Response[bytes]:
    day = typed_day(le[:20])
    errors = [FieldError("le", WRONG_DAY)] if le and day is None else []
    return _page(request, day, le[:20], apres, errors=errors)


@async_action(HISTORY, name="provider.rights.find", guards=ANSWERS)
async def find(request: PortalRequest) -> Response[bytes] | Redirect:
    typed = single_values(await request.form(), ("engagement",))["engagement"]
    return await request.database.run(_find, request, typed)


def _find(request: PortalRequest, typed: str) -> Response[bytes] | Redirect:
    found = check_by_engagement(request.db, request.viewer, "".join(typed.split()))
    if found is None:
        return _page(request, None, "", "", typed=typed, errors=[FieldError("engagement", UNKNOWN)])
    (opaque,) = request.services.keyring.conceal(KIND, [found])
    return Redirect(request.services.urls("provider.rights.answer", check=opaque), status_code=303)


def _page(
    request: PortalRequest, day: date | None, raw_day: str, cursor: str, *, typed: str = "", errors: list[FieldError]
) -> Response[bytes]:
    before = request.revealed(KIND, cursor) if cursor else None
    found = past_checks(request.db, request.viewer, request.services.keyring, _instants(day), before)
    persons = sorted({past.check.person_id for past in found[:PAGE] if past.check.person_id is not None})
    request.note_read(Action.RIGHTS_CHECKS_READ, persons=persons, day=raw_day)
    return render_page(
        request,
        "provider/rights/history.html",
        TITLE,
        crumbs=rights_crumbs(request),
        errors=errors,
        rows=[_row(request, past) for past in found[:PAGE]],
        raw_day=raw_day,
        is_whole=day is None and not cursor,
        typed=typed,
        following=_following(request, found, raw_day),
        may_check=request.services.site.is_permitted(request.viewer, "provider.rights"),
    )


def _instants(day: date | None) -> tuple[datetime, datetime] | None:
    """From midnight to midnight in Paris."""
    if day is None or not date.min < day < date.max:
        return None
    start, end = (datetime.combine(each, time(), PARIS).astimezone(UTC) for each in (day, day + timedelta(1)))
    return start, end


def _row(request: PortalRequest, past: PastCheck) -> dict[str, Any]:
    (opaque,) = request.services.keyring.conceal(KIND, [past.check.id or 0])
    return {
        "past": past,
        "opaque": opaque,
        "number": engagement_words(past.check.engagement),
        "status": STATUS_WORDS[past.answer.status],
    }


def _following(request: PortalRequest, found: list[PastCheck], raw_day: str) -> str:
    """Where the older ones are; empty when these are the oldest."""
    if len(found) <= PAGE:
        return ""
    (cursor,) = request.services.keyring.conceal(KIND, [found[PAGE - 1].check.id or 0])
    return request.services.urls("provider.rights.history", ({"le": raw_day} if raw_day else {}) | {"apres": cursor})


HANDLERS = [history_page, find]
