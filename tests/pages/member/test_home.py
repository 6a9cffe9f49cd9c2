"""The member's start page: latest payment, what waits, counters, the end of a contract (R-21, R-50, R-64, R-72)."""

from datetime import date, timedelta

import pytest

from portal.data.benefits import Method, Status
from portal.data.parameters import Parameter
from portal.data.standing import reading_until
from portal.demo.reference import rows
from portal.formatting import long_date, money, today
from tests.support import factories
from tests.support.entry import enter
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.queries import queries
from tests.support.relatives import EVERYONE, MEMBER, READS, canary, live_together

HOME = "/adherent"
HOME_SELECTS = 15


@pytest.fixture
def home(client):
    """A member with a spouse and a minor, signed in; no line yet."""
    with client.services.database.write() as db:
        made, account = factories.member_with_account(
            db, client.services.keyring, spouse="Bruno", children={"Lou": factories.MINOR_BIRTH}
        )
    enter(client, account)
    return made


def words(page) -> str:
    return " ".join(page.one("main").text(separator=" ").replace("\u00a0", " ").split())


def add_lines(client, home, *lines: dict) -> None:
    with client.services.database.write() as db:
        for values in lines:
            factories.line(db, home.contract, **values)


def test_newcomer_is_told_what_will_come(client, home) -> None:
    shown = words(client.get(HOME))
    assert "Bonjour Anne" in shown
    assert "Pas encore de remboursement" in shown
    assert "Rien n’attend" in shown
    assert f"n° d’adhérent {home.contract.member_number}" in shown
    assert "a pris fin" not in shown


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (Method.TRANSFER, "versés sur votre compte finissant par 042"),
        (Method.THIRD_PARTY, "réglés directement au professionnel"),
    ],
)
def test_latest_payment_stands_first(client, home, method, said) -> None:
    with client.services.database.write() as db:
        iban = "FR76 **** 0042" if method is Method.TRANSFER else ""
        paid = factories.payment(db, home.member, method=method, iban_masked=iban, amount_cents=5600)
        for who in (home.member, home["Lou"], home["Bruno"]):
            factories.line(db, home.contract, who, paid_by=paid)
    page = client.get(HOME)
    assert text_of(page.css("main h2")[0]) == "Dernier versement, le 2 mars 2026"
    assert f"18,00 € {said}" in words(page)
    assert "pour 2 soins" in words(page)


def test_latest_payment_leads_to_its_first_line_in_the_list(client, home) -> None:
    """Not to the list's top: newer lines wait for their payment there. The browser puts the focus on the link."""
    with client.services.database.write() as db:
        paid = factories.payment(db, home.member, amount_cents=1800)
        ours = [factories.line(db, home.contract, paid_by=paid, posted_on=date(2026, 3, 9)) for _ in range(2)]
        factories.line(db, home.contract, label="Encore en attente", posted_on=date(2026, 3, 18))
    client.get(HOME)
    page = client.click("Comprendre ce montant")
    opaque = client.services.keyring.conceal("line", [ours[-1].id])[0]
    anchor = f"l-{opaque}"
    assert page.one(f'[id="{anchor}"]').tag == "a"
    client.get(HOME)
    assert client.page.one(".hero a").attributes["href"].partition("#")[2] == anchor


def test_documents_that_wait_come_before_everything(client, home) -> None:
    with client.services.database.write() as db:
        factories.paid_line(db, home.contract)
    add_lines(
        client,
        home,
        {"label": "Scanner", "status": Status.PENDING},
        {"label": "Lunettes", "status": Status.AWAITING_PIECE, "note": "Il nous faut l’ordonnance."},
        {"label": "Prothèse", "status": Status.AWAITING_PIECE, "who": home["Lou"]},
        {"label": "Secret", "status": Status.AWAITING_PIECE, "who": home["Bruno"]},
    )
    page = client.get(HOME)
    shown = words(page)
    headings = [text_of(node) for node in page.css("main h2")]
    assert headings[:3] == ["Un document nous manque"] * 2 + ["Dernier versement, le 2 mars 2026"]
    assert "Lunettes du 2 mars 2026 (Anne) : Il nous faut l’ordonnance." in shown
    assert "Prothèse du 2 mars 2026 (Lou) : envoyez-nous la facture acquittée." in shown
    assert "Secret" not in shown
    assert client.services.settings.insurer.address in shown
    assert "Scanner Anne · 02/03/2026, reçu le 02/03/2026" in shown
    assert len(page.css(".notice.wait:not(#session) a:not(.button)")) == 2
    assert len(page.css(".notice.wait:not(#session) a.button")) == 2
    client.get(page.css(".notice.wait:not(#session) a")[0].attributes["href"])
    assert "Prothèse" in words(client.page)


def test_many_documents_never_make_it_look_as_if_nothing_waited(client, home) -> None:
    add_lines(client, home, *[{"status": Status.AWAITING_PIECE}] * 6, {"status": Status.PENDING, "label": "Scanner"})
    shown = words(client.get(HOME))
    assert "Rien n’attend" not in shown
    assert "documents demandés ci-dessus" in shown


def test_pending_lines_lead_to_the_filtered_list(client, home) -> None:
    add_lines(
        client, home, {"status": Status.PENDING, "label": "Scanner"}, {"status": Status.REFUSED, "label": "Refus"}
    )
    client.get(HOME)
    page = client.click("Tout voir")
    assert [text_of(node).split(" Pourquoi")[0] for node in page.css("li.line > div > a")] == ["Scanner"]


def test_member_whose_contract_ended_reads_until_two_years_later(client) -> None:
    ended_on = (today().replace(day=1) - timedelta(days=395)).replace(day=15)
    with client.services.database.write() as db:
        made, account = factories.member_with_account(db, client.services.keyring, ends_on=ended_on)
        factories.paid_line(db, made.contract, posted_on=ended_on)
    enter(client, account)
    shown = words(client.get(HOME))
    assert shown.count("a pris fin le") == 1
    assert f"Votre couverture a pris fin le {long_date(ended_on)}" in shown
    assert f"reste consultable jusqu’au {long_date(reading_until(ended_on))}" in shown
    assert "9,00 €" in shown


def test_contract_that_ends_tomorrow_has_not_ended(client) -> None:
    with client.services.database.write() as db:
        account = factories.member_with_account(db, client.services.keyring, ends_on=today() + timedelta(days=1))[1]
    enter(client, account)
    assert "a pris fin" not in words(client.get(HOME))


def test_counters_say_what_was_withheld_this_year(client, home) -> None:
    with client.services.database.write() as db:
        for row in rows("parameters"):
            until = date.fromisoformat(row["valid_to"]) if row["valid_to"] else None
            values = {
                "valid_from": date.fromisoformat(row["valid_from"]),
                "valid_to": until,
                "value": int(row["value"]),
            }
            db.add(Parameter(**{name: row[name] for name in ("code", "label", "unit", "source")}, **values))
        for _ in range(3):
            factories.paid_line(db, home.contract, care_date=today().replace(month=1, day=1))
    page = client.get(HOME)
    shown = words(page)
    assert f"Vos compteurs {today().year}" in shown
    assert "Participation forfaitaire 6,00 € sur 50,00 € au plus" in shown
    assert "Franchise 0,00 € sur 50,00 € au plus" in shown
    assert "Lou Mineur : ni participation forfaitaire ni franchise." in shown
    assert "Bruno" not in shown
    meter = page.css("meter")[0]
    assert (meter.attributes["value"], meter.attributes["max"]) == ("600", "5000")


@pytest.mark.parametrize("who", EVERYONE)
def test_start_page_tells_of_nobody_whom_the_viewer_may_not_read(client, relatives, who) -> None:
    with client.services.database.write() as db:
        for owner, line in relatives.lines.items():
            home = factories.contract_of(db, line)
            for status in (Status.PENDING, Status.AWAITING_PIECE):
                factories.line(
                    db, home, relatives.persons[owner], label=canary(owner), status=status, note=canary(owner)
                )
    enter(client, relatives.accounts[who])
    page = client.get(HOME)
    seen = {other for other in EVERYONE if canary(other) in page.text}
    assert who in seen
    assert seen <= READS[who]
    assert money(100 * len(READS[who])) in page.text


@pytest.fixture
def relatives(client):
    with client.services.database.write() as db:
        return live_together(db, client.services.keyring)


def test_start_page_asks_the_database_a_fixed_number_of_questions(client, relatives) -> None:
    """Session, household, contracts, waiting lines, latest payment (4, with what was withheld), counters (5)."""
    enter(client, relatives.accounts[MEMBER])
    with queries(client.services.database) as seen:
        client.get(HOME)
    assert len(seen) == HOME_SELECTS, seen


def test_each_visit_leaves_one_piece_of_evidence(client, home) -> None:
    evidence = Evidence(client)
    client.get(HOME)
    assert [(act.action, act.object) for act in evidence.fresh()] == [("benefits.read", "accueil")]


def test_hostile_query_string_changes_nothing(client, home) -> None:
    client.get(f"{HOME}?q=%3Cscript%3E&jour=31/02/2026&x=%00")
    assert client.status == 200
    assert "<script>" not in client.page.text
