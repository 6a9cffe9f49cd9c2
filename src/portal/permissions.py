"""Who may do what: deny by default, one named permission per handler (R-72).

Guards are coroutines, since Litestar runs plain functions in threads.

Every handler carries exactly one policy among its guards: `requires(Permission.X)` or `public`. `deny_undeclared`, set
on the application, refuses a handler that carries none, and asks the policy before anything reads the request's body.
"""

from abc import ABC, abstractmethod
from enum import StrEnum

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from portal.data.accounts import Role
from portal.data.sessions import Stage, Viewer


class Permission(StrEnum):
    MEMBER_HOME = "member-home:read"
    BENEFITS_READ = "benefits:read"
    BENEFITS_EXPORT = "benefits:export"
    STATEMENTS_READ = "statements:read"
    STATEMENTS_ISSUE = "statements:issue"
    EMPLOYER_HOME = "employer-home:read"
    PROVIDER_HOME = "provider-home:read"
    DESK_HOME = "desk-home:read"
    SECOND_FACTOR = "second-factor:answer"
    SIGN_OUT = "session:close"
    SESSION_KEEP = "session:keep"


_EVERYONE = frozenset({Permission.SIGN_OUT, Permission.SESSION_KEEP})
_COVERED = _EVERYONE | {
    Permission.MEMBER_HOME,
    Permission.BENEFITS_READ,
    Permission.BENEFITS_EXPORT,
    Permission.STATEMENTS_READ,
    Permission.STATEMENTS_ISSUE,
}
_PENDING = frozenset({Permission.SECOND_FACTOR, Permission.SIGN_OUT})

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.MEMBER: _COVERED,
    Role.DEPENDANT: _COVERED,
    Role.SIGNATORY: _EVERYONE | {Permission.EMPLOYER_HOME},
    Role.CLERK: _EVERYONE | {Permission.EMPLOYER_HOME},
    Role.PROVIDER: _EVERYONE | {Permission.PROVIDER_HOME},
    Role.AGENT: _EVERYONE | {Permission.DESK_HOME},
    Role.SUPERVISOR: _EVERYONE | {Permission.DESK_HOME},
}


def may(viewer: Viewer, permission: Permission) -> bool:
    """Whether the viewer holds the permission; between password and second factor, only what that step needs."""
    granted = _PENDING if viewer.stage == Stage.CODE else GRANTS[Role(viewer.role)]
    return permission in granted


class Policy(ABC):
    """A guard that says who may call a handler."""

    name: str

    @abstractmethod
    async def __call__(self, connection: ASGIConnection, handler: BaseRouteHandler) -> None:
        """Returns, or raises `NotAuthorizedException` or `PermissionDeniedException`."""


class Requires(Policy):
    """The viewer must be signed in and hold one permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission
        self.name = permission.value

    async def __call__(self, connection: ASGIConnection, _: BaseRouteHandler) -> None:
        viewer: Viewer | None = connection.scope["state"].get("viewer")
        if viewer is None or (viewer.stage == Stage.CODE and self.permission not in _PENDING):
            raise NotAuthorizedException
        if not may(viewer, self.permission):
            raise PermissionDeniedException


class Public(Policy):
    """Anyone may call the handler, signed in or not."""

    name = "public"

    async def __call__(self, connection: ASGIConnection, _: BaseRouteHandler) -> None:
        """Lets everyone through."""


requires = Requires
public = Public()


def policy_of(handler: BaseRouteHandler) -> Policy | None:
    """The policy a handler declares, or None."""
    declared = [guard for guard in handler.guards or () if isinstance(guard, Policy)]
    return declared[0] if len(declared) == 1 else None


async def deny_undeclared(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Application guard, the first one: no declared policy, no service. Raises what the policy raises."""
    policy = policy_of(handler)
    if policy is None:
        raise PermissionDeniedException
    await policy(connection, handler)
