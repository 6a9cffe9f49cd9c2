"""Show every component with sample data, outside the application.

    python tools/gallery.py                     writes /tmp/gallery/*.html
    python tools/gallery.py --serve             serves them on http://127.0.0.1:8765 under the portal's CSP
    python tools/gallery.py --shots DIR         screenshots, both themes, plus axe, overflow and contrast checks
"""

from __future__ import annotations

import argparse
import functools
import http.server
import re
import shutil
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

ROOT = Path(__file__).resolve().parent.parent
OUT = Path("/tmp/gallery")  # noqa: S108 - a throw-away folder for a developer's tool
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
WIDTHS = {"mobile": (390, 844), "desktop": (1440, 900)}

SAMPLES = {
    "sign-in": """
{% extends "layouts/minimal.html" %}
{% from "macros/forms.html" import form, text_field, password_field, error_summary %}
{% from "macros/choices.html" import submit %}
{% block lead %}<p class="lead">Avec l’identifiant à dix chiffres reçu par courriel.</p>{% endblock %}
{% block main %}
<div class="stack"><div class="card stack">
  {% call form("/connexion", csrf_input) %}
  {{ text_field("identifiant", "Identifiant", "1000000016", autocomplete="username", inputmode="numeric") }}
  {{ password_field("mot_de_passe", "Mot de passe") }}
  {{ submit("Se connecter") }}
  {% endcall %}
  <p><a href="#">Mot de passe oublié</a></p>
</div>
<p>Pas encore de compte ? <a href="#">Créez votre accès</a>. Un doute sur votre compte ? <a href="#">Signalez-le</a>.</p></div>
{% endblock %}""",
    "dashboard": """
{% extends "layouts/base.html" %}
{% from "macros/ui.html" import icon, card, shortcuts, counter, badge, money %}
{% block h1 %}Bonjour Camille{% endblock %}
{% block main %}
<div class="stack">
  <section class="hero petals">
    <h2>Dernier remboursement</h2>
    <p class="amount">{{ 18450|money }}</p>
    <p>Versé le <time datetime="2026-03-12">12 mars 2026</time> pour 4 soins</p>
    <a class="button" href="#">Voir le détail</a>
  </section>
  {{ shortcuts([("#", "card", "Ma carte de tiers payant"), ("#", "send", "Envoyer une facture"), ("#", "file", "Mes relevés"),
                ("#", "map", "Trouver un professionnel"), ("#", "message", "Écrire à un conseiller")]) }}
  <div class="columns">
    {% call card("En attente", link=("#", "Toutes mes demandes")) %}
    <ul class="rows">
      {% for label, sub, tone, state in [("Devis dentaire, couronne", "Envoyé le 9 mars 2026", "wait", "À l’étude"),
          ("Facture d’ostéopathie", "Il manque une pièce", "bad", "À compléter"), ("Ajout de Léo", "Reçu le 2 mars 2026", "info", "Reçue")] %}
      <li><div><a href="#">{{ label }}</a><small>{{ sub }}</small></div>{{ badge(state, tone) }}</li>
      {% endfor %}
    </ul>
    {% endcall %}
    {% call card("Mes forfaits 2026") %}
    {{ counter("Ostéopathie", 2, 5, "2 séances sur 5") }}
    {{ counter("Lunettes", 0, 1, "0 équipement sur 1") }}
    {{ counter("Chambre particulière", 30, 60, "30 jours sur 60") }}
    {% endcall %}
  </div>
</div>
{% endblock %}""",
    "benefits": """
{% extends "layouts/base.html" %}
{% from "macros/ui.html" import key_figures, active_filters, badge, pager %}
{% from "macros/forms.html" import select_field, date_field %}
{% block lead %}<p class="lead">Du 1ᵉʳ janvier au 12 mars 2026. Mis à jour le 12 mars à 6 h 10.</p>{% endblock %}
{% block actions %}<a class="button quiet" href="#">Télécharger la liste</a>{% endblock %}
{% block main %}
<div class="stack">
  <details class="filters"><summary>Filtrer les prestations</summary>
    <form action="/adherent/prestations" method="get">
      {{ select_field("personne", "Personne", [("a", "Camille"), ("b", "Léo")], "a", empty="Toute la famille") }}
      {{ select_field("soin", "Soin", [("opt", "Optique"), ("den", "Dentaire")], "", empty="Tous les soins") }}
      {{ date_field("du", "Du", "2026-01-01") }}{{ date_field("au", "Au", "2026-03-12") }}
      <button class="button" type="submit">Filtrer</button>
    </form>
  </details>
  {{ active_filters([("Camille", "#"), ("Depuis janvier 2026", "#")], "#") }}
  {{ key_figures([("Dépenses", 134280), ("Remboursé", 121930), ("Reste à votre charge", 12350)]) }}
  <div id="prestations">
    <ol class="benefits">
      <li class="benefits-head" aria-hidden="true"><span>Soin</span><span>Dépense</span><span>Remboursé</span><span>Reste à charge</span><span>État</span></li>
      {% for date, total, lines in payments %}
      <li>
        <h2 class="group">Virement du {{ date }} <span>Total <b class="amount">{{ total|money }}</b></span></h2>
        <ol class="lines">
          {% for care, who, on, spent, paid, tone, state in lines %}
          <li class="line">
            <div><a href="#">{{ care }}</a><span class="sub">{{ who }} · {{ on }}</span></div>
            {{ badge(state, tone) }}
            <dl><div><dt>Dépense</dt><dd class="amount">{{ spent|money }}</dd></div><div><dt>Remboursé</dt><dd class="amount">{{ paid|money }}</dd></div><div><dt>Reste à charge</dt><dd class="amount">{{ (spent - paid)|money }}</dd></div></dl>
          </li>
          {% endfor %}
        </ol>
      </li>
      {% endfor %}
    </ol>
    {{ pager("#", "5 lignes affichées") }}
  </div>
</div>
{% endblock %}""",
    "explanation": """
{% extends "layouts/base.html" %}
{% from "macros/ui.html" import notice, definitions %}
{% from "macros/receipt.html" import receipt, step, shares %}
{% block lead %}<p class="lead">Consultation d’un cardiologue, le <time datetime="2026-03-03">3 mars 2026</time>, pour Camille.</p>{% endblock %}
{% block main %}
<div class="stack">
  {{ shares([("base", "Assurance maladie", 3285), ("supp", "Votre mutuelle", 3265), ("left", "Reste à votre charge", 450)]) }}
  <div class="columns">
    {% call receipt() %}
    {{ step("Ce que vous avez payé", "Honoraires du praticien, dépassement compris.", 7000, level=2) }}
    {{ step("Base de remboursement", "Le tarif de référence fixé pour cet acte. Les taux s’appliquent à cette base.", 4950, level=2) }}
    {{ step("Part de l’assurance maladie", "70 % de 49,50 €, moins 1,80 € de participation.", -3285, level=2) }}
    {{ step("Reste avant votre mutuelle", "", 3715, "subtotal", level=2) }}
    {{ step("Ticket modérateur", "Votre garantie complète la base : 30 % de 49,50 €.", -1485, level=2) }}
    {{ step("Dépassement d’honoraires", "Votre garantie couvre jusqu’à 136 % de la base, soit 17,80 € au plus.", -1780, level=2) }}
    {{ step("Reste à votre charge", "Participation et part du dépassement qui excède le plafond.", 450, "total", level=2) }}
    {% endcall %}
    <div class="stack">
      {% call notice("info", "D’où viennent ces règles ?") %}<p>De votre contrat « Famille Équilibre », article 4. Le contrat prévaut sur cette page.</p><p><a href="#">Lire mes garanties</a></p>{% endcall %}
      {{ notice("wait", "Un montant vous étonne ?", "Signalez-le : un conseiller vérifie et vous répond sous dix jours.") }}
    </div>
  </div>
</div>
{% endblock %}""",
    "forms": """
{% extends "layouts/base.html" %}
{% from "macros/forms.html" import form, error_summary, text_field, password_field, code_field, date_field, select_field, search_field, textarea_field %}
{% from "macros/choices.html" import radio_group, checkbox, file_field, submit %}
{% block summary %}{{ error_summary({"nom": "Saisissez le nom de naissance", "naissance": "La date doit être passée", "lien": "Choisissez le lien avec vous"}) }}{% endblock %}
{% block main %}
{% call form("/adherent/beneficiaires", csrf_input, attrs={"hx-post": "/fragments/x", "hx-target": "#x"}, files=true) %}
{{ text_field("nom", "Nom de naissance", error="Saisissez le nom de naissance", hint="Comme sur la pièce d’identité.", autocomplete="family-name") }}
{{ date_field("naissance", "Date de naissance", "2031-01-01", error="La date doit être passée", autocomplete="bday") }}
{{ radio_group("lien", "Lien avec vous", [("conjoint", "Conjoint ou partenaire"), ("enfant", "Enfant", "Jusqu’à 18 ans, 25 ans en études."), ("autre", "Autre personne à charge")], "enfant", error="Choisissez le lien avec vous") }}
{{ select_field("regime", "Régime", [("g", "Régime général"), ("a", "Régime agricole")], "g") }}
{{ text_field("telephone", "Téléphone", type="tel", autocomplete="tel", required=false, width="w10") }}
{{ password_field("nouveau", "Nouveau mot de passe", hint="Quinze caractères au moins ; une phrase convient très bien.", autocomplete="new-password") }}
{{ code_field("code", "Code à six chiffres", hint="Affiché par votre application d’authentification.") }}
{{ textarea_field("message", "Message", "Bonjour,", hint="Évitez les détails médicaux.") }}
{{ file_field("piece", "Acte de naissance", hint="PDF, JPEG ou PNG, 5 Mo au plus.") }}
{% call checkbox("cgu") %}J’accepte les <a href="#">conditions d’utilisation</a>{% endcall %}
{{ submit("Ajouter cette personne", cancel=("#", "Annuler")) }}
{% endcall %}
<hr>
{% call form("/x", csrf_input, method="get") %}{{ search_field("q", "Chercher un professionnel", hint="Ville ou code postal") }}{% endcall %}
{% endblock %}""",
    "documents": """
{% extends "layouts/base.html" %}
{% from "macros/ui.html" import icon, badge, empty_state, notice, definitions, card %}
{% block main %}
<div class="stack">
  {{ notice("ok", "Votre relevé de février est prêt") }}
  <ul class="documents">
    {% for month in ["février 2026", "janvier 2026", "décembre 2025"] %}
    <li>{{ icon("file") }}<div><strong>Relevé de {{ month }}</strong><span class="sub">PDF accessible, 84 Ko</span></div><a class="button bare" href="#">{{ icon("download", small=true) }}<span>Télécharger<span class="vh"> le relevé de {{ month }}</span></span></a></li>
    {% endfor %}
  </ul>
  {% call card("Mes coordonnées") %}{{ definitions([("Adresse", "12 rue des Tilleuls, 69003 Lyon", ("#", "Modifier l’adresse")), ("Téléphone", "04 00 00 00 00", ("#", "Modifier le téléphone")), ("IBAN", "FR76 •••• •••• 0189")]) }}{% endcall %}
  <div class="scroll" role="region" aria-labelledby="salaries" tabindex="0"><table class="data">
    <caption id="salaries">Salariés affiliés</caption>
    <thead><tr><th scope="col">Salarié</th><th scope="col">Catégorie</th><th scope="col">Depuis</th><th scope="col" class="num">Cotisation</th><th scope="col">État</th></tr></thead>
    <tbody>{% for name, kind, since, fee, tone, state in employees %}<tr><th scope="row"><a href="#">{{ name }}</a></th><td>{{ kind }}</td><td class="nowrap">{{ since }}</td><td class="num">{{ fee|money }}</td><td>{{ badge(state, tone) }}</td></tr>{% endfor %}</tbody>
    <tfoot><tr><th scope="row" colspan="3">Total</th><td class="num">{{ 17460|money }}</td><td></td></tr></tfoot>
  </table></div>
  {{ empty_state("Aucune réclamation", "Vous n’avez déposé aucune réclamation. Un désaccord ? Dites-le-nous, nous répondons sous dix jours ouvrés.", ("#", "Déposer une réclamation")) }}
  {{ notice("bad", "Envoi impossible", "Le fichier dépasse 5 Mo.") }}
  <article class="prose"><h2>Comment sont calculés les remboursements ?</h2><p>L’assurance maladie rembourse d’abord sa part. Votre mutuelle complète ensuite, selon votre garantie.</p><ul><li>Une base de remboursement est fixée pour chaque acte.</li><li>Un taux s’applique à cette base, jamais au prix payé.</li></ul></article>
</div>
{% endblock %}""",
}

NAV = [
    ("Accueil", "home"), ("Prestations", "receipt"), ("Ma carte", "card"), ("Demandes", "send"), ("Relevés", "file"),
    ("Garanties", "shield"), ("Bénéficiaires", "users"), ("Professionnels", "map"), ("Messagerie", "message"),
    ("Réclamations", "flag"), ("Informations", "book"), ("Mon compte", "user"),
]  # fmt: skip
TITLES = {
    "sign-in": "Connectez-vous", "dashboard": "Accueil", "benefits": "Prestations", "explanation": "Pourquoi ce montant ?",
    "forms": "Ajouter un bénéficiaire", "documents": "Relevés et listes",
}  # fmt: skip
PAYMENTS = [
    ("12 mars 2026", 18450, [
        ("Lunettes, verres progressifs", "Camille", "3 mars 2026", 32000, 27650, "ok", "Payé"),
        ("Consultation, cardiologue", "Camille", "3 mars 2026", 7000, 6550, "ok", "Payé"),
        ("Pharmacie", "Léo", "28 février 2026", 1840, 1840, "ok", "Tiers payant"),
    ]),
    ("24 février 2026", 103480, [
        ("Couronne céramo-métallique", "Camille", "17 février 2026", 92500, 86000, "wait", "En partie"),
        ("Séance d’ostéopathie", "Camille", "11 février 2026", 6000, 0, "bad", "Refusé"),
    ]),
]  # fmt: skip
EMPLOYEES = [
    ("Amélie Roussel", "Cadre", "1 sept. 2021", 6820, "ok", "Affiliée"),
    ("Bakary Diallo", "Non-cadre", "4 janv. 2024", 5320, "ok", "Affilié"),
    ("Chloé Nguyen", "Non-cadre", "2 mars 2026", 5320, "wait", "En cours"),
]


def money(cents: int) -> str:
    text = f"{abs(cents) / 100:,.2f}".replace(",", "\u202f").replace(".", ",")
    return ("\u2212" if cents < 0 else "") + text + "\u00a0€"


def french_spaces(page: str) -> str:
    """Samples are typed with plain spaces; the real templates carry no-break ones."""
    return re.sub(r"(?<=[\w»]) (?=[:;?!»%€](?:[\s<,.)\"]|$))", "\u00a0", page.replace("« ", "«\u00a0"))


def environment() -> Environment:
    loader = ChoiceLoader([DictLoader({f"samples/{n}": french_spaces(s) for n, s in SAMPLES.items()}), FileSystemLoader(ROOT / "templates")])
    env = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters["money"] = money
    env.globals["asset"] = lambda path: f"/static/{path}"
    env.globals["url"] = lambda name, **_: f"/{name}"
    return env


def context(name: str, **more: object) -> dict[str, object]:
    nav = [SimpleNamespace(label=label, url="#" + icon, icon=icon, current=label == TITLES.get(name)) for label, icon in NAV]
    crumbs = [SimpleNamespace(label="Accueil", url="/"), SimpleNamespace(label=TITLES.get(name, ""), url=None)]
    return {
        "insurer": SimpleNamespace(name="Mutuelle des Vergers", phone="01 00 00 00 00", address="1 place de l’Exemple, 75000 Paris"),
        "viewer": SimpleNamespace(display_name="Camille Martin", space="member"),
        "nav": nav, "breadcrumb": crumbs if name not in ("dashboard", "sign-in") else [], "title": TITLES.get(name, ""),
        "csrf_input": lambda: Markup('<input type="hidden" name="_csrf" value="x">'),
        "has_errors": name == "forms", "demo": name == "dashboard", "flash": "Votre demande est enregistrée." if name == "documents" else None,
        "payments": PAYMENTS, "employees": EMPLOYEES, **more,
    }  # fmt: skip


def write() -> list[str]:
    env = environment()
    OUT.mkdir(exist_ok=True)
    pages = {name: env.get_template(f"samples/{name}").render(context(name)) for name in SAMPLES}
    for path in sorted((ROOT / "templates/errors").glob("[0-9]*.html")):
        pages[path.stem] = env.get_template(f"errors/{path.name}").render(context(path.stem, reference="7K2M-4QPD"))
    for name, text in pages.items():
        (OUT / f"{name}.html").write_text(text, encoding="utf-8")
    return list(pages)


class Handler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        path = path.split("?")[0]
        return str(ROOT / path.lstrip("/") if path.startswith("/static/") else OUT / path.lstrip("/"))

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CSP)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


def serve(port: int) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def inspect(pages: list[str], folder: Path) -> int:
    """Screenshots, then what a machine can judge: axe, horizontal scroll at 320 px, CSP violations."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    server, faults, axe = serve(0), 0, Axe()
    base = f"http://127.0.0.1:{server.server_port}"
    report = functools.partial(print, file=sys.stderr)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for theme in ("light", "dark"):
            for device, (width, height) in WIDTHS.items():
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
                messages: list[str] = []
                page.on("console", lambda m, seen=messages: seen.append(m.text) if m.type == "error" else None)
                for name in pages:
                    page.goto(f"{base}/{name}.html")
                    page.evaluate("document.fonts.ready")
                    page.screenshot(path=folder / f"{name}-{device}-{theme}.png", full_page=True)
                    page.set_viewport_size({"width": width, "height": 6000})  # nothing hides under the sticky bar
                    found = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "RGAAv4"]})
                    for rule in found.response["violations"]:
                        faults += 1
                        report(name, device, theme, rule["id"], rule["help"], [n["html"][:150] for n in rule["nodes"]][:4])
                    page.set_viewport_size({"width": 320, "height": 700})
                    if (wide := page.evaluate("document.documentElement.scrollWidth")) > 320:
                        faults += 1
                        report(name, theme, "scrolls at 320 px:", wide)
                    page.set_viewport_size({"width": width, "height": height})
                faults += len(messages)
                for message in messages:
                    report(device, theme, message)
                page.close()
        browser.close()
    server.shutdown()
    print(f"{len(pages)} pages, {faults} faults, shots in {folder}")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=Path, metavar="DIR", help="take screenshots into DIR and check the pages")
    parser.add_argument("--serve", action="store_true", help="serve the gallery until interrupted")
    options = parser.parse_args()
    pages = write()
    if options.shots:
        return min(inspect(pages, options.shots), 1)
    if options.serve:
        print("http://127.0.0.1:8765/" + pages[0] + ".html")
        serve(8765)
        threading.Event().wait()
    print(*(OUT / f"{name}.html" for name in pages), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
