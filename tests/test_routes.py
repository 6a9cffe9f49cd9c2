"""The route table: every handler is named, guarded and listed; no path changes by accident."""

import re
from collections import Counter
from pathlib import Path

import pytest
from litestar.handlers import HTTPRouteHandler

from portal.app import Portal
from portal.permissions import Permission, policy_of, public
from tools.list_routes import is_automatic, routes_of

COMMITTED = Path(__file__).with_name("routes.txt")
SEGMENT = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:txt|csv|json|xlsx|pdf|js|zip))?|\{[a-z_]+:[a-z]+\}")
PARAMETER_TYPES = {"str", "int", "date", "path"}
# Anyone may call these; a new one is added here by hand, or it needs a permission.
PUBLIC = {
    "home", "start", "help", "delays", "accessibility", "privacy", "terms", "terms.versions", "terms.version",
    "terms.changes", "terms.markdown", "terms.pdf", "health", "readiness", "metrics", "robots", "static",
    "sign-up", "sign-up.member", "sign-up.member.submit", "sign-up.employer", "sign-up.employer.submit",
    "sign-up.provider", "sign-up.provider.submit", "sign-up.sent", "sign-up.resend", "sign-up.resend.submit",
    "password.forgotten", "password.forgotten.submit", "password.forgotten.sent", "password.reset",
    "password.reset.submit", "password.reset.done", "identifier.forgotten", "identifier.forgotten.submit",
    "identifier.sent", "fraud.report", "fraud.report.submit", "fraud.sent", "fraud.confirm", "fraud.confirm.submit",
    "fraud.done", "bank.stop", "bank.stop.submit", "bank.stopped",
    "directory", "directory.practice", "directory.card", "directory.results", "directory.places",
    "directory.map", "directory.popup", "map.tile",
    "complaint", "complaint.submit", "complaint.sent", "complaint.follow",
    "complaint.follow.message", "complaint.follow.files", "complaint.follow.pdf",
    "invited", "invited.prove", "invited.step", "invited.answer", "invited.remove",
    "invited.exemption", "invited.exemption.ask",
    "card.check", "card.check.submit", "card.manifest", "card.worker",
    "sign-in", "sign-in.submit", "sign-in.options", "sign-in.passkey", "factor.lost", "link",
    "email.confirm", "email.confirm.submit", "email.refuse", "email.outcome",
    "deletion.confirm", "deletion.confirm.submit", "deletion.outcome",
}  # fmt: skip

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def handlers(app: Portal) -> list[tuple[str, HTTPRouteHandler]]:
    found = [(route.path, handler) for route in app.routes for handler in getattr(route, "route_handlers", ())]
    return [(path, handler) for path, handler in found if not is_automatic(handler)]


def test_route_table_is_the_committed_one(app: Portal) -> None:
    assert routes_of(app) == COMMITTED.read_text(encoding="utf8").splitlines(), "run `make routes`, review, commit"


def test_every_handler_has_a_name_of_its_own(handlers) -> None:
    names = Counter(handler.name for _, handler in handlers)
    assert None not in names
    assert [name for name, count in names.items() if count > 1] == []


def test_every_handler_declares_one_policy(handlers) -> None:
    assert [path for path, handler in handlers if policy_of(handler) is None] == []


def test_only_listed_handlers_are_public(handlers) -> None:
    assert {handler.name for _, handler in handlers if policy_of(handler) is public} == PUBLIC


def test_every_permission_guards_something(handlers) -> None:
    used = {getattr(policy_of(handler), "permission", None) for _, handler in handlers}
    assert set(Permission) - used == set()


def test_paths_are_kebab_case_and_parameters_typed(handlers) -> None:
    for path, _ in handlers:
        segments = [segment for segment in path.split("/") if segment]
        assert [segment for segment in segments if not SEGMENT.fullmatch(segment)] == [], path
        assert set(re.findall(r"\{\w+:(\w+)\}", path)) <= PARAMETER_TYPES, path


def test_fragments_stand_under_their_page(handlers) -> None:
    pages = {path for path, _ in handlers if not path.startswith("/fragments/")}
    for path, handler in handlers:
        if path.startswith("/fragments/"):
            page = path.removeprefix("/fragments")
            parents = {page, page.rsplit("/", 1)[0]}
            assert parents & pages, f"{handler.name} stands under no page"


def test_no_handler_is_cached(handlers) -> None:
    assert [path for path, handler in handlers if handler.cache] == []


def test_methods_are_get_and_post(handlers) -> None:
    assert {method for _, handler in handlers for method in handler.http_methods} <= {"GET", "POST"}


def test_anonymous_gets_sign_in_or_a_bare_refusal_everywhere(client, handlers) -> None:
    for path, handler in handlers:
        if policy_of(handler) is public or "GET" not in handler.http_methods:
            continue
        asked = re.sub(r"\{\w+:\w+\}", "x", path)
        if path.startswith("/fragments/"):
            client.fragment(asked)
            assert (client.status, client.answer.headers["hx-redirect"]) == (401, client.url("sign-in"))
        else:
            client.get(asked)
            assert (client.status, client.answer.headers["location"].split("?")[0]) == (303, client.url("sign-in"))


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "DELETE", "PATCH"])
def test_undeclared_methods_are_refused(client, method) -> None:
    client._request(method, client.url("sign-in"), audit=True, failing=False)
    assert client.status in {403, 405}
