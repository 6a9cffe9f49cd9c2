"""What follows a departure in words: why portability lasts as long as it does, each step, what has to be done by whom.

Two voices: the employer reads of the employee, the employee reads « vous ». Neither reads of care.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from portal.data.contributions import Structure
from portal.data.group_figures import GroupFigures
from portal.data.leaver_timeline import Leaving, Milestone, NoPortability, Step, YearPrice
from portal.data.leaving_rules import Evin, LeavingReason, Portability
from portal.employee_words import portability_words
from portal.formatting import long_date, money

M = Milestone
STRUCTURES: dict[Structure, str] = {
    Structure.SINGLE: "une personne",
    Structure.PAIR: "deux personnes",
    Structure.FAMILY: "une famille",
}
PROOF = "l’attestation d’ouverture de droits de France Travail"
PROOFS = "l’attestation de paiement de France Travail"
LAW = "Code de la sécurité sociale, article L911-8\u00a0; loi n°\u00a089-1009 du 31 décembre 1989, article 4."
CERTIFICATE_LAW = "code de la sécurité sociale, article L911-8, 6°"
UNEMPLOYMENT = "n’ouvre pas droit à l’indemnisation du chômage, dont dépend la portabilité."
NO_RIGHT_BY_EMAIL = (
    "Le motif de la fin de votre contrat n’ouvre pas de portabilité\u00a0: la couverture s’arrête le dernier jour du "
    "contrat de travail. Votre espace en dit la raison."
)
UNCOVERED = "Le salarié n’était pas affilié le dernier jour\u00a0: il n’y a ni portabilité, ni offre."
NO_RIGHT: dict[LeavingReason, str] = {
    LeavingReason.RESIGNATION: f"Une démission {UNEMPLOYMENT}",
    LeavingReason.RETIREMENT: f"La retraite {UNEMPLOYMENT}",
    LeavingReason.GROSS_MISCONDUCT: "La loi exclut la portabilité après une faute lourde.",
    LeavingReason.DEATH: "La portabilité ne concerne pas un décès\u00a0: une offre est faite à la famille couverte.",
    LeavingReason.TRANSFER: "L’emploi continue dans une autre entreprise, dont le contrat prend le relais.",
}


class StepWords(NamedTuple):
    """A step as a page shows it. `day`: for machines; `state`: label and tone of its badge; `is_now`: the first one
    under way."""

    title: str
    when: str
    text: str
    day: date
    state: tuple[str, str]
    is_now: bool = False


class PriceWords(NamedTuple):
    """A year of the contract of one's own: which, from when until when, how much at most."""

    year: str
    days: str
    most: str


PAST, NOW, COMING = ("Passé", ""), ("En cours", "ok"), ("À venir", "info")
_EMPLOYER: dict[Milestone, tuple[str, str]] = {
    M.LEFT: ("Fin du contrat de travail", ""),
    M.COVER_ENDS: ("Fin de la couverture", "La couverture s’arrête avec le contrat de travail."),
    M.PORTABILITY: ("Portabilité", "Le salarié et la famille couverte gardent leurs garanties, sans cotisation."),
    M.PROOF: ("Premier justificatif", f"Le salarié nous envoie {PROOF}."),
    M.PROOFS: ("Justificatifs suivants", f"Sur notre demande, le salarié nous envoie {PROOFS}."),
    M.NEAR_END: ("Un mois avant la fin", "Nous écrivons au salarié pour annoncer la fin de la portabilité."),
    M.PORTABILITY_ENDS: (
        "Fin de la portabilité",
        "La couverture s’arrête ce jour-là, plus tôt si l’indemnisation cesse.",
    ),
    M.OFFER: (
        "Notre offre de contrat individuel",
        "Nous la faisons dans les deux mois (loi Évin). Vous n’avez rien à faire.",
    ),
    M.REQUEST: ("Fin du délai pour accepter l’offre", "Six mois pour demander ce contrat. Vous n’avez rien à faire."),
}
_OWN: dict[Milestone, tuple[str, str]] = {
    M.LEFT: ("Fin de votre contrat de travail", ""),
    M.COVER_ENDS: ("Fin de votre couverture", "Elle s’arrête avec le contrat de travail."),
    M.PORTABILITY: ("Portabilité", "Vous et votre famille couverte gardez vos garanties, sans cotisation."),
    M.PROOF: ("Votre premier justificatif", f"Envoyez-nous {PROOF}, dès que vous l’avez."),
    M.PROOFS: ("Vos justificatifs suivants", f"Si nous vous la demandons, envoyez-nous {PROOFS}."),
    M.NEAR_END: ("Un mois avant la fin", "Nous vous écrivons pour vous rappeler cette date et la suite."),
    M.PORTABILITY_ENDS: (
        "Fin de la portabilité",
        "Elle s’arrête plus tôt si vous reprenez un emploi ou si votre indemnisation cesse\u00a0: dites-le-nous.",
    ),
    M.OFFER: (
        "Notre offre de contrat individuel",
        "Nous vous la faisons dans les deux mois (loi Évin), sans questionnaire.",
    ),
    M.REQUEST: ("Fin du délai pour accepter l’offre", "Vous avez six mois pour demander ce contrat."),
}
_HEIRS = "Elle s’adresse aux personnes que le contrat couvrait, pour douze mois au moins."


def why_words(leaving: Leaving, figures: GroupFigures) -> str:
    """Why there is portability for so many months, or why there is none."""
    if leaving.no_portability is NoPortability.UNCOVERED:
        return UNCOVERED
    if leaving.no_portability is NoPortability.REASON:
        return f"{NO_RIGHT[leaving.reason]} La couverture s’arrête le dernier jour du contrat de travail."
    right = Portability(leaving.contract_months, leaving.months, leaving.starts_on, leaving.ends_on)
    return portability_words(right, figures.portability_months)


def why_by_email(leaving: Leaving, figures: GroupFigures) -> str:
    """The same for a mailbox that others may read: it does not say for which reason the employment ended."""
    return NO_RIGHT_BY_EMAIL if leaving.no_portability is NoPortability.REASON else why_words(leaving, figures)


def step_words(leaving: Leaving, steps: Iterable[Step], today: date, *, own: bool = False) -> list[StepWords]:
    """The timeline; `own`: as the employee reads it."""
    words = [_step(leaving, step, today, _OWN if own else _EMPLOYER) for step in steps]
    now = next((one for one in words if one.state is NOW), None)
    return [one._replace(is_now=one is now) for one in words]


def price_words(prices: Iterable[YearPrice]) -> list[PriceWords]:
    """The most that each year of the contract of one's own may cost."""
    return [_price(price) for price in prices]


def duties(leaving: Leaving, *, is_reachable: bool) -> list[str]:
    """What the employer has to do; `is_reachable`: we hold an address to which the employee is written."""
    if leaving.months:
        first = [
            f"Mentionnez le maintien gratuit des garanties sur le certificat de travail ({CERTIFICATE_LAW}).",
            "Remettez la notice de portabilité au salarié avec les documents de fin de contrat.",
        ]
    elif leaving.is_covered:
        first = [
            "N’annoncez pas de portabilité sur le certificat de travail\u00a0: il n’y en a pas.",
            "Remettez la notice, qui dit pourquoi la couverture s’arrête, et ce qui suit.",
        ]
    else:
        return ["Rien à faire\u00a0: le salarié n’était pas affilié."]
    if leaving.reason is LeavingReason.DEATH:
        return [*first, "Cette notice s’adresse à la famille. Nous n’écrivons à personne par e-mail."]
    return (
        first if is_reachable else [*first, "Prévenez vous-même le salarié\u00a0: aucune adresse e-mail n’est connue."]
    )


def pieces(leaving: Leaving) -> list[str]:
    """What the employee has to send us, and when; nothing without portability."""
    if not leaving.months:
        return []
    return [
        "Dès le début\u00a0: " + PROOF + ".",
        "Ensuite, sur notre demande\u00a0: " + PROOFS + ".",
        "Sans attendre\u00a0: toute reprise d’emploi, et toute fin d’indemnisation.",
    ]


def _step(leaving: Leaving, step: Step, today: date, voice: dict[Milestone, tuple[str, str]]) -> StepWords:
    title, text = voice[step.milestone]
    if step.milestone is M.OFFER and leaving.evin is Evin.HEIRS:
        text = f"{text} {_HEIRS}"
    if step.milestone is M.PROOF:  # asked for on that day, and welcome as long as portability lasts
        return StepWords(
            title, f"Dès le {long_date(step.day)}", text, step.day, _state(step.day, leaving.ends_on, today)
        )
    return StepWords(title, _when(step), text, step.day, _state(step.day, step.until, today))


def _state(first: date, last: date | None, today: date) -> tuple[str, str]:
    if (last or first) < today:
        return PAST
    return NOW if first <= today else COMING


def _when(step: Step) -> str:
    if step.until is None:
        return f"Le {long_date(step.day)}"
    if step.milestone in {M.OFFER, M.REQUEST}:
        return f"Jusqu’au {long_date(step.until)}"
    return f"Du {long_date(step.day)} au {long_date(step.until)}"


def _price(price: YearPrice) -> PriceWords:
    ordinal = "1re année" if price.number == 1 else f"{price.number}e année"
    if price.ends_on is None:
        return PriceWords(f"À partir de la {ordinal}", f"Dès le {long_date(price.starts_on)}", "Prix libre")
    days = f"Du {long_date(price.starts_on)} au {long_date(price.ends_on)}"
    share = f"{price.percent}\u00a0% du tarif des actifs"
    return PriceWords(
        ordinal, days, share if price.month_cents is None else f"{money(price.month_cents)} par mois, {share}"
    )
