"""The simulator: what a care would cost, by the rules that settle paid lines. /adherent/garanties/simulateur (R-20)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from litestar import Response

from portal.data.estimates import EstimableAct, Estimate, Question, estimable_acts, estimate
from portal.data.evidence import Action
from portal.data.parameters import Sector
from portal.data.visibility import Scope, visible_scope
from portal.formatting import today
from portal.forms import FieldError, cents_of, one_line, typed_day
from portal.guarantee_words import SECTOR_LABELS
from portal.labels import FAMILY_LABELS
from portal.pages.member.guarantees import READS, crumbs
from portal.rendering import render_page
from portal.routing import page
from portal.web import PortalRequest

TITLE = "Estimer un remboursement"
FIELDS = ("soin", "prix", "secteur", "personne", "le", "quantite")
LONGEST = 40
DEAREST = 10_000_000
MOST = 30
BACK, AHEAD = timedelta(days=731), timedelta(days=366)

NO_ACT = "Choisissez un soin dans la liste."
NO_SECTOR = "Pour ce soin, le remboursement en dépend\u00a0: choisissez dans la liste."
NO_PRICE = "Donnez le prix du soin en euros, comme 60 ou 60,50."
HIGH_PRICE = "Ce prix dépasse 100\u00a0000\u00a0€. Vérifiez-le."
NO_PERSON = "Choisissez une personne dans la liste."
NO_DAY = "Donnez un jour, comme 31/12/2026."
FAR_DAY = "Choisissez un jour entre il y a deux ans et dans un an."
NO_COUNT = f"Donnez un nombre entre 1 et {MOST}."
NOT_COVERED = "Cette personne n’est pas couverte ce jour-là. Choisissez un autre jour, ou une autre personne."


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed, what it asks (None while something is missing), and what is wrong."""

    raw: dict[str, str]
    question: Question | None
    errors: tuple[FieldError, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked yet."""
        return not any(self.raw[name] for name in ("soin", "prix"))


def simulator_context(request: PortalRequest) -> dict[str, Any]:
    """What the page and its fragment show."""
    day = today()
    acts = estimable_acts(request.db, day)
    scope = visible_scope(request.db, request.viewer, day)
    people = _people(request, scope)
    form = _read(request, acts, people, day)
    found = estimate(request.db, request.viewer, form.question, day) if form.question else None
    errors = form.errors
    if form.question is not None:
        request.note_read(Action.ESTIMATE_READ, form.question.act_code, persons=[form.question.person_id])
        if found is None:
            errors = (FieldError("le", NOT_COVERED),)
    return {
        "raw": form.raw,
        "problems": {error.field: error.message for error in errors},
        "acts": _by_family(acts),
        "sectors": [(sector.value, label) for sector, label in SECTOR_LABELS.items()],
        "people": [(opaque, scope.names[person_id]) for opaque, person_id in people.items()],
        "estimate": found,
        "shares": _shares(found),
        "day": day,
    }


def _shares(found: Estimate | None) -> list[tuple[str, str, int]]:
    if found is None:
        return []
    return [
        ("base", "Sécurité sociale", found.base_net),
        ("supp", "Mutuelle", found.supplementary),
        ("left", "À votre charge", found.remaining),
    ]


def _people(request: PortalRequest, scope: Scope) -> dict[str, int]:
    """Those whose lines the viewer may read, the viewer first, by opaque name."""
    seen = {one.person_id: one for one in scope.relatives if one.in_detail}
    ids = sorted(seen, key=lambda person_id: not seen[person_id].is_self)
    return dict(zip(request.services.keyring.conceal("person", ids), ids, strict=True))


def _by_family(acts: list[EstimableAct]) -> list[tuple[str, list[EstimableAct]]]:
    groups: dict[str, list[EstimableAct]] = {}
    for act in acts:
        groups.setdefault(act.family, []).append(act)
    return [(FAMILY_LABELS[family], group) for family, group in groups.items()]  # type: ignore[index]


def _read(request: PortalRequest, acts: list[EstimableAct], people: dict[str, int], day: date) -> Form:
    raw = {name: one_line(request.query_params.get(name, ""))[:LONGEST] for name in FIELDS}
    raw["le"] = raw["le"] or day.isoformat()
    raw["quantite"] = raw["quantite"] or "1"
    raw["personne"] = raw["personne"] or next(iter(people), "")
    form = Form(raw, None)
    return form if form.is_empty else _judged(raw, {act.code: act for act in acts}, people, day)


def _judged(raw: dict[str, str], acts: dict[str, EstimableAct], people: dict[str, int], today_: date) -> Form:
    act, person_id = acts.get(raw["soin"]), people.get(raw["personne"])
    price, day, count = cents_of(raw["prix"]), typed_day(raw["le"]), _count(raw["quantite"])
    sector = Sector(raw["secteur"]) if act and raw["secteur"] in act.sectors else Sector.ANY
    checks = (
        ("soin", act is None, NO_ACT),
        ("secteur", act is not None and bool(act.sectors) and sector is Sector.ANY, NO_SECTOR),
        ("prix", not price, NO_PRICE),
        ("prix", price is not None and price > DEAREST, HIGH_PRICE),
        ("personne", person_id is None, NO_PERSON),
        ("le", day is None, NO_DAY),
        ("le", day is not None and not today_ - BACK <= day <= today_ + AHEAD, FAR_DAY),
        ("quantite", count is None, NO_COUNT),
    )
    errors = tuple(FieldError(field, message) for field, is_wrong, message in checks if is_wrong)
    if errors or act is None or person_id is None or not price or day is None or count is None:
        return Form(raw, None, errors)
    raw["le"] = day.isoformat()
    return Form(raw, Question(person_id, act.code, price, day, sector, count))


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST else None


@page("/adherent/garanties/simulateur", name="member.simulator", guards=READS)
def simulator_page(request: PortalRequest) -> Response[bytes]:
    context = simulator_context(request)
    errors = [FieldError(field, message) for field, message in context["problems"].items()]
    return render_page(
        request, "member/guarantees/simulator.html", TITLE, crumbs=crumbs(request), errors=errors, **context
    )
