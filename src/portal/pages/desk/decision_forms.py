"""The form of a decision: what it sends, what is wrong with it, and the text that a template puts into it."""

from dataclasses import dataclass, field
from datetime import date, datetime

from litestar.datastructures import FormMultiDict
from sqlmodel import Session

from portal.data.cases import Case
from portal.data.decisions import Act, Decision
from portal.data.desk_cases import AtDesk
from portal.data.replies import Reply, replies_for
from portal.data.reply_variables import VariableMissing, filled
from portal.deciding.frames import Input, Ruling, Words
from portal.deciding.variables import LABELS, values_of
from portal.formatting import number
from portal.forms import FAR_DAY, FieldError, cents_of, is_far, single_values, typed_day, version_of, written_text
from portal.security import Keyring
from portal.web import PortalRequest

TEXT, SEEN, VERSION = "texte", "vu", "version"
SHORTEST, LONGEST = 10, 4000
LONGEST_WORDS = f"{LONGEST:,}".replace(",", "\u00a0")
NO_TEXT = f"Écrivez ce que la personne lira, en {SHORTEST} à {LONGEST_WORDS}\u00a0caractères."
UNFINISHED = "Remplacez ce qui est entre crochets par votre texte, ou effacez-le."
UNFILLED = "Ce modèle a besoin de ce que le dossier ne dit pas"
NO_AMOUNT = "Écrivez un montant en euros, comme 84,50."
NO_DAY = "Indiquez un jour qui existe, comme 31/12/2026."


@dataclass(frozen=True, slots=True)
class Sent:
    """What the form sent, as it was typed, what it means, and what is wrong."""

    raw: dict[str, str] = field(repr=False)
    decision: Decision
    version: int
    errors: list[FieldError]


@dataclass(frozen=True, slots=True)
class Started:
    """What a template put into the form, or why it could not."""

    text: str = ""
    problem: str = ""


def read_decision(sent: FormMultiDict, act: Act, ruling: Ruling, today: date) -> Sent:
    """What the form of an act sends, today."""
    raw = {TEXT: written_text(sent, TEXT)} | single_values(
        sent, (SEEN, VERSION, *(each.name for each in ruling.inputs)), 40
    )
    amounts, days, errors = _inputs(ruling, raw, today)
    words = "" if ruling.words is Words.NONE else raw[TEXT]
    decision = Decision(act, words, amounts, days)
    return Sent(raw, decision, version_of(raw[VERSION]), [*errors, *_text_errors(ruling, words)])


def _inputs(
    ruling: Ruling, raw: dict[str, str], today: date
) -> tuple[dict[str, int], dict[str, date], list[FieldError]]:
    amounts: dict[str, int] = {}
    days: dict[str, date] = {}
    errors = []
    for each in ruling.inputs:
        typed = raw[each.name].strip()
        if not typed and not each.is_required:
            continue
        found = cents_of(typed) if each.is_amount else typed_day(typed)
        if found is None:
            errors.append(FieldError(each.name, NO_AMOUNT if each.is_amount else NO_DAY))
        elif not isinstance(found, date):
            amounts[each.name] = found
        elif is_far(found, today):
            errors.append(FieldError(each.name, FAR_DAY))
        else:
            days[each.name] = found
    return amounts, days, errors


def _text_errors(ruling: Ruling, words: str) -> list[FieldError]:
    if ruling.words is Words.NONE or (ruling.words is Words.OPTIONAL and not words):
        return []
    if not SHORTEST <= len(words) <= LONGEST:
        return [FieldError(TEXT, NO_TEXT)]
    return [FieldError(TEXT, UNFINISHED)] if "[" in words and "]" in words else []


def first_values(db: Session, case: Case, ruling: Ruling, now: datetime) -> dict[str, str]:
    """What the form holds when it is opened."""
    inputs = {each.name: each.starts(db, case) if each.starts else "" for each in ruling.inputs}
    return {TEXT: "", SEEN: now.isoformat(), VERSION: str(case.version)} | inputs


def kept_values(case: Case, ruling: Ruling, decision: Decision, now: datetime) -> dict[str, str]:
    """What the form holds of a decision that was kept."""
    inputs = {each.name: _kept(each, decision) for each in ruling.inputs}
    return {TEXT: decision.words, SEEN: now.isoformat(), VERSION: str(case.version)} | inputs


def _kept(each: Input, decision: Decision) -> str:
    if each.is_amount:
        return number(decision.amounts[each.name]) if each.name in decision.amounts else ""
    return decision.days[each.name].isoformat() if each.name in decision.days else ""


def templates_for(db: Session, case: Case, act: Act, ruling: Ruling) -> list[Reply]:
    """The templates that the form offers."""
    return [] if ruling.words is Words.NONE else replies_for(db, case.kind, act)


def started_from(
    request: PortalRequest, db: Session, at_desk: AtDesk, replies: list[Reply], name: str
) -> Started | None:
    """What the template behind an opaque name says of this case; None without one."""
    keyring: Keyring = request.services.keyring
    chosen = next((reply for reply in replies if reply.id == keyring.reveal("reply", name)), None)
    if chosen is None:
        return None
    try:
        return Started(filled(chosen.text, values_of(db, keyring, at_desk)))
    except VariableMissing as missing:
        names = ", ".join(LABELS[each] for each in missing.names)
        return Started(problem=f"{UNFILLED}\u00a0: {names}. Choisissez un autre modèle.")
