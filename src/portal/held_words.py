"""What the insurer holds in words, space by space: for which purpose, by which ground of law, how long (GDPR 13; R-70).

How long, and by which law, is the retention schedule's to say: a text names a rule by its code, `{claims}` is its
period, `{claims.basis}` its law. So « Vos données » and what is forgotten cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from portal.data.accounts import Space
from portal.data.holdings import BILLING, CONTRACT, PROOF
from portal.data.retention_schedule import Rule, rules_on
from portal.retention_words import period_words


@dataclass(frozen=True, slots=True)
class Held:
    """What is held for one purpose: data, on which ground of law, how long (with rules by their code)."""

    purpose: str
    data: str
    ground: str
    kept: str


_SECURITY = Held(
    "Protéger votre compte",
    "Identifiant, moyens de connexion, sessions, appareils reconnus, registre des actes et des consultations.",
    "Sécurité des données (RGPD, articles 6.1.f et 32).",
    "La vie du compte. Les connexions s’effacent après {sessions}, un appareil reconnu après {known-browsers} sans "
    "servir, le détail du registre après {evidence-details}\u00a0: {evidence-details.basis}.",
)
_WRITTEN = Held(
    "Vous répondre",
    "Messages, réclamations, signalements, demandes sur vos données, pièces jointes.",
    "Le contrat, et les droits que la loi vous donne (RGPD, articles 6.1.b et 6.1.c).",
    "Messages et signalements d’erreur\u00a0: {messages} après le dernier échange. Réclamations\u00a0: {complaints} "
    "après la réponse. Demandes sur vos données\u00a0: {data-rights} après la réponse, {data-rights.basis}.",
)
HELD: dict[Space, tuple[Held, ...]] = {
    Space.MEMBER: (
        Held(
            "Gérer votre contrat",
            "Identité, numéro de Sécurité sociale, contrats, bénéficiaires, options, carte de tiers payant.",
            "Le contrat (RGPD, article 6.1.b)\u00a0; pour le numéro, le décret du 19 avril 2019.",
            "La durée du contrat, puis {contracts}\u00a0: {contracts.basis}. Vos demandes sur vos bénéficiaires\u00a0: "
            "{beneficiary-changes} après la décision.",
        ),
        Held(
            "Rembourser vos soins",
            "Prestations, factures et devis envoyés, télétransmission.",
            "Le contrat et la protection sociale (RGPD, articles 6.1.b et 9.2.b).",
            "Prestations\u00a0: {benefit-lines}. Demandes de remboursement\u00a0: {claims} après la décision, "
            "{claims.basis}. Devis\u00a0: {quotes} après la réponse.",
        ),
        Held(
            "Vous verser l’argent, tenir nos comptes",
            "Versements, relevés, coordonnées bancaires.",
            "La loi (RGPD, article 6.1.c).",
            "Versements\u00a0: {payments}. Relevés\u00a0: {statements}, {statements.basis}. Coordonnées bancaires "
            "remplacées\u00a0: {bank-details-replaced}, ou le temps du virement qu’elles ont reçu.",
        ),
        _WRITTEN,
        Held(
            "Ce que vous avez choisi",
            "Avis de versement, partage de vos prestations, lieu de recherche.",
            "Votre consentement (RGPD, article 6.1.a).",
            "Jusqu’à ce que vous le retiriez\u00a0; un avis que vous avez arrêté, {notification-choices} encore pour "
            "le prouver.",
        ),
        _SECURITY,
    ),
    Space.EMPLOYER: (
        Held(
            "Gérer le contrat collectif",
            "Votre nom, votre rôle, votre adresse e-mail, vos actes pour l’entreprise.",
            "Le contrat de l’entreprise (RGPD, article 6.1.b et f).",
            "La durée de votre accès, puis {accounts-left}\u00a0: {accounts-left.basis}.",
        ),
        Held(
            "Appeler les cotisations",
            "Bordereaux, paiements, mandats de prélèvement, dispenses.",
            "La loi (RGPD, article 6.1.c).",
            "Appels\u00a0: {contribution-calls}. Paiements\u00a0: {contribution-payments}, "
            "{contribution-payments.basis}. Dispenses terminées\u00a0: {exemptions}.",
        ),
        _WRITTEN,
        _SECURITY,
    ),
    Space.PROVIDER: (
        Held(
            "Gérer la convention",
            "Votre nom, votre numéro national, votre adresse, vos actes pour le cabinet.",
            "La convention (RGPD, article 6.1.b).",
            "La durée de la convention, puis {accounts-ended}\u00a0; si votre accès est retiré avant, {accounts-left}.",
        ),
        Held(
            "Payer le tiers payant",
            "Factures, versements, coordonnées bancaires, vérifications de droits.",
            "La loi (RGPD, article 6.1.c).",
            "Factures\u00a0: {invoices}. Virements\u00a0: {transfers}, {transfers.basis}. Vérifications de droits"
            "\u00a0: {rights-checks}. Coordonnées bancaires remplacées\u00a0: {bank-details-replaced}.",
        ),
        _WRITTEN,
        _SECURITY,
    ),
    Space.DESK: (_SECURITY,),
}
# Why what stays after an account stays, and until when.
UNTIL: dict[str, str] = {
    PROOF: (
        "Sans votre nom\u00a0; le détail de vos actes s’efface après {evidence-details}\u00a0: "
        "{evidence-details.basis}."
    ),
    CONTRACT: "{contracts} après la fin du contrat\u00a0: {contracts.basis}.",
    BILLING: "{benefit-lines}\u00a0: {benefit-lines.basis}.",
}


class _Told:
    """A rule, as a text names it."""

    def __init__(self, rule: Rule) -> None:
        self._period = period_words(rule.period)
        self.basis = f"{rule.basis[:1].lower()}{rule.basis[1:]}"

    def __str__(self) -> str:
        return self._period


def held_on(space: Space, day: date) -> list[Held]:
    """What is held in a space, by purpose, with the periods in force on a day."""
    rules = _told_on(day)
    return [replace(held, kept=held.kept.format_map(rules)) for held in HELD[space]]


def until_on(day: date) -> dict[str, str]:
    """Until when what stays after an account stays, by why it stays, with the periods in force on a day."""
    rules = _told_on(day)
    return {reason: words.format_map(rules) for reason, words in UNTIL.items()}


def _told_on(day: date) -> Mapping[str, _Told]:
    return {rule.code: _Told(rule) for rule in rules_on(day)}
