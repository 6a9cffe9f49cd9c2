"""The demonstration's claims valued at the desk: one was paid, one waits for the next transfers, one for a second
agent."""

from datetime import UTC, datetime

from portal.app import create_services
from portal.data.benefits import Family
from portal.data.case_desk import lock_for_desk
from portal.data.cases import Case, CaseKind
from portal.data.claim_drafts import Amount
from portal.data.claim_settling import Outcome, value
from portal.data.claim_valuing import apply_valuation
from portal.data.claims import asked_of
from portal.data.payments import first_due
from portal.data.proposals import settle, write_decision
from portal.data.valuation import Entry, Valuation
from portal.data.valued_lines import is_anything_valued
from portal.database import Database
from portal.deciding.claim_valuation import VALUE, valued
from portal.demo.claims import Show, Wish
from portal.demo.viewers import agent_of
from portal.payment_jobs import pay_due
from portal.settings import Settings
from portal.storage import Storage

# The daily charge of a hospital stay: no limit of the contract's keeps it from being paid.
STAY = "FJ"
SUPERVISOR = "9000000027"
PAID = Wish(CaseKind.CLAIM, 17, 24, "Zoé", Family.HOSPITAL, Amount(6900, STAY, quantity=3))
WAITS = Wish(CaseKind.CLAIM, 2, 6, "Zoé", Family.HOSPITAL, Amount(4600, STAY, quantity=2))
LARGE = Wish(CaseKind.CLAIM, 3, 40, "Zoé", Family.HOSPITAL, Amount(69_000, STAY, quantity=30))
ANSWER = "Bonjour, nous vous remboursons le forfait journalier en entier. Le calcul se lit à côté du soin."


def show_valuations(database: Database, settings: Settings) -> None:
    """Values two claims of the member's, unless that is done, and makes the transfers of what was due meanwhile."""
    services = create_services(settings, database)
    now = datetime.now(UTC)
    with database.write() as db:
        if not is_anything_valued(db):
            show = Show(db, services.keyring, Storage(settings, services.keyring), now)
            for wish in (PAID, WAITS):
                _value(show, show.sent(wish), show.ago(wish.asked - 1))
            _propose(show, show.sent(LARGE), show.ago(LARGE.asked - 1))
    with database.read() as db:
        day = first_due(db)
    if settings.transfers_iban and day is not None and day <= now.date():
        pay_due(services, day, now)


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
