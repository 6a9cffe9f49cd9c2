"""Images are decoded and drawn anew, without the place, the device and the hour that phones write into them."""

import io

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from portal.cleaning.verdicts import Cleaned, MediaType, Refusal, Refused

pillow_heif.register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = None  # ours is lower, and refuses in words: MOST_PIXELS

MOST_PIXELS = 40_000_000
# A4 at 300 dots an inch: what a page needs to be read.
LONGEST_SIDE = 3508
JPEG_QUALITY = 85


def clean(content: bytes) -> Cleaned:
    """The picture alone, at the size that reading needs. Raises `Refused`, `MemoryError`."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "HEIF")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Refused(Refusal.HUGE)
            return _drawn_anew(image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as problem:
        raise Refused(Refusal.DAMAGED) from problem


def _drawn_anew(image: Image.Image) -> Cleaned:
    """The pixels alone, upright: nothing else of the file goes into the copy. Small first: copies cost memory."""
    is_png = image.format == "PNG"
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    flat = _on_white(ImageOps.exif_transpose(image))
    bare = Image.new("RGB", flat.size)
    bare.paste(flat)
    drawn = io.BytesIO()
    if is_png:
        bare.save(drawn, "PNG")
        return Cleaned(MediaType.PNG, drawn.getvalue())
    bare.save(drawn, "JPEG", quality=JPEG_QUALITY)
    return Cleaned(MediaType.JPEG, drawn.getvalue())


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    coloured = image.convert("RGBA")
    sheet = Image.new("RGBA", coloured.size, "white")
    sheet.alpha_composite(coloured)
    return sheet.convert("RGB")
