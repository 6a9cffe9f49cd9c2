"""Rules of the house that linters do not know: who may query, who imports whom, how long things are.

A rule is one test, which names every file that breaks it: a test for each file and rule was a third of the whole suite.
"""

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "portal"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "versions" not in path.parts)
# Opening a connection, migrating and batching evidence are not queries about people.
MAY_EXECUTE = {"database.py", "schema.py", "journal.py", "env.py"}
OUTSIDE_DATA = [
    path for path in MODULES if "data" not in path.relative_to(SOURCE).parts and path.name not in MAY_EXECUTE
]
DATA = sorted((SOURCE / "data").rglob("*.py"))
TEXTS = [
    path
    for folder in ("src", "templates", "tests", "tools", "benchmarks", "docs", "requirements", ".ci")
    for path in (ROOT / folder).rglob("*")
    if path.is_file()
    and "__pycache__" not in path.parts
    and path.suffix in {".py", ".html", ".md", ".txt", ".css", ".in"}
] + [path for path in ROOT.glob("*") if path.is_file() and path.suffix in {"", ".md", ".toml", ".json"}]

MOST_MODULE_LINES = 300
MOST_FUNCTION_LINES = 50
MOST_MEDIAN_LINES = 8
ABOVE_DATA = ("portal.pages", "portal.partials", "portal.app", "portal.web", "portal.rendering", "portal.commands")
QUERIES = {"select", "exec", "execute", "scalar", "scalars", "get_one"}


# In one worker, where each file is parsed once for every rule.
pytestmark = pytest.mark.xdist_group("house rules")


def broken(paths: Iterable[Path], rule: Callable[[Path], object]) -> dict[str, object]:
    """What `rule` objects to, by file; a file without a word is a good one."""
    found = {path.relative_to(ROOT).as_posix(): rule(path) for path in paths}
    assert found, "a rule that sees no file proves nothing"
    return {name: objection for name, objection in found.items() if objection}


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Everything in a module, in the order of `ast.walk`."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf8"))))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body, without its docstring."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Each call's line and what is called: `select`, `.exec`, `session.get`…"""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name):
                yield node.lineno, called.id
            elif isinstance(called, ast.Attribute):
                yield node.lineno, called.attr
                if isinstance(called.value, ast.Name) and called.value.id in {"db", "session"}:
                    yield node.lineno, f"session.{called.attr}"


def is_assembled(argument: ast.expr) -> bool:
    """Whether an SQL text is put together from anything but our own tables' names."""
    if isinstance(argument, ast.JoinedStr):
        parts = [part.value for part in argument.values if isinstance(part, ast.FormattedValue)]
        return any(not ast.unparse(part).endswith((".__tablename__", "table.name")) for part in parts)
    return isinstance(argument, ast.BinOp | ast.Call)


def test_nobody_outside_data_queries_the_database() -> None:
    forbidden = QUERIES | {"session.get", "session.query", "session.delete", "session.merge"}
    assert broken(OUTSIDE_DATA, lambda path: [call for call in calls(path) if call[1] in forbidden]) == {}


def test_data_imports_nothing_from_above() -> None:
    above = (*ABOVE_DATA, "litestar")
    assert broken(DATA, lambda path: [name for name in imports(path) if name.startswith(above)]) == {}


def test_only_the_database_commits() -> None:
    others = [path for path in MODULES if path.name != "database.py"]
    assert broken(others, lambda path: [line for line, name in calls(path) if name == "commit"]) == {}


def test_modules_are_short() -> None:
    def lines_too_many(path: Path) -> int:
        return max(len(path.read_text(encoding="utf8").splitlines()) - MOST_MODULE_LINES + 1, 0)

    assert broken(MODULES, lines_too_many) == {}


def test_functions_are_short() -> None:
    def long_ones(path: Path) -> list[tuple[str, int]]:
        lengths = ((node.name, length_of(node)) for node in functions(path))
        return [(name, length) for name, length in lengths if length > MOST_FUNCTION_LINES]

    assert broken(MODULES, long_ones) == {}


def test_the_median_function_is_very_short() -> None:
    lengths = sorted(length_of(node) for path in MODULES for node in functions(path))
    assert lengths[len(lengths) // 2] <= MOST_MEDIAN_LINES


def test_sql_text_is_never_assembled() -> None:
    """E8: no f-string, `+`, `%` or .format() inside SQLAlchemy's text()."""

    def assembled(path: Path) -> list[int]:
        if "sqlalchemy.text" not in imports(path):
            return []
        named = [node for node in nodes(path) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        return [node.lineno for node in named if node.func.id == "text" and is_assembled(node.args[0])]

    assert broken(MODULES, assembled) == {}


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|NotImplemented" + r"Error)\b")
    assert broken(TEXTS, lambda path: later.findall(path.read_text(encoding="utf8"))) == {}


def test_tests_are_named_as_sentences() -> None:
    def wrong_names(path: Path) -> list[str]:
        names = [node.name for node in functions(path) if node.name.startswith("test_")]
        return [name for name in names if name.count("_") < 3] or ([] if names else ["no test at all"])

    assert broken(sorted((ROOT / "tests").rglob("test_*.py")), wrong_names) == {}


def test_npm_lock_names_no_registry() -> None:
    """Each machine uses its own registry; the integrity hashes are what counts."""
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_locked_packages_have_hashes() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        pinned = re.findall(r"^[a-z0-9].*$", path.read_text(encoding="utf8"), re.MULTILINE)
        assert pinned
        assert [line for line in pinned if "==" not in line or not line.endswith("\\")] == [], path.name
