"""What was typed of a claim's valuation, and what comes of it: the page, its fragment and the decision share it."""

from typing import Any

from litestar.exceptions import NotFoundException
from sqlmodel import Session

from portal.data.cases import Case, CaseKind
from portal.data.claim_settling import Outcome, insured_of, value, waiting_lines
from portal.data.claims import asked_of
from portal.data.desk_cases import AtDesk
from portal.data.estimates import estimable_acts
from portal.data.payments import next_transfer_day
from portal.data.proposals import waiting_on
from portal.data.valuation import Entry, Valuation
from portal.data.valuation_drafts import Typed, typed_for
from portal.data.visibility import Scope
from portal.formatting import today
from portal.forms import FieldError
from portal.pages.desk.case_access import opened
from portal.pages.desk.valuation_forms import Lists, entries_of, first_lines
from portal.valuation_words import PROBLEMS, problem_words
from portal.web import PortalRequest

NO_LINE = "Ajoutez une ligne au moins."


def opened_claim(request: PortalRequest, db: Session, dossier: str) -> AtDesk:
    """The claim behind an opaque name; 404 for any other case, and where `opened` is."""
    at_desk = opened(request, db, dossier)
    if at_desk.case.kind != CaseKind.CLAIM:
        raise NotFoundException
    return at_desk


def valuation_context(request: PortalRequest, db: Session, dossier: str, case: Case) -> dict[str, Any]:
    """What was typed of a claim's valuation, and what comes of it: page and fragment share it."""
    waiting = [line.id or 0 for line in waiting_lines(db, case)]
    opaque = request.services.keyring.conceal("line", waiting)
    lists, people = lists_for(request, db, case, dict(zip(opaque, waiting, strict=True)))
    typed = typed_for(db, request.services.keyring, case) or _first(db, case, lists)
    entries, errors = entries_of(typed, lists)
    outcome = value(db, request.viewer, case, Valuation(lines=tuple(each for each in entries if each)), request.now)
    return {
        "dossier": dossier,
        "typed": typed,
        "outcome": outcome,
        "results": _results(entries, outcome),
        "problems": [*errors, *_problems(entries, outcome)],
        "people": people,
        "names": dict(zip(lists.people.values(), (name for _, name in people), strict=True)),
        "waiting": waiting_on(db, case),
        "paid_on": next_transfer_day(db, today()),
    }


def amounts_of(outcome: Outcome) -> str:
    """What the rules give for each line, as a form keeps it: whether it moved since it was seen."""
    return "-".join(str(each.computed) for each in outcome.lines)


def lists_for(
    request: PortalRequest, db: Session, case: Case, replaced: dict[str, int]
) -> tuple[Lists, list[tuple[str, str]]]:
    """What a line chooses among, and its persons by opaque name. `replaced`: the lines whose place it may take."""
    insured = insured_of(db, request.viewer, case)
    conceal = request.services.keyring.conceal
    opaque = conceal("person", (one.person_id for one in insured))
    names = Scope(tuple(insured)).names
    lists = Lists(
        dict(zip(opaque, (one.person_id for one in insured), strict=True)),
        frozenset(act.code for act in estimable_acts(db, today())),
        replaced,
    )
    return lists, [(name, names[one.person_id]) for name, one in zip(opaque, insured, strict=True)]


def _first(db: Session, case: Case, lists: Lists) -> Typed:
    person = next((opaque for opaque, person_id in lists.people.items() if person_id == case.person_id), "")
    waiting = list(zip(lists.waiting, waiting_lines(db, case), strict=True))
    return first_lines(asked_of(db, case), person, waiting)


def _results(entries: list[Entry | None], outcome: Outcome) -> list[Any]:
    """For each line typed, what comes of it; None for one that cannot be read yet."""
    valued = iter(outcome.lines)
    return [(each, problem_words(each)) if entry and (each := next(valued)) else None for entry in entries]


def _problems(entries: list[Entry | None], outcome: Outcome) -> list[FieldError]:
    """What keeps the claim from being decided, field by field; a form without any line too."""
    readable = [number for number, entry in enumerate(entries) if entry]
    errors = [
        FieldError(f"{PROBLEMS[problem][0]}-{number}", PROBLEMS[problem][1])
        for number, valued in zip(readable, outcome.lines, strict=True)
        for problem in valued.problems
    ]
    return errors if entries else [FieldError("", NO_LINE)]
