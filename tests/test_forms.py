"""What a browser sent, as it is kept (R-10: what was typed is not lost)."""

import pytest
from litestar.datastructures import FormMultiDict

from portal.forms import one_line, single_values, written_text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Que faire\u00a0? Lire «\u00a0Carte\u00a0», 1\u202f234,56\u00a0€.", None),
        (" Une ligne\r\nune autre\rune\ttroisième ", "Une ligne\nune autre\nune\ttroisième"),
        ("a\x00b\x1bc\x0bd\u2028e\u200bf\u202eg\x85h", "abcdefgh"),
    ],
)
def test_written_text_keeps_spaces_and_lines_but_no_other_control_character(typed, kept) -> None:
    assert written_text(FormMultiDict([("texte", typed)]), "texte") == (typed if kept is None else kept)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Une\u202fquestion\u00a0? ", "Une question ? "),
        ("FR76\u00a03000\u20094000\u3000", "FR76 3000 4000 "),
        ("1\u202f234,56\u00a0€", "1 234,56 €"),
        ("deux\r\nlignes\tet\u2028une", "deux  lignes et une"),
        ("a\x00b\x1bc\u200bd\u202ee\ufefff", "abcdef"),
        ("\u00a0\t\n", "   "),
    ],
)
def test_field_of_one_line_takes_every_space_for_an_ordinary_one(typed, kept) -> None:
    """What was copied from a page or a letter is read as what was typed by hand."""
    assert one_line(typed) == kept
    assert single_values(FormMultiDict([("titre", typed)]), ("titre", "autre")) == {"titre": kept, "autre": ""}


def test_long_text_among_the_fields_keeps_its_spaces_and_lines_and_is_cut() -> None:
    reason = "Une erreur\u00a0?\r\nOui\u00a0: la nôtre."
    sent = FormMultiDict([("motif", reason), ("jour", "1\u00a0mai")])
    kept = {"motif": reason.replace("\r\n", "\n"), "jour": "1 mai"}
    assert single_values(sent, ("motif", "jour"), texts=("motif",)) == kept
    assert single_values(sent, ("motif",), 12, texts=("motif",)) == {"motif": "Une erreur\u00a0?"}
