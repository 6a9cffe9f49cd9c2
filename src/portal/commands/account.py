"""`portal account`: what an operator at the server does to an account, with the same effect and record as the desk."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
from sqlmodel import Session

from portal.account_jobs import erase_due
from portal.app import create_services
from portal.commands.context import open_database
from portal.data import desk_acts, desk_departures
from portal.data.accounts import Account, Role, Space
from portal.data.activity import account_object
from portal.data.blocks import block_of
from portal.data.evidence import Action, record
from portal.data.onboarding import open_account
from portal.data.sign_up import Applicant
from portal.data.work_items import Duty, give_duty
from portal.entry.onboarding import deliver_credentials, new_temporary
from portal.forms import email_of
from portal.security import Keyring
from portal.settings import load_settings
from portal.web import Services

REASON = click.option("--reason", required=True, help="What the holder is told, in French: one or two sentences.")
Told = tuple[str, Action, dict[str, Any]]
Act = Callable[[Session, Keyring, Account, datetime], Told | None]


@click.group()
def command() -> None:
    """Open a desk account; look at an account, suspend it, close it, end its sessions. Each act enters the evidence."""


@command.command("create-agent")
@click.argument("name")
@click.argument("email")
@click.option("--supervisor", is_flag=True, help="May also close accounts, withdraw services, plan maintenance.")
@click.option("--duty", "duties", multiple=True, type=click.Choice(list(Duty)), help="What an agent is charged with.")
def create_agent(name: str, email: str, duties: tuple[str, ...], *, supervisor: bool) -> None:
    """Open a desk account for one of the insurer's staff: EMAIL gets its identifier and a temporary password.

    An agent reads the requests of the duties that are given, here or later by a supervisor, and no others; a supervisor
    has them all.

    Example: portal account create-agent "Camille Roux" camille.roux@mutuelle.example --duty soins --duty messages
    """
    address = email_of(email)
    if address is None:
        raise click.ClickException("this is no e-mail address")
    role = Role.SUPERVISOR if supervisor else Role.AGENT
    applicant = Applicant(Space.DESK, role, name.strip(), address)
    settings, temporary, now = load_settings(), new_temporary(), datetime.now(UTC)
    with open_database(settings) as database:
        services = create_services(settings, database)
        with database.write() as db:
            account = open_account(db, services.keyring, applicant, address, temporary.password_hash, now)
            deliver_credentials(db, services, account, temporary)
            for duty in duties:
                give_duty(db, account.id or 0, Duty(duty), now, by=None)
            about = account_object(account.id or 0)
            for act in (Action.ACCOUNT_CREATED, Action.CREDENTIALS_SENT):
                record(db, None, act, object=about, details={"by": "console", "role": role, "duties": [*duties]})
    click.echo(f"{account.identifier} is open; its two letters are on their way")


@command.command()
@click.argument("identifier")
def show(identifier: str) -> None:
    """Show the state of an account, without any personal data.

    Example: portal account show 1234567897
    """
    now = datetime.now(UTC)
    with open_database(load_settings()) as database, database.read() as db:
        account = _found(desk_acts.account_by_identifier(db, identifier), identifier)
        block = block_of(db, account.id or 0, now)
        state = f"{block.kind} since {block.since}: {block.reason}".rstrip(": ") if block else "open"
        sessions = desk_acts.open_session_count(db, account)
    click.echo(f"{account.identifier}  {account.space}/{account.role}  {state}  sessions: {sessions}")


@command.command()
@click.argument("identifier")
@REASON
def suspend(identifier: str, reason: str) -> None:
    """Suspend an account: its sessions end at once, its holder gets a letter.

    Example: portal account suspend 1234567897 --reason "Vérification de votre identité en cours."
    """

    def act(db: Session, keyring: Keyring, account: Account, now: datetime) -> Told | None:
        done = desk_departures.suspend(db, None, keyring, account, reason, now)
        return ("account-suspended", Action.ACCOUNT_SUSPENDED, {"reason": reason}) if done else None

    _run(identifier, act, reason, "suspended", "this account is suspended or closed already")


@command.command()
@click.argument("identifier")
@REASON
def lift(identifier: str, reason: str) -> None:
    """Lift the insurer's suspension. A freeze after a fraud report is lifted by its case, at the desk.

    Example: portal account lift 1234567897 --reason "Identité vérifiée."
    """

    def act(db: Session, _keyring: Keyring, account: Account, now: datetime) -> Told | None:
        return ("account-restored", Action.ACCOUNT_RESTORED, {}) if desk_acts.lift(db, None, account, now) else None

    _run(identifier, act, reason, "open again", "this account is not suspended by the insurer")


@command.command()
@click.argument("identifier")
@REASON
@click.confirmation_option(prompt="Closing cannot be undone. Close this account for good?")
def close(identifier: str, reason: str) -> None:
    """Close an account for good.

    Example: portal account close 1234567897 --reason "Compte ouvert par erreur." --yes
    """

    def act(db: Session, keyring: Keyring, account: Account, now: datetime) -> Told | None:
        done = desk_departures.close(db, None, keyring, account, reason, now)
        return ("account-closed", Action.ACCOUNT_CLOSED, {"reason": reason}) if done else None

    _run(identifier, act, reason, "closed", "this account is closed already")


@command.command("end-sessions")
@click.argument("identifier")
@REASON
def end_sessions(identifier: str, reason: str) -> None:
    """End every session of an account; its holder may sign in again.

    Example: portal account end-sessions 1234567897 --reason "Appareil perdu."
    """

    def act(db: Session, _keyring: Keyring, account: Account, now: datetime) -> Told | None:
        return ("sessions-ended", Action.SESSION_REVOKED, {}) if desk_acts.end_sessions(db, account, now) else None

    _run(identifier, act, reason, "signed out everywhere", "this account has no session open")


@command.command("erase-due")
def erase() -> None:
    """Erase, now, the accounts whose deletion is due (the worker does it every hour).

    Example: portal account erase-due
    """
    settings = load_settings()
    with open_database(settings) as database:
        erased = erase_due(create_services(settings, database), datetime.now(UTC))
    click.echo(f"{erased} erased")


def _run(identifier: str, act: Act, reason: str, done: str, nothing: str) -> None:
    """One transaction: the act, the letter, the evidence (nobody signed in, the operator's reason)."""
    settings = load_settings()
    with open_database(settings) as database:
        services = create_services(settings, database)
        with database.write() as db:
            found = _found(desk_acts.account_by_identifier(db, identifier), identifier)
            account = desk_acts.target(db, None, found.id or 0)
            told = act(db, services.keyring, account, datetime.now(UTC))
            if told is None:
                raise click.ClickException(nothing)
            _conclude(services, db, account, told, reason)
    click.echo(f"{identifier} is {done}" + ("" if account.email else "; no address: tell its holder yourself"))


def _conclude(services: Services, db: Session, account: Account, told: Told, reason: str) -> None:
    letter, action, context = told
    if account.email:
        services.mail.post(db, letter, account.email, account_id=account.id, **context)
    about = account_object(account.id or 0)
    record(db, None, action, object=about, acting_for=account.person_id, details={"by": "console", "told": reason})


def _found(account: Account | None, identifier: str) -> Account:
    if account is None:
        raise click.ClickException(f"no account has the identifier {identifier}")
    return account
