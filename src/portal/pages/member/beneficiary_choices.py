"""What may be chosen about beneficiaries, and what each choice asks for: told before the person starts (R-23)."""

from dataclasses import dataclass

from portal import beneficiary_words as words
from portal.data import beneficiary_pieces as pieces
from portal.data.beneficiary_rules import ADDITIONS, REMOVALS, Deadlines, Reason
from portal.data.case_slots import Slot
from portal.data.coverage import Relationship


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to add, and why; either may still be open."""

    relationship: Relationship | None = None
    reason: Reason | None = None

    @property
    def is_made(self) -> bool:
        return self.relationship is not None and self.reason is not None

    @property
    def slots(self) -> list[Slot]:
        """The pieces that this choice needs; for a child of age one more, which the form asks about."""
        if self.relationship is None or self.reason is None:
            return []
        return pieces.slots(pieces.for_addition(self.relationship, self.reason))


def read_choice(who: str, why: str) -> Choice:
    """The choice that these values make; what they cannot mean stays open."""
    relationship = next((each for each in ADDITIONS if each == who), None)
    reasons = ADDITIONS.get(relationship, ()) if relationship else ()
    return Choice(relationship, next((each for each in reasons if each == why), None))


def who_options() -> list[tuple[str, str]]:
    """Whom one may add."""
    return [(each.value, words.WHO_LABELS[each]) for each in ADDITIONS]


def why_options(relationship: Relationship | None) -> list[tuple[str, str]]:
    """Why one may add such a person."""
    reasons = ADDITIONS.get(relationship, ()) if relationship else ()
    return [(each.value, words.REASON_LABELS[each]) for each in reasons]


def removal_options(deadlines: Deadlines | None, relationship: str) -> list[tuple[str, str, str]]:
    """Why somebody's cover may end: the value, its label, until when it lasts and what is to be sent."""
    reasons = REMOVALS.get(Relationship(relationship), ())
    return [(each.value, words.REASON_LABELS[each], _about(each, deadlines)) for each in reasons]


def _about(reason: Reason, deadlines: Deadlines | None) -> str:
    labels = [pieces.PIECES[code].label for code in pieces.for_removal(reason)]
    sent = f"À joindre\u00a0: {labels[0][0].lower()}{labels[0][1:]}." if labels else "Aucune pièce à joindre."
    return f"{words.removal_promise(reason, deadlines)} {sent}"
