"""The carrier by SMTP: TLS and a verified certificate, always; plain text on this machine's loopback only (settings).

The standard library's client, in the delivery's thread. No attempt lasts longer than `DEADLINE_SECONDS` in all, also
when the server answers a drop at a time: a lease (`data.outbox.LEASE`) never ends while its letter is under way.
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from urllib.parse import urlsplit

from portal.data.outbox import Parcel
from portal.mailing.delivery import Postponed, Refused, Unreachable
from portal.settings import Settings

PORTS = {"starttls": 587, "tls": 465, "none": 25}
SILENCE_SECONDS = 20.0
DEADLINE_SECONDS = 90.0
LETTERS_PER_CONNECTION = 100
PERMANENT = 500
CLOSING = 421
# « Authenticate first », « encryption required »… : said of us, not of the letter.
ABOUT_US = {CLOSING, 530, 534, 535, 538}
_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
FAILURES = (OSError, smtplib.SMTPException, ValueError)


class SmtpCarrier:
    """Keeps one connection as long as letters follow each other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context = ssl.create_default_context(cafile=settings.mail_ca_file)
        self._client: smtplib.SMTP | None = None
        self._carried = 0

    def carry(self, parcel: Parcel) -> None:
        """Sends one letter. Any failure ends the connection: the next letter starts afresh."""
        try:
            client = self._client or self._connected()
            with _judging(), _deadline(client):
                client.sendmail(self._settings.sender_email, [parcel.recipient], parcel.content.encode("ascii"))
        except BaseException:
            self.close()
            raise
        self._carried += 1
        if self._carried >= LETTERS_PER_CONNECTION:
            self.close()

    def close(self) -> None:
        """Says goodbye; a server that does not answer changes nothing."""
        client, self._client, self._carried = self._client, None, 0
        if client is not None:
            with suppress(*FAILURES), _deadline(client):
                client.quit()
            client.close()

    def _connected(self) -> smtplib.SMTP:
        client = self._client = self._new_client()
        try:
            with _deadline(client):
                self._open(client)
        except smtplib.SMTPResponseException as error:
            raise _turned_away(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPNotSupportedError:
            raise Unreachable("the server does not offer what PORTAL_MAIL_SECURITY or PORTAL_MAIL_USER ask") from None
        except FAILURES as error:
            raise Unreachable(f"no connection: {type(error).__name__}") from None
        return client

    def _new_client(self) -> smtplib.SMTP:
        ours = urlsplit(self._settings.origin).hostname
        if self._settings.mail_security == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(local_hostname=ours, timeout=SILENCE_SECONDS, context=self._context)
        else:
            client = smtplib.SMTP(local_hostname=ours, timeout=SILENCE_SECONDS)
        # The name that the certificate must prove. smtplib only knows it when its constructor connects, which would be
        # out of the deadline's reach.
        client._host = self._settings.mail_host  # type: ignore[attr-defined]  # noqa: SLF001
        return client

    def _open(self, client: smtplib.SMTP) -> None:
        settings = self._settings
        code, answer = client.connect(settings.mail_host, settings.mail_port or PORTS[settings.mail_security])
        if code != 220:
            raise smtplib.SMTPConnectError(code, answer)
        if settings.mail_security == "starttls":
            client.starttls(context=self._context)
        if settings.mail_password:
            client.login(settings.mail_user, settings.mail_password.get_secret_value())


@contextmanager
def _judging() -> Iterator[None]:
    """Whose fault it is that a letter did not leave: its own, its recipient's, or everybody's."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        raise _judged(*next(iter(error.recipients.values()))) from None
    except smtplib.SMTPSenderRefused as error:
        raise _turned_away(error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPResponseException as error:
        raise _judged(error.smtp_code, error.smtp_error) from None
    except FAILURES as error:
        raise Unreachable(f"the connection broke: {type(error).__name__}") from None


def _judged(code: int, answer: bytes | str) -> Exception:
    if code in ABOUT_US:
        return _turned_away(code, answer)
    return Refused(_told(code, answer)) if code >= PERMANENT else Postponed(_told(code, answer))


def _turned_away(code: int, answer: bytes | str) -> Unreachable:
    return Unreachable(f"the server turns us away: {_told(code, answer)}")


def _told(code: int, answer: bytes | str) -> str:
    """The codes alone: what a server adds in words often holds the address."""
    words = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    found = _ENHANCED_CODE.match(words)
    return f"{code} {found.group()}" if found else str(code)


@contextmanager
def _deadline(client: smtplib.SMTP) -> Iterator[None]:
    timer = Timer(DEADLINE_SECONDS, _cut, [client])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(client: smtplib.SMTP) -> None:
    if client.sock is not None:
        with suppress(OSError):
            # The plain socket's shutdown, also under TLS: the reading thread then sees the end of the stream.
            socket.socket.shutdown(client.sock, socket.SHUT_RDWR)
