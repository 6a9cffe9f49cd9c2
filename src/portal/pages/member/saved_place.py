"""The place around which a member searches by habit: kept, and forgotten. /adherent/professionnels/lieu (R-24).

Once the cover has ended, what was kept may be forgotten, and nothing new is kept (R-64).
"""

from collections.abc import Mapping

from litestar.response import Redirect

from portal.data.evidence import Action
from portal.data.saved_places import Home, forget_place, save_place
from portal.forms import single_values
from portal.pages.public.directory_fronts import OF_MEMBERS
from portal.pages.public.directory_query import FIELDS, HOME, POSITION, clean_parameters, position_of
from portal.permissions import Permission, requires
from portal.routing import async_action
from portal.web import PortalRequest


@async_action(f"{OF_MEMBERS.path}/lieu", name="member.place.save", guards=[requires(Permission.PLACE_SAVE)])
async def save(request: PortalRequest) -> Redirect:
    sent = single_values(await request.form(), FIELDS)
    position = position_of(sent[POSITION])
    if position and sent["lieu"]:
        await request.database.run_writing(_save, request, Home(sent["lieu"], position))
    return _to_list(request, sent)


@async_action(f"{OF_MEMBERS.path}/lieu/oubli", name="member.place.forget", guards=OF_MEMBERS.reads)
async def forget(request: PortalRequest) -> Redirect:
    sent = single_values(await request.form(), FIELDS)
    await request.database.run_writing(_forget, request)
    return _to_list(request, sent)


def _save(request: PortalRequest, home: Home) -> None:
    with request.database.write() as db:
        save_place(db, request.viewer, home, request.now)
        request.record(db, Action.PLACE_SAVED, "lieu")


def _forget(request: PortalRequest) -> None:
    with request.database.write() as db:
        if forget_place(db, request.viewer):
            request.record(db, Action.PLACE_FORGOTTEN, "lieu")


def _to_list(request: PortalRequest, sent: Mapping[str, str]) -> Redirect:
    """The same search, around the saved place if there is one."""
    query = {name: value for name, value in clean_parameters(sent).items() if name not in {"lieu", POSITION, HOME}}
    return Redirect(request.services.urls(OF_MEMBERS.index, query), status_code=303)


HANDLERS = [save, forget]
