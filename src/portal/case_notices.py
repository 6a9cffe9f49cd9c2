"""Letters about cases: that there is something to read, never what (R-80: a notice without content)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from portal.case_links import case_path, link_path
from portal.complaint_notices import tell_acknowledged
from portal.data.bank_details import account_in_force, accounts_of, member_addresses
from portal.data.case_readers import Addressee, told_of_news
from portal.data.case_silence import ENDINGS
from portal.data.cases import Case, CaseKind, address_of
from portal.data.open_complaints import contact_of
from portal.data.postal_letters import LetterKind
from portal.postal_writing import write_case_letter
from portal.web import Services


@dataclass(frozen=True, slots=True)
class CaseLetters:
    """The letters that the desk's own acts post (`data/case_desk.Letters`)."""

    services: Services

    def tell_of_news(self, db: Session, case: Case) -> None:
        """Writes to the case's author that there is something to read."""
        tell_of_news(self.services, db, case)

    def acknowledge_complaint(self, db: Session, case: Case) -> None:
        """Writes to whoever complained until when they are answered, and who the mediator is."""
        tell_acknowledged(self.services, db, case)

    def tell_of_autonomy(self, db: Session, case: Case) -> None:
        """Writes to the minor who asked that their lines are theirs alone."""
        if case.account_id is not None:
            tell_of_autonomy(self.services, db, case.account_id, address_of(db, case), is_autonomous=True)

    def tell_of_overpayment(self, db: Session, member_id: int, now: datetime) -> None:
        """Writes to a member that a sum was paid too much, and where its letter and what became of it are read."""
        href = self.services.settings.origin + self.services.urls("member.overpayments")
        for account in accounts_of(db, member_id):
            for email in member_addresses(db, account, now):
                self.services.mail.post(db, "overpayment", email, account_id=account.id, href=href)

    def ask_for_account(self, db: Session, member_id: int, now: datetime) -> None:
        """Asks a member to whom something is due where to send it, when nobody knows; nothing otherwise."""
        if account_in_force(db, member_id) is None:
            write_to_member(self.services, db, member_id, "payment-waits", now)

    def write_on_paper(
        self, db: Session, case: Case, kind: LetterKind, words: str, now: datetime, *, by: int | None
    ) -> None:
        """Writes a letter about a request on data that came on paper, which the desk posts."""
        keyring, insurer = self.services.keyring, self.services.settings.insurer
        write_case_letter(db, keyring, insurer, case, kind, words, now, by=by)


def write_to_member(services: Services, db: Session, member_id: int, letter: str, now: datetime, **said: str) -> None:
    """Writes about a member's money to every address by which their accounts are reached."""
    href = services.settings.origin + services.urls("member.bank")
    for account in accounts_of(db, member_id):
        for email in member_addresses(db, account, now):
            services.mail.post(db, letter, email, account_id=account.id, href=href, **said)


def tell_of_autonomy(services: Services, db: Session, account_id: int, email: str, *, is_autonomous: bool) -> None:
    """Writes to a minor that their lines are theirs alone, or are so no more: somebody else may have asked for it."""
    if email:
        href = services.settings.origin + services.urls("member.autonomy")
        services.mail.post(db, "autonomy-changed", email, account_id=account_id, is_autonomous=is_autonomous, href=href)


def tell_of_news(services: Services, db: Session, case: Case) -> None:
    """Writes to the case's author, or to those of a practice who took part in it, in the transaction of what happened;
    nothing without an address. Whoever has no account is written to at the address they gave, with the signed link."""
    if case.account_id is None:
        email = _given_address(services, db, case)
        if email:
            _post_news(services, db, case, Addressee(None, email), link_path(services, case.id or 0))
        return
    for reader in told_of_news(db, case):
        _post_news(services, db, case, reader, case_path(services, case))


def tell_of_silence(services: Services, db: Session, case: Case, what: str, title: str, acts_on: date) -> None:
    """Writes to the case's author, or to those of a practice who took part in it, that what was asked for did not come,
    and what follows; nothing without an address. `what`: a `case_silence.Happened`."""
    said = {"title": title, "acts_on": acts_on, "ending": ENDINGS[CaseKind(case.kind)].value}
    if case.account_id is None:
        email = _given_address(services, db, case)
        if email:
            _post_news(services, db, case, Addressee(None, email), link_path(services, case.id or 0), what, **said)
        return
    for reader in told_of_news(db, case):
        _post_news(services, db, case, reader, case_path(services, case), what, **said)


def _post_news(
    services: Services, db: Session, case: Case, reader: Addressee, path: str, what: str = "news", **more: Any
) -> None:
    said = {"reference": case.reference, "href": services.settings.origin + path, **more}
    said["has_account"] = reader.account_id is not None
    services.mail.post(db, f"case-{what}", reader.email, account_id=reader.account_id, **said)


def _given_address(services: Services, db: Session, case: Case) -> str:
    contact = contact_of(db, services.keyring, case)
    return contact.email if contact else ""
