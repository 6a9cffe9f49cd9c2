"""Transfers of what the desk valued: one file a day, nothing twice, nothing lost, brakes of bank details (R-21)."""

from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from schwifty import BIC
from schwifty import IBAN as IBAN_TYPE
from sqlmodel import delete, select, update

from portal import payment_jobs
from portal.app import create_services
from portal.case_notices import CaseLetters
from portal.data.accounts import Account, AccountSuspension, SuspensionKind
from portal.data.bank_changes import NewDetails
from portal.data.bank_details import apply_bank_change, ask_bank_change
from portal.data.benefits import BenefitLine, LineKind, Method, Payment, Status
from portal.data.case_desk import agent_at_work
from portal.data.cases import Case, WrongState
from portal.data.claim_valuing import AmountsMoved, NotValued, apply_valuation
from portal.data.complaint_rules import Outcome
from portal.data.complaints import Category, Said, answer_complaint, send_complaint, start_complaint
from portal.data.deaths import Death, Proof
from portal.data.overpayment_recovery import MOST_WITHHELD
from portal.data.overpayments import Overpayment, OverpaymentStep, StepKind, agree, find_owed, owed_of, waive
from portal.data.parameters import Parameter
from portal.data.payment_runs import FileChanged
from portal.data.payments import Hold, PaymentDue, PaymentOrder, PaymentRun, next_transfer_day
from portal.data.rectification_review import Effect, Rectification, as_seen, review_of
from portal.data.rectifying import apply_rectification
from portal.data.statement_content import statement_content
from portal.data.statement_periods import month_of
from portal.payment_jobs import pay_due, take_returns, write_again
from portal.sepa_transfers import NAMESPACE, Sent, UnreadableReturns, plain, read_returns
from tests.support import factories
from tests.support.claims import for_desk
from tests.support.mail import letters
from tests.support.reference import import_reference
from tests.support.valuing import DAY, IBAN, NOW, claimed, entry, home, report_bank, righted, seen

PAY_DAY = date(2026, 11, 26)
OURS = "FR7630001007941234567890185"
OTHER = "FR7610107001011234567890129"
WRONG = "Le praticien a remboursé cette séance, qui n’a pas eu lieu."
RETURNED_ON = date(2026, 11, 27)


@pytest.fixture
def services(database, settings, tmp_path):
    import_reference(database, settings, tmp_path)
    return create_services(settings.model_copy(update={"transfers_iban": OURS}), database)


class World:
    """A family, an agent, and claims valued one after the other."""

    def __init__(self, services, **kind) -> None:
        self.services, self.keyring = services, services.keyring
        with services.database.write() as db:
            self.home = home(db, self.keyring, **kind)
            self.agent = factories.viewer_of(db, factories.desk_account(db, self.keyring))

    def value(self, days: int = 0, act: str = "OST", cents: int = 6000) -> int:
        """A claim accepted; its case."""
        with self.services.database.write() as db:
            day = DAY - timedelta(days=days)
            case = claimed(db, self.home, cents, day=day).case
            valuation = seen(db, self.agent, case, entry(self.home, act, cents, care_date=day))
            apply_valuation(db, self.agent, self.keyring, for_desk(db, self.agent, case), valuation, NOW)
            return case.id

    def correct(self, case_id: int, words: str = WRONG, *, now: datetime = NOW, **entry_values):
        """Cancels the line of a claim that stands, or puts it right with what is given of an entry."""
        with self.services.database.write() as db:
            return righted(db, self.agent, self.keyring, db.get_one(Case, case_id), words, now, **entry_values)

    def agree(self, *, is_agreed: bool = True):
        """To the first sum owed."""
        with self.services.database.write() as db:
            return agree(db, self.home.viewer, first_owed(db), NOW, is_agreed=is_agreed)

    def owed(self) -> list[tuple[int, StepKind | None]]:
        """What is left of each sum owed, and how those that ended did."""
        with self.services.database.read() as db:
            found = owed_of(db, self.home.viewer)
            return [(each.left, each.ending) for each in sorted(found, key=lambda each: each.row.id)]

    def withhold(self, percent: int = 100) -> None:
        """Lets runs withhold so much of a payment."""
        with self.services.database.write() as db:
            given = {"label": "Retenue", "unit": "nombre", "value": percent, "source": "essai"}
            db.exec(delete(Parameter).where(Parameter.code == MOST_WITHHELD))
            db.add(Parameter(code=MOST_WITHHELD, valid_from=date(2020, 1, 1), **given))

    def lines(self) -> list[BenefitLine]:
        with self.services.database.read() as db:
            return list(db.exec(select(BenefitLine).order_by(BenefitLine.id)))

    def all(self, model) -> list:
        with self.services.database.read() as db:
            return list(db.exec(select(model)))

    def pay(self, day: date = PAY_DAY, now: datetime = NOW):
        return pay_due(self.services, day, now)


def first_owed(db) -> int:
    return db.exec(select(Overpayment.id).order_by(Overpayment.id)).first()


@pytest.fixture
def world(services):
    return World(services)


def of_file(path) -> ET.Element:
    return ET.fromstring(path.read_bytes())  # noqa: S314  (our own file)


def pain_002(body: str) -> bytes:
    """A bank's report on our files, of `RETURNED_ON`."""
    header = "<GrpHdr><CreDtTm>2026-11-27T08:00:00</CreDtTm></GrpHdr>"
    return f"<Document><CstmrPmtStsRpt>{header}{body}</CstmrPmtStsRpt></Document>".encode()


def text(element, path: str) -> str:
    return element.findtext("/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/")))


class TestRun:
    def test_member_is_paid_all_that_is_due_by_one_transfer(self, world) -> None:
        """R-21: what was valued is paid, and told."""
        world.value()
        world.value(days=1)
        done = world.pay()
        assert done.paid == 1
        (payment,) = world.all(Payment)
        assert (payment.amount_cents, payment.paid_on, payment.iban_masked) == (8000, PAY_DAY, "FR76 •••• 189")
        assert {(line.status, line.payment_id, line.posted_on) for line in world.lines()} == {
            (Status.PAID, payment.id, PAY_DAY)
        }
        assert not world.all(PaymentDue)
        sent = letters(world.services.database, world.services, to="essai@exemple.example")
        assert [letter.name for letter in sent].count("case-news") == 2

    def test_file_is_what_banks_take(self, world) -> None:
        """ISO 20022, pain.001.001.09: counts and sums at both levels, plain letters, the execution day."""
        world.value()
        (path,) = world.pay().files
        document = of_file(path)
        start = document.find(f"{{{NAMESPACE}}}CstmrCdtTrfInitn")
        assert document.tag == f"{{{NAMESPACE}}}Document"
        for level in ("GrpHdr", "PmtInf"):
            assert (text(start, f"{level}/NbOfTxs"), text(start, f"{level}/CtrlSum")) == ("1", "40.00")
        batch = start.find(f"{{{NAMESPACE}}}PmtInf")
        names = [child.tag.partition("}")[2] for child in batch]
        assert names == [
            "PmtInfId",
            "PmtMtd",
            "BtchBookg",
            "NbOfTxs",
            "CtrlSum",
            "PmtTpInf",
            "ReqdExctnDt",
            "Dbtr",
            "DbtrAcct",
            "DbtrAgt",
            "ChrgBr",
            "CdtTrfTxInf",
        ]
        assert text(batch, "ReqdExctnDt/Dt") == PAY_DAY.isoformat()
        assert text(batch, "DbtrAcct/Id/IBAN") == OURS
        assert text(batch, "CdtTrfTxInf/CdtrAcct/Id/IBAN") == IBAN
        assert text(batch, "CdtTrfTxInf/Cdtr/Nm") == "Anne D'Ete-OEuvre"
        assert text(batch, "CdtTrfTxInf/PmtId/EndToEndId") == world.all(Payment)[0].reference
        assert len(text(start, "GrpHdr/MsgId")) <= 35
        assert path.stat().st_mode & 0o077 == 0

    def test_run_again_pays_nothing_twice(self, world) -> None:
        world.value()
        (path,) = world.pay().files
        before = path.read_bytes()
        assert world.pay() == payment_jobs.Done(0, ())
        world.value(days=1)
        assert world.pay().paid == 0
        assert path.read_bytes() == before
        assert world.pay(PAY_DAY + timedelta(days=1)).paid == 1

    @pytest.mark.parametrize("stops_at", ["_write", "note_written", "close_run"])
    def test_run_stopped_anywhere_is_finished_by_the_next(self, world, monkeypatch, stops_at) -> None:
        world.value()
        with monkeypatch.context() as stopped:
            stopped.setattr(payment_jobs, stops_at, lambda *_: 1 / 0)
            with pytest.raises(ExceptionGroup):
                world.pay()
        (path,) = world.pay(PAY_DAY + timedelta(days=1), NOW + timedelta(days=3)).files
        (run,) = world.all(PaymentRun)
        assert (run.transfers, run.total_cents) == (1, 4000)
        assert run.written_at is not None
        assert text(of_file(path), "CstmrCdtTrfInitn/GrpHdr/NbOfTxs") == "1"
        assert len(world.all(Payment)) == 1

    def test_run_whose_file_cannot_be_made_again_keeps_no_later_one_back(self, world, monkeypatch) -> None:
        """What the first file was settled from is no longer there: that one waits for somebody, and alone."""
        world.value()
        self.stop_at_writing(world, monkeypatch)
        with world.services.database.write() as db:
            db.exec(update(PaymentRun).values(digest="0" * 64))
        world.value(days=1)
        later = PAY_DAY + timedelta(days=7)
        with pytest.raises(ExceptionGroup) as failed:
            world.pay(later)
        assert [type(each) for each in failed.value.exceptions] == [FileChanged]
        runs = sorted(world.all(PaymentRun), key=lambda run: run.day)
        assert [run.written_at is not None for run in runs] == [False, True]
        folder = world.services.settings.payments_folder
        assert [path.name for path in folder.glob("*.xml")] == [f"virements-{later}.xml"]

    def stop_at_writing(self, world, monkeypatch) -> None:
        """The run is closed, and its file is not there."""
        with monkeypatch.context() as stopped:
            stopped.setattr(payment_jobs, "_write", lambda *_: 1 / 0)
            with pytest.raises(ExceptionGroup):
                world.pay()

    def test_insurer_that_banks_elsewhere_meanwhile_still_writes_the_file_that_was_settled(
        self, world, monkeypatch
    ) -> None:
        """The name, the IBAN and the BIC are those of the day on which the run was closed, whatever settings say by
        now; the next run leaves from the new account."""
        world.value()
        self.stop_at_writing(world, monkeypatch)
        self.move(world, insurer_name="Autre nom", transfers_iban=IBAN_TYPE(OTHER), transfers_bic=BIC("CMCIFR2A"))
        world.value(days=1)
        first, second = world.pay(PAY_DAY + timedelta(days=7)).files
        batch, next_batch = (of_file(path).find(f".//{{{NAMESPACE}}}PmtInf") for path in (first, second))
        assert [text(each, "DbtrAcct/Id/IBAN") for each in (batch, next_batch)] == [OURS, OTHER]
        assert [text(each, "Dbtr/Nm") for each in (batch, next_batch)] == ["Mutuelle des Rives", "Autre nom"]
        assert text(batch, "DbtrAgt/FinInstnId/Othr/Id") == "NOTPROVIDED"
        assert text(next_batch, "DbtrAgt/FinInstnId/BICFI") == "CMCIFR2A"

    def move(self, world, **settings) -> None:
        moved = world.services.settings.model_copy(update=settings)
        world.services = create_services(moved, world.services.database)

    def test_file_is_made_again_byte_for_byte_after_the_settings_changed(self, world) -> None:
        world.value()
        (path,) = world.pay().files
        before = path.read_bytes()
        path.unlink()
        self.move(world, insurer_name="Autre nom", transfers_iban=IBAN_TYPE(OTHER), transfers_bic=BIC("CMCIFR2A"))
        assert write_again(world.services, PAY_DAY, NOW) == path
        assert path.read_bytes() == before
        (run,) = world.all(PaymentRun)
        assert OURS.encode() not in run.payer_encrypted
        assert write_again(world.services, PAY_DAY + timedelta(days=1), NOW) is None

    @pytest.mark.parametrize(("account", "taken"), [("", 1), (OURS, 1), (OTHER, 0)])
    def test_return_booked_on_an_account_is_matched_with_the_runs_own(self, world, account, taken) -> None:
        """A return is of the account that the transfer left from, also once the insurer has another."""
        world.value()
        world.pay()
        self.move(world, transfers_iban=IBAN_TYPE(OTHER))
        reference = world.all(Payment)[0].reference
        sent = Sent(reference, RETURNED_ON, "AC04", account=account)
        assert take_returns(world.services, [sent], NOW) == taken

    def test_run_stopped_before_it_closes_asks_for_a_day_that_is_not_gone(self, world, monkeypatch) -> None:
        world.value()
        late = datetime(2026, 11, 30, 9, tzinfo=UTC)
        with monkeypatch.context() as stopped:
            stopped.setattr(payment_jobs, "close_run", lambda *_: 1 / 0)
            with pytest.raises(ExceptionGroup):
                world.pay()
        (path,) = world.pay(late.date(), late).files
        assert text(of_file(path), "CstmrCdtTrfInitn/PmtInf/ReqdExctnDt/Dt") == "2026-11-30"

    def test_statement_of_the_month_tells_the_line(self, world) -> None:
        """R-22: claim, payment line, statement."""
        world.value()
        world.pay()
        with world.services.database.read() as db:
            content = statement_content(db, world.home.viewer, month_of(PAY_DAY), PAY_DAY)
        (payment,) = content.payments
        assert [line.supplementary_cents for line in payment.lines] == [4000]
        assert content.totals.supplementary_cents == 4000

    def test_transfers_leave_on_thursdays_or_the_office_day_after(self, world) -> None:
        with world.services.database.read() as db:
            assert next_transfer_day(db, date(2026, 11, 26)) == date(2026, 12, 3)
            assert next_transfer_day(db, date(2026, 12, 24)) == date(2026, 12, 31)
            assert next_transfer_day(db, date(2026, 5, 13)) == date(2026, 5, 15)  # Ascension


class TestHeld:
    def test_member_without_an_account_is_asked_for_one_once(self, services) -> None:
        """When the claim is decided; no run asks again."""
        world = World(services, with_bank=False)
        world.agent = agent_at_work(world.agent, CaseLetters(services))
        world.value()
        assert world.pay().paid == 0
        assert world.pay(PAY_DAY + timedelta(days=1)).paid == 0
        assert [due.hold for due in world.all(PaymentDue)] == [Hold.NO_ACCOUNT]
        sent = letters(services.database, services, to="essai@exemple.example")
        assert [letter.name for letter in sent].count("payment-waits") == 1
        with services.database.write() as db:
            report_bank(db, services.keyring, world.home.member_id)
        assert world.pay(PAY_DAY + timedelta(days=4)).paid == 1

    def test_change_that_waits_leaves_transfers_on_the_account_in_force(self, world) -> None:
        """ADR 14: the details in force stay in force; then the new ones are."""
        world.value()
        with world.services.database.write() as db:
            new = NewDetails(OTHER, "Anne Essai", "Banque")
            row = ask_bank_change(db, world.home.viewer, world.keyring, new, NOW)
        world.pay()
        assert world.all(Payment)[0].iban_masked == "FR76 •••• 189"
        with world.services.database.write() as db:
            apply_bank_change(db, row.id, world.home.member_id, NOW + timedelta(days=4))
        world.value(days=1)
        world.pay(PAY_DAY + timedelta(days=7))
        assert world.all(Payment)[1].iban_masked == "FR76 •••• 129"

    def test_account_that_somebody_else_uses_holds_transfers(self, world) -> None:
        """R-13: until the desk gives it back."""
        world.value()
        with world.services.database.write() as db:
            row = AccountSuspension(account_id=world.home.account_id, kind=SuspensionKind.FRAUD, reason="fraude")
            db.add(row)
        assert world.pay().paid == 0
        assert [due.hold for due in world.all(PaymentDue)] == [Hold.FROZEN]
        with world.services.database.write() as db:
            db.get_one(AccountSuspension, row.id).ended_at = NOW
        assert world.pay().paid == 1

    def test_money_owed_to_somebody_dead_is_kept_for_the_estate_until_that_is_undone(self, world) -> None:
        world.value()
        with world.services.database.write() as db:
            account = db.get_one(Account, world.home.account_id)
            told = {"told_by_encrypted": world.services.keyring.encrypt("sa fille"), "recorded_by": account.id}
            row = Death(person_id=account.person_id, died_on=PAY_DAY, proof=Proof.SEEN, recorded_at=NOW, **told)
            db.add(row)
        assert world.pay().paid == 0
        assert [due.hold for due in world.all(PaymentDue)] == [Hold.DEATH]
        with world.services.database.write() as db:
            db.get_one(Death, row.id).undone_at = NOW
        assert world.pay().paid == 1


class TestReturned:
    def test_transfer_that_came_back_waits_for_another_account(self, world) -> None:
        world.value()
        world.pay()
        (payment,) = world.all(Payment)
        sent = [Sent(payment.reference, RETURNED_ON, "AC04")]
        assert (take_returns(world.services, sent, NOW), take_returns(world.services, sent, NOW)) == (1, 0)
        (line,) = world.lines()
        assert (line.status, line.payment_id) == (Status.PENDING, None)
        assert world.pay(date(2026, 12, 3)).paid == 0
        told = letters(world.services.database, world.services, to="essai@exemple.example")
        assert [letter.name for letter in told].count("payment-returned") == 1
        with world.services.database.write() as db:
            report_bank(db, world.keyring, world.home.member_id, OTHER, on=date(2026, 12, 1))
        assert world.pay(date(2026, 12, 4)).paid == 1
        with world.services.database.read() as db:
            content = statement_content(db, world.home.viewer, month_of(PAY_DAY), PAY_DAY)
        assert not content.payments

    def test_transfer_refused_for_another_reason_leaves_again(self, world) -> None:
        world.value()
        world.pay()
        (payment,) = world.all(Payment)
        take_returns(world.services, [Sent(payment.reference, RETURNED_ON, "MS03")], NOW)
        assert world.pay(date(2026, 12, 3)).paid == 1

    def test_line_corrected_before_its_transfer_comes_back_stays_cancelled_and_nothing_is_owed(self, world) -> None:
        case_id = world.value()
        world.pay()
        (payment,) = world.all(Payment)
        world.correct(case_id)
        assert world.owed() == [(4000, None)]
        take_returns(world.services, [Sent(payment.reference, RETURNED_ON, "MS03")], NOW)
        assert world.lines()[0].status == Status.CANCELLED
        with pytest.raises(WrongState):
            world.correct(case_id)
        assert world.owed() == [(0, StepKind.VOID)]
        done = world.pay(date(2026, 12, 3))
        assert (done.paid, done.files) == (1, ())
        assert [line.status for line in world.lines()] == [Status.CANCELLED, Status.REGULARISED]
        assert world.all(PaymentDue) == []

    def test_sum_withheld_for_a_transfer_that_comes_back_is_given_back(self, world) -> None:
        """What was withheld from a later payment was never owed: it leaves with the next transfers."""
        case_id = world.value()
        world.pay()
        (payment,) = world.all(Payment)
        world.correct(case_id)
        world.withhold()
        world.agree()
        world.value(days=1, act="LUN", cents=43000)
        world.pay(date(2026, 12, 3))
        assert world.owed() == [(0, StepKind.WITHHELD)]
        take_returns(world.services, [Sent(payment.reference, RETURNED_ON, "MS03")], NOW)
        world.pay(date(2026, 12, 10))
        assert sorted(each.amount_cents for each in world.all(Payment)) == [0, 4000, 4000, 29991 - 4000]
        world.value(days=2)
        world.pay(date(2026, 12, 17))
        assert max(world.all(Payment), key=lambda each: each.id).amount_cents == 4000

    def test_payment_that_withheld_and_comes_back_owes_the_sum_again(self, world) -> None:
        case_id = world.value()
        world.pay()
        world.correct(case_id)
        world.withhold()
        world.agree()
        world.value(days=1, act="LUN", cents=43000)
        world.pay(date(2026, 12, 3))
        later = max(world.all(Payment), key=lambda each: each.id)
        take_returns(world.services, [Sent(later.reference, RETURNED_ON, "MS03")], NOW)
        assert world.owed() == [(4000, None)]
        world.pay(date(2026, 12, 10))
        assert world.owed() == [(0, StepKind.WITHHELD)]
        assert max(world.all(Payment), key=lambda each: each.id).amount_cents == 29991 - 4000

    def test_line_put_right_whose_first_transfer_comes_back_is_paid_as_it_is_right(self, world) -> None:
        case_id = world.value()
        world.pay()
        payment = world.all(Payment)[0]
        world.correct(case_id, spent_cents=3000)
        assert world.owed() == [(1000, None)]
        take_returns(world.services, [Sent(payment.reference, RETURNED_ON, "MS03")], NOW)
        world.pay(date(2026, 12, 3))
        assert max(world.all(Payment), key=lambda each: each.id).amount_cents == 3000
        assert world.owed() == [(0, StepKind.VOID)]

    def test_line_corrected_after_its_transfer_came_back_is_owed_to_nobody(self, world) -> None:
        case_id = world.value()
        world.pay()
        (payment,) = world.all(Payment)
        take_returns(world.services, [Sent(payment.reference, RETURNED_ON, "MS03")], NOW)
        assert world.correct(case_id).overpaid_cents == 0
        assert [line.status for line in world.lines()] == [Status.CANCELLED, Status.REGULARISED]
        assert world.pay(date(2026, 12, 3)) == payment_jobs.Done(0, ())

    def test_payment_that_no_run_ordered_is_left_alone(self, world) -> None:
        with world.services.database.write() as db:
            line = factories.paid_line(db, world.home.house.contract)
            reference = db.get_one(Payment, line.payment_id).reference
        found = [Sent(reference, RETURNED_ON, "AC04"), Sent("V-unknown", RETURNED_ON, "AC04")]
        assert take_returns(world.services, found, NOW) == 0
        assert world.lines()[0].status == Status.PAID

    def test_operator_gives_the_banks_file_in_any_of_three_forms(self) -> None:
        want = [Sent("V1", RETURNED_ON, "AC04")]
        camt = (
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><Ntfctn><Ntry>'
            "<BookgDt><Dt>2026-11-27</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>V1</EndToEndId></Refs>"
            "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn>"
            "</Document>"
        )
        pain = (
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr>'
            "<CreDtTm>2026-11-27T08:00:00</CreDtTm></GrpHdr><OrgnlPmtInfAndSts><TxInfAndSts><OrgnlEndToEndId>V1"
            "</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>"
            "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
        )
        for content in (camt, pain, "reference;returned_on;code\nV1;2026-11-27;AC04\n"):
            assert read_returns(content.encode()) == want

    @pytest.mark.parametrize(
        ("reason", "code"),
        [
            ("<Cd>CNOR</Cd>", "CNOR"),
            ("<Cd>NARR</Cd>", "NARR"),
            ("<Prtry>FOCR</Prtry>", "FOCR"),
            ("<Prtry>Compte clos par le titulaire</Prtry>", "NARR"),
        ],
    )
    def test_operator_gives_a_file_with_any_bank_s_reasons(self, reason, code) -> None:
        camt = (
            "<Document><Ntry><BookgDt><Dt>2026-11-27</Dt></BookgDt><TxDtls><EndToEndId>V1</EndToEndId><RtrInf><Rsn>"
            f"{reason}</Rsn></RtrInf></TxDtls></Ntry></Document>"
        )
        one = "<TxInfAndSts><OrgnlEndToEndId>V1</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
        stated = f"<StsRsnInf><Rsn>{reason}</Rsn></StsRsnInf>"
        for inside, outside in ((stated, ""), ("", stated)):
            body = f"<OrgnlPmtInfAndSts>{outside}{one}{inside}</TxInfAndSts></OrgnlPmtInfAndSts>"
            assert read_returns(pain_002(body)) == [Sent("V1", RETURNED_ON, code)]
        assert read_returns(camt.encode()) == [Sent("V1", RETURNED_ON, code)]

    @pytest.mark.parametrize("day", ["<Dt>2026-11-27</Dt>", "<DtTm>2026-11-27T08:15:00+01:00</DtTm>"])
    def test_operator_gives_a_file_that_tells_of_others_transfers_too(self, day) -> None:
        """camt.054: its day is one or the other; what leaves the same account for something else may have no name."""
        reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
        told = f"<TxDtls><Refs><EndToEndId>V1</EndToEndId></Refs>{reason}</TxDtls><TxDtls>{reason}</TxDtls>"
        camt = f"<Document><Ntry><BookgDt>{day}</BookgDt>{told}</Ntry></Document>"
        assert read_returns(camt.encode()) == [Sent("V1", RETURNED_ON, "AC04")]

    @pytest.mark.parametrize("where", ["group", "batch"])
    def test_file_that_the_bank_refuses_whole_sends_back_each_of_its_transfers(self, world, where) -> None:
        world.value()
        world.pay()
        (run,), (payment,) = world.all(PaymentRun), world.all(Payment)
        reason = "<StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>"
        of_group = f"<OrgnlGrpInfAndSts><OrgnlMsgId>{run.message}</OrgnlMsgId><GrpSts>RJCT</GrpSts>{reason}"
        of_batch = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{run.message}</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts>{reason}"
        bodies = {"group": f"{of_group}</OrgnlGrpInfAndSts>", "batch": f"{of_batch}</OrgnlPmtInfAndSts>"}
        found = read_returns(pain_002(bodies[where]))
        assert found == [Sent("", RETURNED_ON, "FF01", run.message)]
        told = payment_jobs.each_transfer(world.services, found)
        assert told == [Sent(payment.reference, RETURNED_ON, "FF01")]
        assert [take_returns(world.services, found, NOW) for _ in range(2)] == [1, 0]
        assert world.lines()[0].status == Status.PENDING
        assert world.pay(date(2026, 12, 3)).paid == 1

    def test_refused_file_of_somebody_else_touches_no_transfer(self, world) -> None:
        world.value()
        world.pay()
        body = "<OrgnlGrpInfAndSts><OrgnlMsgId>VIR-X</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts>"
        found = read_returns(pain_002(body))
        assert found == [Sent("", RETURNED_ON, "NARR", "VIR-X")]
        assert take_returns(world.services, found, NOW) == 0
        assert world.lines()[0].status == Status.PAID

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"reference;returned_on;code\nV1;2026-11-27;ac04",
            (
                b"<Document><GrpHdr><CreDtTm>2026-11-27</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><GrpSts>RJCT</GrpSts>"
                b"</OrgnlGrpInfAndSts></Document>"
            ),
            b"\xff\xfe",
            b"<a",
            b"reference;code\nV1;AC04",
            b"reference;returned_on;code\nV1;demain;AC04",
            b"reference;returned_on;code\nV1;2026-11-27;",
            b"<Document/>",
            b'<!DOCTYPE a [<!ENTITY b "bbbb">]><Document>&b;</Document>',
        ],
    )
    def test_file_that_is_no_file_of_returns_is_refused(self, content) -> None:
        with pytest.raises(UnreadableReturns):
            read_returns(content)


class TestCorrection:
    def test_line_not_paid_yet_is_cancelled_and_nothing_is_owed(self, world) -> None:
        done = world.correct(world.value())
        assert done.overpaid_cents == 0
        line, correction = world.lines()
        assert (line.status, correction.status, correction.kind) == (
            Status.CANCELLED,
            Status.REGULARISED,
            LineKind.CORRECTION,
        )
        assert correction.supplementary_cents == -4000
        assert world.pay() == payment_jobs.Done(0, ())

    def test_what_was_paid_too_much_is_owed_and_nothing_is_withheld_without_a_word(self, world) -> None:
        """Code civil, 1347-2 and 1348-2: the line is taken back at once, and told; later payments are whole."""
        case_id = world.value()
        world.pay()
        world.withhold()
        assert world.correct(case_id).overpaid_cents == 4000
        assert (world.owed(), world.all(PaymentDue)) == ([(4000, None)], [])
        world.value(days=1, act="LUN", cents=43000)
        world.pay(date(2026, 12, 4))
        assert sorted(payment.amount_cents for payment in world.all(Payment)) == [0, 4000, 29991]
        assert {line.status for line in world.lines()} == {Status.CANCELLED, Status.REGULARISED, Status.PAID}

    @pytest.mark.parametrize(("percent", "sent"), [(0, 4000), (25, 3000), (50, 2000), (100, 0)])
    def test_what_the_member_agreed_to_is_withheld_within_the_dated_share_of_a_payment(
        self, world, percent, sent
    ) -> None:
        """Nothing where the figure is none; never more than its share of one payment; the rest waits for the next."""
        case_id = world.value()
        world.pay()
        world.correct(case_id)
        world.withhold(percent)
        world.agree()
        world.value(days=1)
        world.pay(date(2026, 12, 3))
        assert max(world.all(Payment), key=lambda each: each.id).amount_cents == sent
        left = sent
        assert world.owed()[0][0] == left
        assert len(world.all(PaymentOrder)) == (2 if sent else 1)

    def test_member_who_takes_the_agreement_back_is_paid_whole(self, world) -> None:
        case_id = world.value()
        world.pay()
        world.correct(case_id)
        world.withhold()
        world.agree()
        world.agree()
        world.agree(is_agreed=False)
        world.value(days=1)
        world.pay(date(2026, 12, 3))
        assert world.owed() == [(4000, None)]
        assert [step.kind for step in world.all(OverpaymentStep)] == [StepKind.AGREED, StepKind.WITHDRAWN]

    def test_nobody_else_agrees_for_the_member(self, world) -> None:
        """R-72: a foreign sum does not exist; one of which nothing is left is no longer agreed to."""
        case_id = world.value()
        world.pay()
        world.correct(case_id)
        with world.services.database.write() as db:
            other = factories.viewer_of(db, factories.member_account(db, world.keyring, factories.person(db)))
            assert agree(db, other, first_owed(db), NOW, is_agreed=True) is None
            assert find_owed(db, other, first_owed(db)) is None
            case = for_desk(db, world.agent, db.get_one(Case, case_id))
            waive(db, world.agent, case, db.get_one(Overpayment, first_owed(db)), b"x", NOW)
        with pytest.raises(WrongState):
            world.agree()

    def test_sum_that_is_contested_is_withheld_from_nothing_until_it_is_answered(self, world) -> None:
        case_id = world.value()
        world.pay()
        opposite = world.correct(case_id).opposite
        world.withhold()
        world.agree()
        with world.services.database.write() as db:
            said = Said(Category.REFUND, "Je conteste cette somme.", line_id=opposite.id)
            case, _ = start_complaint(db, world.home.viewer, world.keyring, said, NOW)
            send_complaint(db, world.home.viewer, case.id, case.version, NOW)
        world.value(days=1)
        world.pay(date(2026, 12, 3))
        assert world.owed() == [(4000, None)]
        with world.services.database.write() as db:
            found = for_desk(db, world.agent, db.get_one(Case, case.id))
            answer_complaint(db, world.agent, world.keyring, found, Outcome.UNFOUNDED, WRONG, NOW)
        world.value(days=2)
        world.pay(date(2026, 12, 10))
        assert world.owed() == [(0, StepKind.WITHHELD)]

    def test_paid_line_put_right_upwards_pays_the_difference_in_the_next_run(self, world) -> None:
        """The price was read too low: 30 €, where 60 € were paid; the contract pays 40 € a session."""
        case_id = world.value(cents=3000)
        world.pay()
        done = world.correct(case_id, spent_cents=6000)
        assert (done.effect, done.overpaid_cents) == (Effect.PAID_MORE, 0)
        assert world.pay(date(2026, 12, 3)).paid == 1
        assert [payment.amount_cents for payment in world.all(Payment)] == [3000, 1000]
        found = [(line.kind, line.status, line.supplementary_cents) for line in world.lines()]
        assert found == [
            (LineKind.CARE, Status.CANCELLED, 3000),
            (LineKind.CORRECTION, Status.REGULARISED, -3000),
            (LineKind.CARE, Status.PAID, 4000),
        ]
        with world.services.database.read() as db:
            content = statement_content(db, world.home.viewer, month_of(date(2026, 12, 3)), date(2026, 12, 3))
        assert [line.supplementary_cents for line in content.payments[0].lines] == [-3000, 4000]

    def test_paid_line_put_right_downwards_is_owed_and_stands_on_the_statement(self, world) -> None:
        """R-22: what was told stays; the rectification has a heading of its own, on the day that it was made."""
        case_id = world.value()
        world.pay()
        done = world.correct(case_id, spent_cents=3000)
        assert (done.effect, done.overpaid_cents) == (Effect.OWED, 1000)
        with world.services.database.read() as db:
            content = statement_content(db, world.home.viewer, month_of(PAY_DAY), PAY_DAY)
        assert [(each.method, [line.supplementary_cents for line in each.lines]) for each in content.payments] == [
            (Method.ADJUSTMENT, [-4000, 3000]),
            (Method.TRANSFER, [4000]),
        ]
        assert content.totals.supplementary_cents == 3000
        assert world.pay(date(2026, 12, 3)) == payment_jobs.Done(0, ())

    def test_line_put_right_twice_owes_less_before_anything_more_is_paid(self, world) -> None:
        """40 € paid, 20 € right, then 35 €: the member owes 5 €, and is paid nothing; 40 € owes nothing; more asks for
        two steps, so that no sum crosses another."""
        case_id = world.value()
        world.pay()
        world.correct(case_id, spent_cents=2000)
        assert world.owed() == [(2000, None)]
        done = world.correct(case_id, spent_cents=3500)
        assert (done.effect, world.owed()) == (Effect.OWED_LESS, [(500, None)])
        with pytest.raises(NotValued):
            world.correct(case_id, act_code="LUN", spent_cents=43000)
        world.correct(case_id, spent_cents=6000)
        assert (world.owed(), world.all(PaymentDue)) == ([(0, StepKind.REDUCED)], [])

    def test_difference_that_waits_is_not_taken_silently_when_the_line_is_put_right_again(self, world) -> None:
        """30 € paid, 40 € right, then 20 € before the run: nothing more is paid, and 10 € are owed."""
        case_id = world.value(cents=3000)
        world.pay()
        world.correct(case_id, spent_cents=6000)
        assert world.correct(case_id, spent_cents=2000).overpaid_cents == 1000
        assert (world.owed(), world.all(PaymentDue)) == ([(1000, None)], [])

    def test_line_paid_over_two_years_ago_is_not_asked_back(self, world) -> None:
        """Code de la mutualité, L221-11; what was paid too little may be put right all the same."""
        case_id = world.value()
        world.pay()
        later = NOW.replace(year=2028, month=12)
        with pytest.raises(NotValued):
            world.correct(case_id, now=later)
        assert world.owed() == []

    @pytest.mark.parametrize("values", [{"spent_cents": 6000}, {"person": "child", "spent_cents": 3000}])
    def test_line_put_right_as_it_was_or_for_another_person_is_refused(self, world, values) -> None:
        case_id = world.value()
        world.pay()
        if values.pop("person", ""):
            values["person_id"] = world.home.house["Lou"].id
        with pytest.raises(NotValued):
            world.correct(case_id, **values)

    def test_run_made_while_a_rectification_was_read_keeps_it_from_being_applied(self, world) -> None:
        """Seen unpaid, paid meanwhile: what it does with money is no longer what was seen."""
        case_id = world.value()
        with world.services.database.write() as db:
            case = for_desk(db, world.agent, db.get_one(Case, case_id))
            line = world.lines()[0]
            review = review_of(db, world.agent, case, Rectification(line_id=line.id), NOW)
            asked = as_seen(review)
        assert review.effect is Effect.NONE
        world.pay()
        with world.services.database.write() as db:
            case = for_desk(db, world.agent, db.get_one(Case, case_id))
            with pytest.raises(AmountsMoved):
                apply_rectification(db, world.agent, world.keyring, case, asked, WRONG, NOW)
        assert world.owed() == []

    def test_limit_that_the_line_had_used_is_given_back(self, world) -> None:
        ids = [world.value(days=days) for days in range(3)]
        world.correct(ids[0])
        world.value(days=5)
        assert [line.supplementary_cents for line in world.lines()] == [4000, 4000, 4000, -4000, 4000]

    def test_line_is_corrected_once_and_with_a_reason(self, world) -> None:
        case_id = world.value()
        with pytest.raises(WrongState):
            world.correct(case_id, " ")
        world.correct(case_id)
        with pytest.raises(WrongState):
            world.correct(case_id)


def test_names_are_written_in_letters_that_every_bank_takes() -> None:
    assert plain("Zoé D’Été-Œuvré & Fils") == "Zoe D'Ete-OEuvre Fils"
    assert plain("É" * 90) == "E" * 70
    assert plain("漢字") == "X"
