"""Bank details in words, and what is wrong with an IBAN or a BIC that was typed."""

from schwifty import BIC, IBAN
from schwifty.exceptions import InvalidChecksumDigits, InvalidLength, SchwiftyException

from portal.data.bank_changes import BankState, NewDetails

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
NO_SEPA = "Ce compte est hors de la zone SEPA\u00a0: nous ne pouvons pas nous en servir. Donnez un autre compte."
NO_HOLDER = f"Écrivez le nom du titulaire comme sur le RIB, en {LONGEST_HOLDER} caractères au plus."
NO_BIC = "Saisissez un BIC de 8 ou 11 caractères, comme AGRIFRPP. Il est sur votre RIB."
OTHER_BIC = "Ce BIC n’est pas celui de la banque de cet IBAN. Vérifiez les deux sur votre RIB, ou laissez le BIC vide."
BIC_DUE = "Donnez aussi le BIC\u00a0: il est demandé pour un compte hors de l’Espace économique européen."

# They joined SEPA in October 2025, Serbia in May 2026 (European Payments Council): schwifty does not say so yet.
JOINED_SINCE = frozenset({"AL", "MD", "ME", "MK", "RS"})
# Countries of SEPA outside the European Economic Area: payments there need the BIC.
OUTSIDE_EEA = frozenset({"AD", "CH", "GB", "GI", "MC", "SM", "VA"}) | JOINED_SINCE
# Territories whose banks have a country's IBAN with a BIC of their own.
TERRITORIES = {
    "FR": frozenset({"BL", "GF", "GP", "MC", "MF", "MQ", "NC", "PF", "PM", "RE", "WF", "YT"}),
    "GB": frozenset({"GG", "GI", "IM", "JE"}),
}


class WrongIban(Exception):
    """The message says in French what is wrong, and what to do."""


class WrongBic(Exception):
    """The same about a BIC."""


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
    if not iban.in_sepa_zone and iban.country_code not in JOINED_SINCE:
        raise WrongIban(NO_SEPA)
    return iban


def bic_of(text: str, iban: IBAN) -> str:
    """The BIC that was typed, or the IBAN's own when nothing was; empty when nobody knows it. Raises `WrongBic`."""
    typed = "".join(text.split()).upper()
    if typed:
        return _checked(typed, iban)
    if iban.bic is None and iban.country_code in OUTSIDE_EEA:
        raise WrongBic(BIC_DUE)
    return str(iban.bic or "")


def details_of(iban: IBAN, holder: str, bic: str = "") -> NewDetails:
    """What is kept of them."""
    return NewDetails(str(iban), holder, iban.bank_name or "", bic)


def _checked(typed: str, iban: IBAN) -> str:
    try:
        bic = BIC(typed)
    except (SchwiftyException, ValueError) as problem:
        raise WrongBic(NO_BIC) from problem
    is_there = bic.country_code in {iban.country_code, *TERRITORIES.get(iban.country_code, ())}
    if not is_there or (iban.bic is not None and iban.bic.bank_code != bic.bank_code):
        raise WrongBic(OTHER_BIC)
    return str(bic)
