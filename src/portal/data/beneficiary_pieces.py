"""Which pieces each change of beneficiaries needs: told before the person starts, asked one slot each (domain 3.6)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from portal.data.beneficiary_rules import Reason, Situation
from portal.data.case_slots import Slot
from portal.data.coverage import Relationship


@dataclass(frozen=True, slots=True)
class Piece:
    """`lapses`: it proves a situation that passes, so that one held already does not serve again."""

    label: str
    hint: str = ""
    lapses: bool = False


PIECES: dict[str, Piece] = {
    "acte-naissance": Piece(
        "Extrait d’acte de naissance, ou livret de famille",
        "Du livret, les pages des parents et celle de la personne à couvrir.",
    ),
    "attestation-droits": Piece(
        "Attestation de droits à l’Assurance Maladie",
        "Celle où figure la personne. Elle se télécharge sur ameli.fr, rubrique «\u00a0Mes démarches\u00a0».",
    ),
    "jugement-adoption": Piece("Jugement d’adoption, ou décision de placement en vue de l’adoption"),
    "acte-mariage": Piece("Extrait d’acte de mariage, ou livret de famille"),
    "attestation-pacs": Piece("Attestation d’enregistrement du Pacs", "De la mairie ou du notaire."),
    "declaration-vie-commune": Piece(
        "Déclaration sur l’honneur de vie commune", "Une page datée et signée par vous deux.", lapses=True
    ),
    "domicile-commun": Piece(
        "Justificatif de domicile aux deux noms", "Facture ou bail de moins de trois mois.", lapses=True
    ),
    "prise-en-charge": Piece(
        "Dernier avis d’impôt, ou attestation d’hébergement",
        "Il montre que la personne est à votre charge ou vit chez vous.",
        lapses=True,
    ),
    "certificat-radiation": Piece(
        "Certificat de radiation de l’ancienne mutuelle", "Il porte le dernier jour de couverture.", lapses=True
    ),
    "certificat-scolarite": Piece("Certificat de scolarité de l’année en cours", lapses=True),
    "decision-handicap": Piece("Décision de la MDPH ou de la CDAPH"),
    "acte-deces": Piece("Acte de décès"),
    "fin-union": Piece("Jugement de divorce, fin de Pacs, ou déclaration de séparation", lapses=True),
    "affiliation-employeur": Piece("Attestation d’affiliation à la mutuelle de l’employeur", lapses=True),
    "attestation-css": Piece("Attestation de Complémentaire santé solidaire", lapses=True),
    "depart-etranger": Piece(
        "Justificatif de départ", "Contrat de travail, attestation de la caisse ou visa de long séjour.", lapses=True
    ),
    "piece-identite": Piece(
        "Pièce d’identité, livret de famille ou acte de mariage", "La pièce où le nom est écrit comme vous le demandez."
    ),
}

_BOND: dict[Relationship, tuple[str, ...]] = {
    Relationship.CHILD: ("acte-naissance",),
    Relationship.SPOUSE: ("acte-mariage",),
    Relationship.CIVIL_PARTNER: ("attestation-pacs",),
    Relationship.COHABITANT: ("declaration-vie-commune", "domicile-commun"),
    Relationship.ASCENDANT: ("acte-naissance", "prise-en-charge"),
    Relationship.OTHER: ("piece-identite", "prise-en-charge"),
}
_SITUATION = {Situation.STUDENT: ("certificat-scolarite",), Situation.DISABLED: ("decision-handicap",)}
_REMOVAL: dict[Reason, tuple[str, ...]] = {
    Reason.DEATH: ("acte-deces",),
    Reason.SEPARATION: ("fin-union",),
    Reason.COMPANY_COVER: ("affiliation-employeur",),
    Reason.STATE_COVER: ("attestation-css",),
    Reason.ABROAD: ("depart-etranger",),
    Reason.INDEPENDENCE: (),
    Reason.YEARLY: (),
}
_CORRECTION = {"nom": "piece-identite", "prenom": "piece-identite", "naissance": "acte-naissance"}


def for_addition(relationship: Relationship, reason: Reason, situation: Situation | None = None) -> tuple[str, ...]:
    """Codes of the pieces for adding somebody, in the order in which they are asked for."""
    bond = ("jugement-adoption",) if reason is Reason.ADOPTION else _BOND[relationship]
    lost = ("certificat-radiation",) if reason is Reason.COVER_LOST else ()
    return (*bond, "attestation-droits", *lost, *_SITUATION.get(situation, ()))


def for_removal(reason: Reason) -> tuple[str, ...]:
    """Codes of the pieces for ending somebody's cover."""
    return _REMOVAL[reason]


def for_correction(fields: Iterable[str]) -> tuple[str, ...]:
    """Codes of the pieces for correcting these fields (« nom », « prenom », « naissance », « nir »), each once."""
    return tuple(dict.fromkeys(_CORRECTION.get(field, "attestation-droits") for field in fields))


def slots(codes: Iterable[str], held: Collection[str] = ()) -> list[Slot]:
    """The slots of these pieces; what is `held` already, and serves for good, is not asked for again."""
    return [
        Slot(code, PIECES[code].label, PIECES[code].hint, is_held=code in held and not PIECES[code].lapses)
        for code in codes
    ]
