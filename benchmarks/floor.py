"""The floor: the same page by hand-written ASGI and raw `sqlite3`, with the portal's own template and the same bytes.

No framework, no SQLAlchemy, no evidence, no signature check, no throttling of any kind: what could not be faster.
"""

import hashlib
import os
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

from markupsafe import Markup

from benchmarks.sites import settings_of
from portal.assets import Assets
from portal.csrf import FIELD
from portal.data.accounts import Space
from portal.data.listing import PAGE_SIZE
from portal.data.listing_rows import Line, PersonTotals, Totals
from portal.data.persons import is_minor_on
from portal.data.sessions import Viewer
from portal.data.visibility import Relative, Scope
from portal.formatting import today
from portal.headers import headers_for
from portal.labels import FAMILY_LABELS, STATUS_LABELS
from portal.pages.member.benefits import TITLE, _groups
from portal.pages.member.benefits_filters import SORT_LABELS, read_query
from portal.rendering import NAVIGATION, Crumb, NavItem, idle_seconds
from portal.routes import HANDLERS
from portal.routing import Urls
from portal.security import Keyring
from portal.settings import Settings
from portal.templating import create_environment

SESSION_SQL = """
SELECT account.id, space, role, display_name, organisation, person_id, stage, token_hash, company_id, provider_id,
confirmed_at FROM session JOIN account ON account.id = session.account_id WHERE token_hash = ? AND ended_at IS NULL
"""
HOUSEHOLD_SQL = """
SELECT DISTINCT person.id, contract.member_id, first_name, last_name, birth_date FROM person
JOIN beneficiary ON beneficiary.person_id = person.id JOIN contract ON contract.id = beneficiary.contract_id
WHERE beneficiary.id IN (
    SELECT id FROM beneficiary WHERE person_id = ?1
    UNION SELECT beneficiary.id FROM beneficiary JOIN contract ON contract.id = contract_id WHERE member_id = ?1
) ORDER BY birth_date, person.id
"""


class Floor:
    """An ASGI application with one page."""

    def __init__(self, settings: Settings) -> None:
        path = Path(settings.resolved_database_url.removeprefix("sqlite:///"))
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
        self._keyring = Keyring(settings)
        self._urls = Urls()
        self._urls.learn(HANDLERS)
        environment = create_environment(settings, self._urls, Assets())
        self._template = environment.get_template("pages/member/benefits/index.html")
        self._query = read_query({}, Scope(()), self._keyring)
        headers = headers_for(settings) | {"cache-control": "no-store", "content-type": "text/html; charset=utf-8"}
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        cookie = dict(scope["headers"]).get(b"cookie", b"=.")
        body = self.page(cookie.partition(b"=")[2].rpartition(b".")[0].decode()).encode()
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [*self._headers, length]})
        await send({"type": "http.response.body", "body": body})

    def page(self, token: str) -> str:
        """The list of the member behind a session token."""
        row = self._db.execute(SESSION_SQL, (hashlib.sha256(token.encode()).hexdigest(),)).fetchone()
        if row is None:
            return ""
        viewer = Viewer(*row)
        relatives = tuple(self._relative(row, viewer) for row in self._db.execute(HOUSEHOLD_SQL, (viewer.person_id,)))
        household = Scope(relatives)
        ((member_id, persons),) = household.detailed.items()
        where = f"line.member_id = ? AND line.person_id + 0 IN ({','.join('?' * len(persons))})"
        lines = [_line(row) for row in self._db.execute(_lines_sql(where), (member_id, *persons, PAGE_SIZE + 1))]
        totals = Totals(*self._db.execute(_totals_sql(where), (member_id, *persons)).fetchone())
        context = self._context(viewer, household, lines, totals)
        context |= {"shares": self._shares(where, (member_id, *persons), lines), "private": self._private(household)}
        return self._template.render(context)

    def _shares(self, where: str, owners: tuple[int, ...], lines: list[Line]) -> dict[int, int]:
        payments = {line.payment_id for line in lines[:PAGE_SIZE] if line.payment_id}
        if not payments:
            return {}
        sql = (
            "SELECT payment_id, sum(supplementary_cents) FROM benefit_line line "
            f"WHERE payment_id IN ({','.join('?' * len(payments))}) AND {where} GROUP BY payment_id"
        )
        return dict(self._db.execute(sql, (*payments, *owners)).fetchall())

    def _private(self, household: Scope) -> list[PersonTotals]:
        found = []
        for member_id, persons in household.private.items():
            sql = (
                "SELECT person_id, count(*), sum(spent_cents), "
                "sum(base_net_cents + supplementary_cents + other_cover_cents) FROM benefit_line line "
                f"WHERE line.member_id = ? AND line.person_id + 0 IN ({','.join('?' * len(persons))}) "
                "GROUP BY person_id"
            )
            found += [PersonTotals(*row) for row in self._db.execute(sql, (member_id, *persons))]
        return found

    def _relative(self, row: Any, viewer: Viewer) -> Relative:
        person_id, member_id, first_name, last_name, born = row
        birth_date = date.fromisoformat(born)
        is_self = person_id == viewer.person_id
        in_detail = is_self or is_minor_on(birth_date, today())
        return Relative(person_id, member_id, first_name, last_name, birth_date, is_self, in_detail)

    def _context(self, viewer: Viewer, household: Scope, lines: list[Line], totals: Totals) -> dict[str, Any]:
        shown = lines[:PAGE_SIZE]
        opaque = self._keyring.conceal("line", (line.id for line in shown))
        visible = [relative for relative in household.relatives if relative.in_detail]
        people = self._keyring.conceal("person", (relative.person_id for relative in visible))
        home = self._urls("member.home")
        return {
            "title": TITLE,
            "breadcrumb": [Crumb("Accueil", home), Crumb(TITLE)],
            "errors": {},
            "has_errors": False,
            "viewer": viewer,
            "nav": self._nav(),
            "csrf_input": lambda: self._csrf(viewer),
            "maintenance": None,
            "maintenance_is_on": False,
            "leaving_on": None,
            "correction_url": self._urls("correction.new", {"page": "/adherent/prestations"}),
            "idle_seconds": idle_seconds(viewer),
            "query": self._query,
            "scope": household,
            "names": household.names,
            "groups": list(_groups(zip(shown, opaque, strict=True), self._query.filters.sort)),
            "next": opaque[-1] if len(lines) > PAGE_SIZE else None,
            "chips": [],
            "problems": {},
            "is_first": True,
            "labels": {"soin": FAMILY_LABELS, "etat": STATUS_LABELS, "tri": SORT_LABELS},
            "totals": totals,
            "people": list(zip(people, (household.names[relative.person_id] for relative in visible), strict=True)),
        }

    def _nav(self) -> list[NavItem]:
        return [
            NavItem(label, self._urls(name), icon, name == "member.benefits", is_open=True)
            for name, label, icon in NAVIGATION[Space.MEMBER]
        ]

    def _csrf(self, viewer: Viewer) -> Any:
        token = self._keyring.csrf_token(f"session:{viewer.session_hash}")
        return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


_LINE_COLUMNS = ", ".join(f"line.{name}" for name in Line._fields[:15])


def _lines_sql(where: str) -> str:
    return (
        f"SELECT {_LINE_COLUMNS}, paid_on, method FROM benefit_line line "
        f"LEFT JOIN payment ON payment.id = line.payment_id WHERE {where} "
        "ORDER BY line.posted_on DESC, line.id DESC LIMIT ?"
    )


def _totals_sql(where: str) -> str:
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in Totals._fields[1:])
    return f"SELECT count(*), {sums} FROM benefit_line line WHERE {where}"


def _line(row: Any) -> Line:
    line = Line(*row)
    paid_on = date.fromisoformat(line.paid_on) if line.paid_on else None  # type: ignore[arg-type]
    return line._replace(
        posted_on=date.fromisoformat(line.posted_on),  # type: ignore[arg-type]
        care_date=date.fromisoformat(line.care_date),  # type: ignore[arg-type]
        paid_on=paid_on,
    )


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def load_floor() -> Floor:
    """The floor over the database in `BENCH_FOLDER`."""
    return Floor(settings_of(Path(os.environ["BENCH_FOLDER"])))
