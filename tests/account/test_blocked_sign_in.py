"""Accounts that cannot be used (R-13, R-63, R-64): told to whoever knows the password, and to nobody else."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from portal.data.accounts import AccountClosing, AccountSuspension, SuspensionKind
from portal.data.standing import reading_until
from portal.formatting import long_date, today
from tests.support import factories
from tests.support.entry import try_password

COOKIE = "__Host-portal-session"
REASON = "Des accès simultanés depuis deux pays."


def suspended(db, account, kind=SuspensionKind.INSURER) -> None:
    db.add(AccountSuspension(account_id=account.id, kind=kind, reason=REASON))


def closed(db, account) -> None:
    db.add(AccountClosing(account_id=account.id, reason=REASON))


def frozen(db, account) -> None:
    suspended(db, account, SuspensionKind.FRAUD)


def over(db, account) -> None:
    db.execute(text("UPDATE account SET access_ends_on = :day"), {"day": (today() - timedelta(days=1)).isoformat()})


def uncovered(db, account) -> None:
    for table, column in (("contract", "ends_on"), ("beneficiary", "valid_to")):
        db.execute(text(f"UPDATE {table} SET {column} = '2021-03-31'"))


TOLD = {
    suspended: ("suspendu depuis le", REASON),
    closed: ("fermé depuis le", REASON),
    frozen: ("gelé depuis le", "utilisation frauduleuse"),
    over: ("a pris fin le", "demandez-le à la personne"),
    uncovered: (long_date(date(2023, 3, 31)), "sur demande"),
}


@pytest.mark.parametrize("block", TOLD)
def test_holder_is_told_why_since_when_and_what_to_do(client, member, block) -> None:
    with client.services.database.write() as db:
        block(db, member)
    client.get("/connexion")
    form = client.form('form[action="/connexion"]')
    form.fill({"identifiant": member.identifier, "mot-de-passe": factories.PASSWORD})
    client.send(form)
    assert client.status == 403
    assert COOKIE not in client.http.cookies
    for words in (*TOLD[block], client.services.settings.insurer_phone):
        assert words in client.page.text.replace("\n", " ")
    with client.services.database.read() as db:
        query = "SELECT actor, outcome FROM evidence WHERE action = 'session.refused' AND reason <> ''"
        assert [tuple(row) for row in db.execute(text(query))] == [(member.id, "refused")]


@pytest.mark.parametrize("block", TOLD)
def test_wrong_password_tells_nothing(client, member, block) -> None:
    """B10: the same answer as for any account."""
    before = try_password(client, member.identifier, "faux")
    with client.services.database.write() as db:
        block(db, member)
    after = try_password(client, member.identifier, "faux")
    assert (before.status_code, len(before.text)) == (after.status_code, len(after.text)) == (422, len(before.text))


def test_account_in_its_two_years_of_reading_signs_in(client, member) -> None:
    last = today() - timedelta(days=30)
    with client.services.database.write() as db:
        for table, column in (("contract", "ends_on"), ("beneficiary", "valid_to")):
            db.execute(text(f"UPDATE {table} SET {column} = :day"), {"day": last.isoformat()})
    assert reading_until(last) > today()
    assert try_password(client, member.identifier, factories.PASSWORD).status_code == 303


def test_suspension_that_ended_lets_in_again(client, member) -> None:
    with client.services.database.write() as db:
        suspended(db, member)
        db.flush()
        db.execute(text("UPDATE account_suspension SET ended_at = started_at"))
    assert try_password(client, member.identifier, factories.PASSWORD).status_code == 303
