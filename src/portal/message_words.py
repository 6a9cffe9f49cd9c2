"""Messages with the insurer, in French: the subjects of each space, and what is wrong with a message (R-80)."""

from collections.abc import Mapping

from portal.contact_words import label_of
from portal.data.accounts import Space
from portal.data.contact import TOPICS as CONTACT_TOPICS
from portal.data.messages import Topic

LONGEST_SUBJECT = 120
TOPICS: Mapping[Space, tuple[tuple[Topic, str], ...]] = {
    Space.MEMBER: (
        (Topic.REFUND, "Un remboursement"),
        (Topic.CONTRACT, "Mon contrat ou mes garanties"),
        (Topic.CONTRIBUTION, "Mes cotisations"),
        (Topic.TERMS, "Les conditions d’utilisation"),
        (Topic.ONLINE, "L’espace en ligne"),
        (Topic.OTHER, "Autre chose"),
    ),
    Space.EMPLOYER: (
        (Topic.CONTRACT, "Le contrat collectif"),
        (Topic.EMPLOYEES, "Les salariés et leur affiliation"),
        (Topic.CONTRIBUTION, "Les cotisations"),
        (Topic.BANK, "Le compte bancaire et les prélèvements"),
        (Topic.TERMS, "Les conditions d’utilisation"),
        (Topic.ONLINE, "L’espace en ligne"),
        (Topic.OTHER, "Autre chose"),
    ),
    # Professionals begin theirs on a page of their own (`pages/provider/contact.py`).
    Space.PROVIDER: tuple((topic, label_of(topic)) for topic in CONTACT_TOPICS),
}
NO_TOPIC = "Choisissez de quoi il s’agit."
NO_SUBJECT = f"Donnez un titre à votre message, en {LONGEST_SUBJECT} caractères au plus."
TOO_OFTEN = "Vous avez envoyé beaucoup de messages aujourd’hui. Réessayez demain, ou appelez-nous."
OVER = (
    "Cette conversation est terminée\u00a0: votre message n’est pas envoyé. "
    "Copiez ce qu’il disait dans un nouveau message."
)
