"""Dated figures as the settlement needs them: legal figures and tariffs in force on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select
from sqlmodel import Session

from portal.data.parameters import Act, ActTariff, Parameter
from portal.data.rules import Figures

CODES = {
    "flat_fee": "participation_forfaitaire",
    "flat_fee_day_cap": "participation_forfaitaire_plafond_jour",
    "flat_fee_year_cap": "participation_forfaitaire_plafond_annuel",
    "box_franchise": "franchise_boite",
    "paramedical_franchise": "franchise_paramedical",
    "paramedical_day_cap": "franchise_paramedical_plafond_jour",
    "transport_franchise": "franchise_transport",
    "transport_day_cap": "franchise_transport_plafond_jour",
    "franchise_year_cap": "franchise_plafond_annuel",
    "unbound_base": "base_specialiste_hors_optam",
    "off_path_rate": "taux_hors_parcours",
}
# The rule of heavy acts holds on the days when both have a value (social security code, R160-16).
HEAVY_CODES = {"heavy_threshold": "seuil_actes_lourds", "heavy_lump": "participation_actes_lourds"}
_READ = (*CODES.values(), *HEAVY_CODES.values())


@dataclass(frozen=True, slots=True)
class Tariff:
    """The base scheme's tariff of an act: base in cents (None: priced freely), rate in percent.

    `may_be_heavy`: the law's lump replaces the percentage once the tariff is high enough. It never does for imaging,
    laboratory, transport or prostheses, whatever their price (social security code, R160-16).
    """

    base_cents: int | None
    rate: int
    may_be_heavy: bool = False

    def is_heavy_on(self, figures: Figures, quantity: int) -> bool:
        """Whether a lump replaces the percentage under the figures of a day: acts done together are counted together.

        An act that the base scheme refunds whole, or not at all, has no percentage to replace.
        """
        if not self.may_be_heavy or self.base_cents is None or not 0 < self.rate < 100:
            return False
        if figures.heavy_threshold is None or figures.heavy_lump is None:
            return False
        return self.base_cents * quantity >= figures.heavy_threshold


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A value between two dates, both included; open-ended when `valid_to` is None."""

    valid_from: date
    valid_to: date | None
    value: int

    def holds_on(self, day: date) -> bool:
        """Whether the value is in force on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class FigureTable:
    """Every dated parameter, kept in memory: for work on many lines."""

    def __init__(self, rows: Iterable[tuple[str, date, date | None, int]]) -> None:
        self._values: dict[str, list[DatedValue]] = {}
        for code, valid_from, valid_to, value in rows:
            self._values.setdefault(code, []).append(DatedValue(valid_from, valid_to, value))
        self._cache: dict[date, Figures | None] = {}

    def value(self, code: str, day: date) -> int | None:
        """The parameter's value on `day`, in its own unit; None when it has none."""
        return next((dated.value for dated in self._values.get(code, ()) if dated.holds_on(day)), None)

    def on(self, day: date) -> Figures | None:
        """The legal figures of a day; None when one of them is missing."""
        if day not in self._cache:
            self._cache[day] = figures_from({code: self.value(code, day) for code in _READ})
        return self._cache[day]


def figures_from(values: dict[str, int | None]) -> Figures | None:
    """Legal figures out of parameters by code; None when one is missing, save those of heavy acts."""
    found = {field: values.get(code) for field, code in CODES.items()}
    if any(value is None for value in found.values()):
        return None
    return Figures(**found, **{field: values.get(code) for field, code in HEAVY_CODES.items()})


def act_labels(db: Session, codes: Iterable[str]) -> dict[str, str]:
    """What acts are called, by code; those that nobody knows are left out."""
    wanted = list(codes)
    if not wanted:
        return {}
    rows = db.connection().execute(select(Act.code, Act.label).where(Act.code.in_(wanted)))
    return {row.code: row.label for row in rows}


def known_acts(db: Session) -> set[str]:
    """The codes of every act."""
    return set(db.connection().execute(select(Act.code)).scalars())


def _in_force(start: Any, end: Any) -> ColumnElement[bool]:
    return and_(start <= bindparam("day"), or_(end.is_(None), end >= bindparam("day")))


_FIGURES = select(Parameter.code, Parameter.value).where(
    Parameter.code.in_(_READ), _in_force(Parameter.valid_from, Parameter.valid_to)
)
_TARIFF = select(ActTariff.base_cents, ActTariff.rate_percent, ActTariff.may_be_heavy).where(
    ActTariff.act_code == bindparam("act"), _in_force(ActTariff.valid_from, ActTariff.valid_to)
)

_DESCRIPTION = select(Act.description).where(Act.code == bindparam("act"))


def figures_on(db: Session, day: date) -> Figures | None:
    """The legal figures in force on `day`; None when the parameters do not say them all."""
    rows = db.connection().execute(_FIGURES, {"day": day})
    return figures_from({row.code: row.value for row in rows})


def tariff_on(db: Session, act_code: str, day: date) -> Tariff | None:
    """The tariff of an act on `day`; None when the act has none then."""
    row = db.connection().execute(_TARIFF, {"act": act_code, "day": day}).first()
    return None if row is None else Tariff(*row)


def tariff_of(row: ActTariff) -> Tariff:
    """A row of tariffs as the settlement reads it."""
    return Tariff(row.base_cents, row.rate_percent, row.may_be_heavy)


def act_description(db: Session, act_code: str) -> str:
    """The words that explain an act; empty when the act is unknown."""
    return db.connection().execute(_DESCRIPTION, {"act": act_code}).scalar() or ""


def parameters_on(db: Session, day: date) -> dict[str, tuple[str, int]]:
    """Every parameter in force on `day`, by code: its unit, and its value in that unit. About nobody."""
    query = select(Parameter.code, Parameter.unit, Parameter.value).where(
        _in_force(Parameter.valid_from, Parameter.valid_to)
    )
    return {row.code: (row.unit, row.value) for row in db.connection().execute(query, {"day": day})}
