"""Mandates of outside firms, given, changed, taken back and reminded of (R-02, R-10, R-72); and the contract's page."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.data.accounts import AccountClosing, Role
from portal.data.columns import utc_now
from portal.data.throttling import TEAM_LETTERS, allow
from portal.formatting import today
from portal.mandate_jobs import remind_of_mandates
from tests.support import staff
from tests.support.entry import ask, enter, send
from tests.support.mail import letters

LIST = "/employeur/utilisateurs/mandats"
NEW = f"{LIST}/nouveau"
SENT = {
    "prenom": "Ida", "nom": "Compte", "email": "ida@cabinet.example", "cabinet": "Cabinet Exemple",
    "salaries": "agir", "dispenses": "", "cotisations": "lire", "contrat": "",
    "fin": (today() + timedelta(days=20)).isoformat(),
}  # fmt: skip


@pytest.fixture
def signatory(client, make):
    def made(db, keyring):
        staff.figures(db)
        company = staff.company(db)
        staff.category(db, staff.group_contract(db, company))
        return staff.user(db, keyring, company, Role.SIGNATORY, email="signe@ateliers.example")

    account = make(made)
    enter(client, account)
    return account


def rows(client) -> list[tuple]:
    query = "SELECT id, scope, ended_at IS NULL, account_id FROM mandate ORDER BY id"
    with client.services.database.read() as db:
        return [tuple(row) for row in db.execute(text(query))]


def path_of(client, mandate_id: int) -> str:
    return f"{LIST}/{client.services.keyring.conceal('mandate', [mandate_id])[0]}"


def kinds(client) -> list[str]:
    return [letter.name for letter in letters(client.services.database, client.services)]


def test_mandate_given_changed_and_taken_back_is_told_to_both_sides_r10(client, signatory) -> None:
    assert send(client, NEW, SENT, form_at=NEW).status_code == 303
    ((first, scope, _, holder),) = rows(client)
    assert scope == "salaries:agir cotisations:lire"
    assert {"mandate-holder", "mandate-company"} <= set(kinds(client))
    path = path_of(client, first)
    assert send(client, path, SENT | {"contrat": "lire"}, form_at=path).status_code == 303
    assert [(row[1], bool(row[2])) for row in rows(client)] == [
        ("salaries:agir cotisations:lire", False),
        ("salaries:agir cotisations:lire contrat:lire", True),
    ]
    again = send(client, path, SENT, form_at=NEW)
    assert (again.status_code, "entre-temps" in again.text) == (422, True)
    second = path_of(client, rows(client)[1][0])
    assert send(client, f"{second}/retrait", {}, form_at=NEW).status_code == 303
    assert not any(row[2] for row in rows(client))
    with client.services.database.read() as db:
        closed = db.execute(text("SELECT account_id FROM account_closing")).scalars().all()
    assert closed == [holder]
    assert ask(client, LIST).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"fin": ""}, "fin"),
        ({"fin": today().isoformat()}, "fin"),
        ({"fin": (today() + timedelta(days=800)).isoformat()}, "fin"),
        ({"salaries": "", "cotisations": "", "contrat": "agir"}, "salaries"),
        ({"salaries": "tout", "cotisations": "x:agir"}, "salaries"),
        ({"cabinet": " "}, "cabinet"),
        ({"email": "ida"}, "email"),
    ],
)
def test_mandate_without_end_or_scope_or_beyond_24_months_is_refused_r10(client, signatory, wrong, field) -> None:
    answer = send(client, NEW, SENT | wrong, form_at=NEW)
    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    assert rows(client) == []


def test_mandate_of_another_company_does_not_exist_r72(client, signatory, make) -> None:
    send(client, NEW, SENT, form_at=NEW)
    path = path_of(client, rows(client)[0][0])
    stranger = make(lambda db, keyring: staff.user(db, keyring, staff.company(db), Role.SIGNATORY))
    enter(client, stranger)
    assert ask(client, path).status_code == 404
    assert send(client, path, SENT, form_at=NEW).status_code == 404
    assert send(client, f"{path}/retrait", {}, form_at=NEW).status_code == 404
    assert "Cabinet Exemple" not in ask(client, LIST).text


def test_mandate_that_ends_within_thirty_days_is_reminded_of_once_r10(client, signatory) -> None:
    send(client, NEW, SENT, form_at=NEW)

    before = len(kinds(client))
    assert [remind_of_mandates(client.services, utc_now()) for _ in range(2)] == [1, 0]
    assert len(kinds(client)) == before + 2


def test_contract_page_says_rates_in_percent_and_euros_and_the_legal_share_r02(client, signatory) -> None:
    page = " ".join(client.get("/employeur/contrat").text.split()).replace("\xa0", " ")
    assert "1,20 %" in page
    assert "48,06 €" in page
    assert "minimum légal respecté" in page
    with client.services.database.write() as db:
        db.execute(text("UPDATE category_rate SET employer_percent = 40"))
    assert "minimum légal non respecté" in client.get("/employeur/contrat").text.replace("\xa0", " ")


def test_mandate_of_a_closed_account_is_taken_back_and_never_changed_r10(client, signatory) -> None:
    """The insurer closed the holder's account: the mandate still ends, once, and opens nothing again."""
    assert send(client, NEW, SENT, form_at=NEW).status_code == 303
    ((mandate, _, _, holder),) = rows(client)
    with client.services.database.write() as db:
        db.add(AccountClosing(account_id=holder, reason="Fermé."))
    path = path_of(client, mandate)
    changed = send(client, path, SENT, form_at=NEW)
    assert (changed.status_code, "compte est fermé" in changed.text) == (422, True)
    assert len(rows(client)) == 1
    assert send(client, f"{path}/retrait", {}, form_at=NEW).status_code == 303
    assert not rows(client)[0][2]


def test_mandate_is_not_changed_without_end_to_write_letters_r10(client, signatory) -> None:
    assert send(client, NEW, SENT, form_at=NEW).status_code == 303
    path = path_of(client, rows(client)[0][0])
    with client.services.database.write() as db:
        while allow(db, [(TEAM_LETTERS, str(signatory.id))], utc_now()):
            pass
    refused = send(client, path, SENT | {"contrat": "lire"}, form_at=path)
    assert (refused.status_code, "Réessayez" in refused.text) == (422, True)
    assert [row[1] for row in rows(client)] == ["salaries:agir cotisations:lire"]
