"""Searches for people by name, whose text an address must not show: it is sealed there, for the account that searched.

An address that was copied tells nobody else, and finds nothing for them.
"""

from contextlib import suppress

from cryptography.fernet import InvalidToken

from portal.data.sessions import Viewer
from portal.security import Keyring

LONGEST_SEALED = 1000


def seal_search(keyring: Keyring, viewer: Viewer, purpose: str, text: str) -> str:
    """What stands in the address for a text; empty for none. `purpose`: which list is searched."""
    return keyring.encrypt(_label(viewer, purpose) + text).decode() if text else ""


def open_search(keyring: Keyring, viewer: Viewer, purpose: str, token: str) -> str | None:
    """The text of a sealed search of this viewer's, empty without one; None for what is none."""
    if not token:
        return ""
    with suppress(InvalidToken, UnicodeError):
        text, label = keyring.decrypt(token.encode("ascii")), _label(viewer, purpose)
        return text.removeprefix(label) if text.startswith(label) else None
    return None


def _label(viewer: Viewer, purpose: str) -> str:
    return f"{purpose}/{viewer.account_id}/"
