"""The start page of the desk's space: /gestion, the agent's day by the queue's own counts, and where to begin."""

from litestar import Response

from portal.data.accounts import ROLE_LABELS, Role
from portal.data.letters_to_post import count_to_post
from portal.data.request_reception import may_receive
from portal.data.work_items import duties_of
from portal.data.work_queue import QueueFilters, Watch, When, queue_counts, queue_page
from portal.pages.desk.queue import shown_rows
from portal.pages.desk.work import WORK
from portal.permissions import Permission, requires
from portal.rendering import open_navigation, render_page
from portal.routing import page
from portal.web import PortalRequest
from portal.work_words import count_words

MINE_SHOWN = 5


@page("/gestion", name="desk.home", guards=[requires(Permission.DESK_HOME)])
def home(request: PortalRequest) -> Response[bytes]:
    doors = [(item.url, item.icon, item.label) for item in open_navigation(request) if not item.current]
    keyring, own = request.services.keyring, QueueFilters(holder=request.viewer.account_id)
    mine = queue_page(request.db, request.viewer, keyring, own, request.now)
    rows = list(mine.rows[:MINE_SHOWN]) if mine else []
    names = keyring.conceal(WORK, (row.id for row in rows))
    return render_page(
        request,
        "desk/home/index.html",
        "Bonjour",
        role=ROLE_LABELS[Role(request.viewer.role)],
        doors=doors,
        day=_day(request),
        mine=shown_rows(request, request.db, rows, names),
        has_duties=bool(duties_of(request.db, request.viewer)),
    )


def _day(request: PortalRequest) -> list[tuple[str, str, str, str]]:
    """What the day holds: label, count, where it is listed, tone."""
    asked = [
        ("Mes dossiers", QueueFilters(holder=request.viewer.account_id), {"qui": "moi"}, "info"),
        ("En retard", QueueFilters(when=When.LATE), {"delai": "retard"}, "bad"),
        ("Réponse due dans les deux jours", QueueFilters(when=When.SOON), {"delai": "bientot"}, "wait"),
        ("Arrivés aujourd’hui", QueueFilters(when=When.TODAY), {"delai": "aujourdhui"}, ""),
        ("Personne ne s’en occupe", QueueFilters(is_free=True), {"qui": "personne"}, ""),
        ("À valider", QueueFilters(watch=Watch.APPROVAL), {"suivi": "a-valider"}, "wait"),
        ("Transmis aux superviseurs", QueueFilters(watch=Watch.ESCALATED), {"suivi": "escalade"}, "bad"),
    ]
    wanted = [filters for _, filters, _, _ in asked]
    found = queue_counts(request.db, request.viewer, request.services.keyring, wanted, request.now)
    url = request.services.urls
    told = [
        (label, count_words(count), url("desk.queue", query), tone if count else "")
        for (label, _, query, tone), count in zip(asked, found, strict=True)
    ]
    if not may_receive(request.db, request.viewer):
        return told
    letters = count_to_post(request.db, request.viewer, request.services.keyring)
    return [*told, ("Courriers à poster", count_words(letters), url("desk.letters"), "wait" if letters else "")]
