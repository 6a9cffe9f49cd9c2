"""Import files as the desk sends them: plain text as it is, the first sheet of a workbook as CSV. Nothing compressed
is opened here but workbooks, in the process that opens people's files, under its limits of memory and time."""

from portal.cleaning.verdicts import Cleaned, Refusal
from portal.uploads import EMPTY, FileRefused, cleaned_sheet

LARGEST = 40_000_000
ACCEPTED = ".csv,.txt,.jsonl,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

TOO_LARGE = "Ce fichier dépasse 40\u00a0Mo. Chargez-le sur le serveur, par la commande d’import."
COMPRESSED = "Ce fichier est compressé. Décompressez-le, puis envoyez le fichier CSV."
DAMAGED = "Ce classeur est endommagé\u00a0: nous ne pouvons pas l’ouvrir. Enregistrez-le à nouveau, puis envoyez-le."
_WORDS = {
    Refusal.LOCKED: "Ce classeur est protégé par un mot de passe. Enregistrez-le sans protection.",
    Refusal.LONG: "Ce classeur dépasse 50\u00a0000 lignes. Enregistrez la feuille au format CSV, puis envoyez-la.",
    Refusal.HUGE: "Ce classeur a trop de colonnes. Gardez celles du modèle.",
    Refusal.HEAVY: "Ce classeur est anormalement lourd à ouvrir. Enregistrez la feuille au format CSV.",
}
_ARCHIVE, _GZIP = b"PK\x03\x04", b"\x1f\x8b"


def plain_file(content: bytes) -> bytes:
    """What the import reads. Blocks for seconds at worst: call it off the event loop. Raises `FileRefused`."""
    if not content.strip():
        raise FileRefused(EMPTY)
    if len(content) > LARGEST:
        raise FileRefused(TOO_LARGE)
    if content.startswith(_GZIP):
        raise FileRefused(COMPRESSED)
    return _workbook(content) if content.startswith(_ARCHIVE) else content


def _workbook(content: bytes) -> bytes:
    verdict = cleaned_sheet(content)
    if isinstance(verdict, Cleaned):
        return verdict.content
    raise FileRefused(_WORDS.get(verdict, DAMAGED))
