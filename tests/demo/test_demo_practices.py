"""The demonstration's practices: each state of a change and of an account, once however often prepared (R-03)."""

import sqlite3
from pathlib import Path

import pytest

pytestmark = [pytest.mark.xdist_group("demo-site"), pytest.mark.engines("sqlite")]


@pytest.fixture(scope="module")
def site(resumed_demonstration: Path) -> sqlite3.Connection:
    return sqlite3.connect(resumed_demonstration / "portal.sqlite3")


def test_demo_shows_a_change_of_each_state_r03(site) -> None:
    query = (
        "SELECT kind, state, takes_effect_on IS NOT NULL, applied_at IS NOT NULL FROM practice_change "
        "JOIN case_file ON id = case_id ORDER BY case_id"
    )
    assert site.execute(query).fetchall() == [
        ("adresse-cabinet", "acceptee", 1, 1),
        ("adresse-cabinet", "envoyee", 0, 0),
        ("adresse-cabinet", "acceptee", 1, 0),
        ("finess-cabinet", "refusee", 0, 0),
    ]


def test_demo_directory_has_the_optician_where_it_moved_to_once_r24(site) -> None:
    query = "SELECT address, left_on FROM practice WHERE national_id = '990000010'"
    assert site.execute(query).fetchall() == [("27 rue de l’Exemple", None)]


def test_demo_shows_accounts_in_force_pending_and_to_approve_r40(site) -> None:
    query = (
        "SELECT provider_id, needs_approval, takes_effect_at IS NOT NULL FROM provider_bank_details "
        "WHERE reported_on IS NULL AND effective_at IS NULL ORDER BY provider_id"
    )
    pending = site.execute(query).fetchall()
    assert [row[1:] for row in pending] == [(0, 1), (1, 0)]
    in_force = "SELECT count(*) FROM provider_bank_details WHERE effective_at IS NOT NULL"
    assert site.execute(in_force).fetchone() == (1,)
