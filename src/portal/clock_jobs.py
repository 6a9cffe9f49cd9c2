"""The job behind the desk's dates: acknowledges what nobody did, tells authors of delays, and the desk of what is near.

Each act has its transaction; what the desk is told of is kept together with the letters, so that nothing is told twice.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

from sqlmodel import Session

from portal.account_jobs import do_each
from portal.complaint_notices import tell_acknowledged, tell_delayed
from portal.data.cases import Case
from portal.data.clock_notices import ClockStage
from portal.data.desk_clocks import (
    TOLD,
    Due,
    Reader,
    acknowledge_by_portal,
    announce_delay_by_portal,
    due_stages,
    readers_of,
    take_told,
)
from portal.data.evidence import Action, record
from portal.data.parties import items_near
from portal.delay_words import kind_label
from portal.formatting import long_date
from portal.web import Services

ACTOR = "batch"
MOST_NAMED = 20
STAGE_LABELS = {
    ClockStage.LATE: "date passée",
    ClockStage.ACKNOWLEDGE: "accusé de réception à envoyer",
    ClockStage.ANSWER: "réponse à donner",
}

Take = Callable[[Session, Due, datetime], Case | None]
Tell = Callable[[Services, Session, Case], None]


class Told(NamedTuple):
    """What a letter says of requests of one kind at one stage: counts, references, the nearest date."""

    label: str
    number: int
    references: str
    first: str


_ACTS: Mapping[ClockStage, tuple[Take, Tell, Action]] = {
    ClockStage.ACKNOWLEDGED: (acknowledge_by_portal, tell_acknowledged, Action.COMPLAINT_ACKNOWLEDGED),
    ClockStage.DELAYED: (announce_delay_by_portal, tell_delayed, Action.COMPLAINT_DELAYED),
}


def watch_clocks(services: Services, now: datetime) -> int:
    """Does what dates ask for; how many stages were come to. Raises an `ExceptionGroup` of what failed, once the others
    are done."""
    with services.database.read() as db:
        dues = due_stages(db, now)
    told = _tell_desk(services, [due for due in dues if due.stage in TOLD], now)
    return told + do_each(partial(_act, services, now), [due for due in dues if due.stage in _ACTS])


def _act(services: Services, now: datetime, due: Due) -> bool:
    take, tell, action = _ACTS[due.stage]
    with services.database.write() as db:
        case = take(db, due, now)
        if case is None:
            return False
        tell(services, db, case)
        record(db, None, action, object=case.object, details={"by": ACTOR}, now=now)
    return True


def _tell_desk(services: Services, dues: Sequence[Due], now: datetime) -> int:
    if not dues:
        return 0
    with services.database.write() as db:
        fresh = take_told(db, dues, now)
        for reader in readers_of(db, fresh):
            near = items_near(db, services.keyring, reader.account_id)
            own = [due for due in fresh if reader.is_supervisor or due.assignee_id == reader.account_id]
            _post(services, db, reader, [due for due in own if due.item_id not in near])
    return len(fresh)


def _post(services: Services, db: Session, reader: Reader, dues: Sequence[Due]) -> None:
    if dues:
        href = services.settings.origin + services.urls("desk.board")
        said = {"told": told_of(dues), "count": len(dues), "href": href}
        services.mail.post(db, "desk-dates", reader.email, account_id=reader.account_id, **said)


def told_of(dues: Sequence[Due]) -> list[Told]:
    """What a letter to the desk says, what is late first; no more references than one reads."""
    groups: dict[tuple[ClockStage, str], list[Due]] = defaultdict(list)
    for due in dues:
        groups[due.stage, due.kind].append(due)
    order = list(STAGE_LABELS)
    keys = sorted(groups, key=lambda key: (order.index(key[0]), key[1]))
    return [_told(f"{kind_label(kind)}, {STAGE_LABELS[stage]}", groups[stage, kind]) for stage, kind in keys]


def _told(label: str, dues: Sequence[Due]) -> Told:
    named = ", ".join(due.reference for due in dues[:MOST_NAMED] if due.reference)
    more = len(dues) - MOST_NAMED if named else 0
    first: date = min(due.due_on for due in dues)
    return Told(label, len(dues), f"{named} et {more} autres" if more > 0 else named, long_date(first))
