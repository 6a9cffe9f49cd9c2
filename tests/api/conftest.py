"""A practice's software, and what it sends."""

from base64 import b64encode
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import httpx
import pytest

from portal.data.accounts import Account
from portal.data.software import create_software
from portal.formatting import today
from portal.settings import Settings
from tests.support import factories
from tests.support.cards import covered_household
from tests.support.rights import practice

TOKEN, RIGHTS = "/api/jeton", "/api/droits"


class Client(NamedTuple):
    """A client of the API: the account that made it, its identifier, its secret."""

    account: Account
    client_id: str
    secret: str


class Caller:
    """A practice's software as it talks to the API, without cookies."""

    def __init__(self, client: Any, of: Client) -> None:
        self._http, self.of = client.http, of

    def ask_token(self, fields: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """By the body, unless a header authenticates."""
        own = {} if "authorization" in headers else {"client_id": self.of.client_id, "client_secret": self.of.secret}
        data = {"grant_type": "client_credentials"} | own | (fields or {})
        return self._http.post(TOKEN, data=data, headers=headers)

    def token(self) -> str:
        answer = self.ask_token()
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def check(self, question: Any, *, token: str | None = None, **headers: str) -> httpx.Response:
        bearer = self.token() if token is None else token
        return self._http.post(RIGHTS, json=question, headers={"authorization": f"Bearer {bearer}"} | headers)


def basic(client_id: str, secret: str) -> str:
    """The header of RFC 6749 §2.3.1."""
    return "Basic " + b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def question(family: Any, person: Any = None, **fields: Any) -> dict[str, Any]:
    """What a software sends of somebody of the family, today."""
    return {
        "numero": family.contract.member_number,
        "naissance": (person or family.member).birth_date.isoformat(),
        "soins": today().isoformat(),
        "motif": "prise_en_charge",
        "utilisateur": "poste-2",
    } | fields


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As in production, with the API on."""
    return settings.model_copy(update={"rights_api": True})


@pytest.fixture
def make_software(client):
    """Makes a practice and its client."""

    def made(account: Account | None = None, certificate: str = "", **of: Any) -> Caller:
        with client.services.database.write() as db:
            account = account or practice(db, client.services.keyring, **of)
            viewer = factories.viewer_of(db, account)
            software, secret = create_software(db, viewer, "LGO Essai", certificate, viewer.confirmed_at)
            return Caller(client, Client(account, software.client_id, secret))

    return made


@pytest.fixture
def software(make_software) -> Caller:
    """The client of a pharmacy."""
    return make_software()


@pytest.fixture
def family(client):
    """A covered household."""
    with client.services.database.write() as db:
        return covered_household(db)
