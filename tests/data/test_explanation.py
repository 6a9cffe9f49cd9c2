"""« Pourquoi ce montant ? »: it adds up for every line, in words, for those who may read it alone (R-21, R-72)."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, update
from sqlmodel import Session, select

from portal.data.benefits import BenefitLine
from portal.data.coverage import LineSharing
from portal.data.explanation import Explanation, Section, Sign, adds_up, explain
from portal.data.parameters import ActTariff, Parameter
from portal.data.persons import Person
from portal.database import Database
from portal.demo.generator import Options
from portal.formatting import NBSP, money
from tests.support.demonstration import TODAY, explain_every_line, import_demo, viewer_of

HOUSEHOLDS, YEARS = 120, 2


@pytest.fixture
def demo(database, settings, tmp_path) -> Database:
    import_demo(database, settings, tmp_path / "demo", Options(members=4, history=1, seed=7, today=TODAY))
    return database


@pytest.fixture
def session(demo):
    with Session(demo.writer) as session:
        yield session
        session.rollback()


def person_id(db: Session, reference: str) -> int:
    return db.exec(select(Person.id).where(Person.reference == reference)).one()


def line_id(db: Session, person: str = "P-000001-1", **values) -> int:
    found = select(BenefitLine.id).where(BenefitLine.person_id == person_id(db, person))
    for name, value in values.items():
        found = found.where(getattr(BenefitLine, name) == value)
    return db.exec(found.order_by(BenefitLine.care_date.desc(), BenefitLine.reference.desc())).first()


def explained(db: Session, person: str = "P-000001-1", viewer: str = "P-000001-1", **values) -> Explanation | None:
    return explain(db, viewer_of(person_id(db, viewer)), line_id(db, person, **values), TODAY)


def words(explanation: Explanation) -> str:
    return " ".join(f"{step.title} {step.words}" for step in explanation.steps).replace(NBSP, " ")


@pytest.mark.slow
@pytest.mark.engines("sqlite")
def test_every_line_of_the_demonstration_is_recomputed_and_adds_up(database, settings, tmp_path):
    import_demo(database, settings, tmp_path, Options(HOUSEHOLDS, YEARS, 11, TODAY))
    kinds, statuses, total = set(), set(), 0
    with database.read() as db:
        for explanation in explain_every_line(db):
            assert explanation.recomputed, explanation.line
            assert adds_up(explanation), explanation.line
            kinds.add(explanation.line.kind)
            statuses.add(explanation.line.status)
            total += 1
    assert total > HOUSEHOLDS * YEARS * 20
    assert kinds == {"soin", "retenue", "regularisation"}
    assert statuses == {"en_cours", "payee", "en_attente_piece", "refusee", "annulee", "regularisee"}


def test_member_reads_the_whole_computation_of_a_specialist(session):
    explanation = explained(session, act_code="CS", spent_cents=6000, status="payee")
    assert explanation.recomputed
    assert adds_up(explanation)
    totals = {step.title: step.amount_cents for step in explanation.steps if step.sign == Sign.TOTAL}
    assert totals == {
        "Dépense": 6000,
        "Part du régime obligatoire": 2005,
        "Part de la mutuelle": 3795,
        "Reste à votre charge": 200,
    }
    text = words(explanation)
    assert "70 % × 31,50 € = 22,05 €." in text
    assert "200 % de la base, part du régime obligatoire comprise : 63,00 € au plus." in text
    assert "tableau de garanties en vigueur du 1er janvier 2025" in text
    assert "article 2.2" in text


def test_member_reads_a_summary_and_the_words_it_needs(session):
    explanation = explained(session, act_code="CS", spent_cents=8000)
    assert explanation.summary.replace(NBSP, " ") == (
        "Sur 80,00 € dépensés : 14,10 € de la Sécurité sociale et 18,40 € de la mutuelle. "
        "Il vous reste 47,50 € à payer."
    )
    terms = {definition.term for definition in explanation.glossary}
    assert {"Optam", "Participation forfaitaire", "Dépassement d’honoraires"} <= terms
    assert "Forfait" not in terms


def test_member_reads_the_session_counter_and_the_decomposed_rest(session):
    explanation = explained(session, act_code="OST", status="payee")
    assert "3 séances par an au plus : c’était la 1ʳᵉ." in words(explanation)
    rest = {step.title: step.amount_cents for step in explanation.of(Section.REMAINING)}
    assert rest == {"Au-delà de votre garantie": 2000, "Reste à votre charge": 2000}


def test_member_reads_when_glasses_are_covered_again(session):
    explanation = explained(session, act_code="LUN")
    assert "1 prise en charge par période de 24 mois au plus : c’était la 1ʳᵉ." in words(explanation)
    assert "3 avril 2028" in words(explanation)


@pytest.mark.parametrize(
    ("status", "title", "said"),
    [
        ("en_attente_piece", "En attente d’une pièce", "Il nous manque une pièce"),
        ("refusee", "Part refusée", "a été refusée"),
    ],
)
def test_member_reads_what_a_blocked_line_would_have_given(session, status, title, said):
    explanation = explained(session, status=status)
    assert explanation.recomputed
    assert adds_up(explanation)
    blocked = [step for step in explanation.of(Section.GUARANTEE) if step.title == title]
    assert blocked[0].amount_cents > 0
    assert explanation.line.note in blocked[0].words.replace(NBSP, " ")
    assert said in explanation.summary


def test_member_reads_a_correction_in_negative_amounts(session):
    explanation = explained(session, kind="regularisation")
    assert explanation.recomputed
    assert adds_up(explanation)
    assert explanation.line.spent_cents < 0
    assert "annule un soin" in explanation.summary


def test_member_reads_that_pending_care_will_be_paid(session):
    explanation = explained(session, status="en_cours", act_code="CS")
    assert "dès la fin du traitement" in words(explanation)


def test_child_owes_no_flat_fee(session):
    explanation = explained(session, person="P-000001-3", act_code="G")
    if explanation is None:
        explanation = explained(session, person="P-000001-4", act_code="G")
    assert "le patient était mineur" in words(explanation)


@pytest.mark.parametrize("person", ["P-000002-1", "P-000001-2"])
def test_member_cannot_read_the_lines_of_strangers_nor_of_an_adult_child(session, person):
    assert line_id(session, person) is not None
    assert explained(session, person=person, viewer="P-000001-1") is None


def test_adult_child_reads_own_lines_but_not_the_family_s(session):
    assert explained(session, person="P-000001-2", viewer="P-000001-2") is not None
    for other in ("P-000001-1", "P-000001-3"):
        assert explained(session, person=other, viewer="P-000001-2") is None


def test_member_reads_an_adult_child_s_lines_once_shared_until_it_ends(session):
    sharing = LineSharing(
        person_id=person_id(session, "P-000001-2"),
        member_id=person_id(session, "P-000001-1"),
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    session.add(sharing)
    session.flush()
    assert explained(session, person="P-000001-2") is not None
    sharing.ended_at = datetime(2026, 6, 1, tzinfo=UTC)
    session.flush()
    assert explained(session, person="P-000001-2") is None


def test_nobody_without_a_person_reads_any_line(session):
    assert explain(session, viewer_of(None), line_id(session), TODAY) is None
    assert explain(session, viewer_of(person_id(session, "P-000001-1")), 10**9, TODAY) is None


def test_member_is_told_when_the_insurer_s_amount_does_not_follow_the_rules(session):
    target = line_id(session, act_code="CS", spent_cents=6000, status="payee")
    changed = {"supplementary_cents": 3000, "remaining_cents": 995}
    session.exec(update(BenefitLine).where(BenefitLine.id == target).values(**changed))
    explanation = explain(session, viewer_of(person_id(session, "P-000001-1")), target, TODAY)
    assert not explanation.recomputed
    assert adds_up(explanation)
    flagged = [step for step in explanation.steps if step.transmitted]
    assert {step.section for step in flagged} == {Section.GUARANTEE, Section.REMAINING}
    assert "Montant transmis par la mutuelle" in words(explanation)
    assert "70 % × 31,50 €" in words(explanation)


def test_member_is_told_when_the_base_share_does_not_follow_the_rules(session):
    target = line_id(session, act_code="CS", spent_cents=6000, status="payee")
    changed = {"base_gross_cents": 2300, "base_net_cents": 2100, "remaining_cents": 105}
    session.exec(update(BenefitLine).where(BenefitLine.id == target).values(**changed))
    explanation = explain(session, viewer_of(person_id(session, "P-000001-1")), target, TODAY)
    assert not explanation.recomputed
    assert adds_up(explanation)
    assert "Montant transmis par votre caisse d’assurance maladie" in words(explanation)


@pytest.mark.parametrize("table", [Parameter, ActTariff])
def test_member_still_gets_sums_when_the_dated_tables_are_empty(session, table):
    session.exec(delete(table))
    explanation = explained(session, act_code="CS", spent_cents=6000, status="payee")
    assert not explanation.recomputed
    assert adds_up(explanation)


def test_member_is_told_when_the_rule_was_not_in_force_that_day(session):
    target = line_id(session, act_code="CS", spent_cents=6000, status="payee")
    session.exec(update(BenefitLine).where(BenefitLine.id == target).values(care_date=date(2024, 6, 3)))
    explanation = explain(session, viewer_of(person_id(session, "P-000001-1")), target, TODAY)
    assert not explanation.recomputed
    assert adds_up(explanation)


def test_an_explanation_that_does_not_add_up_is_noticed(session):
    explanation = explained(session, act_code="CS", spent_cents=6000, status="payee")
    for at, step in enumerate(explanation.steps):
        if step.sign == Sign.NOTE:
            continue
        wrong = replace(step, amount_cents=step.amount_cents + 1)
        steps = (*explanation.steps[:at], wrong, *explanation.steps[at + 1 :])
        assert not adds_up(replace(explanation, steps=steps)), step.title


def test_words_are_short_and_typeset_in_french(session):
    ids = session.exec(select(BenefitLine.id).where(BenefitLine.person_id == person_id(session, "P-000001-1"))).all()
    for one in ids:
        explanation = explain(session, viewer_of(person_id(session, "P-000001-1")), one, TODAY)
        for text in (explanation.summary, *(step.words for step in explanation.steps)):
            assert "'" not in text
            assert " :" not in text
            assert " €" not in text
            assert all(len(sentence) < 200 for sentence in text.split(". ")), text
    assert money(123456) == f"1{NBSP}234,56{NBSP}€"
