"""Letters of the desk's acts: the author learns that there is news, and never from the letter what (R-26, R-80)."""

from datetime import timedelta

import pytest

from portal.case_notices import CaseLetters
from portal.data.case_desk import agent_at_work, answer, lock_for_desk, move_by_desk, refuse_piece
from portal.data.case_pieces import add_pieces, pieces_of
from portal.data.cases import Case, CaseKind, CaseState, WrongState
from portal.data.claim_estimates import answer_quote
from portal.data.complaint_rules import Outcome
from portal.data.complaints import (
    acknowledge,
    answer_complaint,
    send_complaint,
    start_complaint,
)
from portal.data.sessions import find_viewer
from tests.support import claims, factories
from tests.support.beneficiaries import new_file
from tests.support.conversations import NOW, SAID, anonymous, correction, thread
from tests.support.mail import letters

SECRET = "Voici la radiographie."


class Desk:
    """An agent, and the cases of Anne's that the agent acts on, in one transaction each."""

    def __init__(self, client) -> None:
        self.services = client.services
        self.keyring = client.services.keyring
        with self.services.database.write() as db:
            _, account = factories.member_with_account(db, self.keyring)
            account.email = "anne@exemple.example"
            db.add(account)
            self.anne = factories.viewer_of(db, account)
            staff = factories.desk_account(db, self.keyring)
            self.agent = factories.viewer_of(db, staff, letters=CaseLetters(self.services))

    def begun(self, begin) -> int:
        with self.services.database.write() as db:
            return begin(db, self.keyring, self.anne).id

    def act(self, case_id: int, act) -> None:
        with self.services.database.write() as db:
            act(db, self.agent, self.keyring, locked(db, self.agent, case_id))

    def news(self) -> list:
        told = {"case-news", "complaint-acknowledged"}
        return [each for each in letters(self.services.database, self.services) if each.name in told]


def locked(db, agent, case_id):
    return lock_for_desk(db, agent, case_id, db.get(Case, case_id).version)


@pytest.fixture
def desk(client) -> Desk:
    return Desk(client)


def complaint(db, keyring, anne):
    case, _ = start_complaint(db, anne, keyring, SAID, NOW)
    add_pieces(db, anne, case, "pieces", [new_file(), new_file()], NOW)
    return send_complaint(db, anne, case.id, case.version, NOW)


def quote(db, _keyring, anne):
    return claims.sent(db, anne, CaseKind.QUOTE, now=claims.NOW).case


def refuse_first(db, agent, keyring, case) -> None:
    refuse_piece(db, agent, keyring, case, pieces_of(db, case)[0].id, SECRET, NOW)


ACTS = {
    "answer": (thread, lambda *given: answer(*given, SECRET, NOW)),
    "acknowledge": (complaint, lambda *given: acknowledge(*given, SECRET, NOW)),
    "answer-complaint": (complaint, lambda *given: answer_complaint(*given, Outcome.FOUNDED, SECRET, NOW)),
    "refuse-piece": (complaint, refuse_first),
    "answer-quote": (quote, lambda *given: answer_quote(*given, CaseState.ACCEPTED, SECRET, NOW)),
    "decide": (correction, lambda *given: move_by_desk(*given, CaseState.ACCEPTED, SECRET, NOW)),
}


@pytest.mark.parametrize("name", ACTS)
def test_author_is_written_to_of_each_act_and_reads_nothing_of_it(desk, name) -> None:
    begin, act = ACTS[name]
    case_id = desk.begun(begin)
    desk.act(case_id, act)
    (letter,) = desk.news()
    assert letter.to == "anne@exemple.example"
    assert "radiographie" not in letter.text + letter.html + letter.subject
    assert desk.keyring.conceal("case", [case_id])[0] in letter.text


@pytest.mark.parametrize("name", ["acknowledge", "answer-complaint"])
def test_author_without_account_is_written_to_with_the_link(desk, client, name) -> None:
    case_id = desk.begun(anonymous)
    desk.act(case_id, ACTS[name][1])
    (letter,) = desk.news()
    assert letter.to == "jean@exemple.example"
    assert "radiographie" not in letter.text
    assert "dans votre espace" not in letter.text
    (link,) = [link for link in letter.links if "/reclamation/suivi" in link]
    client.get(link.removeprefix(desk.services.settings.origin), follow=True)
    assert "radiographie" in client.page.text


def test_several_pieces_refused_together_make_one_letter(desk) -> None:
    case_id = desk.begun(complaint)

    def refuse_both(db, agent, keyring, case) -> None:
        for piece in pieces_of(db, case):
            refuse_piece(db, agent, keyring, case, piece.id, SECRET, NOW)

    desk.act(case_id, refuse_both)
    assert len(desk.news()) == 1


def test_case_taken_for_review_says_nothing_yet(desk) -> None:
    desk.act(desk.begun(correction), lambda *given: move_by_desk(*given, CaseState.IN_REVIEW, "", NOW))
    assert desk.news() == []


def test_act_that_is_refused_writes_to_nobody(desk) -> None:
    case_id = desk.begun(complaint)
    desk.act(case_id, ACTS["answer-complaint"][1])
    with pytest.raises(WrongState):
        desk.act(case_id, lambda *given: answer_complaint(*given, Outcome.FOUNDED, SECRET, NOW + timedelta(days=1)))
    assert len(desk.news()) == 1


def test_nobody_acts_who_brings_no_letters(desk) -> None:
    """Neither a member, nor one of the staff who is not at work on cases."""
    case_id = desk.begun(thread)
    with desk.services.database.write() as db:
        staff = factories.desk_account(db, desk.keyring)
        plain = find_viewer(db, factories.session_token(db, staff, now=NOW), NOW)
    for outsider in (desk.anne, plain):
        with pytest.raises(PermissionError), desk.services.database.write() as db:
            lock_for_desk(db, outsider, case_id, 2)
        with pytest.raises(PermissionError), desk.services.database.write() as db:
            answer(db, outsider, desk.keyring, locked(db, desk.agent, case_id), SECRET, NOW)
    with pytest.raises(PermissionError):
        agent_at_work(desk.anne, CaseLetters(desk.services))


def test_agent_who_acknowledges_sends_the_letter_of_the_law_not_the_general_one(desk) -> None:
    """R-26, ACPR 2022-R-01: an acknowledgment says until when one is answered and who the mediator is, whoever sends
    it."""
    for begin, to in ((complaint, "anne@exemple.example"), (anonymous, "jean@exemple.example")):
        case_id = desk.begun(begin)
        desk.act(case_id, ACTS["acknowledge"][1])
        letter = desk.news()[-1]
        assert (letter.name, letter.to) == ("complaint-acknowledged", to)
        assert desk.services.settings.mediator_name in letter.text
        assert "Réponse avant le" in letter.text
    assert len(desk.news()) == 2


def test_complaint_acknowledged_twice_or_over_sends_nothing_more(desk) -> None:
    case_id = desk.begun(complaint)
    desk.act(case_id, ACTS["acknowledge"][1])
    with pytest.raises(WrongState):
        desk.act(case_id, ACTS["acknowledge"][1])
    assert [letter.name for letter in desk.news()] == ["complaint-acknowledged"]
