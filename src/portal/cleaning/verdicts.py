"""What cleaning says of a file, between the process that cleans and the one that asked."""

from dataclasses import dataclass, field
from enum import StrEnum

MOST_PAGES = 100
MOST_SHEET_ROWS = 50_000


class FileKind(StrEnum):
    """What the first bytes say that a file is; CODES: a photo of which only the square codes are wanted; PAGE: a
    PDF of which one page is drawn."""

    PDF = "pdf"
    IMAGE = "image"
    SHEET = "sheet"
    CODES = "codes"
    PAGE = "page"


class MediaType(StrEnum):
    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    CSV = "text/csv"
    TEXT = "text/plain"


class Refusal(StrEnum):
    """Why a file is refused. HUGE: too many pixels or columns; LONG: too many pages or rows; HEAVY: reading it takes
    more than we give; EMPTY: nothing of what is looked for."""

    DAMAGED = "damaged"
    HUGE = "huge"
    LOCKED = "locked"
    ACTIVE = "active"
    LONG = "long"
    HEAVY = "heavy"
    EMPTY = "empty"


class Refused(Exception):
    """The file cannot be taken."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A file made safe; `pages` of a PDF, 1 for an image."""

    media_type: MediaType
    content: bytes = field(repr=False)
    pages: int = 1


def packed(verdict: Cleaned | Refusal) -> bytes:
    """A verdict as the process that cleans writes it: a line, then the content."""
    if isinstance(verdict, Refusal):
        return f"refused {verdict}\n".encode()
    return f"taken {verdict.media_type} {verdict.pages}\n".encode() + verdict.content


def unpacked(answer: bytes) -> Cleaned | Refusal:
    """The verdict of such an answer. Raises `ValueError` when it is not one."""
    line, end, content = answer.partition(b"\n")
    word, *rest = line.decode("ascii").split(" ")
    if word == "refused" and end and len(rest) == 1:
        return Refusal(rest[0])
    if word == "taken" and end and len(rest) == 2:
        return Cleaned(MediaType(rest[0]), content, int(rest[1]))
    raise ValueError("not a verdict")
