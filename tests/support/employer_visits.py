"""Every answer of the portal that somebody may get, asked for one by one from the table of routes."""

import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any
from urllib.parse import urlencode

import httpx

from portal.grants import Permission
from portal.permissions import Public, Requires, policy_of
from tests.support.canaries import legible
from tests.support.entry import ask

SPACE = re.compile(r"/(fragments/)?employeur(/|$)")
PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
# What makes an address public does not depend on who comes: files of the page, health checks.
ELSEWHERE = re.compile(r"/(static|demonstration|healthz|readyz|metrics|deconnexion)(/|$)")
Places = dict[str, list[str]]


def routes(app: Any, method: str) -> Iterator[tuple[str, Any]]:
    """Path and handler of each route that answers a method."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if method in handler.http_methods:
                yield route.path, handler


def open_routes(app: Any, method: str, held: Iterable[Permission]) -> list[str]:
    """The paths that these permissions open, public ones included."""
    found = []
    for path, handler in routes(app, method):
        policy = policy_of(handler)
        is_open = isinstance(policy, Public) or (isinstance(policy, Requires) and policy.permission in held)
        if is_open and not ELSEWHERE.match(path):
            found.append(path)
    return found


def addresses(path: str, places: Places) -> list[str]:
    """The path with each choice of its parameters. Within the employer's space each one must be known: say in
    `marked_firm` what a new parameter may be."""
    names = PARAMETER.findall(path)
    unknown = [name for name in names if name not in places]
    assert not (unknown and SPACE.match(path)), f"marked_firm knows no {unknown} for {path}"
    choices = product(*(places.get(name, ["inconnu"]) for name in names))
    return [_put(path, dict(zip(names, chosen, strict=True))) for chosen in choices]


def queries(path: str, places: Places) -> list[str]:
    """The query strings that change what a page of the employer's shows."""
    someone, several = places["employee"][0], places["employee"]
    asked: dict[str, list[dict[str, Any]]] = {
        "/employeur/salaries": [{"apres": someone}, *_filters(places)],
        "/employeur/salaries/export.csv": _filters(places),
        "/employeur/salaries/export.xlsx": _filters(places),
        "/fragments/employeur/salaries/suite": [{"apres": someone}, {"apres": someone, "tri": "etat"}],
        "/employeur/salaries/groupe": [{"salarie": several}],
        "/employeur/dispenses": [{"etat": shown} for shown in ("a-decider", "a-renouveler", "pieces-manquantes")],
        "/fragments/employeur/dispenses": [{"etat": "a-decider"}],
        "/employeur/salaries/invitations": [{"apres": places["invitation"][0]}],
        "/employeur/cotisations": [{"apres": places["call"][-1]}],
        "/employeur/cotisations/comparaison": [dict(zip(("de", "a"), places["call"], strict=True))],
    }
    if path.endswith("/salaries/{employee:str}"):
        return [urlencode({"modifier": what}) for what in ("matricule", "email", "categorie")]
    return [urlencode(query, doseq=True) for query in asked.get(path, [])]


def answers(client: Any, paths: Iterable[str], places: Places) -> Iterator[tuple[str, str, httpx.Response]]:
    """Route, address and answer of every GET; a redirection is followed once, since it may say more."""
    for path in paths:
        asked = addresses(path, places)
        filtered = [f"{asked[0]}?{query}" for query in queries(path, places)]
        for address in asked + filtered:
            answer = ask(client, address)
            yield path, address, answer
            if answer.is_redirect:
                yield path, address, ask(client, answer.headers["location"])


def said(answer: httpx.Response) -> str:
    """All that an answer tells: its headers, and what a person reads in it."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return f"{headers}\n\n{legible(answer.content, answer.headers.get('content-type', ''))}"


def _filters(places: Places) -> list[dict[str, str]]:
    states = ("affilie", "a-venir", "invite", "dispense", "conge", "portabilite", "sorti")
    narrowed = [{"etat": state} for state in states] + [{"structure": each} for each in ("isole", "duo", "famille")]
    sorted_by = [{"tri": sort} for sort in ("matricule", "embauche", "etat")]
    return [*narrowed, *sorted_by, {"categorie": places["category"][0]}]


def _put(path: str, values: dict[str, str]) -> str:
    return PARAMETER.sub(lambda match: values[match[1]], path)
