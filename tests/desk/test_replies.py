"""Reply templates (R-61): supervisors write, try, change and withdraw them; only what a kind knows may be filled in."""

import pytest

from portal.data.cases import CaseKind
from portal.data.columns import utc_now
from portal.data.decisions import Act
from portal.data.replies import (
    ReplyMoved,
    add_reply,
    all_replies,
    replies_for,
    versions_of,
    withdraw_reply,
    write_reply,
)
from portal.data.reply_variables import VARIABLES, VariableMissing, allowed_for, filled, unknown_in
from portal.deciding.registry import FRAMES
from portal.deciding.variables import EXAMPLES, LABELS
from tests.support import factories
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of

USAGE = "message/repondre"
TEXT = "Bonjour {nom},\n\nNous avons bien lu votre message du {envoyee_le}."


def test_templates_that_come_with_the_portal_use_known_names_for_acts_that_exist(db) -> None:
    """Thirty and more, each for an act of its kind that takes words."""
    found = all_replies(db)
    assert len(found) >= 30
    for reply in found:
        assert unknown_in(reply.text, allowed_for(reply.kind)) == []
        assert Act(reply.act) in FRAMES[reply.kind].rulings
        assert " :" not in reply.text
        assert "'" not in reply.text


def test_every_name_has_words_and_an_example() -> None:
    names = {name for kind in VARIABLES for name in VARIABLES[kind]}
    assert names <= set(LABELS)
    assert names <= set(EXAMPLES)
    assert set(VARIABLES) == set(CaseKind)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("Bonjour {nom}", []),
        ("Bonjour {iban} {nir} {iban}", ["iban", "nir"]),
        ("Bonjour {Nom}", ["{"]),
        ("Bonjour {nom.__class__}", ["{"]),
        ("Bonjour {nom", ["{"]),
        ("Bonjour }", ["{"]),
        ("Bonjour {}", [""]),
        ("{{nom}}", ["{"]),
    ],
)
def test_anything_between_braces_but_a_known_name_is_refused(text, unknown) -> None:
    assert unknown_in(text, ["nom"]) == unknown


def test_missing_value_is_named_and_values_are_never_filled_again() -> None:
    with pytest.raises(VariableMissing) as missing:
        filled("{nom} {sujet} {nom}", {"nom": "", "sujet": "x"})
    assert missing.value.names == ["nom"]
    assert filled("{nom}", {"nom": "{reference}", "reference": "secret"}) == "{reference}"


def test_supervisor_writes_a_template_that_agents_then_use(client, supervisor, agent) -> None:
    evidence = Evidence(client)
    enter(client, supervisor)
    client.get("/gestion/modeles")
    client.click("Nouveau modèle")
    form = 'main form[action="/gestion/modeles/nouveau"]'
    client.submit(form, button="Essayer sur un exemple", usage=USAGE, titre="Bien lu", texte=TEXT)
    assert "Bonjour Camille Exemple" in text_of(client.page.one("main"))
    client.submit(form, button="Enregistrer")
    assert client.path == "/gestion/modeles"
    assert "reply-template.written" in [act.action for act in evidence.fresh()]
    with client.services.database.read() as db:
        assert "Bien lu" in [reply.title for reply in replies_for(db, "message", "repondre")]
    enter(client, agent)
    for path in ("/gestion/modeles", "/gestion/modeles/nouveau"):
        assert ask(client, path).status_code == 403


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"usage": "", "titre": "Bien lu", "texte": TEXT}, "usage"),
        ({"usage": "message/supprimer", "titre": "Bien lu", "texte": TEXT}, "usage"),
        ({"usage": USAGE, "titre": "x", "texte": TEXT}, "titre"),
        ({"usage": USAGE, "titre": "Bien lu", "texte": "court"}, "texte"),
        ({"usage": USAGE, "titre": "Bien lu", "texte": TEXT + " {iban}"}, "texte"),
        ({"usage": USAGE, "titre": "Bien lu", "texte": TEXT + " {date_effet}"}, "texte"),
        ({"usage": USAGE, "titre": "Bien lu", "texte": "x" * 4001}, "texte"),
    ],
)
def test_template_that_is_wrong_says_why_and_loses_nothing(client, supervisor, fields, field) -> None:
    enter(client, supervisor)
    answer = send(client, "/gestion/modeles/nouveau", fields, form_at="/gestion")
    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    with client.services.database.read() as db:
        assert "Bien lu" not in [reply.title for reply in all_replies(db)]


def test_two_supervisors_never_write_over_each_other(client, supervisor, make) -> None:
    with client.services.database.write() as db:
        who = factories.viewer_of(db, supervisor)
        made = add_reply(db, who, "message", "repondre", "Bien lu", TEXT, utc_now())
    (name,) = client.services.keyring.conceal("reply", [made.id])
    enter(client, make(factories.desk_account, is_supervisor=True))
    client.get(f"/gestion/modeles/{name}")
    form = client.form(f'main form[action="/gestion/modeles/{name}"]', "Enregistrer")
    form.fill({"texte": TEXT + " Merci."})
    with client.services.database.write() as db:
        write_reply(db, who, made.id, made.version, "Bien lu", TEXT + " À bientôt.", utc_now())
        with pytest.raises(ReplyMoved):
            write_reply(db, who, made.id, made.version, "Bien lu", "Autre texte encore.", utc_now())
    client.send(form)
    assert client.answer.status_code == 422
    assert client.page.one("textarea[name=texte]").text().strip().endswith("Merci.")
    client.submit(f'main form[action="/gestion/modeles/{name}"]', button="Enregistrer")
    with client.services.database.read() as db:
        texts = [version.text for version in versions_of(db, made.id)]
    assert [text.rpartition(" ")[2] for text in texts] == ["Merci.", "bientôt.", "{envoyee_le}."]


def test_withdrawn_template_is_offered_no_more_and_kept(client, supervisor) -> None:
    with client.services.database.write() as db:
        who = factories.viewer_of(db, supervisor)
        made = add_reply(db, who, "message", "repondre", "Bien lu", TEXT, utc_now())
    (name,) = client.services.keyring.conceal("reply", [made.id])
    enter(client, supervisor)
    client.get(f"/gestion/modeles/{name}")
    client.submit('form[action$="/retrait"]')
    assert "Retiré" in text_of(client.page.one("main"))
    with client.services.database.write() as db:
        assert "Bien lu" not in [reply.title for reply in replies_for(db, "message", "repondre")]
        assert "Bien lu" in [reply.title for reply in all_replies(db)]
        assert withdraw_reply(db, who, made.id, utc_now()) is False
        assert withdraw_reply(db, who, 10**6, utc_now()) is None
        with pytest.raises(ReplyMoved):
            write_reply(db, who, made.id, made.version, "Bien lu", TEXT + "!", utc_now())
    assert ask(client, f"/gestion/modeles/{'A' * 22}").status_code == 404
