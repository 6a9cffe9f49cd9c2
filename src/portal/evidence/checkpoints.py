"""Signed checkpoints of the evidence chain (R-51): without a copy outside the database, a chain can be rewritten whole.

`checkpoints.jsonl` grows by one line per checkpoint, Ed25519-signed. Each signature covers the digest of the line
before it, so no line can leave the middle; the chain itself records each checkpoint, so none can leave the end.
"""

import fcntl
import hashlib
import json
import os
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from portal.data.columns import utc_now
from portal.data.evidence import Action, Head, hash_at, head, record
from portal.data.evidence_chain import canonical_instant
from portal.database import Database
from portal.settings import Settings

FILE = "checkpoints.jsonl"
PRIVATE_KEY = "private.pem"
PUBLIC_KEY = "public.pem"
FIRST = "0" * 64


class CheckpointConflict(Exception):
    """The chain no longer holds what an earlier checkpoint signed; signing on would cover up a rewritten chain."""


class UnreadableKey(Exception):
    """The file holds no Ed25519 key, or the key that signed so far is not there."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain's row `seq` had this `hash` at `at` (UTC). `previous`: SHA-256 of the line before. Base64 signature."""

    origin: str
    seq: int
    hash: str
    at: str
    previous: str
    signature: str = ""

    @property
    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        return f"portal-checkpoint\n{self.origin}\n{self.seq}\n{self.hash}\n{self.at}\n{self.previous}\n".encode()

    @property
    def line(self) -> str:
        """The checkpoint as it stands in the file, without its line end."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is this key's."""
        return is_signed(key, self.signature, self.signed_bytes)


@dataclass(frozen=True, slots=True)
class Flaw:
    """A line of the checkpoint file that cannot be trusted. `seq`: the row it speaks of, 0 when that is unreadable."""

    line: int
    seq: int
    problem: str


def write_checkpoint(database: Database, settings: Settings) -> Checkpoint | None:
    """Signs the chain's head if it moved, appends it to the file, and notes it in the chain; None if it did not move.

    Raises `CheckpointConflict` when the chain contradicts the last checkpoint, OSError when the file cannot be written.
    """
    settings.checkpoints.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.checkpoints / FILE).open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        key = signing_key(settings.checkpoints)
        last_line, last = _last_of(file)
        current = _head_to_sign(database, last)
        if current is None:
            return None
        checkpoint = _signed(key, settings.origin, current, last_line)
        file.write(checkpoint.line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    with database.write() as db:
        record(db, None, Action.CHECKPOINT_SIGNED, object=str(checkpoint.seq))
    return checkpoint


def last_checkpoint(settings: Settings) -> Checkpoint | None:
    """The checkpoint that was signed last, not verified; None without a file of them."""
    path = settings.checkpoints / FILE
    lines = path.read_bytes().splitlines() if path.is_file() else []
    return parse_checkpoint(lines[-1]) if lines else None


def read_checkpoints(path: Path, key: Ed25519PublicKey) -> tuple[list[Checkpoint], list[Flaw]]:
    """The trustworthy checkpoints of a file, in order, and its flaws. Raises OSError when it cannot be read."""
    good: list[Checkpoint] = []
    flaws: list[Flaw] = []
    previous, reached = FIRST, 0
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        checkpoint = parse_checkpoint(line)
        problem = _problem(checkpoint, key, previous, reached)
        previous = hashlib.sha256(line).hexdigest()
        if checkpoint is None or problem:
            flaws.append(Flaw(number, checkpoint.seq if checkpoint else reached + 1, problem))
        else:
            good.append(checkpoint)
            reached = checkpoint.seq
    return good, flaws


def parse_checkpoint(line: bytes | str) -> Checkpoint | None:
    """The checkpoint of a line, or None when it is not one."""
    try:
        checkpoint = Checkpoint(**json.loads(line))
    except (ValueError, TypeError):
        return None
    texts = (checkpoint.origin, checkpoint.hash, checkpoint.at, checkpoint.previous, checkpoint.signature)
    whole = type(checkpoint.seq) is int and all(isinstance(text, str) for text in texts)
    return checkpoint if whole else None


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """The folder's private key (file mode 0600), created at first use with its public key beside it. Raises
    `UnreadableKey`: also when it is gone, for another one would make all that was signed worthless."""
    path = folder / PRIVATE_KEY
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create_key(folder)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise UnreadableKey(f"{path} is not an Ed25519 key")
    if not (folder / PUBLIC_KEY).exists():
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _write_whole(folder / PUBLIC_KEY, public, mode=0o644)
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """The public key of a PEM file; raises `UnreadableKey` or OSError."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except ValueError as error:
        raise UnreadableKey(f"{path} holds no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UnreadableKey(f"{path} is not an Ed25519 key")
    return key


def sign(key: Ed25519PrivateKey, content: bytes) -> str:
    """Base64 signature."""
    return b64encode(key.sign(content)).decode()


def is_signed(key: Ed25519PublicKey, signature: str, content: bytes) -> bool:
    """Whether the Base64 signature of the content is this key's."""
    try:
        key.verify(b64decode(signature, validate=True), content)
    except (InvalidSignature, Base64Error, ValueError):
        return False
    return True


def _last_of(file: BinaryIO) -> tuple[bytes, Checkpoint | None]:
    """The last whole line. One without its end is what a power cut left of a checkpoint nobody was told of."""
    file.seek(0)
    content = file.read()
    whole = content.rfind(b"\n") + 1
    file.truncate(whole)
    last = content[:whole].splitlines()[-1] if whole else b""
    checkpoint = parse_checkpoint(last)
    if last and checkpoint is None:
        raise CheckpointConflict("the checkpoint file's last line is unreadable")
    return last, checkpoint


def _head_to_sign(database: Database, last: Checkpoint | None) -> Head | None:
    with database.read() as db:
        current = head(db)
        if last is not None and hash_at(db, last.seq) != last.hash:
            raise CheckpointConflict(f"row {last.seq} is no longer the one that was signed at {last.at}")
    reached = last.seq if last else 0
    only_our_note = current.seq == reached + 1 and current.action == Action.CHECKPOINT_SIGNED
    return None if current.seq == reached or only_our_note else current


def _signed(key: Ed25519PrivateKey, origin: str, current: Head, last_line: bytes) -> Checkpoint:
    previous = hashlib.sha256(last_line).hexdigest() if last_line else FIRST
    bare = Checkpoint(origin, current.seq, current.hash, canonical_instant(utc_now()), previous)
    return Checkpoint(origin, bare.seq, bare.hash, bare.at, previous, sign(key, bare.signed_bytes))


def _problem(checkpoint: Checkpoint | None, key: Ed25519PublicKey, previous: str, reached: int) -> str:
    if checkpoint is None:
        return "is unreadable"
    if not checkpoint.is_signed_by(key):
        return "was not signed by this key"
    if checkpoint.previous != previous:
        return "does not follow the line before it: lines were removed or moved"
    return "" if checkpoint.seq > reached else "goes back in the chain"


def _create_key(folder: Path) -> None:
    signed = folder / FILE
    if (folder / PUBLIC_KEY).exists() or (signed.exists() and signed.stat().st_size):
        raise UnreadableKey(
            f"{folder / PRIVATE_KEY} is gone, and something was signed: put it back from its safe place"
        )
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write_whole(folder / PRIVATE_KEY, private, mode=0o600)


def _write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Under its final name only once it is whole and on the disk."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
