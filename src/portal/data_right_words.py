"""Rights over one's data in words: what each is, what may be chosen, what went wrong (R-70)."""

from datetime import date

from portal.data.consents import Consent, ConsentKind
from portal.data.data_objections import Purpose
from portal.data.data_request_rows import DataField
from portal.data.data_right_rules import DataRight
from portal.data.death_instructions import Wish
from portal.data.restricting import Ground
from portal.formatting import long_date

RIGHT_LABELS: dict[DataRight, str] = {
    DataRight.ACCESS: "Accès",
    DataRight.RECTIFICATION: "Rectification",
    DataRight.ERASURE: "Effacement",
    DataRight.RESTRICTION: "Limitation",
    DataRight.OBJECTION: "Opposition",
    DataRight.PORTABILITY: "Portabilité",
    DataRight.AFTER_DEATH: "Directives après le décès",
    DataRight.CONSENT: "Consentements",
}
# What the form of a request that the desk decides is called, and what it asks for.
REQUEST_TITLES: dict[DataRight, str] = {
    DataRight.ACCESS: "Demander une donnée que vous n’avez pas trouvée",
    DataRight.RECTIFICATION: "Faire corriger une donnée",
    DataRight.ERASURE: "Demander l’effacement d’une donnée",
    DataRight.RESTRICTION: "Demander la limitation d’un usage précis",
    DataRight.OBJECTION: "Vous opposer à un autre usage",
    DataRight.PORTABILITY: "Faire transmettre vos données à un autre organisme",
    DataRight.AFTER_DEATH: "Donner des directives pour après un décès",
    DataRight.CONSENT: "Retirer un consentement",
}
REQUEST_HINTS: dict[DataRight, str] = {
    DataRight.ACCESS: "Dites ce que vous cherchez, et si possible de quand cela date.",
    DataRight.ERASURE: "Dites quelle donnée, et pourquoi nous ne devrions plus l’avoir.",
    DataRight.RESTRICTION: "Dites quelle donnée, quel usage, et pour quelle raison.",
    DataRight.OBJECTION: "Dites quel usage, et ce qui dans votre situation vous y fait opposer.",
    DataRight.PORTABILITY: "Dites à quel organisme, et où lui écrire.",
}
FIELD_LABELS: dict[DataField, str] = {
    DataField.LAST_NAME: "Nom de famille",
    DataField.FIRST_NAME: "Prénom",
    DataField.BIRTH_DATE: "Date de naissance",
    DataField.NIR: "Numéro de Sécurité sociale",
    DataField.DISPLAY_NAME: "Nom affiché dans votre espace",
}
PURPOSE_LABELS: dict[Purpose, tuple[str, str]] = {
    Purpose.MARKETING: ("Ne plus me démarcher", "Ni offre, ni enquête, par aucun moyen."),
    Purpose.PROFILING: ("Ne pas établir mon profil", "Vos données ne servent pas à deviner vos besoins ni vos goûts."),
}
GROUND_LABELS: dict[Ground, str] = {
    Ground.ACCURACY: "Je conteste l’exactitude de données, le temps que vous vérifiiez",
    Ground.UNLAWFUL: "Vous n’auriez pas dû les traiter, et je ne veux pas qu’elles soient effacées",
    Ground.CLAIMS: "J’en ai besoin pour défendre mes droits en justice",
    Ground.OBJECTION: "Je me suis opposé à leur usage, le temps que vous répondiez",
}
WISH_LABELS: dict[Wish, tuple[str, str]] = {
    Wish.GIVE: ("Remettre une copie", "La personne que vous nommez pourra demander une copie de vos données."),
    Wish.ERASE: ("Effacer", "Ce que la loi n’impose pas de garder est effacé dès que le décès est connu."),
    Wish.KEEP: ("Garder le temps de la loi", "Rien n’est communiqué, sauf ce que la loi impose."),
}
CONSENT_LABELS: dict[ConsentKind, str] = {
    ConsentKind.NOTICES: "Être prévenu par e-mail d’un versement",
    ConsentKind.SHARING: "Laisser lire vos prestations",
    ConsentKind.PLACE: "Garder le lieu autour duquel vous cherchez",
}
NO_TEXT = "Expliquez votre demande, en 10 à 3\u00a0000 caractères."
NO_FIELD = "Choisissez ce qui est faux."
NO_NAME = "Écrivez ce nom avec des lettres, en 80 caractères au plus."
NOTHING_NEW = "C’est déjà ce que nous avons. Vérifiez, ou dites-nous ce qui devrait changer."
ALREADY = "Vous avez déjà fait cette demande. Suivez-la depuis la page « Vos données »."
TOO_MANY_DRAFTS = "Vous avez beaucoup de brouillons. Envoyez-en un, ou supprimez-en un, puis recommencez."
TOO_OFTEN = "Vous avez beaucoup écrit aujourd’hui. Réessayez demain, ou appelez-nous."
NO_PROOF = "Joignez la pièce demandée, puis envoyez."
MOVED = "Cette demande a changé entre-temps. Voici où elle en est."
NO_GROUND = "Choisissez la raison\u00a0: la loi en prévoit quatre."
NO_WISH = "Choisissez ce que nous ferons de vos données."
NO_PERSON = "Nommez la personne à qui remettre une copie."
NO_CONTACT = "Dites comment joindre cette personne\u00a0: une adresse, un téléphone ou un e-mail."
TOO_LONG = "Ce texte est trop long\u00a0: 3\u00a0000 caractères au plus."


def consent_words(consent: Consent) -> str:
    """What was agreed to, and for whom or where."""
    label = CONSENT_LABELS[consent.kind]
    return f"{label}\u00a0: {consent.to}" if consent.to else label


def value_words(field: DataField | None, value: str) -> str:
    """A value of a correction as a page shows it: of a number, its end alone; empty for what is not shown."""
    if not value or field is None:
        return ""
    if field is DataField.BIRTH_DATE:
        return long_date(date.fromisoformat(value))
    return f"… {value[-5:-2]} {value[-2:]}" if field is DataField.NIR else value
