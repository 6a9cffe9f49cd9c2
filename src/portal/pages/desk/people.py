"""Persons at the desk (R-05, R-72): /gestion/personnes, to find one by exact marks, with an account or without, and to
read a sheet held to what answering takes.

What is looked for is posted, never put in a URL; each look-up and each reading says what for, and the person sees it.
"""

import re
from datetime import date
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from sqlmodel import Session
from stdnum.exceptions import ValidationError
from stdnum.fr import nir as stdnum_nir

from portal.beneficiary_words import RELATIONSHIP_LABELS, masked_nir
from portal.data import people as data
from portal.data.death_recording import may_handle
from portal.data.desk_accounts import MOST_FOUND, Found, may_look_up
from portal.data.evidence import Action, Outcome
from portal.data.people import PersonSheet
from portal.data.persons import Person
from portal.data.request_reception import may_receive
from portal.desk_purposes import PURPOSES
from portal.forms import FieldError, typed_day
from portal.pages.desk.account_words import state_of
from portal.pages.desk.look_ups import looked_up
from portal.permissions import Permission, may, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

AGENT = requires(Permission.DESK_PEOPLE)
KIND = "person"
FIELDS = ("objet", "nom", "naissance", "nir", "contrat")
TITLE = "Personnes"
WAYS = "Choisissez une seule voie\u00a0: nom et date de naissance, numéro de Sécurité sociale, ou numéro de contrat."
CONTRACT_KINDS = {
    "individuel": "Contrat individuel",
    "collectif_obligatoire": "Contrat collectif obligatoire",
    "collectif_facultatif": "Contrat collectif facultatif",
}


@page("/gestion/personnes", name="desk.people", guards=[AGENT])
def search_page(request: PortalRequest) -> Response[bytes]:
    return _page(request, dict.fromkeys(FIELDS, ""))


@async_action("/gestion/personnes", name="desk.people.search", guards=[AGENT])
async def search(request: PortalRequest) -> Response[bytes]:
    return await looked_up(request, FIELDS, _errors, _look_up, _page)


@page("/gestion/personnes/{personne:str}", name="desk.person", guards=[AGENT])
def sheet_page(request: PortalRequest, personne: FromPath[str], objet: FromQuery[str] = "suivi") -> Response[bytes]:
    sheet = sheet_of(request, personne)
    purpose = objet if objet in PURPOSES else "suivi"
    request.note_read(Action.PERSON_READ, "fiche", acting_for=sheet.person.id, purpose=purpose)
    nir = sheet.person.nir_encrypted
    return render_page(
        request,
        "desk/people/sheet.html",
        name_of(sheet.person),
        crumbs=[people_crumb(request)],
        sheet=sheet,
        nir=masked_nir(request.services.keyring.decrypt(nir)) if nir else "",
        kinds=CONTRACT_KINDS,
        relationships=RELATIONSHIP_LABELS,
        accounts=_accounts(request, sheet, purpose),
        death_url=_death_url(request, sheet, personne),
        may_hold=may(request.viewer, Permission.DESK_RETENTION),
        may_receive=may_receive(request.db, request.viewer),
        may_open=sheet.may_open and may(request.viewer, Permission.DESK_BREAK_GLASS),
        personne=personne,
    )


def sheet_of(request: PortalRequest, personne: str) -> PersonSheet:
    """The sheet behind an opaque identifier; 404 without a person."""
    person_id = request.revealed(KIND, personne)
    sheet = data.person_sheet(request.db, request.viewer, person_id, request.now)
    if sheet is None:
        raise NotFoundException
    return sheet


def _death_url(request: PortalRequest, sheet: PersonSheet, personne: str) -> str:
    """Where a death is recorded, or read once it is; empty for whoever is not charged with it."""
    if not may_handle(request.db, request.viewer, sheet.person.id or 0):
        return ""
    if sheet.death is None:
        return request.services.urls("desk.death.recording", personne=personne)
    (deces,) = request.services.keyring.conceal("death", [sheet.death.id or 0])
    return request.services.urls("desk.death", deces=deces)


def people_crumb(request: PortalRequest) -> Crumb:
    """The breadcrumb's step to the look-up page."""
    return Crumb(TITLE, request.services.urls("desk.people"))


def name_of(person: Person) -> str:
    """A person's name as pages show it."""
    return f"{person.first_name} {person.last_name}"


def _accounts(request: PortalRequest, sheet: PersonSheet, purpose: str) -> list[tuple[Found, tuple[str, str], str]]:
    opaque = request.services.keyring.conceal("account", [one.id for one in sheet.accounts])
    url = request.services.urls
    return [
        (one, state_of(one), url("desk.account", {"objet": purpose}, compte=key))
        for one, key in zip(sheet.accounts, opaque, strict=True)
    ]


def _look_up(request: PortalRequest, sent: dict[str, str]) -> list[Person] | None:
    """The persons found, each noted in the evidence; None once the hour's look-ups are used up."""
    way = next(name for name in ("nom", "nir", "contrat") if sent[name])
    with request.database.write() as db:
        if not may_look_up(db, request.viewer, request.services.keyring, request.now):
            request.record(db, Action.PERSON_READ, "recherche", outcome=Outcome.REFUSED, purpose=sent["objet"], way=way)
            return None
        found = _by(way, db, request, sent)
        for person in [one.id for one in found[:MOST_FOUND]] or [None]:
            request.record(db, Action.PERSON_READ, "recherche", acting_for=person, purpose=sent["objet"], way=way)
    return found


def _by(way: str, db: Session, request: PortalRequest, sent: dict[str, str]) -> list[Person]:
    if way == "nom":
        return data.people_by_name(db, request.viewer, sent["nom"], _born(sent))
    if way == "nir":
        return data.people_by_nir(db, request.viewer, request.services.keyring.lookups(_nir(sent["nir"])))
    return data.people_by_contract(db, request.viewer, "".join(sent["contrat"].split()).upper())


def _born(sent: dict[str, str]) -> date:
    born = typed_day(sent["naissance"])
    if born is None:
        raise ValueError("the form was not checked")
    return born


def _nir(typed: str) -> str:
    """The fifteen signs of a number typed with or without its key; empty when it is none."""
    bare = re.sub(r"[\s.-]", "", typed).upper()
    try:
        return str(stdnum_nir.validate(bare if len(bare) > 13 else bare + stdnum_nir.calc_check_digits(bare)))
    except (ValidationError, ValueError):
        return ""


def _errors(sent: dict[str, str]) -> list[FieldError]:
    errors = []
    if sent["objet"] not in PURPOSES:
        errors.append(FieldError("objet", "Dites pourquoi vous cherchez cette personne\u00a0: elle pourra le lire."))
    if sum(map(bool, (sent["nom"] or sent["naissance"], sent["nir"], sent["contrat"]))) != 1:
        return [*errors, FieldError("nom", WAYS)]
    if sent["naissance"] and not sent["nom"]:
        errors.append(FieldError("nom", "Ajoutez le nom de famille\u00a0: la date de naissance ne suffit pas."))
    if sent["nom"] and typed_day(sent["naissance"]) is None:
        errors.append(FieldError("naissance", "Ajoutez la date de naissance, par exemple 31/12/1980."))
    if sent["nir"] and not _nir(sent["nir"]):
        errors.append(FieldError("nir", "Ce numéro n’existe pas\u00a0: treize chiffres, ou quinze avec la clé."))
    return errors


def _page(
    request: PortalRequest,
    sent: dict[str, str],
    errors: list[FieldError] | None = None,
    found: list[Person] | None = None,
) -> Response[bytes]:
    shown = (found or [])[:MOST_FOUND]
    opaque = request.services.keyring.conceal(KIND, [one.id or 0 for one in shown])
    return render_page(
        request,
        "desk/people/index.html",
        TITLE,
        errors=errors or [],
        sent=sent,
        purposes=list(PURPOSES.items()),
        has_looked=found is not None,
        has_more=len(found or []) > MOST_FOUND,
        rows=[_row(request, *each, sent["objet"]) for each in zip(shown, opaque, strict=True)],
    )


def _row(request: PortalRequest, person: Person, key: str, purpose: str) -> dict[str, Any]:
    url = request.services.urls("desk.person", {"objet": purpose}, personne=key)
    return {"name": name_of(person), "birth_date": person.birth_date, "url": url}


HANDLERS = [search_page, search, sheet_page]
