"""Articles of « informations », written at the desk: /gestion/publication/articles (R-27). Each version is kept."""

from collections.abc import Mapping, Sequence

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.article_checks import LONGEST_SLUG, MOST_CHARACTERS, lines_for_members, slug_of, title_of
from portal.comparison import compare
from portal.data.articles import (
    ArticleVersion,
    digest_of_version,
    keep_version,
    prepare_version,
    slugs_in_use,
    version_of_article,
    versions_of,
)
from portal.data.evidence import Action
from portal.data.publications import (
    ChangedMeanwhile,
    Nature,
    Publication,
    WrongState,
    publications_of,
    rewrite,
)
from portal.formatting import PARIS
from portal.forms import FieldError, single_values
from portal.information import ARTICLE_TARGETS, articles_now, figures_now, sources
from portal.pages.desk.publication_views import (
    BEGUN,
    DONE,
    PREPARES,
    REWRITTEN,
    begun_anew,
    crumbs_of,
    found_publication,
    opaque_of,
    pasted_text,
    read_day,
    rows_of,
    to_publication,
)
from portal.publication_words import Line, lines_in_words
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

PATH = "/gestion/publication/articles"
TITLE = "Articles d’information"
FIELDS = ("article", "theme", "mots", "jour", BEGUN)
LONGEST = 200
LARGEST_FORM = 8 * MOST_CHARACTERS
SKELETON = (
    "# Titre de l’article\nUne phrase qui dit l’essentiel.\n"
    "## Une partie\nUn paragraphe.\n## Que faire ensuite\n- Une action.\n"
)
NO_THEME = "Donnez un thème\u00a0: l’article est rangé sous ce titre."


@page(PATH, name="desk.publishing.articles", guards=[PREPARES])
def list_page(request: PortalRequest) -> Response[bytes]:
    articles = articles_now(request.db, request.now)
    return render_page(
        request,
        "desk/publication/articles.html",
        TITLE,
        crumbs=crumbs_of(request),
        articles=[(source, title_of(source.text)) for source in articles.values()],
        gone=sorted((slugs_in_use(request.db) | sources().keys()) - articles.keys()),
        prepared=rows_of(request, publications_of(request.db, [Nature.ARTICLE], 20)),
    )


@page(f"{PATH}/nouveau", name="desk.publishing.article.new", guards=[PREPARES])
def new_page(request: PortalRequest) -> Response[bytes]:
    source = articles_now(request.db, request.now).get(request.query_params.get("article", ""))
    if source is None:
        return _form(request, None, dict.fromkeys(FIELDS, "") | {"texte": SKELETON})
    begun = {"article": source.slug, "theme": source.theme, "mots": source.words, "texte": source.text}
    return _form(request, None, dict.fromkeys(FIELDS, "") | begun)


@async_action(
    f"{PATH}/nouveau", name="desk.publishing.article.prepare", guards=[PREPARES], request_max_body_size=LARGEST_FORM
)
async def submit_new(request: PortalRequest) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_save, request, await _sent(request), None)


@page(f"{PATH}/{{publication:str}}/texte", name="desk.publishing.article.edit", guards=[PREPARES])
def edit_page(request: PortalRequest, publication: FromPath[str]) -> Response[bytes]:
    found, kept = _written(request, request.db, publication)
    day = found.effective_at.astimezone(PARIS).date().isoformat() if found.effective_at else ""
    told = {"article": kept.slug, "theme": kept.theme, "mots": kept.words, "jour": day, "texte": kept.text}
    return _form(request, publication, told | {BEGUN: found.version})


@async_action(
    f"{PATH}/{{publication:str}}/texte",
    name="desk.publishing.article.rewrite",
    guards=[PREPARES],
    request_max_body_size=LARGEST_FORM,
)
async def submit_edit(request: PortalRequest, publication: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_save, request, await _sent(request), publication)


@page(f"{PATH}/versions/{{article:str}}", name="desk.publishing.article.versions", guards=[PREPARES])
def versions_page(request: PortalRequest, article: FromPath[str]) -> Response[bytes]:
    found = versions_of(request.db, article)
    brought = sources().get(article)
    if not found and brought is None:
        raise NotFoundException
    current = articles_now(request.db, request.now).get(article)
    shown = current.text if current else found[0][0].text if found else brought.text if brought else ""
    return render_page(
        request,
        "desk/publication/article_versions.html",
        title_of(shown),
        crumbs=crumbs_of(request, (TITLE, "desk.publishing.articles")),
        slug=article,
        current=current,
        brought=brought,
        rows=rows_of(request, [publication for _, publication in found]),
        versions=[version for version, _ in found],
        errors=[],
    )


@page(
    f"{PATH}/{{publication:str}}/changements/{{autre:str}}", name="desk.publishing.article.changes", guards=[PREPARES]
)
def changes_page(request: PortalRequest, publication: FromPath[str], autre: FromPath[str]) -> Response[bytes]:
    newer, older = (found_publication(request, request.db, key, Nature.ARTICLE) for key in (publication, autre))
    after, before = (version_of_article(request.db, one) for one in (newer, older))
    if after.slug != before.slug:
        raise NotFoundException
    return render_page(
        request,
        "desk/publication/article_changes.html",
        f"Ce qui change\u00a0: {title_of(after.text)}",
        crumbs=crumbs_of(request, (TITLE, "desk.publishing.articles")),
        newer=newer,
        older=older,
        comparison=compare(before.text, after.text, ARTICLE_TARGETS),
    )


@async_action(f"{PATH}/versions/{{article:str}}/retrait", name="desk.publishing.article.withdraw", guards=[PREPARES])
async def submit_withdrawal(request: PortalRequest, article: FromPath[str]) -> Redirect:
    return await request.database.run_writing(_prepare_withdrawal, request, article)


def _prepare_withdrawal(request: PortalRequest, slug: str) -> Redirect:
    """Prepares the end of an article, as somebody else will publish it."""
    with request.database.write() as db:
        current = articles_now(db, request.now).get(slug)
        if current is None:
            raise NotFoundException
        title = f"Retirer\u00a0: {title_of(current.text)}"
        told = {"theme": current.theme, "words": current.words, "text": current.text}
        version = ArticleVersion(publication_id=0, slug=slug, is_withdrawal=True, **told)
        found = prepare_version(db, request.viewer, version, title, None, request.now)
        request.record(db, Action.PUBLICATION_PREPARED, found.object, title=title)
    return to_publication(request, opaque_of(request, found))


async def _sent(request: PortalRequest) -> dict[str, str]:
    sent = await request.form()
    return single_values(sent, FIELDS, longest=LONGEST) | {"texte": pasted_text(sent, "texte")}


def _save(request: PortalRequest, sent: Mapping[str, str], opaque: str | None) -> Response[bytes] | Redirect:
    """Keeps the version with its evidence, or shows what is wrong with it."""
    lines = lines_for_members(request.services, request.db, sent["texte"])
    effective_at, errors = read_day(sent["jour"])
    if not sent["theme"]:
        errors.append(FieldError("theme", NO_THEME))
    if lines:
        errors.append(FieldError("texte", lines_in_words(lines)))
    if errors:
        return _form(request, opaque, sent, errors, lines)
    title = title_of(sent["texte"])
    version = ArticleVersion(publication_id=0, slug="", theme=sent["theme"], words=sent["mots"], text=sent["texte"])
    try:
        with request.database.write() as db:
            if opaque is None:
                version.slug = _slug(slugs_in_use(db) | sources().keys(), sent["article"], title)
                found = prepare_version(db, request.viewer, version, title, effective_at, request.now)
            else:
                found, kept = _written(request, db, opaque, lock=True)
                version.slug = kept.slug
                digest = digest_of_version(version)
                rewrite(request.viewer, found, sent[BEGUN], title, digest, effective_at, request.now)
                keep_version(db, found, version)
            request.record(db, Action.PUBLICATION_PREPARED, found.object, title=title)
    except WrongState:
        return _form(request, opaque, sent, [FieldError("texte", DONE)])
    except ChangedMeanwhile:
        return _form(request, opaque, begun_anew(request, opaque, sent), [FieldError("texte", REWRITTEN)])
    return to_publication(request, opaque_of(request, found))


def _written(
    request: PortalRequest, db: Session, opaque: str, *, lock: bool = False
) -> tuple[Publication, ArticleVersion]:
    """A publication and the text that it holds. Raises `NotFoundException` for a withdrawal, which has none."""
    found = found_publication(request, db, opaque, Nature.ARTICLE, lock=lock)
    kept = version_of_article(db, found)
    if kept.is_withdrawal:
        raise NotFoundException
    return found, kept


def _slug(taken: set[str], begun_from: str, title: str) -> str:
    """The address of the article that is rewritten, or a new one that no other article has, or had."""
    if begun_from in taken:
        return begun_from
    base = slug_of(title) or "article"
    others = (f"{base[: LONGEST_SLUG - 4]}-{number}" for number in range(2, 1000))
    return base if base not in taken else next(each for each in others if each not in taken)


def _form(
    request: PortalRequest,
    opaque: str | None,
    sent: Mapping[str, str],
    errors: Sequence[FieldError] = (),
    lines: Sequence[Line] = (),
) -> Response[bytes]:
    urls = request.services.urls
    url = urls("desk.publishing.article.rewrite", publication=opaque) if opaque else ""
    return render_page(
        request,
        "desk/publication/article_form.html",
        "Modifier un article" if opaque or sent["article"] else "Écrire un article",
        crumbs=crumbs_of(request, (TITLE, "desk.publishing.articles")),
        errors=errors,
        sent=sent,
        lines=lines,
        action=url or urls("desk.publishing.article.prepare"),
        themes=sorted({source.theme for source in articles_now(request.db, request.now).values()}),
        figures=sorted(figures_now(request.db).items()),
    )


HANDLERS = [
    list_page,
    new_page,
    submit_new,
    edit_page,
    submit_edit,
    versions_page,
    changes_page,
    submit_withdrawal,
]
