"""Recovery codes (security B12, B15): a way in without the telephone, each used once, counted, told, replaced."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from litestar.testing import TestClient

from portal.data.recovery_codes import make_recovery_codes
from portal.data.sessions import Stage
from portal.data.throttling import CODE_LIMITS
from tests.support import factories
from tests.support.client import AuditingClient
from tests.support.entry import ask, enter, send, token_in
from tests.support.mail import letters
from tests.support.second_factors import CODES, SECOND, acts, letter_names, rows, shown_codes

RECOVERY = f"{SECOND}/secours"
FIELD = "code-de-secours"
WRONG = "AAAA-AAAA-AAAA-AAAA"

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def provided(client, make):
    """An employer with an application and ten recovery codes: the account and the codes."""
    account = make(factories.employer_account, email="rh@exemple.example")
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, account)
        return account, make_recovery_codes(db, viewer, viewer.confirmed_at)


def recover(client, code: str, **options):
    return send(client, RECOVERY, {FIELD: code}, form_at=RECOVERY, **options)


class TestSignIn:
    def test_person_without_the_telephone_enters_with_a_code(self, client, provided) -> None:
        account, codes = provided
        enter(client, account, stage=Stage.CODE)
        client.get(f"{SECOND}?suite=/employeur")
        client.click("Je n’ai plus mon téléphone")
        client.submit(f'form[action="{RECOVERY}"]', **{FIELD: f" {codes[0].lower().replace('-', ' ')} "})
        assert client.path == "/employeur"
        assert letter_names(client) == ["recovery-code-used", "new-sign-in"]
        assert acts(client)[:2] == [("recovery-code.used", "ok"), ("session.opened", "ok")]

    def test_code_serves_once(self, client, provided) -> None:
        account, codes = provided
        for expected in (303, 422):
            enter(client, account, stage=Stage.CODE)
            assert recover(client, codes[0]).status_code == expected

    def test_one_code_sent_twice_at_once_opens_one_session(self, client, provided) -> None:
        account, codes = provided
        other = AuditingClient(TestClient(client.app, base_url="https://portal.test", raise_server_exceptions=False))
        other.http.blocking_portal = client.http.blocking_portal
        together, tokens = Barrier(2), []
        for browser in (client, other):
            enter(browser, account, stage=Stage.CODE)
            tokens.append(token_in(ask(browser, RECOVERY)))

        def answer(browser, token: str) -> int:
            together.wait()
            return send(browser, RECOVERY, {FIELD: codes[0], "jeton": token}).status_code

        with ThreadPoolExecutor(2) as threads:
            statuses = list(threads.map(answer, (client, other), tokens))
        assert sorted(statuses) == [303, 422]

    def test_code_of_another_account_is_worth_nothing(self, client, provided, employer) -> None:
        _, codes = provided
        enter(client, employer, stage=Stage.CODE)
        assert recover(client, codes[0]).status_code == 422
        assert rows(client, "SELECT id FROM recovery_code WHERE used_at IS NOT NULL") == []

    def test_wrong_codes_of_the_application_keep_no_recovery_code_out(self, client, provided) -> None:
        """Whoever only knows the password cannot use up the ways that nobody guesses."""
        account, codes = provided
        enter(client, account, stage=Stage.CODE)
        for _ in range(CODE_LIMITS[0].allowed + 1):
            assert send(client, SECOND, {"code": "x"}, form_at=SECOND).status_code == 422
        assert recover(client, codes[0]).status_code == 303

    def test_wrong_codes_are_throttled(self, client, provided) -> None:
        """Five tries: then the right one waits too, and is not used up."""
        account, codes = provided
        enter(client, account, stage=Stage.CODE)
        for _ in range(CODE_LIMITS[0].allowed):
            assert recover(client, WRONG).status_code == 422
        assert recover(client, codes[0]).status_code == 422
        assert rows(client, "SELECT id FROM recovery_code WHERE used_at IS NOT NULL") == []

    @pytest.mark.parametrize("code", ["", "\x00", "é" * 16, "A" * 5000, "AAAA-AAAA-AAAA-AAA", "'; --"])
    def test_nonsense_is_wrong_and_explained(self, client, provided, code) -> None:
        enter(client, provided[0], stage=Stage.CODE)
        answer = recover(client, code)
        assert answer.status_code == 422
        assert "Ce code de secours n’est pas valable" in answer.text

    def test_last_codes_are_announced(self, client, provided) -> None:
        account, codes = provided
        for code in codes[:7]:
            enter(client, account, stage=Stage.CODE)
            assert recover(client, code).status_code == 303
        used = [
            letter
            for letter in letters(client.services.database, client.services)
            if letter.name == "recovery-code-used"
        ]
        assert used[-1].subject == "Il vous reste peu de codes de secours"
        assert used[-2].subject == "Un code de secours a servi"
        assert "Codes encore utilisables\u00a0: 3" in used[-1].text
        assert codes[6] not in used[-1].text

    def test_whoever_lost_everything_reads_what_to_do(self, client, provided) -> None:
        enter(client, provided[0], stage=Stage.CODE)
        client.get(RECOVERY)
        client.click("Je n’ai plus de code de secours non plus")
        assert client.services.settings.insurer_phone in client.page.text

    def test_signed_in_person_has_no_business_there(self, client, provided) -> None:
        enter(client, provided[0])
        assert ask(client, RECOVERY).status_code == 403


class TestRenewal:
    def test_new_codes_replace_the_old_ones(self, client, provided) -> None:
        account, codes = provided
        enter(client, account)
        client.get(f"{CODES}/nouveaux")
        assert "10\u00a0codes restent utilisables" in client.page.text
        client.submit(f'form[action="{CODES}/nouveaux"]')
        assert client.path == CODES
        fresh = shown_codes(client)
        assert not set(fresh) & set(codes)
        assert acts(client)[-1] == ("recovery-codes.made", "ok")
        assert letter_names(client) == ["recovery-codes-made"]
        for code, expected in ((codes[1], 422), (fresh[1], 303)):
            enter(client, account, stage=Stage.CODE)
            assert recover(client, code).status_code == expected

    def test_account_without_a_factor_is_offered_one_first(self, client, anne) -> None:
        enter(client, anne)
        client.get(f"{CODES}/nouveaux")
        assert "D’abord une seconde protection" in client.page.text
        assert send(client, f"{CODES}/nouveaux", form_at=f"{CODES}/nouveaux").status_code == 200
        assert rows(client, "SELECT id FROM recovery_code") == []
