"""Letters on paper (R-70, R-72): an exceptional access and a death are told to whom no e-mail reaches."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal.data.letters_to_post import mark_posted
from portal.data.postal_letters import PostalLetter
from portal.data.postal_letters import text_of as letter_text
from portal.data.work_items import Duty
from portal.formatting import today
from tests.support import factories
from tests.support.deaths import FORM, deaths, url_of
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import done
from tests.support.html import text_of
from tests.support.mail import letters

LIST = "/gestion/courriers"
MOTIVE = "Le médiateur attend une réponse aujourd’hui et le dossier ne dit pas quel soin est en cause."
OPENING = {"objet": "autorite", "motif": MOTIVE, "attestation": "1"}
LEFT = {"poste": today().isoformat()}
REASON = "Nous avions confondu deux personnes du même nom."


@pytest.fixture
def charged(make):
    return make(factories.desk_account, duties=[Duty.PRIVACY])


@pytest.fixture
def silent(client):
    """Somebody covered, whom no e-mail reaches."""
    with client.services.database.write() as db:
        who = factories.person(db, "Odile", last_name="Sansmail")
        factories.contract(db, who)
        return who


@pytest.fixture
def opened(client, supervisor, silent):
    """A supervisor opened their record: the letter's path."""
    enter(client, supervisor)
    url = url_of(client.services, "person", silent.id, "/acces-exceptionnel/ouverture")
    assert send(client, url, OPENING, form_at="/gestion").status_code == 303
    return url_of(client.services, "postal-letter", rows(client)[0].id)


def rows(client) -> list[PostalLetter]:
    with client.services.database.read() as db:
        return list(db.exec(select(PostalLetter).order_by(PostalLetter.id)))


def test_exceptional_access_to_somebody_without_an_address_is_told_on_paper(
    client, charged, supervisor, silent, opened
) -> None:
    """R-72: nobody is looked at in secret; and the journal of an account made later says it, too."""
    assert letters(client.services.database, client.services) == []
    enter(client, charged)
    assert "1 Courriers à poster" in text_of(client.get("/gestion").one("main"))
    assert "Odile Sansmail" in text_of(client.get(LIST).one("main"))
    pdf = ask(client, f"{opened}/pdf")
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
    assert ask(client, f"{opened}/pdf").content == pdf.content
    client.submit(f'form[action="{opened}"]')
    assert "Aucun courrier à poster" in text_of(client.page.one("main"))
    assert (rows(client)[0].posted_by, rows(client)[0].posted_on) == (charged.id, today())
    assert (done(client, "postal-letter.printed"), done(client, "postal-letter.posted")) == (2, 1)
    with client.services.database.write() as db:
        account = factories.member_account(db, client.services.keyring, silent, email="odile@exemple.example")
    enter(client, account)
    told = text_of(client.get("/compte/journal").one("main"))
    assert "ouverts en accès exceptionnel" in told
    assert "Un courrier à votre sujet a été posté" in told


def test_access_to_a_child_s_record_is_told_to_the_parents(client, supervisor, silent) -> None:
    with client.services.database.write() as db:
        born = today().replace(day=1) - timedelta(days=10 * 365)
        child = factories.person(db, "Zoé", born=born, last_name="Sansmail")
        factories.cover(
            db, db.exec(select(factories.Contract).where(factories.Contract.member_id == silent.id)).one(), child
        )
    enter(client, supervisor)
    url = url_of(client.services, "person", child.id, "/acces-exceptionnel/ouverture")
    assert send(client, url, OPENING, form_at="/gestion").status_code == 303
    said = letter_text(client.services.keyring, rows(client)[0])
    assert said.to == ("Aux parents ou représentants légaux de Zoé Sansmail",)
    assert said.title == "Un superviseur a consulté le dossier de Zoé Sansmail"
    assert "votre dossier" not in " ".join(said.paragraphs)


def test_whoever_opened_the_access_does_not_say_that_the_letter_left(client, supervisor, opened) -> None:
    enter(client, supervisor)
    assert "un autre gestionnaire le poste" in text_of(client.get(LIST).one("main"))
    assert send(client, opened, LEFT, form_at="/gestion").status_code == 303
    assert rows(client)[0].posted_on is None


def test_agent_without_the_duty_and_relatives_reach_no_letter(client, make, silent, opened) -> None:
    with client.services.database.write() as db:
        db.get_one(factories.Person, silent.id).email = "proche@exemple.example"
    near = make(factories.desk_account, duties=[Duty.PRIVACY], email="proche@exemple.example")
    enter(client, near)
    assert "Odile" not in ask(client, LIST).text
    others = make(factories.desk_account, duties=[each for each in Duty if each is not Duty.PRIVACY])
    for who in (near, others):
        enter(client, who)
        assert ask(client, f"{opened}/pdf").status_code == 404
        assert send(client, opened, LEFT, form_at="/gestion").status_code == 404
    assert ask(client, LIST).status_code == 404
    assert "Courriers à poster" not in ask(client, "/gestion").text
    assert rows(client)[0].posted_on is None


def test_letter_posted_by_two_agents_at_once_is_posted_once(client, charged, opened) -> None:
    services = client.services
    with services.database.write() as db:
        viewer = factories.viewer_of(db, charged)

    def once(_: int) -> bool:
        with services.database.write() as db:
            return mark_posted(db, viewer, db.exec(select(PostalLetter)).one(), today(), datetime.now(UTC))

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(once, range(3))) == [False, False, True]


@pytest.mark.parametrize(("typed", "told"), [("", "Donnez le jour du départ"), ("1999-01-01", "ni avant d’être écrit")])
def test_letter_that_left_on_no_day_is_still_to_be_posted(client, charged, opened, typed, told) -> None:
    """R-70: neither before it was written, nor in the future."""
    enter(client, charged)
    client.get(LIST)
    client.submit(f'form[action="{opened}"]', poste=typed)
    assert client.status == 422
    assert told in text_of(client.page.one("main"))
    assert rows(client)[0].posted_on is None


def test_death_writes_to_the_family_and_undoing_it_takes_the_letter_back(client, charged, silent) -> None:
    enter(client, charged)
    send(client, url_of(client.services, "person", silent.id, "/deces"), FORM, form_at="/gestion")
    letter = url_of(client.services, "postal-letter", rows(client)[0].id)
    assert ask(client, f"{letter}/pdf").content[:5] == b"%PDF-"
    death = url_of(client.services, "death", deaths(client.services)[0].id)
    send(client, f"{death}/annulation", {"motif": REASON}, form_at="/gestion")
    assert rows(client)[0].cancelled_at is not None
    assert "Aucun courrier à poster" in text_of(client.get(LIST).one("main"))
    assert ask(client, f"{letter}/pdf").status_code == 404
    assert send(client, letter, LEFT, form_at="/gestion").status_code == 404
