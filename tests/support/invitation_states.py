"""The states of invitations to finish an affiliation: the employer's pages, and the employee's by the letter's link."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from portal.data.coverage import Relationship
from portal.data.employee_acts import Acting
from portal.data.group_figures import group_figures_on
from portal.data.invitation_drafts import BankAnswer, Draft, FamilyMember, Identity
from portal.data.invitations import LIVES, AffiliationInvitation, invite
from portal.data.invited import keep_draft, prove, proven_invitation
from portal.data.invited_completion import complete
from portal.data.rules import add_months
from portal.data.staff_categories import group_contracts, staff_categories
from portal.demo.viewers import viewer_of
from portal.formatting import day_in_france
from portal.invitation_notices import INVITATION_LINK
from portal.security import fingerprint
from tests.support import staff
from tests.support.invitations import BORN, IBAN
from tests.support.states import NOBODY, State, fail, press
from tests.support.visits import EMPLOYER, Site

CLERK = "2000000022"
LIST = "/employeur/salaries/invitations"
ENTRY, STEPS = "/affiliation", "/affiliation/etapes"
BROWSER = "troupe"


def invitation_places(db: Session, site: Site) -> dict[str, str]:
    """Links of invitations that are open, begun, finished, expired, and answered by an exemption."""
    made = {name: _invited(db, site, at, name) for at, name in enumerate(("open", "begun", "done", "late", "exempt"))}
    now = datetime.now(UTC)
    for name in ("begun", "done"):
        _answer(db, site, made[name], now)
    complete(db, site.keyring, proven_invitation(db, site.keyring, made["done"], BROWSER, now), now)
    _set(db, site, made["late"], expires_at=now - LIVES)
    _set(db, site, made["exempt"], exemption_asked_at=now)
    signer = site.keyring.signer(INVITATION_LINK)
    return {f"invited_{name}": f"{ENTRY}?jeton={signer.sign(token).decode()}" for name, token in made.items()}


def _invited(db: Session, site: Site, at: int, name: str) -> str:
    """Somebody invited yesterday; the token of the link."""
    then = datetime.now(UTC) - timedelta(days=1)
    figures = group_figures_on(db, day_in_france(then))
    assert figures
    acting = Acting(viewer_of(db, CLERK), site.keyring, then, figures)
    category = staff_categories(db, acting.viewer)[0]
    contract = next(each for each in group_contracts(db, acting.viewer) if each.id == category.group_contract_id)
    day = day_in_france(then)
    who = {"first_name": "Prénom" + "abcde"[at], "birth_date": BORN, "hired_on": day, "starts_on": day}
    new = staff.new_employee(last_name="Troupe", email=f"{name}@troupe.example", **who)
    return invite(db, acting, contract, category, new)[2]


def _answer(db: Session, site: Site, token: str, now: datetime) -> None:
    prove(db, site.keyring, token, BORN, "", BROWSER, now)
    child = FamilyMember(Relationship.CHILD, "Troupe", "Zoé", add_months(day_in_france(now), -80))
    bank = BankAnswer(IBAN, "Paule Troupe", "")
    draft = Draft("", Identity("Troupe", "", "Paule", "", ""), with_family=True, family=(child,), bank=bank)
    keep_draft(db, site.keyring, proven_invitation(db, site.keyring, token, BROWSER, now), draft, now)


def _set(db: Session, site: Site, token: str, **values: datetime) -> None:
    row = db.exec(select(AffiliationInvitation).where(AffiliationInvitation.token_hash == fingerprint(token))).one()
    for name, value in values.items():
        setattr(row, name, value)
    db.add(row)


def proven(step: str = "", then: Callable[[Page], object] | None = None) -> Callable[[Page], None]:
    """Proves to be the employee, then opens a question, or the other page of the flow."""

    def go(page: Page) -> None:
        page.get_by_label("Votre date de naissance").fill(BORN.isoformat())
        press("Continuer")(page)
        expect(page.get_by_text("étape")).to_be_visible()
        if step:
            page.goto(page.url.partition("/affiliation")[0] + step)
        if then:
            then(page)

    return go


def wrong_guess(page: Page) -> None:
    page.get_by_label("Votre date de naissance").fill("1990-04-13")
    fail("Continuer")(page)


def no_email(page: Page) -> None:
    """Pastes a line that lacks something."""
    page.get_by_label("Salariés à inviter").fill("Paule;Essai")
    fail("Envoyer les invitations")(page)


INVITATION_STATES = [
    State("invitations", EMPLOYER, LIST),
    State("invitation, new, error", EMPLOYER, f"{LIST}/nouvelle", fail("Envoyer l’invitation")),
    State("invitations, several", EMPLOYER, f"{LIST}/plusieurs", no_email),
    State("invited, dead link", NOBODY, ENTRY),
    State("invited, proof", NOBODY, "{invited_open}", wrong_guess, lands=ENTRY),
    State("invited, identity", NOBODY, "{invited_begun}", proven(f"{STEPS}/identite"), lands=ENTRY),
    State("invited, cover", NOBODY, "{invited_begun}", proven(f"{STEPS}/couverture"), lands=ENTRY),
    State(
        "invited, family, error",
        NOBODY,
        "{invited_begun}",
        proven(f"{STEPS}/famille", fail("Ajouter cette personne")),
        lands=ENTRY,
    ),
    State("invited, bank", NOBODY, "{invited_begun}", proven(f"{STEPS}/remboursements"), lands=ENTRY),
    State(
        "invited, review, error",
        NOBODY,
        "{invited_begun}",
        proven(f"{STEPS}/verification", fail("Envoyer et m’affilier")),
        lands=ENTRY,
    ),
    State(
        "invited, exemption, error",
        NOBODY,
        "{invited_begun}",
        proven(f"{ENTRY}/dispense", fail("Envoyer ma demande")),
        lands=ENTRY,
    ),
    State("invited, done", NOBODY, "{invited_done}", lands=ENTRY),
    State("invited, expired", NOBODY, "{invited_late}", lands=ENTRY),
    State("invited, exemption asked", NOBODY, "{invited_exempt}", lands=ENTRY),
]
