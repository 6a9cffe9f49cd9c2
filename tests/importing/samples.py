"""One good row of each kind of import file, and the means to write and import files of them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from sqlalchemy import text

from portal.database import Database
from portal.importing.registry import KINDS
from portal.importing.run import Report, Request, run_import
from portal.security import Keyring

Cells = dict[str, Any]

SAMPLES: dict[str, Cells] = {
    "parameters": {
        "code": "participation", "label": "Participation forfaitaire", "unit": "centimes", "value": "200",
        "valid_from": "2024-05-15", "valid_to": "", "source": "décret 2024-113",
    },
    "acts": {
        "code": "G", "label": "Consultation généraliste", "family": "soins_courants", "description": "Au cabinet",
    },
    "act-tariffs": {
        "act": "G", "valid_from": "2024-12-22", "valid_to": "", "base": "30,00", "rate": "70", "heavy": "",
    },
    "act-rules": {
        "act": "G", "rule": "MED-GEN", "sector": "optam", "from_age": "0", "below_age": "150",
    },
    "example-cares": {
        "code": "GENERALISTE", "act": "G", "sector": "", "label": "Consultation", "quantity": "1", "price": "30,00",
        "valid_from": "2024-12-22", "valid_to": "",
    },
    "products": {
        "code": "CONFORT", "name": "Confort",
    },
    "guarantees": {
        "product": "CONFORT", "valid_from": "2025-01-01", "valid_to": "", "rule": "consultations",
        "heading": "soins_courants", "label": "Consultations", "clause": "art. 3", "formula": "pourcentage",
        "percent": "150", "amount": "", "max_acts": "", "max_amount": "", "renewal_months": "",
    },
    "options": {
        "product": "CONFORT", "completes": "CONFORT", "description": "Rembourse mieux les lunettes.",
    },
    "contribution-prices": {
        "product": "CONFORT", "structure": "famille", "valid_from": "2026-01-01", "valid_to": "", "month": "180,90",
    },
    "card-terms": {
        "product": "CONFORT", "valid_from": "2026-01-01", "valid_to": "", "amc_number": "0099000001",
        "convention": "IS", "csr": "01",
    },
    "card-columns": {
        "product": "CONFORT", "valid_from": "2026-01-01", "valid_to": "", "position": "1", "code": "PHAR",
        "label": "Pharmacie", "value": "100", "network": "IS",
    },
    "profession-care": {
        "profession": "pharmacien", "code": "PHAR", "valid_from": "2026-01-01", "valid_to": "",
    },
    "persons": {
        "reference": "P1", "last_name": "Exemple", "first_name": "Zoé", "birth_date": "17/05/1985",
        "nir": "2 85 05 78 006 084 41", "email": "zoe@exemple.example",
    },
    "bank-details": {
        "person": "P1", "iban": "FR76 3000 6000 0112 3456 7890 189", "holder": "Zoé Exemple", "since": "2025-01-01",
    },
    "remote-links": {
        "person": "P1", "state": "rompue", "since": "2026-01-01", "cause": "ancienne_mutuelle",
        "other_insurer": "Mutuelle ancienne", "checked_on": "2026-02-01",
    },
    "contracts": {
        "number": "C1", "kind": "individuel", "member": "P1", "product": "CONFORT", "member_number": "A1",
        "regime": "general", "responsible": "oui", "starts_on": "01/01/2025", "ends_on": "",
    },
    "contract-options": {
        "contract": "C1", "product": "CONFORT", "starts_on": "2025-01-01", "ends_on": "",
    },
    "beneficiaries": {
        "contract": "C1", "person": "P1", "relationship": "adherent", "birth_rank": "1", "valid_from": "2025-01-01",
        "valid_to": "31/12/2025",
    },
    "companies": {
        "siret": "732 829 320 00074", "name": "Ateliers", "email": "paie@exemple.example",
    },
    "group-contracts": {
        "number": "G1", "company": "73282932000074", "signatory_last_name": "Modèle", "signatory_first_name": "Agathe",
        "starts_on": "01/01/2025", "ends_on": "", "responsible": "",
    },
    "company-bank-details": {
        "company": "73282932000074", "iban": "FR76 3000 6000 0112 3456 7890 189", "holder": "Ateliers",
        "since": "2025-01-01",
    },
    "staff-categories": {
        "group_contract": "G1", "code": "CADRES", "label": "Cadres", "definition": "Articles 2.1 et 2.2",
        "product": "CONFORT", "mandatory": "oui",
    },
    "category-rates": {
        "group_contract": "G1", "category": "CADRES", "structure": "isole", "valid_from": "2025-01-01",
        "valid_to": "", "pmss_rate": "120", "month": "", "employer_percent": "50",
    },
    "contract-amendments": {
        "group_contract": "G1", "number": "1", "subject": "Nouveaux taux", "effective_on": "2026-01-01",
        "signed_on": "12/11/2025",
    },
    "payroll-settings": {
        "group_contract": "G1", "valid_from": "2025-01-01", "reference": "SANTE-G1", "organism_code": "MUT099",
        "delegate_code": "",
    },
    "payroll-codes": {
        "group_contract": "G1", "category": "CADRES", "structure": "isole", "valid_from": "2025-01-01",
        "option_code": "ISO",
    },
    "employees": {
        "group_contract": "G1", "contract": "C1", "matricule": "0042", "usage_name": "", "email": "",
        "hired_on": "2019-03-01",
    },
    "employment-periods": {
        "group_contract": "G1", "contract": "C1", "category": "CADRES", "kind": "", "starts_on": "2025-01-01",
        "ends_on": "",
    },
    "exemption-grounds": {
        "code": "css", "label": "Complémentaire santé solidaire", "kind": "droit", "article": "D911-2, 1°",
        "condition": "Le salarié en bénéficie.", "evidence": "Attestation de droits", "evidence_hint": "",
        "names_insurer": "non", "needs_until": "oui", "most_months": "12", "renewal_months": "", "renewable": "oui",
        "valid_from": "2019-11-01", "valid_to": "",
    },
    "opened-exemptions": {
        "group_contract": "G1", "ground": "temps-partiel", "valid_from": "2025-01-01", "valid_to": "",
    },
    "providers": {
        "national_id": "990000018", "profession": "opticien", "name": "Optique", "email": "",
    },
    "agreements": {
        "number": "T1", "provider": "990000018", "starts_on": "2025-01-01", "ends_on": "31/12/2030",
    },
    "agreement-amendments": {
        "agreement": "T1", "number": "1", "subject": "Nouveaux délais", "effective_on": "2026-01-01",
        "signed_on": "12/11/2025",
    },
    "provider-addresses": {
        "provider": "990000018", "since": "2025-01-01", "address": "3 rue de l’Église", "postcode": "42000",
        "city": "Saint-Étienne",
    },
    "provider-bank-details": {
        "provider": "990000018", "iban": "FR76 3000 6000 0112 3456 7890 189", "holder": "Optique",
        "since": "2025-01-01",
    },
    "directory": {
        "national_id": "990000018", "profession": "opticien", "specialty": "Basse vision", "name": "Optique Œuvrard",
        "address": "3, rue de l’Église", "postcode": "42000", "city": "Saint-Étienne", "latitude": "45,4400",
        "longitude": "4.3900", "phone": "01 99 00 00 00", "access": "De plain-pied", "services": "100_sante fauteuil",
        "languages": "fr, en", "level": "agree", "hours": "lu-ve 9h-12h 14:00-19:00; sa 9:30-13:00",
        "price": "120,00", "act": "", "checked_on": "2026-11-02",
    },
    "payments": {
        "reference": "V1", "member": "P1", "paid_on": "2025-03-05", "method": "virement", "payee": "Zoé Exemple",
        "iban_masked": "FR76 •••• 1234", "amount": "28,00",
    },
    "benefit-lines": {
        "reference": "L1", "payment": "V1", "contract": "C1", "person": "P1", "posted_on": "2025-03-05",
        "care_date": "03/03/2025", "act": "G", "label": "Consultation généraliste", "family": "soins_courants",
        "kind": "soin", "status": "payee", "source": "noemie", "provider": "Dr Œuvrard", "quantity": "1",
        "spent": "30,00", "base": "30,00", "rate": "70", "base_gross": "21,00", "flat_fee": "2,00", "franchise": "",
        "base_net": "19,00", "supplementary": "9,00", "other_cover": "", "remaining": "2,00",
        "rule": "consultations", "care_path": "1", "note": "Médecin traitant",
    },
    "reject-codes": {
        "code": "R04", "label": "Ordonnance absente", "cause": "L’ordonnance n’est pas jointe.",
        "what_to_do": "Joignez-la et renvoyez la facture.", "resubmittable": "oui", "valid_from": "2020-01-01",
        "valid_to": "",
    },
    "invoices": {
        "number": "F1", "provider": "990000018", "lot": "LOT1", "person": "P1", "patient": "Zoé Exemple",
        "care_date": "2026-03-02", "received_on": "2026-03-03", "channel": "dre", "total": "120,00", "base": "40,00",
        "requested": "80,00", "accepted": "80,00", "state": "payee", "state_on": "2026-03-06", "reject_code": "",
        "engagement": "ENG1", "replaces": "",
    },
    "transfers": {
        "reference": "VIR1", "provider": "990000018", "paid_on": "2026-03-06", "amount": "80,00",
        "iban_masked": "FR76 •••• 0042",
    },
    "remittance-lines": {
        "transfer": "VIR1", "provider": "990000018", "position": "1", "invoice": "F1", "label": "", "amount": "80,00",
    },
}  # fmt: skip

TABLES = dict(zip(SAMPLES, (
    "parameter", "act", "act_tariff", "act_rule", "example_care", "product", "guarantee_rule", "product_option",
    "contribution_price", "card_terms", "card_column", "profession_care", "person", "bank_details", "remote_link",
    "contract", "contract_option", "beneficiary", "company", "group_contract", "company_bank_details", "staff_category",
    "category_rate", "contract_amendment", "payroll_setting", "payroll_code", "employee", "employment_period",
    "exemption_ground", "opened_exemption", "provider", "agreement", "agreement_amendment",
    "provider_address", "provider_bank_details", "practice", "payment", "benefit_line", "reject_code", "invoice",
    "transfer", "remittance_line",
), strict=True))  # fmt: skip


def row(kind: str, /, **changes: Any) -> Cells:
    return SAMPLES[kind] | changes


def csv_text(kind: str, *rows: Cells, delimiter: str = ";") -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(SAMPLES[kind]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def json_lines(*rows: Cells) -> str:
    return "".join(json.dumps(cells, ensure_ascii=False) + "\n" for cells in rows)


class Importer:
    """Imports content under a test's folder, and reads back what came of it."""

    def __init__(self, database: Database, keyring: Keyring, folder: Path) -> None:
        self.database = database
        self.keyring = keyring
        self.folder = folder
        self.rejects = folder / "file.rejets.csv"

    def __call__(self, kind: str, content: str | bytes, **options: Any) -> Report:
        path = self.folder / "file"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return run_import(self.database, self.keyring, Request(KINDS[kind], path, self.rejects, **options))

    def one(self, kind: str, /, **changes: Any) -> Report:
        return self(kind, csv_text(kind, row(kind, **changes)))

    def before(self, kind: str) -> None:
        """Imports a good row of each kind that comes before `kind`."""
        for earlier in list(SAMPLES)[: list(SAMPLES).index(kind)]:
            assert self.one(earlier).created == 1

    def problems(self) -> list[list[str]]:
        if not self.rejects.exists():
            return []
        with self.rejects.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file, delimiter=";"))[1:]

    def stored(self, kind: str, columns: str) -> list[tuple[Any, ...]]:
        return self.query(f"SELECT {columns} FROM {TABLES[kind]} ORDER BY 1")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.read() as db:
            return [tuple(one) for one in db.connection().execute(text(sql))]

    def count(self, table: str) -> int:
        return int(self.query(f"SELECT count(*) FROM {table}")[0][0])
