"""The acts of the employer's space in words: a sentence each, for the account's holder (R-51)."""

from portal.activity_kinds import Kind, Words
from portal.data.evidence import Action

_C, _R, _D = Kind.ACCOUNT, Kind.READS, Kind.DOCUMENTS

EMPLOYER_WORDS: dict[Action, Words] = {
    Action.EMPLOYEES_READ: Words(_R, "Consultation des salariés"),
    Action.EMPLOYEES_DOWNLOADED: Words(_D, "Téléchargement des salariés"),
    Action.EMPLOYEE_READ: Words(_R, "Consultation d’un salarié"),
    Action.EMPLOYEE_AFFILIATED: Words(_C, "Affiliation d’un salarié"),
    Action.EMPLOYEE_INVITED: Words(_C, "Invitation d’un salarié"),
    Action.INVITATIONS_READ: Words(_R, "Consultation des invitations de salariés"),
    Action.INVITATION_RENEWED: Words(_C, "Invitation d’un salarié envoyée à nouveau"),
    Action.INVITATION_REVOKED: Words(_C, "Invitation d’un salarié retirée"),
    Action.INVITATION_OPENED: Words(
        _C, "Invitation à s’affilier ouverte", refused="Invitation à s’affilier non ouverte, réponses fausses"
    ),
    Action.INVITATION_READ: Words(_R, "Consultation d’une invitation à s’affilier"),
    Action.INVITATION_CHANGED: Words(_C, "Réponse à une invitation à s’affilier"),
    Action.INVITATION_COMPLETED: Words(_C, "Affiliation terminée par le salarié"),
    Action.EMPLOYEE_CHANGED: Words(_C, "Modification d’un salarié"),
    Action.EMPLOYEE_LEFT: Words(_C, "Sortie d’un salarié"),
    Action.EMPLOYEE_REINSTATED: Words(_C, "Réintégration d’un salarié"),
    Action.EMPLOYEE_ACT_UNDONE: Words(_C, "Opération sur un salarié annulée"),
    Action.EMPLOYEE_NOTICE_DOWNLOADED: Words(_D, "Téléchargement de la notice d’un salarié sorti"),
    Action.LEAVER_TOLD: Words(_C, "E-mail envoyé sur la suite de votre contrat de travail"),
    Action.EMPLOYEES_IMPORTED: Words(_C, "Fichier de salariés appliqué"),
    Action.EMPLOYEES_IMPORT_UNDONE: Words(_C, "Fichier de salariés annulé"),
    Action.EXEMPTIONS_READ: Words(_R, "Consultation du registre des dispenses"),
    Action.EXEMPTION_ASKED: Words(_C, "Dispense demandée par le salarié"),
    Action.EXEMPTION_RECORDED: Words(_C, "Demande de dispense enregistrée"),
    Action.EXEMPTION_ACCEPTED: Words(_C, "Dispense acceptée"),
    Action.EXEMPTION_REFUSED: Words(_C, "Dispense refusée"),
    Action.EXEMPTION_CANCELLED: Words(_C, "Demande de dispense abandonnée"),
    Action.EXEMPTION_ENDED: Words(_C, "Dispense terminée"),
    Action.EXEMPTIONS_DOWNLOADED: Words(_D, "Téléchargement du registre des dispenses"),
    Action.CONTRIBUTIONS_READ: Words(_R, "Consultation des cotisations"),
    Action.CONTRIBUTIONS_ISSUED: Words(_D, "Émission d’un bordereau de cotisations"),
    Action.CONTRIBUTIONS_DOWNLOADED: Words(_D, "Téléchargement d’un bordereau de cotisations"),
    Action.COMPANY_BANK_READ: Words(_R, "Consultation des coordonnées bancaires de l’entreprise"),
    Action.COMPANY_BANK_CHANGE_ASKED: Words(_C, "Demande de changement du compte bancaire de l’entreprise"),
    Action.COMPANY_BANK_CHANGE_APPROVED: Words(_C, "Changement du compte bancaire de l’entreprise approuvé"),
    Action.COMPANY_BANK_CHANGE_CANCELLED: Words(_C, "Changement du compte bancaire de l’entreprise annulé"),
    Action.COMPANY_BANK_CHANGED: Words(_C, "Nouveau compte bancaire de l’entreprise en vigueur"),
    Action.COMPANY_BANK_RULE_CHOSEN: Words(_C, "Choix d’une ou deux signatures pour le compte de l’entreprise"),
    Action.SEPA_MANDATE_DOWNLOADED: Words(_D, "Téléchargement du mandat de prélèvement"),
    Action.GROUP_CONTRACT_READ: Words(_R, "Consultation du contrat de groupe"),
    Action.GROUP_CONTRACT_DOWNLOADED: Words(_D, "Téléchargement d’un document du contrat de groupe"),
    Action.PAYROLL_SHEET_READ: Words(_R, "Consultation de la fiche de paramétrage de la paie"),
    Action.PAYROLL_SHEET_DOWNLOADED: Words(_D, "Téléchargement de la fiche de paramétrage de la paie"),
    Action.NOTICE_GIVEN: Words(_C, "Remise de la notice d’information enregistrée"),
    Action.NOTICE_TAKEN_BACK: Words(_C, "Remise de la notice d’information effacée"),
    Action.MANDATE_GIVEN: Words(_C, "Mandat donné à un tiers", others="Un mandat vous a été donné"),
    Action.MANDATE_CHANGED: Words(_C, "Mandat d’un tiers modifié", others="Votre mandat a été modifié"),
    Action.MANDATE_REVOKED: Words(_C, "Mandat d’un tiers retiré", others="Votre mandat a été retiré"),
}
