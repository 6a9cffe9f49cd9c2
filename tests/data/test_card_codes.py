"""The code on a card: ours alone, typed by people, dead with the rights (R-25)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from portal.card_matrix import code_in, matrix_text
from portal.data.card_codes import CodeVerdict, Printed, check_code, code_of, make_code, read_code
from portal.data.cards import wallet_on
from portal.security import Keyring
from portal.settings import Settings
from tests.support import factories
from tests.support.cards import covered_household

DAY, LAST = date(2026, 6, 15), date(2026, 12, 31)
PRINTED = Printed(42, True, date(2026, 1, 1), LAST)


def ring(*keys: str) -> Keyring:
    return Keyring(Settings(secret_keys=[SecretStr(key * 64) for key in keys], data_keys=[SecretStr("d" * 64)]))


@given(
    row=st.integers(1, 2**31 - 1),
    is_whole=st.booleans(),
    start=st.dates(date(2000, 1, 1), date(2170, 1, 1)),
    length=st.integers(0, 365),
)
def test_every_code_is_read_back(row, is_whole, start, length) -> None:
    printed = Printed(row, is_whole, start, start + timedelta(length))
    assert read_code(ring("a"), make_code(ring("a"), printed)) == printed


def test_code_is_typed_as_people_type() -> None:
    """Small letters, spaces, and the digits that base32 does not have."""
    code = make_code(ring("a"), PRINTED)
    assert len(code.split("-")) == 8
    assert read_code(ring("a"), f" {code.lower().replace('-', ' ')} ") == PRINTED
    assert read_code(ring("a"), code.replace("O", "0").replace("I", "1").replace("B", "8")) == PRINTED


@pytest.mark.parametrize("at", range(0, 47, 2))
def test_changed_sign_makes_the_code_unknown(at) -> None:
    code = make_code(ring("a"), PRINTED)
    if code[at] != "-":
        forged = code[:at] + ("A" if code[at] != "A" else "C") + code[at + 1 :]
        assert read_code(ring("a"), forged) is None


@pytest.mark.parametrize("typed", ["", "A" * 40, "é" * 40, "A" * 10_000, "\0" * 40, "' OR 1=1 --", "2" * 39])
def test_hostile_text_is_no_code(typed) -> None:
    assert read_code(ring("a"), typed) is None


def test_code_outlives_a_rotation_of_keys_and_no_other_key_makes_it() -> None:
    code = make_code(ring("a"), PRINTED)
    assert read_code(ring("b", "a"), code) == PRINTED
    assert read_code(ring("b"), code) is None


class TestCheck:
    @pytest.fixture
    def made(self, db):
        return covered_household(db)

    @pytest.fixture
    def card(self, db, keyring, made):
        viewer = factories.viewer_of(db, factories.member_account(db, keyring, made.member))
        return wallet_on(db, viewer, DAY, DAY).cards[0]

    def test_valid_card_tells_initials_and_periods_alone(self, db, keyring, made, card) -> None:
        check = check_code(db, keyring, code_of(keyring, card), DAY)
        assert check.verdict is CodeVerdict.VALID
        assert [holder.initials for holder in check.holders] == ["A.\u00a0E.", "P.\u00a0E.", "Z.\u00a0E."]
        assert {holder.valid_to for holder in check.holders} == {LAST}
        assert check.concerned == {made.member.id, made["Paul"].id, made["Zoé"].id}

    def test_card_is_revoked_when_rights_end(self, db, keyring, made, card) -> None:
        code = code_of(keyring, card)
        made.contract.ends_on = DAY - timedelta(1)
        db.flush()
        check = check_code(db, keyring, code, DAY)
        assert (check.verdict, check.holders) == (CodeVerdict.REVOKED, ())

    def test_leaver_is_no_more_on_the_family_card(self, db, keyring, made, card) -> None:
        code = code_of(keyring, card)
        paul = card.only(made["Paul"].id)
        cover = factories.cover(db, made.contract, factories.person(db, "Luc"), valid_to=DAY - timedelta(1))
        assert cover.person_id not in {holder.person_id for holder in check_code(db, keyring, code, DAY).holders}
        check = check_code(db, keyring, code_of(keyring, paul), DAY)
        assert [holder.person_id for holder in check.holders] == [made["Paul"].id]

    def test_day_of_the_question_decides(self, db, keyring, card) -> None:
        code = code_of(keyring, card)
        verdicts = [check_code(db, keyring, code, day).verdict for day in (date(2025, 12, 31), LAST, date(2027, 1, 1))]
        assert verdicts == [CodeVerdict.FUTURE, CodeVerdict.VALID, CodeVerdict.EXPIRED]

    def test_code_of_a_row_that_is_gone_is_revoked(self, db, keyring) -> None:
        code = make_code(keyring, replace(PRINTED, beneficiary_id=999_999))
        assert check_code(db, keyring, code, DAY).verdict is CodeVerdict.REVOKED
        assert check_code(db, keyring, "n’importe quoi", DAY).verdict is CodeVerdict.UNKNOWN

    def test_code_of_a_withdrawn_cover_never_checks_somebody_else(self, db, keyring, made) -> None:
        """R-25: SQLite gives the number of the newest row again, once that row is deleted, unless told not to."""
        withdrawn = factories.cover(db, made.contract, factories.person(db, "Luc"))
        code = make_code(keyring, replace(PRINTED, beneficiary_id=withdrawn.id))
        db.delete(withdrawn)
        db.flush()
        factories.household(db)
        check = check_code(db, keyring, code, DAY)
        assert (check.verdict, check.concerned) == (CodeVerdict.REVOKED, frozenset())

    def test_reader_of_the_datamatrix_gives_the_code(self, keyring, card) -> None:
        code = code_of(keyring, card)
        text = matrix_text(card, code)
        assert text.split("|")[:4] == ["CTP1", "0099999901", "IS", "02"]
        assert read_code(keyring, code_in(text)) == read_code(keyring, code)
        assert code_in(code) == code
