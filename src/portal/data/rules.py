"""How a line is settled: pure arithmetic, no database. Amounts are integer cents, rates whole percents.

The base scheme pays `rate` % of the base, or for a heavy act all of it but a lump, less what it withholds (flat fee or
franchise); the guarantee rule then gives the supplementary share. Nobody refunds the flat fee, the franchise or the cut
for care outside the care path: that is what makes a contract "responsible" (social security code, L871-1 and R871-1).
The lump of heavy acts is no such charge: it stands for the percentage (ticket modérateur), which the insurer pays.
"""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple, Protocol

from portal.data.coverage import Formula

CONSULTATIONS = frozenset({"APC", "C", "CCX", "CNP", "CS", "CSC", "G", "GS", "TC", "TCG", "V", "VS"})
FLAT_FEE_ACTS = CONSULTATIONS | {"ADE", "ADI", "B", "KB", "TB"}
BOXES = frozenset({"PH1", "PH2", "PH4", "PH7"})
PARAMEDICAL = frozenset({"AIS", "AMI", "AMK", "AMO", "AMP", "AMS", "AMY"})
TRANSPORTS = frozenset({"ABA", "VSL"})
FRANCHISE_ACTS = BOXES | PARAMEDICAL | TRANSPORTS
NO_CAP = 10**12


class Figures(NamedTuple):
    """The legal figures in force on a day: cents, save `off_path_rate` in percent.

    `heavy_threshold`, `heavy_lump`: from which tariff a lump replaces the percentage, and that lump; None on a day
    when the rule was not in force.
    """

    flat_fee: int
    flat_fee_day_cap: int
    flat_fee_year_cap: int
    box_franchise: int
    paramedical_franchise: int
    paramedical_day_cap: int
    transport_franchise: int
    transport_day_cap: int
    franchise_year_cap: int
    unbound_base: int
    off_path_rate: int
    heavy_threshold: int | None = None
    heavy_lump: int | None = None


class Terms(NamedTuple):
    """What a guarantee rule grants. Limits run over the civil year, or over `renewal_months` when set."""

    code: str
    formula: str
    percent: int | None = None
    amount_cents: int | None = None
    max_acts: int | None = None
    max_cents: int | None = None
    renewal_months: int | None = None


class Care(NamedTuple):
    """An act as billed. `base_cents` covers the whole quantity. `usual_rate` is the rate inside the care path.

    `is_deferred`: the professional was paid directly, so nothing could be withheld from this line. `is_heavy`: a lump
    replaces the percentage (`figures.Tariff.is_heavy_on` tells). `told_net`: what the base scheme says that it paid, in
    cents, where somebody read it from its statement.
    """

    act_code: str
    quantity: int
    spent_cents: int
    base_cents: int
    rate: int
    usual_rate: int
    is_exempt: bool = False
    is_deferred: bool = False
    other_cover_cents: int = 0
    is_heavy: bool = False
    told_net: int | None = None

    @property
    def applied_rate(self) -> int:
        """The percentage of the base that a line shows: 100 for a heavy act, from which a lump is then taken."""
        return 100 if self.is_heavy else self.rate


class Used(NamedTuple):
    """What earlier care already used: of the patient's caps (`…_day`: same day, same professional) and of the rule."""

    flat_fee_year: int = 0
    flat_fee_day: int = 0
    franchise_year: int = 0
    franchise_day: int = 0
    acts: int = 0
    cents: int = 0


class Settlement(NamedTuple):
    """Where the money goes, in cents. `…_due` is owed by the patient even when it could not be withheld here.

    `granted` is what the formula gives before the rule's limits; `path_cut` what the care-path penalty leaves unpaid;
    `lump` what a heavy act leaves of the base instead of a percentage.
    """

    base: int
    base_gross: int
    flat_fee_due: int
    franchise_due: int
    flat_fee: int
    franchise: int
    base_net: int
    path_cut: int
    granted: int
    supplementary: int
    remaining: int
    lump: int = 0


class PastLine(Protocol):
    """The columns of an earlier line that counters need."""

    reference: str
    contract_id: int
    care_date: date
    provider: str
    quantity: int
    flat_fee_cents: int
    franchise_cents: int
    supplementary_cents: int
    rule_code: str


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of two non-negative integers, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def percent_of(cents: int, percent: int) -> int:
    """`percent` % of an amount, half-up to the cent."""
    return (2 * cents * percent + 100) // 200


def settle(care: Care, figures: Figures, terms: Terms | None, used: Used) -> Settlement:
    """Settles one act under the figures and the guarantee rule of its day. `terms` is None when nothing covers it."""
    spent = care.spent_cents
    base = min(care.base_cents, spent)
    lump = lump_participation(care, base, figures)
    gross, path_cut = gross_share(care, base, lump)
    fee_due, franchise_due = patient_charges(care, gross, figures, used)
    fee, franchise = (0, 0) if care.is_deferred else (fee_due, franchise_due)
    if care.told_net is not None and care.told_net != gross - fee - franchise:
        lump, fee_due, franchise_due = 0, *told_charges(care.told_net, base, gross, (fee, franchise))
        fee, franchise = fee_due, franchise_due
        gross = care.told_net + fee + franchise
        path_cut = min(path_cut, max(0, base - gross))
    granted = supplementary = 0
    if terms is not None:
        granted = granted_share(care, terms, base, gross + path_cut)
        supplementary = within_limits(granted, care.quantity, terms, used)
    net = gross - fee - franchise
    remaining = spent - net - supplementary - care.other_cover_cents
    return Settlement(
        base, gross, fee_due, franchise_due, fee, franchise, net, path_cut, granted, supplementary, remaining, lump
    )


def told_charges(net: int, base: int, gross: int, charges: tuple[int, int]) -> tuple[int, int]:
    """Flat fee and franchise behind what the base scheme says that it paid (`net`), which the rules do not give:
    nothing when it paid its whole share, else the usual `charges` as far as its share stays within the base."""
    if net == gross:
        return 0, 0
    fee, franchise = charges
    withheld = max(0, min(fee + franchise, base - net))
    return min(fee, withheld), withheld - min(fee, withheld)


def lump_participation(care: Care, base: int, figures: Figures) -> int:
    """What a heavy act leaves of the base instead of a percentage, in cents: once for the whole quantity, never more
    than the base, nothing when the patient is exempt or the act is not heavy (social security code, R160-16)."""
    if not care.is_heavy or care.is_exempt:
        return 0
    return min(figures.heavy_lump or 0, base)


def gross_share(care: Care, base: int, lump: int) -> tuple[int, int]:
    """What the base scheme pays before it withholds anything, and what the care-path penalty leaves, in cents."""
    full = base - lump if care.is_heavy else percent_of(base, care.usual_rate)
    path_cut = min(full, max(0, percent_of(base, care.usual_rate) - percent_of(base, care.rate)))
    return full - path_cut, path_cut


def patient_charges(care: Care, gross: int, figures: Figures, used: Used) -> tuple[int, int]:
    """Flat fee and franchise owed on an act, never more than the base scheme pays for it (`gross`).

    Caps per day and professional, and per civil year: social security code, L160-13, D160-6 and D160-9 to D160-11.
    """
    if care.is_exempt:
        return 0, 0
    if care.act_code in FLAT_FEE_ACTS:
        day_left = figures.flat_fee_day_cap - used.flat_fee_day
        year_left = figures.flat_fee_year_cap - used.flat_fee_year
        return max(0, min(figures.flat_fee * care.quantity, day_left, year_left, gross)), 0
    if care.act_code in FRANCHISE_ACTS:
        unit, day_cap = franchise_terms(care.act_code, figures)
        year_left = figures.franchise_year_cap - used.franchise_year
        return 0, max(0, min(unit * care.quantity, day_cap - used.franchise_day, year_left, gross))
    return 0, 0


def franchise_terms(act_code: str, figures: Figures) -> tuple[int, int]:
    """Franchise per unit (box, paramedical act, journey) and its cap per day, in cents."""
    if act_code in BOXES:
        return figures.box_franchise, NO_CAP
    if act_code in TRANSPORTS:
        return figures.transport_franchise, figures.transport_day_cap
    return figures.paramedical_franchise, figures.paramedical_day_cap


def ceiling(terms: Terms, base: int, quantity: int) -> int | None:
    """The most the formula reaches, in cents; None when it has no ceiling of its own (FULL)."""
    if terms.formula == Formula.PERCENT:
        return percent_of(base, terms.percent or 0)
    if terms.formula in {Formula.FLAT, Formula.FLAT_WITH_BASE}:
        return (terms.amount_cents or 0) * quantity
    return None if terms.formula == Formula.FULL else 0


def granted_share(care: Care, terms: Terms, base: int, kept_out: int) -> int:
    """What the formula grants before limits. `kept_out`: base share and care-path cut, which the insurer never pays."""
    room = max(0, care.spent_cents - kept_out - care.other_cover_cents)
    top = ceiling(terms, base, care.quantity)
    if top is None:
        return room
    if terms.formula == Formula.FLAT:
        return min(top, room)
    return max(0, min(min(care.spent_cents, top) - kept_out, room))


def within_limits(granted: int, quantity: int, terms: Terms, used: Used) -> int:
    """The granted share cut down to the acts and the cents that the rule still allows."""
    if terms.max_acts is not None:
        acts_left = max(0, terms.max_acts - used.acts)
        if acts_left < quantity:
            granted = half_up(granted * acts_left, quantity)
    if terms.max_cents is not None:
        granted = max(0, min(granted, terms.max_cents - used.cents))
    return granted


def used_before(line: PastLine, history: Iterable[PastLine], terms: Terms | None) -> Used:
    """What the person's lines used before `line`, in order of care date, then reference."""
    key = (line.care_date, line.reference)
    fee_year = fee_day = franchise_year = franchise_day = acts = cents = 0
    for past in history:
        if (past.care_date, past.reference) >= key:
            continue
        if past.care_date.year == line.care_date.year:
            fee_year += past.flat_fee_cents
            franchise_year += past.franchise_cents
            if past.care_date == line.care_date and past.provider == line.provider:
                fee_day += past.flat_fee_cents
                franchise_day += past.franchise_cents
        if terms is not None and same_limit(past, line, terms):
            acts += acts_counted(past.quantity, past.supplementary_cents)
            cents += past.supplementary_cents
    return Used(fee_year, fee_day, franchise_year, franchise_day, acts, cents)


def same_limit(past: PastLine, line: PastLine, terms: Terms) -> bool:
    """Whether an earlier line draws on the same limit of the same contract as `line` does."""
    if past.rule_code != terms.code or past.contract_id != line.contract_id:
        return False
    return in_period(past.care_date, line.care_date, terms.renewal_months)


def in_period(past: date, day: date, renewal_months: int | None) -> bool:
    """Whether care on `past` still weighs on the limit on `day`."""
    if renewal_months is None:
        return past.year == day.year
    return add_months(past, renewal_months) > day


def acts_counted(quantity: int, supplementary_cents: int) -> int:
    """Acts that a line takes from a limit: its quantity when something was paid, given back by a correction."""
    if supplementary_cents == 0:
        return 0
    return quantity if supplementary_cents > 0 else -quantity


def add_months(day: date, months: int) -> date:
    """The same day `months` later (earlier when negative), or the last day of that month when it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
