"""The register of exemptions by its pages and files: recorded, proven, decided, renewed, ended (R-30, R-51, R-72)."""

from csv import reader
from dataclasses import replace
from datetime import timedelta
from io import BytesIO, StringIO
from threading import Thread
from zipfile import ZipFile

import pikepdf
import pytest
from PIL import Image
from sqlmodel import col, select

from portal.data.accounts import Role
from portal.data.affiliating import declare
from portal.data.columns import utc_now
from portal.data.employee_acts import Acting
from portal.data.employees import PeriodKind
from portal.data.exempting import accept_exemption
from portal.data.exemption_grounds import ExemptionGround, ground_open
from portal.data.exemption_rows import (
    EVIDENCE,
    REQUEST,
    Exemption,
    ExemptionPiece,
    ExemptionState,
    ExemptionStep,
    Origin,
    StepKind,
)
from portal.data.exemptions import accepted_of, add_step, ask_exemption, attach
from portal.data.files import NewFile
from portal.exemption_jobs import remind_of_exemptions
from portal.formatting import today
from tests.support import factories, staff
from tests.support.entry import ask, enter, send, token_in
from tests.support.evidence_rows import Evidence
from tests.support.mail import letters
from tests.support.swap import assert_swap_equals_reload

LIST = "/employeur/dispenses"
FIELDS = {"cas": "collectif", "organisme": "Autre Mutuelle", "consequences": "1", "fin": ""}


@pytest.fixture
def register(client, firm):
    """The firm, with legal cases; `ask` keeps a proven request of an employee, `path` its page."""
    with client.services.database.write() as db:
        staff.grounds(db)

    def asked(employee, ground="collectif", *, decided=False, **values) -> Exemption:
        with client.services.database.write() as db:
            employee = db.merge(employee)
            wish = staff.wish(ground, **({"stated_on": today(), "starts_on": today()} | values))
            exemption = ask_exemption(db, employee, wish, utc_now())
            attach(db, None, exemption, EVIDENCE, [paper()], utc_now())
            if decided:
                doing = Acting(staff.viewer(firm.clerk), client.services.keyring, utc_now(), staff.FIGURES)
                accept_exemption(db, doing, employee, exemption)
            return exemption

    firm.ask = asked
    firm.page = lambda exemption, rest="": f"{LIST}/{firm.name('exemption', exemption)}{rest}"
    return firm


def paper() -> NewFile:
    number = factories.next_number()
    return NewFile("a.pdf", "application/pdf", 9, 1, f"{number:064}", f"{number:048}")


def photo() -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (20, 20), "white").save(drawn, "JPEG")
    return drawn.getvalue()


def stored(client) -> list[Exemption]:
    with client.services.database.read() as db:
        return list(db.exec(select(Exemption).order_by(col(Exemption.id))))


def entered(**values) -> dict[str, str]:
    return FIELDS | {"demande": today().isoformat(), "effet": today().isoformat()} | values


def test_request_on_paper_is_recorded_proven_accepted_and_told(client, register) -> None:
    """R-30, R-51: by the pages alone, without a script."""
    employee, evidence = register.hire(email="paule@exemple.example"), Evidence(client)
    client.get(register.path(employee))
    client.get(register.path(employee, "/dispense"))
    client.submit("main form", **entered())
    assert "Pièces à joindre" in client.page.text
    page = client.path_of_page
    for slot in ("demande", "justificatif"):
        files = {"fichier": ("preuve.jpg", photo(), "image/jpeg")}
        assert send(client, f"{page}/pieces/{slot}", {}, form_at=page, files=files).status_code == 303
    client.get(page)
    assert "À décider" in client.page.text
    client.submit(f'form[action="{page}/acceptation"]')
    assert "En cours" in client.page.text
    assert [one.state for one in stored(client)] == [ExemptionState.ACCEPTED]
    (letter,) = letters(client.services.database, client.services)
    assert (letter.name, letter.to) == ("exemption-decided", "paule@exemple.example")
    assert {"exemption.recorded", "exemption.accepted", "piece.added"} <= {one.action for one in evidence.fresh()}
    client.get(register.path(employee))
    assert "Dispensé" in client.page.text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"cas": ""}, "Choisissez le cas"),
        ({"cas": "temps-partiel"}, "pas ouvert"),
        ({"cas": "<script>"}, "pas ouvert"),
        ({"organisme": ""}, "Indiquez l’organisme"),
        ({"organisme": "x" * 121}, "trop long"),
        ({"consequences": ""}, "Sans cette mention"),
        ({"demande": "demain"}, "jour qui existe"),
        ({"demande": (today() + timedelta(days=2)).isoformat()}, "datée de demain"),
        ({"effet": (today() - timedelta(days=900)).isoformat()}, "effectifs"),
        ({"fin": (today() - timedelta(days=1)).isoformat()}, "avant le début"),
        ({"cas": "css"}, "jusqu’à quel jour"),
    ],
)
def test_wrong_request_is_told_beside_its_field_and_keeps_nothing(client, register, wrong, told) -> None:
    path = register.path(register.hire(), "/dispense")
    answer = send(client, path, entered(**wrong), form_at=path)
    assert answer.status_code == 422
    assert told in answer.text
    assert stored(client) == []


def test_refusal_needs_a_reason_and_is_told_to_the_employee(client, register) -> None:
    exemption = register.ask(register.hire(email="paule@exemple.example"))
    page = register.page(exemption)
    client.get(page)
    client.submit(f'form[action="{page}/refus"]', motif="Non")
    assert client.status == 422
    assert stored(client)[0].state == ExemptionState.ASKED
    client.submit(f'form[action="{page}/refus"]', motif="Le justificatif est illisible.")
    assert "Refusée" in client.page.text
    (letter,) = letters(client.services.database, client.services)
    assert "Le justificatif est illisible." in letter.text
    with client.services.database.read() as db:
        reasons = db.exec(select(ExemptionStep.reason_encrypted)).all()
    assert b"illisible" not in b"".join(filter(None, reasons))


def test_request_given_up_stays_in_the_register_without_effect(client, register) -> None:
    exemption = register.ask(register.hire())
    page = register.page(exemption)
    client.get(page)
    client.submit(f'form[action="{page}/abandon"]')
    assert "Abandonnée" in client.page.text
    assert send(client, f"{page}/acceptation", {"version": "2"}, form_at=page).status_code == 422


@pytest.mark.parametrize(("origin", "told"), [(Origin.ONLINE, 1), (Origin.PAPER, 0)])
def test_employee_who_asked_here_is_told_that_the_request_was_given_up(client, register, origin, told) -> None:
    """Else an employer could bury a request without the reason that a refusal needs."""
    exemption = register.ask(register.hire(email="paule@exemple.example"))
    with client.services.database.write() as db:
        db.get_one(Exemption, exemption.id).origin = origin
    page = register.page(exemption)
    client.get(page)
    client.submit(f'form[action="{page}/abandon"]')
    found = letters(client.services.database, client.services)
    assert [one.subject for one in found] == ["Votre demande de dispense d’affiliation est abandonnée"] * told


def test_employee_told_of_an_acceptance_is_told_that_the_request_was_given_up_since(client, register) -> None:
    employee = register.hire(email="paule@exemple.example")
    exemption = register.ask(employee)
    with client.services.database.write() as db:
        db.get_one(Exemption, exemption.id).origin = Origin.PAPER
        attach(db, None, exemption, REQUEST, [paper()], utc_now())
    page = register.page(exemption)
    client.get(page)
    client.submit(f'form[action="{page}/acceptation"]')
    client.get(register.path(employee))
    client.submit("form.undo")
    client.get(page)
    client.submit(f'form[action="{page}/abandon"]')
    assert len(letters(client.services.database, client.services)) == 2


def test_two_clerks_who_decide_at_once_leave_one_decision(client, register) -> None:
    """Race: of acceptance and refusal, one wins and the other is told."""
    exemption = register.ask(register.hire())
    page, answers = register.page(exemption), []
    sent = {"version": "1", "motif": "Le justificatif est illisible.", "jeton": token_in(ask(client, page))}

    def decide(act: str) -> None:
        answers.append(send(client, f"{page}/{act}", sent).status_code)

    threads = [Thread(target=decide, args=(act,)) for act in ("acceptation", "refus")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 422]
    with client.services.database.read() as db:
        kinds = db.exec(select(ExemptionStep.kind).where(ExemptionStep.kind != "demande")).all()
    assert len(kinds) == 1


def test_exempt_employee_is_affiliated_again_from_a_day(client, register) -> None:
    hired = today() - timedelta(days=20)
    exemption = register.ask(register.hire(hired_on=hired, starts_on=hired), decided=True)
    page = register.page(exemption)
    client.get(f"{page}/fin")
    client.submit("main form", categorie="", jour=today().isoformat())
    assert client.status == 422
    day = (today() + timedelta(days=1)).isoformat()
    client.submit("main form", categorie=register.name("staff-category", register.category), jour=day)
    assert "Terminée" in client.page.text
    assert stored(client)[0].ended_on == today()


def test_acceptance_is_taken_back_from_the_employees_page(client, register) -> None:
    employee = register.hire()
    exemption = register.ask(employee, decided=True)
    client.get(register.path(employee))
    client.submit("form.undo")
    assert stored(client)[0].state == ExemptionState.ASKED
    client.get(register.page(exemption))
    assert "Annulée le" in client.page.text


@pytest.mark.parametrize("rest", ["", "/fin", "/fichiers/x"])
def test_exemption_of_another_company_is_nowhere_to_be_found(client, register, rest) -> None:
    exemption = register.ask(register.hire())
    enter(client, register.other)
    assert ask(client, register.page(exemption, rest)).status_code == 404
    assert ask(client, f"{LIST}?apres={register.name('exemption', exemption)}").status_code == 404
    for act in ("/acceptation", "/refus", "/abandon", "/fin"):
        fields = {"version": "1", "motif": "Un motif assez long.", "jour": today().isoformat(), "categorie": "x"}
        assert send(client, register.page(exemption, act), fields, form_at="/employeur").status_code in {404, 422}
    assert stored(client)[0].state == ExemptionState.ASKED


def test_file_of_an_exemption_is_given_to_the_company_alone(client, register) -> None:
    page = register.page(register.ask(register.hire()))
    files = {"fichier": ("preuve.jpg", photo(), "image/jpeg")}
    assert send(client, f"{page}/pieces/justificatif", {}, form_at=page, files=files).status_code == 303
    with client.services.database.read() as db:
        newest = db.exec(select(ExemptionPiece).order_by(col(ExemptionPiece.id).desc())).first()
    path = f"{page}/fichiers/{register.name('exemption-piece', newest)}"
    given = ask(client, path)
    assert (given.status_code, given.headers["content-disposition"][:10]) == (200, "attachment")
    enter(client, register.other)
    assert ask(client, path).status_code == 404


def test_file_that_is_none_is_refused_with_what_to_do(client, register) -> None:
    page = register.page(register.ask(register.hire()))
    files = {"fichier": ("preuve.pdf", b"<html>", "application/pdf")}
    answer = send(client, f"{page}/pieces/justificatif", {}, form_at=page, files=files)
    assert answer.status_code == 422
    assert "ni un PDF ni une photo" in answer.text
    assert send(client, f"{page}/pieces/inconnu", {}, form_at=page, files=files).status_code == 404


def test_reader_sees_the_register_and_changes_nothing(client, register) -> None:
    exemption = register.ask(register.hire())
    enter(client, register.reader)
    client.get(LIST)
    client.get(register.page(exemption))
    assert "Votre décision" not in client.page.text
    for act in ("/acceptation", "/refus", "/abandon"):
        assert send(client, register.page(exemption, act), {"version": "1"}, form_at=LIST).status_code == 403


def test_filters_choose_and_fragment_equals_the_page(client, register) -> None:
    register.ask(register.hire(first_name="Alix"))
    register.ask(register.hire(first_name="Béa"), decided=True)
    client.get(f"{LIST}?etat=en-cours")
    assert "Béa Essai" in client.page.text
    assert "Alix Essai" not in client.page.text
    client.get(LIST)
    assert_swap_equals_reload(client, "#registre form", etat="a-decider", cas="")
    client.get(f"{LIST}?etat=martien")
    assert client.status == 422
    assert ask(client, f"{LIST}/registre.csv?etat=martien").status_code == 422


def test_exports_hold_what_the_page_shows_and_run_no_formula(client, register) -> None:
    """Security E5: a name that a spreadsheet would run is text."""
    register.ask(register.hire(first_name="Alix", matricule="A1"), other_insurer="=HYPERLINK(1)")
    register.ask(register.hire(first_name="Béa"), decided=True)
    client.get(f"{LIST}?etat=a-decider")
    shown = client.page.css("tbody th")
    text = ask(client, f"{LIST}/registre.csv?etat=a-decider").content.decode("utf-8-sig")
    titles, *rows = reader(StringIO(text), delimiter=";")
    assert [f"{row[titles.index('Prénom')]} {row[titles.index('Nom de naissance')]}" for row in rows] == ["Alix Essai"]
    assert len(shown) == len(rows) == 1
    assert rows[0][titles.index("Autre organisme")] == "'=HYPERLINK(1)"
    book = ZipFile(BytesIO(ask(client, f"{LIST}/registre.xlsx?etat=a-decider").content))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert sheet.count("<row ") == 2
    document = ask(client, f"{LIST}/registre.pdf?etat=a-decider").content
    assert len(pikepdf.open(BytesIO(document)).pages) == 1


def test_register_never_tells_of_care(client, register) -> None:
    """R-02, D4: the employer learns why somebody is exempt, and no line of care."""
    employee = register.hire()
    register.ask(employee)
    text = ask(client, f"{LIST}/registre.csv").text + ask(client, LIST).text
    assert "Prestation" not in text
    assert "Remboursement" not in text


def test_end_is_reminded_to_company_and_employee_once(client, register) -> None:
    with client.services.database.write() as db:
        account = staff.user(db, client.services.keyring, register.company, Role.SIGNATORY, email="s@ateliers.example")
    employee = register.hire(email="paule@exemple.example")
    register.ask(employee, "css", until=today() + timedelta(days=30), decided=True)
    counts = [remind_of_exemptions(client.services, utc_now()) for _ in range(2)]
    assert counts == [1, 0]
    told = sorted((one.name, one.to) for one in letters(client.services.database, client.services))
    assert told == [("exemption-decided", "paule@exemple.example"), ("exemptions-ending", account.email)]
    to_company = [one for one in letters(client.services.database, client.services) if one.name == "exemptions-ending"]
    assert "Essai" not in to_company[0].text


def test_case_that_the_law_does_not_renew_is_never_said_to_be_renewable(client, register) -> None:
    """D911-2, 2°: such an exemption lasts until its contract's date, and not beyond."""
    with client.services.database.write() as db:
        db.exec(select(ExemptionGround).where(ExemptionGround.code == "css")).one().is_renewable = False
        staff.user(db, client.services.keyring, register.company, Role.SIGNATORY, email="s@ateliers.example")
    employee = register.hire(email="paule@exemple.example")
    exemption = register.ask(employee, "css", until=today() + timedelta(days=30), decided=True)
    client.get(register.page(exemption))
    assert "ce cas ne se renouvelle pas" in client.page.text
    assert "Renouveler" not in client.page.text
    remind_of_exemptions(client.services, utc_now())
    told = {one.name: one.text for one in letters(client.services.database, client.services)}
    assert "doit vous affilier" in told["exemption-decided"]
    assert "à justifier à nouveau" not in told["exemption-decided"]
    assert "Une dispense d’affiliation de votre entreprise arrive à échéance" in told["exemptions-ending"]
    assert "Certains cas ne se renouvellent pas" in told["exemptions-ending"].replace("\n", " ")


def test_exemption_that_a_file_declared_says_so_after_a_reminder_too(client, register) -> None:
    with client.services.database.write() as db:
        doing, new = staff.acting(client.services.keyring, register.clerk, utc_now()), staff.new_employee()
        new = replace(new, hired_on=today(), starts_on=today())
        ground = ground_open(db, register.contract.id, "css", today())
        employee, _ = declare(db, doing, register.contract, register.category, new, PeriodKind.EXEMPT, ground)
        exemption = accepted_of(db, employee)
        add_step(db, exemption, StepKind.REMINDED, utc_now())
    client.get(register.page(exemption))
    assert "noté dispensé par un fichier" in client.page.text
    assert "Échéance rappelée" in client.page.text


def test_renewal_is_accepted_without_saying_that_cover_stops(client, register) -> None:
    employee = register.hire()
    register.ask(employee, decided=True)
    client.get(register.page(register.ask(employee)))
    assert "Déjà dispensé" in client.page.text
    assert "sa couverture par votre contrat s’arrête" not in client.page.text


def test_employee_exempt_without_a_request_is_named_on_the_register(client, register) -> None:
    with client.services.database.write() as db:
        doing = staff.acting(client.services.keyring, register.clerk, utc_now())
        new = staff.new_employee(first_name="Zoé", hired_on=today(), starts_on=today())
        declare(db, doing, register.contract, register.category, new, PeriodKind.EXEMPT)
    client.get(LIST)
    assert "1 salarié est dispensé sans demande au registre" in client.page.text.replace("\u00a0", " ")
    client.page.one('main a[href$="/dispense"]')
