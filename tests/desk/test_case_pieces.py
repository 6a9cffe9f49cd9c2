"""Pieces looked at in place by the desk (R-61, R-72; ADR 39): pictures that we drew, page by page, and nothing else."""

import io

import pytest
from PIL import Image
from sqlmodel import select

from portal.data.case_pieces import CasePiece, pieces_of
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.columns import utc_now
from portal.data.files import StoredFile
from portal.data.work_acts import take
from portal.uploads import FileRefused, drawn_page
from tests.support import factories
from tests.support.desk_cases import MAKERS, item_of, path_of, two_pages
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters

POLICY = "sandbox; default-src 'none'"


@pytest.fixture
def case(client):
    """A complaint with a PDF of two pages, and its author."""
    with client.services.database.write() as db:
        return MAKERS[CaseKind.COMPLAINT](db, client.services)[0]


def name_of(client, case: Case) -> str:
    with client.services.database.read() as db:
        return client.services.keyring.conceal("piece", [pieces_of(db, case)[0].id])[0]


def piece_path(client, case: Case, below: str = "") -> str:
    return path_of(client.services, case, f"/pieces/{name_of(client, case)}{below}")


def test_agent_looks_at_each_page_in_place_and_larger(client, agent, case) -> None:
    """Links alone: no script, and the keyboard is enough."""
    enter(client, agent)
    client.get(path_of(client.services, case))
    client.click("preuve.pdf")
    picture = client.page.one(".sheet img").attributes
    assert "Page 1 sur 2" in picture["alt"]
    first = ask(client, picture["src"])
    assert (first.status_code, first.headers["content-type"]) == (200, "image/jpeg")
    client.click("Page suivante")
    assert "Page 2 sur 2" in client.page.one(".sheet img").attributes["alt"]
    client.click("Agrandir")
    second = ask(client, client.page.one(".sheet img").attributes["src"])
    one, two = (Image.open(io.BytesIO(each.content)) for each in (first, second))
    assert two.width > one.width * 1.5
    client.click("Taille normale")
    client.click("Page précédente")
    assert "Page 1 sur 2" in client.page.one(".sheet img").attributes["alt"]


def test_picture_is_served_as_nothing_but_a_picture(client, agent, case) -> None:
    enter(client, agent)
    for below in ("/image", "/image?page=2&zoom=2"):
        answer = ask(client, piece_path(client, case, below))
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-disposition"] == "inline"
    file = ask(client, piece_path(client, case, "/fichier"))
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.content.startswith(b"%PDF-")


def test_photo_is_shown_as_we_drew_it(client, agent) -> None:
    with client.services.database.write() as db:
        photo, _ = MAKERS[CaseKind.AUTONOMY](db, client.services)
    enter(client, agent)
    answer = ask(client, piece_path(client, photo, "/image"))
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (60, 40)


@pytest.mark.parametrize("query", ["page=0", "page=3", "page=x", "page=99999999999", "zoom=3", "zoom=", "page=-1"])
def test_pages_that_a_piece_does_not_have_are_not_found(client, agent, case, query) -> None:
    enter(client, agent)
    assert ask(client, piece_path(client, case, f"?{query}")).status_code == 404
    assert ask(client, piece_path(client, case, f"/image?{query}")).status_code == 404


def test_piece_of_another_case_is_not_found_under_this_one(client, agent, case) -> None:
    with client.services.database.write() as db:
        other, _ = MAKERS[CaseKind.COMPLAINT](db, client.services)
    enter(client, agent)
    wrong = path_of(client.services, other, f"/pieces/{name_of(client, case)}")
    for below in ("", "/image", "/fichier"):
        assert ask(client, wrong + below).status_code == 404


def test_author_and_agents_of_other_duties_do_not_reach_the_desk_s_pieces(client, case, make) -> None:
    with client.services.database.read() as db:
        author = db.get_one(factories.Account, case.account_id)
    for one, status in ((author, 403), (make(factories.desk_account, duties=[]), 404)):
        enter(client, one)
        for below in ("", "/image", "/fichier"):
            assert ask(client, piece_path(client, case, below)).status_code == status


def test_opening_a_piece_stands_in_its_owner_s_journal(client, agent, case) -> None:
    """R-51: each time that its content is given."""
    evidence = Evidence(client)
    enter(client, agent)
    ask(client, piece_path(client, case, "/image"))
    ask(client, piece_path(client, case, "/fichier"))
    acts = evidence.fresh()
    assert [act.action for act in acts] == ["piece.downloaded"] * 2
    with client.services.database.read() as db:
        person = db.get_one(factories.Account, case.account_id).person_id
    assert all(act.details["persons"] == [person] and act.object == case.object for act in acts)


def test_agent_refuses_one_piece_and_its_author_is_asked_for_it_again(client, agent, case) -> None:
    enter(client, agent)
    client.get(piece_path(client, case))
    client.submit('form[action$="/refus"]', motif="illisible", precision="On ne lit pas la date.")
    assert client.path == path_of(client.services, case)
    assert "On ne lit pas la date." in text_of(client.page.one("main"))
    with client.services.database.read() as db:
        author = db.get_one(factories.Account, case.account_id)
        assert db.get_one(Case, case.id).state == CaseState.INCOMPLETE
    (letter,) = letters(client.services.database, client.services)
    assert letter.to == author.email


def test_agent_is_asked_before_refusing_a_piece_of_what_a_colleague_has(client, agent, supervisor, case) -> None:
    """R-61: its author is written to; nobody answers one request twice without knowing."""
    with client.services.database.write() as db:
        colleague, item = factories.viewer_of(db, supervisor), item_of(db, case)
        take(db, colleague, client.services.keyring, item, utc_now())
    enter(client, agent)
    client.get(piece_path(client, case))
    client.submit('form[action$="/refus"]', motif="illisible")
    assert client.status == 422
    assert supervisor.display_name in text_of(client.page.one("main"))
    assert letters(client.services.database, client.services) == []
    client.submit('form[action$="/refus"]', collegue="1")
    assert client.path == path_of(client.services, case)
    assert len(letters(client.services.database, client.services)) == 1


@pytest.mark.parametrize(
    ("motive", "words", "field"),
    [("", "", "motif"), ("invente", "", "motif"), ("autre", "non", "precision"), ("illisible", "x" * 501, "precision")],
)
def test_refusal_that_is_wrong_says_why_and_loses_nothing(client, agent, case, motive, words, field) -> None:
    enter(client, agent)
    client.get(piece_path(client, case))
    client.submit('form[action$="/refus"]', precision=words, **({"motif": motive} if motive == "autre" else {}))
    if motive in {"invente", "illisible"}:
        sent = {"motif": motive, "precision": words, "version": str(case.version)}
        answer = send(client, piece_path(client, case, "/refus"), sent, form_at="/gestion")
        assert (answer.status_code, f'id="{field}-erreur"' in answer.text) == (422, True)
        return
    assert client.answer.status_code == 422
    assert client.page.one(f"#{field}[aria-invalid=true]")
    assert client.page.one("textarea[name=precision]").text().strip() == words


def test_refusal_over_a_case_that_moved_is_told_and_pressed_twice_counts_once(client, agent, case) -> None:
    enter(client, agent)
    client.get(piece_path(client, case))
    stale = {"motif": "illisible", "precision": "", "version": "1"}
    assert send(client, piece_path(client, case, "/refus"), stale, form_at="/gestion").status_code == 422
    form = client.form('form[action$="/refus"]')
    form.fill({"motif": "illisible"})
    client.send(form)
    client.send(form)
    assert client.answer.status_code == 303
    assert len(letters(client.services.database, client.services)) == 1
    with client.services.database.read() as db:
        assert len(db.exec(select(CasePiece).where(CasePiece.refused_at.is_not(None))).all()) == 1


def test_page_that_cannot_be_drawn_is_offered_as_a_download(client, agent, case) -> None:
    with client.services.database.write() as db:
        row = db.exec(select(StoredFile)).one()
        row.storage_name = client.services.storage.keep(b"%PDF-1.7 abime")
        db.add(row)
    enter(client, agent)
    assert ask(client, piece_path(client, case, "/image")).status_code == 404
    client.get(piece_path(client, case))
    assert "Télécharger" in text_of(client.page.one("main"))


def test_drawing_reads_nothing_but_the_document() -> None:
    """No page, no other file of the machine's: the process has a folder of its own."""
    content = two_pages()
    assert drawn_page(content, 2, 110).startswith(b"\xff\xd8\xff")
    for number in (0, 3):
        with pytest.raises(FileRefused):
            drawn_page(content, number, 110)
    with pytest.raises(FileRefused):
        drawn_page(b"%PDF-1.7\n", 1, 110)
