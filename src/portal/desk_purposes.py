"""What for staff look at somebody: what they must say before, and what that person reads of it (R-05, R-72)."""

PURPOSES = {
    "demande": "Demande du titulaire",
    "fraude": "Signalement ou soupçon de fraude",
    "reclamation": "Réclamation",
    "autorite": "Demande d’une autorité habilitée",
    "suivi": "Suivi d’un acte du service",
}
