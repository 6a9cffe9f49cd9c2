"""Static files: hashed names, encodings made once, and templates that name files that exist."""

import gzip
import hashlib
import re

import brotli
import pytest

from portal.assets import STATIC, TEMPLATES, Assets

HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
CSS_BUDGET = 12 * 1024


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets()


def write(folder, **files: bytes) -> Assets:
    for name, body in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return Assets(folder)


def test_every_file_is_found_under_the_hash_of_what_is_served(assets) -> None:
    for path in filter(lambda path: path.is_file(), STATIC.rglob("*")):
        hashed = assets.name(path.relative_to(STATIC).as_posix())
        found = assets.find(hashed)
        assert HASHED.search(hashed)
        assert hashlib.sha256(found.body).hexdigest()[:12] in hashed


def test_name_changes_with_the_content(tmp_path) -> None:
    before = write(tmp_path, css__a_css=b"p{}").name("css/a.css")
    after = write(tmp_path, css__a_css=b"p{color:red}").name("css/a.css")
    assert before != after


def test_style_sheet_asks_for_hashed_files_and_changes_with_them(tmp_path) -> None:
    css = b"@font-face{src:url(../fonts/a.woff2)}"
    first = write(tmp_path, css__a_css=css, fonts__a_woff2=b"one")
    assert f"../{first.name('fonts/a.woff2')}" in first.find(first.name("css/a.css")).body.decode()
    second = write(tmp_path, fonts__a_woff2=b"two")
    assert second.name("css/a.css") != first.name("css/a.css")


@pytest.mark.parametrize("name", ["css/portal.css", "../pyproject.toml", "", "css", "css/portal.000000000000.css"])
def test_nothing_is_found_under_another_name(assets, name) -> None:
    assert assets.find(name) is None


def test_unknown_file_is_an_error_where_a_template_names_it(assets) -> None:
    with pytest.raises(KeyError):
        assets.name("css/absent.css")


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("", None), ("identity", None)]
)
def test_browser_gets_the_smallest_body_it_accepts(assets, accepted, encoding) -> None:
    asset = assets.find(assets.name("css/portal.css"))
    body, found = asset.encoded(accepted)
    decoders = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
    assert found == encoding
    assert decoders[found](body) == asset.body


def test_fonts_are_served_as_they_are(assets) -> None:
    name = next(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.woff2"))
    font = assets.find(assets.name(name))
    assert (font.media_type, font.encoded("br")) == ("font/woff2", (font.body, None))


def test_media_types_are_those_that_browsers_demand(assets) -> None:
    types = {suffix: assets.find(assets.name(name)).media_type for suffix, name in {
        "css": "css/portal.css", "js": "js/htmx.min.js", "svg": "img/icons.svg"}.items()}  # fmt: skip
    assert types == {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def test_style_sheet_keeps_its_budget(assets) -> None:
    assert len(assets.find(assets.name("css/portal.css")).brotli) <= CSS_BUDGET


def test_templates_name_files_that_exist(assets) -> None:
    named = {
        name
        for path in TEMPLATES.rglob("*.html")
        for name in re.findall(r"asset\('([^']+)'\)", path.read_text(encoding="utf8"))
    }
    assert len(named) >= 5
    assert [name for name in named if not assets.find(assets.name(name))] == []


def test_every_vendored_file_has_its_licence_beside_it() -> None:
    for name in ("fonts/figtree", "img/icons", "js/htmx"):
        assert (STATIC / f"{name}-LICENSE.txt").read_text(encoding="utf8").strip()
