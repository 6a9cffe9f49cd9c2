"""The register of exemptions on paper and in spreadsheets, fit for an audit: one row an exemption, with its proof."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from portal.data.exemption_register import RegisterRow, Standing
from portal.data.exemption_rows import EndCause
from portal.documents import breakable, typeset
from portal.exemption_words import CAUSE_LABELS, KIND_LABELS, NO_EFFECT, ORIGIN_LABELS, RULE, STANDING_LABELS
from portal.formatting import local_day, plural, short_date
from portal.insurer import Insurer
from portal.spreadsheets import Column, Kind

PDF_SOURCE = "exemptions.typ"


COLUMNS = (
    Column("Matricule", "matricule"),
    Column("Nom de naissance", "last_name"),
    Column("Nom d’usage", "usage_name"),
    Column("Prénom", "first_name"),
    Column("Cas de dispense", "label"),
    Column("Nature", "kind", labels=KIND_LABELS),
    Column("Texte", "article"),
    Column("Demande écrite du", "stated_on", Kind.DATE),
    Column("Reçue le", "asked_on", Kind.DATE),
    Column("Origine", "origin", labels=ORIGIN_LABELS),
    Column("Autre organisme", "other_insurer"),
    Column("Dispensé à partir du", "starts_on", Kind.DATE),
    Column("Valable jusqu’au", "valid_until", Kind.DATE),
    Column("Situation", "standing", labels={standing: words for standing, (words, _) in STANDING_LABELS.items()}),
    Column("Décidée le", "decided_on", Kind.DATE),
    Column("Dernier jour", "last_day", Kind.DATE),
    Column("Fin", "end_cause", labels=CAUSE_LABELS),
    Column("Pièces", "files", Kind.COUNT),
    Column("Empreintes SHA-256 des pièces", "digests"),
)


def register_pdf(rows: Iterable[RegisterRow], said: Mapping[str, str], insurer: Insurer, at: datetime) -> bytes:
    """The PDF/UA-1 of the register. `said`: the company, its SIRET, what is shown. Slow: off the event loop."""
    return typeset(PDF_SOURCE, pdf_data(rows, said, insurer, at), at)


def pdf_data(rows: Iterable[RegisterRow], said: Mapping[str, str], insurer: Insurer, at: datetime) -> dict[str, Any]:
    """What the Typst source receives: texts only, ready to print."""
    shown = [_cells(row) for row in rows]
    return {
        "reference": "",
        "title": "Registre des dispenses d’affiliation",
        "subtitle": said["shown"],
        "insurer": insurer.model_dump(),
        "facts": [
            ("Entreprise", breakable(said["company"], 18), False),
            ("SIRET", said["siret"], True),
            ("Édité le", local_day(at), False),
            ("Contenu", plural(len(shown), "dispense"), False),
        ],
        "rows": shown,
        "rule": RULE,
    }


def _cells(row: RegisterRow) -> dict[str, str]:
    number = f", matricule {row.matricule}" if row.matricule else ""
    proof = [plural(row.files, "pièce")]
    if row.stated_on:
        proof.insert(0, f"demande du {short_date(row.stated_on)}")
    if row.other_insurer:
        proof.append(row.other_insurer)
    return {
        "employee": breakable(f"{row.name}{number}", 16),
        "ground": breakable(row.label, 16),
        "article": row.article,
        "proof": breakable(", ".join(proof), 16),
        "period": NO_EFFECT if row.never_held else _period(row.starts_on, row.ended_on or row.valid_until),
        "standing": STANDING_LABELS[Standing(row.standing)][0],
        "end": CAUSE_LABELS[EndCause(row.end_cause)] if row.end_cause else "",
    }


def _period(first: date, last: date | None) -> str:
    return f"du {short_date(first)} au {short_date(last)}" if last else f"depuis le {short_date(first)}"
