"""The demonstration's death: somebody who left instructions, recorded by a supervisor days ago, for an agent to follow
(R-70)."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role, Space
from portal.data.coverage import Beneficiary, Contract
from portal.data.credentials import create_account
from portal.data.death_follow import followed_contracts
from portal.data.death_instructions import Instructions, Wish, give_instructions
from portal.data.death_recording import Told, record_death
from portal.data.deaths import Death, Proof
from portal.data.persons import Person
from portal.data.postal_letters import LetterKind, write_letter
from portal.data.sessions import Stage, Viewer
from portal.database import Database
from portal.demo.reference import accounts, sign_ups
from portal.demo.viewers import agent_of
from portal.formatting import day_in_france
from portal.insurer import Insurer
from portal.postal_documents import death_letter
from portal.security import Keyring, hash_password, new_identifier, new_token

SUPERVISOR = "9000000027"
WORDS = "Remettez mes relevés à ma nièce\u00a0: elle règle mes affaires. Merci de ne rien envoyer d’autre."
SAID = Instructions(Wish.GIVE, "Jeanne Songe", "jeanne.songe@exemple.example", WORDS)
SOURCE, REFERENCE = "sa nièce, par téléphone", "Rennes, 2026, n°\u00a0412"


def show_death(database: Database, keyring: Keyring, insurer: Insurer) -> None:
    """Has somebody die who left instructions and relatives on the contract, unless somebody has."""
    now = datetime.now(UTC)
    with database.write() as db:
        person = None if db.exec(select(Death.id)).first() else _somebody(db, now)
        if person is not None:
            _leave(db, keyring, person, now - timedelta(days=200))
            _record(db, keyring, insurer, person, now - timedelta(days=12))


def _somebody(db: Session, now: datetime) -> Person | None:
    """The first member without a part of their own in the demonstration, whose contract covers somebody else."""
    shown = {*(each.person for each in accounts()), *(each.person for each in sign_ups())}
    known = select(Account.person_id).where(col(Account.person_id).is_not(None))
    others = select(Beneficiary.id).where(
        Beneficiary.contract_id == Contract.id,
        Beneficiary.person_id != Contract.member_id,
        col(Beneficiary.valid_to).is_(None),
    )
    query = (
        select(Person)
        .join(Contract, col(Contract.member_id) == Person.id)
        .where(col(Contract.ends_on).is_(None), Contract.starts_on < day_in_france(now - timedelta(days=400)))
        .where(others.exists(), col(Person.id).not_in(known), col(Person.reference).not_in(shown))
    )
    return db.exec(query.order_by(col(Contract.id).desc()).limit(1)).first()


def _leave(db: Session, keyring: Keyring, person: Person, then: datetime) -> None:
    """The person's account, and what its holder wanted: nobody knows its password any more."""
    name = f"{person.first_name} {person.last_name}"
    account = create_account(
        db,
        keyring,
        identifier=new_identifier(),
        space=Space.MEMBER,
        role=Role.MEMBER,
        display_name=name,
        password_hash=hash_password(new_token()),
        person_id=person.id,
        email=f"{person.reference.lower()}@exemple.example",
    )
    viewer = Viewer(
        account_id=account.id or 0,
        space=account.space,
        role=account.role,
        display_name=name,
        organisation="",
        person_id=person.id,
        stage=Stage.FULL,
        session_hash="",
        company_id=None,
        provider_id=None,
        confirmed_at=then,
    )
    give_instructions(db, viewer, keyring, SAID, then)


def _record(db: Session, keyring: Keyring, insurer: Insurer, person: Person, then: datetime) -> None:
    died_on, supervisor = day_in_france(then - timedelta(days=4)), agent_of(db, SUPERVISOR)
    told = Told(died_on, Proof.SEEN, SOURCE, REFERENCE)
    death, _ = record_death(db, supervisor, keyring, person.id or 0, told, then)
    name, contracts = f"{person.first_name} {person.last_name}", followed_contracts(db, death)
    text = death_letter(name, died_on, insurer, contracts)
    by = supervisor.account_id
    write_letter(db, keyring, LetterKind.DEATH, person.id or 0, death.object, text, then, by=by)
