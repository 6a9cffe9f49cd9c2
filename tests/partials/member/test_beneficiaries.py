"""Fragments about beneficiaries: a swapped page equals the reloaded one; the same refusals as by forms (R-23)."""

from datetime import date, timedelta

import pytest

from portal.data.evidence import Action
from portal.formatting import today
from tests.support import beneficiaries as make_change
from tests.support import factories as make
from tests.support.entry import ask, enter
from tests.support.evidence import scalar
from tests.support.swap import assert_fragment_is_in_page, assert_swap_equals_reload, swap_into

LIST = "/adherent/beneficiaires"
GUIDE = f"{LIST}/ajout"
FORM = "form[hx-post]"

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def home(client):
    with client.services.database.write() as db:
        made, account = make.member_with_account(db, client.services.keyring, children={"Zoé": date(2015, 9, 3)})
        make_change.figures(db)
        make_change.prices(db, made.contract)
    enter(client, account)
    return made


@pytest.fixture
def draft(client, home) -> str:
    """A newborn's draft, opened; its path."""
    client.get(f"{GUIDE}?lien=enfant&motif=naissance")
    client.submit(f'form[action="{GUIDE}"][method=post]')
    return client.path_of_page


def typed(**fields: str) -> dict[str, str]:
    return {"prenom": "Lou", "nom": "Essai", "naissance": (today() - timedelta(days=9)).isoformat()} | fields


@pytest.mark.parametrize(
    "fields",
    [{"lien": "conjoint"}, {"lien": "enfant", "motif": "naissance"}, {"lien": "autre", "motif": "fin_couverture"}],
)
def test_choosing_whom_to_add_swaps_what_the_page_would_show(client, home, fields):
    client.get(f"{GUIDE}?lien={fields['lien']}")
    assert_swap_equals_reload(client, "form[hx-get]", **fields)


def test_choice_that_makes_no_sense_is_left_open(client, home):
    client.get(GUIDE)
    answer = ask(client, f"/fragments{GUIDE}?lien=enfant&motif=mariage", headers={"HX-Request": "true"})
    assert answer.headers["hx-push-url"] == f"{GUIDE}?lien=enfant"
    assert "Commencer la demande" not in answer.text


def test_draft_s_form_is_kept_in_place_as_by_reloading(client, draft):
    page = assert_swap_equals_reload(client, FORM, **typed())
    assert "Lou Essai" in page.text
    assert (
        scalar(client.services.database, "SELECT count(*) FROM evidence WHERE action = :a", a=Action.CASE_CHANGED) == 1
    )


def test_draft_s_form_opens_in_place_as_by_its_link(client, draft):
    client.submit(FORM, **typed())
    assert_swap_equals_reload(client, 'a[hx-target="#demande"]')


def test_wrong_form_is_refused_in_place_with_its_values(client, draft):
    fragment = swap_into(client, FORM, **typed(nir="123"))
    assert client.status == 422
    assert 'id="nir-erreur"' in fragment
    assert 'value="123"' in fragment
    assert "erreurs-titre" in fragment


def test_form_of_another_tab_loses_nothing_in_place(client, draft):
    client.submit(FORM, **typed())
    client.get(f"{draft}?modifier=oui")
    stale = dict(client.form(FORM).values)
    client.submit(FORM, **typed(prenom="Premier"))
    sent = stale | {"prenom": ["Second"]}
    fragment = client.fragment(f"/fragments{draft}", sent, method="POST", target="demande")
    assert client.status == 422
    assert "pendant que vous écriviez" in fragment.text
    assert 'value="Second"' in fragment.text


def test_correction_s_form_opens_in_the_list_as_on_its_page(client, home):
    client.get(LIST)
    assert_fragment_is_in_page(client, 'li:last-child a[hx-target="#correction"]', "#correction form")


def test_correction_leads_to_the_page_of_its_draft(client, home):
    client.get(LIST)
    client.click("Corriger : Zoé Essai")
    page = client.page.one(FORM)
    fields = dict(client.form(FORM).values) | {"nom": ["Modèle"]}
    client.fragment(page.attributes["hx-post"], fields, method="POST", target="correction")
    assert client.status == 200
    assert client.answer.headers["hx-redirect"].startswith(f"{LIST}/demandes/")
    client.fragment(page.attributes["hx-post"], fields | {"nom": ["<b>"]}, method="POST", target="correction")
    assert client.status == 422
    assert 'id="nom-erreur"' in client.answer.text


def test_fragments_are_closed_to_dependants(client, home, draft):
    """R-72."""
    with client.services.database.write() as db:
        account = make.dependant_account(db, client.services.keyring, home["Zoé"])
    enter(client, account)
    for path in (f"/fragments{GUIDE}", f"/fragments{draft}"):
        answer = ask(client, path)
        assert (answer.status_code, answer.text) == (403, "")
