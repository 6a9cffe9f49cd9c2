"""Files of employees as payroll programs export them: CSV in any of their encodings, XLSX; which column says what.

Whatever comes is written anew as one plain CSV: UTF-8, `;`, the title row first. The rest of the portal reads that.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from portal.cleaning.verdicts import MOST_SHEET_ROWS, Cleaned, Refusal
from portal.folding import fold
from portal.uploads import EMPTY, FileRefused, cleaned_sheet

LARGEST_SHEET = 12_000_000
MOST_COLUMNS = 200
ACCEPTED = ".csv,.txt,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# In the order of the template (domain 3.5): the title, what a page calls it, other titles that payrolls give.
FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "action": ("Action (A, M ou R)", ("mouvement", "type", "operation", "code action")),
    "matricule": ("Matricule", ("numero salarie", "n salarie", "id salarie", "matricule salarie", "mat")),
    "nir": (
        "Numéro de sécurité sociale",
        ("numero de securite sociale", "n ss", "nss", "numero ss", "securite sociale"),
    ),
    "nom": ("Nom de naissance", ("nom de naissance", "nom de famille", "nom naissance")),
    "nom_usage": ("Nom d’usage", ("nom d usage", "nom marital", "nom usuel")),
    "prenom": ("Prénom", ("prenoms", "1er prenom")),
    "date_naissance": ("Date de naissance", ("ne le", "naissance", "date naissance", "date de naissance")),
    "email": ("E-mail", ("courriel", "e mail", "mail", "adresse e mail", "adresse mail", "adresse electronique")),
    "categorie": ("Catégorie", ("college", "code population", "population", "statut", "categorie de personnel")),
    "date_effet": ("Date d’effet", ("effet", "date d effet", "date entree", "date d entree", "date d affiliation")),
    "option": ("Option", ("code option", "formule")),
    "regime": ("Régime", ("regime obligatoire", "regime local")),
    "date_sortie": ("Date de sortie", ("date de sortie", "sortie", "date de depart", "fin de contrat")),
    "motif_sortie": ("Motif de sortie", ("motif de sortie", "motif", "motif de depart", "motif de rupture")),
    "dispense_code": ("Code de dispense", ("dispense", "code dispense", "code de dispense", "motif de dispense")),
}
REQUIRED = ("action",)

NOT_A_SHEET = (
    "Ce fichier n’est pas un tableau que nous savons lire. Enregistrez-le au format CSV ou XLSX, puis envoyez-le."
)
OLD_WORKBOOK = (
    "Ce fichier est dans l’ancien format d’Excel, ou protégé. Enregistrez-le au format XLSX sans mot de passe."
)
TOO_LARGE = "Ce fichier dépasse 12\u00a0Mo. Répartissez les salariés dans plusieurs fichiers."
TOO_MANY_ROWS = (
    "Ce fichier dépasse 50\u00a0000 lignes. Supprimez les lignes vides, ou répartissez les salariés dans plusieurs "
    "fichiers."
)
DAMAGED = "Ce fichier est endommagé\u00a0: nous ne pouvons pas l’ouvrir. Exportez-le à nouveau, puis envoyez-le."
HEAVY = "Ce fichier est anormalement lourd à ouvrir. Copiez le tableau dans un nouveau classeur, puis envoyez-le."
HUGE_CELL = "Une case de ce fichier est démesurée. Vérifiez que les guillemets sont fermés, puis exportez-le à nouveau."
CLOSE_QUOTES = "Fermez-les, ou exportez le fichier à nouveau."
NO_ROWS = "Ce fichier n’a aucune ligne sous ses titres. Ajoutez vos salariés sous la première ligne."
WIDE = f"Ce fichier a plus de {MOST_COLUMNS} colonnes. Gardez celles du modèle."
_WORDS = {
    Refusal.LOCKED: OLD_WORKBOOK,
    Refusal.LONG: TOO_MANY_ROWS,
    Refusal.HUGE: WIDE,
    Refusal.HEAVY: HEAVY,
    Refusal.DAMAGED: DAMAGED,
}
_ARCHIVE, _OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
# Pages, programs' data and documents, which are text as well.
_OTHER_TEXTS = ("<", "{", "[", "%PDF-", "%!PS")
_SEPARATORS = ";\t,|"
_SAID_SEPARATOR = re.compile(r"sep=([;\t,|])\r?\n?")


def plain_sheet(content: bytes) -> bytes:
    """A file as plain CSV. Blocks for seconds at worst: call it off the event loop. Raises `FileRefused`."""
    if not content.strip():
        raise FileRefused(EMPTY)
    if len(content) > LARGEST_SHEET:
        raise FileRefused(TOO_LARGE)
    if content.startswith(_OLD_WORKBOOK):
        raise FileRefused(OLD_WORKBOOK)
    if content.startswith(_ARCHIVE):
        return _written_anew(csv.reader(io.StringIO(_workbook(content), newline=""), delimiter=";"))
    text, delimiter = _text(content)
    return _written_anew(_closed(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), delimiter))


def rows_of(sheet: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows of a plain sheet that say something, with their numbers in the file (the titles have 1)."""
    for line, cells in enumerate(csv.reader(io.StringIO(sheet.decode()), delimiter=";"), start=1):
        if any(cells):
            yield line, cells


def titles_of(sheet: bytes) -> list[str]:
    """The titles of a plain sheet's columns."""
    return next(rows_of(sheet))[1]


def guessed(titles: Sequence[str], remembered: Mapping[str, str]) -> dict[str, int]:
    """Which column holds which field, by the titles that the company chose last time, else by what they say."""
    found = {field: titles.index(title) for field, title in remembered.items() if field in FIELDS and title in titles}
    bare = [_bare(title) for title in titles]
    for field, (label, others) in FIELDS.items():
        for name in (_bare(field), _bare(label), *others):
            if field not in found and name in bare and bare.index(name) not in found.values():
                found[field] = bare.index(name)
    return found


def _workbook(content: bytes) -> str:
    verdict = cleaned_sheet(content)
    if isinstance(verdict, Cleaned):
        return verdict.content.decode()
    raise FileRefused(_WORDS.get(verdict, DAMAGED))


def _text(content: bytes) -> tuple[str, str]:
    """Each line is read as UTF-8, or as Windows writes French: pasted files hold both."""
    if content.startswith(_WIDE_MARKS):
        text = content.decode("utf-16", errors="replace")
    else:
        lines = content.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
        text = "".join(map(_line, lines[: 2 * MOST_SHEET_ROWS]))
    text = text.lstrip("\ufeff").rstrip("\x1a")
    if "\x00" in text or text.lstrip().startswith(_OTHER_TEXTS):
        raise FileRefused(NOT_A_SHEET)
    said = _SAID_SEPARATOR.match(text)
    if said:  # as Excel writes it, above the titles; rows keep their numbers
        return "\n" + text[said.end() :], said.group(1)
    first = next(iter(text.lstrip().splitlines()), "")
    return text, max(_SEPARATORS, key=first.count)


def _line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def _closed(rows: Iterator[list[str]], delimiter: str) -> Iterator[list[str]]:
    """The rows of a text, none of which has swallowed those that follow it. Raises `FileRefused`."""
    for line, cells in enumerate(rows, start=1):
        if any("\n" in cell and delimiter in cell for cell in cells):
            raise FileRefused(f"Sur la ligne {line}, des guillemets ne sont pas fermés. {CLOSE_QUOTES}")
        yield cells


def _written_anew(rows: Iterator[list[str]]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\n")
    said = 0
    try:
        for line, cells in enumerate(rows):
            if line > MOST_SHEET_ROWS:
                raise FileRefused(TOO_MANY_ROWS)
            trimmed = [" ".join(cell.split()) for cell in cells]
            while trimmed and not trimmed[-1]:
                trimmed.pop()
            if len(trimmed) > MOST_COLUMNS:
                raise FileRefused(WIDE)
            said += bool(trimmed)
            writer.writerow(trimmed or [""])
    except csv.Error as problem:
        raise FileRefused(HUGE_CELL) from problem
    if said < 2:
        raise FileRefused(NO_ROWS)
    return written.getvalue().encode()


def _bare(title: str) -> str:
    return " ".join("".join(sign if sign.isalnum() else " " for sign in fold(title)).split())
