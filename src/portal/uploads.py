"""What people send as files: known by its content, cleaned, or refused with the reason in French (issue R-26, claims).

A name or a declared type proves nothing: the first bytes say what a file is. Images are decoded and drawn anew, without
the place, the device and the hour that phones write into them; PDF documents are written anew, without what acts
(scripts, programs to start, files inside). So nothing that was hidden behind or inside a file is kept.
"""

import io
import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

import pikepdf
import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

pillow_heif.register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = None  # ours is lower, and refuses in words: MOST_PIXELS

MEGABYTE = 1_000_000
MOST_FILES = 5
LARGEST_FILE = 10 * MEGABYTE
LARGEST_TOTAL = 25 * MEGABYTE
# A form with the largest files allowed, and what surrounds them.
LARGEST_FORM = LARGEST_TOTAL + MEGABYTE
MOST_PIXELS = 40_000_000
# A4 at 300 dots an inch: what a page needs to be read.
LONGEST_SIDE = 3508
JPEG_QUALITY = 85
MOST_PAGES = 100
LONGEST_NAME = 80
ACCEPTED = "image/jpeg,image/png,image/heic,image/heif,application/pdf,.pdf,.jpg,.jpeg,.png,.heic"

TOO_LARGE = "Ce fichier dépasse 10\u00a0Mo. Envoyez une photo moins lourde, ou un PDF de moins de pages."
EMPTY = "Ce fichier est vide. Choisissez-le à nouveau."
UNKNOWN = (
    "Ce fichier n’est ni un PDF ni une photo (JPEG, PNG ou HEIC). Photographiez le document, ou envoyez-le en PDF."
)
DAMAGED = (
    "Ce fichier est endommagé\u00a0: nous ne pouvons pas l’ouvrir. Envoyez-le à nouveau, ou photographiez le document."
)
HUGE = "Cette image est trop grande. Envoyez une photo ordinaire du document."
LOCKED = "Ce PDF est protégé par un mot de passe. Envoyez-le sans protection."
ACTIVE = (
    "Ce PDF contient un programme ou un fichier joint. Imprimez-le en PDF, ou photographiez le "
    "document, puis envoyez-le."
)
LONG = f"Ce PDF compte plus de {MOST_PAGES} pages. N’envoyez que celles que nous demandons."


class MediaType(StrEnum):
    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"


SUFFIXES = {MediaType.PDF: ".pdf", MediaType.JPEG: ".jpg", MediaType.PNG: ".png"}


class FileRefused(Exception):
    """The file cannot be taken; the message says why and what to do, in French."""


@dataclass(frozen=True, slots=True)
class CleanFile:
    """A file as it is kept. `name` is safe to show and to save under; `pages` of a PDF, 1 for an image."""

    name: str
    media_type: MediaType
    content: bytes = field(repr=False)
    pages: int = 1


def clean(name: str, content: bytes) -> CleanFile:
    """The file, made safe. Blocks for up to seconds: call it off the event loop. Raises `FileRefused`."""
    if not content:
        raise FileRefused(EMPTY)
    if len(content) > LARGEST_FILE:
        raise FileRefused(TOO_LARGE)
    if content.startswith(b"%PDF-"):
        cleaned, pages = _clean_pdf(content)
        return CleanFile(_safe_name(name, MediaType.PDF), MediaType.PDF, cleaned, pages)
    media_type, cleaned = _clean_image(content)
    return CleanFile(_safe_name(name, media_type), media_type, cleaned)


_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}


def _looks_like_image(content: bytes) -> bool:
    return content.startswith(_IMAGES) or (content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS)


def _clean_image(content: bytes) -> tuple[MediaType, bytes]:
    if not _looks_like_image(content):
        raise FileRefused(UNKNOWN)
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "HEIF")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise FileRefused(HUGE)
            return _drawn_anew(image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as problem:
        raise FileRefused(DAMAGED) from problem


def _drawn_anew(image: Image.Image) -> tuple[MediaType, bytes]:
    """The pixels alone, upright: nothing else of the file goes into the copy."""
    is_png = image.format == "PNG"
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    flat = _on_white(upright)
    bare = Image.new("RGB", flat.size)
    bare.paste(flat)
    drawn = io.BytesIO()
    if is_png:
        bare.save(drawn, "PNG")
        return MediaType.PNG, drawn.getvalue()
    bare.save(drawn, "JPEG", quality=JPEG_QUALITY)
    return MediaType.JPEG, drawn.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    coloured = image.convert("RGBA")
    sheet = Image.new("RGBA", coloured.size, "white")
    sheet.alpha_composite(coloured)
    return sheet.convert("RGB")


# What makes a PDF act, carry files, or ask somebody else. Filled-in forms and a first page to open at do neither.
_ACTIVE_KEYS = frozenset({"/JavaScript", "/JS", "/AA", "/Launch", "/EmbeddedFiles", "/XFA", "/RichMedia", "/EF"})
_ACTIVE_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/Rendition", "/Movie", "/Sound"}
)
_ACTIVE_ANNOTATIONS = frozenset({"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"})


def _clean_pdf(content: bytes) -> tuple[bytes, int]:
    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            if document.is_encrypted:
                raise FileRefused(LOCKED)
            pages = len(document.pages)
            if pages > MOST_PAGES:
                raise FileRefused(LONG)
            if pages == 0:
                raise FileRefused(DAMAGED)
            if _acts(document):
                raise FileRefused(ACTIVE)
            return _written_anew(document), pages
    except pikepdf.PasswordError as problem:
        raise FileRefused(LOCKED) from problem
    except (pikepdf.PdfError, ValueError, RuntimeError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise FileRefused(DAMAGED) from problem


def _acts(document: pikepdf.Pdf) -> bool:
    """Whether any object of the document could do more than be looked at."""
    return any(_is_active(each) for each in document.objects)


def _is_active(found: pikepdf.Object) -> bool:
    """Looks into the objects that stand inside this one, too; references lead to objects of their own."""
    waiting = [found]
    while waiting:
        each = waiting.pop()
        if isinstance(each, pikepdf.Dictionary | pikepdf.Stream):
            if _is_active_dictionary(each):
                return True
            waiting += [value for _, value in each.items() if _is_inside(value)]
        elif isinstance(each, pikepdf.Array):
            waiting += [value for value in each if _is_inside(value)]
    return False


def _is_inside(value: object) -> bool:
    is_container = isinstance(value, pikepdf.Dictionary | pikepdf.Array)
    return is_container and not value.is_indirect  # type: ignore[attr-defined]


def _is_active_dictionary(found: pikepdf.Object) -> bool:
    keys = set(found.keys())
    action, subtype = found.get("/S"), found.get("/Subtype")
    return (
        bool(keys & _ACTIVE_KEYS)
        or (isinstance(action, pikepdf.Name) and str(action) in _ACTIVE_ACTIONS)
        or (isinstance(subtype, pikepdf.Name) and str(subtype) in _ACTIVE_ANNOTATIONS)
    )


def _written_anew(document: pikepdf.Pdf) -> bytes:
    """Only what the pages need, without the document's own description of its author and program."""
    del document.docinfo
    if "/Metadata" in document.Root:
        del document.Root.Metadata
    written = io.BytesIO()
    document.save(written, static_id=False, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return written.getvalue()


_UNSAFE = re.compile(r"[^\w .()’'-]")


def _safe_name(name: str, media_type: MediaType) -> str:
    """The name that its owner gave, to show and to save under: without folders, controls or another ending."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    stem = _UNSAFE.sub(" ", last.rpartition(".")[0] or last).strip(" .")
    short = " ".join(stem.split())[:LONGEST_NAME].strip(" .")
    return (short or "document") + SUFFIXES[media_type]
