"""The desk's team (R-05, R-72): duties given and withdrawn at once, absences, and whose requests go where."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.data.cases import CaseKind
from portal.data.work_acts import take
from portal.data.work_items import Duty
from tests.support import factories, work
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence

TEAM = "/gestion/equipe"


@pytest.fixture
def paul(make):
    return make(factories.desk_account, display_name="Paul Grand", duties=[Duty.MESSAGES])


@pytest.fixture
def name(client):
    return lambda account: client.services.keyring.conceal("account", [account.id])[0]


@pytest.fixture
def held(client, paul):
    """A message that Paul has."""
    keyring, now = client.services.keyring, datetime.now(UTC)
    with client.services.database.write() as db:
        item = work.sent_case(db, work.author(db, keyring), now, CaseKind.MESSAGE)
        take(db, factories.viewer_of(db, paul), keyring, item, now)
    return item


def form_to(action: str) -> str:
    return f'form[action="{action}"]'


def holder(client, item) -> int | None:
    with client.services.database.read() as db:
        return db.get_one(type(item), item.id).assignee_id


def test_supervisor_reads_duties_loads_and_absences(client, supervisor, paul, held) -> None:
    enter(client, supervisor)
    client.get(TEAM)
    rows = {work.words(row.css_first("th")): work.words(row) for row in client.page.css("tbody tr")}
    assert "Messages" in rows["Paul Grand Gestionnaire"]
    assert "Présent 1 0" in rows["Paul Grand Gestionnaire"]
    assert any("Toutes les missions" in row for row in rows.values())


def test_agent_never_reaches_the_team_r72(client, agent, paul, name) -> None:
    enter(client, agent)
    for path in (TEAM, f"{TEAM}/{name(paul)}"):
        assert ask(client, path).status_code == 403
    assert send(client, f"{TEAM}/{name(paul)}/missions", {"missions": "soins"}, form_at="/gestion").status_code == 403


def test_duties_change_at_once_with_evidence_and_give_back(client, supervisor, paul, held, name) -> None:
    """R-72: the very next request of the agent's."""
    enter(client, supervisor)
    evidence = Evidence(client)
    client.get(f"{TEAM}/{name(paul)}")
    client.submit(form_to(f"{TEAM}/{name(paul)}/missions"), missions=["soins", "fraude"])
    (act,) = [act for act in evidence.fresh() if act.action == "desk-duties.changed"]
    assert (act.object, act.details["given"], act.details["withdrawn"]) == (
        f"compte:{paul.id}", ["fraude", "soins"], ["messages"],
    )  # fmt: skip
    assert holder(client, held) is None
    enter(client, paul)
    assert "Rien n’attend" in client.get("/gestion/file").text
    enter(client, supervisor)
    client.get(f"{TEAM}/{name(paul)}")
    client.submit(form_to(f"{TEAM}/{name(paul)}/missions"), missions=["soins", "fraude"])
    assert [act for act in evidence.fresh() if act.action == "desk-duties.changed"] == []


@pytest.mark.parametrize("to", ["file", "agent"])
def test_absent_agents_requests_are_passed_on_in_one_act(client, supervisor, agent, paul, held, name, to) -> None:
    heir = agent if to == "agent" else None
    day = (datetime.now(UTC) + timedelta(days=4)).date().isoformat()
    enter(client, supervisor)
    evidence = Evidence(client)
    fields = {"jour": day, "a": name(heir) if heir else "file"}
    path = f"{TEAM}/{name(paul)}"
    assert send(client, f"{path}/absence", fields | {"a": name(paul)}, form_at=path).status_code == 422
    assert send(client, f"{path}/absence", fields, form_at=path).status_code == 303
    assert holder(client, held) == (heir.id if heir else None)
    (act,) = [act for act in evidence.fresh() if act.action == "desk-absence.declared"]
    assert (act.details["requests"], act.details["until"]) == (1, day)
    assert "Absent jusqu’au" in client.get(TEAM).text
    client.get(f"{TEAM}/{name(paul)}")
    client.submit(form_to(f"{TEAM}/{name(paul)}/retour"))
    assert "Absent jusqu’au" not in client.get(TEAM).text


@pytest.mark.parametrize("day", ["", "2020-01-01", "2099-01-01", "demain"])
def test_absence_without_a_possible_day_is_refused(client, supervisor, paul, held, name, day) -> None:
    enter(client, supervisor)
    path = f"{TEAM}/{name(paul)}"
    assert send(client, f"{path}/absence", {"jour": day, "a": "file"}, form_at=path).status_code == 422
    assert holder(client, held) == paul.id


def test_nobody_outside_the_desk_is_of_the_team(client, supervisor, member, name) -> None:
    day = (datetime.now(UTC) + timedelta(days=4)).date().isoformat()
    enter(client, supervisor)
    path = f"{TEAM}/{name(member)}"
    assert ask(client, path).status_code == 404
    for act, fields in (("missions", {"missions": "soins"}), ("absence", {"jour": day, "a": "file"}), ("retour", {})):
        assert send(client, f"{path}/{act}", fields, form_at=TEAM if act else "").status_code == 404
    assert send(client, f"{TEAM}/{name(supervisor)}/missions", {}, form_at="/gestion/file").status_code == 404
