"""Who of the demonstration's members works where."""

from datetime import date
from typing import NamedTuple

from portal.data.rules import add_months
from portal.demo.people import Household

# Beyond these, members work for companies that have no account here.
EMPLOYED_UNTIL = 100
MANDATORY = "collectif_obligatoire"
JOBS = {
    "CONFORT": ("G-2019-0001", "CADRES"),
    "EQUILIBRE": ("G-2019-0001", "NONCADRES"),
    "ESSENTIEL": ("G-2022-0002", "ENSEMBLE"),
}
SINCE = {"G-2019-0001": date(2019, 1, 1), "G-2022-0002": date(2022, 1, 1)}


class Job(NamedTuple):
    """A member's employment by a company with a group contract."""

    group_contract: str
    category: str
    matricule: str
    hired_on: date


def job_of(household: Household) -> Job | None:
    """The employment behind a member's contract; None when no company of the demonstration pays for it."""
    group, category = JOBS[household.product]
    is_employed = household.kind == MANDATORY and household.index <= EMPLOYED_UNTIL
    if not is_employed or household.starts_on < SINCE[group]:
        return None
    years = household.index % 7
    return Job(group, category, f"{household.index:05d}", add_months(household.starts_on, -12 * years))
