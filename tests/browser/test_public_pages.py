"""The pages that anyone can open, in a small window without scripts. Their states: test_pages_states.py."""

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


def test_anyone_reads_public_pages_at_320_pixels_without_scripts(open_tab) -> None:
    tab = open_tab("narrow", javascript=False)
    for path in PATHS:
        tab.go(path)
        assert tab.overflow() == [], path
