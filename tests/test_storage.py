"""Where people's files lie: sealed, safe before they are named, in a folder or in a bucket (issue of claims: files)."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from portal.attachments import remove_orphans
from portal.data.files import NewFile, keep_file
from portal.security import Keyring
from portal.settings import Settings
from portal.storage import FileLost, Storage, StorageFailed

CONTENT = b"une ordonnance, avec un nom dessus" * 50


@pytest.fixture(scope="module")
def bucket():
    """A server that speaks S3, with an empty bucket."""
    import boto3  # noqa: PLC0415  (slow to import, and needed here alone)

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="eu-west-3", aws_access_key_id="cle", aws_secret_access_key="secret"
    )
    client.create_bucket(Bucket="pieces", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    yield {"files_bucket": "pieces", "files_endpoint": endpoint}
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def stored(request, settings: Settings) -> Settings:
    if request.param == "folder":
        return settings
    secrets = {"files_access_key": SecretStr("cle"), "files_secret_key": SecretStr("secret")}
    return settings.model_copy(update=request.getfixturevalue("bucket") | secrets)


@pytest.fixture
def storage(stored) -> Storage:
    return Storage(stored, Keyring(stored))


def test_content_comes_back_as_it_was_kept(storage) -> None:
    names = [storage.keep(CONTENT), storage.keep(CONTENT), storage.keep(b"")]
    assert len(set(names)) == 3
    assert [storage.give(name) for name in names] == [CONTENT, CONTENT, b""]
    assert set(names) <= {name for name, _ in storage.names()}


def test_removed_content_is_lost_and_may_be_removed_again(storage) -> None:
    name = storage.keep(CONTENT)
    storage.remove(name)
    storage.remove(name)
    with pytest.raises(FileLost):
        storage.give(name)


def test_nobody_without_the_key_reads_or_guesses(storage, stored) -> None:
    name = storage.keep(CONTENT)
    stranger = Storage(stored, Keyring(stored.model_copy(update={"data_keys": [SecretStr("z" * 40)]})))
    with pytest.raises(FileLost):
        stranger.give(name)


def test_older_keys_open_what_they_sealed(storage, stored) -> None:
    name = storage.keep(CONTENT)
    rotated = stored.model_copy(update={"data_keys": [SecretStr("n" * 40), *stored.data_keys]})
    assert Storage(rotated, Keyring(rotated)).give(name) == CONTENT


def _path(settings: Settings, name: str) -> Path:
    return settings.files_folder / name[:2] / name


class TestFolder:
    @pytest.fixture
    def storage(self, settings) -> Storage:
        return Storage(settings, Keyring(settings))

    def test_nothing_legible_lies_on_the_disk(self, storage, settings) -> None:
        name = storage.keep(CONTENT)
        assert CONTENT[:20] not in _path(settings, name).read_bytes()
        assert settings.files_folder.stat().st_mode & 0o077 == 0

    def test_file_put_in_another_s_place_does_not_open(self, storage, settings) -> None:
        mine, theirs = storage.keep(b"le mien"), storage.keep(b"le leur")
        _path(settings, mine).write_bytes(_path(settings, theirs).read_bytes())
        with pytest.raises(FileLost):
            storage.give(mine)

    @pytest.mark.parametrize("damage", [lambda raw: raw[:-1], lambda raw: raw[:0], lambda raw: raw[::-1]])
    def test_damaged_file_is_lost_rather_than_wrong(self, storage, settings, damage) -> None:
        name = storage.keep(CONTENT)
        _path(settings, name).write_bytes(damage(_path(settings, name).read_bytes()))
        with pytest.raises(FileLost):
            storage.give(name)

    def test_disk_that_refuses_is_told(self, storage, monkeypatch) -> None:
        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageFailed):
            storage.keep(CONTENT)


def test_bucket_that_is_away_is_told(settings) -> None:
    away = settings.model_copy(
        update={
            "files_bucket": "pieces",
            "files_endpoint": "http://127.0.0.1:9",
            "files_access_key": SecretStr("cle"),
            "files_secret_key": SecretStr("secret"),
        }
    )
    with pytest.raises(StorageFailed):
        Storage(away, Keyring(away)).give("ab" * 24)


def test_job_removes_what_no_row_names_after_a_day(app, db) -> None:
    """An upload that failed between the storage and the database leaves nothing for good."""
    services = app.state.services
    kept, orphan = services.storage.keep(b"nomme"), services.storage.keep(b"orphelin")
    with services.database.write() as writing:
        keep_file(writing, None, NewFile("a.pdf", "application/pdf", 5, 1, "0" * 64, kept), datetime.now(UTC))
    assert remove_orphans(services, datetime.now(UTC)) == 0
    assert remove_orphans(services, datetime.now(UTC) + timedelta(hours=25)) == 1
    assert services.storage.give(kept) == b"nomme"
    with pytest.raises(FileLost):
        services.storage.give(orphan)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"files_bucket": "pieces"}, "FILES_SECRET_KEY"),
        ({"files_secret_key": "x"}, "FILES_SECRET_KEY"),
        ({"files_endpoint": "http://files.example"}, "FILES_ENDPOINT"),
    ],
)
def test_half_a_bucket_is_refused_by_name(settings, values, named, monkeypatch) -> None:
    from portal.settings import SettingsError, load_settings  # noqa: PLC0415

    keys = {"secret_keys": [SecretStr("x" * 40)], "data_keys": [SecretStr("y" * 40)]}
    with pytest.raises(SettingsError, match=named):
        load_settings(**keys, **values)
