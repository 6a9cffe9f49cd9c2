"""The guarantee table in words: what the base scheme pays, what the insurer adds, both together, and the limits."""

from dataclasses import dataclass

from portal.data.coverage import Formula, Heading
from portal.data.guarantees import TableRow
from portal.data.parameters import Sector
from portal.data.rules import Terms
from portal.formatting import NBSP, money

HEADING_LABELS = {
    Heading.HOSPITAL: "Hospitalisation",
    Heading.EVERYDAY: "Soins courants",
    Heading.DENTAL: "Dentaire",
    Heading.OPTICAL: "Optique",
    Heading.HEARING: "Aides auditives",
    Heading.WELLBEING: "Prévention et bien-être",
}
SECTOR_LABELS = {
    Sector.OPTAM: "Médecin signataire de l’Optam (prix modérés)",
    Sector.UNBOUND: "Médecin non signataire de l’Optam",
    Sector.FULL_COVER: f"Panier 100{NBSP}% Santé (sans reste à payer)",
    Sector.FREE: "Équipement à prix libre",
}
NOTHING = "Rien"
# Rules whose amount is for one of these, rather than for one act.
_UNITS = {Heading.OPTICAL: "équipement", Heading.HEARING: "oreille", Heading.DENTAL: "acte"}


@dataclass(frozen=True, slots=True)
class Shares:
    """A row's three columns, and its limits, in French; `limits` may be empty."""

    base: str
    supplementary: str
    together: str
    limits: str


def shares_of(row: TableRow) -> Shares:
    """What each pays for the care of a row."""
    return Shares(_base(row), _supplementary(row), _together(row), limits_of(row.terms))


def limits_of(terms: Terms) -> str:
    """How often, and up to how much, in words; empty without a limit."""
    period = f"tous les {_months(terms.renewal_months)}" if terms.renewal_months else "par an"
    limits = []
    if terms.max_acts is not None:
        limits.append(f"{terms.max_acts} fois {period}")
    if terms.max_cents is not None:
        limits.append(f"{money(terms.max_cents)} {period} au plus")
    return ", ".join(limits)


def _months(months: int) -> str:
    return f"{months // 12} ans" if months % 12 == 0 and months > 12 else "ans" if months == 12 else f"{months} mois"


def _percent(percent: int) -> str:
    return f"{percent}{NBSP}%"


def _base(row: TableRow) -> str:
    if row.lump is not None:
        less = f"la base moins {money(row.lump)}"
        return f"{_rates(row)}, ou {less}" if row.rates else less.capitalize()
    return _rates(row)


def _rates(row: TableRow) -> str:
    if not row.rates or row.rates == (0,):
        return NOTHING
    if len(row.rates) == 1:
        return _percent(row.rates[0])
    return f"{row.rates[0]} à {_percent(row.rates[-1])}"


def _supplementary(row: TableRow) -> str:
    terms = row.terms
    if terms.formula == Formula.PERCENT:
        return _percent_share(terms.percent or 0, row.rates) if row.lump is None else "Le complément"
    if terms.formula == Formula.FULL:
        return "Tout le reste"
    if terms.formula == Formula.NONE:
        return NOTHING
    amount = f"{money(terms.amount_cents or 0)} au plus"
    return amount if terms.formula == Formula.FLAT else "Le complément"


def _percent_share(percent: int, rates: tuple[int, ...]) -> str:
    if len(rates) == 1 and rates[0]:
        return _percent(percent - rates[0]) if percent > rates[0] else NOTHING
    return "Le complément" if rates and rates[-1] else _percent(percent)


def _beside_a_flat_amount(row: TableRow) -> str:
    if row.lump is not None:
        return "La part de la Sécurité sociale + "
    return "" if _base(row) == NOTHING else f"{_base(row)} de la base + "


def _together(row: TableRow) -> str:
    terms = row.terms
    if terms.formula == Formula.PERCENT:
        return f"{_percent(terms.percent or 0)} de la base"
    if terms.formula == Formula.FULL:
        return "Rien à payer" if row.is_full_cover else "Frais réels"
    if terms.formula == Formula.FLAT_WITH_BASE:
        return f"{money(terms.amount_cents or 0)} par {_UNITS.get(row.heading, 'acte')}"
    if terms.formula == Formula.FLAT:
        return f"{_beside_a_flat_amount(row)}{money(terms.amount_cents or 0)}"
    return _base(row)
