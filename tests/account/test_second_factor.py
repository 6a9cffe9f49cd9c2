"""The one-time code after the password (security B12): once, one step early or late, limited, in order."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Lock
from urllib.parse import urlencode

import pytest
from litestar.testing import TestClient
from sqlalchemy import text

from portal.data import credentials
from portal.data.columns import utc_now
from portal.data.credentials import code_matches
from portal.data.sessions import Stage, end_sessions_of
from portal.entry import authentication
from portal.security import Keyring, OneTimeCode
from tests.support import factories
from tests.support.client import AuditingClient
from tests.support.entry import ask, enter, send, token_in

CODE_PAGE = "/connexion/code"
NOW = datetime(2026, 3, 2, 9, 0, 10, tzinfo=UTC)
STEP = timedelta(seconds=30)


def answer_with(client, code: str, **options):
    return send(client, CODE_PAGE, {"code": code}, form_at=CODE_PAGE, **options)


def without_tokens(answer) -> str:
    return re.sub(r'name="jeton" value="[^"]+"', "", answer.text)


def wrong_code() -> str:
    right = {factories.current_code(steps) for steps in (-2, -1, 0, 1, 2)}
    return next(code for code in map("{:06}".format, range(10)) if code not in right)


class TestCodes:
    @pytest.fixture(autouse=True)
    def viewer(self, db, settings):
        self.keyring = Keyring(settings)
        return factories.viewer_of(db, factories.employer_account(db, self.keyring), stage=Stage.CODE)

    def matches(self, db, viewer, at: datetime, now: datetime = NOW) -> bool:
        return code_matches(db, viewer, self.keyring, OneTimeCode(factories.TOTP_SECRET).at(at), now)

    @pytest.mark.parametrize("steps", [-1, 0, 1])
    def test_code_of_this_step_and_its_neighbours_is_right(self, db, viewer, steps) -> None:
        assert self.matches(db, viewer, NOW + steps * STEP)

    @pytest.mark.parametrize("steps", [-3, -2, 2, 3])
    def test_code_of_any_other_step_is_wrong(self, db, viewer, steps) -> None:
        assert not self.matches(db, viewer, NOW + steps * STEP)

    def test_code_is_valid_until_the_last_second_of_the_next_step(self, db, viewer) -> None:
        shown = NOW.replace(second=0)
        assert not self.matches(db, viewer, shown, shown + timedelta(seconds=60))
        assert self.matches(db, viewer, shown, shown + timedelta(seconds=59))

    def test_code_works_once(self, db, viewer) -> None:
        """B12: a replay in the same step is refused."""
        assert self.matches(db, viewer, NOW)
        assert not self.matches(db, viewer, NOW)
        assert not self.matches(db, viewer, NOW, NOW + timedelta(seconds=15))

    def test_earlier_code_is_worth_nothing_once_a_later_one_was_used(self, db, viewer) -> None:
        assert self.matches(db, viewer, NOW + STEP)
        assert not self.matches(db, viewer, NOW)
        assert self.matches(db, viewer, NOW + 2 * STEP, NOW + STEP)

    @pytest.mark.parametrize("code", ["", "000", "abcdef", "1" * 500, "\x00", "１２３４５６", "é"])
    def test_nonsense_is_wrong(self, db, viewer, code) -> None:
        assert not code_matches(db, viewer, self.keyring, code, NOW)

    def test_account_without_a_second_factor_has_no_right_code(self, db) -> None:
        plain = factories.employer_account(db, self.keyring, with_code=False)
        assert not self.matches(db, factories.viewer_of(db, plain), NOW)

    def test_the_secret_is_not_readable_in_the_database(self, db) -> None:
        stored = db.execute(text("SELECT totp_encrypted FROM account WHERE totp_encrypted IS NOT NULL")).scalar_one()
        assert factories.TOTP_SECRET.encode() not in bytes(stored)
        assert self.keyring.decrypt(bytes(stored)) == factories.TOTP_SECRET


def test_password_alone_opens_nothing_but_the_code_page(client, employer) -> None:
    """D1: between password and code, pages lead to the code, and fragments too."""
    enter(client, employer, stage=Stage.CODE)
    for path in ("/employeur", "/gestion", "/adherent", "/adherent/prestations"):
        answer = ask(client, path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{CODE_PAGE}?{urlencode({'suite': path})}")
    answer = ask(client, "/fragments/adherent/prestations")
    assert (answer.status_code, answer.headers["hx-redirect"], answer.text) == (401, CODE_PAGE, "")
    assert ask(client, "/accueil").headers["location"] == CODE_PAGE
    assert ask(client, CODE_PAGE).status_code == 200


def test_right_code_opens_a_new_session_and_ends_the_pending_one(client, employer) -> None:
    """C2: a new identifier at each step up."""
    pending = enter(client, employer, stage=Stage.CODE)
    answer = answer_with(client, factories.current_code())
    assert (answer.status_code, answer.headers["location"]) == (303, "/accueil")
    assert ask(client, "/employeur").status_code == 200
    client.http.cookies.clear()
    client.http.cookies.set("__Host-portal-session", pending, domain="portal.test")
    assert ask(client, CODE_PAGE).headers["location"].startswith("/connexion?")


def test_token_of_the_pending_session_is_worth_nothing_afterwards(client, employer) -> None:
    enter(client, employer, stage=Stage.CODE)
    before = token_in(ask(client, CODE_PAGE))
    assert answer_with(client, factories.current_code()).status_code == 303
    assert send(client, "/deconnexion", {"jeton": before}).status_code == 403


def test_wrong_code_is_explained_and_changes_nothing(client, employer) -> None:
    enter(client, employer, stage=Stage.CODE)
    client.get(CODE_PAGE)
    client.answer_code(wrong_code())
    assert client.status == 422
    assert "Ce code n’est pas valable" in client.page.text
    assert ask(client, "/employeur").headers["location"].startswith(CODE_PAGE)


def test_five_wrong_codes_delay_the_right_one_with_the_same_answer(client, employer, monkeypatch) -> None:
    """B12: the limiter stands before the comparison, also across sessions."""
    for _ in range(4):
        enter(client, employer, stage=Stage.CODE)
        answer_with(client, wrong_code())
    wrong = answer_with(client, wrong_code())
    during = answer_with(client, factories.current_code())
    assert during.status_code == 422
    assert without_tokens(during) == without_tokens(wrong)
    later = datetime.now(UTC) + timedelta(seconds=31)
    monkeypatch.setattr("portal.web.PortalRequest.now", property(lambda _: later))
    assert answer_with(client, OneTimeCode(factories.TOTP_SECRET).at(later)).status_code == 303


def test_one_code_sent_twice_at_once_opens_one_session(client, employer) -> None:
    """B12: two browsers that know the password, one code, the same moment."""
    other = AuditingClient(TestClient(client.app, base_url="https://portal.test", raise_server_exceptions=False))
    other.http.blocking_portal = client.http.blocking_portal
    together = Barrier(2)
    code = factories.current_code()
    tokens = []
    for browser in (client, other):
        enter(browser, employer, stage=Stage.CODE)
        tokens.append(token_in(ask(browser, CODE_PAGE)))

    def answer(browser, token: str) -> int:
        together.wait()
        return send(browser, CODE_PAGE, {"code": code, "jeton": token}).status_code

    with ThreadPoolExecutor(2) as threads:
        statuses = list(threads.map(answer, (client, other), tokens))
    assert sorted(statuses) == [303, 422]


def test_code_sent_after_signing_out_meanwhile_opens_nothing(client, employer, monkeypatch) -> None:
    """C4: the sign-out that lands between the request's start and its end wins."""
    enter(client, employer, stage=Stage.CODE)
    token = token_in(ask(client, CODE_PAGE))

    def matches_late(db, viewer, *_: object) -> bool:
        end_sessions_of(db, viewer.account_id, utc_now())
        return True

    monkeypatch.setattr(credentials, "code_matches", matches_late)
    answer = send(client, CODE_PAGE, {"code": "000000", "jeton": token})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


def test_visitor_without_a_password_never_sees_the_code_page(client) -> None:
    assert ask(client, CODE_PAGE).headers["location"].startswith("/connexion?suite=")


def test_hashing_leaves_the_other_pages_responsive(client, member, monkeypatch) -> None:
    """B8: while 20 people sign in and every hash is still being computed, a page is answered."""
    release, started = Event(), Event()

    def slow(*_: object) -> authentication.Comparison:
        started.set()
        assert release.wait(20)
        return authentication.Comparison(matches=True)

    monkeypatch.setattr(authentication, "_compare", slow)
    path = client.url("sign-in")
    token = token_in(ask(client, path))
    fields = {"identifiant": member.identifier, "mot-de-passe": "x", "jeton": token}
    finished: list[str] = []

    def sign_in(_: int) -> int:
        status = send(client, path, fields).status_code
        finished.append("sign-in")
        return status

    with ThreadPoolExecutor(20) as threads:
        waiting = [threads.submit(sign_in, number) for number in range(20)]
        assert started.wait(10)
        time.sleep(0.1)
        assert ask(client, "/aide").status_code == 200
        assert ask(client, "/readyz").status_code == 200
        finished.append("pages")
        release.set()
        statuses = [future.result() for future in waiting]
    assert finished[0] == "pages"
    assert set(statuses) <= {303, 403}
    assert statuses.count(303) >= 1


def test_at_most_two_passwords_are_hashed_at_once(client, monkeypatch) -> None:
    """B8: memory stays bounded, 19 MiB for each."""
    lock, running, most = Lock(), [0], [0]

    def counting(*_: object) -> authentication.Comparison:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return authentication.Comparison(matches=False)

    monkeypatch.setattr(authentication, "_compare", counting)
    path = client.url("sign-in")
    fields = {"identifiant": "1000000016", "mot-de-passe": "x", "jeton": token_in(ask(client, path))}
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: send(client, path, fields).status_code, range(8))) == {422}
    assert most[0] <= authentication.HASHING_THREADS == 2
