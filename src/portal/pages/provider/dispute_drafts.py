"""Contesting an invoice: what is contested, and why; nothing is sent yet. /professionnel/factures/contester (R-40)."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import discard
from portal.data.answer_delays import usual_delay
from portal.data.case_acts import lock_draft
from portal.data.case_pieces import remove_all_pieces
from portal.data.cases import CaseMoved, TooManyDrafts, WrongState
from portal.data.evidence import Action
from portal.data.invoice_disputes import WITH_AMOUNT, Motive
from portal.data.invoice_disputing import (
    KIND,
    AlreadyContested,
    Contested,
    NotContestable,
    change_dispute,
    dispute_delay,
    draft_about,
    forget_dispute,
    open_motives,
    start_dispute,
)
from portal.data.invoice_listing import InvoiceRow, find_invoice
from portal.data.invoice_reading import paid_for
from portal.formatting import day_in_france
from portal.forms import FieldError, version_of
from portal.invoice_dispute_words import MOTIVE_HINTS, MOTIVE_LABELS, TEXT_HINTS
from portal.pages.account.conversations import FIELD
from portal.pages.account.pieces import CASE
from portal.pages.provider.dispute_forms import Limits, Typed, motive_of, read_dispute, typed_of
from portal.pages.provider.disputes import found_dispute, invoice_crumbs, shown_again, to_dispute
from portal.pages.provider.invoices import INVOICE
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

CONTESTS = [requires(Permission.INVOICES_CONTEST)]
TOO_MANY = "Vous avez déjà vingt brouillons. Envoyez-en un, ou supprimez-en un, avant d’en commencer un autre."
MOVED = "Cette contestation a changé depuis que vous l’avez ouverte, dans un autre onglet. La voici à jour."
ALREADY = (
    "Cette facture est déjà contestée\u00a0: nous l’étudions. Attendez notre réponse avant d’en envoyer une autre."
)
NOTHING = "Cette facture a changé depuis\u00a0: ce motif ne s’y applique plus. Relisez-la avant de la contester."
SENT_ALREADY = "Cette contestation est déjà envoyée\u00a0: elle n’a été reçue qu’une fois."
SENT_ELSEWHERE = (
    "Cette contestation est déjà envoyée\u00a0: elle ne change plus. "
    "Ce que vous venez d’écrire est ci-dessous\u00a0: relisez-le, puis envoyez-le comme message."
)
EMPTY = {"motif": "", "montant": "", "verifie": "", "texte": "", "version": ""}
# Where the form's page shows what no field is wrong with.
WHOLE = "facture"
_REFUSALS: dict[type[Exception], str] = {AlreadyContested: ALREADY, NotContestable: NOTHING, TooManyDrafts: TOO_MANY}


@page("/professionnel/factures/contester/{invoice:str}", name="provider.dispute.new", guards=CONTESTS)
def form_page(request: PortalRequest, invoice: FromPath[str]) -> Response[bytes] | Redirect:
    row = _invoice(request, request.db, invoice)
    begun = draft_about(request.db, request.viewer, row.id)
    if begun is not None:
        return to_dispute(request, begun.id or 0)
    chosen = request.query_params.get("motif", "")[:40]
    return _form(request, request.db, row, Typed(EMPTY | {"motif": chosen}))


@async_action("/professionnel/factures/contester/{invoice:str}", name="provider.dispute.start", guards=CONTESTS)
async def start(request: PortalRequest, invoice: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_start, request, invoice, await request.form())


def _start(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        row = _invoice(request, db, opaque)
        typed = read_dispute(sent, _limits(request, db, row))
        if typed.said is None:
            return _form(request, db, row, typed)
    try:
        with request.database.write() as db:
            begun = start_dispute(db, request.viewer, request.services.keyring, row.id, typed.said, request.now)
            if begun is None:
                raise NotFoundException
            case, is_new = begun
            request.record(db, Action.CASE_OPENED if is_new else Action.CASE_CHANGED, case.object)
    except (AlreadyContested, NotContestable, TooManyDrafts) as refused:
        return _refused(request, opaque, typed, refused)
    return to_dispute(request, case.id or 0)


@page("/professionnel/factures/contestations/{case:str}/modifier", name="provider.dispute.edit", guards=CONTESTS)
def edit_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    told = found_dispute(request, request.db, case)
    if not told.case.is_draft:
        return to_dispute(request, told.case.id or 0)
    typed = typed_of(told)
    chosen = request.query_params.get("motif")
    raw = typed.raw if chosen is None else typed.raw | {"motif": chosen[:40]}
    return _form(request, request.db, told.invoice, Typed(raw), told)


@async_action(
    "/professionnel/factures/contestations/{case:str}/modifier", name="provider.dispute.change", guards=CONTESTS
)
async def change(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_change, request, case, await request.form())


def _change(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        told = found_dispute(request, db, opaque)
        typed = read_dispute(sent, _limits(request, db, told.invoice))
        if typed.said is None and told.case.is_draft:
            return _form(request, db, told.invoice, typed, told)
    if typed.said is None:
        return _sent_elsewhere(request, opaque, typed)
    try:
        _kept(request, told, typed)
    except CaseMoved as moved:
        return (_shown if moved.case.is_draft else _sent_elsewhere)(request, opaque, typed)
    except WrongState:
        return _sent_elsewhere(request, opaque, typed)
    except (AlreadyContested, NotContestable) as refused:
        return shown_again(request, opaque, _REFUSALS[type(refused)])
    return to_dispute(request, told.case.id or 0)


def _kept(request: PortalRequest, told: Contested, typed: Typed) -> None:
    """Keeps what was typed of a draft. Raises what `change_dispute` raises, and `NotFoundException`."""
    if typed.said is None:
        raise WrongState
    case_id, version, keyring = told.case.id or 0, version_of(typed.raw["version"]), request.services.keyring
    with request.database.write() as db:
        case = change_dispute(db, request.viewer, keyring, case_id, version, typed.said, request.now)
        if case is None:
            raise NotFoundException
        request.record(db, Action.CASE_CHANGED, case.object)


@action("/professionnel/factures/contestations/{case:str}/suppression", name="provider.dispute.delete", guards=CONTESTS)
def delete(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            found = lock_draft(db, request.viewer, request.revealed(CASE, case), None, KIND)
            if found is None:
                raise NotFoundException
            gone, name = remove_all_pieces(db, found), found.object
            forget_dispute(db, found)
            request.record(db, Action.CASE_DELETED, name)
    except WrongState:
        return shown_again(request, case, SENT_ALREADY)
    discard(request.services, gone)
    return Redirect(request.services.urls("provider.disputes"), status_code=303)


def _form(
    request: PortalRequest, db: Session, row: InvoiceRow, typed: Typed, told: Contested | None = None
) -> Response[bytes]:
    """The choice of a motive, or the form of the one that is chosen; the only one that fits needs no choice."""
    limits, keyring = _limits(request, db, row), request.services.keyring
    motives, name = limits.motives, keyring.conceal(INVOICE, [row.id])[0]
    motive = motive_of(typed.raw["motif"], motives) or (motives[0] if len(motives) == 1 else None)
    return render_page(
        request,
        "provider/disputes/form.html",
        f"Contester la facture {row.number}",
        crumbs=[*invoice_crumbs(request), Crumb(f"Facture {row.number}", _invoice_url(request, name))],
        errors=[_placed(each, is_choice=bool(motives) and motive is None) for each in typed.errors],
        row=row,
        raw=typed.raw,
        motive=motive,
        motive_label=MOTIVE_LABELS[motive] if motive else "",
        text_hint=TEXT_HINTS[motive] if motive else "",
        asks_amount=motive in WITH_AMOUNT,
        asks_day=motive is Motive.UNPAID,
        motives=[(each.value, MOTIVE_LABELS[each], MOTIVE_HINTS[each]) for each in motives],
        least_cents=limits.least_cents,
        paid_cents=limits.paid_cents,
        delay_days=dispute_delay(db, limits.today),
        delay=usual_delay(db, KIND, request.viewer.space, request.now),
        name=name,
        case_name=keyring.conceal(CASE, [told.case.id or 0])[0] if told else "",
        version=told.case.version if told else 0,
    )


def _placed(error: FieldError, *, is_choice: bool) -> FieldError:
    """A wrong motive, where the page asks for none, is about the whole of it."""
    return FieldError(WHOLE, NOTHING) if error.field == "motif" and not is_choice else error


def _refused(request: PortalRequest, opaque: str, typed: Typed, refused: Exception) -> Response[bytes]:
    with request.database.read() as db:
        errors = (FieldError(WHOLE, _REFUSALS[type(refused)]),)
        return _form(request, db, _invoice(request, db, opaque), Typed(typed.raw, None, errors))


def _shown(request: PortalRequest, opaque: str, typed: Typed) -> Response[bytes]:
    """What was typed, over what the draft is now: sending it again keeps it."""
    with request.database.read() as db:
        told = found_dispute(request, db, opaque)
        return _form(request, db, told.invoice, Typed(typed.raw, None, (FieldError(WHOLE, MOVED),)), told)


def _sent_elsewhere(request: PortalRequest, opaque: str, typed: Typed) -> Response[bytes]:
    """What was typed, where it may still be sent: as a message, while the dispute is open."""
    return shown_again(request, opaque, SENT_ELSEWHERE, FIELD, typed.raw["texte"])


def _limits(request: PortalRequest, db: Session, row: InvoiceRow) -> Limits:
    day = day_in_france(request.now)
    motives = () if row.is_contested else open_motives(db, request.viewer, row, day)
    return Limits(row, motives, paid_for(db, row.id), day)


def _invoice(request: PortalRequest, db: Session, opaque: str) -> InvoiceRow:
    """The practice's invoice behind an opaque name. Raises `NotFoundException`."""
    row = find_invoice(db, request.viewer, request.revealed(INVOICE, opaque))
    if row is None:
        raise NotFoundException
    return row


def _invoice_url(request: PortalRequest, name: str) -> str:
    return request.services.urls("provider.invoice", invoice=name)


HANDLERS = [form_page, start, edit_page, change, delete]
