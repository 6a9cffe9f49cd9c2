"""PDF documents are written anew, without what acts: scripts, programs to start, files inside."""

import io

import pikepdf
from pikepdf.settings import set_qpdf_limits

from portal.cleaning.verdicts import MOST_PAGES, Cleaned, MediaType, Refusal, Refused

# A hundred pages, each described for those who cannot see it, have a fifth of it.
MOST_OBJECTS = 50_000
# What one stream of packed objects may unpack to, in bytes. What pages show is copied as it is, packed.
MOST_UNPACKED = 64_000_000
set_qpdf_limits(
    flate_max_memory=MOST_UNPACKED,
    run_length_max_memory=MOST_UNPACKED,
    png_max_memory=MOST_UNPACKED,
    tiff_max_memory=MOST_UNPACKED,
    dct_max_memory=MOST_UNPACKED,
)
_OVER_LIMIT = ("memory limit exceeded", "bad_alloc")

# What makes a PDF act, carry files, or ask somebody else. Filled-in forms and a first page to open at do neither.
_ACTIVE_KEYS = frozenset({"/JavaScript", "/JS", "/AA", "/Launch", "/EmbeddedFiles", "/XFA", "/RichMedia", "/EF"})
_ACTIVE_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/Rendition", "/Movie", "/Sound"}
)
_ACTIVE_ANNOTATIONS = frozenset({"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"})


def clean(content: bytes) -> Cleaned:
    """The document without its description, and without what was hidden in it. Raises `Refused`, `MemoryError`."""
    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            _check(document)
            written = _written_anew(document)
            _check_whole(document)
            return Cleaned(MediaType.PDF, written, len(document.pages))
    except pikepdf.PasswordError as problem:
        raise Refused(Refusal.LOCKED) from problem
    except (pikepdf.PdfError, ValueError, RuntimeError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise Refused(Refusal.DAMAGED) from problem


def _check(document: pikepdf.Pdf) -> None:
    """What costs least first. The number of objects is what the document says: a liar meets the limit of time."""
    if document.is_encrypted:
        raise Refused(Refusal.LOCKED)
    if int(document.trailer.get("/Size", 0)) > MOST_OBJECTS:
        raise Refused(Refusal.HEAVY)
    pages = len(document.pages)
    if pages == 0:
        raise Refused(Refusal.DAMAGED)
    if pages > MOST_PAGES:
        raise Refused(Refusal.LONG)
    if _acts(document):
        raise Refused(Refusal.ACTIVE)


def _check_whole(document: pikepdf.Pdf) -> None:
    """What could not be unpacked within our limits would be missing from the copy: qpdf only warns of it."""
    warned = " ".join(map(str, document.get_warnings()))
    if any(sign in warned for sign in _OVER_LIMIT):
        raise Refused(Refusal.HEAVY)


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
    document.save(
        written,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    )
    return written.getvalue()
