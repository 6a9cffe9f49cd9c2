"""The demonstration's checks of rights: three practices of three professions ask about the same persons (R-42); those
of somebody new were frozen (R-62)."""

from datetime import UTC, datetime

from sqlmodel import Session, col

from portal.data.activity import account_object
from portal.data.coverage import Beneficiary
from portal.data.evidence import Action, Outcome, record
from portal.data.rights import Cover, RightsStatus, covers_where
from portal.data.rights_checks import check_rights, past_checks
from portal.data.rights_freezes import freeze_checks, freeze_state
from portal.data.rights_patterns import Pattern
from portal.data.rights_questions import Means, Question
from portal.data.sessions import Viewer
from portal.database import Database
from portal.demo.viewers import viewer_of
from portal.formatting import day_in_france
from portal.rights_words import told_to_desk
from portal.security import Keyring

PRACTICES = ("3000000012", "3000000020", "3000000038")
FAMILY, LEAVER, NEWCOMER = "1000000016", "1000000040", "3000000053"


def show_rights(database: Database, keyring: Keyring) -> None:
    """Adds the checks of each practice, unless they are there."""
    for identifier in PRACTICES:
        with database.write() as db:
            viewer = viewer_of(db, identifier)
            if past_checks(db, viewer, keyring, None, None):
                continue
            for cover in (*_covers(db, LEAVER)[:1], *_covers(db, FAMILY)[:2]):
                _check(db, viewer, keyring, cover, datetime.now(UTC))
    with database.write() as db:
        _freeze_newcomer(db, keyring, datetime.now(UTC))


def _freeze_newcomer(db: Session, keyring: Keyring, now: datetime) -> None:
    """Somebody new at the hospital whose checks were unusual, once: the desk has a case to handle."""
    newcomer = viewer_of(db, NEWCOMER)
    if freeze_state(db, newcomer).freeze is not None:
        return
    seen = {Pattern.NEIGHBOURS: 15, Pattern.NIGHT: 31}
    frozen = freeze_checks(db, newcomer, keyring, seen, told_to_desk(seen), now)
    details = {"seen": {pattern.value: count for pattern, count in seen.items()}, "practice": frozen.is_practice}
    record(db, newcomer, Action.RIGHTS_FROZEN, object=account_object(newcomer.account_id), details=details, now=now)


def _covers(db: Session, identifier: str) -> list[Cover]:
    """The covers of an account's person, then those of their family."""
    own = covers_where(db, col(Beneficiary.person_id) == viewer_of(db, identifier).person_id)
    contracts = {cover.contract_id for cover in own}
    family = covers_where(db, col(Beneficiary.contract_id).in_(contracts))
    return [*own[-1:], *(cover for cover in family if cover.person_id != own[-1].person_id)]


def _check(db: Session, viewer: Viewer, keyring: Keyring, cover: Cover, now: datetime) -> None:
    marks = (cover.birth_date, cover.birth_rank, day_in_france(now))
    made = check_rights(db, viewer, keyring, Question(Means.MEMBER_NUMBER, cover.member_number, *marks), now)
    check = made.check
    record(
        db,
        viewer,
        Action.RIGHTS_CHECKED,
        object=check.engagement,
        outcome=Outcome.OK if check.status == RightsStatus.OPEN else Outcome.REFUSED,
        reason=check.status,
        details={"persons": [check.person_id], "answer": made.digest},
        now=now,
    )
