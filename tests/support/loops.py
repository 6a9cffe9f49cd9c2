"""Coroutines run by tests. Playwright keeps a loop running in the thread of a worker that met a browser test."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """The coroutine's result, from a thread and a loop of its own; raises what it raises."""
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(asyncio.run, work).result()
