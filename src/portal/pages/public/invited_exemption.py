"""The invited employee's other answer: an exemption, with its legal case and evidence. /affiliation/dispense (R-30)."""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import discard, files_in, keep_files, within_quota
from portal.data.employee_acts import Refused
from portal.data.evidence import Action
from portal.data.exemption_grounds import ExemptionGround
from portal.data.exemption_rows import LONGEST_INSURER
from portal.data.exemptions import Wish
from portal.data.files import NewFile
from portal.data.invited import Asked, Gone, first_day_of, proven_invitation
from portal.data.invited_exemption import ask_instead, grounds_for
from portal.entry.authentication import network_of
from portal.exemption_notices import tell_of_request
from portal.exemption_words import STATEMENT, ground_words
from portal.formatting import day_in_france
from portal.forms import FieldError
from portal.invitation_words import (
    EXEMPTION_REFUSALS,
    FILES_TOO_OFTEN,
    LONG_INSURER,
    NO_EVIDENCE,
    NO_GROUND,
    NOT_ASKED,
    UNSTATED,
)
from portal.pages.employer.employee_forms import Reader
from portal.pages.public.invited_access import held
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.uploads import LARGEST_FORM, FileRefused
from portal.visits import visit_cookies
from portal.web import PortalRequest

TITLE = "Demander une dispense"
FIELDS = ("cas", "organisme", "fin", "consequences")
FILES = "justificatif"


@page("/affiliation/dispense", name="invited.exemption", guards=[public])
def exemption_page(request: PortalRequest) -> Response[bytes] | Redirect:
    return _page(request, request.db, dict.fromkeys(FIELDS, ""), [])


@async_action(
    "/affiliation/dispense", name="invited.exemption.ask", guards=[public], request_max_body_size=LARGEST_FORM
)
async def ask(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    reader = Reader.of(sent, FIELDS, day_in_france(request.now))
    ground = await request.database.run(_read, request, reader)
    kept = await _kept(request, sent, reader, ground) if ground is not None else []
    return await request.database.run_writing(_ask, request, reader, ground, kept)


async def _kept(request: PortalRequest, sent: FormMultiDict, reader: Reader, ground: ExemptionGround) -> list[NewFile]:
    """The evidence, kept in the storage when all the rest is right; none for a case that asks for none."""
    if reader.errors or not ground.evidence:
        return []
    try:
        files = files_in(sent, FILES)
        sender = request.services.keyring.lookup(network_of(request.client_address))
        if await request.database.run_writing(within_quota, request, sender, len(files)):
            return await keep_files(request, files)
        reader.wrong(FILES, FILES_TOO_OFTEN)
    except FileRefused as refused:
        reader.wrong(FILES, f"{refused} {NO_EVIDENCE}")
    return []


def _read(request: PortalRequest, reader: Reader) -> ExemptionGround | None:
    """The legal case chosen, once who asks has proved who they are; what is wrong is gathered."""
    with request.database.read() as db:
        asked, may_read = held(request, db)
        if asked is None or not (asked.is_live and may_read):
            return None
        known = {ground.code: ground for ground in grounds_for(db, asked)}
    ground: ExemptionGround | None = reader.choice("cas", known, NO_GROUND)
    if len(reader.raw["organisme"].strip()) > LONGEST_INSURER:
        reader.wrong("organisme", LONG_INSURER)
    reader.day("fin", is_needed=False)
    if reader.raw["consequences"] != "1":
        reader.wrong("consequences", UNSTATED)
    return ground


def _ask(
    request: PortalRequest, reader: Reader, ground: ExemptionGround | None, kept: list[NewFile]
) -> Response[bytes] | Redirect:
    unused = [new.storage_name for new in kept]
    if ground is not None and not reader.errors:
        try:
            _send(request, reader, ground, kept)
            return Redirect(request.services.urls("invited"), status_code=303)
        except Refused as refused:
            field = refused.field if refused.field in {"cas", "organisme", "fin"} else "cas"
            reader.wrong(field, EXEMPTION_REFUSALS.get(refused.code, NOT_ASKED))
        except Gone:
            reader.errors.clear()
    discard(request.services, unused)
    with request.database.read() as db:
        return _page(request, db, reader.raw, reader.errors)


def _send(request: PortalRequest, reader: Reader, ground: ExemptionGround, kept: list[NewFile]) -> None:
    today, until = day_in_france(request.now), reader.day("fin", is_needed=False)
    insurer = " ".join(reader.raw["organisme"].split())
    with request.database.write() as db:
        asked = proven_invitation(db, request.services.keyring, *request.invitation_keys, request.now)
        wish = Wish(ground.code, today, first_day_of(asked), until, insurer, STATEMENT)
        exemption = ask_instead(db, asked, wish, kept, request.now)
        tell_of_request(request.services, db, asked.employee)
        request.record_of(None, db, Action.EXEMPTION_ASKED, exemption.object, invitation=asked.row.id)


def _page(
    request: PortalRequest, db: Session, raw: dict[str, str], errors: list[FieldError]
) -> Response[bytes] | Redirect:
    asked, may_read = held(request, db)
    if asked is None or not (asked.is_live and may_read):
        return Redirect(request.services.urls("invited"), status_code=303)
    request.note_read_by_link(Action.INVITATION_READ, f"invitation:{asked.row.id}")
    context = _context(db, asked)
    cookies = visit_cookies(request)
    template = "public/invited/dispense.html"
    return render_page(request, template, TITLE, errors=errors, cookies=cookies, raw=raw, **context)


def _context(db: Session, asked: Asked) -> dict[str, Any]:
    grounds = [_choice(each) for each in grounds_for(db, asked)]
    return {"company": asked.company, "starts_on": first_day_of(asked), "grounds": grounds, "statement": STATEMENT}


def _choice(ground: ExemptionGround) -> tuple[str, str, str]:
    return ground.code, ground.label, f"{' '.join(ground_words(ground))} ({ground.article})"


HANDLERS = [exemption_page, ask]
