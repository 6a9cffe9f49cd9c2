"""A death recorded at the desk, and letters on paper, in the activity page's words (R-51): read by agents of their own
acts, and by whoever was declared dead by mistake."""

from portal.activity_kinds import Kind, Words
from portal.data.evidence import Action

_C, _R, _F = Kind.ACCOUNT, Kind.READS, Kind.CASES

DEATH_WORDS: dict[Action, Words] = {
    Action.DEATH_READ: Words(
        _R, "Consultation des suites d’un décès", others="Le dossier de votre décès supposé a été consulté"
    ),
    Action.DEATH_RECORDED: Words(_C, "Décès enregistré", others="Votre décès a été enregistré par erreur"),
    Action.DEATH_UNDONE: Words(_C, "Décès annulé", others="L’enregistrement de votre décès a été annulé"),
    Action.DEATH_CONTRACT_FOLLOWED: Words(
        _F, "Suite donnée à un contrat après un décès", others="Une suite a été donnée à votre contrat"
    ),
    Action.DEATH_HEIRS_ANSWERED: Words(
        _F, "Réponse à des héritiers", others="Vos héritiers supposés ont reçu une réponse"
    ),
    Action.DEATH_PROOF_DOWNLOADED: Words(
        Kind.DOCUMENTS, "Justificatif d’un décès téléchargé", others="Le justificatif de votre décès a été téléchargé"
    ),
    Action.DEATH_INSTRUCTIONS_READ: Words(
        _R, "Lecture de directives après un décès", others="Vos directives pour après votre décès ont été lues"
    ),
    Action.DEATH_INSTRUCTIONS_CARRIED_OUT: Words(
        _F,
        "Directives après un décès exécutées",
        "Directives après un décès\u00a0: exécution refusée",
        others="Vos directives pour après votre décès ont été exécutées",
    ),
    Action.DEATH_COPY_DOWNLOADED: Words(
        Kind.DOCUMENTS,
        "Copie des données d’une personne décédée téléchargée",
        others="Une copie de vos données a été préparée pour la personne que vous aviez nommée",
    ),
    Action.POSTAL_LETTERS_READ: Words(_R, "Consultation des courriers à poster"),
    Action.POSTAL_LETTER_PRINTED: Words(
        Kind.DOCUMENTS, "Courrier à poster imprimé", others="Un courrier à votre sujet a été imprimé"
    ),
    Action.POSTAL_LETTER_POSTED: Words(_C, "Courrier posté", others="Un courrier à votre sujet a été posté"),
}
