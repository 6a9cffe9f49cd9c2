"""The pages that anyone can open: rules of accessibility and of HTML, in every look."""

import pytest

PATHS = (
    "/accueil",
    "/connexion",
    "/aide",
    "/accessibilite",
    "/confidentialite",
    "/conditions",
    "/conditions/versions",
    "/conditions/versions/2/changements",
    "/mot-de-passe-oublie",
    "/mot-de-passe-oublie/envoye",
    "/mot-de-passe/nouveau/fait",
    "/identifiant-oublie",
    "/identifiant-oublie/envoye",
    "/signaler-une-fraude",
    "/signaler-une-fraude/recu",
    "/signaler-une-fraude/fait",
    "/nulle-part",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("profile", "scheme"), [("phone", "light"), ("phone", "dark"), ("desktop", "light"), ("desktop", "dark")]
)
def test_anyone_opens_public_page_without_a_violation(open_tab, path, profile, scheme) -> None:
    tab = open_tab(profile, scheme=scheme)
    tab.go(path)
    assert tab.axe() == []
    assert tab.overflow() == []
    assert tab.small_targets() == []


def test_anyone_reads_public_pages_at_320_pixels_without_scripts(open_tab) -> None:
    tab = open_tab("narrow", javascript=False)
    for path in PATHS:
        tab.go(path)
        assert tab.overflow() == [], path


def test_public_pages_are_valid_html(open_tab, check_html) -> None:
    tab = open_tab(javascript=False)
    documents = {path: tab.context.request.get(tab.origin + path).text() for path in PATHS}
    assert check_html(documents) == []
