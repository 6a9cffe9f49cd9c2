"""The evidence record in words: one French sentence for every action, for the account's holder (R-51)."""

from portal.activity_kinds import Kind, Words
from portal.data.activity import Act, Wanted
from portal.data.evidence import Action
from portal.data.sessions import Stage
from portal.data_right_activity_words import DATA_RIGHT_WORDS
from portal.death_activity_words import DEATH_WORDS
from portal.desk_purposes import PURPOSES
from portal.desk_words import DESK_WORDS
from portal.employer_activity_words import EMPLOYER_WORDS
from portal.invoice_activity_words import INVOICE_WORDS
from portal.practice_activity_words import PRACTICE_WORDS
from portal.software_words import SOFTWARE_WORDS

_SEEN = "Vos données ont été consultées"
_S, _C, _R, _D, _F = Kind.SECURITY, Kind.ACCOUNT, Kind.READS, Kind.DOCUMENTS, Kind.CASES

WORDS: dict[Action, Words] = {
    Action.SESSION_OPENED: Words(_S, "Connexion à votre espace"),
    Action.SESSION_REFUSED: Words(_S, "Connexion refusée", "Connexion refusée"),
    Action.SESSION_CLOSED: Words(_S, "Déconnexion"),
    Action.SESSION_REVOKED: Words(_S, "Fermeture d’une session à distance"),
    Action.BENEFITS_READ: Words(_R, "Consultation des prestations", others="Vos prestations ont été consultées"),
    Action.BENEFITS_EXPORTED: Words(
        _D, "Téléchargement des prestations", others="Vos prestations ont été téléchargées"
    ),
    Action.STATEMENT_ISSUED: Words(_D, "Édition d’un relevé", others="Un relevé de vos prestations a été édité"),
    Action.STATEMENT_DOWNLOADED: Words(
        _D, "Relevé {object} ouvert ou téléchargé", others="Le relevé {object} a été ouvert"
    ),
    Action.IMPORT_COMPLETED: Words(_C, "Chargement de données", others="Vos données ont été mises à jour"),
    Action.EVIDENCE_EXPORTED: Words(
        _D, "Extraction de vos actes du registre des preuves", others="Vos actes ont été extraits"
    ),
    Action.CHECKPOINT_SIGNED: Words(_S, "Signature du registre des preuves"),
    Action.JOURNAL_DAMAGED: Words(_S, "Anomalie constatée dans le registre des preuves"),
    Action.ACCOUNT_REQUESTED: Words(_C, "Demande d’ouverture du compte"),
    Action.ACCOUNT_CREATED: Words(_C, "Ouverture du compte", others="Votre compte a été ouvert"),
    Action.CREDENTIALS_SENT: Words(
        _S, "Envoi de l’identifiant et du mot de passe", others="Vos accès vous ont été envoyés"
    ),
    Action.IDENTIFIER_REMINDED: Words(_S, "Rappel de l’identifiant par e-mail"),
    Action.PASSWORD_RESET_ASKED: Words(_S, "Demande d’un nouveau mot de passe"),
    Action.PASSWORD_RESET: Words(_S, "Mot de passe réinitialisé par le lien reçu"),
    Action.PASSWORD_CHANGED: Words(_S, "Changement du mot de passe"),
    Action.PASSWORD_LOCKED: Words(
        _S, "Mot de passe bloqué après trop d’essais", "Mot de passe bloqué après trop d’essais"
    ),
    Action.EMAIL_CODE_SENT: Words(_S, "Envoi d’un code par e-mail pour un nouvel appareil"),
    Action.BROWSER_KNOWN: Words(_S, "Nouvel appareil reconnu"),
    Action.TERMS_PUBLISHED: Words(_C, "Publication de conditions d’utilisation"),
    Action.TERMS_ACCEPTED: Words(_C, "Acceptation des conditions d’utilisation"),
    Action.TERMS_REFUSED: Words(_C, "Refus des conditions d’utilisation"),
    Action.TERMS_PROOF_DOWNLOADED: Words(_D, "Téléchargement de la preuve d’acceptation des conditions"),
    Action.FACTOR_ADDED: Words(_S, "Ajout d’une application d’authentification"),
    Action.FACTOR_REMOVED: Words(_S, "Retrait d’un second facteur", others="Vos seconds facteurs ont été remis à zéro"),
    Action.RECOVERY_CODES_MADE: Words(_S, "Création de codes de secours"),
    Action.RECOVERY_CODE_USED: Words(_S, "Utilisation d’un code de secours"),
    Action.PASSKEY_ADDED: Words(_S, "Ajout d’une clé d’accès"),
    Action.PASSKEY_REMOVED: Words(_S, "Retrait d’une clé d’accès", others="Une clé d’accès a été retirée"),
    Action.PASSKEY_SUSPECTED: Words(
        _S, "Clé d’accès suspecte\u00a0: peut-être copiée", "Clé d’accès suspecte\u00a0: peut-être copiée"
    ),
    Action.IDENTITY_CONFIRMED: Words(_S, "Confirmation de votre identité", "Confirmation d’identité refusée"),
    Action.CONTACT_CHANGED: Words(_C, "Changement du numéro de téléphone"),
    Action.EMAIL_CHANGE_ASKED: Words(_C, "Demande de changement d’adresse e-mail"),
    Action.EMAIL_CHANGE_CONFIRMED: Words(
        _C, "Changement d’adresse e-mail confirmé par le lien reçu", "Changement d’adresse e-mail abandonné"
    ),
    Action.EMAIL_CHANGED: Words(_C, "Nouvelle adresse e-mail", others="Votre adresse e-mail a été changée"),
    Action.NOTIFICATIONS_CHOSEN: Words(_C, "Choix des notifications"),
    Action.ACTIVITY_READ: Words(_R, "Consultation de votre activité"),
    Action.ACTIVITY_DOWNLOADED: Words(_D, "Téléchargement de votre activité"),
    Action.DATA_EXPORTED: Words(
        _D, "Téléchargement de toutes vos données", others="Une copie de vos données a été préparée"
    ),
    Action.FRAUD_REPORTED: Words(_S, "Signalement d’une utilisation frauduleuse"),
    Action.FRAUD_CASE_MOVED: Words(_S, "Suivi d’un signalement de fraude", others="Votre signalement a avancé"),
    Action.ACCOUNT_READ: Words(_R, "Consultation d’un compte", others="Votre compte a été consulté"),
    Action.ACCOUNT_SUSPENDED: Words(_S, "Suspension d’un compte", others="Votre compte a été suspendu"),
    Action.ACCOUNT_RESTORED: Words(_S, "Rétablissement d’un compte", others="Votre compte a été rétabli"),
    Action.ACCOUNT_CLOSED: Words(_S, "Fermeture d’un compte", others="Votre compte a été fermé"),
    Action.DELETION_ASKED: Words(_C, "Demande de suppression du compte"),
    Action.DELETION_CONFIRMED: Words(_C, "Suppression du compte confirmée par le lien reçu"),
    Action.DELETION_CANCELLED: Words(_C, "Suppression du compte annulée"),
    Action.ACCOUNT_ERASED: Words(_C, "Compte effacé"),
    Action.USER_INVITED: Words(_C, "Invitation d’un utilisateur", others="Vous avez été invité"),
    Action.USER_CHANGED: Words(_C, "Changement des droits d’un utilisateur", others="Vos droits ont été changés"),
    Action.USER_REMOVED: Words(_C, "Retrait d’un utilisateur", others="Votre accès a été retiré"),
    Action.PORTABILITY_READ: Words(_R, "Consultation de votre portabilité"),
    Action.GUARANTEES_READ: Words(_R, "Consultation des garanties"),
    Action.GUARANTEES_DOWNLOADED: Words(_D, "Téléchargement du descriptif de garanties"),
    Action.ESTIMATE_READ: Words(_R, "Estimation d’un remboursement"),
    Action.BENEFICIARIES_READ: Words(_R, "Consultation des bénéficiaires"),
    Action.COVER_WITHDRAWN: Words(
        _C,
        "Période de couverture retirée, dossier {reference}",
        others="Une période de couverture qui n’avait pas commencé a été retirée, dossier {reference},",
    ),
    Action.CARD_READ: Words(_R, "Affichage de la carte de tiers payant"),
    Action.CARD_DOWNLOADED: Words(_D, "Téléchargement de la carte de tiers payant"),
    Action.CARD_VERIFIED: Words(
        _R, "Vérification d’une carte de tiers payant", others="Votre carte de tiers payant a été vérifiée"
    ),
    Action.RIGHTS_READ: Words(_R, "Consultation de droits", others="Vos droits ont été consultés"),
    Action.RIGHTS_CHECKED: Words(
        _R,
        "Vérification de droits, engagement {object}",
        "Vérification de droits\u00a0: pas de droits ouverts",
        others="Vos droits ont été vérifiés, engagement {object},",
    ),
    Action.RIGHTS_CHECK_READ: Words(
        _R,
        "Réponse relue, engagement {object}",
        others="Une vérification de vos droits a été relue, engagement {object},",
    ),
    Action.RIGHTS_CHECKS_READ: Words(
        _R, "Consultation des vérifications de droits", others="Une vérification de vos droits a été revue en liste"
    ),
    Action.RIGHTS_FROZEN: Words(_S, "Vérifications de droits gelées, parce qu’elles étaient inhabituelles"),
    Action.RIGHTS_FREEZE_LIFTED: Words(
        _S, "Vérifications de droits rendues à un compte", others="Vos vérifications de droits vous ont été rendues"
    ),
    Action.BANK_READ: Words(_R, "Consultation des coordonnées bancaires"),
    Action.BANK_CHANGE_ASKED: Words(_C, "Demande de changement de compte bancaire"),
    Action.BANK_CHANGE_CANCELLED: Words(
        _C, "Changement de compte bancaire annulé", others="Votre changement de compte bancaire a été arrêté"
    ),
    Action.BANK_CHANGED: Words(_C, "Nouveau compte bancaire en vigueur"),
    Action.AUTONOMY_ENDED: Words(_C, "Fin de votre autonomie"),
    Action.PLACE_SAVED: Words(_C, "Lieu de recherche enregistré"),
    Action.PLACE_FORGOTTEN: Words(_C, "Lieu de recherche oublié"),
    Action.SHARING_READ: Words(_R, "Consultation de qui voit vos prestations"),
    Action.SHARING_STARTED: Words(_C, "Prestations partagées avec l’adhérent"),
    Action.SHARING_STOPPED: Words(_C, "Prestations qui ne sont plus partagées"),
    Action.REMOTE_LINK_READ: Words(_R, "Consultation de la télétransmission"),
    Action.REMOTE_LINK_LETTER: Words(_D, "Téléchargement d’une lettre sur la télétransmission"),
    Action.CASE_OPENED: Words(_F, "Dossier {reference} commencé"),
    Action.CASE_READ: Words(
        _R, "Consultation du dossier {reference}", others="Votre dossier {reference} a été consulté"
    ),
    Action.CASE_CHANGED: Words(_F, "Dossier {reference} modifié"),
    Action.CASE_SENT: Words(_F, "Dossier {reference} envoyé"),
    Action.CASE_CLOSED: Words(_F, "Conversation {reference} close"),
    Action.CASE_CANCELLED: Words(_F, "Dossier {reference} annulé"),
    Action.CASE_DELETED: Words(_F, "Brouillon {reference} supprimé"),
    Action.CASE_DOWNLOADED: Words(_D, "Téléchargement du dossier {reference}"),
    Action.CASE_MESSAGE_SENT: Words(
        _F, "Message envoyé, dossier {reference}", others="Une réponse vous a été écrite, dossier {reference},"
    ),
    Action.CASE_DECIDED: Words(_F, "Dossier {reference} traité", others="Votre dossier {reference} a été traité"),
    Action.CASE_REMINDED: Words(
        _F, "Rappel de ce qui manque au dossier {reference}", others="Ce qui manque à votre dossier vous a été rappelé"
    ),
    Action.CASE_LAPSED: Words(
        _F,
        "Dossier {reference} classé sans suite",
        others="Votre dossier {reference} a été classé sans suite, faute de réponse,",
    ),
    Action.CASE_RESUMED: Words(
        _F,
        "Étude du dossier {reference} reprise",
        others="L’étude de votre dossier {reference} a été reprise, sans attendre votre réponse,",
    ),
    Action.CASE_REOPENED: Words(_F, "Dossier {reference} repris"),
    Action.CASE_REQUALIFIED: Words(
        _F,
        "Message devenu la réclamation {reference}",
        others="Votre message est devenu la réclamation {reference}",
    ),
    Action.COMPLAINT_ACKNOWLEDGED: Words(_F, "Accusé de réception de la réclamation {reference}"),
    Action.COMPLAINT_DELAYED: Words(_F, "Retard annoncé pour la réclamation {reference}"),
    Action.COMPLAINT_MEDIATED: Words(_F, "Médiateur saisi pour la réclamation {reference}"),
    Action.COMPLAINTS_REPORTED: Words(_F, "Rapport annuel des réclamations"),
    Action.CASE_LINES_LINKED: Words(_F, "Soin payé rattaché au dossier {reference}"),
    Action.CASE_LINE_CORRECTED: Words(
        _F, "Soin corrigé, dossier {reference}", others="Un soin de votre dossier {reference} a été corrigé"
    ),
    Action.OVERPAYMENT_CHANGED: Words(
        _F, "Somme à rendre mise à jour", others="Une somme que vous avez à rendre a été mise à jour"
    ),
    Action.OVERPAYMENT_READ: Words(_R, "Consultation des sommes à rendre"),
    Action.PAYMENT_SENT: Words(_F, "Remboursement envoyé à votre banque"),
    Action.PAYMENT_RETURNED: Words(_F, "Remboursement renvoyé par votre banque"),
    Action.PAYMENT_FILE_WRITTEN: Words(_F, "Fichier de virements écrit"),
    Action.BANK_CHANGES_READ: Words(_R, "Consultation des changements de compte bancaire en cours"),
    Action.PIECE_ADDED: Words(_F, "Pièce ajoutée au dossier {reference}"),
    Action.PIECE_REMOVED: Words(_F, "Pièce retirée du dossier {reference}"),
    Action.PIECE_DOWNLOADED: Words(
        _D, "Téléchargement d’une pièce du dossier {reference}", others="Une pièce de votre dossier a été ouverte"
    ),
    Action.SERVICE_SWITCHED: Words(_C, "Ouverture ou fermeture d’un service"),
    Action.WORK_LISTED: Words(_R, "Consultation des dossiers à traiter"),
    Action.WORK_CHANGED: Words(_F, "Suivi d’un dossier entre gestionnaires"),
    Action.WORK_VIEW_KEPT: Words(_C, "Enregistrement d’un filtre de dossiers"),
    Action.WORK_VIEW_DROPPED: Words(_C, "Retrait d’un filtre de dossiers"),
    Action.DUTIES_CHANGED: Words(_S, "Changement des missions d’un gestionnaire", others="Vos missions ont changé"),
    Action.ABSENCE_DECLARED: Words(_C, "Absence d’un gestionnaire", others="Votre absence a été enregistrée"),
    Action.ABSENCE_ENDED: Words(_C, "Retour d’un gestionnaire", others="Votre retour a été enregistré"),
    Action.MAINTENANCE_PLANNED: Words(_C, "Maintenance annoncée"),
    Action.MAINTENANCE_ENDED: Words(_C, "Maintenance terminée"),
    Action.RETENTION_APPLIED: Words(_C, "Durées de conservation appliquées"),
    Action.RETENTION_READ: Words(_R, "Consultation des durées de conservation"),
    Action.RETENTION_HELD: Words(
        _C, "Données d’un compte mises en conservation", others="Vos données ont été mises en conservation"
    ),
    Action.RETENTION_HOLD_LIFTED: Words(
        _C, "Fin de la conservation des données d’un compte", others="La conservation de vos données a été levée"
    ),
    Action.ACCOUNT_REOPENED: Words(_S, "Réouverture d’un compte", others="Votre compte a été rouvert"),
    Action.PERSON_READ: Words(_R, "Consultation de la fiche d’une personne", others="Votre fiche a été consultée"),
    Action.EXCEPTIONAL_ACCESS_OPENED: Words(
        _R,
        "Accès exceptionnel à un dossier",
        "Accès exceptionnel refusé",
        others="Vos prestations, demandes et documents ont été ouverts en accès exceptionnel",
    ),
    Action.EXCEPTIONAL_ACCESS_READ: Words(
        _R, "Lecture en accès exceptionnel", others="Vos données ont été lues en accès exceptionnel"
    ),
    Action.EXCEPTIONAL_ACCESS_ENDED: Words(
        _R, "Fin d’un accès exceptionnel", others="L’accès exceptionnel à vos données a été refermé"
    ),
    Action.EXCEPTIONAL_ACCESS_REVIEWED: Words(
        _R, "Contrôle d’un accès exceptionnel", others="Un accès exceptionnel à vos données a été contrôlé"
    ),
    Action.EXCEPTIONAL_ACCESSES_READ: Words(
        _R, "Consultation des accès exceptionnels", others="Un accès exceptionnel à vos données a été relu"
    ),
    Action.PUBLICATION_PREPARED: Words(_C, "Préparation d’une publication"),
    Action.PUBLICATION_APPROVED: Words(_C, "Publication relue et publiée"),
    Action.PUBLICATION_CANCELLED: Words(_C, "Publication annulée avant son effet"),
    Action.PUBLICATION_RETURNED: Words(_C, "Publication à relire, changée depuis sa relecture"),
    Action.TERMS_WITHDRAWN: Words(_C, "Retrait de conditions d’utilisation avant leur effet"),
    **DESK_WORDS,
    Action.JOB_ASKED: Words(_C, "Tâche du portail relancée"),
    Action.MAIL_RETRIED: Words(_C, "E-mail en attente relancé"),
    Action.MAIL_GIVEN_UP: Words(_C, "E-mail en attente abandonné"),
    **SOFTWARE_WORDS,
    **INVOICE_WORDS,
    **PRACTICE_WORDS,
    **DATA_RIGHT_WORDS,
    **DEATH_WORDS,
    **EMPLOYER_WORDS,
}

PENDING = "Mot de passe accepté, second facteur demandé"
BY_SOFTWARE = ", par votre logiciel"
STAFF, SOMEBODY = "un gestionnaire de l’assureur", "une autre personne autorisée"


def sentence_of(act: Act) -> str:
    """What happened, in words."""
    words = WORDS[Action(act.action)]
    named = {"object": act.object, "reference": act.object.rpartition(":")[2]}
    if not act.is_own:
        who = STAFF if act.by_staff else _practice(act) or SOMEBODY
        return f"{words.others or _SEEN} par {who}".format(**named) + _purpose(act)
    if act.action == Action.SESSION_OPENED and act.object in {Stage.CODE, Stage.EMAIL_CODE}:
        return PENDING
    if act.is_refused:
        refused = words.refused or f"Refusé\u00a0: {words.own[0].lower()}{words.own[1:]}".format(**named)
        return refused + _by(act)
    return words.own.format(**named) + _by(act)


def _purpose(act: Act) -> str:
    """What staff said that they looked for, where they had to say it."""
    return f"\u00a0: {PURPOSES[act.purpose].lower()}" if act.purpose in PURPOSES else ""


def _by(act: Act) -> str:
    """Whether the account's software did what people do as well."""
    is_theirs_too = act.action in {Action.RIGHTS_CHECKED, Action.RIGHTS_CHECK_READ}
    return BY_SOFTWARE if act.by_software and is_theirs_too else ""


def _practice(act: Act) -> str:
    return f"le logiciel de {act.practice}" if act.by_software and act.practice else act.practice


def wanted_for(kind: Kind | None) -> Wanted:
    """Which acts a filter shows; None: all."""
    if kind is Kind.OTHERS:
        return Wanted(others_only=True)
    if kind is None:
        return Wanted()
    return Wanted(actions=frozenset(action for action, words in WORDS.items() if words.kind is kind))
