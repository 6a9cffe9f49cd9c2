"""/adherent/releves: the list, issuing, reading, downloading; wrong owners and wrong dates (R-22, R-50, R-51, R-62)."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from portal.commands.statements import command
from portal.data.evidence import Action
from portal.data.statement_periods import code_of, month_of
from portal.formatting import short_date, today
from portal.sessions import SESSION, make_cookie
from tests.support import factories as make
from tests.support.evidence import scalar

COVERED_SINCE = date(2020, 1, 1)


def last_month_day() -> date:
    """The second day of the month that ended last."""
    return (today().replace(day=1) - timedelta(days=1)).replace(day=2)


def enter(client, db, account) -> None:
    """Gives the browser a session of the account, without the detour by the sign-in pages."""
    cookie = make_cookie(client.services, SESSION, make.session_token(db, account))
    client.http.cookies.set(cookie.key, cookie.value)


@dataclass
class Signed:
    client: object
    home: make.Household
    identifier: str
    day: date


@pytest.fixture
def member(client, database) -> Signed:
    day = last_month_day()
    with database.write() as db:
        home, account = make.member_with_account(db, client.services.keyring, children={"Zoé": date(2015, 9, 3)})
        paid = make.payment(db, home.member, paid_on=day, amount_cents=1800)
        make.line(db, home.contract, paid_by=paid, label="Consultation")
        make.line(db, home.contract, home["Zoé"], paid_by=paid, label="Radio <b>x</b>")
        identifier = account.identifier
        enter(client, db, account)
    client.get(client.url("member.statements"))
    return Signed(client, home, identifier, day)


def issue_month(member: Signed) -> str:
    """Presses the button of last month; the page reached is the statement's. Returns its path."""
    client = member.client
    client.get(client.url("member.statements"))
    form = client.form("#periode")
    form.values["periode"] = [code_of(month_of(member.day))]
    client.send(form)
    assert client.status == 303
    client.get(client.answer.headers["location"])
    return client.path


def count(database, action: Action) -> int:
    return scalar(database, "SELECT count(*) FROM evidence WHERE action = :action", action=action)


def download(client, path: str) -> bytes:
    client.get(path, audit=False)
    assert client.status == 200
    return client.answer.content


def test_member_reads_what_each_month_offers(member):
    text = re.sub(r"\s+", " ", member.client.page.text)
    assert "Remboursé" in text
    buttons = [node.attributes["value"] for node in member.client.page.css("#periode button")]
    assert code_of(month_of(member.day)) in buttons
    assert code_of(month_of(today())) not in buttons
    assert len(member.client.page.css("#periode details")) == today().year - COVERED_SINCE.year + 1


def test_member_issues_a_statement_then_reads_it_as_a_page(member, database):
    client = member.client
    issue_month(member)
    assert client.status == 200
    assert len(client.page.css("table caption")) == 2
    detail, totals = client.page.css("table")
    assert len(detail.css("thead th[scope=col]")) == 9
    assert len(detail.css("tbody th[scope=rowgroup]")) == 1
    assert len(totals.css("tfoot td")) == 5
    assert "&lt;b&gt;" in client.page.text
    assert "contrat fait foi" in client.page.text
    assert count(database, Action.STATEMENT_ISSUED) == 1


@pytest.mark.parametrize("other_cents", [0, 300])
def test_every_amount_carries_the_name_of_its_column(member, database, other_cents):
    """On phones the heading row is out of sight: the label of the cell is all that says what an amount is."""
    with database.write() as db:
        shares = {"other_cover_cents": other_cents, "remaining_cents": 200 - other_cents}
        make.paid_line(db, member.home.contract, posted_on=member.day, **shares)
    issue_month(member)
    assert ("Autre" in member.client.page.one("table:has(#detail) thead").text()) == bool(other_cents)
    checked = 0
    for table in member.client.page.css("table.cards"):
        headings = [node.text(separator=" ", strip=True) for node in table.css("thead th")]
        for row in table.css("tr:has([data-label]):not(:has([colspan]))"):
            labels = [node.attributes.get("data-label") for node in row.css("td, th")]
            assert [label or heading for label, heading in zip(labels, headings, strict=True)] == headings
            checked += 1
    assert checked == 3 + 2 + 1


def test_member_downloads_the_same_bytes_every_time(member):
    client = member.client
    page = issue_month(member)
    first = download(client, f"{page}/pdf")
    assert first.startswith(b"%PDF")
    headers = client.answer.headers
    assert headers["content-type"] == "application/pdf"
    assert re.fullmatch(r'attachment; filename="releve-R-\d{4}-\d{2}-[0-9A-Z]{7}\.pdf"', headers["content-disposition"])
    assert "sandbox" in headers["content-security-policy"]
    assert download(client, f"{page}/pdf") == first
    table = download(client, f"{page}/csv").decode("utf-8-sig")
    assert table.splitlines()[0].startswith("Relevé n°;Date de soin;")
    assert len(table.splitlines()) == 3


def test_links_say_format_and_size(member):
    issue_month(member)
    links = [node.text(strip=True) for node in member.client.page.css("a[download]")]
    assert [bool(re.fullmatch(r"Télécharger en (PDF|CSV) \(\d+\xa0Ko\)", link)) for link in links] == [True, True]
    member.client.get(member.client.url("member.statements"))
    assert len(member.client.page.css("#periode a[download]")) == 2


def test_issuing_twice_leads_to_the_same_statement(member, database):
    assert issue_month_again(member) == issue_month_again(member)
    assert count(database, Action.STATEMENT_ISSUED) == 1


def issue_month_again(member: Signed) -> str:
    """Asks for last month by its dates, which is the monthly statement too."""
    period = month_of(member.day)
    member.client.get(member.client.url("member.statements"))
    member.client.submit("main form.form", du=period.start.isoformat(), au=short_date(period.end))
    return member.client.path


def test_new_line_offers_a_revision_and_keeps_the_first(member, database):
    client = member.client
    first = issue_month(member)
    before = download(client, f"{first}/pdf")
    with database.write() as db:
        make.paid_line(db, member.home.contract, posted_on=member.day)
    client.get(client.url("member.statements"))
    assert "Éditer à nouveau" in client.page.text
    second = issue_month(member)
    assert second != first
    assert "Ce relevé en remplace un autre" in client.page.text
    assert download(client, f"{first}/pdf") == before
    client.get(client.url("member.statements"))
    assert [node.text(strip=True) for node in client.page.css("#autres")] == ["Autres relevés déjà édités"]


def test_reading_and_downloading_are_evidence(member, database):
    page = issue_month(member)
    download(member.client, f"{page}/pdf")
    member.client.services.journal.flush()
    assert count(database, Action.STATEMENT_DOWNLOADED) == 2


# --- refusals ---


def test_stranger_gets_404_as_for_a_statement_that_never_was(member, client, database):
    page = issue_month(member)
    with database.write() as db:
        _, account = make.member_with_account(db, client.services.keyring, name="Autre")
        enter(client, db, account)
    never = client.services.keyring.conceal("statement", [987654])[0]
    other_kind = client.services.keyring.conceal("line", [1])[0]
    invented = [client.url("member.statement", statement=opaque) for opaque in (never, other_kind, "x")]
    for path in (page, f"{page}/pdf", f"{page}/csv", *invented):
        client.get(path)
        assert client.status == 404


@pytest.mark.parametrize(
    ("du", "au", "field", "message"),
    [
        ("", "2025-01-31", "du", "Saisissez la date de début"),
        ("2025-01-01", "", "au", "Saisissez la date de fin"),
        ("2025-02-30", "2025-03-01", "du", "La date de début n’existe pas"),
        ("31/02/2025", "2025-03-01", "du", "La date de début n’existe pas"),
        ("<script>", "'; DROP", "du", "La date de début n’existe pas"),
        ("2025-03-01", "2025-02-01", "au", "La date de fin précède la date de début"),
        ("2025-03-01", "2999-02-01", "au", "La date de fin est dans le futur"),
        ("2019-12-31", "2025-02-01", "du", "précède votre couverture. Elle commence le 1er janvier 2020."),
        ("2020-01-01", "2025-01-02", "du", "Un relevé couvre 5 ans au plus"),
        ("2020-01-01", "2020-01-31", "du", "Aucun remboursement n’a été versé"),
    ],
)  # fmt: skip
def test_wrong_dates_get_a_clear_message_and_stay_typed(member, du, au, field, message):
    page = member.client.submit("main form.form", du=du, au=au)
    assert member.client.status == 422
    assert page.one("title").text().startswith("Erreur")
    assert message in page.one(f"#{field}-erreur").text()
    assert page.first(f'#erreurs a[href="#{field}"]') is not None
    assert page.one("#du").attributes["value"] == du
    assert page.one("#au").attributes["value"] == au


@pytest.mark.parametrize("code", ["2026-13", "x", "0000", "2999-01", "2999", "=1+1", "2026-10;"])
def test_period_that_is_not_offered_is_refused(member, code):
    form = member.client.form("#periode")
    form.values["periode"] = [code]
    page = member.client.send(form)
    assert member.client.status == 422
    assert page.first('#erreurs a[href="#periode"]') is not None
    assert page.first("#periode") is not None


def test_running_month_is_not_issued(member, database):
    form = member.client.form("#periode")
    form.values["periode"] = [code_of(month_of(today()))]
    member.client.send(form)
    assert member.client.status == 422
    assert "n’est pas terminée" in member.client.page.text
    assert count(database, Action.STATEMENT_ISSUED) == 0


def test_month_without_payment_is_refused(member):
    form = member.client.form("#periode")
    form.values["periode"] = ["2020-02"]
    member.client.send(form)
    assert member.client.status == 422
    assert "Aucun remboursement" in member.client.page.one("#erreurs").text()


def test_employer_may_not_read_statements(client, database):
    with database.write() as db:
        enter(client, db, make.employer_account(db, client.services.keyring))
    client.get(client.url("member.statements"))
    assert client.status == 403


# --- the batch ---


@pytest.fixture
def portal(app, monkeypatch, settings, database):
    """Runs `portal statements …` on the test's database."""
    for name in ("secret_keys", "data_keys"):
        monkeypatch.setenv(f"PORTAL_{name.upper()}", getattr(settings, name)[0].get_secret_value())
    monkeypatch.setenv("PORTAL_DATABASE_URL", database.url)

    def run(*arguments: str):
        return CliRunner().invoke(command, list(arguments))

    return run


def test_batch_issues_once_for_each_account_and_records_for_whom(member, database, portal):
    month = code_of(month_of(member.day))
    assert "1 issued, 0 issued before, 0 accounts without a payment" in portal("issue", "--month", month).output
    assert "0 issued, 1 issued before" in portal("issue", "--month", month).output
    assert count(database, Action.STATEMENT_ISSUED) == 1
    assert scalar(database, "SELECT acting_for FROM evidence WHERE action = 'statement.issued'") == scalar(
        database, "SELECT person_id FROM account WHERE person_id IS NOT NULL"
    )
    member.client.get(member.client.url("member.statements"))
    assert len(member.client.page.css("#periode a[download]")) == 2


def test_batch_tells_what_it_cannot_do(member, portal):
    for month in ("2026-13", "x", code_of(month_of(today()))):
        refused = portal("issue", "--month", month)
        assert refused.exit_code == 2
        assert "give a month that has ended" in refused.output
    unknown = portal("issue", "--month", "2026-01", "--account", "0000000000")
    assert (unknown.exit_code, "no usable account" in unknown.output) == (1, True)
    empty = portal("issue", "--month", "2020-02", "--account", member.identifier)
    assert "0 issued, 0 issued before, 1 accounts without a payment" in empty.output
