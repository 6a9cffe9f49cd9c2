"""A case of every kind, sent, as the desk finds it: each of an author of its own."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import typst
from PIL import Image
from sqlmodel import Session, select

from portal.data.accounts import Account
from portal.data.autonomy import PIECE, send_request, start_request
from portal.data.case_pieces import add_pieces
from portal.data.cases import Case, CaseKind
from portal.data.columns import utc_now
from portal.data.complaints import Category, Said, send_complaint, start_complaint
from portal.data.contribution_calls import ContributionCall, ContributionLine
from portal.data.contribution_disputes import Motive as LineMotive
from portal.data.contribution_disputes import contest_line
from portal.data.coverage import Beneficiary, Relationship
from portal.data.files import NewFile
from portal.data.invoice_disputes import Motive
from portal.data.invoice_disputing import Said as Contested
from portal.data.invoice_disputing import send_dispute, start_dispute
from portal.data.invoices import Channel, Invoice, InvoiceState
from portal.data.organisations import GroupContract
from portal.data.parameters import Parameter
from portal.data.work_items import WorkItem
from portal.formatting import today
from portal.security import Keyring
from portal.web import Services
from tests.support import beneficiaries, claims, conversations, data_requests, factories, practices, staff

DAY = date(2026, 3, 2)
WORDS = "Voici ce que nous avons constaté, et ce que vous pouvez faire maintenant."
FIELDS = {"first_name": "prenom", "last_name": "nom", "birth_date": "naissance", "nir": "nir"}
Maker = Callable[[Session, Services], tuple[Case, Account]]


def kept(services: Services, name: str = "piece.jpg", content: bytes | None = None) -> NewFile:
    """A file that lies in the storage: a small photo unless told otherwise."""
    media_type = "application/pdf" if name.endswith(".pdf") else "image/jpeg"
    body = content or (two_pages() if name.endswith(".pdf") else photo())
    pages = 2 if name.endswith(".pdf") else 1
    return NewFile(name, media_type, len(body), pages, f"{factories.next_number():064}", services.storage.keep(body))


def two_pages() -> bytes:
    """A PDF of two pages."""
    pdf = typst.compile(b"= Acte\n#pagebreak()\nVerso", format="pdf")
    assert isinstance(pdf, bytes)
    return pdf


def photo() -> bytes:
    """A small white photo."""
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(buffer, "JPEG")
    return buffer.getvalue()


def item_of(db: Session, case: Case) -> WorkItem:
    """The case's row in the queue."""
    return db.exec(select(WorkItem).where(WorkItem.case_id == case.id)).one()


def path_of(services: Services, case: Case, below: str = "") -> str:
    """The page of a case at the desk."""
    with services.database.read() as db:
        (name,) = services.keyring.conceal("work", [item_of(db, case).id or 0])
    return f"/gestion/dossiers/{name}{below}"


def _member(db: Session, keyring: Keyring) -> tuple[factories.Household, Account, Any]:
    family = factories.household(db, children={"Zoé": date(2020, 5, 4)})
    account = factories.member_account(
        db, keyring, family.member, email=f"m{factories.next_number()}@exemple.example", display_name="Anne Essai"
    )
    return family, account, factories.viewer_of(db, account)


def message(db: Session, services: Services) -> tuple[Case, Account]:
    _, account, viewer = _member(db, services.keyring)
    return conversations.thread(db, services.keyring, viewer), account


def complaint(db: Session, services: Services) -> tuple[Case, Account]:
    _, account, viewer = _member(db, services.keyring)
    said = Said(Category.DELAY, "Bonjour, rien n’est venu depuis deux mois.")
    case, _ = start_complaint(db, viewer, services.keyring, said, utc_now())
    add_pieces(db, viewer, case, "pieces", [kept(services, "preuve.pdf")], utc_now())
    send_complaint(db, viewer, case.id or 0, case.version, utc_now())
    return case, account


def correction(db: Session, services: Services) -> tuple[Case, Account]:
    _, account, viewer = _member(db, services.keyring)
    return conversations.correction(db, services.keyring, viewer), account


def addition(db: Session, services: Services) -> tuple[Case, Account]:
    family, account, viewer = _member(db, services.keyring)
    if not db.exec(select(Parameter).limit(1)).first():
        beneficiaries.figures(db)
    beneficiaries.prices(db, family.contract)
    change = beneficiaries.drafted(
        db, viewer, services.keyring, family.contract, birth_date=today() - timedelta(days=20)
    )
    for slot in beneficiaries.change_slots(db, change.case):
        add_pieces(db, viewer, change.case, slot.code, [kept(services, "acte.pdf")], utc_now())
    beneficiaries.send_change(db, viewer, services.keyring, change, utc_now())
    return change.case, account


def claim(db: Session, services: Services) -> tuple[Case, Account]:
    _, account, viewer = _member(db, services.keyring)
    return claims.sent(db, viewer, now=utc_now(), day=today() - timedelta(days=9)).case, account


def quote(db: Session, services: Services) -> tuple[Case, Account]:
    _, account, viewer = _member(db, services.keyring)
    kind = CaseKind.QUOTE
    return claims.sent(db, viewer, kind, now=utc_now(), day=today() + timedelta(days=30)).case, account


def autonomy(db: Session, services: Services) -> tuple[Case, Account]:
    keyring = services.keyring
    family = factories.household(db)
    child = factories.person(db, "Léa", born=date(today().year - 16, 1, 2))
    factories.cover(db, family.contract, child, Relationship.CHILD)
    email = f"lea{factories.next_number()}@exemple.example"
    account = factories.dependant_account(db, keyring, child, email=email, display_name="Léa Essai")
    viewer = factories.viewer_of(db, account)
    case = start_request(db, viewer, utc_now())
    assert case is not None
    add_pieces(db, viewer, case, PIECE.code, [kept(services)], utc_now())
    send_request(db, viewer, case.id or 0, case.version, utc_now())
    return case, account


def contribution(db: Session, services: Services) -> tuple[Case, Account]:
    company = staff.company(db)
    under: GroupContract = staff.group_contract(db, company)
    account = factories.employer_account(
        db, services.keyring, company_id=company.id, email=f"e{factories.next_number()}@ateliers.example"
    )
    call = ContributionCall(
        company_id=company.id or 0, group_contract_id=under.id or 0, number=f"A{factories.next_number()}",
        period_start=date(2026, 10, 1), period_end=date(2026, 10, 31), issued_at=utc_now(), due_on=date(2026, 11, 15),
        method="virement", amount_cents=12_000, employer_cents=6_000, tax_rate=1327,
    )  # fmt: skip
    db.add(call)
    db.flush()
    line = ContributionLine(
        call_id=call.id or 0, kind="effectif", month=date(2026, 10, 1), months=1, people=3, unit_cents=4_000,
        unit_employer_cents=2_000, amount_cents=12_000, employer_cents=6_000,
    )  # fmt: skip
    db.add(line)
    db.flush()
    viewer = factories.viewer_of(db, account)
    text = "Nous étions deux, pas trois, en octobre."
    case = contest_line(db, viewer, services.keyring, line.id or 0, LineMotive.HEADCOUNT, text, utc_now())
    assert case is not None
    return case, account


def invoice(db: Session, services: Services) -> tuple[Case, Account]:
    practice = factories.provider(db)
    email = f"p{factories.next_number()}@optique.example"
    account = factories.provider_account(db, services.keyring, provider_id=practice.id, email=email)
    viewer = factories.viewer_of(db, account)
    row = Invoice(
        provider_id=practice.id, number="F1", patient="Zoé Exemple", search="zoe exemple", channel=Channel.DRE,
        care_date=DAY, received_on=DAY, state_on=DAY, total_cents=120_000, base_cents=40_000, requested_cents=80_000,
        state=InvoiceState.REJECTED, reject_code="R04",
    )  # fmt: skip
    db.add(row)
    db.flush()
    said = Contested(Motive.REJECTED, "L’ordonnance du 2 mars était jointe.", None)
    begun = start_dispute(db, viewer, services.keyring, row.id or 0, said, utc_now())
    assert begun is not None
    case = send_dispute(db, viewer, begun[0].id or 0, begun[0].version, utc_now())
    assert case is not None
    return case, account


def _practice(db: Session, services: Services, wanted: Any) -> tuple[Case, Account]:
    firm = practices.practice_firm(db, services.keyring, number=f"99{factories.next_number():07}")
    viewer = factories.viewer_of(db, firm.first)
    return practices.sent_change(db, viewer, wanted, utc_now()), firm.first


def address(db: Session, services: Services) -> tuple[Case, Account]:
    return _practice(db, services, practices.wanted_address(today()))


def number(db: Session, services: Services) -> tuple[Case, Account]:
    return _practice(db, services, practices.wanted_number(today()))


def _known(db: Session, services: Services, kind: CaseKind, reason: Any, **corrected: Any) -> tuple[Case, Account]:
    """A change of somebody covered: with a reason, an end; without one, the correction of these fields."""
    family, account, viewer = _member(db, services.keyring)
    if not db.exec(select(Parameter).limit(1)).first():
        beneficiaries.figures(db)
    zoe = family["Zoé"]
    cover = db.exec(select(Beneficiary).where(Beneficiary.person_id == zoe.id)).one()
    start = beneficiaries.Start(kind, family.contract.id or 0, Relationship.CHILD, reason, cover)
    case, _ = beneficiaries.start_change(db, viewer, start, utc_now())
    change = beneficiaries.locked(db, viewer, services.keyring, case)
    details = beneficiaries.Details(**({"event_on": today()} if reason else corrected))
    fields = tuple(FIELDS[name] for name in corrected)
    typed = beneficiaries.Typed(details, reason, fields=fields)
    change = beneficiaries.fill_change(db, viewer, services.keyring, change, typed, utc_now())
    for slot in beneficiaries.change_slots(db, change.case):
        add_pieces(db, viewer, change.case, slot.code, [kept(services)], utc_now())
    beneficiaries.send_change(db, viewer, services.keyring, change, utc_now())
    return change.case, account


def removal(db: Session, services: Services) -> tuple[Case, Account]:
    return _known(db, services, CaseKind.BENEFICIARY_REMOVED, beneficiaries.Reason.COMPANY_COVER)


def renaming(db: Session, services: Services) -> tuple[Case, Account]:
    return _known(db, services, CaseKind.BENEFICIARY_CHANGED, None, first_name="Zoë")


def identity(db: Session, services: Services, **corrected: Any) -> tuple[Case, Account]:
    """The correction of a birth date, or of a NIR."""
    return _known(db, services, CaseKind.BENEFICIARY_CHANGED, None, **corrected)


def data_right(db: Session, services: Services) -> tuple[Case, Account]:
    _, account, viewer = _member(db, services.keyring)
    return data_requests.sent(db, services.keyring, viewer, now=utc_now()), account


MAKERS: dict[CaseKind, Maker] = {
    CaseKind.MESSAGE: message,
    CaseKind.COMPLAINT: complaint,
    CaseKind.CORRECTION: correction,
    CaseKind.BENEFICIARY_ADDED: addition,
    CaseKind.BENEFICIARY_REMOVED: removal,
    CaseKind.BENEFICIARY_CHANGED: renaming,
    CaseKind.CLAIM: claim,
    CaseKind.QUOTE: quote,
    CaseKind.AUTONOMY: autonomy,
    CaseKind.CONTRIBUTION_DISPUTE: contribution,
    CaseKind.INVOICE_DISPUTE: invoice,
    CaseKind.PRACTICE_ADDRESS: address,
    CaseKind.PRACTICE_NUMBER: number,
    CaseKind.DATA_RIGHT: data_right,
}
