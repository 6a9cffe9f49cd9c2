"""Writing down a request on data that came by post, by e-mail or at the counter (R-70):
/gestion/personnes/{personne}/demande, from the sheet of a person, with or without an account.

For whoever is charged with rights over data; nobody else has this page.
"""

from functools import partial

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.case_notices import CaseLetters
from portal.data.case_desk import agent_at_work
from portal.data.cases import Case
from portal.data.data_objections import Purpose
from portal.data.data_request_rows import PERSON_FIELDS
from portal.data.data_right_rules import DataRight
from portal.data.data_rights import AlreadyAsked, NothingNew
from portal.data.evidence import Action
from portal.data.people import PersonSheet
from portal.data.received_requests import Asker
from portal.data.request_reception import NotForThem, Reception, account_told, may_receive, receive_request
from portal.data.work_items import item_of_case
from portal.data_letters import ASKER_LABELS, CHANNEL_LABELS
from portal.data_right_notices import tell_received
from portal.data_right_words import FIELD_LABELS, NOTHING_NEW, RIGHT_LABELS
from portal.formatting import day_in_france
from portal.forms import FieldError
from portal.pages.account.data_request_forms import VALUE
from portal.pages.desk.case_access import WORK
from portal.pages.desk.people import name_of, people_crumb, sheet_of
from portal.pages.desk.request_forms import ASKER, BLANK, OTHER_USE, RIGHT, About, read_reception
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

GUARDS: list[Guard] = [requires(Permission.DESK_PEOPLE)]
PATH = "/gestion/personnes/{personne:str}/demande"
TITLE = "Enregistrer une demande reçue"
SAME = (
    "Cette demande est déjà enregistrée, sous la référence {}\u00a0: même droit, même jour, même voie. Ouvrez ce "
    "dossier depuis la file, ou vérifiez le jour."
)
OWN = "Cette demande est la vôtre, ou celle d’un proche\u00a0: confiez-la à un collègue."
RIGHT_HINTS = {
    DataRight.ACCESS: "Savoir ce que nous avons, et en recevoir une copie.",
    DataRight.RECTIFICATION: "Corriger une donnée fausse.",
    DataRight.ERASURE: "Effacer ce que rien n’impose de garder.",
    DataRight.RESTRICTION: "Garder les données sans s’en servir.",
    DataRight.OBJECTION: "Ne plus être démarché, ou refuser un autre usage.",
    DataRight.PORTABILITY: "Recevoir ses données, ou les faire envoyer ailleurs.",
    DataRight.AFTER_DEATH: "Dire ce qu’elles deviennent après le décès.",
    DataRight.CONSENT: "Revenir sur un accord donné.",
}
USES = {Purpose.MARKETING: "Le démarchage", Purpose.PROFILING: "Le profilage"}


@page(PATH, name="desk.person.request", guards=GUARDS)
def form_page(request: PortalRequest, personne: FromPath[str]) -> Response[bytes]:
    sheet = _sheet(request, personne)
    request.note_read(Action.PERSON_READ, "fiche", acting_for=sheet.person.id, purpose="demande")
    return _form(request, request.db, sheet, personne, BLANK, [])


@async_action(PATH, name="desk.person.request.record", guards=GUARDS)
async def record_request(request: PortalRequest, personne: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_receive, request, personne, await request.form())


def _receive(request: PortalRequest, personne: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        sheet = _sheet(request, personne)
        raw, reception, errors = read_reception(sent, _about(db, sheet), day_in_france(request.now))
    if reception is not None:
        case, problem = _received(request, reception)
        if case is not None:
            return _to_letters(request, case)
        errors = [problem]
    with request.database.read() as db:
        return _form(request, db, sheet, personne, raw, errors)


def _received(request: PortalRequest, reception: Reception) -> tuple[Case | None, FieldError]:
    """The case; or None, and why."""
    agent = agent_at_work(request.viewer, CaseLetters(request.services))
    try:
        with request.database.write() as db:
            case = receive_request(db, agent, request.services.keyring, reception, request.now)
            tell_received(request.services, db, case)
            channel, day = reception.channel.value, reception.received_on.isoformat()
            request.record(
                db,
                Action.DATA_REQUEST_RECEIVED,
                case.object,
                acting_for=reception.person_id,
                channel=channel,
                received_on=day,
                asker=reception.asker.value,
            )
            if reception.refused is not None:
                request.record(db, Action.DATA_OBJECTED, reception.refused.value, acting_for=reception.person_id)
            return case, FieldError("", "")
    except AlreadyAsked as already:
        return None, FieldError(RIGHT, SAME.format(already.case.reference))
    except NothingNew:
        return None, FieldError(VALUE, NOTHING_NEW)
    except NotForThem:
        return None, FieldError("", OWN)


def _sheet(request: PortalRequest, personne: str) -> PersonSheet:
    """The person's sheet; 404 for whoever is not charged with rights over data."""
    if not may_receive(request.db, request.viewer):
        raise NotFoundException
    return sheet_of(request, personne)


def _about(db: Session, sheet: PersonSheet) -> About:
    person = sheet.person
    has_account = account_told(db, person.id or 0) is not None
    return About(person.id or 0, name_of(person), person.birth_date, partial(_is_on_paper, has_account))


def _is_on_paper(has_account: bool, asker: Asker) -> bool:  # noqa: FBT001  (bound once, by `_about`)
    return not (has_account and asker is Asker.PERSON)


def _to_letters(request: PortalRequest, case: Case) -> Redirect:
    with request.database.read() as db:
        (name,) = request.services.keyring.conceal(WORK, [item_of_case(db, case.id or 0)])
    return Redirect(request.services.urls("desk.case.letters", dossier=name), status_code=303)


def _form(
    request: PortalRequest,
    db: Session,
    sheet: PersonSheet,
    personne: str,
    raw: dict[str, str],
    errors: list[FieldError],
) -> Response[bytes]:
    back = request.services.urls("desk.person", personne=personne)
    return render_page(
        request,
        "desk/requests/reception.html",
        TITLE,
        crumbs=[people_crumb(request), Crumb(name_of(sheet.person), back)],
        errors=errors,
        raw=raw | ({ASKER: Asker.PERSON.value} if raw == BLANK else {}),
        name=name_of(sheet.person),
        has_account=account_told(db, sheet.person.id or 0) is not None,
        rights=[(right.value, RIGHT_LABELS[right], hint) for right, hint in RIGHT_HINTS.items()],
        channels=[(channel.value, words[0].upper() + words[1:]) for channel, words in CHANNEL_LABELS.items()],
        askers=[(asker.value, words) for asker, words in ASKER_LABELS.items()],
        fields=[(field.value, FIELD_LABELS[field]) for field in PERSON_FIELDS],
        uses=[*((use.value, words) for use, words in USES.items()), (OTHER_USE, "Un autre usage")],
        today=day_in_france(request.now),
        personne=personne,
        back=back,
    )


HANDLERS = [form_page, record_request]
