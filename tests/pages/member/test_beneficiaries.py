"""/adherent/beneficiaires: who is covered, adding, ending, correcting; two tabs (R-23, R-64, R-72)."""

import io
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pikepdf
import pytest

from portal.data.accounts import Account, Role, Space
from portal.data.beneficiary_changes import lock_change
from portal.data.beneficiary_decisions import accept_change
from portal.data.case_desk import answer as desk_answer
from portal.data.case_desk import move_by_desk, refuse_piece
from portal.data.case_pieces import add_pieces, pieces_of
from portal.data.cases import CaseState
from portal.data.coverage import ContractKind, Relationship
from portal.data.evidence import Action
from portal.data.persons import Person
from portal.data.representations import Capacity, Declaration
from portal.data.sessions import Viewer
from portal.formatting import long_date, today
from tests.support import beneficiaries as make_change
from tests.support import factories as make
from tests.support.entry import SAME_ORIGIN, ask, enter, present, send, token_in
from tests.support.evidence import scalar
from tests.support.html import Html, text_of

LIST = "/adherent/beneficiaires"
GUIDE = f"{LIST}/ajout"
YEAR = 365

pytestmark = pytest.mark.engines("sqlite")


@dataclass
class Signed:
    client: object
    home: make.Household
    account: Account

    @property
    def keyring(self):
        return self.client.services.keyring

    def opaque(self, kind: str, row_id: int) -> str:
        return self.keyring.conceal(kind, [row_id])[0]

    def case_path(self, case_id: int) -> str:
        return f"{LIST}/demandes/{self.opaque('case', case_id)}"


@pytest.fixture
def member(client) -> Signed:
    with client.services.database.write() as db:
        keyring = client.services.keyring
        home, account = make.member_with_account(
            db, keyring, spouse="Paul", children={"Zoé": date(2015, 9, 3)}, kind=ContractKind.INDIVIDUAL
        )
        make_change.figures(db)
        make_change.prices(db, home.contract)
    enter(client, account)
    return Signed(client, home, account)


def writing(member: Signed, act) -> object:
    """Runs `act(db, viewer)` in a transaction, as the member."""
    with member.client.services.database.write() as db:
        return act(db, make.viewer_of(db, member.account))


def text(member: Signed) -> str:
    return re.sub(r"\s+", " ", text_of(member.client.page.one("main")))


def count(member: Signed, action: Action) -> int:
    member.client.services.journal.flush()
    return scalar(
        member.client.services.database, "SELECT count(*) FROM evidence WHERE action = :action", action=action
    )


def cases(member: Signed, state: str = "") -> int:
    query = "SELECT count(*) FROM case_file WHERE :state = '' OR state = :state"
    return scalar(member.client.services.database, query, state=state)


def begin(member: Signed, who: str = "enfant", why: str = "naissance") -> str:
    """Starts an addition by the forms; the path of its page."""
    client = member.client
    client.get(f"{GUIDE}?lien={who}&motif={why}")
    client.submit(f'form[action="{GUIDE}"][method=post]')
    return client.path_of_page


def fill(member: Signed, **fields: str):
    form = {"prenom": "Lou", "nom": "Essai", "naissance": (today() - timedelta(days=20)).isoformat()} | fields
    return member.client.submit(f'form[action="{member.client.path_of_page.partition("?")[0]}"]', **form)


def add_all_pieces(member: Signed, path: str) -> None:
    def put(db, viewer: Viewer) -> None:
        case_id = member.keyring.reveal("case", path.rpartition("/")[2])
        change = lock_change(db, viewer, member.keyring, case_id, None)
        make_change.with_pieces(db, viewer, change)

    writing(member, put)


def ready(member: Signed) -> str:
    """A newborn's draft with its pieces; its path."""
    path = begin(member)
    fill(member)
    add_all_pieces(member, path)
    return path


def send_it(member: Signed, path: str):
    member.client.get(f"{path}/envoi")
    return member.client.submit("main form", certifie="1")


# --- the list ---


def test_member_sees_who_is_covered_since_when_and_in_which_state(member):
    """R-23: list with cover dates and state."""
    with member.client.services.database.write() as db:
        gone = make.person(db, "Parti", last_name="Essai")
        make.cover(db, member.home.contract, gone, Relationship.COHABITANT, valid_to=date(2024, 2, 29))
    member.client.get(LIST)
    shown = text(member)
    assert "Anne Essai" in shown
    assert "Titulaire du contrat" in shown
    assert "Depuis le 1er janvier 2020" in shown
    assert "Terminée le 29 février 2024" in shown
    assert count(member, Action.BENEFICIARIES_READ) == 1


def test_list_masks_the_nir_and_hides_that_of_an_adult(member):
    """R-72: masked on screen; an adult dependant's is not the member's to read."""
    with member.client.services.database.write() as db:
        for person, born in ((member.home.member, date(1980, 5, 17)), (member.home["Paul"], date(1980, 5, 17))):
            row = db.get_one(Person, person.id)
            row.nir_encrypted = member.keyring.encrypt(make_change.nir_of(born, order=person.id))
    member.client.get(LIST)
    assert text(member).count("1 80 05 •• ••• •••") == 1
    assert "8005990" not in member.client.page.text.replace(" ", "")


def test_dependant_sees_own_cover_alone_and_changes_nothing(member):
    """R-72: dependants see only what data/visibility lets them."""
    with member.client.services.database.write() as db:
        paul = make.dependant_account(db, member.keyring, member.home["Paul"])
    enter(member.client, paul)
    member.client.get(LIST)
    shown = text(member)
    assert "Paul Essai" in shown
    assert "Zoé" not in shown
    assert "Seul l’adhérent" in shown
    assert ask(member.client, GUIDE).status_code == 403


def test_representative_sees_the_person_represented_and_nobody_else(member):
    """R-15, R-72: nothing of the rest of the household."""
    with member.client.services.database.write() as db:
        account = make.account(db, member.keyring, Space.MEMBER, Role.REPRESENTATIVE, of=member.home["Zoé"])
        db.add(Declaration(Capacity.PARENT, acts=True, representative_name="Anne").row(account.id, datetime.now(UTC)))
    enter(member.client, account)
    member.client.get(LIST)
    assert "Zoé Essai" in text(member)
    assert "Paul" not in text(member)
    assert ask(member.client, GUIDE).status_code == 403


def test_former_member_reads_but_asks_for_nothing(member):
    """R-64: ended cover refused."""
    with member.client.services.database.write() as db:
        db.merge(member.home.contract).ends_on = today() - timedelta(days=30)
    member.client.get(LIST)
    assert "Terminée le" in text(member)
    assert "Ajouter un bénéficiaire" not in text(member)
    assert ask(member.client, GUIDE).status_code == 403
    assert send(member.client, GUIDE, {"lien": "enfant", "motif": "naissance"}, form_at=LIST).status_code == 403
    assert cases(member) == 0


# --- before starting ---


def test_member_learns_date_price_and_pieces_before_starting(member):
    """R-23: who, since when, the exact list of pieces before starting, the effect on the contribution."""
    member.client.get(GUIDE)
    member.client.submit("main form", lien="conjoint")
    page = member.client.submit("main form", lien="conjoint", motif="mariage")
    shown = text(member)
    assert "Extrait d’acte de mariage" in shown
    assert "Attestation de droits" in shown
    assert "Dès le jour de l’événement, si vous envoyez la demande dans un délai de 1 mois" in shown
    assert "Votre cotisation ne change pas : 122,15 € par mois" in shown.replace("\u00a0", " ")
    assert page.one('form[method="post"][action$="/ajout"] input[name="motif"]').attributes["value"] == "mariage"
    assert cases(member) == 0


def test_group_contract_says_what_the_employer_must_do(member):
    """R-23: group contracts: when the employer must act."""
    with member.client.services.database.write() as db:
        contract = db.merge(member.home.contract)
        contract.kind = ContractKind.GROUP_MANDATORY
        single = make.household(db, kind=ContractKind.GROUP_MANDATORY)
        make_change.prices(db, single.contract)
        account = make.member_account(db, member.keyring, single.member)
    enter(member.client, account)
    member.client.get(f"{GUIDE}?lien=conjoint&motif=mariage")
    assert "Prévenez aussi votre employeur" in text(member)
    assert "votre employeur en paie au moins la moitié" in text(member)
    assert "+ 43,14 € par mois" in text(member)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"lien": "", "motif": ""}, "Dites qui vous souhaitez ajouter."),
        ({"lien": "enfant", "motif": "mariage"}, "Dites pourquoi"),
        ({"lien": "adherent", "motif": "naissance"}, "Dites qui vous souhaitez ajouter."),
        ({"lien": "<script>", "motif": "'; DROP TABLE"}, "Dites qui vous souhaitez ajouter."),
    ],
)
def test_impossible_choice_is_refused_in_words(member, sent, said):
    answer = send(member.client, GUIDE, sent, form_at=LIST)
    assert answer.status_code == 422
    assert said in answer.text
    assert cases(member) == 0


def test_pressing_start_twice_gives_one_draft(member):
    """Double submit."""
    first = begin(member)
    assert begin(member) == first
    assert cases(member) == 1
    assert count(member, Action.CASE_OPENED) == 1


def test_foreign_contract_cannot_be_chosen(member):
    with member.client.services.database.write() as db:
        other = make.household(db)
    fields = {"lien": "enfant", "motif": "naissance", "contrat": member.opaque("contract", other.contract.id)}
    assert send(member.client, GUIDE, fields, form_at=LIST).status_code == 422
    assert cases(member) == 0


# --- the draft ---


def test_member_adds_a_newborn_from_the_guide_to_the_sending(member):
    """R-23: the whole way; one request, its evidence, its effect kept."""
    path = begin(member)
    fill(member, nir="")
    born = today() - timedelta(days=20)
    assert f"Couverture à partir du {long_date(born)}" in text(member)
    assert "122,15 € par mois pour trois personnes" in text(member)
    add_all_pieces(member, path)
    send_it(member, path)
    assert member.client.path_of_page == path
    assert "Nous avons votre demande" in text(member)
    assert cases(member, CaseState.SENT) == 1
    assert [count(member, each) for each in (Action.CASE_OPENED, Action.CASE_CHANGED, Action.CASE_SENT)] == [1, 1, 1]
    assert scalar(member.client.services.database, "SELECT effect_on FROM beneficiary_change") == born.isoformat()


def test_newborn_costs_nothing_at_first_and_the_price_is_told_before_sending(member):
    """R-23: effect on the contribution shown before sending."""
    with member.client.services.database.write() as db:
        alone = make.household(db)
        make_change.prices(db, alone.contract)
        account = make.member_account(db, member.keyring, alone.member)
    enter(member.client, account)
    path = begin(member)
    fill(member)
    for each in (path, f"{path}/envoi"):
        member.client.get(each)
        assert "Gratuit jusqu’à cette date" in text(member)
        assert "48,06 €" in text(member)
        assert "91,20 €" in text(member)


def test_without_figures_or_prices_an_agent_computes(client):
    """Missing figures are no failure: the draft says that somebody computes."""
    with client.services.database.write() as db:
        home, account = make.member_with_account(db, client.services.keyring)
    enter(client, account)
    alone = Signed(client, home, account)
    begin(alone)
    fill(alone)
    assert "Un gestionnaire calcule la date" in text(alone)
    assert client.status == 200


def test_draft_is_resumed_with_what_was_typed(member):
    """R-23: a draft can be resumed."""
    path = begin(member)
    fill(member, prenom="Éloïse-Marie", rang="2")
    member.client.get(LIST)
    assert "Brouillon" in text(member)
    member.client.click("Ajout d’un bénéficiaire : Éloïse-Marie Essai")
    assert member.client.path_of_page == path
    member.client.get(f"{path}?modifier=oui")
    form = member.client.form(f'form[action="{path}"]')
    assert form.values["prenom"] == ["Éloïse-Marie"]
    assert form.values["rang"] == ["2"]


def test_what_names_the_person_is_encrypted_at_rest(member):
    begin(member)
    fill(member, prenom="Clairement")
    with member.client.services.database.read() as db:
        stored = scalar(member.client.services.database, "SELECT details_encrypted FROM beneficiary_change")
    assert b"Clairement" not in bytes(stored)
    assert db is not None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prenom": "<b>Lou</b>"}, "prenom"),
        ({"nom": ""}, "nom"),
        ({"nom": "A" * 81}, "nom"),
        ({"naissance": "31/02/2026"}, "naissance"),
        ({"naissance": "2999-01-01"}, "naissance"),
        ({"naissance": "1700-01-01"}, "naissance"),
        ({"rang": "0"}, "rang"),
        ({"rang": "１"}, "rang"),
        ({"nir": "2 85 05 78 006 084 42"}, "nir"),
        ({"nir": "285057800608441"}, "nir"),
    ],
)
def test_wrong_values_are_told_beside_their_field_and_kept(member, fields, field):
    begin(member)
    page = fill(member, **fields)
    assert member.client.status == 422
    assert page.first(f"#{field}-erreur")
    (name, value), *_ = fields.items()
    assert page.one(f'[name="{name}"]').attributes.get("value", "") == value
    assert count(member, Action.CASE_CHANGED) == 0


def test_nir_is_demanded_save_for_a_newborn(member):
    begin(member, "enfant", "sans_evenement")
    page = fill(member, naissance="2015-05-04")
    assert page.first("#nir-erreur")
    fill(member, naissance="2015-05-04", nir=make_change.nir_of(date(2015, 5, 4)))
    assert member.client.status == 200
    assert "1 15 05 •• ••• •••" in text(member)


def test_child_of_age_is_a_student_or_disabled(member):
    """R-23: children of age, with the piece that shows it."""
    born = date(today().year - 20, 1, 15)
    begin(member, "enfant", "sans_evenement")
    fields = {"naissance": born.isoformat(), "nir": make_change.nir_of(born)}
    assert fill(member, **fields).first("#situation-erreur")
    page = fill(member, **fields, situation="etudiant")
    assert page.first("#piece-certificat-scolarite")
    old = date(today().year - 30, 1, 15)
    member.client.get(f"{member.client.path_of_page}?modifier=oui")
    page = fill(member, naissance=old.isoformat(), nir=make_change.nir_of(old), situation="etudiant")
    assert "26 ans" in page.one("#situation-erreur").text().replace("\u00a0", " ")
    assert fill(member, naissance=old.isoformat(), nir=make_change.nir_of(old), situation="handicap").first(
        "#piece-decision-handicap"
    )


def test_spouse_must_be_of_age(member):
    begin(member, "conjoint", "mariage")
    page = fill(member, naissance="2015-05-04", nir=make_change.nir_of(date(2015, 5, 4)), evenement=today().isoformat())
    assert "mineure" in page.one("#naissance-erreur").text()


def test_wedding_to_come_waits_and_lost_cover_does_not(member):
    soon = (today() + timedelta(days=20)).isoformat()
    born = {"naissance": "1985-05-04", "nir": make_change.nir_of(date(1985, 5, 4))}
    begin(member, "conjoint", "mariage")
    assert fill(member, **born, evenement=soon).first("#evenement-erreur")
    begin(member, "conjoint", "fin_couverture")
    fill(member, **born, evenement=soon)
    assert f"Couverture à partir du {long_date(today() + timedelta(days=21))}" in text(member)


def test_incomplete_draft_says_what_is_missing(member):
    path = begin(member)
    fill(member)
    send_it(member, path)
    assert member.client.status == 422
    assert "Il manque des pièces" in text(member)
    assert cases(member, CaseState.SENT) == 0


def test_piece_is_sent_by_the_form_of_its_slot_and_leads_back(member):
    """R-23: one upload slot per piece, without scripts; a stranger's slot is absent."""
    path = begin(member)
    fill(member)
    slot = str(member.client.page.one("#piece-acte-naissance form.upload").attributes["action"])
    content = io.BytesIO()
    document = pikepdf.new()
    document.add_blank_page()
    document.save(content)
    token = {"jeton": token_in(ask(member.client, path), slot)}
    files = {"fichier": ("acte.pdf", content.getvalue(), "application/pdf")}
    answer = member.client.http.post(slot, data=token, files=files, headers=SAME_ORIGIN, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    page = member.client.get(path)
    assert "acte.pdf" in page.one("#piece-acte-naissance").text()
    assert "À joindre" in page.one("#piece-attestation-droits").text()
    assert ask(member.client, slot.replace("acte-naissance", "acte-mariage")).status_code == 404


def test_person_covered_already_is_not_asked_for(member):
    path = begin(member, "enfant", "sans_evenement")
    fill(member, prenom="Zoé", naissance="2015-09-03", nir=make_change.nir_of(date(2015, 9, 3)))
    assert "déjà couverte" in text(member)
    add_all_pieces(member, path)
    send_it(member, path)
    assert member.client.status == 422
    assert cases(member, CaseState.SENT) == 0


def test_twins_are_two_requests_and_the_same_child_is_one(member):
    """R-23: twins (birth_rank)."""
    send_it(member, ready(member))
    path = begin(member)
    fill(member, prenom="Max", rang="2")
    add_all_pieces(member, path)
    send_it(member, path)
    assert cases(member, CaseState.SENT) == 2
    send_it(member, ready(member))
    assert "Une autre demande est déjà en cours" in text(member)
    assert cases(member, CaseState.SENT) == 2


def test_request_must_be_certified(member):
    path = ready(member)
    member.client.get(f"{path}/envoi")
    page = member.client.submit("main form")
    assert member.client.status == 422
    assert page.first("#certifie-erreur")
    assert cases(member, CaseState.SENT) == 0


def test_draft_is_deleted_with_its_pieces(member):
    path = ready(member)
    member.client.get(path)
    member.client.submit(f'form[action="{path}/suppression"]')
    assert member.client.path_of_page == LIST
    assert cases(member) == 0
    assert scalar(member.client.services.database, "SELECT count(*) FROM stored_file") == 0
    assert count(member, Action.CASE_DELETED) == 1


def test_sent_request_is_cancelled_not_deleted(member):
    path = ready(member)
    send_it(member, path)
    assert send(member.client, f"{path}/suppression", form_at=LIST).status_code == 422
    member.client.get(path)
    member.client.submit(f'form[action="{path}/annulation"]')
    assert "Demande annulée" in text(member)
    assert send(member.client, f"{path}/annulation", form_at=LIST).status_code == 422
    assert count(member, Action.CASE_CANCELLED) == 1


# --- other people, other tabs ---


def test_foreign_draft_does_not_exist(member):
    """Foreign draft: 404, on every path."""
    path = ready(member)
    with member.client.services.database.write() as db:
        _, stranger = make.member_with_account(db, member.keyring)
    enter(member.client, stranger)
    for each in (path, f"{path}/envoi", f"/fragments{path}"):
        assert ask(member.client, each).status_code == 404
    for each in (
        path,
        *(f"{path}/{act}" for act in ("envoi", "annulation", "suppression", "reponse")),
        f"/fragments{path}",
    ):
        assert send(member.client, each, {"certifie": "1", "version": "1"}, form_at=LIST).status_code == 404
    zoe = writing(member, lambda db, _: make.cover(db, member.home.contract, make.person(db, "Théo")).id)
    person = f"{LIST}/personnes/{member.opaque('beneficiary', zoe)}"
    assert ask(member.client, f"{person}/retrait").status_code == 404
    assert ask(member.client, f"{person}/correction").status_code == 404


def test_same_draft_sent_from_two_tabs_is_one_request(member):
    """Same draft sent from two tabs: the second gets a clear message."""
    path = ready(member)
    member.client.get(f"{path}/envoi")
    form = member.client.form("main form")
    form.fill({"certifie": "1"})
    assert member.client.send(form).text is not None
    assert member.client.status == 303
    member.client.send(form)
    assert member.client.status == 422
    assert "déjà envoyée" in text(member)
    assert cases(member) == 1
    assert count(member, Action.CASE_SENT) == 1


def test_draft_changed_in_another_tab_is_read_again_before_it_leaves(member):
    path = ready(member)
    member.client.get(f"{path}/envoi")
    stale = member.client.form("main form")
    stale.fill({"certifie": "1"})
    member.client.get(f"{path}?modifier=oui")
    fill(member, prenom="Autre")
    member.client.send(stale)
    assert member.client.status == 422
    assert "Relisez-la" in text(member)
    assert "Autre Essai" in text(member)
    assert cases(member, CaseState.SENT) == 0


def test_two_tabs_that_edit_lose_nothing(member):
    path = ready(member)
    member.client.get(f"{path}?modifier=oui")
    stale = member.client.form(f'form[action="{path}"]')
    fill(member, prenom="Premier")
    stale.fill({"prenom": "Second"})
    page = member.client.send(stale)
    assert member.client.status == 422
    assert "a changé pendant que vous écriviez" in text(member)
    assert page.one('[name="prenom"]').attributes["value"] == "Second"
    member.client.submit(f'form[action="{path}"]')
    assert "Second Essai" in text(member)


def test_decision_while_the_member_edits_loses_nothing_and_says_so(member):
    """A decision while the member edits: no lost update, a clear message."""
    path = ready(member)
    send_it(member, path)
    case_id = member.keyring.reveal("case", path.rpartition("/")[2])
    now = datetime.now(UTC)

    def desk(act) -> None:
        with member.client.services.database.write() as db:
            agent = make.viewer_of(db, make.desk_account(db, member.keyring))
            change = lock_change(db, make.viewer_of(db, member.account), member.keyring, case_id, None)
            act(db, agent, make_change.for_desk(db, agent, change.case))

    desk(
        lambda db, agent, case: move_by_desk(
            db, agent, member.keyring, case, CaseState.INCOMPLETE, "Quel prénom\u00a0?", now
        )
    )
    member.client.get(f"{path}?modifier=oui")
    form = member.client.form(f'form[action="{path}"]')
    desk(lambda db, agent, case: accept_change(db, agent, member.keyring, case, now))
    form.fill({"prenom": "Tardif"})
    member.client.send(form)
    assert member.client.status == 422
    assert "a traité cette demande pendant que vous écriviez" in text(member)
    assert "Tardif" in text(member)
    assert "Demande acceptée" in text(member)
    with member.client.services.database.read() as db:
        assert scalar(member.client.services.database, "SELECT count(*) FROM person WHERE first_name = 'Lou'") == 1
        assert db is not None


def test_only_the_refused_piece_is_asked_again_with_its_motive(member):
    """R-23: only the refused piece is asked again, with its motive; the first sending's date counts."""
    path = ready(member)
    send_it(member, path)
    case_id = member.keyring.reveal("case", path.rpartition("/")[2])

    def refuse(db, viewer) -> None:
        agent = make.viewer_of(db, make.desk_account(db, member.keyring))
        change = lock_change(db, viewer, member.keyring, case_id, None)
        case = make_change.for_desk(db, agent, change.case)
        refuse_piece(
            db, agent, member.keyring, case, pieces_of(db, case)[0].id, "La photo est floue.", datetime.now(UTC)
        )

    writing(member, refuse)
    page = member.client.get(path)
    assert "Une pièce est à renvoyer" in text(member)
    assert "La photo est floue." in page.one("#piece-acte-naissance").text()
    assert page.first("#piece-acte-naissance form.upload")
    assert not page.first("#piece-attestation-droits .error")
    send_it(member, path)
    assert member.client.status == 422

    def again(db, viewer) -> None:
        change = lock_change(db, viewer, member.keyring, case_id, None)
        add_pieces(db, viewer, change.case, "acte-naissance", [make_change.new_file()], datetime.now(UTC))

    writing(member, again)
    send_it(member, path)
    assert member.client.status == 200
    assert "Nous avons votre demande" in text(member)
    assert cases(member) == 1


def test_member_answers_what_the_desk_asked_in_writing(member):
    """R-23: state visible at each step; no dead end when the insurer writes."""
    path = ready(member)
    assert send(member.client, f"{path}/reponse", {"reponse": "Trop tôt"}, form_at=path).status_code == 422
    send_it(member, path)
    case_id = member.keyring.reveal("case", path.rpartition("/")[2])

    def ask_member(db, viewer: Viewer) -> None:
        agent = make.viewer_of(db, make.desk_account(db, member.keyring))
        change = lock_change(db, viewer, member.keyring, case_id, None)
        case = make_change.for_desk(db, agent, change.case)
        desk_answer(db, agent, member.keyring, case, "L’enfant vit-il chez vous\u00a0?", datetime.now(UTC))

    writing(member, ask_member)
    member.client.get(path)
    assert "Nous vous avons écrit" in text(member)
    assert "L’enfant vit-il chez vous" in text(member)
    form = f'form[action="{path}/reponse"]'
    assert member.client.submit(form, reponse="  ").first("#reponse-erreur")
    member.client.submit(form, reponse="Oui, <b>chez moi</b>.")
    assert "Oui, <b>chez moi</b>." in text(member)
    assert cases(member, CaseState.SENT) == 1
    assert count(member, Action.CASE_MESSAGE_SENT) == 1
    late = send(member.client, f"{path}/reponse", {"reponse": "Encore un mot"}, form_at=path)
    assert late.status_code == 422
    assert "Encore un mot" in Html(late.text).one("#non-envoye").text()


# --- ending somebody's cover, correcting ---


def person_path(member: Signed, name: str, act: str) -> str:
    cover = scalar(
        member.client.services.database,
        "SELECT id FROM beneficiary WHERE person_id = :person",
        person=member.home[name].id if name != "Anne" else member.home.member.id,
    )
    return f"{LIST}/personnes/{member.opaque('beneficiary', cover)}/{act}"


def test_member_ends_a_cover_with_reason_and_computed_date(member):
    """R-23: remove with reason and computed date; the contribution falls."""
    member.client.get(person_path(member, "Paul", "retrait"))
    assert "À joindre : attestation d’affiliation" in text(member).replace("\u00a0", " ")
    member.client.submit("main .form", motif="separation", evenement=today().isoformat())
    path = member.client.path_of_page
    assert "inclus" in text(member)
    assert "91,20 €" in text(member)
    add_all_pieces(member, path)
    send_it(member, path)
    assert cases(member, CaseState.SENT) == 1
    member.client.get(person_path(member, "Paul", "retrait"))
    member.client.submit("main .form", motif="echeance")
    assert member.client.path_of_page.partition("?")[0] == path
    assert "Une demande est déjà en cours" in text(member)
    assert "Divorce" in text(member)
    assert cases(member) == 1


def test_draft_begun_before_takes_what_is_typed_now(member):
    for reason in ("separation", "deces"):
        member.client.get(person_path(member, "Paul", "retrait"))
        member.client.submit("main .form", motif=reason, evenement=today().isoformat())
    assert "Décès" in text(member)
    assert cases(member) == 1
    assert [count(member, each) for each in (Action.CASE_OPENED, Action.CASE_CHANGED)] == [1, 1]


def test_cover_that_is_over_and_the_members_own_are_not_ended(member):
    """Removal of someone with end in the past."""
    assert ask(member.client, person_path(member, "Anne", "retrait")).status_code == 404
    with member.client.services.database.write() as db:
        gone = make.person(db, "Parti")
        cover = make.cover(db, member.home.contract, gone, valid_to=today() - timedelta(days=1))
    path = f"{LIST}/personnes/{member.opaque('beneficiary', cover.id)}/retrait"
    assert ask(member.client, path).status_code == 404
    assert send(member.client, path, {"motif": "deces"}, form_at=LIST).status_code == 404


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"motif": ""}, "motif"), ({"motif": "fin_etudes"}, "motif"), ({"motif": "deces"}, "evenement")],
)
def test_removal_without_reason_or_day_is_refused(member, fields, field):
    path = person_path(member, "Paul", "retrait")
    answer = send(member.client, path, {"evenement": ""} | fields, form_at=LIST)
    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    assert cases(member) == 0


def test_member_asks_for_a_correction_with_the_piece_that_shows_it(member):
    """R-23: edit, as a request too."""
    member.client.get(person_path(member, "Zoé", "correction"))
    member.client.submit("main .form", nom="Modèle")
    assert "Nom, corrigé" in text(member)
    assert member.client.page.first("#piece-piece-identite")
    assert not member.client.page.first("#piece-attestation-droits")
    assert scalar(member.client.services.database, "SELECT last_name FROM person WHERE first_name = 'Zoé'") == "Essai"


def test_correction_of_nothing_is_refused(member):
    member.client.get(person_path(member, "Zoé", "correction"))
    member.client.submit("main .form")
    assert member.client.status == 422
    assert "Changez au moins une information." in text(member)


def test_sending_asks_for_a_recent_proof_of_identity(member):
    """Security C6."""
    path = ready(member)
    with member.client.services.database.write() as db:
        token = make.session_token(db, member.account, now=datetime.now(UTC) - timedelta(minutes=6))
    present(member.client, token)
    answer = ask(member.client, f"{path}/envoi")
    assert answer.status_code == 303
    assert "/compte/confirmation" in answer.headers["location"]
