"""Answers that take the same time whatever they found: a clock tells nobody who has an account (security: B10)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import current_time, sleep

# Well above what the work takes: looking somebody up, writing a letter into the outbox.
BEAT_SECONDS = 0.25


@asynccontextmanager
async def on_the_beat() -> AsyncIterator[None]:
    """Ends at a whole number of beats after it began: what was done inside does not show in the time it took."""
    began = current_time()
    yield
    await sleep((began - current_time()) % BEAT_SECONDS)
