"""Letters as files: whole, private, named by their Message-ID, and the same file when carried again."""

import stat

import pytest

from portal.data.outbox import claim_letter
from portal.mailing.delivery import Delivery, Unreachable
from portal.mailing.folder import FolderCarrier, file_name, filed_letter, filed_letters
from tests.mail.conftest import SECRET


@pytest.fixture
def folder(settings):
    return settings.mail_folder


def first_parcel(services, clock):
    with services.database.write() as db:
        return claim_letter(db, services.keyring, "one", clock())


def test_letter_becomes_a_file_that_only_its_owner_reads(services, post, clock, folder) -> None:
    post()
    Delivery(services.database, services.keyring, FolderCarrier(folder), clock).send_due()
    (letter,) = filed_letters(folder)
    assert (letter.to, letter.subject, SECRET in letter.text) == ("claire@exemple.example", "Bienvenue Claire", True)
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_letter_carried_again_after_a_crash_is_the_same_file(services, post, clock, folder) -> None:
    post()
    parcel = first_parcel(services, clock)
    FolderCarrier(folder).carry(parcel)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    FolderCarrier(folder).carry(parcel)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(before) == [file_name(parcel.message_id) + ".eml"]


def test_half_written_file_of_a_crash_is_no_letter_and_gives_way(services, post, clock, folder) -> None:
    post()
    parcel = first_parcel(services, clock)
    folder.mkdir(parents=True)
    (folder / f"{file_name(parcel.message_id)}.partial").write_bytes(b"Subject: hal")
    assert filed_letters(folder) == []
    FolderCarrier(folder).carry(parcel)
    assert [path.suffix for path in folder.iterdir()] == [".eml"]


def test_folder_that_cannot_be_written_keeps_letters_waiting(services, post, clock, folder) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file stands where the folder should be")
    post()
    with pytest.raises(Unreachable, match="mail folder"):
        FolderCarrier(folder).carry(first_parcel(services, clock))


def test_letters_are_listed_newest_first(services, post, clock, folder, monkeypatch) -> None:
    for day in (3, 1, 2):
        instant = clock.now.replace(year=2026, month=3, day=day)
        monkeypatch.setattr("portal.mailing.mail.utc_now", lambda instant=instant: instant)
        post(name=f"du {day} mars")
    Delivery(services.database, services.keyring, FolderCarrier(folder), clock).send_due()
    assert [letter.subject for letter in filed_letters(folder)] == [f"Bienvenue du {day} mars" for day in (3, 2, 1)]
    assert len(filed_letters(folder, most=2)) == 2


@pytest.mark.parametrize(
    "name", ["../portal", "", "a" * 40, "20260301T120000-" + "0" * 24, "20260301T120000-" + "0" * 24 + "/.."]
)
def test_name_that_no_letter_has_finds_nothing(folder, name) -> None:
    assert filed_letter(folder, name) is None
