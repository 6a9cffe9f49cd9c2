"""What this process counts as it serves, in the form of OpenMetrics.

With several workers each counts in files of its own under one folder (prometheus-client's multiprocess mode), and
whichever is asked adds them up; `portal serve` names the folder before the workers start. A worker alone counts in
memory. What the database knows is not counted here: `operation_figures.py` reads it when asked.
"""

import os
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

MEDIA_TYPE = CONTENT_TYPE_LATEST
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
KNOWN_METHODS = {"GET", "HEAD", "POST"}

disable_created_metrics()  # type: ignore[no-untyped-call]  # theirs


class Meters:
    """One per application."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self.requests = Counter(
            "portal_requests", "Requests answered.", ["template", "method", "status"], registry=self._own
        )
        self.spent = Counter("portal_route_seconds", "Time spent on a route.", ["template"], registry=self._own)
        self.durations = Histogram(
            "portal_request_seconds", "How long answers took.", ["area"], buckets=BUCKETS, registry=self._own
        )
        self.sign_in_failures = Counter(
            "portal_sign_in_failures", "Wrong passwords, codes and keys.", ["step"], registry=self._own
        )

    def count(self, template: str, method: str, status: int, seconds: float) -> None:
        """One request that is over."""
        self.requests.labels(template, method if method in KNOWN_METHODS else "other", str(status)).inc()
        self.spent.labels(template).inc(seconds)
        self.durations.labels(area_of(template)).observe(seconds)

    def text(self, figures: Iterable[Metric]) -> bytes:
        """Everything as OpenMetrics: what was counted, and the figures given."""
        registry = CollectorRegistry()
        registry.register(_Given(figures))
        counted = self._own
        if os.environ.get(FOLDER_VARIABLE):
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]  # theirs
        registry.register(_Given(counted.collect()))
        text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # theirs
        return text


class _Given(Collector):
    """Metrics that are there already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def area_of(template: str) -> str:
    """The first step of a route's template: its space, or the page; the same for a page's fragments."""
    steps = [step for step in template.split("/") if step and step != "fragments"]
    return steps[0] if steps and not steps[0].startswith("{") else "/"
