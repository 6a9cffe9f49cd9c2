"""One's own activity, in words and as files, from the evidence record (R-51, R-61, D3, E5)."""

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from portal.activity_kinds import Kind
from portal.activity_words import WORDS, sentence_of
from portal.data.activity import PAGE, Act, account_object
from portal.data.evidence import Action, Outcome, entry_of, record, record_many
from portal.evidence.audit import extract_problem
from portal.evidence.checkpoints import PUBLIC_KEY, public_key
from tests.support import factories
from tests.support.entry import ask, enter

JOURNAL = "/compte/journal"


def shown(client, query: str = "") -> list[str]:
    page = client.get(JOURNAL + query)
    return [" ".join(node.text().split()) for node in page.css("main .rows > li")]


def act(client, viewer, action: Action, **what) -> None:
    with client.services.database.write() as db:
        record(db, viewer, action, **what)


@pytest.fixture
def viewer(client, holder):
    with client.services.database.write() as db:
        return factories.viewer_of(db, holder)


@pytest.fixture
def agent(client, make):
    account = make(factories.desk_account)
    with client.services.database.write() as db:
        return factories.viewer_of(db, account)


def test_every_action_has_its_sentence_in_french() -> None:
    """A new action without words fails here."""
    wrong = []
    for action, is_own, is_refused in product(Action, (True, False), (True, False)):
        said = sentence_of(Act(1, datetime.now(UTC), action, "x", is_refused, is_own, not is_own, False, "", ""))
        is_sentence = len(said.split()) > 1 or said == "Déconnexion"
        if not is_sentence or not said[0].isupper() or re.search(r"[{}_]| [:;?!]|'", said) or action.value in said:
            wrong.append((action.value, is_own, is_refused, said))
    assert wrong == []


def test_sentences_of_one_s_own_acts_are_all_different() -> None:
    own = [words.own for words in WORDS.values()]
    assert len(own) == len(set(own))


def test_holder_reads_own_acts_with_place_and_device_by_day(client, holder, viewer) -> None:
    details = {"address": "203.0.113.9", "browser": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
    long_ago = datetime.now(UTC) - timedelta(days=400)
    act(client, viewer, Action.SESSION_OPENED, object="complete", details=details, now=long_ago)
    act(client, viewer, Action.STATEMENT_DOWNLOADED, object="R-42", details={})
    acts = shown(client)
    assert acts[0].startswith("Relevé R-42 ouvert ou téléchargé")
    assert "Connexion à votre espace" in acts[1]
    assert "Adresse 203.0.113.9, Firefox sur Linux" in acts[1]
    assert len(client.page.css("main section h2")) == 2


def test_refused_sign_in_is_told(client, holder) -> None:
    act(
        client,
        None,
        Action.SESSION_REFUSED,
        actor=holder.id,
        outcome=Outcome.REFUSED,
        details={"address": "198.51.100.1"},
    )
    assert shown(client)[0].startswith("Connexion refusée Refusé Adresse 198.51.100.1")


def test_holder_learns_what_others_did_and_saw_but_not_from_where(client, holder, agent) -> None:
    """Acts on the account, and reads of the person's data; never the agent's own address or name."""
    details = {"address": "192.0.2.99", "browser": "Bureau"}
    act(client, agent, Action.ACCOUNT_SUSPENDED, object=account_object(holder.id), details=details)
    act(client, agent, Action.BENEFITS_READ, details=details | {"persons": [holder.person_id]})
    act(client, agent, Action.IMPORT_COMPLETED, acting_for=holder.person_id, details=details)
    acts = shown(client)
    by = "par un gestionnaire de l’assureur"
    assert [re.sub(r" \d+.h.\d+$", "", line) for line in acts] == [
        f"Vos données ont été mises à jour {by}",
        f"Vos prestations ont été consultées {by}",
        f"Votre compte a été suspendu {by}",
    ]
    assert "192.0.2.99" not in client.answer.text
    assert shown(client, "?nature=autres") == acts


def test_somebody_else_s_acts_are_nobody_else_s_business(client, holder, make) -> None:
    """D4: neither the other account's own acts, nor those on it, nor another person's data."""
    stranger = make(factories.member_with_account, name="Autre")[1]
    with client.services.database.write() as db:
        other = factories.viewer_of(db, stranger)
    act(client, other, Action.BENEFITS_READ, details={"persons": [stranger.person_id]})
    act(client, other, Action.ACCOUNT_CLOSED, object=account_object(stranger.id))
    act(client, other, Action.ACCOUNT_CLOSED, object=f"{account_object(holder.id)}9")
    assert shown(client) == []


def test_each_filter_shows_its_kind_alone(client, holder, viewer) -> None:
    by_kind = {
        Kind.SECURITY: Action.SESSION_OPENED,
        Kind.ACCOUNT: Action.CONTACT_CHANGED,
        Kind.READS: Action.BENEFITS_READ,
        Kind.DOCUMENTS: Action.BENEFITS_EXPORTED,
    }
    for action in by_kind.values():
        act(client, viewer, action)
    for kind, action in by_kind.items():
        lines = shown(client, f"?nature={kind.value}")
        assert len(lines) == 1
        assert lines[0].startswith(WORDS[action].own)
        assert client.page.first(f'option[value="{kind.value}"][selected]') is not None
    assert shown(client, "?nature=autres") == []
    assert "Rien à afficher" in client.page.text
    assert ask(client, f"{JOURNAL}?nature=tout").status_code == 422


def test_pages_go_back_in_time_without_gap_or_repeat(client, holder, viewer) -> None:
    with client.services.database.write() as db:
        entries = [
            entry_of(viewer, Action.STATEMENT_DOWNLOADED, object=f"R{number:03}") for number in range(PAGE * 2 + 3)
        ]
        record_many(db, entries)
    seen, path = [], ""
    while True:
        seen += [re.search(r"R\d{3}", line).group() for line in shown(client, path)]
        following = client.page.first("#suite a")
        if following is None:
            break
        path = following.attributes["href"].removeprefix(JOURNAL)
        assert str(PAGE * 2) not in path
    assert seen == [f"R{number:03}" for number in reversed(range(PAGE * 2 + 3))]
    assert "au début de votre activité" in client.page.text


@pytest.mark.parametrize("cursor", ["x", "A" * 22, "1"])
def test_forged_cursor_is_no_page(client, holder, cursor) -> None:
    assert ask(client, f"{JOURNAL}?apres={cursor}").status_code == 404
    foreign = client.services.keyring.conceal("line", [1])[0]
    assert ask(client, f"{JOURNAL}?apres={foreign}").status_code == 404


def test_reading_is_evidence_and_is_not_repeated_in_the_list(client, holder, recorded) -> None:
    client.get(JOURNAL)
    client.get(f"{JOURNAL}?nature=securite")
    assert recorded("activity.") == [
        ("activity.read", "", "ok", holder.id),
        ("activity.read", "securite", "ok", holder.id),
    ]
    assert shown(client) == []
    text = ask(client, f"{JOURNAL}/export.csv").content.decode("utf-8-sig")
    client.services.journal.flush()
    assert "Consultation de votre activité" in text


def test_csv_says_the_same_in_columns_without_formulas(client, holder, viewer) -> None:
    act(client, viewer, Action.SESSION_OPENED, object="complete", details={"address": "=cmd()", "browser": "@SUM(A1)"})
    answer = ask(client, f"{JOURNAL}/export.csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="activite-')
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "Date et heure (Paris);Qui;Nature;Quoi;Résultat;Adresse;Appareil;Numéro au registre"
    assert any(";vous;Connexions et sécurité;Connexion à votre espace;fait;'=cmd();" in line for line in lines)


def test_signed_extract_holds_up_and_tells_nobody_else_s_details(client, holder, viewer, agent) -> None:
    act(client, viewer, Action.CONTACT_CHANGED, details={"address": "203.0.113.9"})
    act(client, agent, Action.ACCOUNT_READ, object=account_object(holder.id), details={"address": "192.0.2.99"})
    answer = ask(client, f"{JOURNAL}/export.json")
    content = json.loads(answer.content)
    assert extract_problem(content, public_key(client.services.settings.checkpoints / PUBLIC_KEY)) == ""
    assert (content["account"], [row["action"] for row in content["rows"]]) == (
        holder.identifier,
        ["contact.changed", "account.read"],
    )
    assert "203.0.113.9" in answer.text
    assert "192.0.2.99" not in answer.text
    content["rows"][0]["outcome"] = "refused"
    assert extract_problem(content, public_key(client.services.settings.checkpoints / PUBLIC_KEY))


def test_files_need_a_recent_proof_of_identity(client, holder, grow_old, recorded) -> None:
    """C6: exports."""
    grow_old()
    for suffix in ("csv", "json"):
        path = f"{JOURNAL}/export.{suffix}"
        assert ask(client, path).headers["location"].startswith("/compte/confirmation?suite=")
    assert recorded("activity.downloaded") == []


def test_files_are_evidence_themselves(client, holder, recorded) -> None:
    ask(client, f"{JOURNAL}/export.csv")
    ask(client, f"{JOURNAL}/export.json")
    assert [row[:2] for row in recorded("activity.downloaded")] == [
        ("activity.downloaded", "csv"),
        ("activity.downloaded", "json"),
    ]


def test_employer_reads_the_activity_of_an_account_without_person(client, make) -> None:
    account = make(factories.employer_account)
    enter(client, account)
    act(client, None, Action.CREDENTIALS_SENT, actor=account.id)
    assert shown(client)[0].startswith("Envoi de l’identifiant")


@pytest.mark.engines("sqlite")
def test_acts_are_found_by_index_whatever_the_length_of_the_chain(client, holder, viewer) -> None:
    from sqlalchemy import text  # noqa: PLC0415

    from portal.data.activity import Wanted, _newest  # noqa: PLC0415

    with client.services.database.read() as db:
        query = _newest(viewer, Wanted(), 10**6, PAGE).compile(db.get_bind(), compile_kwargs={"literal_binds": True})
        plan = [row[3] for row in db.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
    assert [step for step in plan if step.startswith("SCAN evidence")] == []
    assert sum("ix_evidence_" in step for step in plan) >= 4
