"""Dated figures of group contracts: the ceiling, the least share of the employer, delays (domain 3.5)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_
from sqlmodel import Session, col, select

from portal.data.parameters import Parameter

CODES = {
    "ceiling_cents": "plafond_mensuel_securite_sociale",
    "employer_percent": "employeur_part_minimum",
    "solidarity_tax": "taxe_solidarite_additionnelle",
    "backdating_months": "affiliation_retroactivite",
    "portability_months": "portabilite_duree_maximum",
    "evin_offer_months": "evin_proposition_delai",
    "evin_request_months": "evin_demande_delai",
    "evin_first_percent": "evin_tarif_premiere_annee",
    "evin_second_percent": "evin_tarif_deuxieme_annee",
    "evin_third_percent": "evin_tarif_troisieme_annee",
}


class FiguresUnknown(Exception):
    """The insurer has not set all the figures of a day: what depends on them waits."""


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """Figures of a day: `ceiling_cents` the monthly social-security ceiling; `solidarity_tax` ten-thousandths; delays
    in months; percents of the actives' price."""

    ceiling_cents: int
    employer_percent: int
    solidarity_tax: int
    backdating_months: int
    portability_months: int
    evin_offer_months: int
    evin_request_months: int
    evin_first_percent: int
    evin_second_percent: int
    evin_third_percent: int


def group_figures_on(db: Session, day: date) -> GroupFigures | None:
    """The figures in force on a day; None when one of them is not known then."""
    query = select(Parameter.code, Parameter.value).where(
        col(Parameter.code).in_(CODES.values()),
        Parameter.valid_from <= day,
        or_(col(Parameter.valid_to).is_(None), col(Parameter.valid_to) >= day),
    )
    values: dict[str, int] = dict(db.exec(query).all())
    if len(values) < len(CODES):
        return None
    return GroupFigures(**{name: values[code] for name, code in CODES.items()})


def needed_figures(db: Session, day: date) -> GroupFigures:
    """The figures in force on a day. Raises `FiguresUnknown`."""
    figures = group_figures_on(db, day)
    if figures is None:
        raise FiguresUnknown(day.isoformat())
    return figures
