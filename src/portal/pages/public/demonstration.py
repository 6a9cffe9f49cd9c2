"""The demonstration's own pages, served under `portal demo` only: accounts, codes of the moment, and the mail sent."""

import re
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.persons import birth_date_by_reference
from portal.formatting import short_date
from portal.mailing.folder import FiledLetter, filed_letter, filed_letters
from portal.permissions import public
from portal.rendering import Crumb, render_page
from portal.routing import page
from portal.security import OneTimeCode
from portal.web import DemoHelp, DemoSignUp, PortalRequest

LATEST_CODES = 3
# A letter's `code` block, alone on its line.
_CODE = re.compile(r"^ +(\d{3}[ \u00a0\u202f]?\d{3})$", re.MULTILINE)


@page("/demonstration", name="demo", guards=[public])
def demonstration(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "public/demonstration/index.html", "Comptes de démonstration", **_context(request))


@page("/demonstration/courrier", name="demo.mail", guards=[public])
def mailbox(request: PortalRequest) -> Response[bytes]:
    """Every letter sent to the invented people, newest first."""
    letters = [(letter, _code_in(letter)) for letter in filed_letters(request.services.settings.mail_folder)]
    return render_page(request, "public/demonstration/mailbox.html", "Courrier de la démonstration", letters=letters)


@page("/demonstration/courrier/{file:str}", name="demo.letter", guards=[public])
def letter(request: PortalRequest, file: FromPath[str]) -> Response[bytes]:
    """The text part of one letter."""
    settings = request.services.settings
    found = filed_letter(settings.mail_folder, file)
    if found is None:
        raise NotFoundException
    crumbs = [Crumb("Courrier de la démonstration", request.services.urls("demo.mail"))]
    paragraphs = found.text.strip().split("\n\n")
    context: dict[str, Any] = {"letter": found, "paragraphs": paragraphs, "origin": settings.origin}
    return render_page(request, "public/demonstration/letter.html", found.subject, crumbs=crumbs, **context)


def _context(request: PortalRequest) -> dict[str, Any]:
    demo: DemoHelp | None = request.services.demo
    if demo is None:
        raise LookupError("the demonstration page is only routed under `portal demo`")
    letters = filed_letters(request.services.settings.mail_folder)
    return {
        "accounts": demo.accounts,
        "password": demo.password,
        "code": OneTimeCode(demo.totp_secret).now(),
        "secret": demo.totp_secret,
        "sign_ups": [(one, _to_type(request, one)) for one in demo.sign_ups],
        "emailed": [(letter, code) for letter in letters if (code := _code_in(letter))][:LATEST_CODES],
    }


def _to_type(request: PortalRequest, one: DemoSignUp) -> str:
    born = short_date(birth_date_by_reference(request.db, one.person)) if one.person else ""
    return one.fields.replace("{naissance}", born)


def _code_in(letter: FiledLetter) -> str:
    found = _CODE.search(letter.text)
    return found.group(1) if found else ""
