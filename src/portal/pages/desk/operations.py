"""The portal's own state (R-60, R-51): /gestion/exploitation, for supervisors: alarms, evidence, queues, storage."""

from datetime import UTC, datetime
from typing import Any

from litestar import Response
from litestar.response import Redirect

from portal.data.backup_runs import BackupRun, last_backup
from portal.data.evidence import Action
from portal.data.job_runs import ask_for_job, job_runs
from portal.data.operation_figures import Figures, database_bytes, operation_figures
from portal.evidence.checkpoints import last_checkpoint
from portal.formatting import file_size, local_time, number, plural
from portal.jobs import VERIFY_ALL, VERIFY_NEW
from portal.operation_metrics import free_bytes
from portal.operation_words import alarms, fault_words
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import action, page
from portal.schema import is_current
from portal.web import PortalRequest

SUPERVISOR = requires(Permission.DESK_OPERATIONS)
NEVER = "Jamais"


@page("/gestion/exploitation", name="desk.operations", guards=[SUPERVISOR])
def overview(request: PortalRequest) -> Response[bytes]:
    figures = operation_figures(request.db, request.now)
    room = free_bytes(request.services.settings.data_folder)
    is_at_head = is_current(request.database)
    return render_page(
        request,
        "desk/operations/index.html",
        "Exploitation",
        alarms=list(alarms(figures, request.now, room, is_current=is_at_head)),
        evidence=_evidence(request, figures),
        is_verifying=_is_verifying(request),
        queues=_queues(request, figures),
        storage=_storage(request, room, is_at_head=is_at_head),
    )


@action("/gestion/exploitation/preuves/verification", name="desk.operations.verify", guards=[SUPERVISOR])
def verify_now(request: PortalRequest) -> Redirect:
    """Asks the worker for both readings of the chain; nobody waits for them."""
    with request.database.write() as db:
        for job in (VERIFY_NEW, VERIFY_ALL):
            ask_for_job(db, job, request.now)
        request.record(db, Action.JOB_ASKED, VERIFY_ALL)
    return Redirect(request.services.urls("desk.operations"), status_code=303)


def _evidence(request: PortalRequest, figures: Figures) -> list[tuple[str, str]]:
    chain, signed = figures.chain, last_checkpoint(request.services.settings)
    return [
        ("Lignes écrites", number(figures.evidence_rows)),
        ("Vérifiées jusqu’à la ligne", number(chain.reached)),
        ("Dernière vérification", _when(chain.at)),
        ("Dernière lecture complète", _when(chain.whole_at)),
        ("Résultat", fault_words(figures) if chain.at or chain.fault else "Pas encore vérifié"),
        ("Dernier point signé", f"Ligne {number(signed.seq)}, le {_signed_at(signed.at)}" if signed else NEVER),
    ]


def _is_verifying(request: PortalRequest) -> bool:
    """Whether a reading was asked for, or is under way."""
    runs = job_runs(request.db)
    found = [runs[name] for name in (VERIFY_NEW, VERIFY_ALL) if name in runs]
    return any(run.due_at <= request.now or (run.claimed_until or request.now) > request.now for run in found)


def _queues(request: PortalRequest, figures: Figures) -> list[dict[str, Any]]:
    mail, jobs, files = (figures.queues[name] for name in ("mail", "jobs", "imports"))
    urls = request.services.urls
    return [
        {"label": "Courrier", "queue": mail, "more": _refused(figures), "url": urls("desk.operations.mail")},
        {"label": "Tâches", "queue": jobs, "more": _failed(figures), "url": urls("desk.operations.jobs")},
        {"label": "Fichiers de salariés", "queue": files, "more": "", "url": ""},
    ]


def _refused(figures: Figures) -> str:
    return plural(figures.refused_letters, "refusé", "refusés") if figures.refused_letters else ""


def _failed(figures: Figures) -> str:
    return f"{figures.failed} en échec" if figures.failed else ""


def _storage(request: PortalRequest, room: int, *, is_at_head: bool) -> list[tuple[str, str]]:
    backup = last_backup(request.db)
    engine = "SQLite" if request.database.is_sqlite else "PostgreSQL"
    return [
        ("Base de données", f"{engine}, {file_size(database_bytes(request.db))}"),
        ("Schéma", "À jour" if is_at_head else "En retard"),
        ("Place libre", file_size(room)),
        ("Dernière sauvegarde", _copied(backup) if backup else NEVER),
    ]


def _copied(backup: BackupRun) -> str:
    head = number(backup.head)
    return f"{local_time(backup.made_at)}, {file_size(backup.size)}, preuves jusqu’à la ligne {head}"


def _when(at: datetime | None) -> str:
    return local_time(at) if at else NEVER


def _signed_at(text: str) -> str:
    return local_time(datetime.fromisoformat(text).replace(tzinfo=UTC))


HANDLERS = [overview, verify_now]
