"""Letters on paper (R-70, R-72): what those about a death and an exceptional access say, what each kind is called, and
the PDF/UA-1 of all."""

from collections.abc import Mapping
from datetime import date, datetime

from portal.data.death_follow import Followed
from portal.data.postal_letters import LetterKind, LetterText
from portal.documents import breakable, typeset
from portal.formatting import day_in_france, local_time, long_date
from portal.insurer import Insurer

PDF_SOURCE = "postal-letter.typ"
LONGEST_RUN = 40
LETTER_LABELS: Mapping[LetterKind, str] = {
    LetterKind.EXCEPTIONAL_ACCESS: "Accès exceptionnel",
    LetterKind.DEATH: "Décès",
    LetterKind.RECEIVED: "Accusé de réception",
    LetterKind.IDENTITY: "Demande d’une preuve d’identité",
    LetterKind.PIECE: "Document à renvoyer",
    LetterKind.EXTENDED: "Délai prolongé",
    LetterKind.REMINDED: "Rappel de ce qui manque",
    LetterKind.DECIDED: "Réponse",
}
POLITE = "Madame, Monsieur,"
CLOSE = "Nous vous prions d’agréer, Madame, Monsieur, nos salutations distinguées."


def access_letter(
    name: str, insurer: Insurer, at: datetime, until: datetime, *, is_dead: bool, is_minor: bool
) -> LetterText:
    """What somebody without an e-mail address, the parents of a minor, or the family of somebody who died, is told of
    an exceptional access."""
    is_own = not (is_dead or is_minor)
    whose = "votre dossier" if is_own else f"le dossier de {name}"
    to = _relatives(name) if is_dead else f"Aux parents ou représentants légaux de {name}" if is_minor else name
    opened = (
        f"Un superviseur de {insurer.name} a ouvert {whose} en accès exceptionnel le {local_time(at)}, jusqu’au "
        f"{local_time(until)} au plus tard. Il a pu y lire les prestations, les demandes et la liste des documents, "
        "sans rien changer."
    )
    asked = (
        f"Quelque chose vous étonne\u00a0? Appelez le {insurer.phone}, ou écrivez au délégué à la protection des "
        f"données, à {insurer.address}. Vous pouvez aussi demander copie du motif."
    )
    checked = "Un autre superviseur contrôle cet accès."
    journal = f"{checked} Si vous ouvrez un compte en ligne, son activité vous dira la raison et chaque consultation."
    told = (POLITE, opened, journal if is_own else checked, asked, CLOSE)
    return LetterText(f"Un superviseur a consulté {whose}", (to,), told)


def death_letter(name: str, died_on: date, insurer: Insurer, contracts: list[Followed]) -> LetterText:
    """What the family of somebody who died is told: what ends, what goes on, what they may ask, by when."""
    known = (
        f"Nous avons appris le décès de {name}, le {long_date(died_on)}. Toute notre équipe vous présente ses "
        "condoléances."
    )
    ended = (
        "Ses droits s’arrêtent ce jour-là\u00a0: sa carte de tiers payant ne doit plus servir. Son compte en ligne est "
        "fermé, et plus rien n’y est envoyé. Les soins reçus jusqu’à ce jour restent remboursés\u00a0; ce que nous lui "
        "devons est gardé pour la succession."
    )
    heirs = (
        "Les héritiers peuvent obtenir sans frais ce qui sert à régler la succession. Si votre proche avait laissé des "
        "directives sur ses données, nous les suivons."
    )
    asked = f"Une question, une erreur\u00a0? Appelez le {insurer.phone} ou écrivez à {insurer.address}."
    told = (POLITE, known, ended, *_survivors(contracts), heirs, asked, CLOSE)
    return LetterText("Après le décès de votre proche", (_relatives(name),), told)


def letter_pdf(text: LetterText, reference: str, insurer: Insurer, made_at: datetime) -> bytes:
    """The PDF of a letter, of the day when it was made. The same arguments give the same bytes. Slow: off the event
    loop."""
    data = {
        "title": text.title,
        "reference": reference,
        "insurer": insurer.model_dump(),
        "to": [breakable(line, LONGEST_RUN) for line in text.to],
        "has_address": text.has_address,
        "facts": [(label, breakable(value, LONGEST_RUN), False) for label, value in text.facts],
        "day": long_date(day_in_france(made_at)),
        "paragraphs": [breakable(line, LONGEST_RUN) for line in text.paragraphs],
    }
    return typeset(PDF_SOURCE, data, made_at)


def _relatives(name: str) -> str:
    return f"Aux proches de {name}"


def _survivors(contracts: list[Followed]) -> list[str]:
    """Who stays covered, and until when the cover of a group contract's survivors may be asked for; nobody's name: the
    letter may be read by others."""
    if not any(each.survivors for each in contracts):
        return []
    told = ["Les autres personnes couvertes par le même contrat le restent\u00a0: rien ne change pour elles."]
    asked_by = [each.ask_by for each in contracts if each.ask_by]
    if asked_by:
        told.append(
            "Si ce contrat était celui de son entreprise, elles peuvent garder leur couverture douze mois au moins"
            "\u00a0: nous leur ferons une proposition, qu’elles peuvent accepter jusqu’au "
            f"{long_date(min(asked_by))}."
        )
    return [" ".join(told)]
