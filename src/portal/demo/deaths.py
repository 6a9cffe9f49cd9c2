"""The demonstration's death: somebody who left instructions, recorded by a supervisor days ago, for an agent to follow
(R-70)."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import NoResultFound
from sqlmodel import Session

from portal.data.accounts import Role, Space
from portal.data.coverage import ContractKind
from portal.data.credentials import create_account
from portal.data.death_follow import followed_contracts
from portal.data.death_instructions import Instructions, Wish, give_instructions
from portal.data.death_recording import Told, record_death
from portal.data.deaths import Proof
from portal.data.people import PersonSheet, person_sheet
from portal.data.persons import Person, id_by_reference
from portal.data.postal_letters import LetterKind, write_letter
from portal.data.sessions import Stage, Viewer
from portal.database import Database
from portal.demo.viewers import agent_of
from portal.formatting import day_in_france
from portal.insurer import Insurer
from portal.postal_documents import death_letter
from portal.security import Keyring, hash_password, new_identifier, new_token

SUPERVISOR = "9000000027"
# The members before are the demonstration's own accounts and sign-ups.
LOOKED_AT = range(6, 40)
WORDS = "Remettez mes relevés à ma nièce\u00a0: elle règle mes affaires. Merci de ne rien envoyer d’autre."
SAID = Instructions(Wish.GIVE, "Jeanne Songe", "jeanne.songe@exemple.example", WORDS)
SOURCE, REFERENCE = "sa nièce, par téléphone", "Rennes, 2026, n°\u00a0412"


def show_death(database: Database, keyring: Keyring, insurer: Insurer) -> None:
    """Has somebody die who left instructions and relatives on the contract, unless somebody has."""
    now = datetime.now(UTC)
    with database.write() as db:
        sheets = _sheets(db, now)
        person = None if any(each.death for each in sheets) else _somebody(sheets)
        if person is not None:
            _leave(db, keyring, person, now - timedelta(days=200))
            _record(db, keyring, insurer, person, now - timedelta(days=12))


def _sheets(db: Session, now: datetime) -> list[PersonSheet]:
    """The first members who have no part of their own in the demonstration, as far as there are any."""
    agent, found = agent_of(db, SUPERVISOR), []
    with suppress(NoResultFound):
        for index in LOOKED_AT:
            person_id = id_by_reference(db, f"P-{index:06d}-1")
            found.append(person_sheet(db, agent, person_id, now))
    return [sheet for sheet in found if sheet is not None]


def _somebody(sheets: list[PersonSheet]) -> Person | None:
    """The first whose contract, a company's if any, goes on and covers somebody else."""
    fit = [(each, kind) for each in sheets for kind in _kinds(each)]
    group = [each for each, kind in fit if kind != ContractKind.INDIVIDUAL]
    chosen = next(iter([*group, *(each for each, _ in fit)]), None)
    return chosen.person if chosen else None


def _kinds(sheet: PersonSheet) -> list[str]:
    mine = [each for each in sheet.contracts if each.is_member and each.relatives and each.ends_on is None]
    return [] if sheet.accounts else [each.kind for each in mine]


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
