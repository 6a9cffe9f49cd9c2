"""The cast of the account's life, in the demonstration's database: one person for each state that a page can show."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from portal.bank_words import details_of, iban_of
from portal.case_links import COMPLAINT_LINK
from portal.data.accounts import Account, AccountClosing, Role, Space
from portal.data.bank_details import ask_bank_change
from portal.data.columns import utc_now
from portal.data.company_bank import COMPANY
from portal.data.complaints import Category, Contact, Said
from portal.data.data_right_desk import ask_identity
from portal.data.deletion import ask_deletion, confirm_deletion
from portal.data.email_changes import ask_email_change
from portal.data.fraud import FraudChannel, freeze
from portal.data.leavers import recent_departures
from portal.data.links import LinkPurpose, make_link
from portal.data.open_complaints import complain_without_account
from portal.data.organisation_bank import organisation_history
from portal.data.organisation_banks import BankOwner
from portal.data.passkeys import NewPasskey, add_passkey
from portal.data.persons import Person
from portal.data.practice_bank import PRACTICE
from portal.data.recovery_codes import make_recovery_codes
from portal.data.restricting import Ground, restrict
from portal.data.rules import add_months
from portal.data.sessions import Viewer
from portal.data.site_state import Service, SwitchState, switch_service
from portal.formatting import today
from portal.security import LINK, new_token
from tests.support import factories, staff
from tests.support.board_states import board_places
from tests.support.data_requests import at_desk, sent
from tests.support.desk_case_states import desk_case_places
from tests.support.invitation_states import invitation_places
from tests.support.paper_states import paper_places
from tests.support.publishing_states import publishing_places
from tests.support.rights_states import frozen_checks
from tests.support.states import Cast
from tests.support.terms import accept_version
from tests.support.valuation_states import valuation_places
from tests.support.visits import DESK, EMPLOYER, MEMBER, PROVIDER, Site, long_named, newcomer

PORTABLE = "in portability"
NEWCOMER, LONG, ADOLESCENT = "newcomer", "long", "adolescent"
TEMPORARY, UNDECIDED, EXPOSED = "temporary password", "terms due", "factor due"
LONE, CLOSED = "only signatory", "closed"
GUARDED, KEYHOLDER = "application and key", "key alone"
ASKED, LEAVING, BLOCKED, EXPIRED, FROZEN = "changes asked for", "leaving", "suspended", "expired password", "frozen"
LIMITED = "limited account"
WHY = "Des connexions depuis trois pays en une heure, que le titulaire ne reconnaît pas."


def make_cast(site: Site) -> Cast:
    """Adds everybody to the site."""
    cast = Cast({NEWCOMER: newcomer(site), LONG: long_named(site)})
    with site.database.write() as db:
        accounts = {name: make(db, site) for name, make in _MAKERS.items()}
        cast.accounts[PORTABLE] = _portable(db, site).id or 0
        cast.accounts |= {name: account.id or 0 for name, account in accounts.items()}
        cast.places = _links(db, site, accounts[ASKED]) | _desk_places(db, site, accounts)
        cast.places |= {"blocked": accounts[BLOCKED].identifier, "expired": accounts[EXPIRED].identifier}
        (key,) = _passkeys(db, accounts[GUARDED], "Téléphone")
        _passkeys(db, accounts[KEYHOLDER], "Clé du bureau")
        cast.places["key"] = _opaque(site, "passkey", key)
        _limit(db, site, accounts[LIMITED])
        cast.places["complaint"] = _followed_complaint(db, site)
        cast.places["company_bank"] = _bank_link(db, site, EMPLOYER, COMPANY, LinkPurpose.COMPANY_BANK_CHANGE)
        cast.places["practice_bank"] = _bank_link(db, site, PROVIDER, PRACTICE, LinkPurpose.PRACTICE_BANK_CHANGE)
        cast.places |= invitation_places(db, site)
        cast.places |= publishing_places(db, site)
        cast.places |= desk_case_places(db, site)
        cast.places |= valuation_places(db, site)
        cast.places |= paper_places(db, site)
        frozen, places = frozen_checks(db, site)
        cast.accounts |= {name: account.id or 0 for name, account in frozen.items()}
        cast.places |= places
    return cast


def _portable(db: Session, site: Site) -> Account:
    """The account of one of the company's people whom portability still covers."""
    (left,) = recent_departures(db, add_months(today(), 8), today())
    person = db.get_one(Person, left.employee.person_id)
    account = factories.member_account(db, site.keyring, person, display_name=left.employee.name)
    accept_version(db, account)
    return account


def withdraw_provider_teams(site: Site, state: SwitchState) -> None:
    """Withdraws a service that no other state needs, or opens it again; the server sees it within a second."""
    reason = "La gestion des utilisateurs revient lundi, après une mise à jour."
    with site.database.write() as db:
        switch_service(db, None, Space.PROVIDER, Service.TEAM, state, reason, utc_now())


def _member(name: str, *, accepts: bool = True, **values: Any) -> Callable[[Session, Site], Account]:
    """Makes a member's account; `until`: the hours that its temporary password still works."""

    def make(db: Session, site: Site) -> Account:
        hours = values.get("until")
        until = {"password_temporary_until": utc_now() + timedelta(hours=hours)} if hours is not None else {}
        who = factories.person(db, name, last_name="Troupe")
        factories.contract(db, who)
        made = factories.member_account(
            db,
            site.keyring,
            who,
            display_name=f"{name} Troupe",
            email=f"{name.lower()}@troupe.example",
            with_code=values.get("with_code", False),
            **until,
        )
        if accepts:
            accept_version(db, made)
        return made

    return make


def _exposed(db: Session, site: Site) -> Account:
    account = factories.employer_account(db, site.keyring, display_name="Edmond Troupe", with_code=False)
    accept_version(db, account)
    return account


def _only_signatory(db: Session, site: Site) -> Account:
    """Somebody who signs alone for a company that gave no account yet."""
    company = staff.company(db, "Comptoir de la Troupe")
    staff.group_contract(db, company)
    account = staff.user(
        db, site.keyring, company, Role.SIGNATORY, display_name="Solange Troupe", email="solange@troupe.example"
    )
    accept_version(db, account)
    return account


def _adolescent(db: Session, site: Site) -> Account:
    """Somebody of seventeen, whom a parent's contract covers."""
    home = factories.household(db, children={"Agathe": add_months(today(), -12 * 17)}, name="Troupe")
    account = factories.dependant_account(
        db, site.keyring, home["Agathe"], display_name="Agathe Troupe", email="agathe@troupe.example"
    )
    accept_version(db, account)
    return account


_MAKERS: dict[str, Callable[[Session, Site], Account]] = {
    TEMPORARY: _member("Tiphaine", until=24),
    UNDECIDED: _member("Ulysse", accepts=False),
    EXPOSED: _exposed,
    GUARDED: _member("Gaston", with_code=True),
    KEYHOLDER: _member("Karine"),
    ASKED: _member("Aude"),
    LEAVING: _member("Lise"),
    BLOCKED: _member("Basile"),
    EXPIRED: _member("Edwige", until=-1),
    FROZEN: _member("Firmin"),
    LIMITED: _member("Régine"),
    ADOLESCENT: _adolescent,
    LONE: _only_signatory,
    CLOSED: _member("Clovis"),
}


def _links(db: Session, site: Site, who: Account) -> dict[str, str]:
    """What waits in the mailbox of somebody who asked for everything at once."""
    now, account_id = utc_now(), who.id or 0
    viewer = factories.viewer_of(db, who)
    change = ask_email_change(db, viewer, "aude.nouvelle@troupe.example", now)
    subjects = {
        "reset": (LinkPurpose.PASSWORD_RESET, ""),
        "email_current": (LinkPurpose.EMAIL_CURRENT, str(change.id)),
        "email_new": (LinkPurpose.EMAIL_NEW, str(change.id)),
        "deletion": (LinkPurpose.DELETION, str(ask_deletion(db, viewer, now))),
        "fraud_link": (LinkPurpose.FRAUD, ""),
        "bank": (LinkPurpose.BANK_CHANGE, str(_bank_change(db, site, viewer, now))),
    }
    signer = site.keyring.signer(LINK)
    tokens = {name: make_link(db, account_id, purpose, now, subject) for name, (purpose, subject) in subjects.items()}
    return {name: f"/lien/{signer.sign(token).decode()}" for name, token in tokens.items()}


def _bank_change(db: Session, site: Site, viewer: Viewer, now: datetime) -> int:
    """A change of bank details that waits."""
    new = details_of(iban_of("DE89370400440532013000"), "Aude Troupe")
    return ask_bank_change(db, viewer, site.keyring, new, now).id or 0


def _bank_link(db: Session, site: Site, who: str, owner: BankOwner[Any], purpose: LinkPurpose) -> str:
    """The link of a letter about the change that the demonstration's company, or practice, waits for."""
    account = db.get_one(Account, site.account_of(who))
    history = organisation_history(db, factories.viewer_of(db, account), owner, site.keyring)
    pending = next(given.row for given in history if given.row.is_pending)
    token = make_link(db, account.id or 0, purpose, utc_now(), str(pending.id))
    return f"/lien/{site.keyring.signer(LINK).sign(token).decode()}"


def _desk_places(db: Session, site: Site, accounts: dict[str, Account]) -> dict[str, str]:
    """What the desk opens, once somebody is suspended, somebody reported a fraud, and somebody is about to leave."""
    now = utc_now()
    factories.suspend(db, accounts[BLOCKED]).reason = WHY
    frozen = freeze(db, site.keyring, accounts[FROZEN].id or 0, FraudChannel.SIGNED_IN, WHY, now)
    leaving = accounts[LEAVING]
    asked = ask_deletion(db, factories.viewer_of(db, leaving), now)
    confirm_deletion(db, leaving.id or 0, str(asked), now)
    assert frozen
    db.add(AccountClosing(account_id=accounts[CLOSED].id or 0, reason=WHY, closed_at=now))
    opened = {"sheet": site.account_of(MEMBER), "desk_sheet": site.account_of(DESK)}
    opened["closed_sheet"], opened["limited_sheet"] = accounts[CLOSED].id or 0, accounts[LIMITED].id or 0
    opened |= {f"{name}_sheet": accounts[who].id or 0 for name, who in (("blocked", BLOCKED), ("leaving", LEAVING))}
    places = {name: f"/gestion/comptes/{_opaque(site, 'account', account_id)}" for name, account_id in opened.items()}
    places |= board_places(db, site)
    return places | {"case": f"/gestion/fraudes/{_opaque(site, 'fraud', frozen.report.id or 0)}"}


def _limit(db: Session, site: Site, who: Account) -> None:
    """Limits what is done with somebody's data; the desk doubts who asks for an erasure."""
    viewer, keyring, now = factories.viewer_of(db, who), site.keyring, utc_now()
    agent = factories.viewer_of(db, factories.desk_account(db, keyring))
    restrict(db, viewer, Ground.ACCURACY, now)
    case = sent(db, keyring, viewer, now=now)
    ask_identity(db, agent, keyring, at_desk(db, agent, case), "La demande est venue d’un appareil inconnu.", now)


def _passkeys(db: Session, who: Account, name: str) -> list[int]:
    """A passkey that no device holds, and ten recovery codes."""
    viewer, now = factories.viewer_of(db, who), utc_now()
    key = add_passkey(db, viewer, NewPasskey(new_token().encode(), b"no key", 0), name, now)
    make_recovery_codes(db, viewer, now)
    assert key
    return [key.id or 0]


def _opaque(site: Site, kind: str, row_id: int) -> str:
    (opaque,) = site.keyring.conceal(kind, [row_id])
    return opaque


def _followed_complaint(db: Session, site: Site) -> str:
    """The token of the link by which somebody without an account follows a complaint."""
    said, contact = Said(Category.DELAY, "J’attends depuis trois mois."), Contact("Jean Ancien", "jean@exemple.example")
    case = complain_without_account(db, site.keyring, said, contact, Space.MEMBER, utc_now())
    return site.keyring.signer(COMPLAINT_LINK).sign(_opaque(site, "case", case.id or 0)).decode()
