"""A conversation as it is swapped in, whatever its case is about."""

from litestar import Response

from portal.pages.account.conversations import TalkView
from portal.rendering import render_fragment
from portal.web import PortalRequest


def render_talk(request: PortalRequest, talk: TalkView, title: str, problem: str, over: str) -> Response[bytes]:
    """The conversation and its page's title; 422 when the message was not kept, for a `problem` told in French.
    `over`: what is said of a message that came once the conversation had ended."""
    error = talk.shows(problem, over)
    return render_fragment(
        request,
        "account/talk.html",
        status=422 if problem else 200,
        talk=talk,
        title=title,
        errors={error.field: error.message} if problem else {},
        is_fresh=not problem,
    )
