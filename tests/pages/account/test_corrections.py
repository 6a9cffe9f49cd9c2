"""« Signaler une erreur » in every space (R-61): sent once, followed, answered with reasons, nobody else's."""

import io
from urllib.parse import urlencode

import pytest
from PIL import Image
from sqlalchemy import text
from sqlmodel import select

from portal.case_notices import CaseLetters
from portal.data.case_desk import lock_for_desk, move_by_desk
from portal.data.cases import Case, CaseState
from portal.data.columns import utc_now
from tests.pages.public.test_directory import practice
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, send, token_in
from tests.support.mail import letters

PAGE = "/signaler-une-erreur"
TEXT = "Ma carte dit 2024,\nmon contrat commence en 2023."

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def anne(client, make, give_address):
    account = make(factories.member_with_account)[1]
    give_address(account)
    enter(client, account)
    return account


def report(client, **fields: str) -> str:
    client.get(PAGE)
    client.submit(f'form[action="{PAGE}"]', **({"sujet": "carte", "texte": TEXT} | fields))
    return client.path


def test_page_that_is_wrong_leads_to_the_form_about_it(client, anne) -> None:
    client.get("/adherent/carte")
    client.click("Signaler une erreur")
    assert client.page.one("#sujet option[selected]").attributes["value"] == "carte"
    client.submit(f'form[action="{PAGE}"]', texte=TEXT)
    client.click("La page dont vous parlez")
    assert client.path == "/adherent/carte"
    assert anne.id


@pytest.mark.parametrize(
    "path", ["//mechant.example/x", "https://mechant.example", "/a?b", "/a b", "javascript:x", "/" + "x" * 300]
)
@pytest.mark.usefixtures("anne")
def test_link_of_somebody_else_s_making_names_no_page(client, path) -> None:
    """The form may be opened, and sent, with any words in the place of a page."""
    assert "celle que vous lisiez" not in client.get(f"{PAGE}?{urlencode({'page': path})}").text
    send(client, PAGE, {"sujet": "carte", "texte": TEXT, "page": path}, form_at=PAGE)
    with client.services.database.read() as db:
        assert db.execute(text("SELECT page FROM correction")).scalar_one() == ""


@pytest.mark.usefixtures("anne")
def test_form_sent_twice_is_one_report_and_one_letter(client) -> None:
    first, second = (send(client, PAGE, {"sujet": "carte", "texte": TEXT}, form_at=PAGE) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert len(letters(client.services.database, client.services)) == 1


@pytest.mark.usefixtures("anne")
def test_document_is_joined_to_a_report(client) -> None:
    path = report(client)
    client.get(path)
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(drawn, "JPEG")
    target = client.page.one("form.upload").attributes["action"]
    files = [("fichier", ("carte.jpg", drawn.getvalue(), "image/jpeg"))]
    fields = {"jeton": token_in(ask(client, path), target)}
    sent = client.http.post(target, data=fields, files=files, headers=SAME_ORIGIN, follow_redirects=False)
    assert sent.headers["location"] == path
    assert client.get(path).one(".files a").text() == "carte.jpg"


def test_sent_followed_and_answered(client, anne, make) -> None:
    path = report(client)
    assert "mon contrat commence en 2023." in client.page.text
    (letter,) = letters(client.services.database, client.services)
    assert (letter.name, letter.to) == ("correction-received", "anne@exemple.example")
    assert "2023" not in letter.text
    agent = make(factories.desk_account)
    with client.services.database.write() as db:
        case = db.exec(select(Case)).one()
        viewer = factories.viewer_of(db, agent, letters=CaseLetters(client.services))
        locked = lock_for_desk(db, viewer, case.id, case.version)
        move_by_desk(db, viewer, client.services.keyring, locked, CaseState.ACCEPTED, "C’est corrigé.", utc_now())
    assert path in letters(client.services.database, client.services)[-1].text
    client.get(path)
    assert "C’est corrigé." in client.page.text
    client.get(PAGE)
    assert "Acceptée" in client.page.text
    client.services.journal.flush()
    with client.services.database.read() as db:
        acts = db.execute(text("SELECT action FROM evidence WHERE action = 'case.sent'")).all()
    assert len(acts) == 1
    assert anne.id


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"sujet": ""}, "sujet"),
        ({"sujet": "utilisateurs"}, "sujet"),
        ({"texte": "court"}, "texte"),
        ({"texte": "x" * 2001}, "texte"),
    ],
)
@pytest.mark.usefixtures("anne")
def test_what_is_wrong_is_told_and_nothing_is_lost(client, fields, name) -> None:
    sent = {"sujet": "carte", "texte": TEXT} | fields
    answer = send(client, PAGE, sent, form_at=PAGE)
    assert answer.status_code == 422
    assert f'id="{name}-erreur"' in answer.text
    assert sent["texte"].splitlines()[0] in answer.text


@pytest.mark.usefixtures("anne")
def test_hostile_text_is_shown_as_text_and_kept_sealed(client) -> None:
    report(client, texte="<script>alert(1)</script> et du texte")
    assert "<script>alert(1)</script>" in client.page.one("main").text()
    with client.services.database.read() as db:
        stored = " ".join(str(value) for value in db.execute(text("SELECT * FROM correction")).one())
    assert "alert" not in stored


@pytest.mark.usefixtures("anne")
def test_nobody_else_reads_it(client, make) -> None:
    path = report(client)
    enter(client, make(factories.member_with_account, name="Autre")[1])
    assert ask(client, path).status_code == 404
    assert not client.get(PAGE).css(".rows")


@pytest.mark.parametrize("factory", [factories.employer_account, factories.provider_account])
def test_other_spaces_report_too(client, make, factory) -> None:
    enter(client, make(factory))
    assert "Signalement" in client.get(report(client, sujet="utilisateurs")).text


def test_professional_whose_sheet_is_wrong_is_named_by_name_and_address(client, anne) -> None:
    """R-61: an opaque name alone would tell nobody whom the report is about."""
    with client.services.database.write() as db:
        db.add(practice(1, 0.001))
    client.get("/adherent/professionnels?lieu=lyon")
    client.click("Optique 1")
    client.click("Signalez-la")
    assert "Optique 1, 1 rue de l’Exemple, 69001 Lyon" in client.page.text
    assert client.page.one("#sujet option[selected]").attributes["value"] == "professionnels"
    client.submit(f'form[action="{PAGE}"]', texte="Il a déménagé au 12 de la même rue.")
    assert "Optique 1, 1 rue de l’Exemple, 69001 Lyon" in client.page.text
