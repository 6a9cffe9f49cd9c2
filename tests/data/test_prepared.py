"""Prepared statements answer what SQLAlchemy itself answers, on both databases."""

from datetime import date

from sqlalchemy import bindparam, select
from sqlmodel import Session

from portal.data.benefits import BenefitLine
from portal.data.persons import Person
from portal.data.prepared import Prepared
from portal.data.sessions import SignedSession
from portal.security import Keyring
from tests.support import factories as make

BORN = select(Person.id, Person.first_name, Person.birth_date, Person.id + 1).where(
    Person.birth_date >= bindparam("since"), Person.id.in_(bindparam("ids", expanding=True))
)


def same(db: Session, statement, values) -> list[tuple]:
    ours = [tuple(row) for row in Prepared(statement).rows(db, values)]
    theirs = [tuple(row) for row in db.connection().execute(statement, values)]
    assert ours == theirs
    return ours


def test_dates_constants_and_lists_come_out_as_from_sqlalchemy(db):
    home = make.household(db, spouse="Paul", children={"Zoé": date(2015, 9, 3)})
    ids = tuple(person.id for person in (home.member, home["Paul"], home["Zoé"]))
    rows = same(db, BORN.order_by(Person.id), {"since": date(2000, 1, 1), "ids": ids})
    assert [row[1:3] for row in rows] == [("Zoé", date(2015, 9, 3))]
    assert len(same(db, BORN, {"since": date(1900, 1, 1), "ids": ids[:1]})) == 1


def test_one_prepared_statement_serves_lists_of_any_length(db):
    home = make.household(db, spouse="Paul")
    prepared = Prepared(BORN)
    since = date(1900, 1, 1)
    assert len(prepared.rows(db, {"since": since, "ids": (home.member.id,)})) == 1
    assert len(prepared.rows(db, {"since": since, "ids": (home.member.id, home["Paul"].id)})) == 2


def test_instants_keep_their_zone(db, settings):
    statement = select(SignedSession.created_at, SignedSession.ended_at).where(
        SignedSession.token_hash != bindparam("none")
    )
    _, account = make.member_with_account(db, Keyring(settings))
    make.session_token(db, account)
    ((created_at, ended_at),) = same(db, statement, {"none": ""})
    assert created_at.utcoffset() is not None
    assert ended_at is None


def test_hostile_text_stays_a_value(db):
    statement = select(BenefitLine.id).where(BenefitLine.label == bindparam("label"))
    assert same(db, statement, {"label": "'; DROP TABLE benefit_line; -- %s %(x)s :y ?"}) == []


def test_no_row_is_none(db):
    statement = select(Person.id).where(Person.reference == bindparam("reference"))
    assert Prepared(statement).first(db, {"reference": "nobody"}) is None
