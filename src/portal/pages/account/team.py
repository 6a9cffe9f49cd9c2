"""Who uses an organisation's space: /employeur/utilisateurs, /professionnel/utilisateurs (R-10, R-11).

The signatory (or the holder of the agreement) and administrators invite, change and remove; each act asks for a recent
proof of identity. An invited user gets the two letters of every new account, and accepts the terms at first sign-in.
"""

from collections.abc import Callable

from litestar import Response
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.data.accounts import ROLE_LABELS, Space
from portal.data.activity import account_object
from portal.data.evidence import Action
from portal.data.team import (
    AlreadyInvited,
    Invitation,
    TeamUser,
    change_user,
    invite_user,
    remove_user,
    team_of,
    team_user,
)
from portal.data.throttling import TEAM_LETTERS, allow
from portal.entry.onboarding import deliver_credentials, new_temporary, renew_credentials
from portal.formatting import today
from portal.forms import FieldError
from portal.pages.account.team_forms import (
    INVITATION_FIELDS,
    read_access,
    read_invitation,
    role_choices,
    role_explanations,
)
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

TITLE = "Utilisateurs"
KIND = "account"
NAMES = {Space.EMPLOYER: "employer", Space.PROVIDER: "provider"}
PERMISSIONS = {
    Space.EMPLOYER: (Permission.EMPLOYER_TEAM, Permission.EMPLOYER_TEAM_MANAGE),
    Space.PROVIDER: (Permission.PROVIDER_TEAM, Permission.PROVIDER_TEAM_MANAGE),
}
TOO_MANY = "Trop d’e-mails envoyés en peu de temps. Réessayez dans une heure."
KNOWN = "Un utilisateur de votre organisation a déjà cette adresse."


def list_page(request: PortalRequest) -> Response[bytes]:
    users = team_of(request.db, request.viewer)
    opaque = request.services.keyring.conceal(KIND, (user.id for user in users))
    return render_page(
        request,
        "account/team/index.html",
        TITLE,
        crumbs=[_home(request)],
        users=[(user, name, user.may_be_changed_by(request.viewer)) for user, name in zip(users, opaque, strict=True)],
        prefix=_prefix(request),
        labels=ROLE_LABELS,
        explained=role_explanations(_space(request)),
        day=today(),
    )


def invite_page(request: PortalRequest) -> Response[bytes]:
    return _invitation(request)


async def invite(request: PortalRequest) -> Response[bytes] | Redirect:
    values, invitation, errors = read_invitation(await request.form(), _space(request))
    if invitation is not None:
        try:
            sent = await request.database.run_writing(_invite, request, invitation)
            if sent:
                return _done(request)
            errors = [FieldError("", TOO_MANY)]
        except AlreadyInvited:
            errors = [FieldError("email", KNOWN)]
    return _invitation(request, values, errors)


def user_page(request: PortalRequest, user: FromPath[str]) -> Response[bytes]:
    return _user(request, _found(request, request.db, user), user)


async def change(request: PortalRequest, user: FromPath[str]) -> Response[bytes] | Redirect:
    found = await request.database.run(_found_now, request, user)
    values, access, errors = read_access(await request.form(), _space(request))
    if access is None:
        return _user(request, found, user, values, errors)
    await request.database.run_writing(
        _act, request, found, Action.USER_CHANGED, lambda db: change_user(db, request.viewer, found.id, *access)
    )
    return _done(request)


def remove(request: PortalRequest, user: FromPath[str]) -> Redirect:
    found = _found_now(request, user)
    _act(request, found, Action.USER_REMOVED, lambda db: remove_user(db, request.viewer, found.id, request.now))
    return _done(request)


def send_again(request: PortalRequest, user: FromPath[str]) -> Response[bytes] | Redirect:
    found = _found_now(request, user)
    if not found.is_waiting:
        return _done(request)
    temporary = new_temporary()
    with request.database.write() as db:
        is_allowed = _may_write(request, db)
        if is_allowed and _found(request, db, user).is_waiting:
            renew_credentials(db, request.services, found.id, temporary, request.now, is_invited=True)
            request.record(db, Action.CREDENTIALS_SENT, account_object(found.id))
    return _done(request) if is_allowed else _user(request, found, user, errors=[FieldError("", TOO_MANY)])


def _invite(request: PortalRequest, invitation: Invitation) -> bool:
    temporary = new_temporary()
    with request.database.write() as db:
        if not _may_write(request, db):
            return False
        keyring, viewer = request.services.keyring, request.viewer
        account = invite_user(db, viewer, keyring, invitation, temporary.password_hash, request.now)
        deliver_credentials(db, request.services, account, temporary, is_invited=True)
        request.record(db, Action.USER_INVITED, account_object(account.id or 0), role=account.role)
        return True


def _act(request: PortalRequest, user: TeamUser, done: Action, act: Callable[[Session], None]) -> None:
    with request.database.write() as db:
        try:
            act(db)
        except LookupError:  # changed or removed by somebody else meanwhile
            raise NotFoundException from None
        request.record(db, done, account_object(user.id))


def _may_write(request: PortalRequest, db: Session) -> bool:
    return allow(db, [(TEAM_LETTERS, str(request.viewer.account_id))], request.now)


def _found_now(request: PortalRequest, user: str) -> TeamUser:
    with request.database.read() as db:
        return _found(request, db, user)


def _found(request: PortalRequest, db: Session, user: str) -> TeamUser:
    """The user behind an opaque identifier; a stranger is absent, somebody whom nobody may change is refused."""
    account_id = request.services.keyring.reveal(KIND, user)
    found = team_user(db, request.viewer, account_id) if account_id is not None else None
    if found is None:
        raise NotFoundException
    if not found.may_be_changed_by(request.viewer):
        raise PermissionDeniedException
    return found


def _invitation(
    request: PortalRequest, values: dict[str, str] | None = None, errors: list[FieldError] | None = None
) -> Response[bytes]:
    return render_page(
        request,
        "account/team/invite.html",
        "Inviter un utilisateur",
        crumbs=_crumbs(request),
        errors=errors or [],
        values=values or dict.fromkeys(INVITATION_FIELDS, ""),
        roles=role_choices(_space(request)),
        prefix=_prefix(request),
    )


def _user(
    request: PortalRequest,
    found: TeamUser,
    opaque: str,
    values: dict[str, str] | None = None,
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    stored = {"role": found.role, "fin": found.access_ends_on.isoformat() if found.access_ends_on else ""}
    return render_page(
        request,
        "account/team/user.html",
        found.display_name,
        crumbs=_crumbs(request),
        errors=errors or [],
        values=values or stored,
        user=found,
        opaque=opaque,
        roles=role_choices(_space(request)),
        prefix=_prefix(request),
    )


def _done(request: PortalRequest) -> Redirect:
    return Redirect(request.services.urls(f"{_prefix(request)}.team"), status_code=303)


def _space(request: PortalRequest) -> Space:
    return Space(request.viewer.space)


def _prefix(request: PortalRequest) -> str:
    return NAMES[_space(request)]


def _home(request: PortalRequest) -> Crumb:
    return Crumb("Accueil", request.services.urls(f"{_prefix(request)}.home"))


def _crumbs(request: PortalRequest) -> list[Crumb]:
    return [_home(request), Crumb(TITLE, request.services.urls(f"{_prefix(request)}.team"))]


def _handlers(space: Space) -> list[HTTPRouteHandler]:
    path, name = f"/{space}/utilisateurs", f"{NAMES[space]}.team"
    reading, managing = PERMISSIONS[space]
    reads: list[Guard] = [requires(reading)]
    manages: list[Guard] = [requires(managing), recently_confirmed]
    one = f"{path}/{{user:str}}"
    return [
        page(path, name=name, guards=reads)(list_page),
        page(f"{path}/invitation", name=f"{name}.invite", guards=manages)(invite_page),
        async_action(f"{path}/invitation", name=f"{name}.invite.submit", guards=manages)(invite),
        page(one, name=f"{name}.user", guards=manages)(user_page),
        async_action(one, name=f"{name}.change", guards=manages)(change),
        action(f"{one}/retrait", name=f"{name}.remove", guards=manages)(remove),
        action(f"{one}/renvoi", name=f"{name}.resend", guards=manages)(send_again),
    ]


HANDLERS = [handler for space in NAMES for handler in _handlers(space)]
