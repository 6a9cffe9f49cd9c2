"""Nothing at the desk without a second factor (R-05, B11): asked of every route, for agents and supervisors."""

import re

import pytest

from portal.data.sessions import Stage
from portal.fronts import is_of_the_desk
from tests.support import factories
from tests.support.entry import ask, enter, send
from tools.list_routes import is_automatic

ROLES = pytest.mark.parametrize("is_supervisor", [False, True])


def routes_of_the_desk(client) -> set[tuple[str, str]]:
    found = {
        (method, re.sub(r"\{\w+:\w+\}", "x", route.path))
        for route in client.app.routes
        if is_of_the_desk(route.path)
        for handler in getattr(route, "route_handlers", ())
        if not is_automatic(handler)
        for method in handler.http_methods
    }
    assert len(found) > 20
    return found


def asked(client, method: str, path: str):
    return ask(client, path) if method == "GET" else send(client, path, {"motif": "x"})


@ROLES
@pytest.mark.parametrize("stage", [Stage.CODE, Stage.FULL])
def test_agent_without_a_proved_second_factor_reaches_no_route_of_the_desk(client, make, is_supervisor, stage) -> None:
    """CODE: it is not proved yet. FULL: the account has none at all, and is led to set one up."""
    agent = make(factories.desk_account, is_supervisor=is_supervisor, with_code=stage is Stage.CODE)
    enter(client, agent, stage=stage)
    due = client.url("second-factor" if stage is Stage.CODE else "factor.first")
    for method, path in sorted(routes_of_the_desk(client)):
        answer = asked(client, method, path)
        where = answer.headers.get("location", answer.headers.get("hx-redirect", ""))
        assert (answer.status_code in {303, 401}, where.partition("?")[0]) == (True, due), f"{method} {path}"
