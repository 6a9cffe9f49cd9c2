"""The answer that a practice's software gets: what the page says, in fields (R-42)."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from portal.beneficiary_words import RELATIONSHIP_LABELS
from portal.card_words import STATUS_WORDS
from portal.data.card_terms import CareColumn
from portal.data.coverage import Relationship
from portal.data.rights import RightsStatus
from portal.data.rights_answers import ShownAnswer, ShownPeriod, ShownPerson
from portal.data.rights_checks import PastCheck
from portal.data.rights_questions import Means
from portal.rights_words import ADVICE, told_value


class PersonGiven(
    msgspec.Struct,
    frozen=True,
    rename={
        "last_name": "nom",
        "first_name": "prenom",
        "birth_date": "naissance",
        "birth_rank": "rang",
        "relationship": "qualite",
        "member_number": "numero_adherent",
    },
):
    """La personne, comme la carte la nomme."""

    last_name: Annotated[str, Meta(description="Son nom.")]
    first_name: Annotated[str, Meta(description="Son prénom.")]
    birth_date: Annotated[date, Meta(description="Sa date de naissance.")]
    birth_rank: Annotated[int, Meta(description="Son rang de naissance.")]
    relationship: Annotated[str, Meta(description="Sa qualité, par exemple «\u00a0Adhérent\u00a0».")]
    member_number: Annotated[str, Meta(description="Le numéro d’adhérent à porter sur la facture.")]


class PeriodGiven(
    msgspec.Struct,
    frozen=True,
    rename={
        "valid_from": "du",
        "valid_to": "au",
        "amc_number": "numero_amc",
        "convention": "convention",
        "csr": "csr",
        "is_responsible": "contrat_responsable",
    },
):
    """Ce que la carte imprime, et les jours où cela vaut."""

    valid_from: Annotated[date, Meta(description="Premier jour de validité, compris.")]
    valid_to: Annotated[date, Meta(description="Dernier jour de validité, compris.")]
    amc_number: Annotated[str, Meta(description="Numéro d’organisme complémentaire, vide s’il n’y en a pas.")]
    convention: Annotated[str, Meta(description="Type de convention, vide s’il n’y en a pas.")]
    csr: Annotated[str, Meta(description="Critère secondaire de routage, vide s’il n’y en a pas.")]
    is_responsible: Annotated[bool, Meta(description="Si le contrat est responsable et solidaire.")]


class CareGiven(
    msgspec.Struct,
    frozen=True,
    rename={
        "code": "code",
        "label": "libelle",
        "value": "valeur",
        "network": "reseau",
        "is_direct": "tiers_payant",
        "needs_agreement": "accord_prealable",
        "rate": "taux",
        "words": "explication",
    },
):
    """Une famille de soins de votre profession."""

    code: Annotated[str, Meta(description="Code de la colonne de la carte, par exemple PHAR ou OPTI.")]
    label: Annotated[str, Meta(description="Ce que la colonne couvre.")]
    value: Annotated[
        str, Meta(description="Ce que la carte imprime\u00a0: un pourcentage, PEC, TM, ou rien sans tiers payant.")
    ]
    network: Annotated[str, Meta(description="Lettres de la convention, vide s’il n’y en a pas.")]
    is_direct: Annotated[bool, Meta(description="Si nous vous payons directement.")]
    needs_agreement: Annotated[bool, Meta(description="Si notre accord doit être demandé avant les soins.")]
    rate: Annotated[
        int | None,
        Meta(description="Taux en pourcentage de la base, Sécurité sociale comprise, si la carte en imprime un."),
    ]
    words: Annotated[str, Meta(description="La même chose en clair, à montrer à l’utilisateur.")]


class RightsGiven(
    msgspec.Struct,
    frozen=True,
    rename={
        "engagement": "engagement",
        "checked_at": "verifie_le",
        "status": "etat",
        "title": "titre",
        "advice": "conseil",
        "care_day": "soins",
        "means": "designation",
        "person": "personne",
        "period": "validite",
        "care": "familles",
    },
):
    """La réponse, la même que celle de la page «\u00a0Vérifier des droits\u00a0»."""

    engagement: Annotated[
        str,
        Meta(pattern="^[0-9]{16}$", description="Numéro d’engagement, votre preuve\u00a0: reportez-le sur la facture."),
    ]
    checked_at: Annotated[datetime, Meta(description="L’instant de la vérification, en temps universel.")]
    status: Annotated[
        RightsStatus,
        Meta(
            description="droits_ouverts\u00a0; droits_fermes\u00a0: la couverture a pris fin avant\u00a0; "
            "periode_non_couverte\u00a0: elle commence plus tard, ou reprend\u00a0; "
            "beneficiaire_inconnu\u00a0: personne ne correspond exactement\u00a0; "
            "hors_convention\u00a0: aucune convention ne vous lie à nous ce jour-là\u00a0; "
            "donnee_incoherente\u00a0: ce qui est demandé se contredit, ou désigne deux personnes."
        ),
    ]
    title: Annotated[str, Meta(description="L’état en clair.")]
    advice: Annotated[str, Meta(description="Ce qu’il faut faire, à montrer à l’utilisateur.")]
    care_day: Annotated[date, Meta(description="Le jour des soins demandé.")]
    means: Annotated[Means, Meta(description="Par quoi la personne a été désignée.")]
    person: Annotated[PersonGiven | None, Meta(description="La personne, quand elle a été trouvée.")]
    period: Annotated[PeriodGiven | None, Meta(description="Le bloc de la carte, quand les droits sont ouverts.")]
    care: Annotated[
        list[CareGiven], Meta(description="Les familles de soins de votre profession, quand les droits sont ouverts.")
    ]


def given(past: PastCheck) -> RightsGiven:
    """A kept answer in fields."""
    answer: ShownAnswer = past.answer
    return RightsGiven(
        past.check.engagement,
        past.check.asked_at,
        answer.status,
        STATUS_WORDS[answer.status][0],
        ADVICE[answer.status],
        answer.day,
        Means(past.check.means),
        _person(answer.person) if answer.person else None,
        _period(answer.period) if answer.period else None,
        [_care(column) for column in answer.columns],
    )


def _person(person: ShownPerson) -> PersonGiven:
    marks = (person.last_name, person.first_name, person.birth_date, person.birth_rank)
    return PersonGiven(*marks, RELATIONSHIP_LABELS[Relationship(person.relationship)], person.member_number)


def _period(period: ShownPeriod) -> PeriodGiven:
    block = (period.amc_number, period.convention, period.csr, period.is_responsible)
    return PeriodGiven(period.valid_from, period.valid_to, *block)


def _care(column: CareColumn) -> CareGiven:
    return CareGiven(
        column.code,
        column.label,
        column.value,
        column.network,
        is_direct=bool(column.value),
        needs_agreement=column.value == "PEC",
        rate=int(column.value) if column.value.isdigit() else None,
        words=told_value(column),
    )
