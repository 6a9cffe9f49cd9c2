"""The square codes that a photo shows, as text: the picture itself goes no further than here."""

import io

import pillow_heif
import zxingcpp
from PIL import Image, UnidentifiedImageError

from portal.cleaning.verdicts import Cleaned, MediaType, Refusal, Refused

pillow_heif.register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = None  # ours is lower, and refuses in words: MOST_PIXELS

MOST_PIXELS = 40_000_000
# A card that fills a third of the picture still has five dots for each module of its code.
LONGEST_SIDE = 2400
MOST_CODES, LONGEST_CODE = 10, 200
FORMATS = zxingcpp.BarcodeFormat.DataMatrix | zxingcpp.BarcodeFormat.QRCode


def clean(content: bytes) -> Cleaned:
    """The codes, one a line. Raises `Refused` (EMPTY without any), `MemoryError`."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "HEIF")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Refused(Refusal.HUGE)
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            codes = _codes_in(image.convert("L"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as problem:
        raise Refused(Refusal.DAMAGED) from problem
    if not codes:
        raise Refused(Refusal.EMPTY)
    return Cleaned(MediaType.TEXT, "\n".join(codes).encode())


def _codes_in(grey: Image.Image) -> list[str]:
    found = ("".join(filter(str.isprintable, each.text)) for each in zxingcpp.read_barcodes(grey, FORMATS))
    return [text for text in found if 0 < len(text) <= LONGEST_CODE][:MOST_CODES]
