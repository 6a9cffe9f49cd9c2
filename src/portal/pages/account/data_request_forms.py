"""What is typed about one's data, a request or instructions after death: what is wrong, and what it becomes."""

from datetime import date

from litestar.datastructures import FormMultiDict

from portal.data.beneficiary_changes import Details
from portal.data.data_request_rows import DataField, Wanted
from portal.data.data_right_rules import DataRight
from portal.data.data_rights import LONGEST_TEXT
from portal.data.death_instructions import Instructions, Wish
from portal.data_right_words import (
    NO_CONTACT,
    NO_FIELD,
    NO_NAME,
    NO_PERSON,
    NO_TEXT,
    NO_WISH,
    NOTHING_NEW,
    TOO_LONG,
)
from portal.forms import FieldError, single_values, written_text
from portal.pages.member.beneficiary_forms import UNCHANGED, correction_of

SHORTEST_TEXT, LONGEST_NAME, LONGEST_CONTACT = 10, 80, 200
VALUE = "valeur"
# Stands for the fields that are not being corrected: nobody is called so.
_OTHER = "Sans Changement"
INSTRUCTION_FIELDS = ("souhait", "personne", "contact")
Errors = list[FieldError]


def read_request(
    sent: FormMultiDict, right: DataRight, fields: tuple[DataField, ...], born: date | None, today: date
) -> tuple[dict[str, str], Wanted | None, Errors]:
    """What a form about a right says: as typed, checked, what is wrong. `fields`: what may be corrected; `born`: the
    birth date with which a number must agree."""
    raw = single_values(sent, ("champ", VALUE), LONGEST_CONTACT) | {"texte": written_text(sent, "texte")}
    if right is DataRight.RECTIFICATION:
        return _read_correction(raw, fields, born, today)
    if not SHORTEST_TEXT <= len(raw["texte"]) <= LONGEST_TEXT:
        return raw, None, [FieldError("texte", NO_TEXT)]
    return raw, Wanted(right, raw["texte"]), []


def read_instructions(sent: FormMultiDict) -> tuple[dict[str, str], Instructions | None, Errors]:
    """What is wanted after death. A person is named, and can be reached, where a copy is to be given."""
    raw = single_values(sent, INSTRUCTION_FIELDS, LONGEST_CONTACT) | {"texte": written_text(sent, "texte")}
    wish = next((each for each in Wish if each == raw["souhait"]), None)
    person, contact = (" ".join(raw[name].split()) for name in ("personne", "contact"))
    checks = (
        ("souhait", wish is None, NO_WISH),
        ("personne", wish is Wish.GIVE and not person, NO_PERSON),
        ("contact", bool(person) and not contact, NO_CONTACT),
        ("texte", len(raw["texte"]) > LONGEST_TEXT, TOO_LONG),
    )
    errors = [FieldError(field, message) for field, is_wrong, message in checks if is_wrong]
    if errors or wish is None:
        return raw, None, errors
    return raw, Instructions(wish, person, contact, raw["texte"]), []


def _read_correction(
    raw: dict[str, str], fields: tuple[DataField, ...], born: date | None, today: date
) -> tuple[dict[str, str], Wanted | None, Errors]:
    field = next((each for each in fields if each == raw["champ"]), None)
    if field is None:
        return raw, None, [FieldError("champ", NO_FIELD)]
    if len(raw["texte"]) > LONGEST_TEXT:
        return raw, None, [FieldError("texte", TOO_LONG)]
    value, problem = _name(raw[VALUE]) if field is DataField.DISPLAY_NAME else _value(field, raw[VALUE], born, today)
    if problem:
        return raw, None, [FieldError(VALUE, problem)]
    return raw, Wanted(DataRight.RECTIFICATION, raw["texte"], field, value), []


def _name(typed: str) -> tuple[str, str]:
    name = " ".join(typed.split())
    is_one = any(char.isalpha() for char in name) and len(name) <= LONGEST_NAME
    return name, "" if is_one else NO_NAME


def _value(field: DataField, typed: str, born: date | None, today: date) -> tuple[str, str]:
    """A person's value, read as a beneficiary's is: the rules of names, days and numbers stand there."""
    known = Details(_OTHER, _OTHER, born or today)
    day = (born or today).isoformat()
    typed_all = {"nom": _OTHER, "prenom": _OTHER, "naissance": day, "nir": ""} | {field.value: typed}
    read = correction_of(typed_all, known, today)
    if read.typed is None:
        message = read.errors[0].message
        return "", NOTHING_NEW if message == UNCHANGED else message
    return _of(field, read.typed.details), ""


def _of(field: DataField, details: Details) -> str:
    if field is DataField.BIRTH_DATE:
        return details.birth_date.isoformat() if details.birth_date else ""
    values = {
        DataField.LAST_NAME: details.last_name,
        DataField.FIRST_NAME: details.first_name,
        DataField.NIR: details.nir,
    }
    return values[field]
