"""What the forms of a death share: what was done, a note of its result, and that no colleague is at it unknown."""

from collections.abc import Iterable
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.death_follow import LONGEST_NOTE, lock_death
from portal.data.death_sheets import DeathSheet
from portal.data.deaths import Death
from portal.data.work_acts import item_of_death
from portal.death_words import NO_CHOICE, NO_NOTE
from portal.forms import FieldError, single_values, written_text
from portal.pages.desk.deaths import death_crumbs, found_death
from portal.pages.desk.reasons import SHORTEST
from portal.pages.desk.work import KNOWN, work_context, work_errors
from portal.rendering import Crumb, render_page
from portal.web import PortalRequest

OUTCOME, NOTE = "suite", "note"
NOTHING = {OUTCOME: "", NOTE: "", KNOWN: ""}


async def sent_act(request: PortalRequest) -> dict[str, str]:
    """What a form of a death sent."""
    form = await request.form()
    return single_values(form, (OUTCOME, KNOWN), 40) | {NOTE: written_text(form, NOTE)}


def act_errors(
    request: PortalRequest, db: Session, sheet: DeathSheet, sent: dict[str, str], outcomes: Iterable[str]
) -> list[FieldError]:
    """What is wrong with it."""
    errors = [] if sent[OUTCOME] in {*outcomes} else [FieldError(OUTCOME, NO_CHOICE)]
    if not SHORTEST <= len(sent[NOTE]) <= LONGEST_NOTE:
        errors.append(FieldError(NOTE, NO_NOTE))
    item = item_of_death(db, request.viewer, request.services.keyring, sheet.death.id or 0)
    return errors + (work_errors(request, db, item, sent[KNOWN]) if item else [])


def locked_death(request: PortalRequest, db: Session, deces: str) -> Death:
    """The death to act on, held until the transaction ends; 404 for whoever may not, and once it was undone."""
    death = lock_death(db, found_death(request, db, deces).death.id or 0)
    if death is None:
        raise NotFoundException
    return death


def act_page(
    request: PortalRequest,
    db: Session,
    sheet: DeathSheet,
    deces: str,
    template: str,
    title: str,
    sent: dict[str, str],
    errors: list[FieldError],
    **context: Any,
) -> Response[bytes]:
    """A page below a death's own; 404 once the death was undone."""
    if sheet.death.undone_at is not None:
        raise NotFoundException
    item = item_of_death(db, request.viewer, request.services.keyring, sheet.death.id or 0)
    back = request.services.urls("desk.death", deces=deces)
    return render_page(
        request,
        f"desk/death/{template}",
        title,
        crumbs=[*death_crumbs(request, sheet), Crumb("Décès", back)],
        errors=errors,
        sent=sent,
        sheet=sheet,
        deces=deces,
        back=back,
        **(work_context(request, db, item) if item else {"work": None}),
        **context,
    )


def back_to(request: PortalRequest, deces: str) -> Redirect:
    """The death's page, once something was done."""
    return Redirect(request.services.urls("desk.death", deces=deces), status_code=303)
