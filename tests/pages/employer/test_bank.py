"""The company's account by its pages, its letters, their links and its mandates (R-31, R-51, R-64, security C6, D8)."""

import io
import shutil
import subprocess
from datetime import timedelta
from types import SimpleNamespace

import pikepdf
import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.bank_jobs import apply_due_of_organisations
from portal.data.accounts import Role
from portal.data.bank_changes import EFFECT_AFTER, AccountBlocked
from portal.data.columns import utc_now
from portal.data.company_bank import CompanyBankDetails
from portal.data.data_export import export_of
from portal.data.links import LinkPurpose, make_link
from portal.data.organisation_banks import APPROVAL_WITHIN
from portal.formatting import today
from portal.jobs import JOBS
from tests.support import factories, staff
from tests.support.entry import ask, enter, leave, send
from tests.support.evidence_rows import Evidence
from tests.support.mail import letters

PAGE = "/employeur/coordonnees-bancaires"
CHANGE, RULE, STOP = f"{PAGE}/modifier", f"{PAGE}/signatures", "/coordonnees-bancaires/annulation"
IBAN, OTHER = "FR76 3000 6000 0112 3456 7890 189", "FR14 2004 1010 0505 0001 3M02 606"
FIELDS = {"iban": IBAN, "bic": "", "titulaire": "Ateliers d’essai", "accord": "1"}
ASKED, CANCELLED = "company-bank-asked", "company-bank-cancelled"
ORIGIN = "https://portal.test"

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def firm(client):
    """A company with two signatories, the first one signed in, an administrator and a clerk; and another company's."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        company, stranger = staff.company(db), staff.company(db, "Autre société")
        for each in (company, stranger):
            staff.group_contract(db, each)

        def user(name, role=Role.SIGNATORY, of=company):
            return staff.user(db, keyring, of, role, email=f"{name}@ateliers.example", display_name=name.capitalize())

        made = SimpleNamespace(
            company=company,
            agathe=user("agathe"),
            felix=user("felix"),
            admin=user("ada", Role.ADMINISTRATOR),
            clerk=user("hugo", Role.CLERK),
            stranger=user("ester", of=stranger),
        )
    enter(client, made.agathe)
    return made


def change(client, **fields) -> None:
    client.get(CHANGE)
    client.submit(f'form[action="{CHANGE}"]', **(FIELDS | fields))


def two_signatures(client) -> None:
    client.get(RULE)
    client.submit(f'form[action="{RULE}"]', signatures="2")


def post(client):
    return letters(client.services.database, client.services)


def names(client) -> list[str]:
    return [letter.name for letter in post(client)]


def rows(client) -> list[CompanyBankDetails]:
    with client.services.database.read() as db:
        return list(db.exec(select(CompanyBankDetails).order_by(CompanyBankDetails.id)))


def opaque(client, row) -> str:
    return client.services.keyring.conceal("company-bank", [row.id])[0]


def approval_of(client, row) -> str:
    return f"{PAGE}/changements/{opaque(client, row)}"


def mandate_of(client, row) -> str:
    return f"{PAGE}/mandats/{opaque(client, row)}/pdf"


def acts(client) -> list[str]:
    client.services.journal.flush()
    with client.services.database.read() as db:
        found = db.execute(text("SELECT action FROM evidence ORDER BY seq")).scalars()
        return [one for one in found if one.startswith(("company-bank.", "sepa-")) and not one.endswith(".read")]


@pytest.mark.usefixtures("firm")
class TestSigning:
    def test_signatory_signs_and_all_are_told_then_it_serves_after_72_hours_r31(self, client) -> None:
        client.get(PAGE)
        assert "Donner un compte" in client.page.text
        change(client)
        assert client.path == PAGE
        assert "FR76 •••• 189" in client.page.text
        assert {(letter.name, letter.to) for letter in post(client)} == {
            (ASKED, "agathe@ateliers.example"), (ASKED, "felix@ateliers.example"),
        }  # fmt: skip
        assert all("FR76 •••• 189" in letter.text for letter in post(client))
        assert apply_due_of_organisations(client.services, utc_now()) == 0
        assert apply_due_of_organisations(client.services, utc_now() + EFFECT_AFTER) == 1
        assert apply_due_of_organisations(client.services, utc_now() + EFFECT_AFTER) == 0
        assert names(client).count("company-bank-changed") == 2
        assert acts(client) == ["company-bank.change-asked", "company-bank.changed"]
        client.get(PAGE)
        assert rows(client)[0].mandate in client.page.text

    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"iban": "FR76 3000 6000 0112 3456 7890 188"}, "iban"),
            ({"iban": ""}, "iban"),
            ({"iban": "BR1500000000000010932840814P2"}, "iban"),
            ({"iban": "<script>alert(1)</script>"}, "iban"),
            ({"iban": "' OR 1=1 --"}, "iban"),
            ({"bic": "COBADEFF"}, "bic"),
            ({"bic": "nimporte"}, "bic"),
            ({"titulaire": " "}, "titulaire"),
            ({"titulaire": "x" * 71}, "titulaire"),
            ({"accord": ""}, "accord"),
            ({"accord": "oui"}, "accord"),
        ],
    )
    def test_signatory_mistypes_and_nothing_typed_is_lost(self, client, fields, name) -> None:
        answer = send(client, CHANGE, FIELDS | fields, form_at=CHANGE)
        assert answer.status_code == 422
        assert f'id="{name}-erreur"' in answer.text
        sent = FIELDS | fields
        assert all(f'value="{sent[kept].strip()}"' in answer.text for kept in ("titulaire",) if "<" not in sent[kept])
        assert sent["iban"] in answer.text or "&lt;script&gt;" in answer.text or "&#39;" in answer.text
        assert "<script>alert" not in answer.text
        assert rows(client) == []

    def test_signatory_signs_twice_for_the_same_account_and_is_told(self, client) -> None:
        change(client)
        assert "Ce compte sert déjà" in send(client, CHANGE, FIELDS, form_at=CHANGE).text
        assert names(client) == [ASKED, ASKED]

    def test_signatory_cancels_from_the_page_and_all_are_told_once(self, client) -> None:
        change(client)
        client.submit(f'form[action="{PAGE}/annulation"]')
        assert rows(client)[0].cancelled_at is not None
        assert names(client) == [ASKED, ASKED, CANCELLED, CANCELLED]
        assert send(client, f"{PAGE}/annulation", form_at=CHANGE).status_code == 303
        assert len(post(client)) == 4

    def test_whole_iban_is_nowhere_but_sealed_and_on_the_mandate(self, client, firm, caplog) -> None:
        """F2, R-31: pages, letters, logs, evidence, exports of the account's data."""
        change(client)
        client.get(PAGE)
        told = "".join(letter.text + letter.html for letter in post(client)) + client.page.text + caplog.text
        client.get(approval_of(client, rows(client)[0]))
        told += client.page.text
        client.services.journal.flush()
        with client.services.database.read() as db:
            for table in ("evidence", "evidence_detail", "outgoing_mail", "company_bank_details", "account_link"):
                told += str(db.execute(text("SELECT * FROM " + table)).all())
            for account in (firm.agathe, firm.clerk):
                told += str(list(export_of(db, staff.viewer(account), client.services.keyring, today())))
        assert [whole for whole in (IBAN, IBAN.replace(" ", ""), "3456 7890", "34567890") if whole in told] == []

    def test_clerk_exports_own_data_and_learns_no_account(self, client, firm) -> None:
        change(client)
        with client.services.database.read() as db:
            given = str(list(export_of(db, staff.viewer(firm.clerk), client.services.keyring, today())))
        assert "•••• 189" not in given
        assert rows(client)[0].mandate not in given

    def test_signatory_whose_request_waited_for_a_freeze_changes_nothing(self, client, monkeypatch) -> None:
        def blocked(*_: object) -> None:
            raise AccountBlocked

        monkeypatch.setattr("portal.pages.account.organisation_bank.ask_change", blocked)
        assert send(client, CHANGE, FIELDS, form_at=CHANGE).headers["location"] == PAGE
        assert post(client) == []

    def test_replaced_account_is_not_said_to_be_in_force_still(self, client) -> None:
        for iban in (IBAN, OTHER):
            change(client, iban=iban)
            apply_due_of_organisations(client.services, utc_now() + EFFECT_AFTER)
        client.get(PAGE)
        history = client.page.one('[aria-labelledby="historique"]').text()
        assert (history.count("en vigueur depuis le"), history.count("utilisé à partir du")) == (1, 1)

    def test_job_of_the_worker_applies_companies_changes_r31(self, client) -> None:
        change(client)
        with client.services.database.write() as db:
            db.execute(text("UPDATE company_bank_details SET takes_effect_at = '2026-01-01 00:00:00'"))
        next(job for job in JOBS if job.name == "organisation-bank.apply").run(client.services)
        assert rows(client)[0].effective_at is not None


class TestLinks:
    def cancelled_mandate(self, evidence: Evidence) -> str:
        done = [one for one in evidence.fresh() if one.action == "company-bank.change-cancelled"]
        return done[-1].details["mandate"]

    def test_either_signatory_stops_it_by_the_letter_without_signing_in_once(self, client, firm) -> None:
        evidence = Evidence(client)
        change(client)
        mine, others = post(client)
        leave(client)
        assert mine.links[0] != others.links[0]
        client.get(others.links[0].removeprefix(ORIGIN), follow=True)
        assert client.path == STOP
        assert "prélèvement des cotisations" in client.page.text
        client.submit(f'form[action="{STOP}"]')
        assert "Le changement est annulé" in client.page.text
        assert rows(client)[0].cancelled_at is not None
        assert self.cancelled_mandate(evidence) == rows(client)[0].mandate
        assert names(client).count(CANCELLED) == 2
        for letter in (mine, others):
            client.get(letter.links[0].removeprefix(ORIGIN), follow=True)
            assert client.status == 404
        assert firm.felix.id

    def test_link_outlives_a_change_of_password_and_address(self, client, firm) -> None:
        change(client)
        link = post(client)[0].links[0].removeprefix(ORIGIN)
        with client.services.database.write() as db:
            db.execute(text("UPDATE account SET password_hash = 'autre', email = 'voleur@exemple.example'"))
        leave(client)
        client.get(link, follow=True)
        client.submit(f'form[action="{STOP}"]')
        assert rows(client)[0].cancelled_at is not None
        assert firm.agathe.id

    @pytest.mark.usefixtures("firm")
    @pytest.mark.parametrize("tamper", ["late", "cut", "other", "in force"])
    def test_stranger_comes_by_a_link_that_is_dead_and_stops_nothing(self, client, tamper) -> None:
        change(client)
        link = post(client)[0].links[0].removeprefix(ORIGIN)
        if tamper == "late":
            with client.services.database.write() as db:
                db.execute(text("UPDATE account_link SET expires_at = '2026-01-01 00:00:00'"))
        if tamper == "in force":
            apply_due_of_organisations(client.services, utc_now() + EFFECT_AFTER)
        link = {"cut": link[:-3], "other": link.replace("/lien/", "/lien/x")}.get(tamper, link)
        leave(client)
        client.get(link, follow=True)
        assert client.status == 404
        assert ask(client, STOP).status_code == 404
        assert rows(client)[0].cancelled_at is None

    def test_foreign_companys_link_stops_nothing(self, client, firm) -> None:
        """A link whose account is of another company, were its subject ever forged."""
        change(client)
        with client.services.database.write() as db:
            subject, purpose = str(rows(client)[0].id), LinkPurpose.COMPANY_BANK_CHANGE
            token = make_link(db, firm.stranger.id, purpose, utc_now(), subject)
        leave(client)
        client.get(client.services.link_url(token).removeprefix(ORIGIN), follow=True)
        assert client.status == 404
        assert rows(client)[0].cancelled_at is None

    def test_members_link_and_companys_link_name_their_own_changes(self, client, firm) -> None:
        change(client)
        with client.services.database.write() as db:
            token = make_link(db, firm.agathe.id, LinkPurpose.BANK_CHANGE, utc_now(), str(rows(client)[0].id))
        leave(client)
        client.get(client.services.link_url(token).removeprefix(ORIGIN), follow=True)
        assert client.status == 404
        assert rows(client)[0].cancelled_at is None

    def test_signatory_reports_a_fraud_and_the_change_is_stopped_with_letters_r13(self, client, firm) -> None:
        change(client)
        evidence = Evidence(client)
        enter(client, firm.felix)
        client.get("/signaler-une-fraude")
        client.submit('form[action="/signaler-une-fraude"]')
        assert rows(client)[0].cancelled_at is not None
        assert names(client).count(CANCELLED) == 2
        assert self.cancelled_mandate(evidence) == rows(client)[0].mandate


class TestTwoSignatures:
    def test_second_signatory_reads_then_approves_and_the_72_hours_begin_d8(self, client, firm) -> None:
        two_signatures(client)
        assert names(client) == ["company-bank-rule"] * 2
        assert "S’applique à partir du" in post(client)[0].text
        change(client)
        row = rows(client)[0]
        assert row.takes_effect_at is None
        assert "attend une seconde signature" in client.page.text
        assert "Relire et approuver" not in client.page.text
        enter(client, firm.felix)
        client.get(PAGE)
        client.click("Relire et approuver")
        client.submit(f'form[action="{approval_of(client, row)}"]')
        assert client.path == PAGE
        assert rows(client)[0].approved_by == firm.felix.id
        assert names(client).count("company-bank-approved") == 2
        assert acts(client) == ["company-bank.rule-chosen", "company-bank.change-asked", "company-bank.change-approved"]
        assert apply_due_of_organisations(client.services, utc_now() + EFFECT_AFTER) == 1

    def test_author_approves_the_own_change_and_is_refused(self, client, firm) -> None:
        two_signatures(client)
        change(client)
        path = approval_of(client, rows(client)[0])
        answer = send(client, path, form_at=CHANGE)
        assert (answer.status_code, "à un autre signataire" in answer.text) == (422, True)
        assert rows(client)[0].approved_at is None
        assert firm.agathe.id

    def test_second_signatory_approves_too_late_and_reads_why(self, client, firm) -> None:
        two_signatures(client)
        change(client)
        path = approval_of(client, rows(client)[0])
        client.submit(f'form[action="{PAGE}/annulation"]')
        enter(client, firm.felix)
        answer = send(client, path, form_at=CHANGE)
        assert (answer.status_code, "entre-temps" in answer.text) == (422, True)
        client.get(path)
        assert "n’attend plus d’approbation" in client.page.text

    def test_nobody_approves_and_the_job_gives_it_up_with_letters(self, client, firm) -> None:
        two_signatures(client)
        change(client)
        assert apply_due_of_organisations(client.services, utc_now() + EFFECT_AFTER) == 0
        assert apply_due_of_organisations(client.services, utc_now() + APPROVAL_WITHIN) == 1
        assert apply_due_of_organisations(client.services, utc_now() + APPROVAL_WITHIN) == 0
        assert names(client).count(CANCELLED) == 2
        assert firm.agathe.id

    def test_letter_of_the_asking_stops_what_was_approved_since(self, client, firm) -> None:
        two_signatures(client)
        change(client)
        link = next(letter for letter in post(client) if letter.name == ASKED).links[0].removeprefix(ORIGIN)
        enter(client, firm.felix)
        assert send(client, approval_of(client, rows(client)[0]), form_at=CHANGE).status_code == 303
        leave(client)
        client.get(link, follow=True)
        client.submit(f'form[action="{STOP}"]')
        assert rows(client)[0].cancelled_at is not None

    def test_signatory_gives_it_up_and_reads_from_when_it_counts(self, client, firm) -> None:
        two_signatures(client)
        client.get(RULE)
        client.submit(f'form[action="{RULE}"]', signatures="1")
        assert "Deux signatures par changement" in client.page.text
        assert "une seule signature suffira" in client.page.text
        change(client)
        assert rows(client)[0].needs_approval
        assert firm.agathe.id

    @pytest.mark.usefixtures("firm")
    @pytest.mark.parametrize("sent", ["", "3", "deux"])
    def test_signatory_chooses_no_number_and_is_told(self, client, sent) -> None:
        answer = send(client, RULE, {"signatures": sent}, form_at=RULE)
        assert (answer.status_code, 'id="signatures-erreur"' in answer.text) == (422, True)

    def test_only_signatory_asks_for_two_and_is_told_why_not(self, client, firm) -> None:
        enter(client, firm.stranger)
        answer = send(client, RULE, {"signatures": "2"}, form_at=RULE)
        assert (answer.status_code, "personne d’autre" in answer.text) == (422, True)


class TestOthers:
    def test_administrator_reads_the_account_and_changes_nothing_r72(self, client, firm) -> None:
        change(client)
        enter(client, firm.admin)
        client.get(PAGE)
        assert "FR76 •••• 189" in client.page.text
        assert "Changer de compte" not in client.page.text
        assert "Mandat signé" not in client.page.text
        refused = (CHANGE, RULE, approval_of(client, rows(client)[0]), mandate_of(client, rows(client)[0]))
        assert [ask(client, path).status_code for path in refused] == [403] * 4

    def test_clerk_reaches_no_page_of_the_account_r72(self, client, firm) -> None:
        change(client)
        enter(client, firm.clerk)
        paths = (PAGE, CHANGE, RULE, approval_of(client, rows(client)[0]), mandate_of(client, rows(client)[0]))
        assert [ask(client, path).status_code for path in paths] == [403] * 5
        assert send(client, f"{PAGE}/annulation", form_at="/compte").status_code == 403
        assert rows(client)[0].cancelled_at is None

    def test_signatory_of_another_company_finds_nothing_and_stops_nothing(self, client, firm) -> None:
        change(client)
        row = rows(client)[0]
        enter(client, firm.stranger)
        client.get(PAGE)
        assert "•••• 189" not in client.page.text
        assert [ask(client, path(client, row)).status_code for path in (approval_of, mandate_of)] == [404, 404]
        assert send(client, approval_of(client, row), form_at=CHANGE).status_code == 404
        assert send(client, f"{PAGE}/annulation", form_at=CHANGE).status_code == 303
        assert rows(client)[0].cancelled_at is None

    def test_former_signatory_reads_account_and_mandate_for_two_years_r64(self, client, firm) -> None:
        change(client)
        with client.services.database.write() as db:
            db.execute(text("UPDATE group_contract SET ends_on = :day"), {"day": today() - timedelta(days=90)})
        client.get(PAGE)
        assert "Changer de compte" not in client.page.text
        assert ask(client, mandate_of(client, rows(client)[0])).status_code == 200
        assert [ask(client, path).status_code for path in (CHANGE, RULE)] == [403, 403]
        assert firm.agathe.id


class TestMandate:
    def test_signatory_downloads_the_mandate_as_pdf_ua_with_the_whole_iban(self, client, firm, tmp_path) -> None:
        change(client)
        row = rows(client)[0]
        answer = ask(client, mandate_of(client, row))
        assert answer.headers["content-disposition"] == f'attachment; filename="mandat-{row.mandate}.pdf"'
        assert answer.headers["cache-control"] == "no-store"
        with pikepdf.open(io.BytesIO(answer.content)) as pdf:
            assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf.Root.Metadata.read_bytes()
            assert str(pdf.Root.Lang) == "fr"
        said = text_of(answer.content, tmp_path)
        parts = (IBAN, "AGRIFRPP", row.mandate, "FR53ZZZ999999", firm.company.siret, "Agathe", "8 semaines")
        assert [part for part in parts if part not in said] == []
        assert acts(client)[-1] == "sepa-mandate.downloaded"

    @pytest.mark.usefixtures("firm")
    def test_hostile_holder_is_printed_as_it_was_typed(self, client, tmp_path) -> None:
        hostile = '#read("/etc/passwd") $x$ *y*'
        assert send(client, CHANGE, FIELDS | {"titulaire": hostile}, form_at=CHANGE).status_code == 303
        assert hostile in text_of(ask(client, mandate_of(client, rows(client)[0])).content, tmp_path)

    @pytest.mark.parametrize("state", ["cancelled", "in force", "approved"])
    def test_mandate_says_where_it_stands(self, client, firm, tmp_path, state) -> None:
        if state == "approved":
            two_signatures(client)
        change(client)
        row = rows(client)[0]
        if state == "cancelled":
            client.submit(f'form[action="{PAGE}/annulation"]')
        if state == "in force":
            apply_due_of_organisations(client.services, utc_now() + EFFECT_AFTER)
        if state == "approved":
            assert "En attente de l’approbation" in text_of(ask(client, mandate_of(client, row)).content, tmp_path)
            enter(client, firm.felix)
            send(client, approval_of(client, row), form_at=CHANGE)
        words = {"cancelled": "Annulé le", "in force": "En vigueur depuis", "approved": "Second signataire"}
        enter(client, firm.agathe)
        assert words[state] in text_of(ask(client, mandate_of(client, row)).content, tmp_path)

    def test_reported_account_has_no_mandate_to_download(self, client, firm) -> None:
        with client.services.database.write() as db:
            row = CompanyBankDetails(
                company_id=firm.company.id, iban_encrypted=b"x", iban_lookup="x", masked="FR76 •••• 189",
                holder_encrypted=client.services.keyring.encrypt("Ateliers"), reported_on=today(),
            )  # fmt: skip
            db.add(row)
            db.flush()
        client.get(PAGE)
        assert "Transmis avec votre contrat" in client.page.text
        assert ask(client, mandate_of(client, row)).status_code == 404

    def test_stale_session_proves_who_it_is_before_the_mandate_c6(self, client, firm) -> None:
        change(client)
        path = mandate_of(client, rows(client)[0])
        with client.services.database.write() as db:
            token = factories.session_token(db, firm.agathe)
            db.execute(text("UPDATE session SET confirmed_at = '2026-01-01 00:00:00'"))
        assert token
        assert ask(client, path).headers["location"].startswith("/compte/confirmation")


def text_of(pdf: bytes, tmp_path) -> str:
    """The text as a reader extracts it, on one line."""
    path = tmp_path / "mandat.pdf"
    path.write_bytes(pdf)
    tool = shutil.which("pdftotext")
    assert tool
    said = subprocess.run([tool, "-layout", path, "-"], capture_output=True, check=True, text=True).stdout
    return " ".join(said.replace("\u00a0", " ").split())
