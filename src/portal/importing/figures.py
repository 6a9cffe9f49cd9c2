"""Kinds of the dated figures: parameters, acts, act-tariffs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.benefits import Family
from portal.data.loading import Row, Target
from portal.data.parameters import Act, ActRule, ActTariff, ExampleCare, Parameter, Sector
from portal.data.references import References, acts
from portal.importing.kinds import Kind, PlainResolver, check_period, known
from portal.importing.values import amount, boolean, choice, code, day, integer, optional, remembered, required, words
from portal.security import Keyring


class ParameterRecord(NamedTuple):
    code: str
    label: str
    unit: str
    value: int
    valid_from: str
    valid_to: str | None
    source: str


class ActRecord(NamedTuple):
    code: str
    label: str
    family: str
    description: str


class TariffRecord(NamedTuple):
    act: str
    valid_from: str
    valid_to: str | None
    base: int | None
    rate: int
    heavy: bool


class ActRuleRecord(NamedTuple):
    act: str
    rule: str
    sector: str
    from_age: int
    below_age: int


class ExampleCareRecord(NamedTuple):
    code: str
    act: str
    sector: str
    label: str
    quantity: int
    price: int
    valid_from: str
    valid_to: str | None


class ActResolver(PlainResolver):
    """Checks that the act is known."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._acts = References(db, acts)
        self._known: dict[str, str] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._known = self._acts.load({record.act for record in records})

    def row(self, record: Any) -> Row:
        known(self._known, record.act, "act", "l’acte")
        return tuple(record)


def _check_dates(record: Any) -> None:
    check_period(record.valid_from, record.valid_to)


_DAY = remembered(required(day))
_DAY_OR_NONE = remembered(optional(day))

PARAMETERS = Kind(
    "parameters",
    ParameterRecord,
    {
        "code": required(code),
        "label": required(words),
        "unit": required(choice(("centimes", "nombre"))),
        "value": required(integer()),
        "valid_from": _DAY,
        "valid_to": _DAY_OR_NONE,
        "source": optional(words, ""),
    },
    Target(Parameter, ("code", "valid_from"), ("code", "label", "unit", "value", "valid_from", "valid_to", "source")),
    check=_check_dates,
)

ACTS = Kind(
    "acts",
    ActRecord,
    {
        "code": required(code),
        "label": required(words),
        "family": required(choice(Family)),
        "description": optional(words, ""),
    },
    Target(Act, ("code",), ("code", "label", "family", "description")),
)

TARIFFS = Kind(
    "act-tariffs",
    TariffRecord,
    {
        "act": required(code),
        "valid_from": _DAY,
        "valid_to": _DAY_OR_NONE,
        "base": optional(amount),
        "rate": required(integer(0, 100)),
        "heavy": optional(boolean, False),
    },
    Target(
        ActTariff,
        ("act_code", "valid_from"),
        ("act_code", "valid_from", "valid_to", "base_cents", "rate_percent", "may_be_heavy"),
    ),
    ActResolver,
    check=_check_dates,
    booleans=frozenset({"heavy"}),
)

ACT_RULES = Kind(
    "act-rules",
    ActRuleRecord,
    {
        "act": required(code),
        "rule": required(code),
        "sector": optional(choice(Sector), Sector.ANY),
        "from_age": required(integer(0, 150)),
        "below_age": required(integer(0, 150)),
    },
    Target(ActRule, ("act_code", "rule_code"), ("act_code", "rule_code", "sector", "from_age", "below_age")),
    ActResolver,
)

EXAMPLE_CARES = Kind(
    "example-cares",
    ExampleCareRecord,
    {
        "code": required(code),
        "act": required(code),
        "sector": optional(choice(Sector), Sector.ANY),
        "label": required(words),
        "quantity": required(integer(1, 100)),
        "price": required(amount),
        "valid_from": _DAY,
        "valid_to": _DAY_OR_NONE,
    },
    Target(
        ExampleCare,
        ("code", "valid_from"),
        ("code", "act_code", "sector", "label", "quantity", "price_cents", "valid_from", "valid_to"),
    ),
    ActResolver,
    check=_check_dates,
)
