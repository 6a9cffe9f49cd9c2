"""Who may do what: deny by default, one named permission per handler (R-72).

Guards are coroutines, since Litestar runs plain functions in threads.

Every handler carries exactly one policy among its guards: `requires(Permission.X)` or `public`. `deny_undeclared`, set
on the application, refuses a handler that carries none, and asks the policy before anything reads the request's body.
"""

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from portal.data.sessions import Viewer
from portal.grants import GRANTS, STEPS, Permission, granted_to, may

__all__ = [
    "GRANTS",
    "ConfirmationDue",
    "Permission",
    "Policy",
    "Public",
    "ReadingOnly",
    "Requires",
    "StepDue",
    "deny_undeclared",
    "has_just_confirmed",
    "may",
    "policy_of",
    "public",
    "recently_confirmed",
    "requires",
]


class StepDue(NotAuthorizedException):
    """The session must first take the step that its stage names."""


class ReadingOnly(PermissionDeniedException):
    """The account's standing allows reading alone (R-64, R-66)."""


class ConfirmationDue(PermissionDeniedException):
    """The person must prove again who they are before this act (security: C6)."""


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
        if viewer is None:
            raise NotAuthorizedException
        if self.permission not in STEPS.get(viewer.stage, (self.permission,)):
            raise StepDue
        if not may(viewer, self.permission):
            is_role_enough = self.permission in granted_to(viewer)
            raise ReadingOnly if is_role_enough else PermissionDeniedException


class Public(Policy):
    """Anyone may call the handler, signed in or not."""

    name = "public"

    async def __call__(self, connection: ASGIConnection, _: BaseRouteHandler) -> None:
        """Lets everyone through."""


requires = Requires
public = Public()

CONFIRMED_FOR = timedelta(minutes=5)


async def recently_confirmed(connection: ASGIConnection, _: BaseRouteHandler) -> None:
    """Guard for sensitive acts, after `requires(…)`: identity proved five minutes ago at most, or `ConfirmationDue`.

    It guards the page of the form and the form itself: an act that comes too late is asked again, never replayed.
    """
    viewer: Viewer = connection.scope["state"]["viewer"]
    if not has_just_confirmed(viewer, datetime.now(UTC)):
        raise ConfirmationDue


def has_just_confirmed(viewer: Viewer, now: datetime) -> bool:
    """Whether the person proved who they are five minutes ago at most: for acts that ask for it only when unusual."""
    return now - viewer.confirmed_at <= CONFIRMED_FOR


def policy_of(handler: BaseRouteHandler) -> Policy | None:
    """The policy a handler declares, or None."""
    declared = [guard for guard in handler.guards or () if isinstance(guard, Policy)]
    return declared[0] if len(declared) == 1 else None


async def deny_undeclared(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Application guard: no declared policy, no service. Raises what the policy raises.

    A handler's option `keep_typed` is awaited first when its sender must sign in: what was typed is not lost.
    """
    policy = policy_of(handler)
    if policy is None:
        raise PermissionDeniedException
    try:
        await policy(connection, handler)
    except NotAuthorizedException:
        keep = handler.opt.get("keep_typed")
        if keep is not None:
            await keep(connection)
        raise
