"""Sums that the member was paid too much: what each is, why, how to contest it, how to give it back, and the member's
word on withholding. /adherent/sommes-a-rendre."""

from dataclasses import dataclass

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.cases import WrongState
from portal.data.evidence import Action
from portal.data.line_corrections import Rewriting, rewriting_of
from portal.data.overpayment_recovery import most_withheld
from portal.data.overpayments import Owed, agree, find_owed, owed_of
from portal.data.visibility import visible_scope
from portal.formatting import today
from portal.forms import single_values
from portal.headers import DOCUMENT_POLICY
from portal.overpayment_documents import Letter, letter_pdf
from portal.permissions import Permission, requires
from portal.rectification_words import standing_badge, told_steps_of
from portal.rendering import Crumb, render_page
from portal.routing import async_action, async_page, page
from portal.web import PortalRequest

TITLE = "Vos sommes à rendre"
NAME = "overpayment"
PATH = "/adherent/sommes-a-rendre"
READS = [requires(Permission.BANK_READ)]
CHANGES = [requires(Permission.BANK_CHANGE)]


@dataclass(frozen=True, slots=True)
class Told:
    """A sum owed as its member reads it. `step`: the line before and after; None where its person keeps it private;
    `reason`: why, of a line that may be read, or of a sum that was given up."""

    standing: Owed
    name: str
    step: Rewriting | None
    opposite: str
    badge: tuple[str, str]
    steps: list[tuple[str, object]]
    waived_for: str


@page(PATH, name="member.overpayments", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    told = [_told(request, request.db, each) for each in owed_of(request.db, request.viewer)]
    persons = sorted({each.step.before.person_id for each in told if each.step})
    request.note_read(Action.OVERPAYMENT_READ, "liste", persons=persons)
    return render_page(
        request,
        "member/overpayments/index.html",
        TITLE,
        crumbs=[Crumb("Accueil", request.services.urls("member.home"))],
        told=told,
        percent=most_withheld(request.db, today()),
        may_agree=request.services.site.is_permitted(request.viewer, "member.overpayment.agree"),
    )


@async_action(f"{PATH}/{{somme:str}}/accord", name="member.overpayment.agree", guards=CHANGES)
async def say(request: PortalRequest, somme: FromPath[str]) -> Redirect:
    wish = single_values(await request.form(), ("accord",))["accord"]
    return await request.database.run_writing(_say, request, somme, wish)


@async_page(f"{PATH}/{{somme:str}}/lettre/pdf", name="member.overpayment.letter", guards=READS)
async def letter_file(request: PortalRequest, somme: FromPath[str]) -> Response[bytes]:
    letter = await request.database.run(_letter, request, somme)
    settings = request.services.settings
    body = await to_thread.run_sync(letter_pdf, letter, settings.insurer, settings.mediator)
    headers = {
        "Content-Disposition": f'attachment; filename="lettre-{letter.reference}.pdf"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def _say(request: PortalRequest, somme: str, wish: str) -> Redirect:
    if wish not in {"oui", "non"}:
        raise NotFoundException
    overpayment_id = request.revealed(NAME, somme)
    try:
        with request.database.write() as db:
            row = agree(db, request.viewer, overpayment_id, request.now, is_agreed=wish == "oui")
            if row is None:
                raise NotFoundException
            request.record(db, Action.OVERPAYMENT_CHANGED, f"somme:{row.id}", agreed=wish == "oui")
    except WrongState:
        pass  # the page says what the sum is now
    return Redirect(request.services.urls("member.overpayments"), status_code=303)


def _told(request: PortalRequest, db: Session, standing: Owed) -> Told:
    keyring, step = request.services.keyring, rewriting_of(db, standing.correction)
    (name,) = keyring.conceal(NAME, [standing.row.id or 0])
    (opposite,) = keyring.conceal("line", [standing.correction.opposite_id])
    is_open = _is_readable(request, db, step)
    notes = [each.note_encrypted for each in standing.steps if each.note_encrypted]
    return Told(
        standing,
        name,
        step if is_open else None,
        opposite if is_open else "",
        standing_badge(standing),
        told_steps_of(standing),
        keyring.decrypt(notes[-1]) if notes else "",
    )


def _is_readable(request: PortalRequest, db: Session, step: Rewriting) -> bool:
    """Whether the viewer may read the care: an adult's is that adult's alone (R-72)."""
    detailed = visible_scope(db, request.viewer, today()).detailed
    return step.before.person_id in detailed.get(step.before.member_id, ())


def _letter(request: PortalRequest, somme: str) -> Letter:
    """What the letter about a sum says. Raises `NotFoundException`."""
    db = request.db
    standing = find_owed(db, request.viewer, request.revealed(NAME, somme))
    if standing is None:
        raise NotFoundException
    told = _told(request, db, standing)
    persons = [told.step.before.person_id] if told.step else []
    request.note_read(Action.OVERPAYMENT_READ, f"somme:{standing.row.id}", persons=persons)
    percent = most_withheld(db, today())
    return Letter(standing, told.step, f"TV-{standing.row.id:06d}", request.viewer.display_name, percent)


HANDLERS = [list_page, say, letter_file]
