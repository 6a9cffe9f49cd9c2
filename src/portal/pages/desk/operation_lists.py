"""What the portal did and has to do (R-60): /gestion/exploitation/imports, /taches and /courrier, for supervisors.

A letter is never opened here, and its address is shown masked; a job's error is told by its class alone.
"""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from portal.data.evidence import Action
from portal.data.import_runs import last_runs
from portal.data.job_runs import ask_for_job, job_runs
from portal.data.outbox import (
    MailState,
    give_up_letter,
    list_letters,
    masked_recipients,
    retry_letters,
)
from portal.jobs import JOBS
from portal.operation_words import job_label, job_state, letter_state, run_state
from portal.pages.desk.operations import SUPERVISOR
from portal.rendering import Crumb, render_page
from portal.routing import action, page
from portal.web import PortalRequest

NAMES = {job.name for job in JOBS}
STATES = {"attente": MailState.WAITING, "refuses": MailState.REFUSED}
KIND = "outgoing-letter"


@page("/gestion/exploitation/imports", name="desk.operations.imports", guards=[SUPERVISOR])
def imports(request: PortalRequest) -> Response[bytes]:
    runs = [(run, *run_state(run)) for run in last_runs(request.db)]
    return render_page(request, "desk/operations/imports.html", "Imports", crumbs=_crumbs(request), runs=runs)


@page("/gestion/exploitation/taches", name="desk.operations.jobs", guards=[SUPERVISOR])
def jobs(request: PortalRequest) -> Response[bytes]:
    known, now = job_runs(request.db), request.now
    rows = [(job, job_label(job.name), known.get(job.name), *job_state(known.get(job.name), now)) for job in JOBS]
    return render_page(request, "desk/operations/jobs.html", "Tâches", crumbs=_crumbs(request), rows=rows)


@action("/gestion/exploitation/taches/{tache:str}/relance", name="desk.operations.job.run", guards=[SUPERVISOR])
def run_again(request: PortalRequest, tache: FromPath[str]) -> Redirect:
    """Makes the job due now: the worker comes by within half a minute."""
    if tache not in NAMES:
        raise NotFoundException
    with request.database.write() as db:
        ask_for_job(db, tache, request.now)
        request.record(db, Action.JOB_ASKED, tache)
    return Redirect(request.services.urls("desk.operations.jobs"), status_code=303)


@page("/gestion/exploitation/courrier", name="desk.operations.mail", guards=[SUPERVISOR])
def mail(request: PortalRequest, etat: FromQuery[str] = "attente") -> Response[bytes]:
    state = STATES.get(etat, MailState.WAITING)
    rows = list_letters(request.db, state)
    keyring = request.services.keyring
    recipients = masked_recipients(request.db, keyring, [row.id for row in rows])
    names = keyring.conceal(KIND, [row.id for row in rows])
    letters = [
        (row, name, recipients.get(row.id, ""), *letter_state(row, request.now))
        for row, name in zip(rows, names, strict=True)
    ]
    is_waiting = state is MailState.WAITING
    crumbs = _crumbs(request)
    return render_page(
        request, "desk/operations/mail.html", "Courrier", crumbs=crumbs, letters=letters, is_waiting=is_waiting
    )


@action("/gestion/exploitation/courrier/{lettre:str}/relance", name="desk.operations.mail.retry", guards=[SUPERVISOR])
def retry(request: PortalRequest, lettre: FromPath[str]) -> Redirect:
    letter = request.revealed(KIND, lettre)
    with request.database.write() as db:
        if retry_letters(db, request.now, letter):
            request.record(db, Action.MAIL_RETRIED, f"letter:{letter}")
    request.services.mail.posted.set()
    return Redirect(request.services.urls("desk.operations.mail"), status_code=303)


@action("/gestion/exploitation/courrier/{lettre:str}/abandon", name="desk.operations.mail.drop", guards=[SUPERVISOR])
def give_up(request: PortalRequest, lettre: FromPath[str]) -> Redirect:
    letter = request.revealed(KIND, lettre)
    with request.database.write() as db:
        if give_up_letter(db, request.now, letter):
            request.record(db, Action.MAIL_GIVEN_UP, f"letter:{letter}")
    return Redirect(request.services.urls("desk.operations.mail"), status_code=303)


def _crumbs(request: PortalRequest) -> list[Crumb]:
    return [Crumb("Exploitation", request.services.urls("desk.operations"))]


HANDLERS = [imports, jobs, run_again, mail, retry, give_up]
