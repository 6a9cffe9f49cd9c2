"""What follows a recorded death (R-70; law of 6 January 1978, article 85): contracts, wishes, heirs, retention."""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from portal.data.accounts import Account, AccountDeletion
from portal.data.cases import Case, CaseState
from portal.data.coverage import Contract, ContractKind, Relationship
from portal.data.death_follow import NothingLeft, WishOutcome, lock_death
from portal.data.death_instructions import DeathInstruction, Instructions, Wish
from portal.data.death_wishes import carry_out
from portal.data.deaths import Death, DeathAct
from portal.data.deletion import due_deletions
from portal.data.retention_holds import RetentionHold, may_go
from portal.data.work_items import Duty, Turn, WorkItem
from tests.support import factories
from tests.support.deaths import ERASED, GIVEN, RESULT, deaths, leave_instructions, record, url_of
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence, done
from tests.support.html import text_of
from tests.support.work import sent_case

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=90)
ACT = {"suite": "execute", "note": RESULT}


@pytest.fixture
def charged(make):
    return make(factories.desk_account, duties=[Duty.PRIVACY])


@pytest.fixture
def colleague(make):
    return make(factories.desk_account, duties=[Duty.PRIVACY])


@pytest.fixture
def dead(client, charged, member):
    """Records the member's death, after instructions if any; where it is read, and where its instructions are."""

    def recorded(said: Instructions | None = None) -> tuple[str, str]:
        number = leave_instructions(client.services, member, said, LONG_AGO) if said else 0
        death = url_of(client.services, "death", record(client.services, charged, member.person_id, NOW))
        (wish,) = client.services.keyring.conceal("death-wish", [number])
        return death, f"{death}/directives/{wish}"

    return recorded


def acts(client) -> list[tuple[str, bool]]:
    with client.services.database.read() as db:
        found = db.exec(select(DeathAct).order_by(DeathAct.id)).all()
        return [(row.outcome, row.instruction is not None) for row in found]


def is_free(client, person_id: int) -> bool:
    """Whether the retention schedule may forget the person."""
    with client.services.database.read() as db:
        query = select(factories.Person.id).where(factories.Person.id == person_id)
        return db.exec(query.where(may_go(None, factories.Person.id))).first() is not None


class TestReading:
    def test_agent_with_the_duty_reads_instructions_and_the_reading_is_recorded(self, client, charged, dead) -> None:
        death, wish = dead(GIVEN)
        evidence = Evidence(client)
        enter(client, charged)
        shown = text_of(client.get(death).one("main"))
        assert "1 directive à exécuter" in shown.replace("\u00a0", " ")
        assert "Noé" not in shown
        read = text_of(client.get(wish).one("main"))
        assert "Noé Exemple, noe@exemple.example" in read
        assert "Mes relevés l’aideront." in read
        assert [act.action for act in evidence.fresh()] == ["death.read", "death-instructions.read"]

    def test_nobody_else_reads_them_nor_carries_them_out(self, client, make, member, dead) -> None:
        _, wish = dead(GIVEN)
        others = make(factories.desk_account, duties=[each for each in Duty if each is not Duty.PRIVACY])
        near = make(factories.desk_account, duties=[Duty.PRIVACY], email=member.email)
        for who, status in ((others, 404), (near, 404), (make(factories.employer_account), 403)):
            enter(client, who)
            for path in (wish, f"{wish}/copie.zip"):
                assert ask(client, path).status_code == status
            if status == 404:
                assert send(client, wish, ACT, form_at="/gestion").status_code == 404
        assert acts(client) == []

    def test_instructions_of_the_living_and_of_others_are_read_by_nobody(self, client, charged, make, dead) -> None:
        death, _ = dead()
        other = make(factories.member_account, person_of(client))
        number = leave_instructions(client.services, other, GIVEN, LONG_AGO)
        (key,) = client.services.keyring.conceal("death-wish", [number])
        enter(client, charged)
        for path in (f"{death}/directives/{key}", f"{death}/directives/{'x' * 22}"):
            assert ask(client, path).status_code == 404
            assert send(client, path, ACT, form_at="/gestion").status_code == 404

    def test_page_of_somebody_without_instructions_says_what_heirs_may_have(self, client, charged, dead) -> None:
        death, _ = dead()
        enter(client, charged)
        shown = text_of(client.get(death).one("main")).replace("\u00a0", " ")
        assert "article 85, III" in shown
        assert "régler la succession" in shown
        client.get(f"{death}/heritiers")
        client.submit(suite="succession", note="Acte de notoriété vu, relevé des sommes dues remis à la fille.")
        assert "relevé des sommes dues" in text_of(client.page.one("main"))
        assert done(client, "death.heirs-answered") == 1


def person_of(client):
    with client.services.database.write() as db:
        who = factories.person(db, "Ida")
        factories.contract(db, who)
        return who


class TestCarryingOut:
    def test_copy_for_the_person_named_holds_the_deceaseds_own_data_alone(
        self, client, colleague, member, dead
    ) -> None:
        """R-70: nothing of the minors under the contract, nothing secret."""
        with client.services.database.write() as db:
            under = db.exec(select(Contract).where(Contract.member_id == member.person_id)).first()
            factories.cover(db, under, factories.person(db, "Petite", born=factories.MINOR_BIRTH))
        _, wish = dead(GIVEN)
        enter(client, colleague)
        answer = ask(client, f"{wish}/copie.zip")
        assert answer.status_code == 200
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert not any(name.startswith(("csv/enfant", "fhir/")) for name in archive.namelist())
            data = archive.read("mes-donnees.json").decode()
        assert "Petite" not in data
        assert json.loads(data)["minors"] == []
        assert done(client, "death-instructions.copy-downloaded") == 1
        client.get(wish)
        client.submit(**ACT)
        assert RESULT in text_of(client.page.one("main"))
        assert acts(client) == [("execute", True)]

    def test_whoever_recorded_the_death_neither_gives_a_copy_nor_erases(self, client, charged, dead, member) -> None:
        """Four eyes, by the dated rules: an error that cannot be taken back takes two people."""
        _, wish = dead(ERASED)
        enter(client, charged)
        assert "un autre gestionnaire" in text_of(client.get(wish).one("main"))
        answer = send(client, wish, ACT, form_at="/gestion")
        assert answer.status_code == 422
        assert ask(client, f"{wish}/copie.zip").status_code == 404
        assert acts(client) == []
        with client.services.database.read() as db:
            assert db.get_one(Account, member.id).email == member.email

    def test_erasure_empties_the_account_and_undoing_does_not_bring_it_back(
        self, client, colleague, member, dead
    ) -> None:
        death, wish = dead(ERASED)
        enter(client, colleague)
        client.get(wish)
        client.submit(**ACT)
        with client.services.database.read() as db:
            assert db.get_one(Account, member.id).email == ""
            assert db.exec(select(DeathInstruction)).all() == []
        assert "Effacées avec le compte" in text_of(client.page.one("main"))
        assert RESULT in text_of(client.page.one("main"))
        assert done(client, "account.erased") == 1
        send(client, f"{death}/annulation", {"motif": "Nous avions confondu deux personnes."}, form_at="/gestion")
        with client.services.database.read() as db:
            assert db.get_one(Account, member.id).email == ""
            assert db.exec(select(Death)).one().undone_at is not None

    def test_wish_to_keep_is_carried_out_by_whoever_recorded_the_death(self, client, charged, dead) -> None:
        _, wish = dead(Instructions(Wish.KEEP))
        enter(client, charged)
        assert send(client, wish, ACT, form_at="/gestion").status_code == 303
        assert acts(client) == [("execute", True)]

    @pytest.mark.parametrize("changed", [{"suite": ""}, {"suite": "x"}, {"note": ""}, {"note": "x" * 1001}])
    def test_result_that_says_nothing_is_refused(self, client, colleague, dead, changed) -> None:
        _, wish = dead(GIVEN)
        enter(client, colleague)
        answer = send(client, wish, ACT | changed, form_at="/gestion")
        assert answer.status_code == 422
        assert f'href="#{next(iter(changed))}"' in answer.text
        assert acts(client) == []

    def test_held_data_and_open_requests_are_not_erased(self, client, colleague, member, dead) -> None:
        """R-71: what a dispute, or an answer that is owed, may need."""
        services = client.services
        with services.database.write() as db:
            case_id = sent_case(db, factories.viewer_of(db, member), NOW).case_id
        death, wish = dead(ERASED)
        enter(client, colleague)
        assert "1, dans la file" in text_of(client.get(death).one("main"))
        assert "attend encore une réponse" in text_of(client.get(wish).one("main"))
        assert send(client, wish, ACT, form_at="/gestion").status_code == 422
        with services.database.write() as db:
            db.get_one(Case, case_id).state = CaseState.ACCEPTED
            held = {"reason_encrypted": services.keyring.encrypt("litige"), "placed_at": NOW}
            db.add(RetentionHold(person_id=member.person_id, **held))
        assert "en conservation" in text_of(client.get(wish).one("main"))
        assert send(client, wish, ACT, form_at="/gestion").status_code == 422
        assert acts(client) == []

    def test_two_agents_at_once_carry_out_once(self, client, colleague, dead) -> None:
        _, wish = dead(GIVEN)
        services = client.services
        with services.database.write() as db:
            viewers = [factories.viewer_of(db, colleague)] * 3
            number = db.exec(select(DeathInstruction.id)).one()
            death_id = db.exec(select(Death.id)).one()

        def once(viewer) -> bool:
            try:
                with services.database.write() as db:
                    death = lock_death(db, death_id)
                    carry_out(db, viewer, services.keyring, death, number, WishOutcome.DONE, RESULT, NOW)
            except NothingLeft:
                return False
            return True

        with ThreadPoolExecutor(3) as pool:
            assert sorted(pool.map(once, viewers)) == [False, False, True]
        enter(client, colleague)
        assert "Un collègue l’a fait" in send(client, wish, ACT, form_at="/gestion").text

    def test_nothing_of_the_person_is_forgotten_until_all_is_done(self, client, charged, member, dead) -> None:
        """R-71: also what the holder had asked to be deleted before dying."""
        services = client.services
        with services.database.write() as db:
            asked = {"asked_at": LONG_AGO, "confirmed_at": LONG_AGO, "erase_after": LONG_AGO}
            db.add(AccountDeletion(account_id=member.id, **asked))
        death, wish = dead(Instructions(Wish.KEEP))
        with services.database.read() as db:
            assert due_deletions(db, NOW) == []
        assert not is_free(client, member.person_id)
        enter(client, charged)
        send(client, wish, ACT, form_at="/gestion")
        assert not is_free(client, member.person_id)
        follow(client, death)
        assert is_free(client, member.person_id)
        with services.database.read() as db:
            assert len(due_deletions(db, NOW)) == 1
            assert db.exec(select(WorkItem)).one().turn == Turn.NOBODY
        assert "Tout est fait" in text_of(client.get(death).one("main")) or deaths(services)[0].settled_at


def contract_url(client, death: str) -> str:
    with client.services.database.read() as db:
        number = db.exec(select(Contract.id).order_by(Contract.id)).first()
    (key,) = client.services.keyring.conceal("death-contract", [number])
    return f"{death}/contrats/{key}"


def follow(client, death: str) -> None:
    answer = send(client, contract_url(client, death), {"suite": "contrat-termine", "note": RESULT}, form_at="/gestion")
    assert answer.status_code == 303


class TestContracts:
    def test_contract_of_an_employee_says_what_is_owed_to_the_survivors_and_by_when(
        self, client, charged, member
    ) -> None:
        """Loi n° 89-1009, article 4: two months to offer, six to ask, twelve at least."""
        with client.services.database.write() as db:
            under = db.exec(select(Contract).where(Contract.member_id == member.person_id)).one()
            under.kind = ContractKind.GROUP_MANDATORY
            factories.cover(db, under, factories.person(db, "Ali"), Relationship.SPOUSE)
        death = url_of(client.services, "death", record(client.services, charged, member.person_id, NOW))
        enter(client, charged)
        shown = text_of(client.get(contract_url(client, death)).one("main")).replace("\u00a0", " ")
        for words in ("Ali Essai", "3 juillet 2026", "3 novembre 2026", "3 mai 2027"):
            assert words in shown
        with client.services.database.read() as db:
            item = db.exec(select(WorkItem)).one()
            assert (item.kind, item.turn, item.due_at.date()) == ("deces", Turn.DESK, date(2026, 7, 3))
        client.submit(suite="maintien-propose", note="Proposition postée le 10 mai à M. Ali Essai.")
        assert "Maintien proposé" in text_of(client.page.one("main"))
        assert done(client, "death.contract-followed") == 1
        assert (
            send(client, contract_url(client, death), ACT | {"suite": "transmis"}, form_at="/gestion").status_code
            == 422
        )

    def test_death_waits_in_the_queue_of_the_charged_alone(self, client, charged, make, dead) -> None:
        death, _ = dead()
        enter(client, charged)
        shown = text_of(client.get("/gestion/file").one("main"))
        assert "Décès d’une personne" in shown
        assert "Suites d’un décès" in shown
        assert "Compte gelé" not in shown
        assert f'href="{death}"' in client.page.text
        enter(client, make(factories.desk_account, duties=[Duty.MESSAGES]))
        assert death not in client.get("/gestion/file").text

    def test_contract_of_somebody_else_is_not_followed(self, client, charged, dead) -> None:
        death, _ = dead()
        person_of(client)
        with client.services.database.read() as db:
            number = db.exec(select(Contract.id).order_by(Contract.id.desc())).first()
        (key,) = client.services.keyring.conceal("death-contract", [number])
        enter(client, charged)
        assert ask(client, f"{death}/contrats/{key}").status_code == 404
        answer = send(client, f"{death}/contrats/{key}", {"suite": "transmis", "note": RESULT}, form_at="/gestion")
        assert answer.status_code in {404, 422}
        assert acts(client) == []
