"""The arithmetic of the evidence record (R-51): what is hashed, and how. Pure functions, no database.

A row's hash is SHA-256(0x00 ‖ canonical bytes), where the canonical bytes are the JSON array, without spaces and in
UTF-8, of the fields below in that order. The previous row's hash is one of them: that makes the chain.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

GENESIS = "0" * 64
HASHED_FIELDS = (
    "seq",
    "at",
    "actor",
    "acting_for",
    "session",
    "action",
    "object",
    "outcome",
    "reason",
    "commitment",
    "prev_hash",
)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def canonical_instant(at: datetime) -> str:
    """UTC, to the microsecond: `2026-01-31 12:00:00.000000`, the very text that SQLite stores."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def json_bytes(value: Any, order: Literal["sorted"] | None = None) -> bytes:
    """Compact JSON in UTF-8. A lone surrogate, which a hostile query can hold, becomes a question mark."""
    try:
        return msgspec.json.encode(value, order=order)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value)
        return json.dumps(plain, ensure_ascii=False, sort_keys=order == "sorted").encode("utf-8", "replace")


def row_hash(values: Sequence[Any]) -> str:
    """Hash of a row: its `HASHED_FIELDS`, `at` as canonical text. Raises TypeError or ValueError on foreign types."""
    return hashlib.sha256(b"\x00" + _encode(tuple(values)).encode()).hexdigest()


def commitment_of(salt: str, details: str) -> str:
    """What a row keeps of its details: the salt prevents guessing them back once they are erased."""
    return hashlib.sha256(f"{salt}{details}".encode()).hexdigest()
