"""Show every component with sample data, outside the application.

Alone, it writes /tmp/gallery/*.html. `--serve` serves them on http://127.0.0.1:8765 under the portal's policy.
`--shots DIR` takes screenshots in both themes and fails on a violation of axe's rules, a sideways scroll at 320 px
or an error in the console.
"""

from __future__ import annotations

import argparse
import http.server
import itertools
import re
import shutil
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUT = Path("/tmp/gallery")  # noqa: S108 - a throw-away folder for a developer's tool
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = {"mobile": (390, 844), "desktop": (1440, 900)}

SAMPLES = ROOT / "tools" / "gallery_samples"
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "RGAAv4"]}

NAV = [
    ("Accueil", "home"), ("Prestations", "receipt"), ("Ma carte", "card"), ("Demandes", "send"), ("Relevés", "file"),
    ("Garanties", "shield"), ("Bénéficiaires", "users"), ("Professionnels", "map"), ("Messagerie", "message"),
    ("Réclamations", "flag"), ("Informations", "book"), ("Mon compte", "user"),
]  # fmt: skip
TITLES = {
    "sign-in": "Connectez-vous",
    "dashboard": "Accueil",
    "benefits": "Prestations",
    "explanation": "Pourquoi ce montant\u00a0?",
    "forms": "Ajouter un bénéficiaire",
    "documents": "Relevés et listes",
}
INSURER = SimpleNamespace(
    name="Mutuelle des Vergers", phone="01 00 00 00 00", address="1 place de l’Exemple, 75000 Paris"
)
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
    samples = {path.stem: french_spaces(path.read_text(encoding="utf-8")) for path in sorted(SAMPLES.glob("*.html"))}
    loader = ChoiceLoader([DictLoader(samples), FileSystemLoader(ROOT / "templates")])
    env = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters["money"] = money
    env.globals["asset"] = lambda path: f"/static/{path}"
    env.globals["url"] = lambda name, **_: f"/{name}"
    return env


def context(name: str) -> dict[str, object]:
    title = TITLES.get(name, "")
    crumbs = [SimpleNamespace(label="Accueil", url="/"), SimpleNamespace(label=title, url=None)]
    return {
        "insurer": INSURER,
        "viewer": SimpleNamespace(display_name="Camille Martin", space="member"),
        "nav": [SimpleNamespace(label=text, url="#" + icon, icon=icon, current=text == title) for text, icon in NAV],
        "breadcrumb": [] if name == "dashboard" else crumbs,
        "title": title,
        "csrf_input": lambda: Markup('<input type="hidden" name="_csrf" value="x">'),
        "has_errors": name == "forms",
        "demo": name == "dashboard",
        "flash": "Votre demande est enregistrée." if name == "documents" else None,
        "payments": PAYMENTS,
        "employees": EMPLOYEES,
        "reference": "7K2M-4QPD",
    }


def write() -> list[str]:
    env = environment()
    OUT.mkdir(exist_ok=True)
    sources = {name: name for name in TITLES}
    sources |= {path.stem: f"errors/{path.name}" for path in sorted((ROOT / "templates/errors").glob("[0-9]*.html"))}
    for name, source in sources.items():
        (OUT / f"{name}.html").write_text(env.get_template(source).render(context(name)), encoding="utf-8")
    return list(sources)


class Handler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        path = path.partition("?")[0]
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


def check(page: Page, name: str, width: int, height: int) -> list[str]:
    """What a machine can judge of one page: axe's rules, and no horizontal scroll at 320 px."""
    page.set_viewport_size({"width": width, "height": 6000})  # so that nothing stands under the sticky bar
    found = Axe().run(page, options=AXE).response["violations"]
    faults = [f"{name}: {rule['id']}, {rule['help']}: {[n['html'][:150] for n in rule['nodes']]}" for rule in found]
    page.set_viewport_size({"width": 320, "height": 700})
    if page.evaluate("document.documentElement.scrollWidth") > 320:
        faults.append(f"{name}: scrolls sideways at 320 px")
    page.set_viewport_size({"width": width, "height": height})
    return faults


def inspect(pages: list[str], folder: Path) -> list[str]:
    """Screenshots, and the faults found on the way, errors in the console (the policy's violations) included."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    faults: list[str] = []
    base = f"http://127.0.0.1:{serve(0).server_port}"

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(message.text)

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for theme, (device, (width, height)) in itertools.product(THEMES, WIDTHS.items()):
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
            page.on("console", note)
            for name in pages:
                page.goto(f"{base}/{name}.html")
                page.evaluate("document.fonts.ready")
                page.screenshot(path=folder / f"{name}-{device}-{theme}.png", full_page=True)
                faults += check(page, f"{name} ({device}, {theme})", width, height)
            page.close()
        browser.close()
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=Path, metavar="DIR", help="take screenshots into DIR and check the pages")
    parser.add_argument("--serve", action="store_true", help="serve the gallery until interrupted")
    options = parser.parse_args()
    pages = write()
    if options.shots:
        faults = inspect(pages, options.shots)
        print(*faults, f"{len(pages)} pages, {len(faults)} faults, shots in {options.shots}", sep="\n")
        return 1 if faults else 0
    if options.serve:
        print("http://127.0.0.1:8765/" + pages[0] + ".html")
        serve(8765)
        threading.Event().wait()
    print(*(OUT / f"{name}.html" for name in pages), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
