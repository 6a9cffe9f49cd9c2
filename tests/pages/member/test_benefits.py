"""The benefits list and the page of one line (R-21, R-50, R-51, R-72): what a member sees, without scripts."""

from datetime import date, timedelta
from itertools import pairwise
from urllib.parse import urlencode

import brotli
import pytest

from portal.data.benefits import Family, Method, Status
from tests.support import factories
from tests.support.demonstration import import_demo
from tests.support.entry import ask, enter
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.queries import queries
from tests.support.relatives import (
    EVERYONE,
    FOREIGN,
    MEMBER,
    PRIVATE,
    READS,
    SHARING,
    SPENT,
    canary,
    live_together,
)

LIST = "/adherent/prestations"
NEWEST = date(2026, 3, 20)
KILOBYTE = 1024
LIST_SELECTS = 7
LINE_SELECTS = 9
HOSTILE_TEXTS = [
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "{% raw %}",
    "' OR 1=1 --",
    '"><img src=x onerror=y>',
    "\\%_",
]
REFUSED = [
    ({"du": "31/02/2026"}, "La date de début n’existe pas"),
    ({"au": "0000-01-01"}, "La date de fin n’existe pas"),
    ({"du": "01/01/0000"}, "La date de début n’existe pas"),
    ({"du": "1_0/01/2026"}, "La date de début n’existe pas"),
    ({"du": "٣/٣/٢٠٢٦"}, "La date de début n’existe pas"),
    ({"au": "20260101"}, "La date de fin n’existe pas"),
    ({"du": "9" * 10_000}, "La date de début n’existe pas"),
    ({"soin": "chirurgie"}, "Ce type de soin n’existe pas"),
    ({"etat": "PAYEE"}, "Cet état n’existe pas"),
    ({"tri": "id; DROP TABLE benefit_line"}, "Cet ordre n’existe pas"),
    ({"beneficiaire": "1"}, "Cette personne n’est pas dans la liste"),
    ({"q": "x" * 10_000}, "Ce texte est trop long"),
    ({"du": "2026-03-02", "au": "2026-03-01"}, "La date de fin précède la date de début"),
]


@pytest.fixture
def home(client):
    """A member and a minor with 45 lines of every state, the member signed in."""
    with client.services.database.write() as db:
        made, account = factories.member_with_account(
            db, client.services.keyring, children={"Lou": factories.MINOR_BIRTH}
        )
        payments = [factories.payment(db, made.member, paid_on=NEWEST - timedelta(days=at)) for at in range(5)]
        for number in range(45):
            add_line(db, made, payments, number)
    enter(client, account)
    return made


def add_line(db, made, payments, number: int) -> None:
    status = list(Status)[number % len(Status)]
    day = NEWEST - timedelta(days=number // 9)
    factories.line(
        db,
        made.contract,
        made["Lou"] if number % 3 == 0 else made.member,
        label=f"Soin {number}",
        provider="Dr Élan",
        posted_on=day,
        care_date=day - timedelta(days=2),
        paid_by=payments[number // 9] if status == Status.PAID else None,
        status=status,
        family=list(Family)[number % 4],
        note="Facture attendue" if status == Status.AWAITING_PIECE else "",
    )


@pytest.fixture
def relatives(client):
    with client.services.database.write() as db:
        return live_together(db, client.services.keyring)


def labels(page) -> list[str]:
    return [text_of(node).removesuffix(" Pourquoi ce montant\u00a0?") for node in page.css("li.line > div > a")]


def line_of(client, line) -> str:
    return client.services.keyring.conceal("line", [line.id])[0]


def person_of(client, person) -> str:
    return client.services.keyring.conceal("person", [person.id])[0]


def words(page) -> str:
    return text_of(page.one("main")).replace("\u00a0", " ")


def figures(page) -> dict[str, str]:
    terms, amounts = page.css(".totals dt"), page.css(".totals dd")
    return {text_of(term): text_of(amount).replace("\u00a0", " ") for term, amount in zip(terms, amounts, strict=True)}


# --- reading ---


def test_member_reads_the_newest_lines_first_and_their_totals(client, home) -> None:
    page = client.get(LIST)
    assert labels(page)[:2] == ["Soin 8", "Soin 7"]
    assert len(labels(page)) == 20
    assert "45 lignes" in words(page)
    assert figures(page) == {
        "Dépensé": "1 350,00 €",
        "Part obligatoire": "855,00 €",
        "Part complémentaire": "405,00 €",
        "Reste à votre charge": "90,00 €",
    }
    assert "Montants indicatifs" in words(page)
    times = [node.attributes["datetime"] for node in page.css("li.line time")]
    assert all(before >= after for before, after in pairwise(times))


def test_member_follows_the_links_to_the_end_and_meets_every_line(client, home) -> None:
    seen = labels(client.get(LIST))
    pages = 1
    while client.page.css("#suite a"):
        seen += labels(client.click("Afficher la suite"))
        pages += 1
    assert pages == 3
    assert sorted(seen) == sorted(f"Soin {number}" for number in range(45))


def test_lines_stand_under_the_payment_that_covers_them(client, home) -> None:
    page = client.get(LIST)
    headings = [text_of(node).replace("\u00a0", " ") for node in page.css("h3.group")]
    assert "Payé le 20 mars 2026 : 18,00 € de votre mutuelle, par virement" in headings
    assert {"Pas encore payé", "Sans versement"} <= set(headings)


def test_payment_to_a_professional_says_so(client, home) -> None:
    with client.services.database.write() as db:
        paid = factories.payment(db, home.member, paid_on=date(2026, 4, 1), method=Method.THIRD_PARTY)
        factories.line(db, home.contract, paid_by=paid)
    assert "Payé le 1er avril 2026 : 9,00 € de votre mutuelle, au professionnel" in words(client.get(LIST))


@pytest.mark.parametrize("sort", ["soin", "reste"])
def test_other_orders_drop_the_payments_headings(client, home, sort) -> None:
    page = client.get(f"{LIST}?tri={sort}")
    assert page.css("h3.group") == []
    assert len(labels(page)) == 20


def test_line_that_waits_for_a_document_says_which(client, home) -> None:
    page = client.get(f"{LIST}?etat=en_attente_piece")
    assert {text_of(node) for node in page.css(".needed")} == {"Facture attendue"}
    assert len(page.css(".needed")) == len(labels(page))


# --- filters, by the form alone ---


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"soin": Family.PHARMACY}, 11),
        ({"etat": Status.PAID}, 8),
        ({"du": "2026-03-20"}, 9),
        ({"au": "2026-03-16"}, 9),
        ({"du": "2026-03-17", "au": "2026-03-19"}, 27),
        ({"q": "SOIN 3"}, 11),
        ({"q": "dr elan", "etat": Status.REFUSED}, 7),
        ({"tri": "reste"}, 45),
    ],
)
def test_member_filters_by_sending_the_form(client, home, fields, count) -> None:
    client.get(LIST)
    page = client.submit("form[hx-get]", **fields)
    assert client.status == 200
    assert f"{count} lignes trouvées" in words(page)
    form = client.form("form[hx-get]")
    assert {name: form.values[name] for name in fields} == {name: [str(value)] for name, value in fields.items()}


def test_member_filters_by_person_and_drops_the_filter_by_its_chip(client, home) -> None:
    client.get(LIST)
    page = client.submit("form[hx-get]", beneficiaire=person_of(client, home["Lou"]))
    assert "15 lignes trouvées" in words(page)
    assert "45 lignes trouvées" in words(client.click("Retirer le filtre Lou"))


def test_filters_go_along_with_the_next_page_and_the_exports(client, home) -> None:
    page = client.get(f"{LIST}?du=2026-03-17&tri=reste")
    links = [node.attributes["href"] for node in page.css("#suite a, .exports a")]
    assert len(links) == 3
    assert all("du=2026-03-17" in link and "tri=reste" in link for link in links)


def test_french_dates_are_understood_and_come_back_as_the_field_shows_them(client, home) -> None:
    page = client.get(f"{LIST}?du=20/3/2026&q=%C2%A0soin%20%208%0A")
    assert labels(page) == ["Soin 8"]
    assert client.form("form[hx-get]").values["du"] == ["2026-03-20"]
    assert client.form("form[hx-get]").values["q"] == ["soin 8"]


def test_member_alone_is_not_asked_whose_lines(client) -> None:
    with client.services.database.write() as db:
        made, account = factories.member_with_account(db, client.services.keyring)
        factories.line(db, made.contract)
    enter(client, account)
    assert "beneficiaire" not in client.form("form[hx-get]").values if client.get(LIST) else False


# --- empty states ---


def test_member_without_any_line_is_told_what_will_come(client) -> None:
    with client.services.database.write() as db:
        enter_later = factories.member_with_account(db, client.services.keyring)[1]
    enter(client, enter_later)
    page = client.get(LIST)
    assert "Pas encore de prestation" in words(page)
    assert page.css(".exports, .totals, li.line") == []


def test_member_whose_filter_finds_nothing_can_drop_it(client, home) -> None:
    assert "Aucune prestation ne correspond" in words(client.get(f"{LIST}?q=introuvable"))
    assert "45 lignes trouvées" in words(client.click("Voir toutes les prestations"))


# --- who sees whose lines ---


@pytest.mark.parametrize("who", EVERYONE)
def test_list_shows_the_lines_of_those_whom_the_viewer_may_read(client, relatives, who) -> None:
    enter(client, relatives.accounts[who])
    page = client.get(LIST)
    assert {other for other in EVERYONE if canary(other) in page.text} == READS[who]
    spent = f"{sum(SPENT[other] for other in READS[who]) / 100:,.2f}".replace(",", " ").replace(".", ",")
    assert figures(page)["Dépensé"] == f"{spent} €"
    assert f"{len(READS[who])},00 € de votre mutuelle, par virement" in words(page)


@pytest.mark.parametrize("who", EVERYONE)
def test_page_of_a_line_opens_for_those_who_may_read_it(client, relatives, who) -> None:
    enter(client, relatives.accounts[who])
    for owner in EVERYONE:
        page = client.get(f"{LIST}/{line_of(client, relatives.lines[owner])}")
        assert client.status == (200 if owner in READS[who] else 404), owner
        assert {other for other in EVERYONE if canary(other) in page.text} == {owner} & READS[who]


@pytest.mark.parametrize("who", EVERYONE)
def test_list_starts_after_a_line_that_the_viewer_may_read_only(client, relatives, who) -> None:
    enter(client, relatives.accounts[who])
    for owner in EVERYONE:
        client.get(f"{LIST}?apres={line_of(client, relatives.lines[owner])}")
        assert client.status == (200 if owner in READS[who] else 404), owner


@pytest.mark.parametrize("who", EVERYONE)
def test_filter_offers_and_takes_only_persons_whose_lines_are_read(client, relatives, who) -> None:
    enter(client, relatives.accounts[who])
    for owner in EVERYONE:
        page = client.get(f"{LIST}?beneficiaire={person_of(client, relatives.persons[owner])}")
        assert client.status == (200 if owner in READS[who] else 422), owner
        shown = {owner} if owner in READS[who] else READS[who]
        assert {other for other in EVERYONE if canary(other) in page.text} == shown
        offered = {option.attributes["value"] for option in page.css("#beneficiaire option[value]")} - {""}
        assert offered <= {person_of(client, relatives.persons[other]) for other in READS[who]}


def test_member_reads_totals_only_of_adults_who_keep_their_lines(client, relatives) -> None:
    enter(client, relatives.accounts[MEMBER])
    shown = words(client.get(LIST))
    spent = f"{SPENT[PRIVATE] / 100:.2f}".replace(".", ",")
    assert f"Capucine, personne majeure, garde le détail de ses soins : 1 ligne, {spent} € dépensés" in shown
    assert "Bruno, personne majeure" in shown
    assert "Diego, personne" not in shown


@pytest.mark.parametrize("who", [PRIVATE, SHARING, FOREIGN])
def test_dependants_read_nothing_of_the_rest_of_the_household(client, relatives, who) -> None:
    enter(client, relatives.accounts[who])
    assert "personne majeure" not in words(client.get(LIST))


# --- hostile requests ---


@pytest.mark.parametrize(("query", "message"), REFUSED)
def test_wrong_filter_is_explained_and_kept(client, home, query, message) -> None:
    page = client.get(f"{LIST}?{urlencode(query)}")
    assert client.status == 422
    assert page.one("title").text().startswith("Erreur\u00a0: ")
    name = next(reversed(query))
    assert text_of(page.one(f"#{name}-erreur")).replace("\u00a0", " ").startswith(f"Erreur : {message}")
    assert [node.attributes["href"] for node in page.css("#erreurs a")] == [f"#{name}"]
    main = [node.attributes.get("id") for node in page.css("main #erreurs, main h1, main form, #resultats")]
    assert main[0] == "erreurs", "the summary stands on top of the page"
    field = page.one(f"#{name}")
    if field.tag == "input":
        assert query[name].startswith(field.attributes["value"])
        assert field.attributes["value"]


@pytest.mark.parametrize("day", ["31/02/2026", "2026-02-31", "2026-13-01", "demain", "1/1/26"])
def test_impossible_date_is_shown_again_as_it_was_typed(client, home, day) -> None:
    """A date control would show an empty field, and the person could not see what is wrong."""
    page = client.get(f"{LIST}?{urlencode({'du': day, 'au': '2026-03-01'})}")
    field = page.one("#du")
    assert (field.attributes["type"], field.attributes["value"]) == ("text", day)
    assert "31/12/2025" in text_of(page.one("#du-aide"))
    assert set(field.attributes["aria-describedby"].split()) == {"du-aide", "du-erreur"}
    assert (page.one("#au").attributes["type"], page.one("#au").attributes["value"]) == ("date", "2026-03-01")
    corrected = client.submit("form[hx-get]", du="1/1/2026")
    assert client.status == 200
    assert corrected.one("#du").attributes["type"] == "date"
    assert corrected.one("#du").attributes["value"] == "2026-01-01"


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_text_is_searched_for_and_shown_as_text(client, home, text) -> None:
    answer = ask(client, f"{LIST}?{urlencode({'q': text})}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert ">49<" not in answer.text
    client.page = type(client.page)(answer.text)
    assert client.form("form[hx-get]").values["q"] == [text]
    assert text in text_of(client.page.one(".chips"))


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "du=%00",
        "q[]=a",
        "q=%ff%fe",
        "&&&==",
        "q=%ED%A0%80",
        "tri=&soin=&etat=",
        "inconnu=1",
        "q=%CC%81",
    ],
)
def test_odd_query_strings_are_answered_with_a_page(client, home, query) -> None:
    assert client.get(f"{LIST}?{query}")
    assert client.status == 200


@pytest.mark.parametrize("cursor", ["", "1", "x" * 22, "é" * 22, "%00", "../../etc/passwd", "A" * 10_000])
def test_cursor_that_is_not_ours_is_not_found(client, home, cursor) -> None:
    assert "<h1" in client.get(f"{LIST}?{urlencode({'apres': cursor})}").text
    assert client.status == 404


@pytest.mark.parametrize("name", ["1", "x" * 22, "%00", "%C3%A9", "export", "..%2f..", "A" * 5_000])
def test_line_that_is_not_ours_is_not_found(client, home, name) -> None:
    client.get(f"{LIST}/{name}")
    assert client.status == 404


def test_identifier_of_a_person_opens_no_line(client, home) -> None:
    client.get(f"{LIST}/{person_of(client, home.member)}")
    assert client.status == 404


# --- cost and evidence ---


def test_list_asks_the_database_a_fixed_number_of_questions(client, relatives) -> None:
    """Session, household, lines, payment shares, totals, private totals."""
    enter(client, relatives.accounts[MEMBER])
    with queries(client.services.database) as seen:
        client.get(LIST)
    assert len(seen) == LIST_SELECTS, seen


def test_list_of_many_lines_asks_no_more(client, home) -> None:
    """As above without private relatives, with what lines that are not paid wait for; one more to place the cursor."""
    with queries(client.services.database) as first:
        client.get(LIST)
    with queries(client.services.database) as second:
        client.click("Afficher la suite")
    assert (len(first), len(second)) == (LIST_SELECTS, LIST_SELECTS + 1)


def test_page_of_a_line_asks_the_database_a_fixed_number_of_questions(client, relatives) -> None:
    """Session, household, line, tariff, figures, history, what was put right, words of the act."""
    enter(client, relatives.accounts[MEMBER])
    with queries(client.services.database) as seen:
        client.get(f"{LIST}/{line_of(client, relatives.lines[MEMBER])}")
    assert len(seen) == LINE_SELECTS, seen


def test_each_reading_leaves_one_piece_of_evidence(client, relatives) -> None:
    enter(client, relatives.accounts[MEMBER])
    evidence = Evidence(client)
    client.get(f"{LIST}?etat=payee&q=canari")
    (act,) = evidence.fresh()
    assert (act.action, act.object) == ("benefits.read", "liste")
    assert (act.details["filters"], act.details["lines"]) == ({"etat": "payee", "q": "canari"}, len(READS[MEMBER]))
    line = relatives.lines[SHARING]
    client.get(f"{LIST}/{line_of(client, line)}")
    (act,) = evidence.fresh()
    assert (act.action, act.object) == ("benefits.read", f"ligne:{line.id}")


def test_refused_reading_leaves_no_evidence_of_a_reading(client, relatives) -> None:
    enter(client, relatives.accounts[MEMBER])
    evidence = Evidence(client)
    client.get(f"{LIST}/{line_of(client, relatives.lines[PRIVATE])}")
    client.get(f"{LIST}?apres={line_of(client, relatives.lines[PRIVATE])}")
    assert evidence.fresh() == []


# --- sizes ---


@pytest.mark.engines("sqlite")
def test_list_of_the_demonstration_is_small_on_the_wire(client, settings, tmp_path) -> None:
    import_demo(client.services.database, settings, tmp_path / "files")
    with client.services.database.write() as db:
        person = factories.person_by_reference(db, "P-000001-1")
        account = factories.member_account(db, client.services.keyring, person)
    enter(client, account)
    page = client.get(LIST)
    assert len(labels(page)) == 20
    assert wire_size(client) <= 8 * KILOBYTE
    assert wire_size(client) + sum(static_sizes(client, page)) <= 60 * KILOBYTE
    link = page.one("#suite a").attributes["hx-get"]
    assert len(client.fragment(link).css("li.line")) == 20
    assert wire_size(client) <= 3 * KILOBYTE


def wire_size(client) -> int:
    assert client.answer.headers["content-encoding"] == "br"
    return len(brotli.compress(client.answer.content, quality=4))


def static_sizes(client, page) -> list[int]:
    """Every file that the page names or its style sheet asks for, as the browser gets it."""
    nodes = page.css("link[href], script[src], use[href], img[src]")
    urls = {(node.attributes.get("href") or node.attributes.get("src") or "").split("#")[0] for node in nodes}
    names = [url.removeprefix("/static/") for url in urls if url.startswith("/static/")]
    assert {name.rpartition(".")[2] for name in names} >= {"css", "js", "svg", "woff2"}
    return [len(client.services.assets.find(name).encoded("br")[0]) for name in names]


def test_filter_given_twice_is_refused_in_words(client, home) -> None:
    """D6."""
    page = client.get(f"{LIST}?soin=dentaire&soin=optique")
    assert client.status == 422
    assert "Ce filtre est donné deux fois" in words(page)
