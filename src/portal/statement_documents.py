"""The two files of a statement: PDF/UA-1 and CSV, from the same content (R-22, R-50)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.data.benefits import LineKind, Method
from portal.data.glossary import Definition, Term, definitions
from portal.data.statement_content import Amounts, Content, PersonTotals, StatementLine, StatementPayment
from portal.data.statement_periods import PeriodKind
from portal.data.statements import Draft, Files
from portal.documents import breakable, typeset
from portal.formatting import NBSP, PARIS, long_date, money, month_name, number, plural, short_date
from portal.insurer import Insurer
from portal.labels import METHOD_LABELS
from portal.spreadsheets import LINE_AMOUNTS, Column, Kind, csv_stream

PDF_SOURCE = "statement.typ"
TITLE = "Relevé de prestations"
PRIVATE_LINES = "Détail non affiché"
# Longest run of letters, in the widest ones, that a column of names and a wider one hold.
NARROW, WIDE = 9, 18

TERMS = {
    Term.SPENT,
    Term.BASE,
    Term.RATE,
    Term.BASE_SCHEME,
    Term.SUPPLEMENTARY,
    Term.FLAT_FEE,
    Term.FRANCHISE,
    Term.OTHER_COVER,
    Term.REMAINING,
    Term.THIRD_PARTY,
}
OTHER_COVER = "other_cover_cents"
SHARES = {
    "base_net_cents": "Régime obligatoire",
    "supplementary_cents": "Part de la mutuelle",
    OTHER_COVER: "Autre organisme",
    "remaining_cents": "Reste à votre charge",
}
KIND_TAGS = {LineKind.WITHHOLDING: Term.WITHHOLDING, LineKind.CORRECTION: Term.CORRECTION}


def make_files(draft: Draft, insurer: Insurer) -> Files:
    """The PDF and the CSV of a draft. The same draft gives the same bytes. Slow: off the event loop."""
    return Files(statement_pdf(draft, insurer), statement_csv(draft))


def statement_pdf(draft: Draft, insurer: Insurer) -> bytes:
    """The PDF/UA-1 of a draft."""
    return typeset(PDF_SOURCE, pdf_data(draft, insurer), draft.issued_at)


def statement_csv(draft: Draft) -> bytes:
    """The CSV of a draft: one row per visible line, then one per beneficiary whose lines are private."""
    return b"".join(csv_stream(_csv_rows(draft), CSV_COLUMNS))


def period_name(kind: str, start: date, end: date) -> str:
    """« octobre 2026 », « année 2026 », « du 3 mars 2026 au 12 mai 2026 »."""
    if kind == PeriodKind.MONTH:
        return month_name(start)
    return f"année {start.year}" if kind == PeriodKind.YEAR else span(start, end)


def span(start: date, end: date) -> str:
    """« du 3 mars 2026 au 12 mai 2026 »."""
    return f"du {long_date(start)} au {long_date(end)}"


def glossary(content: Content) -> tuple[Definition, ...]:
    """The words that this statement's columns and lines use."""
    tags = {KIND_TAGS[LineKind(line.kind)] for line in _lines(content) if line.kind in KIND_TAGS}
    unused = set() if shows_other_cover(content) else {Term.OTHER_COVER}
    return definitions(TERMS - unused | tags)


def shows_other_cover(content: Content) -> bool:
    """Whether another body paid something: only then do the tables have a column for it."""
    parts: list[Amounts | StatementLine] = [*_lines(content), *(person.totals for person in content.persons)]
    return any(part.other_cover_cents for part in parts)


def mentions(insurer: Insurer) -> list[str]:
    """The legal mentions of every statement."""
    return [
        f"Les montants de ce relevé sont donnés à titre indicatif{NBSP}: seul votre contrat fait foi.",
        (
            "Conservez ce relevé au moins deux ans. Toute action liée à votre contrat se prescrit par deux ans à "
            f"compter de l’événement qui y donne naissance (article L.{NBSP}221-11 du code de la mutualité)."
        ),
        "Ce relevé ne comprend que les soins dont le remboursement a été versé pendant la période.",
        (
            "Un ayant droit majeur garde le détail de ses soins. Ses totaux figurent sur les relevés annuels de "
            "l’adhérent, et sur aucun autre."
        ),
        (
            f"Un montant vous semble inexact{NBSP}? Écrivez à {insurer.name}, {insurer.address}, ou à {insurer.email}, "
            f"ou appelez le {insurer.phone}. Indiquez le numéro de ce relevé."
        ),
    ]


def payment_title(payment: StatementPayment) -> str:
    """« Virement du 12 octobre 2026 »; a third-party payment says whom it went to."""
    if payment.method == Method.THIRD_PARTY:
        to = f" à {payment.payee}" if payment.payee else ""
        return f"Tiers payant du {long_date(payment.paid_on)}{to}"
    if payment.method == Method.ADJUSTMENT:
        return f"Rectification du {long_date(payment.paid_on)}, sans versement"
    return f"Virement du {long_date(payment.paid_on)}"


def payment_notes(payment: StatementPayment) -> list[str]:
    """What else identifies a payment: its reference, its account, and what it holds besides the lines shown."""
    notes = [f"réf.{NBSP}{payment.reference}"]
    if payment.method == Method.TRANSFER and payment.iban_masked:
        notes.append(f"compte {payment.iban_masked}")
    if payment.undetailed_cents:
        notes.append(f"dont {money(payment.undetailed_cents)} pour des soins non détaillés ici")
    if payment.withheld_cents > 0:
        notes.append(f"moins {money(payment.withheld_cents)} retenus, avec votre accord, sur une somme à rendre")
    if payment.withheld_cents < 0:
        notes.append(f"plus {money(-payment.withheld_cents)} que nous vous rendons")
    return notes


def pdf_data(draft: Draft, insurer: Insurer) -> dict[str, Any]:
    """What the Typst source receives: texts only, ready to print."""
    content = draft.content
    shares = _shares_shown(content)
    return {
        "title": TITLE,
        "subtitle": period_name(content.kind, content.period_start, content.period_end),
        "insurer": insurer.model_dump(),
        "recipient": breakable(content.recipient, WIDE),
        "facts": _facts(draft),
        "replaces": draft.replaces,
        "number": draft.number,
        "figures": _figures(content.totals),
        "shares": [SHARES[name] for name in shares],
        "payments": [_payment_data(payment, content.names(), shares) for payment in content.payments],
        "persons": [_person_data(person, shares) for person in content.persons],
        "totals": _sums(content.totals, shares),
        "has_private": any(person.is_private for person in content.persons),
        "glossary": [[word.term, word.definition] for word in glossary(content)],
        "mentions": mentions(insurer),
    }


def _facts(draft: Draft) -> list[tuple[str, str]]:
    content = draft.content
    issued_on = draft.issued_at.astimezone(PARIS).date()
    covers = [
        fact
        for cover in content.covers
        for fact in (("N° d’adhérent", cover.member_number), ("N° de contrat", cover.contract_number))
    ]
    period = ("Période", f"{short_date(content.period_start)} – {short_date(content.period_end)}")
    return [("Relevé n°", draft.number), ("Édité le", long_date(issued_on)), period, *dict.fromkeys(covers)]


def _figures(totals: Amounts) -> list[tuple[str, str]]:
    figures = [
        ("Dépenses", totals.spent_cents),
        (Term.BASE_SCHEME, totals.base_net_cents),
        (Term.SUPPLEMENTARY, totals.supplementary_cents),
        (Term.OTHER_COVER, totals.other_cover_cents),
        (Term.REMAINING, totals.remaining_cents),
    ]
    return [(label, money(cents)) for label, cents in figures if cents or label != Term.OTHER_COVER]


def _shares_shown(content: Content) -> list[str]:
    return [name for name in SHARES if name != OTHER_COVER or shows_other_cover(content)]


def _payment_data(payment: StatementPayment, names: dict[int, str], shares: list[str]) -> dict[str, Any]:
    return {
        "title": breakable(payment_title(payment), WIDE),
        "notes": breakable(" · ".join(payment_notes(payment)), WIDE),
        "amount": money(payment.totals.supplementary_cents + payment.undetailed_cents),
        "lines": [_line_data(line, names, shares) for line in payment.lines],
        "totals": _sums(payment.totals, shares),
    }


def _line_data(line: StatementLine, names: dict[int, str], shares: list[str]) -> dict[str, Any]:
    tag = KIND_TAGS.get(line.kind)  # type: ignore[call-overload]
    has_base = bool(line.base_cents or line.base_rate)
    return {
        "date": short_date(line.care_date),
        "person": breakable(names[line.person_id], NARROW),
        "act": breakable(f"{tag}{NBSP}: {line.label}" if tag else line.label, WIDE),
        "provider": breakable(line.provider, WIDE),
        "spent": number(line.spent_cents),
        "base": number(line.base_cents) if has_base else "–",
        "rate": f"{line.base_rate}{NBSP}%" if has_base else "–",
        "shares": _amounts(line, shares),
    }


def _person_data(person: PersonTotals, shares: list[str]) -> dict[str, Any]:
    return {
        "name": breakable(person.name, WIDE),
        "count": plural(person.line_count, "soin"),
        "is_private": person.is_private,
        "totals": _sums(person.totals, shares),
    }


def _sums(amounts: Amounts, shares: list[str]) -> dict[str, Any]:
    return {"spent": number(amounts.spent_cents), "shares": _amounts(amounts, shares)}


def _amounts(amounts: Amounts | StatementLine, shares: list[str]) -> list[str]:
    return [number(getattr(amounts, name)) for name in shares]


@dataclass(frozen=True, slots=True)
class _CsvRow:
    """A row of the CSV: a line with its payment, or a private beneficiary's totals."""

    number: str
    person: str
    care_date: date | None
    act_code: str
    label: str
    provider: str
    spent_cents: int
    base_cents: int | None
    base_rate: int | None
    base_net_cents: int
    supplementary_cents: int
    other_cover_cents: int
    remaining_cents: int
    paid_on: date | None = None
    method: str = ""
    reference: str = ""


CSV_COLUMNS = (
    Column("Relevé n°", "number"),
    Column("Date de soin", "care_date", Kind.DATE),
    Column("Bénéficiaire", "person"),
    Column("Code de l’acte", "act_code"),
    Column("Acte", "label"),
    Column("Professionnel", "provider"),
    *LINE_AMOUNTS,
    Column("Versé le", "paid_on", Kind.DATE),
    Column("Mode de versement", "method", labels=METHOD_LABELS),
    Column("Référence du versement", "reference"),
)
_LINE_FIELDS = ("care_date", "act_code", "label", "provider", *(column.attribute for column in LINE_AMOUNTS))


def _csv_rows(draft: Draft) -> Iterator[_CsvRow]:
    names = draft.content.names()
    for payment in draft.content.payments:
        paid: dict[str, Any] = {"paid_on": payment.paid_on, "method": payment.method, "reference": payment.reference}
        for line in payment.lines:
            values = {name: getattr(line, name) for name in _LINE_FIELDS}
            yield _CsvRow(number=draft.number, person=names[line.person_id], **values, **paid)
    yield from (_private_row(draft.number, person) for person in draft.content.persons if person.is_private)


def _private_row(number_: str, person: PersonTotals) -> _CsvRow:
    label = f"{PRIVATE_LINES} ({plural(person.line_count, 'soin')})"
    sums = {name: getattr(person.totals, name) for name in Amounts.__struct_fields__}
    empty: dict[str, Any] = {"care_date": None, "act_code": "", "provider": "", "base_cents": None, "base_rate": None}
    return _CsvRow(number=number_, person=person.name, label=label, **empty, **sums)


def _lines(content: Content) -> Iterator[StatementLine]:
    return (line for payment in content.payments for line in payment.lines)
