"""The directory in French: professions, services, distances, opening hours."""

from datetime import datetime

from portal.data.directory import Level, Practice, Profession, Service
from portal.folding import fold
from portal.formatting import NBSP
from portal.places.hours import DAY_NAMES, Span, local_clock, opening, read_hours
from portal.public_holidays import is_public_holiday

PROFESSION_LABELS: dict[Profession, str] = {
    Profession.OPTICIAN: "Opticien",
    Profession.AUDIOLOGIST: "Audioprothésiste",
    Profession.DENTIST: "Chirurgien-dentiste",
    Profession.OSTEOPATH: "Ostéopathe",
    Profession.CHIROPRACTOR: "Chiropracteur",
    Profession.DIETITIAN: "Diététicien",
    Profession.PSYCHOLOGIST: "Psychologue",
    Profession.PODIATRIST: "Pédicure-podologue",
}
SERVICE_LABELS: dict[Service, str] = {
    Service.FULLY_COVERED: f"Offre 100{NBSP}% Santé",
    Service.WHEELCHAIR: "Accès en fauteuil roulant",
    Service.AT_HOME: "Se déplace à domicile",
    Service.VIDEO: "Téléconsultation",
    Service.NEW_PATIENTS: "Accepte de nouveaux patients",
    Service.SATURDAY: "Ouvert le samedi",
}
LANGUAGE_LABELS = {
    "en": "anglais",
    "ar": "arabe",
    "es": "espagnol",
    "pt": "portugais",
    "it": "italien",
    "de": "allemand",
    "tr": "turc",
    "lsf": "langue des signes",
}
METRES, KILOMETRE = 10, 1000
NEAR_KM = 10


def profession_label(practice: Practice) -> str:
    """« Opticien »."""
    return PROFESSION_LABELS[Profession(practice.profession)]


def level_labels(network: str) -> dict[Level, str]:
    """How each level of the agreement is called. `network`: the network's name."""
    return {Level.APPROVED: f"Agréé {network}", Level.PARTNER: f"Partenaire {network}"}


def distance_words(km: float) -> str:
    """« 350 m », « 1,2 km », « 12 km »: no more exact than it is useful."""
    metres = max(1, round(km * 1000 / METRES)) * METRES
    if metres < KILOMETRE:
        return f"{metres}{NBSP}m"
    return f"{km:.1f}".replace(".", ",").removesuffix(",0") + f"{NBSP}km" if km < NEAR_KM else f"{round(km)}{NBSP}km"


def away_words(practice: Practice, km: float) -> str:
    """How far a place is: to the kilometre where its position is its commune's."""
    return f"environ {max(1, round(km))}{NBSP}km" if practice.is_approximate else distance_words(km)


def of_place(place: str) -> str:
    """« de Lyon (69) », « d’Angers (49) », « du Havre (76) », « des Ulis (91940) »."""
    for article, joined in (("Le ", "du "), ("Les ", "des ")):
        if place.startswith(article):
            return joined + place.removeprefix(article)
    return f"d’{place}" if fold(place[:1]).lower() in tuple("aeiouy") else f"de {place}"


def opening_words(practice: Practice, now: datetime) -> tuple[str, str]:
    """« Ouvert, ferme à 19 h », and the badge's tone; empty when the hours are not known."""
    week = read_hours(practice.hours)
    if not any(week):
        return "", ""
    here = local_clock(practice.postcode, now)
    if is_public_holiday(here.date()):
        return f"Jour férié{NBSP}: appelez avant de venir", "wait"
    said = opening(week, here)
    if said.at is None:
        return "", ""
    if said.is_open:
        return f"Ouvert, ferme à {_clock(said.at.hour, said.at.minute)}", "ok"
    day = "" if said.at.date() == here.date() else f"{DAY_NAMES[said.at.weekday()]} "
    return f"Fermé, ouvre {day}à {_clock(said.at.hour, said.at.minute)}", ""


def week_words(practice: Practice) -> list[tuple[str, str]]:
    """Each day and its hours: « lundi », « 9 h à 12 h, 14 h à 19 h »; nothing when they are not known."""
    week = read_hours(practice.hours)
    return [(name, _spans(spans)) for name, spans in zip(DAY_NAMES, week, strict=True)] if any(week) else []


def service_words(practice: Practice) -> list[str]:
    """What a place offers."""
    return [label for service, label in SERVICE_LABELS.items() if practice.services & service]


def language_words(practice: Practice) -> list[str]:
    """The languages spoken besides French."""
    return [LANGUAGE_LABELS.get(code, code) for code in practice.languages.split() if code != "fr"]


def _spans(spans: tuple[Span, ...]) -> str:
    hours = (f"{_clock(*divmod(span.opens, 60))} à {_clock(*divmod(span.closes, 60))}" for span in spans)
    return ", ".join(hours) or "fermé"


def _clock(hour: int, minute: int) -> str:
    return f"{hour}{NBSP}h" + (f"{NBSP}{minute:02}" if minute else "")
