"""Claims to value: a family under the demonstration's guarantees, a claim that it sent, and what an agent types."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from portal.data.bank_changes import mask
from portal.data.bank_details import BankDetails
from portal.data.benefits import BenefitLine, Family, LineKind
from portal.data.case_desk import Agent
from portal.data.cases import Case, WrongState
from portal.data.claim_drafts import Amount
from portal.data.claim_settling import value
from portal.data.claims import Asked, ClaimLine
from portal.data.coverage import GuaranteeRule, GuaranteeVersion
from portal.data.rectification_review import Rectification, as_seen, review_of
from portal.data.rectifying import Rectified, apply_rectification
from portal.data.sessions import Viewer
from portal.data.valuation import Entry, Valuation
from portal.data.work_items import WorkItem
from portal.security import Keyring
from tests.support import factories
from tests.support.claims import for_desk, sent
from tests.support.reference import product_id

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY = date(2026, 11, 10)
IBAN = "FR7630006000011234567890189"
WORDS = "Voici le détail de votre remboursement."
MOTIVE = "Le tarif du praticien est celui du devis que nous avions accepté."


@dataclass
class Home:
    """A member with an account of the portal and a child, under the product of the demonstration."""

    house: factories.Household
    account_id: int
    viewer: Viewer

    @property
    def member_id(self) -> int:
        return self.house.member.id or 0


def home(db: Session, keyring: Keyring, *, with_bank: bool = True, name: str = "Essai") -> Home:
    """Such a family; `with_bank`: the insurer's files report the member's account."""
    house = factories.household(db, children={"Lou": factories.MINOR_BIRTH}, name=name)
    house.contract.product_id = product_id(db)
    account = factories.member_account(db, keyring, house.member, email=f"{name.lower()}@exemple.example")
    if with_bank:
        report_bank(db, keyring, house.member.id or 0)
    db.flush()
    return Home(house, account.id or 0, factories.viewer_of(db, account))


def report_bank(
    db: Session, keyring: Keyring, person_id: int, iban: str = IBAN, on: date = date(2020, 1, 1)
) -> BankDetails:
    """Bank details that the insurer's files report."""
    sealed = {"iban_encrypted": keyring.encrypt(iban), "iban_lookup": keyring.lookup(iban), "masked": mask(iban)}
    holder = keyring.encrypt("Anne D’Été-Œuvré")
    row = BankDetails(person_id=person_id, holder_encrypted=holder, reported_on=on, **sealed)
    db.add(row)
    db.flush()
    return row


def claimed(db: Session, of: Home, cents: int = 6000, *, day: date = DAY, now: datetime = NOW, **what: Any) -> Asked:
    """A claim that the family sent."""
    return sent(db, of.viewer, now=now, day=day, amount=Amount(cents), **({"family": Family.ALTERNATIVE} | what))


def entry(of: Home, act: str = "OST", cents: int = 6000, **values: Any) -> Entry:
    """A line as an agent types it."""
    base = {"person_id": of.member_id, "care_date": DAY, "act_code": act, "spent_cents": cents}
    return Entry(**(base | values))


def seen(db: Session, agent: Viewer, case: Case, *entries: Entry, words: str = WORDS, now: datetime = NOW) -> Valuation:
    """A valuation whose agent has seen what the rules give."""
    typed = Valuation(lines=entries, words=words)
    outcome = value(db, agent, case, typed, now)
    lines = tuple(msgspec.structs.replace(each.entry, seen_cents=each.computed) for each in outcome.lines)
    return Valuation(lines=lines, words=words)


def sheet_of(client: Any, of: Home, cents: int = 6000, **what: Any) -> str:
    """The path of the page on which a claim of the family's is valued, sent yesterday."""
    with client.services.database.write() as db:
        case_id = claimed(db, of, cents, now=datetime.now(UTC) - timedelta(days=1), **what).case.id
        item = db.exec(select(WorkItem.id).where(WorkItem.case_id == case_id)).one()
    (opaque,) = client.services.keyring.conceal("work", [item])
    return f"/gestion/dossiers/{opaque}/liquidation"


def use_up(db: Session, of: Home, day: date) -> None:
    """Three sessions of osteopathy, paid after a day: the contract pays no more that year."""
    query = select(GuaranteeRule.id).join(GuaranteeVersion, col(GuaranteeVersion.id) == GuaranteeRule.version_id)
    wanted = query.where(GuaranteeVersion.product_id == product_id(db), col(GuaranteeRule.code).like("%OST%"))
    rule_id = db.exec(wanted.order_by(col(GuaranteeVersion.valid_from).desc())).first()
    used = {"spent_cents": 6000, "base_cents": 0, "base_rate": 0, "base_gross_cents": 0, "flat_fee_cents": 0}
    shares = {"base_net_cents": 0, "supplementary_cents": 4000, "remaining_cents": 2000}
    for days in (1, 2, 3):
        then = day + timedelta(days=days)
        factories.paid_line(db, of.house.contract, care_date=then, act_code="OST", rule_id=rule_id, **used, **shares)


def righted(
    db: Session, agent: Agent, keyring: Keyring, case: Case, words: str, now: datetime = NOW, **values: Any
) -> Rectified:
    """The line of a claim that stands, or the last that did, put right by an agent who has seen what comes of it:
    cancelled outright, or with what is given of an entry."""
    case = for_desk(db, agent, case)
    line = db.exec(
        select(BenefitLine)
        .join(ClaimLine, col(ClaimLine.line_id) == BenefitLine.id)
        .where(ClaimLine.case_id == case.id, BenefitLine.kind == LineKind.CARE)
        .order_by(col(BenefitLine.id).desc())
    ).first()
    review = review_of(db, agent, case, Rectification(line_id=line.id or 0, entry=_entry_of(line, values)), now)
    if review is None:
        raise WrongState
    return apply_rectification(db, agent, keyring, case, as_seen(review), words, now)


def _entry_of(line: BenefitLine, values: dict[str, Any]) -> Entry | None:
    kept = {name: getattr(line, name) for name in ("person_id", "care_date", "act_code", "spent_cents", "quantity")}
    return Entry(**(kept | values)) if values else None
