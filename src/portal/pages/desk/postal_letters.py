"""Letters on paper, for whom no e-mail reaches (R-70, R-72): /gestion/courriers, printed and posted by whoever is
charged with rights over data. A letter about an exceptional access is posted by another agent than whoever opened it.
"""

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard

from portal.data import postal_letters as data
from portal.data.evidence import Action
from portal.data.postal_letters import LetterKind, LetterText, PostalLetter
from portal.data.work_items import Duty, duties_of
from portal.headers import DOCUMENT_POLICY
from portal.pages.desk.deaths import LETTER
from portal.permissions import Permission, requires
from portal.postal_documents import letter_pdf
from portal.rendering import render_page
from portal.routing import action, async_page, page
from portal.web import PortalRequest

GUARDS: list[Guard] = [requires(Permission.DESK_PEOPLE)]
TITLE = "Courriers à poster"
KINDS = {LetterKind.EXCEPTIONAL_ACCESS: "Accès exceptionnel", LetterKind.DEATH: "Décès"}


@page("/gestion/courriers", name="desk.letters", guards=GUARDS)
def letters_page(request: PortalRequest) -> Response[bytes]:
    if Duty.PRIVACY not in duties_of(request.db, request.viewer):
        raise NotFoundException
    found = data.letters_to_post(request.db, request.viewer)
    request.note_read(Action.POSTAL_LETTERS_READ)
    names = request.services.keyring.conceal(LETTER, [each.letter.id or 0 for each in found])
    rows = [(each, KINDS[LetterKind(each.letter.kind)], name) for each, name in zip(found, names, strict=True)]
    return render_page(request, "desk/death/letters.html", TITLE, rows=rows)


@async_page("/gestion/courriers/{courrier:str}/pdf", name="desk.letter", guards=GUARDS)
async def letter_file(request: PortalRequest, courrier: FromPath[str]) -> Response[bytes]:
    row, text = await request.database.run(_printed, request, courrier)
    insurer = request.services.settings.insurer
    body = await to_thread.run_sync(letter_pdf, text, f"Courrier n° {row.id}", insurer, row.made_at)
    headers = {
        "Content-Disposition": f'attachment; filename="courrier-{row.id}.pdf"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


@action("/gestion/courriers/{courrier:str}", name="desk.letter.sent", guards=GUARDS)
def mark_sent(request: PortalRequest, courrier: FromPath[str]) -> Redirect:
    letter_id = request.revealed(LETTER, courrier)
    with request.database.write() as db:
        row = data.letter_to_post(db, request.viewer, letter_id)
        if row is None:
            raise NotFoundException
        if data.mark_sent(db, request.viewer, row, request.now):
            request.record(db, Action.POSTAL_LETTER_SENT, row.object, acting_for=row.person_id)
    return Redirect(request.services.urls("desk.letters"), status_code=303)


def _printed(request: PortalRequest, courrier: str) -> tuple[PostalLetter, LetterText]:
    row = data.letter_to_post(request.db, request.viewer, request.revealed(LETTER, courrier))
    if row is None:
        raise NotFoundException
    request.note_read(Action.POSTAL_LETTER_PRINTED, row.object, acting_for=row.person_id)
    return row, data.text_of(request.services.keyring, row)


HANDLERS = [letters_page, letter_file, mark_sent]
