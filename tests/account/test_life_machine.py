"""An account's whole life, in any order that people and the calendar may choose (R-11 to R-16, R-63 to R-66).

The model says, from what happened alone, what the account's sessions must find next. Each run is one account, which may
be suspended, frozen, restored, closed, asked to be deleted, outlive its cover… while a clock of its own goes on.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as trials
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col

from portal.data import desk_acts
from portal.data.acceptances import accept_terms
from portal.data.accounts import Account, SuspensionKind
from portal.data.blocks import block_of
from portal.data.coverage import Beneficiary
from portal.data.deletion import ask_deletion, cancel_deletion, confirm_deletion, due_deletions
from portal.data.erasure import erase_account
from portal.data.fraud import FraudChannel, freeze
from portal.data.links import LinkPurpose, make_link, use_link
from portal.data.passwords import set_password
from portal.data.representations import Capacity
from portal.data.session_limits import LIMITS
from portal.data.sessions import Stage, Viewer, end_sessions_of, find_viewer, open_session
from portal.data.standing import Standing
from portal.database import Database
from portal.formatting import day_in_france
from portal.security import Keyring
from tests.support import factories
from tests.support.terms import FIRST, publish_version

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
NEVER, ALWAYS = datetime.max.replace(tzinfo=UTC), START - timedelta(days=3650)
MEMBER_LIMITS = LIMITS["adherent"]
LEAPS = st.sampled_from([timedelta(minutes=5), timedelta(hours=1), timedelta(days=3), timedelta(days=400)])


@dataclass
class Model:
    """What happened, and nothing else."""

    now: datetime = START
    has_temporary_password: bool = False
    suspensions: set[str] = field(default_factory=set)
    is_closed: bool = False
    deletion: str = "none"  # asked, confirmed, erased
    erase_after: datetime = NEVER
    restored_at: datetime = ALWAYS
    cover_to: date | None = None
    terms: int = 0
    accepted: int = 0
    sessions: dict[str, datetime] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        today = day_in_france(self.now)
        return self.cover_to is not None and today > self.cover_to.replace(year=self.cover_to.year + 2)

    @property
    def is_ended(self) -> bool:
        return self.is_closed or self.is_over

    @property
    def is_blocked(self) -> bool:
        return self.is_ended or bool(self.suspensions)

    @property
    def stage(self) -> Stage:
        if self.has_temporary_password:
            return Stage.PASSWORD
        return Stage.TERMS if self.terms > self.accepted else Stage.FULL

    @property
    def standing(self) -> Standing:
        if self.deletion == "confirmed":
            return Standing.LEAVING
        is_ended = self.cover_to is not None and day_in_france(self.now) > self.cover_to
        return Standing.ENDED if is_ended else Standing.ACTIVE


class Life(RuleBasedStateMachine):
    """One account, from its creation."""

    database: Database
    keyring: Keyring

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.links: list[str] = []
        self.published = 0
        with self.database.write() as db:
            household, account = factories.member_with_account(db, self.keyring)
            self.account_id, self.person_id = account.id or 0, household.member.id or 0
            factories.desk_account(db, self.keyring)

    @property
    def is_own_cover(self) -> ColumnElement[bool]:
        return col(Beneficiary.person_id) == self.person_id

    def account(self, db: Session) -> Account:
        return db.get_one(Account, self.account_id, populate_existing=True)

    def viewer(self, db: Session) -> Viewer | None:
        """The holder, who signs in whenever the account allows it."""
        if self.model.is_blocked:
            return None
        return find_viewer(db, self.enter(db), self.model.now)

    def enter(self, db: Session) -> str:
        token = open_session(db, self.account_id, Stage.FULL, self.model.now)
        self.model.sessions[token] = self.model.now
        return token

    @rule()
    def sign_in(self) -> None:
        """Or keep a browser open that no act has ended: a blocked account's session finds nothing either."""
        with self.database.write() as db:
            assert (block_of(db, self.account_id, self.model.now) is not None) is self.model.is_blocked
            self.enter(db)

    @rule(leap=LEAPS)
    def wait(self, leap: timedelta) -> None:
        self.model.now += leap

    @precondition(lambda self: self.model.cover_to is None)
    @rule()
    def lose_the_cover(self) -> None:
        self.model.cover_to = day_in_france(self.model.now)
        with self.database.write() as db:
            db.exec(update(Beneficiary).values(valid_to=self.model.cover_to).where(self.is_own_cover))

    @rule()
    def receive_a_new_password(self) -> None:
        if self.model.deletion != "erased":
            with self.database.write() as db:
                until = self.model.now + timedelta(hours=24)
                set_password(db, self.account_id, "temporaire", self.model.now, temporary_until=until)
                end_sessions_of(db, self.account_id, self.model.now)
            self.model.has_temporary_password, self.model.sessions = True, {}

    @precondition(lambda self: len(self.links) < 3)
    @rule()
    def ask_for_a_reset(self) -> None:
        if self.model.deletion != "erased":
            with self.database.write() as db:
                self.links.append(make_link(db, self.account_id, LinkPurpose.PASSWORD_RESET, self.model.now))

    @precondition(lambda self: self.links)
    @rule()
    def follow_the_last_reset_link_twice(self) -> None:
        token = self.links[-1]
        with self.database.write() as db:
            link = use_link(db, token, LinkPurpose.PASSWORD_RESET, self.model.now)
            if link is not None:
                set_password(db, self.account_id, f"nouveau {len(self.links)}", self.model.now)
                end_sessions_of(db, self.account_id, self.model.now)
                self.model.has_temporary_password, self.model.sessions, self.links = False, {}, [token]
            assert use_link(db, token, LinkPurpose.PASSWORD_RESET, self.model.now) is None

    @precondition(lambda self: self.published < 3)
    @rule()
    def publish_terms(self) -> None:
        """For everybody: the next accounts start with these terms to accept."""
        number = type(self).newest + 1
        with self.database.write() as db:
            publish_version(db, number, f"{FIRST}\nTexte {number}.\n", effective_at=START)
        type(self).newest = number
        self.published += 1

    @rule()
    def accept_the_terms(self) -> None:
        with self.database.write() as db:
            viewer = self.viewer(db)
            if viewer is not None and viewer.stage == Stage.TERMS:
                accept_terms(db, viewer, self.model.terms, Capacity.SELF, "", self.model.now)
                self.model.accepted = self.model.terms

    @rule()
    def be_suspended(self) -> None:
        with self.database.write() as db:
            done = desk_acts.suspend(db, None, self.account(db), "essai", self.model.now)
        assert done is (not self.model.is_closed and SuspensionKind.INSURER not in self.model.suspensions)
        if done:
            self.model.suspensions.add(SuspensionKind.INSURER)
            self.model.sessions = {}

    @rule()
    def report_a_fraud(self) -> None:
        with self.database.write() as db:
            frozen = freeze(db, self.keyring, self.account_id, FraudChannel.LINK, "essai", self.model.now)
        is_frozen = SuspensionKind.FRAUD in self.model.suspensions
        assert (frozen is not None) is not (self.model.is_ended or is_frozen)
        if frozen is not None:
            self.model.suspensions.add(SuspensionKind.FRAUD)
            self.model.sessions = {}

    @precondition(lambda self: self.model.suspensions)
    @rule(kind=st.sampled_from(list(SuspensionKind)))
    def be_restored(self, kind: SuspensionKind) -> None:
        with self.database.write() as db:
            done = desk_acts.lift(db, None, self.account(db), self.model.now, kind)
        assert done is (kind in self.model.suspensions)
        if done:
            self.model.suspensions.discard(kind)
            self.model.restored_at = self.model.now

    @rule(verdict=st.integers(1, 10))
    def be_closed_one_time_in_ten(self, verdict: int) -> None:
        if verdict < 10:
            return
        with self.database.write() as db:
            assert desk_acts.close(db, None, self.account(db), "essai", self.model.now) is not self.model.is_closed
        self.model.is_closed, self.model.sessions = True, {}

    @precondition(lambda self: self.model.deletion == "none" and not self.model.is_blocked)
    @rule()
    def ask_for_deletion_and_confirm(self) -> None:
        with self.database.write() as db:
            viewer = self.viewer(db)
            assert viewer is not None
            subject = str(ask_deletion(db, viewer, self.model.now))
            assert confirm_deletion(db, self.account_id, subject, self.model.now) is not None
            assert confirm_deletion(db, self.account_id, subject, self.model.now) is None
        self.model.deletion = "confirmed"
        self.model.erase_after = self.model.now + timedelta(days=7)

    @precondition(lambda self: self.model.deletion != "erased")
    @rule()
    def take_the_deletion_back(self) -> None:
        with self.database.write() as db:
            viewer = self.viewer(db)
            if viewer is not None:
                assert cancel_deletion(db, viewer, self.model.now) is (self.model.deletion == "confirmed")
                self.model.deletion = "none"

    @precondition(lambda self: self.model.deletion == "confirmed")
    @rule()
    def run_the_erasing_job(self) -> None:
        with self.database.write() as db:
            for deletion_id in due_deletions(db, self.model.now):
                erased = erase_account(db, deletion_id, self.model.now)
                if erased is not None and erased[0] == self.account_id:
                    assert self.is_erasure_due
                    self.model.deletion, self.model.is_closed = "erased", True
                    self.model.has_temporary_password, self.model.sessions = False, {}
        assert not self.is_erasure_due

    @property
    def is_erasure_due(self) -> bool:
        is_over = self.model.now >= max(self.model.erase_after, self.model.restored_at + timedelta(days=7))
        return self.model.deletion == "confirmed" and is_over and not self.model.suspensions

    newest = 0

    @invariant()
    def sessions_find_what_happened(self) -> None:
        self.model.terms = type(self).newest
        with self.database.read() as db:
            for token, opened_at in self.model.sessions.items():
                viewer = find_viewer(db, token, self.model.now)
                is_idle = self.model.now - opened_at > MEMBER_LIMITS.idle
                if is_idle or self.model.is_blocked:
                    assert viewer is None
                else:
                    assert viewer is not None
                    assert (viewer.stage, viewer.standing) == (self.model.stage, self.model.standing)


@pytest.mark.slow
def test_account_goes_through_any_life_and_its_sessions_follow(database, settings) -> None:
    class LifeHere(Life):
        pass

    LifeHere.database, LifeHere.keyring = database, Keyring(settings)
    run_state_machine_as_test(
        LifeHere,
        settings=trials(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
