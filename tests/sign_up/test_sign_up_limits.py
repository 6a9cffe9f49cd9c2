"""Signing up under pressure: limits, hostile values, forms at once, letters sent again (R-10, R-11, security B2)."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from portal.data.onboarding import TEMPORARY_LIFE
from portal.entry import onboarding
from portal.entry.onboarding import ALPHABET, answer_forms_left, new_temporary
from portal.security import verify_password
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, address, ask, leave, send, token_in
from tests.support.onboarding import (
    FORMS,
    HELD,
    TYPED,
    company,
    employer_fields,
    household_of_two,
    member_fields,
    provider,
    provider_fields,
    sign_up,
)

RESEND = "/inscription/renvoi"
CREDENTIALS = ["sign-up-identifier", "sign-up-password"]
HOSTILE = [
    "' OR '1'='1",
    "Robert'); DROP TABLE person;--",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "\u202eessai",
    "a" * 5000,
    "é" * 190,
    "😀",
    "%00",
    "../../etc/passwd",
    "0",
]


def count(client, table: str) -> int:
    with client.services.database.read() as db:
        return int(db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def use_password(client) -> None:
    """As if every holder had chosen a password of their own."""
    with client.services.database.write() as db:
        db.execute(text("UPDATE account SET password_temporary_until = NULL"))


@pytest.fixture
def family(make):
    return make(household_of_two)


@pytest.fixture
def fields(family):
    return member_fields(family.member, family.contract)


# --- limits ---


def test_sixth_form_for_the_same_person_within_the_hour_is_refused(client, fields, posted) -> None:
    """Counted by what is typed: it says nothing about who is known."""
    for number in range(5):
        with address(client, f"192.0.2.{number}"):
            assert sign_up(client, "member", fields | {"email": f"essai{number}@courriel.example"}).status_code == 303
    posted()
    answer = sign_up(client, "member", fields)
    assert answer.status_code == 422
    assert "Trop de demandes" in answer.text
    assert posted() == []


def test_sixth_form_that_nobody_matches_is_refused_alike(client, fields) -> None:
    unknown = fields | {"numero-adherent": "A-INCONNU"}
    answers = [sign_up(client, "member", unknown | {"email": f"e{n}@courriel.example"}).status_code for n in range(6)]
    assert answers == [303] * 5 + [422]


def test_sixth_form_with_the_same_typed_address_is_refused(client, fields) -> None:
    answers = [sign_up(client, "member", fields | {"numero-adherent": f"A{n}"}).status_code for n in range(6)]
    assert answers == [303] * 5 + [422]


def test_network_may_send_thirty_forms_an_hour(client, fields) -> None:
    with address(client, "2001:db8::1"):
        for n in range(30):
            typed = {"numero-adherent": f"A{n}", "email": f"e{n}@courriel.example"}
            assert sign_up(client, "member", fields | typed).status_code == 303
    typed = {"numero-adherent": "A99", "email": "e99@courriel.example"}
    with address(client, "2001:db8::ffff"):
        assert sign_up(client, "member", fields | typed).status_code == 422
    with address(client, "2001:db8:0:1::1"):
        assert sign_up(client, "member", fields | typed).status_code == 303


def test_limits_end_after_an_hour(client, fields) -> None:
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        answers = [sign_up(client, "member", fields).status_code for _ in range(6)]
        clock.shift(timedelta(hours=1, seconds=1))
        answers.append(sign_up(client, "member", fields).status_code)
    assert answers == [303] * 5 + [422, 303]


def test_invalid_form_costs_nothing_of_the_limits(client, fields) -> None:
    for _ in range(8):
        sign_up(client, "member", fields | {"email": "non"})
    assert sign_up(client, "member", fields).status_code == 303


# --- hostile values ---


@pytest.mark.parametrize("space", FORMS)
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_get_a_plain_answer(client, posted, space, value) -> None:
    names = {"member": member_names(), "employer": employer_fields(), "provider": provider_fields()}[space]
    for name in names:
        leave(client)
        answer = sign_up(client, space, names | {name: value})
        assert answer.status_code in {303, 422}, name
        assert "<script>alert" not in answer.text
    assert {letter.name for letter in posted()} <= {"sign-up-unknown"}


def member_names() -> dict[str, str]:
    return {
        "pour": "moi", "nom": "Essai", "prenom": "Anne", "naissance": "1980-05-17", "numero-adherent": "A1",
        "numero-contrat": "C1", "representant": "X", "lien": "parent", "email": TYPED, "accepte": "1", "version": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "typed",
    ["a@b", "a b@exemple.fr", "a@exemple.fr\r\nBcc: x@exemple.fr", "a@exemple.fr,b@exemple.fr", "<a@exemple.fr>",
     "a@@exemple.fr", "@exemple.fr", "a@.fr", "a" * 250 + "@exemple.fr"],
)  # fmt: skip
def test_address_that_cannot_be_one_is_refused_and_nothing_leaves(client, fields, posted, typed) -> None:
    answer = sign_up(client, "member", fields | {"email": typed})
    if answer.status_code == 303:  # what cannot be printed is dropped: what is left must be one plain address
        assert "Bcc" not in str([letter.to for letter in posted()])
    else:
        assert 'id="email-erreur"' in answer.text
        assert posted() == []


@pytest.mark.parametrize("siret", ["73282932000075", "7328293200007", "ABCDEFGHIJKLMN", ""])
def test_siret_with_a_wrong_key_is_told_at_once(client, make, posted, siret) -> None:
    make(company)
    answer = sign_up(client, "employer", employer_fields(siret=siret))
    assert answer.status_code == 422
    assert posted() == []


@pytest.mark.parametrize("number", ["10000000001", "12345678", "1234567890", "ABCDEFGHI", ""])
def test_number_that_is_neither_rpps_nor_finess_is_told_at_once(client, make, posted, number) -> None:
    make(provider)
    assert sign_up(client, "provider", provider_fields(numero=number)).status_code == 422
    assert posted() == []


@pytest.mark.parametrize(
    "extra",
    ["role", "space", "person_id", "company_id", "access_ends_on", "capacity", "identifier", "password_hash", "id"],
)
def test_fields_that_no_form_offers_change_nothing(client, fields, extra) -> None:
    """D6."""
    assert sign_up(client, "member", fields | {extra: "superviseur"}).status_code == 303
    with client.services.database.read() as db:
        row = db.execute(text("SELECT space, role, access_ends_on, company_id FROM account")).one()
    assert tuple(row) == ("adherent", "adherent", None, None)


def test_field_sent_twice_is_refused(client, fields) -> None:
    path = FORMS["member"]
    pairs = [*fields.items(), ("nom", "Autre"), ("jeton", token_in(ask(client, path)))]
    body = "&".join(f"{name}={value}" for name, value in pairs)
    headers = SAME_ORIGIN | {"content-type": "application/x-www-form-urlencoded"}
    answer = client.http.post(path, content=body.encode(), headers=headers, follow_redirects=False)
    assert answer.status_code == 400
    assert count(client, "account") == 0


def test_form_from_another_site_is_refused(client, fields) -> None:
    answer = sign_up(client, "member", fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert count(client, "account") == 0


# --- never lost, never twice ---


def test_form_whose_process_died_is_answered_by_the_job(client, fields, posted, monkeypatch) -> None:
    """Received and not answered: the form waits, encrypted, for the periodic job."""
    with monkeypatch.context() as dying:
        dying.setattr(onboarding, "new_temporary", broken)
        assert sign_up(client, "member", fields).status_code == 303
    assert posted() == []
    with client.services.database.read() as db:
        sealed = bytes(db.execute(text("SELECT form_encrypted FROM sign_up_request")).scalar_one())
    assert b"Anne" not in sealed
    answer_forms_left(client.services)
    assert count(client, "account") == 0  # younger than a minute: its own process may be at it
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        answer_forms_left(client.services)
        answer_forms_left(client.services)
    assert [letter.name for letter in posted()] == [*CREDENTIALS, "sign-up-noted"]
    assert (count(client, "account"), count(client, "sign_up_request")) == (1, 0)


def test_form_that_cannot_be_answered_keeps_no_other_waiting(client, fields, posted, monkeypatch) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(onboarding, "new_temporary", broken)
        for number in range(2):
            sign_up(client, "member", fields | {"numero-adherent": f"A{number}"})
    with client.services.database.write() as db:
        first = "UPDATE sign_up_request SET form_encrypted = :junk WHERE id = (SELECT min(id) FROM sign_up_request)"
        db.execute(text(first), {"junk": b"illisible"})
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        answer_forms_left(client.services)
    assert [letter.name for letter in posted()] == ["sign-up-unknown"]
    assert count(client, "sign_up_request") == 1


def broken() -> None:
    raise OSError("no more threads")


# --- at once ---


def test_two_forms_sent_at_once_open_one_account(client, fields) -> None:
    token = token_in(ask(client, FORMS["member"]))
    sent = fields | {"jeton": token}

    def post(_: int) -> int:
        return client.http.post(FORMS["member"], data=sent, headers=SAME_ORIGIN, follow_redirects=False).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(post, range(4))) == [303] * 4
    assert count(client, "account") == 1


# --- the temporary password ---


def test_temporary_passwords_hold_128_bits_and_nothing_that_reads_alike() -> None:
    """B2."""
    made = new_temporary()
    assert len(ALPHABET) ** 28 >= 2**128
    assert re.fullmatch(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{6}}", made.password)
    assert not set("01ilo") & set(ALPHABET)
    assert made.password != new_temporary().password
    assert verify_password(made.password, made.password_hash)


def test_temporary_password_lasts_a_day(client, fields) -> None:
    before = datetime.now(UTC)
    sign_up(client, "member", fields)
    with client.services.database.read() as db:
        until = db.execute(text("SELECT password_temporary_until FROM account")).scalar_one()
    until = datetime.fromisoformat(str(until)).replace(tzinfo=UTC) if isinstance(until, str) else until
    assert timedelta(0) <= until - before - TEMPORARY_LIFE < timedelta(minutes=1)


# --- sent again ---


def password_hash(client) -> str:
    with client.services.database.read() as db:
        return str(db.execute(text("SELECT password_hash FROM account")).scalar_one())


def identifier(client) -> str:
    with client.services.database.read() as db:
        return str(db.execute(text("SELECT identifier FROM account")).scalar_one())


@pytest.mark.parametrize("typed", ["identifier", "address", "spaced"])
def test_credentials_are_sent_again_and_replace_the_earlier_ones(client, fields, posted, typed) -> None:
    sign_up(client, "member", fields)
    posted()
    before, number = password_hash(client), identifier(client)
    told = {"identifier": number, "address": HELD.upper(), "spaced": f"{number[:4]} {number[4:]}"}[typed]
    answer = send(client, RESEND, {"compte": told}, form_at=RESEND)
    assert answer.headers["location"] == "/inscription/e-mails"
    assert [(letter.name, letter.to) for letter in posted()] == [(name, HELD) for name in CREDENTIALS]
    assert password_hash(client) != before
    with client.services.database.read() as db:
        query = "SELECT action, actor FROM evidence WHERE action <> 'checkpoint.signed' ORDER BY seq DESC LIMIT 1"
        assert db.execute(text(query)).one().action == "credentials.sent"


def test_whoever_chose_a_password_keeps_it_and_is_reminded(client, fields, posted) -> None:
    sign_up(client, "member", fields)
    use_password(client)
    posted()
    before = password_hash(client)
    send(client, RESEND, {"compte": HELD}, form_at=RESEND)
    assert [letter.name for letter in posted()] == ["sign-up-registered"]
    assert password_hash(client) == before


@pytest.mark.parametrize("typed", ["1234567897", "personne@courriel.example", HOSTILE[0], "x" * 5000, HELD + "x"])
def test_unknown_account_gets_the_same_answer_and_no_letter(client, fields, posted, typed) -> None:
    sign_up(client, "member", fields)
    posted()
    known = send(client, RESEND, {"compte": HELD}, form_at=RESEND)
    posted()
    unknown = send(client, RESEND, {"compte": typed}, form_at=RESEND)
    assert (known.status_code, known.headers["location"], known.content) == (
        unknown.status_code,
        unknown.headers["location"],
        unknown.content,
    )
    assert posted() == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO account_closing (account_id, reason, closed_at) SELECT id, 'x', created_at FROM account",
        (
            "INSERT INTO account_suspension (account_id, kind, reason, started_at)"
            " SELECT id, 'fraude', 'x', created_at FROM account"
        ),
        "UPDATE account SET access_ends_on = '2020-01-01'",
    ],
)
def test_account_that_may_not_be_used_gets_no_credentials(client, fields, posted, statement) -> None:
    sign_up(client, "member", fields)
    with client.services.database.write() as db:
        db.execute(text(statement))
    posted()
    send(client, RESEND, {"compte": HELD}, form_at=RESEND)
    assert posted() == []


def test_fourth_sending_within_the_hour_is_refused_for_everybody_alike(client, fields) -> None:
    sign_up(client, "member", fields)
    for typed in (HELD, "personne@courriel.example"):
        answers = [send(client, RESEND, {"compte": typed}, form_at=RESEND).status_code for _ in range(4)]
        assert answers == [303, 303, 303, 422]


def test_visitor_who_types_nothing_is_told(client) -> None:
    client.get(RESEND)
    client.submit(f'form[action="{RESEND}"]')
    assert client.status == 422
    assert client.page.css("#compte-erreur")


def test_account_of_the_factories_signs_in_as_before(client, make) -> None:
    """Accounts with a lasting password are none of sign-up's business."""
    account = make(lambda db: factories.member_with_account(db, client.services.keyring)[1])
    assert account.password_temporary_until is None
