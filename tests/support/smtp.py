"""A real SMTP server for tests: with or without TLS and authentication, refusing, slow, or killing its client."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP as SMTP_POLICY
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.browser import free_port

HOST = "127.0.0.1"
USER, PASSWORD = "portail", "mot de passe SMTP"
TAKEN = "250 taken"


@dataclass
class Received:
    """What the server took: the envelope's recipients, the message's bytes, and whether TLS carried it."""

    recipients: list[str]
    content: bytes
    encrypted: bool

    @property
    def message_id(self) -> str:
        return str(message_from_bytes(self.content, policy=SMTP_POLICY)["Message-ID"]).strip()


@dataclass
class Handler:
    """Answers RCPT by `judge`, and DATA by `TAKEN` once the message is kept; `on_data` is told first."""

    received: list[Received] = field(default_factory=list)
    judge: Callable[[str], str] = lambda _: "250 OK"
    answer: Callable[[], str] = lambda: TAKEN
    on_data: Callable[[], None] = lambda: None

    # The library calls these by their names and positions.
    async def handle_RCPT(self, _: Any, __: Any, envelope: smtp.Envelope, address: str, ___: Any) -> str:  # noqa: N802
        verdict = self.judge(address)
        if verdict.startswith("250"):
            envelope.rcpt_tos.append(address)
        return verdict

    async def handle_DATA(self, _: Any, session: smtp.Session, envelope: smtp.Envelope) -> str:  # noqa: N802
        answer = self.answer()
        if answer == TAKEN:
            content = envelope.content
            assert isinstance(content, bytes)
            self.received.append(Received(list(envelope.rcpt_tos), content, session.ssl is not None))
        self.on_data()
        return answer


class QuietController(Controller):
    """Starts without greeting itself, and takes the protocol's options as they are."""

    def __init__(self, handler: Handler, port: int, implicit: ssl.SSLContext | None, **options: Any) -> None:
        self.options = options
        super().__init__(handler, hostname=HOST, port=port, ssl_context=implicit)

    def factory(self) -> smtp.SMTP:
        return smtp.SMTP(self.handler, enable_SMTPUTF8=False, hostname="smtp.test", **self.options)


@contextmanager
def smtp_server(handler: Handler, port: int | None = None, implicit: Any = None, **options: Any) -> Iterator[int]:
    """Runs a server; yields its port."""
    chosen = port or free_port()
    controller = QuietController(handler, chosen, implicit, **options)
    controller.start()
    try:
        yield chosen
    finally:
        controller.stop()


def authenticator(_: Any, _session: Any, _envelope: Any, mechanism: str, data: Any) -> smtp.AuthResult:
    """Knows one user; the server itself answers the others."""
    known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return smtp.AuthResult(success=known, handled=known)


def certificate(folder: Path, host: str = HOST) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for `host` (an address): its file, for clients to trust, and the server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smtp.test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "ca.pem", folder / "key.pem"
    trusted.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return trusted, context
