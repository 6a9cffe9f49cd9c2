"""Letters: one template each, rendered as text and HTML, put into the outbox with the change that they tell about.

Nothing is sent here. A rolled-back transaction sends nothing; a committed one wakes this process's delivery.
"""

import logging
import re
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from jinja2 import Environment
from sqlalchemy import event
from sqlmodel import Session

from portal.data.accounts import Space
from portal.data.columns import utc_now
from portal.data.credentials import space_of
from portal.data.deaths import is_account_of_dead
from portal.data.outbox import add_letter, add_unsendable
from portal.security import Keyring
from portal.settings import Settings

LONGEST_SUBJECT = 200
_BLANKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_SPARE_LINES = re.compile(r"\n{3,}")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wording:
    """What a letter says, in both of its forms."""

    subject: str
    text: str
    html: str


class Mail:
    """Writes letters. `posted` is set whenever a transaction that wrote one was committed by this process."""

    def __init__(self, settings: Settings, keyring: Keyring, pages: Environment) -> None:
        self._settings = settings
        self._keyring = keyring
        self._html = pages
        self._text = pages.overlay(autoescape=False)
        self._text.filters["one_line"] = _one_line
        self.posted = threading.Event()

    def post(self, db: Session, letter: str, to: str, *, account_id: int | None = None, **context: Any) -> None:
        """Puts the letter `templates/emails/<letter>.html` into the outbox, in the caller's writing transaction.

        `context` may hold secrets: the outbox is encrypted, and forgets the letter once it has left. An address that
        no message can hold raises nothing, so that the answer tells nobody: the letter is kept as refused, and logged.
        Nothing is written to the account of somebody who died: whoever reads that mailbox is somebody else.
        """
        if account_id is not None and is_account_of_dead(db, account_id):
            return
        now = utc_now()
        sender = sender_of(self._settings)
        message_id = f"<{now:%Y%m%dT%H%M%S}-{secrets.token_hex(12)}@{sender.domain}>"
        recipient = _address(to)
        kept: dict[str, Any] = {"message_id": message_id, "kind": letter, "account_id": account_id, "now": now}
        if recipient is None:
            logger.error("letter %s cannot be sent: its address is unusable", letter)
            add_unsendable(db, **kept)
            return
        context = self._at_the_desk(context) if self._is_for_the_desk(db, account_id) else context
        message = _message(self.wording(letter, context), sender, recipient, message_id, now)
        add_letter(db, self._keyring, recipient=recipient.addr_spec, content=message.as_bytes().decode("ascii"), **kept)
        event.listen(db, "after_commit", lambda _: self.posted.set(), once=True)

    def _is_for_the_desk(self, db: Session, account_id: int | None) -> bool:
        return bool(self._settings.desk_host) and account_id is not None and space_of(db, account_id) == Space.DESK

    def _at_the_desk(self, context: dict[str, Any]) -> dict[str, Any]:
        """The same words with links under the desk's own name, where alone its accounts exist."""
        ours, theirs = f"{self._settings.origin}/", f"{self._settings.desk_origin}/"
        moved = {
            name: theirs + value.removeprefix(ours)
            for name, value in context.items()
            if isinstance(value, str) and value.startswith(ours)
        }
        return context | moved | {"origin": self._settings.desk_origin}

    def wording(self, letter: str, context: dict[str, Any]) -> Wording:
        """The letter's subject, text and HTML."""
        known = {"origin": self._settings.origin} | context
        template = self._text.get_template(f"emails/{letter}.html")
        text = {"form": "emails/form.txt", "blocks": "emails/blocks.txt"} | known
        subject = _one_line("".join(template.blocks["subject"](template.new_context(text))))
        html = {"form": "emails/form.html", "blocks": "emails/blocks.html", "subject": subject} | known
        return Wording(
            subject[:LONGEST_SUBJECT],
            _tidy(template.render(text)),
            self._html.get_template(f"emails/{letter}.html").render(html),
        )


def sender_of(settings: Settings) -> Address:
    """The sender of every letter: the insurer's name at the address of the settings."""
    local, _, domain = settings.sender_email.rpartition("@")
    return Address(settings.insurer_name, local, domain)


def _address(text: str) -> Address | None:
    local, _, domain = text.strip().rpartition("@")
    try:
        address = Address(username=local, domain=domain.encode("idna").decode())
    except (ValueError, UnicodeError):
        return None
    usable = local and domain and text.isprintable() and local.isascii() and not set(" <>") & set(text.strip())
    return address if usable else None


def _message(words: Wording, sender: Address, recipient: Address, message_id: str, now: datetime) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = words.subject
    message["Date"] = now
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(words.text, cte="quoted-printable")
    message.add_alternative(words.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = "fr"  # last: the content's own headers move into its parts
    return message


def _one_line(value: object) -> str:
    return _BLANKS.sub(" ", str(value)).strip()


def _tidy(text: str) -> str:
    """One empty line between blocks, whatever the letter's source looks like."""
    return _SPARE_LINES.sub("\n\n", "\n".join(line.rstrip(" ") for line in text.splitlines())).strip() + "\n"
