"""Fraud reports at the desk (R-13): /gestion/fraudes, from the report to the account given back or closed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data import desk_acts
from portal.data.accounts import Account, SuspensionKind
from portal.data.activity import account_object
from portal.data.desk_accounts import reaches
from portal.data.desk_acts import NotAllowed
from portal.data.evidence import Action
from portal.data.fraud import (
    DESK_REASON,
    FraudChannel,
    FraudState,
    Report,
    freeze_in_case,
    move_report,
    open_reports,
    report_of,
)
from portal.data.links import LinkPurpose, make_link
from portal.data.passwords import set_password
from portal.data.rights_freezes import freeze_of_case
from portal.data.second_factors import reset_factors
from portal.data.work_acts import item_of_report, reports_read
from portal.data.work_items import WorkItem
from portal.forms import FieldError, single_values
from portal.labels import SPACE_LABELS
from portal.pages.desk.reasons import LONGEST, SHORTEST
from portal.pages.desk.work import KNOWN, work_context, work_errors
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.rights_freezing import give_rights_back
from portal.routing import async_action, page
from portal.security import hash_password, new_token
from portal.web import PortalRequest

HANDLER = requires(Permission.DESK_FRAUD)
TITLE = "Signalements de fraude"
FIELDS = ("etape", "note", KNOWN)
SETTLED = (
    "Un collègue a clos ce dossier pendant que vous écriviez\u00a0: rien n’est enregistré. Copiez votre texte, puis "
    "ouvrez le dossier pour l’y ajouter en note entre collègues."
)
CHANNELS = {
    FraudChannel.SIGNED_IN: "depuis son compte",
    FraudChannel.PUBLIC: "avec son identifiant et son adresse",
    FraudChannel.LINK: "par le lien d’un e-mail",
    FraudChannel.RIGHTS: "par le contrôle des vérifications de droits",
}
STATES = {
    FraudState.REPORTED: ("Signalé", "bad"),
    FraudState.IN_PROGRESS: ("En cours", "wait"),
    FraudState.SETTLED: ("Réglé", "ok"),
}


class StillFrozen(Exception):
    """A case cannot be settled while its account, or what it froze, is frozen: nothing would ever open it again."""


class SettledMeanwhile(Exception):
    """A colleague closed the case while the step was being written."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a step acts on: the case and its account, held until the transaction ends. `unusable`: the hash of a
    password that nobody knows, made before the transaction because it is slow."""

    request: PortalRequest
    db: Session
    report_id: int
    account: Account
    unusable: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a handler may choose: its label, the state it leads to, and what it does to the account. `is_for_rights`:
    only in a case whose checks of rights were frozen."""

    label: str
    state: FraudState
    act: Callable[[Turn], None] | None = None
    needs_note: bool = False
    is_for_rights: bool = False


def _restore(turn: Turn) -> None:
    """Whoever got in is kept out: no password, factor or change of address of that time works any more, only a link to
    the account's address chooses the next password."""
    request, db, account = turn.request, turn.db, turn.account
    if not desk_acts.lift(db, request.viewer, account, request.now, SuspensionKind.FRAUD):
        return
    set_password(db, account.id or 0, turn.unusable, request.now)
    reset_factors(db, request.viewer, account.id or 0, request.now)
    if account.email:
        token = make_link(db, account.id or 0, LinkPurpose.PASSWORD_RESET, request.now)
        href = request.services.link_url(token)
        request.services.mail.post(db, "fraud-restored", account.email, account_id=account.id, href=href)
    _record(request, db, Action.ACCOUNT_RESTORED, account)


def _give_rights_back(turn: Turn) -> None:
    give_rights_back(turn.request, turn.db, turn.account, turn.report_id)


def _freeze_account(turn: Turn) -> None:
    """The suspicion is a fraud: the account itself is frozen, as by its holder's report."""
    request, db, account = turn.request, turn.db, turn.account
    if not freeze_in_case(db, request.viewer, account, request.now):
        return
    if account.email:
        request.services.mail.post(db, "rights-account-frozen", account.email, account_id=account.id)
    _record(request, db, Action.ACCOUNT_SUSPENDED, account, told=DESK_REASON)


def _check_settled(turn: Turn) -> None:
    frozen = freeze_of_case(turn.db, turn.request.viewer, turn.report_id)
    if desk_acts.is_frozen(turn.db, turn.account) or (frozen is not None and frozen.lifted_at is None):
        raise StillFrozen


STEPS = {
    "prise-en-charge": Step("Je prends ce dossier en charge", FraudState.IN_PROGRESS),
    "appel": Step("J’ai appelé le titulaire", FraudState.IN_PROGRESS, needs_note=True),
    "verifications": Step(
        "Rendre les vérifications de droits",
        FraudState.IN_PROGRESS,
        _give_rights_back,
        needs_note=True,
        is_for_rights=True,
    ),
    "gel-du-compte": Step(
        "Geler le compte\u00a0: quelqu’un d’autre s’en sert",
        FraudState.IN_PROGRESS,
        _freeze_account,
        needs_note=True,
        is_for_rights=True,
    ),
    "compte-rendu": Step("Rendre le compte à son titulaire", FraudState.IN_PROGRESS, _restore),
    "clos": Step("Clore le dossier", FraudState.SETTLED, _check_settled, needs_note=True),
}


@page("/gestion/fraudes", name="desk.frauds", guards=[HANDLER])
def reports(request: PortalRequest) -> Response[bytes]:
    found = open_reports(request.db, request.viewer, request.services.keyring)
    readable = reports_read(request.db, request.viewer, request.services.keyring)
    shown = [report for report in found if report.id in readable and reaches(request.viewer, report.space)]
    for report in shown:
        request.note_read(Action.ACCOUNT_READ, account_object(report.account_id), purpose="fraude")
    opaque = request.services.keyring.conceal("fraud", [report.id for report in shown])
    rows = [(report, key, STATES[report.state]) for report, key in zip(shown, opaque, strict=True)]
    return render_page(request, "desk/fraud/index.html", TITLE, rows=rows)


@page("/gestion/fraudes/{dossier:str}", name="desk.fraud", guards=[HANDLER])
def report_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    report = _report(request, dossier)
    request.note_read(Action.ACCOUNT_READ, account_object(report.account_id), purpose="fraude")
    (compte,) = request.services.keyring.conceal("account", [report.account_id])
    return render_page(
        request,
        "desk/fraud/report.html",
        f"Dossier de {report.display_name}",
        crumbs=[_crumb(request)],
        report=report,
        dossier=dossier,
        state=STATES[report.state],
        states=STATES,
        channel=CHANNELS[report.channel],
        space=SPACE_LABELS[report.space],
        sheet=request.services.urls("desk.account", {"objet": "fraude"}, compte=compte),
        frozen=freeze_of_case(request.db, request.viewer, report.id),
        **work_context(request, request.db, _item(request, report)),
    )


@page("/gestion/fraudes/{dossier:str}/etape", name="desk.fraud.step", guards=[HANDLER, recently_confirmed])
def step_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    return _form(request, dossier, dict.fromkeys(FIELDS, ""))


@async_action("/gestion/fraudes/{dossier:str}/etape", name="desk.fraud.move", guards=[HANDLER, recently_confirmed])
async def move(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), FIELDS, longest=LONGEST + 1, texts=("note",))
    report = _report(request, dossier)
    errors = _errors(sent, report) + work_errors(request, request.db, _item(request, report), sent[KNOWN])
    if errors:
        return _form(request, dossier, sent, errors)
    try:
        await request.database.run_writing(_move, request, dossier, sent)
    except StillFrozen:
        message = (
            "Ce compte, ou ses vérifications de droits, sont encore gelés\u00a0: rendez-les à leur titulaire, ou "
            "fermez le compte, avant de clore le dossier."
        )
        return _form(request, dossier, sent, [FieldError("etape", message)])
    except SettledMeanwhile:
        return _form(request, dossier, sent, [FieldError("note", SETTLED)])
    return Redirect(request.services.urls("desk.fraud", dossier=dossier), status_code=303)


def _move(request: PortalRequest, dossier: str, sent: dict[str, str]) -> None:
    report_id = request.services.keyring.reveal("fraud", dossier) or 0
    step, unusable = STEPS[sent["etape"]], hash_password(new_token())
    note = f"{step.label}. {sent['note']}".strip()
    try:
        with request.database.write() as db:
            account = desk_acts.target(db, request.viewer, _report(request, dossier).account_id)
            current = report_of(db, request.viewer, request.services.keyring, report_id)
            if current is None:
                raise NotFoundException
            if current.state is FraudState.SETTLED:
                raise SettledMeanwhile
            if step.act is not None:
                step.act(Turn(request, db, report_id, account, unusable))
            if move_report(db, request.viewer, request.services.keyring, report_id, step.state, note, request.now):
                _record(request, db, Action.FRAUD_CASE_MOVED, account, step=sent["etape"])
    except NotAllowed:
        raise NotFoundException from None


def _record(request: PortalRequest, db: Session, action: Action, account: Account, **details: Any) -> None:
    request.record(db, action, account_object(account.id or 0), acting_for=account.person_id, **details)


def _report(request: PortalRequest, dossier: str) -> Report:
    report_id = request.services.keyring.reveal("fraud", dossier)
    report = report_of(request.db, request.viewer, request.services.keyring, report_id or 0)
    if report is None or not reaches(request.viewer, report.space):
        raise NotFoundException
    _item(request, report)
    return report


def _item(request: PortalRequest, report: Report) -> WorkItem:
    """The desk's side of a report; 404 for whoever is not charged with fraud, or is party to it (R-72)."""
    item = item_of_report(request.db, request.viewer, request.services.keyring, report.id)
    if item is None:
        raise NotFoundException
    return item


def _steps(report: Report) -> dict[str, Step]:
    """The steps of a case of this kind."""
    is_for_rights = report.channel is FraudChannel.RIGHTS
    return {name: step for name, step in STEPS.items() if is_for_rights or not step.is_for_rights}


def _errors(sent: dict[str, str], report: Report) -> list[FieldError]:
    step = _steps(report).get(sent["etape"])
    errors = [] if step else [FieldError("etape", "Choisissez ce que vous avez fait.")]
    if step and step.needs_note and len(sent["note"]) < SHORTEST:
        errors.append(FieldError("note", "Résumez en une phrase ce qui a été dit ou décidé."))
    if len(sent["note"]) > LONGEST:
        errors.append(FieldError("note", f"Raccourcissez cette note\u00a0: {LONGEST}\u00a0caractères au plus."))
    return errors


def _crumb(request: PortalRequest) -> Crumb:
    return Crumb(TITLE, request.services.urls("desk.frauds"))


def _form(
    request: PortalRequest, dossier: str, sent: dict[str, str], errors: list[FieldError] | None = None
) -> Response[bytes]:
    report = _report(request, dossier)
    back = request.services.urls("desk.fraud", dossier=dossier)
    if report.state is FraudState.SETTLED and not errors:
        raise NotFoundException
    request.note_read(Action.ACCOUNT_READ, account_object(report.account_id), purpose="fraude")
    return render_page(
        request,
        "desk/fraud/step.html",
        "Ajouter une étape",
        crumbs=[_crumb(request), Crumb(f"Dossier de {report.display_name}", back)],
        errors=errors or [],
        sent=sent,
        steps=[(name, step.label) for name, step in _steps(report).items()],
        dossier=dossier,
        back=back,
        **work_context(request, request.db, _item(request, report)),
    )
