"""A death at the desk, in words: what may be chosen, what went wrong, what stands in the way (R-70)."""

from portal.data.death_follow import LONGEST_NOTE, ContractOutcome, Followed, HeirAct, Left, WishOutcome
from portal.data.death_instructions import Instructions, Wish
from portal.data.death_recording import LONGEST_REFERENCE, LONGEST_TOLD
from portal.data.death_wishes import Obstacle
from portal.data.deaths import Proof
from portal.formatting import long_date, plural

PROOFS: dict[Proof, tuple[str, str]] = {
    Proof.SEEN: (
        "Acte vu",
        "L’acte de décès vous a été présenté\u00a0: notez sa référence, nous n’en gardons pas copie.",
    ),
    Proof.FILE: ("Acte joint", "L’acte de décès nous a été envoyé\u00a0: il est gardé avec ce dossier."),
}
CONTRACT_OUTCOMES: dict[ContractOutcome, tuple[str, str]] = {
    ContractOutcome.OFFERED: ("Maintien proposé", "La proposition est partie aux ayants droit, avec son délai."),
    ContractOutcome.KEPT: (
        "Couverture maintenue",
        "Le contrat continue pour ceux qui restent.",
    ),
    ContractOutcome.ENDED: ("Contrat terminé", "Plus personne n’y est couvert\u00a0: sa fin est enregistrée."),
    ContractOutcome.PASSED_ON: (
        "Transmis",
        "L’équipe des contrats, ou l’entreprise, a la suite\u00a0: dites qui.",
    ),
    ContractOutcome.NOTHING: ("Sans suite", "Rien n’est à faire pour ce contrat\u00a0: dites pourquoi."),
}
WISH_OUTCOMES: dict[WishOutcome, str] = {WishOutcome.DONE: "Exécutées", WishOutcome.IMPOSSIBLE: "Inexécutables"}
WISHES: dict[Wish, tuple[str, str]] = {
    Wish.GIVE: (
        "Remettre une copie à la personne nommée",
        (
            "Vérifiez l’identité de cette personne, préparez la copie ci-dessous, et remettez-la en main propre ou en "
            "recommandé. Rien n’est effacé."
        ),
    ),
    Wish.ERASE: (
        "Effacer ce que la loi n’impose pas de garder",
        (
            "Confirmer efface aussitôt le compte en ligne et tout ce qu’il contient\u00a0: cela ne se rattrape pas. Le "
            "contrat et les pièces comptables restent, le temps de la loi."
        ),
    ),
    Wish.KEEP: (
        "Garder le temps de la loi, sans rien communiquer",
        "Rien n’est effacé avant son terme, rien n’est remis à personne, sauf obligation légale.",
    ),
}
DO: dict[Wish, tuple[str, str]] = {
    Wish.GIVE: ("La copie est remise", "Dites à qui, quand, comment, et la pièce d’identité vue."),
    Wish.ERASE: ("Effacer maintenant", "Le compte et ce qu’il contient sont effacés dès que vous confirmez."),
    Wish.KEEP: ("C’est noté\u00a0: rien n’est communiqué", "Dites à qui cette volonté a été transmise, s’il y a lieu."),
}
IMPOSSIBLE = (
    "Ce n’est pas possible",
    "La personne nommée est décédée, refuse ou reste introuvable\u00a0: les héritiers peuvent alors agir.",
)
OBSTACLES: dict[Obstacle, str] = {
    Obstacle.OWN: (
        "Vous avez enregistré ce décès\u00a0: un autre gestionnaire chargé des données doit exécuter ces directives. "
        "Ce qui ne se rattrape pas demande deux personnes."
    ),
    Obstacle.HELD: (
        "Les données de cette personne sont en conservation\u00a0: un superviseur doit d’abord lever cette mesure."
    ),
    Obstacle.OPEN: (
        "Une demande de cette personne attend encore une réponse\u00a0: terminez-la d’abord, puis revenez ici."
    ),
}
HEIR_ACTS: dict[HeirAct, tuple[str, str]] = {
    HeirAct.ESTATE: (
        "Régler la succession",
        "Ce qui sert au partage\u00a0: sommes dues, contrats, attestations.",
    ),
    HeirAct.MEMORIES: ("Remettre des souvenirs de famille", "Des documents qui s’y apparentent, sans donnée de soins."),
    HeirAct.CLOSING: ("Confirmer la fermeture du compte", "Le compte est fermé\u00a0: le leur écrire, sans frais."),
    HeirAct.UPDATE: (
        "Mettre à jour ou cesser un usage",
        "Prendre acte du décès, ne plus rien envoyer à son nom.",
    ),
}
OUTCOMES: dict[str, str] = {
    **{outcome.value: label for outcome, (label, _) in CONTRACT_OUTCOMES.items()},
    **{outcome.value: label for outcome, label in WISH_OUTCOMES.items()},
    **{asked.value: label for asked, (label, _) in HEIR_ACTS.items()},
}
HEIRS = (
    "Cette personne n’a pas laissé de directives. La loi (6 janvier 1978, article 85, III) donne à ses héritiers des "
    "droits limités\u00a0: obtenir ce qui sert à régler la succession, recevoir ce qui s’apparente à des souvenirs de "
    "famille, faire fermer le compte, et faire prendre acte du décès. Ils n’ont pas accès à ses soins. Vérifiez leur "
    "identité et leur qualité (acte de notoriété, ou attestation des héritiers). La réponse est gratuite\u00a0; un "
    "désaccord entre eux se règle devant le tribunal judiciaire."
)
NO_DAY = "Indiquez le jour du décès, par exemple 31/12/2025."
FUTURE_DAY = "Ce jour n’est pas encore venu\u00a0: vérifiez la date sur l’acte."
BEFORE_BIRTH = "Ce jour est avant la naissance de la personne\u00a0: vérifiez la date, et la personne."
NO_PROOF = "Choisissez ce qui prouve le décès. Sans preuve, rien ne doit changer."
NO_REFERENCE = (
    f"Recopiez la référence de l’acte\u00a0: commune, année et numéro, {LONGEST_REFERENCE}\u00a0caractères au plus."
)
NO_SOURCE = f"Dites qui vous l’a appris, en 3 à {LONGEST_TOLD}\u00a0caractères\u00a0: son lien avec la personne suffit."
FILE_AGAIN = "Joignez à nouveau l’acte\u00a0: il n’est gardé qu’une fois le reste exact."
TOO_OFTEN = "Vous avez joint beaucoup de fichiers aujourd’hui. Reprenez demain, ou notez la référence de l’acte vu."
NO_CHOICE = "Choisissez ce qui a été fait."
NO_NOTE = f"Résumez ce qui a été fait, en 10 à {LONGEST_NOTE}\u00a0caractères, sans détail de santé."
DONE_ALREADY = "Un collègue l’a fait entre-temps\u00a0: revenez au dossier pour voir où il en est."


def waits_words(contracts: tuple[Followed, ...], instructions: tuple[Left, ...], letters: int) -> str:
    """What is left to do, in a line; empty for nothing."""
    counts = (
        (sum(each.act is None for each in contracts), "contrat à suivre", "contrats à suivre"),
        (sum(each.act is None for each in instructions), "directive à exécuter", "directives à exécuter"),
        (letters, "courrier à poster", "courriers à poster"),
    )
    return ", ".join(plural(count, one, many) for count, one, many in counts if count)


def person_words(said: Instructions) -> str:
    """Who sees to it, as the person wrote."""
    return f"{said.person}, {said.contact}" if said.contact else said.person or "personne n’est nommé"


def delay_words(each: Followed) -> str:
    """What is owed to those who survive a group contract's member; empty for no such thing."""
    if each.offer_by is None or each.ask_by is None or each.kept_until is None:
        return ""
    return (
        f"Proposez-leur de garder leur couverture au plus tard le {long_date(each.offer_by)}\u00a0; ils peuvent "
        f"l’accepter jusqu’au {long_date(each.ask_by)}, pour durer au moins jusqu’au {long_date(each.kept_until)} (loi "
        "n°\u00a089-1009, article 4)."
    )
