"""What somebody typed while something fell due meanwhile (a proof of identity, signing in again): it is sealed for
their account, and waits in the address of the form's page until they come back.

Nobody else's account opens it, and it opens for as long as a working day's session lasts.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
from cryptography.fernet import InvalidToken
from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException

from portal.csrf import FIELD, comes_from_here
from portal.data.sessions import lapsed_account
from portal.forms import exact_value, single_values
from portal.routing import LONGEST_PATH
from portal.security import Keyring, fingerprint
from portal.sessions import SESSION, cookie_name
from portal.web import PortalRequest

OPENS_FOR = timedelta(hours=8)
PARAMETER = "saisie"


class _Typed(msgspec.Struct, frozen=True):
    purpose: str
    account_id: int
    at: datetime
    values: dict[str, str]


def seal_typed(keyring: Keyring, account_id: int, purpose: str, values: dict[str, str], now: datetime) -> str:
    """What stands in the address for a form's values. `purpose`: which form."""
    return keyring.encrypt(msgspec.json.encode(_Typed(purpose, account_id, now, values)).decode()).decode()


def open_typed(request: PortalRequest, purpose: str, fields: Iterable[str], token: str) -> dict[str, str] | None:
    """The values that were sealed for the viewer under this purpose; None for whatever else, or what is too old."""
    with suppress(InvalidToken, UnicodeError, msgspec.MsgspecError):
        typed = msgspec.json.decode(request.services.keyring.decrypt(token.encode("ascii")), type=_Typed)
        is_theirs = (typed.purpose, typed.account_id) == (purpose, request.viewer.account_id)
        if is_theirs and request.now - typed.at <= OPENS_FOR and set(typed.values) == set(fields):
            return typed.values
    return None


def way_back(request: PortalRequest, account_id: int, name: str, values: dict[str, str]) -> str:
    """The address of the page called `name` with the values sealed in it; without them when they are too long."""
    sealed = seal_typed(request.services.keyring, account_id, name, values, request.now)
    path = request.services.urls(name, {PARAMETER: sealed})
    return path if len(path) <= LONGEST_PATH else request.services.urls(name)


def keeps_typed(name: str, fields: tuple[str, ...], longest: int) -> Callable[[ASGIConnection], Awaitable[None]]:
    """For a form's handler (`keep_typed`): when its sender must sign in first, what was typed waits at the page called
    `name`. Only what a page of ours sent in a session that lapsed is read, and it is sealed for that session's account.
    """

    async def keep(connection: ASGIConnection) -> None:
        request: PortalRequest = connection  # type: ignore[assignment]
        with suppress(ClientException):
            form = await request.form()
            values = single_values(form, fields, longest)
            account_id = await request.database.run(_sender, request, exact_value(form, FIELD))
            if account_id is not None:
                request.come_back_to(way_back(request, account_id, name, values))

    return keep


def _sender(request: PortalRequest, csrf_token: str) -> int | None:
    """The account whose lapsed session sent this form from a page of ours."""
    cookie = request.cookies.get(cookie_name(request.services.settings, SESSION), "")
    token = request.services.keyring.unsign(SESSION, cookie)
    if token is None or request.signed_in is not None or not comes_from_here(request):
        return None
    session_hash = fingerprint(token)
    if not request.services.keyring.csrf_matches(f"session:{session_hash}", csrf_token):
        return None
    with request.database.read() as db:
        return lapsed_account(db, session_hash)
