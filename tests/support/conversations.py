"""Cases in which somebody and the insurer write to each other, each as it was just sent."""

from datetime import UTC, datetime

from sqlmodel import Session

from portal.data.accounts import Space
from portal.data.cases import Case
from portal.data.complaints import Category, Contact, Said
from portal.data.corrections import Subject, report_error
from portal.data.messages import Topic, begin_thread
from portal.data.open_complaints import complain_without_account
from portal.data.sessions import Viewer
from portal.security import Keyring

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
SAID = Said(Category.DELAY, "Bonjour, rien n’est venu.")


def anonymous(db: Session, keyring: Keyring, _viewer: Viewer) -> Case:
    """A complaint without an account."""
    return complain_without_account(db, keyring, SAID, Contact("Jean", "jean@exemple.example"), Space.MEMBER, NOW)


def thread(db: Session, keyring: Keyring, viewer: Viewer) -> Case:
    """A message."""
    return begin_thread(db, viewer, keyring, Topic.OTHER, "Ma carte", "Bonjour", NOW)


def correction(db: Session, keyring: Keyring, viewer: Viewer) -> Case:
    """The report of an error."""
    return report_error(db, viewer, keyring, Subject.CARD, "Le prénom est faux.", NOW)
