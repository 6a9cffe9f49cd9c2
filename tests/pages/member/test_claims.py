"""Claims and quotes by their pages, with scripts and without (issue: claims; R-50, R-51, R-64, R-72; L221-11)."""

import io
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import text
from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.claim_jobs import follow_claims
from portal.data.benefits import Family, Status
from portal.data.case_desk import answer, lock_for_desk, move_by_desk, refuse_piece
from portal.data.case_pieces import pieces_of
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.claim_estimates import answer_quote
from portal.data.claims import Claim
from portal.data.columns import utc_now
from portal.data.coverage import Contract
from portal.formatting import today
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, send, token_in
from tests.support.mail import letters
from tests.support.reference import import_reference, product_id
from tests.support.swap import assert_swap_equals_reload

LIST, NEW = "/adherent/demandes", "/adherent/demandes/nouvelle"
START = f'form[method=post][action="{NEW}"]'
ASKED = "De quel praticien s’agit-il\u00a0?"
YESTERDAY = today() - timedelta(days=1)

pytestmark = [pytest.mark.engines("sqlite"), pytest.mark.usefixtures("home")]


@pytest.fixture
def home(client, make, give_address):
    household, account = make(factories.member_with_account, spouse="Paul", children={"Lou": factories.MINOR_BIRTH})
    give_address(account)
    enter(client, account)
    return household


@pytest.fixture
def agent(client, make):
    account = make(factories.desk_account)
    with client.services.database.write() as db:
        return factories.viewer_of(db, account, letters=CaseLetters(client.services))


@pytest.fixture
def tariffs(client, settings, home, tmp_path):
    import_reference(client.services.database, settings, tmp_path)
    with client.services.database.write() as db:
        contract = db.get_one(Contract, home.contract.id)
        contract.product_id = product_id(db)
        db.add(contract)


def photo() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(drawn, "JPEG")
    return drawn.getvalue()


def begin(client, kind: str = "facture") -> str:
    """A new draft; its page's path."""
    client.get(f"{NEW}?type={kind}")
    client.submit(START)
    return client.path.partition("/etapes/")[0]


def say(client, path: str, step: str, **fields: str) -> None:
    client.get(f"{path}/etapes/{step}")
    client.submit(f'form[action="{path}/etapes/{step}"]', **fields)


def fill(client, path: str, *, day=YESTERDAY, care: str = "medecines_douces", **amount: str) -> str:
    """Answers each question for the first person offered."""
    say(client, path, "date", jour=day.isoformat())
    client.get(f"{path}/etapes/personne")
    first = client.page.css("input[name=personne]")[0].attributes["value"]
    say(client, path, "personne", personne=first)
    say(client, path, "soin", soin=care)
    say(client, path, "montant", **({"prix": "60"} | amount))
    return path


def join(client, path: str, *slots: str):
    for slot in slots:
        target = f"/dossiers/{path.rpartition('/')[2]}/pieces/{slot}"
        fields = {"jeton": token_in(ask(client, path))}
        files = [("fichier", ("photo.jpg", photo(), "image/jpeg"))]
        found = client.http.post(target, data=fields, files=files, headers=SAME_ORIGIN, follow_redirects=False)
        assert found.headers["location"] == path


def sent(client, kind: str = "facture", **answers) -> str:
    path = fill(client, begin(client, kind), **answers)
    join(client, path, kind)
    client.get(path)
    client.submit(f'form[action="{path}/envoi"]')
    return path


def case_row(client) -> Case:
    with client.services.database.read() as db:
        return db.exec(select(Case).order_by(Case.id.desc())).first()


def acts(client) -> list[str]:
    client.services.journal.flush()
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT action FROM evidence WHERE action LIKE 'case.%' ORDER BY seq")).scalars()
        return [action for action in rows if action != "case.read"]


def at_desk(client, agent, act) -> None:
    with client.services.database.write() as db:
        case = db.exec(select(Case).order_by(Case.id.desc())).first()
        locked = lock_for_desk(db, agent, case.id, case.version)
        act(db, agent, client.services.keyring, locked)


class TestDraft:
    def test_question_by_question_then_read_again_and_sent(self, client, home) -> None:
        path = begin(client)
        assert client.path == f"{path}/etapes/documents"
        join(client, path, "facture")
        client.get(f"{path}/etapes/documents")
        client.click("Continuer")
        assert client.path == f"{path}/etapes/date"
        client.submit(f'form[action="{path}/etapes/date"]', jour=YESTERDAY.isoformat())
        assert client.path == f"{path}/etapes/personne"
        lou = next(
            node.attributes["value"]
            for node in client.page.css("input[name=personne]")
            if "Lou" in client.page.one(f'label[for="{node.attributes["id"]}"]').text()
        )
        client.submit(f'form[action="{path}/etapes/personne"]', personne=lou)
        assert client.path == f"{path}/etapes/soin"
        client.submit(f'form[action="{path}/etapes/soin"]', soin="optique")
        client.submit(f'form[action="{path}/etapes/montant"]', prix="1 234,56 €")
        assert client.path == path
        assert "1\u00a0234,56\u00a0€" in client.page.text
        assert client.page.css("section.slot h3")[1].text() == "Ordonnance"
        join(client, path, "ordonnance", "decompte")
        client.get(path)
        client.submit(f'form[action="{path}/envoi"]')
        assert "Nous avons votre demande" in client.page.text
        assert case_row(client).person_id == home["Lou"].id
        kept = ["case.opened", "piece.added", *["case.changed"] * 4, "piece.added", "piece.added", "case.sent"]
        assert acts(client) == [act for act in kept if act.startswith("case")]

    def test_each_answer_brings_the_next_question_in_place(self, client) -> None:
        """The page that htmx leaves is the one that a reload gives."""
        path = begin(client)
        client.get(f"{path}/etapes/date")
        assert_swap_equals_reload(client, f'form[action="{path}/etapes/date"]', jour=YESTERDAY.isoformat())
        assert client.path == f"{path}/etapes/personne"
        first = client.page.css("input[name=personne]")[0].attributes["value"]
        assert_swap_equals_reload(client, f'form[action="{path}/etapes/personne"]', personne=first)
        assert_swap_equals_reload(client, f'form[action="{path}/etapes/soin"]', soin="dentaire")
        fields = {"prix": "60", "version": str(case_row(client).version), "jeton": token_in(ask(client, client.path))}
        client.fragment(f"/fragments{path}/etapes/montant", fields, method="POST", target="question")
        assert client.answer.headers["hx-redirect"] == path

    def test_wrong_answer_in_place_says_what_the_page_says(self, client) -> None:
        path = begin(client)
        fields = {"jour": "demain", "version": "1", "jeton": token_in(ask(client, f"{path}/etapes/date"))}
        client.fragment(f"/fragments{path}/etapes/date", fields, method="POST", failing=True, target="question")
        assert client.status == 422
        assert 'id="jour-erreur"' in client.answer.text
        assert 'value="demain"' in client.answer.text

    @pytest.mark.parametrize(
        ("step", "fields", "name"),
        [
            ("date", {"jour": ""}, "jour"),
            ("date", {"jour": "31/02/2026"}, "jour"),
            ("date", {"jour": (today() + timedelta(days=1)).isoformat()}, "jour"),
            ("date", {"jour": (today() - timedelta(days=740)).isoformat()}, "jour"),
            ("personne", {"personne": "x"}, "personne"),
            ("soin", {"soin": "cryotherapie"}, "soin"),
            ("montant", {"prix": "gratuit"}, "prix"),
            ("montant", {"prix": "0"}, "prix"),
            ("montant", {"prix": "100000,01"}, "prix"),
        ],
    )
    def test_what_is_wrong_is_told_and_nothing_is_lost(self, client, step, fields, name) -> None:
        path = fill(client, begin(client))
        version = str(case_row(client).version)
        found = send(client, f"{path}/etapes/{step}", fields | {"version": version}, form_at=path)
        assert found.status_code == 422
        assert f'id="{name}-erreur"' in found.text
        assert str(case_row(client).version) == version

    def test_barred_care_names_the_law(self, client) -> None:
        path = begin(client)
        fields = {"jour": (today() - timedelta(days=740)).isoformat(), "version": "1"}
        assert "L221-11" in send(client, f"{path}/etapes/date", fields, form_at=path).text

    def test_person_is_asked_after_the_day_alone(self, client) -> None:
        path = begin(client)
        found = send(client, f"{path}/etapes/personne", {"personne": "x", "version": "1"}, form_at=path)
        assert "quel jour" in found.text

    def test_unknown_questions_are_not_found(self, client) -> None:
        path = begin(client)
        assert ask(client, f"{path}/etapes/age").status_code == 404
        assert send(client, f"{path}/etapes/documents", {"version": "1"}, form_at=path).status_code == 404

    def test_another_tab_loses_nothing(self, client) -> None:
        path = fill(client, begin(client))
        fields = {"prix": "75,50", "version": "1"}
        found = send(client, f"{path}/etapes/montant", fields, form_at=path)
        assert found.status_code == 422
        assert "dans un autre onglet" in found.text
        assert 'value="75,50"' in found.text

    def test_not_sent_without_its_documents(self, client) -> None:
        path = fill(client, begin(client), care="optique")
        client.get(path)
        found = send(client, f"{path}/envoi", {"version": str(case_row(client).version)}, form_at=path)
        assert found.status_code == 422
        assert "Il manque un document" in found.text
        assert case_row(client).state == CaseState.DRAFT

    def test_deleted_with_its_files(self, client) -> None:
        path = fill(client, begin(client))
        join(client, path, "facture")
        client.get(path)
        client.submit(f'form[action="{path}/suppression"]')
        assert client.path == LIST
        assert case_row(client) is None
        assert acts(client)[-1] == "case.deleted"

    @pytest.mark.parametrize("fields", [{}, {"type": "autre"}, {"type": "facture", "devis": "x"}])
    def test_strange_beginnings_are_refused_in_words(self, client, fields) -> None:
        assert send(client, NEW, fields, form_at=f"{NEW}?type=facture").status_code == 422

    def test_twenty_drafts_are_enough(self, client) -> None:
        for _ in range(20):
            say(client, begin(client), "date", jour=YESTERDAY.isoformat())
        found = send(client, NEW, {"type": "facture"}, form_at=f"{NEW}?type=facture")
        assert "vingt brouillons" in found.text

    def test_exact_documents_are_told_before_one_starts(self, client) -> None:
        client.get(f"{NEW}?type=facture&soin=optique")
        shown = [node.text() for node in client.page.css(".checklist strong")]
        assert shown == ["Facture détaillée de l’opticien", "Ordonnance", "Décompte de la Sécurité sociale"]


class TestSent:
    def test_receipt_says_nothing_of_the_care(self, client) -> None:
        sent(client)
        (letter,) = letters(client.services.database, client.services)
        assert (letter.name, letter.to) == ("claim-received", "anne@exemple.example")
        assert case_row(client).reference in letter.text
        assert "douces" not in letter.text + letter.html
        assert "60,00" not in letter.text

    def test_sent_once_from_two_tabs(self, client) -> None:
        path = fill(client, begin(client))
        join(client, path, "facture")
        fields = {"version": str(case_row(client).version), "jeton": token_in(ask(client, path))}
        found = [
            client.http.post(f"{path}/envoi", data=fields, headers=SAME_ORIGIN, follow_redirects=False)
            for _ in range(2)
        ]
        assert [each.status_code for each in found] == [303, 422]
        assert "reçue qu’une fois" in found[1].text
        assert len(letters(client.services.database, client.services)) == 1

    def test_nothing_of_it_changes_any_more(self, client) -> None:
        path = sent(client)
        version = str(case_row(client).version)
        assert ask(client, f"{path}/etapes/date").headers["location"] == path
        for act in ("etapes/montant", "suppression", "reponse"):
            fields = {"version": version, "prix": "70", "reponse": "Bonjour"}
            assert send(client, f"{path}/{act}", fields, form_at=path).status_code == 422
        fields = {"prix": "70", "version": version, "jeton": token_in(ask(client, path))}
        client.fragment(f"/fragments{path}/etapes/montant", fields, method="POST", target="question")
        assert client.answer.headers["hx-redirect"] == path
        with client.services.database.read() as db:
            assert db.exec(select(Claim)).one().spent_cents == 6000

    def test_refused_document_is_asked_again_alone_with_its_motive(self, client, agent) -> None:
        path = sent(client)
        at_desk(
            client,
            agent,
            lambda db, who, keys, case: refuse_piece(
                db, who, keys, case, pieces_of(db, case)[0].id, "La date est illisible.", utc_now()
            ),
        )
        client.get(path)
        assert "La date est illisible." in client.page.text
        assert (
            send(client, f"{path}/envoi", {"version": str(case_row(client).version)}, form_at=path).status_code == 422
        )
        join(client, path, "facture")
        client.get(path)
        client.submit(f'form[action="{path}/envoi"]')
        assert case_row(client).state == CaseState.SENT

    def test_question_of_the_desk_is_answered(self, client, agent) -> None:
        path = sent(client)
        at_desk(client, agent, lambda db, who, keys, case: answer(db, who, keys, case, ASKED, utc_now()))
        client.get(path)
        client.submit(f'form[action="{path}/reponse"]', reponse="Le docteur Songe.")
        assert "Le docteur Songe." in client.page.text
        assert case_row(client).state == CaseState.SENT

    def test_answer_that_is_no_longer_waited_for_is_given_back(self, client, agent) -> None:
        path = sent(client)
        at_desk(client, agent, lambda *given: answer(*given, ASKED, utc_now()))
        client.get(path)
        written = client.form(f'form[action="{path}/reponse"]')
        at_desk(client, agent, lambda *given: move_by_desk(*given, CaseState.REFUSED, "Hors contrat.", utc_now()))
        written.fill({"reponse": "Le docteur Songe."})
        client.send(written)
        assert client.answer.status_code == 422
        lost = client.page.one("#non-envoye")
        assert "Ce que vous aviez écrit" in lost.text()
        assert "Le docteur Songe." in lost.text()
        assert client.page.one("#erreurs a").attributes["href"] == "#non-envoye"

    def test_taken_back_by_its_author(self, client) -> None:
        path = sent(client)
        client.get(path)
        client.submit(f'form[action="{path}/annulation"]')
        assert "Demande annulée" in client.page.text
        assert send(client, f"{path}/annulation", {"version": "1"}, form_at=LIST + "/nouvelle").status_code == 422

    def test_nobody_else_reads_or_moves_it(self, client, make) -> None:
        path = sent(client)
        enter(client, make(factories.member_with_account, name="Autre")[1])
        for page in (path, f"{path}/etapes/date"):
            assert ask(client, page).status_code == 404
        for act in ("envoi", "reponse", "annulation", "suppression", "etapes/montant"):
            fields = {"version": "6", "reponse": "Bonjour", "prix": "60"}
            assert send(client, f"{path}/{act}", fields, form_at=f"{NEW}?type=facture").status_code == 404
        client.get(LIST)
        assert not client.page.css(".rows")

    def test_former_member_claims_what_was_covered_and_quotes_nothing(self, client) -> None:
        """R-64 closes changes; a claim changes nothing, and the law gives two years (L221-11)."""
        gone = {"day": today() - timedelta(days=30)}
        with client.services.database.write() as db:
            db.execute(text("UPDATE beneficiary SET valid_to = :day"), gone)
            db.execute(text("UPDATE contract SET ends_on = :day"), gone)
        sent(client, day=today() - timedelta(days=40))
        assert case_row(client).state == CaseState.SENT
        path = begin(client, "devis")
        say(client, path, "date", jour=today().isoformat())
        assert "Personne n’est couvert" in client.page.text


class TestQuote:
    @pytest.mark.usefixtures("tariffs")
    def test_estimate_is_shown_then_kept_then_compared_with_what_was_paid(self, client, home, agent) -> None:
        path = fill(client, begin(client, "devis"), day=today(), care="dentaire", acte="ICO", prix="850")
        client.get(path)
        assert "490,00\u00a0€" in client.page.text
        join(client, path, "devis")
        client.get(path)
        client.submit(f'form[action="{path}/envoi"]')
        at_desk(
            client,
            agent,
            lambda db, who, keys, case: answer_quote(
                db, who, keys, case, CaseState.ACCEPTED, "D’accord.", utc_now(), base_net=7200, supplementary=28800
            ),
        )
        self.pay(client, home)
        assert follow_claims(client.services, utc_now()) == 1
        client.get(path)
        assert "Pourquoi cet écart" in client.page.text
        assert "Le professionnel a facturé 900,00\u00a0€, et non 850,00\u00a0€." in client.page.text
        assert "case.lines-linked" in acts(client)
        assert [letter.name for letter in letters(client.services.database, client.services)].count("case-news") == 2

    def pay(self, client, home) -> None:
        amounts = {"spent_cents": 90000, "base_cents": 12000, "base_rate": 60, "base_gross_cents": 7200}
        shares = {"flat_fee_cents": 0, "base_net_cents": 7200, "supplementary_cents": 28800, "remaining_cents": 54000}
        with client.services.database.write() as db:
            care = {"act_code": "ICO", "family": Family.DENTAL, "care_date": today()}
            factories.paid_line(db, home.contract, **care, **amounts, **shares)

    @pytest.mark.usefixtures("tariffs")
    def test_sector_is_asked_where_it_matters(self, client) -> None:
        path = fill(client, begin(client, "devis"), day=today(), care="aides_auditives")
        version = str(case_row(client).version)
        fields = {"acte": "PAU", "prix": "950", "version": version}
        found = send(client, f"{path}/etapes/montant", fields, form_at=path)
        assert found.status_code == 422
        assert 'id="secteur-erreur"' in found.text
        for wrong in ({"acte": "ZZZ"}, {"acte": "PAU", "secteur": "optam"}, {"quantite": "31"}):
            fields = {"prix": "950", "version": version} | wrong
            assert send(client, f"{path}/etapes/montant", fields, form_at=path).status_code == 422
        say(client, path, "montant", acte="PAU", prix="950", secteur="panier_100_sante")
        assert "0,00\u00a0€" in client.page.text

    def test_invoice_follows_with_what_is_known(self, client, home, agent) -> None:
        path = sent(client, "devis", day=today())
        at_desk(
            client,
            agent,
            lambda db, who, keys, case: answer_quote(db, who, keys, case, CaseState.ACCEPTED, "D’accord.", utc_now()),
        )
        client.get(path)
        client.click("J’ai payé : envoyer la facture")
        client.submit(START)
        invoice = client.path.partition("/etapes/")[0]
        client.get(invoice)
        assert "Médecines douces" in client.page.text
        assert case_row(client).kind == CaseKind.CLAIM
        assert case_row(client).person_id == home.member.id

    def test_quote_of_somebody_else_cannot_be_followed(self, client, make, agent) -> None:
        path = sent(client, "devis", day=today())
        at_desk(
            client,
            agent,
            lambda db, who, keys, case: answer_quote(db, who, keys, case, CaseState.ACCEPTED, "D’accord.", utc_now()),
        )
        enter(client, make(factories.member_with_account, name="Autre")[1])
        fields = {"type": "facture", "devis": path.rpartition("/")[2]}
        assert send(client, NEW, fields, form_at=f"{NEW}?type=facture").status_code == 422


class TestWaitingLine:
    def test_home_leads_to_the_claim_of_a_line_that_waits(self, client, home) -> None:
        with client.services.database.write() as db:
            factories.line(db, home.contract, status=Status.AWAITING_PIECE, family=Family.OPTICAL, label="Lunettes")
        client.get("/adherent")
        (button,) = client.page.css(".notice.wait:not(#session) a.button")
        client.get(button.attributes["href"])
        assert "Lunettes" in client.page.text
        start = client.form(START)

        def press() -> str:
            client.send(start)
            return client.answer.headers["location"]

        path = press().partition("/etapes/")[0]
        client.get(path)
        assert "Nous l’avons déjà" in client.page.text
        assert press() == f"{path}/etapes/documents"
        assert acts(client) == ["case.opened"]
        join(client, path, "facture", "ordonnance")
        client.get(path)
        client.submit(f'form[action="{path}/envoi"]')
        assert press() == path

    def test_paid_line_settles_its_claim_and_tells(self, client, home) -> None:
        sent(client)
        with client.services.database.write() as db:
            shares = {"supplementary_cents": 4000, "remaining_cents": 2000}
            nothing = {"base_net_cents": 0, "base_gross_cents": 0, "flat_fee_cents": 0, "base_cents": 0}
            care = {"family": Family.ALTERNATIVE, "care_date": YESTERDAY, "spent_cents": 6000}
            factories.paid_line(db, home.contract, **care, **shares, **nothing)
        assert follow_claims(client.services, utc_now()) == 2
        assert case_row(client).state == CaseState.ACCEPTED
        assert acts(client)[-2:] == ["case.lines-linked", "case.decided"]
        assert follow_claims(client.services, utc_now()) == 0
