"""The guarantee table, its document and the simulator, as members read them (R-20, R-50, R-61, R-72)."""

import io
import re
from dataclasses import replace
from datetime import date

import pikepdf
import pytest
from sqlalchemy import text

from portal.data.coverage import Formula, Heading
from portal.data.guarantees import ActOfRule, TableRow, clause_order
from portal.data.rules import Terms
from portal.guarantee_words import limits_of, shares_of
from tests.support import factories
from tests.support.entry import ask, enter, leave
from tests.support.reference import import_reference, product_id

PAGE, SIMULATOR = "/adherent/garanties", "/adherent/garanties/simulateur"
HTMX = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}

pytestmark = pytest.mark.engines("sqlite")


def covered(db, keyring, *, born: date = factories.ADULT_BIRTH):
    who = factories.person(db, born=born)
    contract = factories.contract(db, who)
    contract.number, contract.product_id = "C-77", product_id(db)
    db.flush()
    return factories.member_account(db, keyring, who)


@pytest.fixture
def anne(client, settings, tmp_path):
    import_reference(client.services.database, settings, tmp_path)
    with client.services.database.write() as db:
        account = covered(db, client.services.keyring)
    enter(client, account)
    return account


def titles(client) -> list[str]:
    return [node.text() for node in client.page.tree.css(".guarantees h3")]


@pytest.mark.usefixtures("anne")
class TestTable:
    def test_every_row_says_who_pays_what(self, client) -> None:
        client.get(PAGE)
        assert len(titles(client)) > 25
        words = " ".join(client.page.text.split())
        assert "100 % Santé : rien à payer" in words.replace("\xa0", " ")
        assert "seul votre contrat fait foi" in words
        assert "Tableau en vigueur depuis le 1er janvier 2025" in words

    @pytest.mark.parametrize(
        ("day", "shares"),
        [
            ("2026-03-31", "247,70 € de la Sécurité sociale, 183,30 € de la mutuelle"),
            ("2026-04-01", "239,70 € de la Sécurité sociale, 191,30 € de la mutuelle"),
        ],
    )
    def test_example_of_a_heavy_act_follows_the_lump_of_the_day(self, client, day, shares) -> None:
        client.get(f"{PAGE}?le={day}")
        words = " ".join(client.page.one("#garanties").text().split()).replace("\xa0", " ")
        assert f"Opération de la cataracte à 431,00 € : {shares}, 0,00 € à votre charge" in words
        assert "80 %, ou la base moins" in words

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("couronne", {"Prothèses 100 % Santé", "Prothèses à tarif maîtrisé ou libre"}),
            ("COURONNÉ", {"Prothèses 100 % Santé", "Prothèses à tarif maîtrisé ou libre"}),
            ("ostéopathe", {"Ostéopathie, par séance"}),
            ("zzz", set()),
        ],
    )
    def test_search_finds_by_the_words_of_the_care(self, client, words, found) -> None:
        client.get(PAGE, params={"q": words})
        assert {title.replace("\xa0", " ") for title in titles(client)} == found

    def test_another_day_shows_the_version_then_in_force(self, client) -> None:
        client.get(PAGE, params={"le": "2024-06-01"})
        assert "Tableau en vigueur depuis le 1er janvier 2023" in client.page.text.replace("\xa0", " ")

    @pytest.mark.parametrize(("day", "words"), [("2026-02-31", "n’existe pas"), ("2150-01-01", "trop lointaine")])
    def test_wrong_day_is_told_and_kept(self, client, day, words) -> None:
        client.get(PAGE, params={"le": day})
        assert client.status == 422
        assert words in client.page.text
        assert f'value="{day}"' in client.answer.text

    def test_day_before_the_contract_says_so(self, client) -> None:
        client.get(PAGE, params={"le": "1999-01-01"})
        assert "Pas de garantie en vigueur" in client.page.text

    def test_fragment_shows_what_the_page_shows(self, client) -> None:
        client.get(PAGE, params={"q": "lunettes"})
        whole = client.page.tree.css_first("#garanties").text()
        answer = ask(client, f"/fragments{PAGE}?q=lunettes", headers=HTMX)
        assert answer.headers["HX-Push-Url"] == f"{PAGE}?q=lunettes"
        assert re.sub(r"<[^>]+>", "", answer.text).split() == whole.split()

    def test_reads_are_evidence(self, client) -> None:
        client.get(PAGE)
        client.services.journal.flush()
        with client.services.database.read() as db:
            rows = db.execute(text("SELECT action, object FROM evidence WHERE action LIKE 'guarantees.%'")).all()
        assert [tuple(row) for row in rows] == [("guarantees.read", "C-77")]


@pytest.mark.usefixtures("anne")
class TestDocument:
    def test_pdf_is_tagged_and_says_the_same(self, client) -> None:
        answer = ask(client, f"{PAGE}/pdf?le=2026-06-01")
        assert answer.headers["content-type"] == "application/pdf"
        assert "attachment" in answer.headers["content-disposition"]
        with pikepdf.open(io.BytesIO(answer.content)) as document:
            assert document.Root.MarkInfo.Marked
            assert document.Root.Lang == "fr"
            assert "pdfuaid" in document.Root.Metadata.read_bytes().decode()

    def test_no_table_no_document(self, client) -> None:
        assert ask(client, f"{PAGE}/pdf?le=1999-01-01").status_code == 404


@pytest.mark.usefixtures("anne")
class TestSimulator:
    def test_form_then_estimate_in_words(self, client) -> None:
        client.get(SIMULATOR)
        assert client.status == 200
        client.get(SIMULATOR, params={"soin": "CS", "secteur": "hors_optam", "prix": "80,00"})
        assert "47,50" in client.page.tree.css_first("#resultat").text()
        assert "pas un accord" in client.page.text

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({"soin": "", "prix": "10"}, "soin"),
            ({"soin": "ZZ", "prix": "10"}, "soin"),
            ({"soin": "CS", "prix": "10"}, "secteur"),
            ({"soin": "G", "prix": ""}, "prix"),
            ({"soin": "G", "prix": "-5"}, "prix"),
            ({"soin": "G", "prix": "beaucoup"}, "prix"),
            ({"soin": "G", "prix": "999999"}, "prix"),
            ({"soin": "G", "prix": "30", "personne": "x"}, "personne"),
            ({"soin": "G", "prix": "30", "le": "hier"}, "le"),
            ({"soin": "G", "prix": "30", "le": "1950-01-01"}, "le"),
            ({"soin": "G", "prix": "30", "quantite": "0"}, "quantite"),
            ({"soin": "G", "prix": "30", "quantite": "²"}, "quantite"),
        ],
    )
    def test_wrong_value_is_told_beside_its_field(self, client, sent, field) -> None:
        client.get(SIMULATOR, params=sent)
        assert client.status == 422
        assert client.page.tree.css_first(f"#{field}-erreur") is not None

    def test_fragment_gives_the_same_estimate(self, client) -> None:
        query = "soin=G&prix=30"
        client.get(f"{SIMULATOR}?{query}")
        whole = client.page.tree.css_first("#simulateur").text()
        answer = ask(client, f"/fragments{SIMULATOR}?{query}", headers=HTMX)
        assert re.sub(r"<[^>]+>", "", answer.text).split() == whole.split()

    def test_query_names_nobody(self, client) -> None:
        """R-62: persons are opaque in the address."""
        client.get(SIMULATOR, params={"soin": "G", "prix": "30"})
        with client.services.database.read() as db:
            name = db.execute(text("SELECT first_name FROM person")).scalar_one()
        answer = ask(client, f"/fragments{SIMULATOR}?soin=G&prix=30", headers=HTMX)
        assert name not in answer.headers["HX-Push-Url"]


def test_stranger_signs_in_first(client) -> None:
    leave(client)
    for path in (PAGE, SIMULATOR, f"{PAGE}/pdf", f"{PAGE}/remboursements"):
        assert ask(client, path).headers["location"].startswith("/connexion")


def row(terms: Terms, heading: Heading = Heading.EVERYDAY, rates: tuple[int, ...] = (70,)) -> TableRow:
    acts = tuple(ActOfRule(str(rate), "Soin", "", rate) for rate in rates)
    return TableRow(terms, heading, "Soin", "1.1", acts)


@pytest.mark.parametrize(
    ("terms", "heading", "rates", "words"),
    [
        (Terms("a", Formula.PERCENT, 100), Heading.EVERYDAY, (70,), ("70 %", "30 %", "100 % de la base")),
        (
            Terms("a", Formula.PERCENT, 100),
            Heading.EVERYDAY,
            (15, 30, 65),
            ("15 à 65 %", "Le complément", "100 % de la base"),
        ),
        (Terms("a", Formula.PERCENT, 100), Heading.EVERYDAY, (100,), ("100 %", "Rien", "100 % de la base")),
        (Terms("a", Formula.FULL), Heading.DENTAL, (60,), ("60 %", "Tout le reste", "Rien à payer")),
        (Terms("a", Formula.FULL), Heading.HOSPITAL, (0,), ("Rien", "Tout le reste", "Frais réels")),
        (Terms("a", Formula.FLAT, amount_cents=4000), Heading.WELLBEING, (0,), ("Rien", "40,00 € au plus", "40,00 €")),
        (
            Terms("a", Formula.FLAT_WITH_BASE, amount_cents=30000),
            Heading.OPTICAL,
            (60,),
            ("60 %", "Le complément", "300,00 € par équipement"),
        ),
        (Terms("a", Formula.NONE), Heading.EVERYDAY, (70,), ("70 %", "Rien", "70 %")),
    ],
)
def test_shares_in_words(terms, heading, rates, words) -> None:
    shares = shares_of(row(terms, heading, rates))
    assert tuple(each.replace("\xa0", " ") for each in (shares.base, shares.supplementary, shares.together)) == words


@pytest.mark.parametrize(
    ("terms", "rates", "words"),
    [
        (
            Terms("a", Formula.PERCENT, 200),
            (80,),
            ("80 %, ou la base moins 32,00 €", "Le complément", "200 % de la base"),
        ),
        (Terms("a", Formula.PERCENT, 200), (), ("La base moins 32,00 €", "Le complément", "200 % de la base")),
        (
            Terms("a", Formula.FLAT, amount_cents=4000),
            (),
            ("La base moins 32,00 €", "40,00 € au plus", "La part de la Sécurité sociale + 40,00 €"),
        ),
    ],
)
def test_shares_of_heavy_acts_name_the_lump(terms, rates, words) -> None:
    plain = row(terms, Heading.HOSPITAL, rates)
    shares = shares_of(replace(plain, acts=(*plain.acts, ActOfRule("ADC", "Opération", "", 80, 3200))))
    assert tuple(each.replace("\xa0", " ") for each in (shares.base, shares.supplementary, shares.together)) == words


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (Terms("a", Formula.FULL), ""),
        (Terms("a", Formula.FULL, max_acts=3), "3 fois par an"),
        (Terms("a", Formula.FULL, max_acts=1, renewal_months=24), "1 fois tous les 2 ans"),
        (Terms("a", Formula.FULL, max_acts=1, renewal_months=12), "1 fois tous les ans"),
        (Terms("a", Formula.FULL, max_cents=40000), "400,00 € par an au plus"),
    ],
)
def test_limits_in_words(terms, words) -> None:
    assert limits_of(terms).replace("\xa0", " ") == words


def test_clauses_sort_as_numbers() -> None:
    assert sorted(["2.10", "2.9", "10.1", "1.1"], key=clause_order) == ["1.1", "2.9", "2.10", "10.1"]
