"""Kinds of exemptions' law: exemption-grounds, opened-exemptions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.exemption_grounds import ExemptionGround, GroundKind, OpenedExemption
from portal.data.loading import Row, Target
from portal.data.references import GroupReference, References, group_contracts
from portal.importing.kinds import Kind, PlainResolver, check_period, known
from portal.importing.values import boolean, choice, code, day, integer, optional, remembered, required, words
from portal.security import Keyring


class GroundRecord(NamedTuple):
    code: str
    label: str
    kind: str
    article: str
    condition: str
    evidence: str
    evidence_hint: str
    names_insurer: bool
    needs_until: bool
    most_months: int | None
    renewal_months: int | None
    is_renewable: bool
    valid_from: str
    valid_to: str | None


class OpenedRecord(NamedTuple):
    group_contract: str
    ground: str
    valid_from: str
    valid_to: str | None


class OpenedResolver(PlainResolver):
    """Finds the group contract."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._groups = References(db, group_contracts)
        self._found: dict[str, GroupReference] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._found = self._groups.load({record.group_contract for record in records})

    def row(self, record: Any) -> Row:
        group = known(self._found, record.group_contract, "group_contract", "le contrat de groupe")
        return (group.id, *record[1:])


def _check_validity(record: Any) -> None:
    check_period(record.valid_from, record.valid_to)


_CODE = required(code)
_DAY = remembered(required(day))
_DAY_OR_NONE = remembered(optional(day))
_MONTHS = optional(integer(1, 120))

EXEMPTION_GROUNDS = Kind(
    "exemption-grounds",
    GroundRecord,
    {
        "code": _CODE,
        "label": required(words),
        "kind": required(choice(GroundKind)),
        "article": required(words),
        "condition": required(words),
        "evidence": optional(words, ""),
        "evidence_hint": optional(words, ""),
        "names_insurer": optional(boolean, False),
        "needs_until": optional(boolean, False),
        "most_months": _MONTHS,
        "renewal_months": _MONTHS,
        "renewable": optional(boolean, True),
        "valid_from": _DAY,
        "valid_to": _DAY_OR_NONE,
    },
    Target(ExemptionGround, ("code", "valid_from"), GroundRecord._fields),
    check=_check_validity,
    booleans=frozenset({"names_insurer", "needs_until", "renewable"}),
)

OPENED_EXEMPTIONS = Kind(
    "opened-exemptions",
    OpenedRecord,
    {
        "group_contract": _CODE,
        "ground": _CODE,
        "valid_from": _DAY,
        "valid_to": _DAY_OR_NONE,
    },
    Target(
        OpenedExemption,
        ("group_contract_id", "ground_code", "valid_from"),
        ("group_contract_id", "ground_code", "valid_from", "valid_to"),
    ),
    OpenedResolver,
    check=_check_validity,
)
