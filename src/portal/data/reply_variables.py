"""What a reply template may say of a case by itself: names between braces, a closed list for each kind."""

import re
from collections.abc import Iterable, Mapping

from portal.data.cases import CaseKind

_NAME = re.compile(r"\{([a-z_]*)\}")
_COMMON = ("nom", "reference", "envoyee_le", "reponse_avant_le")
_PERSON = (*_COMMON, "prenom", "personne")
VARIABLES: dict[str, tuple[str, ...]] = {
    CaseKind.CLAIM: (*_PERSON, "soin", "jour_du_soin", "montant"),
    CaseKind.QUOTE: (*_PERSON, "soin", "jour_du_soin", "montant"),
    CaseKind.BENEFICIARY_ADDED: (*_PERSON, "date_effet"),
    CaseKind.BENEFICIARY_CHANGED: _PERSON,
    CaseKind.BENEFICIARY_REMOVED: (*_PERSON, "date_effet"),
    CaseKind.AUTONOMY: (*_COMMON, "prenom"),
    CaseKind.CORRECTION: _COMMON,
    CaseKind.MESSAGE: (*_COMMON, "sujet"),
    CaseKind.COMPLAINT: (*_COMMON, "sujet"),
    CaseKind.DATA_RIGHT: _PERSON,
    CaseKind.CONTRIBUTION_DISPUTE: (*_COMMON, "periode", "montant"),
    CaseKind.INVOICE_DISPUTE: (*_COMMON, "facture", "montant"),
    CaseKind.PRACTICE_ADDRESS: (*_COMMON, "date_effet", "adresse"),
    CaseKind.PRACTICE_NUMBER: (*_COMMON, "date_effet", "finess"),
}


class VariableMissing(Exception):
    """The template needs what this case does not have; `names` says what."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.names = names


def allowed_for(kind: str) -> tuple[str, ...]:
    """The variables of a kind of case, in the order in which the form names them."""
    return VARIABLES.get(kind, _COMMON)


def unknown_in(text: str, allowed: Iterable[str]) -> list[str]:
    """What stands between braces and is no variable; « { » alone when a brace has no other."""
    known = set(allowed)
    found = [name for name in _NAME.findall(text) if name not in known]
    rest = _NAME.sub("", text)
    return [*dict.fromkeys(found), *(["{"] if set("{}") & set(rest) else [])]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables. Raises `VariableMissing` when the case gives no value to one of them."""
    missing = [name for name in dict.fromkeys(_NAME.findall(text)) if not values.get(name)]
    if missing:
        raise VariableMissing(missing)
    return _NAME.sub(lambda found: values[found[1]], text)
