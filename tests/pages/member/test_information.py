"""Articles and the glossary by their pages (R-27, R-50): searched in place as by a page, linked from explanations."""

import pytest

from portal.information import sources
from tests.support import factories
from tests.support.entry import ask, enter
from tests.support.reference import import_reference
from tests.support.swap import assert_swap_equals_reload

LIST = "/adherent/informations"

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture(autouse=True)
def home(client, settings, tmp_path):
    import_reference(client.services.database, settings, tmp_path, ("parameters",))
    with client.services.database.write() as db:
        found, account = factories.member_with_account(db, client.services.keyring)
    enter(client, account)
    return found


@pytest.mark.parametrize("slug", sources())
def test_each_article_is_a_sound_page(client, slug) -> None:
    page = client.get(f"{LIST}/{slug}")
    assert "seul votre contrat fait foi" in page.text
    assert "montant à venir" not in page.text


def test_searched_in_place_as_by_a_page(client) -> None:
    client.get(LIST)
    assert_swap_equals_reload(client, 'form[role="search"]', q="LUNÉTTES")
    assert "100\u00a0% Santé\u00a0: des lunettes" in client.page.text
    assert_swap_equals_reload(client, 'form[role="search"]', q="<b>introuvable")
    assert "Aucun article" in client.page.text


def test_unknown_articles_are_not_found(client) -> None:
    for slug in ("inconnu", "..%2F..%2Fetc%2Fpasswd", "comment-on-est-rembourse.md"):
        assert ask(client, f"{LIST}/{slug}").status_code == 404


def test_words_of_an_explanation_lead_to_the_glossary(client, home) -> None:
    with client.services.database.write() as db:
        line = factories.paid_line(db, home.contract)
        (name,) = client.services.keyring.conceal("line", [line.id])
    page = client.get(f"/adherent/prestations/{name}")
    targets = {node.attributes["href"] for node in page.css(".words dt a")}
    glossary = client.get(f"{LIST}/glossaire")
    assert targets
    assert {target.partition("#")[2] for target in targets} <= set(glossary.ids)
