"""Letters on paper, written with the act that they tell about (R-70, R-72)."""

from datetime import datetime

from sqlmodel import Session

from portal.data.cases import Case
from portal.data.death_follow import followed_contracts
from portal.data.deaths import Death, is_dead
from portal.data.exceptional_access import ExceptionalAccess
from portal.data.persons import find_person, is_minor_on
from portal.data.postal_letters import LetterKind, write_letter
from portal.data_letters import correspondence, request_letter
from portal.formatting import day_in_france
from portal.insurer import Insurer
from portal.postal_documents import access_letter, death_letter
from portal.security import Keyring
from portal.web import PortalRequest


def post_access_letter(request: PortalRequest, db: Session, access: ExceptionalAccess) -> None:
    """Tells whom no e-mail reaches of an exceptional access to their record."""
    person, insurer = find_person(db, access.person_id), request.services.settings.insurer
    dead, minor = is_dead(db, access.person_id), is_minor_on(person.birth_date, day_in_france(request.now))
    name, ends_at = _name(db, access.person_id), access.ends_at
    text = access_letter(name, insurer, access.opened_at, ends_at, is_dead=dead, is_minor=minor)
    keyring, kind = request.services.keyring, LetterKind.EXCEPTIONAL_ACCESS
    by, person_id = request.viewer.account_id, access.person_id
    write_letter(db, keyring, kind, person_id, access.object, text, request.now, by=by)


def post_death_letter(request: PortalRequest, db: Session, death: Death) -> None:
    """Tells the family what the death of somebody changes."""
    name, insurer = _name(db, death.person_id), request.services.settings.insurer
    text = death_letter(name, death.died_on, insurer, followed_contracts(db, death))
    keyring, kind = request.services.keyring, LetterKind.DEATH
    by, person_id = request.viewer.account_id, death.person_id
    write_letter(db, keyring, kind, person_id, death.object, text, request.now, by=by)


def write_case_letter(
    db: Session,
    keyring: Keyring,
    insurer: Insurer,
    case: Case,
    kind: LetterKind,
    words: str,
    now: datetime,
    *,
    by: int | None,
) -> None:
    """Answers whoever sent a request on data on paper. `words`: the insurer's own; `by`: the account of whoever wrote
    them. The caller has locked the case."""
    about = correspondence(db, keyring, case)
    if about is not None:
        text, person_id = request_letter(about, kind, words, insurer), about.person.id or 0
        write_letter(db, keyring, kind, person_id, case.object, text, now, by=by, case_id=case.id)


def _name(db: Session, person_id: int) -> str:
    person = find_person(db, person_id)
    return f"{person.first_name} {person.last_name}"
