"""A request taken back by its author, or its draft forgotten: the same for every kind that has pieces and no answer yet
(autonomy, rights over data, changes of practices)."""

from collections.abc import Callable, Sequence
from datetime import datetime

from litestar.exceptions import NotFoundException
from sqlmodel import Session

from portal.attachments import discard
from portal.data.case_pieces import remove_all_pieces
from portal.data.cases import Case, CaseKind, lock_case
from portal.data.evidence import Action
from portal.data.sessions import Viewer
from portal.web import PortalRequest

Forget = Callable[[Session, Case], None]
Withdraw = Callable[[Session, Viewer, int, datetime], Sequence[str] | Case | None]


def take_back(
    request: PortalRequest, case_id: int, kinds: Sequence[CaseKind], forget: Forget, withdraw: Withdraw
) -> None:
    """Forgets a locked draft with its pieces, or withdraws what was sent; the contents that nothing names any more are
    removed once that is committed: `withdraw` may give their storage names. Raises `WrongState`, `NotFoundException`.
    """
    with request.database.write() as db:
        found = lock_case(db, request.viewer, case_id, None, *kinds)
        if found is None:
            raise NotFoundException
        name, is_draft, gone = found.object, found.is_draft, list[str]()
        if is_draft:
            gone = remove_all_pieces(db, found)
            forget(db, found)
        elif isinstance(left := withdraw(db, request.viewer, case_id, request.now), list):
            gone = left
        request.record(db, Action.CASE_DELETED if is_draft else Action.CASE_CANCELLED, name)
    discard(request.services, gone)
