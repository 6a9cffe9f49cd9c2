"""People of the desk who publish: one prepares, another one reads again and publishes."""

import re
from typing import Any

from portal.data.terms import newest_terms
from portal.publication_jobs import work_on_publications
from tests.support import factories
from tests.support.client import AuditingClient
from tests.support.entry import enter, send
from tests.support.terms import accept_version

HOME = "/gestion/publication"


class Desk:
    """An agent who prepares, and two supervisors."""

    def __init__(self, client: AuditingClient) -> None:
        self.client = client
        services = client.services
        with services.database.write() as db:
            self.agent = factories.desk_account(db, services.keyring)
            self.supervisor = factories.desk_account(db, services.keyring, is_supervisor=True)
            self.other = factories.desk_account(db, services.keyring, is_supervisor=True)
            if newest_terms(db) is not None:
                for account in (self.agent, self.supervisor, self.other):
                    accept_version(db, account)
        self.path = ""

    def prepare(self, path: str, who: Any = None, **fields: str) -> int:
        """Fills the form of a page and sends it; the status. `path` is then the publication's."""
        enter(self.client, who or self.agent)
        self.client.get(path)
        self.client.submit(**fields)
        self.path = self.client.path
        return self.client.status

    def upload(self, nature: str, content: bytes, name: str = "fichier.csv", who: Any = None) -> int:
        """Sends a file, and lets the worker check it; the status."""
        client = self.client
        enter(client, who or self.agent)
        client.get(f"{HOME}/fichiers/{nature}")
        token = client.page.one('main form input[name="jeton"]').attributes["value"]
        client.post(client.path, {"jeton": token}, files={"fichier": (name, content)})
        if client.answer.is_redirect:
            client.get(client.answer.headers["location"])
            self.path = client.path
        return client.status

    def work(self) -> None:
        """The worker's turn; then the publication's page as it is now."""
        work_on_publications(self.client.services)
        self.client.get(self.path)

    def approve(self, who: Any = None, **fields: str) -> int:
        """Somebody else reads again and publishes; the status."""
        enter(self.client, who or self.supervisor)
        self.client.get(f"{self.path}/publier")
        if self.client.path != f"{self.path}/publier":
            return 303
        self.client.submit(**({"relu": "1"} | fields))
        return self.client.status

    def post(self, act: str, who: Any = None, **fields: str) -> int:
        """An act on the publication, from its page; the bare status."""
        enter(self.client, who or self.supervisor)
        return send(self.client, f"{self.path}/{act}", fields, form_at=self.path).status_code

    def read_version(self) -> str:
        """What a form of approval would send as read now."""
        found = re.search(r'name="lu" value="([0-9a-f]{64})"', self.client.get(f"{self.path}/publier").text)
        assert found
        return found[1]
