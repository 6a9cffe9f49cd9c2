"""Two people at once in a real browser: a member's claim is valued by an agent, paid, and told (R-05, R-21, R-22)."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from portal.app import create_services
from portal.data.benefits import Family
from portal.data.claim_drafts import Amount
from portal.data.payments import PaymentDue
from portal.data.statement_content import statement_content
from portal.data.statement_periods import month_of
from portal.data.work_items import WorkItem
from portal.demo.viewers import viewer_of
from portal.formatting import today
from portal.payment_jobs import pay_due
from tests.support.claims import sent
from tests.support.visits import DESK, MEMBER, Site

PRICE = 4600
ANSWER = "Bonjour, nous vous remboursons le forfait journalier en entier."


def claim_of_member(site: Site, days_ago: int) -> tuple[str, str]:
    """A claim that the demonstration's member sent yesterday: its reference, and the page on which it is valued."""
    now = datetime.now(UTC) - timedelta(days=1)
    with site.database.write() as db:
        member, day = viewer_of(db, MEMBER), today() - timedelta(days=days_ago)
        asked = sent(db, member, now=now, day=day, family=Family.HOSPITAL, amount=Amount(PRICE, "FJ", quantity=2))
        item = db.exec(select(WorkItem.id).where(WorkItem.case_id == asked.case.id)).one()
        (opaque,) = site.keyring.conceal("work", [item])
        return asked.case.reference, f"/gestion/dossiers/{opaque}/liquidation"


def transfers_made(site: Site) -> None:
    """The transfers of the day on which all that is due will be."""
    with site.database.read() as db:
        day = max(db.exec(select(PaymentDue.due_on)))
    pay_due(create_services(site.settings, site.database), day, datetime.now(UTC))
    with site.database.read() as db:
        content = statement_content(db, viewer_of(db, MEMBER), month_of(day), day)
    assert PRICE in [line.supplementary_cents for payment in content.payments for line in payment.lines]


@pytest.mark.parametrize(("javascript", "days_ago"), [(True, 40), (False, 47)], ids=["in place", "without JavaScript"])
def test_claim_becomes_a_payment_line_that_its_author_sees_at_once(open_tab, site, javascript, days_ago) -> None:
    """Claim → payment line → statement."""
    reference, path = claim_of_member(site, days_ago)
    desk, member = open_tab("desktop", javascript=javascript), open_tab("phone")
    site.enter(desk, site.account_of(DESK))
    site.enter(member, site.account_of(MEMBER))
    page = desk.go(path)
    if javascript:
        page.locator("#professionnel-0").fill("Clinique des Tilleuls")
        page.locator("#professionnel-0").blur()
    else:
        page.locator("#professionnel-0").fill("Clinique des Tilleuls")
        page.get_by_role("button", name="Enregistrer et recalculer").last.click()
    expect(page.locator("#calcul")).to_contain_text("Total à verser\u00a0: 46,00\u00a0€")
    page.get_by_role("button", name="Relire et décider").click()
    page.locator("#reponse").fill(ANSWER)
    page.get_by_role("button", name="Décider et prévenir l’adhérent").click()
    expect(page.locator("main")).to_contain_text("Validée, paiement prévu le")
    seen = member.go("/adherent/demandes")
    seen.locator(".rows li", has_text=reference).locator("a").first.click()
    expect(seen.locator("main")).to_contain_text(ANSWER)
    expect(seen.locator("main")).to_contain_text("Validée, paiement prévu le")
    if javascript:
        transfers_made(site)
        seen.reload()
        expect(seen.locator("main")).to_contain_text("Payée le")
    assert not desk.problems
    assert not member.problems
