"""What the questions of a claim are answered with, and what is wrong with an answer."""

from dataclasses import dataclass
from datetime import date

from litestar.datastructures import FormMultiDict

from portal.claim_words import DAY_WORDS
from portal.data.benefits import Family
from portal.data.cases import CaseKind
from portal.data.claim_drafts import Amount
from portal.data.claim_rules import day_problem, families_for
from portal.data.claims import Step
from portal.data.estimates import EstimableAct
from portal.data.parameters import Sector
from portal.data.visibility import Relative
from portal.forms import FieldError, cents_of, single_values, typed_day

DEAREST = 10_000_000
MOST = 30
FIELDS = ("jour", "personne", "soin", "acte", "secteur", "quantite", "prix", "version")
NO_DAY = "Donnez un jour, comme 31/12/2026."
NO_PERSON = "Choisissez la personne soignée."
NO_CARE = "Choisissez le genre de soin."
NO_PRICE = "Donnez le montant en euros, comme 60 ou 60,50."
HIGH_PRICE = "Ce montant dépasse 100\u00a0000\u00a0€. Vérifiez-le."
NO_ACT = "Choisissez un soin de la liste, ou «\u00a0Je ne sais pas\u00a0»."
NO_SECTOR = "Pour ce soin, le remboursement en dépend\u00a0: choisissez dans la liste."
NO_COUNT = f"Donnez un nombre entre 1 et {MOST}."

Answer = date | Relative | Family | Amount


@dataclass(frozen=True, slots=True)
class Read:
    """What was typed, what it says (None while something is wrong), and what is wrong."""

    raw: dict[str, str]
    answer: Answer | None
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be answered: people by opaque name, and acts of the kind of care by code."""

    people: dict[str, Relative]
    acts: dict[str, EstimableAct]

    @property
    def sectors(self) -> list[Sector]:
        """The sectors that any of the acts knows, each once."""
        return list(dict.fromkeys(sector for act in self.acts.values() for sector in act.sectors))


def fields_in(sent: FormMultiDict) -> dict[str, str]:
    """The fields of a step's form."""
    return single_values(sent, FIELDS, 40)


def read_step(step: Step, kind: CaseKind, raw: dict[str, str], choices: Choices, today: date) -> Read:
    """The answer to one question."""
    if step is Step.DAY:
        return _day(kind, raw, today)
    if step is Step.PERSON:
        return _chosen("personne", choices.people.get(raw["personne"]), raw, NO_PERSON)
    if step is Step.CARE:
        return _chosen("soin", {str(family): family for family in families_for(kind)}.get(raw["soin"]), raw, NO_CARE)
    return _amount(kind, raw, choices)


def _day(kind: CaseKind, raw: dict[str, str], today: date) -> Read:
    day = typed_day(raw["jour"])
    if day is None:
        return _wrong("jour", NO_DAY, raw)
    problem = day_problem(kind, day, today)
    return _wrong("jour", DAY_WORDS[problem], raw) if problem else Read(raw, day)


def _chosen(field: str, answer: Relative | Family | None, raw: dict[str, str], message: str) -> Read:
    return Read(raw, answer) if answer is not None else _wrong(field, message, raw)


def _amount(kind: CaseKind, raw: dict[str, str], choices: Choices) -> Read:
    price = cents_of(raw["prix"])
    if not price or price > DEAREST:
        return _wrong("prix", HIGH_PRICE if price else NO_PRICE, raw)
    return Read(raw, Amount(price)) if kind is CaseKind.CLAIM else _quoted(raw, price, choices)


def _quoted(raw: dict[str, str], price: int, choices: Choices) -> Read:
    """The act of a quote, if one is named, with what its reimbursement depends on."""
    act, count = choices.acts.get(raw["acte"]), _count(raw["quantite"] or "1")
    sector = Sector(raw["secteur"]) if act and raw["secteur"] in act.sectors else Sector.ANY
    checks = (
        ("acte", bool(raw["acte"]) and act is None, NO_ACT),
        ("secteur", act is not None and bool(act.sectors) and sector is Sector.ANY, NO_SECTOR),
        ("quantite", count is None, NO_COUNT),
    )
    errors = tuple(FieldError(field, message) for field, is_wrong, message in checks if is_wrong)
    if errors or count is None:
        return Read(raw, None, errors)
    return Read(raw, Amount(price, act.code, sector, count) if act else Amount(price))


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST else None


def _wrong(field: str, message: str, raw: dict[str, str]) -> Read:
    return Read(raw, None, (FieldError(field, message),))
