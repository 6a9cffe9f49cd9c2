"""Exceptional access to a person's record (break-glass, R-72): opened by a supervisor for a written motive, read for
half an hour, ended; the person is told at once, and finds each read in the activity of their account."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_areas import STATE_LABELS
from portal.claim_words import KIND_TITLES
from portal.data import exceptional_access as accesses
from portal.data import exceptional_reading as reading
from portal.data.cases import CaseKind, CaseState
from portal.data.evidence import Action, Outcome
from portal.data.exceptional_access import LONGEST_MOTIVE, ExceptionalAccess, NotAllowed
from portal.data.people import address_of
from portal.desk_purposes import PURPOSES
from portal.forms import FieldError, single_values
from portal.labels import STATUS_LABELS
from portal.pages.desk.people import KIND, name_of, people_crumb, sheet_of
from portal.pages.desk.reasons import SHORTEST
from portal.permissions import Permission, recently_confirmed, requires
from portal.postal_writing import post_access_letter
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

SUPERVISOR = requires(Permission.DESK_BREAK_GLASS)
FIELDS = ("objet", "motif", "attestation")
CURSOR = "exceptional-line"
TITLE = "Accès exceptionnel"
PARTS = {"prestations": "Prestations", "demandes": "Demandes", "documents": "Documents"}


@page(
    "/gestion/personnes/{personne:str}/acces-exceptionnel/ouverture",
    name="desk.exceptional.opening",
    guards=[SUPERVISOR, recently_confirmed],
)
def opening_page(request: PortalRequest, personne: FromPath[str]) -> Response[bytes]:
    return _form(request, personne, dict.fromkeys(FIELDS, ""))


@async_action(
    "/gestion/personnes/{personne:str}/acces-exceptionnel/ouverture",
    name="desk.exceptional.open",
    guards=[SUPERVISOR, recently_confirmed],
)
async def open_record(request: PortalRequest, personne: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), FIELDS, longest=LONGEST_MOTIVE + 1, texts=("motif",))
    if errors := _errors(sent):
        return _form(request, personne, sent, errors)
    is_open = await request.database.run_writing(_open, request, request.revealed(KIND, personne), sent)
    if not is_open:
        raise NotFoundException
    return Redirect(request.services.urls("desk.exceptional", personne=personne), status_code=303)


@page("/gestion/personnes/{personne:str}/acces-exceptionnel", name="desk.exceptional", guards=[SUPERVISOR])
def record_page(
    request: PortalRequest, personne: FromPath[str], vue: FromQuery[str] = "prestations", apres: FromQuery[str] = ""
) -> Response[bytes] | Redirect:
    """The record, while an access is open; whoever has none (any more) is led to where one is opened."""
    person_id, now = request.revealed(KIND, personne), request.now
    access = reading.readable(request.db, request.viewer, person_id, now)
    if access is None:
        return Redirect(request.services.urls("desk.exceptional.opening", personne=personne), status_code=303)
    part = vue if vue in PARTS else "prestations"
    shown = _part(request, access, part, apres, now)
    request.note_read(Action.EXCEPTIONAL_ACCESS_READ, access.object, acting_for=person_id, part=part)
    return render_page(
        request,
        "desk/people/record.html",
        TITLE,
        crumbs=[people_crumb(request), _person_crumb(request, personne)],
        access=access,
        left=minutes_left(access, now),
        parts=_tabs(request, personne, part),
        part=part,
        personne=personne,
        name=name_of(sheet_of(request, personne).person),
        **shown,
    )


@action("/gestion/personnes/{personne:str}/acces-exceptionnel", name="desk.exceptional.end", guards=[SUPERVISOR])
def end_record(request: PortalRequest, personne: FromPath[str]) -> Redirect:
    person_id = request.revealed(KIND, personne)
    with request.database.write() as db:
        ended = accesses.end_access(db, request.viewer, person_id, request.now)
        if ended is not None:
            request.record(db, Action.EXCEPTIONAL_ACCESS_ENDED, ended.object, acting_for=person_id)
    return Redirect(request.services.urls("desk.person", personne=personne), status_code=303)


def minutes_left(access: ExceptionalAccess, now: datetime) -> int:
    """Minutes until the access ends, the one that has begun included."""
    return -((now - access.ends_at) // timedelta(minutes=1))


def _open(request: PortalRequest, person_id: int, sent: dict[str, str]) -> bool:
    """Opens the access with its evidence and the person's letter; False, noted too, when it is not allowed."""
    keyring, motive = request.services.keyring, sent["motif"]
    with request.database.write() as db:
        try:
            access, is_new = accesses.open_access(db, request.viewer, keyring, person_id, motive, request.now)
        except NotAllowed:
            _record_opening(request, db, "acces-exceptionnel", person_id, sent, Outcome.REFUSED)
            return False
        if is_new:
            _tell(request, db, access)
            _record_opening(request, db, access.object, person_id, sent)
    return True


def _record_opening(
    request: PortalRequest, db: Session, about: str, person_id: int, sent: dict[str, str], outcome: Outcome = Outcome.OK
) -> None:
    request.record(
        db,
        Action.EXCEPTIONAL_ACCESS_OPENED,
        about,
        outcome=outcome,
        acting_for=person_id if outcome is Outcome.OK else None,
        purpose=sent["objet"],
    )


def _tell(request: PortalRequest, db: Session, access: ExceptionalAccess) -> None:
    """Writes to the person at once: while the access is open, they may still say that it should not be. Whom no e-mail
    reaches gets a letter, which the desk posts."""
    email, account_id = address_of(db, access.person_id)
    if not email:
        post_access_letter(request, db, access)
        return
    request.services.mail.post(
        db, "exceptional-access", email, account_id=account_id, at=access.opened_at, until=access.ends_at
    )


def _part(request: PortalRequest, access: ExceptionalAccess, part: str, cursor: str, now: datetime) -> dict[str, Any]:
    if part == "demandes":
        return {"claims": reading.claims_of_person(request.db, access, now), "states": _states(), "kinds": _kinds()}
    if part == "documents":
        return {"documents": reading.documents_of_person(request.db, access, now)}
    lines = reading.lines_of_person(request.db, access, now, request.revealed(CURSOR, cursor) if cursor else None)
    following = request.services.keyring.conceal(CURSOR, [lines.after])[0] if lines.after else ""
    return {
        "lines": lines.rows,
        "statuses": {key.value: label for key, label in STATUS_LABELS.items()},
        "following": following,
    }


def _states() -> dict[str, tuple[str, str]]:
    return {state.value: STATE_LABELS[state] for state in CaseState}


def _kinds() -> dict[str, str]:
    return {kind.value: KIND_TITLES[kind] for kind in (CaseKind.CLAIM, CaseKind.QUOTE)}


def _tabs(request: PortalRequest, personne: str, part: str) -> list[tuple[str, str, bool]]:
    url = request.services.urls
    return [
        (label, url("desk.exceptional", {"vue": name}, personne=personne), name == part)
        for name, label in PARTS.items()
    ]


def _errors(sent: dict[str, str]) -> list[FieldError]:
    errors = []
    if sent["objet"] not in PURPOSES:
        errors.append(FieldError("objet", "Choisissez une raison\u00a0: la personne la lira dans son activité."))
    length = len(sent["motif"])
    if not SHORTEST * 2 <= length <= LONGEST_MOTIVE:
        words = (
            f"Écrivez de {SHORTEST * 2} à {LONGEST_MOTIVE}\u00a0caractères\u00a0: un autre superviseur jugera ce motif."
        )
        errors.append(FieldError("motif", words))
    if sent["attestation"] != "1":
        errors.append(FieldError("attestation", "Sans cette attestation, demandez à un autre superviseur."))
    return errors


def _form(
    request: PortalRequest, personne: str, sent: dict[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    sheet = sheet_of(request, personne)
    if not sheet.may_open:
        raise NotFoundException
    request.note_read(Action.PERSON_READ, "fiche", acting_for=sheet.person.id, purpose="suivi")
    return render_page(
        request,
        "desk/people/opening.html",
        "Ouvrir un accès exceptionnel",
        crumbs=[people_crumb(request), _person_crumb(request, personne)],
        errors=errors or [],
        sent=sent,
        purposes=list(PURPOSES.items()),
        name=name_of(sheet.person),
        minutes=accesses.minutes_on(request.db, request.now),
        personne=personne,
    )


def _person_crumb(request: PortalRequest, personne: str) -> Crumb:
    name = name_of(sheet_of(request, personne).person)
    return Crumb(name, request.services.urls("desk.person", personne=personne))


HANDLERS = [opening_page, open_record, record_page, end_record]
