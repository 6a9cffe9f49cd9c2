"""Chromium's virtual authenticator: a fingerprint reader with passkeys, driven by the debugger."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession

from tests.support.browser import Tab

READER = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Authenticator:
    """One device in one tab; it always recognises the finger."""

    session: CDPSession
    name: str

    @property
    def keys(self) -> list[dict[str, Any]]:
        """The keys it holds, private halves and counters included."""
        found: list[dict[str, Any]] = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.name})[
            "credentials"
        ]
        return found

    def take(self, key: dict[str, Any]) -> None:
        """Holds this key and no other, its counter as it is told."""
        self.session.send("WebAuthn.clearCredentials", {"authenticatorId": self.name})
        self.session.send("WebAuthn.addCredential", {"authenticatorId": self.name, "credential": key})


def plug_in(tab: Tab) -> Authenticator:
    """A device for the tab."""
    session = tab.context.new_cdp_session(tab.page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": READER})
    return Authenticator(session, made["authenticatorId"])
