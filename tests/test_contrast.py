"""The style sheet's colours can be told apart in both themes; it is small and its own (WCAG 1.4.3, 1.4.6, 1.4.11).

axe sees what a page happens to show; here every pair of tokens that the sheet can put together is computed.
"""

import gzip
import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[1] / "static" / "css" / "portal.css").read_text(encoding="utf8")
TEXT_RATIO, PART_RATIO = 7.0, 3.0
LARGEST_GZIP = 12 * 1024

GROUNDS = ("paper", "surface", "sunken", "tint")
TONES = ("ok", "wait", "bad", "info")
TEXT_ON = {
    **dict.fromkeys(("ink", "muted", "plum", "plum-deep"), GROUNDS),
    "on-plum": ("plum", "plum-deep"),
    "on-hero": ("hero", "hero-petal"),
    "on-hero-soft": ("hero", "hero-petal"),
    "on-mirabelle": ("hero-accent", "on-hero"),
    "ok": ("ok-tint",),
    "wait": ("wait-tint", "surface", "tint"),
    "bad": ("bad-tint", "paper", "surface"),
    "info": ("info-tint",),
}
TEXT_PAIRS = [(text, ground) for text, grounds in TEXT_ON.items() for ground in grounds]
TEXT_PAIRS += [("ink", f"{tone}-tint") for tone in TONES]
PART_PAIRS = [
    *(("focus", ground) for ground in (*GROUNDS, *(f"{tone}-tint" for tone in TONES))),
    *(("edge", ground) for ground in ("paper", "surface", "sunken")),
    *((part, "surface") for part in ("seg-base", "seg-supp", "seg-other", "seg-left", "bad")),
    *(("plum", ground) for ground in GROUNDS),
    ("hero-accent", "hero"),
    ("hero-accent", "hero-petal"),
    *((tone, f"{tone}-tint") for tone in TONES),
]
# The breadcrumb's slash repeats what the list says: a part, not words.
NO_WORDS = {"edge"}


def tokens_of(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


LIGHT, DARK = (tokens_of(block) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2])
THEMES = {"light": LIGHT, "dark": LIGHT | DARK}


def luminance(colour: str) -> float:
    """Relative luminance of « #rrggbb », as WCAG defines it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def too_close(theme: str, pairs: list[tuple[str, str]], least: float) -> list[str]:
    colours = THEMES[theme]
    ratios = ((one, other, ratio(colours[one], colours[other])) for one, other in pairs)
    return [f"{one} on {other}: {found:.2f}" for one, other, found in ratios if found < least]


def test_ratio_is_the_one_of_the_definition() -> None:
    assert ratio("#ffffff", "#000000") == pytest.approx(21)
    assert ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_reader_tells_text_from_its_ground(theme) -> None:
    assert too_close(theme, TEXT_PAIRS, TEXT_RATIO) == []


@pytest.mark.parametrize("theme", THEMES)
def test_reader_tells_parts_of_the_interface_from_their_ground(theme) -> None:
    assert too_close(theme, PART_PAIRS, PART_RATIO) == []


def test_every_token_used_for_text_is_among_the_pairs() -> None:
    used = set(re.findall(r"[;{ ]color: var\(--([\w-]+)\)", STYLE)) - {"tone"}
    assert used - NO_WORDS == set(TEXT_ON) - {"ok", "info"}, "ok and info are used through --tone"


def test_every_token_used_behind_text_is_among_the_pairs() -> None:
    used = set(re.findall(r"background(?:-color)?: var\(--([\w-]+)\)", STYLE)) - {"tone-tint", "seg"}
    assert used <= {ground for _, ground in TEXT_PAIRS}


def test_each_theme_gives_every_colour() -> None:
    assert set(DARK) == set(LIGHT)


def test_style_sheet_is_small_once_compressed() -> None:
    assert len(gzip.compress(STYLE.encode(), 9)) <= LARGEST_GZIP


def test_style_sheet_asks_nobody_else() -> None:
    addresses = re.findall(r"url\(\s*[\"']?([^\"')]+)", STYLE)
    assert all(address.startswith("../") for address in addresses)
    assert "@import" not in STYLE
    assert "//" not in re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL)
