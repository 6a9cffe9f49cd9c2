"""One page of a PDF that was cleaned, drawn as a picture: whoever looks at it runs no reader of PDF (ADR 39)."""

import io
from pathlib import Path

import typst
from PIL import Image

from portal.cleaning.verdicts import Cleaned, MediaType, Refusal, Refused

JPEG_QUALITY = 88
# The page, as wide as a sheet of A4 whatever its own size; nothing else of the machine's is read.
SOURCE = """#set page(width: auto, height: auto, margin: 0pt)
#image("piece.pdf", page: {number}, width: 210mm)
"""


def clean(content: bytes, number: int, dots: int) -> Cleaned:
    """Page `number` (the first is 1) at `dots` an inch. The process works in a folder of its own, which its caller
    removes. Raises `Refused`, `MemoryError`."""
    folder = Path.cwd()
    (folder / "piece.pdf").write_bytes(content)
    source = folder / "page.typ"
    source.write_text(SOURCE.format(number=number))
    try:
        compiler = typst.Compiler(str(source), root=str(folder), font_paths=typst.Fonts(include_system_fonts=False))
        drawn = compiler.compile(format="png", ppi=float(dots))
    except (typst.TypstError, RuntimeError) as problem:
        raise Refused(Refusal.DAMAGED) from problem
    if not isinstance(drawn, bytes):
        raise Refused(Refusal.DAMAGED)
    return Cleaned(MediaType.JPEG, _as_jpeg(drawn))


def _as_jpeg(drawn: bytes) -> bytes:
    """Scanned pages as PNG weigh megabytes."""
    written = io.BytesIO()
    with Image.open(io.BytesIO(drawn)) as image:
        image.convert("RGB").save(written, "JPEG", quality=JPEG_QUALITY)
    return written.getvalue()
