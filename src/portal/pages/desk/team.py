"""The desk's agents, for supervisors (R-05, R-72): /gestion/equipe, their duties, absences and loads."""

from datetime import date, timedelta

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.accounts import ROLE_LABELS, Role
from portal.data.activity import account_object
from portal.data.desk_team import Agent, agent_of_desk, call_back, change_duties, send_away, team_of_desk
from portal.data.evidence import Action
from portal.data.work_items import Duty
from portal.formatting import day_in_france, long_date
from portal.forms import FieldError, single_values, typed_day
from portal.pages.desk.work_forms import colleagues
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest
from portal.work_words import DUTIES

SUPERVISOR = [requires(Permission.DESK_TEAM)]
CHANGES = [*SUPERVISOR, recently_confirmed]
TITLE = "Équipe"
ACCOUNT = "account"
QUEUE = "file"
LONGEST_ABSENCE = timedelta(days=365)


@page("/gestion/equipe", name="desk.team", guards=SUPERVISOR)
def team_page(request: PortalRequest) -> Response[bytes]:
    team = team_of_desk(request.db, request.viewer, request.now, day_in_france(request.now))
    names = request.services.keyring.conceal(ACCOUNT, (agent.id for agent in team))
    rows = [
        (agent, name, ROLE_LABELS[agent.role], _duties_words(agent)) for agent, name in zip(team, names, strict=True)
    ]
    return render_page(request, "desk/team/index.html", TITLE, rows=rows)


@page("/gestion/equipe/{agent:str}", name="desk.team.agent", guards=CHANGES)
def agent_page(request: PortalRequest, agent: FromPath[str]) -> Response[bytes]:
    return _page(request, request.db, agent)


@async_action("/gestion/equipe/{agent:str}/missions", name="desk.team.duties", guards=CHANGES)
async def duties(request: PortalRequest, agent: FromPath[str]) -> Redirect:
    return await request.database.run_writing(_change_duties, request, agent, await request.form())


@async_action("/gestion/equipe/{agent:str}/absence", name="desk.team.absence", guards=CHANGES)
async def absence(request: PortalRequest, agent: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("jour", "a"))
    return await request.database.run_writing(_send_away, request, agent, sent)


@action("/gestion/equipe/{agent:str}/retour", name="desk.team.back", guards=CHANGES)
def back(request: PortalRequest, agent: FromPath[str]) -> Redirect:
    account_id = request.revealed(ACCOUNT, agent)
    with request.database.write() as db:
        if not call_back(db, request.viewer, account_id, request.now):
            raise NotFoundException
        request.record(db, Action.ABSENCE_ENDED, account_object(account_id))
    return _done(request, agent)


def _change_duties(request: PortalRequest, agent: str, sent: FormMultiDict) -> Redirect:
    account_id = request.revealed(ACCOUNT, agent)
    wanted = frozenset(duty for duty in Duty if duty in sent.getall("missions", []))
    with request.database.write() as db:
        changed = change_duties(db, request.viewer, request.services.keyring, account_id, wanted, request.now)
        if changed is None:
            raise NotFoundException
        given, withdrawn = (sorted(each) for each in changed)
        if given or withdrawn:
            told = account_object(account_id)
            request.record(db, Action.DUTIES_CHANGED, told, given=given, withdrawn=withdrawn)
    return _done(request, agent)


def _send_away(request: PortalRequest, agent: str, sent: dict[str, str]) -> Response[bytes] | Redirect:
    account_id = request.revealed(ACCOUNT, agent)
    today, until = day_in_france(request.now), typed_day(sent["jour"])
    to = request.services.keyring.reveal(ACCOUNT, sent["a"])
    with request.database.read() as db:
        errors = _absence_errors(request, db, sent, until, today)
        if errors:
            return _page(request, db, agent, sent, errors)
    with request.database.write() as db:
        keyring = request.services.keyring
        moved = send_away(db, request.viewer, keyring, account_id, until or today, to, request.now)
        if moved is None:
            raise NotFoundException
        heir = {"to": account_object(to)} if to else {}
        told = account_object(account_id)
        request.record(db, Action.ABSENCE_DECLARED, told, until=str(until), requests=moved, **heir)
    return _done(request, agent)


def _absence_errors(
    request: PortalRequest, db: Session, sent: dict[str, str], until: date | None, today: date
) -> list[FieldError]:
    errors = []
    if until is None or not today <= until <= today + LONGEST_ABSENCE:
        latest = long_date(today + LONGEST_ABSENCE)
        errors.append(FieldError("jour", f"Choisissez un jour à venir, au plus tard le {latest}."))
    if sent["a"] not in {QUEUE, *(name for name, _ in colleagues(request, db, []))}:
        errors.append(FieldError("a", "Choisissez la file, ou un collègue de la liste."))
    return errors


def _done(request: PortalRequest, agent: str) -> Redirect:
    return Redirect(request.services.urls("desk.team.agent", agent=agent), status_code=303)


def _duties_words(agent: Agent) -> str:
    if agent.role == Role.SUPERVISOR:
        return "Toutes les missions"
    return ", ".join(DUTIES[duty][0] for duty in Duty if duty in agent.duties) or "Aucune mission"


def _page(
    request: PortalRequest,
    db: Session,
    name: str,
    sent: dict[str, str] | None = None,
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    day, account_id = day_in_france(request.now), request.revealed(ACCOUNT, name)
    agent = agent_of_desk(db, request.viewer, account_id, request.now, day)
    if agent is None:
        raise NotFoundException
    heirs = [each for each in colleagues(request, db, []) if each[0] != name]
    return render_page(
        request,
        "desk/team/agent.html",
        agent.name,
        crumbs=[Crumb(TITLE, request.services.urls("desk.team"))],
        errors=errors or [],
        agent=agent,
        name=name,
        role=ROLE_LABELS[agent.role],
        is_agent=agent.role == Role.AGENT,
        duties=[(duty.value, *DUTIES[duty], duty in agent.duties) for duty in Duty],
        heirs=[(QUEUE, "Les remettre dans la file"), *heirs],
        sent=sent or {"jour": "", "a": QUEUE},
        queue=request.services.urls("desk.queue", {"qui": name}),
    )


HANDLERS = [team_page, agent_page, duties, absence, back]
