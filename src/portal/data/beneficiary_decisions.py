"""What the desk decides of a change of beneficiaries, and what that writes: persons and their periods of cover.

The caller has locked the case by `case_desk.lock_for_desk`, so that nothing is decided over what the member, or another
agent, changed meanwhile.
"""

from datetime import date, datetime

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from portal.data.beneficiary_changes import BeneficiaryChange, Change, change_of
from portal.data.beneficiary_sending import is_covered_from
from portal.data.case_desk import move_by_desk
from portal.data.cases import Case, CaseKind, CaseState, WrongState
from portal.data.coverage import Beneficiary
from portal.data.evidence import Action, record
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.folding import same_name
from portal.security import Keyring


class CannotApply(Exception):
    """The change no longer fits what the insurer knows; the message, in French, is for the agent."""


def accept_change(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, now: datetime, *, effect_on: date | None = None
) -> Change:
    """Accepts a locked change and applies it from the computed day, or from `effect_on` where there is none.

    Raises `WrongState` for a case that is over or still a draft, `CannotApply`, `PermissionError` for anybody but the
    desk (by `lock_for_desk`).
    """
    change = change_of(db, keyring, case)
    move_by_desk(db, agent, keyring, case, CaseState.ACCEPTED, "", now)
    if change.kind is CaseKind.BENEFICIARY_CHANGED:
        _correct(db, keyring, change)
    else:
        _apply(db, agent, keyring, change, _day_of(change, effect_on), now)
    return change


def refuse_change(db: Session, agent: Viewer, keyring: Keyring, case: Case, reason: str, now: datetime) -> None:
    """Refuses a locked change; `reason` is what the member reads. Raises `WrongState`."""
    if not reason.strip():
        raise WrongState
    move_by_desk(db, agent, keyring, case, CaseState.REFUSED, reason, now)


def identity_asked(db: Session, case: Case) -> str:
    """Which of the data that tell persons apart a change would correct, the number before the birth date; empty for
    neither. The caller has found the case."""
    fields = db.get_one(BeneficiaryChange, case.id).fields.split(",")
    return next((each for each in ("nir", "naissance") if each in fields), "")


def _day_of(change: Change, effect_on: date | None) -> date:
    day = change.row.effect_on or effect_on
    if day is None:
        raise CannotApply("Aucune date d’effet n’est calculée\u00a0: indiquez-la.")
    return day


def _apply(db: Session, agent: Viewer, keyring: Keyring, change: Change, day: date, now: datetime) -> None:
    change.row.effect_on = day
    db.add(change.row)
    if change.kind is CaseKind.BENEFICIARY_ADDED:
        _add(db, keyring, change, day)
    else:
        _end(db, agent, change, day, now)
    db.flush()


# --- additions ---


def _add(db: Session, keyring: Keyring, change: Change, day: date) -> None:
    person = _known(db, keyring, change) or _new_person(keyring, change)
    db.add(person)
    db.flush()
    if change.contract.ends_on is not None and change.contract.ends_on < day:
        raise CannotApply("Le contrat prend fin avant cette date.")
    if is_covered_from(db, change, person.id or 0, day):
        raise CannotApply("Cette personne est déjà couverte par ce contrat à cette date.")
    db.add(
        Beneficiary(
            contract_id=change.row.contract_id,
            person_id=person.id or 0,
            relationship=change.row.relationship,
            birth_rank=change.row.birth_rank,
            valid_from=day,
            valid_to=change.contract.ends_on,
        )
    )
    change.case.person_id = person.id
    db.add(change.case)


def _known(db: Session, keyring: Keyring, change: Change) -> Person | None:
    """The person as the insurer knows them already: of the household, or of another contract by the same NIR."""
    if change.person is not None:
        return change.person
    if not change.details.nir:
        return None
    return _by_nir(db, keyring, change)


def _by_nir(db: Session, keyring: Keyring, change: Change) -> Person | None:
    lookups = keyring.lookups(change.details.nir)
    found = db.exec(select(Person).where(col(Person.nir_lookup).in_(lookups)).order_by(col(Person.id))).first()
    if found is not None and not _is_same(found, change):
        raise CannotApply("Ce numéro de Sécurité sociale est celui d’une autre personne que nous connaissons.")
    return found


def _is_same(person: Person, change: Change) -> bool:
    details = change.details
    return person.birth_date == details.birth_date and same_name(person.first_name, details.first_name)


def _new_person(keyring: Keyring, change: Change) -> Person:
    details = change.details
    if details.birth_date is None:
        raise CannotApply("La date de naissance manque.")
    return Person(
        reference=f"B-{change.case.reference}",
        last_name=details.last_name,
        first_name=details.first_name,
        birth_date=details.birth_date,
        nir_encrypted=keyring.encrypt(details.nir) if details.nir else None,
        nir_lookup=keyring.lookup(details.nir) if details.nir else None,
    )


# --- ends ---


def _end(db: Session, agent: Viewer, change: Change, day: date, now: datetime) -> None:
    """Ends every period of the person under this contract that goes on after the day; what begins after it goes."""
    cover = change.cover
    if cover is None:
        raise CannotApply("La période de couverture n’existe plus.")
    query = select(Beneficiary).where(
        Beneficiary.contract_id == cover.contract_id,
        Beneficiary.person_id == cover.person_id,
        or_(col(Beneficiary.valid_to).is_(None), col(Beneficiary.valid_to) > day),
    )
    for period in db.exec(query.with_for_update()).all():
        if period.valid_from > day:
            _withdraw(db, agent, change, period, now)
        else:
            period.valid_to = day
            db.add(period)


def _withdraw(db: Session, agent: Viewer, change: Change, period: Beneficiary, now: datetime) -> None:
    """Deletes a period that never began: every reader takes a row for cover. The record keeps what it was."""
    named = update(BeneficiaryChange).where(BeneficiaryChange.beneficiary_id == period.id)
    db.exec(named.values(beneficiary_id=None))
    until = period.valid_to.isoformat() if period.valid_to else None
    details = {"contract": change.contract.number, "from": period.valid_from.isoformat(), "to": until}
    record(
        db,
        agent,
        Action.COVER_WITHDRAWN,
        object=change.case.object,
        acting_for=change.contract.member_id,
        details=details | {"persons": [period.person_id]},
        now=now,
    )
    db.delete(period)
    db.flush()


# --- corrections ---


def _correct(db: Session, keyring: Keyring, change: Change) -> None:
    person, details, fields = change.person, change.details, set(change.row.fields.split(","))
    if person is None:
        raise CannotApply("La personne n’existe plus.")
    if "nom" in fields:
        person.last_name = details.last_name
    if "prenom" in fields:
        person.first_name = details.first_name
    if "naissance" in fields and details.birth_date:
        person.birth_date = details.birth_date
    if "nir" in fields:
        _by_another(db, keyring, change)
        person.nir_encrypted, person.nir_lookup = keyring.encrypt(details.nir), keyring.lookup(details.nir)
    db.add(person)
    db.flush()


def _by_another(db: Session, keyring: Keyring, change: Change) -> None:
    lookups = keyring.lookups(change.details.nir)
    query = select(Person.id).where(col(Person.nir_lookup).in_(lookups), Person.id != change.case.person_id)
    if db.exec(query).first() is not None:
        raise CannotApply("Ce numéro de Sécurité sociale est celui d’une autre personne que nous connaissons.")
