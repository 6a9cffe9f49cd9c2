"""What a password must be, in one place (security: B3 to B5, B7): long, and not what a guesser tries first.

No rule of composition, no rotation. 15 characters alone, 12 beside a second factor (NIST SP 800-63B-4, ASVS 6.2.1), and
50 bits as the CNIL's deliberation 2022-100 counts them where guesses are throttled: only digits alone can be too few.
"""

import gzip
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import chain
from math import log2

from portal.folding import fold

SHORTEST = 15
SHORTEST_WITH_FACTOR = 12
LONGEST = 128
FEWEST_BITS = 50
# What a password holds beside the words and runs that guessers try first.
FEWEST_OTHERS = 10
FEWEST_DIFFERENT = 5

COMMON_WORDS = ("mutuelle", "assurance", "motdepasse", "password", "bonjour", "bienvenue", "portail", "adherent")
SHORTEST_WORD = 3
_ROWS = (
    "azertyuiopqsdfghjklmwxcvbn",
    "qwertyuiopasdfghjklzxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "12345678901234567890",
)
_RUN = 4
_RUNS = {way[at : at + _RUN] for row in _ROWS for way in (row, row[::-1]) for at in range(len(row) - _RUN + 1)}
_ALPHABETS = ((str.isdigit, 10), (str.islower, 26), (str.isupper, 26), (str.isascii, 33))
_OTHER_SIGNS = 64

KNOWN = "Ce mot de passe figure dans des listes que les pirates essaient. Choisissez-en un que vous seul imaginez."
REPEATED = "Il répète toujours la même chose. Choisissez plutôt quelques mots sans lien entre eux."
GUESSED = "Il tient surtout à des mots faciles à deviner\u00a0: votre nom, une date, la mutuelle… Ajoutez-en d’autres."
RUNNING = "Il suit surtout les touches du clavier ou l’alphabet. Choisissez plutôt quelques mots sans lien entre eux."
DIGITS = "Fait de chiffres seulement, il se devine trop vite. Ajoutez quelques mots."


def shortest(*, has_factor: bool) -> int:
    """The fewest characters of a password, by whether a second factor stands beside it."""
    return SHORTEST_WITH_FACTOR if has_factor else SHORTEST


def problem_with(password: str, *, has_factor: bool, context: Iterable[str] = ()) -> str | None:
    """Why the password cannot be chosen, in French, or None. `context`: words that belong to its holder or to us."""
    text = unicodedata.normalize("NFC", password)
    fewest = shortest(has_factor=has_factor)
    if not fewest <= len(text) <= LONGEST:
        return _wrong_length(len(text), fewest)
    folded = fold(text)
    problems = {
        KNOWN: _is_known(folded),
        REPEATED: _period(folded) < fewest <= len(folded) or len(set(folded)) < FEWEST_DIFFERENT,
        GUESSED: len(_without_words(folded, context)) < FEWEST_OTHERS,
        RUNNING: len(_without_runs(_without_words(folded, context))) < FEWEST_OTHERS,
        DIGITS: bits_of(text) < FEWEST_BITS,
    }
    return next((problem for problem, is_there in problems.items() if is_there), None)


def bits_of(password: str) -> float:
    """The CNIL's formal measure: the length, times the bits of the alphabets that the password draws on."""
    kinds = {_alphabet(char) for char in password}
    return len(password) * log2(sum(size for _, size in kinds)) if kinds else 0.0


def words_of_birth(born: date) -> list[str]:
    """The ways in which a birth date is typed."""
    return [born.strftime(form) for form in ("%d%m%Y", "%Y%m%d", "%d%m%y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")]


@cache
def known_passwords() -> frozenset[str]:
    """The passwords that leaks made known, folded; where they come from: wordlists/LICENSE.txt."""
    packed = (files("portal") / "wordlists" / "common-passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().split("\n")) - {""}


def _wrong_length(length: int, fewest: int) -> str:
    if length > LONGEST:
        return f"Il compte {length} caractères. Choisissez-en {LONGEST} au plus."
    return f"Il faut au moins {fewest} caractères, il en manque {fewest - length}. Quelques mots à la suite suffisent."


def _is_known(folded: str) -> bool:
    """Whether it is on the list, as typed, without its signs, or without the count and signs around it."""
    bare = re.sub(r"[\W_]+", "", folded)
    return not known_passwords().isdisjoint({folded, bare, bare.strip("0123456789")})


def _period(text: str) -> int:
    """The length of what the text repeats from its start to its end; its own length when it repeats nothing."""
    sizes = range(1, len(text) // 2 + 1)
    return next((size for size in sizes if text[size:] == text[:-size]), len(text))


def _without_words(folded: str, context: Iterable[str]) -> str:
    """What is left of the text without the holder's words and common ones, the longest taken first."""
    told = [fold(word) for word in (*context, *COMMON_WORDS)]
    words = {*told, *chain.from_iterable(re.split(r"[\W_]+", word) for word in told)}
    for word in sorted(words, key=len, reverse=True):
        folded = folded.replace(word, "") if len(word) >= SHORTEST_WORD else folded
    return folded


def _without_runs(text: str) -> str:
    """What is left without runs of a keyboard, the alphabet or a count, and without characters said again and again."""
    starts = (at for at in range(len(text) - _RUN + 1) if text[at : at + _RUN] in _RUNS)
    running = set(chain.from_iterable(range(at, at + _RUN) for at in starts))
    kept = "".join(char for at, char in enumerate(text) if at not in running)
    return re.sub(r"(.)\1+", r"\1", kept)


def _alphabet(char: str) -> tuple[str, int]:
    found = ((kind.__name__, size) for kind, size in _ALPHABETS if char.isascii() and kind(char))
    return next(found, ("others", _OTHER_SIGNS))
