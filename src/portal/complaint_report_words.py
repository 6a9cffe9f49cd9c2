"""The year's report of complaints as pages and files show it: rows of numbers, the small ones hidden where they are
published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portal.data.accounts import Space
from portal.data.complaint_report import NO_CONTRACT, WITHOUT_ACCOUNT, Report, Tally, tallies
from portal.data.complaint_rules import Outcome
from portal.data.complaints import Category
from portal.data.coverage import ContractKind
from portal.spreadsheets import Column, Kind

# A count below this may let somebody be recognised in what is published (ADR 41).
FEWEST_SHOWN = 5
HIDDEN = "< 5"
SUBJECT_LABELS = {
    Category.REFUND: "Remboursements",
    Category.DELAY: "Délais",
    Category.GUARANTEE: "Garanties",
    Category.CONTRIBUTION: "Cotisations",
    Category.ENDING: "Fin de contrat",
    Category.THIRD_PARTY: "Tiers payant",
    Category.WELCOME: "Accueil",
    Category.PERSONAL_DATA: "Données personnelles",
    Category.ONLINE: "Espace en ligne",
}
ORIGIN_LABELS = {
    Space.MEMBER: "Adhérents, dans leur espace",
    Space.EMPLOYER: "Employeurs",
    Space.PROVIDER: "Professionnels de santé",
    WITHOUT_ACCOUNT: "Sans compte, ou suivies par un lien",
}
FAMILY_LABELS = {
    ContractKind.INDIVIDUAL: "Contrats individuels",
    ContractKind.GROUP_MANDATORY: "Contrats collectifs obligatoires",
    ContractKind.GROUP_OPTIONAL: "Contrats collectifs facultatifs",
    NO_CONTRACT: "Aucun contrat nommé",
}
COUNTS = ("received", "closed", "open", "founded", "partly", "unfounded", "withdrawn", "mediated")
DELAYS = ("acknowledged_days", "acknowledged_share", "answered_days", "answered_share")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A line of the report. A count is None when it is hidden, a delay when there is none to tell. Days of an
    acknowledgment are working days; shares are percents of what came within the law's time."""

    group: str
    label: str
    received: int | None
    closed: int | None
    open: int | None
    founded: int | None
    partly: int | None
    unfounded: int | None
    withdrawn: int | None
    mediated: int | None
    acknowledged_days: int | None
    acknowledged_share: int | None
    answered_days: int | None
    answered_share: int | None


COLUMNS = (
    Column("Regroupement", "group"),
    Column("Réclamations", "label"),
    Column("Reçues", "received", Kind.COUNT),
    Column("Closes", "closed", Kind.COUNT),
    Column("En cours au 31 décembre", "open", Kind.COUNT),
    Column("Fondées", "founded", Kind.COUNT),
    Column("Fondées en partie", "partly", Kind.COUNT),
    Column("Non fondées", "unfounded", Kind.COUNT),
    Column("Retirées", "withdrawn", Kind.COUNT),
    Column("Médiateur saisi", "mediated", Kind.COUNT),
    Column("Accusé de réception, médiane (jours ouvrables)", "acknowledged_days", Kind.COUNT),
    Column("Accusé en dix jours ouvrables (%)", "acknowledged_share", Kind.PERCENT),
    Column("Réponse, médiane (jours)", "answered_days", Kind.COUNT),
    Column("Réponse en deux mois (%)", "answered_share", Kind.PERCENT),
)

Section = tuple[str, Sequence[ReportRow]]


def sections_of(report: Report, *, is_public: bool) -> list[Section]:
    """The tables of a report: everything, then by category, origin and contract. `is_public`: small counts hidden."""
    grouped: tuple[tuple[str, Mapping[str, Tally], Mapping[str, str]], ...] = (
        ("Par sujet", report.by_category, {str(key): label for key, label in SUBJECT_LABELS.items()}),
        ("Par origine", report.by_origin, {str(key): label for key, label in ORIGIN_LABELS.items()}),
        ("Par contrat", report.by_family, {str(key): label for key, label in FAMILY_LABELS.items()}),
    )
    tables = [("Ensemble", [_row("Ensemble", "Toutes", report.total)])]
    for title, groups, labels in grouped:
        tables.append((title, [_row(title, labels.get(key, key), tally) for key, tally in tallies(groups)]))
    return [(title, hide_few(rows) if is_public else rows) for title, rows in tables]


def rows_of(sections: Iterable[Section]) -> list[ReportRow]:
    """Every line of the report, for a spreadsheet."""
    return [row for _, rows in sections for row in rows]


def hide_few(rows: Sequence[ReportRow]) -> list[ReportRow]:
    """The rows without counts so small that somebody could be recognised, nor what would give them back: alone in its
    column, a hidden count is what the others leave of the total, so that the next smallest one is hidden too."""
    hidden = {name: _hidden(rows, name) for name in COUNTS}
    return [_without(row, [name for name in COUNTS if at in hidden[name]]) for at, row in enumerate(rows)]


def _row(group: str, label: str, tally: Tally) -> ReportRow:
    return ReportRow(
        group,
        label,
        tally.received,
        tally.closed,
        tally.open,
        tally.outcomes[Outcome.FOUNDED],
        tally.outcomes[Outcome.PARTLY],
        tally.outcomes[Outcome.UNFOUNDED],
        tally.withdrawn,
        tally.mediated,
        tally.median_acknowledged,
        tally.acknowledged_share,
        tally.median_answered,
        tally.answered_share,
    )


def _hidden(rows: Sequence[ReportRow], name: str) -> set[int]:
    counts = sorted((getattr(row, name), at) for at, row in enumerate(rows) if getattr(row, name))
    few = [at for count, at in counts if count < FEWEST_SHOWN]
    return {at for _, at in counts[:2]} if len(few) == 1 else set(few)


def _without(row: ReportRow, names: Sequence[str]) -> ReportRow:
    """Delays of a few tell as much as their count."""
    gone = [*names, *(DELAYS if "closed" in names or "received" in names else ())]
    hidden: dict[str, Any] = dict.fromkeys(gone)
    return replace(row, **hidden)
