"""The card on screen, on paper, kept by a device, and what a pharmacist sees (R-25, R-42, R-50, R-51, R-72)."""

import io
import json
import re
from datetime import timedelta

import pikepdf
import pytest
import typst
import zxingcpp
from PIL import Image, ImageDraw
from sqlalchemy import text

from portal import card_documents
from portal.card_matrix import LAYOUT, matrix_of
from portal.data.accounts import Role, Space
from portal.data.representations import Capacity, Representation
from portal.documents import FONTS, SOURCES
from portal.formatting import long_date, short_date, today
from tests.support import factories
from tests.support.cards import covered_household
from tests.support.entry import ask, enter, leave
from tests.support.queries import queries
from tests.test_documents import flat, text_in

CARD, PDF, PHARMACIST, KEPT = (
    "/adherent/carte",
    "/adherent/carte/pdf",
    "/adherent/carte/pharmacien",
    "/adherent/carte/hors-ligne",
)
NIR = "285057800608441"
LABELS = ["N° AMC", "Type de convention", "CSR", "N° adhérent", "Période de validité"]
pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def family(client):
    keyring = client.services.keyring
    with client.services.database.write() as db:
        made = covered_household(db)
        made.member.nir_encrypted = keyring.encrypt(NIR)
        db.add(made.member)
        account = factories.member_account(db, keyring, made.member)
        factories.dependant_account(db, keyring, made["Paul"])
        db.flush()
        db.expunge_all()
    enter(client, account)
    return made


def words(client) -> str:
    return " ".join(client.page.text.replace("\xa0", " ").split())


def evidence(client) -> list[tuple[str, str]]:
    client.services.journal.flush()
    with client.services.database.read() as db:
        rows = db.execute(
            text("SELECT action, object FROM evidence WHERE action LIKE 'card.%' OR action = 'rights.read'")
        )
        return [tuple(row) for row in rows]


def named(client, person) -> str:
    return client.services.keyring.conceal("covered", [person.id])[0]


def drawn(side: int, path: str, scale: int = 6) -> Image.Image:
    """The DataMatrix of the page's SVG as a screen shows it."""
    image = Image.new("L", (side * scale, side * scale), 255)
    pen = ImageDraw.Draw(image)
    for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", path):
        left, top = int(x) * scale, int(y) * scale
        pen.rectangle((left, top, left + int(width) * scale - 1, top + int(height) * scale - 1), fill=0)
    return image


class TestPage:
    def test_block_has_its_five_labels_and_the_people_their_periods(self, client, family) -> None:
        """domain 3.3: exactly five labelled data, and « R »; R-50."""
        client.get(CARD)
        labels = [node.text() for node in client.page.css(".pass-block dt")]
        assert labels == [*LABELS, "Contrat responsable"]
        assert [node.text() for node in client.page.css(".people strong")] == ["Essai Anne", "Essai Paul", "Essai Zoé"]
        assert "seul votre contrat fait foi" in words(client)
        assert NIR not in client.answer.text
        assert evidence(client) == [("card.read", family.contract.number)]

    def test_labels_are_printed_even_when_empty(self, client) -> None:
        with client.services.database.write() as db:
            made, account = factories.member_with_account(db, client.services.keyring)
        enter(client, account)
        client.get(CARD)
        assert [node.text() for node in client.page.css(".pass-block dt")][:5] == LABELS
        assert "n’ouvre pas de tiers payant" in words(client)
        assert made.contract.number in words(client)

    def test_datamatrix_of_the_page_is_read_back(self, client, family) -> None:
        client.get(CARD)
        svg = client.page.first("svg.matrix")
        side = int(svg.attributes["viewBox"].split()[-1])
        (found,) = zxingcpp.read_barcodes(drawn(side, svg.css_first("path").attributes["d"]))
        code = client.page.first(".card-code").text().replace("-", "")
        year = today().year
        wanted = f"{LAYOUT}|0099999901|IS|02|{family.contract.member_number}|{year}0101|{year}1231|R|{code}"
        assert (found.text, found.format) == (wanted, zxingcpp.BarcodeFormat.DataMatrix)

    def test_one_person_has_a_card_of_their_own(self, client, family) -> None:
        client.get(CARD, params={"personne": named(client, family["Zoé"])})
        assert [node.text() for node in client.page.css(".people strong")] == ["Essai Zoé"]

    def test_adult_dependant_sees_nobody_else(self, client, family) -> None:
        """R-72: the adult dependant's own card."""
        with client.services.database.write() as db:
            other = factories.account(db, client.services.keyring, Space.MEMBER, Role.DEPENDANT, of=family["Paul"])
        enter(client, other)
        client.get(CARD)
        assert [node.text() for node in client.page.css(".people strong")] == ["Essai Paul"]
        assert ask(client, f"{CARD}?personne={named(client, family['Zoé'])}").status_code == 404
        assert "Zoé" not in client.answer.text

    def test_representative_sees_the_person_represented_alone(self, client, family) -> None:
        """R-15: the parent's account for Zoé."""
        with client.services.database.write() as db:
            other = factories.account(db, client.services.keyring, Space.MEMBER, Role.REPRESENTATIVE, of=family["Zoé"])
            db.add(
                Representation(
                    account_id=other.id, capacity=Capacity.PARENT, acts=True, representative_name="Anne Essai"
                )
            )
        enter(client, other)
        client.get(CARD)
        assert [node.text() for node in client.page.css(".people strong")] == ["Essai Zoé"]

    @pytest.mark.parametrize("person", ["x", "A" * 22, "é", "../../etc/passwd", "' OR 1=1 --"])
    def test_unknown_person_is_not_found(self, client, family, person) -> None:
        assert family
        for path in (CARD, PDF, PHARMACIST):
            assert ask(client, path, params={"personne": person}).status_code == 404

    def test_stranger_s_person_is_not_found(self, client, family) -> None:
        assert family
        with client.services.database.write() as db:
            stranger = covered_household(db).member
        for path in (CARD, PDF, PHARMACIST):
            assert ask(client, path, params={"personne": named(client, stranger)}).status_code == 404

    @pytest.mark.parametrize(
        ("day", "said"),
        [
            ("2026-02-31", "n’existe pas"),
            ("2190-01-01", "d’ici un an"),
            ("1999-01-01", "trois dernières années"),
            ("<script>", "n’existe pas"),
        ],
    )
    def test_wrong_day_is_told_and_kept(self, client, family, day, said) -> None:
        assert family
        client.get(CARD, params={"le": day})
        assert client.status == 422
        assert said in words(client)

    def test_ended_cover_and_coming_one_are_told(self, client) -> None:
        keyring = client.services.keyring
        ended, coming = today() - timedelta(40), today() + timedelta(40)
        with client.services.database.write() as db:
            past = factories.member_account(db, keyring, covered_household(db, ends_on=ended).member)
            future = factories.member_account(db, keyring, covered_household(db, starts_on=coming).member)
        enter(client, past)
        client.get(CARD)
        assert f"ont pris fin le {long_date(ended)}" in words(client)
        assert ask(client, PDF).status_code == ask(client, KEPT).status_code == 404
        client.get(CARD, params={"le": ended.isoformat()})
        assert client.page.css(".pass")
        enter(client, future)
        client.get(CARD)
        client.click("Voir la carte de ce jour-là")
        assert short_date(coming) in client.page.first(".valid").text()

    def test_card_costs_five_queries_at_most(self, client, family) -> None:
        assert family
        ask(client, CARD)
        with queries(client.services.database) as seen:
            assert ask(client, CARD).status_code == 200
        assert len(seen) <= 5


class TestPharmacist:
    def test_member_sees_the_answer_of_any_day(self, client, family) -> None:
        """« Ce que voit mon pharmacien »: the very answer, at any date."""
        client.get(PHARMACIST)
        assert "Droits ouverts" in words(client)
        assert "Essai Anne" in words(client)
        client.submit('form[action="/adherent/carte/pharmacien"]', personne=named(client, family["Zoé"]))
        assert "Essai Zoé" in words(client)
        assert [action for action, _ in evidence(client)] == ["rights.read", "rights.read"]

    def test_closed_rights_tell_nothing_else(self, client) -> None:
        with client.services.database.write() as db:
            made = covered_household(db, ends_on=today() - timedelta(40))
            account = factories.member_account(db, client.services.keyring, made.member)
        enter(client, account)
        client.get(PHARMACIST)
        assert "Droits fermés" in words(client)
        assert "0099999901" not in client.answer.text

    def test_person_without_cover_is_told_so(self, client) -> None:
        with client.services.database.write() as db:
            account = factories.member_account(db, client.services.keyring, factories.person(db))
        enter(client, account)
        client.get(PHARMACIST)
        assert "Aucun contrat ne vous couvre" in words(client)


class TestPaper:
    def test_pdf_is_tagged_and_leaves_as_an_attachment(self, client, family) -> None:
        answer = ask(client, PDF)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert (
            f'filename="carte-{family.contract.number}-{today().isoformat()}.pdf"'
            in answer.headers["content-disposition"]
        )
        with pikepdf.open(io.BytesIO(answer.content)) as document:
            assert document.Root.MarkInfo.Marked
            assert document.Root.Lang == "fr"
            assert "pdfuaid" in document.Root.Metadata.read_bytes().decode()
        assert evidence(client) == [("card.downloaded", family.contract.number)]

    def test_paper_says_what_the_screen_says_and_is_read_by_machines(self, client, family, monkeypatch) -> None:
        """The rendered page of the document: its texts, and its DataMatrix decoded again."""
        given = {}
        monkeypatch.setattr(card_documents, "typeset", lambda _source, data, _at: given.update(data) or b"%PDF")
        ask(client, f"{PDF}?personne={named(client, family.member)}")
        assert [label for label, _ in given["block"]] == LABELS
        assert given["persons"][0][1:3] == [short_date(family.member.birth_date), "2 85 05 78 006 084 41"]
        page = typst.compile(
            str(SOURCES / "card.typ"), root=str(SOURCES), font_paths=[str(FONTS)], format="png", ppi=150,
            sys_inputs={"data": json.dumps(given)},
        )  # fmt: skip
        (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page)).convert("L"), zxingcpp.BarcodeFormat.DataMatrix)
        assert found.text.endswith(given["code"].replace("-", ""))

    def test_text_of_the_pdf_is_what_readers_need(self, client, family, tmp_path) -> None:
        """Selectable and in order: labels even when empty, « R », people, columns, mentions (R-50)."""
        said = flat(text_in(ask(client, PDF).content, tmp_path)).replace("\xa0", " ")
        places = [said.index(label) for label in (*LABELS, "R – contrat responsable", "Bénéficiaires", "PHAR")]
        assert places == sorted(places)
        for words_ in ("Essai Zoé", "2 85 05 78 006 084 41", family.contract.member_number, "seul le contrat fait foi"):
            assert words_ in said
        assert "non normatif" in said

    def test_foreign_contract_is_not_found(self, client, family) -> None:
        assert family
        assert ask(client, f"{PDF}?contrat=C-AUTRE").status_code == 404


class TestKept:
    def test_kept_document_is_the_card_and_nothing_of_the_session(self, client, family) -> None:
        assert family
        client.get(KEPT)
        html = client.answer.text
        assert client.answer.headers["cache-control"] == "no-store"
        assert "<form" not in html
        assert "<script" not in html
        assert "<nav" not in html
        assert client.page.css(".pass")
        links = [node.attributes["href"] for node in client.page.css("link[rel=stylesheet], link[rel=icon]")]
        assert all(link.startswith("/static/") for link in links)

    def test_worker_and_manifest_are_for_the_card_alone(self, client) -> None:
        leave(client)
        worker = ask(client, client.url("card.worker"))
        assert worker.headers["service-worker-allowed"] == CARD
        assert worker.headers["content-type"].startswith("text/javascript")
        manifest = ask(client, client.url("card.manifest")).json()
        assert (manifest["scope"], manifest["start_url"], manifest["lang"]) == (CARD, CARD, "fr")
        assert ask(client, manifest["icons"][0]["src"]).status_code == 200
        for file in re.findall(r'"(/static/[^"]+)"', worker.text):
            assert ask(client, file).status_code == 200

    def test_sign_out_asks_the_device_to_forget(self, client, family) -> None:
        assert family
        client.get(CARD)
        client.submit('form[action="/deconnexion"]', follow=False)
        assert client.answer.headers["clear-site-data"] == '"cache", "storage"'


def test_longest_card_still_fits_a_square_matrix() -> None:
    """The layout's longest texts: ten signs of AMC number, long member numbers."""
    text_ = "|".join((LAYOUT, "9" * 10, "IS", "9" * 10, "A" * 30, "20260101", "20261231", "R", "A" * 40))
    matrix = matrix_of(text_)
    (found,) = zxingcpp.read_barcodes(drawn(matrix.side, matrix.path))
    assert found.text == text_
