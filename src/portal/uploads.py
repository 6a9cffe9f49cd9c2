"""What people send as files: known by its content, cleaned, or refused with the reason in French (issue R-26, claims).

A name or a declared type proves nothing: the first bytes say what a file is. A process of its own (`portal.cleaning`)
draws images and writes documents anew, under limits of memory and time: nothing that was hidden behind or inside a file
is kept, and no file holds the portal up.
"""

import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from portal.cleaning.verdicts import MOST_PAGES, Cleaned, FileKind, MediaType, Refusal, unpacked

logger = logging.getLogger(__name__)

MEGABYTE = 1_000_000
MOST_FILES = 5
LARGEST_FILE = 10 * MEGABYTE
LARGEST_TOTAL = 25 * MEGABYTE
# A form with the largest files allowed, and what surrounds them.
LARGEST_FORM = LARGEST_TOTAL + MEGABYTE
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
HEAVY = {
    FileKind.PDF: (
        "Ce PDF est trop lourd à lire\u00a0: imprimez-le en PDF, ou photographiez les pages que nous demandons, "
        "puis envoyez-les."
    ),
    FileKind.IMAGE: "Cette image est trop lourde à lire\u00a0: photographiez le document à nouveau, puis envoyez-la.",
}
UNREAD = (
    "Nous n’avons pas pu lire ce fichier. Réessayez dans quelques minutes\u00a0; s’il est encore refusé, photographiez "
    "le document."
)
UNDRAWN = "Cette page ne peut pas être montrée ici\u00a0: téléchargez le document."
WORDS = {
    Refusal.DAMAGED: DAMAGED,
    Refusal.HUGE: HUGE,
    Refusal.LOCKED: LOCKED,
    Refusal.ACTIVE: ACTIVE,
    Refusal.LONG: LONG,
}
NO_PHOTO = "Ce fichier n’est pas une photo (JPEG, PNG ou HEIC). Photographiez la carte, ou saisissez son numéro."
LARGE_PHOTO = "Cette photo dépasse 10\u00a0Mo. Prenez-en une moins lourde, ou saisissez le numéro de la carte."
BLURRED = (
    "Aucun code carré n’est lisible sur cette photo. Photographiez-le de près, à plat et sans reflet, "
    "ou saisissez le numéro de la carte."
)
PHOTO_WORDS = {
    Refusal.DAMAGED: "Cette photo est endommagée\u00a0: reprenez-la, ou saisissez le numéro de la carte.",
    Refusal.HUGE: "Cette photo est trop grande. Prenez une photo ordinaire, ou saisissez le numéro de la carte.",
    Refusal.HEAVY: "Cette photo est trop lourde à lire\u00a0: reprenez-la, ou saisissez le numéro de la carte.",
}
SUFFIXES = {MediaType.PDF: ".pdf", MediaType.JPEG: ".jpg", MediaType.PNG: ".png", MediaType.CSV: ".csv"}

# Processor time has its own, lower limit (portal.cleaning): this one is for a machine that is too busy.
LONGEST_CLEANING = 30.0
COMMAND = (sys.executable, "-P", "-m", "portal.cleaning")
# What a system needs to start a program; neither our settings nor our keys.
_PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH")
_MEMORY = Path("/dev/shm")  # noqa: S108  (a folder of our own is made in it, for us alone)
_OURS = {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONNOUSERSITE": "1", "MALLOC_ARENA_MAX": "1"}
# A library that cannot have more memory ends its process by SIGABRT.
_STOPPED = frozenset({-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGABRT})


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
    """The file, made safe. Blocks for up to `LONGEST_CLEANING` seconds: call it off the event loop. Raises
    `FileRefused`."""
    if not content:
        raise FileRefused(EMPTY)
    if len(content) > LARGEST_FILE:
        raise FileRefused(TOO_LARGE)
    cleaned = _cleaned(_kind_of(content), content)
    return CleanFile(safe_stem(name) + SUFFIXES[cleaned.media_type], cleaned.media_type, cleaned.content, cleaned.pages)


def cleaned_sheet(content: bytes) -> Cleaned | Refusal:
    """A workbook's first sheet as CSV text, or why not. Blocks as `clean` does. Raises `FileRefused` when nothing could
    be said of it."""
    return _verdict(FileKind.SHEET, content)


def codes_in_photo(content: bytes) -> list[str]:
    """The texts of the square codes that a photo shows; nothing of it is kept. Blocks as `clean` does. Raises
    `FileRefused`."""
    if not content:
        raise FileRefused(EMPTY)
    if len(content) > LARGEST_FILE:
        raise FileRefused(LARGE_PHOTO)
    if not _is_image(content):
        raise FileRefused(NO_PHOTO)
    verdict = _verdict(FileKind.CODES, content)
    if isinstance(verdict, Cleaned):
        return verdict.content.decode().splitlines()
    raise FileRefused(PHOTO_WORDS.get(verdict, BLURRED))


def drawn_page(content: bytes, number: int, dots: int) -> bytes:
    """Page `number` of a PDF that we keep, as a JPEG at `dots` an inch, to be looked at. Blocks as `clean` does. Raises
    `FileRefused` when it cannot be drawn."""
    verdict = _verdict(FileKind.PAGE, content, str(number), str(dots))
    if isinstance(verdict, Cleaned):
        return verdict.content
    raise FileRefused(UNDRAWN)


_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}


def _kind_of(content: bytes) -> FileKind:
    if content.startswith(b"%PDF-"):
        return FileKind.PDF
    if _is_image(content):
        return FileKind.IMAGE
    raise FileRefused(UNKNOWN)


def _is_image(content: bytes) -> bool:
    return content.startswith(_IMAGES) or (content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS)


def _cleaned(kind: FileKind, content: bytes) -> Cleaned:
    verdict = _verdict(kind, content)
    if isinstance(verdict, Cleaned):
        return verdict
    raise FileRefused(WORDS.get(verdict) or HEAVY[kind])


def _verdict(kind: FileKind, content: bytes, *options: str) -> Cleaned | Refusal:
    """What the process says of the file. One that dies otherwise than by our limits is told in the log: without the
    file's name or content, and its owner may try again."""
    try:
        with tempfile.TemporaryDirectory(prefix="portal-", dir=_in_memory()) as folder:
            done = _run(kind, content, options, folder)
        if done.returncode in _STOPPED:
            return Refusal.HEAVY
        done.check_returncode()
        return unpacked(done.stdout)
    except subprocess.TimeoutExpired:
        return Refusal.HEAVY
    except (OSError, subprocess.CalledProcessError, ValueError) as problem:
        logger.error("a file could not be cleaned: %s", _told(problem))  # noqa: TRY400  (a trace would say no more)
        raise FileRefused(UNREAD) from problem


def _run(kind: FileKind, content: bytes, options: tuple[str, ...], folder: str) -> "subprocess.CompletedProcess[bytes]":
    """Starts without a fork of this process, whose threads (the storage's, the worker's) would not survive it."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return subprocess.run(  # noqa: S603  (our own program; the file is its input alone)
        [*COMMAND, kind, *options],
        input=content,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=kept | _OURS,
        timeout=LONGEST_CLEANING,
        check=False,
    )


def _in_memory() -> str | None:
    """Where the process works: in memory where the system offers it, since a document may lie there for a moment."""
    return str(_MEMORY) if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else None


def _told(problem: Exception) -> str:
    """What an operator is told: how the process ended, never what it read."""
    if isinstance(problem, subprocess.CalledProcessError):
        return f"its process ended with {problem.returncode}"
    return type(problem).__name__


_UNSAFE = re.compile(r"[^\w .()’'-]")


def safe_stem(name: str) -> str:
    """The name that its owner gave, to show and to save under: without folders, controls or its ending."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    stem = _UNSAFE.sub(" ", last.rpartition(".")[0] or last).strip(" .")
    return " ".join(stem.split())[:LONGEST_NAME].strip(" .") or "document"
