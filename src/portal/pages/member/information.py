"""Articles that explain complementary health cover, searched, and the glossary. /adherent/informations (R-27)."""

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.glossary import anchor_of, every_definition
from portal.forms import one_line
from portal.information import Shown, articles_now, figures_now, matches, show
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import page
from portal.web import PortalRequest

TITLE = "Informations"
GLOSSARY = "Les mots de la santé"
READS = [requires(Permission.INFORMATION_READ)]
LONGEST = 60


@page("/adherent/informations", name="member.information", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    return render_page(
        request, "member/information/index.html", TITLE, crumbs=[_home(request)], **results_context(request)
    )


@page("/adherent/informations/glossaire", name="member.glossary", guards=READS)
def glossary_page(request: PortalRequest) -> Response[bytes]:
    words = [(anchor_of(each.term), each.term, each.definition) for each in every_definition()]
    return render_page(request, "member/information/glossary.html", GLOSSARY, crumbs=_crumbs(request), words=words)


@page("/adherent/informations/{article:str}", name="member.article", guards=READS)
def article_page(request: PortalRequest, article: FromPath[str]) -> Response[bytes]:
    source = articles_now(request.db, request.now).get(article)
    if source is None:
        raise NotFoundException
    shown = show(source, figures_now(request.db), request.services.urls)
    others = [each for each in _shown(request, "") if each.theme == shown.theme and each.slug != shown.slug]
    return render_page(
        request, "member/information/article.html", shown.title, crumbs=_crumbs(request), article=shown, others=others
    )


def results_context(request: PortalRequest) -> dict[str, Any]:
    """What the list and its fragment show: articles by theme, and what was asked."""
    asked = one_line(request.query_params.get("q", ""))[:LONGEST].strip()
    found = _shown(request, asked)
    themes = dict.fromkeys(source.theme for source in articles_now(request.db, request.now).values())
    groups = [(theme, [each for each in found if each.theme == theme]) for theme in themes]
    return {"asked": asked, "groups": [(theme, group) for theme, group in groups if group], "count": len(found)}


def _shown(request: PortalRequest, asked: str) -> list[Shown]:
    figures = figures_now(request.db)
    articles = articles_now(request.db, request.now).values()
    return [show(each, figures, request.services.urls) for each in articles if matches(each, asked)]


def _home(request: PortalRequest) -> Crumb:
    return Crumb("Accueil", request.services.urls("member.home"))


def _crumbs(request: PortalRequest) -> list[Crumb]:
    return [_home(request), Crumb(TITLE, request.services.urls("member.information"))]


HANDLERS = [list_page, glossary_page, article_page]
