"""The job behind exceptional accesses: those whose time is over are ended in writing, too (R-72)."""

from datetime import datetime

from portal.data.evidence import Action, record
from portal.data.exceptional_access import end_expired
from portal.web import Services


def end_expired_accesses(services: Services, now: datetime) -> int:
    """Notes the end of every access that its time ended; how many. It could be read no more from that second on."""
    with services.database.write() as db:
        ended = end_expired(db, now)
        for access in ended:
            record(
                db,
                None,
                Action.EXCEPTIONAL_ACCESS_ENDED,
                object=access.object,
                actor=access.opened_by,
                acting_for=access.person_id,
                now=now,
            )
    return len(ended)
