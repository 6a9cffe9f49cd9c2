"""What codes are called on pages and in files, in French."""

from portal.data.accounts import Space
from portal.data.benefits import Family, LineKind, Method, Status

FAMILY_LABELS = {
    Family.EVERYDAY: "Consultations et soins courants",
    Family.PHARMACY: "Pharmacie",
    Family.LABORATORY: "Analyses",
    Family.IMAGING: "Imagerie",
    Family.HOSPITAL: "Hospitalisation",
    Family.DENTAL: "Dentaire",
    Family.OPTICAL: "Optique",
    Family.HEARING: "Aides auditives",
    Family.TRANSPORT: "Transport",
    Family.CURE: "Cure thermale",
    Family.PREVENTION: "Prévention",
    Family.ALTERNATIVE: "Médecines douces",
    Family.MATERNITY: "Maternité",
}
STATUS_LABELS = {
    Status.PAID: "Payée",
    Status.PENDING: "En cours",
    Status.AWAITING_PIECE: "Document attendu",
    Status.REFUSED: "Refusée",
    Status.REGULARISED: "Régularisée",
    Status.CANCELLED: "Annulée",
}
KIND_LABELS = {LineKind.CARE: "Soin", LineKind.WITHHOLDING: "Retenue", LineKind.CORRECTION: "Régularisation"}
METHOD_LABELS = {
    Method.TRANSFER: "Virement",
    Method.THIRD_PARTY: "Tiers payant",
    Method.ADJUSTMENT: "Rectification, sans versement",
}
SPACE_LABELS = {
    Space.MEMBER: "Espace adhérent",
    Space.EMPLOYER: "Espace employeur",
    Space.PROVIDER: "Espace professionnel de santé",
    Space.DESK: "Gestion",
}
