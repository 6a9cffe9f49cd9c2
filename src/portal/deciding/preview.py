"""What the person will read, before it is sent: the decision is applied in a transaction that is then undone, and the
author's own page and letters are made of it.

The page is the very one of the author's space, asked for as its author; nothing of it can be pressed here.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from litestar.exceptions import NotFoundException
from litestar.response import Response
from markupsafe import Markup
from sqlmodel import Session

from portal.case_links import CASE
from portal.case_notices import CaseLetters
from portal.data.case_desk import agent_at_work, lock_for_desk
from portal.data.cases import Case, CaseKind
from portal.data.decisions import Decision
from portal.data.desk_cases import AtDesk, author_as_viewer
from portal.data.postal_letters import letters_of
from portal.data.proposals import Applier
from portal.deciding.papers import papers_written
from portal.deciding.registry import frame_of
from portal.mailing.mail import Mail, Wording
from portal.pages.public.complaint_follow import follow_page
from portal.web import PortalRequest

# What acts, or would look for its page around it; the text within links stays.
_GONE = (
    re.compile(r"<form\b.*?</form>", re.DOTALL),
    re.compile(r'<details class="no-print">.*?</details>', re.DOTALL),
    re.compile(r"<button\b.*?</button>", re.DOTALL),
    re.compile(r'\s(?:hx-[\w-]+|data-portal-[\w-]+|id|tabindex|autofocus|aria-labelledby|aria-describedby)="[^"]*"'),
    re.compile(r"\s(?:data-portal-[\w-]+|autofocus)(?=[\s>])"),
    re.compile(r"<a\b[^>]*>|</a>"),
)
_HEADINGS = re.compile(r"(</?)h([1-5])\b")


class _Undone(Exception):
    """Ends the transaction of a preview: nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Preview:
    """`page`: the main part of the author's page, one heading level down; empty when the author has none. `papers`:
    what is to be printed and posted, as titles and paragraphs."""

    page: Markup
    letters: list[Wording]
    papers: Sequence[tuple[str, Sequence[str]]] = ()


@dataclass(slots=True)
class _Unsent:
    """Takes the place of the letters' outbox: keeps their wording, sends nothing."""

    mail: Mail
    wordings: list[Wording] = field(default_factory=list)

    def post(self, _: Session, letter: str, __: str, *, account_id: int | None = None, **context: Any) -> None:  # noqa: ARG002
        """Keeps what the letter would say."""
        self.wordings.append(self.mail.wording(letter, context))


class AuthorRequest(PortalRequest):
    """The author's page, asked for by nobody: no read is noted."""

    def note_read(self, *_: Any, **__: Any) -> None:
        """Nothing: the agent's own reading of the case is what the evidence tells."""

    def note_read_by_link(self, *_: Any, **__: Any) -> None:
        """Nothing, as above."""


def preview_of(request: PortalRequest, at_desk: AtDesk, decision: Decision, apply: Applier) -> Preview:
    """What the person would read, was this decision sent now. Call it in a thread: it takes the writer's turn for a
    moment. Raises `CaseMoved`, and what `apply` raises."""
    made: list[Preview] = []
    with suppress(_Undone), request.database.write() as db:
        made.append(_made(request, db, at_desk, decision, apply))
        raise _Undone
    return made[0]


def _made(request: PortalRequest, db: Session, at_desk: AtDesk, decision: Decision, apply: Applier) -> Preview:
    services = request.services
    unsent = _Unsent(services.mail)
    letters = CaseLetters(replace(services, mail=cast("Mail", unsent)))
    agent = agent_at_work(request.viewer, letters)
    case = lock_for_desk(db, agent, at_desk.case.id or 0, at_desk.case.version)
    if case is None:
        raise NotFoundException
    known = len(letters_of(db, case))
    apply(db, agent, services.keyring, case, decision, request.now)
    db.flush()
    page = _author_page(request, db, at_desk, case)
    return Preview(page, unsent.wordings, papers_written(db, services.keyring, case, known))


def _author_page(request: PortalRequest, db: Session, at_desk: AtDesk, case: Case) -> Markup:
    (opaque,) = request.services.keyring.conceal(CASE, [case.id or 0])
    if at_desk.author is None and case.kind == CaseKind.DATA_RIGHT:
        return Markup()
    viewer = author_as_viewer(at_desk.author, request.now) if at_desk.author else None
    state = {**request.scope["state"], "viewer": viewer, "db": db, "followed": opaque, "way_back": None}
    scope = {**request.scope, "state": state, "method": "GET", "query_string": b"", "path": "/"}
    asked = AuthorRequest(cast("Any", scope))
    try:
        answer = _asked(asked, case, opaque) if viewer else follow_page.fn(asked)
    except NotFoundException:
        return Markup()
    return _readable(answer.content.decode()) if isinstance(answer, Response) else Markup()


def _asked(asked: AuthorRequest, case: Case, opaque: str) -> Any:
    page: Callable[..., Any] = frame_of(case).page.fn
    return page(asked, case=opaque)


def _readable(html: str) -> Markup:
    """The main part of one of our own documents, without what could be pressed."""
    main = html.partition('<div class="title">')[2].rpartition("</main>")[0]
    for gone in _GONE:
        main = gone.sub("", main)
    return Markup('<div class="title">') + Markup(_HEADINGS.sub(lambda h: f"{h[1]}h{int(h[2]) + 2}", main))  # noqa: S704
