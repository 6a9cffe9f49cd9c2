"""The form by which an agent values a claim: lines read from it, written into it, and what is wrong with each field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from litestar.datastructures import FormMultiDict

from portal.data.benefits import BenefitLine
from portal.data.claims import Asked
from portal.data.parameters import Sector
from portal.data.valuation import LONGEST_WORDS, MOST_LINES, Entry, Reason, Verdict
from portal.data.valuation_drafts import Typed
from portal.forms import FieldError, cents_of, single_values, typed_day
from portal.valuation_words import LONG_WORDS

Kind = TypeVar("Kind", bound=StrEnum)

# A box whose value names what the agent saw of the same care; drafts kept before have none.
APART = "autre-soin"
FIELDS = (
    "jour",
    "personne",
    "acte",
    "secteur",
    "quantite",
    "professionnel",
    "prix",
    "secu",
    "autre",
    "hors-parcours",
    "decision",
    "fixe",
    "motif",
    "mots",
    "remplace",
    APART,
)
LONGEST = LONGEST_WORDS + 1
MOST = 99
DEAREST = 10_000_000
EMPTY = dict.fromkeys(FIELDS, "") | {"quantite": "1", "decision": Verdict.ACCEPTED.value}
NO_DAY = "Donnez un jour, comme 31/12/2026."
NO_PERSON = "Choisissez une personne dans la liste."
NO_ACT = "Choisissez un soin dans la liste."
NO_COUNT = f"Donnez un nombre entre 1 et {MOST}."
NO_AMOUNT = "Donnez un montant en euros, comme 60 ou 60,50."
NO_VERDICT = "Choisissez ce que vous décidez de cette ligne."


@dataclass(frozen=True, slots=True)
class Lists:
    """What a line chooses among. `people`, `waiting`: by opaque name."""

    people: Mapping[str, int]
    acts: frozenset[str]
    waiting: Mapping[str, int]


def read_lines(sent: FormMultiDict) -> Typed:
    """What was typed of each line; a form without its number of lines has none."""
    count = single_values(sent, ("lignes",))["lignes"]
    lines = int(count) if count.isascii() and count.isdigit() else 0
    return Typed(tuple(_read_line(sent, number) for number in range(min(lines, MOST_LINES))))


def changed(typed: Typed, act: str) -> Typed:
    """The lines after a button that adds one, or takes one out."""
    if act == "ajouter" and len(typed.lines) < MOST_LINES:
        like = {name: typed.lines[-1][name] for name in ("jour", "personne", "professionnel")} if typed.lines else {}
        return Typed((*typed.lines, EMPTY | like))
    number = act.removeprefix("retirer-")
    if act.startswith("retirer-") and number.isascii() and number.isdigit():
        return Typed(tuple(line for at, line in enumerate(typed.lines) if at != int(number)))
    return typed


def first_lines(asked: Asked, person: str, waiting: Sequence[tuple[str, BenefitLine]]) -> Typed:
    """What a form begins with: the lines that waited for this claim, or what its author said."""
    row = asked.row
    told = EMPTY | {
        "jour": row.care_date.isoformat() if row.care_date else "",
        "personne": person,
        "acte": row.act_code,
        "secteur": row.sector,
        "quantite": str(row.quantity),
        "prix": euros(row.spent_cents),
    }
    return Typed(tuple(told | _waited(opaque, line) for opaque, line in waiting) or (told,))


def standing_typed(opaque: str, line: BenefitLine, person: str, sector: str) -> Typed:
    """What a form begins with that puts a line right: what it says now."""
    return Typed((EMPTY | {"personne": person, "secteur": sector} | _waited(opaque, line),))


def _waited(opaque: str, line: BenefitLine) -> dict[str, str]:
    return {
        "jour": line.care_date.isoformat(),
        "acte": line.act_code,
        "quantite": str(line.quantity),
        "professionnel": line.provider,
        "prix": euros(line.spent_cents),
        "secu": euros(line.base_net_cents),
        "autre": euros(line.other_cover_cents or None),
        "hors-parcours": "" if line.in_care_path else "1",
        "remplace": opaque,
    }


def euros(cents: int | None) -> str:
    """An amount as a field shows it: « 60,50 »; empty for none."""
    return "" if cents is None else f"{cents // 100},{cents % 100:02}"


def entries_of(typed: Typed, lists: Lists) -> tuple[list[Entry | None], list[FieldError]]:
    """The lines that can be read (None for one that cannot), and what is wrong with the fields of the others."""
    found, errors = [], []
    for number, line in enumerate(typed.lines):
        entry, problems = _entry(line, lists)
        found.append(entry)
        errors += [FieldError(f"{problem.field}-{number}", problem.message) for problem in problems]
    return found, errors


def _read_line(sent: FormMultiDict, number: int) -> dict[str, str]:
    values = single_values(sent, tuple(f"{name}-{number}" for name in FIELDS), LONGEST)
    return {name: values[f"{name}-{number}"].strip() for name in FIELDS}


def _entry(line: Mapping[str, str], lists: Lists) -> tuple[Entry | None, list[FieldError]]:
    day, person = typed_day(line["jour"]), lists.people.get(line["personne"])
    amounts = {name: cents_of(line[name]) if line[name] else None for name in ("prix", "secu", "autre", "fixe")}
    wrong = [name for name, cents in amounts.items() if line[name] and (cents is None or cents > DEAREST)]
    verdict = _one_of(Verdict, line["decision"])
    checks = (
        ("jour", day is None, NO_DAY),
        ("personne", person is None, NO_PERSON),
        ("acte", line["acte"] not in lists.acts, NO_ACT),
        ("quantite", _count(line["quantite"]) is None, NO_COUNT),
        ("prix", not line["prix"], NO_AMOUNT),
        *((name, True, NO_AMOUNT) for name in wrong),
        ("decision", verdict is None, NO_VERDICT),
        ("mots", len(line["mots"]) > LONGEST_WORDS, LONG_WORDS),
    )
    errors = [FieldError(field, message) for field, is_wrong, message in checks if is_wrong]
    if errors or day is None or person is None or verdict is None:
        return None, errors
    return _made(line, lists, day, person, verdict, amounts), []


def _made(
    line: Mapping[str, str], lists: Lists, day: date, person: int, verdict: Verdict, amounts: Mapping[str, int | None]
) -> Entry:
    return Entry(
        person_id=person,
        care_date=day,
        act_code=line["acte"],
        spent_cents=amounts["prix"] or 0,
        provider=line["professionnel"],
        sector=_one_of(Sector, line["secteur"]) or Sector.ANY,
        quantity=_count(line["quantite"]) or 1,
        in_care_path=not line["hors-parcours"],
        base_net_cents=amounts["secu"],
        other_cents=amounts["autre"] or 0,
        replaces=lists.waiting.get(line["remplace"]),
        verdict=verdict,
        fixed_cents=amounts["fixe"] if verdict is Verdict.FIXED else None,
        reason=_one_of(Reason, line["motif"]) if verdict is Verdict.REFUSED else None,
        words=line["mots"],
        apart=tuple(line.get(APART, "").split()),
    )


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST else None


def _one_of(kind: type[Kind], text: str) -> Kind | None:
    return next((each for each in kind if each.value == text), None)
