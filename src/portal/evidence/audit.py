"""Judging and extracting the evidence record (R-51): the chain with its checkpoints, one account's signed extract."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from portal.data.activity import account_object
from portal.data.columns import utc_now
from portal.data.evidence import Action, record
from portal.data.evidence_audit import Fault, Verdict, account_key, rows_of_account, verify_chain
from portal.data.evidence_chain import HASHED_FIELDS, canonical_instant, commitment_of, row_hash
from portal.data.statement_proofs import StatementsVerdict, check_statements
from portal.database import Database
from portal.evidence.checkpoints import (
    FILE,
    PUBLIC_KEY,
    Checkpoint,
    is_signed,
    public_key,
    read_checkpoints,
    sign,
    signing_key,
)
from portal.settings import Settings

FORMAT = "portal-evidence-extract-1"


class UnknownAccount(Exception):
    """No account has this identifier."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The verdict on the chain, how much of it checkpoints cover, and whether stored statements are those it issued."""

    verdict: Verdict
    checkpoints: int
    covered: int
    statements: StatementsVerdict


def audit(database: Database, settings: Settings, *, key: Path | None = None, checkpoints: Path | None = None) -> Audit:
    """Verifies the chain, its details, its checkpoints and the statements it issued. `key`, `checkpoints`: copies kept
    elsewhere, trusted more than the ones beside the portal. The verdict's fault is the first one. Raises OSError or
    `UnreadableKey`."""
    path = checkpoints or settings.checkpoints / FILE
    good, faults = _trusted(path, key or settings.checkpoints / PUBLIC_KEY, required=bool(key or checkpoints))
    with database.read_instant() as db:
        verdict = verify_chain(db, {checkpoint.seq: checkpoint.hash for checkpoint in good})
        statements = check_statements(db)
    faults += [statements.fault] if statements.fault else []
    faults += [verdict.fault] if verdict.fault else _gone(verdict, good, is_copy=checkpoints is not None)
    verdict.fault = min(faults, key=lambda fault: fault.seq, default=None)
    return Audit(verdict, len(good), good[-1].seq if good else 0, statements)


def extract(database: Database, settings: Settings, identifier: str) -> dict[str, Any]:
    """One account's rows, their details and neighbouring hashes, and the last checkpoint, signed. The extraction is
    itself recorded. Raises `UnknownAccount`."""
    with database.write() as db:
        account = account_key(db, identifier)
        if account is None:
            raise UnknownAccount(identifier)
        rows = rows_of_account(db, *account)
        record(db, None, Action.EVIDENCE_EXPORTED, object=account_object(account[0]))
    return signed_extract(settings, identifier, rows)


def signed_extract(settings: Settings, identifier: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows of the chain that concern an account, with the last checkpoint, signed."""
    key = signing_key(settings.checkpoints)
    good, _ = _trusted(settings.checkpoints / FILE, settings.checkpoints / PUBLIC_KEY, required=False)
    content = {
        "format": FORMAT,
        "origin": settings.origin,
        "account": identifier,
        "extracted_at": canonical_instant(utc_now()),
        "rows": rows,
        "checkpoint": asdict(good[-1]) if good else None,
    }
    return content | {"signature": sign(key, _signed_bytes(content))}


def extract_problem(content: Mapping[str, Any], key: Ed25519PublicKey) -> str:
    """What is wrong with an extract, in words, or nothing. Needs no database."""
    signature = content.get("signature")
    if content.get("format") != FORMAT or not isinstance(signature, str):
        return "this is not an extract of the evidence record"
    if not is_signed(key, signature, _signed_bytes(content)):
        return "the file was changed, or was not signed by this key"
    return _rows_problem(content["rows"]) or _checkpoint_problem(content["checkpoint"], content["rows"], key)


def _trusted(path: Path, key: Path, *, required: bool) -> tuple[list[Checkpoint], list[Fault]]:
    if not required and not path.exists():
        return [], []
    good, flaws = read_checkpoints(path, public_key(key))
    return good, [Fault(flaw.seq, f"line {flaw.line} of the checkpoint file {flaw.problem}") for flaw in flaws]


def _gone(verdict: Verdict, good: Sequence[Checkpoint], *, is_copy: bool) -> list[Fault]:
    """Checkpoints that the chain says were signed and that the file has no more; a copy may be behind."""
    held = {checkpoint.seq for checkpoint in good}
    reach = max(held, default=0) if is_copy else verdict.rows
    gone = sorted(seq for seq in verdict.noted - held if seq <= reach)
    return [Fault(seq, "was signed by a checkpoint that has left the checkpoint file") for seq in gone[:1]]


def _rows_problem(rows: Sequence[Mapping[str, Any]]) -> str:
    for row in rows:
        if row_hash([row[name] for name in HASHED_FIELDS]) != row["hash"]:
            return f"row {row['seq']} does not give its hash"
        if row["details"] is not None and commitment_of(row["salt"], row["details"]) != row["commitment"]:
            return f"row {row['seq']} has details that were changed"
    for row, following in pairwise(rows):
        if following["seq"] == row["seq"] + 1 and following["prev_hash"] != row["hash"]:
            return f"row {following['seq']} does not follow the row before it"
    return ""


def _checkpoint_problem(
    fields: Mapping[str, Any] | None, rows: Sequence[Mapping[str, Any]], key: Ed25519PublicKey
) -> str:
    if fields is None:
        return ""
    checkpoint = Checkpoint(**fields)
    if not checkpoint.is_signed_by(key):
        return "the checkpoint was not signed by this key"
    agrees = all(row["hash"] == checkpoint.hash for row in rows if row["seq"] == checkpoint.seq)
    return "" if agrees else f"row {checkpoint.seq} is not the one that the checkpoint signed"


def _signed_bytes(content: Mapping[str, Any]) -> bytes:
    unsigned = {name: value for name, value in content.items() if name != "signature"}
    return json.dumps(unsigned, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
