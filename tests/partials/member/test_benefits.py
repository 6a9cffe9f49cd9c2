"""Fragments of the benefits list: a swapped page equals the reloaded one, and shows nothing more (R-21, R-72)."""

from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from selectolax.lexbor import LexborHTMLParser

from portal.data.benefits import Family, Status
from tests.support import factories
from tests.support.entry import ask, enter
from tests.support.evidence_rows import Evidence
from tests.support.html import Html, text_of
from tests.support.queries import queries
from tests.support.relatives import EVERYONE, MEMBER, READS, canary, live_together
from tests.support.swap import assert_swap_equals_reload, outline, swap_into

LIST = "/adherent/prestations"
RESULTS = f"/fragments{LIST}"
MORE = f"{RESULTS}/suite"
FORM = "form[hx-get]"
NEWEST = date(2026, 3, 20)


@pytest.fixture
def home(client):
    """A member and a minor with 45 lines, the member signed in."""
    with client.services.database.write() as db:
        born = {"Lou": factories.MINOR_BIRTH}
        made, account = factories.member_with_account(db, client.services.keyring, children=born)
        for number in range(45):
            factories.line(
                db,
                made.contract,
                made["Lou"] if number % 3 == 0 else made.member,
                label=f"Soin {number}",
                posted_on=NEWEST - timedelta(days=number // 9),
                status=list(Status)[number % 4],
                family=list(Family)[number % 4],
            )
    enter(client, account)
    return made


@pytest.fixture
def relatives(client):
    with client.services.database.write() as db:
        return live_together(db, client.services.keyring)


def conceal(client, kind: str, row) -> str:
    return client.services.keyring.conceal(kind, [row.id])[0]


def without_form(page: str) -> list[str]:
    """The page but its form, whose fields keep in the browser what the person typed."""
    document = LexborHTMLParser(page)
    for node in document.css("details.filters"):
        node.decompose()
    return outline(document.html or "")


@pytest.mark.parametrize(
    "fields",
    [
        {"soin": Family.PHARMACY},
        {"etat": Status.REFUSED},
        {"du": "2026-03-19"},
        {"au": "2026-03-17"},
        {"du": "2026-03-17", "au": "2026-03-19"},
        {"q": "soin 4"},
        {"q": "introuvable"},
        {"q": "soin & + / = #"},
        {"tri": "soin"},
        {"tri": "reste", "etat": Status.PENDING, "q": "soin"},
        {},
    ],
)
def test_filtered_list_swapped_equals_the_page_reloaded(client, home, fields) -> None:
    client.get(LIST)
    swapped = swap_into(client, FORM, **fields)
    pushed = client.answer.headers["hx-push-url"]
    client.get(pushed)
    assert pushed.partition("?")[0] == LIST
    assert without_form(swapped) == without_form(client.page.text)
    kept = client.form(FORM).values
    assert {name: kept[name] for name in fields} == {name: [value] for name, value in fields.items()}


def test_filter_by_person_swapped_equals_the_page_reloaded(client, home) -> None:
    client.get(f"{LIST}?etat=refusee")
    swapped = swap_into(client, FORM, beneficiaire=conceal(client, "person", home["Lou"]), etat="")
    client.get(client.answer.headers["hx-push-url"])
    assert without_form(swapped) == without_form(client.page.text)
    assert {text_of(node).partition("\u00a0")[0].split(" ·")[0] for node in client.page.css("li.line small")} == {"Lou"}


WRONG = [
    {"du": "2026-03-02", "au": "2026-03-01"},
    {"du": "31/02/2026"},
    {"au": "2026-13-01", "q": "x" * 200},
]


@pytest.mark.parametrize("fields", WRONG)
def test_wrong_filter_swapped_equals_the_page_reloaded(client, home, fields) -> None:
    """Design rule 4: the summary on top, the messages beside the fields, « Erreur » in the title."""
    client.get(LIST)
    page = assert_swap_equals_reload(client, FORM, **fields)
    assert client.status == 422
    assert page.one("title").text().startswith("Erreur\u00a0: ")
    assert "data-portal-focus" in page.one("#erreurs").attributes


@pytest.mark.parametrize("fields", WRONG)
def test_corrected_filter_swapped_equals_the_page_reloaded(client, home, fields) -> None:
    """Summary, messages and title leave with what was wrong."""
    client.get(f"{LIST}?{urlencode(fields)}")
    page = assert_swap_equals_reload(client, FORM, **dict.fromkeys(fields, ""), etat=Status.REFUSED)
    assert client.status == 200
    assert page.css("#erreurs, .error") == []
    assert not page.one("title").text().startswith("Erreur")


def test_filter_without_fault_leaves_the_form_as_it_is_being_filled(client, home) -> None:
    """A swap of the form would lose what the person types meanwhile."""
    client.get(LIST)
    swap_into(client, FORM, etat=Status.REFUSED)
    assert "hx-retarget" not in client.answer.headers
    assert Html(client.answer.text, is_fragment=True).css("form, title, h1") == []


def test_following_lines_swapped_are_those_of_the_next_page(client, home) -> None:
    client.get(f"{LIST}?tri=soin")
    before = lines(client.page)
    swapped = Html(swap_into(client, "#suite a"))
    assert "hx-push-url" not in client.answer.headers
    after = lines(client.click("Afficher la suite"))
    assert lines(swapped) == before + after
    assert swapped.ids.count("suite") == 1
    assert swapped.one("#suite a").attributes == client.page.one("#suite a").attributes


def lines(page: Html) -> list[list[str]]:
    return [outline(node.html or "") for node in page.css("li.line")]


def test_last_following_lines_end_with_nothing_to_ask_for(client, home) -> None:
    client.get(LIST)
    client.click("Afficher la suite")
    last = client.fragment(client.page.one("#suite a").attributes["hx-get"])
    assert len(last.css("li.line")) == 5
    assert last.css("#suite") == []


def test_explanation_swapped_is_the_block_of_the_lines_page(client, home) -> None:
    client.get(LIST)
    link = client.page.css("li.line > div > a")[0]
    place = (link.attributes["hx-target"] or "").removeprefix("#")
    fragment = client.fragment(link.attributes["hx-get"])
    assert client.page.one(f"#{place}")
    page = client.get(link.attributes["href"])
    assert outline(fragment.text) == outline(page.one("section.explanation").html or "")


@pytest.mark.parametrize("who", EVERYONE)
def test_fragments_show_the_lines_of_those_whom_the_viewer_may_read(client, relatives, who) -> None:
    enter(client, relatives.accounts[who])
    assert seen_in(client.fragment(RESULTS)) == READS[who]
    for owner in EVERYONE:
        line = conceal(client, "line", relatives.lines[owner])
        is_read = owner in READS[who]
        assert seen_in(client.fragment(f"{RESULTS}/{line}")) == ({owner} if is_read else set())
        assert client.status == (200 if is_read else 404)
        assert seen_in(client.fragment(f"{MORE}?apres={line}")) <= READS[who]
        assert client.status == (200 if is_read else 404)
        chosen = conceal(client, "person", relatives.persons[owner])
        assert seen_in(client.fragment(f"{RESULTS}?beneficiaire={chosen}")) <= READS[who]
        assert client.status == (200 if is_read else 422)


def seen_in(fragment: Html) -> set[str]:
    return {who for who in EVERYONE if canary(who) in fragment.text}


@pytest.mark.parametrize("path", [RESULTS, MORE])
@pytest.mark.parametrize(
    "query",
    [
        {"du": "31/02/2026"},
        {"q": "x" * 10_000},
        {"q": "<script>alert(1)</script>{{ 7*7 }}' OR 1=1 --"},
        {"beneficiaire": "\x00"},
        {"soin": ["a", "b"]},
        {"apres": "x" * 22},
    ],
)
def test_hostile_query_never_breaks_a_fragment(client, home, path, query) -> None:
    answer = ask(client, f"{path}?{urlencode(query, doseq=True)}", headers={"HX-Request": "true"})
    assert answer.status_code in {200, 404, 422}
    assert "<script" not in answer.text
    assert "49" not in answer.text.split("OR 1=1")[0][-40:]


def test_following_lines_ask_for_no_totals(client, home) -> None:
    """Session, household, cursor, lines, what waits to be paid of them: payments are asked for only where there are
    some."""
    client.get(LIST)
    link = client.page.one("#suite a").attributes["hx-get"]
    with queries(client.services.database) as seen:
        client.fragment(link)
    assert len(seen) == 5, seen


def test_each_fragment_leaves_one_piece_of_evidence(client, relatives) -> None:
    enter(client, relatives.accounts[MEMBER])
    evidence = Evidence(client)
    line = relatives.lines[MEMBER]
    client.fragment(f"{RESULTS}?etat=payee")
    client.fragment(f"{MORE}?apres={conceal(client, 'line', line)}")
    client.fragment(f"{RESULTS}/{conceal(client, 'line', line)}")
    acts = evidence.fresh()
    assert [(act.action, act.object) for act in acts] == [
        ("benefits.read", "liste"),
        ("benefits.read", "liste"),
        ("benefits.read", f"ligne:{line.id}"),
    ]
    assert acts[0].details["filters"] == {"etat": "payee"}
