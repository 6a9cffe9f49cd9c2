"""The demonstration's claims valued at the desk: one was paid, one waits for the next transfers, one for a second
agent; of two that were paid, one was put right since, and a sum is owed, and one waits to be put right by two."""

from datetime import UTC, datetime

from portal.app import create_services
from portal.data.benefits import BenefitLine, Family
from portal.data.case_desk import Agent, lock_for_desk
from portal.data.cases import Case, CaseKind
from portal.data.claim_drafts import Amount
from portal.data.claim_settling import Outcome, value
from portal.data.claim_valuing import apply_valuation
from portal.data.claims import asked_of
from portal.data.line_corrections import paid_claim
from portal.data.payments import first_due
from portal.data.proposals import settle, write_decision
from portal.data.rectification_review import Rectification, review_of
from portal.data.valuation import Entry, Valuation
from portal.data.valued_lines import is_anything_valued
from portal.database import Database
from portal.deciding.claim_valuation import VALUE, valued
from portal.deciding.rectification import RECTIFY, righted
from portal.demo.claims import Show, Wish
from portal.demo.viewers import agent_of
from portal.payment_jobs import pay_due
from portal.settings import Settings
from portal.storage import Storage
from portal.web import Services

# The daily charge of a hospital stay: no limit of the contract's keeps it from being paid.
STAY = "FJ"
SUPERVISOR = "9000000027"
PAID = Wish(CaseKind.CLAIM, 17, 24, "Zoé", Family.HOSPITAL, Amount(6900, STAY, quantity=3))
WAITS = Wish(CaseKind.CLAIM, 2, 6, "Zoé", Family.HOSPITAL, Amount(4600, STAY, quantity=2))
LARGE = Wish(CaseKind.CLAIM, 3, 40, "Zoé", Family.HOSPITAL, Amount(69_000, STAY, quantity=30))
# Paid too much, then put right: the second was a stay of fewer days, which two agents must see.
OVERPAID = Wish(CaseKind.CLAIM, 30, 45, "Camille", Family.HOSPITAL, Amount(9200, STAY, quantity=4))
TO_RIGHT = Wish(CaseKind.CLAIM, 29, 60, "Camille", Family.HOSPITAL, Amount(34_500, STAY, quantity=15))
RIGHT_NIGHTS, RIGHTS = 3, "La facture compte une nuit de moins que ce que nous avions lu."
FEWER = "Le bulletin de sortie montre un séjour de cinq jours, et non de quinze."
ANSWER = "Bonjour, nous vous remboursons le forfait journalier en entier. Le calcul se lit à côté du soin."


def show_valuations(database: Database, settings: Settings) -> None:
    """Values two claims of the member's, unless that is done, and makes the transfers of what was due meanwhile."""
    services = create_services(settings, database)
    now = datetime.now(UTC)
    with database.write() as db:
        if not is_anything_valued(db):
            show = Show(db, services.keyring, Storage(settings, services.keyring), now)
            for wish in (PAID, WAITS, OVERPAID, TO_RIGHT):
                _value(show, show.sent(wish), show.ago(wish.asked - 1))
            _propose(show, show.sent(LARGE), show.ago(LARGE.asked - 1))
    _pay(services, now)
    if settings.transfers_iban:
        with database.write() as db:
            _put_right(Show(db, services.keyring, Storage(settings, services.keyring), now))


def _pay(services: Services, now: datetime) -> None:
    """Makes the transfers of what was due meanwhile."""
    with services.database.read() as db:
        day = first_due(db)
    if services.settings.transfers_iban and day is not None and day <= now.date():
        pay_due(services, day, now)


def _put_right(show: Show) -> None:
    """One line that was paid is put right, and a sum is owed; another waits for the agent, whom the supervisor asks.
    Done once: lines that somebody put right, or proposed to, are left alone."""
    for wish, nights, words, by in ((OVERPAID, RIGHT_NIGHTS, RIGHTS, None), (TO_RIGHT, 5, FEWER, SUPERVISOR)):
        found = paid_claim(show.db, show.member, wish.amount.quantity, STAY)
        if found is None:
            continue
        case, line = found
        agent = agent_of(show.db, by) if by else show.agent
        locked = lock_for_desk(show.db, agent, case.id or 0, case.version)
        if locked is not None:
            _right(show, agent, locked, line, nights, words)


def _right(show: Show, agent: Agent, case: Case, line: BenefitLine, nights: int, words: str) -> None:
    entry = Entry(
        person_id=line.person_id,
        care_date=line.care_date,
        act_code=line.act_code,
        quantity=nights,
        spent_cents=line.spent_cents * nights // line.quantity,
        provider=line.provider,
    )
    then = show.ago(1)
    review = review_of(show.db, agent, case, Rectification(line_id=line.id or 0, entry=entry), then)
    if review is None or not review.may_be_applied:
        return
    row = write_decision(show.db, agent, show.keyring, case, righted(review, words), then, cents=review.weight)
    settle(show.db, agent, show.keyring, row.id or 0, RECTIFY.apply, then)


def _value(show: Show, case: Case, then: datetime) -> None:
    outcome = _settled(show, case, then)
    lines = tuple(each.as_seen() for each in outcome.lines)
    locked = lock_for_desk(show.db, show.agent, case.id or 0, case.version)
    if locked is not None:
        apply_valuation(show.db, show.agent, show.keyring, locked, Valuation(lines=lines, words=ANSWER), then)


def _propose(show: Show, case: Case, then: datetime) -> None:
    """The supervisor values a long stay: the agent must agree."""
    agent = agent_of(show.db, SUPERVISOR)
    outcome = _settled(show, case, then)
    locked = lock_for_desk(show.db, agent, case.id or 0, case.version)
    if locked is not None:
        decision = valued(outcome, ANSWER)
        row = write_decision(show.db, agent, show.keyring, locked, decision, then, cents=outcome.granted)
        settle(show.db, agent, show.keyring, row.id or 0, VALUE.apply, then)


def _settled(show: Show, case: Case, then: datetime) -> Outcome:
    """What the rules give for the days that were asked for."""
    row = asked_of(show.db, case).row
    entry = Entry(
        person_id=case.person_id or 0,
        care_date=row.care_date or then.date(),
        act_code=row.act_code,
        quantity=row.quantity,
        spent_cents=row.spent_cents or 0,
        provider="Clinique des Tilleuls",
    )
    return value(show.db, show.agent, case, Valuation(lines=(entry,)), then)
