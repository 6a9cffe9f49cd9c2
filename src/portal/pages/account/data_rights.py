"""« Vos données »: what the insurer holds, the rights over it, what was asked, where it stands. /compte/donnees (R-70).

Open too while terms are due (R-16).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from litestar import Response
from sqlmodel import Session

from portal.case_areas import STATE_LABELS
from portal.data.accounts import Role, Space
from portal.data.activity import Wanted, recent_acts
from portal.data.cases import CaseState
from portal.data.consents import consents_of
from portal.data.data_export import held_of
from portal.data.data_objections import Purpose, objections_of
from portal.data.data_right_rules import DataRight
from portal.data.data_rights import Asked, requests_of
from portal.data.death_instructions import instructions_in_force, instructions_of
from portal.data.evidence import Action
from portal.data.holdings import Held
from portal.data.restricting import restriction_under_way, restrictions_of
from portal.data_right_words import RIGHT_LABELS
from portal.folding import fold
from portal.formatting import day_in_france
from portal.held_words import held_on, until_on
from portal.pages.account.own import account_crumbs
from portal.pages.account.pieces import CASE
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import page
from portal.web import PortalRequest

TITLE = "Vos données"
READS = [requires(Permission.DATA_EXPORT)]
MOST_EXPORTS = 5
Label = tuple[str, str]
_DONE: Label = ("Fait", "ok")


class Entry(NamedTuple):
    """Something that was asked, or done at once. `case`: the opaque name of the request, empty for what was done."""

    at: datetime
    right: str
    words: str
    state: Label
    case: str = ""


@page("/compte/donnees", name="data", guards=READS)
def data_page(request: PortalRequest) -> Response[bytes]:
    viewer, db = request.viewer, request.db
    return render_page(
        request,
        "account/data/index.html",
        TITLE,
        crumbs=account_crumbs(request),
        may={name: _may(request, name) for name in ("activity", "deletion.ask", "contact", "email.change", "data.ask")},
        is_member=viewer.space == Space.MEMBER and viewer.role != Role.REPRESENTATIVE,
        held=held_on(Space(viewer.space), day_in_france(request.now)),
        restriction=restriction_under_way(db, viewer),
        instructions=instructions_in_force(db, viewer, request.services.keyring),
        consents=len(consents_of(db, viewer, day_in_france(request.now))),
        objections=[row for row in objections_of(db, viewer) if row.ended_at is None],
        entries=entries_of(request, db),
    )


@page("/compte/donnees/effacement", name="data.erasure", guards=READS)
def erasure_page(request: PortalRequest) -> Response[bytes]:
    """What deleting the account erases, what stays and why."""
    held = held_of(request.db, request.viewer)
    reasons = {each.kept_for for each in held} - {""}
    stays = until_on(day_in_france(request.now))
    return render_page(
        request,
        "account/data/erasure.html",
        "Effacement",
        crumbs=data_crumbs(request),
        erased=sorted({each.title for each in held if each.is_deleted}, key=fold),
        blanked=sorted({each.title for each in held if each.blank}, key=fold),
        kept=[(reason, until, _kept(held, reason)) for reason, until in stays.items() if reason in reasons],
        may={name: _may(request, name) for name in ("deletion.ask", "data.ask")},
    )


def data_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page about one right."""
    return [*account_crumbs(request), Crumb(TITLE, request.services.urls("data"))]


def entries_of(request: PortalRequest, db: Session) -> list[Entry]:
    """All that the viewer asked for or chose, the newest first; what waits for the viewer before it."""
    asked = requests_of(db, request.viewer, request.services.keyring)
    names = request.services.keyring.conceal(CASE, (each.case.id or 0 for each in asked))
    cases = [_asked_entry(each, name) for each, name in zip(asked, names, strict=True)]
    waiting = [entry for entry in cases if entry.state[1] == "bad" and entry.state != STATE_LABELS[CaseState.REFUSED]]
    others = [entry for entry in cases if entry not in waiting]
    return waiting + sorted([*others, *_choices(request, db)], key=lambda entry: entry.at, reverse=True)


def _asked_entry(asked: Asked, name: str) -> Entry:
    at = asked.case.sent_at or asked.case.opened_at
    words = f"Dossier {asked.case.reference}"
    return Entry(at, RIGHT_LABELS[asked.right], words, STATE_LABELS[CaseState(asked.case.state)], name)


def _choices(request: PortalRequest, db: Session) -> list[Entry]:
    viewer = request.viewer
    wanted = Wanted(actions=(Action.DATA_EXPORTED,))
    exports = [act for act in recent_acts(db, viewer, wanted, most=MOST_EXPORTS) if act.is_own]
    access = f"{RIGHT_LABELS[DataRight.ACCESS]} et portabilité"
    return [
        *(Entry(act.at, access, "Vos données téléchargées", _DONE) for act in exports),
        *(
            Entry(row.made_at, RIGHT_LABELS[DataRight.OBJECTION], _objection(row.purpose), _period(row.ended_at))
            for row in objections_of(db, viewer)
        ),
        *(
            Entry(row.started_at, RIGHT_LABELS[DataRight.RESTRICTION], "De tout votre compte", _period(row.ended_at))
            for row in restrictions_of(db, viewer)
        ),
        *(
            Entry(each.given_at, RIGHT_LABELS[DataRight.AFTER_DEATH], "Enregistrées", _period(each.ended_at))
            for each in instructions_of(db, viewer, request.services.keyring)
        ),
    ]


def _objection(purpose: str) -> str:
    return "Au démarchage" if purpose == Purpose.MARKETING else "Au profilage"


def _period(ended_at: datetime | None) -> Label:
    return ("En vigueur", "ok") if ended_at is None else ("Terminé", "")


def _kept(held: Iterable[Held], reason: str) -> list[str]:
    return sorted({each.title for each in held if each.kept_for == reason and not each.blank}, key=fold)


def _may(request: PortalRequest, name: str) -> bool:
    return request.services.site.is_permitted(request.viewer, name)


HANDLERS = [data_page, erasure_page]
