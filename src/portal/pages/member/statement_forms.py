"""What the statements page may be asked to issue: a month, a year, or a period of one's own."""

from dataclasses import dataclass
from datetime import date

from portal.data.statement_periods import Period, between, period_of_code
from portal.formatting import NBSP, long_date
from portal.forms import FieldError, typed_day

FIELDS = ("periode", "du", "au")
LONGEST_YEARS = 5

NOT_OFFERED = "Cette période n’est pas proposée. Choisissez un mois ou une année dans la liste."
NOT_ENDED = "Cette période n’est pas terminée. Son relevé sera disponible dès qu’elle le sera."


@dataclass(frozen=True, slots=True)
class Request:
    """A period, or what is wrong with the fields."""

    period: Period | None
    errors: tuple[FieldError, ...] = ()


def read_request(raw: dict[str, str], first_day: date, today: date) -> Request:
    """The period that the fields ask for. `first_day` is the first day of cover: nothing was paid before."""
    if raw["periode"]:
        return _named_period(raw["periode"], today)
    reader = _Dates(raw, first_day, today)
    start, end = reader.day("du", "début"), reader.day("au", "fin")
    if start and end and not reader.errors:
        reader.check_together(start, end)
    if reader.errors or start is None or end is None:
        return Request(None, tuple(reader.errors))
    return Request(between(start, end))


def _named_period(code: str, today: date) -> Request:
    period = period_of_code(code)
    if period is None:
        return Request(None, (FieldError("periode", NOT_OFFERED),))
    if period.end >= today:
        return Request(None, (FieldError("periode", NOT_ENDED),))
    return Request(period)


class _Dates:
    """The two dates of a period on demand, and the problems found with them."""

    def __init__(self, raw: dict[str, str], first_day: date, today: date) -> None:
        self._raw, self._first_day, self._today = raw, first_day, today
        self.errors: list[FieldError] = []

    def day(self, name: str, word: str) -> date | None:
        text = self._raw[name].strip()
        day = typed_day(text)
        problem = self._problem(text, day)
        if problem:
            self._wrong(name, problem.format(word=word))
        return day

    def _problem(self, text: str, day: date | None) -> str:
        if not text:
            return f"Saisissez la date de {{word}}. Exemple{NBSP}: 31/12/2025."
        if day is None:
            return f"La date de {{word}} n’existe pas. Exemple de date valable{NBSP}: 31/12/2025."
        if day > self._today:
            return "La date de {word} est dans le futur. Choisissez une date passée."
        if day < self._first_day:
            return f"La date de {{word}} précède votre couverture. Elle commence le {long_date(self._first_day)}."
        return ""

    def check_together(self, start: date, end: date) -> None:
        if start > end:
            self._wrong("au", "La date de fin précède la date de début. Inversez-les.")
        elif (end.year - LONGEST_YEARS, end.month, end.day) > (start.year, start.month, start.day):
            self._wrong("du", f"Un relevé couvre {LONGEST_YEARS} ans au plus. Choisissez une période plus courte.")

    def _wrong(self, name: str, message: str) -> None:
        self.errors.append(FieldError(name, message))
