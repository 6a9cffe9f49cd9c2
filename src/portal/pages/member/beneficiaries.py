"""Who is covered, and adding somebody: /adherent/beneficiaires (R-23)."""

from typing import Any

from litestar import Response
from litestar.response import Redirect
from sqlmodel import Session

from portal import beneficiary_words as words
from portal.case_areas import STATE_LABELS
from portal.data.answer_delays import usual_delay
from portal.data.beneficiary_changes import KINDS, Start, start_change
from portal.data.beneficiary_figures import deadlines_on
from portal.data.beneficiary_list import Cover, changes_of, covers_seen, open_contracts, persons_of
from portal.data.cases import Case, CaseKind, CaseState, TooManyDrafts
from portal.data.contributions import contribution_with
from portal.data.coverage import Contract, Relationship
from portal.data.evidence import Action
from portal.data.visibility import visible_scope
from portal.formatting import today
from portal.forms import FieldError, single_values
from portal.pages.account.pieces import CASE
from portal.pages.member.beneficiary_choices import Choice, read_choice, who_options, why_options
from portal.pages.member.beneficiary_views import COVER, TITLE, concealed, crumbs, price_view
from portal.permissions import Permission, may, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

READS = [requires(Permission.BENEFICIARIES_READ)]
CHANGES = [requires(Permission.BENEFICIARIES_CHANGE)]
ADD_TITLE = "Ajouter un bénéficiaire"
CONTRACT = "contract"
WHO = "Dites qui vous souhaitez ajouter."
WHY = "Dites pourquoi, pour connaître la date et les pièces."
WHICH = "Choisissez l’un de vos contrats en cours."
DRAFTS = "Vous avez déjà beaucoup de brouillons. Terminez-en un, ou supprimez-le, puis réessayez."
CHOICE_FIELDS = ("lien", "motif", "contrat")


@page("/adherent/beneficiaires", name="member.beneficiaries", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    keyring, viewer, day = request.services.keyring, request.viewer, today()
    covers = covers_seen(request.db, viewer, keyring, visible_scope(request.db, viewer, day))
    changes = changes_of(request.db, viewer, keyring, *KINDS)
    request.note_read(Action.BENEFICIARIES_READ, "liste", persons=persons_of(covers))
    cases = keyring.conceal(CASE, (change.case.id or 0 for change in changes))
    return render_page(
        request,
        "member/beneficiaries/index.html",
        TITLE,
        crumbs=[Crumb("Accueil", request.services.urls("member.home"))],
        people=[_row(request, cover) for cover in covers],
        changes=[
            (change, name, STATE_LABELS[CaseState(change.case.state)])
            for change, name in zip(changes, cases, strict=True)
        ],
        titles={kind.value: title for kind, title in words.KIND_TITLES.items()},
        may_change=may(viewer, Permission.BENEFICIARIES_CHANGE),
        delay=usual_delay(request.db, CaseKind.BENEFICIARY_ADDED, request.viewer.space, request.now),
    )


def _row(request: PortalRequest, cover: Cover) -> dict[str, Any]:
    day = today()
    return {
        "cover": cover,
        "opaque": concealed(request, COVER, cover.id),
        "label": words.RELATIONSHIP_LABELS[cover.relationship],
        "state": words.state_of(cover.valid_from, cover.valid_to, day),
        "nir": words.masked_nir(cover.nir),
        "may_leave": cover.is_own_contract and cover.relationship is not Relationship.MEMBER and not cover.is_over(day),
        "may_be_corrected": cover.is_own_contract,
    }


@page("/adherent/beneficiaires/ajout", name="member.beneficiary.guide", guards=CHANGES)
def guide_page(request: PortalRequest) -> Response[bytes]:
    return _guide(request, request.db, guide_choice(request))


@async_action("/adherent/beneficiaires/ajout", name="member.beneficiary.start", guards=CHANGES)
async def start(request: PortalRequest) -> Response[bytes] | Redirect:
    raw = single_values(await request.form(), CHOICE_FIELDS, longest=30)
    choice = read_choice(raw["lien"], raw["motif"])
    made = await request.database.run_writing(_start, request, choice, raw["contrat"])
    if isinstance(made, FieldError):
        return await request.database.run(_guide_now, request, choice, made)
    case = concealed(request, CASE, made.id)
    return Redirect(request.services.urls("member.beneficiary.request", case=case), status_code=303)


def guide_choice(request: PortalRequest) -> Choice:
    """The choice that the address makes: no name stands in it."""
    return read_choice(request.query_params.get("lien", ""), request.query_params.get("motif", ""))


def guide_context(request: PortalRequest, db: Session, choice: Choice) -> dict[str, Any]:
    """Whom, why, and what this asks for, as the page and its fragment show it."""
    day, contracts = today(), open_contracts(db, request.viewer, today())
    deadlines = deadlines_on(db, day)
    return {
        "choice": choice,
        "who": who_options(),
        "why": why_options(choice.relationship),
        "slots": choice.slots,
        "promise": words.promise(choice.reason, deadlines, day) if choice.reason else "",
        "student_age": deadlines.student_age if deadlines else None,
        "contracts": [
            (concealed(request, CONTRACT, row.id), f"{product}, n° {row.number}") for row, product in contracts
        ],
        "prices": [_price(db, row, product) for row, product in contracts],
        "delay": usual_delay(db, CaseKind.BENEFICIARY_ADDED, request.viewer.space, request.now),
    }


def _price(db: Session, contract: Contract, product: str) -> tuple[str, Any]:
    return product, price_view(contract.kind, contribution_with(db, contract, 1, today()))


def _guide(request: PortalRequest, db: Session, choice: Choice, error: FieldError | None = None) -> Response[bytes]:
    return render_page(
        request,
        "member/beneficiaries/guide.html",
        ADD_TITLE,
        crumbs=crumbs(request),
        errors=[error] if error else [],
        **guide_context(request, db, choice),
    )


def _guide_now(request: PortalRequest, choice: Choice, error: FieldError) -> Response[bytes]:
    with request.database.read() as db:
        return _guide(request, db, choice, error)


def _start(request: PortalRequest, choice: Choice, contract: str) -> Case | FieldError:
    if choice.relationship is None or choice.reason is None:
        return FieldError("motif", WHY) if choice.relationship else FieldError("lien", WHO)
    with request.database.write() as db:
        contract_id = _contract(request, db, contract)
        if contract_id is None:
            return FieldError("contrat", WHICH)
        try:
            wanted = Start(CaseKind.BENEFICIARY_ADDED, contract_id, choice.relationship, choice.reason)
            case, is_new = start_change(db, request.viewer, wanted, request.now)
        except TooManyDrafts:
            return FieldError("", DRAFTS)
        if is_new:
            request.record(db, Action.CASE_OPENED, case.object)
    return case


def _contract(request: PortalRequest, db: Session, opaque: str) -> int | None:
    """The contract chosen, or the only one; None when there is none."""
    ids = [row.id for row, _ in open_contracts(db, request.viewer, today())]
    wanted = request.revealed(CONTRACT, opaque) if opaque else None
    if wanted is None:
        return ids[0] if len(ids) == 1 else None
    return wanted if wanted in ids else None
