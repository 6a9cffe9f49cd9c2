"""The form of a mandate: for whom, at which firm, what it opens, until when."""

from datetime import date

from litestar.datastructures import FormMultiDict

from portal.data.accounts import Role
from portal.data.mandates import LONGEST_MONTHS, READ_ONLY, Area, Extent
from portal.data.mandating import HeldMandate, Wish
from portal.data.rules import add_months
from portal.data.team import Invitation
from portal.formatting import today
from portal.forms import FieldError, email_of, single_values, typed_day

Values = dict[str, str]
PERSON_FIELDS = ("prenom", "nom", "email")
WISH_FIELDS = ("cabinet", *Area, "fin")
LONGEST_NAME = 80
LONGEST_FIRM = 120
ENDS = f"Choisissez un jour à venir, dans {LONGEST_MONTHS} mois au plus."
_PERSON_ERRORS = (("prenom", "Saisissez le prénom."), ("nom", "Saisissez le nom."))


def empty_values() -> Values:
    """A form that nobody filled yet."""
    return dict.fromkeys((*PERSON_FIELDS, *WISH_FIELDS), "")


def stored_values(held: HeldMandate) -> Values:
    """The form as the mandate stands."""
    scope = {area.value: held.scope.get(area, "") for area in Area}
    return {"cabinet": held.firm, "fin": held.ends_on.isoformat(), **scope}


def read_new_mandate(sent: FormMultiDict) -> tuple[Values, tuple[Invitation, Wish] | None, list[FieldError]]:
    """What was typed, the invitation and the mandate when all of it can be used, and what is to be corrected."""
    person, firm = single_values(sent, PERSON_FIELDS), read_mandate(sent)
    names = {field: " ".join(person[field].split()) for field in ("prenom", "nom")}
    errors = [FieldError(name, said) for name, said in _PERSON_ERRORS if not 0 < len(names[name]) <= LONGEST_NAME]
    email = email_of(person["email"])
    if email is None:
        errors.append(FieldError("email", "Saisissez une adresse e-mail, par exemple prenom.nom@exemple.fr."))
    values, wish, wrong = firm
    if errors or wish is None or email is None:
        return person | values, None, errors + wrong
    invitation = Invitation(names["prenom"], names["nom"], email, Role.DECLARANT, wish.ends_on)
    return person | values, (invitation, wish), []


def read_mandate(sent: FormMultiDict) -> tuple[Values, Wish | None, list[FieldError]]:
    """The firm, the scope and the last day that were typed, or what is to be corrected."""
    values = single_values(sent, WISH_FIELDS)
    firm = " ".join(values["cabinet"].split())
    scope, ends_on = _scope(values), typed_day(values["fin"])
    errors = []
    if not 0 < len(firm) <= LONGEST_FIRM:
        errors.append(FieldError("cabinet", "Saisissez le nom du cabinet ou du courtier."))
    if not scope:
        errors.append(FieldError(Area.EMPLOYEES, "Choisissez au moins une partie de l’espace à ouvrir."))
    if ends_on is None or not _is_allowed(ends_on):
        errors.append(FieldError("fin", ENDS))
    wish = Wish(firm, scope, ends_on) if ends_on and scope and not errors else None
    return values, wish, errors


def latest_day() -> date:
    """The last day that a mandate given today may reach."""
    return add_months(today(), LONGEST_MONTHS)


def _is_allowed(ends_on: date) -> bool:
    return today() < ends_on <= latest_day()


def _scope(values: Values) -> dict[Area, Extent]:
    """The areas that are opened; what names no extent, or one that the area has not, opens nothing."""
    return {area: Extent(values[area]) for area in Area if _may_choose(area, values[area])}


def _may_choose(area: Area, extent: str) -> bool:
    return extent == Extent.READ or (extent == Extent.ACT and area not in READ_ONLY)
