"""`portal articles`: an insurer's own articles, brought from files, published by four eyes (R-27, R-61)."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from portal.commands.articles import command
from portal.data.publications import Nature, PublicationState, approve, find_publication, publications_of
from portal.information import articles_now
from tests.support import factories
from tests.support.evidence import scalar
from tests.support.server import environment

HEAD = "theme: Vos démarches\nmots: mutuelle carte\nmaj: 2026-11-25\n\n"
TEXT = "# Votre carte\nElle se montre au pharmacien.\n## Où la trouver\nDans votre espace.\n"
GOOD = HEAD + TEXT


@pytest.fixture
def author(client, make):
    return make(factories.desk_account, is_supervisor=True)


@pytest.fixture
def bring(client, settings, tmp_path, author):
    """Runs `portal articles import` on files of these contents, by name."""
    variables = environment(settings, client.services.database.url)

    def run(files: dict[str, str | bytes], *options: str, by: str = "") -> tuple[int, str]:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        paths = [str(tmp_path / name) for name in files]
        arguments = ["import", *paths, "--author", by or author.identifier, *options]
        result = CliRunner().invoke(command, arguments, env=variables)
        return result.exit_code, result.output

    return run


def prepared(client) -> list:
    with client.services.database.read() as db:
        return list(publications_of(db, [Nature.ARTICLE]))


def test_operator_brings_articles_that_another_supervisor_publishes(client, bring, make, author) -> None:
    """A rehearsal first; then drafts, that their author may not publish."""
    code, told = bring({"Ma carte.md": GOOD}, "--dry-run")
    assert (code, prepared(client)) == (0, []), told
    assert "Ma carte.md: to prepare" in told
    assert bring({"Ma carte.md": GOOD})[0] == 0
    (one,) = prepared(client)
    now, other = datetime.now(UTC), make(factories.desk_account, is_supervisor=True)
    assert (one.state(now), one.prepared_by, one.title) == (PublicationState.WAITING, author.id, "Votre carte")
    assert scalar(client.services.database, "SELECT count(*) FROM evidence WHERE action = 'publication.prepared'") == 1
    with client.services.database.write() as db:
        assert "ma-carte" not in articles_now(db, now)
        found = find_publication(db, one.id, lock=True)
        approve(factories.viewer_of(db, other), found, found.version, now)
        db.flush()
        assert articles_now(db, now)["ma-carte"].theme == "Vos démarches"


def test_operator_who_brings_them_again_prepares_what_changed_alone(client, bring) -> None:
    bring({"a.md": GOOD, "b.md": GOOD})
    code, told = bring({"a.md": GOOD, "b.md": GOOD.replace("Dans votre espace", "Dans l’espace")})
    assert (code, len(prepared(client))) == (0, 3)
    assert "a.md: unchanged" in told
    assert "b.md: prepared" in told


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("# Sans tête\nUn texte.\n", "begin with"),
        ("theme: A\nmots: b\nmaj: hier\n\n# Titre\nTexte.\n", "begin with"),
        (b"\xff\xfe# Titre", "in UTF-8"),
        (HEAD + "Sans titre.\n", "a.md: "),
        (GOOD.replace("pharmacien", "pharmacien {{montant_inconnu}}"), "montant_inconnu"),
        (GOOD.replace("Dans votre espace", "[Ici](page:desk.home)"), "desk.home"),
        (GOOD.replace("Dans votre espace", "![](https://ailleurs.example/x.png)"), "a.md: "),
        (HEAD + "# T\n" + "x" * 41_000, "40"),
    ],
)
def test_one_wrong_file_and_nothing_is_prepared(client, bring, content, why) -> None:
    code, told = bring({"a.md": content, "b.md": GOOD})
    assert (code, prepared(client)) == (1, [])
    assert "nothing was prepared" in told
    assert why in told


def test_two_files_of_one_name_are_refused(client, bring) -> None:
    assert bring({"Ma carte.md": GOOD, "ma-carte.md": GOOD})[0] == 1
    assert prepared(client) == []


@pytest.mark.parametrize("maker", ["member", "nobody", "suspended"])
def test_author_is_of_the_desk_and_open(client, bring, make, member, author, maker) -> None:
    if maker == "suspended":
        with client.services.database.write() as db:
            factories.suspend(db, author)
    by = {"member": member.identifier, "nobody": "1234567897", "suspended": author.identifier}[maker]
    code, told = bring({"a.md": GOOD}, by=by)
    assert (code, prepared(client)) == (1, [])
    assert "--author" in told
