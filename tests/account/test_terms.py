"""The terms of use for everyone: /conditions and its versions, differences and files (R-14, R-16, B16)."""

import hashlib
import io
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest

from tests.support.entry import enter
from tests.support.html import Html, text_of
from tests.support.terms import FIRST, HOUR, SECOND, accept_version, publish_version

HOSTILE_NUMBERS = ["0", "3", "-1", "01x", "x", "9" * 40, "٣", "1%00", "1 OR 1", "²"]


@pytest.fixture
def versions(make):
    """Version 1 in force, version 2 announced."""
    first = make(lambda db, _: publish_version(db))
    second = make(lambda db, _: publish_version(db, 2, SECOND, effective_at=datetime.now(UTC) + HOUR))
    return first, second


def shown(page: Html) -> str:
    return text_of(page.one("main"))


def words_of(markdown: str) -> list[str]:
    return [word for word in markdown.replace("*", "").replace("\u00a0", " ").split() if word.strip("#-12.")]


def test_visitor_before_the_first_version_is_told_there_is_none(client) -> None:
    assert "Aucune version publiée" in shown(client.get("/conditions"))
    assert client.get("/conditions/versions").one("h1")
    assert client.status == 200


def test_visitor_reads_the_text_in_force_with_its_contents_and_digest(client, versions) -> None:
    page = client.get("/conditions")
    assert text_of(page.one("h1")) == "Conditions générales"
    contents = [(text_of(link), link.attributes["href"]) for link in page.css(".toc a")]
    assert contents == [("Article 1 – Objet", "#article-1"), ("Article 2 – Accès", "#article-2")]
    assert versions[0].sha256 in shown(page)
    assert text_of(page.one(".prose li strong")) == "premier"


def test_text_served_is_the_text_hashed(client, versions) -> None:
    """B16: the file has the digest that is shown and stored, and the page shows every word of it, in order."""
    client.get("/conditions/versions/1/markdown", audit=False)
    assert client.answer.content == FIRST.encode()
    assert hashlib.sha256(client.answer.content).hexdigest() == versions[0].sha256
    assert client.answer.headers["content-type"] == "text/markdown; charset=utf-8"
    page = client.get("/conditions")
    on_page = iter(words_of(f"{text_of(page.one('h1'))} {text_of(page.one('.prose'))}"))
    assert [word for word in words_of(FIRST) if word not in on_page] == []


def test_visitor_downloads_an_accessible_pdf_that_is_always_the_same(client, versions) -> None:
    files = []
    for _ in range(2):
        client.get("/conditions/versions/1/pdf", audit=False)
        files.append(client.answer.content)
    assert files[0] == files[1]
    with pikepdf.open(io.BytesIO(files[0])) as pdf, pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert pdf.Root.Lang == "fr"


def test_visitor_sees_the_announced_version_and_what_it_changes(client, versions) -> None:
    """R-16: announced with its date, the difference in words and passage by passage."""
    announcement = text_of(client.get("/conditions").one(".notice"))
    assert "La version 2 entre en vigueur le" in announcement
    page = client.click("Voir ce qui change")
    assert client.path == "/conditions/versions/2/changements"
    assert "Le mot de passe se change à tout moment." in shown(page)
    assert [text_of(node) for node in page.css("del")] == ["Supprimé\u00a0: Il ne se communique pas."]
    assert [text_of(node) for node in page.css("ins")] == ["Ajouté\u00a0: Il se change à tout moment."]
    assert "Ne changent pas\u00a0: Article 1 – Objet" in shown(page)


def test_version_not_yet_in_force_says_so_and_the_replaced_one_too(client, versions, make) -> None:
    assert "pas encore en vigueur" in shown(client.get("/conditions/versions/2"))
    make(lambda db, _: publish_version(db, 3, SECOND + "\nFin.\n", effective_at=datetime.now(UTC)))
    assert "Cette version a été remplacée" in shown(client.get("/conditions/versions/1"))
    assert "Fin." in shown(client.get("/conditions"))
    listed = [text_of(row) for row in client.get("/conditions/versions").css(".rows li")]
    assert [row.split("\u00a0")[0].split(" ")[1] for row in listed] == ["3", "2", "1"]
    assert [row.rsplit(" ", 2)[-1] for row in listed] == ["vigueur", "Remplacée", "Remplacée"]


def test_changes_since_an_older_version_tell_every_step(client, versions, make) -> None:
    make(lambda db, _: publish_version(db, 3, SECOND + "\nFin.\n", changes="Une fin."))
    page = client.get("/conditions/versions/3/changements?depuis=1")
    assert [text_of(node) for node in page.css("#en-clair ~ h3")] == ["Version 2", "Version 3"]
    assert len(page.css("ins")) == 2


@pytest.mark.parametrize("path", ["", "/changements", "/markdown", "/pdf"])
def test_unknown_or_hostile_version_is_not_found(client, versions, path) -> None:
    for number in HOSTILE_NUMBERS:
        client.get(f"/conditions/versions/{number}{path}")
        assert client.status == 404, number


def test_changes_since_no_earlier_version_are_not_found(client, versions) -> None:
    client.get("/conditions/versions/1/changements")
    assert client.status == 404
    for since in ("2", "3", "x", "9" * 40, "-1"):
        client.get(f"/conditions/versions/2/changements?depuis={since}")
        assert client.status == 404, since


def test_hostile_text_is_shown_as_text(client, make) -> None:
    """E6: markup in a published text runs nowhere."""
    text = "# T\n\n## A\n\n<script>alert(1)</script> <img src=x onerror=alert(1)>\n"
    make(lambda db, _: publish_version(db, 1, text))
    page = client.get("/conditions")
    assert "<script>alert(1)</script> <img src=x onerror=alert(1)>" in shown(page)
    assert page.css("main script, main img") == []
    client.get("/conditions/versions/1/pdf", audit=False)
    assert client.status == 200


def test_member_who_accepted_reads_the_public_pages_as_anyone(client, make, versions, member) -> None:
    make(lambda db, _: accept_version(db, member))
    enter(client, member)
    assert text_of(client.get("/conditions").one("h1")) == "Conditions générales"


def test_version_in_force_changes_with_the_clock_alone(client, make) -> None:
    make(lambda db, _: publish_version(db))
    soon = datetime.now(UTC) + timedelta(milliseconds=300)
    make(lambda db, _: publish_version(db, 2, SECOND, effective_at=soon))
    while datetime.now(UTC) < soon:
        assert "Il ne se communique pas" in shown(client.get("/conditions")) or datetime.now(UTC) >= soon
    assert "Il se change à tout moment" in shown(client.get("/conditions"))
