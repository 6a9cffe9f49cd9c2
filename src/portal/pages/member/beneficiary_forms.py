"""What members type about beneficiaries: fields, what is wrong with them, and what they become."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from litestar.datastructures import FormMultiDict
from stdnum.exceptions import ValidationError
from stdnum.fr import nir as stdnum_nir

from portal.beneficiary_words import FIELD_LABELS
from portal.data.beneficiary_changes import Change, Details, Typed
from portal.data.beneficiary_rules import (
    MAY_BE_AHEAD,
    NEW_CHILD,
    REMOVALS,
    WITHOUT_EVENT_DAY,
    Deadlines,
    Reason,
    Situation,
)
from portal.data.cases import CaseKind
from portal.data.coverage import Relationship
from portal.data.persons import ADULT_AGE, age_on
from portal.forms import FieldError, single_values, typed_day

PERSON_FIELDS = ("nom", "prenom", "naissance", "rang", "nir", "situation", "evenement")
CORRECTION_FIELDS = ("nom", "prenom", "naissance", "nir")
REMOVAL_FIELDS = ("motif", "evenement")
LONGEST_NAME = 80
OLDEST_YEARS = 120
MOST_BIRTHS = 9
MOST_DAYS_AHEAD = 366
ADULTS = frozenset({Relationship.SPOUSE, Relationship.CIVIL_PARTNER, Relationship.COHABITANT, Relationship.ASCENDANT})

NAME = "Écrivez ce nom avec des lettres, comme sur l’acte de naissance."
NO_DAY = "Indiquez un jour qui existe, comme 31/12/2025."
AHEAD = "Ce jour n’est pas encore passé. Faites la demande dès qu’il le sera."
TOO_FAR = "Ce jour est à plus d’un an. Revenez quand il sera plus proche."
TOO_OLD = "Vérifiez l’année\u00a0: ce jour est trop ancien."
WRONG_NIR = (
    "Ce numéro n’est pas complet, ou sa clé est fausse. Recopiez les 15 caractères de la carte Vitale ou de "
    "l’attestation."
)
OTHER_BIRTH = "Ce numéro ne correspond pas à la date de naissance. Vérifiez l’un et l’autre."
NEEDED_NIR = "Indiquez ce numéro\u00a0: il figure sur l’attestation de droits à l’Assurance Maladie."
MINOR = "Cette personne est mineure. Vérifiez la date, ou faites la demande pour un enfant."
RANK = f"Un rang va de 1 à {MOST_BIRTHS}\u00a0: 1 pour le premier-né."
ADULT_CHILD = "Un enfant majeur reste couvert dans ces deux cas. Choisissez le sien, ou appelez-nous."
UNCHANGED = "Changez au moins une information."

_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ '’.\-])*")


@dataclass(slots=True)
class Read:
    """A form read: what was typed as it was, and either what it becomes or what is wrong."""

    raw: dict[str, str]
    typed: Typed | None = None
    errors: tuple[FieldError, ...] = ()


class _Reader:
    """Reads one form, and gathers what is wrong in the order of its fields."""

    def __init__(self, raw: dict[str, str], today: date) -> None:
        self.raw = raw
        self.today = today
        self.errors: list[FieldError] = []

    def wrong(self, field: str, message: str) -> None:
        self.errors.append(FieldError(field, message))

    def name(self, field: str) -> str:
        text = " ".join(self.raw[field].split())
        if not _NAME.fullmatch(text) or len(text) > LONGEST_NAME:
            self.wrong(field, NAME)
        return text

    def day(self, field: str, *, may_be_ahead: bool = False) -> date | None:
        day = typed_day(self.raw[field].strip())
        if day is None:
            self.wrong(field, NO_DAY)
        elif day > self.today and not may_be_ahead:
            self.wrong(field, AHEAD)
        elif (day - self.today).days > MOST_DAYS_AHEAD:
            self.wrong(field, TOO_FAR)
        elif day.year < self.today.year - OLDEST_YEARS:
            self.wrong(field, TOO_OLD)
        else:
            return day
        return None

    def nir(self, birth_date: date | None, *, is_needed: bool, kept: str) -> str:
        """A NIR whose key is right and whose year and month are those of the birth; the one `kept` when left empty."""
        text = "".join(self.raw["nir"].split()).upper() or kept
        if not text:
            if is_needed:
                self.wrong("nir", NEEDED_NIR)
            return ""
        try:
            number = str(stdnum_nir.validate(text))
        except ValidationError:
            self.wrong("nir", WRONG_NIR)
            return ""
        if birth_date is not None and not _born_then(number, birth_date):
            self.wrong("nir", OTHER_BIRTH)
        return number

    def result(self, typed: Typed) -> Read:
        return Read(self.raw, None if self.errors else typed, tuple(self.errors))


def _born_then(nir: str, birth_date: date) -> bool:
    """Months above 12 stand for births whose month was not known: they say nothing."""
    month = int(nir[3:5])
    return nir[1:3] == f"{birth_date:%y}" and (month > 12 or month == birth_date.month)


def read_person(raw: dict[str, str], change: Change, deadlines: Deadlines | None, today: date) -> Read:
    """The person to add. A number left empty keeps the one typed before."""
    reader = _Reader(raw, today)
    last_name, first_name = reader.name("nom"), reader.name("prenom")
    birth_date = reader.day("naissance")
    rank = _rank(reader)
    nir = reader.nir(birth_date, is_needed=change.reason not in NEW_CHILD, kept=change.details.nir)
    situation = _situation(reader, change.relationship, birth_date, deadlines)
    event_on = _event(reader, change.reason)
    return reader.result(
        Typed(Details(last_name, first_name, birth_date, nir, event_on), change.reason, situation, birth_rank=rank)
    )


def _rank(reader: _Reader) -> int:
    text = reader.raw["rang"].strip() or "1"
    if text.isascii() and text.isdecimal() and 1 <= int(text[:3]) <= MOST_BIRTHS:
        return int(text)
    reader.wrong("rang", RANK)
    return 1


def _situation(
    reader: _Reader, relationship: Relationship, birth_date: date | None, deadlines: Deadlines | None
) -> Situation | None:
    """Why a child of age may be covered; nothing for others."""
    age = age_on(birth_date, reader.today) if birth_date else ADULT_AGE
    if relationship in ADULTS and age < ADULT_AGE:
        reader.wrong("naissance", MINOR)
    if birth_date is None or relationship is not Relationship.CHILD or age < ADULT_AGE:
        return None
    chosen = next((each for each in Situation if each == reader.raw["situation"]), None)
    if chosen is None:
        reader.wrong("situation", ADULT_CHILD)
    elif chosen is Situation.STUDENT and deadlines is not None and age >= deadlines.student_age:
        reader.wrong(
            "situation", f"Un étudiant est couvert jusqu’à {deadlines.student_age}\u00a0ans. Appelez-nous pour lui."
        )
    return chosen


def _event(reader: _Reader, reason: Reason | None) -> date | None:
    if reason is None or reason in WITHOUT_EVENT_DAY:
        return None
    return reader.day("evenement", may_be_ahead=reason in MAY_BE_AHEAD)


def read_removal(raw: dict[str, str], change: Change, _: Deadlines | None, today: date) -> Read:
    """Why somebody's cover is to end, and since when."""
    return removal_of(raw, change.relationship, today)


def removal_of(raw: dict[str, str], relationship: Relationship, today: date) -> Read:
    """The same, before there is a change."""
    reader = _Reader(raw, today)
    reason = next((each for each in REMOVALS[relationship] if each == raw["motif"]), None)
    if reason is None:
        reader.wrong("motif", "Choisissez la raison du retrait.")
    return reader.result(Typed(Details(event_on=_event(reader, reason)), reason))


def read_correction(raw: dict[str, str], change: Change, _: Deadlines | None, today: date) -> Read:
    """What is to be corrected of a person whom the insurer knows."""
    person = change.person
    if person is None:
        return Read(raw, None, (FieldError("", UNCHANGED),))
    known = Details(person.last_name, person.first_name, person.birth_date)
    return correction_of(raw, known, today, kept=change.details.nir)


def correction_of(raw: dict[str, str], known: Details, today: date, *, kept: str = "") -> Read:
    """The same, before there is a change. A field that says what is known already is not corrected."""
    reader = _Reader(raw, today)
    last_name, first_name, birth_date = reader.name("nom"), reader.name("prenom"), reader.day("naissance")
    nir = reader.nir(birth_date, is_needed=False, kept=kept)
    typed = {"nom": last_name, "prenom": first_name, "naissance": birth_date, "nir": nir}
    before = {"nom": known.last_name, "prenom": known.first_name, "naissance": known.birth_date, "nir": ""}
    fields = tuple(field for field in FIELD_LABELS if typed[field] != before[field])
    if not fields and not reader.errors:
        reader.wrong("nom", UNCHANGED)
    return reader.result(Typed(Details(last_name, first_name, birth_date, nir), fields=fields))


FIELDS = {
    CaseKind.BENEFICIARY_ADDED: PERSON_FIELDS,
    CaseKind.BENEFICIARY_CHANGED: CORRECTION_FIELDS,
    CaseKind.BENEFICIARY_REMOVED: REMOVAL_FIELDS,
}
READERS: dict[CaseKind, Callable[[dict[str, str], Change, Deadlines | None, date], Read]] = {
    CaseKind.BENEFICIARY_ADDED: read_person,
    CaseKind.BENEFICIARY_CHANGED: read_correction,
    CaseKind.BENEFICIARY_REMOVED: read_removal,
}


def fields_in(sent: FormMultiDict, kind: CaseKind) -> dict[str, str]:
    """The form's fields of a kind of change, as they were typed."""
    return single_values(sent, FIELDS[kind])


def shown_values(change: Change) -> dict[str, str]:
    """A change as its form shows it; the NIR is never sent back to the screen."""
    details, person = change.details, change.person
    born = details.birth_date or (person.birth_date if person and change.cover else None)
    known = person if person is not None and change.cover else None
    return {
        "nom": details.last_name or (known.last_name if known else ""),
        "prenom": details.first_name or (known.first_name if known else ""),
        "naissance": born.isoformat() if born else "",
        "rang": str(change.row.birth_rank),
        "nir": "",
        "situation": change.row.situation,
        "motif": change.row.reason,
        "evenement": details.event_on.isoformat() if details.event_on else "",
    }
