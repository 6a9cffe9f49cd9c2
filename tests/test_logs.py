"""The log's form (F3)."""

import json
import logging

from portal.logs import JsonLines


def record(message: str, *arguments: object, exc_info: object = None) -> logging.LogRecord:
    return logging.LogRecord("portal.access", logging.INFO, __file__, 1, message, arguments, exc_info)  # type: ignore[arg-type]


def test_hostile_text_stays_on_one_line():
    line = JsonLines().format(record("%s", 'a\r\n{"level": "forged"}\x1b[31m'))
    assert "\n" not in line
    assert "\x1b" not in line
    assert json.loads(line)["level"] == "INFO"


def test_instant_is_in_utc_and_the_logger_is_named():
    line = json.loads(JsonLines().format(record("hello %s", "you")))
    assert line["at"].endswith("Z")
    assert (line["logger"], line["message"]) == ("portal.access", "hello you")


def test_trace_is_part_of_the_same_line():
    error = ValueError("broken")
    line = JsonLines().format(record("oops", exc_info=(ValueError, error, None)))
    assert "\n" not in line
    assert "ValueError: broken" in json.loads(line)["trace"]
