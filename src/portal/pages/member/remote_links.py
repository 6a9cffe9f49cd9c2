"""Télétransmission, person by person, and what to do when it is broken. /adherent/teletransmission."""

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.evidence import Action
from portal.data.remote_links import LinkState, PersonLink, remote_links
from portal.formatting import today
from portal.headers import DOCUMENT_POLICY
from portal.permissions import Permission, requires
from portal.remote_link_words import STATE_LABELS, advice_for, letter_pdf
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.web import PortalRequest

TITLE = "Votre télétransmission"
READS = [requires(Permission.REMOTE_LINK_READ)]
PERSON = "person"


@page("/adherent/teletransmission", name="member.remote-links", guards=READS)
def links_page(request: PortalRequest) -> Response[bytes]:
    links = remote_links(request.db, request.viewer, today())
    names = request.services.keyring.conceal(PERSON, (link.person_id for link in links))
    request.note_read(
        Action.REMOTE_LINK_READ, "liste", persons=[link.person_id for link in links if not link.is_private]
    )
    return render_page(
        request,
        "member/remote_links/index.html",
        TITLE,
        crumbs=[Crumb("Accueil", request.services.urls("member.home"))],
        links=[
            (link, name, STATE_LABELS[LinkState(link.row.state)] if link.row else None, advice_for(link))
            for link, name in zip(links, names, strict=True)
        ],
    )


@async_page("/adherent/teletransmission/{person:str}/lettre/pdf", name="member.remote-link.letter", guards=READS)
async def letter_file(request: PortalRequest, person: FromPath[str]) -> Response[bytes]:
    link, sender = await request.database.run(_found, request, person)
    body = await to_thread.run_sync(letter_pdf, link, sender, request.services.settings.insurer, request.now)
    headers = {
        "Content-Disposition": 'attachment; filename="lettre-teletransmission.pdf"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def _found(request: PortalRequest, opaque: str) -> tuple[PersonLink, str]:
    """The broken link of somebody whom the viewer may read, and who signs the letter. Raises `NotFoundException`."""
    person_id = request.services.keyring.reveal(PERSON, opaque)
    links = remote_links(request.db, request.viewer, today())
    link = next((one for one in links if one.person_id == person_id and not one.is_private), None)
    advice = advice_for(link) if link else None
    if link is None or advice is None or not advice.letter:
        raise NotFoundException
    request.note_read(Action.REMOTE_LINK_LETTER, "lettre", persons=[link.person_id])
    own = next((one for one in links if one.is_self), link)
    return link, f"{own.first_name} {own.last_name}"


HANDLERS = [links_page, letter_file]
