"""What the tests of places share: a real host on this machine, and another one that nobody may reach."""

from collections.abc import Iterator

import pytest

from tests.support.sources import Host, running_host


@pytest.fixture
def host() -> Iterator[Host]:
    """The configured source."""
    with running_host() as one:
        yield one


@pytest.fixture
def elsewhere() -> Iterator[Host]:
    """Another host, which must never be asked."""
    with running_host() as other:
        yield other
        assert other.asked == []


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()
