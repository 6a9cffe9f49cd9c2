"""Télétransmission in words: states, causes, what to do, and the letter that asks for it."""

from dataclasses import dataclass
from datetime import datetime

from portal.data.remote_links import LinkCause, LinkState, PersonLink
from portal.documents import breakable, typeset
from portal.formatting import day_in_france, long_date
from portal.insurer import Insurer

LONGEST_RUN = 60
STATE_LABELS: dict[LinkState, tuple[str, str]] = {
    LinkState.ACTIVE: ("Active", "ok"),
    LinkState.BROKEN: ("Rompue", "bad"),
    LinkState.NEVER: ("Jamais ouverte", "wait"),
    LinkState.DECLINED: ("Refusée par vous", ""),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened, and what to do about it, step by step. `letter`: the subject of the letter to send, if any."""

    why: str
    steps: tuple[str, ...]
    letter: str = ""


_MEANWHILE = "En attendant, envoyez-nous vos factures et les décomptes de la Sécurité sociale\u00a0: rien n’est perdu."
ADVICE: dict[LinkCause, Advice] = {
    LinkCause.OTHER_INSURER: Advice(
        "Une autre mutuelle reçoit encore vos décomptes\u00a0: elle n’a pas libéré la télétransmission.",
        (
            "Envoyez-lui la lettre ci-dessous\u00a0: elle doit fermer sa liaison, c’est elle seule qui le peut.",
            "Dès qu’elle l’a fait, la nôtre s’ouvre sous une semaine, sans autre démarche.",
            _MEANWHILE,
        ),
        "Demande de fermeture de la télétransmission",
    ),
    LinkCause.RIGHTS_OUTDATED: Advice(
        "Vos droits à l’Assurance Maladie ne sont plus à jour dans nos fichiers.",
        (
            "Téléchargez votre attestation de droits sur ameli.fr, et mettez à jour votre carte Vitale en pharmacie.",
            "Envoyez-nous l’attestation par la messagerie\u00a0: nous rouvrons la liaison aussitôt.",
            _MEANWHILE,
        ),
    ),
    LinkCause.UNKNOWN_NUMBER: Advice(
        "Le numéro de Sécurité sociale que nous avons n’est pas celui que connaît l’Assurance Maladie.",
        (
            "Comparez celui de votre carte Vitale avec celui de la page «\u00a0Bénéficiaires\u00a0», et corrigez-le.",
            "Joignez l’attestation de droits\u00a0: la liaison se rouvre dès qu’elle est vérifiée.",
            _MEANWHILE,
        ),
    ),
    LinkCause.OTHER_FIRST: Advice(
        "Vous avez deux complémentaires, et la télétransmission va à l’autre\u00a0: une seule peut la recevoir.",
        (
            "Envoyez-nous les décomptes de l’autre complémentaire après chacun de ses remboursements.",
            "Vous préférez que ce soit nous\u00a0? Demandez-le à votre caisse par la lettre ci-dessous.",
        ),
        "Demande de changement de la complémentaire qui reçoit la télétransmission",
    ),
}
UNEXPLAINED = Advice(
    "L’Assurance Maladie ne nous transmet pas vos soins, et ne nous dit pas pourquoi.",
    ("Écrivez-nous par la messagerie\u00a0: nous cherchons avec vous.", _MEANWHILE),
)


def advice_for(link: PersonLink) -> Advice | None:
    """What to do about a link; None when nothing has to be done."""
    if link.row is None or not link.is_broken:
        return None
    return ADVICE.get(LinkCause(link.row.cause), UNEXPLAINED)


def letter_pdf(link: PersonLink, sender: str, insurer: Insurer, at: datetime) -> bytes:
    """The PDF/UA-1 of the letter that asks for the link, ready to be dated and signed. Slow: off the event loop."""
    advice, row = advice_for(link), link.row
    if advice is None or row is None or not advice.letter:
        raise LookupError(link.person_id)
    to_insurer = row.cause == LinkCause.OTHER_INSURER
    who = f"{link.first_name} {link.last_name}"
    data = {
        "title": advice.letter,
        "reference": f"télétransmission, {who}",
        "insurer": insurer.model_dump(),
        "sender": breakable(sender, LONGEST_RUN),
        "to": _addressee(row.other_insurer, to_insurer=to_insurer),
        "day": long_date(day_in_france(at)),
        "paragraphs": _paragraphs(who, insurer.name, to_insurer=to_insurer),
    }
    return typeset("remote-link.typ", data, at)


def _addressee(other_insurer: str, *, to_insurer: bool) -> str:
    if to_insurer:
        return breakable(other_insurer or "Mon ancienne mutuelle (nom et adresse à compléter)", LONGEST_RUN)
    return "Ma caisse primaire d’assurance maladie (adresse à compléter)"


def _paragraphs(who: str, insurer: str, *, to_insurer: bool) -> list[str]:
    asked = (
        f"Je vous demande de fermer sans délai la liaison NOÉMIE qui vous transmet les décomptes de {who}, et de me "
        "confirmer par écrit le jour de cette fermeture."
        if to_insurer
        else f"Je vous demande de transmettre désormais à {insurer} les décomptes de {who}, et de fermer la liaison "
        "avec l’autre organisme complémentaire."
    )
    return [
        "Madame, Monsieur,",
        f"{who} est couvert par {insurer}.",
        asked,
        "Sans cela, les remboursements ne peuvent pas se faire automatiquement.",
        "Je vous prie d’agréer, Madame, Monsieur, mes salutations distinguées.",
    ]
