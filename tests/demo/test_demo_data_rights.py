"""The demonstration's rights over data: one that takes longer, one refused, one for the desk, choices (R-70)."""

import sqlite3
from pathlib import Path

import pytest

from portal.demo.data_rights import MEMBER

pytestmark = [pytest.mark.xdist_group("demo-site"), pytest.mark.engines("sqlite")]


@pytest.fixture(scope="module")
def site(resumed_demonstration: Path) -> sqlite3.Connection:
    return sqlite3.connect(resumed_demonstration / "portal.sqlite3")


def test_demo_shows_requests_in_each_state_once_r70(site) -> None:
    query = (
        "SELECT data_request.right, state, extended_at IS NOT NULL, due_at IS NOT NULL FROM data_request "
        "JOIN case_file ON id = case_id ORDER BY case_id"
    )
    assert site.execute(query).fetchall() == [
        ("effacement", "refusee", 0, 1),
        ("acces", "envoyee", 1, 1),
        ("rectification", "envoyee", 0, 1),
        ("acces", "envoyee", 0, 1),
        ("acces", "acceptee", 0, 1),
    ]


def test_demo_shows_choices_in_force_once_r70(site) -> None:
    assert site.execute("SELECT purpose, ended_at FROM data_objection").fetchall() == [("prospection", None)]
    given = "SELECT identifier FROM death_instruction JOIN account ON account.id = account_id WHERE ended_at IS NULL"
    assert [row for row in site.execute(given) if row == (MEMBER,)] == [(MEMBER,)]


def test_demo_shows_requests_on_paper_of_people_without_an_account_r70(site) -> None:
    query = "SELECT channel, asker, account_id FROM received_request JOIN case_file ON id = case_id ORDER BY case_id"
    assert site.execute(query).fetchall() == [("courrier", "personne", None), ("courrier", "tuteur", None)]
    waiting = site.execute(
        "SELECT kind FROM postal_letter WHERE case_id IS NOT NULL AND posted_on IS NULL ORDER BY id"
    ).fetchall()
    assert waiting == [("accuse",), ("accuse",), ("reponse",)]
