"""A recorded death at the desk (R-70, R-72): read with what follows, by whoever is charged with rights over data;
undone with a reason when it was a mistake."""

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.attachments import attachment
from portal.beneficiary_words import RELATIONSHIP_LABELS
from portal.data.accounts import Account
from portal.data.activity import account_object
from portal.data.death_recording import (
    NotAllowed,
    undo_death,
)
from portal.data.death_sheets import DeathSheet, death_sheet
from portal.data.deaths import Death, Proof
from portal.data.evidence import Action
from portal.data.postal_letters import cancel_letters
from portal.data.work_acts import item_of_death
from portal.death_words import (
    HEIRS,
    OUTCOMES,
    PROOFS,
    delay_words,
    waits_words,
)
from portal.forms import FieldError, single_values
from portal.pages.desk.account_acts import write_to
from portal.pages.desk.people import CONTRACT_KINDS, KIND, name_of, people_crumb
from portal.pages.desk.reasons import LONGEST, reason_errors
from portal.pages.desk.work import DEATH_CASE, work_context
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

READS: list[Guard] = [requires(Permission.DESK_PEOPLE)]
ACTS: list[Guard] = [*READS, recently_confirmed]
DEATH = "/gestion/deces/{deces:str}"
CONTRACT, WISH, LETTER = "death-contract", "death-wish", "postal-letter"


@page(DEATH, name="desk.death", guards=READS)
def death_page(request: PortalRequest, deces: FromPath[str]) -> Response[bytes]:
    sheet = found_death(request, request.db, deces)
    request.note_read(Action.DEATH_READ, sheet.death.object, acting_for=sheet.death.person_id)
    return render_page(
        request,
        "desk/death/sheet.html",
        f"Décès de {name_of(sheet.person)}",
        crumbs=death_crumbs(request, sheet),
        deces=deces,
        **_shown(request, sheet),
    )


@page(f"{DEATH}/acte", name="desk.death.proof", guards=ACTS)
def proof_file(request: PortalRequest, deces: FromPath[str]) -> Response[bytes]:
    sheet = found_death(request, request.db, deces)
    if sheet.file is None:
        raise NotFoundException
    request.note_read(Action.DEATH_PROOF_DOWNLOADED, sheet.death.object, acting_for=sheet.death.person_id)
    return attachment(request, sheet.file)


@page(f"{DEATH}/annulation", name="desk.death.undoing", guards=ACTS)
def undoing_page(request: PortalRequest, deces: FromPath[str]) -> Response[bytes]:
    return _undoing(request, request.db, deces, "")


@async_action(f"{DEATH}/annulation", name="desk.death.undo", guards=ACTS)
async def undo(request: PortalRequest, deces: FromPath[str]) -> Response[bytes] | Redirect:
    reason = single_values(await request.form(), ("motif",), longest=LONGEST + 1)["motif"].strip()
    if errors := reason_errors(reason):
        return await request.database.run(_undoing_now, request, deces, reason, errors)
    await request.database.run_writing(_undo, request, deces, reason)
    return Redirect(request.services.urls("desk.death", deces=deces), status_code=303)


def found_death(request: PortalRequest, db: Session, deces: str) -> DeathSheet:
    """A death by its opaque name; 404 for whoever may not handle it."""
    number = request.revealed(DEATH_CASE, deces)
    sheet = death_sheet(db, request.viewer, request.services.keyring, number)
    if sheet is None:
        raise NotFoundException
    return sheet


def to_death(request: PortalRequest, death: Death) -> Redirect:
    """The page of a death."""
    (deces,) = request.services.keyring.conceal(DEATH_CASE, [death.id or 0])
    return Redirect(request.services.urls("desk.death", deces=deces), status_code=303)


def death_crumbs(request: PortalRequest, sheet: DeathSheet) -> list[Crumb]:
    """The steps above a death's page."""
    (personne,) = request.services.keyring.conceal(KIND, [sheet.death.person_id])
    return [
        people_crumb(request),
        Crumb(name_of(sheet.person), request.services.urls("desk.person", personne=personne)),
    ]


def _undo(request: PortalRequest, deces: str, reason: str) -> None:
    number, keyring = request.revealed(DEATH_CASE, deces), request.services.keyring
    try:
        with request.database.write() as db:
            done = undo_death(db, request.viewer, keyring, number, reason, request.now)
            if done is None:
                return
            death, reopened = done
            cancel_letters(db, death.object, request.now)
            for account in reopened:
                write_to(request, db, account, "account-reopened", reason=reason)
                record_account(request, db, Action.ACCOUNT_REOPENED, account, reason)
            request.record(db, Action.DEATH_UNDONE, death.object, acting_for=death.person_id)
    except NotAllowed:
        raise NotFoundException from None


def record_account(request: PortalRequest, db: Session, act: Action, account: Account, told: str) -> None:
    request.record(db, act, account_object(account.id or 0), acting_for=account.person_id, told=told)


def _undoing_now(request: PortalRequest, deces: str, reason: str, errors: list[FieldError]) -> Response[bytes]:
    with request.database.read() as db:
        return _undoing(request, db, deces, reason, errors)


def _undoing(
    request: PortalRequest, db: Session, deces: str, reason: str, errors: list[FieldError] | None = None
) -> Response[bytes]:
    sheet = found_death(request, db, deces)
    if sheet.death.undone_at is not None:
        raise NotFoundException
    back = request.services.urls("desk.death", deces=deces)
    return render_page(
        request,
        "desk/death/undoing.html",
        "Annuler ce décès",
        crumbs=[*death_crumbs(request, sheet), Crumb("Décès", back)],
        errors=errors or [],
        reason=reason,
        sheet=sheet,
        deces=deces,
        back=back,
    )


def _shown(request: PortalRequest, sheet: DeathSheet) -> dict[str, Any]:
    """What the page of a death shows of it, with where each thing is done."""
    conceal = request.services.keyring.conceal
    contracts = conceal(CONTRACT, [each.contract.id or 0 for each in sheet.contracts])
    wishes = conceal(WISH, [each.number for each in sheet.instructions])
    letters = conceal(LETTER, [each.id or 0 for each in sheet.letters])
    item = item_of_death(request.db, request.viewer, request.services.keyring, sheet.death.id or 0)
    waiting = sum(each.is_waiting for each in sheet.letters)
    return {
        "sheet": sheet,
        "death": sheet.death,
        "proof": PROOFS[Proof(sheet.death.proof)][0],
        "left": waits_words(sheet.contracts, sheet.instructions, waiting) if sheet.death.undone_at is None else "",
        "contracts": list(zip(sheet.contracts, contracts, map(delay_words, sheet.contracts), strict=True)),
        "wishes": list(zip(sheet.instructions, wishes, strict=True)),
        "letters": list(zip(sheet.letters, letters, strict=True)),
        "kinds": CONTRACT_KINDS,
        "relationships": RELATIONSHIP_LABELS,
        "outcomes": OUTCOMES,
        "heirs_words": HEIRS,
    } | (work_context(request, request.db, item) if item else {"work": None})


HANDLERS = [death_page, proof_file, undoing_page, undo]
