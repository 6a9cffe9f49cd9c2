"""How long a session lives, by space: unused, and in all."""

from dataclasses import dataclass
from datetime import timedelta

from portal.data.accounts import Space


@dataclass(frozen=True, slots=True)
class Limits:
    """Idle and absolute life of a session."""

    idle: timedelta
    absolute: timedelta


LIMITS = {
    Space.MEMBER: Limits(timedelta(minutes=20), timedelta(hours=12)),
    Space.EMPLOYER: Limits(timedelta(minutes=15), timedelta(hours=8)),
    Space.PROVIDER: Limits(timedelta(minutes=15), timedelta(hours=8)),
    Space.DESK: Limits(timedelta(minutes=10), timedelta(hours=4)),
}
