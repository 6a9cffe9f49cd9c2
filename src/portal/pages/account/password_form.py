"""The form in which a new password is chosen, wherever that happens."""

from typing import Any

from litestar import Response

from portal.data.passwords import Holder
from portal.forms import FieldError
from portal.password_policy import shortest
from portal.rendering import render_page
from portal.web import PortalRequest

FIELD = "nouveau-mot-de-passe"


def render_choice(
    request: PortalRequest, template: str, title: str, holder: Holder, problem: str = "", **context: Any
) -> Response[bytes]:
    """The page of a password's choice; `problem` says why the last one cannot be chosen."""
    return render_page(
        request,
        f"account/passwords/{template}.html",
        title,
        errors=[FieldError(FIELD, problem)] if problem else [],
        identifier=holder.identifier,
        fewest=shortest(has_factor=holder.has_factor),
        **context,
    )
