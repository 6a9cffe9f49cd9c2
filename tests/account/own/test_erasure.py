"""What erasing leaves behind (R-66, R-71): no trace of the person, the chain whole, and a way to sign up again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.account_jobs import do_each, erase_due
from portal.data.accounts import Account, AccountDeletion
from portal.data.case_pieces import add_pieces
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.complaints import Category, Complaint, Said, send_complaint, start_complaint
from portal.data.coverage import Beneficiary
from portal.data.erasure import TOMBSTONE, erase_account
from portal.data.evidence import Action, entry_of, record
from portal.data.evidence_audit import verify_chain
from portal.data.files import NewFile, StoredFile
from portal.data.holdings import Owner
from portal.data.personal_data import HOLDINGS
from portal.data.sessions import SignedSession
from portal.data.tables import metadata
from portal.security import is_identifier, new_identifier
from portal.storage import FileLost
from tests.support import factories, staff
from tests.support.canaries import CANARY, dump, fill
from tests.support.entry import enter

TABLES = metadata.tables
ACCOUNTS = [name for name, held in HOLDINGS.items() if held.owner is Owner.ACCOUNT or held.goes_with_case]
# Of these the account's own row, its evidence and its deletion are made by the test itself. What rows point at comes
# before them.
FILLED = [
    table.name
    for table in metadata.sorted_tables
    if table.name in ACCOUNTS
    and table.name not in {"account", "evidence", "evidence_detail", "account_deletion", "account_closing"}
]
# Codes and references among the columns that stay: nothing about the person.
IMPERSONAL = {
    ("account_suspension", "kind"),
    *(("beneficiary_change", code) for code in ("relationship", "reason", "situation", "fields", "effect_rule")),
    *(("beneficiary_change", code) for code in ("structure_before", "structure_after")),
    *(("case_file", code) for code in ("reference", "kind", "space", "state")),
    *(("case_piece", "slot"), ("case_step", "state")),
    ("message_thread", "topic"),
    *(("claim", code) for code in ("family", "act_code", "sector")),
    *(("valued_line", code) for code in ("verdict", "reason")),
    *(("payment_due", "hold"), ("payment_return", "code"), ("overpayment_step", "kind")),
    *(("claim_estimate", code) for code in ("rule_code", "rule_label")),
    ("correction", "subject"),
    *(("data_request", code) for code in ("right", "field")),
    *(("received_request", code) for code in ("channel", "asker")),
    *(("postal_letter", code) for code in ("kind", "about")),
    *(("data_objection", "purpose"), ("processing_restriction", "ground")),
    *(("complaint", code) for code in ("category", "outcome")),
    ("contribution_dispute", "motive"),
    *(("invoice_dispute", code) for code in ("motive", "state", "reject_code")),
    *(("practice_change", code) for code in ("address", "postcode", "city", "national_id", "former")),
    *(("stored_file", code) for code in ("media_type", "digest", "storage_name")),
    ("fraud_report", "channel"),
    ("work_step", "act"),
    ("fraud_report_step", "state"),
    ("mandate", "scope"),
    ("representation", "capacity"),
    ("rights_freeze", "seen"),
    ("session", "stage"),
    ("session", "token_hash"),
    ("terms_acceptance", "capacity"),
    ("terms_acceptance", "sha256"),
}
# What is said for a practice is the practice's, and stays.
OF_NO_PRACTICE = {"case_file": {"provider_id": None}}
LATER = timedelta(days=8)


@pytest.fixture
def marked(client, make) -> Account:
    """An account with a canary in every text of every table that holds something of it, and its deletion due."""
    services = client.services
    with services.database.write() as db:
        family = factories.household(db)
        account = factories.member_account(
            db, services.keyring, family.member, email=f"{CANARY}@exemple.example", display_name=CANARY, phone=CANARY
        )
        account.organisation, account.password_hash = CANARY, CANARY
        account.totp_encrypted = CANARY.encode()
        db.flush()
        from tests.support.terms import publish_version  # noqa: PLC0415

        publish_version(db)
        viewer = factories.viewer_of(db, account)
        cover = db.exec(select(Beneficiary)).first()
        made: dict[str, int] = {"person": family.member.id, "contract": family.contract.id, "beneficiary": cover.id}
        company = staff.company(db)
        made["provider"] = factories.provider(db).id
        made["company"], made["group_contract"] = company.id, staff.group_contract(db, company).id
        for number, name in enumerate(("contribution_call", "contribution_line", "invoice")):
            codes = {(name, column.name) for column in TABLES[name].columns}  # the company's or practice's: it stays
            made[name] = fill(db, TABLES[name], account.id, number, made, codes)
        kept = {("rights_check", column.name) for column in TABLES["rights_check"].columns}  # the practice's
        made["rights_check"] = fill(db, TABLES["rights_check"], account.id, 2, made, kept, content_sealed=b"")
        made["benefit_line"] = factories.line(db, family.contract).id
        queue = {("work_item", column.name) for column in TABLES["work_item"].columns}  # the desk's: it stays
        made["work_item"] = fill(db, TABLES["work_item"], account.id, 3, made, queue)
        for number, name in enumerate(FILLED, start=1):
            made[name] = fill(db, TABLES[name], account.id, number, made, IMPERSONAL, **OF_NO_PRACTICE.get(name, {}))
        details = {"address": CANARY, "browser": CANARY, "filters": {"q": CANARY}, "persons": [account.person_id]}
        record(db, viewer, Action.BENEFITS_READ, details=details)
        now = datetime.now(UTC)
        db.add(AccountDeletion(account_id=account.id, confirmed_at=now, erase_after=now + timedelta(days=7)))
    enter(client, account)
    return account


def test_every_text_that_an_account_holds_is_gone(client, marked) -> None:
    """A canary in each personal field; also in SQLite's own file, once it is compacted."""
    services = client.services
    with services.database.read() as db:
        assert dump(db).count(CANARY) > len(FILLED)
    assert erase_due(services, datetime.now(UTC) + LATER) == 1
    with services.database.read() as db:
        left = dump(db)
    assert [line for line in left.splitlines() if CANARY in line] == []
    assert marked.identifier not in left
    if services.database.is_sqlite:
        assert CANARY.encode() not in _compacted(services.database)


def _compacted(database) -> bytes:
    from pathlib import Path  # noqa: PLC0415

    with database.writer.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path = Path(raw.execute("PRAGMA database_list").fetchone()[2])
    return b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))


def test_what_stays_has_no_name_and_the_chain_still_verifies(client, marked) -> None:
    erase_due(client.services, datetime.now(UTC) + LATER)
    with client.services.database.read() as db:
        assert verify_chain(db, {}).fault is None
        account = db.get(Account, marked.id)
        assert (account.identifier, account.display_name) == (TOMBSTONE.format(marked.id), "Compte supprimé")
        assert (account.person_id, account.email, account.phone, account.password_hash) == (None, "", "", "")
        kept = {name: db.execute(select(text("count(*)")).select_from(TABLES[name])).scalar_one() for name in ACCOUNTS}
        actors = set(db.execute(text("SELECT actor FROM evidence")).scalars())
    for name, held in HOLDINGS.items():
        if held.owner is Owner.ACCOUNT and name != "outgoing_mail":
            assert (kept[name] == 0) is held.is_deleted or name == "evidence_detail", name
    assert actors - {None} == {marked.id}


@pytest.mark.parametrize("account_id", [1, 42, 999_999_999])
def test_tombstone_is_short_unique_and_no_identifier(account_id) -> None:
    tombstone = TOMBSTONE.format(account_id)
    assert len(tombstone) == 10
    assert not is_identifier(tombstone)


def test_the_person_signs_up_again(client, marked) -> None:
    erase_due(client.services, datetime.now(UTC) + LATER)
    from portal.data.persons import Person  # noqa: PLC0415

    with client.services.database.write() as db:
        person = db.get(Person, marked.person_id)
        again = factories.member_account(db, client.services.keyring, person, identifier=marked.identifier)
        assert again.id != marked.id
    enter(client, again)
    assert client.get("/compte", follow=True).text


def test_erasing_stopped_in_the_middle_is_wholly_undone_and_done_again(client, marked, monkeypatch) -> None:
    """Crash-safe: one transaction for each account."""
    services, now = client.services, datetime.now(UTC) + LATER

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("crash")

    with monkeypatch.context() as patch:
        patch.setattr("portal.account_jobs.record", fail)
        with pytest.raises(ExceptionGroup) as failed:
            erase_due(services, now)
    assert [str(failure) for failure in failed.value.exceptions] == ["crash"]
    with services.database.read() as db:
        assert db.get(Account, marked.id).display_name == CANARY
    assert erase_due(services, now) == 1
    assert erase_due(services, now) == 0


def test_account_that_cannot_be_erased_does_not_keep_the_next_ones() -> None:
    done = []

    def act(item: int) -> bool:
        done.append(1 / item)
        return True

    with pytest.raises(ExceptionGroup) as failed:
        do_each(act, [1, 0, 2])
    assert done == [1.0, 0.5]
    assert [type(failure) for failure in failed.value.exceptions] == [ZeroDivisionError]


def test_two_jobs_erase_an_account_once(client, marked) -> None:
    services, now = client.services, datetime.now(UTC) + LATER
    with services.database.read() as db:
        deletion_id = db.exec(select(AccountDeletion.id)).one()
    done = []
    for _ in range(2):
        with services.database.write() as db:
            done.append(erase_account(db, deletion_id, now))
    assert done == [(marked.id, f"{CANARY}@exemple.example"), None]


def test_a_read_that_the_journal_brings_in_late_leaves_no_details(client, marked, monkeypatch) -> None:
    services, now = client.services, datetime.now(UTC) + LATER
    with services.database.write() as db:
        viewer = factories.viewer_of(db, marked)
    services.journal.flush()
    monkeypatch.setattr(services.journal, "_move_alone", lambda: None)  # not in the middle of the test, by itself
    services.journal.note(entry_of(viewer, Action.BENEFITS_READ, details={"address": CANARY}))
    erase_due(services, now)
    services.journal.flush()
    with services.database.read() as db:
        assert CANARY in dump(db)
    erase_due(services, now + timedelta(hours=1))
    with services.database.read() as db:
        assert CANARY not in dump(db)
        assert verify_chain(db, {}).fault is None


def test_only_the_account_that_asked_is_touched(client, marked, make) -> None:
    stranger = make(factories.member_with_account, name="Autre")[1]
    with client.services.database.write() as db:
        factories.session_token(db, stranger)
        record(db, factories.viewer_of(db, stranger), Action.BENEFITS_READ, details={"address": "198.51.100.9"})
    erase_due(client.services, datetime.now(UTC) + LATER)
    with client.services.database.read() as db:
        assert db.get(Account, stranger.id).identifier == stranger.identifier
        sessions = db.exec(select(SignedSession).where(SignedSession.account_id == stranger.id)).all()
        assert {session.address for session in sessions} == {"192.0.2.1"}
        assert "198.51.100.9" in dump(db)


def test_last_letter_leaves_for_an_address_that_is_in_no_list_any_more(client, marked) -> None:
    from tests.support.mail import letters  # noqa: PLC0415

    erase_due(client.services, datetime.now(UTC) + LATER)
    (letter,) = [one for one in letters(client.services.database, client.services) if CANARY in one.to]
    assert letter.name == "account-erased"
    with client.services.database.read() as db:
        assert db.execute(text("SELECT count(*) FROM outgoing_mail WHERE account_id IS NOT NULL")).scalar() == 0


def test_new_identifiers_never_look_like_tombstones() -> None:
    assert all(new_identifier().isdecimal() for _ in range(50))


def test_drafts_go_with_their_files_and_sent_cases_stay_without_names(client, marked) -> None:
    """What was sent is proof; what was not is nobody's business any more."""
    services, now = client.services, datetime.now(UTC)
    with services.database.write() as db:
        viewer = factories.viewer_of(db, marked)
        kept = {}
        for name in ("brouillon", "envoyé"):
            case, _ = start_complaint(
                db, viewer, services.keyring, Said(Category.DELAY, f"J’attends depuis longtemps ({name})."), now
            )
            kept[name] = services.storage.keep(name.encode())
            add_pieces(
                db, viewer, case, "pieces", [NewFile(f"{name}.pdf", "application/pdf", 9, 1, "0" * 64, kept[name])], now
            )
        sent_id = case.id
        send_complaint(db, viewer, case.id, case.version, now)
    erase_due(services, now + LATER)
    with services.database.read() as db:
        assert db.get(Complaint, sent_id).text_encrypted == b""
        assert [case.state for case in db.exec(select(Case)) if case.kind == CaseKind.COMPLAINT] == [CaseState.SENT]
        assert {file.name for file in db.exec(select(StoredFile)) if file.storage_name in kept.values()} == {"fichier"}
    assert services.storage.give(kept["envoyé"]) == "envoyé".encode()
    with pytest.raises(FileLost):
        services.storage.give(kept["brouillon"])
