"""What the pages about beneficiaries show: one context for a page and for its fragment (R-23)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from litestar.exceptions import NotFoundException
from sqlmodel import Session

from portal import beneficiary_words as words
from portal.case_areas import STATE_LABELS
from portal.case_steps import told_steps
from portal.data.answer_delays import usual_delay
from portal.data.beneficiary_changes import Change, find_change
from portal.data.beneficiary_figures import deadlines_on
from portal.data.beneficiary_sending import Outlook, Problem, outlook, problems_of
from portal.data.case_messages import messages_of
from portal.data.cases import CaseKind, CaseState
from portal.data.contributions import Contribution
from portal.data.coverage import ContractKind
from portal.formatting import day_in_france, long_date
from portal.forms import FieldError
from portal.pages.account.pieces import CASE, SlotView, slot_views
from portal.pages.member.beneficiary_choices import removal_options
from portal.pages.member.beneficiary_forms import FIELDS, Read, shown_values
from portal.rendering import Crumb
from portal.web import PortalRequest

TITLE = "Vos bénéficiaires"
COVER = "beneficiary"
# Where the summary of errors leads, when no field is wrong: to what the change says, to its pieces.
ABOUT, PIECES = "informations", "pieces"


@dataclass(frozen=True, slots=True)
class EffectView:
    """A day of effect in words."""

    title: str
    why: str
    charged: str


@dataclass(frozen=True, slots=True)
class PriceView:
    """The contribution before and after, in cents where it is known."""

    contribution: Contribution
    before: str
    after: str
    is_group: bool
    is_mandatory: bool


def crumbs(request: PortalRequest, *more: Crumb) -> list[Crumb]:
    """The breadcrumb of every page under the list."""
    urls = request.services.urls
    return [Crumb("Accueil", urls("member.home")), Crumb(TITLE, urls("member.beneficiaries")), *more]


def concealed(request: PortalRequest, kind: str, row_id: int | None) -> str:
    """The opaque name of a row."""
    return request.services.keyring.conceal(kind, [row_id or 0])[0]


def request_url(request: PortalRequest, change: Change, *, is_editing: bool = False) -> str:
    """The page of a change."""
    query = {"modifier": "oui"} if is_editing else None
    return request.services.urls("member.beneficiary.request", query, case=concealed(request, CASE, change.case.id))


def found_change(request: PortalRequest, db: Session, case: str) -> Change:
    """The viewer's change behind an opaque name. Raises `NotFoundException`."""
    found = find_change(db, request.viewer, request.services.keyring, request.revealed(CASE, case))
    if found is None:
        raise NotFoundException
    return found


def title_of(change: Change) -> str:
    """« Ajout d’un bénéficiaire »."""
    return words.KIND_TITLES[change.kind]


def request_context(
    request: PortalRequest, db: Session, change: Change, *, is_editing: bool = False, read: Read | None = None
) -> dict[str, Any]:
    """Everything that the page of a change shows. `read`: the form that could not be kept, with what is wrong."""
    may_change = change.case.takes_pieces
    is_editing = may_change and (is_editing or read is not None or not change.is_filled)
    return {
        "change": change,
        "case": change.case,
        "opaque": concealed(request, CASE, change.case.id),
        "kind": change.kind.name.rpartition("_")[2].lower(),
        "state": STATE_LABELS[CaseState(change.case.state)],
        "is_editing": is_editing,
        "may_change": may_change,
        "raw": read.raw if read else shown_values(change),
        "problems": {error.field: error.message for error in read.errors} if read else {},
        "lost": [] if may_change or read is None else lost_words(change, read),
        "slots": _slots(request, db, change) if change.is_filled else [],
        "summary": summary(change),
        "keeps": words.masked_nir(change.details.nir),
        "steps": told_steps(request, db, change.case),
        "delay": usual_delay(db, change.kind, request.viewer.space, request.now),
        "runs_already": "deja" in request.query_params,
        "talk": messages_of(db, request.services.keyring, change.case),
        "may_answer": change.case.state == CaseState.ANSWERED,
        **forms_context(request, db, change),
        **outlook_context(db, request, change),
    }


def _slots(request: PortalRequest, db: Session, change: Change) -> list[SlotView]:
    """Every slot; as long as a piece is refused, the others take no more."""
    views = slot_views(request, db, change.case)
    if not any(view.filled.is_refused for view in views):
        return views
    return [replace(view, takes_more=view.takes_more and view.filled.is_missing) for view in views]


def forms_context(request: PortalRequest, db: Session, change: Change) -> dict[str, Any]:
    """What the forms of changes need besides their values."""
    reason = change.reason
    return {
        "relationship": change.relationship,
        "event_label": words.event_label(reason),
        "reason": reason,
        "reasons": removal_options(deadlines_on(db, day_in_france(request.now)), change.relationship),
        "situations": list(words.SITUATION_LABELS.items()),
    }


def outlook_context(db: Session, request: PortalRequest, change: Change) -> dict[str, Any]:
    """The day of effect, the contribution, and what keeps the change back."""
    seen = outlook(db, change, request.now) if change.is_filled else Outlook(None, None)
    keeping = problems_of(db, request.services.keyring, change, request.now) if change.case.takes_pieces else []
    return {
        "effect": effect_view(db, request, change, seen),
        "price": price_view(change.contract.kind, seen.contribution),
        "misses": Problem.PIECES in keeping,
        "hindrances": [words.PROBLEM_WORDS[each] for each in keeping if each not in {Problem.UNFILLED, Problem.PIECES}],
    }


def effect_view(db: Session, request: PortalRequest, change: Change, seen: Outlook) -> EffectView | None:
    """The day of effect in words; None when there is none."""
    if seen.effect is None:
        return None
    deadlines = deadlines_on(db, day_in_france(change.case.sent_at or request.now))
    why = words.effect_words(change, seen.effect, deadlines)
    return EffectView(words.effect_title(change, seen.effect), why, words.charged_words(seen.effect))


def price_view(contract_kind: str, contribution: Contribution | None) -> PriceView | None:
    """The contribution in words; None when no change of it is known."""
    if contribution is None:
        return None
    before, after = (words.STRUCTURE_LABELS[each] for each in (contribution.before, contribution.after))
    is_mandatory = contract_kind == ContractKind.GROUP_MANDATORY
    return PriceView(contribution, before, after, contract_kind in words.GROUP, is_mandatory)


def summary(change: Change, bond: str = "Lien avec vous") -> list[tuple[str, str]]:
    """What a change says, as terms and values; what was filled in. `bond`: what names who they are to the member."""
    if change.kind is CaseKind.BENEFICIARY_CHANGED:
        return _corrections(change)
    details = change.details
    rows = [
        (bond, words.RELATIONSHIP_LABELS[change.relationship]),
        ("Raison", words.REASON_LABELS[change.reason] if change.reason else ""),
        (words.event_label(change.reason), long_date(details.event_on) if details.event_on else ""),
    ]
    person = [
        ("Personne", change.name),
        ("Date de naissance", long_date(details.birth_date) if details.birth_date else ""),
        ("Rang de naissance", str(change.row.birth_rank) if change.row.birth_rank > 1 else ""),
        ("Numéro de Sécurité sociale", words.masked_nir(details.nir)),
        ("Situation", words.SITUATION_LABELS[change.situation] if change.situation else ""),
    ]
    return [(term, value) for term, value in [*person, *rows] if value]


def _corrections(change: Change) -> list[tuple[str, str]]:
    details = change.details
    values = {
        "nom": details.last_name,
        "prenom": details.first_name,
        "naissance": long_date(details.birth_date) if details.birth_date else "",
        "nir": words.masked_nir(details.nir),
    }
    asked = [(f"{words.FIELD_LABELS[field]}, corrigé", values[field]) for field in _split(change.row.fields)]
    return [("Personne", change.name), *asked]


def _split(fields: str) -> list[str]:
    return [field for field in fields.split(",") if field]


def lost_words(change: Change, read: Read) -> list[tuple[str, str]]:
    """What was typed into a form that came too late, so that nothing is lost."""
    labels = words.FIELD_LABELS | {"rang": "Rang de naissance", "evenement": words.event_label(change.reason)}
    return [(labels[name], read.raw[name]) for name in FIELDS[change.kind] if read.raw.get(name) and name in labels]


def messages(problems: Sequence[Problem]) -> list[FieldError]:
    """What keeps a change from being sent, for the summary of errors."""
    places = {Problem.PIECES: PIECES}
    return [FieldError(places.get(problem, ABOUT), words.PROBLEM_WORDS[problem]) for problem in problems]
