"""Who acts in the demonstration, as `data/` wants to know it; nobody signs in for it."""

from datetime import UTC, datetime

from sqlmodel import Session

from portal.data.case_desk import Agent, Letters, agent_at_work
from portal.data.cases import Case
from portal.data.credentials import find_credentials
from portal.data.organisations import company_by_siret, provider_by_number
from portal.data.persons import id_by_reference
from portal.data.postal_letters import LetterKind
from portal.data.sessions import Stage, Viewer
from portal.demo.reference import accounts


class ReadLongAgo:
    """The letters of acts that the demonstration makes happen in the past: nobody waits for them."""

    def tell_of_news(self, db: Session, case: Case) -> None:
        """Nothing."""

    def acknowledge_complaint(self, db: Session, case: Case) -> None:
        """Nothing."""

    def tell_of_autonomy(self, db: Session, case: Case) -> None:
        """Nothing."""

    def tell_of_overpayment(self, db: Session, member_id: int, now: datetime) -> None:
        """Nothing."""

    def ask_for_account(self, db: Session, member_id: int, now: datetime) -> None:
        """Nothing."""

    def write_on_paper(
        self, db: Session, case: Case, kind: LetterKind, words: str, now: datetime, *, by: int | None
    ) -> None:
        """Nothing."""


def agent_of(db: Session, identifier: str, letters: Letters | None = None) -> Agent:
    """One of the fixed accounts of the desk, at work; raises `LookupError` when it does not exist yet."""
    return agent_at_work(viewer_of(db, identifier), letters or ReadLongAgo())


def viewer_of(db: Session, identifier: str) -> Viewer:
    """One of the fixed accounts; raises `LookupError` when it does not exist yet."""
    account = next(each for each in accounts() if each.identifier == identifier)
    account_id = find_credentials(db, identifier).account_id
    if account_id is None:
        raise LookupError(identifier)
    return Viewer(
        account_id=account_id,
        space=account.space,
        role=account.role,
        display_name=account.name,
        organisation=account.organisation,
        person_id=id_by_reference(db, account.person) if account.person else None,
        stage=Stage.FULL,
        session_hash="",
        company_id=company_by_siret(db, account.company) if account.company else None,
        provider_id=provider_by_number(db, account.provider) if account.provider else None,
        confirmed_at=datetime.now(UTC),
    )
