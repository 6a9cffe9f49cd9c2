"""The tests of the tests: each rule of the audit catches a page that breaks it, and lets a good page through."""

import os
import socket

import httpx
import pytest

from portal.schema import is_current
from tests.support.audit import audit_document, audit_fragment
from tests.support.audit.answer import GOLDEN_HEADERS, PAGE_POLICY, audit_answer, audit_urls
from tests.support.client import AuditFailure
from tests.support.forms import read_form
from tests.support.html import Html
from tests.support.network import OutsideWorld
from tests.support.swap import apply_swap, filled_in, outline
from tests.support.writes import is_allowed
from tools.check_templates import check
from tools.french_spaces import corrected

INSURER = "Mutuelle des Rives"
TOKEN = '<input type="hidden" name="jeton" value="x">'
GOOD = f"""<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>Vos prestations – {INSURER}</title></head>
<body><a href="#contenu">Aller au contenu</a>
<nav aria-label="Navigation principale"><a href="/adherent">Accueil</a></nav>
<main id="contenu"><h1>Vos prestations</h1>
<h2 id="pourquoi">Pourquoi ce montant\u00a0?</h2>
<p>L’essentiel\u00a0: 1\u00a0234,56\u00a0€, soit 60\u00a0%, versés à 14\u00a0h\u00a005 («\u00a0tiers payant\u00a0»).</p>
<table><caption>Lignes</caption><tr><th scope="col">Date</th></tr><tr><td>03/03/2026</td></tr></table>
<form method="post" action="/adherent" novalidate>{TOKEN}<label for="nom">Nom</label>
<input id="nom" name="nom" aria-describedby="pourquoi"><button type="submit">Envoyer</button></form>
<img src="/static/a.svg" alt=""><svg aria-hidden="true"></svg></main></body></html>"""

# What is put where, and a word of the message that must come.
BROKEN = {
    "unclosed element": ("</h2>", "", "strict HTML5"),
    "unknown entity": ("L’essentiel", "&zzz;L’essentiel", "strict HTML5"),
    "no doctype": ("<!doctype html>\n", "", "strict HTML5"),
    "second h1": ("<h2 id", "<h1>Encore</h1><h2 id", "one h1"),
    "title without the heading": ("<title>Vos prestations", "<title>Accueil", "does not start with the heading"),
    "title without the insurer": (f" – {INSURER}</title>", "</title>", "does not end with"),
    "not French": ('lang="fr"', 'lang="en"', "not marked as French"),
    "duplicate id": ('id="nom" name', 'id="contenu" name', "have the id"),
    "field without label": ('<label for="nom">Nom</label>', "", "no label"),
    "label of nothing": ('for="nom"', 'for="prenom"', "points at nothing"),
    "description of nothing": ('describedby="pourquoi"', 'describedby="aide"', "points at nothing"),
    "anchor to nothing": ('href="#contenu"', 'href="#main"', "points at nothing"),
    "form without action": (' action="/adherent"', "", "method and an action"),
    "form without method": ('method="post" ', "", "method and an action"),
    "form without token": (TOKEN, "", "carries the token"),
    "form judged by the browser": (" novalidate", "", "no label"),
    "form without button": ('<button type="submit">Envoyer</button>', "", "without a submit button"),
    "inline style": ("<p>L", '<p style="color:red">L', "inline style"),
    "style element": ("</head>", "<style>p{}</style></head>", "inline style"),
    "inline script": ("</head>", "<script>alert(1)</script></head>", "inline script"),
    "event handler": ("<p>L", '<p onclick="x()">L', "inline script"),
    "javascript URL": ('href="/adherent"', 'href="javascript:x"', "inline script"),
    "third-party script": ("</head>", '<script src="https://cdn.example/x.js"></script></head>', "reaches elsewhere"),
    "third-party image": ('src="/static', 'src="//cdn.example', "reaches elsewhere"),
    "form sent elsewhere": ('action="/adherent"', 'action="https://x.example/"', "reaches elsewhere"),
    "frame": ("<p>L", '<iframe src="/x"></iframe><p>L', "a frame without a title"),
    "unrendered template": ("Lignes", "{{ titre }}", "shows in"),
    "None shown": ("Lignes", "Total None", "'None' shows"),
    "None in a link": ('href="/adherent"', 'href="/adherent/None"', "was not filled in"),
    "escaped twice": ("Lignes", "Lignes &amp;amp; totaux", "shows in"),
    "straight apostrophe": ("L’essentiel", "L'essentiel", "straight apostrophe"),
    "straight quotes": ("Lignes", 'Lignes "payées"', "straight quotes"),
    "no space before ?": ("montant\u00a0?", "montant ?", "before ; ? or !"),
    "no space before :": ("essentiel\u00a0:", "essentiel :", "before :"),
    "breaking guillemets": ("«\u00a0", "« ", "inside « »"),
    "ordinary space before €": ("56\u00a0€", "56 €", "before € or %"),
    "ordinary space in thousands": ("1\u00a0234", "1 234", "ordinary space among its thousands"),
    "thousands together": ("1\u00a0234", "1234", "without its thousands apart"),
    "decimal point": ("234,56", "234.56", "a comma is wanted"),
    "hyphen as minus": ("1\u00a0234", "-1\u00a0234", "a hyphen as minus"),
    "three dots": ("Lignes", "Lignes...", "three dots"),
    "empty link": ("Accueil</a>", "</a>", "nothing to read"),
    "link without target": (' href="/adherent"', "", "leads nowhere"),
    "empty button": ("Envoyer</button>", "</button>", "nothing to read"),
    "button without type": (' type="submit"', "", "says its type"),
    "table without caption": ("<caption>Lignes</caption>", "", "needs a caption"),
    "header without scope": (' scope="col"', "", "needs a scope"),
    "image without alt": (' alt=""', "", "no alt"),
    "drawing that is read": (' aria-hidden="true"', "", "hidden from screen readers"),
    "skipped level": ("<h2 id", "<h3>x</h3><h2 id", "jumps from h1 to h3"),
    "no main": ('<main id="contenu">', '<div id="contenu">', "one main"),
    "unnamed second navigation": ("<main", "<nav><a href='/x'>x</a></nav><main", "names of their own"),
    "no skip link": ('<a href="#contenu">Aller au contenu</a>', "", "does not skip"),
    "invalid field without the word": ("aria-describedby", 'aria-invalid="true" aria-describedby', "« Erreur : »"),
    "error title without summary": ("<title>", "<title>Erreur\u00a0: ", "no summary"),
    "field without name": (' name="nom"', "", "never sent"),
    "fieldset without legend": ("<img", "<fieldset><p>x</p></fieldset><img", "no legend"),
    "noscript": ("<img", "<noscript>x</noscript><img", "works without scripts"),
    "hx-post alone": ("<p>L", '<p hx-post="/fragments/x">L', "outside a form that posts"),
    "hx-get alone": ("<p>L", '<p hx-get="/fragments/x">L', "beside no href"),
    "hx-get of a page": ('href="/adherent"', 'href="/adherent" hx-get="/adherent"', "asks for fragments"),
    "hx-on": ("<p>L", '<p hx-on:click="x()">L', "is not used here"),
    "hx-delete": ("<p>L", '<p hx-delete="/fragments/x">L', "is not used here"),
    "hx-target for nobody": ("<p>L", '<p hx-target="#contenu">L', "has no effect"),
    "trigger filter": ("<p>L", '<p hx-trigger="click[x]">L', "needs eval"),
    "js: values": ("<p>L", '<p hx-vals="js:{a:1}">L', "needs eval"),
}


def test_a_good_page_passes() -> None:
    assert audit_document(GOOD, INSURER) == []
    assert audit_urls(Html(GOOD)) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_page_is_caught(name: str) -> None:
    before, after, message = BROKEN[name]
    assert before in GOOD
    broken = GOOD.replace(before, after, 1)
    if name == "form judged by the browser":
        broken, message = broken.replace("<input id", "<input required id"), "novalidate"
    problems = audit_document(broken.replace("</main>", "</div>") if name == "no main" else broken, INSURER)
    assert any(message in problem for problem in problems), problems


@pytest.mark.parametrize(
    "text",
    [
        "14:05",
        "https://x.example/?a=1",
        "B2:C3",
        "«\u00a0Pourquoi\u00a0?\u00a0»",
        "quoi\u00a0?!",
        "(oui\u00a0!)",
        "…",
        "0,00\u00a0€",
        "1\u00a0000\u00a0000,00\u00a0€",
        "\u221212,00\u00a0€",
        "rez-de-chaussée",
        "2025-2026",
        "12\u202f%",
        "100\u00a0% santé",
    ],
)
def test_good_french_passes(text: str) -> None:
    assert audit_document(GOOD.replace("Lignes", text), INSURER) == []


def test_typography_is_judged_across_inline_elements() -> None:
    split = GOOD.replace("Lignes", "<strong>Total</strong>\u00a0: <em>oui</em>\u00a0?")
    assert audit_document(split, INSURER) == []
    assert any("before :" in problem for problem in audit_document(split.replace("\u00a0: ", " : "), INSURER))


@pytest.mark.parametrize(
    "fragment",
    [
        '<div id="a"><p>L’eau</p></div>',
        '<tr id="l1"><td>x</td></tr>',
        '<li id="l"><p>x</p></li>',
        '<p id="a">x</p><p id="b" hx-swap-oob="true">y</p>',
    ],
)
def test_a_good_fragment_passes(fragment: str) -> None:
    assert audit_fragment(fragment) == []


@pytest.mark.parametrize(
    "fragment",
    [
        "<div><p>x</p></div>",
        '<p id="a">x</p><p id="b">y</p>',
        "texte",
        '<p id="a">x</p> texte',
        '<div id="a"><b>x</div>',
        '<tr id="a"><p>x</p></tr>',
        '<p id="a" hx-swap-oob="true">x</p><script>x</script>',
    ],
)
def test_a_broken_fragment_is_caught(fragment: str) -> None:
    assert audit_fragment(fragment) != []


def answer(url: str = "https://portal.test/", **changed: str | None) -> httpx.Response:
    """A good answer, with some headers changed (None removes one; `_` stands for `-`)."""
    headers = GOLDEN_HEADERS | {
        "content-security-policy": PAGE_POLICY,
        "cache-control": "no-store",
        "content-type": "text/html; charset=utf-8",
        "x-request-id": "0123456789ab",
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    kept = {name: value for name, value in headers.items() if value is not None}
    return httpx.Response(200, headers=kept, content=b"x", request=httpx.Request("GET", url))


GOOD_COOKIE = "__Host-portal-session=abc; HttpOnly; Path=/; SameSite=lax; Secure"


def test_a_good_answer_passes() -> None:
    assert audit_answer(answer(set_cookie=GOOD_COOKIE, location="/connexion?suite=%2Fadherent")) == []
    assert audit_answer(answer(set_cookie=GOOD_COOKIE + "; Max-Age=0")) == []


@pytest.mark.parametrize("name", [*GOLDEN_HEADERS, "content-security-policy", "cache-control", "x-request-id"])
def test_a_missing_or_other_header_is_caught(name: str) -> None:
    assert len(audit_answer(answer(**{name: None}))) == 1
    assert len(audit_answer(answer(**{name: "other"}))) == 1


@pytest.mark.parametrize(
    "cookie",
    [
        GOOD_COOKIE.replace("__Host-", ""),
        GOOD_COOKIE.replace("; Secure", ""),
        GOOD_COOKIE.replace("HttpOnly; ", ""),
        GOOD_COOKIE.replace("lax", "none"),
        GOOD_COOKIE.replace("Path=/", "Path=/adherent"),
        GOOD_COOKIE + "; Max-Age=3600",
        GOOD_COOKIE + "; Domain=portal.test",
        GOOD_COOKIE.replace("abc", "a" * 5000),
    ],
)
def test_an_unsafe_cookie_is_caught(cookie: str) -> None:
    assert audit_answer(answer(set_cookie=cookie)) != []


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "connexion", "/a?nir=1850175123456"]
)
def test_a_redirection_that_leaves_or_tells_is_caught(target: str) -> None:
    assert audit_answer(answer(location=target)) != []
    assert audit_answer(answer(hx_push_url=target)) != []


@pytest.mark.parametrize(
    "tail", ["?q=185017512345678", "?mail=a%40b.fr", "/2850175123456", "?iban=FR7630006000011234567890189"]
)
def test_personal_data_in_a_url_is_caught(tail: str) -> None:
    assert audit_answer(answer(f"https://portal.test/x{tail}")) != []
    assert audit_urls(Html(f'<a href="/x{tail}">x</a>')) != []


def test_dates_amounts_and_opaque_identifiers_are_no_personal_data() -> None:
    dated = '<a href="/p?du=2026-01-01&amp;au=2026-12-31&amp;apres=kJ3_x-9Zq0aBcDeFgHiJkL">x</a>'
    assert audit_urls(Html(dated + '<a href="mailto:a@b.fr">x</a>')) == []


def test_a_banner_or_a_missing_charset_is_caught() -> None:
    assert audit_answer(answer(server="granian")) != []
    assert audit_answer(answer(content_type="text/html")) != []


def test_static_files_are_cached_for_a_year() -> None:
    url = "https://portal.test/static/css/portal.0123456789ab.css"
    assert audit_answer(answer(url, cache_control="public, max-age=31536000, immutable")) == []
    assert audit_answer(answer(url)) != []


FORM = Html("""<form action="/x" method="post">
<input type="hidden" name="jeton" value="t"><input name="a" value="1">
<input type="checkbox" name="c" value="oui" checked><input type="checkbox" name="d">
<input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
<select name="s"><option value="">Tous</option><option selected>B</option></select>
<textarea name="t">mot</textarea><input name="off" disabled><input type="submit" name="never" value="x">
<button type="submit" name="b" value="1">Un</button>
<button type="submit" name="b" value="2" formaction="/y">Deux</button></form>""")


def test_a_form_sends_what_a_browser_would() -> None:
    form = read_form(FORM, "form")
    assert dict(form.pairs) == {"jeton": "t", "a": "1", "c": "oui", "r": "2", "s": "B", "t": "mot", "b": "1"}
    assert (form.action, form.method) == ("/x", "post")


def test_a_form_is_filled_and_its_other_button_pressed() -> None:
    form = read_form(FORM, "form", button="Deux")
    form.fill({"a": "2", "c": None, "d": "on", "s": ""})
    assert dict(form.pairs) == {"jeton": "t", "a": "2", "d": "on", "r": "2", "s": "", "t": "mot", "b": "2"}
    assert form.action == "/y"


@pytest.mark.parametrize("fields", [{"unknown": "1"}, {"s": "C"}, {"r": "3"}, {"off": "1"}])
def test_a_form_takes_nothing_it_does_not_offer(fields: dict[str, str]) -> None:
    with pytest.raises(AssertionError):
        read_form(FORM, "form").fill(fields)


PAGE = (
    "<!doctype html><html><body>"
    '<table><tbody id="t"><tr id="r1"><td>1</td></tr></tbody></table><p id="s">x</p></body></html>'
)


@pytest.mark.parametrize(
    ("fragment", "target", "swap", "expected"),
    [
        ('<p id="s"><b>y</b></p>', "s", "outerHTML", '<p id="s"><b>y</b></p>'),
        ('<p id="s">y</p>', "s", "innerHTML", '<p id="s"><p id="s">y</p></p>'),
        ('<tr id="r2"><td>2</td></tr>', "t", "beforeend", '<tr id="r1"><td>1</td></tr><tr id="r2"><td>2</td></tr>'),
        (
            '<tr id="r2"><td>2</td></tr><tr id="r3"><td>3</td></tr>',
            "r1",
            "afterend",
            '1</td></tr><tr id="r2"><td>2</td></tr><tr id="r3">',
        ),
        ('<tr id="r2"><td>2</td></tr><p id="s" hx-swap-oob="true">y</p>', "t", "beforeend", '<p id="s">y</p>'),
        ("", "s", "delete", "</table></body>"),
    ],
)
def test_swaps_do_what_htmx_does(fragment: str, target: str, swap: str, expected: str) -> None:
    assert expected in apply_swap(PAGE, fragment, target, swap)


def test_a_swap_into_nothing_is_caught() -> None:
    with pytest.raises(AssertionError, match="0 elements"):
        apply_swap(PAGE, '<p id="z">y</p>', "z")


def test_a_filled_page_equals_the_one_that_was_answered_filled() -> None:
    asked = FORM.text.replace("<form", '<form id="f"')
    answered = asked.replace('<option value="">', '<option value="" selected>').replace("<option selected>", "<option>")
    answered = answered.replace('name="d"', 'name="d" checked').replace('name="a" value="1"', 'name="a" value="2"')
    entered = filled_in(asked, "#f", {"s": "", "d": "on", "a": "2"})
    assert outline(entered) == outline(answered) != outline(asked)


def test_outlines_differ_by_a_word_and_not_by_a_token() -> None:
    assert outline(GOOD) == outline(GOOD.replace('value="x"', 'value="y"').replace("\n", "\n  "))
    assert outline(GOOD) != outline(GOOD.replace("Lignes", "Ligne"))
    assert outline(GOOD) != outline(GOOD.replace('aria-hidden="true"', ""))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "INSERT INTO evidence (seq) VALUES (1)",
        'UPDATE "session" SET seen_at=? WHERE x',
        "BEGIN",
        "INSERT INTO evidence_detail VALUES (1)",
    ],
)
def test_a_get_may_read_and_leave_evidence(statement: str) -> None:
    assert is_allowed(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO account VALUES (1)",
        "update session set ended_at=? where x",
        "DELETE FROM person",
        "UPDATE session SET seen_at=?, ended_at=? WHERE x",
        "DROP TABLE x",
    ],
)
def test_a_get_may_write_nothing_else(statement: str) -> None:
    assert not is_allowed(statement)


def test_tests_reach_this_machine_only() -> None:
    with pytest.raises(OutsideWorld):
        socket.create_connection(("192.0.2.1", 80), timeout=0.1)
    with pytest.raises(OutsideWorld):
        socket.getaddrinfo("portal.example", 443)


def test_a_database_starts_empty_and_current(database) -> None:
    assert is_current(database)


@pytest.mark.engines("sqlite")
def test_an_unexpected_kind_of_answer_is_caught(client) -> None:
    with pytest.raises(AuditFailure, match="HTML"):
        client.get(client.url("robots"))
    with pytest.raises(AuditFailure, match="audit=False"):
        client.get(client.url("home"), audit=False)


TEMPLATES = {
    '<p style="x">': "inline style",
    "<style>p{}</style>": "inline style",
    "<script>x()</script>": "inline script",
    '<a href="{{ u }}" onclick="x">': "inline script",
    '<a href="{{ u }}" hx-on:click="x">': "inline script",
    "{{ x|safe }}": "everything is escaped",
    "{{ Markup(x) }}": "not in templates",
    '<p hx-vars="a:1">': "evaluates",
    '<p hx-vals="js:{}">': "evaluates",
    '<p hx-trigger="click[x]">': "evaluates",
    '<p hx-ext="x">': "no extensions",
    '<p hx-params="*">': "what is sent",
    '<p hx-prompt="x">': "dialog",
    '<p hx-disable="this">': "htmx 4",
    '<a href="/adherent">': "spelled out",
    '<script src="https://cdn.example/x.js"></script>': "reaches another site",
    '<form method="post">': "a method and an action",
    '<button hx-post="{{ u }}">': "hx-post stands in",
    '<form method="get" action="{{ u }}"><button hx-post="{{ u }}">': "hx-post stands in",
    '<p hx-get="{{ u }}">': "hx-get stands beside",
    '<iframe src="{{ u }}">': "a frame has a title",
    '<iframe src="https://x.example/" title="x">': "an address of the portal",
    '<script nonce="{{ n }}">{{ x }}</script>': "inline script",
    '{{ form(attrs={"hx-delete": "x"}) }}': "fields in the URL",
    "<p>\n" * 121: "split it",
}


@pytest.mark.parametrize("source", TEMPLATES)
def test_a_bad_template_is_caught(source: str) -> None:
    assert any(TEMPLATES[source] in words for _, words in check(source))


def test_a_good_template_passes() -> None:
    source = """{# style="x" #}<a href="{{ url('home') }}" hx-get="{{ url('x') }}">x</a>
    <a href="https://www.cnil.fr/">CNIL</a><a href="#a">b</a><a href="mailto:{{ e }}">e</a>
    <form method="post" action="{{ u }}" hx-post="{{ v }}"><input name="a"></form>"""
    assert check(source) == []


def test_french_spaces_are_put_in_text_alone() -> None:
    source = """<p title="a : b">L'eau : {{ a if b else "c : d" }} ? « oui »</p>{% if a == "b" %}1 %{% endif %}"""
    text = source.replace("L'eau :", "L’eau\u00a0:").replace(" ? « oui »", "\u00a0? «\u00a0oui\u00a0»")
    assert corrected(source) == text.replace("1 %", "1\u00a0%")


@pytest.mark.xdist_group("harness")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs everything")
def test_parallel_run_keeps_a_group_in_one_worker(request) -> None:
    """Else every worker would start a demonstration, a browser and the walk through every state of its own."""
    assert request.node.nodeid.endswith("@harness")
