"""The demonstration's contested invoices: at each step, from the draft to the answer (R-40)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from portal.data.case_acts import withdraw_case
from portal.data.case_desk import Agent, answer, lock_for_desk, move_by_desk, refuse_piece
from portal.data.case_pieces import add_pieces, pieces_of
from portal.data.cases import Case, CaseState, cases_of
from portal.data.invoice_dispute_desk import grant_dispute, refuse_dispute
from portal.data.invoice_disputes import Motive
from portal.data.invoice_disputing import KIND, Said, send_dispute, start_dispute
from portal.data.invoice_listing import InvoiceFilters, InvoiceRow, invoice_page, invoices_replacing, lateness_on
from portal.data.invoices import InvoiceState
from portal.data.sessions import Viewer
from portal.database import Database
from portal.demo.files import blank_file
from portal.demo.viewers import agent_of, viewer_of
from portal.formatting import today
from portal.security import Keyring
from portal.storage import Storage

AGENT = "9000000019"
OPTICIAN, OTHERS = "3000000012", ("3000000020", "3000000038")
WORDS: dict[Motive, str] = {
    Motive.REJECTED: "Bonjour,\nles droits étaient ouverts ce jour-là\u00a0: nous les avions vérifiés au comptoir.",
    Motive.PARTIAL: "Bonjour,\nle second équipement relève aussi de la garantie. Le détail est joint.",
    Motive.AMOUNT: "Bonjour,\nle tarif du réseau n’a pas été appliqué au supplément.",
    Motive.UNPAID: "Bonjour,\nrien n’est arrivé sur notre compte, et aucun avis n’en parle.",
}
QUESTION = "Bonjour,\nquel numéro d’engagement votre logiciel a-t-il reçu\u00a0?"
BLANK = "Cette page est vide. Envoyez l’ordonnance des deux côtés."
GRANTED = "Vos droits vérifiés ce jour-là font foi. La facture repart en paiement."
IN_PART = "Le supplément antireflet n’est pas garanti. Le reste est retenu."
REFUSED = "Le contrat avait pris fin la veille des soins\u00a0: le rejet était justifié."
EVIDENCE = "ordonnance"


@dataclass(frozen=True, slots=True)
class _Story:
    """A dispute: about an invoice in which state, for what, sent how many days ago (None: a draft), and what came."""

    state: InvoiceState | None
    motive: Motive
    sent: int | None
    then: str = ""


STORIES = (
    _Story(InvoiceState.REJECTED, Motive.REJECTED, 2),
    _Story(InvoiceState.REJECTED, Motive.REJECTED, None),
    _Story(InvoiceState.REJECTED, Motive.REJECTED, 12, "answered"),
    _Story(InvoiceState.REJECTED, Motive.REJECTED, 16, "incomplete"),
    _Story(InvoiceState.REJECTED, Motive.REJECTED, 24, "granted"),
    _Story(InvoiceState.REJECTED, Motive.REJECTED, 40, "reviewed"),
    _Story(InvoiceState.REJECTED, Motive.REJECTED, 45, "refused"),
    _Story(InvoiceState.REJECTED, Motive.REJECTED, 50, "withdrawn"),
    _Story(InvoiceState.PAID_IN_PART, Motive.PARTIAL, 20, "granted in part"),
    _Story(None, Motive.UNPAID, 0),
)


def show_invoice_disputes(database: Database, keyring: Keyring, storage: Storage) -> None:
    """Adds them to each practice that has none."""
    for identifier, stories in ((OPTICIAN, STORIES), *((each, STORIES[:1]) for each in OTHERS)):
        with database.write() as db:
            author = viewer_of(db, identifier)
            if not cases_of(db, author, KIND):
                _Author(db, keyring, storage, author).tell(stories)


class _Author:
    """Somebody of a practice who contests invoices, and the agent who answers."""

    def __init__(self, db: Session, keyring: Keyring, storage: Storage, author: Viewer) -> None:
        self._db, self._keyring, self._storage, self._author = db, keyring, storage, author
        self._agent: Agent = agent_of(db, AGENT)
        self._now = datetime.now(UTC)
        self._acts: dict[str, Callable[[Case, InvoiceRow, datetime], None]] = {
            "answered": self._ask,
            "incomplete": self._refuse_piece,
            "reviewed": self._review,
            "granted": self._grant,
            "granted in part": self._grant_part,
            "refused": self._refuse,
            "withdrawn": self._withdraw,
        }

    def tell(self, stories: tuple[_Story, ...]) -> None:
        """Contests invoices that are there before their dispute: the newest that fit."""
        found = {state: self._invoices(state) for state in {story.state for story in stories}}
        for story in stories:
            then = self._now - timedelta(days=story.sent or 0, hours=3)
            invoice = next((one for one in found[story.state] if self._fits(one, then)), None)
            if invoice is not None:
                self._contest(story, invoice, then)

    def _invoices(self, state: InvoiceState | None) -> Iterator[InvoiceRow]:
        filters = InvoiceFilters(state=state, is_late=state is None)
        page = invoice_page(self._db, self._author, filters, lateness_on(self._db, today()))
        return iter(page.rows if page else ())

    def _fits(self, invoice: InvoiceRow, then: datetime) -> bool:
        return invoice.state_on <= then.date() and not invoices_replacing(self._db, self._author, invoice.number)

    def _contest(self, story: _Story, invoice: InvoiceRow, then: datetime) -> None:
        claimed = invoice.requested_cents if story.motive is Motive.PARTIAL else None
        checked = today() if story.motive is Motive.UNPAID else None
        said = Said(story.motive, WORDS[story.motive], claimed, checked)
        begun = start_dispute(self._db, self._author, self._keyring, invoice.id, said, then)
        if begun is None:
            raise LookupError(invoice.number)
        case = begun[0]
        add_pieces(self._db, self._author, case, "pieces", [blank_file(self._storage, EVIDENCE)], then)
        if story.sent is not None:
            send_dispute(self._db, self._author, case.id or 0, case.version, then)
        if story.then:
            self._acts[story.then](case, invoice, then)

    def _taken(self, case: Case) -> Case:
        taken = lock_for_desk(self._db, self._agent, case.id or 0, case.version)
        if taken is None:
            raise LookupError(case.reference)
        return taken

    def _ask(self, case: Case, _: InvoiceRow, then: datetime) -> None:
        answer(self._db, self._agent, self._keyring, self._taken(case), QUESTION, then + timedelta(days=4))

    def _refuse_piece(self, case: Case, _: InvoiceRow, then: datetime) -> None:
        taken, when = self._taken(case), then + timedelta(days=3)
        (piece,) = pieces_of(self._db, taken)
        refuse_piece(self._db, self._agent, self._keyring, taken, piece.id, BLANK, when)

    def _review(self, case: Case, _: InvoiceRow, then: datetime) -> None:
        when = then + timedelta(days=2)
        move_by_desk(self._db, self._agent, self._keyring, self._taken(case), CaseState.IN_REVIEW, "", when)

    def _grant(self, case: Case, invoice: InvoiceRow, then: datetime) -> None:
        when, cents = then + timedelta(days=6), invoice.requested_cents
        grant_dispute(self._db, self._agent, self._keyring, self._taken(case), cents, GRANTED, when)

    def _grant_part(self, case: Case, invoice: InvoiceRow, then: datetime) -> None:
        when, cents = then + timedelta(days=6), (invoice.accepted_cents + invoice.requested_cents) // 2
        grant_dispute(self._db, self._agent, self._keyring, self._taken(case), cents, IN_PART, when)

    def _refuse(self, case: Case, _: InvoiceRow, then: datetime) -> None:
        refuse_dispute(self._db, self._agent, self._keyring, self._taken(case), REFUSED, then + timedelta(days=9))

    def _withdraw(self, case: Case, _: InvoiceRow, then: datetime) -> None:
        withdraw_case(self._db, self._author, case.id or 0, then + timedelta(days=1), KIND)
