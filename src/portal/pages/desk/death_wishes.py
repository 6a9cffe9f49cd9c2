"""What somebody wanted done with their data after death (R-70; law of 6 January 1978, article 85): read by whoever may,
each reading recorded; carried out once, with its result; a copy for the person named."""

from functools import partial

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import discard
from portal.data.activity import account_object
from portal.data.death_follow import NothingLeft, WishOutcome
from portal.data.death_instructions import Wish
from portal.data.death_sheets import DeathSheet
from portal.data.death_wishes import CannotYet, CarriedOut, Wanted, carry_out, viewer_for_copy, wanted
from portal.data.evidence import Action
from portal.data_archive import write_archive
from portal.death_words import DO, DONE_ALREADY, IMPOSSIBLE, OBSTACLES, WISHES, person_words
from portal.downloads import FileDownload
from portal.forms import FieldError
from portal.headers import DOCUMENT_POLICY
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
from portal.pages.desk.deaths import ACTS, DEATH, WISH, found_death
from portal.routing import async_action, page
from portal.web import PortalRequest

PATH = f"{DEATH}/directives/{{directive:str}}"
TITLE = "Directives de la personne"


@page(PATH, name="desk.death.wish", guards=ACTS)
def wish_page(request: PortalRequest, deces: FromPath[str], directive: FromPath[str]) -> Response[bytes]:
    return _form(request, request.db, deces, directive, NOTHING, [])


@async_action(PATH, name="desk.death.wish.carry", guards=ACTS)
async def carry(request: PortalRequest, deces: FromPath[str], directive: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await sent_act(request)
    return await request.database.run_writing(_carry, request, deces, directive, sent)


@page(f"{PATH}/copie.zip", name="desk.death.copy", guards=ACTS)
def copy_file(request: PortalRequest, deces: FromPath[str], directive: FromPath[str]) -> FileDownload:
    """The deceased's own data, for the person whom the instructions name; nothing of anybody else."""
    sheet, found = _found(request, request.db, deces, directive)
    if found is None or found.instructions.wish is not Wish.GIVE or found.obstacle is not None:
        raise NotFoundException
    request.note_read(Action.DEATH_COPY_DOWNLOADED, sheet.death.object, acting_for=sheet.death.person_id)
    name = f'attachment; filename="copie-deces-{sheet.death.id}.zip"'
    headers = {"Content-Disposition": name, "Content-Security-Policy": DOCUMENT_POLICY}
    write = partial(write_archive, request.services, viewer_for_copy(found), request.now, own_alone=True)
    folder = request.services.settings.data_folder / "tmp"
    return FileDownload(write, folder, media_type="application/zip", headers=headers)


def _carry(request: PortalRequest, deces: str, directive: str, sent: dict[str, str]) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        if errors := act_errors(request, db, found_death(request, db, deces), sent, WishOutcome):
            return _form(request, db, deces, directive, sent, errors)
    try:
        done = _write(request, deces, directive, sent)
    except (CannotYet, NothingLeft) as problem:
        words = OBSTACLES[problem.obstacle] if isinstance(problem, CannotYet) else DONE_ALREADY
        with request.database.read() as db:
            return _form(request, db, deces, directive, sent, [FieldError(OUTCOME, words)])
    discard(request.services, done.gone)
    return back_to(request, deces)


def _write(request: PortalRequest, deces: str, directive: str, sent: dict[str, str]) -> CarriedOut:
    number, outcome = request.revealed(WISH, directive), WishOutcome(sent[OUTCOME])
    viewer, keyring = request.viewer, request.services.keyring
    with request.database.write() as db:
        death = locked_death(request, db, deces)
        done = carry_out(db, viewer, keyring, death, number, outcome, sent[NOTE], request.now)
        if done.is_erased:
            about = account_object(done.account_id)
            request.record(db, Action.ACCOUNT_ERASED, about, acting_for=death.person_id)
        about, act = death.object, Action.DEATH_INSTRUCTIONS_CARRIED_OUT
        request.record(db, act, about, acting_for=death.person_id, result=outcome)
    return done


def _found(request: PortalRequest, db: Session, deces: str, directive: str) -> tuple[DeathSheet, Wanted | None]:
    """The death, and the instructions while they wait; 404 for what is no instruction of the deceased's."""
    sheet, number = found_death(request, db, deces), request.revealed(WISH, directive)
    if all(each.number != number for each in sheet.instructions):
        raise NotFoundException
    return sheet, wanted(db, request.viewer, request.services.keyring, sheet.death, number, request.now)


def _form(
    request: PortalRequest, db: Session, deces: str, directive: str, sent: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    sheet, found = _found(request, db, deces, directive)
    if sheet.death.undone_at is not None:
        raise NotFoundException
    number = request.revealed(WISH, directive)
    act = next(each.act for each in sheet.instructions if each.number == number)
    if found is not None:
        request.note_read(Action.DEATH_INSTRUCTIONS_READ, sheet.death.object, acting_for=sheet.death.person_id)
    return act_page(
        request,
        db,
        sheet,
        deces,
        "wish.html",
        TITLE,
        sent,
        errors,
        directive=directive,
        found=found,
        told=sheet.told.get(act.id or 0) if act else None,
        **(_words(found) if found else {}),
    )


def _words(found: Wanted) -> dict[str, object]:
    wish = found.instructions.wish
    choices = [(WishOutcome.DONE.value, *DO[wish]), (WishOutcome.IMPOSSIBLE.value, *IMPOSSIBLE)]
    return {
        "wish": WISHES[wish],
        "to": person_words(found.instructions),
        "obstacle": OBSTACLES[found.obstacle] if found.obstacle else "",
        "choices": choices[1:] if found.obstacle else choices,
        "is_copy": wish is Wish.GIVE and found.obstacle is None,
        "is_erasure": wish is Wish.ERASE,
    }


HANDLERS = [wish_page, carry, copy_file]
