"""What was estimated of a quote, by the rules when it is sent, then by the desk; why what was paid differs (R-20)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.benefits import BenefitLine
from portal.data.case_desk import move_by_desk
from portal.data.cases import DECISIONS, Case, CaseState, WrongState
from portal.data.claims import Asked, ClaimLine, asked_of
from portal.data.columns import CheckConstraint, Index, instant
from portal.data.coverage import GuaranteeRule, GuaranteeVersion
from portal.data.estimates import Estimate, Question, estimate
from portal.data.parameters import Sector
from portal.data.rules import CONSULTATIONS
from portal.data.sessions import Viewer
from portal.data.visibility import lines_of, visible_scope
from portal.formatting import day_in_france
from portal.security import Keyring


class ClaimEstimate(SQLModel, table=True):
    """Amounts in cents; the last one of a case counts. `made_by`: an agent, or nobody for the rules. `made_for`: the
    day of care it was made for. `base_cents` (base of reimbursement), `base_rate` and `fees_cents` (flat fee and
    franchise) are known to the rules alone."""

    __tablename__ = "claim_estimate"
    __table_args__ = (
        Index("ix_claim_estimate_case", "case_id", "id"),
        CheckConstraint(
            "spent_cents = base_net_cents + supplementary_cents + remaining_cents", name="ck_estimate_adds_up"
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    made_at: datetime = instant()
    made_by: int | None = Field(default=None, foreign_key="account.id")
    made_for: date
    spent_cents: int
    base_cents: int | None = None
    base_rate: int | None = None
    fees_cents: int | None = None
    base_net_cents: int
    supplementary_cents: int
    remaining_cents: int
    rule_code: str = ""
    rule_label: str = ""


class Why(StrEnum):
    """Why what was paid is not what was estimated."""

    PRICE = "price"
    BASE = "base"
    RATE = "rate"
    OFF_PATH = "off-path"
    FEES = "fees"
    VERSION = "version"
    RULE = "rule"
    OTHER_COVER = "other-cover"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Shares:
    """Who pays what, in cents: `spent` is the sum of the others."""

    spent: int
    base_net: int
    supplementary: int
    other_cover: int
    remaining: int


@dataclass(frozen=True, slots=True)
class PaidLine:
    """A paid line and the guarantee that settled it; `version_from`: the first day of that guarantee's version."""

    line: BenefitLine
    rule_code: str
    version_from: date | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Estimated beside paid. `reasons` explain the differences; none when there is no difference."""

    estimated: Shares
    paid: Shares
    reasons: tuple[Why, ...]

    @property
    def gap(self) -> Shares:
        """Paid less estimated, share by share."""
        one, two = self.estimated, self.paid
        return Shares(
            two.spent - one.spent,
            two.base_net - one.base_net,
            two.supplementary - one.supplementary,
            two.other_cover - one.other_cover,
            two.remaining - one.remaining,
        )


# --- estimating ---


def estimate_of(db: Session, viewer: Viewer, asked: Asked, today: date) -> Estimate | None:
    """What the rules give for a quote that names its act; None for another, or when the viewer may not read that
    person's lines (an estimate tells what was used already)."""
    row, person_id = asked.row, asked.case.person_id
    if not asked.is_quote or not row.act_code or row.spent_cents is None or row.care_date is None or person_id is None:
        return None
    question = Question(person_id, row.act_code, row.spent_cents, row.care_date, Sector(row.sector), row.quantity)
    return estimate(db, viewer, question, today)


def keep_estimate(db: Session, viewer: Viewer, asked: Asked, now: datetime) -> None:
    """Keeps what the rules give for a quote as it is sent, if they give anything."""
    found = estimate_of(db, viewer, asked, day_in_france(now))
    if found is not None:
        db.add(_from_rules(asked, found, now))
        db.flush()


def last_estimate(db: Session, case: Case) -> ClaimEstimate | None:
    """The estimate that counts; None while there is none. The caller has found the case."""
    query = select(ClaimEstimate).where(ClaimEstimate.case_id == case.id).order_by(col(ClaimEstimate.id).desc())
    return db.exec(query.limit(1)).first()


def answer_quote(
    db: Session,
    agent: Viewer,
    keyring: Keyring,
    case: Case,
    state: CaseState,
    words: str,
    now: datetime,
    *,
    base_net: int = 0,
    supplementary: int = 0,
) -> None:
    """The desk answers a locked quote with what would be paid, in cents, and words that its author reads.

    Raises `WrongState`: no decision, no words, more than the quote's price, or a case that cannot be decided.
    """
    asked = asked_of(db, case)
    spent = asked.row.spent_cents or 0
    if (
        state not in DECISIONS
        or not words.strip()
        or min(base_net, supplementary, spent - base_net - supplementary) < 0
    ):
        raise WrongState
    if state is not CaseState.REFUSED:
        db.add(_from_desk(agent, asked, now, base_net, supplementary))
    move_by_desk(db, agent, keyring, case, state, words, now)


def _from_rules(asked: Asked, found: Estimate, now: datetime) -> ClaimEstimate:
    line = found.explanation.line
    return ClaimEstimate(
        case_id=asked.case.id or 0,
        made_at=now,
        made_for=line.care_date,
        spent_cents=line.spent_cents,
        base_cents=line.base_cents,
        base_rate=line.base_rate,
        fees_cents=line.flat_fee_cents + line.franchise_cents,
        base_net_cents=line.base_net_cents,
        supplementary_cents=line.supplementary_cents,
        remaining_cents=line.remaining_cents,
        rule_code=line.rule_code,
        rule_label=found.rule_label,
    )


def _from_desk(agent: Viewer, asked: Asked, now: datetime, base_net: int, supplementary: int) -> ClaimEstimate:
    spent = asked.row.spent_cents or 0
    return ClaimEstimate(
        case_id=asked.case.id or 0,
        made_at=now,
        made_by=agent.account_id,
        made_for=asked.row.care_date or day_in_france(now),
        spent_cents=spent,
        base_net_cents=base_net,
        supplementary_cents=supplementary,
        remaining_cents=spent - base_net - supplementary,
    )


# --- comparing ---


def paid_lines(db: Session, viewer: Viewer, case: Case, today: date) -> list[PaidLine]:
    """The lines that the case led to, as far as the viewer may read them. The caller has found the case."""
    readable = lines_of(visible_scope(db, viewer, today).detailed)
    query = (
        select(BenefitLine, GuaranteeRule.code, GuaranteeVersion.valid_from)
        .join(ClaimLine, col(ClaimLine.line_id) == BenefitLine.id)
        .outerjoin(GuaranteeRule, col(GuaranteeRule.id) == BenefitLine.rule_id)
        .outerjoin(GuaranteeVersion, col(GuaranteeVersion.id) == GuaranteeRule.version_id)
        .where(ClaimLine.case_id == case.id, readable)
        .order_by(col(BenefitLine.care_date), col(BenefitLine.id))
    )
    return [PaidLine(line, code or "", version_from) for line, code, version_from in db.exec(query)]


def compare(estimated: ClaimEstimate, paid: list[PaidLine]) -> Comparison:
    """What was estimated beside what was paid, and why they differ: each difference comes from amounts that differ."""
    shares = Shares(
        estimated.spent_cents,
        estimated.base_net_cents,
        estimated.supplementary_cents,
        0,
        estimated.remaining_cents,
    )
    lines = [each.line for each in paid]
    actual = Shares(
        sum(line.spent_cents for line in lines),
        sum(line.base_net_cents for line in lines),
        sum(line.supplementary_cents for line in lines),
        sum(line.other_cover_cents for line in lines),
        sum(line.remaining_cents for line in lines),
    )
    differs = shares != actual
    return Comparison(shares, actual, tuple(_reasons(estimated, paid, actual)) if differs else ())


def _reasons(estimated: ClaimEstimate, paid: list[PaidLine], actual: Shares) -> list[Why]:
    checks = (
        (Why.PRICE, actual.spent != estimated.spent_cents),
        *((why, True) for why in _base_reasons(estimated, [each.line for each in paid], actual.base_net)),
        (Why.VERSION, any(each.version_from and each.version_from > estimated.made_for for each in paid)),
        (Why.RULE, bool(estimated.rule_code) and any(each.rule_code != estimated.rule_code for each in paid)),
        (Why.OTHER_COVER, actual.other_cover != 0),
    )
    found = [why for why, is_so in checks if is_so]
    is_explained = actual.supplementary == estimated.supplementary_cents or bool(set(found) - {Why.FEES})
    return found if is_explained else [*found, Why.USED]


def _base_reasons(estimated: ClaimEstimate, lines: list[BenefitLine], base_net: int) -> list[Why]:
    """Reasons on the base scheme's side; an agent's estimate does not say more than the amount."""
    if estimated.base_cents is None:
        return [Why.BASE] if base_net != estimated.base_net_cents else []
    is_off_path = any(not line.in_care_path and line.act_code in CONSULTATIONS for line in lines)
    rate_differs = any(line.base_rate != estimated.base_rate for line in lines)
    fees = sum(line.flat_fee_cents + line.franchise_cents for line in lines)
    checks = (
        (Why.BASE, sum(line.base_cents for line in lines) != estimated.base_cents),
        (Why.OFF_PATH, is_off_path),
        (Why.RATE, rate_differs and not is_off_path),
        (Why.FEES, fees != estimated.fees_cents),
    )
    found = [why for why, is_so in checks if is_so]
    return found or ([Why.BASE] if base_net != estimated.base_net_cents else [])
