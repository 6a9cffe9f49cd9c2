"""The next version of the terms of use, prepared at the desk: /gestion/publication/conditions (R-14, R-16).

The same checks and the same publication as `portal terms publish`.
"""

from collections.abc import Mapping, Sequence

from litestar import Response
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.params import FromPath
from litestar.response import Redirect

from portal.data.evidence import Action
from portal.data.publications import (
    ChangedMeanwhile,
    Nature,
    WrongState,
    prepare,
    publications_of,
    rewrite,
)
from portal.data.terms import (
    NotPublishable,
    Obstacle,
    digest_of,
    draft_terms,
    newest_terms,
    next_number,
    published_terms,
    terms_in_force,
    withdrawn_numbers,
)
from portal.data.terms_drafts import draft_of, keep_draft
from portal.formatting import PARIS
from portal.forms import FieldError, single_values
from portal.legal_text import faults_of
from portal.pages.account.terms import state_of
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
from portal.publication_words import OBSTACLES, Line, fault_lines, lines_in_words
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.terms_publishing import MOST_BYTES, check_texts, text_of
from portal.web import PortalRequest

PATH = "/gestion/publication/conditions"
TITLE = "Conditions d’utilisation"
NEW = "Préparer une version"
FIELDS = ("jour", "changements", "texte")
LARGEST_FORM = 4 * MOST_BYTES


@page(PATH, name="desk.publishing.terms", guards=[PREPARES])
def list_page(request: PortalRequest) -> Response[bytes]:
    in_force, withdrawn = terms_in_force(request.db, request.now), withdrawn_numbers(request.db)
    return render_page(
        request,
        "desk/publication/terms_list.html",
        TITLE,
        crumbs=crumbs_of(request),
        versions=[(terms, state_of(terms, in_force, withdrawn)) for terms in published_terms(request.db)],
        prepared=rows_of(request, publications_of(request.db, [Nature.TERMS])),
    )


@page(f"{PATH}/nouvelle", name="desk.publishing.terms.new", guards=[PREPARES])
def new_page(request: PortalRequest) -> Response[bytes]:
    newest = newest_terms(request.db)
    begun = {"jour": "", "changements": "", "texte": newest.text if newest else "", BEGUN: ""}
    return _form(request, None, begun)


@async_action(
    f"{PATH}/nouvelle", name="desk.publishing.terms.prepare", guards=[PREPARES], request_max_body_size=LARGEST_FORM
)
async def submit_new(request: PortalRequest) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_save, request, await _sent(request), None)


@page(f"{PATH}/{{publication:str}}/texte", name="desk.publishing.terms.edit", guards=[PREPARES])
def edit_page(request: PortalRequest, publication: FromPath[str]) -> Response[bytes]:
    found = found_publication(request, request.db, publication, Nature.TERMS)
    kept = draft_of(request.db, found)
    day = found.effective_at.astimezone(PARIS).date().isoformat() if found.effective_at else ""
    told = {"jour": day, "changements": kept.changes, "texte": kept.text, BEGUN: found.version}
    return _form(request, publication, told)


@async_action(
    f"{PATH}/{{publication:str}}/texte",
    name="desk.publishing.terms.rewrite",
    guards=[PREPARES],
    request_max_body_size=LARGEST_FORM,
)
async def submit_edit(request: PortalRequest, publication: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_save, request, await _sent(request), publication)


async def _sent(request: PortalRequest) -> dict[str, str]:
    """What was typed; a file that was chosen stands in place of the text. `fichier`: what is wrong with the file."""
    sent: FormMultiDict = await request.form()
    typed = single_values(sent, ("jour", BEGUN)) | {name: pasted_text(sent, name) for name in ("changements", "texte")}
    file = next((one for one in sent.getall("fichier", []) if isinstance(one, UploadFile) and one.filename), None)
    if file is None:
        return typed | {"fichier": ""}
    try:
        return typed | {"texte": text_of(await file.read(MOST_BYTES + 1), "file"), "fichier": ""}
    except NotPublishable:
        return typed | {"fichier": OBSTACLES[Obstacle.FILE][1]}


def _save(request: PortalRequest, sent: Mapping[str, str], opaque: str | None) -> Response[bytes] | Redirect:
    """Keeps the draft with its evidence, or shows what is wrong with it."""
    errors = [FieldError("fichier", sent["fichier"])] if sent["fichier"] else []
    lines = fault_lines(faults_of(sent["texte"]))
    effective_at, day_errors = read_day(sent["jour"])
    errors += [FieldError("texte", lines_in_words(lines))] if lines and not errors else []
    errors += day_errors
    if errors:
        return _form(request, opaque, sent, errors, lines)
    now = request.now
    try:
        check_texts(sent["texte"], sent["changements"])
        with request.database.write() as db:
            draft_terms(db, sent["texte"], sent["changements"], effective_at or now, now)
            title, digest = f"{TITLE}, version {next_number(db)}", digest_of(sent["texte"])
            if opaque is None:
                found = prepare(db, request.viewer, Nature.TERMS, title, digest, effective_at, now)
            else:
                found = found_publication(request, db, opaque, Nature.TERMS, lock=True)
                rewrite(request.viewer, found, sent[BEGUN], title, digest, effective_at, now)
            keep_draft(db, found, sent["texte"], sent["changements"])
            request.record(db, Action.PUBLICATION_PREPARED, found.object, title=title)
    except NotPublishable as problem:
        return _form(request, opaque, sent, [_field_error(problem)])
    except WrongState:
        return _form(request, opaque, sent, [FieldError("texte", DONE)])
    except ChangedMeanwhile:
        return _form(request, opaque, begun_anew(request, opaque, sent), [FieldError("texte", REWRITTEN)])
    return to_publication(request, opaque_of(request, found))


def _field_error(problem: NotPublishable) -> FieldError:
    """The changes are the only text that is read after the line by line check."""
    if problem.obstacle is Obstacle.UNREADABLE:
        return FieldError("changements", "Écrivez des paragraphes et des listes, sans titre ni image.")
    return FieldError(*OBSTACLES[problem.obstacle])


def _form(
    request: PortalRequest,
    opaque: str | None,
    sent: Mapping[str, str],
    errors: Sequence[FieldError] = (),
    lines: Sequence[Line] = (),
) -> Response[bytes]:
    urls = request.services.urls
    url = urls("desk.publishing.terms.rewrite", publication=opaque) if opaque else urls("desk.publishing.terms.prepare")
    return render_page(
        request,
        "desk/publication/terms_form.html",
        NEW,
        crumbs=crumbs_of(request, (TITLE, "desk.publishing.terms")),
        errors=errors,
        sent=sent,
        lines=lines,
        action=url,
        number=next_number(request.db),
    )


HANDLERS = [list_page, new_page, submit_new, edit_page, submit_edit]
