"""Text as free search compares it: lowercase, without accents, so that « Généraliste » is found by « generaliste »."""

import unicodedata

_MARKS: dict[int, str | None] = dict.fromkeys(range(0x300, 0x370))
_FOLDS = _MARKS | {ord("œ"): "oe", ord("æ"): "ae", ord("’"): "'", ord("\u00a0"): " ", ord("\u202f"): " "}


def fold(text: str) -> str:
    """`text` in lowercase without accents, ligatures spelled out, spaces and apostrophes plain (idempotent)."""
    if text.isascii():
        return text.lower()
    # Twice: decomposing may bring capitals to light (« ᴬ »), and their folding letters to decompose.
    decomposed = unicodedata.normalize("NFKD", text.casefold()).casefold()
    return unicodedata.normalize("NFKD", decomposed).translate(_FOLDS)


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are of the same name: « Jean-Pierre » is « jean pierre », « D’Été » is « d ete »."""
    return _letters(one) == _letters(other)


def _letters(name: str) -> str:
    return " ".join("".join(sign if sign.isalnum() else " " for sign in fold(name)).split())
