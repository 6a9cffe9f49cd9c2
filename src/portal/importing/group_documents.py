"""Kinds of what goes with a group contract: contract-amendments, payroll-settings, payroll-codes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.contract_versions import ContractAmendment
from portal.data.contributions import Structure
from portal.data.loading import Row, Target
from portal.data.payroll_codes import PayrollCode, PayrollSetting
from portal.data.references import GroupReference, References, group_contracts
from portal.importing.kinds import Kind, PlainResolver, known
from portal.importing.staff import GROUP, RateResolver
from portal.importing.values import choice, code, day, integer, optional, remembered, required, words
from portal.security import Keyring


class AmendmentRecord(NamedTuple):
    group_contract: str
    number: int
    subject: str
    effective_on: str
    signed_on: str | None


class SettingRecord(NamedTuple):
    group_contract: str
    valid_from: str
    reference: str
    organism_code: str
    delegate_code: str


class CodeRecord(NamedTuple):
    group_contract: str
    category: str
    structure: str
    valid_from: str
    option_code: str


class GroupResolver(PlainResolver):
    """Finds the group contract."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._groups = References(db, group_contracts)
        self._found: dict[str, GroupReference] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._found = self._groups.load({record.group_contract for record in records})

    def row(self, record: Any) -> Row:
        return (known(self._found, record.group_contract, "group_contract", GROUP).id, *record[1:])


_CODE = required(code)
_DAY = remembered(required(day))

CONTRACT_AMENDMENTS = Kind(
    "contract-amendments",
    AmendmentRecord,
    {
        "group_contract": _CODE,
        "number": required(integer(1, 9_999)),
        "subject": required(words),
        "effective_on": _DAY,
        "signed_on": remembered(optional(day)),
    },
    Target(
        ContractAmendment,
        ("group_contract_id", "number"),
        ("group_contract_id", "number", "subject", "effective_on", "signed_on"),
    ),
    GroupResolver,
)

PAYROLL_SETTINGS = Kind(
    "payroll-settings",
    SettingRecord,
    {
        "group_contract": _CODE,
        "valid_from": _DAY,
        "reference": _CODE,
        "organism_code": _CODE,
        "delegate_code": optional(code, ""),
    },
    Target(
        PayrollSetting,
        ("group_contract_id", "valid_from"),
        ("group_contract_id", "valid_from", "reference", "organism_code", "delegate_code"),
    ),
    GroupResolver,
)

PAYROLL_CODES = Kind(
    "payroll-codes",
    CodeRecord,
    {
        "group_contract": _CODE,
        "category": _CODE,
        "structure": required(choice(Structure)),
        "valid_from": _DAY,
        "option_code": optional(code, ""),
    },
    Target(
        PayrollCode,
        ("category_id", "structure", "valid_from"),
        ("category_id", "structure", "valid_from", "option_code"),
    ),
    RateResolver,
)
