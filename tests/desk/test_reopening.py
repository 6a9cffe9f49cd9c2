"""Accounts opened again, accesses sent again, one session ended, data kept (R-63, R-71): each told to the holder."""

import pytest
from sqlmodel import select

from portal.account_jobs import erase_due
from portal.data.accounts import AccountClosing, AccountDeletion
from portal.data.reopenings import AccountReopening
from portal.data.retention_holds import RetentionHold
from tests.desk.conftest import REASON
from tests.support import factories
from tests.support.entry import ask, enter, present, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters
from tests.support.retention import NOW, OLD

WHY = {"motif": REASON}


@pytest.fixture
def closed(client, member):
    with client.services.database.write() as db:
        db.add(AccountClosing(account_id=member.id, reason="Fermé par erreur."))
    return member


def opens(client, token: str) -> int:
    present(client, token)
    return ask(client, "/adherent").status_code


def token_of(client, account) -> str:
    with client.services.database.write() as db:
        return factories.session_token(db, account)


class TestReopening:
    def test_supervisor_reopens_and_the_closing_stays_in_the_history(
        self, client, supervisor, closed, sheet_url
    ) -> None:
        evidence = Evidence(client)
        assert opens(client, token_of(client, closed)) == 303
        enter(client, supervisor)
        client.get(sheet_url(closed))
        client.click("Rouvrir ce compte")
        client.submit(**WHY)
        shown = text_of(client.page.one("main"))
        assert "Actif" in shown
        assert "Fermé par erreur." in shown
        assert REASON in shown
        assert opens(client, token_of(client, closed)) == 200
        (letter,) = letters(client.services.database, client.services)
        assert (letter.name, letter.to) == ("account-reopened", closed.email)
        assert "account.reopened" in [act.action for act in evidence.fresh()]

    def test_reopening_twice_is_one_reopening(self, client, supervisor, closed, sheet_url) -> None:
        enter(client, supervisor)
        for _ in range(2):
            assert send(client, sheet_url(closed, "/reouverture"), WHY, form_at="/gestion").status_code == 303
        with client.services.database.read() as db:
            assert len(db.exec(select(AccountReopening)).all()) == 1
        assert len(letters(client.services.database, client.services)) == 1

    def test_account_whose_data_was_erased_stays_closed(self, client, supervisor, member, sheet_url) -> None:
        with client.services.database.write() as db:
            db.add(AccountDeletion(account_id=member.id, confirmed_at=OLD, erase_after=OLD))
        assert erase_due(client.services, NOW) == 1
        enter(client, supervisor)
        assert ask(client, sheet_url(member, "/reouverture")).status_code == 404
        send(client, sheet_url(member, "/reouverture"), WHY, form_at="/gestion")
        with client.services.database.read() as db:
            assert db.get(AccountClosing, member.id) is not None

    def test_agent_does_not_reopen_an_account(self, client, agent, closed, sheet_url) -> None:
        enter(client, agent)
        assert send(client, sheet_url(closed, "/reouverture"), WHY, form_at="/gestion").status_code == 403

    def test_reason_that_would_tell_nothing_is_refused(self, client, supervisor, closed, sheet_url) -> None:
        enter(client, supervisor)
        answer = send(client, sheet_url(closed, "/reouverture"), {"motif": "non"}, form_at="/gestion")
        assert answer.status_code == 422
        assert 'href="#motif"' in answer.text

    def test_account_that_is_open_has_nothing_to_reopen(self, client, supervisor, member, sheet_url) -> None:
        enter(client, supervisor)
        assert ask(client, sheet_url(member, "/reouverture")).status_code == 404


class TestAccess:
    def test_old_password_dies_and_a_link_chooses_the_next_one(self, client, agent, member, sheet_url) -> None:
        """B15: staff start it, and neither see nor choose a password."""
        token = token_of(client, member)
        with client.services.database.read() as db:
            before = db.get_one(factories.Account, member.id).password_hash
        enter(client, agent)
        client.get(sheet_url(member))
        client.click("Renvoyer ses accès")
        client.submit()
        assert opens(client, token) == 303
        with client.services.database.read() as db:
            assert db.get_one(factories.Account, member.id).password_hash != before
        (letter,) = letters(client.services.database, client.services)
        assert member.identifier in letter.text
        assert "/lien/" in letter.text or letter.links

    def test_password_still_to_be_changed_is_not_reset_by_a_link(self, client, agent, make, sheet_url) -> None:
        fresh = make(factories.employer_account, email="rh@exemple.example", password_temporary_until=NOW)
        enter(client, agent)
        send(client, sheet_url(fresh, "/actes/acces"), form_at="/gestion")
        assert letters(client.services.database, client.services) == []


class TestSessions:
    def test_agent_ends_one_session_and_the_others_go_on(self, client, agent, member, sheet_url) -> None:
        """Device's family and times, never from which address."""
        tokens = [token_of(client, member) for _ in range(2)]
        enter(client, agent)
        page = client.get(sheet_url(member))
        assert "192.0.2.1" not in client.answer.text
        href = page.css("main a[href*='/sessions/']")[0].attributes["href"]
        client.get(href)
        client.submit()
        assert sorted(opens(client, token) for token in tokens) == [200, 303]
        (letter,) = letters(client.services.database, client.services)
        assert letter.name == "session-ended"

    def test_session_of_another_account_is_not_ended(self, client, agent, member, make, sheet_url) -> None:
        other = make(factories.provider_account)
        token = token_of(client, other)
        enter(client, agent)
        page = client.get(sheet_url(other))
        key = (page.css("main a[href*='/sessions/']")[0].attributes["href"] or "").rpartition("/")[2]
        send(client, sheet_url(member, f"/sessions/{key}"), form_at="/gestion")
        present(client, token)
        assert ask(client, "/professionnel").status_code == 200
        assert letters(client.services.database, client.services) == []


class TestHolds:
    def test_supervisor_keeps_and_lifts_and_the_holder_sees_both(self, client, supervisor, member, sheet_url) -> None:
        enter(client, supervisor)
        client.get(sheet_url(member, "/conservation"))
        client.submit(motif=REASON)
        assert "Données en conservation" in text_of(client.page.one("main"))
        client.get(sheet_url(member, "/conservation"))
        assert REASON in text_of(client.page.one("main"))
        client.submit()
        assert "Données en conservation" not in text_of(client.page.one("main"))
        enter(client, member)
        told = text_of(client.get("/compte/journal").one("main"))
        assert "Vos données ont été mises en conservation" in told
        assert "La conservation de vos données a été levée" in told
        assert REASON not in told

    def test_account_under_a_hold_is_not_erased_even_at_its_holders_wish(
        self, client, supervisor, member, sheet_url
    ) -> None:
        """GDPR, article 17.3.e; erased once lifted."""
        with client.services.database.write() as db:
            db.add(AccountDeletion(account_id=member.id, confirmed_at=OLD, erase_after=OLD))
        enter(client, supervisor)
        send(client, sheet_url(member, "/conservation"), {"motif": REASON, "levee": ""}, form_at="/gestion")
        assert erase_due(client.services, NOW) == 0
        send(client, sheet_url(member, "/conservation"), {"motif": "", "levee": "1"}, form_at="/gestion")
        assert erase_due(client.services, NOW) == 1

    def test_agent_keeps_nothing_and_nobody_their_own(self, client, agent, supervisor, member, sheet_url) -> None:
        enter(client, agent)
        assert ask(client, sheet_url(member, "/conservation")).status_code == 403
        enter(client, supervisor)
        assert (
            send(client, sheet_url(supervisor, "/conservation"), WHY | {"levee": ""}, form_at="/gestion").status_code
            == 404
        )
        with client.services.database.read() as db:
            assert db.exec(select(RetentionHold)).all() == []
