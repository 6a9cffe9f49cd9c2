"""The form of a rights check: one number of any kind, exact marks, the day of care, the purpose (R-42)."""

import re
from datetime import date, timedelta

from litestar.datastructures import FormMultiDict
from stdnum.exceptions import ValidationError
from stdnum.fr import nir as stdnum_nir

from portal.card_matrix import code_in, member_number_in
from portal.data.rights_questions import Means, Question
from portal.formatting import today
from portal.forms import FieldError, single_values, typed_day
from portal.security import new_token

# `formulaire` tells one form from another: sent twice, it asks once.
FIELDS = ("numero", "naissance", "rang", "soins", "motif", "formulaire")
LONGEST = 200
# Invoices may be sent for two years (code de la mutualité, L221-11); admissions are prepared some months ahead.
BACK, AHEAD = timedelta(days=2 * 366), timedelta(days=183)
OLDEST = date(1895, 1, 1)
EMPTY = "Saisissez le numéro d’adhérent, le numéro de sécurité sociale, ou le code de la carte."
PARTIAL = "Saisissez le numéro entier, tel qu’il est écrit sur la carte\u00a0: aucune recherche partielle n’existe."
WRONG_NIR = "Ce numéro de sécurité sociale a une erreur\u00a0: sa clé est fausse. Relisez-le sur la carte Vitale."
NO_BIRTH = "Donnez la date de naissance écrite sur la carte, comme 31/12/1985."
WRONG_BIRTH = "Cette date de naissance n’est pas possible. Écrivez-la comme 31/12/1985."
WRONG_RANK = "Le rang de naissance est un chiffre de 1 à 9\u00a0: 1, sauf pour des jumeaux."
WRONG_DAY = "Cette date n’existe pas. Donnez un jour, comme 31/12/2026."
FAR_DAY = "Choisissez une date des deux dernières années, ou des six prochains mois."
NO_PURPOSE = "Cochez que vous prenez ce patient en charge\u00a0: sans cela, ses droits ne peuvent pas être consultés."
SEVERAL = "Cette carte nomme plusieurs personnes\u00a0: donnez la date de naissance de celle que vous soignez."
_CODE = re.compile(r"[A-Z0-9]{40}")
_NIR = re.compile(r"[12347-8][0-9]{4}[0-9][0-9AB][0-9]{6}([0-9]{2})?")
_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z./-]{1,29}")


def empty_values() -> dict[str, str]:
    """The form as it is first shown: care of today, first of a birth; the purpose is never ticked beforehand."""
    return dict.fromkeys(FIELDS, "") | {"rang": "1", "soins": today().isoformat(), "formulaire": new_token()}


def typed_values(sent: FormMultiDict) -> dict[str, str]:
    """What the form's fields hold, as they are shown again."""
    return {name: text.strip() for name, text in single_values(sent, FIELDS, LONGEST).items()}


class RightsForm:
    """What was typed, and what is wrong with it."""

    def __init__(self, sent: FormMultiDict) -> None:
        self.values = typed_values(sent)
        self.errors: list[FieldError] = []
        self.question = self._question()

    def _question(self) -> Question | None:
        """The question, when nothing is wrong."""
        means, number = self._number()
        question = Question(
            means,
            number,
            self._birth(is_needed=means is not Means.CARD_CODE),
            self._rank(),
            self._care_day(),
            member_number_in(self.values["numero"]),
        )
        if self.values["motif"] != "1":
            self._wrong("motif", NO_PURPOSE)
        return None if self.errors else question

    def _number(self) -> tuple[Means, str]:
        """What kind of number it is shows from its form; one of a form that nothing has is asked again."""
        text = code_in(self.values["numero"]).upper()
        bare = re.sub(r"[\s.-]", "", text)
        if _CODE.fullmatch(bare):
            return Means.CARD_CODE, bare
        if _NIR.fullmatch(bare):
            return Means.NIR, self._nir(bare)
        number = "".join(text.split())
        if not _NUMBER.fullmatch(number):
            self._wrong("numero", PARTIAL if number else EMPTY)
        return Means.MEMBER_NUMBER, number

    def _nir(self, bare: str) -> str:
        try:
            return str(stdnum_nir.validate(bare if len(bare) > 13 else bare + stdnum_nir.calc_check_digits(bare)))
        except ValidationError:
            self._wrong("numero", WRONG_NIR)
            return ""

    def _birth(self, *, is_needed: bool) -> date | None:
        text = self.values["naissance"]
        day = typed_day(text)
        if text and (day is None or not OLDEST <= day <= today()):
            self._wrong("naissance", WRONG_BIRTH)
        if is_needed and not text:
            self._wrong("naissance", NO_BIRTH)
        return day

    def _rank(self) -> int:
        if not re.fullmatch(r"[1-9]", self.values["rang"], re.ASCII):
            self._wrong("rang", WRONG_RANK)
            return 0
        return int(self.values["rang"])

    def _care_day(self) -> date:
        now, day = today(), typed_day(self.values["soins"])
        if day is None or not now - BACK <= day <= now + AHEAD:
            self._wrong("soins", FAR_DAY if day else WRONG_DAY)
            return now
        return day

    def _wrong(self, field: str, message: str) -> None:
        self.errors.append(FieldError(field, message))
