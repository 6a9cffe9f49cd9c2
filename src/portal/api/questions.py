"""The question that a practice's software sends, and its errors field by field, in the words of the page (R-42)."""

import re
from datetime import date
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from litestar.datastructures import FormMultiDict
from msgspec import Meta

from portal.api.problems import ApiProblem, FieldProblem
from portal.data.rights_questions import Question
from portal.forms import FieldError
from portal.pages.provider.rights_forms import (
    EMPTY,
    NO_BIRTH,
    NO_PURPOSE,
    SEVERAL,
    WRONG_BIRTH,
    WRONG_DAY,
    WRONG_RANK,
    RightsForm,
)

WRONG_USER = (
    "Donnez le code de la personne au comptoir, propre à votre structure\u00a0: de 1 à 64 lettres sans accent, "
    "chiffres, points, tirets."
)
NO_FIELD = "Ce champ n’existe pas\u00a0: seuls ceux de la documentation sont acceptés."
LONG_NUMBER = "Ce numéro a plus de 200 caractères\u00a0: ce n’est celui d’aucune carte."
_USER = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RightsQuestion(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={
        "number": "numero",
        "birth_date": "naissance",
        "rank": "rang",
        "care_day": "soins",
        "purpose": "motif",
        "user": "utilisateur",
    },
):
    """Une question sur les droits d’une seule personne, désignée exactement. Aucune recherche partielle n’existe."""

    number: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            description="Le numéro d’adhérent, le numéro de sécurité sociale (13 ou 15 caractères), le code de "
            "vérification de la carte (40 caractères), ou tout le texte lu dans son DataMatrix.",
            examples=["A1234567"],
        ),
    ]
    care_day: Annotated[
        date,
        Meta(
            description="Le jour des soins, des deux dernières années aux six prochains mois.", examples=["2026-03-31"]
        ),
    ]
    purpose: Annotated[
        Literal["prise_en_charge"],
        Meta(description="Pourquoi vous demandez\u00a0: parce que vous prenez cette personne en charge."),
    ]
    user: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9._-]{1,64}$",
            description="Le code, propre à votre structure, de la personne au comptoir. Il est conservé comme preuve. "
            "N’y mettez pas de nom.",
            examples=["poste-2.ML"],
        ),
    ]
    birth_date: Annotated[
        date | None,
        Meta(
            description="La date de naissance écrite sur la carte. Nécessaire, sauf avec le code d’une carte qui ne "
            "nomme qu’une personne.",
            examples=["1985-12-31"],
        ),
    ] = None
    rank: Annotated[int, Meta(ge=1, le=9, description="Le rang de naissance\u00a0: 1, sauf pour des jumeaux.")] = 1

    @property
    def text(self) -> str:
        """The question as one text, the same for the same question."""
        return msgspec.json.encode(self).decode()


_WORDS = {
    "numero": EMPTY,
    "naissance": WRONG_BIRTH,
    "rang": WRONG_RANK,
    "soins": WRONG_DAY,
    "motif": NO_PURPOSE,
    "utilisateur": WRONG_USER,
}
_FIELDS: dict[str, Any] = {
    field.encode_name: get_type_hints(RightsQuestion, include_extras=True)[field.name]
    for field in msgspec.structs.fields(RightsQuestion)
}
_REQUIRED = [field.encode_name for field in msgspec.structs.fields(RightsQuestion) if field.required]


def read_question(body: bytes) -> tuple[RightsQuestion, Question]:
    """What was sent, and the question of it, as the page's own form reads it. Raises `ApiProblem`."""
    sent = _sent(body)
    form = RightsForm(_as_form(sent))
    if form.question is None:
        raise wrong_fields([_problem(error, sent) for error in form.errors])
    return sent, form.question


def several_persons() -> ApiProblem:
    """The card names several persons."""
    return wrong_fields([FieldProblem("naissance", SEVERAL)])


def wrong_fields(errors: list[FieldProblem]) -> ApiProblem:
    """422, with what to correct."""
    detail = "Rien n’a été cherché. Corrigez les champs indiqués, puis renvoyez la demande."
    return ApiProblem(422, "champs-a-corriger", "Champs à corriger", detail, errors=errors)


def _sent(body: bytes) -> RightsQuestion:
    raw = _fields_of(body)
    errors = [FieldProblem(name[:100], NO_FIELD) for name in raw if name not in _FIELDS]
    errors += [FieldProblem(name, _WORDS[name]) for name in _REQUIRED if name not in raw]
    errors += [
        FieldProblem(name, _why(name, raw[name])) for name in _FIELDS if name in raw and not _fits(name, raw[name])
    ]
    if errors:
        raise wrong_fields(errors)
    # Of the values that were judged: a name that stands twice counts by its last one, here too.
    return msgspec.json.decode(msgspec.json.encode(raw), type=RightsQuestion)


def _fields_of(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        detail = (
            "Le corps de la demande doit être un objet JSON, en UTF-8. Comparez-le à l’exemple de la documentation."
        )
        raise ApiProblem(400, "json-mal-forme", "JSON mal formé", detail) from None


def _fits(name: str, raw: msgspec.Raw) -> bool:
    try:
        value = msgspec.json.decode(raw, type=_FIELDS[name])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    # A pattern's `$` lets a line's end pass.
    return name != "utilisateur" or _USER.fullmatch(value) is not None


def _why(name: str, raw: msgspec.Raw) -> str:
    return LONG_NUMBER if name == "numero" and len(bytes(raw)) > 200 else _WORDS[name]


def _as_form(sent: RightsQuestion) -> FormMultiDict:
    """The fields as the page's form sends them."""
    birth = sent.birth_date.isoformat() if sent.birth_date else ""
    values = {"numero": sent.number, "naissance": birth, "rang": str(sent.rank), "soins": sent.care_day.isoformat()}
    return FormMultiDict({**values, "motif": "1"})


def _problem(error: FieldError, sent: RightsQuestion) -> FieldProblem:
    is_missing = error.field == "naissance" and sent.birth_date is None
    return FieldProblem(error.field, NO_BIRTH if is_missing else error.message)
