"""R-51, R-72: whoever is shown something of a person leaves a trace that this person can be given."""

from collections.abc import Iterator

import pytest

from portal.data.evidence_audit import rows_of_account
from portal.formatting import today
from tests.support import factories as make
from tests.support.entry import ask, enter
from tests.support.relatives import FOREIGN, MEMBER, MINOR, PRIVATE, SHARING, SPOUSE, live_together

LIST = "/adherent/prestations"


@pytest.fixture
def relatives(client):
    with client.services.database.write() as db:
        return live_together(db, client.services.keyring)


@pytest.fixture
def read_by(client, relatives) -> Iterator:
    """The pages by which others were shown something of a person: what an extract of that person's account holds."""

    def acts_of_others(who: str) -> list[str]:
        client.services.journal.flush()
        account = relatives.accounts[who]
        with client.services.database.read() as db:
            rows = rows_of_account(db, account.id, account.person_id)
        return [row["object"] for row in rows if row["actor"] != account.id]

    return acts_of_others


def test_list_is_a_reading_of_everyone_it_shows_in_detail_or_by_totals(client, relatives, read_by) -> None:
    enter(client, relatives.accounts[MEMBER])
    client.get(LIST)
    for who in (SHARING, MINOR, PRIVATE, SPOUSE):
        assert read_by(who) == ["liste"], who
    assert read_by(FOREIGN) == []
    assert read_by(MEMBER) == []


def test_following_lines_are_a_reading_of_those_they_show_alone(client, relatives, read_by) -> None:
    """They bring no totals of those who keep their lines."""
    enter(client, relatives.accounts[MEMBER])
    ask(client, f"/fragments{LIST}/suite", headers={"HX-Request": "true"})
    assert read_by(MINOR) == ["liste"]
    assert read_by(PRIVATE) == []


def test_list_of_one_person_is_no_reading_of_the_others(client, relatives, read_by) -> None:
    enter(client, relatives.accounts[MEMBER])
    chosen = client.services.keyring.conceal("person", [relatives.persons[MINOR].id])[0]
    client.get(f"{LIST}?beneficiaire={chosen}")
    assert (read_by(MINOR), read_by(SHARING)) == (["liste"], [])


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_export_is_a_reading_of_everyone_in_it(client, relatives, read_by, suffix) -> None:
    enter(client, relatives.accounts[MEMBER])
    ask(client, f"{LIST}/export.{suffix}")
    assert (read_by(MINOR), read_by(SHARING), read_by(PRIVATE), read_by(FOREIGN)) == ([suffix], [suffix], [], [])


def test_explanation_is_a_reading_of_its_person(client, relatives, read_by) -> None:
    enter(client, relatives.accounts[MEMBER])
    line = relatives.lines[SHARING].id
    client.get(f"{LIST}/{client.services.keyring.conceal('line', [line])[0]}")
    assert (read_by(SHARING), read_by(MINOR)) == ([f"ligne:{line}"], [])


def test_statement_is_a_reading_of_everyone_it_tells_about_each_time(client, relatives, read_by) -> None:
    """As a page and as a file; the annual one gives totals of those who keep their lines."""
    last_year = today().year - 1
    with client.services.database.write() as db:
        contract = db.merge(make.contract(db, relatives.persons[MEMBER]))
        for who in (MINOR, PRIVATE):
            make.cover(db, contract, relatives.persons[who])
            make.paid_line(db, contract, relatives.persons[who], posted_on=today().replace(last_year, 6, 15))
    enter(client, relatives.accounts[MEMBER])
    client.get(client.url("member.statements"))
    client.submit("main form.form", du=f"{last_year}-01-01", au=f"{last_year}-12-31")
    page = client.path
    number = client.page.one("h1 .whole").text().partition("\u00a0")[2]
    ask(client, f"{page}/csv")
    assert read_by(PRIVATE).count(number) == 2
    assert read_by(MINOR).count(number) == 2
    assert read_by(SHARING).count(number) == 0
