"""The desk's queue (R-05, R-72): what agents see, filter, take, hand over, together, and never twice."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from portal.data.accounts import Account
from portal.data.cases import Case, CaseKind
from portal.data.proposals import DecisionProposal, ProposalState
from portal.data.sessions import SignedSession
from portal.data.work_acts import take
from portal.data.work_items import Duty, Turn, WorkItem
from portal.data.work_presence import be_present
from portal.data.work_queue import MOST_COUNTED
from portal.security import fingerprint
from tests.support import factories, work
from tests.support.entry import ask, enter, present, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.swap import assert_fragment_is_in_page, assert_swap_equals_reload

LIST = "/gestion/file"
WORDS = "La personne rappelle demain."


@pytest.fixture
def colleague(make):
    return make(factories.desk_account, display_name="Paul Grand")


@pytest.fixture
def queue(client):
    """Puts cases of one member into the queue, and finds their rows and names again."""
    return Queue(client)


class Queue:
    def __init__(self, client) -> None:
        self._client, self._keyring = client, client.services.keyring
        with client.services.database.write() as db:
            self._author = work.author(db, self._keyring)

    def give_address(self, email: str) -> None:
        """The member is written to there."""
        with self._client.services.database.write() as db:
            db.get_one(Account, self._author.account_id).email = email

    def add(self, kind: CaseKind = CaseKind.MESSAGE, **values) -> str:
        """The reference of a new case."""
        with self._client.services.database.write() as db:
            item = work.sent_case(db, self._author, datetime.now(UTC), kind, keyring=self._keyring, **values)
            return work.case_of(db, item).reference

    def change(self, reference: str, act) -> None:
        with self._client.services.database.write() as db:
            act(db, self._found(db, reference))

    def item(self, reference: str) -> WorkItem:
        with self._client.services.database.read() as db:
            return self._found(db, reference)

    def path(self, reference: str, act: str) -> str:
        (name,) = self._keyring.conceal("work", [self.item(reference).id])
        return f"{LIST}/dossiers/{name}/{act}"

    def give(self, reference: str, account) -> None:
        now = datetime.now(UTC)
        self.change(reference, lambda db, item: take(db, factories.viewer_of(db, account), self._keyring, item, now))

    def open_by(self, reference: str, account) -> None:
        now = datetime.now(UTC)
        self.change(reference, lambda db, item: be_present(db, factories.viewer_of(db, account), item, now))

    @staticmethod
    def _found(db: Session, reference: str) -> WorkItem:
        return db.exec(
            select(WorkItem).join(Case, Case.id == WorkItem.case_id).where(Case.reference == reference)
        ).one()


def form_to(action: str) -> str:
    return f'form[action="{action}"]'


def listed(client, query: str = "") -> list[str]:
    client.get(LIST + query)
    return [node.text() for node in client.page.css("tbody th a")]


def in_days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_agent_sees_what_waits_by_what_is_due_first_without_any_name(client, agent, queue) -> None:
    """R-05, R-72: reference, kind, age, day due, who has it; the author's name stays in the case."""
    later, sooner = queue.add(due_at=in_days(9)), queue.add(CaseKind.CLAIM, due_at=in_days(2))
    late = queue.add(CaseKind.COMPLAINT, due_at=in_days(-3))
    enter(client, agent)
    evidence = Evidence(client)
    assert listed(client) == [late, sooner, later]
    rows = [work.words(row) for row in client.page.css("tbody tr")]
    assert "Réclamation, adhérent" in rows[0]
    assert "en retard de 3 jours" in rows[0]
    assert "dans 2 jours" in rows[1]
    assert queue._author.display_name not in client.answer.text
    assert [act.action for act in evidence.fresh()] == ["work.listed"]


def test_agent_sees_only_requests_of_their_duties_r72(client, make, queue) -> None:
    message, claim = queue.add(), queue.add(CaseKind.CLAIM)
    enter(client, make(factories.desk_account, duties=[Duty.MESSAGES]))
    assert listed(client) == [message]
    assert listed(client, f"?reference={claim}") == []
    for path in (queue.path(claim, "note"), f"{LIST}?apres={queue.path(claim, '').split('/')[-2]}"):
        assert ask(client, path).status_code == 404
    assert send(client, queue.path(claim, "note"), {"mot": WORDS}, form_at="/gestion").status_code == 404
    assert queue.item(claim).assignee_id is None


def test_agent_never_meets_a_relative_s_request_in_the_queue_r72(client, make, queue) -> None:
    """Neither in the list and its counts, nor by a reference, in a lot, by a page left open, nor as the next one."""
    reference = queue.add()
    queue.give_address("paul@famille.example")
    enter(client, make(factories.desk_account, is_supervisor=True, email="PAUL@famille.example"))
    assert listed(client) == listed(client, f"?reference={reference}") == []
    assert reference not in client.get("/gestion").one("main").text()
    (name,) = client.services.keyring.conceal("work", [queue.item(reference).id])
    assert reference not in client.get(f"{LIST}/lot?dossiers={name}").one("main").text()
    for path in (queue.path(reference, "note"), f"{LIST}?apres={name}", f"/gestion/dossiers/{name}"):
        assert ask(client, path).status_code == 404
    for path in (queue.path(reference, "presence"), f"/fragments/gestion/dossiers/{name}/presence"):
        assert send(client, path, {}, form_at="/gestion").status_code == 404
    send(client, f"{LIST}/suivant", {}, form_at=LIST)
    assert queue.item(reference).assignee_id is None


@pytest.mark.parametrize("maker", ["employer_account", "provider_account"])
def test_other_spaces_never_reach_the_queue_r72(client, make, queue, maker) -> None:
    reference = queue.add()
    enter(client, make(getattr(factories, maker)))
    assert ask(client, LIST).status_code == 403
    assert ask(client, queue.path(reference, "note")).status_code == 403


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["free", "late", "mine", "theirs"]),
        ("?nature=remboursement", ["free"]),
        ("?qui=moi", ["mine"]),
        ("?qui=personne", ["free", "late"]),
        ("?delai=retard", ["late"]),
        ("?delai=bientot", ["mine"]),
        ("?delai=aujourdhui", ["free", "late", "mine", "theirs"]),
        ("?espace=employeur", []),
        ("?suivi=veille", ["asleep"]),
        ("?suivi=escalade", []),
        ("?tour=fini", []),
        ("?nature=x&qui=y&delai=z&tour=gestion&suivi=1", ["free", "late", "mine", "theirs"]),
    ],
)
def test_filter_leaves_what_it_says(client, agent, colleague, queue, query, wanted) -> None:
    """A filter that means nothing is left out."""
    made = {
        "free": queue.add(CaseKind.CLAIM, due_at=in_days(20)),
        "late": queue.add(due_at=in_days(-1)),
        "mine": queue.add(due_at=in_days(1)),
        "theirs": queue.add(due_at=in_days(20)),
        "asleep": queue.add(),
    }
    queue.give(made["mine"], agent)
    queue.give(made["theirs"], colleague)
    queue.change(made["asleep"], lambda _, item: setattr(item, "snoozed_until", in_days(2)))
    enter(client, agent)
    assert sorted(listed(client, query)) == sorted(made[name] for name in wanted)


def proposed(client, queue, reference: str, by, *, version: int = 0) -> None:
    """A decision of somebody's that waits for a second agent; `version`: how many times the case moved since."""
    with client.services.database.write() as db:
        case = db.get_one(Case, queue.item(reference).case_id)
        asked = {"case_id": case.id, "kind": case.kind, "act": "repondre", "version": case.version - version}
        asked |= {"state": ProposalState.WAITING, "written_by": by.id, "written_at": in_days(0)}
        db.add(DecisionProposal(**asked))


def test_second_agent_finds_what_waits_for_them_in_the_queue_with_its_count(client, agent, colleague, queue) -> None:
    """R-05, R-61: whatever its turn, also asleep; not one's own decision, nor one that its case has moved past."""
    made = {name: queue.add() for name in ("theirs", "over", "asleep", "own", "moved", "none")}
    for name, by in (("theirs", colleague), ("over", colleague), ("asleep", colleague), ("own", agent)):
        proposed(client, queue, made[name], by)
    proposed(client, queue, made["moved"], colleague, version=1)
    queue.change(made["over"], lambda _, item: setattr(item, "turn", Turn.NOBODY))
    queue.change(made["asleep"], lambda _, item: setattr(item, "snoozed_until", in_days(2)))
    enter(client, agent)
    assert sorted(listed(client, "?suivi=a-valider")) == sorted(made[name] for name in ("theirs", "over", "asleep"))
    assert "À valider 3 dossiers" in text_of(client.page.one(".views a[aria-current=page]"))
    assert all(node.attributes["href"].endswith("/validation") for node in client.page.css("tbody th a"))
    assert listed(client, f"?suivi=a-valider&reference={made['none']}") == [made["none"]]
    assert listed(client, "?suivi=a-valider&nature=remboursement") == []
    assert len(listed(client, "?suivi=a-valider&delai=aujourdhui")) == 3


def test_agent_of_other_duties_finds_nothing_to_approve_r72(client, make, colleague, queue) -> None:
    proposed(client, queue, queue.add(), colleague)
    enter(client, make(factories.desk_account, duties=[Duty.FRAUD]))
    assert listed(client, "?suivi=a-valider") == []


def test_reference_is_found_however_it_is_typed(client, agent, queue) -> None:
    reference = queue.add()
    queue.add()
    enter(client, agent)
    assert listed(client, f"?reference={reference.lower().replace('-', '%20')}") == [reference]
    assert listed(client, "?reference=D-0000-0000") == []
    assert "Aucun dossier ne porte cette référence" in client.answer.text


def test_list_goes_on_by_key_and_changes_in_place(client, agent, queue, monkeypatch) -> None:
    monkeypatch.setattr("portal.data.work_queue.PAGE_SIZE", 2)
    references = [queue.add(due_at=in_days(day)) for day in (1, 2, 3)]
    enter(client, agent)
    assert listed(client) == references[:2]
    assert_fragment_is_in_page(client, ".onward a", "tbody")
    assert [node.text() for node in client.page.css("tbody th a")] == references[2:]
    client.get(LIST)
    assert_swap_equals_reload(client, ".filters form", delai="retard")
    assert "Aucun dossier ici" in client.answer.text


def test_counts_stop_at_what_matters(client, agent, queue, monkeypatch) -> None:
    monkeypatch.setattr("portal.data.work_queue.MOST_COUNTED", 2)
    monkeypatch.setattr("portal.work_words.MOST_COUNTED", 2)
    for _ in range(4):
        queue.add()
    enter(client, agent)
    listed(client)
    assert "À traiter 2+" in work.words(client.page.one(".views"))
    assert MOST_COUNTED == 500


def test_agent_takes_a_request_from_the_list_and_the_second_is_told_who_has_it(client, agent, colleague, queue) -> None:
    reference = queue.add()
    enter(client, agent)
    evidence = Evidence(client)
    client.get(LIST)
    assert f"Je m’en charge : {reference}" in work.words(client.page.one("tbody"))
    done = send(client, queue.path(reference, "prise-en-charge"), form_at=LIST)
    assert (done.status_code, queue.item(reference).assignee_id) == (303, agent.id)
    assert [(act.action, act.details["act"]) for act in evidence.fresh() if act.action == "work.changed"] == [
        ("work.changed", "prise-en-charge")
    ]
    enter(client, colleague)
    refused = send(client, queue.path(reference, "prise-en-charge"), form_at=LIST)
    assert refused.status_code == 422
    assert f"{agent.display_name} s’occupe déjà de ce dossier" in refused.text
    assert queue.item(reference).assignee_id == agent.id
    assert Evidence(client).fresh() == []


def test_agent_takes_over_knowingly_what_a_colleague_has(client, agent, colleague, queue) -> None:
    reference = queue.add()
    queue.give(reference, colleague)
    enter(client, agent)
    client.get(queue.path(reference, "reprise"))
    client.submit()
    assert queue.item(reference).assignee_id == agent.id
    client.get(queue.path(reference, "reprise"))
    queue.change(reference, lambda _, item: setattr(item, "assignee_id", colleague.id))
    fields = {"place": client.services.keyring.conceal("account", [agent.id])[0]}
    assert send(client, queue.path(reference, "reprise"), fields, form_at=LIST).status_code == 422


def test_agent_hands_over_with_a_word_that_colleagues_read(client, agent, colleague, queue) -> None:
    reference = queue.add()
    queue.give(reference, agent)
    enter(client, agent)
    client.get(queue.path(reference, "transmission"))
    (name,) = client.services.keyring.conceal("account", [colleague.id])
    client.submit(a=name, mot=WORDS)
    assert queue.item(reference).assignee_id == colleague.id
    enter(client, colleague)
    assert listed(client, "?qui=moi") == [reference]
    client.get(queue.path(reference, "note"))
    client.submit(mot="Appelée ce matin, sans réponse.")
    shown = work.words(client.page.one("#suivi"))
    assert WORDS in shown
    assert "Appelée ce matin" in shown


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("transmission", {"a": "", "mot": WORDS}),
        ("transmission", {"a": "moi", "mot": WORDS}),
        ("transmission", {"mot": "x" * 501}),
        ("escalade", {"mot": "vite"}),
        ("veille", {"jour": "", "mot": WORDS}),
        ("veille", {"jour": "2020-01-01", "mot": WORDS}),
        ("veille", {"jour": "2090-01-01", "mot": WORDS}),
        ("veille", {"jour": "2090-01-01", "mot": ""}),
        ("note", {"mot": " "}),
        ("remise", {"mot": ""}),
        ("reveil", {}),
    ],
)
def test_act_that_cannot_be_is_explained_and_changes_nothing(client, agent, colleague, queue, act, fields) -> None:
    reference = queue.add()
    enter(client, agent)
    before = queue.item(reference)
    answer = send(client, queue.path(reference, act), fields, form_at=LIST)
    assert answer.status_code == 422
    assert fields.get("mot", "")[:400] in answer.text
    assert queue.item(reference) == before


def test_unknown_act_or_one_of_supervisors_does_not_exist(client, agent, queue) -> None:
    reference = queue.add()
    enter(client, agent)
    for act in ("effacement", "fin-escalade"):
        assert ask(client, queue.path(reference, act)).status_code == 404
        assert send(client, queue.path(reference, act), {"mot": WORDS}, form_at=LIST).status_code == 404


def test_escalated_request_goes_first_and_a_supervisor_settles_it(client, agent, supervisor, queue) -> None:
    first, second = queue.add(due_at=in_days(1)), queue.add(due_at=in_days(9))
    enter(client, agent)
    client.get(queue.path(second, "escalade"))
    client.submit(mot="Menace de saisir la presse.")
    enter(client, supervisor)
    assert listed(client) == [second, first]
    assert listed(client, "?suivi=escalade") == [second]
    client.get(queue.path(second, "fin-escalade"))
    client.submit(mot="Appelé, tout est réglé.")
    assert listed(client) == [first, second]


def test_request_sleeps_until_a_day_and_can_be_woken(client, agent, queue) -> None:
    reference = queue.add(due_at=in_days(9))
    enter(client, agent)
    client.get(queue.path(reference, "veille"))
    client.submit(jour=(datetime.now(UTC) + timedelta(days=3)).date().isoformat(), mot=WORDS)
    assert listed(client) == []
    assert listed(client, "?suivi=veille") == [reference]
    client.get(queue.path(reference, "reveil"))
    client.submit()
    assert listed(client) == [reference]


def test_next_request_is_the_agents_at_one_press(client, agent, queue) -> None:
    urgent = queue.add(due_at=in_days(1))
    queue.add(due_at=in_days(5))
    enter(client, agent)
    assert send(client, f"{LIST}/suivant", form_at="/gestion").headers["location"].startswith("/gestion/dossiers/")
    assert queue.item(urgent).assignee_id == agent.id
    send(client, f"{LIST}/suivant", form_at="/gestion")
    nothing = send(client, f"{LIST}/suivant", form_at="/gestion")
    assert nothing.headers["location"] == f"{LIST}?qui=personne"


def test_agent_keeps_a_filter_with_its_count_and_drops_it(client, agent, colleague, queue) -> None:
    queue.add(CaseKind.CLAIM)
    enter(client, agent)
    client.get(f"{LIST}?nature=remboursement&qui=personne&pirate=1")
    client.submit(form_to(f"{LIST}/filtres"), nom="Soins libres")
    assert client.path == f"{LIST}?nature=remboursement&qui=personne"
    assert "Soins libres 1" in work.words(client.page.one(".views"))
    drop = client.page.one(".views form").attributes["action"]
    answer = send(client, f"{LIST}/filtres", {"nom": " ", "filtre": "qui=moi"}, form_at=LIST)
    assert answer.status_code == 422
    enter(client, colleague)
    assert "Soins libres" not in client.get(LIST).text
    assert send(client, drop, form_at=LIST).status_code == 404
    enter(client, agent)
    assert send(client, drop, form_at=LIST).status_code == 303
    assert "Soins libres" not in client.get(LIST).text


# --- several at once ---


def test_several_are_taken_each_judged_on_its_own(client, agent, colleague, queue) -> None:
    """What a colleague has stays; what is no duty of the agent's, or no request, is nobody's."""
    free, taken, other = queue.add(), queue.add(), queue.add()
    queue.give(taken, colleague)
    names = [queue.path(each, "").split("/")[-2] for each in (free, taken)]
    enter(client, agent)
    evidence = Evidence(client)
    client.get(f"{LIST}/lot?dossiers={names[0]}&dossiers={names[1]}&dossiers=inventé")
    client.submit(acte="prise-en-charge")
    shown = work.words(client.page.one("main"))
    assert "1 dossier pris en charge" in shown
    assert f"{taken} Message : un collègue s’en occupe déjà (Paul Grand)" in shown
    assert [queue.item(each).assignee_id for each in (free, taken, other)] == [agent.id, colleague.id, None]
    assert [act.action for act in evidence.fresh() if act.action == "work.changed"] == ["work.changed"]


def test_several_are_handed_over_or_put_to_sleep(client, agent, colleague, queue) -> None:
    near, far = queue.add(due_at=in_days(1)), queue.add(due_at=in_days(20))
    names = [queue.path(each, "").split("/")[-2] for each in (near, far)]
    enter(client, agent)
    path = f"{LIST}/lot?" + "&".join(f"dossiers={name}" for name in names)
    day = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    client.get(path)
    client.submit(acte="veille", jour=day, mot="Nous attendons la caisse.")
    shown = work.words(client.page.one("main"))
    assert "1 dossier mis en veille" in shown
    assert f"{near} Message : sa réponse est due avant ce jour" in shown
    (to,) = client.services.keyring.conceal("account", [colleague.id])
    client.get(path)
    client.submit(acte="transmission", a=to)
    assert "2 dossiers confiés" in work.words(client.page.one("main"))
    assert {queue.item(each).assignee_id for each in (near, far)} == {colleague.id}


@pytest.mark.parametrize("act", ["", "escalade", "note", "decision"])
def test_nothing_else_is_done_to_several(client, agent, queue, act) -> None:
    reference = queue.add()
    fields = {"dossiers": queue.path(reference, "").split("/")[-2], "acte": act, "mot": WORDS}
    enter(client, agent)
    assert send(client, f"{LIST}/lot", fields, form_at=LIST).status_code == 422
    assert send(client, f"{LIST}/lot", {"acte": "prise-en-charge"}, form_at=LIST).status_code == 422
    assert queue.item(reference).escalated_at is None


# --- who has it open ---


def test_colleague_who_has_it_open_is_told_in_the_list_and_in_the_case(client, agent, colleague, queue) -> None:
    reference = queue.add()
    queue.open_by(reference, colleague)
    enter(client, agent)
    client.get(LIST)
    assert "Ouvert par Paul Grand" in work.words(client.page.one("tbody"))
    assert "Message ouvert par Paul Grand" in work.words(client.page.one("#ouverts"))
    assert_fragment_is_in_page(client, "#ouverts-relire", "#ouverts")
    client.get(queue.path(reference, "note"))
    client.get(client.page.one(".actions .bare").attributes["href"])
    assert "Ouvert en ce moment par Paul Grand" in work.words(client.page.one("#presence"))
    assert_swap_equals_reload(client, "#suivi form[hx-post]")
    enter(client, colleague)
    client.get(LIST)
    assert agent.display_name in work.words(client.page.one("#ouverts"))


def test_page_left_open_keeps_no_session_alive(client, agent, queue) -> None:
    """What a page asks by itself is no act of the agent's: the session ends as if nobody had asked (security: C4)."""
    reference = queue.add()
    with client.services.database.write() as db:
        token = factories.session_token(db, agent)
        db.get_one(SignedSession, fingerprint(token)).seen_at = before = datetime.now(UTC) - timedelta(minutes=5)
    present(client, token)
    form = {"jeton": client.services.keyring.csrf_token(f"session:{fingerprint(token)}")}
    client.services.journal.flush()
    path = queue.path(reference, "presence").replace(LIST, "/fragments/gestion")
    assert send(client, path, form).status_code == 200
    assert ask(client, "/fragments/gestion/file/ouverts").status_code == 200
    client.services.journal.flush()
    assert seen(client, token) == before
    ask(client, LIST)
    client.services.journal.flush()
    assert seen(client, token) > before


def seen(client, token: str) -> datetime:
    with client.services.database.read() as db:
        return db.get_one(SignedSession, fingerprint(token)).seen_at


def test_answer_to_what_a_colleague_has_is_asked_to_be_confirmed(client, agent, colleague, member) -> None:
    """R-05: the fraud case's own form, as each form that answers a request."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        item = work.fraud_item(db, keyring, member.id, datetime.now(UTC))
        take(db, factories.viewer_of(db, colleague), keyring, item, datetime.now(UTC))
    path = f"/gestion/fraudes/{keyring.conceal('fraud', [item.report_id])[0]}/etape"
    fields = {"etape": "appel", "note": "Appel à 14 h, identité vérifiée."}
    enter(client, agent)
    assert "Paul Grand s’occupe de ce dossier." in client.get(path).text
    refused = send(client, path, fields, form_at=path)
    assert refused.status_code == 422
    assert "Paul Grand s’occupe de ce dossier. Cochez" in refused.text
    assert send(client, path, fields | {"collegue": "1"}, form_at=path).status_code == 303
    enter(client, colleague)
    assert send(client, path, fields, form_at=path).status_code == 303


def test_fraud_report_is_for_whoever_is_charged_with_fraud_r72(client, make, member) -> None:
    keyring = client.services.keyring
    with client.services.database.write() as db:
        item = work.fraud_item(db, keyring, member.id, datetime.now(UTC))
    path = f"/gestion/fraudes/{keyring.conceal('fraud', [item.report_id])[0]}"
    enter(client, make(factories.desk_account, duties=[Duty.MESSAGES]))
    assert ask(client, path).status_code == 404
    assert "Aucun signalement" in client.get("/gestion/fraudes").text
    enter(client, make(factories.desk_account, duties=[Duty.FRAUD]))
    assert ask(client, path).status_code == 200
    assert [node.attributes["href"] for node in client.get(LIST).css("tbody th a")] == [path]


def test_start_page_tells_the_day_by_the_queues_own_counts(client, agent, colleague, queue) -> None:
    mine, late = queue.add(due_at=in_days(9)), queue.add(due_at=in_days(-2))
    queue.give(mine, agent)
    enter(client, agent)
    client.get("/gestion")
    day = [work.words(node) for node in client.page.css(".day a")]
    assert day[:2] == ["1 Mes dossiers", "1 En retard"]
    assert mine in work.words(client.page.one("main"))
    assert late not in work.words(client.page.one("main"))
    for node in client.page.css(".day a"):
        client.get(node.attributes["href"])
        assert client.answer.status_code == 200
