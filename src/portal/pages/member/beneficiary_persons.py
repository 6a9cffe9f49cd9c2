"""Ending the cover of somebody, correcting what we know of them: /adherent/beneficiaires/personnes/… (R-23).

The first form makes a draft with what it says; the pieces and the day of effect follow on the draft's own page.
"""

from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal import beneficiary_words as words
from portal.data.beneficiary_changes import Details, Start, fill_change, lock_change, start_change
from portal.data.beneficiary_figures import deadlines_on
from portal.data.beneficiary_list import find_cover
from portal.data.cases import CaseKind, TooManyDrafts
from portal.data.coverage import Beneficiary, Relationship
from portal.data.evidence import Action
from portal.data.persons import Person, find_person
from portal.formatting import today
from portal.forms import FieldError
from portal.pages.account.pieces import CASE
from portal.pages.member.beneficiaries import CHANGES, DRAFTS
from portal.pages.member.beneficiary_choices import removal_options
from portal.pages.member.beneficiary_forms import (
    CORRECTION_FIELDS,
    REMOVAL_FIELDS,
    Read,
    correction_of,
    fields_in,
    removal_of,
)
from portal.pages.member.beneficiary_views import COVER, concealed, crumbs
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

REMOVED, CHANGED = CaseKind.BENEFICIARY_REMOVED, CaseKind.BENEFICIARY_CHANGED


@dataclass(frozen=True, slots=True)
class Covered:
    """Somebody whom a contract of the viewer's covers."""

    cover: Beneficiary
    person: Person

    @property
    def relationship(self) -> Relationship:
        return Relationship(self.cover.relationship)

    @property
    def known(self) -> Details:
        """What the insurer knows, as a correction compares it."""
        return Details(self.person.last_name, self.person.first_name, self.person.birth_date)

    @property
    def name(self) -> str:
        return f"{self.person.first_name} {self.person.last_name}"


@page("/adherent/beneficiaires/personnes/{person:str}/retrait", name="member.beneficiary.removal", guards=CHANGES)
def removal_page(request: PortalRequest, person: FromPath[str]) -> Response[bytes]:
    return _form(request, request.db, person, REMOVED, Read(dict.fromkeys(REMOVAL_FIELDS, "")))


@async_action(
    "/adherent/beneficiaires/personnes/{person:str}/retrait", name="member.beneficiary.remove", guards=CHANGES
)
async def remove(request: PortalRequest, person: FromPath[str]) -> Response[bytes] | Redirect:
    return await _submit(request, person, REMOVED)


@page("/adherent/beneficiaires/personnes/{person:str}/correction", name="member.beneficiary.edit", guards=CHANGES)
def edit_page(request: PortalRequest, person: FromPath[str]) -> Response[bytes]:
    return _form(request, request.db, person, CHANGED, stored(found(request, request.db, person, CHANGED)))


@async_action(
    "/adherent/beneficiaires/personnes/{person:str}/correction", name="member.beneficiary.correct", guards=CHANGES
)
async def correct(request: PortalRequest, person: FromPath[str]) -> Response[bytes] | Redirect:
    return await _submit(request, person, CHANGED)


async def _submit(request: PortalRequest, person: str, kind: CaseKind) -> Response[bytes] | Redirect:
    read, target = await started(request, person, kind)
    if target:
        return Redirect(target, status_code=303)
    return await request.database.run(_form_now, request, person, kind, read)


# --- shared with the fragments ---


async def started(request: PortalRequest, person: str, kind: CaseKind) -> tuple[Read, str]:
    """Reads the form, and starts the draft that it asks for: what was typed, and the draft's page (empty when the form
    is wrong). Raises `NotFoundException`."""
    raw = fields_in(await request.form(), kind)
    return await request.database.run_writing(_start, request, person, kind, raw)


def found(request: PortalRequest, db: Session, person: str, kind: CaseKind) -> Covered:
    """Somebody whom the viewer's contract covers; for a removal, still, and not the member. Raises 404."""
    cover = find_cover(db, request.viewer, request.revealed(COVER, person))
    is_over = cover is not None and cover.valid_to is not None and cover.valid_to < today()
    is_member = cover is not None and cover.relationship == Relationship.MEMBER
    if cover is None or (kind is REMOVED and (is_over or is_member)):
        raise NotFoundException
    return Covered(cover, find_person(db, cover.person_id))


def stored(covered: Covered) -> Read:
    """The correction's form before anything is typed."""
    known = covered.known
    born = known.birth_date.isoformat() if known.birth_date else ""
    return Read(dict(zip(CORRECTION_FIELDS, (known.last_name, known.first_name, born, ""), strict=True)))


def form_context(request: PortalRequest, db: Session, person: str, kind: CaseKind, read: Read) -> dict[str, Any]:
    """What the form of somebody's removal or correction shows."""
    covered = found(request, db, person, kind)
    deadlines = deadlines_on(db, today())
    return {
        "covered": covered,
        "opaque": person,
        "raw": read.raw,
        "problems": {error.field: error.message for error in read.errors},
        "keeps": "",
        "reason": None,
        "event_label": words.EVENT,
        "reasons": removal_options(deadlines, covered.relationship) if kind is REMOVED else [],
    }


# --- inside ---


def _start(request: PortalRequest, person: str, kind: CaseKind, raw: dict[str, str]) -> tuple[Read, str]:
    with request.database.write() as db:
        covered = found(request, db, person, kind)
        read = _read(covered, kind, raw)
        if read.typed is None:
            return read, ""
        try:
            return read, _opened(request, db, covered, kind, read)
        except TooManyDrafts:
            return Read(raw, None, (FieldError("", DRAFTS),)), ""


def _read(covered: Covered, kind: CaseKind, raw: dict[str, str]) -> Read:
    if kind is REMOVED:
        return removal_of(raw, covered.relationship, today())
    return correction_of(raw, covered.known, today())


def _opened(request: PortalRequest, db: Session, covered: Covered, kind: CaseKind, read: Read) -> str:
    """The page of the draft, new or begun before, with what was typed now. What is sent already is not written over:
    its page says where it stands."""
    wanted = Start(kind, covered.cover.contract_id, covered.relationship, cover=covered.cover)
    case, is_new = start_change(db, request.viewer, wanted, request.now)
    change = lock_change(db, request.viewer, request.services.keyring, case.id or 0, None)
    if change is not None and read.typed and case.is_draft:
        fill_change(db, request.viewer, request.services.keyring, change, read.typed, request.now)
        request.record(db, Action.CASE_OPENED if is_new else Action.CASE_CHANGED, case.object)
    query = None if case.is_draft else {"deja": "oui"}
    return request.services.urls("member.beneficiary.request", query, case=concealed(request, CASE, case.id))


def _form_now(request: PortalRequest, person: str, kind: CaseKind, read: Read) -> Response[bytes]:
    with request.database.read() as db:
        return _form(request, db, person, kind, read)


def _form(request: PortalRequest, db: Session, person: str, kind: CaseKind, read: Read) -> Response[bytes]:
    context = form_context(request, db, person, kind, read)
    covered: Covered = context["covered"]
    persons = [covered.cover.person_id]
    request.note_read(Action.BENEFICIARIES_READ, "personne", persons=persons)
    verb, template = ("Retirer", "removal.html") if kind is REMOVED else ("Corriger", "edit.html")
    title = f"{verb} {covered.name}" if kind is REMOVED else f"Corriger\u00a0: {covered.name}"
    return render_page(
        request,
        f"member/beneficiaries/{template}",
        title,
        crumbs=crumbs(request),
        errors=read.errors,
        **context,
    )
