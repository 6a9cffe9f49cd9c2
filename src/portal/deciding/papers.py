"""Letters on paper about a request on data that a decision would write (R-70)."""

from sqlmodel import Session

from portal.data.cases import Case
from portal.data.postal_letters import letters_of, text_of
from portal.security import Keyring


def papers_written(db: Session, keyring: Keyring, case: Case, known: int) -> list[tuple[str, list[str]]]:
    """The letters that an act wrote, after those that were `known` before: their titles and paragraphs."""
    texts = [text_of(keyring, letter) for letter in letters_of(db, case)[known:]]
    return [(text.title, list(text.paragraphs)) for text in texts]
