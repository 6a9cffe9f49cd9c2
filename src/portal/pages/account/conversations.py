"""A conversation as pages show it, whatever its case is about: what was said, and the form that adds to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portal.data.case_messages import LONGEST_TEXT, Message
from portal.data.case_turns import AUTHOR_S_TURN
from portal.data.cases import Case, CaseKind, CaseState
from portal.formatting import plural
from portal.forms import FieldError

NO_TEXT = f"Écrivez votre message, en {plural(LONGEST_TEXT, 'caractère')} au plus."
FIELD = "message"
# Where a page shows a text that came too late, and why.
UNSENT = "non-envoye"


@dataclass(frozen=True, slots=True)
class TalkView:
    """What `partials/account/conversation.html` shows. `action`, `fragment`: where its form goes, as a page and in
    place; empty once the conversation is over. `typed`: a message that was not kept; `last`: the last one shown,
    concealed; `elsewhere`: what a link to another way to write says, and where it leads; `case`: concealed, for a form
    whose address does not say which case it is about; `names`: of the others who wrote beside the viewer, by account;
    `title`: of the form."""

    messages: Sequence[Message]
    action: str = ""
    fragment: str = ""
    typed: str = ""
    last: str = ""
    elsewhere: tuple[str, str] | None = None
    case: str = ""
    names: Mapping[int, str] = field(default_factory=dict)
    title: str = "Ajouter un message"

    def shows(self, problem: str, over: str) -> FieldError:
        """What is wrong with a message, where the page shows it: at its field, or once there is none, at what was
        typed, with the words `over`."""
        return FieldError(FIELD, problem) if self.action else FieldError(UNSENT, over)


def in_place(case: Case, fragment: str) -> str:
    """The fragment that adds words to a case's conversation; empty when they would change more of its page than that:
    given back to the insurer, it is no longer closed, lacks nothing more, or has another day for its answer."""
    tells_its_day = case.due_at is not None and case.kind != CaseKind.COMPLAINT
    is_told_around = case.state in AUTHOR_S_TURN and (case.state != CaseState.ANSWERED or tells_its_day)
    return "" if is_told_around else fragment


def text_problem(text: str) -> str:
    """What is wrong with a message, in French, or nothing."""
    return "" if 0 < len(text) <= LONGEST_TEXT else NO_TEXT
