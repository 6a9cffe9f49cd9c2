"""A publication as its readers will have it before them: /gestion/publication/…/apercu; nothing is published by it."""

import json
from typing import Any

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.articles import version_of_article
from portal.data.group_figures import group_figures_on
from portal.data.guarantee_changes import product_names
from portal.data.guarantee_examples import worked_examples
from portal.data.guarantee_previews import previewed_table
from portal.data.guarantees import GuaranteeTable
from portal.data.notice_deliveries import Notice
from portal.data.publication_files import file_of
from portal.data.publications import Nature, Publication
from portal.data.staff_categories import StaffCategory
from portal.data.terms import TermsVersion, next_number
from portal.data.terms_drafts import draft_of
from portal.formatting import day_in_france, today
from portal.guarantee_documents import guarantees_pdf
from portal.guarantee_views import Asked, read_asked, table_groups
from portal.information import figures_now, show, source_of
from portal.legal_text import read_text
from portal.notice_documents import NoticeFile, notice_pdf
from portal.pages.account.terms import file_answer
from portal.pages.desk.publication_views import PREPARES, crumbs_of, facts_of, found_publication
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.terms_documents import terms_pdf
from portal.web import PortalRequest

PATH = "/gestion/publication/{publication:str}/apercu"
PHONE = "telephone"
PRODUCT = "product"
EXAMPLE = "Entreprise donnée en exemple"


@page(PATH, name="desk.publication.preview", guards=[PREPARES])
def preview_page(request: PortalRequest, publication: FromPath[str]) -> Response[bytes]:
    found = found_publication(request, request.db, publication)
    template, context = _PREVIEWS[Nature(found.nature)](request, found)
    url = request.services.urls("desk.publication", publication=publication)
    return render_page(
        request,
        f"desk/publication/{template}",
        f"Aperçu de «\u00a0{found.title}\u00a0»",
        crumbs=[*crumbs_of(request), Crumb(found.title, url)],
        is_phone=request.query_params.get("largeur") == PHONE,
        phone=PHONE,
        **facts_of(request, found),
        **context,
    )


@async_page(f"{PATH}/pdf", name="desk.publication.pdf", guards=[PREPARES])
async def pdf_file(request: PortalRequest, publication: FromPath[str]) -> Response[bytes]:
    make = await request.database.run(_document, request, publication)
    return file_answer(await to_thread.run_sync(make), "application/pdf", "apercu.pdf")


@async_page(f"{PATH}/notice.pdf", name="desk.publication.notice", guards=[PREPARES])
async def notice_file(request: PortalRequest, publication: FromPath[str]) -> Response[bytes]:
    file = await request.database.run(_notice, request, publication)
    settings = request.services.settings
    body = await to_thread.run_sync(notice_pdf, file, settings.insurer, settings.mediator, request.now)
    return file_answer(body, "application/pdf", "apercu-notice.pdf")


def _terms(request: PortalRequest, found: Publication) -> tuple[str, dict[str, Any]]:
    draft = draft_of(request.db, found)
    number = draft.number or next_number(request.db)
    return "preview_terms.html", {"legal": read_text(draft.text), "number": number}


def _article(request: PortalRequest, found: Publication) -> tuple[str, dict[str, Any]]:
    source = source_of(version_of_article(request.db, found), found.effective_at)
    shown = show(source, figures_now(request.db), request.services.urls)
    return "preview_article.html", {"article": shown}


def _tables(request: PortalRequest, found: Publication) -> tuple[str, dict[str, Any]]:
    asked, products, chosen, table = _asked_table(request, found)
    return "preview_table.html", {
        "asked": asked,
        "errors": list(asked.errors),
        "problems": {error.field: error.message for error in asked.errors},
        "products": products,
        "chosen": chosen,
        "table": table,
        "groups": table_groups(request.db, table, asked.text),
        "query": {"formule": chosen, "le": asked.day.isoformat()},
    }


def _nothing(_request: PortalRequest, _found: Publication) -> tuple[str, dict[str, Any]]:
    """A directory is read by searching it: there is no page of it to show beforehand."""
    raise NotFoundException


_PREVIEWS = {
    Nature.TERMS: _terms,
    Nature.ARTICLE: _article,
    Nature.GUARANTEES: _tables,
    Nature.DIRECTORY: _nothing,
    Nature.NATIONAL_DIRECTORY: _nothing,
}


def _asked_table(
    request: PortalRequest, found: Publication
) -> tuple[Asked, list[tuple[str, str]], str, GuaranteeTable]:
    """The day, the products to choose from by opaque name, the one that is shown, and its table on that day."""
    planned = json.loads(file_of(request.db, found).undo).get("after", {})
    names = product_names(request.db)
    changed = list(dict.fromkeys(facts["product_id"] for facts in planned.values()))
    if not changed:
        raise NotFoundException
    keys = request.services.keyring.conceal(PRODUCT, changed)
    wanted = request.query_params.get("formule", "")
    at = keys.index(wanted) if wanted in keys else 0
    asked = read_asked(request)
    if not request.query_params.get("le"):
        first = day_in_france(found.effective_at) if found.effective_at else today()
        asked = Asked(max(first, today()), "", asked.text)
    table = previewed_table(request.db, changed[at], names[changed[at]], planned, asked.day)
    return asked, [(key, names[number]) for key, number in zip(keys, changed, strict=True)], keys[at], table


def _document(request: PortalRequest, opaque: str) -> Any:
    """What typesets the PDF of a publication, to be called off the event loop."""
    found = found_publication(request, request.db, opaque, Nature.TERMS, Nature.GUARANTEES)
    insurer = request.services.settings.insurer
    if found.nature == Nature.TERMS:
        draft = draft_of(request.db, found)
        at = found.effective_at or request.now
        terms = TermsVersion(
            number=draft.number or next_number(request.db), text=draft.text, sha256=found.sha256, effective_at=at
        )
        return lambda: terms_pdf(terms, insurer)
    table = _asked_table(request, found)[3]
    examples = worked_examples(request.db, table)
    return lambda: guarantees_pdf(table, examples, insurer, request.now)


def _notice(request: PortalRequest, opaque: str) -> NoticeFile:
    """The notice of cover that employees of an invented category would be given."""
    found = found_publication(request, request.db, opaque, Nature.GUARANTEES)
    table = _asked_table(request, found)[3]
    if table.version is None:
        raise NotFoundException
    category = StaffCategory(group_contract_id=0, code="EXEMPLE", label="Ensemble du personnel", product_id=0)
    notice = Notice(category, table.version, table.contract)
    figures = group_figures_on(request.db, table.day)
    return NoticeFile(EXAMPLE, notice, table, worked_examples(request.db, table), figures)


HANDLERS = [preview_page, pdf_file, notice_file]
