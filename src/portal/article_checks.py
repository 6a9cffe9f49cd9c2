"""What an article must be before it is published: readable, with a summary, figures that exist, links that lead
somewhere its readers may go. Told line by line."""

import re
from collections.abc import Callable, Container

from sqlmodel import Session

from portal.data.accounts import Role
from portal.folding import fold
from portal.information import ARTICLE_TARGETS, PAGE, figures_now
from portal.legal_text import Kind, faults_of, read_text
from portal.permissions import GRANTS
from portal.publication_words import Line, fault_lines
from portal.web import Services

MOST_CHARACTERS = 40_000
LONGEST_SLUG = 80
TOO_LONG = "Raccourcissez l’article\u00a0: 40\u00a0000 caractères au plus."
NO_SUMMARY = "Sous le titre, écrivez d’abord un paragraphe\u00a0: il résume l’article dans la liste."
_FIGURE = re.compile(r"\{\{([^{}]*)\}\}")
_LINK = re.compile(r"\(page:([^)\s]*)\)")
_APART = re.compile(r"[^a-z0-9]+")


def article_lines(text: str, figures: Container[str], is_page: Callable[[str], bool]) -> list[Line]:
    """What is wrong with an article, by line; nothing when it may be published. `figures`: the parameters that exist;
    `is_page`: whether a link to a page of the portal leads its readers somewhere."""
    if len(text) > MOST_CHARACTERS:
        return [(0, TOO_LONG)]
    found = fault_lines(faults_of(text, ARTICLE_TARGETS))
    for number, line in enumerate(text.splitlines(), start=1):
        found += [(number, _figure_words(name)) for name in _FIGURE.findall(line) if name not in figures]
        found += [(number, _page_words(name)) for name in _LINK.findall(line) if not is_page(name)]
    return sorted(found) or _summary_lines(text)


def lines_for_members(services: Services, db: Session, text: str) -> list[Line]:
    """`article_lines` for the readers of articles: figures of today, links to pages that a member may open."""
    readable = {*GRANTS[Role.MEMBER], None}

    def is_page(name: str) -> bool:
        try:
            return bool(services.urls(name)) and services.site.permission_of(name) in readable
        except KeyError:
            return False

    return article_lines(text, figures_now(db), is_page)


def title_of(text: str) -> str:
    """The title of an article that has no fault."""
    return read_text(text, ARTICLE_TARGETS).title


def slug_of(title: str) -> str:
    """The address of an article, from its first title."""
    return _APART.sub("-", fold(title)).strip("-")[:LONGEST_SLUG].strip("-")


def _summary_lines(text: str) -> list[Line]:
    preamble = read_text(text, ARTICLE_TARGETS).preamble
    return [] if preamble and preamble[0].kind is Kind.PARAGRAPH else [(0, NO_SUMMARY)]


def _figure_words(name: str) -> str:
    return f"Le montant «\u00a0{name[:60]}\u00a0» n’existe pas dans nos paramètres. Vérifiez son nom."


def _page_words(name: str) -> str:
    return f"La page «\u00a0{PAGE}{name[:60]}\u00a0» n’existe pas pour un adhérent. Vérifiez son nom."
