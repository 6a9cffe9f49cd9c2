"""The forms by which agents act on a request among themselves: what each asks for, and what it does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from portal.data import work_acts
from portal.data.activity import account_object
from portal.data.desk_team import colleagues_for
from portal.data.work_items import WorkItem
from portal.formatting import day_in_france
from portal.forms import FieldError, typed_day
from portal.pages.desk.reasons import LONGEST, SHORTEST
from portal.web import PortalRequest

ACCOUNT = "account"
NOBODY = "Choisissez un collègue dans la liste."
NO_DAY = "Choisissez un jour à venir."
TOO_SHORT = f"Expliquez en {SHORTEST}\u00a0caractères au moins\u00a0: vos collègues liront ce texte."
TOO_LONG = f"Raccourcissez ce texte\u00a0: {LONGEST}\u00a0caractères au plus."


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form said: the colleague's account, the day of waking, the words, whose place is taken."""

    to: int
    day: date
    words: str
    place: int | None


@dataclass(frozen=True, slots=True)
class WorkForm:
    """`link`: what leads to it; `fields`: `a` (a colleague), `jour`, `mot` (words, which `needs_words`), `place` (who
    had it when the page was shown). `run` does it to a locked item, and gives what the evidence tells besides."""

    link: str
    title: str
    lead: str
    button: str
    fields: tuple[str, ...]
    run: Callable[[PortalRequest, Session, WorkItem, Filled], dict[str, Any]]
    needs_words: bool = False
    words: str = "Un mot pour vos collègues"
    for_supervisors: bool = False


def read_form(request: PortalRequest, act: WorkForm, sent: dict[str, str]) -> tuple[Filled, list[FieldError]]:
    """What was sent, and what is wrong with it."""
    reveal = request.services.keyring.reveal
    to, day, words = reveal(ACCOUNT, sent["a"]), typed_day(sent["jour"]), sent["mot"]
    errors = [FieldError("a", NOBODY)] if "a" in act.fields and to is None else []
    if "jour" in act.fields and day is None:
        errors.append(FieldError("jour", NO_DAY))
    if "mot" in act.fields:
        errors += _wrong_words(words, act)
    day = day or day_in_france(request.now)
    return Filled(to or 0, day, words if "mot" in act.fields else "", reveal(ACCOUNT, sent["place"])), errors


def colleagues(request: PortalRequest, db: Session, kinds: Iterable[str]) -> list[tuple[str, str]]:
    """The colleagues who may be given requests of these kinds, the viewer left out: opaque name and name."""
    day = day_in_france(request.now)
    found = [each for each in colleagues_for(db, kinds, day) if each[0] != request.viewer.account_id]
    names = request.services.keyring.conceal(ACCOUNT, (account_id for account_id, _ in found))
    return [(opaque, name) for opaque, (_, name) in zip(names, found, strict=True)]


def _wrong_words(words: str, act: WorkForm) -> list[FieldError]:
    if act.needs_words and len(words) < SHORTEST:
        return [FieldError("mot", TOO_SHORT)]
    return [FieldError("mot", TOO_LONG)] if len(words) > LONGEST else []


def _take(request: PortalRequest, db: Session, item: WorkItem, _: Filled) -> dict[str, Any]:
    work_acts.take(db, request.viewer, request.services.keyring, item, request.now)
    return {}


def _take_over(request: PortalRequest, db: Session, item: WorkItem, form: Filled) -> dict[str, Any]:
    work_acts.take(db, request.viewer, request.services.keyring, item, request.now, instead_of=form.place)
    return {"instead_of": account_object(form.place)} if form.place else {}


def _assign(request: PortalRequest, db: Session, item: WorkItem, form: Filled) -> dict[str, Any]:
    work_acts.assign(db, request.viewer, request.services.keyring, item, form.to, form.words, request.now)
    return {"to": account_object(form.to)}


def _give_back(request: PortalRequest, db: Session, item: WorkItem, form: Filled) -> dict[str, Any]:
    work_acts.give_back(db, request.viewer, request.services.keyring, item, form.words, request.now)
    return {}


def _snooze(request: PortalRequest, db: Session, item: WorkItem, form: Filled) -> dict[str, Any]:
    work_acts.snooze(db, request.viewer, request.services.keyring, item, form.day, form.words, request.now)
    return {"until": form.day.isoformat()}


def _wake(request: PortalRequest, db: Session, item: WorkItem, _: Filled) -> dict[str, Any]:
    work_acts.wake(db, request.viewer, request.services.keyring, item, request.now)
    return {}


def _escalate(request: PortalRequest, db: Session, item: WorkItem, form: Filled) -> dict[str, Any]:
    work_acts.escalate(db, request.viewer, request.services.keyring, item, form.words, request.now)
    return {}


def _settle(request: PortalRequest, db: Session, item: WorkItem, form: Filled) -> dict[str, Any]:
    work_acts.settle(db, request.viewer, request.services.keyring, item, form.words, request.now)
    return {}


def _note(request: PortalRequest, db: Session, item: WorkItem, form: Filled) -> dict[str, Any]:
    work_acts.note(db, request.viewer, request.services.keyring, item, form.words, request.now)
    return {}


ACTS: dict[str, WorkForm] = {
    "prise-en-charge": WorkForm(
        "Je m’en charge",
        "Prendre ce dossier en charge",
        "Vos collègues verront que vous vous en occupez.",
        "Je m’en charge",
        (),
        _take,
    ),
    "reprise": WorkForm(
        "Le reprendre",
        "Reprendre ce dossier",
        "Votre collègue verra que vous vous en occupez à sa place\u00a0: prévenez-le.",
        "Reprendre ce dossier",
        ("place",),
        _take_over,
    ),
    "transmission": WorkForm(
        "Confier à un collègue",
        "Confier ce dossier",
        "Le dossier passe dans ses dossiers aussitôt, avec votre mot.",
        "Confier ce dossier",
        ("a", "mot"),
        _assign,
    ),
    "remise": WorkForm(
        "Remettre dans la file",
        "Remettre ce dossier dans la file",
        "Plus personne ne s’en occupe\u00a0: le prochain disponible le prendra.",
        "Remettre dans la file",
        ("mot",),
        _give_back,
    ),
    "veille": WorkForm(
        "Mettre en veille",
        "Mettre ce dossier en veille",
        "Il quitte la file jusqu’au matin du jour choisi, ou jusqu’à ce que la personne écrive.",
        "Mettre en veille",
        ("jour", "mot"),
        _snooze,
        needs_words=True,
        words="Ce que vous attendez",
    ),
    "reveil": WorkForm(
        "Réveiller", "Réveiller ce dossier", "Il revient dans la file à sa place.", "Réveiller ce dossier", (), _wake
    ),
    "escalade": WorkForm(
        "Transmettre aux superviseurs",
        "Transmettre aux superviseurs",
        "Le dossier passe en tête de la file, et les superviseurs le voient à part. Vous le gardez s’il est à vous.",
        "Transmettre aux superviseurs",
        ("mot",),
        _escalate,
        needs_words=True,
        words="Pourquoi un superviseur doit le voir",
    ),
    "fin-escalade": WorkForm(
        "Rendre sa place habituelle",
        "Rendre à ce dossier sa place habituelle",
        "Il n’est plus en tête de la file.",
        "Rendre sa place habituelle",
        ("mot",),
        _settle,
        needs_words=True,
        words="Ce que vous avez décidé",
        for_supervisors=True,
    ),
    "note": WorkForm(
        "Ajouter une note",
        "Ajouter une note",
        "Seuls vos collègues la lisent. La personne peut en demander une copie\u00a0: écrivez des faits, avec tact.",
        "Ajouter cette note",
        ("mot",),
        _note,
        needs_words=True,
        words="Note",
    ),
}
