"""What may be a password (security: B3, B4, B5, B7; CNIL deliberation 2022-100)."""

import unicodedata
from datetime import date

import pytest

from portal import password_policy as policy
from portal.password_policy import LONGEST, SHORTEST, bits_of, known_passwords, problem_with, words_of_birth

OWN = (
    "1234567897", "anne.durand@exemple.example", "Anne", "Durand-Lefèvre", "Ateliers Exemple", "Mutuelle des Rives",
    *words_of_birth(date(1980, 5, 17)),
)  # fmt: skip
TOO_SHORT, TOO_LONG = "au moins 15 caractères", "128 au plus"
# Forty that are refused, each with the reason that is told.
REFUSED = [
    ("", TOO_SHORT),
    ("tulipe", TOO_SHORT),
    ("tulipes bleues", TOO_SHORT),
    ("été à la mer !", TOO_SHORT),
    ("👩\u200d👩\u200d👧👩\u200d👩\u200d👧", TOO_SHORT),
    ("x" * 129, TOO_LONG),
    ("phrase " * 30, TOO_LONG),
    ("123456789123456789", policy.KNOWN),
    ("1qaz2wsx3edc4rfv", policy.KNOWN),
    ("qwertyuiopasdfgh", policy.KNOWN),
    ("AzertyuiopQsdfgh", policy.KNOWN),
    ("jetaimebeaucoup", policy.KNOWN),
    ("JeT’aimeBeaucoup", policy.KNOWN),
    ("jetaimebeaucoup!!", policy.KNOWN),
    ("jetaimebeaucoup2026", policy.KNOWN),
    ("passwordpassword", policy.KNOWN),
    ("motdepasse123456", policy.KNOWN),
    ("1234567890123456", policy.KNOWN),
    ("iloveyouforever", policy.KNOWN),
    ("30secondstomars", policy.KNOWN),
    ("monamourmonamour", policy.REPEATED),
    ("abcabcabcabcabc", policy.REPEATED),
    ("tulipetulipetulipe", policy.REPEATED),
    ("vert bleu vert bleu vert", policy.REPEATED),
    ("ababbaabbaababbabaab", policy.REPEATED),
    ("motdepassemotdepass", policy.GUESSED),
    ("Mutuelle-Assurance-26", policy.GUESSED),
    ("Mutuelle des Rives!", policy.GUESSED),
    ("Bienvenue-Bonjour-1", policy.GUESSED),
    ("AnneDurandLefevre80", policy.GUESSED),
    ("Anne née 17/05/1980", policy.GUESSED),
    ("durand17051980anne", policy.GUESSED),
    ("anne.durand@exemple", policy.GUESSED),
    ("1234567897-secret", policy.GUESSED),
    ("mdp 19800517 Durand", policy.GUESSED),
    ("Motdepasse-Anne-1980", policy.GUESSED),
    ("bcdefghijklmnopqr", policy.RUNNING),
    ("poiuytrezaMLKJHG", policy.RUNNING),
    ("Tulipe123456789!", policy.RUNNING),
    ("839201746528193", policy.DIGITS),
]
ACCEPTED = [
    "ciel orange mardi",
    "tracteur lavande 9",
    "la mutuelle oublie mes lunettes",
    "été à la plage 🏖️ demain",
    " entouré d’espaces partout ",
    "correct cheval pile agrafe",
    "pgvhxwlkzqmtrbn",
    "Анна любит борщ",
    "8392017465281937",
    "q" + "wx7" * 2 + "tulipe des îles",
]


def refusal(password: str, *, has_factor: bool = False) -> str | None:
    return problem_with(password, has_factor=has_factor, context=OWN)


@pytest.mark.parametrize(("password", "reason"), REFUSED)
def test_guessable_password_is_refused_and_the_reason_told(password, reason) -> None:
    """B5: common, breached, repeated, a run, or made of what is known of its holder."""
    told = refusal(password)
    assert told is not None
    assert reason in told


def test_sample_of_refusals_is_the_one_asked_for() -> None:
    assert len({password for password, _ in REFUSED}) == 40


@pytest.mark.parametrize("password", ACCEPTED)
def test_long_password_of_any_characters_is_accepted(password) -> None:
    """B3: no rule of composition, any Unicode."""
    assert refusal(password) is None


def test_fifteen_characters_are_enough_alone_and_twelve_beside_a_second_factor() -> None:
    """B3: 14 refused, 15 accepted; 11 refused, 12 accepted with a factor."""
    phrase = "kiwi vert du lundi"
    assert [refusal(phrase[:length]) is None for length in (14, 15)] == [False, True]
    assert [refusal(phrase[:length], has_factor=True) is None for length in (11, 12)] == [False, True]


def test_one_hundred_and_twenty_eight_characters_are_accepted_and_one_more_is_told() -> None:
    words = "".join(f"mot{number}k" for number in range(60))
    assert refusal(words[:LONGEST]) is None
    assert refusal(words[: LONGEST + 1]) == "Il compte 129 caractères. Choisissez-en 128 au plus."


def test_characters_are_counted_as_they_are_compared() -> None:
    """B3: NFC when set as when verified; a letter and its accent are one character, however the keyboard sends them."""
    composed = "été à évry, né là"[:SHORTEST]
    assert refusal(composed) is None
    assert refusal(unicodedata.normalize("NFD", composed)) is None
    assert TOO_SHORT in str(refusal(unicodedata.normalize("NFD", composed[:-1])))


def test_shortest_password_that_is_accepted_has_fifty_bits() -> None:
    """B4, CNIL 2022-100, case 2: 15 lowercase letters make 70 bits, 12 make 56; digits alone are refused under 16."""
    assert bits_of("abcdefghijklmno") == pytest.approx(70.5, abs=0.1)
    assert bits_of("abcdefghijkl") == pytest.approx(56.4, abs=0.1)
    assert bits_of("Aa1 ") == pytest.approx(4 * 6.57, abs=0.1)
    assert bits_of("") == 0
    for digits in ("839201746528193", "83920174652819", "8392017465281", "839201746528"):
        assert bits_of(digits) < policy.FEWEST_BITS
        assert refusal(digits, has_factor=True) == policy.DIGITS
    assert bits_of("8392017465281937") > policy.FEWEST_BITS


def test_list_of_known_passwords_is_long_enough_and_meets_the_length_rule() -> None:
    """B5: 3 000 at least of those that the length alone would let through."""
    known = known_passwords()
    assert sum(len(word) >= SHORTEST for word in known) >= 3000
    assert all(len(word) >= policy.SHORTEST_WITH_FACTOR for word in known)
    assert all(refusal(word, has_factor=True) is not None for word in sorted(known)[::500])
