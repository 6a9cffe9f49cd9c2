"""Rights that the portal serves at once: objection, restriction, instructions after death, consents taken back.
/compte/donnees/… (R-70)."""

from datetime import date

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.data.consents import ConsentKind, consents_of, withdraw_consent
from portal.data.data_objections import Purpose, choose_objections, objected
from portal.data.death_instructions import (
    Instructions,
    give_instructions,
    instructions_in_force,
    revoke_instructions,
)
from portal.data.evidence import Action
from portal.data.restricting import Ground, lift, restrict, restrictions_of
from portal.data.sessions import Viewer
from portal.data_right_notices import INSTRUCTED, LIFTED, RESTRICTED, REVOKED, tell_changed
from portal.data_right_words import GROUND_LABELS, NO_GROUND, PURPOSE_LABELS, WISH_LABELS, consent_words
from portal.formatting import day_in_france
from portal.forms import FieldError, single_values
from portal.pages.account.data_request_forms import read_instructions
from portal.pages.account.data_rights import data_crumbs
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

CHOOSES: list[Guard] = [requires(Permission.DATA_RIGHTS)]
# What closes most of an account, and what speaks of one's death, asks for a proof; taking less of either does not.
PROVES: list[Guard] = [*CHOOSES, recently_confirmed]


@page("/compte/donnees/opposition", name="data.objection", guards=CHOOSES)
def objection_page(request: PortalRequest) -> Response[bytes]:
    return render_page(
        request,
        "account/data/objection.html",
        "Opposition",
        crumbs=data_crumbs(request),
        purposes=[(purpose.value, *PURPOSE_LABELS[purpose]) for purpose in Purpose],
        chosen={purpose.value for purpose in objected(request.db, request.viewer)},
    )


@async_action("/compte/donnees/opposition", name="data.objection.choose", guards=CHOOSES)
async def choose_objection(request: PortalRequest) -> Redirect:
    sent = single_values(await request.form(), list(Purpose), 10)
    await request.database.run_writing(_object, request, {purpose for purpose in Purpose if sent[purpose]})
    return _to(request, "data.objection")


@page("/compte/donnees/limitation", name="data.restriction", guards=PROVES)
def restriction_page(request: PortalRequest) -> Response[bytes]:
    return _restriction(request, request.db, "")


@async_action("/compte/donnees/limitation", name="data.restriction.start", guards=PROVES)
async def start_restriction(request: PortalRequest) -> Response[bytes] | Redirect:
    typed = single_values(await request.form(), ("raison",), 20)["raison"]
    ground = next((each for each in Ground if each == typed), None)
    if ground is None:
        return await request.database.run(_wrong_ground, request, typed)
    await request.database.run_writing(_restrict, request, ground)
    return _to(request, "data")


@action("/compte/donnees/limitation/levee", name="data.restriction.lift", guards=PROVES)
def lift_restriction(request: PortalRequest) -> Redirect:
    with request.database.write() as db:
        if lift(db, request.viewer, request.now):
            request.record(db, Action.RESTRICTION_LIFTED)
            tell_changed(request.services, db, request.viewer, LIFTED)
    return _to(request, "data")


@page("/compte/donnees/directives", name="data.instructions", guards=PROVES)
def instructions_page(request: PortalRequest) -> Response[bytes]:
    given = instructions_in_force(request.db, request.viewer, request.services.keyring)
    said = given.instructions if given else None
    raw = {"souhait": said.wish.value, "personne": said.person, "contact": said.contact} if said else {}
    blank = {"souhait": "", "personne": "", "contact": "", "texte": ""}
    return _instructions(request, request.db, blank | raw | ({"texte": said.words} if said else {}), [])


@async_action("/compte/donnees/directives", name="data.instructions.give", guards=PROVES)
async def give(request: PortalRequest) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_give, request, await request.form())


@action("/compte/donnees/directives/retrait", name="data.instructions.revoke", guards=PROVES)
def revoke(request: PortalRequest) -> Redirect:
    with request.database.write() as db:
        if revoke_instructions(db, request.viewer, request.now):
            request.record(db, Action.DEATH_INSTRUCTIONS_REVOKED)
            tell_changed(request.services, db, request.viewer, REVOKED)
    return _to(request, "data")


@page("/compte/donnees/consentements", name="data.consents", guards=CHOOSES)
def consents_page(request: PortalRequest) -> Response[bytes]:
    found = consents_of(request.db, request.viewer, _today(request))
    return render_page(
        request,
        "account/data/consents.html",
        "Consentements",
        crumbs=data_crumbs(request),
        consents=[(each, consent_words(each)) for each in found],
    )


@async_action("/compte/donnees/consentements", name="data.consents.withdraw", guards=CHOOSES)
async def withdraw(request: PortalRequest) -> Redirect:
    typed = single_values(await request.form(), ("consentement",), 40)["consentement"]
    kind = next((each for each in ConsentKind if each == typed), None)
    if kind is not None:
        await request.database.run_writing(_withdraw, request, kind)
    return _to(request, "data.consents")


def _object(request: PortalRequest, wanted: set[Purpose]) -> None:
    with request.database.write() as db:
        made, ended = choose_objections(db, request.viewer, wanted, request.now)
        for purpose in sorted(made):
            request.record(db, Action.DATA_OBJECTED, purpose)
        for purpose in sorted(ended):
            request.record(db, Action.DATA_OBJECTION_ENDED, purpose)


def _restrict(request: PortalRequest, ground: Ground) -> None:
    with request.database.write() as db:
        if restrict(db, request.viewer, ground, request.now):
            request.record(db, Action.PROCESSING_RESTRICTED, ground)
            tell_changed(request.services, db, request.viewer, RESTRICTED)


def _wrong_ground(request: PortalRequest, typed: str) -> Response[bytes]:
    with request.database.read() as db:
        return _restriction(request, db, typed, [FieldError("raison", NO_GROUND)])


def _restriction(
    request: PortalRequest, db: Session, typed: str, errors: list[FieldError] | None = None
) -> Response[bytes]:
    past = restrictions_of(db, request.viewer)
    now = next((row for row in past if row.ended_at is None), None)
    lifted = next((row for row in past if row.ended_reason_encrypted), None)
    decrypt = request.services.keyring.decrypt
    return render_page(
        request,
        "account/data/restriction.html",
        "Limitation",
        crumbs=data_crumbs(request),
        errors=errors or [],
        grounds=[(ground.value, GROUND_LABELS[ground]) for ground in Ground],
        typed=typed,
        now=now,
        ground=GROUND_LABELS[Ground(now.ground)] if now else "",
        lifted=lifted,
        lifted_reason=decrypt(lifted.ended_reason_encrypted) if lifted and lifted.ended_reason_encrypted else "",
    )


def _give(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw, wanted, errors = read_instructions(sent)
    if wanted is None:
        with request.database.read() as db:
            return _instructions(request, db, raw, errors)
    _keep(request, request.viewer, wanted)
    return _to(request, "data")


def _keep(request: PortalRequest, viewer: Viewer, wanted: Instructions) -> None:
    with request.database.write() as db:
        if give_instructions(db, viewer, request.services.keyring, wanted, request.now):
            request.record(db, Action.DEATH_INSTRUCTIONS_GIVEN)
            tell_changed(request.services, db, viewer, INSTRUCTED)


def _instructions(
    request: PortalRequest, db: Session, raw: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    return render_page(
        request,
        "account/data/instructions.html",
        "Directives après le décès",
        crumbs=data_crumbs(request),
        errors=errors,
        raw=raw,
        wishes=[(wish.value, *WISH_LABELS[wish]) for wish in WISH_LABELS],
        given=instructions_in_force(db, request.viewer, request.services.keyring),
    )


def _withdraw(request: PortalRequest, kind: ConsentKind) -> None:
    with request.database.write() as db:
        if withdraw_consent(db, request.viewer, kind, request.now, _today(request)):
            request.record(db, Action.CONSENT_WITHDRAWN, kind)


def _today(request: PortalRequest) -> date:
    return day_in_france(request.now)


def _to(request: PortalRequest, name: str) -> Redirect:
    return Redirect(request.services.urls(name), status_code=303)


HANDLERS = [
    *(objection_page, choose_objection, restriction_page, start_restriction, lift_restriction),
    *(instructions_page, give, revoke, consents_page, withdraw),
]
