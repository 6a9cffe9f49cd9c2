"""The demonstration's desk: requests that agents have, share, wait for, and put before a supervisor (R-05)."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from portal.data import work_acts
from portal.data.sessions import Viewer
from portal.data.work_items import FRAUD
from portal.data.work_queue import QueueFilters, queue_page
from portal.database import Database
from portal.demo.viewers import agent_of
from portal.formatting import day_in_france
from portal.security import Keyring

AGENT, SUPERVISOR = "9000000019", "9000000027"


def show_desk(database: Database, keyring: Keyring) -> None:
    """Has the desk's agents act on what waits for them, unless they have."""
    now = datetime.now(UTC)
    with database.write() as db:
        agent = agent_of(db, AGENT)
        mine = queue_page(db, agent, keyring, QueueFilters(holder=agent.account_id), now)
        if mine is not None and not mine.rows:
            _act(db, keyring, agent, agent_of(db, SUPERVISOR), now)


def _act(db: Session, keyring: Keyring, agent: Viewer, supervisor: Viewer, now: datetime) -> None:
    waiting = queue_page(db, agent, keyring, QueueFilters(), now)
    rows = [row for row in waiting.rows if row.kind != FRAUD] if waiting else []
    items = filter(None, [work_acts.lock_item(db, agent, keyring, row.id) for row in rows])
    for words in ("Appelée ce matin\u00a0: elle rappelle après 17\u00a0h.", "", ""):
        if item := next(items, None):
            work_acts.take(db, agent, keyring, item, now - timedelta(hours=2))
            if words:
                work_acts.note(db, agent, keyring, item, words, now - timedelta(hours=1))
    if item := next(items, None):
        work_acts.take(db, supervisor, keyring, item, now - timedelta(days=1))
        words = "Vous avez déjà eu cette personne au téléphone\u00a0: je vous la confie."
        work_acts.assign(db, supervisor, keyring, item, agent.account_id, words, now - timedelta(hours=3))
    if item := next(items, None):
        reason = "Deuxième courrier, la personne parle de saisir le médiateur."
        work_acts.escalate(db, agent, keyring, item, reason, now - timedelta(hours=4))
    for item in items:
        latest = work_acts.latest_waking(item, now)
        if latest is not None:
            until = min(latest, day_in_france(now + timedelta(days=3)))
            work_acts.snooze(db, agent, keyring, item, until, "La caisse doit nous répondre.", now)
            return
