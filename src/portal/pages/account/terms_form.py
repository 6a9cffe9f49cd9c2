"""The form by which terms of use are accepted: the fields, and what is wrong with them (R-14, R-15).

Sign-up shows the same fields (templates/macros/terms.html) and reads them by the same function.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.data.acceptances import Declarable
from portal.data.representations import Capacity
from portal.data.terms import TermsVersion
from portal.forms import FieldError

FIELDS = ("version", "qualite", "representant", "accepte")

CHOICES = {
    Capacity.SELF: ("Pour moi-même", "Je suis majeur et j’ai la capacité juridique d’accepter ces conditions."),
    Capacity.PARENT: ("Pour une personne mineure", "Avec l’autorisation du titulaire de l’autorité parentale."),
    Capacity.GUARDIAN: ("Pour un majeur sous tutelle", "Avec l’autorisation du tuteur."),
    Capacity.CURATOR: ("Pour un majeur sous curatelle", "Avec l’autorisation du curateur."),
}
OUTDATED = "Une nouvelle version vient d’entrer en vigueur\u00a0: lisez-la, puis cochez la case à nouveau."
UNTICKED = "Cochez la case si vous acceptez les conditions. Sans votre accord, les services restent fermés."
NO_CAPACITY = "Dites en quelle qualité vous acceptez."
NO_NAME = "Donnez le nom et le prénom de la personne qui autorise."
LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the form declares, checked."""

    version: int
    capacity: Capacity
    representative_name: str


def blank(declarable: Declarable) -> dict[str, str]:
    """The fields as first shown: what is known already, the box unticked."""
    known = declarable.known or ""
    return dict.fromkeys(FIELDS, "") | {"qualite": known, "representant": declarable.representative_name}


def choices_of(declarable: Declarable) -> list[tuple[str, str, str]]:
    """The capacities to choose among (value, label, hint); none when there is nothing to ask."""
    if len(declarable.capacities) == 1:
        return []
    return [(capacity.value, *CHOICES[capacity]) for capacity in declarable.capacities]


def read_declaration(
    sent: Mapping[str, str], terms: TermsVersion, declarable: Declarable
) -> tuple[Declaration | None, list[FieldError]]:
    """The declaration that was sent for the version in force, or what is wrong. `sent` has the `FIELDS`, cleaned."""
    capacity = _capacity(sent["qualite"], declarable)
    name = " ".join(sent["representant"].split())[:LONGEST_NAME]
    errors = []
    if capacity is None:
        errors.append(FieldError("qualite", NO_CAPACITY))
    elif capacity is not Capacity.SELF and not name:
        errors.append(FieldError("representant", NO_NAME))
    if sent["version"] != str(terms.number):
        errors.append(FieldError("accepte", OUTDATED))
    elif sent["accepte"] != "1":
        errors.append(FieldError("accepte", UNTICKED))
    if errors or capacity is None:
        return None, errors
    return Declaration(terms.number, capacity, name if capacity is not Capacity.SELF else ""), []


def _capacity(sent: str, declarable: Declarable) -> Capacity | None:
    if len(declarable.capacities) == 1:
        return declarable.capacities[0]
    return next((capacity for capacity in declarable.capacities if capacity == sent), None)
