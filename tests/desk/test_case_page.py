"""The case page of the desk (R-51, R-61, R-70 to R-72): who reads which case, what is shown, what that leaves."""

import pytest
from sqlmodel import select

from portal.data.accounts import Role
from portal.data.cases import Case, CaseKind
from portal.data.coverage import Beneficiary
from portal.data.work_items import DUTY_OF, Duty
from tests.support import factories
from tests.support.desk_cases import MAKERS, path_of
from tests.support.entry import ask, enter
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of

KINDS = list(MAKERS)


def made(client, kind: CaseKind):
    """A case of this kind, sent, and its author."""
    with client.services.database.write() as db:
        return MAKERS[kind](db, client.services)


def charged(client, *duties: Duty, **values):
    with client.services.database.write() as db:
        return factories.desk_account(db, client.services.keyring, duties=duties, **values)


@pytest.mark.parametrize("kind", KINDS)
def test_agent_reads_a_case_of_each_kind_with_what_its_author_asks(client, kind) -> None:
    """R-72: the one duty of its kind opens it."""
    case, author = made(client, kind)
    enter(client, charged(client, DUTY_OF[kind]))
    client.get(path_of(client.services, case))
    shown = text_of(client.page.one("main"))
    assert case.reference in shown
    assert "La demande" in shown
    assert author.display_name in shown
    assert "Décider" in shown


@pytest.mark.parametrize("kind", KINDS)
def test_agent_without_the_duty_of_a_kind_finds_no_such_case(client, kind) -> None:
    """R-72: every other duty together does not open it, on any page of the case."""
    case, _ = made(client, kind)
    enter(client, charged(client, *(set(Duty) - {DUTY_OF[kind]})))
    for below in ("", "/decision?acte=refuser", "/validation"):
        assert ask(client, path_of(client.services, case, below)).status_code == 404
    assert client.http.get("/gestion/validations").status_code == 200


def test_supervisor_reads_every_kind(client) -> None:
    with client.services.database.write() as db:
        supervisor = factories.desk_account(db, client.services.keyring, is_supervisor=True)
    enter(client, supervisor)
    for kind in (CaseKind.COMPLAINT, CaseKind.INVOICE_DISPUTE):
        case, _ = made(client, kind)
        assert ask(client, path_of(client.services, case)).status_code == 200


def test_agent_never_opens_their_own_case_nor_a_relative_s(client) -> None:
    """By the person, by a contract that covers both, by the address of the account."""
    case, author = made(client, CaseKind.COMPLAINT)
    with client.services.database.write() as db:
        keyring = client.services.keyring
        under = db.exec(select(Beneficiary).where(Beneficiary.person_id == author.person_id)).first()
        cousin = factories.person(db, "Paul")
        factories.cover(db, db.get_one(factories.Contract, under.contract_id), cousin)
        stranger = factories.person(db, "Max")
        parties = [
            factories.desk_account(db, keyring, of=db.get_one(factories.Person, author.person_id)),
            factories.desk_account(db, keyring, of=cousin),
            factories.desk_account(db, keyring, is_supervisor=True, of=cousin),
            factories.desk_account(db, keyring, email=author.email.upper()),
        ]
        others = [factories.desk_account(db, keyring, of=stranger)]
    for agent in parties:
        enter(client, agent)
        assert ask(client, path_of(client.services, case)).status_code == 404
    for agent in others:
        enter(client, agent)
        assert ask(client, path_of(client.services, case)).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_author_finds_in_their_journal_that_the_desk_read_their_case(client, kind) -> None:
    """R-51, R-72"""
    case, author = made(client, kind)
    enter(client, charged(client, *Duty))
    client.get(path_of(client.services, case))
    client.services.journal.flush()
    enter(client, author)
    client.get("/compte/journal")
    seen = text_of(client.page.one("main"))
    named = f"Votre dossier {case.reference} a été consulté par un gestionnaire de l’assureur"
    assert (named if author.person_id else "Un dossier de votre compte a été consulté par un gestionnaire") in seen


def test_holder_of_the_contract_never_learns_of_a_dependant_s_case(client) -> None:
    """R-72: the reading of a dependant's own request stands in the dependant's journal alone."""
    case, dependant = made(client, CaseKind.AUTONOMY)
    with client.services.database.write() as db:
        under = db.exec(select(Beneficiary).where(Beneficiary.person_id == dependant.person_id)).one()
        holder = db.get_one(factories.Contract, under.contract_id).member_id
        account = factories.member_account(db, client.services.keyring, db.get_one(factories.Person, holder))
    enter(client, charged(client, *Duty))
    client.get(path_of(client.services, case))
    client.services.journal.flush()
    enter(client, account)
    client.get("/compte/journal")
    assert case.reference not in text_of(client.page.one("main"))


def test_claim_shows_no_care_of_another_family_nor_of_another_person(client) -> None:
    """R-72: strictly what deciding it takes."""
    case, _ = made(client, CaseKind.CLAIM)
    with client.services.database.write() as db:
        row = db.get_one(Case, case.id)
        under = db.exec(select(Beneficiary).where(Beneficiary.person_id == row.person_id)).first()
        held = db.get_one(factories.Contract, under.contract_id)
        who = db.get_one(factories.Person, row.person_id)
        child = db.exec(
            select(factories.Person)
            .join(Beneficiary, Beneficiary.person_id == factories.Person.id)
            .where(Beneficiary.contract_id == held.id, factories.Person.id != who.id)
        ).first()
        recent = row.sent_at.date()
        factories.line(db, held, who, label="SEANCE-MEME", family="medecines_douces", care_date=recent)
        factories.line(db, held, who, label="PSYCHIATRIE-AUTRE", family="soins_courants", care_date=recent)
        factories.line(db, held, child, label="ENFANT-MEME", family="medecines_douces", care_date=recent)
    enter(client, charged(client, Duty.CARE))
    client.get(path_of(client.services, case))
    shown = text_of(client.page.one("main"))
    assert "SEANCE-MEME" in shown
    assert client.page.one('a[href$="/liquidation"]').text() == "Liquider la demande"
    assert "PSYCHIATRIE-AUTRE" not in shown
    assert "ENFANT-MEME" not in shown


def test_beneficiary_change_shows_the_household_s_cover_and_no_care(client) -> None:
    case, _ = made(client, CaseKind.BENEFICIARY_ADDED)
    with client.services.database.write() as db:
        held = db.exec(select(factories.Contract)).first()
        factories.line(db, held, label="SOIN-SECRET")
    enter(client, charged(client, Duty.CONTRACTS))
    client.get(path_of(client.services, case))
    shown = text_of(client.page.one("main"))
    assert "Couverture du foyer" in shown
    assert "Zoé Essai, enfant" in shown
    assert "SOIN-SECRET" not in shown


@pytest.mark.parametrize("role", [Role.MEMBER, Role.SIGNATORY, Role.PROVIDER])
def test_nobody_but_the_desk_reaches_a_case_there(client, role) -> None:
    case, author = made(client, {Role.MEMBER: CaseKind.COMPLAINT, Role.SIGNATORY: CaseKind.CONTRIBUTION_DISPUTE,
                                 Role.PROVIDER: CaseKind.INVOICE_DISPUTE}[role])  # fmt: skip
    enter(client, author)
    assert ask(client, path_of(client.services, case)).status_code == 403


def test_agent_who_reads_leaves_who_and_whose_in_the_evidence(client) -> None:
    case, author = made(client, CaseKind.COMPLAINT)
    evidence = Evidence(client)
    enter(client, charged(client, Duty.COMPLAINTS))
    client.get(path_of(client.services, case))
    (act,) = evidence.fresh()
    assert (act.action, act.object, act.details["persons"]) == ("case.read", case.object, [author.person_id])


@pytest.mark.parametrize("name", ["x", "A" * 22, "..%2f", "é" * 22])
def test_made_up_names_of_cases_lead_nowhere(client, name) -> None:
    enter(client, charged(client, *Duty))
    assert ask(client, f"/gestion/dossiers/{name}").status_code == 404
