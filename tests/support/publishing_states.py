"""The states of the desk's publications: prepared, compared, previewed, read again, and what is wrong with a text."""

from datetime import timedelta

from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from portal.data.articles import ArticleVersion, keep_version
from portal.data.columns import utc_now
from portal.data.publication_files import FileState, PublicationFile, keep_file
from portal.data.publications import Nature, Publication, digest_of_parts, prepare
from portal.demo.publications import AGENT, REWRITTEN, SUPERVISOR
from portal.demo.viewers import viewer_of
from portal.formatting import today
from portal.information import sources
from tests.support.states import State, fail
from tests.support.visits import Site

HOME = "/gestion/publication"
WRONG = "# Titre\n\n> une citation\n\n![image](https://exemple.example/x.png)\n"


def publishing_places(db: Session, site: Site) -> dict[str, str]:
    """The demonstration's publications by what they are, and one more version of an article to compare."""
    brought = sources()[REWRITTEN]
    digest = digest_of_parts(REWRITTEN, brought.theme, brought.words, brought.text)
    made = prepare(db, viewer_of(db, AGENT), Nature.ARTICLE, "Le tiers payant", digest, None, utc_now())
    version = ArticleVersion(
        publication_id=0, slug=REWRITTEN, theme=brought.theme, words=brought.words, text=brought.text
    )
    keep_version(db, made, version)
    return {"newer_article": _key(site, made), "forgotten_table": _forgotten(db, site)} | {
        name: _key(site, db.exec(select(Publication).where(Publication.title.startswith(title))).one())
        for name, title in (
            ("next_terms", "Conditions d’utilisation"),
            ("next_article", "Donner son sang"),
            ("scheduled_article", "Le tiers payant et"),
            ("next_table", "tableau-confort"),
        )
    }


def _forgotten(db: Session, site: Site) -> str:
    """A table that was checked so long ago that its file is erased."""
    now = utc_now()
    made = prepare(db, viewer_of(db, AGENT), Nature.GUARANTEES, "tableau-ancien", "0" * 64, None, now)
    keep_file(db, made, 7_000, "")
    row = db.get_one(PublicationFile, made.id)
    row.storage_name, row.state, row.checked_at = None, FileState.CHECKED, now - timedelta(days=31)
    db.add(row)
    return _key(site, made)


def _key(site: Site, found: Publication) -> str:
    return site.keyring.conceal("publication", [found.id or 0])[0]


def write_wrong(page: Page) -> None:
    """A text of which several lines are wrong."""
    page.locator("#texte").fill(WRONG)
    fail("Enregistrer et voir l’aperçu")(page)
    expect(page.get_by_text("À corriger, ligne par ligne")).to_be_visible()


def send_nothing(page: Page) -> None:
    fail("Envoyer et contrôler")(page)


def preview_maintenance(page: Page) -> None:
    """The announcement as users will read it."""
    page.locator("#jour").fill(today().replace(year=today().year + 1).isoformat())
    page.locator("#heure").fill("22 h 30")
    page.locator("#motif").fill("Nous changeons de serveur. Vos services reviennent seuls.")
    page.get_by_role("button", name="Voir l’annonce d’abord").click()
    expect(page.get_by_text("Ce que liront les utilisateurs")).to_be_visible()


PUBLISHING_STATES = [
    State("publishing", SUPERVISOR, HOME),
    State("publishing, agent", AGENT, HOME),
    State("publishing, terms", AGENT, f"{HOME}/conditions"),
    State("publishing, terms form", AGENT, f"{HOME}/conditions/nouvelle"),
    State("publishing, terms form, errors", AGENT, f"{HOME}/conditions/nouvelle", write_wrong),
    State("publishing, terms draft", SUPERVISOR, f"{HOME}/{{next_terms}}"),
    State("publishing, terms draft, form", AGENT, f"{HOME}/conditions/{{next_terms}}/texte"),
    State("publishing, terms preview", SUPERVISOR, f"{HOME}/{{next_terms}}/apercu"),
    State("publishing, terms approval, error", SUPERVISOR, f"{HOME}/{{next_terms}}/publier", fail("Publier")),
    State("publishing, articles", AGENT, f"{HOME}/articles"),
    State("publishing, article form, errors", AGENT, f"{HOME}/articles/nouveau", write_wrong),
    State("publishing, article draft, own", SUPERVISOR, f"{HOME}/{{next_article}}"),
    State("publishing, article draft, form", AGENT, f"{HOME}/articles/{{next_article}}/texte"),
    State("publishing, article preview", AGENT, f"{HOME}/{{next_article}}/apercu?largeur=telephone"),
    State("publishing, article scheduled", SUPERVISOR, f"{HOME}/{{scheduled_article}}"),
    State("publishing, withdrawal", SUPERVISOR, f"{HOME}/{{scheduled_article}}/retrait"),
    State("publishing, article versions", AGENT, f"{HOME}/articles/versions/{REWRITTEN}"),
    State("publishing, article changes", AGENT, f"{HOME}/articles/{{newer_article}}/changements/{{scheduled_article}}"),
    State("publishing, tables", AGENT, f"{HOME}/fichiers/garanties", send_nothing),
    State("publishing, directory", AGENT, f"{HOME}/fichiers/annuaire"),
    State("publishing, table checked", SUPERVISOR, f"{HOME}/{{next_table}}"),
    State("publishing, table whose file is erased", SUPERVISOR, f"{HOME}/{{forgotten_table}}"),
    State("publishing, table preview", SUPERVISOR, f"{HOME}/{{next_table}}/apercu"),
    State("maintenance, announcement", SUPERVISOR, "/gestion/maintenance/nouvelle", preview_maintenance),
]
