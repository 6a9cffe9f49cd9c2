"""What the sign-up forms sent: from fields to a claim, or to what is to be corrected.

Only the form itself is judged here. Whether the insurer knows anybody under it is never said on screen (R-10).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from litestar.datastructures import FormMultiDict
from stdnum.fr import siret as stdnum_siret

from portal.data.representations import Capacity, Declaration
from portal.data.sign_up_claims import Claim, EmployerClaim, MemberClaim, ProviderClaim
from portal.folding import same_name
from portal.forms import FieldError, email_of, single_values, typed_day
from portal.importing.problems import InvalidValue
from portal.importing.values import national_id

Values = dict[str, str]
Check = tuple[str, Callable[[str], object], str]

SELF, AUTHORISED, REPRESENTED = "moi", "autorise", "represente"
SITUATIONS = [
    (SELF, "Pour moi-même", "J’ai dix-huit ans ou plus, et je décide seul."),
    (
        AUTHORISED,
        "Pour moi-même, avec une autorisation",
        "Je suis mineur ou protégé\u00a0: mon parent, tuteur ou curateur m’autorise.",
    ),
    (REPRESENTED, "Pour une personne que je représente", "Je suis son parent, son tuteur ou son curateur."),
]
LINKS = {"parent": Capacity.PARENT, "tuteur": Capacity.GUARDIAN, "curateur": Capacity.CURATOR}

LINK_CHOICES = [
    ("parent", "Parent, titulaire de l’autorité parentale"),
    ("tuteur", "Tuteur"),
    ("curateur", "Curateur"),
]

MEMBER_FIELDS = (
    "pour", "nom", "prenom", "naissance", "numero-adherent", "numero-contrat", "representant", "lien", "email",
    "accepte", "version",
)  # fmt: skip
EMPLOYER_FIELDS = ("siret", "numero-contrat", "nom", "prenom", "email", "accepte", "version")
PROVIDER_FIELDS = ("numero", "convention", "email", "accepte", "version")


@dataclass(frozen=True, slots=True)
class Read:
    """A form as it was sent. `errors` is empty when `claim` and `email` may be used."""

    values: Values
    errors: list[FieldError]
    claim: Claim | None = None
    email: str = ""

    @property
    def terms(self) -> int | None:
        """The number of the version that the page showed; None before there are any, -1 for what is no number."""
        version = self.values["version"]
        return (int(version) if version.isascii() and version.isdecimal() else -1) if version else None


def read_member(sent: FormMultiDict) -> Read:
    """The form of a covered person, or of the representative."""
    values = single_values(sent, MEMBER_FIELDS)
    errors = [*_errors(values, _MEMBER), *_representative_errors(values), *_errors(values, _EVERYBODY)]
    born = typed_day(values["naissance"])
    if errors or born is None:
        return Read(values, errors)
    claim = MemberClaim(
        last_name=values["nom"],
        first_name=values["prenom"],
        birth_date=born,
        member_number=values["numero-adherent"],
        contract_number=values["numero-contrat"],
        declaration=_declaration(values),
    )
    return Read(values, errors, claim, email_of(values["email"]) or "")


def read_employer(sent: FormMultiDict) -> Read:
    """The form of a group contract's signatory."""
    values = single_values(sent, EMPLOYER_FIELDS)
    errors = [*_errors(values, _EMPLOYER), *_errors(values, _EVERYBODY)]
    if errors:
        return Read(values, errors)
    siret = stdnum_siret.compact(values["siret"])
    claim = EmployerClaim(siret, values["numero-contrat"], values["nom"], values["prenom"])
    return Read(values, errors, claim, email_of(values["email"]) or "")


def read_provider(sent: FormMultiDict) -> Read:
    """The form of a health professional."""
    values = single_values(sent, PROVIDER_FIELDS)
    errors = [*_errors(values, _PROVIDER), *_errors(values, _EVERYBODY)]
    if errors:
        return Read(values, errors)
    claim = ProviderClaim(national_id(values["numero"]), values["convention"])
    return Read(values, errors, claim, email_of(values["email"]) or "")


def _errors(values: Values, checks: tuple[Check, ...]) -> list[FieldError]:
    return [FieldError(name, message) for name, is_right, message in checks if not is_right(values[name])]


def _representative_errors(values: Values) -> list[FieldError]:
    if values["pour"] not in {AUTHORISED, REPRESENTED}:
        return []
    errors = _errors(values, _REPRESENTATIVE)
    full_name = f"{values['prenom']} {values['nom']}"
    if not errors and same_name(values["representant"], full_name):
        errors.append(FieldError("representant", "Nommez le parent, tuteur ou curateur, et non la personne couverte."))
    return errors


def _declaration(values: Values) -> Declaration:
    if values["pour"] == SELF:
        return Declaration()
    return Declaration(LINKS[values["lien"]], values["pour"] == REPRESENTED, values["representant"].strip())


def _has_letters(text: str) -> bool:
    return any(sign.isalpha() for sign in text)


def _has_signs(text: str) -> bool:
    return any(sign.isalnum() for sign in text)


def _is_birth_date(text: str) -> bool:
    day = typed_day(text)
    return day is not None and date(1880, 1, 1) <= day <= date.today()  # noqa: DTZ011  (a day more or less is no error)


def _is_national_id(text: str) -> bool:
    try:
        national_id(text)
    except InvalidValue:
        return False
    return True


_NAMES: tuple[Check, ...] = (
    ("nom", _has_letters, "Saisissez le nom de famille."),
    ("prenom", _has_letters, "Saisissez le prénom."),
)
_MEMBER: tuple[Check, ...] = (
    ("pour", {SELF, AUTHORISED, REPRESENTED}.__contains__, "Dites pour qui vous ouvrez cet espace."),
    *_NAMES,
    ("naissance", _is_birth_date, "Saisissez la date de naissance\u00a0: jour, mois, année."),
    ("numero-adherent", _has_signs, "Saisissez le numéro d’adhérent inscrit sur la carte de tiers payant."),
    ("numero-contrat", _has_signs, "Saisissez le numéro de contrat inscrit sur la carte ou sur le contrat."),
)
_REPRESENTATIVE: tuple[Check, ...] = (
    ("representant", _has_letters, "Saisissez le prénom et le nom du parent, tuteur ou curateur."),
    ("lien", LINKS.__contains__, "Dites si cette personne est parent, tuteur ou curateur."),
)
_EMPLOYER: tuple[Check, ...] = (
    ("siret", stdnum_siret.is_valid, "Vérifiez le SIRET\u00a0: quatorze chiffres, par exemple 732 829 320 00074."),
    ("numero-contrat", _has_signs, "Saisissez le numéro du contrat collectif."),
    ("nom", _has_letters, "Saisissez le nom du signataire du contrat."),
    ("prenom", _has_letters, "Saisissez le prénom du signataire du contrat."),
)
_PROVIDER: tuple[Check, ...] = (
    (
        "numero",
        _is_national_id,
        "Vérifiez le numéro\u00a0: onze chiffres pour un RPPS, neuf caractères pour un FINESS.",
    ),
    ("convention", _has_signs, "Saisissez le numéro de votre convention de tiers payant."),
)
_EVERYBODY: tuple[Check, ...] = (
    ("email", email_of, "Saisissez une adresse e-mail, par exemple prenom.nom@exemple.fr."),
    ("accepte", "1".__eq__, "Cochez la case pour accepter les CGU\u00a0: sans cela, l’espace ne peut pas être ouvert."),
)
