"""One row of a file of employees, read: what it says, what was corrected in it, what cannot be taken.

Reasons are plain French, and name nobody.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum

from stdnum.exceptions import ValidationError
from stdnum.fr import nir as stdnum_nir

from portal.data.leaving_rules import LeavingReason
from portal.folding import fold
from portal.forms import email_of

LONGEST_NAME, LONGEST_NUMBER = 80, 40
CENTURY = 100
ACTIONS = {
    "a": "A",
    "ajout": "A",
    "entree": "A",
    "m": "M",
    "modification": "M",
    "r": "R",
    "retrait": "R",
    "sortie": "R",
}
REGIMES = {
    "general": "general", "rg": "general", "regime general": "general",
    "alsace-moselle": "alsace-moselle", "alsace moselle": "alsace-moselle", "local": "alsace-moselle",
    "regime local": "alsace-moselle",
}  # fmt: skip
_DAY = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})", re.ASCII)
_PACKED = re.compile(r"(\d{2})(\d{2})(\d{4})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?", re.ASCII)
# How spreadsheets count days; five digits go from 1927 to 2173.
_SERIAL, _SERIAL_START = re.compile(r"[1-9]\d{4}", re.ASCII), date(1899, 12, 30)
_ROUNDED = re.compile(r"\d([.,]\d+)?E\+?\d+", re.ASCII)
_FORMULAS = ("=", "+", "-", "@", "\t")
_WITHIN_NAMES = frozenset(" -'’ʼ.·")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")


ROUNDED = (
    "Le tableur a arrondi le numéro de sécurité sociale (1,85E+14). Mettez la colonne au format Texte, puis "
    "saisissez-le à nouveau."
)


class Result(IntEnum):
    """The scale of the DSN's reports: what became, or would become, of a row."""

    ACCEPTED = 0
    CORRECTED = 1
    PARTLY = 2
    REFUSED = 3


@dataclass(slots=True)
class StaffRow:
    """`values`: what each field says, days as dates; an absent field is empty. `result` is the worst that was met.

    `version`: that of the employee whom the check met, None for nobody.
    """

    line: int
    action: str = ""
    values: dict[str, str] = field(default_factory=dict)
    days: dict[str, date] = field(default_factory=dict)
    result: Result = Result.ACCEPTED
    reasons: list[str] = field(default_factory=list)
    version: int | None = None

    def say(self, result: Result, reason: str) -> None:
        """Adds a reason, which can only make the result worse."""
        self.result = max(self.result, result)
        self.reasons.append(reason)

    @property
    def is_refused(self) -> bool:
        return self.result is Result.REFUSED


def read_row(line: int, cells: Mapping[str, str], today: date) -> StaffRow:
    """What the cells of a row say, by field."""
    row = StaffRow(line, values={name: _plain(text) for name, text in cells.items()})
    row.action = ACTIONS.get(fold(row.values.get("action", "")), "")
    if not row.action:
        row.say(Result.REFUSED, "L’action doit être A (ajout), M (modification) ou R (retrait).")
        return row
    _read_numbers(row)
    _read_names(row)
    for name, label in (("date_naissance", "naissance"), ("date_effet", "effet"), ("date_sortie", "sortie")):
        _read_day(row, name, label, today)
    _read_rest(row)
    return row


def _plain(text: str) -> str:
    """Without the apostrophe by which spreadsheets, and our own files, mark text."""
    return unicodedata.normalize("NFC", text.removeprefix("'")).strip()


def _read_numbers(row: StaffRow) -> None:
    nir = row.values.get("nir", "")
    if nir:
        _read_nir(row, "".join(nir.split()).replace(".", "").replace("-", "").upper())
    number = row.values.get("matricule", "")
    is_formula = unicodedata.normalize("NFKC", number[:1]).startswith(_FORMULAS)
    if len(number) > LONGEST_NUMBER or not number.isprintable() or is_formula:
        row.say(Result.REFUSED, f"Le matricule doit avoir {LONGEST_NUMBER} caractères au plus, sans formule.")


def _read_nir(row: StaffRow, nir: str) -> None:
    if _ROUNDED.fullmatch(row.values["nir"].replace(" ", "").upper()):
        row.values["nir"] = ""
        row.say(Result.REFUSED, ROUNDED)
        return
    try:
        if len(nir) == 13:
            nir += stdnum_nir.calc_check_digits(nir)
            row.say(Result.CORRECTED, "La clé du numéro de sécurité sociale manquait\u00a0: nous l’avons calculée.")
        row.values["nir"] = stdnum_nir.validate(nir)
    except (ValidationError, ValueError):
        row.values["nir"] = ""
        row.say(
            Result.REFUSED,
            "Le numéro de sécurité sociale n’a pas ses 15 caractères, ou sa clé est fausse. "
            "Recopiez-le de sa carte Vitale.",
        )


def _read_names(row: StaffRow) -> None:
    for name, label in (("nom", "Le nom"), ("nom_usage", "Le nom d’usage"), ("prenom", "Le prénom")):
        text = row.values.get(name, "")
        if len(text) > LONGEST_NAME or not text.isprintable() or "\ufffd" in text:
            row.say(Result.REFUSED, f"{label} est illisible ou dépasse {LONGEST_NAME} caractères.")
        elif text and not (text[0].isalpha() and all(map(_may_be_in_a_name, text))):
            row.say(
                Result.REFUSED,
                f"{label} contient une formule, des chiffres ou des signes qu’un nom n’a pas. "
                "Vérifiez l’ordre des colonnes.",
            )


def _may_be_in_a_name(sign: str) -> bool:
    """Names at the registry are in Latin letters: another alphabet's look-alike would hide who is meant."""
    return sign in _WITHIN_NAMES or (sign.isalpha() and unicodedata.name(sign, "").startswith("LATIN"))


def _read_day(row: StaffRow, name: str, label: str, today: date) -> None:
    text = row.values.get(name, "")
    if not text:
        return
    if _SERIAL.fullmatch(text):
        row.days[name] = _SERIAL_START + timedelta(days=int(text))
        row.say(Result.CORRECTED, f"La date de {label} venait d’un tableur\u00a0: {row.days[name]:%d/%m/%Y}.")
        return
    found = _ISO.fullmatch(text)
    year, month, day = found.groups() if found else ("", "", "")
    if found is None and (found := _DAY.fullmatch(text) or _PACKED.fullmatch(text)):
        day, month, year = found.groups()
    try:
        row.days[name] = date(_year(row, year, label, today, is_birth=name == "date_naissance"), int(month), int(day))
    except ValueError:
        row.say(Result.REFUSED, f"La date de {label} n’existe pas. Écrivez-la comme 31/12/2025.")


def _year(row: StaffRow, text: str, label: str, today: date, *, is_birth: bool) -> int:
    if len(text) != 2:
        return int(text)
    year = today.year // CENTURY * CENTURY + int(text)
    year -= CENTURY if is_birth and year > today.year - 14 else 0
    row.say(Result.CORRECTED, f"L’année de la date de {label} avait deux chiffres\u00a0: nous avons lu {year}.")
    return year


def _read_rest(row: StaffRow) -> None:
    email = row.values.get("email", "")
    if email and email_of(email) is None:
        row.values["email"] = ""
        row.say(Result.PARTLY, "L’adresse e-mail est incorrecte\u00a0: elle n’est pas reprise.")
    regime = row.values.get("regime", "")
    row.values["regime"] = REGIMES.get(fold(regime), "")
    if regime and not row.values["regime"]:
        row.say(Result.PARTLY, "Le régime est inconnu\u00a0: écrivez general ou alsace-moselle. Il n’est pas repris.")
    if row.values.get("option"):
        row.say(Result.PARTLY, "L’option n’est pas reprise\u00a0: le salarié la choisit lui-même dans son espace.")
    if row.action == "R":
        _read_reason(row)
    _read_exemption(row)


def _read_reason(row: StaffRow) -> None:
    code = fold(row.values.get("motif_sortie", "")).replace(" ", "_").replace("-", "_")
    row.values["motif_sortie"] = code
    if code not in set(LeavingReason):
        row.say(Result.REFUSED, f"Le motif de sortie doit être l’un de\u00a0: {', '.join(LeavingReason)}.")
    if "date_sortie" not in row.days:
        row.say(Result.REFUSED, "La date de sortie manque\u00a0: c’est le dernier jour du contrat de travail.")


def _read_exemption(row: StaffRow) -> None:
    code = row.values.get("dispense_code", "")
    if code and not _CODE.fullmatch(code):
        row.say(Result.REFUSED, "Le code de dispense est illisible. Laissez-le vide si le salarié n’est pas dispensé.")
    elif code and row.action == "A":
        row.say(
            Result.PARTLY,
            f"Le salarié est noté dispensé, code {code}\u00a0: déposez son justificatif au registre des dispenses.",
        )
    elif code:
        row.say(
            Result.PARTLY,
            "La dispense d’un salarié déjà déclaré se demande sur sa fiche\u00a0: elle n’est pas reprise.",
        )
