"""What the tests of sign-up share: rows committed behind `client`, and the letters that its forms post."""

from collections.abc import Callable

import pytest

from portal.data import terms
from portal.data.columns import utc_now
from portal.data.terms import draft_terms
from tests.support.mail import Letter, letters


@pytest.fixture
def make(client):
    """Runs a factory in a transaction of its own, and commits it."""

    def committed(maker, **values):
        with client.services.database.write() as db:
            return maker(db, **values)

    return committed


@pytest.fixture
def posted(client) -> Callable[[], list[Letter]]:
    """The letters posted since the last look."""
    seen = 0

    def fresh() -> list[Letter]:
        nonlocal seen
        found = letters(client.services.database, client.services)
        new, seen = found[seen:], len(found)
        return new

    return fresh


@pytest.fixture
def publish_terms(client):
    """Publishes terms of use, in force at once; their number."""

    def publish() -> int:
        now = utc_now()
        with client.services.database.write() as db:
            draft = draft_terms(db, "# Conditions\n\n## Article 1\n\nTexte d’essai.\n", "", now, now)
            terms.publish_terms(db, draft)
            return draft.number

    return publish
