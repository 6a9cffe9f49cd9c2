"""Proving again who one is (security C6, R-13): every sensitive handler asks, and nothing happens before the proof."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from portal.data.accounts import Role
from portal.data.recovery_codes import make_recovery_codes
from portal.data.sessions import SignedSession
from portal.data.tables import metadata
from portal.permissions import GRANTS, policy_of, recently_confirmed
from portal.security import fingerprint
from tests.support import factories
from tests.support.entry import ask, present, send
from tests.support.second_factors import APP, CONFIRM, KEYS, acts, rows, use_session

FIVE_MINUTES = timedelta(minutes=5)
# The sensitive handlers: a new one is added here by hand, and one that loses its guard fails.
SENSITIVE = {
    "activity.csv", "activity.json", "contact", "contact.change", "data.archive", "data.export",
    "data.ask", "data.ask.submit", "data.instructions", "data.instructions.give", "data.instructions.revoke",
    "data.restriction", "data.restriction.lift", "data.restriction.start", "deletion.ask", "deletion.ask.submit",
    "desk.account.act", "desk.account.act.submit", "desk.account.close", "desk.account.closing",
    "desk.access.review", "desk.account.hold", "desk.account.hold.change", "desk.account.reopen",
    "desk.account.reopening", "desk.account.restriction", "desk.account.restriction.lift",
    "desk.account.session", "desk.account.session.end",
    "desk.exceptional.open", "desk.exceptional.opening",
    "desk.death.contract", "desk.death.contract.settle", "desk.death.copy", "desk.death.heirs",
    "desk.death.heirs.note", "desk.death.proof", "desk.death.record", "desk.death.recording", "desk.death.undo",
    "desk.death.undoing", "desk.death.wish", "desk.death.wish.carry",
    "desk.bank-change", "desk.bank-change.stop", "desk.case.correct", "desk.case.correction", "desk.valuation.decide",
    "desk.valuation.decision", "desk.rectification.decide", "desk.rectification.decision", "desk.case.overpayment",
    "desk.case.overpayment.settle", "desk.case.copy", "desk.person.hold", "desk.person.hold.change",
    "desk.account.suspend", "desk.account.suspension", "desk.fraud.move", "desk.fraud.step",
    "desk.maintenance.form", "desk.maintenance.plan", "desk.service", "desk.service.switch",
    "desk.publication.approval", "desk.publication.approve", "desk.publication.withdraw", "desk.publication.withdrawal",
    "desk.team.absence", "desk.team.agent", "desk.team.back", "desk.team.duties",
    "email.change", "email.change.ask", "member.bank.change", "member.bank.ask",
    "member.beneficiary.review", "member.beneficiary.send",
    "employer.bank.approval", "employer.bank.approve", "employer.bank.ask", "employer.bank.change",
    "employer.bank.choose", "employer.bank.mandate", "employer.bank.rule",
    "provider.bank.approval", "provider.bank.approve", "provider.bank.ask", "provider.bank.change",
    "provider.bank.choose", "provider.bank.rule",
    "provider.practice.ask", "provider.practice.edit", "provider.practice.rewrite", "provider.practice.start",
    "employer.mandate", "employer.mandate.change", "employer.mandate.give", "employer.mandate.new",
    "employer.mandate.resend", "employer.mandate.revoke",
    "employer.team.change", "employer.team.invite", "employer.team.invite.submit", "employer.team.remove",
    "employer.team.resend", "employer.team.user", "provider.team.change", "provider.team.invite",
    "provider.team.invite.submit", "provider.team.remove", "provider.team.resend", "provider.team.user",
    "provider.software", "provider.software.create", "provider.software.noted", "provider.software.renew",
    "provider.software.revoke",
    "factor.app", "factor.app.start", "factor.app.image", "factor.app.confirm", "factor.app.remove",
    "passkey", "passkey.remove", "passkeys", "passkeys.add", "passkeys.options",
    "password.change", "password.change.submit", "recovery.make", "recovery.new",
    "session.end", "sessions", "sessions.end-others",
}  # fmt: skip

pytestmark = pytest.mark.engines("sqlite")


def handlers_of(app) -> list[tuple[str, object]]:
    found = [(route.path, handler) for route in app.routes for handler in getattr(route, "route_handlers", ())]
    return [(path, handler) for path, handler in found if recently_confirmed in (handler.guards or ())]


def enter_long_ago(client, account, age: timedelta = timedelta(minutes=6)) -> str:
    """A session whose holder proved who they are `age` ago, and that was used since."""
    with client.services.database.write() as db:
        token = factories.session_token(db, account)
        db.get_one(SignedSession, fingerprint(token)).confirmed_at = datetime.now(UTC) - age
        db.flush()
    return present(client, token)


def every_persona(make) -> list:
    """Accounts that between them hold every permission."""
    member = make(lambda db, keyring: factories.member_account(db, keyring, factories.household(db).member))
    others = (factories.employer_account, factories.provider_account)
    desk = make(lambda db, keyring: factories.desk_account(db, keyring, is_supervisor=True))
    return [member, *map(make, others), desk]


def holder_of(accounts, handler):
    """The first account that may call the handler."""
    permission = policy_of(handler).permission
    return next(account for account in accounts if permission in GRANTS[Role(account.role)])


def everything(client) -> list:
    """What the acts could change; sessions move by being used."""
    tables = [name for name in metadata.tables if name not in {"session", "journal_position"}]
    client.services.journal.flush()
    return [rows(client, f"SELECT * FROM {name}") for name in tables]


def with_codes(client, account) -> list[str]:
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, account)
        return make_recovery_codes(db, viewer, viewer.confirmed_at)


def confirm(client, **fields):
    form = {"mot-de-passe": factories.PASSWORD} | fields
    return send(client, CONFIRM, form, form_at=CONFIRM)


class TestGuard:
    def test_sensitive_handlers_are_the_listed_ones(self, app) -> None:
        assert {handler.name for _, handler in handlers_of(app)} == SENSITIVE

    def test_guard_stands_behind_a_permission(self, app) -> None:
        assert [path for path, handler in handlers_of(app) if policy_of(handler).name == "public"] == []

    def test_every_sensitive_page_leads_to_the_proof_and_back(self, client, app, make) -> None:
        accounts = every_persona(make)
        for path, handler in handlers_of(app):
            if "GET" not in handler.http_methods:
                continue
            enter_long_ago(client, holder_of(accounts, handler))
            asked = re.sub(r"\{\w+:\w+\}", "x", path)
            answer = ask(client, asked)
            where = answer.headers.get("location") or answer.headers.get("hx-redirect", "")
            assert where.partition("?")[0] == CONFIRM, (handler.name, answer.status_code)
            if asked.startswith("/fragments/"):
                assert answer.status_code == 401
            else:
                assert where == f"{CONFIRM}?suite={asked.replace('/', '%2F')}"

    def test_no_sensitive_act_is_done_before_the_proof(self, client, app, make) -> None:
        """The act is asked again afterwards, never replayed."""
        accounts = every_persona(make)
        for path, handler in handlers_of(app):
            if "POST" not in handler.http_methods:
                continue
            enter_long_ago(client, holder_of(accounts, handler))
            before = everything(client)
            answer = send(client, re.sub(r"\{\w+:\w+\}", "x", path), form_at=CONFIRM)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, CONFIRM), handler.name
            assert everything(client) == before, handler.name

    def test_form_sent_too_late_leads_back_to_its_page(self, client, anne) -> None:
        enter_long_ago(client, anne)
        answer = send(client, KEYS, {"nom": "x"}, form_at=CONFIRM)
        assert answer.headers["location"] == f"{CONFIRM}?suite=%2Fcompte%2Fsecurite%2Fcles"
        assert send(client, f"{KEYS}/options", form_at=CONFIRM).headers["location"] == CONFIRM

    @pytest.mark.parametrize(("age", "status"), [(timedelta(minutes=4, seconds=50), 200), (FIVE_MINUTES, 303)])
    def test_proof_holds_five_minutes(self, client, anne, age, status) -> None:
        enter_long_ago(client, anne, age)
        assert ask(client, APP).status_code == status


class TestPassword:
    def test_member_confirms_with_the_password_and_goes_on(self, client, anne) -> None:
        before = enter_long_ago(client, anne)
        client.get(APP, follow=True)
        client.submit(f'form[action="{CONFIRM}"]', **{"mot-de-passe": factories.PASSWORD})
        assert (client.path, client.status) == (APP, 200)
        assert acts(client)[-1] == ("identity.confirmed", "ok")
        use_session(client, before)
        assert ask(client, "/adherent").headers["location"].startswith("/connexion?")  # C2: a new token

    def test_wrong_password_is_explained_and_confirms_nothing(self, client, anne) -> None:
        enter_long_ago(client, anne)
        client.get(CONFIRM)
        client.submit(f'form[action="{CONFIRM}"]', **{"mot-de-passe": "faux"})
        assert client.status == 422
        assert ask(client, APP).status_code == 303
        assert acts(client)[-1] == ("identity.confirmed", "refused")
        client.get(CONFIRM)
        client.submit(f'form[action="{CONFIRM}"]')
        assert "Saisissez votre mot de passe" in client.page.text

    def test_five_wrong_passwords_delay_the_right_one(self, client, anne) -> None:
        enter_long_ago(client, anne)
        for _ in range(5):
            assert confirm(client, **{"mot-de-passe": "faux"}).status_code == 422
        assert confirm(client).status_code == 422

    def test_tries_do_not_hinder_signing_in(self, client, employer) -> None:
        """Whoever took a session over cannot lock its holder out of the sign-in page."""
        enter_long_ago(client, employer)
        for _ in range(6):
            confirm(client, **{"mot-de-passe": "faux"})
        client.http.cookies.clear()
        client.sign_in(employer.identifier, factories.PASSWORD, factories.TOTP_SECRET)
        assert client.path == "/employeur"

    @pytest.mark.parametrize("suite", ["//evil.test", "https://evil.test", "/\\evil.test", "", "javascript:alert(1)"])
    def test_way_back_never_leaves_the_portal(self, client, anne, suite) -> None:
        enter_long_ago(client, anne)
        assert confirm(client, suite=suite).headers["location"] == "/accueil"


class TestSecondFactor:
    def test_account_with_an_application_gives_its_code_too(self, client, employer) -> None:
        enter_long_ago(client, employer)
        assert confirm(client).status_code == 422
        code = factories.current_code()
        assert confirm(client, code=code, suite=KEYS).headers["location"] == KEYS
        enter_long_ago(client, employer)
        assert confirm(client, code=code).status_code == 422  # B12: once

    def test_recovery_code_does_as_well_and_is_used_up_only_with_the_right_password(self, client, employer) -> None:
        codes = with_codes(client, employer)
        enter_long_ago(client, employer)
        assert confirm(client, code=codes[0], **{"mot-de-passe": "faux"}).status_code == 422
        assert rows(client, "SELECT id FROM recovery_code WHERE used_at IS NOT NULL") == []
        assert confirm(client, code=codes[0]).status_code == 303
        assert len(rows(client, "SELECT id FROM recovery_code WHERE used_at IS NOT NULL")) == 1

    def test_session_keeps_its_age_and_other_sessions_stay_as_they_are(self, client, anne) -> None:
        other = enter_long_ago(client, anne)
        enter_long_ago(client, anne)
        started = rows(client, "SELECT created_at FROM session ORDER BY created_at")
        assert confirm(client).status_code == 303
        assert rows(client, "SELECT created_at FROM session ORDER BY created_at") == started
        use_session(client, other)
        assert ask(client, APP).status_code == 303
        assert ask(client, "/adherent").status_code == 200
