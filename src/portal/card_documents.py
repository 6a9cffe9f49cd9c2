"""The third-party-payment card on paper: PDF/UA-1 with the harmonised block and its DataMatrix (R-25)."""

from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from portal.beneficiary_words import RELATIONSHIP_LABELS
from portal.card_matrix import Matrix, matrix_of, matrix_text
from portal.card_words import BLOCK_LABELS, value_words
from portal.data.card_codes import code_of
from portal.data.cards import Card
from portal.data.coverage import Relationship
from portal.data.rights import Cover, RightsAnswer
from portal.documents import typeset
from portal.formatting import long_date, short_date
from portal.insurer import Insurer
from portal.security import Keyring


class Printable(NamedTuple):
    """A card with what is made for it: its code, what machines read of it, the NIR of each person (may be empty)."""

    card: Card
    code: str
    matrix: Matrix
    nirs: dict[int, str]

    @property
    def block(self) -> list[tuple[str, str]]:
        """The harmonised block: five labels, each with its value, which may be empty."""
        card, routing = self.card, self.card.routing
        period = f"du {short_date(card.valid_from)} au {short_date(card.valid_to)}"
        values = (routing.amc_number, routing.convention, routing.csr, card.cover.member_number, period)
        return list(zip(BLOCK_LABELS, values, strict=True))


def printable_card(card: Card, keyring: Keyring) -> Printable:
    """The card, ready for the screen or for paper."""
    code = code_of(keyring, card)
    covers = [answer.cover for answer in card.persons if answer.cover]
    nirs = {each.person_id: _nir(each, keyring) for each in covers}
    return Printable(card, code, matrix_of(matrix_text(card, code)), nirs)


def card_pdf(printable: Printable, insurer: Insurer, check_url: str, at: datetime) -> bytes:
    """The PDF/UA-1 of a card. `check_url`: where anybody checks its code. Slow: off the event loop."""
    return typeset("card.typ", _data(printable, insurer, check_url), at)


def relationship_words(cover: Cover) -> str:
    """The person's quality on the card, in words."""
    return RELATIONSHIP_LABELS[Relationship(cover.relationship)]


def _nir(cover: Cover, keyring: Keyring) -> str:
    """« 2 85 05 78 006 084 41 »: the card is the one place that shows it whole."""
    plain = keyring.decrypt(cover.nir_encrypted) if cover.nir_encrypted else ""
    cuts = (0, 1, 3, 5, 7, 10, 13, 15)
    return " ".join(plain[start:end] for start, end in pairwise(cuts)).strip()


def _data(printable: Printable, insurer: Insurer, check_url: str) -> dict[str, Any]:
    card, contract = printable.card, printable.card.cover
    return {
        "title": "Carte de tiers payant",
        "reference": f"carte de tiers payant, contrat {contract.contract_number}",
        "insurer": insurer.model_dump(),
        "validity": f"Valable du {long_date(card.valid_from)} au {long_date(card.valid_to)}",
        "contract": f"{contract.product}, contrat {contract.contract_number}",
        "block": printable.block,
        "is_responsible": contract.is_responsible,
        "matrix": printable.matrix.svg,
        "code": printable.code,
        "persons": [_person(answer, printable.nirs) for answer in card.persons],
        "columns": [
            (column.code, column.label, column.value or "–", column.network or "–") for column in card.routing.columns
        ],
        "legend": [(column.label, value_words(column)) for column in card.routing.columns],
        "mentions": [
            f"Carte établie pour des soins du {long_date(card.day)}\u00a0; chaque personne, dans sa propre période.",
            f"Vérifier en ligne que cette carte est toujours valable\u00a0: {check_url}, avec le code de vérification.",
            "DataMatrix non normatif\u00a0: sa disposition est propre à la mutuelle, qui la publie.",
            f"Envoi des factures\u00a0: {insurer.name}, {insurer.address}. Renseignements\u00a0: {insurer.phone}.",
            "Informations indicatives\u00a0: seul le contrat fait foi.",
        ],
    }


def _person(answer: RightsAnswer, nirs: dict[int, str]) -> list[str]:
    cover, start, end = answer.cover, answer.valid_from, answer.valid_to
    if cover is None or start is None or end is None:
        return [""] * 5
    rank = f", rang {cover.birth_rank}" if cover.birth_rank > 1 else ""
    return [
        f"{cover.last_name} {cover.first_name}",
        f"{short_date(cover.birth_date)}{rank}",
        nirs[cover.person_id] or "–",
        relationship_words(cover),
        f"{short_date(start)} – {short_date(end)}",
    ]
