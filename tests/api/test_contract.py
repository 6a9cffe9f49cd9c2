"""The API keeps to its own document, whatever is sent: schemathesis makes requests up, judges each answer (R-42)."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from sqlalchemy import text

from tests.api.conftest import RIGHTS, TOKEN, basic, question

pytestmark = pytest.mark.engines("sqlite")
BOUNDED = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
# A schema cannot say everything: the key of a NIR, a day of the last two years, a key that served for another question.
HOST = b"portal.test"
ACCEPTED = ["2xx", "401", "403", "422"]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


def at_home(app: Any) -> Any:
    """The application under its own name, and in its running state: the tests' client started it, and will end it."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            others = [header for header in scope["headers"] if header[0] != b"host"]
            await app(scope | {"headers": [(b"host", HOST), *others]}, receive, send)
            return
        for said in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{said}.complete"})

    return served


@pytest.fixture
def document(client) -> Any:
    config = SchemathesisConfig.from_dict(
        {"checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}, "seed": 1}
    )
    return schemathesis.openapi.from_asgi("/api/openapi.json", at_home(client.http.app), config=config)


def forget_limits(client: Any) -> None:
    """Each request as the first of its hour: else most would be refused unread."""
    with client.services.database.write() as db:
        db.execute(text("DELETE FROM throttle"))
        db.execute(text("UPDATE rights_check SET asked_at = '2026-01-01 00:00:00'"))


def tried(
    client: Any, document: Any, path: str, mode: GenerationMode, headers: dict[str, str], real: Any = None
) -> int:
    """How many requests were made up, sent and judged."""
    sent = 0
    operation = document[path]["POST"]

    @BOUNDED
    @given(case=operation.as_strategy(mode), is_real=st.booleans())
    def judge(case: Any, is_real: bool) -> None:  # noqa: FBT001
        nonlocal sent
        forget_limits(client)
        if real and is_real and mode is GenerationMode.POSITIVE:
            case.body = case.body | real
        answer = case.call(headers=headers)
        case.validate_response(answer, headers=headers)
        assert answer.status_code < 500
        sent += 1

    judge()
    return sent


@pytest.mark.parametrize("mode", MODES)
def test_software_with_a_token_gets_what_the_document_says(client, document, software, family, mode) -> None:
    headers = {"Authorization": f"Bearer {software.token()}"}
    real = {name: value for name, value in question(family).items() if name in {"numero", "naissance", "soins"}}
    assert tried(client, document, RIGHTS, mode, headers, real) >= 20
    if mode is GenerationMode.POSITIVE:
        with client.services.database.read() as db:
            assert db.execute(text("SELECT count(*) FROM rights_check")).scalar() > 0


@pytest.mark.parametrize("mode", MODES)
def test_software_without_a_token_gets_what_the_document_says(client, document, mode) -> None:
    assert tried(client, document, RIGHTS, mode, {}) >= 20
    with client.services.database.read() as db:
        assert db.execute(text("SELECT count(*) FROM rights_check")).scalar() == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("is_known", [True, False])
def test_software_that_asks_for_tokens_gets_what_the_document_says(client, document, software, mode, is_known) -> None:
    headers = {"Authorization": basic(software.of.client_id, software.of.secret)} if is_known else {}
    assert tried(client, document, TOKEN, mode, headers) >= 20
