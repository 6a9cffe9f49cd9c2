"""Letters by SMTP, to a real server: encrypted or not at all, and every way a server may behave (A15, R8)."""

import smtplib
import socket
import threading
import time
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from portal.data.outbox import MailState, list_letters
from portal.mailing import smtp
from portal.mailing.delivery import Delivery
from portal.mailing.smtp import SmtpCarrier
from tests.mail.conftest import SECRET
from tests.support.browser import free_port
from tests.support.mail import opened
from tests.support.smtp import HOST, PASSWORD, USER, Handler, authenticator, certificate, smtp_server

WHO = "claire@exemple.example"


@pytest.fixture
def deliver(services, settings, clock):
    """Sends what is due to the server of these settings; whether it could be reached."""

    def send(port: int, **options) -> bool:
        chosen = settings.model_copy(update={"mail_host": HOST, "mail_port": port, "mail_security": "none"} | options)
        return Delivery(services.database, services.keyring, SmtpCarrier(chosen), clock).send_due()

    return send


@pytest.fixture
def tls(tmp_path):
    """A file that makes clients trust the server, and the server's context."""
    return certificate(tmp_path)


def state(services) -> tuple[MailState, str]:
    with services.database.read() as db:
        (row,) = list_letters(db)
    return row.state, row.reason


def login():
    return {"mail_user": USER, "mail_password": SecretStr(PASSWORD)}


# --- encrypted, or not at all ---


def test_letter_leaves_by_starttls_with_a_user_and_a_verified_certificate(services, post, deliver, tls) -> None:
    trusted, context = tls
    post()
    handler = Handler()
    with smtp_server(
        handler, tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticator
    ) as port:
        assert deliver(port, mail_security="starttls", mail_ca_file=trusted, **login())
    (received,) = handler.received
    assert (received.recipients, received.encrypted) == ([WHO], True)
    assert SECRET in opened("trial", received.content).text
    assert state(services) == (MailState.SENT, "")


def test_letter_leaves_by_implicit_tls(services, post, deliver, tls) -> None:
    trusted, context = tls
    post()
    handler = Handler()
    with smtp_server(handler, implicit=context, authenticator=authenticator, auth_require_tls=False) as port:
        assert deliver(port, mail_security="tls", mail_ca_file=trusted, **login())
    assert [received.recipients for received in handler.received] == [[WHO]]


def test_server_without_starttls_gets_nothing_and_the_letter_stays_queued(services, post, deliver, caplog) -> None:
    """A15: neither the password of the server nor a word of the letter goes out in clear."""
    post()
    handler = Handler()
    with smtp_server(handler, authenticator=authenticator, auth_require_tls=False) as port:
        assert not deliver(port, mail_security="starttls", **login())
    assert handler.received == []
    assert state(services)[0] is MailState.WAITING
    assert "PORTAL_MAIL_SECURITY" in caplog.text


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_server_whose_certificate_nobody_vouches_for_gets_nothing(services, post, deliver, tls, security) -> None:
    _, context = tls
    post()
    handler = Handler()
    options = {"tls_context": context} if security == "starttls" else {"implicit": context}
    with smtp_server(handler, **options) as port:
        assert not deliver(port, mail_security=security)
    assert (handler.received, state(services)[0]) == ([], MailState.WAITING)
    assert "SSLCertVerificationError" in state(services)[1]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_server_with_the_certificate_of_another_gets_nothing(services, post, deliver, tmp_path, security) -> None:
    trusted, context = certificate(tmp_path, host="192.0.2.1")
    post()
    handler = Handler()
    options = {"tls_context": context} if security == "starttls" else {"implicit": context}
    with smtp_server(handler, **options) as port:
        assert not deliver(port, mail_security=security, mail_ca_file=trusted)
    assert (handler.received, state(services)[0]) == ([], MailState.WAITING)


def test_wrong_password_of_the_server_keeps_letters_waiting_and_shows_nowhere(services, post, deliver, caplog) -> None:
    post()
    handler = Handler()
    with smtp_server(handler, authenticator=authenticator, auth_require_tls=False) as port:
        assert not deliver(port, mail_user=USER, mail_password=SecretStr("faux"))
    assert state(services) == (MailState.WAITING, "the server turns us away: 535 5.7.8")
    assert "faux" not in caplog.text


# --- what a server answers ---


@pytest.mark.parametrize(
    ("verdict", "expected", "reached"),
    [
        ("550 5.1.1 claire@exemple.example: no such user", (MailState.REFUSED, "550 5.1.1"), True),
        ("553 bad mailbox", (MailState.REFUSED, "553"), True),
        ("451 4.7.1 try later", (MailState.WAITING, "451 4.7.1"), True),
        ("452 mailbox full", (MailState.WAITING, "452"), True),
        ("530 5.7.0 must authenticate", (MailState.WAITING, "the server turns us away: 530 5.7.0"), False),
        ("421 4.3.2 closing", (MailState.WAITING, "the server turns us away: 421 4.3.2"), False),
    ],
)
def test_server_judges_a_recipient_and_its_words_are_kept_nowhere(
    services, post, deliver, caplog, verdict, expected, reached
) -> None:
    post()
    with smtp_server(Handler(judge=lambda _: verdict)) as port:
        assert deliver(port) is reached
    assert state(services) == expected
    assert WHO not in caplog.text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("554 5.6.0 spam", (MailState.REFUSED, "554 5.6.0")),
        ("451 4.3.0 no space", (MailState.WAITING, "451 4.3.0")),
    ],
)
def test_server_judges_the_message(services, post, deliver, answer, expected) -> None:
    post()
    with smtp_server(Handler(answer=lambda: answer)) as port:
        assert deliver(port)
    assert state(services) == expected


def test_one_refused_recipient_does_not_keep_the_next_from_their_letter(services, post, deliver) -> None:
    post("absente@exemple.example")
    post()
    handler = Handler(judge=lambda address: "550 5.1.1 unknown" if "absente" in address else "250 OK")
    with smtp_server(handler) as port:
        assert deliver(port)
    assert [received.recipients for received in handler.received] == [[WHO]]


def test_several_letters_share_one_connection(services, post, deliver, monkeypatch) -> None:
    monkeypatch.setattr(smtp, "LETTERS_PER_CONNECTION", 3)
    connections = []
    connect = smtplib.SMTP.connect
    monkeypatch.setattr(smtplib.SMTP, "connect", lambda self, *a: connections.append(a) or connect(self, *a))
    for _ in range(7):
        post()
    handler = Handler()
    with smtp_server(handler) as port:
        assert deliver(port)
    assert (len(handler.received), len(connections)) == (7, 3)


# --- a server in trouble ---


def test_server_down_for_an_hour_loses_nothing(services, post, deliver, clock) -> None:
    """R8: letters are written all along; once the server is back each one arrives, once."""
    port = free_port()
    for _ in range(60):
        post()
        assert not deliver(port)
        clock.pass_(minutes=1)
    handler = Handler()
    with smtp_server(handler, port=port):
        for _ in range(61):
            deliver(port)
            clock.pass_(minutes=1)
    assert len(handler.received) == len({received.message_id for received in handler.received}) == 60


@contextmanager
def silent_server(drops: bytes = b"", every: float = 0.05):
    """Accepts connections; says nothing, or the same drop again and again."""
    listener = socket.create_server((HOST, 0))
    ended = threading.Event()

    def talk() -> None:
        connection, _ = listener.accept()
        with connection:
            while not ended.wait(every):
                try:
                    connection.sendall(drops)
                except OSError:
                    return

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        thread.join()
        listener.close()


def test_silent_server_is_left_after_a_while(services, post, deliver, monkeypatch) -> None:
    monkeypatch.setattr(smtp, "SILENCE_SECONDS", 0.3)
    post()
    with silent_server() as port:
        begun = time.monotonic()
        assert not deliver(port)
    assert time.monotonic() - begun < 3
    assert state(services) == (MailState.WAITING, "no connection: SMTPServerDisconnected")


@pytest.mark.parametrize("security", ["none", "starttls"])
def test_server_that_answers_a_drop_at_a_time_never_outlives_the_lease(
    services, post, deliver, monkeypatch, security
) -> None:
    """Each drop would restart a socket's own time limit: the deadline holds for the whole attempt."""
    monkeypatch.setattr(smtp, "DEADLINE_SECONDS", 0.5)
    post()
    with silent_server(b"2") as port:
        begun = time.monotonic()
        assert not deliver(port, mail_security=security)
    assert 0.4 < time.monotonic() - begun < 3
    assert state(services)[0] is MailState.WAITING


def test_slow_but_willing_server_gets_its_letter(services, post, deliver) -> None:
    post()
    handler = Handler(on_data=lambda: time.sleep(0.5))
    with smtp_server(handler) as port:
        assert deliver(port)
    assert (len(handler.received), state(services)[0]) == (1, MailState.SENT)


def test_server_that_hangs_up_after_the_message_gets_it_again_under_the_same_message_id(
    services, post, deliver, clock
) -> None:
    """It may have taken it: at least once, and whoever receives two can tell that they are one."""
    post()
    handler = Handler()

    def hang_up() -> None:
        if len(handler.received) == 1:
            raise ConnectionResetError

    handler.on_data = hang_up
    with smtp_server(handler) as port:
        deliver(port)
        assert state(services)[0] is MailState.WAITING
        clock.pass_(minutes=2)
        deliver(port)
    assert len(handler.received) == 2
    assert len({received.message_id for received in handler.received}) == 1
    assert handler.received[0].content == handler.received[1].content
