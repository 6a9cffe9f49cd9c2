"""Invitations in words: how far they are, whom one may add, what is wrong and what to do."""

from portal.data.coverage import Relationship
from portal.data.invitation_drafts import MOST_RELATIVES, Step
from portal.data.invitations import InvitationState

STATE_LABELS: dict[InvitationState, tuple[str, str]] = {
    InvitationState.SENT: ("Envoyée", "wait"),
    InvitationState.OPENED: ("Commencée par le salarié", "info"),
    InvitationState.COMPLETED: ("Terminée\u00a0: affilié", "ok"),
    InvitationState.EXEMPTION_ASKED: ("Dispense demandée", "info"),
    InvitationState.EXPIRED: ("Expirée", "bad"),
    InvitationState.REVOKED: ("Retirée", ""),
    InvitationState.OVER: ("Sans suite", ""),
}
STEP_LABELS: dict[Step, str] = {
    Step.IDENTITY: "Votre identité",
    Step.COVER: "Qui est couvert",
    Step.FAMILY: "Votre famille",
    Step.BANK: "Vos remboursements",
    Step.REVIEW: "Vérifier et envoyer",
}
RELATIVE_LABELS: dict[Relationship, str] = {
    Relationship.CHILD: "Un enfant mineur",
    Relationship.SPOUSE: "Mon époux ou mon épouse",
    Relationship.CIVIL_PARTNER: "Mon partenaire de Pacs",
    Relationship.COHABITANT: "La personne avec qui je vis",
}
RELATIVES: dict[str, str] = {
    "too-many": f"Ce formulaire va jusqu’à {MOST_RELATIVES} personnes. Ajoutez les suivantes depuis votre espace.",
    "second-partner": "Une seule personne peut être couverte comme conjoint. Retirez d’abord celle de la liste.",
    "minor-partner": "Cette personne est mineure. Vérifiez la date, ou choisissez «\u00a0Un enfant mineur\u00a0».",
    "adult-child": (
        "Un enfant majeur s’ajoute depuis votre espace, avec le justificatif de ses études ou de sa situation. "
        "Continuez sans lui\u00a0: vous le ferez ensuite."
    ),
    "twice": "Cette personne est déjà dans votre liste.",
}
NOT_YOU = (
    "Ces réponses ne correspondent pas à ce que nous avons reçu de votre employeur. Vérifiez la date et le numéro, ou "
    "demandez-lui de vérifier ce qu’il a déclaré."
)
WAIT = (
    "Trop de réponses fausses ont été données. Réessayez dans quelques heures, ou demandez à votre employeur de "
    "vérifier ce qu’il a déclaré."
)
NOT_COMPLETED: dict[str, str] = {
    "already-there": (
        "Nous ne pouvons pas terminer cette affiliation avec ce numéro. Demandez à votre employeur de regarder si vous "
        "figurez déjà dans sa liste, ou corrigez le numéro."
    ),
    "outside-contract": (
        "Le contrat de mutuelle de votre employeur a pris fin. Demandez-lui quelle mutuelle le remplace\u00a0: votre "
        "affiliation se fera auprès d’elle."
    ),
    "absent-uncovered": (
        "Votre employeur a déclaré un congé pendant lequel la mutuelle ne vous couvre pas. Demandez-lui de vérifier ce "
        "congé, ou de vous affilier à votre retour. Vos réponses sont gardées."
    ),
}
NO_GROUND = "Choisissez le cas dans lequel vous êtes."
UNSTATED = "Cochez cette case\u00a0: sans elle, votre demande n’est pas valable."
LONG_INSURER = "Ce nom est trop long. Gardez-en l’essentiel."
NO_EVIDENCE = "Votre cas demande un justificatif."
FILES_TOO_OFTEN = "Trop de fichiers sont arrivés de ce réseau aujourd’hui. Réessayez demain."
EXEMPTION_REFUSALS: dict[str, str] = {
    "ground-closed": "Ce cas n’est pas ouvert à cette date. Choisissez-en un autre dans la liste.",
    "insurer-needed": "Indiquez l’organisme qui vous couvre déjà\u00a0: la loi demande de le désigner.",
    "until-needed": "Indiquez jusqu’à quel jour dure cette couverture, ou ce contrat\u00a0: la dispense finit avec.",
    "until-before": "Cette couverture s’arrête avant le début de la mutuelle. Vérifiez la date, ou affiliez-vous.",
    "until-too-far": "Ce jour est trop lointain pour ce cas. Relisez la date sur le justificatif.",
}
NOT_ASKED = "Cette demande ne peut pas être envoyée. Dites-le à votre employeur, qui peut l’enregistrer lui-même."
UNSWORN = "Cochez cette case pour envoyer vos réponses."
NO_FAMILY_CHOICE = "Dites qui doit être couvert."
NO_RELATIONSHIP = "Dites qui est cette personne pour vous."
NOBODY = "Ajoutez au moins une personne, ou choisissez de n’être couvert que vous-même."
TOO_MANY_LETTERS = (
    "Cette invitation a déjà été envoyée plusieurs fois aujourd’hui. Réessayez demain, ou vérifiez l’adresse e-mail."
)
TOO_MANY_INVITED = "Votre entreprise a envoyé beaucoup d’invitations aujourd’hui. Réessayez demain."
