"""Terms of use published at the desk by four eyes, by their day, and taken back before it (R-14, R-16, R-61)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta

import pytest
import time_machine

from portal.data.terms import announced_terms, find_terms, terms_in_force
from portal.formatting import PARIS, today
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.publishing import HOME, Desk
from tests.support.terms import FIRST, SECOND, accept_version, publish_version

NEW = f"{HOME}/conditions/nouvelle"
DAY = today() + timedelta(days=30)
CHANGES = "Le mot de passe se change à tout moment."


@pytest.fixture
def desk(client):
    with client.services.database.write() as db:
        publish_version(db)
    return Desk(client)


def announced(client):
    with client.services.database.read() as db:
        return announced_terms(db, datetime.now(PARIS))


def write(desk: Desk, **fields: str) -> int:
    return desk.prepare(NEW, **({"texte": SECOND, "changements": CHANGES, "jour": DAY.isoformat()} | fields))


def test_supervisor_publishes_what_an_agent_prepared_for_a_day(client, desk) -> None:
    """R-16: previewed, compared, published with both acts and the digest in the record; announced to everybody."""
    evidence = Evidence(client)
    assert write(desk) == 200
    shown = text_of(client.page.one("main"))
    assert "Comparée à la version 1" in shown
    assert "Ajouté" in shown
    assert announced(client) is None
    client.get(f"{desk.path}/apercu?largeur=telephone")
    assert "Il se change à tout moment." in text_of(client.page.one("article.phone"))
    assert ask(client, f"{desk.path}/apercu/pdf").content.startswith(b"%PDF")
    assert desk.approve() == 200
    found = announced(client)
    assert (found.number, found.text) == (2, SECOND)
    assert found.effective_at == datetime.combine(DAY, time(), PARIS)
    acts = [(act.action, found.sha256 in act.object) for act in evidence.fresh() if "publi" in act.action]
    assert acts == [("publication.prepared", True), ("terms.published", True), ("publication.approved", True)]


def test_nobody_publishes_what_they_prepared_or_what_changed_since(client, desk) -> None:
    """Four eyes: the author is refused, an agent has no right, a text written anew is to be read anew."""
    assert write(desk) == 200
    desk.prepare(f"{desk.path.replace(HOME, HOME + '/conditions')}/texte", desk.supervisor, texte=SECOND)
    assert desk.approve(desk.supervisor) == 422
    assert "un autre superviseur" in client.page.text
    enter(client, desk.agent)
    assert ask(client, f"{desk.path}/publier").status_code == 403
    enter(client, desk.other)
    read = desk.read_version()
    edit = f"{desk.path.replace(HOME, HOME + '/conditions')}/texte"
    desk.prepare(edit, desk.agent, texte=SECOND.replace("personnel", "strictement personnel"))
    assert desk.post("publier", desk.other, lu=read, relu="1") == 422
    assert announced(client) is None
    assert desk.approve(desk.other) == 200
    assert "strictement" in announced(client).text


def test_agent_never_writes_over_what_a_colleague_changed_meanwhile(client, desk) -> None:
    """R-61: neither text is lost; the second one is kept in the form, and saved once its author knows."""
    write(desk)
    edit = f"{desk.path.replace(HOME, HOME + '/conditions')}/texte"
    enter(client, desk.agent)
    client.get(edit)
    form = client.form()
    form.fill({"texte": SECOND.replace("personnel", "tout personnel")})
    assert desk.prepare(edit, desk.supervisor, texte=SECOND.replace("personnel", "strictement personnel")) == 200
    enter(client, desk.agent)
    form.values["jeton"] = [client.get(edit).one("main input[name=jeton]").attributes["value"]]
    client.send(form)
    assert client.status == 422
    assert "tout personnel" in client.page.one("textarea[name=texte]").text()
    assert "strictement" in client.get(desk.path).one("main").text() + client.get(f"{desk.path}/apercu").text
    enter(client, desk.agent)
    client.get(edit)
    form = client.form()
    form.fill({"texte": SECOND.replace("personnel", "tout personnel")})
    client.send(form)
    assert client.status == 303


def test_text_that_cannot_be_shown_is_explained_line_by_line(client, desk) -> None:
    """Scripts, images, tables of code: each line is told, and nothing typed is lost."""
    hostile = SECOND + "\n> citation\n\n![x](https://exemple.example/x.png)\n\n- a\n  - b\n"
    assert write(desk, texte=hostile) == 422
    lines = hostile.splitlines()
    for start in ("> citation", "![x]", "- a"):
        number = next(at for at, line in enumerate(lines, 1) if line.startswith(start))
        assert f"Ligne {number}" in client.page.text
    assert "&gt; citation" in client.page.text
    assert CHANGES in client.page.text


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "[clic](javascript:alert(1))", "[clic](data:text/html,x)", "<img src=x onerror=a>"],
)
def test_hostile_text_is_shown_as_text_in_the_preview(client, desk, hostile) -> None:
    assert write(desk, texte=SECOND + f"\n{hostile}\n") == 200
    client.get(f"{desk.path}/apercu")
    assert hostile in text_of(client.page.one("article"))
    assert not client.page.css("article script, article img, article a[href^=javascript], article a[href^=data]")


@pytest.mark.parametrize(
    "huge", ["*" * 60_000, "[" * 60_000, "> " * 30_000 + "x", "- " * 30_000 + "x", "a**b" * 20_000, "\x00\x07"]
)
def test_huge_nesting_never_holds_the_desk_up(client, desk, huge) -> None:
    assert write(desk, texte=SECOND + "\n" + huge) in {200, 422}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"texte": FIRST}, "texte"),
        ({"texte": ""}, "texte"),
        ({"changements": ""}, "changements"),
        ({"changements": "# Titre"}, "changements"),
        ({"jour": "31/02/2027"}, "jour"),
        ({"jour": "01/01/0001"}, "jour"),
        ({"jour": "31/12/9999"}, "jour"),
        ({"jour": (today() - timedelta(days=1)).isoformat()}, "jour"),
    ],
)
def test_agent_is_told_which_field_is_wrong(client, desk, fields, field) -> None:
    assert write(desk, **fields) == 422
    assert client.page.css(f"#{field}[aria-invalid=true]")


def test_supervisor_takes_an_announced_version_back_before_its_day(client, desk) -> None:
    """Nobody is asked for it; its number is not given again; its text stays readable as taken back."""
    write(desk)
    desk.approve()
    with client.services.database.read() as db:
        number = announced_terms(db, datetime.now(PARIS)).number
    assert desk.post("retrait", desk.agent) == 403
    assert desk.post("retrait", desk.other) == 303
    assert announced(client) is None
    with time_machine.travel(datetime.combine(DAY, time(12), PARIS)), client.services.database.read() as db:
        assert terms_in_force(db, datetime.now(PARIS)).number == 1
    assert "retirée avant de s’appliquer" in client.get(f"/conditions/versions/{number}").text
    assert "Retirée" in client.get("/conditions/versions").text
    assert write(desk) == 200
    assert desk.approve() == 200
    assert announced(client).number == number + 1
    with client.services.database.read() as db:
        assert find_terms(db, number).text == SECOND


def test_version_in_effect_is_never_taken_back(client, desk) -> None:
    """R-14: what people accept stays; without a day it takes effect as soon as it is published."""
    write(desk, jour="")
    desk.approve()
    with client.services.database.write() as db:
        accept_version(db, desk.other, 2)
    assert desk.post("retrait", desk.other) == 303
    with client.services.database.read() as db:
        assert terms_in_force(db, datetime.now(PARIS)).number == 2


def test_version_takes_effect_at_midnight_in_paris(client, desk) -> None:
    write(desk)
    desk.approve()
    midnight = datetime.combine(DAY, time(), PARIS)
    with client.services.database.read() as db:
        assert terms_in_force(db, midnight - timedelta(seconds=1)).number == 1
        assert terms_in_force(db, midnight).number == 2


def test_two_supervisors_at_once_publish_one_version(client, desk) -> None:
    write(desk)
    enter(client, desk.supervisor)
    read = desk.read_version()
    with ThreadPoolExecutor(2) as pool:
        codes = list(
            pool.map(
                lambda _: (
                    send(client, f"{desk.path}/publier", {"lu": read, "relu": "1"}, form_at=desk.path).status_code
                ),
                range(2),
            )
        )
    assert sorted(codes) in ([303, 303], [303, 422])
    with client.services.database.read() as db:
        assert find_terms(db, 2) is not None
        assert find_terms(db, 3) is None


def test_draft_of_a_text_published_meanwhile_is_refused(client, desk) -> None:
    """The command published the same text in the meantime."""
    write(desk)
    with client.services.database.write() as db:
        publish_version(db, 2, SECOND, effective_at=datetime.combine(DAY, time(), PARIS))
    assert desk.approve() == 422
    assert desk.post("abandon", desk.agent) == 303
    assert "Abandonnée" in client.get(desk.path).text
