"""Cleans the one file that comes on standard input; the verdict goes to standard output. Arguments: the kind of file,
and for PAGE which page, in how many dots an inch."""

import os
import resource
import sys
from collections.abc import Iterable
from importlib import import_module

from portal.cleaning.verdicts import Cleaned, FileKind, Refusal, Refused, packed

# What the heaviest honest files take: a photo of forty million pixels 0.3 GB and 2 s, a PDF 0.1 GB and 0.2 s.
MOST_MEMORY = 768_000_000
CPU_SECONDS = {FileKind.PDF: 5, FileKind.IMAGE: 8, FileKind.SHEET: 8, FileKind.CODES: 8, FileKind.PAGE: 8}
NICENESS = 10
MODULES = {
    FileKind.PDF: "portal.cleaning.pdf",
    FileKind.IMAGE: "portal.cleaning.images",
    FileKind.SHEET: "portal.cleaning.sheets",
    FileKind.CODES: "portal.cleaning.codes",
    FileKind.PAGE: "portal.cleaning.pages",
}


def main() -> None:
    """Says what to do with the file. The kernel ends this process at the limit of processor time (SIGXCPU)."""
    kind = FileKind(sys.argv[1])
    _limit(CPU_SECONDS[kind])
    sys.stdout.buffer.write(packed(_verdict(kind, sys.stdin.buffer.read(), map(int, sys.argv[2:]))))


def _limit(cpu_seconds: int) -> None:
    """No core file either: it would hold what the document says. Pages are served before files are cleaned."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)


def _verdict(kind: FileKind, content: bytes, options: Iterable[int]) -> Cleaned | Refusal:
    try:
        cleaned: Cleaned = import_module(MODULES[kind]).clean(content, *options)
    except Refused as refused:
        return refused.refusal
    except MemoryError:
        return Refusal.HEAVY
    return cleaned


if __name__ == "__main__":
    main()
