"""What is late at the desk, or will be: /gestion/echeances, and its figures as CSV (R-72)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from litestar import Response

from portal.board_chart import TONES, bars_of
from portal.data.desk_board import KindRow, board_of
from portal.delay_words import kind_label
from portal.formatting import day_in_france, plural
from portal.headers import DOCUMENT_POLICY
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import page
from portal.spreadsheets import CSV_MEDIA_TYPE, Column, Kind, csv_stream
from portal.web import PortalRequest

READS = [requires(Permission.DESK_BOARD)]
TITLE = "Échéances"
COLUMNS = (
    Column("Demandes", "label"),
    Column("En attente", "waiting", Kind.COUNT),
    Column("En retard", "late", Kind.COUNT),
    Column("Dont date due passée", "owed_late", Kind.COUNT),
    Column("Sous sept jours", "soon", Kind.COUNT),
    Column("La plus ancienne depuis le", "since", Kind.DATE),
    Column("Objectif (jours ouvrés)", "target_days", Kind.COUNT),
    Column("La moitié en (jours ouvrés)", "half_days", Kind.COUNT),
    Column("9 sur 10 en (jours ouvrés)", "nearly_all_days", Kind.COUNT),
    Column("Évolution sur 30 jours", "change", Kind.COUNT),
    Column("Réponses mesurées", "count", Kind.COUNT),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the board as a spreadsheet takes it; empty cells where nothing was measured."""

    label: str
    waiting: int
    late: int
    owed_late: int
    soon: int
    since: date | None
    target_days: int
    half_days: int | None = None
    nearly_all_days: int | None = None
    change: int | None = None
    count: int | None = None


@page("/gestion/echeances", name="desk.board", guards=READS)
def board_page(request: PortalRequest) -> Response[bytes]:
    board = board_of(request.db, request.viewer, request.services.keyring, request.now)
    return render_page(
        request,
        "desk/board/index.html",
        TITLE,
        board=board,
        rows=[
            (row, kind_label(row.kind), trend_of(row), request.services.urls("desk.queue", {"nature": row.kind}))
            for row in board.kinds
        ],
        bars=bars_of(board.kinds),
        tones=TONES,
    )


@page("/gestion/echeances.csv", name="desk.board.csv", guards=READS)
def board_csv(request: PortalRequest) -> Response[bytes]:
    lines = list(_lines(board_of(request.db, request.viewer, request.services.keyring, request.now).kinds))
    day = day_in_france(request.now).isoformat()
    headers = {
        "Content-Disposition": f'attachment; filename="echeances-{day}.csv"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(b"".join(csv_stream(lines, COLUMNS)), media_type=CSV_MEDIA_TYPE, headers=headers)


def trend_of(row: KindRow) -> str:
    """How half of the answers came sooner or later than in the thirty days before, in words; empty when unknown."""
    if row.pace is None or row.pace.change is None:
        return ""
    if row.pace.change == 0:
        return "stable"
    days = plural(abs(row.pace.change), "jour")
    return f"{days} de plus" if row.pace.change > 0 else f"{days} de moins"


def _lines(kinds: Sequence[KindRow]) -> Iterator[Line]:
    for row in kinds:
        load, pace = row.load, row.pace
        since = day_in_france(load.since) if load.since else None
        measured = (pace.half_days, pace.nearly_all_days, pace.change, pace.count) if pace else ()
        counts = (load.waiting, load.late, load.owed_late, load.soon)
        yield Line(kind_label(row.kind), *counts, since, row.target_days, *measured)


HANDLERS = [board_page, board_csv]
