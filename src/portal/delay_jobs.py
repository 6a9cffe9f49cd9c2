"""The job behind the delays that pages tell: measured without holding the writer's turn, then kept at once."""

from datetime import datetime

from portal.data.delay_measuring import measured, renew_measures
from portal.web import Services


def measure_delays(services: Services, now: datetime) -> int:
    """Renews the measured delays; how many rows they are."""
    with services.database.read() as db:
        rows = measured(db, now)
    with services.database.write() as db:
        renew_measures(db, rows)
    return len(rows)
