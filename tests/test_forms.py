"""What a browser sent, as it is kept (R-10: what was typed is not lost)."""

import pytest
from litestar.datastructures import FormMultiDict

from portal.forms import written_text


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
