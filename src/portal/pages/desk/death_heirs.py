"""What the heirs of somebody without instructions ask for (R-70; law of 6 January 1978, article 85, III): what they may
have is said, and each answer noted."""

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.death_follow import HeirAct, note_heirs
from portal.data.evidence import Action
from portal.death_words import HEIR_ACTS, HEIRS
from portal.forms import FieldError
from portal.pages.desk.death_forms import (
    NOTE,
    NOTHING,
    OUTCOME,
    act_errors,
    act_page,
    back_to,
    locked_death,
    sent_act,
)
from portal.pages.desk.deaths import ACTS, DEATH, found_death
from portal.routing import async_action, page
from portal.web import PortalRequest

PATH = f"{DEATH}/heritiers"


@page(PATH, name="desk.death.heirs", guards=ACTS)
def heirs_page(request: PortalRequest, deces: FromPath[str]) -> Response[bytes]:
    return _form(request, request.db, deces, NOTHING, [])


@async_action(PATH, name="desk.death.heirs.note", guards=ACTS)
async def answer(request: PortalRequest, deces: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await sent_act(request)
    return await request.database.run_writing(_answer, request, deces, sent)


def _answer(request: PortalRequest, deces: str, sent: dict[str, str]) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        if errors := act_errors(request, db, found_death(request, db, deces), sent, HeirAct):
            return _form(request, db, deces, sent, errors)
    asked, keyring = HeirAct(sent[OUTCOME]), request.services.keyring
    with request.database.write() as db:
        death = locked_death(request, db, deces)
        note_heirs(db, request.viewer, keyring, death, asked, sent[NOTE], request.now)
        request.record(db, Action.DEATH_HEIRS_ANSWERED, death.object, acting_for=death.person_id, asked=asked)
    return back_to(request, deces)


def _form(
    request: PortalRequest, db: Session, deces: str, sent: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    choices = [(asked.value, *HEIR_ACTS[asked]) for asked in HeirAct]
    sheet = found_death(request, db, deces)
    title = "Répondre aux héritiers"
    return act_page(request, db, sheet, deces, "heirs.html", title, sent, errors, choices=choices, heirs_words=HEIRS)


HANDLERS = [heirs_page, answer]
