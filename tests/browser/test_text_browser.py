"""Pages in a text browser: what a person without style sheets, or a braille line, meets, and in which order (R-21)."""

import re
import shutil
import subprocess

import pytest

from tests.support.visits import MEMBER, Site

COLUMNS = "100"


@pytest.fixture(scope="module")
def reader(site: Site, tmp_path_factory):
    """The member's page as w3m lays it out, by its path."""
    w3m = shutil.which("w3m")
    if w3m is None:
        pytest.skip("w3m is missing (apt-get install w3m)")
    folder = tmp_path_factory.mktemp("text")
    with site.client(site.account_of(MEMBER)) as client:

        def read(path: str) -> str:
            file = folder / "page.html"
            file.write_bytes(client.get(path, follow_redirects=True).raise_for_status().content)
            command = [w3m, "-dump", "-T", "text/html", "-I", "UTF-8", "-O", "UTF-8", "-cols", COLUMNS, file]
            return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.decode()

        read.client = client
        yield read


def assert_in_order(text: str, *patterns: str) -> None:
    """Each pattern is found after the one before it."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern).search(text, at)
        assert found, f"{pattern!r} does not follow in:\n{text}"
        at = found.end()


MONEY = r"[-−]?\d[\d\s]*,\d\d\s€"


def test_member_hears_home_in_a_sensible_order(reader) -> None:
    text = reader("/adherent")
    assert_in_order(
        text,
        "Aller au contenu",
        "Accueil",
        "Prestations",
        "Relevés",
        "Bonjour Camille Exemple",
        "Un document nous manque",
        "Dernier versement",
        MONEY,
        "Comprendre ce montant",
        "En cours de traitement",
        "Vos compteurs",
        "seul votre contrat fait foi",
        "Accessibilité",
    )


def test_member_hears_each_amount_of_the_list_with_its_label(reader) -> None:
    text = reader("/adherent/prestations")
    assert_in_order(text, "Accueil", "Vos prestations", "Filtrer et trier", "Bénéficiaire", "Appliquer", r"\d+\slignes")
    assert_in_order(text, r"\d+\slignes", "Pas encore payé", "Pourquoi ce montant", "Dépense", MONEY)
    labels = re.findall(rf"(Dépense|Remboursé|Prévu en remboursement|Reste à votre charge)\s+{MONEY}", text)
    refunds = labels.count("Remboursé") + labels.count("Prévu en remboursement")
    assert labels.count("Dépense") == refunds == 20
    assert labels.count("Reste à votre charge") == 21
    assert_in_order(text, "Afficher la suite", "Montants indicatifs")


def test_member_hears_why_in_the_order_of_the_computation(reader) -> None:
    page = reader.client.get("/adherent/prestations").text
    path = re.search(r'href="(/adherent/prestations/[\w-]{20,})"', page)
    assert path
    text = reader(path.group(1))
    assert_in_order(
        text,
        "Pourquoi ce montant",
        "Sur ",
        "Sécurité sociale",
        "Mutuelle",
        "À votre charge",
        MONEY,
        "Les mots du calcul",
    )


def test_member_hears_what_each_button_of_the_statements_does(reader) -> None:
    text = reader("/adherent/releves")
    assert_in_order(text, "Vos relevés", r"Remboursé\s:", MONEY, "Du", "Au", "Éditer ce relevé")
    assert "le relevé : " in text.replace("\u00a0", " ")


def test_reader_hears_what_a_version_of_the_terms_adds_and_removes(reader) -> None:
    """R-16: the difference is said in words, not by colours."""
    text = reader("/conditions/versions/2/changements")
    assert_in_order(text, "Ce que change la version 2", "En clair", "Passage par passage", "Article 2")
    assert_in_order(text, r"Ajouté\s:", "clé\\s+d’accès", r"Supprimé\s:", "pannes du réseau", r"Ne changent pas\s:")


def test_member_hears_what_was_accepted_and_where_its_proof_is(reader) -> None:
    text = reader("/compte/conditions")
    assert_in_order(text, "Version 1", "Acceptée le", "En quelle qualité", "SHA-256", "Télécharger la preuve")


def test_member_hears_what_the_account_holds_and_how_to_change_it(reader) -> None:
    text = reader("/compte")
    assert_in_order(text, "Votre compte", "Sécurité et sessions", "Vos données", "Adresse e-mail", "camille.exemple@")
    assert_in_order(text, "Changer l’adresse", "Téléphone", "Votre identité", "Supprimer mon compte")


def test_member_hears_where_the_account_is_open(reader) -> None:
    text = reader("/compte/securite/sessions")
    assert_in_order(text, "Fermer des sessions", "Cette session", "Adresse", "ouverte le", "Me déconnecter d’ici")
    text = reader("/compte/journal")
    assert_in_order(text, "Votre activité", "Tout télécharger", r"\d{4}", r"\d\sh\s\d\d")


def test_member_hears_what_deletion_erases_and_what_it_leaves(reader) -> None:
    text = reader("/compte/suppression")
    assert_in_order(
        text, "7 jours", "Ce qui sera effacé", "Ce qui reste", "Demander la suppression", "Garder mon compte"
    )


def test_stranger_hears_what_each_form_of_sign_up_asks(reader) -> None:
    reader.client.cookies.clear()
    assert_in_order(
        reader("/inscription"), "Espace adhérent", "Espace employeur", "Espace professionnel", "Se connecter"
    )
    text = reader("/inscription/adherent")
    assert_in_order(
        text, "Pour qui", "Nom de famille", "Date de naissance", "Numéro d’adhérent", "adresse e-mail", "CGU"
    )
    assert_in_order(
        reader("/inscription/e-mails"), "Vérifiez vos e-mails", "deux e-mails", "Rien au bout", "Se connecter"
    )
    assert_in_order(reader("/signaler-une-fraude"), "gelé tout de suite", "Identifiant du compte", "Geler le compte")


def test_stranger_hears_where_to_sign_in(reader) -> None:
    reader.client.cookies.clear()
    assert_in_order(
        reader("/connexion"), "Connexion à votre espace", "Identifiant", "Dix chiffres", "Mot de passe", "Aide"
    )


def test_anybody_reads_the_nearest_professionals_in_order(reader) -> None:
    text = reader("/professionnels-agrees?lieu=Lyon&profession=dentiste")
    assert_in_order(
        text, "Où", "Chercher", "Autour de Lyon", "Chirurgien-dentiste", "Lyon", r"\d+\sk?m", "Les suivants"
    )
    assert "Sur la carte" not in text
