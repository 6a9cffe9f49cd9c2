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
