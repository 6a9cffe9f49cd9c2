"""Recording a death, on a person's sheet (R-70, R-72): with its proof, by whoever is charged with rights over data and
is no relative; what it changes at once is said before, and told in the same transaction."""

from collections.abc import Sequence
from datetime import date

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from portal.attachments import discard, received_files
from portal.data.death_recording import (
    CLOSING_REASON,
    LONGEST_REFERENCE,
    LONGEST_TOLD,
    AlreadyRecorded,
    NotAllowed,
    Told,
    may_handle,
    record_death,
)
from portal.data.deaths import Proof
from portal.data.evidence import Action
from portal.data.files import NewFile
from portal.data.people import PersonSheet
from portal.death_words import (
    BEFORE_BIRTH,
    FILE_AGAIN,
    FUTURE_DAY,
    NO_DAY,
    NO_PROOF,
    NO_REFERENCE,
    NO_SOURCE,
    PROOFS,
    TOO_OFTEN,
)
from portal.formatting import day_in_france
from portal.forms import FieldError, single_values, typed_day
from portal.pages.desk.deaths import ACTS, record_account, to_death
from portal.pages.desk.people import KIND, name_of, people_crumb, sheet_of
from portal.postal_writing import post_death_letter
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.uploads import LARGEST_FORM, FileRefused
from portal.web import PortalRequest

PATH = "/gestion/personnes/{personne:str}/deces"
FIELDS, FILE = ("jour", "preuve", "reference", "source"), "acte"


@page(PATH, name="desk.death.recording", guards=ACTS)
def recording_page(request: PortalRequest, personne: FromPath[str]) -> Response[bytes] | Redirect:
    sheet = _recordable(request, personne)
    if sheet.death is not None:
        return to_death(request, sheet.death)
    return _form(request, personne, sheet, dict.fromkeys(FIELDS, ""))


@async_action(PATH, name="desk.death.record", guards=ACTS, request_max_body_size=LARGEST_FORM)
async def record(request: PortalRequest, personne: FromPath[str]) -> Response[bytes] | Redirect:
    form = await request.form()
    sent = {name: value.strip() for name, value in single_values(form, FIELDS, longest=LONGEST_TOLD + 1).items()}
    sheet = await request.database.run(_recordable, request, personne)
    errors = _errors(sent, sheet.person.birth_date, day_in_france(request.now))
    files: Sequence[NewFile] = []
    if sent["preuve"] == Proof.FILE:
        files, problem = await _received(request, form, is_rest_right=not errors)
        errors += [FieldError(FILE, problem)] if problem else []
    if errors:
        return await request.database.run(_form, request, personne, sheet, sent, errors)
    return await request.database.run_writing(_record, request, personne, _told(sent, files))


def _recordable(request: PortalRequest, personne: str) -> PersonSheet:
    """The sheet of somebody whose death the viewer may record; 404 for any other."""
    sheet = sheet_of(request, personne)
    if not may_handle(request.db, request.viewer, sheet.person.id or 0):
        raise NotFoundException
    return sheet


async def _received(request: PortalRequest, form: FormMultiDict, *, is_rest_right: bool) -> tuple[list[NewFile], str]:
    """The certificate that was sent; or what is wrong. Nothing is kept as long as the rest of the form is wrong."""
    if not is_rest_right:
        return [], FILE_AGAIN
    try:
        return await received_files(request, form, FILE, str(request.viewer.account_id), TOO_OFTEN), ""
    except FileRefused as refused:
        return [], str(refused)


def _told(sent: dict[str, str], files: Sequence[NewFile]) -> Told:
    day, proof = typed_day(sent["jour"]), Proof(sent["preuve"])
    if day is None:
        raise ValueError("the form was not checked")
    reference = sent["reference"] if proof is Proof.SEEN else ""
    return Told(day, proof, sent["source"], reference, files[0] if files else None)


def _record(request: PortalRequest, personne: str, told: Told) -> Redirect:
    person_id, keyring = request.revealed(KIND, personne), request.services.keyring
    try:
        with request.database.write() as db:
            death, closed = record_death(db, request.viewer, keyring, person_id, told, request.now)
            post_death_letter(request, db, death)
            for account in closed:
                record_account(request, db, Action.ACCOUNT_CLOSED, account, CLOSING_REASON)
            request.record(db, Action.DEATH_RECORDED, death.object, acting_for=person_id, proof=told.proof)
    except (AlreadyRecorded, NotAllowed) as problem:
        discard(request.services, [told.file.storage_name] if told.file else [])
        if isinstance(problem, NotAllowed):
            raise NotFoundException from None
        return to_death(request, problem.death)
    return to_death(request, death)


def _errors(sent: dict[str, str], born: date, today: date) -> list[FieldError]:
    day, errors = typed_day(sent["jour"]), []
    if day is None:
        errors.append(FieldError("jour", NO_DAY))
    elif day > today or day < born:
        errors.append(FieldError("jour", FUTURE_DAY if day > today else BEFORE_BIRTH))
    if sent["preuve"] not in {*Proof}:
        errors.append(FieldError("preuve", NO_PROOF))
    if sent["preuve"] == Proof.SEEN and not 3 <= len(sent["reference"]) <= LONGEST_REFERENCE:
        errors.append(FieldError("reference", NO_REFERENCE))
    if not 3 <= len(sent["source"]) <= LONGEST_TOLD:
        errors.append(FieldError("source", NO_SOURCE))
    return errors


def _form(
    request: PortalRequest,
    personne: str,
    sheet: PersonSheet,
    sent: dict[str, str],
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    name = name_of(sheet.person)
    return render_page(
        request,
        "desk/death/recording.html",
        "Enregistrer un décès",
        crumbs=[people_crumb(request), Crumb(name, request.services.urls("desk.person", personne=personne))],
        errors=errors or [],
        sent=sent,
        name=name,
        personne=personne,
        proofs=[(proof.value, *PROOFS[proof]) for proof in Proof],
    )


HANDLERS = [recording_page, record]
