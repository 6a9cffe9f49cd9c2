"""Rights over one's data in the activity page's words (R-51, R-70)."""

from portal.activity_kinds import Kind, Words
from portal.data.evidence import Action

_C, _D, _F = Kind.ACCOUNT, Kind.DOCUMENTS, Kind.CASES

DATA_RIGHT_WORDS: dict[Action, Words] = {
    Action.DATA_OBJECTED: Words(_C, "Opposition à un usage de vos données"),
    Action.DATA_OBJECTION_ENDED: Words(_C, "Opposition retirée"),
    Action.DATA_DELAY_EXTENDED: Words(
        _F,
        "Délai de réponse prolongé, dossier {reference}",
        others="Le délai de réponse à votre demande a été prolongé, dossier {reference},",
    ),
    Action.DATA_REQUEST_RECEIVED: Words(
        _F,
        "Demande sur des données enregistrée, dossier {reference}",
        others="Une demande sur vos données, reçue par courrier, par e-mail ou au guichet, a été enregistrée, dossier "
        "{reference},",
    ),
    Action.PROCESSING_RESTRICTED: Words(_C, "Limitation de l’usage de vos données"),
    Action.RESTRICTION_LIFTED: Words(
        _C, "Limitation levée", others="La limitation de l’usage de vos données a été levée"
    ),
    Action.DEATH_INSTRUCTIONS_GIVEN: Words(_C, "Directives pour après votre décès enregistrées"),
    Action.DEATH_INSTRUCTIONS_REVOKED: Words(_C, "Directives pour après votre décès retirées"),
    Action.CONSENT_WITHDRAWN: Words(_C, "Consentement retiré"),
    Action.IDENTITY_PROOF_ASKED: Words(
        _F,
        "Preuve d’identité demandée, dossier {reference}",
        others="Une preuve d’identité vous a été demandée, dossier {reference},",
    ),
    Action.IDENTITY_PROOF_DESTROYED: Words(
        _F,
        "Preuve d’identité vérifiée et détruite, dossier {reference}",
        others="Votre preuve d’identité a été vérifiée, puis détruite, dossier {reference},",
    ),
}
