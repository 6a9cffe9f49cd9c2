"""Kinds of the money: payments, and benefit lines. The lines come by the million, so their path is short."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.benefits import BenefitLine, Family, LineKind, Method, Payment, Source, Status
from portal.data.loading import Row, Target
from portal.data.references import References, contracts, covers, options, payments, persons, versions
from portal.folding import fold
from portal.formatting import number
from portal.importing.kinds import Kind, PlainResolver, known
from portal.importing.problems import RejectedRow
from portal.importing.values import (
    amount,
    boolean,
    choice,
    code,
    day,
    integer,
    optional,
    remembered,
    required,
    words,
)
from portal.security import Keyring


class PaymentRecord(NamedTuple):
    reference: str
    member: str
    paid_on: str
    method: str
    payee: str
    iban_masked: str
    amount: int


class LineRecord(NamedTuple):
    reference: str
    payment: str | None
    contract: str
    person: str
    posted_on: str
    care_date: str
    act: str
    label: str
    family: str
    kind: str
    status: str
    source: str
    provider: str
    quantity: int
    spent: int
    base: int
    rate: int
    base_gross: int
    flat_fee: int
    franchise: int
    base_net: int
    supplementary: int
    other_cover: int
    remaining: int
    rule: str | None
    care_path: bool
    note: str


class PaymentResolver(PlainResolver):
    """Finds the member."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._persons = References(db, persons)
        self._members: dict[str, int] = {}

    def prepare(self, records: Sequence[Any]) -> None:
        self._members = self._persons.load({record.member for record in records})

    def row(self, record: Any) -> Row:
        return (record.reference, known(self._members, record.member, "member", "l’adhérent"), *record[2:])


class LineResolver(PlainResolver):
    """Finds the contract, the person and that person's cover, the payment, and the guarantee rule in force."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        super().__init__(db, keyring)
        self._contracts, self._persons = References(db, contracts), References(db, persons)
        self._payments, self._covers, self._versions = (References(db, look) for look in (payments, covers, versions))
        self._options = References(db, options)
        self._contract: dict[str, Any] = {}
        self._person: dict[str, int] = {}
        self._payment: dict[str, Any] = {}
        self._cover: dict[int, Any] = {}
        self._version: dict[int, Any] = {}
        self._option: dict[int, Any] = {}
        self._fold = remembered(fold)

    def prepare(self, records: Sequence[Any]) -> None:
        numbers = {record.contract for record in records}
        self._contract = self._contracts.load(numbers)
        self._person = self._persons.load({record.person for record in records})
        self._payment = self._payments.load({record.payment for record in records})
        named = [self._contract[number] for number in numbers if number in self._contract]
        self._cover = self._covers.load({contract.id for contract in named})
        self._option = self._options.load({contract.id for contract in named})
        added = {product_id for contract in named for product_id, _ in self._option[contract.id]}
        self._version = self._versions.load({contract.product_id for contract in named} | added)

    def row(self, record: Any) -> Row:
        contract = known(self._contract, record.contract, "contract", "le contrat")
        person_id = known(self._person, record.person, "person", "la personne")
        self._check_cover(record, contract.id, person_id)
        return (
            record.reference,
            self._payment_id(record, contract.member_id),
            contract.member_id,
            contract.id,
            person_id,
            *record[4:24],
            self._rule_id(record, contract),
            record.care_path,
            record.note,
            self._search(record),
        )

    def _check_cover(self, record: Any, contract_id: int, person_id: int) -> None:
        periods = self._cover[contract_id].get(person_id, ())
        for period in periods:
            if period.holds(record.care_date):
                return
        if not periods:
            raise RejectedRow("person", record.person, f"n’est pas bénéficiaire du contrat {record.contract}")
        raise RejectedRow(
            "care_date", record.care_date, f"{record.person} n’est pas couvert ce jour-là par {record.contract}"
        )

    def _payment_id(self, record: Any, member_id: int) -> int | None:
        if record.payment is None:
            return None
        payment = known(self._payment, record.payment, "payment", "le paiement")
        if payment.member_id != member_id:
            raise RejectedRow("payment", record.payment, f"n’est pas au nom de l’adhérent du contrat {record.contract}")
        return int(payment.id)

    def _rule_id(self, record: Any, contract: Any) -> int | None:
        """The rule of an option that the contract held on that day, or else of its product."""
        if record.rule is None:
            return None
        held = (product_id for product_id, period in self._option[contract.id] if period.holds(record.care_date))
        for product_id in held:
            version = self._version_on(product_id, record.care_date)
            if version is not None and record.rule in version.rules:
                return int(version.rules[record.rule])
        return self._product_rule_id(record, contract.product_id)

    def _product_rule_id(self, record: Any, product_id: int) -> int:
        version = self._version_on(product_id, record.care_date)
        if version is None:
            raise RejectedRow("rule", record.rule, f"aucun tableau de garanties en vigueur le {record.care_date}")
        if record.rule not in version.rules:
            raise RejectedRow("rule", record.rule, f"absente du tableau de garanties du {version.period.start}")
        return int(version.rules[record.rule])

    def _version_on(self, product_id: int, day: str) -> Any:
        """The product's guarantee version in force on a day, or None."""
        return next((version for version in self._version[product_id] if version.period.holds(day)), None)

    def _search(self, record: Any) -> str:
        folded = self._fold
        text: str = f"{folded(record.label)} {folded(record.provider)} {folded(record.act)} {folded(record.note)}"
        return text.strip()


def check_line(record: Any) -> None:
    """Raises `RejectedRow` when the amounts do not add up (cents), or an act of care is not named."""
    shared = record.base_net + record.supplementary + record.other_cover + record.remaining
    if record.spent != shared:
        raise RejectedRow("spent", number(record.spent), _unbalanced(record, shared))
    if record.base_net != record.base_gross - record.flat_fee - record.franchise:
        raise RejectedRow("base_net", number(record.base_net), _ungrounded(record))
    if record.kind == LineKind.CARE and not record.act:
        raise RejectedRow("act", "", "un soin porte le code de son acte")


def _unbalanced(record: Any, shared: int) -> str:
    parts = (record.base_net, record.supplementary, record.other_cover, record.remaining)
    return (
        "la dépense ne correspond pas à sa répartition : "
        f"base_net + supplementary + other_cover + remaining = {' + '.join(map(number, parts))} = {number(shared)}"
    )


def _ungrounded(record: Any) -> str:
    parts = (record.base_gross, record.flat_fee, record.franchise)
    net = record.base_gross - record.flat_fee - record.franchise
    return (
        "la part nette ne correspond pas à son calcul : "
        f"base_gross − flat_fee − franchise = {' − '.join(map(number, parts))} = {number(net)}"
    )


_CODE = required(code)
_DAY = remembered(required(day))
_AMOUNT = remembered(required(amount))
_AMOUNT_OR_ZERO = remembered(optional(amount, 0))
_NAME = remembered(required(words))
_COUNT = remembered(optional(integer(-9_999, 9_999), 1))

PAYMENTS = Kind(
    "payments",
    PaymentRecord,
    {
        "reference": _CODE,
        "member": _CODE,
        "paid_on": _DAY,
        "method": remembered(required(choice(Method))),
        "payee": _NAME,
        "iban_masked": optional(code, ""),
        "amount": _AMOUNT,
    },
    Target(
        Payment,
        ("reference",),
        ("reference", "member_id", "paid_on", "method", "payee", "iban_masked", "amount_cents"),
        pinned=("member_id",),
    ),
    PaymentResolver,
)

BENEFIT_LINES = Kind(
    "benefit-lines",
    LineRecord,
    {
        "reference": _CODE,
        "payment": optional(code),
        "contract": remembered(_CODE),
        "person": remembered(_CODE),
        "posted_on": _DAY,
        "care_date": _DAY,
        "act": remembered(optional(code, "")),
        "label": _NAME,
        "family": remembered(required(choice(Family))),
        "kind": remembered(required(choice(LineKind))),
        "status": remembered(required(choice(Status))),
        "source": remembered(required(choice(Source))),
        "provider": remembered(optional(words, "")),
        "quantity": _COUNT,
        "spent": _AMOUNT,
        "base": _AMOUNT,
        "rate": remembered(required(integer(0, 100))),
        "base_gross": _AMOUNT,
        "flat_fee": _AMOUNT_OR_ZERO,
        "franchise": _AMOUNT_OR_ZERO,
        "base_net": _AMOUNT,
        "supplementary": _AMOUNT,
        "other_cover": _AMOUNT_OR_ZERO,
        "remaining": _AMOUNT,
        "rule": remembered(optional(code)),
        "care_path": remembered(optional(boolean, True)),
        "note": remembered(optional(words, "")),
    },
    Target(
        BenefitLine,
        ("reference",),
        (
            *("reference", "payment_id", "member_id", "contract_id", "person_id", "posted_on", "care_date"),
            *("act_code", "label", "family", "kind", "status", "source", "provider", "quantity"),
            *("spent_cents", "base_cents", "base_rate", "base_gross_cents", "flat_fee_cents", "franchise_cents"),
            *("base_net_cents", "supplementary_cents", "other_cover_cents", "remaining_cents"),
            *("rule_id", "in_care_path", "note", "search"),
        ),
    ),
    LineResolver,
    check=check_line,
    booleans=frozenset({"care_path"}),
)
