"""The deadlines of changes of beneficiaries that are in force on a day: dated rows, never code."""

from datetime import date

from sqlalchemy import or_
from sqlmodel import Session, col, select

from portal.data.beneficiary_rules import Deadlines
from portal.data.parameters import Parameter

CODES = {
    "birth": "beneficiaire_naissance_delai",
    "birth_free": "beneficiaire_naissance_gratuite",
    "event": "beneficiaire_evenement_delai",
    "notice": "beneficiaire_retrait_preavis",
    "change": "beneficiaire_retrait_delai",
    "change_effect": "beneficiaire_retrait_effet",
    "student_age": "beneficiaire_etudiant_age",
}


def deadlines_on(db: Session, day: date) -> Deadlines | None:
    """The deadlines of a day; None when the parameters do not say them all: an agent then computes the day."""
    query = select(Parameter.code, Parameter.value).where(
        col(Parameter.code).in_(CODES.values()),
        Parameter.valid_from <= day,
        or_(col(Parameter.valid_to).is_(None), col(Parameter.valid_to) >= day),
    )
    found = dict(db.exec(query).all())
    values = {field: found.get(code) for field, code in CODES.items()}
    if any(value is None for value in values.values()):
        return None
    return Deadlines(**{field: value or 0 for field, value in values.items()})
