"""Letters on paper, for whom no e-mail reaches (R-70, R-72): /gestion/courriers, printed and posted by whoever is
charged with what they tell. Those about a request stand on the request's own page, too."""

from collections.abc import Sequence
from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.attachments import in_turn
from portal.data.evidence import Action
from portal.data.letters_to_post import WrongDay, letter_to_post, letters_to_post, mark_posted
from portal.data.postal_letters import LetterKind, LetterText, PostalLetter, text_of
from portal.data.work_items import Duty, duties_of, item_of_case
from portal.formatting import day_in_france
from portal.forms import FieldError, single_values, typed_day
from portal.headers import DOCUMENT_POLICY
from portal.pages.desk.case_access import WORK
from portal.pages.desk.deaths import LETTER
from portal.pages.desk.request_letters import page_with
from portal.permissions import Permission, requires
from portal.postal_documents import LETTER_LABELS, letter_pdf
from portal.rendering import render_page
from portal.routing import async_action, async_page, page
from portal.web import PortalRequest

GUARDS: list[Guard] = [requires(Permission.DESK_PEOPLE)]
TITLE = "Courriers à poster"
DAY = "poste"
NO_DAY = "Donnez le jour du départ, par exemple 31/12/2025."
WRONG_DAY = "Ce courrier ne peut pas être parti ce jour-là\u00a0: ni avant d’être écrit, ni demain."


@page("/gestion/courriers", name="desk.letters", guards=GUARDS)
def letters_page(request: PortalRequest) -> Response[bytes]:
    if Duty.PRIVACY not in duties_of(request.db, request.viewer):
        raise NotFoundException
    request.note_read(Action.POSTAL_LETTERS_READ)
    return _list(request, request.db, [])


@async_page("/gestion/courriers/{courrier:str}/pdf", name="desk.letter", guards=GUARDS)
async def letter_file(request: PortalRequest, courrier: FromPath[str]) -> Response[bytes]:
    row, text = await request.database.run(_printed, request, courrier)
    insurer = request.services.settings.insurer
    body = await in_turn(request, letter_pdf, text, f"Courrier n° {row.id}", insurer, row.made_at)
    headers = {
        "Content-Disposition": f'attachment; filename="courrier-{row.id}.pdf"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


@async_action("/gestion/courriers/{courrier:str}", name="desk.letter.posted", guards=GUARDS)
async def post_letter(request: PortalRequest, courrier: FromPath[str]) -> Any:
    return await request.database.run_writing(_posted, request, courrier, await request.form())


def _posted(request: PortalRequest, courrier: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    day = typed_day(single_values(sent, (DAY,), 40)[DAY])
    try:
        with request.database.write() as db:
            row = _found(request, db, courrier)
            case_id = row.case_id
            if day is not None and mark_posted(db, request.viewer, row, day, request.now):
                posted = Action.POSTAL_LETTER_POSTED
                request.record(db, posted, row.object, acting_for=row.person_id, posted_on=day.isoformat())
    except WrongDay:
        return _again(request, courrier, case_id, WRONG_DAY)
    return _back(request, case_id) if day else _again(request, courrier, case_id, NO_DAY)


def _again(request: PortalRequest, courrier: str, case_id: int | None, problem: str) -> Response[bytes]:
    """The page that the letter was posted from, with what is wrong: a request's own, or the list."""
    errors = [FieldError(f"{DAY}-{courrier}", problem)]
    with request.database.read() as db:
        if case_id is None:
            return _list(request, db, errors)
        return page_with(request, db, _dossier(request, db, case_id), errors)


def _back(request: PortalRequest, case_id: int | None) -> Redirect:
    urls = request.services.urls
    if case_id is None:
        return Redirect(urls("desk.letters"), status_code=303)
    with request.database.read() as db:
        return Redirect(urls("desk.case.letters", dossier=_dossier(request, db, case_id)), status_code=303)


def _dossier(request: PortalRequest, db: Session, case_id: int) -> str:
    (dossier,) = request.services.keyring.conceal(WORK, [item_of_case(db, case_id)])
    return dossier


def _printed(request: PortalRequest, courrier: str) -> tuple[PostalLetter, LetterText]:
    row = _found(request, request.db, courrier)
    request.note_read(Action.POSTAL_LETTER_PRINTED, row.object, acting_for=row.person_id)
    return row, text_of(request.services.keyring, row)


def _found(request: PortalRequest, db: Session, courrier: str) -> PostalLetter:
    row = letter_to_post(db, request.viewer, request.services.keyring, request.revealed(LETTER, courrier))
    if row is None:
        raise NotFoundException
    return row


def _list(request: PortalRequest, db: Session, errors: Sequence[FieldError]) -> Response[bytes]:
    keyring, urls = request.services.keyring, request.services.urls
    found = letters_to_post(db, request.viewer, keyring)
    names = keyring.conceal(LETTER, (each.letter.id or 0 for each in found))
    items = [each.item_id for each in found if each.item_id is not None]
    pages = {
        item: urls("desk.case.letters", dossier=name)
        for item, name in zip(items, keyring.conceal(WORK, items), strict=True)
    }
    return render_page(
        request,
        "desk/letters/index.html",
        TITLE,
        errors=errors,
        rows=[
            (each, LETTER_LABELS[LetterKind(each.letter.kind)], name, pages.get(each.item_id or 0, ""))
            for each, name in zip(found, names, strict=True)
        ],
        today=day_in_france(request.now),
        now=request.now,
    )


HANDLERS = [letters_page, letter_file, post_letter]
