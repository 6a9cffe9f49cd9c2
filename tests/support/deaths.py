"""Deaths as the desk records them, for tests."""

from datetime import date, datetime

from sqlmodel import select

from portal.data.death_instructions import DeathInstruction, Instructions, Wish, give_instructions
from portal.data.death_recording import Told, record_death
from portal.data.deaths import Death, Proof
from tests.support import factories

DAY = date(2026, 5, 3)
SEEN = Told(DAY, Proof.SEEN, "sa fille, par téléphone", "Nantes, 2026, n° 412")
GIVEN = Instructions(Wish.GIVE, "Noé Exemple", "noe@exemple.example", "Mes relevés l’aideront.")
ERASED = Instructions(Wish.ERASE)
FORM = {
    "jour": "2026-05-03",
    "preuve": "acte-vu",
    "reference": "Nantes, 2026, n° 412",
    "source": "sa fille, au téléphone",
}
RESULT = "Remis en main propre le 12 mai, passeport vu."


def record(services, agent, person_id: int, now: datetime, told: Told = SEEN) -> int:
    """Records a death as an agent would; its number."""
    with services.database.write() as db:
        viewer = factories.viewer_of(db, agent, now=now)
        death, _ = record_death(db, viewer, services.keyring, person_id, told, now)
        return death.id or 0


def leave_instructions(services, account, said: Instructions, now: datetime) -> int:
    """What the holder of an account says of their data after death; its number."""
    with services.database.write() as db:
        give_instructions(db, factories.viewer_of(db, account, now=now), services.keyring, said, now)
        return db.exec(select(DeathInstruction.id).order_by(DeathInstruction.id.desc())).first() or 0


def url_of(services, kind: str, number: int, below: str = "") -> str:
    """The page of a death, of a person or of a letter."""
    (key,) = services.keyring.conceal(kind, [number])
    base = {"death": "/gestion/deces", "person": "/gestion/personnes", "postal-letter": "/gestion/courriers"}[kind]
    return f"{base}/{key}{below}"


def deaths(services) -> list[Death]:
    """All that were recorded, the first first."""
    with services.database.read() as db:
        return list(db.exec(select(Death).order_by(Death.id)))
