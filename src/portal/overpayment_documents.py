"""The letter about a sum paid too much: what it is, why, how to contest it, how to give it back (PDF/UA-1)."""

from dataclasses import dataclass
from typing import Any

from portal.data.line_corrections import Rewriting
from portal.data.overpayments import Owed
from portal.documents import breakable, typeset
from portal.formatting import local_day, long_date, money
from portal.insurer import Insurer, Mediator

LONGEST_RUN = 18
PRIVATE = "Un soin d’une personne de votre contrat, qui en garde le détail pour elle."
RIGHTS = (
    "Vous êtes tenu de rendre ce que vous avez reçu sans que cela vous soit dû (Code civil, articles 1302 et 1302-1). "
    "Nous ne le retenons sur vos remboursements qu’avec votre accord (articles 1347-2 et 1348-2), que vous pouvez "
    "retirer à tout moment. Au-delà de deux ans, nous ne pouvons plus réclamer cette somme (code de la mutualité, "
    "article L221-11)."
)


@dataclass(frozen=True, slots=True)
class Letter:
    """`step`: the line before and after, None where its person keeps it private; `percent`: the most of one payment
    that may be withheld."""

    standing: Owed
    step: Rewriting | None
    reference: str
    member: str
    percent: int


def letter_pdf(letter: Letter, insurer: Insurer, mediator: Mediator) -> bytes:
    """The same bytes each time: the letter is of the day on which the sum was noted. Slow: off the event loop."""
    return typeset("overpayment.typ", _data(letter, insurer, mediator), letter.standing.row.noted_at)


def how_to_give_back(insurer_name: str, address: str, phone: str, reference: str, percent: int) -> list[str]:
    """The ways to give a sum back, in words: page and letter say the same."""
    ways = [
        f"Par chèque à l’ordre de {insurer_name}, {address}, avec la référence {reference}.",
        f"Par virement\u00a0: appelez le {phone}, nous vous donnerons le compte. Nous ne l’envoyons jamais par e-mail.",
        f"En plusieurs fois, ou autrement si c’est difficile\u00a0: appelez le {phone}.",
    ]
    if percent:
        ways.insert(
            0,
            f"Par retenue sur vos prochains remboursements, si vous l’acceptez\u00a0: jamais plus de {percent}\u00a0% "
            "d’un virement, et vous pouvez changer d’avis.",
        )
    return ways


def how_to_contest(insurer: Insurer, mediator: Mediator) -> list[str]:
    """The ways to contest, in words."""
    told = f"{mediator.name}, {mediator.address}, {mediator.url}"
    return [
        "Dans votre espace, à côté de cette somme. Rien n’est retenu, ni réclamé, avant notre réponse.",
        f"Par courrier à {insurer.name}, {insurer.address}, ou au {insurer.phone}.",
        f"Sans réponse en deux mois, ou si elle ne convient pas, le médiateur est gratuit\u00a0: {told}.",
    ]


def _data(letter: Letter, insurer: Insurer, mediator: Mediator) -> dict[str, Any]:
    row = letter.standing.row
    return {
        "title": "Une somme vous a été versée en trop",
        "reference": letter.reference,
        "insurer": insurer.model_dump(),
        "facts": [
            ("Adressée à", breakable(letter.member, LONGEST_RUN), False),
            ("Référence", letter.reference, True),
            ("Le", local_day(row.noted_at), False),
            *_care(letter),
            ("À rendre", money(row.amount_cents), False),
        ],
        "why": breakable(letter.step.opposite.note, LONGEST_RUN) if letter.step else PRIVATE,
        "contest": how_to_contest(insurer, mediator),
        "ways": how_to_give_back(insurer.name, insurer.address, insurer.phone, letter.reference, letter.percent),
        "until": f"Nous pouvons réclamer cette somme jusqu’au {long_date(letter.standing.claimable_until)}.",
        "law": RIGHTS,
    }


def _care(letter: Letter) -> list[tuple[str, str, bool]]:
    if letter.step is None:
        return []
    before, after = letter.step.before, letter.step.after
    right = after.supplementary_cents if after else 0
    return [
        ("Soin", breakable(before.label, LONGEST_RUN), False),
        ("Jour du soin", long_date(before.care_date), False),
        ("Nous avions versé", money(right + letter.standing.row.amount_cents), False),
        ("Nous devions", money(right), False),
    ]
