"""The demonstration's invitations: one just sent, one begun, one finished, one expired and one withdrawn."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from sqlmodel import Session

from portal.data.affiliating import NewEmployee
from portal.data.coverage import Relationship
from portal.data.employee_acts import Acting
from portal.data.group_figures import group_figures_on
from portal.data.invitation_drafts import BankAnswer, Draft, FamilyMember, Identity
from portal.data.invitations import invitations, invite, revoke
from portal.data.invited import keep_draft, prove, proven_invitation
from portal.data.invited_completion import complete
from portal.data.rules import add_months
from portal.data.staff_categories import group_contracts, staff_categories
from portal.database import Database
from portal.demo.employees import CLERK, FIRST_SERIAL
from portal.demo.people import NirRegister
from portal.demo.viewers import viewer_of
from portal.formatting import day_in_france
from portal.security import Keyring

SERIALS_APART = 5_000
IBAN = "FR7630006000011234567890189"
BROWSER = "demonstration"


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody to invite, `days` ago; `end`: what became of the invitation."""

    first_name: str
    last_name: str
    days: int
    end: str


GUESTS = (
    Guest("Salomé", "Exemple", 45, "expired"),
    Guest("Adrien", "Fictif", 12, "finished"),
    Guest("Inès", "Modèle", 6, "revoked"),
    Guest("Victor", "Essai", 3, "begun"),
    Guest("Louna", "Démo", 1, "sent"),
)


def show_invitations(database: Database, keyring: Keyring, seed: int) -> None:
    """Adds the invitations of the demonstration's company, unless they are there: all of them, or none."""
    now = datetime.now(UTC)
    rng, nirs = Random(f"{seed}/invitations"), NirRegister(FIRST_SERIAL + SERIALS_APART)  # noqa: S311
    with database.write() as db:
        if invitations(db, viewer_of(db, CLERK), now)[0]:
            return
        for guest in GUESTS:
            _show(db, keyring, rng, nirs, guest, now - timedelta(days=guest.days))


def _show(db: Session, keyring: Keyring, rng: Random, nirs: NirRegister, guest: Guest, then: datetime) -> None:
    acting = _acting(db, keyring, then)
    new = _new(rng, nirs, guest, then)
    contract = group_contracts(db, acting.viewer)[0]
    category = next(each for each in staff_categories(db, acting.viewer) if each.code == "NONCADRES")
    _, row, token = invite(db, acting, contract, category, new)
    if guest.end in {"begun", "finished"}:
        _answer(db, keyring, token, new, then + timedelta(hours=5), is_finished=guest.end == "finished")
    elif guest.end == "revoked":
        revoke(db, _acting(db, keyring, then + timedelta(days=1)), row)


def _acting(db: Session, keyring: Keyring, at: datetime) -> Acting:
    figures = group_figures_on(db, day_in_france(at))
    if figures is None:
        raise LookupError(at)
    return Acting(viewer_of(db, CLERK), keyring, at, figures)


def _new(rng: Random, nirs: NirRegister, guest: Guest, then: datetime) -> NewEmployee:
    hired_on = day_in_france(then).replace(day=1)
    born = add_months(hired_on, -12 * rng.randint(24, 50)) + timedelta(days=rng.randint(1, 27))
    nir = nirs.new(born, is_female=guest.first_name != "Adrien") if guest.end == "finished" else ""
    mailbox = f"invite.{rng.randint(1000, 9999)}@courriel.example"
    return NewEmployee(guest.last_name, guest.first_name, born, hired_on, hired_on, nir=nir, email=mailbox)


def _answer(db: Session, keyring: Keyring, token: str, new: NewEmployee, at: datetime, *, is_finished: bool) -> None:
    """What the employee did by the link of the letter."""
    prove(db, keyring, token, new.birth_date, new.nir, BROWSER, at)
    child = FamilyMember(Relationship.CHILD, new.last_name, "Noé", add_months(new.starts_on, -70))
    who = Identity(new.last_name, "", new.first_name, new.nir, "")
    bank = BankAnswer(IBAN, f"{new.first_name} {new.last_name}", "") if is_finished else None
    draft = Draft(new.nir, who, with_family=True, family=(child,), bank=bank)
    keep_draft(db, keyring, proven_invitation(db, keyring, token, BROWSER, at), draft, at)
    if is_finished:
        complete(db, keyring, proven_invitation(db, keyring, token, BROWSER, at), at)
