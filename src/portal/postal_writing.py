"""Letters on paper, written with the act that they tell about (R-70, R-72)."""

from sqlmodel import Session

from portal.data.death_follow import followed_contracts
from portal.data.deaths import Death, is_dead
from portal.data.exceptional_access import ExceptionalAccess
from portal.data.persons import find_person
from portal.data.postal_letters import LetterKind, write_letter
from portal.postal_documents import access_letter, death_letter
from portal.web import PortalRequest


def post_access_letter(request: PortalRequest, db: Session, access: ExceptionalAccess) -> None:
    """Tells whom no e-mail reaches of an exceptional access to their record."""
    name, insurer = _name(db, access.person_id), request.services.settings.insurer
    dead = is_dead(db, access.person_id)
    text = access_letter(name, insurer, access.opened_at, access.ends_at, is_dead=dead)
    keyring, kind = request.services.keyring, LetterKind.EXCEPTIONAL_ACCESS
    write_letter(db, request.viewer, keyring, kind, access.person_id, access.object, text, request.now)


def post_death_letter(request: PortalRequest, db: Session, death: Death) -> None:
    """Tells the family what the death of somebody changes."""
    name, insurer = _name(db, death.person_id), request.services.settings.insurer
    text = death_letter(name, death.died_on, insurer, followed_contracts(db, death))
    keyring, kind = request.services.keyring, LetterKind.DEATH
    write_letter(db, request.viewer, keyring, kind, death.person_id, death.object, text, request.now)


def _name(db: Session, person_id: int) -> str:
    person = find_person(db, person_id)
    return f"{person.first_name} {person.last_name}"
