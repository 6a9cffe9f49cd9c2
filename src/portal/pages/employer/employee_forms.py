"""The forms about an employee: what was typed, what it becomes, what is wrong with it and what to do about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from litestar.datastructures import FormMultiDict
from stdnum.exceptions import ValidationError
from stdnum.fr import nir as stdnum_nir

from portal.forms import FieldError, email_of, single_values, typed_day

ENTRY_FIELDS = (
    "nom", "usage", "prenom", "naissance", "sexe", "nir", "matricule", "email", "categorie", "embauche", "effet",
)  # fmt: skip
CORRECTION_FIELDS = ("nom", "usage", "prenom", "naissance", "nir", "matricule", "email", "embauche")
LONGEST_NAME = 80
LONGEST_MATRICULE = 30
YOUNGEST_YEARS, OLDEST_YEARS = 13, 100
WOMAN, MAN = "F", "M"
SEXES = [("", "Non précisé"), (WOMAN, "Femme"), (MAN, "Homme")]

NAME = "Écrivez ce nom avec des lettres, comme sur une pièce d’identité."
NO_DAY = "Indiquez un jour qui existe, comme 31/12/2025."
AGE = "Vérifiez l’année\u00a0: ce jour ne peut pas être celui d’un salarié."
WRONG_NIR = (
    "Ce numéro n’est pas complet, ou sa clé est fausse. Recopiez les 15 caractères de la carte Vitale, ou laissez vide."
)
OTHER_BIRTH = "Ce numéro ne correspond pas à la date de naissance. Vérifiez l’un et l’autre."
OTHER_SEX = "Le premier chiffre de ce numéro ne correspond pas à ce que vous avez indiqué. Vérifiez l’un et l’autre."
WRONG_EMAIL = "Saisissez une adresse e-mail, par exemple prenom.nom@exemple.fr, ou laissez vide."
WRONG_MATRICULE = f"Un matricule a {LONGEST_MATRICULE} signes au plus\u00a0: lettres, chiffres, tirets, points."
NO_CATEGORY = "Choisissez une catégorie dans la liste."

_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ '’.\-])*")
_MATRICULE = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z ./_\-]*[0-9A-Za-z])?")


@dataclass
class Reader:
    """Reads the fields of one form, and gathers what is wrong in the order of its fields."""

    raw: dict[str, str]
    today: date
    errors: list[FieldError] = field(default_factory=list)

    @classmethod
    def of(cls, sent: FormMultiDict, names: Iterable[str], today: date) -> "Reader":
        return cls(single_values(sent, names), today)

    def wrong(self, name: str, message: str) -> None:
        self.errors.append(FieldError(name, message))

    def name(self, name: str, *, is_needed: bool = True) -> str:
        text = " ".join(self.raw[name].split())
        if (text or is_needed) and not (len(text) <= LONGEST_NAME and _NAME.fullmatch(text)):
            self.wrong(name, NAME)
        return text

    def day(self, name: str, *, is_needed: bool = True) -> date | None:
        found = typed_day(self.raw[name].strip())
        if found is None and (is_needed or self.raw[name].strip()):
            self.wrong(name, NO_DAY)
        return found

    def birth(self, name: str) -> date | None:
        found = self.day(name)
        if found and not self.today.year - OLDEST_YEARS <= found.year <= self.today.year - YOUNGEST_YEARS:
            self.wrong(name, AGE)
        return found

    def email(self) -> str:
        address = email_of(self.raw["email"])
        if self.raw["email"].strip() and address is None:
            self.wrong("email", WRONG_EMAIL)
        return address or ""

    def matricule(self) -> str:
        text = " ".join(self.raw["matricule"].split())
        if text and not (len(text) <= LONGEST_MATRICULE and _MATRICULE.fullmatch(text)):
            self.wrong("matricule", WRONG_MATRICULE)
        return text

    def nir(self, birth: date | None, sex: str = "") -> str:
        """Fifteen characters with a right key that agree with the rest; empty when none was given."""
        text = "".join(self.raw["nir"].split()).upper()
        if not text:
            return ""
        try:
            number = str(stdnum_nir.validate(text))
        except ValidationError:
            self.wrong("nir", WRONG_NIR)
            return ""
        if birth and not _born_then(number, birth):
            self.wrong("nir", OTHER_BIRTH)
        if sex and (int(number[0]) % 2 == 0) is not (sex == WOMAN):
            self.wrong("nir", OTHER_SEX)
        return number

    def choice(self, name: str, known: dict[str, Any], message: str) -> Any:
        found = known.get(self.raw[name])
        if found is None:
            self.wrong(name, message)
        return found


def _born_then(nir: str, birth: date) -> bool:
    """Year and month agree; months beyond 12 stand for what the civil register does not tell."""
    month = int(nir[3:5])
    return nir[1:3] == f"{birth:%y}" and (month > 12 or month == birth.month)
