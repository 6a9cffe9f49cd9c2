"""What a case gives to the variables of reply templates (`data/reply_variables.py`), in words."""

from sqlmodel import Session

from portal.claim_words import CARE_LABELS
from portal.complaint_words import CATEGORY_LABELS
from portal.contribution_words import period_label
from portal.data.beneficiary_changes import KINDS as CHANGES
from portal.data.beneficiary_changes import change_of
from portal.data.cases import CaseKind
from portal.data.claims import KINDS as CLAIMS
from portal.data.claims import asked_of
from portal.data.complaints import told_of
from portal.data.desk_cases import AtDesk
from portal.data.desk_contexts import contested_invoice, contested_line, person_name, practice_asked
from portal.data.messages import thread_told
from portal.data.practice_changes import KINDS as PRACTICES
from portal.formatting import day_in_france, local_day, long_date, money
from portal.security import Keyring

Values = dict[str, str]
LABELS = {
    "nom": "nom de qui écrit",
    "prenom": "prénom de qui écrit",
    "personne": "personne concernée",
    "reference": "référence du dossier",
    "envoyee_le": "jour de l’envoi",
    "reponse_avant_le": "jour avant lequel nous devons répondre",
    "date_effet": "date d’effet",
    "soin": "soin",
    "jour_du_soin": "jour du soin",
    "montant": "montant",
    "sujet": "sujet",
    "periode": "période de l’appel",
    "facture": "numéro de la facture",
    "adresse": "nouvelle adresse",
    "finess": "nouveau numéro FINESS",
}

# What a supervisor tries a template on.
EXAMPLES: Values = {
    "nom": "Camille Exemple",
    "prenom": "Camille",
    "personne": "Lou Exemple",
    "reference": "ABCD-2345",
    "envoyee_le": "3 novembre 2026",
    "reponse_avant_le": "3 janvier 2027",
    "date_effet": "1er décembre 2026",
    "soin": "optique",
    "jour_du_soin": "2 novembre 2026",
    "montant": "84,00\u00a0€",
    "sujet": "ma cotisation",
    "periode": "novembre 2026",
    "facture": "F-2026-118",
    "adresse": "12 rue des Exemples, 99000 Villefictive",
    "finess": "990000018",
}


def values_of(db: Session, keyring: Keyring, at_desk: AtDesk) -> Values:
    """The variables of a case by name; empty, or absent, where the case does not say."""
    case, author = at_desk.case, at_desk.author
    first_name = person_name(db, author.person_id if author else None).partition(" ")[0]
    values = {
        "nom": author.display_name if author else "",
        "prenom": first_name or (author.display_name if author else ""),
        "personne": person_name(db, case.person_id),
        "reference": case.reference,
        "envoyee_le": local_day(case.sent_at) if case.sent_at else "",
        "reponse_avant_le": local_day(case.due_at) if case.due_at else "",
    }
    return values | _own(db, keyring, at_desk)


def _own(db: Session, keyring: Keyring, at_desk: AtDesk) -> Values:
    """What a kind alone has."""
    case, case_id = at_desk.case, at_desk.case.id or 0
    if case.kind in CHANGES:
        change = change_of(db, keyring, case)
        day = change.row.effect_on
        return {"personne": change.name, "date_effet": long_date(day) if day else ""}
    if case.kind in CLAIMS:
        row, family = asked_of(db, case).row, asked_of(db, case).family
        day = row.care_date
        care = CARE_LABELS[family][0].lower() if family else ""
        return {"soin": care, "jour_du_soin": long_date(day) if day else "", "montant": money(row.spent_cents or 0)}
    if case.kind in PRACTICES:
        wanted = practice_asked(db, case_id, day_in_france(case.changed_at)).row
        address = f"{wanted.address}, {wanted.postcode} {wanted.city}" if wanted.address else ""
        return {"date_effet": long_date(wanted.wanted_on), "adresse": address, "finess": wanted.national_id}
    return _words(db, keyring, at_desk)


def _words(db: Session, keyring: Keyring, at_desk: AtDesk) -> Values:
    case, case_id = at_desk.case, at_desk.case.id or 0
    if case.kind == CaseKind.COMPLAINT:
        told = told_of(db, keyring, case)
        named = {"nom": told.contact.name} if told.contact else {}
        return named | {"sujet": CATEGORY_LABELS[told.said.category].lower()}
    if case.kind == CaseKind.MESSAGE:
        return {"sujet": thread_told(db, keyring, case).subject}
    if case.kind == CaseKind.CONTRIBUTION_DISPUTE:
        line = contested_line(db, keyring, case_id)
        return {"periode": period_label(line.call), "montant": money(line.line.amount_cents)}
    if case.kind == CaseKind.INVOICE_DISPUTE:
        told_invoice = contested_invoice(db, keyring, case_id)
        return {"facture": told_invoice.invoice.number, "montant": money(told_invoice.invoice.requested_cents)}
    return {}
