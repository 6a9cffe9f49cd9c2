"""A person's cover and benefits as FHIR R4 resources: Patient, Coverage, ExplanationOfBenefit, in one Bundle (R-70).

Plain dictionaries: what they must be is checked in the tests by `fhir.resources`, which the portal does not need to run
(ADR 34). Written one by one, so that ten years of benefits cost no memory.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from uuid import NAMESPACE_URL, uuid5

from portal.data.benefits import Family, LineKind, Status
from portal.data.coverage import Relationship
from portal.data.export_subjects import Care, Cover
from portal.data.persons import Person
from portal.labels import FAMILY_LABELS

Resource = dict[str, Any]
TERMS = "http://terminology.hl7.org/CodeSystem"
# The registration number of French persons (NIR), as the French core profiles name it.
NIR_SYSTEM = "urn:oid:1.2.250.1.213.1.4.8"
UNKNOWN_PROVIDER = "Professionnel non communiqué"
RELATIONSHIPS = {
    Relationship.MEMBER: "self",
    Relationship.SPOUSE: "spouse",
    Relationship.CIVIL_PARTNER: "spouse",
    Relationship.COHABITANT: "common",
    Relationship.CHILD: "child",
    Relationship.ASCENDANT: "parent",
}
STATUSES = {Status.CANCELLED: "cancelled", Status.PENDING: "draft", Status.AWAITING_PIECE: "draft"}
OUTCOMES = {Status.PENDING: "queued", Status.AWAITING_PIECE: "partial", Status.REFUSED: "error"}
# Ours, beside those of HL7: what each part of an amount is, in the insurer's words.
SHARES = "base_net_cents", "supplementary_cents", "other_cover_cents", "remaining_cents"
SHARE_LABELS = {
    "base_net_cents": "Régime obligatoire, net",
    "supplementary_cents": "Part de la mutuelle",
    "other_cover_cents": "Autre organisme",
    "remaining_cents": "Reste à charge",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One person of the Bundle. `nir`: empty when it is not known."""

    person: Person
    nir: str
    covers: Iterable[Cover]
    care: Iterable[Care]


def write_bundle(file: IO[bytes], records: Iterable[Record], insurer: str, origin: str, at: datetime) -> None:
    """Writes a Bundle of type « collection ». `origin`: of the portal, from which resources' names are derived, so that
    two exports name the same thing alike."""
    head = {"resourceType": "Bundle", "type": "collection", "timestamp": at.isoformat(timespec="seconds")}
    file.write(json.dumps(head)[:-1].encode() + b', "entry": [')
    between = b"\n"
    for resource in resources(records, insurer, origin):
        entry = {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
        file.write(between + json.dumps(entry, ensure_ascii=False).encode())
        between = b",\n"
    file.write(b"\n]}")


def resources(records: Iterable[Record], insurer: str, origin: str) -> Iterator[Resource]:
    """Each person, then what covers that person, then what was paid."""
    for record in records:
        patient = _patient(record, origin)
        yield patient
        covers = list(record.covers)
        for cover in covers:
            yield _coverage(cover, patient, insurer, origin)
        known = {cover.contract.id: cover for cover in covers}
        for care in record.care:
            yield _benefit(care, patient, known.get(care.line.contract_id), insurer, origin)


def _patient(record: Record, origin: str) -> Resource:
    person = record.person
    identifiers: list[Resource] = [{"system": f"{origin}/fhir/personnes", "value": person.reference}]
    if record.nir:
        identifiers.insert(
            0, {"use": "official", "type": _coded("v2-0203", "NH"), "system": NIR_SYSTEM, "value": record.nir}
        )
    return {
        "resourceType": "Patient",
        "id": _name(origin, "personne", person.reference),
        "identifier": identifiers,
        "name": [{"use": "official", "family": person.last_name, "given": [person.first_name]}],
        "birthDate": person.birth_date.isoformat(),
    }


def _coverage(cover: Cover, patient: Resource, insurer: str, origin: str) -> Resource:
    period, contract = cover.period, cover.contract
    ends = [day for day in (period.valid_to, contract.ends_on) if day is not None]
    relationship = RELATIONSHIPS.get(Relationship(period.relationship), "other")
    return {
        "resourceType": "Coverage",
        "id": _name(origin, "couverture", str(period.id)),
        "identifier": [{"system": f"{origin}/fhir/contrats", "value": contract.number}],
        "status": "active",
        "type": {"text": "Complémentaire santé"},
        "subscriberId": contract.member_number,
        "beneficiary": _to(patient),
        "relationship": _coded("subscriber-relationship", relationship),
        "period": {"start": period.valid_from.isoformat()} | ({"end": min(ends).isoformat()} if ends else {}),
        "payor": [{"display": insurer}],
        "class": [{"type": _coded("coverage-class", "plan"), "value": cover.product}],
    }


def _benefit(care: Care, patient: Resource, cover: Cover | None, insurer: str, origin: str) -> Resource:
    line = care.line
    covered = {"reference": f"urn:uuid:{_name(origin, 'couverture', str(cover.period.id))}"} if cover else {}
    payment = {"payment": {"date": care.paid_on.isoformat()}} if care.paid_on else {}
    note = {"processNote": [{"text": line.note}]} if line.note else {}
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": _name(origin, "prestation", line.reference),
        "identifier": [{"system": f"{origin}/fhir/prestations", "value": line.reference}],
        "status": STATUSES.get(Status(line.status), "active"),
        "type": {"text": FAMILY_LABELS[Family(line.family)]},
        "use": "claim",
        "patient": _to(patient),
        "created": line.posted_on.isoformat(),
        "insurer": {"display": insurer},
        "provider": {"display": line.provider or UNKNOWN_PROVIDER},
        "outcome": OUTCOMES.get(Status(line.status), "complete"),
        "insurance": [{"focal": True, "coverage": covered or {"display": insurer}}],
        "item": [_item(care)],
        "total": [{"category": _coded("adjudication", "submitted"), "amount": _euros(line.spent_cents)}],
        **payment,
        **note,
    }


def _item(care: Care) -> Resource:
    line = care.line
    shares = [{"category": {"text": SHARE_LABELS[share]}, "amount": _euros(getattr(line, share))} for share in SHARES]
    base = {"category": {"text": "Base de remboursement"}, "amount": _euros(line.base_cents)}
    what = {"text": line.label} | (
        {"coding": [{"code": line.act_code}]} if line.kind == LineKind.CARE and line.act_code else {}
    )
    return {
        "sequence": 1,
        "productOrService": what,
        "servicedDate": line.care_date.isoformat(),
        "quantity": {"value": line.quantity},
        "net": _euros(line.spent_cents),
        "adjudication": [base, *shares],
    }


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": f"{TERMS}/{system}", "code": code}]}


def _euros(cents: int) -> Resource:
    return {"value": cents / 100, "currency": "EUR"}


def _to(resource: Resource) -> Resource:
    return {"reference": f"urn:uuid:{resource['id']}"}


def _name(origin: str, kind: str, key: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{origin}/fhir/{kind}/{key}"))
