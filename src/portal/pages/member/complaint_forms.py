"""What a complaint's form says, and what is wrong with it."""

from dataclasses import dataclass

from litestar.datastructures import FormMultiDict

from portal.complaint_words import CATEGORY_LABELS
from portal.data.complaints import LONGEST_TEXT, Category, Said
from portal.formatting import plural
from portal.forms import FieldError, single_values, written_text

FIELDS = ("sujet", "contrat", "ligne", "version")
SHORTEST_TEXT = 10
NO_CATEGORY = "Choisissez le sujet de votre réclamation."
NO_TEXT = "Racontez ce qui s’est passé, en quelques mots au moins."
LONG_TEXT = f"Ce texte dépasse {plural(LONGEST_TEXT, 'caractère')}. Raccourcissez-le, ou joignez un document ensuite."
NO_CONTRACT = "Choisissez un contrat de la liste."


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, what it says (None while something is wrong), and what is wrong."""

    raw: dict[str, str]
    said: Said | None
    errors: tuple[FieldError, ...] = ()


def text_problem(text: str) -> str:
    """What is wrong with a complaint's text, or nothing."""
    return NO_TEXT if len(text) < SHORTEST_TEXT else LONG_TEXT if len(text) > LONGEST_TEXT else ""


def read_complaint(sent: FormMultiDict, contracts: dict[str, int], line_id: int | None) -> Typed:
    """The form of a complaint. `contracts`: ids by opaque name; `line_id`: the disputed line, if the form names one."""
    raw = single_values(sent, FIELDS) | {"texte": written_text(sent, "texte")}
    category = raw["sujet"] if raw["sujet"] in set(Category) else ""
    problem = text_problem(raw["texte"])
    checks = (
        ("sujet", not category, NO_CATEGORY),
        ("texte", bool(problem), problem),
        ("contrat", bool(raw["contrat"]) and raw["contrat"] not in contracts, NO_CONTRACT),
    )
    errors = tuple(FieldError(name, message) for name, is_wrong, message in checks if is_wrong)
    if errors:
        return Typed(raw, None, errors)
    return Typed(raw, Said(Category(category), raw["texte"], contracts.get(raw["contrat"]), line_id))


def category_choices() -> list[tuple[str, str]]:
    """The subjects, for a list of choices."""
    return [(category.value, label) for category, label in CATEGORY_LABELS.items()]
