"""The public check of a card: minimal, limited, on record (R-25, R-51)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.card_matrix import matrix_text
from portal.data.card_codes import code_of
from portal.data.cards import wallet_on
from portal.data.throttling import CARD_CHECKS
from portal.formatting import today
from tests.support import factories
from tests.support.cards import covered_household
from tests.support.entry import ask, enter, leave

CHECK = "/carte/verifier"
pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def card(client):
    keyring = client.services.keyring
    with client.services.database.write() as db:
        made = covered_household(db)
        viewer = factories.viewer_of(db, factories.member_account(db, keyring, made.member))
        (found,) = wallet_on(db, viewer, today(), today()).cards
    leave(client)
    return found


def said(client, code: str) -> str:
    client.get(CHECK)
    client.submit("main form", code=code, follow=False)
    return " ".join(client.page.text.replace("\xa0", " ").split())


def verified(client) -> list[tuple[str, str, str]]:
    with client.services.database.read() as db:
        rows = db.execute(
            text("SELECT object, outcome, reason FROM evidence WHERE action = 'card.verified' ORDER BY seq")
        )
        return [tuple(row) for row in rows]


def end_contract(client, card) -> None:
    with client.services.database.write() as db:
        found = db.get(factories.Contract, card.cover.contract_id)
        found.ends_on = today() - timedelta(1)
        db.add(found)


def test_valid_card_gives_initials_and_validity_without_a_name(client, card) -> None:
    words = said(client, code_of(client.services.keyring, card))
    assert client.status == 200
    assert "Carte valable" in words
    assert "Z. E., du " in words
    assert not any(name in client.answer.text for name in ("Essai", "Zoé", card.cover.member_number))
    assert verified(client) == [(card.cover.contract_number, "ok", "valable")]
    with client.services.database.read() as db:
        assert len(db.execute(text("SELECT person_id FROM evidence_person")).all()) == 3


def test_reader_of_the_datamatrix_may_fill_the_field(client, card) -> None:
    assert "Carte valable" in said(client, matrix_text(card, code_of(client.services.keyring, card)))


def test_card_whose_rights_ended_is_revoked(client, card) -> None:
    code = code_of(client.services.keyring, card)
    end_contract(client, card)
    words = said(client, code)
    assert "Carte révoquée" in words
    assert "Z. E." not in words
    assert verified(client) == [(card.cover.contract_number, "refused", "revoquee")]


def test_tampered_code_is_unknown(client, card) -> None:
    code = code_of(client.services.keyring, card)
    forged = ("A" if code[0] != "A" else "C") + code[1:]
    words = said(client, forged)
    assert "Code inconnu" in words
    assert verified(client) == [("", "refused", "inconnue")]


def test_expired_and_coming_cards_are_told_apart(client, card) -> None:
    keyring = client.services.keyring
    last_year = today().replace(year=today().year - 1, month=6, day=1)
    with client.services.database.write() as db:
        viewer = factories.viewer_of(
            db, factories.member_account(db, keyring, db.get(factories.Person, card.cover.member_id))
        )
        (old,) = wallet_on(db, viewer, last_year, today()).cards
        (new,) = wallet_on(db, viewer, last_year.replace(year=today().year + 1), today()).cards
    leave(client)
    assert "Carte périmée" in said(client, code_of(keyring, old))
    assert "Carte pas encore valable" in said(client, code_of(keyring, new))


@pytest.mark.parametrize("typed", ["", "   ", "\u202e", "\0"])
def test_nothing_typed_is_told(client, typed) -> None:
    assert "Saisissez le code" in said(client, typed)
    assert client.status == 422


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", "A" * 5000, "%00", "CTP1||||||||", "é" * 40])
def test_hostile_text_is_unknown_and_harmless(client, typed) -> None:
    assert "Code inconnu" in said(client, typed)
    assert "<script>alert" not in client.answer.text


def test_flood_is_stopped_for_an_hour(client, card, monkeypatch) -> None:
    """Limited by network, so that nobody harvests who is covered."""
    code = code_of(client.services.keyring, card)
    few = replace(CARD_CHECKS, allowed=3)
    monkeypatch.setattr("portal.pages.public.card_check.CARD_CHECKS", few)
    answers = [said(client, code) for _ in range(5)]
    assert ["Carte valable" in words for words in answers] == [True, True, True, False, False]
    assert "Trop de codes vérifiés" in answers[-1]
    assert client.status == 422
    assert len(verified(client)) == 3


def test_professional_who_checks_is_named_in_the_evidence(client, card) -> None:
    with client.services.database.write() as db:
        account = factories.provider_account(db, client.services.keyring)
    enter(client, account)
    said(client, code_of(client.services.keyring, card))
    with client.services.database.read() as db:
        assert db.execute(text("SELECT actor FROM evidence WHERE action = 'card.verified'")).scalar() == account.id


def test_code_is_never_in_an_address(client) -> None:
    """A8: the form posts."""
    answer = ask(client, CHECK)
    assert answer.status_code == 200
    assert 'method="post"' in answer.text
