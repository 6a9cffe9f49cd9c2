"""Look-ups at the desk, of accounts and of people: by exact data, for a purpose, and only so many in an hour."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from litestar import Response

from portal.forms import FieldError, single_values
from portal.web import PortalRequest

TOO_MANY = "Vous avez atteint le nombre de recherches permis en une heure. Reprenez plus tard, ou voyez un superviseur."
LONGEST = 254


class Show(Protocol):
    """The page of a look-up, with what was typed, what is wrong with it, what was found."""

    def __call__(
        self, request: PortalRequest, sent: dict[str, str], errors: list[FieldError] | None = None, found: Any = None
    ) -> Response[bytes]: ...


async def looked_up(
    request: PortalRequest,
    fields: Iterable[str],
    errors_in: Callable[[dict[str, str]], list[FieldError]],
    look_up: Callable[[PortalRequest, dict[str, str]], Any],
    show: Show,
) -> Response[bytes]:
    """What a form asks for. `look_up` writes, and gives None once the hour's look-ups are used up."""
    typed = single_values(await request.form(), fields, LONGEST)
    sent = {name: value.strip() for name, value in typed.items()}
    if errors := errors_in(sent):
        return show(request, sent, errors)
    found = await request.database.run_writing(look_up, request, sent)
    return show(request, sent, [FieldError("objet", TOO_MANY)]) if found is None else show(request, sent, found=found)
