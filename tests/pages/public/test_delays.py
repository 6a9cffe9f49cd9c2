"""What people are told of how long answers take: on a public page, on forms, on their cases (R-41)."""

from datetime import UTC, datetime

import pytest

from portal.data.accounts import Space
from portal.data.answer_delays import MeasuredDelay, Period
from portal.data.cases import CaseKind
from tests.support import factories
from tests.support.entry import enter
from tests.support.html import text_of


@pytest.fixture
def measure(client):
    """Keeps a measure of messages, or of another kind."""

    def keep(
        space: str, days: int, *, kind: str = CaseKind.MESSAGE, count: int = 12, period: str = Period.MONTH
    ) -> None:
        figures = {
            "half_days": days - 1,
            "most_days": days,
            "nearly_all_days": days + 1,
            "measured_at": datetime.now(UTC),
        }
        with client.services.database.write() as db:
            db.add(MeasuredDelay(kind=kind, space=space, period=period, count=count, **figures))

    return keep


def words(client, path: str) -> str:
    return text_of(client.get(path).one("main")).replace("\u00a0", " ")


def test_anybody_reads_the_measured_delays_and_how_they_are_measured(client, measure) -> None:
    measure(Space.MEMBER, 6)
    shown = words(client, "/delais")
    assert "6 jours" in shown
    assert "12 réponses en 30 jours" in shown
    assert "Comment nous mesurons" in shown


def test_too_few_answers_are_told_by_nobody(client, measure) -> None:
    measure(Space.MEMBER, 6, count=4)
    assert "Aucun délai n’est encore mesuré" in words(client, "/delais")


def test_member_reads_the_delay_of_members_before_writing(client, measure) -> None:
    measure(Space.MEMBER, 6)
    measure(Space.PROVIDER, 2)
    measure(Space.MEMBER, 31, kind=CaseKind.COMPLAINT, period=Period.QUARTER)
    with client.services.database.write() as db:
        account = factories.member_with_account(db, client.services.keyring)[1]
    enter(client, account)
    assert "8 demandes sur 10 reçoivent leur réponse en 6 jours ouvrés ou moins" in words(client, "/messagerie/nouveau")
    told = words(client, "/adherent/reclamations/nouvelle")
    assert "Ces trois derniers mois, 8 demandes sur 10 ont reçu leur réponse en 31 jours ouvrés ou moins" in told


def test_complaint_without_an_account_tells_the_delay_before_and_after(client, measure) -> None:
    measure(Space.MEMBER, 31, kind=CaseKind.COMPLAINT)
    for path in ("/reclamation", "/reclamation/envoyee"):
        assert "en 31 jours ouvrés ou moins" in words(client, path)
