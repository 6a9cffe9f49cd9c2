"""Checks of rights that are frozen, and given back: the desk's case, the letters, the record (R-62)."""

from typing import Any

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.activity import account_object
from portal.data.evidence import Action
from portal.data.organisations import provider_of
from portal.data.rights_freezes import Counts, RightsFreeze, freeze_checks, lift_checks, responsible_for
from portal.rights_words import seen_kinds, told_to_desk
from portal.web import PortalRequest


def freeze_rights(request: PortalRequest, db: Session, seen: Counts) -> None:
    """Freezes the viewer's checks, opens the desk's case, writes to whoever answers for the practice."""
    viewer, now = request.viewer, request.now
    frozen = freeze_checks(db, viewer, request.services.keyring, seen, told_to_desk(seen), now)
    counts = {pattern.value: count for pattern, count in seen.items()}
    request.record(
        db, Action.RIGHTS_FROZEN, account_object(viewer.account_id), seen=counts, practice=frozen.is_practice
    )
    words: dict[str, Any] = {"who": viewer.display_name, "kinds": seen_kinds(seen), "is_practice": frozen.is_practice}
    _write(request, db, frozen, "rights-frozen", None, frozen_at=now, **words)


def give_rights_back(request: PortalRequest, db: Session, account: Account, report_id: int) -> bool:
    """Lifts the freeze of the desk's case; False when there is none any more."""
    lifted = lift_checks(db, request.viewer, report_id, request.now)
    if lifted is None:
        return False
    about = account_object(account.id or 0)
    request.record(db, Action.RIGHTS_FREEZE_LIFTED, about, practice=lifted.is_practice)
    words: dict[str, Any] = {"who": account.display_name, "is_practice": lifted.is_practice}
    _write(request, db, lifted, "rights-restored", account, **words)
    return True


def _write(
    request: PortalRequest, db: Session, freeze: RightsFreeze, letter: str, account: Account | None, **said: Any
) -> None:
    """To those who answer for the practice, and to the user `account`, each address once."""
    to = responsible_for(db, freeze.provider_id)
    if account is not None and account.email and account.email.casefold() not in {email.casefold() for _, email in to}:
        to.append((account.id, account.email))
    words = {"name": provider_of(db, freeze.provider_id).name, "href": _page_of(request)} | said
    for account_id, email in to:
        request.services.mail.post(db, letter, email, account_id=account_id, **words)


def _page_of(request: PortalRequest) -> str:
    return request.services.settings.origin + request.services.urls("provider.rights")
