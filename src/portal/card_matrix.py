"""The DataMatrix of a card. Its layout is our own and marked « non normatif »: the Inter-AMC one is not public.

Fields separated by « | », in this order: `CTP1`, N° AMC, type de convention, CSR, n° adhérent, first and last day
(YYYYMMDD), `R` for a contrat responsable, verification code without its hyphens. An empty datum is an empty field.
"""

import re
from typing import NamedTuple

import zxingcpp

from portal.data.cards import Card

LAYOUT = "CTP1"
FIELDS = 9


class Matrix(NamedTuple):
    """A DataMatrix to draw: `side` modules each way, quiet zone included; `path`: the dark ones, as SVG path data."""

    side: int
    path: str

    @property
    def svg(self) -> str:
        """The drawing as an SVG document, on white."""
        box = f"0 0 {self.side} {self.side}"
        paper = f'<rect width="{self.side}" height="{self.side}" fill="#fff"/>'
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{paper}<path d="{self.path}"/></svg>'


def matrix_text(card: Card, code: str) -> str:
    """What the DataMatrix of a card says."""
    routing, days = card.routing, (f"{card.valid_from:%Y%m%d}", f"{card.valid_to:%Y%m%d}")
    numbers = (routing.amc_number, routing.convention, routing.csr, card.cover.member_number)
    return "|".join((LAYOUT, *numbers, *days, "R" if card.cover.is_responsible else "", code.replace("-", "")))


def code_in(text: str) -> str:
    """The verification code in what a reader of DataMatrix types; `text` itself when it is no such thing."""
    fields = text.split("|")
    return fields[-1] if len(fields) == FIELDS and fields[0] == LAYOUT else text


def member_number_in(text: str) -> str:
    """The member number in what a reader of DataMatrix types; empty when it is no such thing."""
    fields = text.split("|")
    return fields[4] if len(fields) == FIELDS and fields[0] == LAYOUT else ""


def matrix_of(text: str) -> Matrix:
    """The DataMatrix of a text. Raises `ValueError` when the library draws in another way than it did."""
    drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, force_square=True).to_svg(scale=1)
    side, path = re.search(r'width="(\d+)"', drawn), re.search(r'\bd="([^"]+)"', drawn)
    if side is None or path is None:
        raise ValueError("the DataMatrix has no drawing")
    return Matrix(int(side[1]), path[1])
