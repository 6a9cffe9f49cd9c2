"""A professional’s check of rights: exact, limited to the profession, on record, found again (R-42, R-51, R-62)."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from stdnum.fr import nir as stdnum_nir

from portal.card_matrix import matrix_text
from portal.data.accounts import Role
from portal.data.card_codes import code_of
from portal.data.cards import wallet_on
from portal.data.evidence_audit import rows_of_account
from portal.data.throttling import RIGHTS_USER
from portal.formatting import today
from tests.support import factories
from tests.support.cards import covered_household
from tests.support.entry import ask, enter, send, token_in
from tests.support.html import text_of
from tests.support.rights import OPTICIAN, practice

RIGHTS, HISTORY = "/professionnel/droits", "/professionnel/droits/historique"
NIR = "2800578006084"
NIR += stdnum_nir.calc_check_digits(NIR)
pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def family(client):
    keyring = client.services.keyring
    with client.services.database.write() as db:
        made = covered_household(db)
        made.member.nir_encrypted, made.member.nir_lookup = keyring.encrypt(NIR), keyring.lookup(NIR)
        db.flush()
        return made


@pytest.fixture
def pharmacist(client, make):
    account = make(practice)
    enter(client, account)
    return account


def checked(client, number: str, born: date | str = "", **fields: str) -> str:
    """The words of the answer's page, or of the form when something is wrong."""
    birth = born.isoformat() if isinstance(born, date) else born
    client.get(RIGHTS)
    client.submit(f'form[action="{RIGHTS}"]', numero=number, naissance=birth, **({"motif": "1"} | fields))
    return words(client)


def words(client) -> str:
    return " ".join(text_of(client.page.first("main")).replace("\xa0", " ").split())


def checks(client) -> list[tuple[str, str, int | None]]:
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT object, reason, actor FROM evidence WHERE action = 'rights.checked'"))
        return [tuple(row) for row in rows]


def card_of(client, family):
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, factories.member_account(db, client.services.keyring, family.member))
        (card,) = wallet_on(db, viewer, today(), today()).cards
    return card


@pytest.mark.usefixtures("pharmacist")
class TestAnswer:
    def test_pharmacist_is_told_what_the_card_prints_of_pharmacy_alone(self, client, family) -> None:
        said = checked(client, family.contract.member_number, family.member.birth_date)
        assert "Droits ouverts" in said
        assert "Essai Anne" in said
        assert "100 (KA) : nous vous payons jusqu’à 100 % de la base" in said
        assert "OPTI" not in said
        assert "0099999901" in said
        assert re.search(r"\d{4} \d{4} \d{4} \d{4}", said)

    def test_optician_is_told_of_glasses_alone(self, client, family, make) -> None:
        enter(client, make(practice, profession=OPTICIAN, code="OPTI"))
        said = checked(client, family.contract.member_number, family.member.birth_date)
        assert "PEC (KA) : tiers payant après notre accord" in said
        assert "PHAR" not in said

    def test_staff_of_the_practice_check_as_its_holder_does(self, client, family, make) -> None:
        enter(client, make(practice, role=Role.PROVIDER_STAFF))
        assert "Droits ouverts" in checked(client, family.contract.member_number, family.member.birth_date)

    def test_dependant_is_found_by_the_members_numbers(self, client, family) -> None:
        for number in (family.contract.member_number.lower(), f" {NIR[:7]} {NIR[7:]} ", NIR[:13]):
            said = checked(client, number, family["Zoé"].birth_date)
            assert "Essai Zoé" in said, number
            assert "Essai Anne" not in said

    def test_card_code_names_its_only_person_without_a_birth_date(self, client, family) -> None:
        card = card_of(client, family)
        own = card.only(family["Zoé"].id)
        assert own
        assert "Essai Zoé" in checked(client, code_of(client.services.keyring, own))

    def test_datamatrix_of_a_family_needs_a_birth_date_and_then_answers(self, client, family) -> None:
        card = card_of(client, family)
        scanned = matrix_text(card, code_of(client.services.keyring, card))
        assert "Cette carte nomme plusieurs personnes" in checked(client, scanned)
        assert client.status == 422
        assert checks(client) == []
        assert "Essai Paul" in checked(client, scanned, family["Paul"].birth_date)

    def test_datamatrix_that_says_another_number_is_inconsistent(self, client, family) -> None:
        card = card_of(client, family)
        scanned = matrix_text(card, code_of(client.services.keyring, card))
        forged = scanned.replace(family.contract.member_number, "AUTRE1")
        assert "Données incohérentes" in checked(client, forged, family["Paul"].birth_date)

    def test_card_with_another_birth_date_is_inconsistent_and_names_nobody(self, client, family) -> None:
        said = checked(client, code_of(client.services.keyring, card_of(client, family)), date(1999, 9, 9))
        assert "Données incohérentes" in said
        assert "Essai" not in said.replace("Pharmacie Essai", "")

    def test_twins_are_told_apart_by_their_rank_alone(self, client, family) -> None:
        born = date(2018, 4, 4)
        with client.services.database.write() as db:
            for rank, name in ((1, "Léa"), (2, "Tom")):
                child = factories.person(db, name, born=born)
                factories.cover(db, family.contract, child).birth_rank = rank
            db.flush()
        number = family.contract.member_number
        assert "Essai Léa" in checked(client, number, born, rang="1")
        assert "Essai Tom" in checked(client, number, born, rang="2")
        assert "Bénéficiaire inconnu" in checked(client, number, born, rang="3")

    def test_two_persons_of_the_same_marks_are_inconsistent(self, client, family) -> None:
        born = date(2018, 4, 4)
        with client.services.database.write() as db:
            for name in ("Léa", "Tom"):
                factories.cover(db, family.contract, factories.person(db, name, born=born))
        assert "Données incohérentes" in checked(client, family.contract.member_number, born)

    @pytest.mark.parametrize(
        ("starts", "ends", "state"),
        [(-400, -1, "Droits fermés"), (30, None, "Pas de couverture à cette date"), (-400, 0, "Droits ouverts")],
    )
    def test_cover_that_ended_or_is_to_come_tells_no_column(self, client, starts, ends, state) -> None:
        start, end = today() + timedelta(starts), None if ends is None else today() + timedelta(ends)
        with client.services.database.write() as db:
            made = covered_household(db, starts_on=start, ends_on=end)
        said = checked(client, made.contract.member_number, made.member.birth_date)
        assert state in said
        assert ("PHAR" in said) is (state == "Droits ouverts")

    def test_rights_of_a_past_day_are_those_of_that_day(self, client) -> None:
        with client.services.database.write() as db:
            made = covered_household(db, ends_on=today() - timedelta(10))
        day = (today() - timedelta(20)).isoformat()
        assert "Droits ouverts" in checked(client, made.contract.member_number, made.member.birth_date, soins=day)


@pytest.mark.usefixtures("pharmacist")
class TestUnknown:
    @pytest.mark.parametrize("wrong", ["number", "birth", "rank"])
    def test_whatever_is_wrong_gives_the_same_page(self, client, family, wrong) -> None:
        """R-62: a number that exists is not told from one that does not."""
        number = "INCONNU9" if wrong == "number" else family.contract.member_number
        born = family.member.birth_date + timedelta(wrong == "birth")
        said = checked(client, number, born, rang="2" if wrong == "rank" else "1")
        assert "Bénéficiaire inconnu" in said
        assert "Aucune personne ne correspond exactement" in said
        assert "Corriger et recommencer" in said
        with client.services.database.read() as db:
            assert db.execute(text("SELECT person_id, status FROM rights_check")).all() == [
                (None, "beneficiaire_inconnu")
            ]

    def test_what_missed_comes_back_to_be_corrected_and_opens_for_its_author_alone(self, client, family, make) -> None:
        """R-42: one mistyped mark is one mark to type again."""
        born = family.member.birth_date
        checked(client, family.contract.member_number, born, rang="2")
        for mark in (family.contract.member_number, born.isoformat()):
            assert mark not in client.path
        href = client.page.one('a[aria-describedby="reponse"]').attributes["href"]
        client.get(href)
        client.submit(f'form[action="{RIGHTS}"]', rang="1")
        assert "Droits ouverts" in words(client)
        assert client.page.one('a[aria-describedby="reponse"]').attributes["href"] == RIGHTS
        enter(client, make(practice))
        client.get(href)
        assert client.page.first('input[name="numero"]').attributes.get("value", "") == ""

    @pytest.mark.parametrize("number", ["%", "*", "A%", "A*1", "_______", "A?", "A'OR'1'='1", "<script>", "é" * 10])
    def test_no_part_of_a_number_finds_anybody(self, client, family, number) -> None:
        assert "Saisissez le numéro entier" in checked(client, number, family.member.birth_date)
        assert client.status == 422
        assert checks(client) == []

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("numero", "", "Saisissez le numéro d’adhérent"),
            ("numero", NIR[:-1] + "0", "sa clé est fausse"),
            ("naissance", "", "Donnez la date de naissance"),
            ("naissance", "31/02/1980", "n’est pas possible"),
            ("naissance", "2999-01-01", "n’est pas possible"),
            ("rang", "0", "un chiffre de 1 à 9"),
            ("rang", "²", "un chiffre de 1 à 9"),
            ("soins", "2026-02-31", "Cette date n’existe pas"),
            ("soins", "1990-01-01", "Choisissez une date"),
            ("soins", "9999-12-31", "Choisissez une date"),
        ],
    )
    def test_wrong_field_is_explained_and_nothing_is_asked(self, client, field, value, message) -> None:
        good = {"numero": "A1234", "naissance": "1980-05-17", "motif": "1"}
        client.get(RIGHTS)
        client.submit(f'form[action="{RIGHTS}"]', **(good | {field: value}))
        assert message in words(client)
        assert client.status == 422
        assert checks(client) == []

    def test_purpose_that_is_not_ticked_is_asked_for(self, client, family) -> None:
        fields = {"numero": family.contract.member_number, "naissance": family.member.birth_date.isoformat()}
        answer = send(client, RIGHTS, fields | {"rang": "1", "soins": today().isoformat()}, form_at=RIGHTS)
        assert answer.status_code == 422
        assert "Cochez que vous prenez ce patient en charge" in answer.text
        assert checks(client) == []


@pytest.mark.usefixtures("pharmacist")
class TestAgreement:
    def test_day_without_agreement_looks_for_nobody(self, client, family, make) -> None:
        enter(client, make(practice, starts_on=today() - timedelta(10)))
        day = (today() - timedelta(11)).isoformat()
        said = checked(client, family.contract.member_number, family.member.birth_date, soins=day)
        assert "Professionnel sans convention" in said
        assert "Essai Anne" not in said
        with client.services.database.read() as db:
            assert db.execute(text("SELECT person_id, agreement_id FROM rights_check")).all() == [(None, None)]

    def test_ended_agreement_leaves_past_answers_and_no_new_one(self, client, family) -> None:
        """R-64: reading for two years."""
        checked(client, family.contract.member_number, family.member.birth_date)
        answer = client.path_of_page
        with client.services.database.write() as db:
            db.execute(text("UPDATE agreement SET ends_on = :day"), {"day": (today() - timedelta(1)).isoformat()})
        assert ask(client, RIGHTS).status_code == 403
        assert send(client, RIGHTS, {}, form_at=HISTORY).status_code == 403
        assert "Droits ouverts" in client.get(answer).text
        assert "Essai Anne" in client.get(HISTORY).text.replace("\xa0", " ")

    def test_member_and_employer_check_nobody(self, client, family, make) -> None:
        enter(client, make(factories.member_account, of=family.member))
        assert ask(client, RIGHTS).status_code == 403
        assert ask(client, HISTORY).status_code == 403


@pytest.mark.usefixtures("pharmacist")
class TestProof:
    def test_check_is_in_the_journal_of_the_person_with_the_practice(self, client, family, pharmacist, make) -> None:
        checked(client, family.contract.member_number, family.member.birth_date)
        (act,) = checks(client)
        assert act[1:] == ("droits_ouverts", pharmacist.id)
        enter(client, make(factories.member_account, of=family.member))
        client.services.journal.flush()
        client.get("/compte/journal")
        said = words(client)
        assert said.count(f"Vos droits ont été vérifiés, engagement {act[0]}, par Pharmacie Essai") == 1
        assert "relue" not in said

    def test_check_of_a_dependant_is_no_reading_of_the_member(self, client, family, make) -> None:
        checked(client, family.contract.member_number, family["Paul"].birth_date)
        account = make(factories.member_account, of=family.member)
        client.services.journal.flush()
        with client.services.database.read() as db:
            assert rows_of_account(db, account.id, family.member.id) == []

    def test_answer_read_by_a_colleague_is_told_to_the_person(self, client, family, pharmacist, make) -> None:
        checked(client, family.contract.member_number, family.member.birth_date)
        path = client.path_of_page
        colleague = make(factories.provider_account, provider_id=pharmacist.provider_id)
        enter(client, colleague)
        assert "Droits ouverts" in client.get(path).text
        client.services.journal.flush()
        account = make(factories.member_account, of=family.member)
        with client.services.database.read() as db:
            acts = [row["action"] for row in rows_of_account(db, account.id, family.member.id)]
        assert acts == ["rights.checked", "rights.check-read"]

    def test_past_answer_says_what_was_said_whatever_became_of_the_rights(self, client, family) -> None:
        said = checked(client, family.contract.member_number, family.member.birth_date)
        with client.services.database.write() as db:
            db.execute(text("UPDATE contract SET ends_on = '2021-01-01'"))
            db.execute(text("UPDATE person SET last_name = 'Autre'"))
        client.get(client.path_of_page)
        assert words(client) == said

    def test_answer_of_another_practice_does_not_exist(self, client, family, make) -> None:
        checked(client, family.contract.member_number, family.member.birth_date)
        path, number = client.path_of_page, checks(client)[0][0]
        enter(client, make(practice))
        assert ask(client, path).status_code == 404
        assert "Essai Anne" not in client.get(HISTORY).text.replace("\xa0", " ")
        client.submit(f'form[action="{HISTORY}"][method=post]', engagement=number)
        assert "Aucune vérification de votre structure" in words(client)
        assert ask(client, f"{RIGHTS}/reponses/{'A' * 22}").status_code == 404

    def test_content_put_in_the_place_of_another_does_not_open(self, client, family) -> None:
        for name in ("Zoé", "Paul"):
            checked(client, family.contract.member_number, family[name].birth_date)
        with client.services.database.write() as db:
            newest = db.execute(text("SELECT content_sealed FROM rights_check ORDER BY id DESC")).scalar()
            db.execute(text("UPDATE rights_check SET content_sealed = :content"), {"content": newest})
        client.get(HISTORY, failing=True)
        assert client.status == 500

    def test_nothing_personal_stands_in_an_address_or_unsealed(self, client, family) -> None:
        checked(client, family.contract.member_number, family.member.birth_date)
        assert re.fullmatch(rf"{RIGHTS}/reponses/[\w-]{{22}}", client.path_of_page)
        with client.services.database.read() as db:
            row = str(db.execute(text("SELECT * FROM rights_check")).all())
        for mark in ("Anne", "Essai", family.contract.member_number, "1980"):
            assert mark not in row


@pytest.mark.usefixtures("pharmacist")
class TestHistory:
    def test_practice_finds_an_answer_again_by_day_or_number(self, client, family) -> None:
        checked(client, family.contract.member_number, family.member.birth_date)
        answer, number = client.path_of_page, checks(client)[0][0]
        client.get(HISTORY)
        assert "Essai Anne" in words(client)
        client.submit(f'form[action="{HISTORY}"][method=post]', engagement=f"{number[:4]} {number[4:]}")
        assert client.path_of_page == answer
        client.get(f"{HISTORY}?le={today().isoformat()}")
        assert "Essai Anne" in words(client)
        client.get(f"{HISTORY}?le=2020-01-01")
        assert "Aucune vérification ce jour-là" in words(client)

    @pytest.mark.parametrize("day", ["2026-02-31", "zz", "1/1", "'--"])
    def test_day_that_does_not_exist_is_explained(self, client, day) -> None:
        client.get(f"{HISTORY}?le={day}")
        assert client.status == 422
        assert "Cette date n’existe pas" in words(client)

    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    def test_first_and_last_days_of_the_calendar_are_harmless(self, client, day) -> None:
        client.get(f"{HISTORY}?le={day}")
        assert client.status == 200

    def test_older_answers_follow_page_by_page_without_a_gap(self, client, family, monkeypatch) -> None:
        monkeypatch.setattr("portal.data.rights_checks.PAGE", 2)
        monkeypatch.setattr("portal.pages.provider.rights_history.PAGE", 2)
        for _ in range(3):
            checked(client, family.contract.member_number, family.member.birth_date)
        client.get(HISTORY)
        assert words(client).count("Engagement ") == 2
        more = client.page.first("#suite a").attributes["href"]
        client.get(more)
        assert words(client).count("Engagement ") == 1
        assert ask(client, f"{HISTORY}?apres={'A' * 22}").status_code == 404


@pytest.mark.usefixtures("pharmacist")
class TestLimits:
    def test_flood_of_one_user_is_stopped_and_looks_for_nobody(self, client, family, monkeypatch) -> None:
        monkeypatch.setattr("portal.data.rights_checks.RIGHTS_USER", replace(RIGHTS_USER, allowed=2))
        marks = family.contract.member_number, family.member.birth_date
        answers = [checked(client, *marks) for _ in range(3)]
        assert ["Droits ouverts" in said for said in answers] == [True, True, False]
        assert "Trop de vérifications" in answers[-1]
        assert client.status == 422
        assert len(checks(client)) == 2

    def test_guesser_is_stopped_after_ten_misses_even_with_the_right_marks(self, client, family, pharmacist) -> None:
        for number in range(10):
            if number == 5:
                enter(client, pharmacist)
            assert "Bénéficiaire inconnu" in checked(client, f"AUTRE{number}000", family.member.birth_date)
        enter(client, pharmacist)
        assert "trop de saisies sans résultat" in checked(
            client, family.contract.member_number, family.member.birth_date
        )
        assert len(checks(client)) == 10

    def test_user_who_missed_often_proves_who_they_are_before_the_form(self, client, family, pharmacist) -> None:
        """R-62: a proof answers for what was seen before it; what is posted after five more misses is not answered."""
        marks = {"naissance": "1980-05-17", "rang": "1", "soins": today().isoformat(), "motif": "1"}
        token = token_in(ask(client, RIGHTS), RIGHTS)
        for number in range(5):
            checked(client, f"AUTRE{number}000", family.member.birth_date)
        fields = marks | {"numero": family.contract.member_number, "jeton": token}
        for answer in (ask(client, RIGHTS), send(client, RIGHTS, fields)):
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/compte/confirmation")
        assert len(checks(client)) == 5
        assert ask(client, HISTORY).status_code == 200
        enter(client, pharmacist)
        assert "Droits ouverts" in checked(client, family.contract.member_number, family.member.birth_date)
