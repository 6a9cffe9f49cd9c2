"""Rules that every answer of the portal keeps. Each yields what is wrong, in words; an empty audit is a good page."""

from tests.support.audit.htmx import HTMX_RULES
from tests.support.audit.structure import DOCUMENT_RULES, FRAGMENT_RULES, MARKUP_RULES
from tests.support.audit.text import TEXT_RULES
from tests.support.audit.widgets import WIDGET_RULES
from tests.support.html import Html

RULES = (*MARKUP_RULES, *WIDGET_RULES, *HTMX_RULES, *TEXT_RULES)


def audit_document(text: str, insurer: str) -> list[str]:
    """What is wrong with a whole page."""
    page = Html(text)
    found = [problem for rule in RULES for problem in rule(page)]
    return found + [problem for rule in DOCUMENT_RULES for problem in rule(page, insurer)]


def audit_fragment(text: str) -> list[str]:
    """What is wrong with a fragment, apart from what only its page can tell."""
    page = Html(text, is_fragment=True)
    return [problem for rule in (*RULES, *FRAGMENT_RULES) for problem in rule(page)]
