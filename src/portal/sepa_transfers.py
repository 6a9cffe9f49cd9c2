"""The bank's file of a run of transfers: SEPA credit transfers, ISO 20022 pain.001.001.09; and the bank's files of what
came back.

Only letters that every bank of the SEPA takes are written (EPC217-08): accents go, other signs become spaces.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from io import StringIO
from xml.etree import ElementTree as ET

from portal.data.payment_runs import Transfer
from portal.data.payments import Payer, PaymentRun

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
CURRENCY = "EUR"
LONGEST_NAME = 70
_SPELLED = str.maketrans({"’": "'", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"})
_REFUSED = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]+")
_CODE = re.compile(r"[A-Z0-9]{4}")
# A reason in the bank's own words: what ISO 20022 calls a narrative.
NARRATIVE = "NARR"
_COLUMNS = ("reference", "returned_on", "code")


@dataclass(frozen=True, slots=True)
class Sent:
    """A transfer that the bank sent back. `reference`: the payment's; empty where the bank refused a whole file, which
    `message` then names (`payment_jobs.each_transfer`). `account`: the IBAN that it came back to, where it is told."""

    reference: str
    returned_on: date
    code: str
    message: str = ""
    account: str = ""


class UnreadableReturns(Exception):
    """The file of returns is none that we know."""


def transfers_file(run: PaymentRun, payer: Payer, transfers: Sequence[Transfer]) -> bytes:
    """The file of a closed run, as bytes: the same for the same run and payer."""
    document = ET.Element("Document", {"xmlns": NAMESPACE})
    start = ET.SubElement(document, "CstmrCdtTrfInitn")
    totals = {"NbOfTxs": str(len(transfers)), "CtrlSum": _euros(sum(one.amount_cents for one in transfers))}
    created = (run.closed_at or run.opened_at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    header = _with(start, "GrpHdr", {"MsgId": run.message, "CreDtTm": created} | totals)
    _with(header, "InitgPty", {"Nm": plain(payer.name)})
    batch = _with(start, "PmtInf", {"PmtInfId": run.message, "PmtMtd": "TRF", "BtchBookg": "true"} | totals)
    _with(ET.SubElement(batch, "PmtTpInf"), "SvcLvl", {"Cd": "SEPA"})
    _with(batch, "ReqdExctnDt", {"Dt": (run.executes_on or run.day).isoformat()})
    _with(batch, "Dbtr", {"Nm": plain(payer.name)})
    _account(batch, "DbtrAcct", payer.iban)
    _bank(ET.SubElement(ET.SubElement(batch, "DbtrAgt"), "FinInstnId"), payer.bic)
    ET.SubElement(batch, "ChrgBr").text = "SLEV"
    for transfer in transfers:
        _transfer(batch, transfer)
    content: str = ET.tostring(document, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{content}\n'.encode()


def plain(text: str) -> str:
    """Text in the letters that every bank takes, 70 at most."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(_REFUSED.sub(" ", letters).split())[:LONGEST_NAME].strip() or "X"


def read_returns(content: bytes) -> list[Sent]:
    """The returns that a bank's file tells of: CSV (`reference;returned_on;code`), or ISO 20022 camt.054 or pain.002.
    Raises `UnreadableReturns`."""
    try:
        text = content.decode("utf-8-sig")
        found = list(_from_xml(text) if text.lstrip().startswith("<") else _from_csv(text))
    except (UnicodeDecodeError, ValueError, KeyError, ET.ParseError, csv.Error) as problem:
        raise UnreadableReturns(str(problem)) from problem
    if not found:
        raise UnreadableReturns("it tells of no return")
    return found


def _transfer(batch: ET.Element, transfer: Transfer) -> None:
    one = ET.SubElement(batch, "CdtTrfTxInf")
    _with(one, "PmtId", {"EndToEndId": transfer.reference})
    amount = ET.SubElement(ET.SubElement(one, "Amt"), "InstdAmt", {"Ccy": CURRENCY})
    amount.text = _euros(transfer.amount_cents)
    _with(one, "Cdtr", {"Nm": plain(transfer.holder)})
    _account(one, "CdtrAcct", transfer.iban)
    _with(one, "RmtInf", {"Ustrd": f"Remboursement {transfer.reference}"})


def _account(parent: ET.Element, name: str, iban: str) -> None:
    _with(ET.SubElement(parent, name), "Id", {"IBAN": iban})


def _bank(parent: ET.Element, bic: str) -> None:
    """A bank by its BIC; one that is not told is found by the IBAN."""
    if bic:
        ET.SubElement(parent, "BICFI").text = bic
    else:
        _with(parent, "Othr", {"Id": "NOTPROVIDED"})


def _with(parent: ET.Element, name: str, texts: dict[str, str]) -> ET.Element:
    element = ET.SubElement(parent, name)
    for child, text in texts.items():
        ET.SubElement(element, child).text = text
    return element


def _euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _from_csv(text: str) -> Iterator[Sent]:
    rows = csv.DictReader(StringIO(text), delimiter=";")
    if tuple(rows.fieldnames or ()) != _COLUMNS:
        raise ValueError(f"its columns are not {';'.join(_COLUMNS)}")
    for row in rows:
        yield _sent(row["reference"], row["returned_on"], row["code"])


def _from_xml(text: str) -> Iterator[Sent]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("a document type is declared")
    root = ET.fromstring(text)  # noqa: S314  (our bank's file, and nothing that expands is let through)
    for notice in root.iter():
        yield from _sent_back(notice)
    day = (root.findtext(".//{*}GrpHdr/{*}CreDtTm") or "")[:10]
    yield from _refused(root, day)


def _sent_back(notice: ET.Element) -> Iterator[Sent]:
    """The returns that a notification of a camt.054 tells of, all of one account; none for any other element."""
    account = "".join((notice.findtext("{*}Acct/{*}Id/{*}IBAN") or "").split())
    for entry in notice.iterfind("{*}Ntry"):
        for told in entry.iterfind(".//{*}TxDtls"):
            # What leaves the account for something else may have no name; ours always have one.
            reference, code = told.findtext(".//{*}EndToEndId"), _reason(told.find(".//{*}RtrInf"))
            if reference and code:
                yield replace(_sent(reference, _booked_on(entry), code), account=account)


def _booked_on(entry: ET.Element) -> str:
    day = entry.findtext(".//{*}BookgDt/{*}Dt") or entry.findtext(".//{*}BookgDt/{*}DtTm")
    return (day or "")[:10]


def _refused(root: ET.Element, day: str) -> Iterator[Sent]:
    """What a pain.002 refuses: transfers, which may have a reason of their own, then whole files."""
    group = root.find(".//{*}OrgnlGrpInfAndSts")
    all_batches = root.findall(".//{*}OrgnlPmtInfAndSts")
    for batch in all_batches:
        for told in batch.iterfind("{*}TxInfAndSts"):
            if told.findtext("{*}TxSts") == "RJCT":
                code = next(filter(None, map(_stated, (told, batch, group))), None)
                yield _sent(told.findtext("{*}OrgnlEndToEndId"), day, code)
    for batch in all_batches:
        if batch.findtext("{*}PmtInfSts") == "RJCT":
            yield _whole(batch.findtext("{*}OrgnlPmtInfId"), day, _stated(batch) or _stated(group))
    if group is not None and group.findtext("{*}GrpSts") == "RJCT":
        yield _whole(group.findtext("{*}OrgnlMsgId"), day, _stated(group))


def _stated(status: ET.Element | None) -> str | None:
    return _reason(status.find("{*}StsRsnInf")) if status is not None else None


def _reason(told: ET.Element | None) -> str | None:
    """A code of ISO 20022, or what the bank has in its place."""
    if told is None:
        return None
    own = told.findtext("{*}Rsn/{*}Prtry")
    code = told.findtext("{*}Rsn/{*}Cd") or own
    return code if own is None or _CODE.fullmatch(code or "") else NARRATIVE


def _sent(reference: str | None, day: str, code: str | None) -> Sent:
    if not reference or _CODE.fullmatch(code or "") is None:
        raise ValueError("a return without its reference, or its code like AC04")
    return Sent(reference.strip(), date.fromisoformat(day), code or "")


def _whole(message: str | None, day: str, code: str | None) -> Sent:
    """A file is refused for what is wrong with it: without a reason, its transfers leave again."""
    if not message:
        raise ValueError("a file is refused, and not which")
    return replace(_sent("x", day, code or NARRATIVE), reference="", message=message.strip())
