from pathlib import Path

import pytest

from portal.database import Database
from portal.security import Keyring
from tests.importing.samples import Importer


@pytest.fixture
def importer(database: Database, keyring: Keyring, tmp_path: Path) -> Importer:
    return Importer(database, keyring, tmp_path)
