"""Several employees invited at once: lines typed or pasted, all of them right, or none is sent (R-30)."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.employee_acts import Refused
from portal.data.staff_categories import StaffCategory, staff_categories
from portal.formatting import day_in_france, plural
from portal.forms import FieldError, written_text
from portal.pages.employer.employee_forms import Reader
from portal.pages.employer.employees import CHANGES
from portal.pages.employer.invitation_forms import FIELDS, New, read_invitation
from portal.pages.employer.invitations import invitation_crumbs, invited_one, words_of
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

# A line's columns in their order, each with its name.
COLUMNS = {
    "prenom": "prénom",
    "nom": "nom de naissance",
    "naissance": "date de naissance",
    "email": "adresse e-mail",
    "categorie": "catégorie",
    "embauche": "date d’embauche",
    "matricule": "matricule",
    "nir": "numéro de Sécurité sociale",
}
NEEDED = 6
MOST = 50
LONGEST = 200
SHOWN = 20
NOTHING = "Collez au moins une ligne."
TOO_MANY = f"{MOST} lignes au plus à la fois. Pour davantage, envoyez un fichier de salariés."
SHAPE = f"Il faut {NEEDED} à {len(COLUMNS)} informations séparées par des points-virgules."


class _LineRefused(Exception):
    """The line that could not be, and why."""

    def __init__(self, number: int, why: Refused) -> None:
        super().__init__()
        self.number = number
        self.why = why


Line = tuple[int, New, StaffCategory]
Problem = tuple[int, str]


@page("/employeur/salaries/invitations/plusieurs", name="employer.invitation.batch", guards=CHANGES)
def batch_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, request.db, "")


@async_action("/employeur/salaries/invitations/plusieurs", name="employer.invitation.batch.send", guards=CHANGES)
async def send_batch(request: PortalRequest) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_send, request, await request.form())


def _send(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    typed = written_text(sent, "lignes")
    with request.database.read() as db:
        lines, problems = _read(request, db, typed)
        if problems or not lines:
            return _form(request, db, typed, problems or [(0, NOTHING)])
    problem = _invited(request, lines)
    if problem is None:
        return Redirect(request.services.urls("employer.invitations"), status_code=303)
    with request.database.read() as db:
        return _form(request, db, typed, [problem])


def _invited(request: PortalRequest, lines: list[Line]) -> Problem | None:
    """Invites all in one transaction; the first line that could not be, and then nobody is."""
    try:
        with request.database.write() as db:
            for line in lines:
                _invite(request, db, *line)
    except _LineRefused as refused:
        return refused.number, words_of(refused.why)
    return None


def _invite(request: PortalRequest, db: Session, number: int, new: New, category: StaffCategory) -> None:
    try:
        invited_one(request, db, new, category)
    except Refused as why:
        raise _LineRefused(number, why) from why


def _read(request: PortalRequest, db: Session, typed: str) -> tuple[list[Line], list[Problem]]:
    rows = [(number, line) for number, line in enumerate(typed.split("\n"), 1) if line.strip()]
    if len(rows) > MOST:
        return [], [(0, TOO_MANY)]
    codes = {each.code: each for each in staff_categories(db, request.viewer)}
    lines: list[Line] = []
    problems: list[Problem] = []
    for number, text in rows:
        read = _line(request, codes, text)
        if isinstance(read, str):
            problems.append((number, read))
        else:
            lines.append((number, *read))
    return lines, problems


def _line(request: PortalRequest, codes: dict[str, StaffCategory], text: str) -> tuple[New, StaffCategory] | str:
    """What a line says, or what is wrong with it."""
    cells = [cell.strip()[:LONGEST] for cell in text.replace("\t", ";").split(";")]
    if not NEEDED <= len(cells) <= len(COLUMNS):
        return SHAPE
    raw = dict.fromkeys(FIELDS, "") | dict(zip(COLUMNS, cells, strict=False))
    reader = Reader(raw, day_in_france(request.now))
    return read_invitation(reader, codes) or " ".join(map(_told, reader.errors))


def _told(error: FieldError) -> str:
    """What is wrong, and in which column: a line holds several names and several days."""
    name = COLUMNS[error.field]
    return f"{name[:1].upper()}{name[1:]}\u00a0: {error.message}"


def _form(request: PortalRequest, db: Session, typed: str, problems: list[Problem] | None = None) -> Response[bytes]:
    return render_page(
        request,
        "employer/invitations/batch.html",
        "Inviter plusieurs salariés",
        errors=_errors(problems or []),
        crumbs=invitation_crumbs(request),
        typed=typed,
        problems=[each for each in problems or [] if each[0]][:SHOWN],
        codes=[(each.code, each.label) for each in staff_categories(db, request.viewer)],
        most=MOST,
    )


def _errors(problems: list[Problem]) -> list[FieldError]:
    """One summary for the field; each line is told below it."""
    if not problems:
        return []
    general = next((said for number, said in problems if not number), "")
    return [FieldError("lignes", general or f"Corrigez {plural(len(problems), 'ligne')}\u00a0: elles sont citées ici.")]


HANDLERS = [batch_page, send_batch]
