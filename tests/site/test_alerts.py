"""docs/alerts.yml (R-60): each alert asks for metrics that exist, and has a runbook that says all that it must."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from portal.data.operation_figures import operation_figures
from portal.meters import Meters
from portal.operation_metrics import figure_metrics

DOCS = Path(__file__).parents[2] / "docs"
RULES = yaml.safe_load((DOCS / "alerts.yml").read_text(encoding="utf8"))["groups"][0]["rules"]
RUNBOOKS = (DOCS / "operations.md").read_text(encoding="utf8").partition("\n## Alerts\n")[2].split("\n## ")[0]
SECTIONS = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=^### |\Z)", RUNBOOKS, re.MULTILINE | re.DOTALL))
PARTS = ["What it means", "Who suffers", "First look", "Act", "Afterwards"]
PROMETHEUS_OWN = {"up"}


@pytest.fixture
def told(database, tmp_path) -> set[str]:
    """The names and labels of every metric, as a portal that has done a little tells them."""
    meters, now = Meters(), datetime.now(UTC)
    meters.count("/aide", "GET", 200, 0.01)
    meters.sign_in_failures.labels("password").inc()
    with database.read() as db:
        figures = operation_figures(db, now)
    text = meters.text(figure_metrics(figures, now, tmp_path, maintenance=False)).decode()
    names = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)) | set(re.findall(r"^(\w+)", text, re.MULTILINE))
    return names | {f"queue={name}" for name in figures.queues}


@pytest.mark.engines("sqlite")
def test_every_metric_that_an_alert_asks_for_exists(told) -> None:
    for rule in RULES:
        asked = set(re.findall(r"\b(portal_\w+|up)\b", rule["expr"].split('job="portal"')[0] or rule["expr"]))
        assert asked
        assert asked - told - PROMETHEUS_OWN == set(), rule["alert"]
        assert {f"queue={name}" for name in re.findall(r'queue="(\w+)"', rule["expr"])} <= told


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert [rule["alert"] for rule in RULES] == list(SECTIONS)
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


@pytest.mark.parametrize("alert", SECTIONS)
def test_runbook_says_what_it_means_who_suffers_and_what_to_do(alert) -> None:
    assert re.findall(r"^- \*\*([\w ]+)\.\*\* \S", SECTIONS[alert], re.MULTILINE) == PARTS


def test_metrics_that_runbooks_name_exist_in_rules_or_text() -> None:
    ours = (DOCS.parent / "src" / "portal" / "operation_metrics.py").read_text(encoding="utf8")
    counted = (DOCS.parent / "src" / "portal" / "meters.py").read_text(encoding="utf8")
    for name in set(re.findall(r"portal_\w+", RUNBOOKS)):
        assert re.sub(r"_(total|bucket)$", "", name) in ours + counted, name
