"""In how many working days the insurer answers, kind by kind, and how it is measured: /delais (R-41)."""

from litestar import Response

from portal.data.answer_delays import usual_delays
from portal.delay_words import SPACES, kind_label
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import page
from portal.web import PortalRequest

TITLE = "Nos délais de réponse"


@page("/delais", name="delays", guards=[public])
def delays_page(request: PortalRequest) -> Response[bytes]:
    asked = [(kind, space) for space, (_, kinds) in SPACES.items() for kind in kinds]
    with request.database.read() as db:
        found = usual_delays(db, asked, request.now)
    groups = [
        (title, [(kind_label(kind), delay) for kind in kinds if (delay := found[kind, space])])
        for space, (title, kinds) in SPACES.items()
    ]
    return render_page(request, "public/delays/index.html", TITLE, groups=[group for group in groups if group[1]])


HANDLERS = [delays_page]
