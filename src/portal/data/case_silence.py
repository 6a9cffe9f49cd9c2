"""Cases that wait for their author, who says nothing (R-71): a reminder, then an end, at dated delays.

What was asked for and never came would keep a case open, hence everything of its author, for ever. After the reminder
most kinds lapse: nothing was decided, and their author takes them up again by a button. The others are not ended by
silence: the insurer takes them up with what it has, and owes its decision with its reasons.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, ProcessingRestriction
from portal.data.case_desk import Letters
from portal.data.cases import Case, CaseKind, CaseState, lock_case, move_case, take_up_again
from portal.data.columns import instant
from portal.data.figures import parameters_on
from portal.data.postal_letters import LetterKind
from portal.data.received_requests import answers_on_paper
from portal.data.sessions import Viewer
from portal.data.standing import suspended
from portal.formatting import day_in_france
from portal.security import Keyring


class CaseReminder(SQLModel, table=True):
    """The last reminder of what a case waits for. `acts_on`: the last day on which its author may still answer. It
    counts while nothing has happened to the case since."""

    __tablename__ = "case_reminder"

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    reminded_at: datetime = instant()
    acts_on: date


class Ending(StrEnum):
    """What silence leads to. LAPSES: to the end of the case, until its author takes it up again. CLOSES: a conversation
    is settled, until its author writes. RESUMES: back to the insurer, who decides with what it has."""

    LAPSES = "lapses"
    CLOSES = "closes"
    RESUMES = "resumes"


# Whoever complains, contests what is owed, or uses a right over data does not give it up by saying nothing: a complaint
# is answered in two months (ACPR recommendation 2022-R-01), a right over data in one, refused with reasons and remedies
# (GDPR 12(4)); an error in a record is the insurer's to check (GDPR 5(1)(d)); a contested sum stays contested.
ENDINGS: dict[CaseKind, Ending] = {
    CaseKind.CLAIM: Ending.LAPSES,
    CaseKind.QUOTE: Ending.LAPSES,
    CaseKind.BENEFICIARY_ADDED: Ending.LAPSES,
    CaseKind.BENEFICIARY_CHANGED: Ending.LAPSES,
    CaseKind.BENEFICIARY_REMOVED: Ending.LAPSES,
    CaseKind.AUTONOMY: Ending.LAPSES,
    CaseKind.PRACTICE_ADDRESS: Ending.LAPSES,
    CaseKind.PRACTICE_NUMBER: Ending.LAPSES,
    CaseKind.MESSAGE: Ending.CLOSES,
    CaseKind.COMPLAINT: Ending.RESUMES,
    CaseKind.DATA_RIGHT: Ending.RESUMES,
    CaseKind.CORRECTION: Ending.RESUMES,
    CaseKind.CONTRIBUTION_DISPUTE: Ending.RESUMES,
    CaseKind.INVOICE_DISPUTE: Ending.RESUMES,
}
_STATES = {
    Ending.LAPSES: CaseState.LAPSED,
    Ending.CLOSES: CaseState.CLOSED,
    Ending.RESUMES: CaseState.SENT,
}
# Days before the reminder, and after it, dated: what the law's clock goes on for is taken up sooner.
_ENDED, _RESUMED = (
    ("silence_rappel_jours", "silence_classement_jours"),
    ("silence_rappel_loi_jours", "silence_reprise_jours"),
)
_FIGURES = {Ending.LAPSES: _ENDED, Ending.CLOSES: _ENDED, Ending.RESUMES: _RESUMED}
ONE_AT_A_TIME = frozenset({CaseKind.BENEFICIARY_CHANGED, CaseKind.BENEFICIARY_REMOVED, CaseKind.AUTONOMY})


class Happened(StrEnum):
    """What the portal did about a case whose author says nothing."""

    REMINDED = "reminded"
    LAPSED = "lapsed"
    CLOSED = "closed"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Silence:
    """What was done, to which case; `acts_on`: the last day on which its author may answer a reminder."""

    what: Happened
    case: Case
    acts_on: date


class AskedAnew(Exception):
    """The same was asked again meanwhile; `case` is where."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case


def silent_cases(db: Session, now: datetime) -> list[int]:
    """The cases to remind of, or to end, in order. It may read many: in a session that holds nobody up."""
    waiting = select(Case, CaseReminder).outerjoin(CaseReminder, col(CaseReminder.case_id) == Case.id)
    query = waiting.where(Case.state == CaseState.INCOMPLETE).order_by(col(Case.id))
    figures = _figures_on(db, day_in_france(now))
    return [case.id or 0 for case, reminder in db.exec(query) if _due(case, reminder, figures, now)]


def break_silence(
    db: Session, keyring: Keyring, letters: Letters, case_id: int, words: dict[Happened, str], now: datetime
) -> Silence | None:
    """Reminds the author of a case, or ends it; None when something happened to it meanwhile, when its author cannot
    answer now, or asked that the data be kept and nothing else. `words`: what the case's history, or a letter on paper,
    says of each."""
    query = select(Case).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    case, reminder = db.exec(query).one(), db.get(CaseReminder, case_id, populate_existing=True)
    what = _due(case, reminder, _figures_on(db, day_in_france(now)), now)
    if case.state != CaseState.INCOMPLETE or what is None or _is_kept_from_answering(db, case):
        return None
    if what is Happened.REMINDED:
        return _remind(db, letters, case, words[what], now)
    reason = keyring.encrypt(words[what])
    move_case(db, case, _STATES[ENDINGS[CaseKind(case.kind)]], now, by=None, reason=reason)
    return Silence(what, case, day_in_france(now))


def author_or_person(db: Session, case: Case) -> int | None:
    """In whose journal an act of the portal's on the case is: the author's person, else whom the case is about."""
    account = db.get(Account, case.account_id) if case.account_id else None
    return account.person_id if account else case.person_id


def reopen(db: Session, viewer: Viewer, case_id: int, now: datetime) -> Case | None:
    """Takes one's own case up again that lapsed: it waits for what was asked, as before; None without such a case.
    Raises `AskedAnew`, and `WrongState` for any other state."""
    case = lock_case(db, viewer, case_id, None, *ENDINGS)
    if case is None:
        return None
    if case.kind in ONE_AT_A_TIME and (other := _asked_anew(db, case)) is not None:
        raise AskedAnew(other)
    take_up_again(db, case, now, by=viewer.account_id)
    return case


Figures = dict[Ending, tuple[int, int] | None]


def _figures_on(db: Session, day: date) -> Figures:
    """Days before the reminder, and after it; None where no figure is in force: then nothing ends."""
    known = parameters_on(db, day)
    found: Figures = {}
    for ending in Ending:
        names = _FIGURES[ending]
        days = [known[name][1] for name in names if name in known]
        found[ending] = (days[0], days[1]) if len(days) == len(names) else None
    return found


def _due(case: Case, reminder: CaseReminder | None, figures: Figures, now: datetime) -> Happened | None:
    """What the case's silence has come to. Whatever its author, or the insurer, does to it begins it anew."""
    ending, today = ENDINGS[CaseKind(case.kind)], day_in_france(now)
    days = figures[ending]
    if days is None:
        return None
    if reminder is None or reminder.reminded_at < case.changed_at:
        is_time = day_in_france(case.changed_at) + timedelta(days=days[0]) <= today
        return Happened.REMINDED if is_time else None
    if reminder.acts_on >= today:
        return None
    return {
        Ending.LAPSES: Happened.LAPSED,
        Ending.CLOSES: Happened.CLOSED,
        Ending.RESUMES: Happened.RESUMED,
    }[ending]


def _remind(db: Session, letters: Letters, case: Case, words: str, now: datetime) -> Silence:
    days = _figures_on(db, day_in_france(now))[ENDINGS[CaseKind(case.kind)]] or (0, 0)
    acts_on = day_in_france(now) + timedelta(days=days[1])
    row = db.get(CaseReminder, case.id) or CaseReminder(case_id=case.id or 0, reminded_at=now, acts_on=acts_on)
    row.reminded_at, row.acts_on = now, acts_on
    db.add(row)
    db.flush()
    if answers_on_paper(db, case):
        letters.write_on_paper(db, case, LetterKind.REMINDED, words, now, by=None)
    return Silence(Happened.REMINDED, case, acts_on)


def _is_kept_from_answering(db: Session, case: Case) -> bool:
    """A suspended account's holder cannot answer; whose data may only be kept (GDPR 18(2)) has nothing else done."""
    limited = select(ProcessingRestriction.id).where(
        ProcessingRestriction.account_id == case.account_id, col(ProcessingRestriction.ended_at).is_(None)
    )
    stopped = select(Account.id).where(Account.id == case.account_id, suspended)
    return any(db.exec(query).first() is not None for query in (limited, stopped))


def _asked_anew(db: Session, case: Case) -> Case | None:
    running = col(Case.state).in_([CaseState.SENT, CaseState.IN_REVIEW, CaseState.INCOMPLETE])
    same = (Case.account_id == case.account_id, Case.kind == case.kind, Case.person_id == case.person_id)
    return db.exec(select(Case).where(*same, Case.id != case.id, running).order_by(col(Case.id))).first()
