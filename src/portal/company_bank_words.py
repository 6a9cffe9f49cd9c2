"""A company's bank details in words: what the mandate says, and why something cannot be done."""

import hashlib

from portal.bank_words import STATE_LABELS
from portal.data.bank_changes import BankState
from portal.settings import Insurer

# Of one account, where a member's details are several.
ACCOUNT_LABELS = STATE_LABELS | {BankState.REPLACED: ("Remplacé", ""), BankState.CANCELLED: ("Annulé", "bad")}

SAME = "Vos cotisations sont déjà prélevées sur ce compte, ou vont bientôt l’être. Rien n’est à changer."
TOO_MANY = "Trois changements ont été demandés en un jour. Réessayez demain, ou appelez-nous."
NOT_SIGNED = "Pour signer le mandat, cochez cette case."
NOBODY_APPROVES = (
    "Aucun autre signataire ne peut approuver ce changement en ce moment. "
    "Appelez-nous, ou revenez d’abord à une seule signature\u00a0: ce choix s’applique trois jours plus tard."
)
MOVED = "Ce changement a été annulé, approuvé ou remplacé entre-temps. Revenez à la page du compte bancaire."
OWN = "Vous avez demandé ce changement\u00a0: c’est à un autre signataire de l’approuver."
ALONE = "Vous êtes le seul signataire de l’entreprise dans cet espace\u00a0: personne d’autre ne pourrait approuver."
TOO_MANY_CHOICES = "Ce choix a changé trois fois en un jour. Réessayez demain, ou appelez-nous."
NO_CHOICE = "Choisissez une ou deux signatures."


def mandate_text(insurer: Insurer) -> tuple[str, str]:
    """What is signed: the two paragraphs that the SEPA Core rulebook prescribes for a mandate."""
    name = insurer.name
    debits = (
        f"En signant ce mandat, vous autorisez {name} à envoyer des instructions à votre banque pour débiter votre "
        f"compte, et votre banque à débiter votre compte conformément aux instructions de {name}."
    )
    rights = (
        "Vous bénéficiez du droit d’être remboursé par votre banque selon les conditions décrites dans la convention "
        "que vous avez passée avec elle. Une demande de remboursement doit être présentée dans les 8\u00a0semaines "
        "suivant la date de débit de votre compte."
    )
    return debits, rights


def mandate_digest(insurer: Insurer) -> str:
    """SHA-256 of the text that was signed, for the evidence."""
    return hashlib.sha256("\n".join(mandate_text(insurer)).encode()).hexdigest()
