"""A company of which the database holds everything it can, about the health of its employees and of their families:
every text and amount is a canary (`canaries`), which no employer may ever see."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy import LargeBinary, Table
from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role
from portal.data.bank_changes import NewDetails, sealed
from portal.data.case_pieces import add_pieces
from portal.data.columns import utc_now
from portal.data.company_bank import CompanyBankDetails
from portal.data.complaints import Category, Said, start_complaint
from portal.data.contribution_calls import ContributionLine
from portal.data.contribution_disputes import Motive, contest_line
from portal.data.contribution_issuing import issue_call
from portal.data.contribution_rules import Period, last_day_of
from portal.data.coverage import Contract, Relationship
from portal.data.departing import grant_leave, let_go
from portal.data.employee_acts import Acting
from portal.data.employee_imports import EmployeeImport
from portal.data.employees import Employee
from portal.data.employer_holdings import EMPLOYER_HOLDINGS
from portal.data.exemption_rows import ExemptionPiece
from portal.data.exemptions import ask_exemption
from portal.data.files import NewFile
from portal.data.holdings import Owner
from portal.data.invitations import invite
from portal.data.leaving_rules import LeavingReason
from portal.data.mandates import Mandate
from portal.data.messages import Topic, begin_thread
from portal.data.organisations import GroupContract
from portal.data.personal_data import HOLDINGS
from portal.data.persons import Person
from portal.data.rules import add_months
from portal.data.staff_categories import StaffCategory
from portal.data.tables import metadata
from portal.formatting import today
from portal.security import Keyring
from portal.web import Services
from tests.support import factories, staff
from tests.support.canaries import CANARY, FITTING, fill
from tests.support.terms import accept_version, publish_version

TABLES = metadata.tables
# Made by what the employer and the member do below, not by filling.
MADE = {"account", "person", "contract", "beneficiary", "benefit_line", "payment", "employee", "session"}
# They would close the member's account, or are made with the evidence.
LEFT_OUT = {
    "account_closing",
    "account_deletion",
    "account_suspension",
    "evidence",
    "evidence_detail",
    "representation",
    "rights_trace",
}
LINE = {"base_gross_cents": 7713011, "flat_fee_cents": 0, "base_net_cents": 7713011, "supplementary_cents": 7713022,
        "remaining_cents": 7713044}  # fmt: skip
SPENT = 7713011 + 7713022 + 7713044
FIRST_AMOUNT = 8_824_101
LINES = 2
EVERYTHING = "salaries:agir dispenses:agir cotisations:agir contrat:lire"


@dataclass
class MarkedFirm:
    """`users`: by role. `member`: the account of the employee whose own pages work. `places`: what the parameters of
    routes may be, by name. `amounts`: canaries in cents, each alone and added up. `mine`: addresses of the employer."""

    users: dict[Role, Account] = field(default_factory=dict)
    member: Account = field(default_factory=Account)
    places: dict[str, list[str]] = field(default_factory=dict)
    amounts: set[int] = field(default_factory=set)
    filled: dict[str, int] = field(default_factory=dict)

    @property
    def addresses(self) -> set[str]:
        return {account.email for account in self.users.values()}


def marked_firm(db: Session, services: Services) -> MarkedFirm:
    """The company, its users, and five employees: two affiliated, one absent, one in portability, one gone."""
    firm, keyring = MarkedFirm(), services.keyring
    publish_version(db)
    staff.figures(db)
    company = staff.company(db)
    contract = staff.group_contract(db, company)
    covers = factories.product(db)
    version = factories.guarantees(db, covers, factories.rule())
    category = staff.category(db, contract, covers=covers)
    for role in (Role.SIGNATORY, Role.ADMINISTRATOR, Role.CLERK, Role.READER, Role.DECLARANT):
        email = f"{role.value}@ateliers.example"
        firm.users[role] = staff.user(db, keyring, company, role, email=email, display_name=role.value.title())
        accept_version(db, firm.users[role])
    mandate = _mandate(db, firm, company.id or 0)
    months = [add_months(today().replace(day=1), -2), add_months(today().replace(day=1), -1)]
    early = [morning(months[0]), morning(months[1] + timedelta(days=2))]
    who = [staff.acting(keyring, firm.users[Role.CLERK], at) for at in early]
    born = {"hired_on": months[0], "starts_on": months[0]}
    people = [
        staff.employee(db, who[0], contract, category, last_name=name, **born)
        for name in ("Essai", "Absent", "Portable", "Parti")
    ]
    calls = [issue_call(db, contract.id or 0, Period(months[0], last_day_of(months[0])), morning(months[1]))]
    people.append(staff.employee(db, who[1], contract, category, last_name="Tard", **born))
    calls.append(issue_call(db, contract.id or 0, Period(months[1], last_day_of(months[1])), utc_now()))
    _move_on(db, staff.acting(keyring, firm.users[Role.CLERK], utc_now()), people)
    asked = _exemption(db, services, people[4])
    invitation = _invited(db, services, firm, contract, category)
    change = _bank_change(db, firm, company.id or 0, keyring)
    lines = db.exec(select(ContributionLine.id).order_by(col(ContributionLine.id))).all()
    signing = staff.viewer(firm.users[Role.SIGNATORY])
    dispute = contest_line(db, signing, keyring, lines[-1] or 0, Motive.PRICE, "Le prix n’est pas le bon.", utc_now())
    sheet = _sheet(db, services, company.id or 0, firm.users[Role.CLERK])
    for each in people:
        db.get_one(Person, each.person_id).email = f"{CANARY}@prive.example"
    firm.member, foreign = _members_own(db, services, firm, people[0])
    keys = {"company": company.id, "group_contract": contract.id, "contribution_call": calls[0].id if calls[0] else 0,
            "contribution_line": lines[0]}  # fmt: skip
    _fill_everything(db, services, firm, people[1], keys)
    kinds = {
        "employee": ("employee", [each.id for each in people]),
        "call": ("contribution-call", [call.id for call in calls if call]),
        "line": ("contribution-line", list(lines)),
        "category": ("staff-category", [category.id]),
        "file": ("employee-import", [sheet.id]),
        "mandate": ("mandate", [mandate.id]),
        "user": ("account", [account.id for account in firm.users.values()]),
        "case": ("case", [dispute.id if dispute else 0, *foreign["case"]]),
        "piece": ("piece", foreign["piece"]),
        "exemption": ("exemption", [asked]),
        "invitation": ("affiliation-invitation", [invitation]),
        "version": ("guarantee-version", [version.id]),
        "change": ("company-bank", [change]),
    }
    firm.places = {name: keyring.conceal(kind, [each or 0 for each in ids]) for name, (kind, ids) in kinds.items()}
    files = db.exec(select(ExemptionPiece.id)).all()
    firm.places["piece"] += keyring.conceal("exemption-piece", [each or 0 for each in files])
    firm.places["slot"] = ["demande", "justificatif"]
    return firm


def morning(day: date) -> datetime:
    """Nine o’clock, UTC, of a day."""
    return datetime.combine(day, time(9), UTC)


def _mandate(db: Session, firm: MarkedFirm, company_id: int) -> Mandate:
    outside = firm.users[Role.DECLARANT]
    row = Mandate(
        account_id=outside.id or 0,
        company_id=company_id,
        firm="Cabinet d’essai",
        scope=EVERYTHING,
        ends_on=today() + timedelta(days=20),
    )
    db.add(row)
    db.flush()
    return row


def _move_on(db: Session, acting: Acting, people: list[Employee]) -> None:
    """One is absent, one left with portability, one without."""
    _, absent, portable, gone, _ = people
    grant_leave(db, acting, absent, today(), None, keeps_cover=False)
    let_go(db, acting, portable, today() - timedelta(days=2), LeavingReason.DISMISSAL)
    let_go(db, acting, gone, today() - timedelta(days=2), LeavingReason.GROSS_MISCONDUCT)


def _exemption(db: Session, services: Services, employee: Employee) -> int:
    """What an employee asked, with its evidence: the employer's to read, and nothing of it about health."""
    staff.grounds(db)
    kept = services.storage.keep(b"attestation")
    file = NewFile("attestation.pdf", "application/pdf", 11, 1, "1" * 64, kept)
    wish = staff.wish(stated_on=today(), starts_on=today())
    return ask_exemption(db, employee, wish, utc_now(), evidence=[file]).id or 0


def _invited(db: Session, services: Services, firm: MarkedFirm, of: GroupContract, within: StaffCategory) -> int:
    """Somebody who was invited, and typed a family and a bank account that were not sent yet."""
    acting = staff.acting(services.keyring, firm.users[Role.CLERK], utc_now())
    born = {"hired_on": today(), "starts_on": today(), "email": "invitee@ateliers.example"}
    _, row, _ = invite(db, acting, of, within, staff.new_employee("Invitée", **born))
    row.draft_encrypted = services.keyring.encrypt(CANARY)
    db.add(row)
    db.flush()
    return row.id or 0


def _bank_change(db: Session, firm: MarkedFirm, company_id: int, keyring: Keyring) -> int:
    """A change of the company's own account that another signatory is to approve."""
    new = NewDetails("FR7630006000011234567890189", "Ateliers d’essai", "Banque d’essai")
    row = CompanyBankDetails(
        company_id=company_id,
        mandate="RUM-ESSAI",
        signer_encrypted=keyring.encrypt("Administrateur"),
        asked_at=utc_now(),
        asked_by=firm.users[Role.ADMINISTRATOR].id,
        needs_approval=True,
        **sealed(keyring, new),
    )
    db.add(row)
    db.flush()
    return row.id or 0


def _sheet(db: Session, services: Services, company_id: int, clerk: Account) -> EmployeeImport:
    """A file of employees that waits for its columns to be confirmed."""
    kept = services.storage.keep(b"nir;nom\n1;Essai\n")
    values = {"company_id": company_id, "account_id": clerk.id or 0, "file_name": "paie.csv", "digest": "0" * 64}
    row = EmployeeImport(**values, storage_name=kept, rows=1, sent_at=utc_now())
    db.add(row)
    db.flush()
    return row


def _members_own(
    db: Session, services: Services, firm: MarkedFirm, employee: Employee
) -> tuple[Account, dict[str, Any]]:
    """A household with care, whose own pages show every canary; the account, and its cases by kind of name."""
    person = db.get_one(Person, employee.person_id)
    contract = db.get_one(Contract, employee.contract_id)
    child = factories.person(db, CANARY, born=date(today().year - 9, 2, 3), last_name=CANARY)
    factories.cover(db, contract, child, Relationship.CHILD, valid_from=contract.starts_on)
    care = {"label": CANARY, "provider": CANARY, "note": CANARY, "spent_cents": SPENT, "base_cents": 7713011} | LINE
    for who in (person, child):
        for _ in range(LINES):
            factories.paid_line(db, contract, who, care_date=contract.starts_on, **care)
    alone = {SPENT, *LINE.values(), 7713011 + 7713022} - {0}
    firm.amounts |= {cents * times for cents in alone for times in (1, LINES, 2 * LINES)}
    account = factories.member_account(db, services.keyring, person, email=f"{CANARY}@prive.example", phone=CANARY)
    accept_version(db, account)
    viewer, now = factories.viewer_of(db, account), utc_now()
    thread = begin_thread(db, viewer, services.keyring, Topic.OTHER, CANARY, CANARY, now)
    complaint, _ = start_complaint(db, viewer, services.keyring, Said(Category.DELAY, CANARY), now)
    kept = services.storage.keep(CANARY.encode())
    file = NewFile(f"{CANARY}.pdf", "application/pdf", len(CANARY), 1, "0" * 64, kept)
    pieces = add_pieces(db, viewer, complaint, "pieces", [file], now)
    return account, {"case": [thread.id, complaint.id], "piece": range(1, len(pieces) + 2)}


def _fill_everything(
    db: Session, services: Services, firm: MarkedFirm, employee: Employee, keys: dict[str, Any]
) -> None:
    """A row in every table that holds something of a person or of an account, all about one employee."""
    person = db.get_one(Person, employee.person_id)
    account = factories.member_account(
        db, services.keyring, person, display_name=CANARY, email=f"b-{CANARY}@prive.example"
    )
    contract = db.get_one(Contract, employee.contract_id)
    line = factories.line(db, contract, label=CANARY, provider=CANARY)
    cover = factories.cover(db, contract, factories.person(db, CANARY), valid_from=contract.starts_on)
    made = keys | {"person": person.id, "contract": contract.id, "benefit_line": line.id, "beneficiary": cover.id}
    made |= {"product": contract.product_id, "payment": factories.payment(db, person, payee=CANARY).id}
    made["provider"] = factories.provider(db).id
    for name in ("work_item", "payment_run"):
        made[name] = fill(db, TABLES[name], account.id or 0, 0, made)
    for number, table in enumerate(_to_fill(), start=1):
        values = _sealed(table, services, number) | _amounts(table, number)
        firm.amounts |= {cents for name, cents in values.items() if name.endswith("_cents")}
        owned = {"payment_id": made["payment"]} if "payment_id" in table.columns else {}
        made[table.name] = fill(db, table, account.id or 0, number, made, **values, **owned)
        firm.filled[table.name] = number


def _to_fill() -> list[Table]:
    owners = {Owner.ACCOUNT, Owner.PERSON}
    held = {name for name, each in HOLDINGS.items() if each.owner in owners} - MADE - LEFT_OUT
    about_people = held - EMPLOYER_HOLDINGS.keys()
    return [table for table in metadata.sorted_tables if table.name in about_people]


def _sealed(table: Table, services: Services, number: int) -> dict[str, Any]:
    """What is encrypted says a canary to whoever opens it."""
    said = services.keyring.encrypt(_letter() if table.name == "outgoing_mail" else f"{CANARY}-{number}")
    return {
        column.name: said
        for column in table.columns
        if column.name.endswith("_encrypted") and isinstance(column.type, LargeBinary)
    }


def _letter() -> str:
    """A letter to a member, as it waits to leave."""
    message = EmailMessage()
    message["To"], message["Subject"] = f"{CANARY}@prive.example", CANARY
    message.set_content(CANARY)
    message.add_alternative(f"<p>{CANARY}</p>", subtype="html")
    return message.as_string()


def _amounts(table: Table, number: int) -> dict[str, Any]:
    """Amounts of each table's own; those that must add up do."""
    own = {column.name: FIRST_AMOUNT + 10 * number for column in table.columns if column.name.endswith("_cents")}
    parts = {name: times * FIRST_AMOUNT for name, times in FITTING.get(table.name, {}).items() if name in own}
    return own | parts
