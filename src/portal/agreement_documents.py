"""A third-party-payment agreement on paper, in one of its versions: PDF/UA-1 (R-03)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from portal.data.agreements import CoveredCare, Version
from portal.data.organisations import Agreement, Provider
from portal.data.practice_addresses import PracticeAddress
from portal.documents import breakable, typeset
from portal.formatting import long_date
from portal.insurer import Insurer

PDF_SOURCE = "agreement.typ"
FIRST = "Convention signée"
ENDS = {9: "FINESS", 11: "RPPS"}


@dataclass(frozen=True, slots=True)
class AgreementFile:
    """All that the document says of a version, told as on `day`."""

    agreement: Agreement
    version: Version
    practice: Provider
    address: PracticeAddress | None
    care: list[CoveredCare]
    day: date


def agreement_pdf(file: AgreementFile, insurer: Insurer) -> bytes:
    """The PDF/UA-1 of a version. The same version told on the same day gives the same bytes. Slow: off the event
    loop."""
    return typeset(PDF_SOURCE, pdf_data(file, insurer), datetime.combine(file.day, time(12), UTC))


def pdf_data(file: AgreementFile, insurer: Insurer) -> dict[str, Any]:
    """What the Typst source receives: texts only, ready to print."""
    agreement, version, practice = file.agreement, file.version, file.practice
    return {
        "reference": agreement.number,
        "title": f"Convention de tiers payant {agreement.number}",
        "subtitle": f"Telle qu’elle est le {long_date(file.day)}",
        "insurer": insurer.model_dump(),
        "facts": [
            ("Assureur", f"{insurer.name}, {insurer.address}", False),
            ("Professionnel", breakable(practice.name, 18), False),
            (f"Numéro {ENDS.get(len(practice.national_id), 'national')}", practice.national_id, True),
            ("Profession", practice.profession.capitalize(), False),
            *_address(file.address),
            ("Version", version_label(version), False),
            ("En vigueur", period_label(version.starts_on, version.ends_on), False),
        ],
        "care": [(each.label, ", ".join(each.networks) or "–") for each in file.care],
        "end": end_label(agreement),
    }


def version_label(version: Version) -> str:
    """« Avenant 2 : … », or what was first signed."""
    return f"Avenant {version.number}\u00a0: {version.subject}" if version.number else FIRST


def period_label(start: date, end: date | None) -> str:
    """Between which days, both included."""
    return f"du {long_date(start)} au {long_date(end)}" if end else f"depuis le {long_date(start)}"


def end_label(agreement: Agreement) -> str:
    """When the agreement ends, if somebody has said so."""
    if agreement.ends_on is None:
        return "La convention n’a pas de terme. Chaque partie peut y mettre fin par écrit."
    return f"La convention prend fin le {long_date(agreement.ends_on)}."


def _address(address: PracticeAddress | None) -> list[tuple[str, str, bool]]:
    return [("Adresse", f"{address.address}, {address.postcode} {address.city}", False)] if address else []
