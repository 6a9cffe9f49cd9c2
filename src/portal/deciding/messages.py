"""Messages and practices' questions at the desk (R-41, R-80): answered, or closed as settled."""

from sqlmodel import Session

from portal.contact_words import TOPICS as PRACTICE_TOPICS
from portal.contact_words import number_words
from portal.data.accounts import Space
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.contact import asked_of
from portal.data.decisions import Act
from portal.data.messages import thread_told
from portal.deciding.common import BEGIN, TALK, moves_to
from portal.deciding.frames import Frame, Ruling, Told, Words
from portal.message_words import TOPICS
from portal.pages.account.messages import thread_page
from portal.web import PortalRequest


def _tell(request: PortalRequest, db: Session, case: Case) -> Told:
    thread = thread_told(db, request.services.keyring, case)
    is_practice = case.space == Space.PROVIDER
    label = PRACTICE_TOPICS[thread.topic][0] if is_practice else dict(TOPICS[Space(case.space)]).get(thread.topic, "")
    rows = [("De quoi il s’agit", label), ("Titre", thread.subject)]
    if is_practice:
        asked = asked_of(db, request.services.keyring, case)
        rows += [("À propos de", number_words(each)) for each in asked.references]
    return Told(rows)


MESSAGE = Frame(
    _tell,
    thread_page,
    BEGIN
    | {
        Act.ANSWER: TALK,
        Act.CLOSE: Ruling(
            "Clore la conversation",
            CaseState.CLOSED,
            moves_to(CaseState.CLOSED),
            Words.NONE,
            lead="Tout est dit\u00a0: la personne peut la rouvrir en écrivant.",
        ),
    },
    talks=True,
)
FRAMES = {CaseKind.MESSAGE: MESSAGE}
