"""What is no check and no token: unknown addresses, other methods, closed services, failures, all told as problems."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from portal.api import rights
from portal.data.accounts import Space
from portal.data.site_state import Service, SwitchState, plan_maintenance, switch_service
from portal.permissions import policy_of
from portal.routing import FOR_PROGRAMS, is_for_programs
from tests.api.conftest import RIGHTS, TOKEN, question
from tests.support.entry import enter

PROBLEM = "application/problem+json"

pytestmark = pytest.mark.engines("sqlite")


def kind(answer) -> str:
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["status"] == answer.status_code
    assert "<html" not in answer.text
    return answer.json()["type"].rpartition(":")[2]


def handlers_of(app) -> list[tuple[str, object]]:
    found = [(route.path, handler) for route in app.routes for handler in getattr(route, "route_handlers", ())]
    return [(path, handler) for path, handler in found if handler.http_methods & {"GET", "POST"}]


class TestRoutes:
    def test_api_has_these_handlers_alone_and_no_other_goes_without_a_form_token(self, app) -> None:
        theirs = [
            (path, handler.name, policy_of(handler).name) for path, handler in handlers_of(app) if is_for_programs(path)
        ]
        assert sorted(theirs) == [
            ("/api/droits", "api.rights", "software"),
            ("/api/jeton", "api.token", "public"),
            ("/api/openapi.json", "api.document", "public"),
        ]
        spared = [path for path, handler in handlers_of(app) if handler.opt.get(FOR_PROGRAMS)]
        assert sorted(spared) == [RIGHTS, TOKEN]

    def test_browser_with_a_session_is_nobody_to_the_api(self, client, software) -> None:
        enter(client, software.of.account)
        answer = client.http.post(RIGHTS, json={}, headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers

    def test_other_site_is_allowed_nothing(self, client) -> None:
        answer = client.http.options(
            RIGHTS, headers={"origin": "https://evil.test", "access-control-request-method": "POST"}
        )
        assert answer.status_code == 405
        assert not [name for name in answer.headers if name.startswith("access-control")]

    @pytest.mark.parametrize(
        "path", ["/api/", "/api/x", "/api/droits/x", "/api/schema", "/api/openapi.yaml", "/api/docs"]
    )
    def test_unknown_address_is_told_as_a_problem(self, client, path) -> None:
        answer = client.http.get(path)
        assert (answer.status_code, kind(answer)) == (404, "inconnu")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
    def test_other_method_is_told_which_there_is(self, client, method) -> None:
        answer = client.http.request(method, RIGHTS)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"

    def test_foreign_host_is_refused_as_a_problem(self, client) -> None:
        answer = client.http.post(RIGHTS, headers={"host": "evil.test"})
        assert (answer.status_code, kind(answer)) == (400, "demande-mal-formee")

    def test_document_is_json_without_any_script(self, client) -> None:
        answer = client.http.get("/api/openapi.json")
        assert answer.headers["content-type"] == "application/json"
        document = answer.json()
        assert document["openapi"].startswith("3.1")
        assert {*document["paths"]} == {RIGHTS, TOKEN}
        assert document["components"]["schemas"]["RightsQuestion"]["additionalProperties"] is False
        assert "<script" not in answer.text

    def test_every_field_of_the_document_is_described(self, client) -> None:
        schemas = client.http.get("/api/openapi.json").json()["components"]["schemas"]
        bare = [
            (name, field)
            for name, schema in schemas.items()
            for field, form in schema.get("properties", {}).items()
            if not form.get("description") and "$ref" not in str(form)
        ]
        assert bare == []


class TestClosed:
    def test_service_withdrawn_from_the_space_is_closed_to_software_too(self, client, software, family) -> None:
        """R-65: whoever closes the page closes the API."""
        token = software.token()
        now = datetime.now(UTC)
        with client.services.database.write() as db:
            switch_service(db, None, Space.PROVIDER, Service.RIGHTS, SwitchState.WITHDRAWN, "Essai.", now)
        client.services.site.forget()
        answer = software.check(question(family), token=token)
        assert (answer.status_code, kind(answer)) == (403, "service-ferme")

    def test_maintenance_says_until_when(self, client, software, family) -> None:
        """R-60."""
        token = software.token()
        now = datetime.now(UTC)
        with client.services.database.write() as db:
            plan_maintenance(db, None, now - timedelta(minutes=1), now + timedelta(hours=1), "Essai.", now)
        client.services.site.forget()
        answer = software.check(question(family), token=token)
        assert (answer.status_code, kind(answer)) == (503, "maintenance")
        assert int(answer.headers["retry-after"]) > 0
        assert software.ask_token().status_code == 503

    @pytest.mark.parametrize(
        ("error", "status", "said"),
        [(RuntimeError("secret"), 500, "panne"), (OperationalError("secret", {}, Exception()), 503, "indisponible")],
    )
    def test_failure_says_its_reference_and_nothing_else(
        self, software, family, monkeypatch, caplog, error, status, said
    ) -> None:
        token = software.token()

        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(rights, "answer_once", fail)
        answer = software.check(question(family), token=token)
        assert (answer.status_code, kind(answer)) == (status, said)
        assert answer.json()["reference"] in caplog.text
        assert "secret" not in answer.text + caplog.text
