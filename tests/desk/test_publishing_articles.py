"""Articles written at the desk: read as soon as their day comes, kept, compared, withdrawn (R-27, R-61)."""

from datetime import datetime, time, timedelta

import pytest
import time_machine
from sqlmodel import select

from portal.data.articles import ArticleVersion, articles_in_force
from portal.formatting import PARIS, long_date, today
from portal.information import articles_now, sources
from tests.support import factories
from tests.support.entry import ask, enter, send, token_in
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.publishing import HOME, Desk
from tests.support.reference import import_reference

NEW = f"{HOME}/articles/nouveau"
LIST = "/adherent/informations"
TEXT = """# Le don du sang
Donner son sang est gratuit, et sans frais pour vous.
## Où aller
La participation est de {{participation_forfaitaire}} ailleurs, jamais ici.
## Que faire ensuite
- Lire [vos garanties](page:member.guarantees).
"""
FIELDS = {"theme": "Prévention", "mots": "sang plasma", "texte": TEXT}
SLUG = "le-don-du-sang"


@pytest.fixture
def desk(client, settings, tmp_path):
    import_reference(client.services.database, settings, tmp_path, ("parameters",))
    return Desk(client)


@pytest.fixture
def member(client):
    with client.services.database.write() as db:
        return factories.member_with_account(db, client.services.keyring)[1]


def test_reader_finds_an_article_once_a_supervisor_published_it(client, desk, member) -> None:
    """Previewed as it is read, searched like any other, dated of the day it took effect."""
    evidence = Evidence(client)
    assert desk.prepare(NEW, **FIELDS) == 200
    client.get(f"{desk.path}/apercu?largeur=telephone")
    assert "2,00\xa0€" in text_of(client.page.one("article.phone"))
    assert client.page.css('article a[href="/adherent/garanties"]')
    enter(client, member)
    assert ask(client, f"{LIST}/{SLUG}").status_code == 404
    assert desk.approve() == 200
    enter(client, member)
    page = client.get(f"{LIST}?q=plasma")
    assert "Le don du sang" in page.text
    shown = client.get(f"{LIST}/{SLUG}")
    assert f"Mis à jour le {long_date(today())}" in text_of(shown.one("main"))
    assert [act.action for act in evidence.fresh() if "publication" in act.action] == [
        "publication.prepared",
        "publication.approved",
    ]


def test_article_appears_on_its_day_at_midnight_in_paris(client, desk, member) -> None:
    """No job has to run: the day alone decides, and it may be called off before."""
    day = today() + timedelta(days=3)
    desk.prepare(NEW, **FIELDS, jour=day.strftime("%d/%m/%Y"))
    assert desk.approve() == 200
    midnight = datetime.combine(day, time(), PARIS)
    with client.services.database.read() as db:
        assert SLUG not in articles_in_force(db, midnight - timedelta(seconds=1))
        assert SLUG in articles_in_force(db, midnight)
    assert "Programmée" in client.get(HOME + "/articles").text
    assert desk.post("retrait", desk.other) == 303
    with client.services.database.read() as db:
        assert SLUG not in articles_in_force(db, midnight)


def test_article_of_the_portal_is_replaced_then_withdrawn_then_given_back(client, desk, member) -> None:
    """The files are where articles come from; the desk has the last word, and every version stays."""
    slug = "hospitalisation"
    text = sources()[slug].text.replace("Le séjour", "Chaque séjour")
    assert desk.prepare(f"{NEW}?article={slug}", texte=text) == 200
    assert "Chaque séjour" in client.page.text
    assert "Supprimé" in client.page.text
    desk.approve()
    enter(client, member)
    assert "Chaque séjour" in client.get(f"{LIST}/{slug}").text
    desk.prepare(f"{HOME}/articles/versions/{slug}")
    assert desk.approve() == 200
    enter(client, member)
    assert ask(client, f"{LIST}/{slug}").status_code == 404
    assert slug not in client.get(LIST).text
    desk.prepare(f"{HOME}/articles/nouveau", texte=text, theme="Comprendre vos garanties", article=slug)
    desk.approve()
    enter(client, member)
    assert "Chaque séjour" in client.get(f"{LIST}/{slug}").text
    enter(client, desk.agent)
    versions = client.get(f"{HOME}/articles/versions/{slug}")
    assert len(versions.css('main a[href^="/gestion/publication/"]')) >= 3
    client.get(versions.css('main a[href*="/changements/"]')[0].attributes["href"])
    assert client.status == 200


def test_author_never_writes_over_what_a_colleague_changed_meanwhile(client, desk) -> None:
    """R-61: neither text is lost; the second one is kept in the form, and saved once its author knows."""
    desk.prepare(NEW, **FIELDS)
    edit = desk.path.replace(HOME, f"{HOME}/articles") + "/texte"
    begun = client.get(edit).one("main input[name=lu]").attributes["value"]
    assert desk.prepare(edit, desk.supervisor, texte=TEXT.replace("sans frais", "sans nul frais")) == 200
    enter(client, desk.agent)
    mine = FIELDS | {"article": "", "jour": "", "texte": TEXT.replace("sans frais", "sans aucun frais"), "lu": begun}
    assert send(client, edit, mine, form_at=edit).status_code == 422
    assert "sans nul frais" in client.get(f"{desk.path}/apercu").text
    token = token_in(send(client, edit, mine, form_at=edit))
    client.get(edit)
    again = client.page.one("main input[name=lu]").attributes["value"]
    assert send(client, edit, mine | {"lu": again, "jeton": token}).status_code == 303
    assert "sans aucun frais" in client.get(f"{desk.path}/apercu").text


def test_withdrawal_is_not_rewritten_as_a_text(client, desk) -> None:
    desk.prepare(f"{HOME}/articles/versions/hospitalisation")
    edit = desk.path.replace(HOME, f"{HOME}/articles") + "/texte"
    assert ask(client, edit).status_code == 404
    assert send(client, edit, FIELDS, form_at=desk.path).status_code == 404


def test_two_versions_of_an_article_are_compared(client, desk) -> None:
    desk.prepare(NEW, **FIELDS)
    desk.approve()
    desk.prepare(f"{NEW}?article={SLUG}", texte=TEXT.replace("sans frais", "sans aucun frais"))
    page = client.get(f"{HOME}/articles/versions/{SLUG}")
    client.get(page.css('main a[href*="/changements/"]')[0].attributes["href"])
    assert "sans aucun frais" in text_of(client.page.one("main"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{{montant_inconnu}} par jour.", "montant_inconnu"),
        ("[ici](page:desk.home)", "page:desk.home"),
        ("[ici](page:inconnue)", "page:inconnue"),
        ("[ici](page:member.benefit)", "page:member.benefit"),
        ("![x](https://exemple.example/x)", "s’affichent"),
        ("> citation", "ne s’affiche pas"),
    ],
)
def test_author_is_told_the_line_that_is_wrong(client, desk, line, words) -> None:
    """An unknown figure, a page that members cannot open, what readers would not see."""
    assert desk.prepare(NEW, **FIELDS | {"texte": TEXT + "\n" + line + "\n"}) == 422
    number = len((TEXT + "\n").splitlines()) + 1
    assert f"Ligne {number}" in client.page.text
    assert words in client.page.text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"theme": " "}, "theme"),
        ({"texte": "# Titre\n## Partie\nTexte.\n"}, "texte"),
        ({"texte": "sans titre"}, "texte"),
        ({"texte": ""}, "texte"),
        ({"texte": TEXT + "mot " * 12_000}, "texte"),
        ({"jour": "demain"}, "jour"),
        ({"jour": "01/01/0001"}, "jour"),
        ({"jour": "31/12/9999"}, "jour"),
    ],
)
def test_author_is_told_which_field_is_wrong(client, desk, fields, field) -> None:
    assert desk.prepare(NEW, **FIELDS | fields) == 422
    assert client.page.css(f"#{field}[aria-invalid=true]")


def test_scripts_in_an_article_stay_text(client, desk, member) -> None:
    hostile = "<script>alert(1)</script> [clic](javascript:alert(1))"
    desk.prepare(NEW, **FIELDS | {"texte": TEXT + "\n" + hostile + "\n"})
    desk.approve()
    enter(client, member)
    page = client.get(f"{LIST}/{SLUG}")
    assert hostile in text_of(page.one("article"))
    assert not page.css("article script, article a[href^=javascript]")


def test_article_outlives_a_page_that_it_links_to(client, desk, member) -> None:
    """What was published stays readable when a release renames a page: the words without the link."""
    desk.prepare(NEW, **FIELDS)
    with client.services.database.write() as db:
        db.exec(select(ArticleVersion)).one().text = TEXT.replace("page:member.guarantees", "page:member.gone")
    desk.approve()
    enter(client, member)
    assert "vos garanties" in text_of(client.get(f"{LIST}/{SLUG}").one("article"))
    assert not client.page.css("article li a")


def test_address_of_an_article_is_its_own(client, desk) -> None:
    """A second article with the same title has another address, even once the first one is gone."""
    desk.prepare(NEW, **FIELDS)
    desk.approve()
    desk.prepare(NEW, **FIELDS)
    desk.approve()
    with client.services.database.read() as db:
        assert {SLUG, f"{SLUG}-2"} <= articles_now(db, datetime.now(PARIS)).keys()


def test_article_prepared_for_a_day_that_has_passed_is_read_from_its_approval(client, desk) -> None:
    day = today() + timedelta(days=1)
    desk.prepare(NEW, **FIELDS, jour=day.isoformat())
    with time_machine.travel(datetime.combine(day + timedelta(days=5), time(12), PARIS)):
        desk.approve()
        with client.services.database.read() as db:
            version, publication = articles_in_force(db, datetime.now(PARIS))[SLUG]
        assert publication.effective_at.astimezone(PARIS).date() == day + timedelta(days=5)
        assert version.theme == "Prévention"
