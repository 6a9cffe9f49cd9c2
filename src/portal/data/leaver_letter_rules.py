"""When whoever left is written to. Rules alone: no table, no query.

Nothing is told before the employment has ended, nor on the day when its end was declared: until midnight the employer
may take it back, and nobody learns of a dismissal from us first.
"""

from datetime import date, timedelta
from typing import NamedTuple

from portal.data.departures import LetterKind
from portal.data.group_figures import GroupFigures
from portal.data.leaver_timeline import Leaving, is_written_to, near_end, offer_anchor, request_until
from portal.data.rules import add_months


class Window(NamedTuple):
    """The days on which a letter may be posted, both included: later, it would say nothing of use."""

    opens_on: date
    closes_on: date


def told_from(left_on: date, recorded_on: date) -> date:
    """The first day on which the employee is told: the last of the employment, or the day after it was declared."""
    return max(left_on, recorded_on + timedelta(days=1))


def windows_of(leaving: Leaving, recorded_on: date, figures: GroupFigures) -> dict[LetterKind, Window]:
    """When each letter may be posted; none for whoever is not written to. The end of portability is announced a month
    before, unless the letter of the departure is as late: that one says it too. The offer goes the day after the day
    from which its delays run, which leaves two months for whatever holds it up."""
    if not is_written_to(leaving):
        return {}
    told, warned, anchor = told_from(leaving.left_on, recorded_on), near_end(leaving), offer_anchor(leaving)
    last = leaving.covered_until or leaving.left_on
    windows = {LetterKind.DEPARTURE: Window(told, max(last, add_months(told, 1)))}
    if warned is not None and warned > told:
        windows[LetterKind.NEAR_END] = Window(warned, last)
    until = request_until(leaving, figures)
    if anchor is not None and until is not None:
        windows[LetterKind.OFFER] = Window(max(anchor + timedelta(days=1), told), until)
    return windows


def due_on(windows: dict[LetterKind, Window], today: date) -> list[LetterKind]:
    """The letters to be posted on a day, unless they were."""
    return [kind for kind, window in windows.items() if window.opens_on <= today <= window.closes_on]
