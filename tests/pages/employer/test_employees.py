"""The list of a company's employees: search, filters, pages by key, choice, files (R-30)."""

import csv
import io
from datetime import timedelta

import pytest

from portal.data.affiliating import change_category
from portal.data.columns import utc_now
from portal.data.departing import grant_leave, let_go
from portal.data.leaving_rules import LeavingReason
from portal.formatting import today
from tests.support import staff
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.queries import queries
from tests.support.swap import assert_fragment_is_in_page, swap_into

LIST = "/employeur/salaries"
FORM = "form[hx-post]"


def names(client) -> list[str]:
    return [text_of(node) for node in client.page.css("tbody th a")]


def states(client) -> list[str]:
    return [text_of(node) for node in client.page.css("tbody .badge")]


def act(client, firm, function, employee, *arguments, **options) -> None:
    with client.services.database.write() as db:
        doing = staff.acting(client.services.keyring, firm.clerk, utc_now())
        function(db, doing, db.get_one(type(employee), employee.id), *arguments, **options)


def test_search_goes_by_name_or_number_and_no_address_holds_it(client, firm) -> None:
    """R-30, R-62: words in any order, accents or not; the address is sealed, for this account alone."""
    firm.hire("Lemaître", "Zoé", matricule="00042")
    firm.hire("Essai", "Paule", matricule="00043")
    client.get(LIST)
    client.submit(FORM, q="zoe LEMAITRE")
    assert names(client) == ["Lemaître Zoé"]
    assert "recherche=" in client.path
    assert "maitre" not in client.path.lower()
    client.submit(FORM, q="00043")
    assert names(client) == ["Essai Paule"]
    sealed = client.path
    with client.services.database.write() as db:
        colleague = staff.user(db, client.services.keyring, firm.company)
    enter(client, colleague)
    assert ask(client, sealed).status_code == 422


def test_each_state_is_told_and_filters_the_list(client, firm) -> None:
    since = {"hired_on": today() - timedelta(days=40), "starts_on": today() - timedelta(days=40)}
    yesterday = today() - timedelta(days=1)
    firm.hire("Ici", **since)
    firm.hire("Bientôt", hired_on=today() + timedelta(days=9), starts_on=today() + timedelta(days=9))
    act(client, firm, let_go, firm.hire("Parti", **since), yesterday, LeavingReason.RESIGNATION)
    act(client, firm, let_go, firm.hire("Licencié", **since), yesterday, LeavingReason.DISMISSAL)
    act(client, firm, grant_leave, firm.hire("Absent", **since), yesterday, None, keeps_cover=True)
    client.get(LIST)
    assert states(client) == ["Congé sans solde", "À venir", "Affilié", "Portabilité", "Sorti"]
    for state, found in (("conge", "Absent"), ("portabilite", "Licencié"), ("a-venir", "Bientôt"), ("sorti", "Parti")):
        client.get(f"{LIST}?etat={state}")
        assert names(client) == [f"{found} Paule"]


def test_structure_stays_told_until_a_coming_change_of_category_r30(client, firm) -> None:
    employee = firm.hire()
    act(client, firm, change_category, employee, firm.managers, today() + timedelta(days=10))
    for query in ("", "?structure=isole"):
        client.get(f"{LIST}{query}")
        assert [text_of(node) for node in client.page.css('td[data-label="Structure"]')] == ["Isolé"]


def test_list_pages_by_key_in_every_order_and_asks_little(client, firm) -> None:
    for number in range(120):
        firm.hire(f"Nom {chr(97 + number % 7)}", f"Jean {chr(97 + number % 26)}", matricule=f"{number:04}")
    for sort in ("", "?tri=matricule", "?tri=embauche", "?tri=etat"):
        with queries(client.services.database) as seen:
            client.get(f"{LIST}{sort}")
        assert len(seen) < 14, seen
        assert "120\u00a0salariés" in client.page.text
        found = [node.attributes["href"] for node in client.page.css("tbody th a")]
        while client.page.css(".onward a"):
            assert_fragment_is_in_page(client, ".onward a", "tbody")
            found += [node.attributes["href"] for node in client.page.css("tbody th a")]
        assert len(found) == len(set(found)) == 120


def test_filtered_list_swapped_equals_the_page_reloaded(client, firm) -> None:
    firm.hire()
    firm.hire("Autre", matricule="7")
    client.get(LIST)
    swap_into(client, FORM, q="autre", etat="affilie", structure="isole")
    pushed = client.answer.headers["hx-push-url"]
    assert "1\u00a0salarié" in client.answer.text
    client.get(pushed)
    assert names(client) == ["Autre Paule"]
    assert "autre" not in pushed.lower()


@pytest.mark.parametrize(
    "query",
    [
        "etat=inconnu",
        "categorie=aaaaaaaaaaaaaaaaaaaaaa",
        "tri=%00",
        "recherche=zzz",
        "recherche=é",
        "etat=sorti&etat=conge",
    ],
)
def test_hostile_filter_is_refused_in_words(client, firm, query) -> None:
    firm.hire()
    client.get(f"{LIST}?{query}")
    assert client.status == 422
    assert client.page.one("#erreurs")


def test_company_sees_its_own_people_alone(client, firm) -> None:
    """R-72: neither in the list, nor by name, cursor, choice or file."""
    employee = firm.hire("Canari")
    enter(client, firm.other)
    client.get(LIST)
    assert "Canari" not in client.page.text
    client.submit(FORM, q="canari")
    assert "Canari" not in text_of(client.page.one("#resultats .empty"))
    name = firm.name("employee", employee)
    assert ask(client, f"{LIST}?apres={name}").status_code == 404
    assert "Canari" not in ask(client, f"{LIST}/groupe?salarie={name}").text
    assert "Canari" not in ask(client, f"{LIST}/export.csv").text
    for rest in ("", "/sortie", "/conge", "/retour", "/correction"):
        assert ask(client, firm.path(employee, rest)).status_code == 404


def test_file_holds_the_filter_without_formula_and_leaves_evidence(client, firm) -> None:
    firm.hire("Tiret", "Paule", email="=cmd@exemple.example", matricule="1")
    firm.hire("Autre", matricule="2")
    client.get(LIST)
    client.submit(FORM, q="tiret")
    evidence = Evidence(client)
    client.get(client.path.replace(LIST, f"{LIST}/export.csv"), audit=False)
    rows = list(csv.DictReader(io.StringIO(client.answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [(row["Matricule"], row["État"], row["Structure"]) for row in rows] == [("1", "Affilié", "Isolé")]
    assert rows[0]["Adresse e-mail"] == "'=cmd@exemple.example"
    assert [(each.action, each.object) for each in evidence.fresh()] == [("employees.downloaded", "csv")]
    assert ask(client, f"{LIST}/export.xlsx").content.startswith(b"PK")


def test_chosen_employees_change_category_together_after_a_look(client, firm) -> None:
    people = [firm.hire("Un"), firm.hire("Deux")]
    client.get(LIST)
    client.submit("form.staff-form", salarie=[firm.name("employee", each) for each in people])
    managers = firm.name("staff-category", firm.managers)
    client.submit('form[action$="/groupe"]', button="Vérifier", categorie=managers)
    assert "Possible pour tous" in client.page.text
    client.submit('form[action$="/groupe"]', button="Confirmer pour 2\u00a0salariés")
    assert "2\u00a0salariés ont changé de catégorie" in client.page.text
    assert client.page.text.count("Cadres</td>") == 2


def test_choice_asks_little_and_tells_whose_data_it_showed_r51(client, firm) -> None:
    def asked(people) -> int:
        names = [firm.name("employee", each) for each in people]
        sent = {"categorie": firm.name("staff-category", firm.managers), "jour": today().isoformat(), "salarie": names}
        with queries(client.services.database) as seen:
            assert "Possible pour tous" in send(client, f"{LIST}/groupe", sent, form_at=LIST).text
        return len(seen)

    people = [firm.hire(chr(97 + number)) for number in range(8)]
    evidence = Evidence(client)
    few, many = asked(people[:2]), asked(people)
    assert many - few <= 2 * 6
    shown = [each.details["persons"] for each in evidence.fresh() if each.object == "groupe"]
    assert shown[-1] == sorted(each.person_id for each in people)


def test_chosen_employees_change_all_or_none(client, firm) -> None:
    one, two = firm.hire("Un"), firm.hire("Deux", starts_on=today() + timedelta(days=30))
    client.get(f"{LIST}/groupe?salarie={firm.name('employee', one)}&salarie={firm.name('employee', two)}")
    managers = firm.name("staff-category", firm.managers)
    client.submit('form[action$="/groupe"]', button="Vérifier", categorie=managers)
    assert client.status == 422
    assert "ne fait pas partie de vos effectifs" in client.page.text
    values = {"categorie": managers, "jour": today().isoformat(), "etape": "confirmer"}
    values["salarie"] = [f"{firm.name('employee', each)}.2" for each in (one, two)]
    assert send(client, f"{LIST}/groupe", values, form_at=LIST).status_code == 422
    client.get(LIST)
    assert "Cadres</td>" not in client.page.text


def test_choice_of_nobody_says_what_to_do(client, firm) -> None:
    firm.hire()
    client.get(f"{LIST}/groupe")
    assert client.status == 422
    assert "Cochez au moins un salarié" in client.page.text


def test_reader_sees_and_cannot_act(client, firm) -> None:
    employee = firm.hire()
    enter(client, firm.reader)
    client.get(LIST)
    assert not client.page.css('input[name="salarie"]')
    client.get(firm.path(employee))
    assert "Ce que vous pouvez faire" not in client.page.text
    for path in (firm.path(employee, "/sortie"), firm.path(employee, "/correction"), f"{LIST}/affiliation"):
        assert ask(client, path).status_code == 403
    for path in (firm.path(employee), firm.path(employee, "/annulation"), f"{LIST}/groupe"):
        assert send(client, path, {"champ": "email"}, form_at=LIST).status_code == 403
