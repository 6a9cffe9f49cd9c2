"""Publications by four eyes on both databases: races, states by the day, tables put back exactly (R-61)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from portal.data.articles import ArticleVersion, articles_in_force, keep_version
from portal.data.coverage import GuaranteeRule, GuaranteeVersion
from portal.data.guarantee_changes import (
    TablesMoved,
    changed_stretches,
    changed_tables,
    first_day_of_change,
    paid_under,
    read_tables,
    replaced_tables,
    take_back,
)
from portal.data.options import ContractOption
from portal.data.publications import (
    ChangedMeanwhile,
    InEffect,
    Nature,
    OwnWork,
    PublicationState,
    WrongState,
    approve,
    cancel,
    digest_of_parts,
    find_publication,
    prepare,
    rewrite,
)
from tests.support import factories

NOW = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
TODAY = date(2026, 11, 29)
OLD, NEXT = date(2025, 1, 1), date(2027, 1, 1)


@pytest.fixture
def people(database, keyring):
    with database.write() as db:
        made = [factories.desk_account(db, keyring, is_supervisor=True) for _ in range(3)]
        return [factories.viewer_of(db, one) for one in made]


def prepared(db, author, effective_at=None, text="Texte"):
    made = prepare(db, author, Nature.ARTICLE, "Titre", digest_of_parts(text), effective_at, NOW)
    keep_version(db, made, ArticleVersion(publication_id=0, slug="un", theme="Thème", words="", text=text))
    return made


def test_two_supervisors_at_once_publish_it_once(database, people) -> None:
    """The row is held: the second one is told that it is done."""
    author, *others = people
    with database.write() as db:
        made = prepared(db, author)

    def publish(viewer) -> bool:
        with database.write() as db:
            found = find_publication(db, made.id, lock=True)
            try:
                approve(viewer, found, made.version, NOW)
            except WrongState:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(publish, others)) == [False, True]


def test_one_publishes_and_another_rewrites_at_once_never_both_unseen(database, people) -> None:
    author, supervisor, other = people
    with database.write() as db:
        made = prepared(db, author)

    def publish() -> bool:
        with database.write() as db:
            try:
                approve(supervisor, find_publication(db, made.id, lock=True), made.version, NOW)
            except ChangedMeanwhile:
                return False
            return True

    def write() -> bool:
        with database.write() as db:
            try:
                found = find_publication(db, made.id, lock=True)
                rewrite(other, found, found.version, "Autre", digest_of_parts("autre"), None, NOW)
            except WrongState:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        done = [each.result() for each in (pool.submit(publish), pool.submit(write))]
    assert sorted(done) == [False, True]


@pytest.mark.parametrize("change", [{"text": "autre"}, {"effective_at": NOW + HOUR}, {}])
def test_supervisor_publishes_nothing_but_what_was_read(db, database, keyring, change) -> None:
    """The text, the day and the author count; one's own work never passes."""
    author, supervisor, other = (
        factories.viewer_of(db, factories.desk_account(db, keyring, is_supervisor=True)) for _ in range(3)
    )
    made = prepared(db, author)
    read = made.version
    if change:
        text = change.get("text", "Texte")
        rewrite(other, made, made.version, "Titre", digest_of_parts(text), change.get("effective_at"), NOW)
        with pytest.raises(ChangedMeanwhile):
            approve(supervisor, made, read, NOW)
    with pytest.raises(OwnWork):
        approve(other if change else author, made, made.version, NOW)
    approve(supervisor, made, made.version, NOW)
    with pytest.raises(WrongState):
        approve(other, made, made.version, NOW)


def test_state_follows_from_the_instant_alone(db, keyring) -> None:
    author, supervisor = (factories.viewer_of(db, factories.desk_account(db, keyring)) for _ in range(2))
    made = prepared(db, author, NOW + HOUR)
    assert made.state(NOW) is PublicationState.WAITING
    approve(supervisor, made, made.version, NOW)
    db.flush()
    assert made.state(NOW + HOUR - timedelta(microseconds=1)) is PublicationState.SCHEDULED
    assert made.state(NOW + HOUR) is PublicationState.IN_EFFECT
    assert "un" not in articles_in_force(db, NOW + HOUR - timedelta(microseconds=1))
    assert "un" in articles_in_force(db, NOW + HOUR)
    with pytest.raises(InEffect):
        cancel(supervisor, made, NOW + HOUR)
    cancel(supervisor, made, NOW)
    with pytest.raises(WrongState):
        cancel(supervisor, made, NOW)
    db.flush()
    assert "un" not in articles_in_force(db, NOW + HOUR)


def test_reader_gets_the_version_that_took_effect_last(db, keyring) -> None:
    """Not the one that was prepared, or published, last."""
    author, supervisor = (factories.viewer_of(db, factories.desk_account(db, keyring)) for _ in range(2))
    for text, effective_at in (("tard", NOW + 2 * HOUR), ("tôt", NOW + HOUR), ("jamais", NOW + 3 * HOUR)):
        made = prepared(db, author, effective_at, text)
        approve(supervisor, made, made.version, NOW)
    cancel(supervisor, made, NOW)
    db.flush()
    assert articles_in_force(db, NOW + HOUR)["un"][0].text == "tôt"
    assert articles_in_force(db, NOW + 4 * HOUR)["un"][0].text == "tard"


# --- guarantee tables ---


@pytest.fixture
def product(db):
    made = factories.product(db)
    add_version(db, made, OLD, None, 150)
    return made


def add_version(db, product, start: date, end: date | None, percent: int) -> GuaranteeVersion:
    version = GuaranteeVersion(product_id=product.id, valid_from=start, valid_to=end)
    db.add(version)
    db.flush()
    facts = {"heading": "soins_courants", "label": "Consultations", "clause": "3.1", "formula": "pourcentage"}
    db.add(GuaranteeRule(version_id=version.id, code="CONSULTATION", percent=percent, **facts))
    db.flush()
    return version


def change_of(db, act):
    """What an act changes in the tables: before, after."""
    held = read_tables(db)
    act()
    db.flush()
    return changed_tables(held, read_tables(db)), held


def test_ending_a_version_changes_the_days_after_its_end_alone(db, product) -> None:
    version = db.exec(select(GuaranteeVersion)).one()

    def end() -> None:
        version.valid_to = date(2026, 12, 31)
        add_version(db, product, NEXT, None, 200)

    (before, after), held = change_of(db, end)
    stretches = sorted(changed_stretches(before, after), key=lambda one: (one.first, str(one.last)))
    assert {(one.first, one.last) for one in stretches} == {(NEXT, None)}
    assert first_day_of_change(before, after) == NEXT
    (new,) = replaced_tables(held, after).values()
    assert new["valid_from"] == OLD.isoformat()


def test_lines_settled_on_days_that_change_are_counted(db, product) -> None:
    """The contract's own product, or that of an option it holds; today's care, not tomorrow's table."""
    other = factories.product(db)
    add_version(db, other, OLD, None, 20)
    member = factories.person(db)
    under = factories.contract(db, member)
    under.product_id = product.id
    db.add(ContractOption(contract_id=under.id, product_id=other.id, starts_on=OLD))
    db.flush()
    factories.paid_line(db, under, care_date=TODAY)
    rules = db.exec(select(GuaranteeRule).order_by(GuaranteeRule.id)).all()

    def raise_all() -> None:
        for rule in rules:
            rule.percent += 10

    (before, after), _ = change_of(db, raise_all)
    assert [paid_under(db, one, TODAY) for one in changed_stretches(before, after)] == [1, 1]
    assert [paid_under(db, one, TODAY - timedelta(days=1)) for one in changed_stretches(before, after)] == [0, 0]


def test_tables_are_put_back_exactly_or_not_at_all(db, product) -> None:
    version = db.exec(select(GuaranteeVersion)).one()
    held = read_tables(db)

    def change() -> None:
        version.valid_to = date(2026, 12, 31)
        db.exec(select(GuaranteeRule)).one().percent = 160
        add_version(db, product, NEXT, None, 200)

    (before, after), _ = change_of(db, change)
    rule = db.exec(select(GuaranteeRule).where(GuaranteeRule.percent == 200)).one()
    rule.percent = 210
    db.flush()
    with pytest.raises(TablesMoved):
        take_back(db, before, after)
    rule.percent = 200
    db.flush()
    take_back(db, before, after)
    db.expire_all()
    assert read_tables(db) == held
