"""Letters on paper about a request on data (R-70): what they are made of, and those that a decision would write."""

from sqlmodel import Session

from portal.data.cases import Case, CaseKind
from portal.data.data_rights import request_row
from portal.data.persons import Person
from portal.data.postal_letters import letters_of
from portal.data.received_requests import reception_of
from portal.data_letters import Correspondence, correspondence_of, letter_text, letter_title
from portal.web import Services


def correspondence(services: Services, db: Session, case: Case) -> Correspondence | None:
    """What the letters about a request are made of; None for one that did not come on paper. The caller has found the
    case."""
    received = reception_of(db, case) if case.kind == CaseKind.DATA_RIGHT else None
    if received is None:
        return None
    person = db.get_one(Person, case.person_id)
    return correspondence_of(case, request_row(db, case), received, person, services.keyring)


def papers_written(services: Services, db: Session, case: Case, known: int) -> list[tuple[str, list[str]]]:
    """The letters that an act wrote, after those that were `known` before: their titles and paragraphs."""
    about = correspondence(services, db, case)
    if about is None:
        return []
    insurer = services.settings.insurer
    return [
        (letter_title(letter), letter_text(about, letter, services.keyring, insurer))
        for letter in letters_of(db, case)[known:]
    ]
