"""All that the portal holds about an account in one ZIP: to read, to count, to hand to another insurer (R-70).

GDPR articles 15 and 20 in one act: `lisez-moi.html` and a PDF for people, CSV for spreadsheets, FHIR R4 and JSON for
programs. Written entry after entry into the file that is sent (`downloads.FileDownload`).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlmodel import Session

from portal.activity_files import HISTORY, csv_pieces, history_of
from portal.data.data_export import Part, export_of, minors_export
from portal.data.export_subjects import care_of, covers_of, person_of, subjects_of
from portal.data.own_account import Holder, holder_of
from portal.data.sessions import Viewer
from portal.documents import breakable, typeset
from portal.exported_tables import Section, csv_of, sections_of
from portal.fhir import Record, write_bundle
from portal.folding import fold
from portal.formatting import PARIS, day_in_france, local_time
from portal.web import Services

FORMAT = "portal-account-export-2"
PDF_SOURCE = "data-export.typ"
README, PAPER, JSON_NAME, BUNDLE = "lisez-moi.html", "mes-donnees.pdf", "mes-donnees.json", "fhir/bundle.json"
# A PDF is to be read, not searched: of a table, the newest rows, and where the others are.
PRINTED_ROWS = 60
LONGEST_RUN = 14


@dataclass(frozen=True, slots=True)
class Chapter:
    """What is held about one person, or about the account. `folder`: of its CSV. `history`: what was done and read, by
    whoever did it; a minor's is the minor's own."""

    title: str
    folder: str
    parts: Sequence[Part]
    history: Section | None = None

    @property
    def sections(self) -> list[Section]:
        return [*sections_of(self.parts), *([self.history] if self.history else [])]


def write_archive(
    services: Services, viewer: Viewer, now: datetime, file: IO[bytes], *, own_alone: bool = False
) -> None:
    """Writes the ZIP. Slow for old contracts: off the event loop. `own_alone`: nothing of the minors under the viewer's
    contracts, for whoever gets a copy after the viewer's death."""
    with services.database.read() as db, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        chapters = _chapters(db, services, viewer, day_in_france(now))
        chapters = chapters[:1] if own_alone else chapters
        said = _said(db, services, viewer, now, chapters)
        said["has_fhir"] = said["has_fhir"] and not own_alone
        readme = services.templates.get_template("archive/readme.html")
        archive.writestr(README, readme.render(said).encode())
        archive.writestr(PAPER, typeset(PDF_SOURCE, _pdf_data(said), now))
        for chapter in chapters:
            _write_csv(archive, chapter, now)
        _write_history(db, archive, viewer, now)
        archive.writestr(JSON_NAME, json_of(services, said["identifier"], now, chapters))
        if said["has_fhir"]:
            with archive.open(_entry(BUNDLE, now), "w") as entry:
                _write_fhir(db, services, viewer, now, entry)


def json_export(services: Services, viewer: Viewer, now: datetime, file: IO[bytes]) -> None:
    """Writes the JSON alone."""
    with services.database.read() as db:
        chapters = _chapters(db, services, viewer, day_in_france(now))
        file.write(json_of(services, holder_of(db, viewer).identifier, now, chapters))


def json_of(services: Services, identifier: str, now: datetime, chapters: Sequence[Chapter]) -> bytes:
    """The account's tables and history, then each minor's tables; dates and instants (UTC) in ISO 8601, amounts in
    cents."""
    own, *minors = chapters
    head = {"format": FORMAT, "insurer": services.settings.insurer_name, "account": identifier}
    content: dict[str, Any] = head | {"exported_at": now.isoformat(), "data": own.parts}
    content["history"] = _told(own.history) if own.history else []
    content["minors"] = [{"name": minor.title, "data": minor.parts} for minor in minors]
    return json.dumps(content, ensure_ascii=False, indent=1, default=lambda value: value.isoformat()).encode()


def _told(history: Section) -> list[dict[str, str]]:
    return [dict(zip(history.columns, row, strict=True)) for row in history.rows]


def _chapters(db: Session, services: Services, viewer: Viewer, today: date) -> list[Chapter]:
    title = "Vous et votre compte" if viewer.account_id else "Vous"
    parts = list(export_of(db, viewer, services.keyring, today))
    own = Chapter(title, "csv", parts, history_of(db, viewer))
    minors = minors_export(db, viewer, services.keyring, today)
    return [own, *(Chapter(name, f"csv/{_folder(name, at)}", parts) for at, (name, parts) in enumerate(minors, 1))]


def _folder(name: str, at: int) -> str:
    """A child's folder: first names may be the same, or unfit for a disk."""
    plain = "".join(char if char.isalnum() and char.isascii() else "-" for char in fold(name))
    return f"enfant-{at}-{plain.strip('-')}"[:60]


def _said(
    db: Session, services: Services, viewer: Viewer, now: datetime, chapters: Sequence[Chapter]
) -> dict[str, Any]:
    holder = holder_of(db, viewer)
    return {
        "title": "Vos données",
        "name": holder.name,
        "identifier": holder.identifier,
        "holder": _holder_words(holder),
        "at": local_time(now),
        "chapters": [(chapter.title, chapter.folder, chapter.sections) for chapter in chapters],
        "has_fhir": bool(subjects_of(db, viewer, day_in_france(now))),
        "insurer": services.settings.insurer,
    }


def _holder_words(holder: Holder) -> str:
    return f"{holder.name}, compte {holder.identifier}" if holder.identifier else holder.name


def _pdf_data(said: dict[str, Any]) -> dict[str, Any]:
    chapters = [
        {"title": title, "sections": [_printed(each, folder) for each in sections]}
        for title, folder, sections in said["chapters"]
    ]
    return {
        "title": said["title"],
        "subtitle": f"{said['holder']}, le {said['at']}",
        "reference": f"Données de {said['holder']}",
        "insurer": said["insurer"].model_dump(),
        "chapters": chapters,
    }


def _printed(section: Section, folder: str) -> dict[str, Any]:
    left = max(0, section.count - PRINTED_ROWS)
    rest = f"{left} lignes plus anciennes sont dans {folder}/{section.name}.csv." if left else ""
    rows = [[breakable(value, LONGEST_RUN) for value in row] for row in section.rows[-PRINTED_ROWS:]]
    cards = [[(label, breakable(value, 40)) for label, value in card] for card in section.cards[-PRINTED_ROWS:]]
    shown = replace(section, rows=rows, cards=cards)
    return asdict(shown) | {"rest": rest}


def _entry(name: str, now: datetime) -> ZipInfo:
    """An entry of today: without a day of its own, it would be of 1980."""
    info = ZipInfo(name, now.astimezone(PARIS).timetuple()[:6])
    info.compress_type = ZIP_DEFLATED
    return info


def _write_csv(archive: ZipFile, chapter: Chapter, now: datetime) -> None:
    for part in chapter.parts:
        if part["rows"]:
            with archive.open(_entry(f"{chapter.folder}/{part['table']}.csv", now), "w") as entry:
                for piece in csv_of(part):
                    entry.write(piece)


def _write_history(db: Session, archive: ZipFile, viewer: Viewer, now: datetime) -> None:
    with archive.open(_entry(f"csv/{HISTORY}.csv", now), "w") as entry:
        for piece in csv_pieces(db, viewer):
            entry.write(piece)


def _write_fhir(db: Session, services: Services, viewer: Viewer, now: datetime, file: IO[bytes]) -> None:
    settings = services.settings
    write_bundle(file, _records(db, services, viewer, day_in_france(now)), settings.insurer_name, settings.origin, now)


def _records(db: Session, services: Services, viewer: Viewer, today: date) -> Iterator[Record]:
    for subject in subjects_of(db, viewer, today):
        person = person_of(db, subject)
        nir = services.keyring.decrypt(person.nir_encrypted) if person.nir_encrypted else ""
        yield Record(person, nir, covers_of(db, subject), care_of(db, subject))
