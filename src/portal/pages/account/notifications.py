"""Which e-mails a person wants: /compte/notifications. Notices about security are no choice, and the page says so."""

from litestar import Response
from litestar.response import Redirect

from portal.data.accounts import Role
from portal.data.evidence import Action
from portal.data.notifications import OFFERED, Notification, choose_notifications, chosen_notifications
from portal.data.own_account import own_account
from portal.forms import single_values
from portal.pages.account.own import account_crumbs
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

CHOOSES = [requires(Permission.NOTIFICATIONS)]


@page("/compte/notifications", name="notifications", guards=CHOOSES)
def notifications_page(request: PortalRequest) -> Response[bytes]:
    return render_page(
        request,
        "account/notifications/index.html",
        "Vos notifications",
        crumbs=account_crumbs(request),
        offered=OFFERED.get(Role(request.viewer.role), ()),
        chosen=chosen_notifications(request.db, request.viewer),
        account=own_account(request.db, request.viewer),
    )


@async_action("/compte/notifications", name="notifications.choose", guards=CHOOSES)
async def choose(request: PortalRequest) -> Redirect:
    sent = single_values(await request.form(), [kind.value for kind in Notification])
    wanted = {kind for kind in Notification if sent[kind.value]}
    await request.database.run_writing(_keep, request, wanted)
    return Redirect(request.services.urls("account"), status_code=303)


def _keep(request: PortalRequest, wanted: set[Notification]) -> None:
    with request.database.write() as db:
        if choose_notifications(db, request.viewer, wanted, request.now):
            request.record(db, Action.NOTIFICATIONS_CHOSEN, ",".join(sorted(wanted)))
