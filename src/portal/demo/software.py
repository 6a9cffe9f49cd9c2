"""The demonstration's software: the pharmacy has one, which asked about somebody (R-42)."""

from datetime import UTC, datetime

from sqlmodel import Session, col

from portal.data.coverage import Beneficiary
from portal.data.evidence import Action, Outcome, record
from portal.data.rights import RightsStatus, covers_where
from portal.data.rights_questions import Means, Question
from portal.data.software import create_software, software_of
from portal.data.software_access import access_by_secret
from portal.data.software_checks import Asked, answer_once
from portal.database import Database
from portal.demo.viewers import viewer_of
from portal.formatting import day_in_france
from portal.security import Keyring

PHARMACY, PATIENT = "3000000020", "1000000016"
NAME, COUNTER = "LGO Officine", "comptoir-2"


def show_software(database: Database, keyring: Keyring) -> None:
    """Makes the pharmacy's client, and has it ask once, unless it is there. Nobody keeps its secret."""
    with database.write() as db:
        viewer = viewer_of(db, PHARMACY)
        if software_of(db, viewer) is not None:
            return
        now = datetime.now(UTC)
        software, secret = create_software(db, viewer, NAME, "", now)
        record(db, viewer, Action.SOFTWARE_CREATED, object=software.client_id, now=now)
        _ask(db, keyring, software.client_id, secret, now)


def _ask(db: Session, keyring: Keyring, client_id: str, secret: str, now: datetime) -> None:
    access = access_by_secret(db, client_id, secret, now)
    if access is None:
        raise LookupError(client_id)
    (cover, *_) = covers_where(db, col(Beneficiary.person_id) == viewer_of(db, PATIENT).person_id)
    marks = (cover.birth_date, cover.birth_rank, day_in_france(now))
    asked = Asked(Question(Means.MEMBER_NUMBER, cover.member_number, *marks), NAME, COUNTER, "")
    given = answer_once(db, access, keyring, asked, now, is_proven=True)
    check, digest = given.past.check, given.made.digest if given.made else ""
    record(
        db,
        access.viewer,
        Action.RIGHTS_CHECKED,
        object=check.engagement,
        outcome=Outcome.OK if check.status == RightsStatus.OPEN else Outcome.REFUSED,
        reason=check.status,
        details={
            "persons": [check.person_id],
            "answer": digest,
            "software": client_id,
            "operator": COUNTER,
        },
        now=now,
    )
