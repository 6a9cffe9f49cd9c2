"""Planned maintenance (R-60): /gestion/maintenance, for supervisors: plan, cancel, end now."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from portal.data.accounts import Space
from portal.data.evidence import Action
from portal.data.site_state import (
    Maintenance,
    MaintenanceClash,
    end_maintenance,
    last_maintenances,
    plan_maintenance,
)
from portal.formatting import PARIS, day_in_france
from portal.forms import FAR_DAY, FieldError, is_far, single_values, typed_day
from portal.labels import SPACE_LABELS
from portal.pages.desk.reasons import LONGEST, reason_errors
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, closed_place, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

SUPERVISOR = requires(Permission.DESK_MAINTENANCE)
FIELDS = ("jour", "espace", "heure", "duree", "annonce", "motif")
DURATIONS = {
    "15": "15 minutes",
    "30": "30 minutes",
    "60": "1 heure",
    "120": "2 heures",
    "240": "4 heures",
    "480": "8 heures",
}
NOTICES = {"": "Dès maintenant", "168": "Une semaine avant", "24": "La veille", "2": "Deux heures avant"}
SPACES = {space.value: SPACE_LABELS[space] for space in Space if space is not Space.DESK}
_HOUR = re.compile(r"([01]?[0-9]|2[0-3])\s?[h:]\s?([0-5][0-9])")
TITLE = "Prévoir une maintenance"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the form asked for; instants in UTC."""

    starts_at: datetime
    ends_at: datetime
    announced_at: datetime | None
    message: str
    space: str


@page("/gestion/maintenance", name="desk.maintenance", guards=[SUPERVISOR])
def maintenances(request: PortalRequest) -> Response[bytes]:
    rows = last_maintenances(request.db)
    opaque = request.services.keyring.conceal("maintenance", [row.id or 0 for row in rows])
    planned = [(row, key, *_state(row, request.now)) for row, key in zip(rows, opaque, strict=True)]
    return render_page(request, "desk/maintenance/index.html", "Maintenance", planned=planned, spaces=SPACES)


@page("/gestion/maintenance/nouvelle", name="desk.maintenance.form", guards=[SUPERVISOR, recently_confirmed])
def plan_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, dict.fromkeys(FIELDS, "") | {"duree": "60"})


@async_action("/gestion/maintenance/nouvelle", name="desk.maintenance.plan", guards=[SUPERVISOR, recently_confirmed])
async def submit_plan(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), (*FIELDS, "apercu"), longest=LONGEST + 1, texts=("motif",))
    errors = _errors(sent, request.now)
    if sent["apercu"] and not errors:
        return _form(request, sent, preview=_plan_of(sent))
    if not errors and not await request.database.run_writing(_plan, request, _plan_of(sent)):
        errors = [FieldError("jour", "Une autre maintenance est déjà prévue à ce moment. Annulez-la d’abord.")]
    if errors:
        return _form(request, sent, errors)
    request.services.site.forget()
    return Redirect(request.services.urls("desk.maintenance"), status_code=303)


@action("/gestion/maintenance/{maintenance:str}/fin", name="desk.maintenance.end", guards=[SUPERVISOR])
def submit_end(request: PortalRequest, maintenance: FromPath[str]) -> Redirect:
    found = request.services.keyring.reveal("maintenance", maintenance)
    if found is None:
        raise NotFoundException
    with request.database.write() as db:
        if end_maintenance(db, request.viewer, found, request.now):
            request.record(db, Action.MAINTENANCE_ENDED, f"maintenance:{found}")
    request.services.site.forget()
    return Redirect(request.services.urls("desk.maintenance"), status_code=303)


def _plan(request: PortalRequest, plan: Plan) -> bool:
    said = {"from": plan.starts_at.isoformat(), "to": plan.ends_at.isoformat(), "message": plan.message}
    said |= {"space": plan.space} if plan.space else {}
    try:
        with request.database.write() as db:
            made = plan_maintenance(
                db,
                request.viewer,
                plan.starts_at,
                plan.ends_at,
                plan.message,
                request.now,
                plan.announced_at,
                plan.space,
            )
            request.record(db, Action.MAINTENANCE_PLANNED, f"maintenance:{made}", plan=said)
    except MaintenanceClash:
        return False
    return True


def _errors(sent: dict[str, str], now: datetime) -> list[FieldError]:
    errors = []
    day = typed_day(sent["jour"])
    if day is None:
        errors.append(FieldError("jour", "Choisissez le jour de la maintenance, par exemple 31/12/2026."))
    elif is_far(day, day_in_france(now)):
        errors.append(FieldError("jour", FAR_DAY))
    if not _HOUR.fullmatch(sent["heure"]):
        errors.append(FieldError("heure", "Saisissez l’heure de début, par exemple 22\u00a0h\u00a030."))
    if not errors and _start_of(sent) < now - timedelta(minutes=5):
        errors.append(FieldError("jour", "Ce moment est passé. Choisissez un moment à venir."))
    if sent["duree"] not in DURATIONS:
        errors.append(FieldError("duree", "Choisissez une durée de la liste."))
    if sent["espace"] not in {"", *SPACES}:
        errors.append(FieldError("espace", "Choisissez un espace de la liste, ou tout le portail."))
    if sent["annonce"] not in NOTICES:
        errors.append(FieldError("annonce", "Choisissez un moment de la liste."))
    return errors + reason_errors(sent["motif"])


def _start_of(sent: dict[str, str]) -> datetime:
    day, hour = typed_day(sent["jour"]), _HOUR.fullmatch(sent["heure"])
    if day is None or hour is None:
        raise ValueError("the form was not checked")
    return datetime.combine(day, time(int(hour[1]), int(hour[2])), PARIS)


def _plan_of(sent: dict[str, str]) -> Plan:
    start = _start_of(sent)
    notice = timedelta(hours=int(sent["annonce"])) if sent["annonce"] else None
    announced = start - notice if notice else None
    return Plan(start, start + timedelta(minutes=int(sent["duree"])), announced, sent["motif"], sent["espace"])


def _form(
    request: PortalRequest, sent: dict[str, str], errors: list[FieldError] | None = None, preview: Plan | None = None
) -> Response[bytes]:
    """The form; `preview`: a plan whose announcement is shown, and that is not planned yet."""
    crumbs = [Crumb("Maintenance", request.services.urls("desk.maintenance"))]
    return render_page(
        request,
        "desk/maintenance/plan.html",
        TITLE,
        crumbs=crumbs,
        errors=errors or [],
        sent=sent,
        preview=preview,
        where=closed_place(sent["espace"]) if preview else "",
        spaces=list(SPACES.items()),
        durations=list(DURATIONS.items()),
        notices=list(NOTICES.items()),
    )


def _state(row: Maintenance, now: datetime) -> tuple[str, str]:
    """A maintenance's state in words, and the tone of its badge."""
    if row.ended_at is not None:
        return ("Annulée", "") if row.ended_at < row.starts_at else ("Terminée plus tôt", "")
    if now >= row.ends_at:
        return "Terminée", ""
    return ("En cours", "bad") if now >= row.starts_at else ("Prévue", "wait")
