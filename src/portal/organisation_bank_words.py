"""An organisation's bank details in words: why something cannot be done; what differs from one space to the other."""

from dataclasses import dataclass

from portal.bank_words import STATE_LABELS
from portal.data.bank_changes import BankState

# Of one account, where a member's details are several.
ACCOUNT_LABELS = STATE_LABELS | {BankState.REPLACED: ("Remplacé", ""), BankState.CANCELLED: ("Annulé", "bad")}

SAME = "Ce compte sert déjà, ou va bientôt servir. Rien n’est à changer."
TOO_MANY = "Trois changements ont été demandés en un jour. Réessayez demain, ou appelez-nous."
NOT_SIGNED = "Pour signer le mandat, cochez cette case."
NOBODY_APPROVES = (
    "Personne d’autre ne peut approuver ce changement en ce moment. "
    "Appelez-nous, ou revenez d’abord à une seule signature\u00a0: ce choix s’applique trois jours plus tard."
)
MOVED = "Ce changement a été annulé, approuvé ou remplacé entre-temps. Revenez à la page du compte bancaire."
OWN = "Vous avez demandé ce changement\u00a0: c’est à quelqu’un d’autre de l’approuver."
ALONE = "Vous êtes seul à pouvoir changer ce compte\u00a0: personne d’autre ne pourrait approuver."
TOO_MANY_CHOICES = "Ce choix a changé trois fois en un jour. Réessayez demain, ou appelez-nous."
NO_CHOICE = "Choisissez une ou deux signatures."


@dataclass(frozen=True, slots=True)
class BankWords:
    """`who`: one of those who change the account; `whose`: the account's owner; `lead`, `nothing`, `reported`,
    `outsiders`: what the page says of the account, of none, of one that came with the files, of who has no access."""

    who: str
    whose: str
    act: str
    lead: str
    nothing: str
    reported: str
    origin: str
    outsiders: str
    masked: str
    rib: str


COMPANY_WORDS = BankWords(
    who="signataire",
    whose="de votre entreprise",
    act="du contrat",
    lead="Le compte sur lequel nous prélevons les cotisations de votre entreprise, et le mandat qui nous y autorise.",
    nothing="Nous ne connaissons pas de compte\u00a0: vos cotisations ne sont pas prélevées. "
    "Réglez-les par virement, ou donnez un compte.",
    reported="Ce compte nous a été transmis avec votre contrat. "
    "Vous pouvez signer un mandat en ligne pour le confirmer ou le remplacer.",
    origin="Transmis avec votre contrat",
    outsiders="Un mandat donné à un cabinet n’y donne pas accès.",
    masked="L’IBAN n’apparaît en entier que sur le mandat signé.",
    rib="Il est sur le RIB de l’entreprise.",
)
PRACTICE_WORDS = BankWords(
    who="responsable",
    whose="de votre cabinet ou établissement",
    act="de la convention",
    lead="Le compte sur lequel nous vous versons la part que nous prenons en charge.",
    nothing="Nous ne connaissons pas de compte\u00a0: nous ne pouvons rien vous verser. Donnez un compte.",
    reported="Ce compte nous a été transmis avec votre convention.",
    origin="Transmis avec votre convention",
    outsiders="Les autres utilisateurs ne le voient pas.",
    masked="L’IBAN n’apparaît jamais en entier, ni ici, ni dans nos e-mails, ni sur nos avis de règlement.",
    rib="Il est sur le RIB du cabinet ou de l’établissement.",
)
