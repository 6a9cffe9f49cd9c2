"""One employee by the clerk's pages: acts, corrections, two clerks at once, affiliation by full entry (R-30, R-51)."""

from datetime import date, timedelta
from threading import Thread

import pytest
from sqlalchemy import Select, false
from sqlmodel import Session, select

from portal.data.employees import Employee, EmployeeEvent
from portal.formatting import today
from tests.support import staff
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.mail import letters
from tests.support.swap import assert_swap_equals_reload

LIST, ENTRY = "/employeur/salaries", "/employeur/salaries/affiliation"
BORN = date(1990, 4, 12)


def nir_of(born: date = BORN, *, sex: str = "2") -> str:
    number = f"{sex}{born:%y%m}99001345"
    return f"{number}{97 - int(number) % 97:02d}"


def fields(client, firm, **values) -> dict[str, str]:
    entered = {"prenom": "Paule", "nom": "Essai", "usage": "", "naissance": BORN.isoformat(), "sexe": "F"}
    entered |= {"nir": nir_of(), "matricule": "42", "email": "paule@exemple.example"}
    entered |= {"categorie": firm.name("staff-category", firm.category), "embauche": today().isoformat(), "effet": ""}
    return entered | values


def events(client) -> list[EmployeeEvent]:
    with client.services.database.read() as db:
        return list(db.exec(select(EmployeeEvent).order_by(EmployeeEvent.id)))


def test_affiliation_is_reviewed_confirmed_and_told_without_a_secret(client, firm) -> None:
    """R-30: the effect is explained before; R-51: it leaves evidence."""
    client.get(ENTRY)
    client.submit("main form", **fields(client, firm))
    assert "Rien n’est encore enregistré" in client.page.text
    assert "jour de l’embauche" in client.page.text
    assert events(client) == []
    evidence = Evidence(client)
    client.submit("main form", button="Confirmer l’affiliation")
    assert "Affilié" in client.page.text
    assert nir_of() not in client.page.text
    (letter,) = letters(client.services.database, client.services)
    assert (letter.name, letter.to) == ("employee-affiliated", "paule@exemple.example")
    assert nir_of() not in letter.text
    assert {"employee.affiliated", "employee.read"} <= {each.action for each in evidence.fresh()}


@pytest.mark.parametrize("nir", ["", nir_of()])
def test_affiliation_pressed_twice_makes_one_employee(client, firm, nir) -> None:
    sent = fields(client, firm, nir=nir) | {"etape": "confirmer"}
    first = send(client, ENTRY, sent, form_at=ENTRY)
    again = send(client, ENTRY, sent, form_at=ENTRY)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"]
    assert len(events(client)) == 1
    assert len(letters(client.services.database, client.services)) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"nom": "<script>"}, "nom"),
        ({"naissance": "2026-02-31"}, "naissance"),
        ({"nir": nir_of()[:-1] + "x"}, "nir"),
        ({"nir": nir_of(date(1991, 4, 1))}, "nir"),
        ({"nir": nir_of(sex="1")}, "nir"),
        ({"email": "a@b\r\nBcc: c@d.fr"}, "email"),
        ({"matricule": "=1+1"}, "matricule"),
        ({"categorie": "x"}, "categorie"),
        ({"embauche": "2019-02-01"}, "effet"),
        ({"effet": (today() + timedelta(days=500)).isoformat()}, "effet"),
    ],
)
def test_wrong_entry_is_told_beside_its_field_and_kept(client, firm, values, field) -> None:
    answer = send(client, ENTRY, fields(client, firm, **values), form_at=ENTRY)
    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    assert 'value="Paule"' in answer.text


def test_departure_shows_what_follows_before_it_is_recorded(client, firm) -> None:
    employee = firm.hire()
    client.get(firm.path(employee, "/sortie"))
    client.submit("main form", motif="licenciement")
    assert "Le contrat de travail a duré 1\u00a0mois" in client.page.text
    assert len(events(client)) == 1
    client.submit('form:has([value="confirmer"])', button="Enregistrer la sortie")
    assert client.path == firm.path(employee)
    assert "portabilité pendant 1\u00a0mois" in client.page.text
    client.submit('form[action$="/reintegration"]')
    assert "Réintégration" in client.page.text
    assert "Déclarer une sortie" in client.page.text


def test_unpaid_leave_begins_and_ends(client, firm) -> None:
    employee = firm.hire()
    client.get(firm.path(employee, "/conge"))
    begins = (today() + timedelta(days=3)).isoformat()
    client.submit("main form", debut=begins, fin="", couverture="suspendue")
    assert "couverture suspendue" in client.page.text
    client.get(firm.path(employee, "/retour"))
    client.submit("main form", jour=(today() + timedelta(days=9)).isoformat())
    assert "Retour de congé" in client.page.text


def test_last_act_is_taken_back_the_same_day_and_stays_in_the_history(client, firm) -> None:
    employee = firm.hire()
    client.get(firm.path(employee) + "?modifier=matricule")
    client.submit("main form.form", matricule="77")
    client.submit('form[action$="/annulation"]')
    assert "Annulée le" in client.page.one("#historique ~ ol").text()
    assert client.page.css("del")
    with client.services.database.read() as db:
        assert db.get_one(Employee, employee.id).matricule is None


def test_act_of_another_day_is_not_taken_back_and_says_why(client, firm) -> None:
    employee = firm.hire()
    with client.services.database.write() as db:
        (event,) = db.exec(select(EmployeeEvent))
        event.recorded_at -= timedelta(days=1)
        db.add(event)
    client.get(firm.path(employee))
    assert not client.page.css('form[action$="/annulation"]')
    sent = {"operation": firm.name("employee-event", event)}
    answer = send(client, firm.path(employee, "/annulation"), sent, form_at=firm.path(employee))
    assert answer.status_code == 422
    assert "jusqu’à minuit" in answer.text


@pytest.mark.parametrize(
    ("field", "values"),
    [("matricule", {"matricule": "8"}), ("email", {"email": "p@exemple.example"}), ("categorie", {})],
)
def test_field_edited_in_place_equals_the_page_reloaded(client, firm, field, values) -> None:
    employee = firm.hire()
    client.get(firm.path(employee))
    client.get(firm.path(employee) + f"?modifier={field}")
    values = values or {"categorie": firm.name("staff-category", firm.managers)}
    page = assert_swap_equals_reload(client, "form[hx-post]", **values)
    assert not page.css("form[hx-post]")
    assert [node.attributes["id"] for node in page.css("[data-portal-focus]")] == ["declare"]  # else the focus is lost
    assert len(events(client)) == 2


def test_second_clerk_sees_what_changed_and_keeps_what_was_typed(client, firm) -> None:
    employee = firm.hire()
    form_at = firm.path(employee) + "?modifier=email"
    first = {"champ": "matricule", "matricule": "5", "version": "2"}
    assert send(client, firm.path(employee), first, form_at=form_at).status_code == 303
    second = {"champ": "email", "email": "tapee@exemple.example", "version": "2"}
    answer = send(client, firm.path(employee), second, form_at=form_at)
    assert answer.status_code == 422
    assert "Un collègue a modifié ce salarié" in answer.text
    assert "Corrigé\u00a0: matricule." in answer.text
    assert 'value="tapee@exemple.example"' in answer.text
    leave = {"jour": today().isoformat(), "motif": "demission", "etape": "confirmer", "version": "2"}
    answer = send(client, firm.path(employee, "/sortie"), leave, form_at=form_at)
    assert answer.status_code == 422
    assert "Ce qui a changé pendant votre saisie" in answer.text


def test_two_clerks_at_once_leave_one_act(client, firm) -> None:
    """On both databases, of two acts made from one version a single one is written."""
    employee = firm.hire()
    form_at, found = firm.path(employee) + "?modifier=email", []
    token = ask(client, form_at).text.partition('name="jeton" value="')[2].partition('"')[0]

    def press(number: int) -> None:
        sent = {"champ": "matricule", "matricule": str(number), "version": "2", "jeton": token}
        found.append(send(client, firm.path(employee), sent).status_code)

    threads = [Thread(target=press, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [303, 422]
    assert len(events(client)) == 2


@pytest.mark.parametrize("field", ["matricule", "nir"])
def test_two_clerks_giving_one_number_to_two_people_are_told_which(client, firm, monkeypatch, field) -> None:
    """Each looked before the other wrote: the database is the judge, and the second one reads what to do."""
    value = {"matricule": "8", "nir": nir_of()}[field]
    first, second = firm.hire("Un", "Ana", **{field: value}), firm.hire("Deux", "Bea", birth_date=BORN)
    assert first.id != second.id
    blind = Session.exec

    def looks_early(self, statement, **options):
        is_look = isinstance(statement, Select) and f"employee.{field}" in str(statement.whereclause)
        return blind(self, statement.where(false()) if is_look else statement, **options)

    client.get(firm.path(second, "/correction"))
    monkeypatch.setattr(Session, "exec", looks_early)
    client.submit("main form", **{field: value})
    assert client.status == 422
    assert "autre salarié" in client.page.text


def test_correction_adds_a_number_once_and_tells_no_one_it(client, firm) -> None:
    employee = firm.hire()
    client.get(firm.path(employee, "/correction"))
    client.submit("main form", prenom="Paula", nir=nir_of())
    assert "Paula Essai" in client.page.text
    assert nir_of() not in client.page.text
    client.get(firm.path(employee, "/correction"))
    client.submit("main form", nir=nir_of())
    assert client.status == 422
    assert "Rien n’a changé" in client.page.text


@pytest.mark.parametrize("page", ["", "/correction", "/sortie", "/conge", "/retour"])
def test_each_page_of_an_employee_leaves_evidence_of_whom_it_showed_r51(client, firm, page) -> None:
    employee = firm.hire()
    evidence = Evidence(client)
    client.get(firm.path(employee, page))
    told = [(each.action, each.details["persons"]) for each in evidence.fresh()]
    assert told == [("employee.read", [employee.person_id])]


def test_leave_with_an_end_is_ended_sooner_from_the_page_r30(client, firm) -> None:
    employee = firm.hire()
    client.get(firm.path(employee, "/conge"))
    first, last = today() + timedelta(days=1), today() + timedelta(days=40)
    client.submit("main form", debut=first.isoformat(), fin=last.isoformat(), couverture="suspendue")
    client.get(client.page.css('a[href$="/retour"]')[0].attributes["href"])
    client.submit("main form", jour=(first + timedelta(days=9)).isoformat())
    assert "Retour de congé" in client.page.text


def test_stranger_meets_nobody_on_any_act(client, firm) -> None:
    """R-72: another company's employee does not exist."""
    employee = firm.hire()
    enter(client, firm.other)
    with client.services.database.write() as db:
        assert staff.viewer(firm.other).company_id != db.get_one(Employee, employee.id).company_id
    sent = {"champ": "email", "email": "x@y.fr", "version": "2"}
    posts = {"": sent, "/annulation": {}, "/reintegration": {}}
    posts |= {"/sortie": {"jour": today().isoformat(), "motif": "demission", "etape": "confirmer"}}
    for rest, values in posts.items():
        assert send(client, firm.path(employee, rest), values, form_at=LIST).status_code == 404
