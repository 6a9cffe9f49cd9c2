"""Texts that the insurer publishes: read into blocks, compared, nothing lost and nothing run (R-14, R-16, E6)."""

from pathlib import Path

import pytest

import portal
from portal.comparison import Mark, compare
from portal.legal_text import Kind, Run, Unreadable, plain, read_blocks, read_text
from tests.support.terms import FIRST, SECOND

DEMO = Path(portal.__file__).parent / "demo" / "reference"


def marks(older: str, newer: str) -> list[list[list[tuple[str, str]]]]:
    """What changed: articles, their passages, the pieces of these."""
    return [
        [[(piece.mark.value, piece.text) for piece in passage] for passage in article.passages]
        for article in compare(older, newer).changed
    ]


def test_reader_gets_title_articles_lists_and_runs() -> None:
    legal = read_text(FIRST)
    assert (legal.title, plain(legal.preamble[0].runs)) == ("Conditions générales", "Un préambule.")
    assert [(article.anchor, article.title) for article in legal.articles] == [
        ("article-1", "Article 1 – Objet"),
        ("article-2", "Article 2 – Accès"),
    ]
    kinds = [block.kind for block in legal.articles[0].blocks]
    assert kinds == [Kind.PARAGRAPH, Kind.BULLETS, Kind.HEADING, Kind.NUMBERS]
    assert legal.articles[0].blocks[1].items[0] == (Run("un "), Run("premier", is_strong=True), Run(" point\u00a0;"))


def test_link_keeps_its_target_and_is_compared_by_it() -> None:
    (block,) = read_blocks("Voir la [CNIL](https://www.cnil.example).")
    assert block.runs[1] == Run("CNIL", href="https://www.cnil.example")
    assert block.texts == ["Voir la CNIL (https://www.cnil.example)."]


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", '<img src=x onerror="x()">', "[x](javascript:alert(1))", "{{ 7 * 7 }}", "#read(1)"],
)
def test_hostile_markup_is_plain_text(hostile) -> None:
    assert [plain(block.runs) for block in read_blocks(hostile)] == [hostile]


@pytest.mark.parametrize(
    ("odd", "line"),
    [
        ("Bien.\n\n> citation", 3),
        ("Bien.\n\n    code", 3),
        ("```\ncode\n```", 1),
        ("- a\n  - b", 1),
        ("3. trois", 1),
        ("![image](x.png)", 1),
        ("Bien.\n\nUn `code`.", 3),
        ("[lien](http://a.example)", 1),
        ("Fin de ligne  \nforcée", 1),
        ("## Titre", 1),
        ("#### Trop profond", 1),
        ("---", 1),
    ],
)
def test_publisher_who_uses_more_than_the_subset_is_told_the_line(odd, line) -> None:
    with pytest.raises(Unreadable, match=f"line {line}:"):
        read_blocks(odd)


@pytest.mark.parametrize(
    "odd", ["", "Sans titre.", "# Titre seul", "## Article\n\nx", "# A\n\n## B\n\n# C", "p\n\n# T\n\n## A"]
)
def test_text_without_one_title_and_articles_is_refused(odd) -> None:
    with pytest.raises(Unreadable):
        read_text(odd)


# --- what changed ---


def test_reader_of_changes_sees_the_sentences_that_came_and_went() -> None:
    """R-16: the difference is shown, by the sentence."""
    assert marks(FIRST, SECOND) == [
        [
            [
                ("same", "Le mot de passe est personnel."),
                ("removed", "Il ne se communique pas."),
                ("added", "Il se change à tout moment."),
            ]
        ]
    ]
    assert compare(FIRST, SECOND).unchanged == ("Article 1 – Objet",)


def test_same_text_has_no_change() -> None:
    assert compare(FIRST, FIRST).changed == ()


def test_article_that_comes_first_renumbers_the_others_without_hiding_the_new_one() -> None:
    newer = FIRST.replace("Article 2", "Article 3").replace("Article 1", "Article 2")
    newer = newer.replace("## Article 2", "## Article 1 – Neuf\n\nTout autre chose.\n\n## Article 2", 1)
    changed = compare(FIRST, newer).changed
    assert [(article.title, article.mark) for article in changed] == [
        ("Article 1 – Neuf", Mark.ADDED),
        ("Article 2 – Objet", Mark.SAME),
        ("Article 3 – Accès", Mark.SAME),
    ]
    assert [piece.text for piece in changed[1].passages[0]] == ["Article 1 – Objet", "Article 2 – Objet"]


def test_article_that_goes_and_preamble_that_changes_are_told() -> None:
    shorter = FIRST[: FIRST.index("## Article 2")].replace("Un préambule.", "Autre avant-propos complet.")
    changed = compare(FIRST, shorter).changed
    assert [(article.title, article.mark) for article in changed] == [
        ("Préambule", Mark.SAME),
        ("Article 2 – Accès", Mark.REMOVED),
    ]


def test_paragraph_put_before_an_edited_one_is_an_addition_alone() -> None:
    newer = SECOND.replace("Le mot de passe", "Un tout nouveau paragraphe est mis ici.\n\nLe mot de passe")
    first, second = marks(FIRST, newer)[0]
    assert first == [("added", "Un tout nouveau paragraphe est mis ici.")]
    assert [mark for mark, _ in second] == ["same", "removed", "added"]


@pytest.mark.parametrize(("older", "newer"), [(FIRST, SECOND), (SECOND, FIRST)])
def test_removed_and_kept_pieces_rebuild_the_older_passage(older, newer) -> None:
    """Nothing is lost on the way: what is shown holds every sentence of both."""
    passage = marks(older, newer)[0][0]
    assert " ".join(text for mark, text in passage if mark != "added") in older
    assert " ".join(text for mark, text in passage if mark != "removed") in newer


def test_demonstrations_texts_can_be_published_and_differ_where_they_say() -> None:
    """Each article that changes is named in the words that announce it."""
    older, newer, words = (
        (DEMO / name).read_text("utf8") for name in ("terms-1.md", "terms-2.md", "terms-2-changes.md")
    )
    assert len(read_text(older).articles) == len(read_text(newer).articles) == 9
    assert read_blocks(words)
    numbers = [article.title.split()[1] for article in compare(older, newer).changed]
    assert numbers == ["2", "3", "4", "6", "7"]
    assert all(f"article\u00a0{number})" in words for number in numbers)
