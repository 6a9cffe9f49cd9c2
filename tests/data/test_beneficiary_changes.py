"""Changes of beneficiaries in both databases: races, decisions and what they write, pieces held (R-23)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.data.beneficiary_changes import (
    BeneficiaryChange,
    Details,
    Start,
    Typed,
    fill_change,
    find_change,
    give_up,
    lock_change,
    start_change,
)
from portal.data.beneficiary_decisions import CannotApply, accept_change, refuse_change
from portal.data.beneficiary_list import covers_seen, find_cover, open_contracts
from portal.data.beneficiary_rules import Reason
from portal.data.beneficiary_sending import NotReady, Problem, change_slots, problems_of, send_change
from portal.data.case_desk import lock_for_desk, refuse_piece
from portal.data.case_pieces import pieces_of
from portal.data.cases import CaseKind, CaseMoved, CaseState, WrongState, move_case, steps_of
from portal.data.contributions import contribution_with, covered_on
from portal.data.coverage import Beneficiary, Relationship
from portal.data.parameters import Parameter
from portal.data.persons import Person
from portal.data.visibility import visible_scope
from tests.support import factories as make
from tests.support.beneficiaries import (
    BORN,
    NOW,
    drafted,
    figures,
    for_desk,
    locked,
    nir_of,
    prices,
    sent,
    with_pieces,
)
from tests.support.mail import letters

ADDED, CHANGED, REMOVED = CaseKind.BENEFICIARY_ADDED, CaseKind.BENEFICIARY_CHANGED, CaseKind.BENEFICIARY_REMOVED
TODAY = NOW.date()
WITHDRAWN = """SELECT object, acting_for, details FROM evidence JOIN evidence_detail USING (seq)
    WHERE action = 'cover.withdrawn'"""


class Scene:
    """A member with a spouse and a child, an agent, in a session that is rolled back."""

    def __init__(self, db, keyring) -> None:
        self.db, self.keyring = db, keyring
        self.home, account = make.member_with_account(db, keyring, spouse="Paul", children={"Zoé": date(2015, 9, 3)})
        figures(db)
        prices(db, self.home.contract)
        self.viewer = make.viewer_of(db, account)
        self.agent = make.viewer_of(db, make.desk_account(db, keyring))

    def cover(self, name: str) -> Beneficiary:
        person_id = self.home[name].id
        return self.db.exec(select(Beneficiary).where(Beneficiary.person_id == person_id)).one()

    def about(self, kind: CaseKind, name: str, period: Beneficiary | None = None) -> Start:
        cover = period or self.cover(name)
        return Start(kind, self.home.contract.id, Relationship(cover.relationship), cover=cover)

    def begin(self, kind: CaseKind, name: str, typed: Typed):
        case, _ = start_change(self.db, self.viewer, self.about(kind, name), NOW)
        return fill_change(
            self.db, self.viewer, self.keyring, locked(self.db, self.viewer, self.keyring, case), typed, NOW
        )

    def send(self, change):
        send_change(self.db, self.viewer, self.keyring, with_pieces(self.db, self.viewer, change), NOW)
        return change

    def accept(self, change, **options):
        case = for_desk(self.db, self.agent, change.case)
        return accept_change(self.db, self.agent, self.keyring, case, NOW, **options)


@pytest.fixture
def scene(db, keyring) -> Scene:
    return Scene(db, keyring)


# --- what an acceptance writes ---


def test_accepted_newborn_is_covered_from_the_computed_day(scene):
    """R-23: rows written from the computed date; the structure and the price were kept at sending."""
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract)
    assert (change.row.before_cents, change.row.after_cents) == (12215, 12215)
    scene.accept(change)
    person = scene.db.get_one(Person, change.case.person_id)
    cover = scene.db.exec(select(Beneficiary).where(Beneficiary.person_id == person.id)).one()
    assert (person.first_name, person.birth_date, person.nir_lookup) == ("Lou", BORN, None)
    assert (cover.valid_from, cover.valid_to, cover.relationship, cover.birth_rank) == (BORN, None, "enfant", 1)
    assert change.case.state == CaseState.ACCEPTED


def test_twins_get_their_ranks_and_an_nir_is_sealed(scene):
    """R-23: twins (birth_rank); NIR stored encrypted beside its keyed hash."""
    for rank, name in enumerate(("Lou", "Max"), start=1):
        change = drafted(scene.db, scene.viewer, scene.keyring, scene.home.contract, first_name=name)
        details = Details("Essai", name, BORN, nir_of(BORN, order=rank))
        fill_change(scene.db, scene.viewer, scene.keyring, change, Typed(details, Reason.BIRTH, birth_rank=rank), NOW)
        scene.accept(scene.send(locked(scene.db, scene.viewer, scene.keyring, change.case)))
    rows = scene.db.exec(select(Person, Beneficiary).join(Beneficiary).where(Person.birth_date == BORN)).all()
    assert sorted((person.first_name, cover.birth_rank) for person, cover in rows) == [("Lou", 1), ("Max", 2)]
    lou = next(person for person, _ in rows if person.first_name == "Lou")
    assert lou.nir_lookup == scene.keyring.lookup(nir_of(BORN))
    assert nir_of(BORN).encode() not in lou.nir_encrypted
    assert scene.keyring.decrypt(lou.nir_encrypted) == nir_of(BORN)


def test_person_known_by_the_nir_is_not_made_twice(scene):
    known = make.person(scene.db, "Lou", born=BORN)
    known.nir_lookup = scene.keyring.lookup(nir_of(BORN))
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract, nir=nir_of(BORN))
    assert change.case.person_id is None
    assert scene.accept(change).case.person_id == known.id


def test_nir_of_somebody_else_is_not_taken_over(scene):
    stranger = make.person(scene.db, "Autre", born=date(1990, 1, 1))
    stranger.nir_lookup = scene.keyring.lookup(nir_of(BORN))
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract, nir=nir_of(BORN))
    with pytest.raises(CannotApply, match="autre personne"):
        scene.accept(change)


def test_accepted_removal_ends_the_cover_on_the_computed_day(scene):
    typed = Typed(Details(event_on=TODAY), Reason.SEPARATION)
    change = scene.send(scene.begin(REMOVED, "Paul", typed))
    scene.accept(change)
    assert scene.cover("Paul").valid_to == date(2026, 11, 30)
    assert (change.row.before_cents, change.row.after_cents) == (12215, 9120)
    assert contribution_with(scene.db, scene.home.contract, 0, date(2026, 12, 1)).before_cents == 9120


def test_death_in_the_past_ends_the_cover_in_the_past_but_not_before_it_began(scene):
    """R-23: removal of someone with end in the past."""
    scene.cover("Paul").valid_from = date(2026, 9, 1)
    scene.db.flush()
    typed = Typed(Details(event_on=date(2026, 8, 2)), Reason.DEATH)
    scene.accept(scene.send(scene.begin(REMOVED, "Paul", typed)))
    assert scene.cover("Paul").valid_to == date(2026, 9, 1)


def test_cover_that_ends_sooner_already_is_left_alone(scene):
    scene.cover("Paul").valid_to = date(2026, 11, 15)
    scene.db.flush()
    scene.accept(scene.send(scene.begin(REMOVED, "Paul", Typed(Details(event_on=TODAY), Reason.SEPARATION))))
    assert scene.cover("Paul").valid_to == date(2026, 11, 15)


SEPARATED = Typed(Details(event_on=TODAY), Reason.SEPARATION)


def next_year(scene) -> Beneficiary:
    """Paul's cover in two periods, as the insurer renews it: until the year's end, and from the next one on."""
    cover = scene.cover("Paul")
    cover.valid_to = date(2026, 12, 31)
    paul = scene.home["Paul"]
    return make.cover(scene.db, scene.home.contract, paul, Relationship.SPOUSE, valid_from=date(2027, 1, 1))


def test_accepted_removal_leaves_nothing_of_a_period_that_begins_later(scene):
    """Not even a day: whoever left on 30 November would have been covered on 1 January."""
    change = scene.begin(REMOVED, "Paul", SEPARATED)
    later = next_year(scene)
    correction, _ = start_change(scene.db, scene.viewer, scene.about(CHANGED, "Paul", later), NOW)
    scene.accept(scene.send(change))
    assert scene.cover("Paul").valid_to == date(2026, 11, 30)
    assert covered_on(scene.db, scene.home.contract.id, date(2027, 1, 1)) == 2
    assert scene.db.get_one(BeneficiaryChange, correction.id, populate_existing=True).beneficiary_id is None
    about, acting_for, details = scene.db.exec(text(WITHDRAWN)).one()
    assert (about, acting_for) == (change.case.object, scene.home.member.id)
    assert all(each in str(details) for each in ("2027-01-01", str(scene.home["Paul"].id)))


def test_removal_asked_from_the_later_period_ends_the_running_one(scene):
    """The list shows the latest period: the day is reckoned from the first one all the same."""
    later = next_year(scene)
    case, _ = start_change(scene.db, scene.viewer, scene.about(REMOVED, "Paul", later), NOW)
    begun = locked(scene.db, scene.viewer, scene.keyring, case)
    scene.accept(scene.send(fill_change(scene.db, scene.viewer, scene.keyring, begun, SEPARATED, NOW)))
    assert scene.cover("Paul").valid_to == date(2026, 11, 30)


def test_removal_of_a_cover_that_was_withdrawn_meanwhile_is_told(scene):
    later = next_year(scene)
    case, _ = start_change(scene.db, scene.viewer, scene.about(REMOVED, "Paul", later), NOW)
    begun = locked(scene.db, scene.viewer, scene.keyring, case)
    scene.send(fill_change(scene.db, scene.viewer, scene.keyring, begun, SEPARATED, NOW))
    begun.row.beneficiary_id = None
    with pytest.raises(CannotApply, match="n’existe plus"):
        scene.accept(begun)


def test_accepted_correction_changes_what_was_asked_and_nothing_else(scene):
    details = Details("Modèle", "Zoé", date(2015, 9, 3), nir_of(date(2015, 9, 3), sex=2))
    scene.accept(scene.send(scene.begin(CHANGED, "Zoé", Typed(details, fields=("nom", "nir")))))
    zoe = scene.db.get_one(Person, scene.home["Zoé"].id)
    assert (zoe.last_name, zoe.first_name) == ("Modèle", "Zoé")
    assert zoe.nir_lookup == scene.keyring.lookup(details.nir)
    assert scene.cover("Zoé").valid_to is None


def test_correction_to_somebody_else_s_nir_is_not_applied(scene):
    number = nir_of(date(2015, 9, 3), sex=2)
    make.person(scene.db, "Autre").nir_lookup = scene.keyring.lookup(number)
    change = scene.begin(CHANGED, "Zoé", Typed(Details("Essai", "Zoé", date(2015, 9, 3), number), fields=("nir",)))
    with pytest.raises(CannotApply):
        scene.accept(scene.send(change))


def test_without_figures_the_agent_gives_the_day(scene):
    for row in scene.db.exec(select(Parameter)).all():
        scene.db.delete(row)
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract)
    assert change.row.effect_on is None
    scene.accept(change, effect_on=date(2026, 12, 1))
    assert change.row.effect_on == date(2026, 12, 1)


# --- refusals ---


def test_refusal_needs_a_reason_which_is_sealed(scene):
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract)
    case = for_desk(scene.db, scene.agent, change.case)
    with pytest.raises(WrongState):
        refuse_change(scene.db, scene.agent, scene.keyring, case, "  ", NOW)
    refuse_change(scene.db, scene.agent, scene.keyring, case, "Le lien n’est pas établi.", NOW)
    last = steps_of(scene.db, case)[-1]
    assert scene.keyring.decrypt(last.reason_encrypted) == "Le lien n’est pas établi."
    assert scene.db.exec(select(Person).where(Person.first_name == "Lou")).first() is None
    with pytest.raises(WrongState):
        accept_change(scene.db, scene.agent, scene.keyring, case, NOW)


def test_members_and_stale_agents_decide_nothing(scene):
    """Lock and version: an agent who saw an older version is told."""
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract)
    with pytest.raises(PermissionError):
        lock_for_desk(scene.db, scene.viewer, change.case.id, change.case.version)
    with pytest.raises(CaseMoved):
        lock_for_desk(scene.db, scene.agent, change.case.id, change.case.version - 1)


def test_person_covered_meanwhile_is_not_covered_twice(scene):
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract, nir=nir_of(BORN))
    lou = make.person(scene.db, "Lou", born=BORN)
    lou.nir_lookup = scene.keyring.lookup(nir_of(BORN))
    make.cover(scene.db, scene.home.contract, lou, valid_from=BORN)
    with pytest.raises(CannotApply, match="déjà couverte"):
        scene.accept(change)


# --- pieces, sending ---


def test_piece_held_of_the_same_person_is_not_asked_for_again(scene):
    """R-23: never ask for a piece already held."""
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract)
    scene.accept(change)
    scene.home.dependants["Lou"] = scene.db.get_one(Person, change.case.person_id)
    correction = scene.begin(CHANGED, "Lou", Typed(Details("Essai", "Lou", BORN, nir_of(BORN)), fields=("nir",)))
    assert [(slot.code, slot.is_held) for slot in change_slots(scene.db, correction.case)] == [
        ("attestation-droits", True)
    ]
    assert problems_of(scene.db, scene.keyring, correction, NOW) == []
    other = scene.begin(CHANGED, "Zoé", Typed(Details("Essai", "Zoé", date(2015, 9, 3), nir_of(BORN)), fields=("nir",)))
    assert [slot.is_held for slot in change_slots(scene.db, other.case)] == [False]


def test_refused_piece_alone_keeps_the_change_back(scene):
    """R-23: only the refused piece is asked again; deadlines run from the first sending."""
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract)
    case = for_desk(scene.db, scene.agent, change.case)
    refuse_piece(scene.db, scene.agent, scene.keyring, case, pieces_of(scene.db, case)[0].id, "Floue", NOW)
    later = NOW + timedelta(days=120)
    again = locked(scene.db, scene.viewer, scene.keyring, case)
    with pytest.raises(NotReady) as kept:
        send_change(scene.db, scene.viewer, scene.keyring, again, later)
    assert kept.value.problems == [Problem.PIECES]
    with_pieces(scene.db, scene.viewer, again)
    send_change(scene.db, scene.viewer, scene.keyring, again, later)
    assert again.row.effect_on == BORN
    with pytest.raises(WrongState):
        send_change(scene.db, scene.viewer, scene.keyring, again, later)


@pytest.mark.parametrize("state", [CaseState.IN_REVIEW, CaseState.ANSWERED])
def test_change_that_the_insurer_has_is_not_sent_again(scene, state):
    """A question is answered in words: sending again would take it for answered."""
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract)
    move_case(scene.db, change.case, state, NOW, by=scene.agent.account_id)
    with pytest.raises(WrongState):
        send_change(scene.db, scene.viewer, scene.keyring, change, NOW + timedelta(days=1))
    assert change.case.state == state


def test_nothing_is_sent_on_a_contract_that_ends_before(scene):
    """Ended cover refused."""
    change = with_pieces(scene.db, scene.viewer, drafted(scene.db, scene.viewer, scene.keyring, scene.home.contract))
    scene.home.contract.ends_on = TODAY - timedelta(days=1)
    scene.db.flush()
    assert problems_of(scene.db, scene.keyring, change, NOW) == [Problem.CONTRACT_ENDS]
    assert open_contracts(scene.db, scene.viewer, TODAY) == []


def test_draft_given_up_leaves_nothing(scene):
    change = with_pieces(scene.db, scene.viewer, drafted(scene.db, scene.viewer, scene.keyring, scene.home.contract))
    names = give_up(scene.db, scene.viewer, change)
    assert len(names) == 2
    assert lock_change(scene.db, scene.viewer, scene.keyring, change.row.case_id, None) is None


def test_sent_change_is_not_filled_anew(scene):
    change = sent(scene.db, scene.viewer, scene.keyring, scene.home.contract)
    with pytest.raises(WrongState):
        fill_change(scene.db, scene.viewer, scene.keyring, change, Typed(Details("X", "Y", BORN)), NOW)
    with pytest.raises(WrongState):
        give_up(scene.db, scene.viewer, change)


# --- who sees what ---


def test_covers_are_seen_through_the_scope_alone(scene):
    """R-72: a dependant sees the own cover; a stranger's cover cannot be reached."""
    paul = make.viewer_of(scene.db, make.dependant_account(scene.db, scene.keyring, scene.home["Paul"]))
    scope = visible_scope(scene.db, paul, TODAY)
    assert [each.first_name for each in covers_seen(scene.db, paul, scene.keyring, scope)] == ["Paul"]
    own = visible_scope(scene.db, scene.viewer, TODAY)
    seen = covers_seen(scene.db, scene.viewer, scene.keyring, own)
    assert [each.first_name for each in seen] == ["Anne", "Paul", "Zoé"]
    assert find_cover(scene.db, paul, scene.cover("Paul").id) is None
    assert (
        find_cover(
            scene.db, scene.viewer, make.cover(scene.db, make.household(scene.db).contract, make.person(scene.db)).id
        )
        is None
    )


# --- races and letters ---


def committed(database, keyring):
    """A complete draft in the database; its account and its case's id and version."""
    with database.write() as db:
        home, account = make.member_with_account(db, keyring)
        figures(db)
        viewer = make.viewer_of(db, account)
        change = with_pieces(db, viewer, drafted(db, viewer, keyring, home.contract))
        return viewer, change.case.id, change.case.version, home.contract.id


def test_twenty_sendings_at_once_make_one_request(database, keyring):
    """Same draft sent from many tabs at the same instant: one goes through."""
    viewer, case_id, version, _ = committed(database, keyring)

    def press(_: int) -> str:
        with database.write() as db:
            try:
                change = lock_change(db, viewer, keyring, case_id, version)
                send_change(db, viewer, keyring, change, NOW)
            except CaseMoved:
                return "moved"
            return "sent"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(press, range(20)))
    assert sorted(set(answers)) == ["moved", "sent"]
    assert answers.count("sent") == 1
    with database.read() as db:
        change = find_change(db, viewer, keyring, case_id)
        assert [step.state for step in steps_of(db, change.case)] == ["brouillon", "envoyee"]


def test_starts_at_once_make_one_draft(database, keyring):
    """Double submit."""
    viewer, _, _, contract_id = committed(database, keyring)
    start = Start(ADDED, contract_id, Relationship.SPOUSE, Reason.MARRIAGE)

    def press(_: int) -> int:
        with database.write() as db:
            return start_change(db, viewer, start, NOW)[0].id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(press, range(16)))) == 1


def test_member_is_told_of_a_decision_without_content(client, database):
    """A letter that says nothing of what was decided."""
    services = client.services
    with database.write() as db:
        home, account = make.member_with_account(db, services.keyring)
        account.email = "anne@exemple.example"
        figures(db)
        viewer = make.viewer_of(db, account)
        agent = make.viewer_of(db, make.desk_account(db, services.keyring), letters=CaseLetters(services))
        change = sent(db, viewer, services.keyring, home.contract)
        accept_change(db, agent, services.keyring, for_desk(db, agent, change.case), NOW)
    (letter,) = letters(database, services, "anne@exemple.example")
    assert change.case.reference in letter.text
    assert "/adherent/beneficiaires/demandes/" in letter.text
    assert "Lou" not in letter.text
