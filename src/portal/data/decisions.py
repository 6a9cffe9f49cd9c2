"""What an agent decides of a case: the act, the words that the person reads, and what the act needs besides."""

from datetime import date
from enum import StrEnum

import msgspec


class Act(StrEnum):
    """What an agent may do with a case. Values are stored, part of the evidence, and stand in addresses."""

    REVIEW = "etudier"
    ACKNOWLEDGE = "accuser-reception"
    ACCEPT = "accepter"
    PARTLY = "accepter-en-partie"
    ASK = "demander"
    ANSWER = "repondre"
    REFUSE = "refuser"
    CLOSE = "clore"
    EXTEND = "prolonger"
    CHECK = "identite-verifiee"
    RECTIFY = "rectifier"
    WAIVE = "renoncer"


# What is decided of a case that is over.
AFTER_THE_END = frozenset({Act.RECTIFY, Act.WAIVE})


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """One decision. `words`: what the person reads, empty where the act says it all. `amounts`, in cents, and `days`,
    by the name of their field. `content`: what this act alone reads, as JSON."""

    act: Act
    words: str = ""
    amounts: dict[str, int] = {}
    days: dict[str, date] = {}
    content: str = ""
