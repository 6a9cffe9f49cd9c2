"""Changes of bank details under way: agents see them and stop one; nobody hastens one (ADR 14).
/gestion/coordonnees-bancaires."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.bank_areas import BANK_AREAS, OBJECT, BankArea
from portal.bank_notices import tell_of_stopped_change
from portal.data.activity import account_object
from portal.data.bank_desk import Change, Whose, pending_change, pending_changes, stop_change
from portal.data.evidence import Action
from portal.data.organisation_banks import signatories
from portal.data.work_items import Duty, duties_of
from portal.forms import FieldError, single_values
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

TITLE = "Changements de compte bancaire"
STOPPING = "Arrêter ce changement"
READS = [requires(Permission.DESK_QUEUE)]
STOPS: list[Guard] = [requires(Permission.DESK_QUEUE), recently_confirmed]
SHORTEST, LONGEST = 10, 300
WHOSE = {Whose.MEMBER: "Adhérent", Whose.COMPANY: "Entreprise", Whose.PRACTICE: "Professionnel de santé"}
NO_REASON = f"Écrivez pourquoi vous l’arrêtez, en {SHORTEST} caractères au moins\u00a0: le titulaire le lira."
LONG_REASON = f"Raccourcissez cette raison\u00a0: {LONGEST} caractères au plus."
NAMES = {Whose.MEMBER: "bank-details", Whose.COMPANY: "company-bank", Whose.PRACTICE: "practice-bank"}
PATH = "/gestion/coordonnees-bancaires/{titulaire:str}/{changement:str}"


@page("/gestion/coordonnees-bancaires", name="desk.bank-changes", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    found = pending_changes(request.db, request.viewer)
    persons = sorted({one.owner_id for one in found if one.whose is Whose.MEMBER})
    request.note_read(Action.BANK_CHANGES_READ, OBJECT, persons=persons)
    rows = [(one, WHOSE[one.whose], _href(request, one)) for one in found]
    is_charged = Duty.CONTRACTS in duties_of(request.db, request.viewer)
    crumbs = [_home(request)]
    return render_page(request, "desk/bank/index.html", TITLE, crumbs=crumbs, rows=rows, is_charged=is_charged)


@page(PATH, name="desk.bank-change", guards=STOPS)
def stopping_page(request: PortalRequest, titulaire: FromPath[str], changement: FromPath[str]) -> Response[bytes]:
    return _render(request, request.db, titulaire, changement, "")


@async_action(PATH, name="desk.bank-change.stop", guards=STOPS)
async def stop(
    request: PortalRequest, titulaire: FromPath[str], changement: FromPath[str]
) -> Response[bytes] | Redirect:
    reason = single_values(await request.form(), ("raison",), LONGEST + 1)["raison"].strip()
    return await request.database.run_writing(_stop, request, titulaire, changement, reason)


def _stop(request: PortalRequest, titulaire: str, changement: str, reason: str) -> Response[bytes] | Redirect:
    if not SHORTEST <= len(reason) <= LONGEST:
        error = FieldError("raison", LONG_REASON if len(reason) > LONGEST else NO_REASON)
        with request.database.read() as db:
            return _render(request, db, titulaire, changement, reason, [error])
    with request.database.write() as db:
        whose, row_id = _named(request, titulaire, changement)
        change = stop_change(db, request.viewer, whose, row_id, request.now)
        if change is not None:
            tell_of_stopped_change(request.services, db, change.row, change.name, reason, request.now)
            _record(request, db, change, reason)
    return Redirect(request.services.urls("desk.bank-changes"), status_code=303)


def _record(request: PortalRequest, db: Session, change: Change, reason: str) -> None:
    """In the journal of the person, or of each who signs for the organisation."""
    if change.whose is Whose.MEMBER:
        request.record(db, Action.BANK_CHANGE_CANCELLED, OBJECT, acting_for=change.owner_id, told=reason)
        return
    area = _area(change.whose)
    for account in signatories(db, area.owner, change.owner_id):
        request.record(db, area.acts.cancelled, account_object(account.id or 0), told=reason)


def _area(whose: Whose) -> BankArea:
    return next(area for area in BANK_AREAS if area.name == NAMES[whose])


def _render(
    request: PortalRequest,
    db: Session,
    titulaire: str,
    changement: str,
    reason: str,
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    whose, row_id = _named(request, titulaire, changement)
    change = pending_change(db, request.viewer, whose, row_id)
    if change is None:
        raise NotFoundException
    urls = request.services.urls
    person = change.owner_id if change.whose is Whose.MEMBER else None
    request.note_read(Action.BANK_CHANGES_READ, OBJECT, acting_for=person)
    return render_page(
        request,
        "desk/bank/stop.html",
        STOPPING,
        crumbs=[_home(request), Crumb(TITLE, urls("desk.bank-changes"))],
        errors=errors or [],
        change=change,
        whose=WHOSE[change.whose],
        reason=reason,
        target=urls("desk.bank-change.stop", titulaire=titulaire, changement=changement),
        back=urls("desk.bank-changes"),
        longest=LONGEST,
    )


def _named(request: PortalRequest, titulaire: str, changement: str) -> tuple[Whose, int]:
    whose = next((each for each in Whose if each == titulaire), None)
    if whose is None:
        raise NotFoundException
    return whose, request.revealed(NAMES[whose], changement)


def _href(request: PortalRequest, change: Change) -> str:
    (opaque,) = request.services.keyring.conceal(NAMES[change.whose], [change.row.id])
    return request.services.urls("desk.bank-change", titulaire=change.whose.value, changement=opaque)


def _home(request: PortalRequest) -> Crumb:
    return Crumb("Accueil", request.services.urls("desk.home"))


HANDLERS = [list_page, stopping_page, stop]
