"""The forms of a team: whom to invite, in which role, until when."""

from datetime import date

from litestar.datastructures import FormMultiDict

from portal.data.accounts import ROLE_LABELS, Role, Space
from portal.data.team import TEAM_ROLES, Invitation
from portal.formatting import today
from portal.forms import FieldError, email_of, single_values, typed_day

Values = dict[str, str]
Access = tuple[Role, date | None]

INVITATION_FIELDS = ("nom", "prenom", "email", "role", "fin")
ACCESS_FIELDS = ("role", "fin")
LONGEST_NAME = 80
ROLE_HINTS = {
    Role.ADMINISTRATOR: "Gère les utilisateurs, comme vous.",
    Role.CLERK: "Gère les salariés et les cotisations.",
    Role.READER: "Consulte sans rien changer.",
    Role.PROVIDER_STAFF: "Vérifie des droits, consulte les factures, les versements et la convention. "
    "Ne gère ni les utilisateurs, ni le compte bancaire, ni l’adresse.",
}
# What whoever signed may do besides: nobody is given these roles here.
SIGNED_HINTS = {
    Space.EMPLOYER: (Role.SIGNATORY, "A signé le contrat\u00a0: fait tout, et seul change le compte bancaire."),
    Space.PROVIDER: (
        Role.PROVIDER,
        "A signé la convention\u00a0: fait tout, et seul change le compte bancaire, l’adresse ou le FINESS.",
    ),
}


def role_choices(space: Space) -> list[tuple[str, str, str]]:
    """The roles that may be given in a space: value, label, what it allows."""
    return [(role.value, ROLE_LABELS[role], ROLE_HINTS[role]) for role in TEAM_ROLES[space]]


def role_explanations(space: Space) -> list[tuple[str, str]]:
    """Every role of a space, in words: its label, what it allows."""
    signed, hint = SIGNED_HINTS[space]
    return [(ROLE_LABELS[signed], hint), *((label, text) for _, label, text in role_choices(space))]


def read_invitation(sent: FormMultiDict, space: Space) -> tuple[Values, Invitation | None, list[FieldError]]:
    """What was typed, the invitation when all of it can be used, and what is to be corrected."""
    values = single_values(sent, INVITATION_FIELDS)
    names = {field: " ".join(values[field].split()) for field in ("prenom", "nom")}
    errors = [
        FieldError(field, message)
        for field, message in (("nom", "Saisissez le nom."), ("prenom", "Saisissez le prénom."))
        if not 0 < len(names[field]) <= LONGEST_NAME
    ]
    email = email_of(values["email"])
    if email is None:
        errors.append(FieldError("email", "Saisissez une adresse e-mail, par exemple prenom.nom@exemple.fr."))
    access, access_errors = _access(values, space)
    errors += access_errors
    if errors or access is None or email is None:
        return values, None, errors
    return values, Invitation(names["prenom"], names["nom"], email, *access), []


def read_access(sent: FormMultiDict, space: Space) -> tuple[Values, Access | None, list[FieldError]]:
    """The role and the last day of access, or what is to be corrected."""
    values = single_values(sent, ACCESS_FIELDS)
    access, errors = _access(values, space)
    return values, access, errors


def _access(values: Values, space: Space) -> tuple[Access | None, list[FieldError]]:
    role = next((role for role in TEAM_ROLES[space] if role == values["role"]), None)
    ends_on = typed_day(values["fin"])
    errors = []
    if role is None:
        errors.append(FieldError("role", "Choisissez un rôle."))
    if values["fin"] and ends_on is None:
        errors.append(FieldError("fin", "Saisissez une date\u00a0: jour, mois, année. Ou laissez vide."))
    elif ends_on is not None and ends_on < today():
        errors.append(FieldError("fin", "Choisissez aujourd’hui ou un jour à venir. Pour fermer l’accès, retirez-le."))
    return (None if errors or role is None else (role, ends_on)), errors
