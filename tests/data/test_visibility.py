"""Who reads whose lines (R-21, R-22, R-72): the matrix of family privacy, on both databases."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy import select

from portal.data.accounts import Role, Space
from portal.data.benefits import BenefitLine
from portal.data.columns import utc_now
from portal.data.coverage import Relationship
from portal.data.representations import Capacity, Declaration
from portal.data.statements import Statement, find_file, find_statement, issued_statements
from portal.data.visibility import lines_of, statement_owner, statement_scope, visible_scope
from portal.formatting import today
from tests.support import factories
from tests.support.factories import cover, household, line, person, sharing

DAY = date(2026, 3, 2)
SEVENTEEN = date(2008, 3, 3)  # 18 tomorrow
EIGHTEEN = date(2008, 3, 2)  # 18 today


def scope_of(db, keyring, who, day: date = DAY):
    return visible_scope(db, factories.viewer_of(db, factories.member_account(db, keyring, who)), day)


def read_by(db, keyring, who, day: date = DAY) -> set[str]:
    """Labels of the lines that `who` reads in detail."""
    detailed = scope_of(db, keyring, who, day).detailed
    return set(db.execute(select(BenefitLine.label).where(lines_of(detailed))).scalars())


def in_detail(db, keyring, who, day: date = DAY) -> set[str]:
    return {relative.first_name for relative in scope_of(db, keyring, who, day).relatives if relative.in_detail}


def in_total(db, keyring, who, day: date = DAY) -> set[str]:
    return {relative.first_name for relative in scope_of(db, keyring, who, day).relatives if not relative.in_detail}


@pytest.fixture
def family(db):
    """A member, a spouse, a minor, a child of 17 and a child of 18; one line each."""
    made = household(db, spouse="Paul", children={"Lou": date(2015, 1, 1), "Nina": SEVENTEEN, "Tom": EIGHTEEN})
    line(db, made.contract, label="Anne")
    for name, who in made.dependants.items():
        line(db, made.contract, who, label=name)
    return made


def test_member_reads_own_lines_and_those_of_minors(db, keyring, family) -> None:
    assert read_by(db, keyring, family.member) == {"Anne", "Lou", "Nina"}
    assert in_total(db, keyring, family.member) == {"Paul", "Tom"}


@pytest.mark.parametrize("name", ["Paul", "Lou", "Nina", "Tom"])
def test_dependant_reads_own_lines_alone(db, keyring, family, name) -> None:
    assert read_by(db, keyring, family[name]) == {name}
    assert in_total(db, keyring, family[name]) == set()


def test_member_stops_reading_a_child_on_the_eighteenth_birthday(db, keyring, family) -> None:
    assert "Nina" in read_by(db, keyring, family.member, date(2026, 3, 2))
    assert "Nina" not in read_by(db, keyring, family.member, date(2026, 3, 3))


def test_child_born_on_a_leap_day_is_of_age_on_the_first_of_march(db, keyring) -> None:
    made = household(db, children={"Léa": date(2008, 2, 29)})
    assert in_detail(db, keyring, made.member, date(2026, 2, 28)) == {"Anne", "Léa"}
    assert in_detail(db, keyring, made.member, date(2026, 3, 1)) == {"Anne"}


@pytest.mark.parametrize(
    ("instant", "birth_date", "is_minor"),
    [
        (datetime(2026, 3, 2, 22, 59, 59, tzinfo=UTC), date(2008, 3, 3), True),
        (datetime(2026, 3, 2, 23, 0, 0, tzinfo=UTC), date(2008, 3, 3), False),
        (datetime(2026, 7, 1, 21, 59, 59, tzinfo=UTC), date(2008, 7, 2), True),
        (datetime(2026, 7, 1, 22, 0, 0, tzinfo=UTC), date(2008, 7, 2), False),
    ],
    ids=["winter-before", "winter-midnight", "summer-before", "summer-midnight"],
)
def test_the_birthday_begins_at_midnight_in_paris(db, keyring, instant, birth_date, is_minor) -> None:
    made = household(db, children={"Nina": birth_date})
    with time_machine.travel(instant, tick=False):
        assert ("Nina" in in_detail(db, keyring, made.member, today())) is is_minor


def test_member_reads_an_adult_dependant_who_shares(db, keyring, family) -> None:
    sharing(db, family["Paul"], family.member)
    assert read_by(db, keyring, family.member) == {"Anne", "Lou", "Nina", "Paul"}
    assert in_total(db, keyring, family.member) == {"Tom"}


def test_member_stops_reading_when_sharing_ends(db, keyring, family) -> None:
    sharing(db, family["Paul"], family.member, ended=True)
    assert "Paul" not in read_by(db, keyring, family.member)


def test_sharing_again_after_it_ended_counts(db, keyring, family) -> None:
    sharing(db, family["Paul"], family.member, ended=True)
    sharing(db, family["Paul"], family.member)
    assert "Paul" in read_by(db, keyring, family.member)
    assert [relative.first_name for relative in scope_of(db, keyring, family.member).relatives].count("Paul") == 1


def test_sharing_goes_one_way_and_to_one_member(db, keyring, family) -> None:
    stranger = household(db, name="Autre")
    sharing(db, family["Paul"], stranger.member)
    sharing(db, family.member, family["Paul"])
    assert read_by(db, keyring, family.member) == {"Anne", "Lou", "Nina"}
    assert read_by(db, keyring, family["Paul"]) == {"Paul"}
    assert read_by(db, keyring, stranger.member) == set()


def test_member_with_two_contracts_reads_both_and_counts_each_person_once(db, keyring) -> None:
    made = household(db, children={"Lou": date(2015, 1, 1)})
    second = factories.contract(db, made.member)
    cover(db, second, made["Lou"])
    line(db, made.contract, made["Lou"], label="premier")
    line(db, second, made["Lou"], label="second")
    assert read_by(db, keyring, made.member) == {"premier", "second"}
    assert len(scope_of(db, keyring, made.member).relatives) == 2


def test_parents_read_their_child_each_under_their_own_contract(db, keyring) -> None:
    mother = household(db, children={"Lou": date(2015, 1, 1)})
    father = household(db, name="Père")
    cover(db, father.contract, mother["Lou"])
    line(db, mother.contract, mother["Lou"], label="chez la mère")
    line(db, father.contract, mother["Lou"], label="chez le père")
    assert read_by(db, keyring, mother.member) == {"chez la mère"}
    assert read_by(db, keyring, father.member) == {"chez le père"}
    assert read_by(db, keyring, mother["Lou"]) == {"chez la mère", "chez le père"}


def test_member_covered_elsewhere_reads_own_lines_under_both_contracts(db, keyring) -> None:
    made, spouse = household(db), household(db, name="Conjoint", children={"Zoé": date(2015, 1, 1)})
    cover(db, spouse.contract, made.member, Relationship.SPOUSE)
    line(db, made.contract, label="mon contrat")
    line(db, spouse.contract, made.member, label="son contrat")
    line(db, spouse.contract, spouse["Zoé"], label="Zoé")
    line(db, spouse.contract, label="conjoint")
    assert read_by(db, keyring, made.member) == {"mon contrat", "son contrat"}
    assert read_by(db, keyring, spouse.member) == {"Zoé", "conjoint"}


def test_member_still_reads_a_minor_whose_cover_ended(db, keyring) -> None:
    """R-64: past lines stay readable after the cover ends."""
    made = household(db)
    lou = person(db, "Lou", born=date(2015, 1, 1))
    cover(db, made.contract, lou, valid_to=date(2024, 12, 31))
    line(db, made.contract, lou, label="Lou")
    assert read_by(db, keyring, made.member) == {"Lou"}


def test_member_reads_nothing_of_another_household(db, keyring, family) -> None:
    stranger = household(db, name="Autre", children={"Max": date(2015, 1, 1)})
    line(db, stranger.contract, stranger["Max"], label="Max")
    assert read_by(db, keyring, stranger.member) == {"Max"}
    assert "Max" not in read_by(db, keyring, family.member)


# --- representatives: never more than the person represented, nothing of the rest of the household ---


def acting(db, keyring, capacity: Capacity, who):
    account = factories.account(db, keyring, Space.MEMBER, Role.REPRESENTATIVE, of=who)
    db.add(Declaration(capacity, acts=True, representative_name="Représentant").row(account.id, utc_now()))
    db.flush()
    return factories.viewer_of(db, account)


def seen(db, viewer, day: date = DAY) -> tuple[set[str], set[str]]:
    """First names read in detail, and as totals."""
    relatives = visible_scope(db, viewer, day).relatives
    return {one.first_name for one in relatives if one.in_detail}, {
        one.first_name for one in relatives if not one.in_detail
    }


REPRESENTED = [
    (Capacity.PARENT, "Lou", ({"Lou"}, set())),
    (Capacity.PARENT, "Nina", ({"Nina"}, set())),
    (Capacity.PARENT, "Tom", (set(), set())),
    (Capacity.PARENT, "Paul", (set(), set())),
    (Capacity.GUARDIAN, "Lou", ({"Lou"}, set())),
    (Capacity.GUARDIAN, "Paul", ({"Paul"}, set())),
    (Capacity.GUARDIAN, "Anne", ({"Anne"}, set())),
    (Capacity.CURATOR, "Paul", (set(), {"Paul"})),
    (Capacity.CURATOR, "Anne", (set(), {"Anne"})),
]


@pytest.mark.parametrize(("capacity", "name", "wanted"), REPRESENTED)
def test_representative_sees_what_the_capacity_allows(db, keyring, family, capacity, name, wanted) -> None:
    who = family.member if name == "Anne" else family[name]
    assert seen(db, acting(db, keyring, capacity, who)) == wanted


def test_parent_stops_reading_on_the_childs_eighteenth_birthday(db, keyring, family) -> None:
    viewer = acting(db, keyring, Capacity.PARENT, family["Nina"])
    assert seen(db, viewer, date(2026, 3, 2)) == ({"Nina"}, set())
    assert seen(db, viewer, date(2026, 3, 3)) == (set(), set())


def test_sharing_gives_a_curator_nothing(db, keyring, family) -> None:
    sharing(db, family["Paul"], family.member)
    assert seen(db, acting(db, keyring, Capacity.CURATOR, family["Paul"])) == (set(), {"Paul"})


def test_representative_without_a_declaration_sees_nobody(db, keyring, family) -> None:
    account = factories.account(db, keyring, Space.MEMBER, Role.REPRESENTATIVE, of=family["Lou"])
    assert visible_scope(db, factories.viewer_of(db, account), DAY).relatives == ()


def test_authorised_minor_reads_as_anybody_does(db, keyring, family) -> None:
    account = factories.dependant_account(db, keyring, family["Lou"])
    db.add(Declaration(Capacity.PARENT, acts=False, representative_name="Anne").row(account.id, utc_now()))
    assert seen(db, factories.viewer_of(db, account)) == ({"Lou"}, set())


STATEMENTS = [
    (Capacity.PARENT, "Lou", True),
    (Capacity.GUARDIAN, "Paul", True),
    (Capacity.CURATOR, "Paul", False),
    (Capacity.CURATOR, "Anne", False),
    (Capacity.GUARDIAN, "Anne", False),
]


@pytest.mark.parametrize(("capacity", "name", "has_them"), STATEMENTS)
def test_representative_has_statements_only_when_they_tell_no_more(
    db, keyring, family, capacity, name, has_them
) -> None:
    """A member's statements tell about the household, a person's own about every line."""
    who = family.member if name == "Anne" else family[name]
    viewer = acting(db, keyring, capacity, who)
    assert (statement_owner(db, viewer) == who.id) is has_them
    assert bool(statement_scope(db, viewer, DAY).relatives) is has_them


def test_guardian_of_a_member_covered_alone_has_the_statements(db, keyring) -> None:
    alone = household(db)
    assert statement_owner(db, acting(db, keyring, Capacity.GUARDIAN, alone.member)) == alone.member.id


def test_curator_reads_no_statement_that_the_person_had_issued(db, keyring) -> None:
    alone = household(db)
    db.add(Statement(number="R-2026-01-TEST", person_id=alone.member.id, kind="month", period_start=DAY, period_end=DAY,
                     revision=1, replaces="", issued_at=utc_now(), line_count=1, reimbursed_cents=1,
                     supplementary_cents=1, content_digest="x", content=b"{}", pdf=b"pdf", csv=b"csv", pdf_size=3,
                     csv_size=3))  # fmt: skip
    db.flush()
    guardian = acting(db, keyring, Capacity.GUARDIAN, alone.member)
    curator = acting(db, keyring, Capacity.CURATOR, alone.member)
    (issued,) = issued_statements(db, guardian)
    assert issued_statements(db, curator) == []
    assert find_statement(db, curator, issued.id) is None
    assert find_file(db, curator, issued.id, "pdf") is None


@pytest.mark.parametrize("account", [factories.employer_account, factories.provider_account, factories.desk_account])
def test_accounts_without_a_covered_person_read_nothing(db, keyring, family, account) -> None:
    """D4: employers, professionals and staff see no care data here."""
    scope = visible_scope(db, factories.viewer_of(db, account(db, keyring)), DAY)
    assert scope.relatives == ()
    assert db.execute(select(BenefitLine.id).where(lines_of(scope.detailed))).all() == []
