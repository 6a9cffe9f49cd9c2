"""The demonstration's dated tables in a test's database: acts, tariffs, figures, guarantees, who falls under what."""

from pathlib import Path

from sqlmodel import Session, select

from portal.data.coverage import Product
from portal.database import Database
from portal.demo.reference import text
from portal.importing.registry import KINDS as READ
from portal.importing.run import Request, run_import
from portal.security import Keyring
from portal.settings import Settings

KINDS = ("parameters", "acts", "act-tariffs", "act-rules", "example-cares", "products", "guarantees")


def import_reference(database: Database, settings: Settings, folder: Path, kinds: tuple[str, ...] = KINDS) -> None:
    """Imports the tables as an operator would."""
    for kind in kinds:
        file = folder / f"{kind}.csv"
        file.write_text(text(kind), encoding="utf8")
        report = run_import(
            database, Keyring(settings), Request(READ[kind], file, folder / "rejects.csv", is_strict=True)
        )
        assert report.rejected == 0, (folder / "rejects.csv").read_text()


def product_id(db: Session, code: str = "EQUILIBRE") -> int:
    """The id of one of the demonstration's products."""
    return db.exec(select(Product.id).where(Product.code == code)).one() or 0
