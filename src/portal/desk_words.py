"""The desk's acts on cases in words: what each is called, and how the evidence tells it."""

from portal.activity_kinds import Kind, Words
from portal.data.decisions import Act
from portal.data.evidence import Action

ACT_LABELS: dict[Act, str] = {
    Act.REVIEW: "Mise à l’étude",
    Act.ACKNOWLEDGE: "Accusé de réception",
    Act.ACCEPT: "Acceptation",
    Act.PARTLY: "Acceptation en partie",
    Act.ASK: "Pièce demandée",
    Act.ANSWER: "Réponse",
    Act.REFUSE: "Refus",
    Act.CLOSE: "Clôture",
    Act.EXTEND: "Délai prolongé",
    Act.CHECK: "Identité vérifiée",
    Act.RECTIFY: "Ligne rectifiée",
    Act.WAIVE: "Somme à rendre abandonnée",
}
DESK_WORDS: dict[Action, Words] = {
    Action.CASE_READ_AT_DESK: Words(
        Kind.READS, "Dossier d’un compte consulté", others="Un dossier de votre compte a été consulté"
    ),
    Action.DECISION_PROPOSED: Words(Kind.CASES, "Décision proposée, dossier {reference}"),
    Action.DECISION_RETURNED: Words(Kind.CASES, "Décision renvoyée à son auteur, dossier {reference}"),
    Action.PIECE_REFUSED: Words(
        Kind.CASES,
        "Pièce refusée, dossier {reference}",
        others="Une pièce de votre dossier {reference} vous a été redemandée",
    ),
    Action.REPLY_WRITTEN: Words(Kind.ACCOUNT, "Modèle de réponse écrit"),
    Action.REPLY_WITHDRAWN: Words(Kind.ACCOUNT, "Modèle de réponse retiré"),
}
