"""An account's activity as files: CSV in words, and JSON as the chain holds it, signed (R-51)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session

from portal.activity_kinds import KIND_LABELS
from portal.activity_words import SOMEBODY, STAFF, WORDS, sentence_of
from portal.data.activity import Act, all_acts, concerned_person
from portal.data.evidence import Action
from portal.data.evidence_audit import rows_of_account
from portal.data.own_account import own_account
from portal.data.sessions import Viewer
from portal.database import Database
from portal.entry.browsers import browser_name
from portal.evidence.audit import signed_extract
from portal.exported_tables import Section
from portal.formatting import PARIS
from portal.settings import Settings
from portal.spreadsheets import Column, Kind, csv_stream

OWN = "vous"


@dataclass(frozen=True, slots=True)
class _Line:
    at: str
    who: str
    kind: str
    sentence: str
    outcome: str
    address: str
    device: str
    number: int


HISTORY, TITLE = "historique", "Ce qui a été fait et consulté"
COLUMNS = (
    Column("Date et heure (Paris)", "at"),
    Column("Qui", "who"),
    Column("Nature", "kind"),
    Column("Quoi", "sentence"),
    Column("Résultat", "outcome"),
    Column("Adresse", "address"),
    Column("Appareil", "device"),
    Column("Numéro au registre", "number", Kind.COUNT),
)


def csv_pieces(db: Session, viewer: Viewer) -> Iterator[bytes]:
    """Every act in words, newest first."""
    return csv_stream((_line(act) for act in all_acts(db, viewer)), COLUMNS)


def history_of(db: Session, viewer: Viewer) -> Section:
    """Every act in words, the newest last, as a section of an export: when, who, what, with which outcome."""
    shown = ("at", "who", "sentence", "outcome", "address", "device")
    rows = [[getattr(line, name) for name in shown] for line in map(_line, all_acts(db, viewer))]
    titles = {column.attribute: column.title for column in COLUMNS}
    return Section(HISTORY, TITLE, [titles[name] for name in shown], rows[::-1], [], [])


def extract_bytes(database: Database, settings: Settings, viewer: Viewer) -> bytes:
    """The chain's rows that concern the viewer's account, signed; the details of others' acts stay theirs."""
    with database.read() as db:
        identifier = own_account(db, viewer).identifier
        rows = rows_of_account(db, viewer.account_id, concerned_person(viewer))
    theirs = {"details": None, "salt": None}
    mine = [row if row["actor"] == viewer.account_id else row | theirs for row in rows]
    return json.dumps(signed_extract(settings, identifier, mine), ensure_ascii=False, indent=1).encode()


def _line(act: Act) -> _Line:
    return _Line(
        at=act.at.astimezone(PARIS).strftime("%Y-%m-%d %H:%M:%S"),
        who=OWN if act.is_own else STAFF if act.by_staff else SOMEBODY,
        kind=KIND_LABELS[WORDS[Action(act.action)].kind],
        sentence=sentence_of(act),
        outcome="refusé" if act.is_refused else "fait",
        address=act.address,
        device=browser_name(act.browser) if act.browser else "",
        number=act.seq,
    )
