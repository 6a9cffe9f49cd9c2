"""A practice's software checks rights: what the page says, once for each key, on record (R-42, R-51, R-62)."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from portal.data.rights_patterns import BOUNDS, Pattern
from portal.data.throttling import RIGHTS_USER
from portal.formatting import today
from portal.security import OneTimeCode
from tests.api.conftest import RIGHTS, question
from tests.support import factories
from tests.support.cards import covered_household
from tests.support.entry import ask, enter
from tests.support.html import text_of
from tests.support.rights import FIRST_NUMBER, OPTICIAN, members_in_a_row

PAGE = "/professionnel/droits"
KEY = "Idempotency-Key"
# What differs by nature: the check's own number and time; codes that the page says in words.
OWN = {"engagement", "verifie_le", "etat", "designation"}
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


def rows(client, query: str, **values) -> list[tuple]:
    client.services.journal.flush()
    with client.services.database.read() as db:
        return [tuple(row) for row in db.execute(text(query), values)]


def kind(answer) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]
    return problem["type"].rpartition(":")[2]


def wrong(answer) -> dict[str, str]:
    assert (answer.status_code, kind(answer)) == (422, "champs-a-corriger")
    return {error["champ"]: error["message"] for error in answer.json()["erreurs"]}


def words(client) -> str:
    return " ".join(text_of(client.page.first("main")).replace("\xa0", " ").split())


def strings(value) -> list[str]:
    """Every text of the answer, dates as the page writes them."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return [f"{date.fromisoformat(value):%d/%m/%Y}"]
    return [value.replace("\xa0", " ")] if isinstance(value, str) else []


@pytest.fixture(autouse=True)
def _day():
    """A working day: at night a practice that never works then is asked for a proof."""
    with time_machine.travel(NOON):
        yield


class TestAnswer:
    @pytest.mark.parametrize(("profession", "code"), [("pharmacien", "PHAR"), (OPTICIAN, "OPTI")])
    @pytest.mark.parametrize("offset", [-700, 0, 30])
    def test_software_and_page_are_told_the_very_same(
        self, client, make_software, family, profession, code, offset
    ) -> None:
        """R-42: one function; the digest in the evidence is that of the whole content."""
        software = make_software(profession=profession, code=code)
        day = today() + timedelta(offset)
        for person in (family.member, family["Zoé"], family["Paul"]):
            told = software.check(question(family, person, soins=day.isoformat())).json()
            enter(client, software.of.account)
            client.get(PAGE)
            fields = {"numero": family.contract.member_number, "naissance": person.birth_date.isoformat()}
            client.submit(f'form[action="{PAGE}"]', **fields, soins=day.isoformat(), motif="1")
            said = words(client)
            for each in strings({name: value for name, value in told.items() if name not in OWN}):
                assert each in said or each == f"{day:%d/%m/%Y}", each
            digests = rows(client, "SELECT details FROM evidence_detail WHERE details LIKE '%\"answer\"%' ORDER BY seq")
            first, second = (re.search(r'"answer": ?"(\w{64})"', row[0])[1] for row in digests[-2:])
            assert first == second

    def test_answer_has_every_field_in_a_form_for_programs(self, software, family) -> None:
        told = software.check(question(family)).json()
        assert re.fullmatch(r"\d{16}", told["engagement"])
        assert told["etat"] == "droits_ouverts"
        assert told["personne"]["nom"] == "Essai"
        assert told["validite"]["numero_amc"] == "0099999901"
        (care,) = told["familles"]
        assert (care["code"], care["tiers_payant"], care["taux"]) == ("PHAR", True, 100)
        assert told["verifie_le"].endswith("Z")

    def test_whoever_is_not_found_gives_one_answer_whatever_is_wrong(self, software, family) -> None:
        told = [
            software.check(question(family, numero="INCONNU9")).json(),
            software.check(question(family, naissance="1981-01-01")).json(),
            software.check(question(family, rang=2)).json(),
        ]
        for each in told:
            del each["engagement"], each["verifie_le"]
        assert told[0] == told[1] == told[2]
        assert (told[0]["etat"], told[0]["personne"]) == ("beneficiaire_inconnu", None)

    def test_day_without_agreement_looks_for_nobody(self, client, make_software, family) -> None:
        software = make_software(starts_on=today() - timedelta(10))
        told = software.check(question(family, soins=(today() - timedelta(11)).isoformat())).json()
        assert (told["etat"], told["personne"]) == ("hors_convention", None)
        assert rows(client, "SELECT person_id FROM rights_check") == [(None,)]


class TestForm:
    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("numero", "", "Saisissez le numéro"),
            ("numero", "A%", "le numéro entier"),
            ("numero", 12, "Saisissez le numéro"),
            ("numero", "A" * 201, "plus de 200"),
            ("numero", "280057800608400", "sa clé est fausse"),
            ("naissance", None, "Donnez la date de naissance"),
            ("naissance", "17/05/1980", "n’est pas possible"),
            ("naissance", "2999-01-01", "n’est pas possible"),
            ("naissance", "0001-01-01", "n’est pas possible"),
            ("rang", 0, "un chiffre de 1 à 9"),
            ("rang", "1", "un chiffre de 1 à 9"),
            ("rang", 10**40, "un chiffre de 1 à 9"),
            ("soins", "2026-02-31", "Cette date n’existe pas"),
            ("soins", "9999-12-31", "Choisissez une date"),
            ("motif", True, "prenez ce patient en charge"),
            ("motif", "autre", "prenez ce patient en charge"),
            ("utilisateur", "", "Donnez le code"),
            ("utilisateur", "x\n", "Donnez le code"),
            ("utilisateur", "Marie Durand", "Donnez le code"),
            ("nom", "Essai", "n’existe pas"),
        ],
    )
    def test_wrong_field_is_named_and_nothing_is_asked(self, client, software, family, field, value, message) -> None:
        told = wrong(software.check(question(family, **{field: value})))
        assert [*told] == [field]
        assert message in told[field]
        assert rows(client, "SELECT id FROM rights_check") == []

    def test_every_wrong_field_is_named_at_once(self, software) -> None:
        told = wrong(software.check({"rang": 0, "x": 1}))
        assert {*told} == {"x", "numero", "soins", "motif", "utilisateur", "rang"}

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 8000, b'{"a":' * 1500, b'"\xed\xa0\x80"']
    )
    def test_body_that_is_no_object_is_malformed(self, client, software, body) -> None:
        headers = {"authorization": f"Bearer {software.token()}", "content-type": "application/json"}
        answer = client.http.post(RIGHTS, content=body, headers=headers)
        assert (answer.status_code, kind(answer)) == (400, "json-mal-forme")

    @pytest.mark.parametrize(
        "first", ['"numero": 5', '"naissance": true', '"utilisateur": []', '"motif": "z"', '"rang": {}']
    )
    def test_field_that_stands_twice_counts_by_its_last_value(self, client, software, family, first) -> None:
        headers = {"authorization": f"Bearer {software.token()}", "content-type": "application/json"}
        body = f"{{{first}, {json.dumps(question(family, rang=1))[1:]}"
        answer = client.http.post(RIGHTS, content=body, headers=headers)
        assert (answer.status_code, answer.json()["etat"]) == (200, "droits_ouverts")

    def test_body_of_another_type_or_too_long_is_refused(self, software, family) -> None:
        token = software.token()
        assert kind(software.check(question(family), token=token, **{"content-type": "text/plain"})) == "type-refuse"
        assert kind(software.check(question(family, x="1" * 9000), token=token)) == "trop-long"

    def test_card_of_a_family_needs_a_birth_date(self, client, software, family) -> None:
        from portal.data.card_codes import code_of  # noqa: PLC0415
        from portal.data.cards import wallet_on  # noqa: PLC0415

        with client.services.database.write() as db:
            viewer = factories.viewer_of(db, factories.member_account(db, client.services.keyring, family.member))
            (card,) = wallet_on(db, viewer, today(), today()).cards
        code = code_of(client.services.keyring, card)
        told = wrong(software.check(question(family, numero=code, naissance=None)))
        assert "plusieurs personnes" in told["naissance"]
        assert software.check(question(family, numero=code)).json()["designation"] == "code_carte"


class TestOnce:
    def test_same_key_and_question_give_the_same_answer_and_count_once(self, client, software, family) -> None:
        first = software.check(question(family), **{KEY: "K1"})
        again = software.check(question(family), **{KEY: "K1"})
        assert (first.status_code, again.json()) == (200, first.json())
        assert rows(client, "SELECT count(*) FROM rights_check") == [(1,)]
        assert rows(client, "SELECT failures FROM throttle WHERE purpose = 'rights-user'") == [(1,)]

    def test_same_key_with_another_question_is_refused(self, client, software, family) -> None:
        software.check(question(family), **{KEY: "K1"})
        for changed in ({"rang": 2}, {"utilisateur": "autre"}, {"numero": "INCONNU9"}):
            assert "a déjà servi" in wrong(software.check(question(family, **changed), **{KEY: "K1"}))[KEY]
        assert rows(client, "SELECT count(*) FROM rights_check") == [(1,)]

    def test_key_is_the_practices_own(self, software, make_software, family) -> None:
        first = software.check(question(family), **{KEY: "K1"}).json()
        other = make_software().check(question(family, rang=2), **{KEY: "K1"})
        assert other.status_code == 200
        assert other.json()["engagement"] != first["engagement"]

    def test_question_that_was_refused_leaves_its_key_free(self, software, family) -> None:
        assert software.check(question(family, rang=0), **{KEY: "K1"}).status_code == 422
        assert software.check(question(family), **{KEY: "K1"}).status_code == 200

    @pytest.mark.parametrize("key", ["", "a b", "x" * 101, "é"])
    def test_key_of_another_form_is_refused(self, software, family, key) -> None:
        answer = software.check(question(family), **{KEY: key.encode()})
        assert (answer.status_code, kind(answer)) == (400, "demande-mal-formee")
        assert answer.json()["erreurs"][0]["champ"].lower() in {"key", KEY.lower()}

    def test_answer_given_again_later_is_a_reading_that_the_person_sees(self, client, software, family) -> None:
        software.check(question(family), **{KEY: "K1"})
        software.check(question(family), **{KEY: "K1"})
        with time_machine.travel(NOON + timedelta(hours=1)):
            software.check(question(family), **{KEY: "K1"})
        query = "SELECT action FROM evidence JOIN evidence_person USING (seq) WHERE person_id = :person ORDER BY seq"
        assert rows(client, query, person=family.member.id) == [("rights.checked",), ("rights.check-read",)]

    def test_same_key_sent_twice_at_once_is_one_check(self, client, software, family) -> None:
        token = software.token()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: software.check(question(family), token=token, **{KEY: "K1"}), range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["engagement"] for answer in answers}) == 1
        assert rows(client, "SELECT count(*) FROM rights_check") == [(1,)]


class TestLimits:
    def test_checks_of_page_and_software_are_counted_together(self, client, software, family) -> None:
        token = software.token()
        enter(client, software.of.account)
        client.get(PAGE)
        fields = {"numero": family.contract.member_number, "naissance": family.member.birth_date.isoformat()}
        client.submit(f'form[action="{PAGE}"]', **fields, motif="1")
        assert software.check(question(family), token=token).status_code == 200
        assert rows(
            client,
            "SELECT purpose, failures FROM throttle WHERE failures > 0 AND purpose LIKE 'rights-%' ORDER BY purpose",
        ) == [
            ("rights-practice", 2),
            ("rights-user", 2),
        ]

    def test_software_that_used_up_the_limit_waits_and_so_does_the_page(self, client, software, family) -> None:
        token = software.token()
        software.check(question(family), token=token)
        with client.services.database.write() as db:
            db.execute(
                text("UPDATE throttle SET failures = :n WHERE purpose = 'rights-user'"), {"n": RIGHTS_USER.allowed - 1}
            )
        assert software.check(question(family), token=token).status_code == 200
        answer = software.check(question(family), token=token)
        assert (answer.status_code, kind(answer)) == (429, "trop-de-demandes")
        assert 3590 <= int(answer.headers["retry-after"]) <= 3600
        enter(client, software.of.account)
        client.get(PAGE)
        client.submit(f'form[action="{PAGE}"]', numero="A1234", naissance="1980-05-17", motif="1")
        assert "Trop de vérifications" in words(client)

    def test_misses_ask_for_a_proof_that_the_holder_gives_on_the_page(self, client, software, family) -> None:
        """R-62: five misses within an hour are unusual; a machine cannot prove who it is."""
        token = software.token()
        with client.services.database.write() as db:
            db.execute(text("UPDATE session SET confirmed_at = '2026-01-01 00:00:00'"))
        for _ in range(5):
            assert software.check(question(family, numero="INCONNU9"), token=token).status_code == 200
        answer = software.check(question(family), token=token)
        assert (answer.status_code, kind(answer)) == (403, "preuve-demandee")
        enter(client, software.of.account)
        assert software.check(question(family), token=token).status_code == 200

    def test_neighbouring_numbers_ask_for_a_proof_that_the_page_of_the_software_always_asks_for(
        self, client, software
    ) -> None:
        """R-62: the page of checks cannot tell before a number is typed."""
        enter(client, software.of.account)
        with client.services.database.write() as db:
            members_in_a_row(db, 4)
            db.execute(text("UPDATE session SET confirmed_at = '2026-01-01 00:00:00.000000'"))
        token, born = software.token(), factories.ADULT_BIRTH.isoformat()
        asked = [{"numero": str(FIRST_NUMBER + at), "naissance": born} for at in range(4)]
        base = {"soins": today().isoformat(), "motif": "prise_en_charge", "utilisateur": "poste-2"}
        answers = [software.check(base | each, token=token) for each in asked]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 403]
        assert "page Logiciel" in answers[-1].json()["detail"]
        due = ask(client, "/professionnel/logiciel").headers["location"]
        assert due.startswith("/compte/confirmation")
        client.get(due)
        code = OneTimeCode(factories.TOTP_SECRET).now()
        client.submit('form[action="/compte/confirmation"]', code=code, **{"mot-de-passe": factories.PASSWORD})
        assert software.check(base | asked[-1], token=token).status_code == 200

    def test_walk_through_numbers_freezes_the_checks_of_software_and_page_alike(self, client, software, family) -> None:
        """R-62: what stays unusual after a proof."""
        with client.services.database.write() as db:
            members_in_a_row(db, BOUNDS[Pattern.NEIGHBOURS].freeze)
        token, told, born = software.token(), set(), factories.ADULT_BIRTH.isoformat()
        for number in range(BOUNDS[Pattern.NEIGHBOURS].freeze):
            enter(client, software.of.account)
            answer = software.check(question(family, numero=str(FIRST_NUMBER + number), naissance=born), token=token)
            told.add(answer.status_code)
        assert told == {200, 403}
        assert kind(answer) == "gele"
        assert (software.check(question(family), token=token)).status_code == 403
        frozen = "SELECT account_id, lifted_at FROM rights_freeze"
        assert rows(client, frozen) == [(software.of.account.id, None)]
        client.get(PAGE)
        assert "gelé" in client.page.text
        assert rows(client, "SELECT count(*) FROM fraud_report") == [(1,)]


class TestProof:
    def test_person_reads_which_software_asked(self, client, software, family) -> None:
        told = software.check(question(family)).json()
        with client.services.database.write() as db:
            member = factories.member_account(db, client.services.keyring, family.member)
        enter(client, member)
        client.get("/compte/journal")
        said = f"Vos droits ont été vérifiés, engagement {told['engagement']}, par le logiciel de Pharmacie Essai"
        assert words(client).count(said) == 1

    def test_evidence_holds_the_operator_and_the_client(self, client, software, family) -> None:
        software.check(question(family))
        query = (
            "SELECT actor, session, outcome, details FROM evidence JOIN evidence_detail USING (seq)"
            " WHERE action = 'rights.checked'"
        )
        ((actor, session, outcome, details),) = rows(client, query)
        ((software_id,),) = rows(client, "SELECT id FROM software")
        assert (actor, session, outcome) == (software.of.account.id, f"logiciel:{software_id}", "ok")
        assert '"operator":"poste-2"' in details.replace(" ", "")
        assert software.of.client_id in details

    def test_answer_is_found_again_on_the_page_of_past_checks(self, client, software, family) -> None:
        told = software.check(question(family)).json()
        enter(client, software.of.account)
        client.get(f"{PAGE}/historique")
        said = words(client)
        assert " ".join(re.findall("....", told["engagement"])) in said
        assert "par votre logiciel, utilisateur poste-2" in said

    def test_check_of_a_frozen_practice_leaves_nothing(self, client, software, family) -> None:
        token = software.token()
        with client.services.database.write() as db:
            db.execute(
                text(
                    "INSERT INTO account_suspension (account_id, kind, reason, started_at)"
                    " SELECT account_id, 'fraude', 'x', '2026-01-01 00:00:00' FROM software"
                )
            )
        answer = software.check(question(family), token=token)
        assert (answer.status_code, kind(answer)) == (403, "gele")
        assert rows(client, "SELECT id FROM rights_check") == []

    def test_nothing_typed_and_no_token_reaches_the_log(self, software, family, caplog) -> None:
        caplog.set_level("DEBUG")
        token = software.token()
        software.check(question(family), token=token)
        software.check(question(family, rang=0), token=token)
        for secret in (token, software.of.secret, family.contract.member_number, "1980-05-17"):
            assert secret not in caplog.text


def test_two_households_stay_apart_for_the_software_too(client, software, family) -> None:
    with client.services.database.write() as db:
        other = covered_household(db)
    crossed = question(family, numero=other.contract.member_number, naissance="2015-09-03", rang=2)
    assert software.check(crossed).json()["personne"] is None
