"""Letters: text and HTML from one template, accessible, without any third party, and deaf to hostile values (E7)."""

import re
from email.headerregistry import Address

import pytest
from jinja2 import Environment, nodes
from markupsafe import Markup

from portal.assets import TEMPLATES
from portal.mailing.mail import sender_of
from tests.mail.conftest import SECRET
from tests.support.html import Html, text_of
from tests.support.mail import letters
from tests.test_contrast import TEXT_RATIO, ratio

HOSTILE = "Zoé <b>&\r\nBcc: autre@exemple.example\r\n\r\nCliquez\u2028ici\x00"


def only_letter(services):
    (letter,) = letters(services.database, services)
    return letter


def test_person_gets_the_same_words_as_text_and_as_html(services, post) -> None:
    post()
    letter = only_letter(services)
    assert letter.subject == "Bienvenue Claire"
    words = text_of(Html(letter.html).one("body"))
    for said in (
        "Bonjour Claire,",
        SECRET,
        "Voici le mot de passe de Claire",
        "123 456",
        services.settings.insurer_name,
    ):
        assert said in letter.text
        assert said in words
    assert f"{services.settings.origin}/" in letter.text.splitlines()
    assert letter.links == ["https://portal.test/aide", "https://portal.test/"]


def test_letter_declares_what_sent_it_and_asks_for_no_answer(services, post) -> None:
    post()
    message = only_letter(services).message
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert (message["Auto-Submitted"], message["Content-Language"]) == ("auto-generated", "fr")
    assert message["From"] == f"{services.settings.insurer_name} <{services.settings.sender_email}>"
    assert re.fullmatch(r"<\d{8}T\d{6}-[0-9a-f]{24}@mutuelle-des-rives\.example>", message["Message-ID"].strip())
    assert message["Date"].datetime.tzinfo is not None


def test_html_part_can_be_read_by_everybody(services, post) -> None:
    """One h1, headings in order, the language told, no image, nothing loaded from anywhere, readable contrast."""
    post()
    html = only_letter(services).html
    page = Html(html)
    assert page.syntax_error() is None
    assert page.one("html").attributes["lang"] == "fr"
    assert [node.tag for node in page.css("h1, h2, h3")] == ["h1", "h2"]
    assert page.css("img, script, link, iframe, object, [style]") == []
    assert {node.attributes["href"] for node in page.css("a")} == {"https://portal.test/aide", "https://portal.test/"}
    assert not re.search(r"url\(|@import|src=", html)


def test_every_colour_of_a_letter_is_readable_on_every_background_it_meets(services, post) -> None:
    post()
    html = only_letter(services).html
    papers = {"#fbf7f5", "#ffffff", "#f8eaf2"}
    plums = set(re.findall(r"(?<!-)color:(#[0-9a-f]{6})", html)) - {"#ffffff"}
    assert plums
    assert all(ratio(ink, paper) >= TEXT_RATIO for ink in plums for paper in papers)
    assert ratio("#ffffff", "#64224f") >= TEXT_RATIO
    assert set(re.findall(r"background:(#[0-9a-f]{6})", html)) == papers | {"#64224f"}


def test_hostile_name_adds_no_header_line_or_tag(services, post) -> None:
    post(name=HOSTILE)
    letter = only_letter(services)
    assert letter.subject == "Bienvenue Zoé <b>& Bcc: autre@exemple.example Cliquez ici"
    assert letter.message["Bcc"] is None
    assert "Bonjour Zoé <b>& Bcc: autre@exemple.example Cliquez ici ," in letter.text
    assert Html(letter.html).css("b") == []
    assert "Zoé &lt;b&gt;&amp;" in letter.html


def test_text_part_escapes_nothing_and_html_part_everything(services, post) -> None:
    post(name="O’Brien & fils <SARL>")
    letter = only_letter(services)
    assert "Bonjour O’Brien & fils <SARL>," in letter.text
    assert Markup.escape("O’Brien & fils <SARL>") in letter.html


@pytest.mark.parametrize(
    "address",
    [
        "",
        "personne",
        "@exemple.example",
        "claire@",
        "claire@exemple.example\r\nBcc: autre@exemple.example",
        "claire\n@exemple.example",
        "claire@exemple.example, autre@exemple.example",
        "Claire <claire@exemple.example>",
        "claire martin@exemple.example",
        "claire@exem\x00ple.example",
        "claire@" + "a" * 64 + ".example",
        "éléonore@exemple.example",
    ],
)
def test_address_that_no_message_can_hold_is_kept_as_refused_and_raises_nothing(
    services, post, caplog, address
) -> None:
    """B10: whoever typed it must not learn it from the answer."""
    post(to=address)
    assert letters(services.database, services) == []
    assert "cannot be sent" in caplog.text
    assert not address or address not in caplog.text


def test_international_domain_is_written_as_the_network_knows_it(services, post) -> None:
    post(to="claire@été.example")
    assert only_letter(services).to == "claire@xn--t-9fab.example"


def test_operator_names_the_sender(services, settings) -> None:
    chosen = settings.model_copy(update={"mail_from": "ne-pas-repondre@mutuelle.example"})
    assert sender_of(chosen) == Address(settings.insurer_name, "ne-pas-repondre", "mutuelle.example")


def test_blocks_of_the_text_part_stand_apart(services, post) -> None:
    post()
    blocks = only_letter(services).text.split("\n\n")
    assert all(block.strip(" ") and block == block.rstrip(" ") for block in blocks)
    assert blocks[2:6] == [
        "ET ENSUITE",
        f"  Mot de passe\u00a0: {SECRET}\n  Jusqu’au\u00a0: 3 mars",
        "- Un\n- Claire",
        "  123 456",
    ]


LETTERS = sorted(path for path in (TEMPLATES / "emails").glob("*.html") if path.stem not in {"form", "blocks"})


@pytest.mark.parametrize("path", LETTERS, ids=lambda path: path.stem)
def test_letter_is_a_subject_and_blocks_and_spells_no_tag(path) -> None:
    """What blocks.html and blocks.txt render twice needs no tag; and so no letter brings in an image or a stranger."""
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf8"))
    assert {block.name for block in tree.find_all(nodes.Block)} == {"subject", "body"}
    assert [parent.template.name for parent in tree.find_all(nodes.Extends)] == ["form"]
    assert not [text.data for text in tree.find_all(nodes.TemplateData) if "<" in text.data]
