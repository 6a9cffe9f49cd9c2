"""Reply templates of the desk: /gestion/modeles, for supervisors: written, tried on an example, changed, withdrawn."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_areas import AREAS
from portal.data.cases import CaseKind
from portal.data.decisions import Act
from portal.data.evidence import Action
from portal.data.replies import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    Reply,
    ReplyMoved,
    add_reply,
    all_replies,
    find_reply,
    versions_of,
    withdraw_reply,
    write_reply,
)
from portal.data.reply_variables import allowed_for, filled, unknown_in
from portal.deciding.frames import Words
from portal.deciding.registry import FRAMES
from portal.deciding.variables import EXAMPLES, LABELS
from portal.desk_words import ACT_LABELS
from portal.forms import FieldError, single_values, written_text
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

SUPERVISOR = [requires(Permission.DESK_REPLIES)]
REPLY = "reply"
TITLE = "Modèles de réponse"
NEW = "/gestion/modeles/nouveau"
ONE = "/gestion/modeles/{modele:str}"
SHORTEST = 20
NO_USE = "Choisissez le type de dossier et la réponse."
NO_TITLE = f"Donnez un nom au modèle, en 3 à {LONGEST_TITLE}\u00a0caractères."
NO_TEXT = f"Écrivez le texte, en {SHORTEST} à {LONGEST_TEXT}\u00a0caractères."
MOVED = (
    "Ce modèle a été changé ou retiré pendant que vous écriviez. Votre texte est gardé\u00a0: comparez, puis "
    "enregistrez."
)


@page("/gestion/modeles", name="desk.replies", guards=SUPERVISOR)
def list_page(request: PortalRequest) -> Response[bytes]:
    found = all_replies(request.db)
    names = request.services.keyring.conceal(REPLY, (reply.id for reply in found))
    groups: dict[str, list[tuple[str, Reply, str]]] = {}
    for name, reply in zip(names, found, strict=True):
        groups.setdefault(AREAS[CaseKind(reply.kind)].title, []).append((name, reply, ACT_LABELS[Act(reply.act)]))
    return render_page(request, "desk/replies/index.html", TITLE, groups=sorted(groups.items()))


@page(NEW, name="desk.reply.new", guards=SUPERVISOR)
def new_page(request: PortalRequest) -> Response[bytes]:
    usage = request.query_params.get("usage", "")
    return _form(request, None, {"usage": usage, "titre": "", "texte": "", "version": "0"}, [])


@async_action(NEW, name="desk.reply.add", guards=SUPERVISOR)
async def add(request: PortalRequest) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_add, request, await request.form())


@page(ONE, name="desk.reply", guards=SUPERVISOR)
def reply_page(request: PortalRequest, modele: FromPath[str]) -> Response[bytes]:
    reply = _found(request, request.db, modele)
    raw = {"usage": _usage(reply), "titre": reply.title, "texte": reply.text, "version": _version(request, reply)}
    return _form(request, reply, raw, [])


@async_action(ONE, name="desk.reply.write", guards=SUPERVISOR)
async def write(request: PortalRequest, modele: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_write, request, modele, await request.form())


@action(f"{ONE}/retrait", name="desk.reply.withdraw", guards=SUPERVISOR)
def withdraw(request: PortalRequest, modele: FromPath[str]) -> Redirect:
    with request.database.write() as db:
        done = withdraw_reply(db, request.viewer, request.revealed(REPLY, modele), request.now)
        if done is None:
            raise NotFoundException
        if done:
            request.record(db, Action.REPLY_WITHDRAWN, f"modele:{request.revealed(REPLY, modele)}")
    return Redirect(request.services.urls("desk.replies"), status_code=303)


def _add(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = _read(sent)
    errors = _errors(raw)
    if errors or "essai" in sent:
        return _form(request, None, raw, errors, is_tried=True)
    kind, _, act = raw["usage"].partition("/")
    with request.database.write() as db:
        made = add_reply(db, request.viewer, kind, act, raw["titre"], raw["texte"], request.now)
        request.record(db, Action.REPLY_WRITTEN, f"modele:{made.id}")
    return Redirect(request.services.urls("desk.replies"), status_code=303)


def _write(request: PortalRequest, modele: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        reply = _found(request, db, modele)
    raw = _read(sent) | {"usage": _usage(reply)}
    errors = _errors(raw)
    if errors or "essai" in sent:
        return _form(request, reply, raw, errors, is_tried=True)
    try:
        with request.database.write() as db:
            seen = request.services.keyring.reveal("reply-version", raw["version"]) or 0
            made = write_reply(db, request.viewer, reply.id, seen, raw["titre"], raw["texte"], request.now)
            if made is not None and made.version != seen:
                request.record(db, Action.REPLY_WRITTEN, f"modele:{reply.id}")
    except ReplyMoved:
        with request.database.read() as db:
            now = _found(request, db, modele)
        raw["version"] = _version(request, now)
        return _form(request, now, raw, [FieldError("texte", MOVED)])
    return Redirect(request.services.urls("desk.replies"), status_code=303)


def _read(sent: FormMultiDict) -> dict[str, str]:
    return single_values(sent, ("usage", "titre", "version"), LONGEST_TITLE + 1) | {
        "texte": written_text(sent, "texte")
    }


def _errors(raw: dict[str, str]) -> list[FieldError]:
    errors = [] if raw["usage"] in dict(usages()) else [FieldError("usage", NO_USE)]
    if not 3 <= len(raw["titre"].strip()) <= LONGEST_TITLE:
        errors.append(FieldError("titre", NO_TITLE))
    if not SHORTEST <= len(raw["texte"]) <= LONGEST_TEXT:
        errors.append(FieldError("texte", NO_TEXT))
    unknown = unknown_in(raw["texte"], allowed_for(raw["usage"].partition("/")[0]))
    if unknown and not errors:
        errors.append(FieldError("texte", f"Ce type de dossier ne connaît pas\u00a0: {', '.join(unknown)}."))
    return errors


def usages() -> list[tuple[str, str]]:
    """The kinds of cases and the acts on them that take words, as the form offers them."""
    return [
        (f"{kind}/{act}", f"{AREAS[CaseKind(kind)].title}\u00a0: {ACT_LABELS[act].lower()}")
        for kind, frame in sorted(FRAMES.items())
        for act, ruling in frame.rulings.items()
        if ruling.words is not Words.NONE
    ]


def _form(
    request: PortalRequest,
    reply: Reply | None,
    raw: dict[str, str],
    errors: list[FieldError],
    *,
    is_tried: bool = False,
) -> Response[bytes]:
    kind = raw["usage"].partition("/")[0]
    allowed = allowed_for(kind)
    (name,) = request.services.keyring.conceal(REPLY, [reply.id]) if reply else ("",)
    with request.database.read() as db:
        versions = versions_of(db, reply.id)[1:] if reply else []
    return render_page(
        request,
        "desk/replies/form.html",
        reply.title if reply else "Nouveau modèle",
        crumbs=[Crumb(TITLE, request.services.urls("desk.replies"))],
        errors=errors,
        reply=reply,
        name=name,
        raw=raw,
        usages=usages(),
        usage=dict(usages()).get(raw["usage"], ""),
        variables=[(each, LABELS[each]) for each in allowed],
        tried=filled(raw["texte"], EXAMPLES) if is_tried and not unknown_in(raw["texte"], allowed) else "",
        versions=versions,
    )


def _usage(reply: Reply) -> str:
    return f"{reply.kind}/{reply.act}"


def _version(request: PortalRequest, reply: Reply) -> str:
    return request.services.keyring.conceal("reply-version", [reply.version])[0]


def _found(request: PortalRequest, db: Session, modele: str) -> Reply:
    reply = find_reply(db, request.revealed(REPLY, modele))
    if reply is None:
        raise NotFoundException
    return reply


HANDLERS = [list_page, new_page, add, reply_page, write, withdraw]
