"""The demonstration's claims: a draft, one to complete, one sent, one paid; and a quote with what became of it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session

from portal.data.benefits import Family
from portal.data.case_desk import Agent, lock_for_desk, refuse_piece
from portal.data.case_pieces import add_pieces, pieces_of
from portal.data.case_silence import break_silence
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.claim_drafts import Amount, set_amount, set_care, set_day, set_person, start_claim
from portal.data.claim_estimates import answer_quote, keep_estimate, last_estimate
from portal.data.claim_lines import link_line, paid_claims, settle_claim, unlinked_matches
from portal.data.claims import Asked, claim_slots, claims_of, covered_on, send_claim
from portal.data.sessions import Viewer
from portal.data.visibility import Relative, visible_scope
from portal.database import Database
from portal.demo.files import blank_file
from portal.demo.viewers import agent_of, viewer_of
from portal.formatting import today
from portal.security import Keyring
from portal.silence_jobs import WORDS
from portal.storage import Storage

MEMBER, AGENT = "1000000016", "9000000019"
MOTIVE = (
    "La facture ne porte pas la mention «\u00a0acquittée\u00a0»\u00a0: demandez-la au praticien, puis photographiez-la."
)
ANSWER = (
    "D’après le devis, la couronne relève de vos garanties dentaires. Voici ce que nous paierons si rien ne change."
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A claim or a quote to make. `asked`, `care`: how many days ago it is sent, and the care took place."""

    kind: CaseKind
    asked: int
    care: int
    who: str
    family: Family
    amount: Amount


CROWN = Wish(CaseKind.QUOTE, 230, 202, "Camille", Family.DENTAL, Amount(78000, "ICO"))
IMPLANT = Wish(CaseKind.QUOTE, 320, 290, "Camille", Family.DENTAL, Amount(140000))
GLASSES = Wish(CaseKind.QUOTE, 2, -12, "Zoé", Family.OPTICAL, Amount(32000, "LUN"))
OSTEOPATH = Wish(CaseKind.CLAIM, 88, 92, "Camille", Family.ALTERNATIVE, Amount(6000))
SPEECH = Wish(CaseKind.CLAIM, 4, 9, "Malik", Family.EVERYDAY, Amount(13500))
PSYCHOLOGIST = Wish(CaseKind.CLAIM, 11, 20, "Camille", Family.ALTERNATIVE, Amount(5500))
ROOM = Wish(CaseKind.CLAIM, 1, 16, "Zoé", Family.HOSPITAL, Amount(9000))


class Show:
    """Makes the claims of one member, as the member and the desk would, days ago."""

    def __init__(self, db: Session, keyring: Keyring, storage: Storage, now: datetime) -> None:
        self.db, self.keyring, self._storage, self._now = db, keyring, storage, now
        self.member: Viewer = viewer_of(db, MEMBER)
        self.agent: Agent = agent_of(db, AGENT)
        self._scope = visible_scope(db, self.member, today())

    def draft(self, wish: Wish, *, has_files: bool = True) -> Asked:
        """A draft with an answer to each question."""
        then, day = self.ago(wish.asked), today() - timedelta(days=wish.care)
        asked, _ = start_claim(self.db, self.member, wish.kind, then)
        set_day(self.db, self.member, asked, day, then)
        set_person(self.db, asked, self._covered(wish.who, day), then)
        set_care(self.db, asked, wish.family, then)
        set_amount(self.db, asked, wish.amount, then)
        for slot in claim_slots(self.db, asked.case)[: None if has_files else 1]:
            add_pieces(self.db, self.member, asked.case, slot.code, [blank_file(self._storage, slot.code)], then)
        return asked

    def sent(self, wish: Wish) -> Case:
        """The same, sent; a quote gets its estimate."""
        asked = self.draft(wish)
        send_claim(self.db, self.member, asked, self.ago(wish.asked))
        keep_estimate(self.db, self.member, asked, self.ago(wish.asked))
        return asked.case

    def accept_quote(self, wish: Wish) -> None:
        """The desk confirms the estimate of a quote, three days later."""
        case = self.sent(wish)
        kept = last_estimate(self.db, case)
        found = lock_for_desk(self.db, self.agent, case.id or 0, case.version)
        if kept is None or found is None:
            return
        shares = {"base_net": kept.base_net_cents, "supplementary": kept.supplementary_cents}
        then = self.ago(wish.asked - 3)
        answer_quote(self.db, self.agent, self.keyring, found, CaseState.ACCEPTED, ANSWER, then, **shares)

    def refuse_piece(self, wish: Wish) -> Case:
        """The desk asks for a piece again, a day later."""
        case = self.sent(wish)
        found = lock_for_desk(self.db, self.agent, case.id or 0, case.version)
        if found is not None:
            piece = pieces_of(self.db, found)[0]
            refuse_piece(self.db, self.agent, self.keyring, found, piece.id, MOTIVE, self.ago(wish.asked - 1))
        return case

    def lapse(self, wish: Wish) -> None:
        """A piece was asked for again, recalled a month later, and never came."""
        case = self.refuse_piece(wish)
        for days in (40, 80):
            break_silence(self.db, self.keyring, self.agent.letters, case.id or 0, WORDS, self.ago(wish.asked - days))

    def ago(self, days: int) -> datetime:
        return self._now - timedelta(days=days)

    def _covered(self, first_name: str, day: date) -> Relative:
        return next(one for one in covered_on(self.db, self.member, self._scope, day) if one.first_name == first_name)


def show_claims(database: Database, keyring: Keyring, storage: Storage) -> None:
    """Adds the claims to the member's account of the demonstration, unless they are there: all of them, or none."""
    now = datetime.now(UTC)
    with database.write() as db:
        show = Show(db, keyring, storage, now)
        if claims_of(db, show.member):
            return
        show.lapse(IMPLANT)
        show.accept_quote(CROWN)
        show.refuse_piece(PSYCHOLOGIST)
        for wish in (OSTEOPATH, SPEECH, GLASSES):
            show.sent(wish)
        show.draft(ROOM, has_files=False)
        _follow(db, now - timedelta(days=80))


def _follow(db: Session, then: datetime) -> None:
    """What the job does: the lines that were paid are found again."""
    for match in unlinked_matches(db, then.date()):
        link_line(db, match, then)
    for case_id in paid_claims(db):
        settle_claim(db, case_id, then)
