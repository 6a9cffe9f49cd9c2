"""`portal statements`: issues the statements of a month for everyone who has an account."""

from collections import Counter
from datetime import UTC, datetime

import click
from sqlmodel import Session

from portal.commands.context import open_database
from portal.data.evidence import Action, record
from portal.data.sessions import Viewer
from portal.data.statement_periods import MONTH, Period, period_of_code
from portal.data.statements import viewers_to_issue_for
from portal.database import Database
from portal.formatting import today
from portal.insurer import Insurer
from portal.settings import load_settings
from portal.statements import NothingPaid, issue_statement

ACTOR = "batch"
REFUSED_MONTH = "give a month that has ended, as 2026-10"


class MonthType(click.ParamType):
    """A month that has ended, as YYYY-MM."""

    name = "YYYY-MM"

    def convert(self, value: str, param: click.Parameter | None, context: click.Context | None) -> Period:
        period = period_of_code(value) if MONTH.fullmatch(value) else None
        if period is None or period.end >= today():
            self.fail(REFUSED_MONTH, param, context)
        return period


@click.group()
def command() -> None:
    """Issue members' statements of benefits."""


@command.command()
@click.option("--month", "period", type=MonthType(), required=True, help="A month that has ended.")
@click.option("--account", "identifier", help="Only the account with these ten digits.")
def issue(period: Period, identifier: str | None) -> None:
    """Issue the statement of a month to each covered person who has an account. Running it again issues nothing twice.

    Example: portal statements issue --month 2026-10
    """
    settings = load_settings()
    with open_database(settings) as database:
        viewers = _viewers(database, identifier)
        if identifier is not None and not viewers:
            raise click.ClickException(f"no usable account of a covered person has the identifier {identifier}")
        with click.progressbar(viewers, label="statements") as work:
            done = Counter(_issue(database, viewer, period, settings.insurer) for viewer in work)
    click.echo(f"{done['issued']} issued, {done['kept']} issued before, {done['empty']} accounts without a payment")


def _viewers(database: Database, identifier: str | None) -> list[Viewer]:
    with database.read() as db:
        return list(viewers_to_issue_for(db, identifier))


def _issue(database: Database, viewer: Viewer, period: Period, insurer: Insurer) -> str:
    now = datetime.now(UTC)

    def witness(db: Session, proof: str) -> None:
        # The insurer acts here, for the account's holder: nobody is signed in.
        what = {"object": proof, "acting_for": viewer.person_id, "details": {"by": ACTOR}, "now": now}
        record(db, None, Action.STATEMENT_ISSUED, **what)

    try:
        return "issued" if issue_statement(database, viewer, period, insurer, now, witness)[1] else "kept"
    except NothingPaid:
        return "empty"
