"""Publications of the desk in words: kinds, states, what is wrong with a text, line by line."""

import re

from portal.data.publication_files import FileState
from portal.data.publications import Nature, PublicationState
from portal.data.terms import Obstacle
from portal.formatting import NBSP
from portal.legal_text import Fault, Unreadable

NATURE_LABELS = {
    Nature.TERMS: "Conditions d’utilisation",
    Nature.ARTICLE: "Article d’information",
    Nature.GUARANTEES: "Tableaux de garanties",
    Nature.DIRECTORY: "Annuaire du réseau",
    Nature.NATIONAL_DIRECTORY: "Annuaire Santé",
}
STATES = {
    PublicationState.WAITING: ("À relire", "wait"),
    PublicationState.SCHEDULED: ("Programmée", "info"),
    PublicationState.IN_EFFECT: ("Publiée", "ok"),
    PublicationState.CANCELLED: ("Abandonnée", ""),
}
WORK_TITLES = {
    FileState.CHECKING: "Contrôle du fichier",
    FileState.APPLYING: "Application du fichier",
}
STEP_WORDS = (
    "En attente\u00a0: le fichier va être lu.",
    "Fichier lu. Essai à blanc en cours\u00a0: rien n’est enregistré.",
    "Contrôle terminé. Application en cours, en une seule fois.",
    "Terminé.",
)
_FAULTS = {
    Fault.NO_FRAME: "Un texte a un titre «\u00a0#\u00a0Titre\u00a0», puis des parties «\u00a0##\u00a0…\u00a0».",
    Fault.HEADING: "Un titre n’a pas sa place dans ce texte court\u00a0: retirez le «\u00a0#\u00a0».",
    Fault.SECOND_TITLE: (
        "Seule la première ligne est un titre «\u00a0#\u00a0». Pour une partie, écrivez «\u00a0##\u00a0»."
    ),
    Fault.START: "Une liste numérotée commence à 1.",
    Fault.BLOCK: (
        "Cette forme ne s’affiche pas. Écrivez des paragraphes, des listes, et des titres jusqu’à «\u00a0###\u00a0»."
    ),
    Fault.ITEM: "Un point de liste est un seul paragraphe\u00a0: pas de liste dans une liste.",
    Fault.INLINE: ("Seuls le gras, l’italique et les liens (https, mailto) s’affichent. Retirez le reste."),
}
OBSTACLES = {
    Obstacle.UNREADABLE: ("texte", "Corrigez le texte\u00a0: chaque ligne à revoir est expliquée sous ce message."),
    Obstacle.SAME: ("texte", "Ce texte est déjà celui de la version la plus récente. Modifiez-le, ou abandonnez."),
    Obstacle.NO_CHANGES: ("changements", "Dites ce qui change\u00a0: chacun le lit avant d’accepter."),
    Obstacle.PAST: ("jour", "Choisissez un jour à venir\u00a0: personne n’a pu accepter ce texte avant."),
    Obstacle.TOO_EARLY: ("jour", "Une version déjà publiée prend effet après ce jour. Choisissez un jour plus tardif."),
    Obstacle.TAKEN: ("texte", "Une autre version vient d’être publiée. Comparez-la à la vôtre, puis recommencez."),
    Obstacle.FILE: (
        "fichier",
        "Ce fichier n’est pas un texte en UTF-8 de moins de 200\u00a0Ko. Enregistrez-le ainsi, ou collez le texte.",
    ),
}

_BEFORE = re.compile(r" (?=[:;?!»])|(?<=«) ")

Line = tuple[int, str]
"""What is wrong on a line, from 1; 0 for the whole text."""


def on_screen(text: str) -> str:
    """What an import says to an operator, with the no-break spaces of a page."""
    return _BEFORE.sub(NBSP, text)


def fault_lines(faults: list[Unreadable]) -> list[Line]:
    """The faults of a text in words, by line."""
    return [(fault.line, _FAULTS[fault.fault]) for fault in faults]


def lines_in_words(lines: list[Line]) -> str:
    """« Le texte a 2 points à corriger (lignes 3 et 8) : ils sont expliqués plus bas. »"""
    numbers = [str(line) for line, _ in lines if line]
    where = f" ({'lignes' if len(numbers) > 1 else 'ligne'}{NBSP}{', '.join(numbers[:8])})" if numbers else ""
    points = f"{len(lines)}{NBSP}{'points' if len(lines) > 1 else 'point'} à corriger{where}"
    return f"Le texte a {points}. Chacun est expliqué sous le champ."
