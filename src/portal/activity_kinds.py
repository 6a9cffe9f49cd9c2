"""The kinds of acts that an account's holder may want to see apart, and what is said of an act."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a person may want to see apart; the value stands in the URL."""

    SECURITY = "securite"
    ACCOUNT = "compte"
    READS = "consultations"
    DOCUMENTS = "documents"
    CASES = "dossiers"
    OTHERS = "autres"


KIND_LABELS = {
    Kind.SECURITY: "Connexions et sécurité",
    Kind.ACCOUNT: "Changements du compte",
    Kind.READS: "Consultations",
    Kind.DOCUMENTS: "Documents et fichiers",
    Kind.CASES: "Demandes et messages",
    Kind.OTHERS: "Actes d’autres personnes",
}


@dataclass(frozen=True, slots=True)
class Words:
    """`own`: what the holder reads of the account's own act. `refused`: when it was refused. `others`: when somebody
    else did it; the sentence goes on with who."""

    kind: Kind
    own: str
    refused: str = ""
    others: str = ""
