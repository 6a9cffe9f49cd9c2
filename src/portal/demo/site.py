"""The demonstration's site: its folder, keys, data and accounts. It never touches a database that it did not make."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from sqlmodel import Session

from portal.data.accounts import ROLE_LABELS, Account, Role, Space
from portal.data.credentials import UNKNOWN, create_account, find_credentials
from portal.data.open_complaints import hash_addresses
from portal.data.organisations import company_by_siret, provider_by_number
from portal.data.persons import id_by_reference
from portal.data.work_items import Duty, give_duty
from portal.database import Database
from portal.demo.beneficiaries import show_beneficiaries
from portal.demo.claims import show_claims
from portal.demo.company_bank import show_company_bank
from portal.demo.complaints import show_complaints
from portal.demo.contact import show_contact
from portal.demo.contract_documents import show_contract_documents
from portal.demo.contributions import show_contributions
from portal.demo.data_rights import show_data_rights
from portal.demo.deaths import show_death
from portal.demo.desk import show_desk
from portal.demo.desk_requests import show_desk_requests
from portal.demo.desk_watch import show_desk_watch
from portal.demo.employees import show_employees
from portal.demo.exemptions import show_exemptions
from portal.demo.generator import Options, write_demo_data
from portal.demo.invitations import show_invitations
from portal.demo.invoice_disputes import show_invoice_disputes
from portal.demo.invoices import show_invoices
from portal.demo.leavers import show_leaver
from portal.demo.messages import show_messages
from portal.demo.operations import show_operations
from portal.demo.practices import show_practices
from portal.demo.publications import show_publications
from portal.demo.reference import accounts, sign_ups
from portal.demo.rights import show_rights
from portal.demo.software import show_software
from portal.demo.terms import publish_and_accept
from portal.demo.valuations import show_valuations
from portal.formatting import today
from portal.importing.registry import KINDS
from portal.importing.reports import reported_import
from portal.importing.run import Request
from portal.schema import migrate
from portal.security import Keyring, hash_password
from portal.settings import Settings, load_settings
from portal.storage import Storage
from portal.web import DemoAccount, DemoHelp

PASSWORD = "Demo-portail-2026!"  # noqa: S105  (public on purpose: the demonstration shows it)
TOTP_SECRET = "JBSWY3DPEHPK3PXP"  # noqa: S105
# Invented people have no mailbox: whatever the environment says, nothing of theirs goes to a real server.
SHOWN = {"rights_api": True, "transfers_iban": "FR7630001007941234567890185"}
LETTERS_AS_FILES = {"mail_host": "", "mail_user": "", "mail_password": None, "worker": "embedded"}
STARTED = "demonstration.started"
READY = "demonstration.json"
MANY_MEMBERS, MANY_PROFESSIONALS, FEW_PROFESSIONALS = 60, 40_000, 2_000

Tell = Callable[[str], None]


class NotADemonstration(Exception):
    """The folder holds a database that `portal demo` did not make."""


def demo_settings(folder: Path, origin: str) -> Settings:
    """Settings of a demonstration: everything under `folder`, keys of its own, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = folder / "keys.json"
    if not keys.exists():
        keys.touch(mode=0o600)
        keys.write_text(json.dumps({"secret": secrets.token_hex(32), "data": secrets.token_hex(32)}))
    made = json.loads(keys.read_text())
    keys_made = {"secret_keys": made["secret"], "data_keys": made["data"]}
    return load_settings(data_folder=folder, origin=origin, database_url="", **keys_made, **LETTERS_AS_FILES, **SHOWN)


def prepare(folder: Path, settings: Settings, members: int, years: int, seed: int, tell: Tell) -> None:
    """Makes what is missing: database, data, accounts. Raises `NotADemonstration`."""
    _claim(folder)
    database = Database(settings.resolved_database_url)
    try:
        migrate(database)
        with database.write() as db:
            hash_addresses(db, Keyring(settings))
        if not (folder / READY).exists():
            professionals = MANY_PROFESSIONALS if members >= MANY_MEMBERS else FEW_PROFESSIONALS
            write_demo_data(Options(members, years, seed, today(), professionals), folder / "import")
            keyring = Keyring(settings)
            _fill(database, keyring, folder / "import", tell)
            show_employees(database, keyring, seed)
            show_leaver(database, keyring)
            show_invitations(database, keyring, seed)
            show_contributions(database, keyring)
            show_contract_documents(database)
            show_exemptions(database, keyring, Storage(settings, keyring), seed)
            show_company_bank(database, keyring)
            show_invoices(database, seed)
            show_invoice_disputes(database, keyring, Storage(settings, keyring))
            show_practices(database, keyring, Storage(settings, keyring))
            show_beneficiaries(database, keyring, Storage(settings, keyring))
            show_claims(database, keyring, Storage(settings, keyring))
            show_valuations(database, settings)
            show_complaints(database, keyring)
            show_messages(database, keyring)
            show_rights(database, keyring)
            show_contact(database, keyring)
            show_software(database, keyring)
            show_publications(database, Storage(settings, keyring))
            show_desk_requests(database, keyring, Storage(settings, keyring))
            show_data_rights(database, keyring, Storage(settings, keyring), settings.insurer)
            show_death(database, keyring, settings.insurer)
            show_desk_watch(database, keyring)
            show_desk(database, keyring)
            show_operations(database)
            (folder / READY).write_text(json.dumps({"members": members, "years": years, "seed": seed}))
    finally:
        database.dispose()


def _claim(folder: Path) -> None:
    """Marks the folder as a demonstration's before its database exists, so that no other one is ever taken for it."""
    has_database = (folder / "portal.sqlite3").exists()
    if has_database and not any((folder / mark).exists() for mark in (STARTED, READY)):
        raise NotADemonstration(folder)
    (folder / STARTED).touch()
    if not has_database:
        (folder / READY).unlink(missing_ok=True)


def _fill(database: Database, keyring: Keyring, files: Path, tell: Tell) -> None:
    for name in KINDS:
        for path in sorted(files.glob(f"{name}.csv")):
            tell(f"import\u00a0: {path.name}")
            reported_import(database, keyring, Request(KINDS[name], path, path.with_suffix(".rejets.csv")))
    with database.write() as db:
        create_accounts(db, keyring)
        publish_and_accept(db, [account.identifier for account in accounts()])


def create_accounts(db: Session, keyring: Keyring) -> None:
    """Creates the fixed accounts that are missing, all with the same password."""
    password_hash = hash_password(PASSWORD)
    for account in accounts():
        if find_credentials(db, account.identifier) is not UNKNOWN:
            continue
        made = create_account(
            db,
            keyring,
            identifier=account.identifier,
            space=Space(account.space),
            role=Role(account.role),
            display_name=account.name,
            organisation=account.organisation,
            person_id=id_by_reference(db, account.person) if account.person else None,
            company_id=company_by_siret(db, account.company) if account.company else None,
            provider_id=provider_by_number(db, account.provider) if account.provider else None,
            email=account.email,
            password_hash=password_hash,
            totp_secret=TOTP_SECRET if account.needs_totp else None,
        )
        if made.role == Role.AGENT:
            _charge(db, made)


def _charge(db: Session, agent: Account) -> None:
    """The demonstration's agent works on everything that agents may."""
    for duty in Duty:
        give_duty(db, agent.id or 0, duty, agent.created_at, by=None)


def demo_help() -> DemoHelp:
    """What the demonstration's page shows."""
    shown = (
        DemoAccount(
            account.identifier, f"{account.name}, {ROLE_LABELS[Role(account.role)].lower()}", account.needs_totp
        )
        for account in accounts()
    )
    return DemoHelp(tuple(shown), PASSWORD, TOTP_SECRET, tuple(sign_ups()))


FOLDER_VARIABLE = "DEMONSTRATION_FOLDER"
ORIGIN_VARIABLE = "DEMONSTRATION_ORIGIN"


def remember(folder: Path, origin: str) -> None:
    """Tells the server's worker process, which starts anew, where the demonstration is."""
    os.environ[FOLDER_VARIABLE] = str(folder.resolve())
    os.environ[ORIGIN_VARIABLE] = origin


def remembered_settings() -> Settings:
    """The settings that `remember` pointed at."""
    return demo_settings(Path(os.environ[FOLDER_VARIABLE]), os.environ[ORIGIN_VARIABLE])
