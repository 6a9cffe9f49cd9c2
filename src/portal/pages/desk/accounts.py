"""Accounts at the desk (R-05, R-63): /gestion/comptes, to find one by exact marks, and to read its sheet.

What is looked for is posted, never put in a URL; each look-up and each reading says what for, and its holder sees it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from sqlmodel import Session

from portal.data import desk_accounts as data
from portal.data.accounts import ROLE_LABELS, Role, Space
from portal.data.activity import account_object
from portal.data.desk_accounts import MOST_FOUND, Found, Sheet
from portal.data.evidence import Action, Outcome
from portal.data.own_sessions import session_number
from portal.data.sessions import SignedSession
from portal.entry.browsers import browser_name
from portal.forms import FieldError, email_of, typed_day
from portal.labels import SPACE_LABELS
from portal.pages.desk.account_words import PURPOSES, acts_for, state_of
from portal.pages.desk.look_ups import looked_up
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.security import is_identifier
from portal.web import PortalRequest

AGENT = requires(Permission.DESK_ACCOUNTS)
FIELDS = ("objet", "identifiant", "nom", "naissance", "email", "organisation")
TITLE = "Comptes"
SESSION = "desk-session"
WAYS = "Choisissez une seule voie\u00a0: identifiant, nom et date de naissance, e-mail, ou numéro d’organisation."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look-up gave; `has_more` when it was cut."""

    found: list[Found]
    has_more: bool


@page("/gestion/comptes", name="desk.accounts", guards=[AGENT])
def search_page(request: PortalRequest) -> Response[bytes]:
    return _page(request, dict.fromkeys(FIELDS, ""))


@async_action("/gestion/comptes", name="desk.accounts.search", guards=[AGENT])
async def search(request: PortalRequest) -> Response[bytes]:
    return await looked_up(request, FIELDS, _errors, _look_up, _page)


@page("/gestion/comptes/{compte:str}", name="desk.account", guards=[AGENT])
def sheet_page(request: PortalRequest, compte: FromPath[str], objet: FromQuery[str] = "suivi") -> Response[bytes]:
    sheet = sheet_of(request, compte)
    purpose = objet if objet in PURPOSES else "suivi"
    about = account_object(sheet.found.id)
    request.note_read(Action.ACCOUNT_READ, about, acting_for=sheet.found.person_id, purpose=purpose)
    return render_page(
        request,
        "desk/accounts/sheet.html",
        sheet.found.display_name,
        crumbs=[accounts_crumb(request)],
        sheet=sheet,
        state=state_of(sheet),
        acts=_act_links(request, sheet, compte),
        role=ROLE_LABELS[Role(sheet.found.role)],
        space=SPACE_LABELS[Space(sheet.found.space)],
        is_own=sheet.is_near,
        sessions=_sessions(request, sheet, compte),
    )


def _sessions(request: PortalRequest, sheet: Sheet, compte: str) -> list[tuple[SignedSession, str, str]]:
    """Each open session with its device's family and where it is ended; from which address is its holder's business."""
    names = request.services.keyring.conceal(SESSION, [session_number(one) for one in sheet.sessions])
    url = request.services.urls
    return [
        (one, browser_name(one.browser), url("desk.account.session", None, compte=compte, session=name))
        for one, name in zip(sheet.sessions, names, strict=True)
    ]


def _act_links(request: PortalRequest, sheet: Sheet, compte: str) -> list[tuple[str, str]]:
    url = request.services.urls
    return [(act.label, url(act.page, None, compte=compte, **act.names)) for act in acts_for(sheet, request.viewer)]


def sheet_of(request: PortalRequest, compte: str) -> Sheet:
    """The sheet behind an opaque identifier; 404 when the viewer does not reach it."""
    account_id = request.services.keyring.reveal("account", compte)
    sheet = data.account_sheet(request.db, request.viewer, account_id or 0, request.now)
    if sheet is None:
        raise NotFoundException
    return sheet


def actable(request: PortalRequest, compte: str) -> Sheet:
    """The sheet of an account that the viewer may act on; 404 for their own, and for a relative's."""
    sheet = sheet_of(request, compte)
    if sheet.is_near:
        raise NotFoundException
    return sheet


def accounts_crumb(request: PortalRequest) -> Crumb:
    """The breadcrumb's step to the look-up page."""
    return Crumb(TITLE, request.services.urls("desk.accounts"))


def _look_up(request: PortalRequest, sent: dict[str, str]) -> Answer | None:
    """The accounts found, each noted in the evidence; None once the hour's look-ups are used up."""
    way = next(name for name in ("identifiant", "nom", "email", "organisation") if sent[name])
    with request.database.write() as db:
        if not data.may_look_up(db, request.viewer, request.services.keyring, request.now):
            request.record(db, Action.ACCOUNT_READ, "recherche", outcome=Outcome.REFUSED, purpose=sent["objet"])
            return None
        found = _by(way, db, request, sent)
        shown = found[:MOST_FOUND]
        about = [(account_object(one.id), one.person_id) for one in shown] or [("recherche", None)]
        for object_, person in about:
            request.record(db, Action.ACCOUNT_READ, object_, acting_for=person, purpose=sent["objet"], way=way)
    return Answer(shown, len(found) > MOST_FOUND)


def _by(way: str, db: Session, request: PortalRequest, sent: dict[str, str]) -> list[Found]:
    viewer, now = request.viewer, request.now
    compact = "".join(sent[way].split())
    if way == "identifiant":
        return data.accounts_by_identifier(db, viewer, compact, now)
    if way == "nom":
        return data.accounts_by_name(db, viewer, sent["nom"], _born(sent), now)
    if way == "email":
        return data.accounts_by_email(db, viewer, sent["email"], now)
    return data.accounts_by_organisation(db, viewer, compact.upper(), now)


def _born(sent: dict[str, str]) -> date:
    born = typed_day(sent["naissance"])
    if born is None:
        raise ValueError("the form was not checked")
    return born


def _errors(sent: dict[str, str]) -> list[FieldError]:
    errors = []
    if sent["objet"] not in PURPOSES:
        errors.append(
            FieldError("objet", "Dites pourquoi vous cherchez ce compte\u00a0: son titulaire pourra le lire.")
        )
    ways = [sent["identifiant"], sent["nom"] or sent["naissance"], sent["email"], sent["organisation"]]
    if sum(map(bool, ways)) != 1:
        return [*errors, FieldError("identifiant", WAYS)]
    if sent["identifiant"] and not is_identifier("".join(sent["identifiant"].split())):
        errors.append(FieldError("identifiant", "Cet identifiant n’existe pas\u00a0: dix chiffres, vérifiez-les."))
    if sent["email"] and email_of(sent["email"]) is None:
        errors.append(FieldError("email", "Saisissez une adresse entière, par exemple nom@exemple.fr."))
    return errors + _name_errors(sent)


def _name_errors(sent: dict[str, str]) -> list[FieldError]:
    if sent["naissance"] and not sent["nom"]:
        return [FieldError("nom", "Ajoutez le nom de famille\u00a0: la date de naissance ne suffit pas.")]
    if sent["nom"] and typed_day(sent["naissance"]) is None:
        return [FieldError("naissance", "Ajoutez la date de naissance, par exemple 31/12/1980.")]
    return []


def _page(
    request: PortalRequest, sent: dict[str, str], errors: list[FieldError] | None = None, found: Answer | None = None
) -> Response[bytes]:
    return render_page(
        request,
        "desk/accounts/index.html",
        TITLE,
        errors=errors or [],
        sent=sent,
        purposes=list(PURPOSES.items()),
        answer=found,
        rows=_rows(request, found.found, sent["objet"]) if found else [],
    )


def _rows(request: PortalRequest, found: list[Found], purpose: str) -> list[dict[str, Any]]:
    opaque = request.services.keyring.conceal("account", [one.id for one in found])
    return [
        {
            "found": one,
            "url": request.services.urls("desk.account", {"objet": purpose}, compte=key),
            "role": ROLE_LABELS[Role(one.role)],
            "space": SPACE_LABELS[Space(one.space)],
            "state": state_of(one),
        }
        for one, key in zip(found, opaque, strict=True)
    ]
