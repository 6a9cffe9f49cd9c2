"""Acts of the desk on an account (R-63): effect on the very next request, a letter, evidence; never on one's own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from litestar.testing import TestClient
from sqlmodel import col, select, update

from portal.app import create_app
from portal.data import desk_acts
from portal.data.accounts import AccountSuspension, Role, SuspensionKind
from portal.data.sessions import SignedSession, find_viewer
from tests.desk.conftest import REASON
from tests.support import factories
from tests.support.client import AuditingClient
from tests.support.entry import ask, enter, leave, present, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters

WHY = {"categorie": "protection", "motif": REASON}


@pytest.fixture
def tokens(client, member) -> list[str]:
    """Tokens of three sessions that the member has open."""
    with client.services.database.write() as db:
        return [factories.session_token(db, member) for _ in range(3)]


def suspend(client, who, path: str) -> int:
    enter(client, who)
    return send(client, path, WHY, form_at="/gestion").status_code


def opens(client, token: str) -> int:
    present(client, token)
    return ask(client, "/adherent").status_code


class TestSuspension:
    def test_every_open_session_is_refused_at_its_very_next_request(
        self, client, agent, member, tokens, sheet_url
    ) -> None:
        """R-63, B17."""
        assert [opens(client, token) for token in tokens] == [200, 200, 200]
        assert suspend(client, agent, sheet_url(member, "/suspension")) == 303
        assert [opens(client, token) for token in tokens] == [303, 303, 303]

    def test_session_that_no_one_ended_is_refused_all_the_same(self, client, agent, member, tokens, sheet_url) -> None:
        """The account's own rows decide, at each request."""
        suspend(client, agent, sheet_url(member, "/suspension"))
        with client.services.database.write() as db:
            db.exec(update(SignedSession).values(ended_at=None))
        assert [opens(client, token) for token in tokens] == [303, 303, 303]

    def test_agent_fills_the_form_and_the_holder_is_told_why_and_how_to_contest(
        self, client, agent, member, sheet_url
    ) -> None:
        evidence = Evidence(client)
        enter(client, agent)
        client.get(sheet_url(member))
        client.click("Suspendre ce compte")
        client.submit(**WHY)
        shown = text_of(client.page.one("main"))
        assert client.path.startswith(sheet_url(member))
        assert "Suspendu" in shown
        assert REASON in shown
        (letter,) = letters(client.services.database, client.services, to=member.email)
        assert REASON in " ".join(letter.text.split())
        assert client.services.settings.insurer_email in letter.text
        acts = [(act.action, act.object) for act in evidence.fresh() if act.action != "account.read"]
        assert acts == [("account.suspended", f"compte:{member.id}")]

    def test_holder_without_an_address_is_told_by_the_agent(self, client, agent, make, sheet_url) -> None:
        silent = make(factories.provider_account)
        enter(client, agent)
        assert "Aucune adresse e-mail" in text_of(client.get(sheet_url(silent)).one("main"))
        assert suspend(client, agent, sheet_url(silent, "/suspension")) == 303
        assert letters(client.services.database, client.services) == []

    def test_suspending_twice_is_one_suspension_and_one_letter(self, client, agent, member, sheet_url) -> None:
        for _ in range(2):
            assert suspend(client, agent, sheet_url(member, "/suspension")) == 303
        with client.services.database.read() as db:
            assert len(db.exec(select(AccountSuspension)).all()) == 1
        assert len(letters(client.services.database, client.services)) == 1

    @pytest.mark.parametrize(
        ("field", "value"),
        [("categorie", ""), ("categorie", "vengeance"), ("motif", ""), ("motif", "trop"), ("motif", "x" * 501)],
    )
    def test_reason_that_would_tell_nothing_is_refused(self, client, agent, member, sheet_url, field, value) -> None:
        enter(client, agent)
        answer = send(client, sheet_url(member, "/suspension"), WHY | {field: value}, form_at="/gestion")
        assert answer.status_code == 422
        assert f'href="#{field}"' in answer.text
        assert opens(client, _token(client, member)) == 200

    def test_markup_in_a_reason_stays_text(self, client, agent, member, sheet_url) -> None:
        enter(client, agent)
        nasty = WHY | {"motif": "<script>alert(1)</script> & compagnie"}
        assert send(client, sheet_url(member, "/suspension"), nasty, form_at="/gestion").status_code == 303
        assert "<script>alert" not in client.get(sheet_url(member)).one("main").html
        (letter,) = letters(client.services.database, client.services)
        assert "<script>" not in letter.html
        assert "<script>alert(1)</script> & compagnie" in " ".join(letter.text.split())

    def test_lifting_opens_the_account_again_and_says_so(self, client, agent, member, sheet_url) -> None:
        suspend(client, agent, sheet_url(member, "/suspension"))
        enter(client, agent)
        client.get(sheet_url(member))
        client.click("Lever la suspension")
        client.submit()
        assert "Actif" in text_of(client.page.one("main"))
        assert opens(client, _token(client, member)) == 200
        names = [letter.name for letter in letters(client.services.database, client.services)]
        assert names == ["account-suspended", "account-restored"]

    def test_lifting_leaves_the_freeze_of_a_fraud_report(self, client, agent, member, sheet_url) -> None:
        """R-13: that one is lifted by its case."""
        with client.services.database.write() as db:
            db.add(AccountSuspension(account_id=member.id, kind=SuspensionKind.FRAUD, reason="essai"))
        suspend(client, agent, sheet_url(member, "/suspension"))
        enter(client, agent)
        send(client, sheet_url(member, "/actes/reprise"), form_at="/gestion")
        assert opens(client, _token(client, member)) == 303


def _token(client, account) -> str:
    with client.services.database.write() as db:
        return factories.session_token(db, account)


class TestTwoServers:
    @pytest.mark.engines("postgresql")
    def test_suspension_on_one_server_refuses_the_next_request_on_the_other(
        self, client, settings, database, agent, member, tokens, sheet_url
    ) -> None:
        """R-63: two processes on one PostgreSQL database; nothing is kept between requests."""
        elsewhere = settings.model_copy(
            update={"database_url": database.url, "data_folder": settings.data_folder / "second"}
        )
        with TestClient(create_app(elsewhere), base_url="https://portal.test") as http:
            other = AuditingClient(http)
            assert [opens(other, token) for token in tokens] == [200, 200, 200]
            assert suspend(client, agent, sheet_url(member, "/suspension")) == 303
            assert [opens(other, token) for token in tokens] == [303, 303, 303]


class TestClosing:
    def test_supervisor_closes_for_good_with_a_typed_confirmation(
        self, client, supervisor, member, tokens, sheet_url
    ) -> None:
        evidence = Evidence(client)
        enter(client, supervisor)
        client.get(sheet_url(member))
        client.click("Fermer ce compte pour toujours")
        client.submit(**WHY, confirmation=member.identifier)
        assert "Fermé" in text_of(client.page.one("main"))
        assert client.page.css("main a[href*=suspension]") == []
        assert [opens(client, token) for token in tokens] == [303, 303, 303]
        (letter,) = letters(client.services.database, client.services)
        assert (letter.name, letter.to) == ("account-closed", member.email)
        assert "account.closed" in [act.action for act in evidence.fresh()]

    @pytest.mark.parametrize("typed", ["", "0000000000", "FERMER"])
    def test_wrong_confirmation_closes_nothing(self, client, supervisor, member, sheet_url, typed) -> None:
        enter(client, supervisor)
        client.get(sheet_url(member, "/fermeture"))
        client.submit(**WHY, confirmation=typed)
        assert client.status == 422
        assert opens(client, _token(client, member)) == 200

    def test_agent_may_not_close(self, client, agent, member, sheet_url) -> None:
        enter(client, agent)
        assert "Fermer ce compte" not in text_of(client.get(sheet_url(member)).one("main"))
        fields = WHY | {"confirmation": member.identifier}
        assert ask(client, sheet_url(member, "/fermeture")).status_code == 403
        assert send(client, sheet_url(member, "/fermeture"), fields, form_at="/gestion").status_code == 403


class TestSmallActs:
    def test_agent_ends_every_session(self, client, agent, member, tokens, sheet_url) -> None:
        enter(client, agent)
        client.get(sheet_url(member))
        client.click("Fermer ses sessions")
        client.submit()
        assert "Aucune session ouverte" in text_of(client.page.one("main"))
        assert [opens(client, token) for token in tokens] == [303, 303, 303]
        assert [letter.name for letter in letters(client.services.database, client.services)] == ["sessions-ended"]

    def test_agent_resets_the_second_factors_of_an_employer(self, client, agent, make, sheet_url) -> None:
        """B15: the desk starts a reset; it neither sees nor chooses a secret."""
        employer = make(factories.employer_account, email="rh@exemple.example")
        token = _token(client, employer)
        enter(client, agent)
        client.get(sheet_url(employer))
        client.click("Réinitialiser sa seconde protection")
        client.submit()
        states = {text_of(row.css_first("dt")): text_of(row.css_first("dd")) for row in client.page.css(".defs > div")}
        assert states["Application de codes"] == "aucune"
        present(client, token)
        assert ask(client, "/employeur").status_code == 303
        assert [letter.name for letter in letters(client.services.database, client.services)] == ["factors-reset"]

    def test_agent_sends_a_new_temporary_password_without_seeing_it(self, client, agent, make, sheet_url) -> None:
        """R-11, B15: two letters leave, the page shows neither of their secrets."""
        until = datetime.now(UTC) + timedelta(hours=1)
        employer = make(factories.employer_account, email="rh@exemple.example", password_temporary_until=until)
        enter(client, agent)
        client.get(sheet_url(employer))
        client.click("Renvoyer un mot de passe temporaire")
        client.submit()
        sent = letters(client.services.database, client.services)
        assert [letter.name for letter in sent] == ["sign-up-identifier", "sign-up-password"]
        secrets = {word for word in sent[1].text.split() if word.count("-") == 6}
        assert len(secrets) == 1
        assert not [word for word in secrets if word in client.answer.text]

    def test_password_that_its_holder_chose_is_never_replaced(self, client, agent, member, sheet_url) -> None:
        enter(client, agent)
        send(client, sheet_url(member, "/actes/mot-de-passe"), form_at="/gestion")
        assert letters(client.services.database, client.services) == []

    def test_act_that_does_not_exist_is_not_found(self, client, agent, member, sheet_url) -> None:
        enter(client, agent)
        for act in ("x", "fermeture", "%00"):
            assert ask(client, sheet_url(member, f"/actes/{act}")).status_code == 404
            assert send(client, sheet_url(member, f"/actes/{act}"), form_at="/gestion").status_code == 404


BELOW = ("/suspension", "/actes/reprise", "/actes/sessions", "/actes/facteurs", "/actes/mot-de-passe")


class TestWhoMayAct:
    @pytest.mark.parametrize("below", [*BELOW, "/fermeture"])
    def test_nobody_acts_on_their_own_account(self, client, supervisor, sheet_url, below) -> None:
        evidence = Evidence(client)
        enter(client, supervisor)
        fields = WHY | {"confirmation": supervisor.identifier}
        assert ask(client, sheet_url(supervisor, below)).status_code == 404
        assert send(client, sheet_url(supervisor, below), fields, form_at="/gestion").status_code == 404
        assert evidence.fresh() == []
        assert ask(client, "/gestion").status_code == 200

    @pytest.mark.parametrize("below", [*BELOW, "/fermeture", "/conservation", "/limitation", "/reouverture"])
    def test_nobody_acts_on_the_account_that_their_household_has_as_members(
        self, client, member, make, sheet_url, below
    ) -> None:
        """R-72: staff who are insured here have another account as such, known by its address."""
        evidence = Evidence(client)
        enter(client, make(factories.desk_account, is_supervisor=True, email=member.email.upper()))
        fields = WHY | {"confirmation": member.identifier}
        assert ask(client, sheet_url(member, below)).status_code == 404
        assert send(client, sheet_url(member, below), fields, form_at="/gestion").status_code == 404
        assert evidence.fresh() == []
        client.get(sheet_url(member))
        assert client.page.css(f'main a[href^="{sheet_url(member)}/"]') == []

    @pytest.mark.parametrize("below", BELOW)
    def test_agent_does_not_act_on_the_desk(self, client, agent, make, sheet_url, below) -> None:
        colleague = make(factories.desk_account)
        enter(client, agent)
        assert send(client, sheet_url(colleague, below), WHY, form_at="/gestion").status_code == 404

    def test_supervisor_suspends_an_agent(self, client, agent, supervisor, sheet_url) -> None:
        token = _token(client, agent)
        assert suspend(client, supervisor, sheet_url(agent, "/suspension")) == 303
        present(client, token)
        assert ask(client, "/gestion").status_code == 303

    def test_old_proof_of_identity_is_asked_again_before_any_act(self, client, agent, member, sheet_url) -> None:
        """C6: page and form alike; nothing is replayed."""
        old = datetime.now(UTC) - timedelta(minutes=5, seconds=1)
        enter(client, agent)
        client.get("/gestion")
        with client.services.database.write() as db:
            db.exec(update(SignedSession).where(col(SignedSession.account_id) == agent.id).values(confirmed_at=old))
        confirm = client.url("confirm")
        for below in BELOW:
            page = ask(client, sheet_url(member, below))
            sent = send(client, sheet_url(member, below), WHY, form_at="/gestion")
            assert page.headers["location"].startswith(confirm), below
            assert sent.headers["location"] == confirm, below
        assert opens(client, _token(client, member)) == 200

    def test_visitor_is_led_to_sign_in(self, client, member, sheet_url) -> None:
        leave(client)
        assert ask(client, sheet_url(member)).headers["location"].startswith("/connexion")


class TestRaces:
    def test_suspending_and_lifting_at_once_ends_in_one_of_two_states(self, client, agent, member) -> None:
        """Each act waits for the other: never two open suspensions, never a lost one."""
        database = client.services.database
        with database.write() as db:
            viewer = factories.viewer_of(db, agent)

        def act(number: int) -> bool:
            with database.write() as db:
                account = desk_acts.target(db, viewer, member.id)
                done = desk_acts.suspend if number % 2 else desk_acts.lift
                extra = (REASON,) if number % 2 else ()
                return done(db, viewer, account, *extra, datetime.now(UTC))

        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(act, range(40)))
        with database.read() as db:
            rows = db.exec(select(AccountSuspension)).all()
        still_open = [row for row in rows if row.ended_at is None]
        assert len(still_open) <= 1
        assert len(rows) == sum(done[1::2])
        assert len(rows) - len(still_open) == sum(done[::2])

    def test_session_opened_while_suspending_is_refused(self, client, agent, member) -> None:
        """A sign-in that commits after the suspension opens a session that opens nothing."""
        database = client.services.database
        with database.write() as db:
            viewer = factories.viewer_of(db, agent)
            desk_acts.suspend(db, viewer, desk_acts.target(db, viewer, member.id), REASON, datetime.now(UTC))
        token = _token(client, member)
        with database.read() as db:
            assert find_viewer(db, token, datetime.now(UTC)) is None


def test_data_functions_refuse_whoever_is_not_of_the_desk(client, member, make) -> None:
    """The rule stands below the routes too."""
    other = make(factories.provider_account)
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, other)
        assert viewer.role == Role.PROVIDER
        with pytest.raises(desk_acts.NotAllowed):
            desk_acts.target(db, viewer, member.id)
