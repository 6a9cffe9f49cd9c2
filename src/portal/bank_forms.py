"""What a form of bank details sent: an IBAN, its holder and, where it is asked for, the BIC."""

from collections.abc import Mapping

from portal.bank_words import LONGEST_HOLDER, NO_HOLDER, WrongBic, WrongIban, bic_of, details_of, iban_of
from portal.data.bank_changes import NewDetails
from portal.forms import FieldError


def read_details(raw: Mapping[str, str]) -> tuple[NewDetails | None, list[FieldError]]:
    """The details typed into `iban`, `titulaire` and `bic`, or what is wrong with them."""
    holder = " ".join(raw["titulaire"].split())
    errors = [] if 2 <= len(holder) <= LONGEST_HOLDER else [FieldError("titulaire", NO_HOLDER)]
    try:
        iban = iban_of(raw["iban"])
        bic = bic_of(raw["bic"], iban) if "bic" in raw else ""
    except WrongIban as wrong:
        return None, [FieldError("iban", str(wrong)), *errors]
    except WrongBic as wrong:
        return None, [FieldError("bic", str(wrong)), *errors]
    return (None, errors) if errors else (details_of(iban, holder, bic), [])
