"""The demonstration's changes of beneficiaries: a draft, one sent, one to complete, one accepted (R-23)."""

from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session

from portal.data.beneficiary_changes import Change, Details, Start, Typed, fill_change, lock_change, start_change
from portal.data.beneficiary_decisions import accept_change
from portal.data.beneficiary_list import covers_seen, find_cover
from portal.data.beneficiary_rules import Reason
from portal.data.beneficiary_sending import change_slots, send_change
from portal.data.case_desk import Agent, lock_for_desk, refuse_piece
from portal.data.case_pieces import add_pieces, pieces_of
from portal.data.cases import CaseKind, cases_of
from portal.data.coverage import Relationship
from portal.data.sessions import Viewer
from portal.data.visibility import visible_scope
from portal.database import Database
from portal.demo.files import blank_file
from portal.demo.viewers import agent_of, viewer_of
from portal.formatting import today
from portal.security import Keyring
from portal.storage import Storage

MEMBER, AGENT = "1000000016", "9000000019"
ADDED, CHANGED, REMOVED = CaseKind.BENEFICIARY_ADDED, CaseKind.BENEFICIARY_CHANGED, CaseKind.BENEFICIARY_REMOVED
MOTIVE = "La photo est coupée\u00a0: le cachet de la mairie manque. Photographiez la page entière, posée à plat."
# The place of birth of a country that never had this number: see `people.NirRegister`, which begins at the other end.
UNISSUED = "99098001"


class Show:
    """Makes the changes of one member, as the member and the desk would, days ago."""

    def __init__(self, db: Session, keyring: Keyring, storage: Storage) -> None:
        self._db, self._keyring, self._storage = db, keyring, storage
        self.member: Viewer = viewer_of(db, MEMBER)
        self.agent: Agent = agent_of(db, AGENT)
        scope = visible_scope(db, self.member, today())
        self.covers = {cover.first_name: cover for cover in covers_seen(db, self.member, keyring, scope)}

    def begin(self, start: Start, typed: Typed, then: datetime) -> Change:
        """A draft, filled in."""
        case, _ = start_change(self._db, self.member, start, then)
        change = self._locked(case.id or 0)
        return fill_change(self._db, self.member, self._keyring, change, typed, then)

    def send(self, change: Change, then: datetime) -> None:
        """Adds every piece, and sends."""
        for slot in change_slots(self._db, change.case):
            add_pieces(self._db, self.member, change.case, slot.code, [blank_file(self._storage, slot.code)], then)
        send_change(self._db, self.member, self._keyring, change, then)

    def refuse_first_piece(self, change: Change, then: datetime) -> None:
        """The desk refuses one piece, with its motive."""
        case = lock_for_desk(self._db, self.agent, change.case.id or 0, change.case.version)
        if case is not None:
            piece = pieces_of(self._db, case)[0]
            refuse_piece(self._db, self.agent, self._keyring, case, piece.id, MOTIVE, then)

    def accept(self, change: Change, then: datetime) -> None:
        """The desk accepts."""
        case = lock_for_desk(self._db, self.agent, change.case.id or 0, change.case.version)
        if case is not None:
            accept_change(self._db, self.agent, self._keyring, case, then)

    def start_about(self, kind: CaseKind, first_name: str) -> Start:
        """A change about somebody who is covered."""
        cover = find_cover(self._db, self.member, self.covers[first_name].id)
        contract_id = cover.contract_id if cover else 0
        return Start(kind, contract_id, self.covers[first_name].relationship, cover=cover)

    def _locked(self, case_id: int) -> Change:
        change = lock_change(self._db, self.member, self._keyring, case_id, None)
        if change is None:
            raise LookupError(case_id)
        return change


def show_beneficiaries(database: Database, keyring: Keyring, storage: Storage) -> None:
    """Adds the changes to the member's account of the demonstration, unless they are there: all of them, or none."""
    now = datetime.now(UTC)
    with database.write() as db:
        show = Show(db, keyring, storage)
        has_some = bool(cases_of(db, show.member, ADDED, CHANGED, REMOVED))
        for make in () if has_some else (_accepted, _sent, _to_complete, _draft):
            make(show, now)


def _accepted(show: Show, now: datetime) -> None:
    cover = show.covers["Malik"]
    details = Details(cover.last_name, cover.first_name, cover.birth_date, cover.nir)
    change = show.begin(show.start_about(CHANGED, "Malik"), Typed(details, fields=("nir",)), _ago(now, 26))
    show.send(change, _ago(now, 26))
    show.accept(change, _ago(now, 22))


def _sent(show: Show, now: datetime) -> None:
    typed = Typed(Details(event_on=today() - timedelta(days=9)), Reason.COMPANY_COVER)
    show.send(show.begin(show.start_about(REMOVED, "Noé"), typed, _ago(now, 3)), _ago(now, 3))


def _to_complete(show: Show, now: datetime) -> None:
    born = today().replace(year=today().year - 45, month=6, day=14)
    details = Details("Modèle", "Alix", born, _nir(born, sex=2), today() - timedelta(days=20))
    change = show.begin(_addition(show, Relationship.CIVIL_PARTNER, Reason.CIVIL_UNION), Typed(details), _ago(now, 8))
    show.send(change, _ago(now, 8))
    show.refuse_first_piece(change, _ago(now, 5))


def _draft(show: Show, now: datetime) -> None:
    details = Details("Exemple", "Jade", today() - timedelta(days=12))
    show.begin(_addition(show, Relationship.CHILD, Reason.BIRTH), Typed(details), _ago(now, 1))


def _addition(show: Show, relationship: Relationship, reason: Reason) -> Start:
    contract_id = show.start_about(ADDED, "Camille").contract_id
    return Start(ADDED, contract_id, relationship, reason)


def _ago(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _nir(born: date, *, sex: int) -> str:
    number = f"{sex}{born:%y%m}{UNISSUED}"
    return f"{number}{97 - int(number) % 97:02d}"
