"""The software of a practice in words: acts of the evidence, what is wrong with a form (R-42, R-51)."""

from portal.activity_kinds import Kind, Words
from portal.data.evidence import Action

SOFTWARE_WORDS: dict[Action, Words] = {
    Action.SOFTWARE_CREATED: Words(Kind.SECURITY, "Accès {object} créé pour votre logiciel"),
    Action.SOFTWARE_SECRET_RENEWED: Words(Kind.SECURITY, "Nouveau secret pour votre logiciel, accès {object}"),
    Action.SOFTWARE_REVOKED: Words(
        Kind.SECURITY, "Accès d’un logiciel arrêté", others="L’accès de votre logiciel a été arrêté"
    ),
    Action.SOFTWARE_TOKEN_ISSUED: Words(
        Kind.READS, "Jeton remis à votre logiciel, accès {object}", "Jeton refusé à votre logiciel"
    ),
}
NO_NAME = "Donnez le nom de votre logiciel, comme il s’affiche à l’écran."
WRONG_CERTIFICATE = (
    "Ce n’est pas l’empreinte SHA-256 d’un certificat\u00a0: 64 chiffres hexadécimaux, avec ou sans deux-points. "
    "Laissez vide sans certificat."
)
EXISTS = "Votre structure a déjà un accès. Renouvelez son secret, ou arrêtez-le avant d’en créer un autre."
GONE = "Cet accès a été arrêté entre-temps. Créez-en un nouveau si besoin."
