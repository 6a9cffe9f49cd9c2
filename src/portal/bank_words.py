"""Bank details in words, and what is wrong with an IBAN that was typed."""

from schwifty import IBAN
from schwifty.exceptions import InvalidChecksumDigits, InvalidLength, SchwiftyException

from portal.data.bank_details import BankState, NewDetails

STATE_LABELS: dict[BankState, tuple[str, str]] = {
    BankState.PENDING: ("En attente", "wait"),
    BankState.IN_FORCE: ("En vigueur", "ok"),
    BankState.REPLACED: ("Remplacées", ""),
    BankState.CANCELLED: ("Annulées", "bad"),
}
LONGEST_HOLDER = 70

NO_IBAN = "Saisissez un IBAN, comme FR76 suivi de 23 chiffres. Il est sur votre RIB."
WRONG_LENGTH = "Il manque des caractères à cet IBAN, ou il y en a trop. Un IBAN français en compte 27."
WRONG_KEY = "Cet IBAN contient une erreur de frappe\u00a0: sa clé ne correspond pas. Recopiez-le depuis votre RIB."
NO_SEPA = "Ce compte est hors de la zone SEPA\u00a0: nous ne pouvons pas y faire de virement. Donnez un autre compte."
NO_HOLDER = f"Écrivez le nom du titulaire comme sur le RIB, en {LONGEST_HOLDER} caractères au plus."


class WrongIban(Exception):
    """The message says in French what is wrong, and what to do."""


def iban_of(text: str) -> IBAN:
    """The IBAN that was typed, with spaces or without. Raises `WrongIban`."""
    try:
        iban = IBAN("".join(text.split()).replace("-", ""))
    except InvalidLength as problem:
        raise WrongIban(WRONG_LENGTH) from problem
    except InvalidChecksumDigits as problem:
        raise WrongIban(WRONG_KEY) from problem
    except (SchwiftyException, ValueError) as problem:
        raise WrongIban(NO_IBAN) from problem
    if not iban.in_sepa_zone:
        raise WrongIban(NO_SEPA)
    return iban


def details_of(iban: IBAN, holder: str) -> NewDetails:
    """What is kept of them."""
    return NewDetails(str(iban), holder, iban.bank_name or "")
