"""What whoever holds an agreement types about the practice's software."""

from typing import NamedTuple

from litestar.datastructures import FormMultiDict

from portal.certificates import thumbprint
from portal.forms import FieldError, single_values
from portal.software_words import NO_NAME, WRONG_CERTIFICATE

FIELDS = ("nom", "certificat", "aussitot")
LONGEST_NAME = 80


class Wish(NamedTuple):
    """What is to be: the software's name, its certificate's SHA-256 (empty for none), and whether the secret before is
    to end at once."""

    name: str
    certificate: str
    at_once: bool


def empty_values() -> dict[str, str]:
    """A form that nobody filled in."""
    return dict.fromkeys(FIELDS, "")


def read_software(
    sent: FormMultiDict, *, is_new: bool, takes_certificate: bool
) -> tuple[dict[str, str], Wish | None, list[FieldError]]:
    """What was typed, the wish when all of it can be used, and what is to be corrected."""
    values = single_values(sent, FIELDS)
    name, typed = " ".join(values["nom"].split()), values["certificat"].strip() if takes_certificate else ""
    errors = []
    if is_new and not 0 < len(name) <= LONGEST_NAME:
        errors.append(FieldError("nom", NO_NAME))
    if typed and not thumbprint(typed):
        errors.append(FieldError("certificat", WRONG_CERTIFICATE))
    return values, None if errors else Wish(name, thumbprint(typed), values["aussitot"] == "1"), errors
