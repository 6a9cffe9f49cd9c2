"""The evidence chain verified while the portal serves (R-51): in slices, from where the last one ended."""

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from portal.data import evidence_audit
from portal.data.chain_passes import Reading, chain_state, is_chain_broken, position_in
from portal.data.evidence import Action, entry_of, record_many
from portal.evidence.audit import audit
from portal.evidence.checkpoints import FILE, write_checkpoint
from portal.evidence.verification import verify
from tests.support.evidence import viewer

TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('evidence', 'evidence_detail')"


@pytest.fixture
def services(app):
    return app.state.services


@pytest.fixture
def acts(database):
    def write(count: int) -> None:
        entries = [entry_of(None, Action.SESSION_REFUSED, object=str(n), details={"n": n}) for n in range(count)]
        with database.write() as db:
            record_many(db, entries)

    return write


def tamper(database, statement: str) -> None:
    """As somebody who holds the database would: past its triggers."""
    with database.write() as db:
        if database.is_sqlite:
            for (name,) in db.execute(text(TRIGGERS)).all():
                db.execute(text(f"DROP TRIGGER {name}"))
        else:
            db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text(statement))


def state(database):
    with database.read() as db:
        return chain_state(db)


def test_new_rows_alone_are_read_the_second_time(services, database, acts) -> None:
    acts(25)
    assert verify(services, Reading.NEW, slice_rows=10) is None
    assert state(database).reached == 25
    acts(5)
    with database.read() as db:
        assert position_in(db, Reading.NEW).seq == 25
    assert verify(services, Reading.NEW, slice_rows=10) is None
    assert (state(database).reached, state(database).fault, state(database).whole_at) == (30, None, None)


def test_reading_that_is_interrupted_goes_on_from_its_last_slice(services, database, acts, monkeypatch) -> None:
    acts(25)

    class Killed(BaseException):
        pass

    def die(_: float) -> None:
        raise Killed

    monkeypatch.setattr("portal.evidence.verification.time.sleep", die)
    with pytest.raises(Killed):
        verify(services, Reading.WHOLE, slice_rows=10)
    with database.read() as db:
        assert position_in(db, Reading.WHOLE).seq == 10
    assert state(database).reached == 0
    monkeypatch.undo()
    assert verify(services, Reading.WHOLE, slice_rows=10) is None
    assert (state(database).reached, state(database).whole_at is not None) == (25, True)


def test_whole_reading_starts_anew_and_finds_what_the_other_has_passed(services, database, acts) -> None:
    acts(25)
    assert verify(services, Reading.NEW) is None
    assert verify(services, Reading.WHOLE) is None
    tamper(database, "UPDATE evidence SET object = 'autre' WHERE seq = 3")
    assert verify(services, Reading.NEW) is None
    fault = verify(services, Reading.WHOLE, slice_rows=10)
    assert (fault.seq, "was changed" in fault.problem) == (3, True)
    assert state(database).fault == fault
    with database.read() as db:
        assert is_chain_broken(db)


def test_row_that_was_verified_before_and_is_rewritten_with_all_that_follows_is_found(services, database, acts) -> None:
    acts(10)
    verify(services, Reading.NEW)
    tamper(database, f"UPDATE evidence SET hash = '{'0' * 64}' WHERE seq = 10")
    fault = verify(services, Reading.NEW)
    assert (fault.seq, fault.problem) == (10, "is not the row that was verified before")


def test_end_that_is_cut_off_is_found_by_what_was_verified_before(services, database, acts) -> None:
    acts(10)
    verify(services, Reading.NEW)
    tamper(database, "DELETE FROM evidence_detail WHERE seq > 8")
    tamper(database, "DELETE FROM evidence WHERE seq > 8")
    assert verify(services, Reading.NEW).problem == "is missing, though it was verified before"


def test_fault_stays_until_the_row_is_as_it_was_again(services, database, acts) -> None:
    acts(5)
    tamper(database, "UPDATE evidence SET outcome = 'refused' WHERE seq = 2")
    assert verify(services, Reading.NEW).seq == 2
    acts(1)
    assert verify(services, Reading.NEW).seq == 2
    tamper(database, "UPDATE evidence SET outcome = 'ok' WHERE seq = 2")
    assert verify(services, Reading.NEW) is None
    assert (state(database).fault, state(database).reached) == (None, 6)


def test_checkpoint_that_contradicts_the_chain_is_a_fault(services, database, acts) -> None:
    acts(5)
    signed = write_checkpoint(database, services.settings)
    assert verify(services, Reading.NEW) is None
    path = services.settings.checkpoints / FILE
    path.write_text(path.read_text().replace(signed.hash, "f" * 64), encoding="utf8")
    assert "checkpoint file was not signed" in verify(services, Reading.WHOLE).problem


def test_empty_chain_is_good(services, database) -> None:
    assert verify(services, Reading.WHOLE) is None
    assert (state(database).reached, state(database).fault) == (0, None)


class TestErasureMeanwhile:
    """An erasure takes details and their index away in one transaction: no reading of the chain sees half of it."""

    @pytest.fixture
    def erased_meanwhile(self, services, monkeypatch):
        """Rows about a person, whose details are erased once they were read and before their index is."""
        with services.database.write() as db:
            record_many(db, [entry_of(viewer(), Action.BENEFITS_READ, details={"persons": [3]}) for _ in range(3)])
        original = evidence_audit._filed

        def filed(db, first: int, last: int):
            with services.database.write() as other:
                for name in ("evidence_person", "evidence_detail"):
                    other.connection().execute(SQLModel.metadata.tables[name].delete())
            return original(db, first, last)

        monkeypatch.setattr(evidence_audit, "_filed", filed)

    @pytest.mark.usefixtures("erased_meanwhile")
    @pytest.mark.parametrize("reading", Reading)
    def test_worker_finds_no_fault_in_what_is_erased_while_it_reads(self, services, reading) -> None:
        assert verify(services, reading) is None
        with services.database.read() as db:
            assert db.execute(text("SELECT count(*) FROM evidence_detail")).scalar() == 0

    @pytest.mark.usefixtures("erased_meanwhile")
    def test_operator_finds_no_fault_in_what_is_erased_while_it_is_read(self, services) -> None:
        assert audit(services.database, services.settings).verdict.fault is None
