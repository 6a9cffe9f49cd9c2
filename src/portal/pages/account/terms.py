"""The terms of use, for everyone: the text in force, every version, what changed, files. /conditions (R-14, R-16)."""

from collections.abc import Container
from typing import Any

from anyio import CapacityLimiter, to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from sqlmodel import Session

from portal.comparison import compare
from portal.data.terms import (
    TermsVersion,
    announced_terms,
    find_terms,
    previous_terms,
    published_terms,
    terms_in_force,
    terms_since,
    withdrawn_numbers,
)
from portal.headers import DOCUMENT_POLICY
from portal.legal_text import read_blocks, read_text
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_page, page
from portal.terms_documents import filename_of, terms_pdf
from portal.web import PortalRequest

TITLE = "Conditions d’utilisation"
NOT_PUBLISHED = "account/terms/unpublished.html"
LONGEST_NUMBER = 4
TYPESETTING_THREADS = 2
typesetting = CapacityLimiter(TYPESETTING_THREADS)


@page("/conditions", name="terms", guards=[public])
def terms_page(request: PortalRequest) -> Response[bytes]:
    terms = terms_in_force(request.db, request.now)
    announced = announced_terms(request.db, request.now)
    if terms is None and announced is None:
        return render_page(request, NOT_PUBLISHED, TITLE)
    return _text(request, terms or announced, announced if terms else None)


@page("/conditions/versions", name="terms.versions", guards=[public])
def versions_page(request: PortalRequest) -> Response[bytes]:
    in_force, withdrawn = terms_in_force(request.db, request.now), withdrawn_numbers(request.db)
    return render_page(
        request,
        "account/terms/versions.html",
        "Versions des conditions d’utilisation",
        versions=[(terms, state_of(terms, in_force, withdrawn)) for terms in published_terms(request.db)],
    )


@page("/conditions/versions/{number:str}", name="terms.version", guards=[public])
def version_page(request: PortalRequest, number: FromPath[str]) -> Response[bytes]:
    return _text(request, _found(request, number), None)


@page("/conditions/versions/{number:str}/changements", name="terms.changes", guards=[public])
def changes_page(request: PortalRequest, number: FromPath[str], depuis: FromQuery[str] = "") -> Response[bytes]:
    terms = _found(request, number)
    before = _found(request, depuis) if depuis else previous_terms(request.db, terms)
    if before is None or before.number >= terms.number:
        raise NotFoundException
    return render_page(
        request,
        "account/terms/changes.html",
        f"Ce que change la version {terms.number}",
        terms=terms,
        in_force=terms_in_force(request.db, request.now),
        **changes_between(request.db, before, terms),
    )


@page("/conditions/versions/{number:str}/markdown", name="terms.markdown", guards=[public])
def markdown_file(request: PortalRequest, number: FromPath[str]) -> Response[bytes]:
    """The very bytes whose digest is shown, stored and proven (security: B16)."""
    terms = _found(request, number)
    return file_answer(terms.text.encode(), "text/markdown", filename_of(terms.number, "md"))


@async_page("/conditions/versions/{number:str}/pdf", name="terms.pdf", guards=[public])
async def pdf_file(request: PortalRequest, number: FromPath[str]) -> Response[bytes]:
    terms = await request.database.run(_found, request, number)
    pdf = await to_thread.run_sync(terms_pdf, terms, request.services.settings.insurer, limiter=typesetting)
    return file_answer(pdf, "application/pdf", filename_of(terms.number, "pdf"))


def number_of(text: str) -> int:
    """The number of a version in a URL. Raises `NotFoundException`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        raise NotFoundException
    return int(text)


def file_answer(body: bytes, media_type: str, filename: str) -> Response[bytes]:
    """A file to save."""
    headers = {
        "Content-Disposition": f'attachment; filename="{filename}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type=media_type, headers=headers)


def changes_between(db: Session, before: TermsVersion, terms: TermsVersion) -> dict[str, Any]:
    """What a page shows of the way from one version to a later one: in words, and passage by passage."""
    return {
        "before": before,
        "words": [(step.number, read_blocks(step.changes)) for step in terms_since(db, before, terms)],
        "comparison": compare(before.text, terms.text),
    }


def state_of(terms: TermsVersion, in_force: TermsVersion | None, withdrawn: Container[int]) -> str:
    """Where a version stands: « annoncee », « en_vigueur », « remplacee », or « retiree » before it took effect."""
    if terms.number in withdrawn:
        return "retiree"
    if in_force is None or terms.number > in_force.number:
        return "annoncee"
    return "en_vigueur" if terms.number == in_force.number else "remplacee"


def _text(request: PortalRequest, terms: TermsVersion | None, announced: TermsVersion | None) -> Response[bytes]:
    if terms is None:
        raise NotFoundException
    legal = read_text(terms.text)
    return render_page(
        request,
        "account/terms/text.html",
        legal.title,
        terms=terms,
        legal=legal,
        state=state_of(terms, terms_in_force(request.db, request.now), withdrawn_numbers(request.db)),
        announced=announced,
    )


def _found(request: PortalRequest, number: str) -> TermsVersion:
    terms = find_terms(request.db, number_of(number))
    if terms is None:
        raise NotFoundException
    return terms
